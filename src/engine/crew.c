#include "engine/crew.h"

#include <pthread.h>
#include <stdatomic.h>

/* Loops that take some milliseconds gain nothing from more. */
#define THREADS_MAX 16

struct crew {
    uint32_t count;
    atomic_uint next;
    void (*run)(void *context, uint32_t piece);
    void *context;
};

static void *work(void *context)
{
    struct crew *crew = context;
    uint32_t piece;
    while ((piece = atomic_fetch_add(&crew->next, 1)) < crew->count) {
        crew->run(crew->context, piece);
    }
    return NULL;
}

void cw_crew_run(uint32_t threads, uint32_t count, void (*run)(void *context, uint32_t piece), void *context)
{
    struct crew crew = {.count = count, .run = run, .context = context};
    pthread_t others[THREADS_MAX - 1];
    uint32_t wanted = threads < count ? threads : count;
    uint32_t started = 0;
    wanted = wanted < THREADS_MAX ? wanted : THREADS_MAX;
    while (started + 1 < wanted && pthread_create(&others[started], NULL, work, &crew) == 0) {
        started++;
    }
    work(&crew);
    for (uint32_t i = 0; i < started; i++) {
        pthread_join(others[i], NULL);
    }
}
