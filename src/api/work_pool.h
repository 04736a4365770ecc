/* Threads that make answers, fed by a bounded queue. */
#ifndef CW_API_WORK_POOL_H
#define CW_API_WORK_POOL_H

#include <stdbool.h>
#include <stdint.h>

#include "cartwright/error.h"

struct cw_work_pool; /* thread-safe */

/* work(item) is called once for every item that was taken. threads: at most, 1 to 256; they are begun when no
 * other is free. Errors: CW_E_INVALID, CW_E_NO_MEMORY. */
cw_status cw_work_pool_new(uint32_t threads, uint32_t queue_limit, void (*work)(void *item),
                           struct cw_work_pool **pool, struct cw_error *error);

/* Finishes what was taken, then ends the threads; from now on nothing is taken. Once. */
void cw_work_pool_close(struct cw_work_pool *pool);
/* Closes it unless it is, and frees. NULL is accepted. */
void cw_work_pool_free(struct cw_work_pool *pool);

/* Takes an item; false when the queue is full. */
bool cw_work_pool_submit(struct cw_work_pool *pool, void *item);

/* Items that wait. */
uint32_t cw_work_pool_waiting(struct cw_work_pool *pool);

#endif
