/* The shape of demand over hours, weekdays, paydays and the year, and of the two special behaviours. */
#ifndef CW_ENGINE_SEASON_H
#define CW_ENGINE_SEASON_H

#include <stdint.h>

#include "cartwright/run.h"

/* Weight of a local hour, 0 to 23; 1 on average. Peaks from 10 to 14 and from 18 to 21 o'clock. */
double cw_season_hour(int32_t hour);

/* Weight of a local day: year, weekday and payday, times what the behaviour adds. peak_day and holiday_end:
 * as below, 0 where there is none. */
double cw_season_day(int32_t day, enum cw_behavior behavior, int32_t peak_day, int32_t holiday_end);

/* The day of tenfold demand in a range of days: the Friday after the fourth Thursday of November where there
 * is one, else the Friday nearest to the middle, else the middle. */
int32_t cw_season_peak_day(int32_t first_day, int32_t last_day);

/* The last day of the holiday rush: 23 December where it is in the range, else the last day. */
int32_t cw_season_holiday_end(int32_t first_day, int32_t last_day);

/* Parts of the year within which every product has the same appeal. */
#define CW_SEASON_PARTS 6

/* The part that a month (1 to 12) belongs to. */
uint32_t cw_season_part(int32_t month);

/* How readily a product of a season is bought in a part of the year, per mille; never 0. season: enum
 * cw_season. */
uint32_t cw_season_appeal(uint8_t season, uint32_t part);

#endif
