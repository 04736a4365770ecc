#define _POSIX_C_SOURCE 200809L
#include "cli/console.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "service/produce.h"
#include "service/values.h"

/* Puts a question mark for each control character but the ends of lines and tabs: names and values that come
 * from files would else command the terminal. The C1 controls are two bytes in UTF-8. */
static void make_harmless(char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        const unsigned char byte = (unsigned char)text[i];
        const bool is_c1 = byte == 0xC2 && i + 1 < size && ((unsigned char)text[i + 1] & 0xE0) == 0x80;
        if ((byte < 0x20 && byte != '\n' && byte != '\t') || byte == 0x7F || is_c1) {
            text[i] = '?';
        }
        if (is_c1) {
            text[++i] = '?';
        }
    }
}

int cw_console_fail(cw_status status, const struct cw_error *error)
{
    if (status == CW_E_IO && error->native_code == EPIPE) {
        return CW_EXIT_CLOSED_PIPE;
    }
    if (status == CW_E_CANCELLED) {
        fprintf(stderr, "cartwright: interrupted\n");
    } else {
        char message[sizeof error->message];
        memcpy(message, error->message, sizeof message);
        make_harmless(message, strlen(message));
        fprintf(stderr, "cartwright: %s\n", message);
    }
    return cw_status_exit_code(status);
}

int cw_console_print(struct cw_buffer *out)
{
    static const struct cw_descriptor descriptor = {STDOUT_FILENO, "to stdout"};
    struct cw_error error = {0};
    const struct cw_sink sink = cw_descriptor_sink_get(&descriptor);
    make_harmless((char *)out->data, out->size);
    const cw_status status = sink.write(sink.context, out->data, out->size, &error);
    cw_buffer_clear(out);
    return status == CW_OK ? 0 : cw_console_fail(status, &error);
}

/* ---- Interruption ---- */

static struct cw_progress *watched;

static void on_signal(int number)
{
    (void)number;
    cw_progress_cancel(watched);
}

void cw_console_watch(struct cw_progress *progress)
{
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigemptyset(&action.sa_mask);
    if (progress != NULL) {
        watched = progress;
        action.sa_handler = on_signal;
        /* The second signal meets the default and ends the process. */
        action.sa_flags = (int)SA_RESETHAND;
    }
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    action.sa_handler = progress != NULL ? SIG_IGN : SIG_DFL;
    action.sa_flags = 0;
    sigaction(SIGPIPE, &action, NULL);
}

/* ---- Progress ---- */

struct cw_console_progress {
    struct cw_progress *progress;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t stopped;
    bool stopping;
    struct timespec started;
};

static double seconds_since(const struct timespec *start)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - start->tv_sec) + (double)(now.tv_nsec - start->tv_nsec) / 1e9;
}

static void show(const struct cw_console_progress *shown)
{
    char rows_text[CW_TIME_TEXT];
    char rate_text[CW_TIME_TEXT];
    char bytes_text[CW_TIME_TEXT];
    const double seconds = seconds_since(&shown->started);
    const double done = (double)atomic_load(&shown->progress->done);
    const double total = (double)atomic_load(&shown->progress->total);
    const double rows = (double)atomic_load(&shown->progress->rows);
    cw_count_text(rows, rows_text);
    cw_count_text(seconds > 0 ? rows / seconds : 0, rate_text);
    cw_count_text((double)atomic_load(&shown->progress->bytes), bytes_text);
    fprintf(stderr, "\r\033[K%s rows, %sB, %s rows/s", rows_text, bytes_text, rate_text);
    if (total > 0) {
        fprintf(stderr, ", %.0f %%", 100 * done / total);
        if (done > 0 && seconds > 1) {
            const long left = (long)(seconds * (total - done) / done + 0.5);
            fprintf(stderr, ", %ld:%02ld left", left / 60, left % 60);
        }
    }
    fflush(stderr);
}

static void *show_often(void *context)
{
    struct cw_console_progress *shown = context;
    struct timespec next;
    pthread_mutex_lock(&shown->lock);
    clock_gettime(CLOCK_MONOTONIC, &next);
    while (!shown->stopping) {
        next.tv_nsec += 250000000;
        next.tv_sec += next.tv_nsec / 1000000000;
        next.tv_nsec %= 1000000000;
        if (pthread_cond_timedwait(&shown->stopped, &shown->lock, &next) == ETIMEDOUT) {
            show(shown);
        }
    }
    pthread_mutex_unlock(&shown->lock);
    fprintf(stderr, "\r\033[K");
    return NULL;
}

struct cw_console_progress *cw_console_progress_start(struct cw_progress *progress, bool quiet)
{
    pthread_condattr_t attributes;
    if (quiet || isatty(STDERR_FILENO) == 0) {
        return NULL;
    }
    struct cw_console_progress *shown = calloc(1, sizeof *shown);
    if (shown == NULL) {
        return NULL;
    }
    shown->progress = progress;
    clock_gettime(CLOCK_MONOTONIC, &shown->started);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&shown->lock, NULL);
    pthread_cond_init(&shown->stopped, &attributes);
    pthread_condattr_destroy(&attributes);
    if (pthread_create(&shown->thread, NULL, show_often, shown) != 0) {
        pthread_cond_destroy(&shown->stopped);
        pthread_mutex_destroy(&shown->lock);
        free(shown);
        return NULL;
    }
    return shown;
}

void cw_console_progress_stop(struct cw_console_progress *shown)
{
    if (shown == NULL) {
        return;
    }
    pthread_mutex_lock(&shown->lock);
    shown->stopping = true;
    pthread_cond_signal(&shown->stopped);
    pthread_mutex_unlock(&shown->lock);
    pthread_join(shown->thread, NULL);
    pthread_cond_destroy(&shown->stopped);
    pthread_mutex_destroy(&shown->lock);
    free(shown);
}
