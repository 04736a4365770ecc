/* Checks data against every reference, closed set and business rule. */
#ifndef CW_SERVICE_VALIDATE_H
#define CW_SERVICE_VALIDATE_H

#include "cartwright/buffer.h"
#include "cartwright/entity.h"
#include "cartwright/error.h"
#include "service/progress.h"
#include "store/store.h"

#define CW_OFFENDERS_MAX 5
#define CW_VALIDATE_THREADS_MAX 16

struct cw_offender {
    char id[37];
    int64_t row;      /* where the database keeps it */
    char detail[200]; /* the values that break the rule */
};

enum cw_rule_outcome { CW_RULE_PASSED, CW_RULE_VIOLATED, CW_RULE_SKIPPED };

struct cw_rule_result {
    const char *rule;         /* "orders.total_adds_up"; belongs to the validation */
    const char *description;  /* one line */
    enum cw_entity_id entity; /* whose rows are checked */
    enum cw_rule_outcome outcome;
    int64_t checked;    /* rows looked at */
    int64_t violations; /* rows that break it */
    uint32_t offender_count;
    struct cw_offender offenders[CW_OFFENDERS_MAX];
    char missing[128]; /* for skipped rules: the tables or columns that are not there */
};

struct cw_validation {
    struct cw_rule_result *results;
    size_t count;
    int64_t violations; /* of all rules */
    size_t rules_violated, rules_skipped;
    void *memory; /* owned */
};

void cw_validation_clear(struct cw_validation *validation);

/* Checks a store file, or a directory of generated files (its manifests say which; without one, every
 * <table>/part-*.<format> is read). Tables that are absent skip the rules that need them. validation is set
 * also when rules are violated: that is a result, not an error. threads: how many work at once, 0 for one per
 * processor. progress->total counts files and parts of the check.
 * Errors: CW_E_NOT_FOUND, CW_E_CORRUPT and CW_E_INVALID for files that can't be read, CW_E_IO,
 * CW_E_CANCELLED. */
cw_status cw_validate_path(const char *path, uint32_t threads, struct cw_progress *progress,
                           struct cw_validation *validation, struct cw_error *error);

/* Checks one row of a store and what hangs on it (a customer's addresses, payment methods and orders; an
 * order's lines, history, payments, parcel and stock movements; a product's prices and variants). Only rules
 * that concern these rows are in the result. Errors: CW_E_NOT_FOUND. */
cw_status cw_validate_entity(struct cw_store *store, enum cw_entity_id entity, const struct cw_uuid *id,
                             struct cw_validation *validation, struct cw_error *error);

const char *cw_rule_outcome_name(enum cw_rule_outcome outcome);

/* Appends a table for people, or a JSON object. */
cw_status cw_validation_text(const struct cw_validation *validation, struct cw_buffer *out,
                             struct cw_error *error);
cw_status cw_validation_json(const struct cw_validation *validation, struct cw_buffer *out,
                             struct cw_error *error);

#endif
