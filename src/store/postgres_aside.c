#include "store/postgres_aside.h"

#include <stdio.h>
#include <string.h>

/* Fewer bytes of rows than this are not worth a connection. */
#define WORTH_SIZE ((size_t)1 << 20)

/* What these connections commit is synced by the commit of the load, which comes after it in the log. The
 * server's workers for one index would only take turns with those of the other connections. */
static const char settings[] =
    "SET synchronous_commit = off; SET maintenance_work_mem = '128MB'; SET max_parallel_maintenance_workers "
    "= 0; "
    "SELECT set_config(name, '0', false) FROM pg_settings WHERE name IN ('statement_timeout', "
    "'idle_session_timeout')";

cw_status cw_pg_aside_look(struct cw_pg_aside *aside, struct cw_pg_connection *load, struct cw_error *error)
{
    PGresult *result;
    const cw_status status =
        cw_pg_query(load, "SELECT relation, name FROM tables_aside", NULL, &result, error);
    if (status != CW_OK) {
        return status;
    }
    for (int row = 0; row < PQntuples(result); row++) {
        char relation[CW_PG_ASIDE_TABLE_SIZE];
        cw_pg_text(result, row, 0, relation, sizeof relation);
        for (int e = 0; e < CW_ENTITY_COUNT; e++) {
            if (strcmp(cw_entity_get((enum cw_entity_id)e)->table, relation) == 0) {
                cw_pg_text(result, row, 1, aside->tables[e], sizeof aside->tables[e]);
            }
        }
    }
    PQclear(result);
    return CW_OK;
}

/* ---- Connections ---- */

static cw_status open_another(struct cw_pg_aside *aside, const struct cw_pg_store *store)
{
    struct cw_pg_connection *connection;
    cw_status status = cw_pg_connect(store->location, store->base.name, false, &connection, NULL);
    if (status != CW_OK) {
        return status;
    }
    status = cw_pg_execute(connection, settings, NULL);
    if (status == CW_OK) {
        status = cw_pg_sender_start(connection, &aside->senders[aside->count], NULL);
    }
    if (status != CW_OK) {
        cw_pg_disconnect(connection);
        return status;
    }
    cw_pg_canceller_add(aside->canceller, connection);
    aside->connections[aside->count++] = connection;
    return CW_OK;
}

/* One that is idle, if need be opened, else the next in turn; NULL when not one can be had. */
static struct cw_pg_sender *choose(struct cw_pg_aside *aside, const struct cw_pg_store *store)
{
    for (int i = 0; i < aside->count; i++) {
        if (cw_pg_sender_is_idle(aside->senders[i])) {
            return aside->senders[i];
        }
    }
    if (store != NULL && !aside->is_full) {
        if (open_another(aside, store) == CW_OK) {
            aside->is_full = aside->count == CW_PG_ASIDE_MAX;
            return aside->senders[aside->count - 1];
        }
        aside->is_full = true;
    }
    return aside->count > 0 ? aside->senders[aside->turn++ % aside->count] : NULL;
}

/* ---- Rows and indexes ---- */

cw_status cw_pg_aside_send(struct cw_pg_aside *aside, const struct cw_pg_store *store,
                           struct cw_pg_sender *own, const struct cw_entity *entity, struct cw_buffer *rows,
                           struct cw_error *error)
{
    struct cw_pg_sender *sender = aside->count > 0 || rows->size >= WORTH_SIZE ? choose(aside, store) : NULL;
    if (sender == NULL) {
        aside->has_own_rows = true;
        sender = own;
    }
    return cw_pg_sender_send(sender, aside->tables[entity->id], entity, rows, error);
}

cw_status cw_pg_aside_wait(struct cw_pg_aside *aside, struct cw_error *error)
{
    cw_status status = CW_OK;
    for (int i = 0; i < aside->count; i++) {
        const cw_status ended = cw_pg_sender_wait(aside->senders[i], status == CW_OK ? error : NULL);
        status = status == CW_OK ? ended : status;
    }
    return status;
}

cw_status cw_pg_aside_run(struct cw_pg_aside *aside, const char *sql, struct cw_error *error)
{
    return cw_pg_sender_run(choose(aside, NULL), sql, error);
}

/* The largest first, so that no connection is left with one when the others are done. Not to be asked in the
 * load's transaction, which would hold locks on the months from then on. */
static const char months_sql[] =
    "SELECT format('SELECT cartwright_index_month(%L, %L)', month.name, relation) FROM tables_aside, "
    "cartwright_months(tables_aside.name) AS month WHERE pg_relation_size(quote_ident(month.name)) > 0 ORDER "
    "BY "
    "pg_relation_size(quote_ident(month.name)) DESC, month.name";

cw_status cw_pg_aside_index(struct cw_pg_aside *aside, struct cw_error *error)
{
    /* Rows of the load's own transaction keep others from their months until it has ended. */
    if (aside->count == 0 || aside->has_own_rows) {
        return CW_OK;
    }
    PGresult *result;
    cw_status status = cw_pg_query(aside->connections[0], months_sql, NULL, &result, error);
    if (status != CW_OK) {
        return status;
    }
    for (int row = 0; status == CW_OK && row < PQntuples(result); row++) {
        char sql[256];
        cw_pg_text(result, row, 0, sql, sizeof sql);
        status = cw_pg_aside_run(aside, sql, error);
    }
    PQclear(result);
    return status == CW_OK ? cw_pg_aside_wait(aside, error) : status;
}

void cw_pg_aside_clear(struct cw_pg_aside *aside)
{
    for (int i = 0; i < aside->count; i++) {
        cw_pg_sender_end(aside->senders[i]);
        cw_pg_disconnect(aside->connections[i]);
    }
    aside->count = 0;
}
