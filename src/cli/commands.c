#include "cli/commands.h"

const struct cw_command *const cw_commands[] = {
    &cw_command_generate, &cw_command_validate, &cw_command_reproduce, &cw_command_serve,
    &cw_command_keys,     &cw_command_migrate,  &cw_command_config,    &cw_command_doctor,
    &cw_command_schema,   &cw_command_version,  &cw_command_help,
};

const size_t cw_command_count = sizeof cw_commands / sizeof cw_commands[0];
