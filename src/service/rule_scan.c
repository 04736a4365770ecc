#include "service/rule_scan.h"

#include <stdio.h>
#include <string.h>

#include "base/calendar.h"
#include "service/values.h"

struct scan {
    sqlite3 *connection;
    const struct cw_rule *rule;
    struct cw_rule_result *result;
    struct cw_error *error;
};

/* Counts a violation, and shows the row if it is among the first. */
static cw_status note_row(const struct scan *scan, int64_t rowid, const char *detail)
{
    struct cw_rule_result *result = scan->result;
    struct cw_uuid id = {{0}};
    sqlite3_stmt *statement = NULL;
    char sql[128];
    result->violations++;
    if (result->offender_count == CW_OFFENDERS_MAX) {
        return CW_OK;
    }
    snprintf(sql, sizeof sql, "SELECT id FROM %s WHERE rowid = ?1", cw_entity_get(scan->rule->entity)->table);
    if (sqlite3_prepare_v2(scan->connection, sql, -1, &statement, NULL) != SQLITE_OK ||
        sqlite3_bind_int64(statement, 1, rowid) != SQLITE_OK || sqlite3_step(statement) != SQLITE_ROW) {
        sqlite3_finalize(statement);
        return cw_check_error(scan->connection, scan->error);
    }
    struct cw_offender *offender = &result->offenders[result->offender_count++];
    if (sqlite3_column_bytes(statement, 0) == 16) {
        memcpy(id.bytes, sqlite3_column_blob(statement, 0), sizeof id.bytes);
    }
    cw_uuid_text(&id, offender->id);
    offender->row = rowid;
    snprintf(offender->detail, sizeof offender->detail, "%s", detail == NULL ? "" : detail);
    sqlite3_finalize(statement);
    return CW_OK;
}

/* ---- Unique columns ---- */

#define KEY_SIZE 512

/* The values of a row in the columns of a rule, one after another. */
struct row_key {
    char bytes[KEY_SIZE];
    size_t size;
};

/* The row before. */
struct last_row {
    struct row_key key;
    int64_t rowid;
    bool noted; /* the row is among the violations */
};

/* An e-mail address is the same in capitals. */
static bool folds_case(const struct cw_rule *rule)
{
    const struct cw_entity *entity = cw_entity_get(rule->entity);
    const int column = cw_entity_column(entity, rule->columns, strlen(rule->columns));
    return column >= 0 && entity->columns[column].type == CW_TYPE_STRING &&
           entity->columns[column].personal == CW_PERSONAL_IDENTIFIER;
}

static void append_key(struct row_key *key, const void *bytes, size_t size)
{
    const size_t room = sizeof key->bytes - key->size;
    const size_t used = size < room ? size : room;
    memcpy(key->bytes + key->size, bytes, used);
    key->size += used;
}

/* Columns 0 to count - 1 of the statement; each with its size before it, so that no two keys run together. */
static void read_key(sqlite3_stmt *statement, int count, struct row_key *key)
{
    key->size = 0;
    for (int i = 0; i < count; i++) {
        const int64_t number = sqlite3_column_int64(statement, i);
        const bool is_number = sqlite3_column_type(statement, i) == SQLITE_INTEGER;
        const void *bytes = is_number ? (const void *)&number : sqlite3_column_blob(statement, i);
        const int size = is_number ? (int)sizeof number : sqlite3_column_bytes(statement, i);
        append_key(key, &size, sizeof size);
        if (size > 0) {
            append_key(key, bytes, (size_t)size);
        }
    }
}

static cw_status compare_row(const struct scan *scan, sqlite3_stmt *statement, int columns, bool fold,
                             struct last_row *last)
{
    const int64_t rowid = sqlite3_column_int64(statement, columns);
    struct row_key key;
    cw_status status = CW_OK;
    read_key(statement, columns, &key);
    const bool same = key.size == last->key.size &&
                      (fold ? sqlite3_strnicmp(key.bytes + sizeof(int), last->key.bytes + sizeof(int),
                                               (int)(key.size - sizeof(int))) == 0
                            : memcmp(key.bytes, last->key.bytes, key.size) == 0);
    if (same && !last->noted) {
        status = note_row(scan, last->rowid, NULL);
    }
    if (same && status == CW_OK) {
        status = note_row(scan, rowid, NULL);
    }
    if (!same) {
        memcpy(last->key.bytes, key.bytes, key.size);
        last->key.size = key.size;
    }
    last->rowid = rowid;
    last->noted = same;
    return status;
}

/* Ids that ascend from row to row, as ids that begin with their time do in the order of time, need no
 * sorting. */
static cw_status ids_ascend(const struct scan *scan, bool *ascend)
{
    uint8_t last[16] = {0};
    sqlite3_stmt *statement = NULL;
    char sql[128];
    int code = SQLITE_DONE;
    cw_status status = CW_OK;
    bool rises = true;
    snprintf(sql, sizeof sql, "SELECT id FROM %s NOT INDEXED ORDER BY rowid",
             cw_entity_get(scan->rule->entity)->table);
    if (sqlite3_prepare_v2(scan->connection, sql, -1, &statement, NULL) != SQLITE_OK) {
        return cw_check_error(scan->connection, scan->error);
    }
    while (rises && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        const void *id = sqlite3_column_blob(statement, 0);
        rises = sqlite3_column_bytes(statement, 0) == (int)sizeof last && memcmp(last, id, sizeof last) < 0;
        if (rises) {
            memcpy(last, id, sizeof last);
        }
    }
    if (rises && code != SQLITE_DONE) {
        status = cw_check_error(scan->connection, scan->error);
    }
    sqlite3_finalize(statement);
    *ascend = rises;
    return status;
}

/* "SELECT a, b, rowid FROM t WHERE (a, b) holds no null ORDER BY a, b". */
static cw_status put_unique_query(const struct scan *scan, struct cw_buffer *sql, int *columns)
{
    const char *names = scan->rule->columns;
    cw_status status = cw_buffer_format(sql, scan->error, "SELECT %s, rowid FROM %s", names,
                                        cw_entity_get(scan->rule->entity)->table);
    *columns = 0;
    for (const char *at = names; *at != '\0' && status == CW_OK; (*columns)++) {
        const size_t length = strcspn(at, ",");
        status = cw_buffer_format(sql, scan->error, " %s %.*s IS NOT NULL", at == names ? "WHERE" : "AND",
                                  (int)length, at);
        at += length;
        at += strspn(at, ", ");
    }
    if (status == CW_OK) {
        status = cw_buffer_format(sql, scan->error, " ORDER BY %s", names);
    }
    return status == CW_OK ? cw_buffer_append(sql, "", 1, scan->error) : status;
}

static cw_status scan_sorted(const struct scan *scan)
{
    const bool fold = folds_case(scan->rule);
    struct last_row last = {.rowid = 0};
    struct cw_buffer sql = {0};
    sqlite3_stmt *statement = NULL;
    int code = SQLITE_DONE;
    int columns = 0;
    cw_status status = put_unique_query(scan, &sql, &columns);
    if (status == CW_OK &&
        sqlite3_prepare_v2(scan->connection, sql.data, -1, &statement, NULL) != SQLITE_OK) {
        status = cw_check_error(scan->connection, scan->error);
    }
    while (status == CW_OK && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        status = compare_row(scan, statement, columns, fold, &last);
    }
    if (status == CW_OK && code != SQLITE_DONE) {
        status = cw_check_error(scan->connection, scan->error);
    }
    sqlite3_finalize(statement);
    cw_buffer_clear(&sql);
    return status;
}

static cw_status scan_unique(const struct scan *scan)
{
    bool unique = false;
    cw_status status = CW_OK;
    if (strcmp(scan->rule->columns, "id") == 0) {
        status = ids_ascend(scan, &unique);
    }
    return status == CW_OK && !unique ? scan_sorted(scan) : status;
}

/* ---- The ledger ---- */

/* Where the walk along the movements stands. Movements of one moment count together: the level is told after
 * the last of them. */
struct ledger {
    uint8_t place[32]; /* centre and variant */
    int64_t time, level;
    int64_t count; /* rows of this moment */
    int64_t first[CW_OFFENDERS_MAX];
};

static cw_status end_moment(const struct scan *scan, struct ledger *ledger)
{
    char detail[96];
    char time[CW_TIME_TEXT] = "out of range";
    cw_status status = CW_OK;
    const int64_t count = ledger->count;
    ledger->count = 0;
    if (count == 0 || ledger->level >= 0) {
        return CW_OK;
    }
    if (ledger->time >= CW_CALENDAR_FIRST_MICRO && ledger->time <= CW_CALENDAR_LAST_MICRO) {
        cw_time_text(ledger->time, time);
    }
    snprintf(detail, sizeof detail, "level %lld at %s", (long long)ledger->level, time);
    for (int64_t i = 0; i < count && status == CW_OK; i++) {
        if (i < CW_OFFENDERS_MAX) {
            status = note_row(scan, ledger->first[i], detail);
        } else {
            scan->result->violations++;
        }
    }
    return status;
}

/* Columns: centre, variant, time, quantity, rowid. */
static cw_status take_movement(const struct scan *scan, sqlite3_stmt *statement, struct ledger *ledger)
{
    uint8_t place[32] = {0};
    cw_status status = CW_OK;
    for (int i = 0; i < 2; i++) {
        if (sqlite3_column_bytes(statement, i) == 16) {
            memcpy(place + 16 * i, sqlite3_column_blob(statement, i), 16);
        }
    }
    const int64_t time = sqlite3_column_int64(statement, 2);
    const bool same_place = memcmp(place, ledger->place, sizeof place) == 0;
    if (!same_place || time != ledger->time) {
        status = end_moment(scan, ledger);
        ledger->level = same_place ? ledger->level : 0;
        memcpy(ledger->place, place, sizeof place);
        ledger->time = time;
    }
    ledger->level += sqlite3_column_int64(statement, 3);
    if (ledger->count < CW_OFFENDERS_MAX) {
        ledger->first[ledger->count] = sqlite3_column_int64(statement, 4);
    }
    ledger->count++;
    return status;
}

static cw_status scan_ledger(const struct scan *scan)
{
    struct ledger ledger = {.count = 0};
    sqlite3_stmt *statement = NULL;
    cw_status status = CW_OK;
    int code = SQLITE_DONE;
    if (sqlite3_prepare_v2(scan->connection,
                           "SELECT fulfilment_centre_id, variant_id, occurred_at, quantity, rowid FROM "
                           "stock_movements ORDER BY fulfilment_centre_id, variant_id, occurred_at",
                           -1, &statement, NULL) != SQLITE_OK) {
        return cw_check_error(scan->connection, scan->error);
    }
    while (status == CW_OK && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        status = take_movement(scan, statement, &ledger);
    }
    if (status == CW_OK) {
        status =
            code == SQLITE_DONE ? end_moment(scan, &ledger) : cw_check_error(scan->connection, scan->error);
    }
    sqlite3_finalize(statement);
    return status;
}

cw_status cw_rule_scan_run(sqlite3 *connection, const struct cw_rule *rule, struct cw_rule_result *result,
                           struct cw_error *error)
{
    const struct scan scan = {connection, rule, result, error};
    return rule->scan == CW_RULE_SCAN_UNIQUE ? scan_unique(&scan) : scan_ledger(&scan);
}
