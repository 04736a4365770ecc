#include "api/work_pool.h"

#include <pthread.h>
#include <stdlib.h>

#define THREADS_MAX 256

struct cw_work_pool {
    pthread_mutex_t lock;
    pthread_cond_t filled;
    void (*work)(void *item);
    void **ring;
    uint32_t capacity, first, count;
    bool is_closing;
    pthread_t threads[THREADS_MAX];
    uint32_t thread_count, thread_limit;
    uint32_t idle_count;
};

static void *work_on_items(void *context)
{
    struct cw_work_pool *pool = context;
    pthread_mutex_lock(&pool->lock);
    for (;;) {
        pool->idle_count++;
        while (pool->count == 0 && !pool->is_closing) {
            pthread_cond_wait(&pool->filled, &pool->lock);
        }
        pool->idle_count--;
        if (pool->count == 0) {
            break;
        }
        void *item = pool->ring[pool->first];
        pool->first = (pool->first + 1) % pool->capacity;
        pool->count--;
        pthread_mutex_unlock(&pool->lock);
        pool->work(item);
        pthread_mutex_lock(&pool->lock);
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

/* The lock is held, or nobody else knows the pool. */
static bool add_thread(struct cw_work_pool *pool)
{
    if (pthread_create(&pool->threads[pool->thread_count], NULL, work_on_items, pool) != 0) {
        return false;
    }
    pool->thread_count++;
    return true;
}

cw_status cw_work_pool_new(uint32_t threads, uint32_t queue_limit, void (*work)(void *item),
                           struct cw_work_pool **pool, struct cw_error *error)
{
    if (threads < 1 || threads > THREADS_MAX) {
        return cw_error_set(error, CW_E_INVALID, "workers", "workers is %u; expected 1 to %d", threads,
                            THREADS_MAX);
    }
    struct cw_work_pool *made = calloc(1, sizeof *made);
    void **ring = calloc(queue_limit, sizeof *ring);
    if (made == NULL || ring == NULL || pthread_mutex_init(&made->lock, NULL) != 0) {
        free(made);
        free(ring);
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for the workers");
    }
    pthread_cond_init(&made->filled, NULL);
    made->work = work;
    made->ring = ring;
    made->capacity = queue_limit;
    made->thread_limit = threads;
    if (!add_thread(made)) {
        cw_work_pool_free(made);
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "no thread for a worker");
    }
    *pool = made;
    return CW_OK;
}

void cw_work_pool_close(struct cw_work_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    pool->is_closing = true;
    pthread_cond_broadcast(&pool->filled);
    pthread_mutex_unlock(&pool->lock);
    for (uint32_t i = 0; i < pool->thread_count; i++) {
        pthread_join(pool->threads[i], NULL);
    }
    pool->thread_count = 0;
}

void cw_work_pool_free(struct cw_work_pool *pool)
{
    if (pool == NULL) {
        return;
    }
    cw_work_pool_close(pool);
    pthread_cond_destroy(&pool->filled);
    pthread_mutex_destroy(&pool->lock);
    free(pool->ring);
    free(pool);
}

bool cw_work_pool_submit(struct cw_work_pool *pool, void *item)
{
    pthread_mutex_lock(&pool->lock);
    const bool taken = pool->count < pool->capacity && !pool->is_closing;
    if (taken) {
        pool->ring[(pool->first + pool->count) % pool->capacity] = item;
        pool->count++;
        /* Without another thread, those that are there do the work later. */
        if (pool->count > pool->idle_count && pool->thread_count < pool->thread_limit) {
            add_thread(pool);
        }
        pthread_cond_signal(&pool->filled);
    }
    pthread_mutex_unlock(&pool->lock);
    return taken;
}

uint32_t cw_work_pool_waiting(struct cw_work_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    const uint32_t count = pool->count;
    pthread_mutex_unlock(&pool->lock);
    return count;
}
