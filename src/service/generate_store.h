/* A run into a store: on top of what is there, whole or not at all. */
#ifndef CW_SERVICE_GENERATE_STORE_H
#define CW_SERVICE_GENERATE_STORE_H

#include "cartwright/error.h"
#include "cartwright/run.h"
#include "service/produce.h"
#include "store/store.h"

struct cw_store_run;

/* Told of a run once all of its rows are made and before they are kept: its id, spec and rows are final. May
 * set *answer to what is then kept with the rows, borrowed until cw_generate_store returns. A failure ends
 * the run. */
typedef cw_status cw_run_made(void *context, const struct cw_store_run *run,
                              const struct cw_kept_answer **answer, struct cw_error *error);

struct cw_store_run_options {
    struct cw_run_spec spec;   /* as asked for; priors are filled in and defaults resolved */
    const char *request;       /* JSON as given, kept with the run; NULL: the spec */
    bool preview;              /* make the rows and answer them, but keep nothing */
    uint32_t threads;          /* 0: one per processor; small runs use one */
    struct cw_output *outputs; /* rows to answer besides; may be none */
    size_t output_count;
    struct cw_progress *progress;
    cw_run_made *made; /* may be NULL */
    /* Told that the rows answered, and what was told to made, are void: they are made anew. NULL: there is
     * nothing to be taken back. */
    void (*made_anew)(void *made_context);
    void *made_context;
    const struct cw_uuid *id;     /* that the run shall have; NULL: a fresh one */
    int32_t wait_seconds;         /* for others who write, before giving up; 0: as long as it takes */
    const struct cw_run_job *job; /* that the run fulfils; read after `made` was told; NULL: none */
};

struct cw_store_run {
    struct cw_uuid id;       /* of the run; all zero for a preview */
    struct cw_run_spec spec; /* resolved: enough to make the same rows again */
    int64_t rows[CW_ENTITY_COUNT];
};

/* Runs options->spec against the store. Orders without customers (or products) of their own are those of the
 * store's. Durable when it returns CW_OK. Thread-safe; runs that may clash follow each other. The rows of a
 * small run are made anew, with other numbers, when another process used the same ones meanwhile.
 * Errors: CW_E_NOT_FOUND (customer_id, category, or an empty store under orders), CW_E_UNAVAILABLE when
 * others write for too long, those of cw_produce and the store. */
cw_status cw_generate_store(struct cw_store *store, const struct cw_store_run_options *options,
                            struct cw_store_run *run, struct cw_error *error);

/* The rows below which a run is "small": made by one thread and committed together with others. */
#define CW_SMALL_RUN_ROWS 1000

/* About how many rows of all tables a spec will make, before it is resolved. */
int64_t cw_run_spec_expected_rows(const struct cw_run_spec *spec);

#endif
