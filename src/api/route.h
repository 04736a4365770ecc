/* The routes: one table that the router, the answers to wrong methods and types, /openapi.json and the page
 * at /docs are all made from. A new endpoint is a line there and its handler. */
#ifndef CW_API_ROUTE_H
#define CW_API_ROUTE_H

#include <stddef.h>

#include "api/exchange.h"
#include "service/access_key.h"

/* Answers by filling exchange->reply. A failure is turned into a problem by its code. */
typedef cw_status cw_handler(struct cw_exchange *exchange, struct cw_error *error);

enum {
    CW_ROUTE_INLINE = 1,    /* quick enough for the threads that serve sockets: no store, no waiting */
    CW_ROUTE_PER_TABLE = 2, /* {table} stands for every table of the catalogue */
    CW_ROUTE_ROWS = 4,      /* Accept chooses among the row formats */
    CW_ROUTE_KEYED = 8,     /* takes an Idempotency-Key */
    CW_ROUTE_FILTERED = 16, /* query parameters per column */
    CW_ROUTE_ASYNC = 32,    /* may answer 202 with a job */
    CW_ROUTE_HIDDEN = 64,   /* not part of the described API */
    CW_ROUTE_PUBLIC = 128,  /* for everybody, without limits */
    CW_ROUTE_FILE = 256,    /* the answer is a file: its JSON is an array of rows */
    CW_ROUTE_YAML = 512     /* the body may be YAML */
};

#define CW_ROUTE_STATUSES_MAX 8

struct cw_route {
    const char *method;
    const char *path; /* segments {table}, {id} and {run} are values */
    cw_handler *handler;
    unsigned flags;
    enum cw_scope scope;   /* that a caller needs; 0: read for GET, generate for other methods */
    const char *operation; /* operationId */
    const char *tag;
    const char *summary;
    const struct cw_field *query;
    size_t query_count;
    const struct cw_field *body; /* fields of a JSON object; NULL: no body */
    size_t body_count;
    const char *schema;                  /* component of the answer; NULL: text, or the rows of {table} */
    const char *media_type;              /* of the answer; NULL: application/json */
    int statuses[CW_ROUTE_STATUSES_MAX]; /* the good ones, and problems beyond the usual; ended by 0 */
};

extern const struct cw_route cw_routes[];
extern const size_t cw_route_count;

#define CW_ROUTE_ALLOW_MAX 64

enum cw_route_match { CW_ROUTE_FOUND, CW_ROUTE_NO_PATH, CW_ROUTE_NO_METHOD };

/* Finds the route of exchange->method and ->uri and sets its route, entity, id and is_head. allow gets the
 * methods of a path that exists. */
enum cw_route_match cw_route_find(struct cw_exchange *exchange, char allow[CW_ROUTE_ALLOW_MAX]);

/* All that is decided before a handler runs: target, route, negotiation, query and body. Returns true when
 * the handler should run, false when exchange->reply is the answer already. The body must have been read. */
bool cw_route_prepare(struct cw_exchange *exchange);

/* Runs the handler and turns its failure into a problem. */
void cw_route_run(struct cw_exchange *exchange);

#endif
