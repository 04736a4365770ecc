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
    snprintf(offender->detail, sizeof offender->detail, "%s", detail == NULL ? "" : detail);
    sqlite3_finalize(statement);
    return CW_OK;
}

/* ---- Unique columns ---- */

/* The value of the row before. */
struct last_value {
    char bytes[512];
    int size; /* -1: none */
    int64_t rowid;
    bool noted; /* the row is among the violations */
};

/* An e-mail address is the same in capitals. */
static bool folds_case(const struct cw_rule *rule)
{
    const struct cw_entity *entity = cw_entity_get(rule->entity);
    const int column = cw_entity_column(entity, rule->column, strlen(rule->column));
    return entity->columns[column].type == CW_TYPE_STRING &&
           entity->columns[column].personal == CW_PERSONAL_IDENTIFIER;
}

static cw_status compare_value(const struct scan *scan, sqlite3_stmt *statement, bool fold,
                               struct last_value *last)
{
    const int64_t rowid = sqlite3_column_int64(statement, 1);
    const void *bytes = sqlite3_column_blob(statement, 0);
    const int whole = sqlite3_column_bytes(statement, 0);
    const int size = whole < (int)sizeof last->bytes ? whole : (int)sizeof last->bytes;
    const bool same = size == last->size && size > 0 &&
                      (fold ? sqlite3_strnicmp(bytes, last->bytes, size) == 0
                            : memcmp(bytes, last->bytes, (size_t)size) == 0);
    cw_status status = CW_OK;
    if (same && !last->noted) {
        status = note_row(scan, last->rowid, NULL);
    }
    if (same && status == CW_OK) {
        status = note_row(scan, rowid, NULL);
    }
    if (!same && size > 0) {
        memcpy(last->bytes, bytes, (size_t)size);
    }
    last->size = size;
    last->rowid = rowid;
    last->noted = same;
    return status;
}

static cw_status scan_unique(const struct scan *scan)
{
    const char *table = cw_entity_get(scan->rule->entity)->table;
    const bool fold = folds_case(scan->rule);
    struct last_value last = {.size = -1};
    sqlite3_stmt *statement = NULL;
    char sql[256];
    cw_status status = CW_OK;
    int code = SQLITE_DONE;
    snprintf(sql, sizeof sql, "SELECT %s, rowid FROM %s WHERE %s IS NOT NULL ORDER BY %s", scan->rule->column,
             table, scan->rule->column, scan->rule->column);
    if (sqlite3_prepare_v2(scan->connection, sql, -1, &statement, NULL) != SQLITE_OK) {
        return cw_check_error(scan->connection, scan->error);
    }
    while (status == CW_OK && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        status = compare_value(scan, statement, fold, &last);
    }
    if (status == CW_OK && code != SQLITE_DONE) {
        status = cw_check_error(scan->connection, scan->error);
    }
    sqlite3_finalize(statement);
    return status;
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
