/* Run specs from outside: JSON and the values of options, into struct cw_run_spec. */
#ifndef CW_SERVICE_RUN_REQUEST_H
#define CW_SERVICE_RUN_REQUEST_H

#include <jansson.h>
#include <stddef.h>

#include "cartwright/error.h"
#include "cartwright/run.h"

/* Reads a run spec, whole or in part, onto *spec: fields that are not given keep their value (so initialise
 * it first). Keys are those of cw_run_spec_json; null means "default". The result is not resolved. Errors:
 * CW_E_INVALID naming the field, the value and what was expected. */
cw_status cw_run_spec_parse(const char *text, size_t size, struct cw_run_spec *spec, struct cw_error *error);
cw_status cw_run_spec_read(const json_t *object, struct cw_run_spec *spec, struct cw_error *error);

/* Reads one locale mix: "de-DE,fr-FR=2", or countries "DE,FR"; a share of 1 unless given. */
cw_status cw_request_locales(const char *field, const char *text, struct cw_run_spec *spec,
                             struct cw_error *error);
/* The same from JSON: such a text, an array of codes, or an object of code -> share. */
cw_status cw_request_locales_json(const char *field, const json_t *value, struct cw_run_spec *spec,
                                  struct cw_error *error);

/* Reads names separated by commas into the categories of spec. */
cw_status cw_request_categories(const char *field, const char *text, struct cw_run_spec *spec,
                                struct cw_error *error);
cw_status cw_request_categories_json(const char *field, const json_t *value, struct cw_run_spec *spec,
                                     struct cw_error *error);
/* {"size": ["S", "M"], "colour": ["red"], "material": []}. */
cw_status cw_request_attributes_json(const char *field, const json_t *value, struct cw_run_spec *spec,
                                     struct cw_error *error);

cw_status cw_request_behavior(const char *field, const char *text, enum cw_behavior *behavior,
                              struct cw_error *error);
/* *segment becomes an enum cw_segment. */
cw_status cw_request_segment(const char *field, const char *text, int *segment, struct cw_error *error);
cw_status cw_request_format(const char *field, const char *text, int *format, struct cw_error *error);
/* "none", "snappy", "zstd" or "zstd:LEVEL" (1 to 19). */
cw_status cw_request_compression(const char *field, const char *text, int *compression, int *level,
                                 struct cw_error *error);

/* Reads "customers,orders" (or "all") into a selection of whole tables. */
cw_status cw_request_tables(const char *field, const char *text, struct cw_selection *selection,
                            struct cw_error *error);

#endif
