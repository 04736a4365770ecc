#include "engine/name_tables.h"

#include <stdlib.h>

#include "base/draw.h"
#include "engine/distribution.h"
#include "model/screen.h"

static cw_status no_memory(struct cw_error *error, const char *what)
{
    return cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for the tables of %s", what);
}

/* The share of people of a decade. */
static double decade_share(const struct cw_birth_decades *decades, uint32_t decade)
{
    return (double)(decades->start[decade] - decades->start[decade + 1]) / 4294967295.0;
}

static size_t text_length(const struct cw_pool *pool, uint32_t name)
{
    return pool->offsets[name + 1] - pool->offsets[name];
}

static bool same_text(const struct cw_pool *pool, uint32_t a, uint32_t b)
{
    size_t length = text_length(pool, a);
    return length == text_length(pool, b) &&
           memcmp(pool->bytes + pool->offsets[a], pool->bytes + pool->offsets[b], length) == 0;
}

/* Forms of one letter cannot be told from initials in e-mail addresses, so they get no weight. */
static bool is_usable(const struct cw_pool *ascii, uint32_t name)
{
    return text_length(ascii, name) >= 2;
}

/* Copies the beginning of a text into a field of capacity bytes; returns the whole length. */
static uint8_t keep_text(char *field, size_t capacity, const struct cw_pool *pool, uint32_t name)
{
    size_t length = text_length(pool, name);
    memcpy(field, pool->bytes + pool->offsets[name], length < capacity ? length : capacity);
    return (uint8_t)length;
}

/* ---- Ranges ---- */

static cw_status range_init(struct cw_name_range *range, struct cw_arena *arena, uint32_t names,
                            const char *what, struct cw_error *error)
{
    range->starts = cw_arena_alloc(arena, ((size_t)names + 1 + CW_SEARCH_STEPS) * sizeof *range->starts);
    return range->starts == NULL ? no_memory(error, what) : CW_OK;
}

/* Ends the starts and makes the guide to them. */
static void range_finish(struct cw_name_range *range, uint32_t count)
{
    range->count = count;
    for (uint32_t i = 0; i < CW_SEARCH_STEPS; i++) {
        range->starts[count + i] = CW_START_END;
    }
    uint32_t group = 0;
    for (uint32_t bucket = 0; bucket < 1U << CW_NAME_GUIDE_BITS; bucket++) {
        uint32_t start = bucket << (64 - CW_START_SHIFT - CW_NAME_GUIDE_BITS);
        while (group + 1 < count && range->starts[group + 1] <= start) {
            group++;
        }
        range->guide[bucket] = (uint16_t)group;
    }
}

/* ---- Family names ---- */

/* The group of the names from first up to end, which are of one ascii form. */
static struct cw_family_group family_group(const struct cw_family_names *names, uint32_t first, uint32_t end)
{
    struct cw_family_group group = {
        .first = (uint16_t)first,
        .count = (end - first < CW_FAMILY_SPELLINGS_MAX ? end - first : CW_FAMILY_SPELLINGS_MAX) & 0x3f,
        .sharing_markets = names->sharing_markets[first],
        .sharing_rank = names->sharing_rank[first],
        .rotation = (uint8_t)(cw_mix(first) % CW_INITIALS),
    };
    group.length = keep_text(group.text, sizeof group.text, &names->ascii, first);
    return group;
}

static uint64_t family_weight(const struct cw_family_names *names, uint32_t name)
{
    return is_usable(&names->ascii, name) ? names->weights[name] : 0;
}

/* Returns the number of groups. */
static uint32_t list_family_groups(struct cw_name_tables *tables, const struct cw_family_names *names)
{
    uint64_t total = 0;
    uint64_t sum = 0;
    for (uint32_t i = 0; i < names->count; i++) {
        total += family_weight(names, i);
    }
    uint32_t count = 0;
    for (uint32_t i = 0; i < names->count;) {
        uint32_t end = i + 1;
        uint64_t weight = family_weight(names, i);
        for (; end < names->count && same_text(&names->ascii, i, end); end++) {
            weight += family_weight(names, end);
        }
        if (weight > 0) {
            tables->families.starts[count] = (uint32_t)(sum * CW_START_END / total);
            tables->family_groups[count++] = family_group(names, i, end);
            sum += weight;
        }
        i = end;
    }
    return count;
}

/* Compares the beginning of a name with a text, as memcmp does. */
static int compare_beginning(const struct cw_pool *pool, uint32_t name, const char *text, size_t length)
{
    size_t name_length = text_length(pool, name);
    int order = memcmp(pool->bytes + pool->offsets[name], text, name_length < length ? name_length : length);
    return order != 0 || name_length >= length ? order : -1;
}

/* Notes for every token of the screen which names it is, or begins, but for its first letter. The groups
 * stand in alphabetical order. */
static void note_offending_initials(struct cw_name_tables *tables, const struct cw_family_names *names)
{
    for (uint32_t t = 0; t < cw_screen_token_count(); t++) {
        struct cw_screen_token token = cw_screen_token_get(t);
        const char *rest = token.text + 1;
        size_t length = strlen(rest);
        uint32_t low = 0;
        uint32_t high = tables->families.count;
        while (low < high) {
            uint32_t middle = (low + high) / 2;
            if (compare_beginning(&names->ascii, tables->family_groups[middle].first, rest, length) < 0) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        for (; low < tables->families.count; low++) {
            struct cw_family_group *group = &tables->family_groups[low];
            if (compare_beginning(&names->ascii, group->first, rest, length) != 0) {
                break;
            }
            if (!token.is_whole || text_length(&names->ascii, group->first) == length) {
                group->offending_initials =
                    (group->offending_initials | UINT32_C(1) << (token.text[0] - 'a')) & 0x3ffffff;
            }
        }
    }
}

static cw_status build_family_groups(struct cw_name_tables *tables, struct cw_arena *arena,
                                     const struct cw_market *market, struct cw_error *error)
{
    const struct cw_family_names *names = &market->family_names;
    if (names->count == 0 || names->count > UINT16_MAX) {
        return cw_error_set(error, CW_E_INTERNAL, NULL, "market %s has %u family names; expected 1 to 65535",
                            market->country, names->count);
    }
    tables->family_groups = cw_arena_alloc(arena, ((size_t)names->count + 1) * sizeof *tables->family_groups);
    cw_status status = tables->family_groups == NULL
                           ? no_memory(error, "family names")
                           : range_init(&tables->families, arena, names->count, "family names", error);
    if (status != CW_OK) {
        return status;
    }
    range_finish(&tables->families, list_family_groups(tables, names));
    note_offending_initials(tables, names);
    for (uint32_t g = 0; g < tables->families.count; g++) {
        uint64_t length = cw_name_start(&tables->families, g + 1) - cw_name_start(&tables->families, g);
        tables->family_groups[g].scale = length > 0 ? UINT64_MAX / length : 1;
    }
    return CW_OK;
}

uint32_t cw_family_spelling(const struct cw_market *market, const struct cw_family_group *group,
                            uint64_t draw)
{
    const uint32_t *weights = market->family_names.weights + group->first;
    uint64_t total = 0;
    for (uint32_t i = 0; i < group->count; i++) {
        total += weights[i];
    }
    uint64_t pick = cw_below(draw, total);
    uint32_t spelling = 0;
    while (spelling + 1 < group->count && pick >= weights[spelling]) {
        pick -= weights[spelling++];
    }
    return spelling;
}

/* ---- Given names ---- */

/* Sums of given-name weights per sex and decade. */
static void sum_given_weights(const struct cw_given_names *names, double sums[2][CW_BIRTH_DECADES])
{
    memset(sums, 0, sizeof(double) * 2 * CW_BIRTH_DECADES);
    for (uint32_t i = 0; i < names->count; i++) {
        for (uint32_t d = 0; is_usable(&names->ascii, i) && d < CW_BIRTH_DECADES; d++) {
            sums[names->sex[i]][d] += names->weights[i * CW_BIRTH_DECADES + d];
        }
    }
}

static bool has_decades(const struct cw_given_names *names)
{
    for (uint32_t i = 0; i < names->count; i++) {
        for (uint32_t d = 1; d < CW_BIRTH_DECADES; d++) {
            if (names->weights[i * CW_BIRTH_DECADES + d] != names->weights[i * CW_BIRTH_DECADES]) {
                return true;
            }
        }
    }
    return false;
}

#define CELLS_MAX 256 /* of a group; cells are numbered by a byte */

struct given_build {
    struct cw_name_tables *tables;
    const struct cw_given_names *names;
    double shares[2][CW_BIRTH_DECADES]; /* people of a decade on the day, by weight of a name of a sex */
    double usual_shares[2][CW_BIRTH_DECADES];
    bool by_decade;
    double weights[CELLS_MAX]; /* of the cells of the group at hand */
    uint32_t group_cells;
    double *group_weights;
    uint32_t cell_count;
};

static void fill_shares(struct given_build *build, const struct cw_birth_decades *decades,
                        const struct cw_birth_decades *usual)
{
    double sums[2][CW_BIRTH_DECADES];
    sum_given_weights(build->names, sums);
    for (uint32_t sex = 0; sex < 2; sex++) {
        for (uint32_t d = 0; d < CW_BIRTH_DECADES; d++) {
            double sum = sums[sex][d];
            build->shares[sex][d] = sum > 0.0 ? decade_share(decades, d) / sum : 0.0;
            build->usual_shares[sex][d] = sum > 0.0 ? decade_share(usual, d) / sum : 0.0;
        }
    }
}

static void add_cell(struct given_build *build, uint32_t name, uint8_t decade, double weight)
{
    if (weight > 0.0 && build->group_cells < CELLS_MAX) {
        build->weights[build->group_cells] = weight;
        build->tables->given_cells[build->cell_count + build->group_cells++] =
            (struct cw_given_cell){.name = (uint16_t)name, .decade = decade};
    }
}

/* Adds the cells of one name; returns its usual weight. */
static double add_given_cells(struct given_build *build, uint32_t name)
{
    const uint32_t *weights = build->names->weights + (size_t)name * CW_BIRTH_DECADES;
    const double *shares = build->shares[build->names->sex[name]];
    const double *usual_shares = build->usual_shares[build->names->sex[name]];
    double usual = 0.0;
    double now = 0.0;
    for (uint32_t d = 0; d < CW_BIRTH_DECADES; d++) {
        usual += weights[d] * usual_shares[d];
        now += weights[d] * shares[d];
        if (build->by_decade) {
            add_cell(build, name, (uint8_t)d, weights[d] * shares[d]);
        }
    }
    if (!build->by_decade) {
        add_cell(build, name, CW_ANY_DECADE, now);
    }
    return usual;
}

/* Turns the weights of the group's cells into an alias table. */
static void fill_given_alias(struct given_build *build)
{
    struct cw_alias_cell aliases[CELLS_MAX];
    double scratch[CELLS_MAX];
    uint32_t stack[CELLS_MAX];
    cw_alias_fill(aliases, build->weights, build->group_cells, scratch, stack);
    struct cw_given_cell *cells = build->tables->given_cells + build->cell_count;
    for (uint32_t i = 0; i < build->group_cells; i++) {
        cells[i].threshold = (uint16_t)(aliases[i].threshold >> 16);
        cells[i].other = (uint8_t)aliases[i].other;
    }
}

/* Adds the group of the names from first up to end. Names given only later than anyone lived on the day are
 * borne at any age then. */
static void add_given_group(struct given_build *build, uint32_t first, uint32_t end)
{
    double weight = 0.0;
    build->group_cells = 0;
    for (uint32_t i = first; i < end && is_usable(&build->names->ascii, first); i++) {
        weight += add_given_cells(build, i);
    }
    if (weight <= 0.0) {
        return;
    }
    if (build->group_cells == 0) {
        add_cell(build, first, CW_ANY_DECADE, 1.0);
    }
    fill_given_alias(build);
    uint32_t count = build->tables->givens.count++;
    struct cw_given_group *group = &build->tables->given_groups[count];
    group->first_cell = build->cell_count;
    group->cell_count = (uint16_t)build->group_cells;
    group->length = keep_text(group->text, sizeof group->text, &build->names->ascii, first);
    group->initial = (uint8_t)(group->text[0] - 'a');
    build->group_weights[count] = weight;
    build->cell_count += build->group_cells;
}

static void list_given_groups(struct given_build *build)
{
    const struct cw_given_names *names = build->names;
    struct cw_name_range *range = &build->tables->givens;
    for (uint32_t i = 0; i < names->count;) {
        uint32_t end = i + 1;
        while (end < names->count && same_text(&names->ascii, i, end)) {
            end++;
        }
        add_given_group(build, i, end);
        i = end;
    }
    double total = 0.0;
    double sum = 0.0;
    for (uint32_t g = 0; g < range->count; g++) {
        total += build->group_weights[g];
    }
    for (uint32_t g = 0; g < range->count; g++) {
        range->starts[g] = (uint32_t)(sum / total * (CW_START_END - 1));
        sum += build->group_weights[g];
    }
    range_finish(range, range->count);
    for (uint32_t g = 0; g < range->count; g++) {
        build->tables->given_groups[g].start = range->starts[g];
        build->tables->given_groups[g].end = range->starts[g + 1];
    }
}

/* The groups stand in alphabetical order, so those of one initial are neighbours. */
static void fill_initials(struct cw_name_tables *tables)
{
    uint32_t group = 0;
    for (uint32_t initial = 0; initial <= CW_INITIALS; initial++) {
        while (group < tables->givens.count && tables->given_groups[group].initial < initial) {
            group++;
        }
        tables->initial_groups[initial] = group;
        tables->initial_starts[initial] = cw_name_start(&tables->givens, group);
    }
}

static cw_status build_given_groups(struct given_build *build, struct cw_arena *arena, struct cw_error *error)
{
    struct cw_name_tables *tables = build->tables;
    const struct cw_given_names *names = build->names;
    size_t cells = (size_t)names->count * (build->by_decade ? CW_BIRTH_DECADES : 1) + CELLS_MAX;
    tables->given_groups = cw_arena_alloc(arena, ((size_t)names->count + 1) * sizeof *tables->given_groups);
    struct cw_given_cell *room = malloc(cells * sizeof *room);
    tables->given_cells = room;
    build->group_weights = calloc((size_t)names->count + 1, sizeof *build->group_weights);
    cw_status status = range_init(&tables->givens, arena, names->count, "given names", error);
    if (tables->given_groups == NULL || tables->given_cells == NULL || build->group_weights == NULL) {
        status = no_memory(error, "given names");
    }
    if (status == CW_OK) {
        list_given_groups(build);
        fill_initials(tables);
        tables->given_cells = cw_arena_alloc(arena, (build->cell_count + 1) * sizeof *room);
        status = tables->given_cells == NULL ? no_memory(error, "given names") : CW_OK;
    }
    if (status == CW_OK) {
        memcpy(tables->given_cells, room, build->cell_count * sizeof *room);
    }
    free(room);
    free(build->group_weights);
    return status;
}

cw_status cw_name_tables_init(struct cw_name_tables *tables, struct cw_arena *arena,
                              const struct cw_market *market, const struct cw_birth_decades *decades,
                              const struct cw_birth_decades *usual, struct cw_error *error)
{
    cw_status status = build_family_groups(tables, arena, market, error);
    if (status != CW_OK) {
        return status;
    }
    struct given_build build = {
        .tables = tables, .names = &market->given_names, .by_decade = has_decades(&market->given_names)};
    fill_shares(&build, decades, usual);
    return build_given_groups(&build, arena, error);
}
