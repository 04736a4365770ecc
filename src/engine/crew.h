/* Several threads for the loops that prepare a run. */
#ifndef CW_ENGINE_CREW_H
#define CW_ENGINE_CREW_H

#include <stdint.h>

/* Calls run(context, piece) once for every piece below count, on up to that many threads at a time, of which
 * the caller's is one; it returns when all have. Which thread gets a piece, and when, is open, so a piece
 * must not depend on another. Where threads can't be started, those that run do all. */
void cw_crew_run(uint32_t threads, uint32_t count, void (*run)(void *context, uint32_t piece), void *context);

#endif
