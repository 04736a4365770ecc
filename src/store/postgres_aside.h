/* The connections that fill tables aside during a load: see migrations/postgresql/0006_tables_aside.sql. They
 * are opened as they are needed; a server that has none left gets the rows over the load's own. Belongs to
 * one thread. */
#ifndef CW_STORE_POSTGRES_ASIDE_H
#define CW_STORE_POSTGRES_ASIDE_H

#include "store/postgres_cancel.h"
#include "store/postgres_sender.h"
#include "store/postgres_store.h"

#define CW_PG_ASIDE_TABLE_SIZE 64

/* Zeroed storage: no table is aside. */
struct cw_pg_aside {
    char tables[CW_ENTITY_COUNT][CW_PG_ASIDE_TABLE_SIZE]; /* the table aside of each entity; "": none */
    struct cw_pg_connection *connections[CW_PG_ASIDE_MAX];
    struct cw_pg_sender *senders[CW_PG_ASIDE_MAX];
    int count;
    struct cw_pg_canceller *canceller; /* borrowed, for connections that are opened; NULL: none */
    int turn;                          /* of the next that is waited for when all are busy */
    bool is_full;                      /* no further connection can be had */
    bool has_own_rows;                 /* the load's own connection sent rows too */
};

/* Sees which tables are aside. load: in the load's transaction. */
cw_status cw_pg_aside_look(struct cw_pg_aside *aside, struct cw_pg_connection *load, struct cw_error *error);

/* Sends rows of an entity whose table is aside; own: the sender of the load. See cw_pg_sender_send. */
cw_status cw_pg_aside_send(struct cw_pg_aside *aside, const struct cw_pg_store *store,
                           struct cw_pg_sender *own, const struct cw_entity *entity, struct cw_buffer *rows,
                           struct cw_error *error);

/* Waits until all rows are sent. */
cw_status cw_pg_aside_wait(struct cw_pg_aside *aside, struct cw_error *error);

/* Runs a statement beside others on a connection of which there is at least one. See cw_pg_sender_run. */
cw_status cw_pg_aside_run(struct cw_pg_aside *aside, const char *sql, struct cw_error *error);

/* Builds keys and indexes of the months that have rows, several at once, and waits until they are there; then
 * all is committed, and cartwright_put_back puts it into the tables. After cw_pg_aside_wait. */
cw_status cw_pg_aside_index(struct cw_pg_aside *aside, struct cw_error *error);

/* Waits, and closes the connections. */
void cw_pg_aside_clear(struct cw_pg_aside *aside);

#endif
