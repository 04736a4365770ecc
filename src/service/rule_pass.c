#define _POSIX_C_SOURCE 200809L
#include "service/rule_pass.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "service/rule_query.h"
#include "service/rule_scan.h"
#include "service/values.h"

/* Tables with fewer rows are not worth more than one slice. */
#define SLICE_ROWS_MIN 20000
#define SLICES_PER_THREAD 4

/* Rules of one entity that are tested together. */
struct group {
    const struct cw_rule *rules[CW_RULE_GROUP_MAX];
    struct cw_rule_result *results[CW_RULE_GROUP_MAX];
    size_t count;
    const struct cw_rule_driver *driver;
};

struct tally {
    int64_t violations;
    uint32_t count;
    struct cw_uuid ids[CW_OFFENDERS_MAX];
    int64_t rows[CW_OFFENDERS_MAX];
};

/* A range of a group's rows; or a scan, when `scan` is set. */
struct slice {
    const struct cw_rule_task *scan;
    struct group *group;
    int64_t from, to; /* rowids, both included */
    int64_t checked;
    struct tally tallies[CW_RULE_GROUP_MAX];
};

struct pass {
    const struct cw_check_database *database;
    struct cw_progress *progress;
    struct group *groups;
    size_t group_count;
    struct slice *slices;
    size_t slice_count, slice_capacity;
    _Atomic size_t next;
    _Atomic bool failed;
    pthread_mutex_t lock; /* guards status and failure */
    cw_status status;
    struct cw_error failure;
};

/* ---- One slice ---- */

static void note_offender(struct tally *tally, sqlite3_stmt *statement)
{
    tally->violations++;
    if (tally->count == CW_OFFENDERS_MAX) {
        return;
    }
    tally->rows[tally->count] = sqlite3_column_int64(statement, 1);
    struct cw_uuid *id = &tally->ids[tally->count++];
    *id = (struct cw_uuid){{0}};
    if (sqlite3_column_bytes(statement, 0) == 16) {
        memcpy(id->bytes, sqlite3_column_blob(statement, 0), sizeof id->bytes);
    }
}

/* look(rowid): counts a row that is looked at; always 1. */
static void count_row(sqlite3_context *call, int count, sqlite3_value **values)
{
    (void)count;
    (void)values;
    (*(int64_t *)sqlite3_user_data(call))++;
    sqlite3_result_int(call, 1);
}

/* focus: what ?1 is; NULL: the range ?3 to ?4 is bound instead. */
static cw_status run_slice(sqlite3 *connection, struct slice *slice, const char *condition,
                           const struct cw_uuid *focus, struct cw_error *error)
{
    const struct group *group = slice->group;
    struct cw_buffer sql = {0};
    sqlite3_stmt *statement = NULL;
    int code = SQLITE_DONE;
    cw_status status = cw_rule_group_query(group->rules, group->count, group->driver, condition, &sql, error);
    if (status == CW_OK && (sqlite3_create_function_v2(connection, "look", 1, SQLITE_UTF8, &slice->checked,
                                                       count_row, NULL, NULL, NULL) != SQLITE_OK ||
                            sqlite3_prepare_v2(connection, sql.data, -1, &statement, NULL) != SQLITE_OK)) {
        status = cw_check_error(connection, error);
    }
    if (status == CW_OK && focus != NULL && sqlite3_bind_parameter_count(statement) > 0) {
        sqlite3_bind_blob(statement, 1, focus->bytes, sizeof focus->bytes, SQLITE_STATIC);
    } else if (status == CW_OK && focus == NULL) {
        sqlite3_bind_int64(statement, 3, slice->from);
        sqlite3_bind_int64(statement, 4, slice->to);
    }
    while (status == CW_OK && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        uint64_t broken = (uint64_t)sqlite3_column_int64(statement, 2);
        for (; broken != 0; broken &= broken - 1) {
            note_offender(&slice->tallies[__builtin_ctzll(broken)], statement);
        }
    }
    if (status == CW_OK && code != SQLITE_DONE) {
        status = cw_check_error(connection, error);
    }
    sqlite3_finalize(statement);
    cw_buffer_clear(&sql);
    return status;
}

/* Adds what a slice found to the results. Slices are added in the order of their rows. */
static void add_slice(const struct slice *slice)
{
    for (size_t i = 0; i < slice->group->count; i++) {
        struct cw_rule_result *result = slice->group->results[i];
        const struct tally *tally = &slice->tallies[i];
        result->checked += slice->checked;
        result->violations += tally->violations;
        for (uint32_t j = 0; j < tally->count && result->offender_count < CW_OFFENDERS_MAX; j++) {
            struct cw_offender *offender = &result->offenders[result->offender_count++];
            cw_uuid_text(&tally->ids[j], offender->id);
            offender->row = tally->rows[j];
        }
    }
}

/* ---- Threads ---- */

static void fail(struct pass *pass, cw_status status, const struct cw_error *error)
{
    pthread_mutex_lock(&pass->lock);
    if (pass->status == CW_OK) {
        pass->status = status;
        pass->failure = *error;
    }
    pthread_mutex_unlock(&pass->lock);
    atomic_store(&pass->failed, true);
}

static void work(struct pass *pass, sqlite3 *connection)
{
    for (;;) {
        const size_t at = atomic_fetch_add(&pass->next, 1);
        struct cw_error error = {0};
        if (at >= pass->slice_count || atomic_load(&pass->failed)) {
            return;
        }
        struct slice *slice = &pass->slices[at];
        const cw_status status =
            slice->scan != NULL ? cw_rule_scan_run(connection, slice->scan->rule, slice->scan->result, &error)
                                : run_slice(connection, slice,
                                            slice->group->driver != NULL ? "parent.rowid BETWEEN ?3 AND ?4"
                                                                         : "t.rowid BETWEEN ?3 AND ?4",
                                            NULL, &error);
        if (status != CW_OK) {
            fail(pass, status, &error);
            return;
        }
        if (pass->progress != NULL) {
            atomic_fetch_add(&pass->progress->done, 1);
        }
    }
}

struct worker {
    struct pass *pass;
    sqlite3 *connection;
};

static void *run_worker(void *context)
{
    const struct worker *worker = context;
    work(worker->pass, worker->connection);
    return NULL;
}

/* Works all slices off; the caller's thread is one of the workers. */
static cw_status run_slices(struct pass *pass, struct cw_error *error)
{
    pthread_t threads[CW_CHECK_THREADS_MAX];
    struct worker workers[CW_CHECK_THREADS_MAX];
    uint32_t started = 0;
    atomic_store(&pass->next, 0);
    if (pass->progress != NULL) {
        atomic_fetch_add(&pass->progress->total, (int64_t)pass->slice_count);
    }
    for (uint32_t i = 1; i < pass->database->threads; i++) {
        workers[started] = (struct worker){pass, pass->database->connections[i]};
        /* Fewer threads do the work as well. */
        started += pthread_create(&threads[started], NULL, run_worker, &workers[started]) == 0;
    }
    work(pass, pass->database->connections[0]);
    for (uint32_t i = 0; i < started; i++) {
        pthread_join(threads[i], NULL);
    }
    if (pass->status != CW_OK && error != NULL) {
        *error = pass->failure;
    }
    return pass->status;
}

/* ---- Slicing ---- */

static struct slice *add_empty_slice(struct pass *pass)
{
    if (pass->slice_count == pass->slice_capacity) {
        const size_t capacity = pass->slice_capacity * 2 + 64;
        struct slice *grown = realloc(pass->slices, capacity * sizeof *grown);
        if (grown == NULL) {
            return NULL;
        }
        pass->slices = grown;
        pass->slice_capacity = capacity;
    }
    struct slice *slice = &pass->slices[pass->slice_count++];
    memset(slice, 0, sizeof *slice);
    return slice;
}

static cw_status add_group_slices(struct pass *pass, struct group *group, struct cw_error *error)
{
    char sql[192];
    int64_t ends[2] = {0, -1};
    const enum cw_entity_id entity = group->driver != NULL ? group->driver->parent : group->rules[0]->entity;
    const char *table = cw_entity_get(entity)->table;
    snprintf(sql, sizeof sql,
             "SELECT ifnull((SELECT min(rowid) FROM %s), 0), ifnull((SELECT max(rowid) FROM %s), -1)", table,
             table);
    cw_status status = cw_check_numbers(pass->database->connections[0], sql, ends, 2, error);
    const int64_t first = ends[0];
    const int64_t last = ends[1];
    const int64_t rows = last - first + 1;
    int64_t slices = (rows + SLICE_ROWS_MIN - 1) / SLICE_ROWS_MIN;
    const int64_t most = (int64_t)pass->database->threads * SLICES_PER_THREAD;
    slices = slices < 1 ? 1 : slices > most ? most : slices;
    for (int64_t i = 0; i < slices && status == CW_OK; i++) {
        struct slice *slice = add_empty_slice(pass);
        if (slice == NULL) {
            return cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for the check's parts");
        }
        slice->group = group;
        slice->from = first + rows / slices * i;
        slice->to = i + 1 == slices ? last : first + rows / slices * (i + 1) - 1;
    }
    return status;
}

/* ---- All rows ---- */

static cw_status make_groups(struct pass *pass, const struct cw_rule_task *tasks, size_t count,
                             struct cw_error *error)
{
    struct group *group = NULL;
    pass->groups = calloc(CW_ENTITY_COUNT + count / CW_RULE_GROUP_MAX + 1, sizeof *pass->groups);
    if (pass->groups == NULL) {
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for the groups of rules");
    }
    for (size_t i = 0; i < count; i++) {
        if (tasks[i].rule->scan != CW_RULE_SCAN_NONE) {
            continue;
        }
        if (group == NULL || group->count == CW_RULE_GROUP_MAX ||
            group->rules[0]->entity != tasks[i].rule->entity) {
            group = &pass->groups[pass->group_count++];
        }
        group->rules[group->count] = tasks[i].rule;
        group->results[group->count++] = tasks[i].result;
    }
    return CW_OK;
}

static cw_status run_scans(struct pass *pass, const struct cw_rule_task *tasks, size_t count,
                           struct cw_error *error)
{
    pass->slice_count = 0;
    for (size_t i = 0; i < count; i++) {
        if (tasks[i].rule->scan != CW_RULE_SCAN_NONE) {
            struct slice *slice = add_empty_slice(pass);
            if (slice == NULL) {
                return cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for the check's parts");
            }
            slice->scan = &tasks[i];
        }
    }
    return run_slices(pass, error);
}

/* Children can be visited through their parents when no two of those share an id. */
static bool is_drivable(const struct cw_check_database *database, const struct cw_rule_driver *driver,
                        const struct cw_rule_task *tasks, size_t count)
{
    if (driver == NULL || (database->present >> driver->parent & 1) == 0) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (tasks[i].rule->scan == CW_RULE_SCAN_UNIQUE && tasks[i].rule->entity == driver->parent &&
            strcmp(tasks[i].rule->columns, "id") == 0) {
            return tasks[i].result->violations == 0;
        }
    }
    return false;
}

static bool belongs_to(const struct slice *slice, const struct group *group)
{
    return slice->group == group;
}

/* Takes over what the slices of the groups found. A group whose parents did not lead to all rows has rows
 * without a parent: it is left to be done again, row by row. */
static cw_status gather(struct pass *pass, bool *again, struct cw_error *error)
{
    cw_status status = CW_OK;
    *again = false;
    for (size_t i = 0; i < pass->group_count && status == CW_OK; i++) {
        struct group *group = &pass->groups[i];
        char sql[96];
        int64_t rows = 0;
        int64_t checked = 0;
        bool has_slices = false;
        for (size_t j = 0; j < pass->slice_count; j++) {
            if (belongs_to(&pass->slices[j], group)) {
                checked += pass->slices[j].checked;
                has_slices = true;
            }
        }
        if (has_slices && group->driver != NULL) {
            snprintf(sql, sizeof sql, "SELECT count(*) FROM %s",
                     cw_entity_get(group->rules[0]->entity)->table);
            status = cw_check_numbers(pass->database->connections[0], sql, &rows, 1, error);
            if (status != CW_OK || rows != checked) {
                group->driver = NULL;
                *again = true;
                continue;
            }
        }
        for (size_t j = 0; j < pass->slice_count; j++) {
            if (belongs_to(&pass->slices[j], group)) {
                add_slice(&pass->slices[j]);
            }
        }
        group->count = has_slices ? 0 : group->count;
    }
    return status;
}

/* Groups that are done have no rules left. */
static cw_status run_groups(struct pass *pass, bool *again, struct cw_error *error)
{
    cw_status status = CW_OK;
    pass->slice_count = 0;
    for (size_t i = 0; i < pass->group_count && status == CW_OK; i++) {
        if (pass->groups[i].count > 0) {
            status = add_group_slices(pass, &pass->groups[i], error);
        }
    }
    if (status == CW_OK) {
        status = run_slices(pass, error);
    }
    return status == CW_OK ? gather(pass, again, error) : status;
}

/* Scans look at all rows of their table, as the entity's other rules do. */
static void share_checked(const struct cw_rule_task *tasks, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < count && tasks[i].rule->scan != CW_RULE_SCAN_NONE; j++) {
            if (tasks[j].rule->entity == tasks[i].rule->entity && tasks[j].rule->scan == CW_RULE_SCAN_NONE) {
                tasks[i].result->checked = tasks[j].result->checked;
                break;
            }
        }
    }
}

cw_status cw_rule_pass_all(const struct cw_check_database *database, const struct cw_rule_task *tasks,
                           size_t count, struct cw_progress *progress, struct cw_error *error)
{
    struct pass pass = {.database = database, .progress = progress, .lock = PTHREAD_MUTEX_INITIALIZER};
    bool again = true;
    cw_status status = make_groups(&pass, tasks, count, error);
    if (status == CW_OK) {
        status = run_scans(&pass, tasks, count, error);
    }
    for (size_t i = 0; i < pass.group_count && status == CW_OK; i++) {
        const struct cw_rule_driver *driver = cw_rule_driver_of(pass.groups[i].rules[0]->entity);
        pass.groups[i].driver = is_drivable(database, driver, tasks, count) ? driver : NULL;
    }
    while (again && status == CW_OK) {
        status = run_groups(&pass, &again, error);
    }
    if (status == CW_OK) {
        share_checked(tasks, count);
    }
    free(pass.slices);
    free(pass.groups);
    pthread_mutex_destroy(&pass.lock);
    return status;
}

cw_status cw_rule_pass_some(const struct cw_check_database *database, const struct cw_rule_task *tasks,
                            size_t count, const char *condition, const struct cw_uuid *focus,
                            struct cw_error *error)
{
    struct group group = {.count = 0};
    struct slice *slice = calloc(1, sizeof *slice);
    cw_status status =
        slice == NULL ? cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for the check") : CW_OK;
    for (size_t i = 0; i < count && status == CW_OK; i++) {
        group.rules[group.count] = tasks[i].rule;
        group.results[group.count++] = tasks[i].result;
        if (group.count == CW_RULE_GROUP_MAX || i + 1 == count) {
            *slice = (struct slice){.group = &group};
            status = run_slice(database->connections[0], slice, condition, focus, error);
            if (status == CW_OK) {
                add_slice(slice);
            }
            group.count = 0;
        }
    }
    free(slice);
    return status;
}
