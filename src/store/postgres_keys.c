/* API keys in the PostgreSQL store. They lie beside the shop: a load or a write of rows does not lock them.
 */
#define _DEFAULT_SOURCE

#include <stdio.h>
#include <string.h>

#include "store/key_store.h"
#include "store/postgres_store.h"
#include "store/postgres_value.h"

/* ---- Reading ---- */

static void copy_bytes(const PGresult *result, int row, int field, uint8_t *bytes, size_t size)
{
    if ((size_t)PQgetlength(result, row, field) == size) {
        memcpy(bytes, PQgetvalue(result, row, field), size);
    }
}

static void read_record(const PGresult *result, int row, struct cw_key_record *record)
{
    *record = (struct cw_key_record){.scopes = (uint32_t)cw_pg_integer(result, row, 3),
                                     .rate = cw_pg_integer(result, row, 4),
                                     .created_at = cw_pg_integer(result, row, 5),
                                     .expires_at = cw_pg_integer(result, row, 6),
                                     .revoked_at = cw_pg_integer(result, row, 7),
                                     .used_at = cw_pg_integer(result, row, 8)};
    copy_bytes(result, row, 0, record->id.bytes, sizeof record->id.bytes);
    snprintf(record->name, sizeof record->name, "%s", PQgetvalue(result, row, 1));
    copy_bytes(result, row, 2, record->digest, sizeof record->digest);
}

static cw_status list_keys(struct cw_store *base, struct cw_key_record *records, uint32_t limit,
                           uint32_t *count, struct cw_error *error)
{
    struct cw_pg_parameters parameters = {0};
    PGresult *result = NULL;
    cw_status status = cw_pg_add_int64(&parameters, limit, error);
    if (status == CW_OK) {
        status = cw_pg_ask(cw_pg_store_of(base),
                           "SELECT id, name, digest, scopes, rate, created_at, expires_at, revoked_at, "
                           "used_at FROM api_keys ORDER BY created_at, id LIMIT $1",
                           &parameters, &result, error);
    }
    cw_pg_parameters_clear(&parameters);
    if (status != CW_OK) {
        return status;
    }
    const int found = PQntuples(result);
    for (int row = 0; row < found; row++) {
        read_record(result, row, &records[row]);
    }
    PQclear(result);
    *count = (uint32_t)found;
    return CW_OK;
}

/* ---- Transactions ---- */

/* begin: begins a transaction, and changes nothing; it is tried again on another connection when the first
 * turns out to be gone. What follows is not: after a commit without an answer nobody knows what was done. */
static cw_status transact(struct cw_pg_store *store, const char *begin,
                          cw_status (*work)(struct cw_pg_connection *connection, const void *context,
                                            struct cw_error *error),
                          const void *context, struct cw_error *error)
{
    struct cw_pg_connection *connection;
    cw_status status = cw_pg_begin_reading(store, begin, &connection, error);
    if (status != CW_OK) {
        return status;
    }
    status = work(connection, context, error);
    if (status == CW_OK) {
        status = cw_pg_execute(connection, "COMMIT", error);
    }
    if (status != CW_OK) {
        cw_pg_execute(connection, "ROLLBACK", NULL);
    }
    cw_pg_return(store, connection);
    return status;
}

static cw_status add_time(struct cw_pg_parameters *parameters, int64_t time, struct cw_error *error)
{
    return time != 0 ? cw_pg_add_instant(parameters, time, error)
                     : cw_pg_add_bytes(parameters, NULL, 0, error);
}

static cw_status add_record(struct cw_pg_parameters *parameters, const struct cw_key_record *record,
                            struct cw_error *error)
{
    cw_status status = cw_pg_add_bytes(parameters, record->id.bytes, sizeof record->id.bytes, error);
    if (status == CW_OK) {
        status = cw_pg_add_text(parameters, record->name, error);
    }
    if (status == CW_OK) {
        status = cw_pg_add_bytes(parameters, record->digest, sizeof record->digest, error);
    }
    if (status == CW_OK) {
        status = cw_pg_add_int32(parameters, (int32_t)record->scopes, error);
    }
    if (status == CW_OK) {
        status = record->rate != 0 ? cw_pg_add_int64(parameters, record->rate, error)
                                   : cw_pg_add_bytes(parameters, NULL, 0, error);
    }
    if (status == CW_OK) {
        status = cw_pg_add_instant(parameters, record->created_at, error);
    }
    return status == CW_OK ? add_time(parameters, record->expires_at, error) : status;
}

/* The number of keys is counted under a lock that keeps other writers of keys out, but no reader. */
static cw_status insert_key(struct cw_pg_connection *connection, const void *context, struct cw_error *error)
{
    struct cw_pg_parameters parameters = {0};
    int64_t count = 0;
    cw_status status = cw_pg_number(connection, "SELECT count(*) FROM api_keys", NULL, &count, error);
    if (status == CW_OK && count >= CW_KEYS_MAX) {
        status = cw_error_set(error, CW_E_LIMIT, NULL, "store %s holds %d keys, which is the most",
                              connection->name, CW_KEYS_MAX);
    }
    if (status == CW_OK) {
        status = add_record(&parameters, context, error);
    }
    if (status == CW_OK) {
        status = cw_pg_run(connection,
                           "INSERT INTO api_keys (id, name, digest, scopes, rate, created_at, expires_at) "
                           "VALUES ($1, $2, $3, $4, $5, $6, $7)",
                           &parameters, error);
    }
    cw_pg_parameters_clear(&parameters);
    return status;
}

static cw_status add_key(struct cw_store *base, const struct cw_key_record *record, struct cw_error *error)
{
    return transact(cw_pg_store_of(base), "BEGIN; LOCK TABLE api_keys IN SHARE ROW EXCLUSIVE MODE",
                    insert_key, record, error);
}

/* Twice is the same as once, so it is safe to try again. */
static cw_status revoke_key(struct cw_store *base, const struct cw_uuid *id, int64_t at, bool *found,
                            struct cw_error *error)
{
    struct cw_pg_parameters parameters = {0};
    PGresult *result = NULL;
    cw_status status = cw_pg_add_bytes(&parameters, id->bytes, sizeof id->bytes, error);
    if (status == CW_OK) {
        status = cw_pg_add_instant(&parameters, at, error);
    }
    if (status == CW_OK) {
        status = cw_pg_ask(
            cw_pg_store_of(base),
            "UPDATE api_keys SET revoked_at = coalesce(revoked_at, $2) WHERE id = $1 RETURNING scopes",
            &parameters, &result, error);
    }
    cw_pg_parameters_clear(&parameters);
    if (status == CW_OK) {
        *found = PQntuples(result) > 0;
        PQclear(result);
    }
    return status;
}

/* ---- Uses ---- */

struct uses {
    const struct cw_key_use *list;
    uint32_t count;
};

#define OID_UUID 2950
#define OID_TIMESTAMPTZ 1184

/* An array in binary: what stands before its elements. */
static char *put_array(char *out, uint32_t element, uint32_t count)
{
    out = cw_pg_put32(out, 1); /* dimensions */
    out = cw_pg_put32(out, 0); /* no nulls */
    out = cw_pg_put32(out, element);
    out = cw_pg_put32(out, count);
    return cw_pg_put32(out, 1); /* the first element's number */
}

static cw_status add_uses(struct cw_pg_parameters *parameters, const struct uses *uses,
                          struct cw_error *error)
{
    struct cw_buffer array = {0};
    cw_status status = cw_buffer_reserve(&array, 20 + (size_t)uses->count * 20, error);
    if (status != CW_OK) {
        return status;
    }
    char *at = put_array(array.data, OID_UUID, uses->count);
    for (uint32_t i = 0; i < uses->count; i++) {
        at = cw_pg_put32(at, 16);
        memcpy(at, uses->list[i].id.bytes, 16);
        at += 16;
    }
    status = cw_pg_add_bytes(parameters, array.data, (size_t)(at - array.data), error);
    at = put_array(array.data, OID_TIMESTAMPTZ, uses->count);
    for (uint32_t i = 0; i < uses->count; i++) {
        at = cw_pg_put64(cw_pg_put32(at, 8), (uint64_t)(uses->list[i].at - CW_PG_EPOCH_MICROS));
    }
    if (status == CW_OK) {
        status = cw_pg_add_bytes(parameters, array.data, (size_t)(at - array.data), error);
    }
    cw_buffer_clear(&array);
    return status;
}

static cw_status update_uses(struct cw_pg_connection *connection, const void *context, struct cw_error *error)
{
    struct cw_pg_parameters parameters = {0};
    cw_status status = add_uses(&parameters, context, error);
    if (status == CW_OK) {
        status = cw_pg_run(connection,
                           "UPDATE api_keys SET used_at = greatest(used_at, used.at) FROM "
                           "unnest($1::uuid[], $2::timestamptz[]) AS used (id, at) WHERE api_keys.id = "
                           "used.id",
                           &parameters, error);
    }
    cw_pg_parameters_clear(&parameters);
    return status;
}

/* A lock that is not free at once is not waited for. */
static cw_status note_uses(struct cw_store *base, const struct cw_key_use *uses, uint32_t count,
                           struct cw_error *error)
{
    const struct uses all = {uses, count};
    const cw_status status =
        transact(cw_pg_store_of(base), "BEGIN; SET LOCAL lock_timeout = 1", update_uses, &all, error);
    if (status != CW_E_TIMEOUT) {
        return status;
    }
    cw_error_set(error, CW_E_UNAVAILABLE, NULL, "keys of store %s are being written", base->name);
    if (error != NULL) {
        error->retryable = true;
    }
    return CW_E_UNAVAILABLE;
}

const struct cw_key_operations cw_pg_key_operations = {
    .list = list_keys,
    .add = add_key,
    .revoke = revoke_key,
    .note_uses = note_uses,
};
