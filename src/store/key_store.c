#include "store/key_store.h"

#include <stdlib.h>

#include "store/store_base.h"

static cw_status find_operations(const struct cw_store *store, const struct cw_key_operations **keys,
                                 struct cw_error *error)
{
    *keys = store->operations->keys;
    return *keys != NULL
               ? CW_OK
               : cw_error_set(error, CW_E_UNSUPPORTED, "store", "store %s keeps no API keys", store->name);
}

static cw_status find_writing(const struct cw_store *store, const struct cw_key_operations **keys,
                              struct cw_error *error)
{
    const cw_status status = cw_store_check_writable(store, error);
    return status == CW_OK ? find_operations(store, keys, error) : status;
}

cw_status cw_store_keys(struct cw_store *store, struct cw_key_record **records, uint32_t *count,
                        struct cw_error *error)
{
    const struct cw_key_operations *keys;
    cw_status status = find_operations(store, &keys, error);
    if (status != CW_OK) {
        return status;
    }
    /* So large that the system gives pages only as they are written. */
    struct cw_key_record *read = calloc(CW_KEYS_MAX, sizeof *read);
    uint32_t found = 0;
    if (read == NULL) {
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for the keys of store %s", store->name);
    }
    status = keys->list(store, read, CW_KEYS_MAX, &found, error);
    if (status != CW_OK || found == 0) {
        free(read);
        read = NULL;
    }
    if (status == CW_OK) {
        *records = read;
        *count = found;
    }
    return status;
}

cw_status cw_store_key_add(struct cw_store *store, const struct cw_key_record *record, struct cw_error *error)
{
    const struct cw_key_operations *keys;
    const cw_status status = find_writing(store, &keys, error);
    return status == CW_OK ? keys->add(store, record, error) : status;
}

cw_status cw_store_key_revoke(struct cw_store *store, const struct cw_uuid *id, int64_t at,
                              struct cw_error *error)
{
    const struct cw_key_operations *keys;
    bool found = false;
    cw_status status = find_writing(store, &keys, error);
    if (status == CW_OK) {
        status = keys->revoke(store, id, at, &found, error);
    }
    if (status == CW_OK && !found) {
        status = cw_error_set(error, CW_E_NOT_FOUND, "id", "store %s has no key with this id", store->name);
    }
    return status;
}

cw_status cw_store_key_uses(struct cw_store *store, const struct cw_key_use *uses, uint32_t count,
                            struct cw_error *error)
{
    const struct cw_key_operations *keys;
    const cw_status status = find_writing(store, &keys, error);
    return status == CW_OK && count > 0 ? keys->note_uses(store, uses, count, error) : status;
}
