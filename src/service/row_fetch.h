/* Rows of a store on a server, fetched by the values of their columns when they are asked for, and kept.
 * Where one row is asked for, others that will be asked for next come with it. Belongs to one thread at a
 * time. */
#ifndef CW_SERVICE_ROW_FETCH_H
#define CW_SERVICE_ROW_FETCH_H

#include "cartwright/entity.h"
#include "store/store_base.h"

struct cw_fetched_value {
    const void *bytes; /* of UUIDs and texts; a zero byte follows */
    int64_t integer;   /* of everything else */
    uint32_t size;
    bool is_null;
};

/* Where the server keeps a row: the table or partition, and the place there. The same row is kept once. */
#define CW_FETCHED_PLACE 12
struct cw_fetched_row {
    uint8_t place[CW_FETCHED_PLACE];
    bool leads;                  /* what its values name is fetched together with what others name */
    int64_t number;              /* counts the kept rows of its table from 1 */
    struct cw_fetched_row *next; /* of the same hash */
    struct cw_fetched_value values[];
};

/* Values that rows are found by, of columns of type UUID or text, in the order of the columns. Zeroed
 * storage: none. Bytes are borrowed. */
#define CW_FETCH_COLUMNS_MAX 4
struct cw_fetch_key {
    uint32_t count;
    const void *bytes[CW_FETCH_COLUMNS_MAX];
    uint32_t sizes[CW_FETCH_COLUMNS_MAX];
};

/* The rows that have the values of a key; owned by the fetch. */
struct cw_fetched {
    const struct cw_fetched_row *const *rows;
    size_t count;
};

struct cw_row_fetch;

/* Begins to read a store as it is now. */
cw_status cw_row_fetch_new(struct cw_store *store, struct cw_row_fetch **fetch, struct cw_error *error);
void cw_row_fetch_free(struct cw_row_fetch *fetch);
struct cw_reader *cw_row_fetch_reader(struct cw_row_fetch *fetch);

/* Whether rows that come now lead to others: those that a check is about. Rows found by their id always do
 * when a leading row names them. */
void cw_row_fetch_gather(struct cw_row_fetch *fetch, bool gathers);

/* columns: bit c: column c has the next value of the key. Rows come in the order of their commit. E-mail
 * addresses are compared regardless of case. Errors: those of reading. */
cw_status cw_row_fetch_find(struct cw_row_fetch *fetch, enum cw_entity_id entity, uint32_t columns,
                            const struct cw_fetch_key *key, struct cw_fetched *found, struct cw_error *error);

/* The row with a number; NULL when there is none. */
const struct cw_fetched_row *const *cw_row_fetch_numbered(const struct cw_row_fetch *fetch,
                                                          enum cw_entity_id entity, int64_t number);

#endif
