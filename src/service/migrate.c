#include "service/migrate.h"

#include "store/migrations.h"
#include "store/store.h"

static cw_status list_revisions(const char *location, int applied, struct cw_buffer *out,
                                struct cw_error *error)
{
    int count = 0;
    const struct cw_migration *known = cw_store_migrations(location, &count);
    cw_status status = CW_OK;
    for (int i = 0; status == CW_OK && i < count; i++) {
        char id[CW_MIGRATION_ID_SIZE];
        cw_migration_id(&known[i], id);
        status = cw_buffer_format(out, error, "%-29s  %s  sha256:%s\n", id,
                                  i < applied ? "applied" : "missing", known[i].digest);
    }
    return status;
}

cw_status cw_migrate_status(const char *location, struct cw_buffer *out, struct cw_error *error)
{
    int applied = 0;
    int known = 0;
    cw_status status = cw_store_revisions(location, &applied, &known, error);
    if (status == CW_OK) {
        status = list_revisions(location, applied, out, error);
    }
    if (status != CW_OK) {
        return status;
    }
    return cw_buffer_format(out, error, "revision %d of %d: %s\n", applied, known,
                            applied == known ? "up to date"
                            : applied == 0   ? "no tables yet"
                                             : "migrations are missing");
}

/* Opening a store is what applies and checks. */
static cw_status open_and_close(const char *location, bool read_only, struct cw_error *error)
{
    struct cw_store *store = NULL;
    const struct cw_store_options options = {
        .location = location, .create = !read_only, .read_only = read_only};
    const cw_status status = cw_store_open(&options, &store, error);
    cw_store_close(store);
    return status;
}

cw_status cw_migrate_up(const char *location, struct cw_buffer *out, struct cw_error *error)
{
    const cw_status status = open_and_close(location, false, error);
    return status == CW_OK ? cw_migrate_status(location, out, error) : status;
}

cw_status cw_migrate_check(const char *location, struct cw_buffer *out, struct cw_error *error)
{
    const cw_status status = open_and_close(location, true, error);
    return status == CW_OK ? cw_migrate_status(location, out, error) : status;
}
