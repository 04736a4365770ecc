/* SQL functions of the rules: facts of the reference data, check digits, calendars. */
#ifndef CW_SERVICE_RULE_FUNCTIONS_H
#define CW_SERVICE_RULE_FUNCTIONS_H

#include <sqlite3.h>
#include <stdint.h>

#include "cartwright/error.h"

/* What the functions look up. Immutable once made; must outlive the connection. */
struct cw_rule_facts;

cw_status cw_rule_facts_new(struct cw_rule_facts **facts, struct cw_error *error);
void cw_rule_facts_free(struct cw_rule_facts *facts);

/* Registers on a connection (a null argument gives null unless said):
 *   as_of() -> microseconds, null when as_of is INT64_MIN      instant(microseconds) -> RFC 3339
 *   age(birth_date, microseconds) -> whole years               uuid_milliseconds(id)
 *   email_valid(text), luhn_valid(text), barcode_valid(text), test_card(text)
 *   place_exists(country, postal_code, city, region or null)   phone_valid(country, phone, kind)
 *   market_coherent(country, locale, language, currency)       currency_known(text), zone_known(text)
 *   countries_known("US;DE")                                   brand_known(country, brand, kind)
 *   card_end(year, month) -> first moment after the month      tax_inclusive(country)
 *   tax(net amount, rate, inclusive)                           tax_rate(country, region, class)
 *   at_work(country, zone, microseconds), at_delivery(...)
 *   step_allowed(status, next status)                          counts_up(number): the numbers are 1, 2, 3,
 * ... latest(number, text): the text that goes with the greatest number */
cw_status cw_rule_functions_register(sqlite3 *connection, const struct cw_rule_facts *facts, int64_t as_of,
                                     struct cw_error *error);

#endif
