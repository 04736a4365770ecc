#include "base/decimal.h"

#define DIGITS(number) '0' + (number) / 10, '0' + (number) % 10
#define DAY(month, day)                                                                                      \
    {                                                                                                        \
        '-', DIGITS(month), '-', DIGITS(day), 0, (month) <= 2                                                \
    }
#define SEVEN_DAYS(month, first)                                                                             \
    DAY(month, first), DAY(month, (first) + 1), DAY(month, (first) + 2), DAY(month, (first) + 3),            \
        DAY(month, (first) + 4), DAY(month, (first) + 5), DAY(month, (first) + 6)
#define DAYS_28(month)                                                                                       \
    SEVEN_DAYS(month, 1), SEVEN_DAYS(month, 8), SEVEN_DAYS(month, 15), SEVEN_DAYS(month, 22)
#define DAYS_29(month) DAYS_28(month), DAY(month, 29)
#define DAYS_30(month) DAYS_29(month), DAY(month, 30)
#define DAYS_31(month) DAYS_30(month), DAY(month, 31)

const uint8_t cw_decimal_march_days[366][8] = {
    DAYS_31(3), DAYS_30(4),  DAYS_31(5),  DAYS_30(6),  DAYS_31(7), DAYS_31(8),
    DAYS_30(9), DAYS_31(10), DAYS_30(11), DAYS_31(12), DAYS_31(1), DAYS_29(2),
};
