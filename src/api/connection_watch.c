#define _GNU_SOURCE
#include "api/connection_watch.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

int64_t cw_clock_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

struct cw_watched *cw_watch_add(struct cw_connection_watch *watch, int descriptor, int64_t deadline)
{
    struct cw_watched *watched = calloc(1, sizeof *watched);
    if (watched == NULL) {
        return NULL;
    }
    watched->descriptor = descriptor;
    cw_watched_until(watched, deadline);
    pthread_mutex_lock(&watch->lock);
    watched->next = watch->first;
    if (watch->first != NULL) {
        watch->first->previous = watched;
    }
    watch->first = watched;
    watch->count++;
    pthread_mutex_unlock(&watch->lock);
    return watched;
}

void cw_watch_remove(struct cw_connection_watch *watch, struct cw_watched *watched)
{
    pthread_mutex_lock(&watch->lock);
    *(watched->previous != NULL ? &watched->previous->next : &watch->first) = watched->next;
    if (watched->next != NULL) {
        watched->next->previous = watched->previous;
    }
    watch->count--;
    pthread_mutex_unlock(&watch->lock);
    free(watched);
}

int64_t cw_watch_count(struct cw_connection_watch *watch)
{
    pthread_mutex_lock(&watch->lock);
    const int64_t count = watch->count;
    pthread_mutex_unlock(&watch->lock);
    return count;
}

void cw_watch_reap(struct cw_connection_watch *watch, int64_t now)
{
    pthread_mutex_lock(&watch->lock);
    for (struct cw_watched *at = watch->first; at != NULL; at = at->next) {
        if (atomic_load_explicit(&at->deadline, memory_order_relaxed) <= now) {
            shutdown(at->descriptor, SHUT_RDWR);
            cw_watched_until(at, INT64_MAX);
        }
    }
    pthread_mutex_unlock(&watch->lock);
}
