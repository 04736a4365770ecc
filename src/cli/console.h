/* The terminal: words on stderr, results on stdout, progress, and interruption. */
#ifndef CW_CLI_CONSOLE_H
#define CW_CLI_CONSOLE_H

#include <stdbool.h>

#include "cartwright/buffer.h"
#include "cartwright/error.h"
#include "service/progress.h"

/* Exit code when the reader of stdout went away: what the shell reports for SIGPIPE. */
#define CW_EXIT_CLOSED_PIPE 141

/* Says why a command failed, once, on stderr; returns the exit code. A closed pipe is not worth a word.
 * Neither this nor cw_console_print lets control characters through to the terminal. */
int cw_console_fail(cw_status status, const struct cw_error *error);

/* Writes all of out to stdout and empties it; returns an exit code. */
int cw_console_print(struct cw_buffer *out);

/* From here on the first SIGINT or SIGTERM cancels progress, the second ends the process; SIGPIPE is an error
 * of the write that meets it. NULL restores the defaults. progress must outlive this. */
void cw_console_watch(struct cw_progress *progress);

/* Shows progress (rate, share, time left) on stderr until cw_console_progress_stop, if that is a terminal and
 * quiet is not set. */
struct cw_console_progress;
struct cw_console_progress *cw_console_progress_start(struct cw_progress *progress, bool quiet);
void cw_console_progress_stop(struct cw_console_progress *shown);

#endif
