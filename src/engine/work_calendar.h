/* When a fulfilment centre works and its carriers deliver: local hours, weekends and public holidays. */
#ifndef CW_ENGINE_WORK_CALENDAR_H
#define CW_ENGINE_WORK_CALENDAR_H

#include <stdbool.h>
#include <stdint.h>

#include "model/reference.h"

#define CW_WORK_OPENING_HOUR 8 /* local time */
#define CW_WORK_CLOSING_HOUR 18

struct cw_work_day {
    int64_t midnight; /* microseconds UTC at which the local day begins */
    int64_t open;     /* of work; meaningful on working days */
    int64_t close;
    bool is_working;  /* Monday to Friday, no public holiday */
    bool is_delivery; /* Monday to Saturday, no public holiday */
};

/* Local days from first_day on. Immutable once made. */
struct cw_work_calendar {
    int32_t first_day;
    int32_t count;
    struct cw_work_day *days;
};

/* Covers the instants from start to end and 120 days more. Errors: CW_E_NO_MEMORY. */
cw_status cw_work_calendar_init(struct cw_work_calendar *calendar, const struct cw_market *market,
                                const struct cw_zone *zone, int64_t start, int64_t end,
                                struct cw_error *error);
void cw_work_calendar_clear(struct cw_work_calendar *calendar);

/* The first instant from time on that lies in working hours. Times past the calendar are returned as they
 * are. */
int64_t cw_work_next(const struct cw_work_calendar *calendar, int64_t time);

/* The instant by which the given working time (microseconds) has passed since time. */
int64_t cw_work_add(const struct cw_work_calendar *calendar, int64_t time, int64_t duration);

/* An instant on the count-th delivery day after that of time (count >= 1); share (0 to 1 of 2^32) picks the
 * moment between 9 and 20 o'clock local time. */
int64_t cw_work_delivery(const struct cw_work_calendar *calendar, int64_t time, int32_t count,
                         uint32_t share);

/* The local date (days since 1970) of an instant. */
int32_t cw_work_local_day(const struct cw_work_calendar *calendar, int64_t time);

#endif
