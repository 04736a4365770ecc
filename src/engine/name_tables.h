/* Names of a market as tables for fast draws. Family and given names of one ascii form are a group; groups
 * divide the 64-bit range of positions in proportion to their weights, so that a position stands for a name
 * and evenly spread positions for names as common as they should be. */
#ifndef CW_ENGINE_NAME_TABLES_H
#define CW_ENGINE_NAME_TABLES_H

#include <string.h>

#include "base/arena.h"
#include "cartwright/error.h"
#include "engine/age_table.h"
#include "model/reference.h"

#define CW_INITIALS 26
#define CW_NAME_GUIDE_BITS 12
#define CW_FAMILY_SPELLINGS_MAX 63
#define CW_FAMILY_TEXT_MAX 14
#define CW_GIVEN_TEXT_MAX 16

/* Groups begin at multiples of 2^33: starts of 31 bits leave room for an end mark that is above all
 * positions. */
#define CW_START_SHIFT 33
#define CW_START_END (UINT32_C(1) << (64 - CW_START_SHIFT))

/* Family names of one ascii form. All that a row needs of a name lies in one cache line. */
struct cw_family_group {
    uint64_t scale;                   /* maps an offset into the group onto the whole 64-bit range */
    uint32_t count : 6;               /* names of this ascii form */
    uint32_t offending_initials : 26; /* bit i: the initial 'a' + i before the name makes an offensive word */
    uint16_t first;                   /* first name */
    uint8_t sharing_markets;          /* markets that know this ascii form */
    uint8_t sharing_rank;             /* those of them before this one */
    uint8_t rotation;              /* initial of the given name that the group's first position stands for */
    char text[CW_FAMILY_TEXT_MAX]; /* the ascii form; only its beginning if it is longer */
    uint8_t length;                /* of the ascii form, at most 255 */
};

/* Given names of one ascii form; its cells say which spelling, sex and birth decade, by weight. */
struct cw_given_group {
    uint32_t start, end; /* its range, in 2^33 */
    uint32_t first_cell;
    uint16_t cell_count;
    uint8_t initial; /* 0 for a to 25 for z */
    char text[CW_GIVEN_TEXT_MAX];
    uint8_t length;
};

/* A cell of an alias table over the cells of a group, small to stay in the cache. */
struct cw_given_cell {
    uint16_t threshold; /* of 2^16: below it this cell, else other */
    uint16_t name;      /* in the market's given names */
    uint8_t other;      /* within the group */
    uint8_t decade;     /* of birth, or CW_ANY_DECADE */
};

/* The groups of either kind of name by position. */
struct cw_name_range {
    uint32_t count;
    uint32_t *starts; /* where each group begins, in 2^33; followed by CW_SEARCH_STEPS end marks */
    uint16_t guide[1 << CW_NAME_GUIDE_BITS]; /* first group that may hold a position with these top bits */
};

struct cw_name_tables {
    struct cw_name_range families, givens;
    struct cw_family_group *family_groups;
    struct cw_given_group *given_groups;
    struct cw_given_cell *given_cells;
    uint32_t initial_groups[CW_INITIALS + 1]; /* first given group of each initial, and the count */
    uint64_t initial_starts[CW_INITIALS + 1]; /* where those begin */
};

/* Builds the tables of a market in the arena. How common names are does not depend on the day, so that name
 * and number tell customers of runs of different days apart; which of a name's birth decades is drawn does.
 */
cw_status cw_name_tables_init(struct cw_name_tables *tables, struct cw_arena *arena,
                              const struct cw_market *market, const struct cw_birth_decades *decades,
                              const struct cw_birth_decades *usual, struct cw_error *error);

/* The first group that may hold a position. */
static inline uint32_t cw_name_guide(const struct cw_name_range *range, uint64_t position)
{
    return range->guide[position >> (64 - CW_NAME_GUIDE_BITS)];
}

/* The group that holds a position. The first steps are taken without branches, since their number cannot be
 * predicted. */
#define CW_SEARCH_STEPS 4
static inline uint32_t cw_name_find(const struct cw_name_range *range, uint64_t position)
{
    uint32_t group = cw_name_guide(range, position);
    const uint32_t *next = range->starts + group + 1;
    uint32_t start = (uint32_t)(position >> CW_START_SHIFT);
    uint32_t steps = (uint32_t)(next[0] <= start) + (uint32_t)(next[1] <= start) +
                     (uint32_t)(next[2] <= start) + (uint32_t)(next[3] <= start);
    group += steps;
    if (__builtin_expect(steps == CW_SEARCH_STEPS, 0)) {
        while (range->starts[group + 1] <= start) {
            group++;
        }
    }
    return group;
}

/* Where group begins; 2^64, that is 0, for the end. */
static inline uint64_t cw_name_start(const struct cw_name_range *range, uint32_t group)
{
    return (uint64_t)range->starts[group] << CW_START_SHIFT;
}

/* Which spelling of a family name of several: an index below group->count, by weight. */
uint32_t cw_family_spelling(const struct cw_market *market, const struct cw_family_group *group,
                            uint64_t draw);

/* Writes an ascii form, with room for CW_PADDING after it; name is any name of the group. */
static inline char *cw_family_text(char *out, const struct cw_market *market,
                                   const struct cw_family_group *group, uint32_t name)
{
    memcpy(out, group->text, sizeof group->text);
    if (__builtin_expect(group->length > CW_FAMILY_TEXT_MAX, 0)) {
        const struct cw_pool *pool = &market->family_names.ascii;
        memcpy(out, pool->bytes + pool->offsets[name], group->length);
    }
    return out + group->length;
}

static inline char *cw_given_text(char *out, const struct cw_market *market,
                                  const struct cw_given_group *group, uint32_t name)
{
    memcpy(out, group->text, sizeof group->text);
    if (__builtin_expect(group->length > CW_GIVEN_TEXT_MAX, 0)) {
        const struct cw_pool *pool = &market->given_names.ascii;
        memcpy(out, pool->bytes + pool->offsets[name], group->length);
    }
    return out + group->length;
}

#endif
