/* SQL functions of the rules: facts of the reference data, check digits, calendars. */
#ifndef CW_SERVICE_RULE_FUNCTIONS_H
#define CW_SERVICE_RULE_FUNCTIONS_H

#include <sqlite3.h>
#include <stdint.h>

#include "cartwright/error.h"
#include "service/check_database.h"

/* What the functions look up. Immutable once made; must outlive the connection. */
struct cw_rule_facts;

cw_status cw_rule_facts_new(struct cw_rule_facts **facts, struct cw_error *error);
void cw_rule_facts_free(struct cw_rule_facts *facts);

/* `times` must outlive the connection too. Registers on a connection (a null argument gives null unless
 * said): as_of() -> the last as-of of all runs, null for none       instant(microseconds) -> RFC 3339
 *   as_of_from(microseconds) -> the first as-of of a run that is not earlier, null for none. Which run made a
 *       row is not in the data; as no run makes anything later than its as-of, this one or a later one did.
 *   age(birth_date, microseconds) -> whole years               uuid_milliseconds(id)
 *   email_valid(text), luhn_valid(text), barcode_valid(text), test_card(text)
 *   place_exists(country, postal_code, city, region or null)   phone_valid(country, phone, kind)
 *   market_coherent(country, locale, language, currency)       currency_known(text), zone_known(text)
 *   countries_known("US;DE")                                   brand_known(country, brand, kind)
 *   card_end(year, month) -> first moment after the month      tax_inclusive(country)
 *   tax(net amount, rate, inclusive)                           tax_rate(country, region, class)
 *   at_work(country, zone, microseconds), at_delivery(...)
 *   step_allowed(status, next status)                          counts_up(number): the numbers are 1, 2, 3,
 * ... latest(number, text): the text that goes with the greatest number
 *   uuid_text(id): 8-4-4-4-12 digits                           one_of(text, "this|or|that") */
cw_status cw_rule_functions_register(sqlite3 *connection, const struct cw_rule_facts *facts,
                                     const struct cw_run_times *times, struct cw_error *error);

#endif
