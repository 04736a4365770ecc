/* Whether a server with these settings would find what it needs, and what to do where it would not. */
#ifndef CW_SERVICE_DOCTOR_H
#define CW_SERVICE_DOCTOR_H

#include "cartwright/buffer.h"
#include "service/server.h"

enum cw_finding_level { CW_FINDING_OK, CW_FINDING_WARNING, CW_FINDING_PROBLEM };

struct cw_finding {
    enum cw_finding_level level;
    const char *subject; /* "store" */
    char words[400];     /* what was found */
    char mend[240];      /* what to do; "" when nothing is to be done */
};

#define CW_FINDINGS_MAX 48

struct cw_findings {
    struct cw_finding list[CW_FINDINGS_MAX];
    size_t count;
    size_t warnings, problems;
};

/* Looks, and changes nothing. store: location of the store. server: address, port, connections and access are
 * looked at; its own store is not used. */
void cw_doctor_examine(const char *store, const struct cw_server_options *server,
                       struct cw_findings *findings);

/* Adds a finding; mend may be NULL. */
void cw_finding_add(struct cw_findings *findings, enum cw_finding_level level, const char *subject,
                    const char *mend, const char *format, ...) __attribute__((format(printf, 5, 6)));

/* What is looked at in the store; part of cw_doctor_examine. */
void cw_doctor_store(const char *store, const struct cw_server_options *server, struct cw_findings *findings);
/* The free room where a path is, or will be; part of cw_doctor_examine. */
void cw_doctor_disk(const char *subject, const char *path, struct cw_findings *findings);

/* One line a finding, and the sums; or JSON. */
cw_status cw_findings_text(const struct cw_findings *findings, struct cw_buffer *out, struct cw_error *error);
cw_status cw_findings_json(const struct cw_findings *findings, struct cw_buffer *out, struct cw_error *error);

#endif
