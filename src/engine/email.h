/* E-mail addresses, unique by construction: no two customers of one store share one, whatever their case. */
#ifndef CW_ENGINE_EMAIL_H
#define CW_ENGINE_EMAIL_H

#include "engine/customer_plan.h"

/* Writes the address in lower-case ASCII, 256 bytes at most; returns the end. */
char *cw_email_write(const struct cw_customer_plan *plan, const struct cw_customer *customer,
                     const struct cw_identity *identity, char *out);

#endif
