#include <stdlib.h>
#include <string.h>

#include "model/reference.h"
#include "store/store_world.h"

/* From this share of the catalogue on (1 / WHOLE_SITE_SHARE), one pass over all of a site's movements is
 * cheaper than a search for each variant. */
#define WHOLE_SITE_SHARE 16

/* Steps of one variant among all that were made. */
struct step_range {
    uint32_t first;
    uint32_t count;
};

struct promising {
    struct cw_connection *connection;
    const struct cw_catalogue_part *catalogue;
    uint32_t first; /* variants asked for */
    uint32_t count;
    struct step_range *ranges; /* by variant asked for */
    int64_t *times;            /* steps, in the order in which they were made */
    uint32_t time_capacity;
    int32_t *available;
    uint32_t available_capacity;
    uint32_t step_count;
    int64_t *level_times; /* levels of the variant being read */
    uint32_t level_time_capacity;
    int64_t *levels;
    uint32_t level_capacity;
    uint32_t level_count;
};

static void promising_clear(struct promising *self)
{
    free(self->ranges);
    free(self->times);
    free(self->available);
    free(self->level_times);
    free(self->levels);
}

void cw_promise_clear(struct cw_promise *promise)
{
    free(promise->first_step);
    free(promise->times);
    free(promise->available);
    *promise = (struct cw_promise){0};
}

/* Adds a movement; what happens at one instant counts as one. */
static cw_status add_level(struct promising *self, int64_t time, int64_t quantity, struct cw_error *error)
{
    const uint32_t at = self->level_count;
    if (at > 0 && self->level_times[at - 1] == time) {
        self->levels[at - 1] += quantity;
        return CW_OK;
    }
    cw_status status = cw_array_reserve((void **)&self->level_times, &self->level_time_capacity, at + 1,
                                        sizeof *self->level_times, error);
    if (status == CW_OK) {
        status = cw_array_reserve((void **)&self->levels, &self->level_capacity, at + 1, sizeof *self->levels,
                                  error);
    }
    if (status == CW_OK) {
        self->level_times[at] = time;
        self->levels[at] = (at > 0 ? self->levels[at - 1] : 0) + quantity;
        self->level_count++;
    }
    return status;
}

/* Turns the levels of a variant into steps: the lowest level from each moment on, where it rises. */
static cw_status make_steps(struct promising *self, uint32_t variant, struct cw_error *error)
{
    const uint32_t first = self->step_count;
    cw_status status = cw_array_reserve((void **)&self->times, &self->time_capacity,
                                        first + self->level_count, sizeof *self->times, error);
    if (status == CW_OK) {
        status = cw_array_reserve((void **)&self->available, &self->available_capacity,
                                  first + self->level_count, sizeof *self->available, error);
    }
    if (status != CW_OK) {
        return status;
    }
    for (uint32_t i = self->level_count; i-- > 1;) {
        if (self->levels[i] < self->levels[i - 1]) {
            self->levels[i - 1] = self->levels[i];
        }
    }
    int64_t before = 0;
    for (uint32_t i = 0; i < self->level_count; i++) {
        const int64_t level = self->levels[i] > INT32_MAX ? INT32_MAX : self->levels[i];
        if (level > before) {
            self->times[self->step_count] = self->level_times[i];
            self->available[self->step_count++] = (int32_t)level;
            before = level;
        }
    }
    self->ranges[variant - self->first] = (struct step_range){first, self->step_count - first};
    self->level_count = 0;
    return CW_OK;
}

static cw_status read_variant(struct promising *self, sqlite3_stmt *statement, uint32_t variant,
                              struct cw_error *error)
{
    sqlite3_bind_blob(statement, 3, self->catalogue->data.variant_ids[variant].bytes, 16, SQLITE_STATIC);
    cw_status status = CW_OK;
    int code = SQLITE_DONE;
    while (status == CW_OK && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        status =
            add_level(self, sqlite3_column_int64(statement, 0), sqlite3_column_int64(statement, 1), error);
    }
    if (status == CW_OK && code != SQLITE_DONE) {
        status = cw_connection_error(self->connection, error);
    }
    sqlite3_reset(statement);
    return status == CW_OK ? make_steps(self, variant, error) : status;
}

static cw_status read_variants(struct promising *self, const uint8_t *centre, int64_t movements,
                               struct cw_error *error)
{
    sqlite3_stmt *statement;
    cw_status status = cw_connection_prepare(self->connection,
                                             "SELECT occurred_at, quantity FROM stock_movements WHERE "
                                             "fulfilment_centre_id = ?1 AND rowid <= ?2 AND "
                                             "variant_id = ?3 ORDER BY occurred_at",
                                             &statement, error);
    if (status != CW_OK) {
        return status;
    }
    sqlite3_bind_blob(statement, 1, centre, 16, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 2, movements);
    for (uint32_t v = self->first; status == CW_OK && v < self->first + self->count; v++) {
        status = read_variant(self, statement, v, error);
    }
    cw_statement_finish(statement);
    return status;
}

static bool is_asked_for(const struct promising *self, int64_t variant)
{
    return variant >= self->first && variant < (int64_t)self->first + self->count;
}

/* All movements of the site, by variant and time, as the index holds them. */
static cw_status step_through_site(struct promising *self, sqlite3_stmt *statement, struct cw_error *error)
{
    uint8_t id[16] = {0};
    int64_t variant = -1;
    cw_status status = CW_OK;
    int code = SQLITE_DONE;
    while (status == CW_OK && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        const void *row_id = sqlite3_column_blob(statement, 0);
        if (variant < 0 || memcmp(id, row_id, sizeof id) != 0) {
            if (is_asked_for(self, variant)) {
                status = make_steps(self, (uint32_t)variant, error);
            }
            memcpy(id, row_id, sizeof id);
            variant = cw_id_index_find(&self->catalogue->variants, id);
        }
        if (status == CW_OK && is_asked_for(self, variant)) {
            status = add_level(self, sqlite3_column_int64(statement, 1), sqlite3_column_int64(statement, 2),
                               error);
        }
    }
    if (status == CW_OK && code != SQLITE_DONE) {
        return cw_connection_error(self->connection, error);
    }
    return status == CW_OK && is_asked_for(self, variant) ? make_steps(self, (uint32_t)variant, error)
                                                          : status;
}

static cw_status read_site(struct promising *self, const uint8_t *centre, int64_t movements,
                           struct cw_error *error)
{
    sqlite3_stmt *statement;
    cw_status status =
        cw_connection_prepare(self->connection,
                              "SELECT variant_id, occurred_at, quantity FROM stock_movements INDEXED BY "
                              "stock_movements_ledger WHERE "
                              "fulfilment_centre_id = ?1 AND rowid <= ?2 ORDER BY variant_id, occurred_at",
                              &statement, error);
    if (status != CW_OK) {
        return status;
    }
    sqlite3_bind_blob(statement, 1, centre, 16, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 2, movements);
    status = step_through_site(self, statement, error);
    cw_statement_finish(statement);
    return status;
}

static cw_status find_centre(struct cw_connection *connection, uint32_t site, uint8_t centre[16],
                             bool *is_there, struct cw_error *error)
{
    sqlite3_stmt *statement;
    cw_status status = cw_connection_prepare(connection, "SELECT id FROM fulfilment_centres WHERE code = ?1",
                                             &statement, error);
    if (status != CW_OK) {
        return status;
    }
    sqlite3_bind_text(statement, 1, cw_fulfilment_site_get(site)->code, -1, SQLITE_STATIC);
    const int code = sqlite3_step(statement);
    *is_there = code == SQLITE_ROW && sqlite3_column_bytes(statement, 0) == 16;
    if (*is_there) {
        memcpy(centre, sqlite3_column_blob(statement, 0), 16);
    } else if (code != SQLITE_DONE && code != SQLITE_ROW) {
        status = cw_connection_error(connection, error);
    }
    cw_statement_finish(statement);
    return status;
}

/* Lays the steps out in the order of the variants. */
static cw_status lay_out(const struct promising *self, struct cw_promise *promise, struct cw_error *error)
{
    const size_t steps = self->step_count > 0 ? self->step_count : 1;
    struct cw_promise made = {
        .first_step = malloc((self->count + (size_t)1) * sizeof *made.first_step),
        .times = malloc(steps * sizeof *made.times),
        .available = malloc(steps * sizeof *made.available),
    };
    if (made.first_step == NULL || made.times == NULL || made.available == NULL) {
        cw_promise_clear(&made);
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "out of memory: reading the stock of %u variants",
                            self->count);
    }
    uint32_t at = 0;
    for (uint32_t k = 0; k < self->count; k++) {
        const struct step_range range = self->ranges[k];
        made.first_step[k] = at;
        if (range.count > 0) {
            memcpy(made.times + at, self->times + range.first, range.count * sizeof *made.times);
            memcpy(made.available + at, self->available + range.first, range.count * sizeof *made.available);
        }
        at += range.count;
    }
    made.first_step[self->count] = at;
    *promise = made;
    return CW_OK;
}

cw_status cw_promise_read(struct cw_connection *connection, const struct cw_catalogue_part *catalogue,
                          int64_t movements, uint32_t site, uint32_t first, uint32_t count,
                          struct cw_promise *promise, struct cw_error *error)
{
    if (site >= cw_fulfilment_site_count() || first > catalogue->data.variant_count ||
        count > catalogue->data.variant_count - first) {
        return cw_error_set(error, CW_E_INVALID, "variant",
                            "stock of site %u, variants %u to %llu was asked for", site, first,
                            (unsigned long long)first + count);
    }
    struct promising self = {
        .connection = connection, .catalogue = catalogue, .first = first, .count = count};
    uint8_t centre[16];
    bool is_there = false;
    self.ranges = calloc(count + (size_t)1, sizeof *self.ranges);
    cw_status status = self.ranges != NULL
                           ? find_centre(connection, site, centre, &is_there, error)
                           : cw_error_set(error, CW_E_NO_MEMORY, NULL,
                                          "out of memory: reading the stock of %u variants", count);
    if (status == CW_OK && is_there) {
        status = count > catalogue->data.variant_count / WHOLE_SITE_SHARE && count > 1
                     ? read_site(&self, centre, movements, error)
                     : read_variants(&self, centre, movements, error);
    }
    if (status == CW_OK) {
        status = lay_out(&self, promise, error);
    }
    promising_clear(&self);
    return status;
}
