/* How fast customers with addresses and payment methods get into the built-in store, beside a bare loop of
 * prepared inserts over the same ready-made rows into the same tables with the same keys.
 *
 * Usage: bench_store FOLDER [CUSTOMERS [ROUNDS]]
 *
 * Files are made in FOLDER and removed. Rounds are interleaved; medians of wall and CPU seconds are shown.
 * "store" ends when the load is committed and durable in the log; every other line ends with the file closed
 * and all of it synced. "Bare" is one transaction; its variants:
 *
 *   bare-log        write-ahead log, synchronous=FULL, indexes after the rows
 *   bare-in-place   the same with indexes in place
 *   bare-reckless   no journal, no sync but one at the end, indexes after the rows: not safe against a crash
 *   bare-unchecked  the same into tables without their CHECK clauses: the least that SQLite can do
 */
#define _POSIX_C_SOURCE 200809L

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "../tests/unit/store_rows.h"
#include "store/migrations.h"

#define BATCH_ROWS 4096
#define ROUNDS_MAX 25

static const enum cw_entity_id tables[] = {CW_ENTITY_CUSTOMER, CW_ENTITY_ADDRESS, CW_ENTITY_PAYMENT_METHOD};
enum { TABLES = sizeof tables / sizeof *tables };

struct input {
    int64_t batch_count;
    struct cw_batch *batches[TABLES];
    int64_t rows;
};

struct seconds {
    double wall;
    double cpu;
};

static double clock_seconds(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void must(int code, sqlite3 *db)
{
    if (code != SQLITE_OK && code != SQLITE_DONE) {
        fprintf(stderr, "bench_store: %s\n", sqlite3_errmsg(db));
        exit(EXIT_FAILURE);
    }
}

/* One and a half addresses and payment methods to a customer, with texts of natural length. */
static void make_children(struct cw_batch *batch, enum cw_entity_id entity, int64_t first, int64_t rows)
{
    rows_init(batch, entity, first, rows);
    rows_set_reference(batch, 1, CW_ENTITY_CUSTOMER, first * 2, 3);
    if (entity == CW_ENTITY_ADDRESS) {
        rows_set_texts(batch, CW_ADDRESS_STREET,
                       "Lange Hauptstra\xc3\x9f"
                       "e %" PRId64,
                       first);
        rows_set_texts(batch, CW_ADDRESS_RECIPIENT, "Maximiliane Musterfrau %" PRId64, first);
    } else {
        rows_set_texts(batch, CW_PAYMENT_METHOD_CARD_NUMBER, "41111111%08" PRId64, first);
    }
    for (int64_t row = 0; row < rows; row++) {
        rows_set_id(batch, 1, row, CW_ENTITY_CUSTOMER, (first + row) * 2 / 3);
    }
}

static void make_customers(struct cw_batch *batch, int64_t first, int64_t rows)
{
    rows_init(batch, CW_ENTITY_CUSTOMER, first, rows);
    struct cw_error error;
    struct cw_column *emails = &batch->columns[CW_CUSTOMER_EMAIL];
    int32_t *offsets = emails->values;
    offsets[0] = 0;
    for (int64_t row = 0; row < rows; row++) {
        char text[64];
        const int length = snprintf(text, sizeof text, "%08" PRIx64 ".%" PRId64 "@mail.example",
                                    rows_mix((uint64_t)(first + row)) >> 32, first + row);
        rows_must(cw_batch_reserve_bytes(batch, CW_CUSTOMER_EMAIL, (size_t)(offsets[row] + length), &error),
                  &error);
        memcpy(emails->bytes + offsets[row], text, (size_t)length);
        offsets[row + 1] = offsets[row] + length;
        rows_set_id(batch, CW_CUSTOMER_DEFAULT_ADDRESS_ID, row, CW_ENTITY_ADDRESS,
                    ((first + row) * 3 + 1) / 2);
    }
    rows_set_texts(batch, CW_CUSTOMER_PHONE, "+4915%08" PRId64, first);
    rows_set_texts(batch, CW_CUSTOMER_PHONE_KIND, "mobile", first);
    rows_set_texts(batch, CW_CUSTOMER_STREET,
                   "Lange Hauptstra\xc3\x9f"
                   "e %" PRId64,
                   first);
}

static void make_input(struct input *input, int64_t customers)
{
    input->batch_count = (customers + BATCH_ROWS - 1) / BATCH_ROWS;
    for (int t = 0; t < TABLES; t++) {
        input->batches[t] = calloc((size_t)input->batch_count, sizeof(struct cw_batch));
    }
    for (int64_t b = 0; b < input->batch_count; b++) {
        const int64_t first = b * BATCH_ROWS;
        const int64_t rows = customers - first < BATCH_ROWS ? customers - first : BATCH_ROWS;
        make_customers(&input->batches[0][b], first, rows);
        make_children(&input->batches[1][b], CW_ENTITY_ADDRESS, first * 3 / 2,
                      (first + rows) * 3 / 2 - first * 3 / 2);
        make_children(&input->batches[2][b], CW_ENTITY_PAYMENT_METHOD, first * 3 / 2,
                      (first + rows) * 3 / 2 - first * 3 / 2);
        for (int t = 0; t < TABLES; t++) {
            input->rows += input->batches[t][b].row_count;
        }
    }
}

static void clear_input(struct input *input)
{
    for (int t = 0; t < TABLES; t++) {
        for (int64_t b = 0; b < input->batch_count; b++) {
            cw_batch_clear(&input->batches[t][b]);
        }
        free(input->batches[t]);
    }
}

static void bind_row(sqlite3_stmt *statement, const struct cw_batch *batch, int64_t row)
{
    for (uint32_t c = 0; c < batch->column_count; c++) {
        const struct cw_column *column = &batch->columns[c];
        const int index = (int)c + 1;
        size_t length;
        const char *text;
        if (!cw_column_is_valid(column, row)) {
            sqlite3_bind_null(statement, index);
            continue;
        }
        switch (column->type) {
        case CW_TYPE_BOOL:
            sqlite3_bind_int(statement, index, cw_column_bool(column, row));
            break;
        case CW_TYPE_INT32:
        case CW_TYPE_DATE:
            sqlite3_bind_int(statement, index, ((const int32_t *)column->values)[row]);
            break;
        case CW_TYPE_INT64:
        case CW_TYPE_TIMESTAMP:
            sqlite3_bind_int64(statement, index, ((const int64_t *)column->values)[row]);
            break;
        case CW_TYPE_UUID:
            sqlite3_bind_blob(statement, index, (const uint8_t *)column->values + row * 16, 16,
                              SQLITE_STATIC);
            break;
        case CW_TYPE_STRING:
            text = cw_column_string(column, row, &length);
            sqlite3_bind_text(statement, index, length > 0 ? text : "", (int)length, SQLITE_STATIC);
            break;
        }
    }
}

/* The migration cut in two: tables, and the rest (indexes). */
static void split_schema(char *buffer, size_t size, const char **indexes)
{
    snprintf(buffer, size, "%s", cw_migrations[0].sql);
    char *cut = strstr(buffer, "CREATE UNIQUE INDEX");
    char *end = strstr(buffer, "-- Every run");
    cut[-1] = '\0';
    end[-1] = '\0';
    *indexes = cut;
}

/* Takes the CHECK clauses out of a schema, in place. */
static void drop_checks(char *schema)
{
    char *check;
    while ((check = strstr(schema, " CHECK (")) != NULL) {
        char *end = check + strlen(" CHECK (");
        for (int depth = 1; depth > 0; end++) {
            depth += (*end == '(') - (*end == ')');
        }
        memmove(check, end, strlen(end) + 1);
    }
}

static void bare_insert(sqlite3 *db, const struct input *input)
{
    sqlite3_stmt *statements[TABLES];
    for (int t = 0; t < TABLES; t++) {
        char sql[512];
        int length = snprintf(sql, sizeof sql, "INSERT INTO %s VALUES (?", cw_entity_get(tables[t])->table);
        for (uint32_t c = 1; c < cw_entity_get(tables[t])->column_count; c++) {
            length += snprintf(sql + length, sizeof sql - (size_t)length, ",?");
        }
        snprintf(sql + length, sizeof sql - (size_t)length, ")");
        must(sqlite3_prepare_v2(db, sql, -1, &statements[t], NULL), db);
    }
    for (int64_t b = 0; b < input->batch_count; b++) {
        for (int t = 0; t < TABLES; t++) {
            const struct cw_batch *batch = &input->batches[t][b];
            for (int64_t row = 0; row < batch->row_count; row++) {
                bind_row(statements[t], batch, row);
                must(sqlite3_step(statements[t]), db);
                must(sqlite3_reset(statements[t]), db);
            }
        }
    }
    for (int t = 0; t < TABLES; t++) {
        sqlite3_finalize(statements[t]);
    }
}

static void execute(sqlite3 *db, const char *sql)
{
    must(sqlite3_exec(db, sql, NULL, NULL, NULL), db);
}

static void bare_load(const char *path, const struct input *input, const char *settings, bool in_place,
                      bool unchecked)
{
    static char schema[65536];
    const char *indexes;
    sqlite3 *db;
    must(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL),
         db);
    split_schema(schema, sizeof schema, &indexes);
    if (unchecked) {
        drop_checks(schema);
    }
    execute(db, settings);
    execute(db, "PRAGMA cache_size=-131072");
    execute(db, schema);
    execute(db, in_place ? indexes : "SELECT 1");
    execute(db, "BEGIN");
    bare_insert(db, input);
    execute(db, in_place ? "SELECT 1" : indexes);
    execute(db, "COMMIT");
    sqlite3_close(db);
    const int file = open(path, O_RDWR);
    fsync(file);
    close(file);
}

static struct cw_store *store_load(const char *path, const struct input *input)
{
    struct cw_error error;
    struct cw_store *store;
    struct cw_load *load;
    const struct cw_store_options options = {.location = path, .create = true};
    rows_must(cw_store_open(&options, &store, &error), &error);
    rows_must(cw_load_begin(store, CW_WAIT_FOREVER, &load, &error), &error);
    for (int64_t b = 0; b < input->batch_count; b++) {
        for (int t = 0; t < TABLES; t++) {
            rows_must(cw_load_add(load, &input->batches[t][b], &error), &error);
        }
    }
    struct cw_run_record run = rows_run(1);
    rows_must(cw_load_commit(&load, &run, &error), &error);
    cw_run_record_clear(&run);
    return store;
}

enum { STORE, STORE_CLOSED, BARE_LOG, BARE_IN_PLACE, BARE_RECKLESS, BARE_UNCHECKED, KINDS };

struct figures {
    double wall[KINDS][ROUNDS_MAX];
    double cpu[KINDS][ROUNDS_MAX];
};

static struct seconds now(void)
{
    return (struct seconds){clock_seconds(CLOCK_MONOTONIC), clock_seconds(CLOCK_PROCESS_CPUTIME_ID)};
}

static void note(struct figures *figures, int kind, int round, struct seconds start)
{
    const struct seconds end = now();
    figures->wall[kind][round] = end.wall - start.wall;
    figures->cpu[kind][round] = end.cpu - start.cpu;
}

static void run_store(const char *path, const struct input *input, struct figures *figures, int round)
{
    const struct seconds start = now();
    struct cw_store *store = store_load(path, input);
    note(figures, STORE, round, start);
    cw_store_close(store);
    note(figures, STORE_CLOSED, round, start);
}

static void run_bare(int kind, const char *path, const struct input *input, struct figures *figures,
                     int round)
{
    static const char *const settings[] = {
        [BARE_LOG] = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA threads=2",
        [BARE_IN_PLACE] = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL",
        [BARE_RECKLESS] = "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA threads=2",
        [BARE_UNCHECKED] = "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA threads=2",
    };
    const struct seconds start = now();
    bare_load(path, input, settings[kind], kind == BARE_IN_PLACE, kind == BARE_UNCHECKED);
    note(figures, kind, round, start);
}

static void remove_store(const char *path)
{
    char name[4200];
    static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        snprintf(name, sizeof name, "%s%s", path, suffixes[i]);
        unlink(name);
    }
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, int count)
{
    qsort(values, (size_t)count, sizeof *values, compare);
    return values[count / 2];
}

static void show(struct figures *figures, const struct input *input, int64_t customers, int rounds)
{
    static const char *const names[] = {"store",         "store-closed",  "bare-log",
                                        "bare-in-place", "bare-reckless", "bare-unchecked"};
    double base[2];
    for (int kind = 0; kind < 2; kind++) {
        base[kind] = median(figures->wall[kind], rounds);
    }
    printf("%" PRId64 " customers, %" PRId64 " rows, medians of %d\n", customers, input->rows, rounds);
    for (int kind = 0; kind < KINDS; kind++) {
        const double seconds = median(figures->wall[kind], rounds);
        printf(
            "%-14s %7.2f s wall %7.2f s CPU %9.0f rows/s; store is %.2f, store-closed %.2f times as fast\n",
            names[kind], seconds, median(figures->cpu[kind], rounds), (double)input->rows / seconds,
            seconds / base[0], seconds / base[1]);
    }
}

int main(int argc, char **argv)
{
    static struct figures figures;
    if (argc < 2) {
        fprintf(stderr, "usage: bench_store FOLDER [CUSTOMERS [ROUNDS]]\n");
        return EXIT_FAILURE;
    }
    const int64_t customers = argc > 2 ? strtoll(argv[2], NULL, 10) : 1000000;
    const int rounds = argc > 3 ? (int)strtol(argv[3], NULL, 10) : 5;
    if (customers < 1 || rounds < 1 || rounds > ROUNDS_MAX) {
        fprintf(stderr, "bench_store: expected 1 or more customers and 1 to %d rounds\n", ROUNDS_MAX);
        return EXIT_FAILURE;
    }
    struct input input = {0};
    make_input(&input, customers);
    char path[4096];
    snprintf(path, sizeof path, "%s/bench_store_%d.db", argv[1], (int)getpid());
    for (int round = 0; round < rounds; round++) {
        run_store(path, &input, &figures, round);
        remove_store(path);
        for (int kind = BARE_LOG; kind < KINDS; kind++) {
            run_bare(kind, path, &input, &figures, round);
            remove_store(path);
        }
    }
    show(&figures, &input, customers, rounds);
    clear_input(&input);
    return EXIT_SUCCESS;
}
