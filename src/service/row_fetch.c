#include "service/row_fetch.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

#define BUCKETS 1024
/* Keys that are asked for at once. */
#define BATCH_MAX 256

/* Rows that were found by a key. */
struct answer {
    struct answer *next; /* of the same hash */
    uint32_t columns;
    struct cw_fetch_key key;
    const struct cw_fetched_row **rows;
    size_t room, count;
};

struct table {
    const struct cw_entity *entity;
    struct cw_fetched_row **rows; /* by number - 1 */
    size_t count, capacity;
    struct cw_fetched_row *row_buckets[BUCKETS];
    struct answer *answer_buckets[BUCKETS];
};

struct cw_row_fetch {
    struct cw_store *store;
    struct cw_reader *reader;
    struct cw_arena arena;
    bool gathers;
    struct table tables[CW_ENTITY_COUNT];
};

/* Keys that are asked for together, and the rows that come. */
struct batch {
    struct cw_row_fetch *fetch;
    struct table *table;
    uint32_t columns;
    bool leads;
    struct cw_fetch_key keys[BATCH_MAX];
    uint32_t count;
    const struct cw_fetched_row **rows; /* owned */
    size_t row_count, row_capacity;
};

static cw_status no_memory(struct cw_error *error)
{
    return cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for the rows of the check");
}

/* UUIDs and texts; everything else is kept as a number. */
static bool has_bytes(const struct cw_column_def *column)
{
    return column->type == CW_TYPE_UUID || column->type == CW_TYPE_STRING;
}

/* An e-mail address is the same in capitals. */
static bool folds_case(const struct cw_column_def *column)
{
    return column->type == CW_TYPE_STRING && column->personal == CW_PERSONAL_IDENTIFIER;
}

/* FNV-1a (Fowler, Noll, Vo). */
static uint32_t hash_bytes(uint32_t hash, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    for (size_t i = 0; i < size; i++) {
        hash = (hash ^ at[i]) * 16777619U;
    }
    return hash;
}

static uint32_t bucket_of(uint32_t hash)
{
    return (hash ^ hash >> 16) % BUCKETS;
}

#define HASH_START 2166136261U

static uint32_t hash_key(const struct cw_fetch_key *key)
{
    uint32_t hash = HASH_START;
    for (uint32_t i = 0; i < key->count; i++) {
        hash = hash_bytes(hash, key->bytes[i], key->sizes[i]);
    }
    return bucket_of(hash);
}

static bool same_key(const struct cw_fetch_key *a, const struct cw_fetch_key *b)
{
    bool same = a->count == b->count;
    for (uint32_t i = 0; i < a->count && same; i++) {
        same = a->sizes[i] == b->sizes[i] && memcmp(a->bytes[i], b->bytes[i], a->sizes[i]) == 0;
    }
    return same;
}

static struct answer *find_answer(const struct table *table, uint32_t columns, const struct cw_fetch_key *key)
{
    struct answer *answer = table->answer_buckets[hash_key(key)];
    while (answer != NULL && (answer->columns != columns || !same_key(&answer->key, key))) {
        answer = answer->next;
    }
    return answer;
}

/* ---- Keeping rows ---- */

static struct cw_fetched_row *find_row(const struct table *table, const uint8_t place[CW_FETCHED_PLACE])
{
    const uint32_t bucket = bucket_of(hash_bytes(HASH_START, place, CW_FETCHED_PLACE));
    struct cw_fetched_row *row = table->row_buckets[bucket];
    while (row != NULL && memcmp(row->place, place, CW_FETCHED_PLACE) != 0) {
        row = row->next;
    }
    return row;
}

/* The rows of a query have their columns first, then where they lie. */
static void read_place(struct cw_cursor *cursor, const struct cw_entity *entity,
                       uint8_t place[CW_FETCHED_PLACE])
{
    const int field = (int)entity->column_count;
    const int64_t relation = cw_cursor_integer(cursor, field);
    size_t size = 0;
    const void *bytes = cw_cursor_text(cursor, field + 1, &size);
    memset(place, 0, CW_FETCHED_PLACE);
    memcpy(place, &relation, 4);
    if (bytes != NULL) {
        memcpy(place + 4, bytes, size < CW_FETCHED_PLACE - 4 ? size : CW_FETCHED_PLACE - 4);
    }
}

/* Bytes of the texts and UUIDs of the row that the cursor stands on. */
static size_t measure_row(const struct cw_entity *entity, struct cw_cursor *cursor)
{
    size_t sum = 0;
    for (uint32_t i = 0; i < entity->column_count; i++) {
        size_t size = 0;
        if (has_bytes(&entity->columns[i]) && cw_cursor_text(cursor, (int)i, &size) != NULL) {
            sum += size + 1;
        }
    }
    return sum;
}

/* Texts are put at *room, which moves on. */
static void read_value(const struct cw_column_def *column, struct cw_cursor *cursor, int field,
                       struct cw_fetched_value *value, char **room)
{
    size_t size = 0;
    value->is_null = cw_cursor_is_null(cursor, field);
    if (value->is_null) {
        return;
    }
    if (!has_bytes(column)) {
        value->integer = cw_cursor_integer(cursor, field);
        return;
    }
    const char *bytes = cw_cursor_text(cursor, field, &size);
    memcpy(*room, bytes, size);
    value->bytes = *room;
    value->size = (uint32_t)size;
    *room += size + 1;
}

static bool grow_rows(struct table *table)
{
    const size_t capacity = table->capacity * 2 + 16;
    struct cw_fetched_row **grown = realloc(table->rows, capacity * sizeof *grown);
    if (grown == NULL) {
        return false;
    }
    table->rows = grown;
    table->capacity = capacity;
    return true;
}

/* The row that the cursor stands on, kept if it is new; NULL without memory. */
static struct cw_fetched_row *keep_row(struct cw_row_fetch *fetch, struct table *table,
                                       struct cw_cursor *cursor)
{
    const struct cw_entity *entity = table->entity;
    uint8_t place[CW_FETCHED_PLACE];
    read_place(cursor, entity, place);
    struct cw_fetched_row *row = find_row(table, place);
    if (row != NULL) {
        return row;
    }
    const size_t fixed = sizeof *row + entity->column_count * sizeof row->values[0];
    row = cw_arena_alloc(&fetch->arena, fixed + measure_row(entity, cursor));
    if (row == NULL || (table->count == table->capacity && !grow_rows(table))) {
        return NULL;
    }
    char *room = (char *)row + fixed;
    for (uint32_t i = 0; i < entity->column_count; i++) {
        read_value(&entity->columns[i], cursor, (int)i, &row->values[i], &room);
    }
    struct cw_fetched_row **bucket =
        &table->row_buckets[bucket_of(hash_bytes(HASH_START, place, CW_FETCHED_PLACE))];
    memcpy(row->place, place, CW_FETCHED_PLACE);
    row->next = *bucket;
    *bucket = row;
    table->rows[table->count++] = row;
    row->number = (int64_t)table->count;
    return row;
}

static cw_status take_row(void *context, struct cw_cursor *cursor, struct cw_error *error)
{
    struct batch *batch = context;
    if (batch->row_count == batch->row_capacity) {
        const size_t capacity = batch->row_capacity * 2 + 16;
        const struct cw_fetched_row **grown = realloc(batch->rows, capacity * sizeof *grown);
        if (grown == NULL) {
            return no_memory(error);
        }
        batch->rows = grown;
        batch->row_capacity = capacity;
    }
    struct cw_fetched_row *row = keep_row(batch->fetch, batch->table, cursor);
    if (row == NULL) {
        return no_memory(error);
    }
    row->leads = row->leads || batch->leads;
    batch->rows[batch->row_count++] = row;
    return CW_OK;
}

/* ---- What is asked for together ---- */

/* The entity whose row a column names; CW_NO_REFERENCE: none. */
static int named_by(const struct cw_entity *entity, uint32_t column)
{
    return column == 0 ? (int)entity->id : (int)entity->columns[column].reference;
}

/* Whether values of a column of `other` may be asked for next in a column of `entity`. */
static bool leads_to(const struct cw_entity *other, uint32_t from, const struct cw_entity *entity,
                     uint32_t to)
{
    const struct cw_column_def *column = &entity->columns[to];
    if (column->type == CW_TYPE_UUID) {
        return other->columns[from].type == CW_TYPE_UUID && named_by(entity, to) != CW_NO_REFERENCE &&
               named_by(other, from) == named_by(entity, to);
    }
    return other == entity && from == to && !folds_case(column);
}

static void add_key(struct batch *batch, const struct cw_fetch_key *key)
{
    bool is_known = batch->count == BATCH_MAX || find_answer(batch->table, batch->columns, key) != NULL;
    for (uint32_t i = 0; i < batch->count && !is_known; i++) {
        is_known = same_key(&batch->keys[i], key);
    }
    if (!is_known) {
        batch->keys[batch->count++] = *key;
    }
}

/* Each value of a leading row that may be asked for in the one column of the batch. */
static void add_values(struct batch *batch, uint32_t column, const struct cw_entity *other,
                       const struct cw_fetched_row *row)
{
    for (uint32_t i = 0; i < other->column_count; i++) {
        const struct cw_fetched_value *value = &row->values[i];
        if (leads_to(other, i, batch->table->entity, column) && !value->is_null) {
            add_key(batch, &(struct cw_fetch_key){1, {value->bytes}, {value->size}});
        }
    }
}

/* The values of a leading row in the columns that bear the names of the batch's columns. */
static void add_tuple(struct batch *batch, const struct cw_entity *other, const struct cw_fetched_row *row)
{
    const struct cw_entity *entity = batch->table->entity;
    struct cw_fetch_key key = {0};
    for (uint32_t i = 0; i < entity->column_count; i++) {
        if ((batch->columns >> i & 1) == 0) {
            continue;
        }
        const int from = cw_entity_column(other, entity->columns[i].name, strlen(entity->columns[i].name));
        if (from < 0 || !leads_to(other, (uint32_t)from, entity, i) || row->values[from].is_null) {
            return;
        }
        key.bytes[key.count] = row->values[from].bytes;
        key.sizes[key.count++] = row->values[from].size;
    }
    add_key(batch, &key);
}

static void add_siblings(struct batch *batch)
{
    const bool is_single = (batch->columns & (batch->columns - 1)) == 0;
    const uint32_t column = (uint32_t)__builtin_ctz(batch->columns);
    for (int e = 0; e < CW_ENTITY_COUNT; e++) {
        const struct table *other = &batch->fetch->tables[e];
        for (size_t i = 0; i < other->count && batch->count < BATCH_MAX; i++) {
            if (other->rows[i]->leads && is_single) {
                add_values(batch, column, other->entity, other->rows[i]);
            } else if (other->rows[i]->leads) {
                add_tuple(batch, other->entity, other->rows[i]);
            }
        }
    }
}

/* ---- Asking ---- */

/* "SELECT id, ..., tableoid, ctid FROM orders". */
static cw_status put_select(struct cw_buffer *sql, const struct cw_entity *entity, struct cw_error *error)
{
    cw_status status = CW_OK;
    for (uint32_t i = 0; i < entity->column_count && status == CW_OK; i++) {
        status = cw_buffer_format(sql, error, "%s%s", i == 0 ? "SELECT " : ", ", entity->columns[i].name);
    }
    return status == CW_OK ? cw_buffer_format(sql, error, ", tableoid, ctid FROM %s", entity->table) : status;
}

/* The names of the batch's columns, or, with is_value, what the parameters say of them: arrays as text. */
static cw_status put_columns(const struct batch *batch, bool is_value, struct cw_buffer *sql,
                             struct cw_error *error)
{
    const struct cw_entity *entity = batch->table->entity;
    cw_status status = CW_OK;
    int parameter = 0;
    for (uint32_t i = 0; i < entity->column_count && status == CW_OK; i++) {
        if ((batch->columns >> i & 1) == 0) {
            continue;
        }
        const char *glue = parameter++ > 0 ? ", " : "";
        status = !is_value ? cw_buffer_format(sql, error, "%s%s", glue, entity->columns[i].name)
                           : cw_buffer_format(sql, error, "%s(?%d::text)::%s[]", glue, parameter,
                                              entity->columns[i].type == CW_TYPE_UUID ? "uuid" : "text");
    }
    return status;
}

static cw_status put_query(const struct batch *batch, struct cw_buffer *sql, struct cw_error *error)
{
    const bool is_single = (batch->columns & (batch->columns - 1)) == 0;
    const struct cw_column_def *first = &batch->table->entity->columns[__builtin_ctz(batch->columns)];
    cw_status status = put_select(sql, batch->table->entity, error);
    if (status == CW_OK && is_single && folds_case(first)) {
        status = cw_buffer_format(
            sql, error, " WHERE lower(%s) = ANY (lower(?1::text COLLATE \"C\")::text[])", first->name);
        return status == CW_OK ? cw_buffer_append(sql, " ORDER BY rowid", 16, error) : status;
    }
    if (status == CW_OK) {
        status = cw_buffer_format(sql, error, " WHERE (");
    }
    if (status == CW_OK) {
        status = put_columns(batch, false, sql, error);
    }
    if (status == CW_OK) {
        status = cw_buffer_format(sql, error, is_single ? ") = ANY (" : ") IN (SELECT * FROM unnest(");
    }
    if (status == CW_OK) {
        status = put_columns(batch, true, sql, error);
    }
    if (status == CW_OK) {
        status = cw_buffer_format(sql, error, is_single ? ") ORDER BY rowid" : ")) ORDER BY rowid");
    }
    return status == CW_OK ? cw_buffer_append(sql, "", 1, error) : status;
}

static cw_status put_text(struct cw_buffer *out, const char *text, size_t size, struct cw_error *error)
{
    cw_status status = cw_buffer_append(out, "\"", 1, error);
    for (size_t i = 0; i < size && status == CW_OK; i++) {
        if (text[i] == '"' || text[i] == '\\') {
            status = cw_buffer_append(out, "\\", 1, error);
        }
        if (status == CW_OK) {
            status = cw_buffer_append(out, &text[i], 1, error);
        }
    }
    return status == CW_OK ? cw_buffer_append(out, "\"", 1, error) : status;
}

static cw_status put_uuid(struct cw_buffer *out, const uint8_t *bytes, struct cw_error *error)
{
    static const char digits[] = "0123456789abcdef";
    char text[32];
    for (int i = 0; i < 16; i++) {
        text[2 * i] = digits[bytes[i] >> 4];
        text[2 * i + 1] = digits[bytes[i] & 15];
    }
    return cw_buffer_append(out, text, sizeof text, error);
}

/* The values of one column as an array of SQL: {1f…,2a…} or {"one","two"}. */
static cw_status put_array(const struct batch *batch, uint32_t part, enum cw_type type, struct cw_buffer *out,
                           struct cw_error *error)
{
    cw_status status = cw_buffer_append(out, "{", 1, error);
    for (uint32_t i = 0; i < batch->count && status == CW_OK; i++) {
        const struct cw_fetch_key *key = &batch->keys[i];
        if (i > 0) {
            status = cw_buffer_append(out, ",", 1, error);
        }
        if (status == CW_OK) {
            status = type == CW_TYPE_UUID ? put_uuid(out, key->bytes[part], error)
                                          : put_text(out, key->bytes[part], key->sizes[part], error);
        }
    }
    return status == CW_OK ? cw_buffer_append(out, "}", 2, error) : status;
}

static cw_status ask(struct batch *batch, struct cw_error *error)
{
    const struct cw_entity *entity = batch->table->entity;
    struct cw_buffer arrays[CW_FETCH_COLUMNS_MAX] = {{0}};
    struct cw_parameter parameters[CW_FETCH_COLUMNS_MAX];
    struct cw_buffer sql = {0};
    uint32_t count = 0;
    cw_status status = put_query(batch, &sql, error);
    for (uint32_t i = 0; i < entity->column_count && status == CW_OK; i++) {
        if ((batch->columns >> i & 1) != 0) {
            status = put_array(batch, count, entity->columns[i].type, &arrays[count], error);
            parameters[count] = (struct cw_parameter){.kind = CW_PARAMETER_TEXT, .bytes = arrays[count].data};
            count++;
        }
    }
    if (status == CW_OK) {
        status =
            cw_reader_each(batch->fetch->reader, sql.data, parameters, count, false, take_row, batch, error);
    }
    for (uint32_t i = 0; i < CW_FETCH_COLUMNS_MAX; i++) {
        cw_buffer_clear(&arrays[i]);
    }
    cw_buffer_clear(&sql);
    return status;
}

/* ---- Answers ---- */

/* The key of a row in the batch's columns. A batch of a single key has no rows but its own, however the
 * server compared. */
static struct cw_fetch_key key_of(const struct batch *batch, const struct cw_fetched_row *row)
{
    const struct cw_entity *entity = batch->table->entity;
    struct cw_fetch_key key = {.count = 0};
    if (batch->count == 1) {
        return batch->keys[0];
    }
    for (uint32_t i = 0; i < entity->column_count; i++) {
        if ((batch->columns >> i & 1) != 0) {
            key.bytes[key.count] = row->values[i].bytes;
            key.sizes[key.count++] = row->values[i].size;
        }
    }
    return key;
}

/* An answer without rows; its own copy of the key lives as long as it does. */
static struct answer *make_answer(const struct batch *batch, const struct cw_fetch_key *key)
{
    struct cw_arena *arena = &batch->fetch->arena;
    struct answer *made = cw_arena_alloc(arena, sizeof *made);
    bool good = made != NULL;
    for (uint32_t i = 0; i < key->count && good; i++) {
        void *bytes = cw_arena_alloc(arena, (size_t)key->sizes[i] + 1);
        good = bytes != NULL;
        if (good) {
            memcpy(bytes, key->bytes[i], key->sizes[i]);
            made->key.bytes[i] = bytes;
            made->key.sizes[i] = key->sizes[i];
        }
    }
    if (!good) {
        return NULL;
    }
    struct answer **bucket = &batch->table->answer_buckets[hash_key(key)];
    made->key.count = key->count;
    made->columns = batch->columns;
    made->next = *bucket;
    *bucket = made;
    return made;
}

/* Gives the rows to the answers, first counting them. */
static cw_status hand_out(const struct batch *batch, struct answer *const *answers, struct cw_error *error)
{
    for (size_t i = 0; i < batch->row_count; i++) {
        const struct cw_fetch_key key = key_of(batch, batch->rows[i]);
        struct answer *answer = find_answer(batch->table, batch->columns, &key);
        if (answer == NULL) {
            return cw_error_set(error, CW_E_INTERNAL, NULL, "the store gave a row that was not asked for");
        }
        answer->room++;
    }
    for (uint32_t i = 0; i < batch->count; i++) {
        answers[i]->rows =
            cw_arena_alloc(&batch->fetch->arena, (answers[i]->room + 1) * sizeof *answers[i]->rows);
        if (answers[i]->rows == NULL) {
            return no_memory(error);
        }
    }
    for (size_t i = 0; i < batch->row_count; i++) {
        const struct cw_fetch_key key = key_of(batch, batch->rows[i]);
        struct answer *answer = find_answer(batch->table, batch->columns, &key);
        answer->rows[answer->count++] = batch->rows[i];
    }
    return CW_OK;
}

static cw_status keep_answers(const struct batch *batch, struct cw_error *error)
{
    struct answer *answers[BATCH_MAX];
    for (uint32_t i = 0; i < batch->count; i++) {
        answers[i] = make_answer(batch, &batch->keys[i]);
        if (answers[i] == NULL) {
            return no_memory(error);
        }
    }
    return hand_out(batch, answers, error);
}

static cw_status fetch_batch(struct cw_row_fetch *fetch, struct table *table, uint32_t columns,
                             const struct cw_fetch_key *key, struct cw_error *error)
{
    struct batch batch = {.fetch = fetch, .table = table, .columns = columns};
    batch.keys[batch.count++] = *key;
    add_siblings(&batch);
    batch.leads = fetch->gathers || (columns == 1 && batch.count > 1);
    cw_status status = ask(&batch, error);
    if (status == CW_OK) {
        status = keep_answers(&batch, error);
    }
    free(batch.rows);
    return status;
}

cw_status cw_row_fetch_find(struct cw_row_fetch *fetch, enum cw_entity_id entity, uint32_t columns,
                            const struct cw_fetch_key *key, struct cw_fetched *found, struct cw_error *error)
{
    struct table *table = &fetch->tables[entity];
    const struct answer *answer = find_answer(table, columns, key);
    cw_status status = CW_OK;
    if (answer == NULL) {
        status = fetch_batch(fetch, table, columns, key, error);
        answer = find_answer(table, columns, key);
    }
    if (status == CW_OK) {
        *found = (struct cw_fetched){answer->rows, answer->count};
    }
    return status;
}

/* ---- The fetch ---- */

cw_status cw_row_fetch_new(struct cw_store *store, struct cw_row_fetch **fetch, struct cw_error *error)
{
    struct cw_row_fetch *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return no_memory(error);
    }
    made->store = store;
    for (int e = 0; e < CW_ENTITY_COUNT; e++) {
        made->tables[e].entity = cw_entity_get((enum cw_entity_id)e);
    }
    const cw_status status = store->operations->reader_begin(store, &made->reader, error);
    if (status != CW_OK) {
        free(made);
        return status;
    }
    *fetch = made;
    return CW_OK;
}

void cw_row_fetch_free(struct cw_row_fetch *fetch)
{
    if (fetch == NULL) {
        return;
    }
    fetch->store->operations->reader_end(fetch->reader);
    for (int e = 0; e < CW_ENTITY_COUNT; e++) {
        free(fetch->tables[e].rows);
    }
    cw_arena_clear(&fetch->arena);
    free(fetch);
}

struct cw_reader *cw_row_fetch_reader(struct cw_row_fetch *fetch)
{
    return fetch->reader;
}

void cw_row_fetch_gather(struct cw_row_fetch *fetch, bool gathers)
{
    fetch->gathers = gathers;
}

const struct cw_fetched_row *const *cw_row_fetch_numbered(const struct cw_row_fetch *fetch,
                                                          enum cw_entity_id entity, int64_t number)
{
    const struct table *table = &fetch->tables[entity];
    return number >= 1 && (uint64_t)number <= table->count
               ? (const struct cw_fetched_row *const *)&table->rows[number - 1]
               : NULL;
}
