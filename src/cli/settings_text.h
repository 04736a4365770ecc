/* Values of settings, as texts. */
#ifndef CW_CLI_SETTINGS_TEXT_H
#define CW_CLI_SETTINGS_TEXT_H

#include <jansson.h>

#include "cli/options.h"

/* Whether a text is a value that the option takes; field names it in errors. *value of a flag becomes "true"
 * or "false". Errors: CW_E_INVALID. */
cw_status cw_setting_check(const char *field, const struct cw_option *option, const char **value,
                           struct cw_error *error);

/* A value of a file as text, to be freed. Errors: CW_E_INVALID, CW_E_NO_MEMORY. */
cw_status cw_setting_text(const char *field, const struct cw_option *option, const json_t *value, char **text,
                          struct cw_error *error);

#endif
