#include <stdio.h>
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
    struct cw_reader *reader;
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

static cw_status take_movement(void *context, struct cw_cursor *rows, struct cw_error *error)
{
    return add_level(context, cw_cursor_integer(rows, 0), cw_cursor_integer(rows, 1), error);
}

static cw_status read_variants(struct promising *self, const uint8_t *centre, int64_t movements,
                               struct cw_error *error)
{
    struct cw_parameter parameters[] = {{.kind = CW_PARAMETER_UUID, .bytes = centre},
                                        {.kind = CW_PARAMETER_INTEGER, .integer = movements},
                                        {.kind = CW_PARAMETER_UUID}};
    cw_status status = CW_OK;
    for (uint32_t v = self->first; status == CW_OK && v < self->first + self->count; v++) {
        parameters[2].bytes = self->catalogue->data.variant_ids[v].bytes;
        status = cw_reader_each(self->reader,
                                "SELECT occurred_at, quantity FROM stock_movements WHERE "
                                "fulfilment_centre_id = ?1 AND rowid <= ?2 AND variant_id = ?3 ORDER BY "
                                "occurred_at",
                                parameters, 3, false, take_movement, self, error);
        if (status == CW_OK) {
            status = make_steps(self, v, error);
        }
    }
    return status;
}

static bool is_asked_for(const struct promising *self, int64_t variant)
{
    return variant >= self->first && variant < (int64_t)self->first + self->count;
}

/* The rows of a site by variant and time; the variant of the row before. */
struct site_reading {
    struct promising *self;
    uint8_t id[16];
    int64_t variant;
};

static cw_status end_variant(const struct site_reading *site, struct cw_error *error)
{
    return is_asked_for(site->self, site->variant) ? make_steps(site->self, (uint32_t)site->variant, error)
                                                   : CW_OK;
}

static cw_status take_of_site(void *context, struct cw_cursor *rows, struct cw_error *error)
{
    struct site_reading *site = context;
    uint8_t id[16];
    cw_status status = CW_OK;
    cw_cursor_uuid(rows, 0, id);
    if (site->variant < 0 || memcmp(id, site->id, sizeof id) != 0) {
        status = end_variant(site, error);
        memcpy(site->id, id, sizeof id);
        site->variant = cw_id_index_find(&site->self->catalogue->variants, id);
    }
    if (status == CW_OK && is_asked_for(site->self, site->variant)) {
        status = add_level(site->self, cw_cursor_integer(rows, 1), cw_cursor_integer(rows, 2), error);
    }
    return status;
}

static cw_status read_site(struct promising *self, const uint8_t *centre, int64_t movements,
                           struct cw_error *error)
{
    const struct cw_parameter parameters[] = {{.kind = CW_PARAMETER_UUID, .bytes = centre},
                                              {.kind = CW_PARAMETER_INTEGER, .integer = movements}};
    struct site_reading site = {.self = self, .variant = -1};
    char sql[256];
    snprintf(sql, sizeof sql,
             "SELECT variant_id, occurred_at, quantity FROM stock_movements%s WHERE "
             "fulfilment_centre_id = ?1 AND rowid <= ?2 ORDER BY variant_id, occurred_at",
             self->reader->store->operations->ledger_hint);
    const cw_status status =
        cw_reader_each(self->reader, sql, parameters, 2, true, take_of_site, &site, error);
    return status == CW_OK ? end_variant(&site, error) : status;
}

struct centre_reading {
    uint8_t id[16];
    bool is_there;
};

static cw_status take_centre(void *context, struct cw_cursor *rows, struct cw_error *error)
{
    (void)error;
    struct centre_reading *centre = context;
    cw_cursor_uuid(rows, 0, centre->id);
    centre->is_there = true;
    return CW_OK;
}

static cw_status find_centre(struct cw_reader *reader, uint32_t site, struct centre_reading *centre,
                             struct cw_error *error)
{
    const struct cw_parameter code = {.kind = CW_PARAMETER_TEXT, .bytes = cw_fulfilment_site_get(site)->code};
    return cw_reader_each(reader, "SELECT id FROM fulfilment_centres WHERE code = ?1", &code, 1, false,
                          take_centre, centre, error);
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

cw_status cw_promise_read(struct cw_reader *reader, const struct cw_catalogue_part *catalogue,
                          int64_t movements, uint32_t site, uint32_t first, uint32_t count,
                          struct cw_promise *promise, struct cw_error *error)
{
    if (site >= cw_fulfilment_site_count() || first > catalogue->data.variant_count ||
        count > catalogue->data.variant_count - first) {
        return cw_error_set(error, CW_E_INVALID, "variant",
                            "stock of site %u, variants %u to %llu was asked for", site, first,
                            (unsigned long long)first + count);
    }
    struct promising self = {.reader = reader, .catalogue = catalogue, .first = first, .count = count};
    struct centre_reading centre = {.is_there = false};
    self.ranges = calloc(count + (size_t)1, sizeof *self.ranges);
    cw_status status = self.ranges != NULL
                           ? find_centre(reader, site, &centre, error)
                           : cw_error_set(error, CW_E_NO_MEMORY, NULL,
                                          "out of memory: reading the stock of %u variants", count);
    if (status == CW_OK && centre.is_there) {
        status = count > catalogue->data.variant_count / WHOLE_SITE_SHARE && count > 1
                     ? read_site(&self, centre.id, movements, error)
                     : read_variants(&self, centre.id, movements, error);
    }
    if (status == CW_OK) {
        status = lay_out(&self, promise, error);
    }
    promising_clear(&self);
    return status;
}
