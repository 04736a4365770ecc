/* One command per file. */
#ifndef CW_CLI_COMMANDS_H
#define CW_CLI_COMMANDS_H

#include "cli/options.h"

extern const struct cw_command cw_command_generate;
extern const struct cw_command cw_command_validate;
extern const struct cw_command cw_command_reproduce;
extern const struct cw_command cw_command_serve;
extern const struct cw_command cw_command_migrate;
extern const struct cw_command cw_command_keys;
extern const struct cw_command cw_command_config;
extern const struct cw_command cw_command_doctor;
extern const struct cw_command cw_command_schema;
extern const struct cw_command cw_command_version;
extern const struct cw_command cw_command_help;

#endif
