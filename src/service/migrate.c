#include "service/migrate.h"

#include "store/store.h"

cw_status cw_migrate_status(const char *location, struct cw_buffer *out, struct cw_error *error)
{
    int applied = 0;
    int known = 0;
    const cw_status status = cw_store_revisions(location, &applied, &known, error);
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
