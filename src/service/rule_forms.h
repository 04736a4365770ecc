/* The forms in which the tables of rules write a rule down. */
#ifndef CW_SERVICE_RULE_FORMS_H
#define CW_SERVICE_RULE_FORMS_H

#include "service/rules.h"

/* Entities, as bits of what a rule reads. */
#define E(name) (1U << CW_ENTITY_##name)

/* Over one row; over what other rows that hang on it add up to. */
#define RULE(title, of, reads, with, broken, values, holds)                                                  \
    {                                                                                                        \
        .name = title, .entity = CW_ENTITY_##of, .needs = reads, .joins = with, .violation = broken,         \
        .detail = values, .description = holds                                                               \
    }
#define OVER(title, of, reads, with, rows, broken, values, holds)                                            \
    {                                                                                                        \
        .name = title, .entity = CW_ENTITY_##of, .needs = reads, .joins = with, .over = rows,                \
        .violation = broken, .detail = values, .description = holds                                          \
    }

/* No two rows agree in all of these columns. */
#define APART(title, of, columns_of, broken, values, holds)                                                  \
    {                                                                                                        \
        .name = title, .entity = CW_ENTITY_##of, .joins = "", .violation = broken, .detail = values,         \
        .description = holds, .scan = CW_RULE_SCAN_UNIQUE, .columns = columns_of                             \
    }

#endif
