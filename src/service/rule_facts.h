/* A set of facts of the reference data, for quick look-up by their text. */
#ifndef CW_SERVICE_RULE_FACTS_H
#define CW_SERVICE_RULE_FACTS_H

#include <stdbool.h>
#include <stddef.h>

#include "service/rule_functions.h"

enum cw_fact {
    CW_FACT_PLACE, /* country, postal code, city, region */
    CW_FACT_PHONE, /* country, kind, prefix, one character '0' + digits that follow */
    CW_FACT_BRAND  /* country, brand, kind */
};

bool cw_rule_facts_hold(const struct cw_rule_facts *facts, enum cw_fact fact, const char *const *parts,
                        size_t count);

#endif
