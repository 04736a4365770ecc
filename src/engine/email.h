/* E-mail addresses, unique by construction: no two customers of one store share one, whatever their case. */
#ifndef CW_ENGINE_EMAIL_H
#define CW_ENGINE_EMAIL_H

#include "engine/customer_plan.h"
#include "engine/fill.h"

/* Writes the addresses of count customers in lower-case ASCII, 256 bytes each at most. */
void cw_emails_write(const struct cw_customer_plan *plan, const struct cw_customer *customers,
                     const struct cw_identity *identities, int64_t count, struct cw_fill_text *text);

#endif
