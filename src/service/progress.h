/* How far a piece of work has come, and the wish to stop it: written by the work, read by any thread. */
#ifndef CW_SERVICE_PROGRESS_H
#define CW_SERVICE_PROGRESS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zeroed storage is valid. Counters only grow; each is exact on its own, not together with the others. */
struct cw_progress {
    _Atomic int64_t done;  /* steps behind us */
    _Atomic int64_t total; /* steps in all; 0 while unknown */
    _Atomic int64_t rows;
    _Atomic int64_t bytes;
    _Atomic bool cancelled; /* set by cw_progress_cancel, also from a signal handler */
};

static inline void cw_progress_cancel(struct cw_progress *progress)
{
    atomic_store(&progress->cancelled, true);
}

static inline bool cw_progress_is_cancelled(struct cw_progress *progress)
{
    return progress != NULL && atomic_load_explicit(&progress->cancelled, memory_order_relaxed);
}

#endif
