#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "service/rule_held.h"
#include "service/rules.h"

/* Texts of derived rules stand one after another in one buffer; a rule holds offsets into it until all are
 * made. */
struct maker {
    struct cw_rule *rules;
    size_t count, capacity;
    struct cw_buffer text;
    struct cw_error *error;
};

static cw_status add_rule(struct maker *maker, struct cw_rule **rule)
{
    if (maker->count == maker->capacity) {
        const size_t capacity = maker->capacity * 2 + 256;
        struct cw_rule *grown = realloc(maker->rules, capacity * sizeof *grown);
        if (grown == NULL) {
            return cw_error_set(maker->error, CW_E_NO_MEMORY, NULL, "no memory for the rules");
        }
        maker->rules = grown;
        maker->capacity = capacity;
    }
    *rule = &maker->rules[maker->count++];
    **rule = (struct cw_rule){.joins = ""};
    return CW_OK;
}

/* Ends the text begun at *start; it stays an offset until the buffer no longer moves. */
static cw_status end_text(struct maker *maker)
{
    return cw_buffer_append(&maker->text, "", 1, maker->error);
}

static const char *offset_text(size_t offset)
{
    /* Offset 0 must differ from NULL. */
    return (const char *)(offset + 1);
}

#define TEXT(maker, status, field, ...)                                                                      \
    do {                                                                                                     \
        if ((status) == CW_OK) {                                                                             \
            (field) = offset_text((maker)->text.size);                                                       \
            (status) = cw_buffer_format(&(maker)->text, (maker)->error, __VA_ARGS__);                        \
        }                                                                                                    \
        if ((status) == CW_OK) {                                                                             \
            (status) = end_text(maker);                                                                      \
        }                                                                                                    \
    } while (0)

static cw_status add_required(struct maker *maker, const struct cw_entity *entity)
{
    struct cw_rule *rule = NULL;
    const char *glue = "";
    cw_status status = add_rule(maker, &rule);
    if (status == CW_OK) {
        rule->entity = entity->id;
        rule->description = "Every column that must not be null has a value";
    }
    TEXT(maker, status, rule->name, "%s.required", entity->table);
    if (status == CW_OK) {
        rule->violation = offset_text(maker->text.size);
    }
    for (uint32_t i = 0; i < entity->column_count && status == CW_OK; i++) {
        if (!entity->columns[i].nullable) {
            status =
                cw_buffer_format(&maker->text, maker->error, "%st.%s IS NULL", glue, entity->columns[i].name);
            glue = " OR ";
        }
    }
    if (status == CW_OK) {
        status = end_text(maker);
    }
    glue = "";
    if (status == CW_OK) {
        rule->detail = offset_text(maker->text.size);
    }
    for (uint32_t i = 0; i < entity->column_count && status == CW_OK; i++) {
        if (!entity->columns[i].nullable) {
            status = cw_buffer_format(&maker->text, maker->error, "%siif(t.%s IS NULL, '%s ', '')", glue,
                                      entity->columns[i].name, entity->columns[i].name);
            glue = " || ";
        }
    }
    return status != CW_OK ? status : end_text(maker);
}

static cw_status add_values(struct maker *maker, const struct cw_entity *entity,
                            const struct cw_column_def *column)
{
    struct cw_rule *rule = NULL;
    cw_status status = add_rule(maker, &rule);
    if (status == CW_OK) {
        rule->entity = entity->id;
        rule->description = "One of the values of the schema";
    }
    TEXT(maker, status, rule->name, "%s.%s.values", entity->table, column->name);
    TEXT(maker, status, rule->detail, "t.%s", column->name);
    TEXT(maker, status, rule->violation, "NOT one_of(t.%s, '%s')", column->name, column->values);
    return status;
}

/* The join that looks a reference up; NULL: no rule needs the row. */
static const struct cw_rule_join *find_join(const struct cw_entity *entity,
                                            const struct cw_column_def *column)
{
    for (size_t i = 0; i < cw_rule_join_count; i++) {
        const struct cw_rule_join *join = &cw_rule_joins[i];
        if (join->entity == entity->id && join->column != NULL && strcmp(join->column, column->name) == 0) {
            return join;
        }
    }
    return NULL;
}

static cw_status add_reference(struct maker *maker, const struct cw_entity *entity,
                               const struct cw_column_def *column)
{
    struct cw_rule *rule = NULL;
    const struct cw_rule_join *join = NULL;
    const char *table = cw_entity_get((enum cw_entity_id)column->reference)->table;
    const char *held = cw_rule_held_name((enum cw_entity_id)column->reference);
    cw_status status = add_rule(maker, &rule);
    if (status == CW_OK) {
        rule->entity = entity->id;
        rule->needs = 1U << column->reference;
        join = find_join(entity, column);
    }
    TEXT(maker, status, rule->name, "%s.%s.exists", entity->table, column->name);
    TEXT(maker, status, rule->description, "What %s names is in %s", column->name, table);
    TEXT(maker, status, rule->detail, "uuid_text(t.%s)", column->name);
    if (join != NULL && status == CW_OK) {
        /* Other rules join the row anyway. */
        rule->joins = join->alias;
        TEXT(maker, status, rule->violation, "t.%s IS NOT NULL AND %s.id IS NULL", column->name, join->alias);
        return status;
    }
    TEXT(maker, status, rule->violation,
         "t.%s IS NOT NULL AND NOT EXISTS (SELECT 1 FROM %s r WHERE r.id = t.%s)", column->name,
         held != NULL ? held : table, column->name);
    return status;
}

static cw_status add_unique(struct maker *maker, const struct cw_entity *entity,
                            const struct cw_column_def *column)
{
    struct cw_rule *rule = NULL;
    cw_status status = add_rule(maker, &rule);
    if (status == CW_OK) {
        rule->entity = entity->id;
        rule->description = "No two rows share a value";
        rule->scan = CW_RULE_SCAN_UNIQUE;
        rule->columns = column->name;
    }
    TEXT(maker, status, rule->name, "%s.%s.unique", entity->table, column->name);
    TEXT(maker, status, rule->detail, "%s(t.%s)", column->type == CW_TYPE_UUID ? "uuid_text" : "",
         column->name);
    TEXT(maker, status, rule->violation,
         "EXISTS (SELECT 1 FROM %s u WHERE u.%s = t.%s AND u.rowid <> t.rowid)", entity->table, column->name,
         column->name);
    return status;
}

static cw_status add_as_of(struct maker *maker, const struct cw_entity *entity)
{
    struct cw_rule *rule = NULL;
    cw_status status = add_rule(maker, &rule);
    if (status == CW_OK) {
        rule->entity = entity->id;
        rule->description = "No time is later than as-of";
    }
    TEXT(maker, status, rule->name, "%s.not_after_as_of", entity->table);
    if (status == CW_OK) {
        rule->violation = offset_text(maker->text.size);
        status = cw_buffer_format(&maker->text, maker->error, "max(0");
    }
    for (uint32_t i = 0; i < entity->column_count && status == CW_OK; i++) {
        if (entity->columns[i].type == CW_TYPE_TIMESTAMP) {
            status =
                cw_buffer_format(&maker->text, maker->error, ", ifnull(t.%s, 0)", entity->columns[i].name);
        }
    }
    if (status == CW_OK) {
        status = cw_buffer_format(&maker->text, maker->error, ") > as_of()");
    }
    if (status == CW_OK) {
        status = end_text(maker);
    }
    TEXT(maker, status, rule->detail, "'as of ' || instant(as_of())");
    return status;
}

static cw_status derive(struct maker *maker, const struct cw_entity *entity)
{
    bool has_times = false;
    cw_status status = add_required(maker, entity);
    for (uint32_t i = 0; i < entity->column_count && status == CW_OK; i++) {
        const struct cw_column_def *column = &entity->columns[i];
        has_times = has_times || column->type == CW_TYPE_TIMESTAMP;
        if (column->values != NULL) {
            status = add_values(maker, entity, column);
        }
        if (column->reference != CW_NO_REFERENCE && status == CW_OK) {
            status = add_reference(maker, entity, column);
        }
        if (column->unique && status == CW_OK) {
            status = add_unique(maker, entity, column);
        }
    }
    return status == CW_OK && has_times ? add_as_of(maker, entity) : status;
}

static cw_status copy_rules(struct maker *maker, const struct cw_rule *rules, size_t count,
                            enum cw_entity_id entity)
{
    struct cw_rule *rule = NULL;
    cw_status status = CW_OK;
    for (size_t i = 0; i < count && status == CW_OK; i++) {
        if (rules[i].entity == entity && (status = add_rule(maker, &rule)) == CW_OK) {
            *rule = rules[i];
        }
    }
    return status;
}

/* Turns a text's offset into its place, now that the buffer stays where it is. */
static void place_text(const struct maker *maker, const char **text)
{
    const uintptr_t offset = (uintptr_t)*text;
    if (offset != 0 && offset <= maker->text.size) {
        *text = maker->text.data + (offset - 1);
    }
}

cw_status cw_rule_list_init(struct cw_rule_list *list, struct cw_error *error)
{
    struct maker maker = {.error = error};
    cw_status status = CW_OK;
    for (int i = 0; i < CW_ENTITY_COUNT && status == CW_OK; i++) {
        status = derive(&maker, cw_entity_get((enum cw_entity_id)i));
        if (status == CW_OK) {
            status = copy_rules(&maker, cw_shop_rules, cw_shop_rule_count, (enum cw_entity_id)i);
        }
        if (status == CW_OK) {
            status = copy_rules(&maker, cw_order_rules, cw_order_rule_count, (enum cw_entity_id)i);
        }
    }
    if (status != CW_OK) {
        free(maker.rules);
        cw_buffer_clear(&maker.text);
        return status;
    }
    for (size_t i = 0; i < maker.count; i++) {
        place_text(&maker, &maker.rules[i].name);
        place_text(&maker, &maker.rules[i].violation);
        place_text(&maker, &maker.rules[i].detail);
        place_text(&maker, &maker.rules[i].description);
    }
    *list = (struct cw_rule_list){maker.rules, maker.count, maker.text.data};
    return CW_OK;
}

void cw_rule_list_clear(struct cw_rule_list *list)
{
    free(list->rules);
    free(list->memory);
    *list = (struct cw_rule_list){0};
}
