#include "store/sqlite_log_file.h"

#include <sqlite3.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Longer writes cost the system no less by the byte. */
#define GATHERED_MAX 65536

/* An open log. The default VFS's file lies behind it, in the same piece of memory. */
struct log_file {
    sqlite3_file base;
    sqlite3_int64 start; /* where in the file what is gathered begins */
    int length;          /* bytes gathered */
    uint8_t *gathered;   /* GATHERED_MAX bytes */
};

static sqlite3_vfs vfs;

static sqlite3_vfs *default_vfs(void)
{
    return vfs.pAppData;
}

static struct log_file *log_of(sqlite3_file *file)
{
    return (struct log_file *)file;
}

static sqlite3_file *real_of(sqlite3_file *file)
{
    return (sqlite3_file *)(log_of(file) + 1);
}

/* What can't be written stays: SQLite may undo a part of its transaction and go on. */
static int hand_over(sqlite3_file *file)
{
    struct log_file *self = log_of(file);
    if (self->length == 0) {
        return SQLITE_OK;
    }
    const int code =
        real_of(file)->pMethods->xWrite(real_of(file), self->gathered, self->length, self->start);
    if (code == SQLITE_OK) {
        self->length = 0;
    }
    return code;
}

static int log_write(sqlite3_file *file, const void *bytes, int count, sqlite3_int64 offset)
{
    struct log_file *self = log_of(file);
    if (offset != self->start + self->length || count > GATHERED_MAX - self->length) {
        const int code = hand_over(file);
        if (code != SQLITE_OK) {
            return code;
        }
        self->start = offset;
    }
    if (count > GATHERED_MAX) {
        return real_of(file)->pMethods->xWrite(real_of(file), bytes, count, offset);
    }
    memcpy(self->gathered + self->length, bytes, (size_t)count);
    self->length += count;
    return SQLITE_OK;
}

static int log_read(sqlite3_file *file, void *bytes, int count, sqlite3_int64 offset)
{
    const struct log_file *self = log_of(file);
    if (offset + count > self->start && offset < self->start + self->length) {
        const int code = hand_over(file);
        if (code != SQLITE_OK) {
            return code;
        }
    }
    return real_of(file)->pMethods->xRead(real_of(file), bytes, count, offset);
}

static int log_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    const int code = hand_over(file);
    return code == SQLITE_OK ? real_of(file)->pMethods->xTruncate(real_of(file), size) : code;
}

static int log_sync(sqlite3_file *file, int flags)
{
    const int code = hand_over(file);
    return code == SQLITE_OK ? real_of(file)->pMethods->xSync(real_of(file), flags) : code;
}

static int log_size(sqlite3_file *file, sqlite3_int64 *size)
{
    const int code = hand_over(file);
    return code == SQLITE_OK ? real_of(file)->pMethods->xFileSize(real_of(file), size) : code;
}

/* What was gathered and not synced belongs to no commit. */
static int log_close(sqlite3_file *file)
{
    free(log_of(file)->gathered);
    return real_of(file)->pMethods->xClose(real_of(file));
}

static int log_lock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int log_unlock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int log_check_lock(sqlite3_file *file, int *is_reserved)
{
    return real_of(file)->pMethods->xCheckReservedLock(real_of(file), is_reserved);
}

static int log_control(sqlite3_file *file, int operation, void *argument)
{
    return real_of(file)->pMethods->xFileControl(real_of(file), operation, argument);
}

static int log_sector_size(sqlite3_file *file)
{
    return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int log_characteristics(sqlite3_file *file)
{
    return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static const sqlite3_io_methods log_methods = {
    .iVersion = 1,
    .xClose = log_close,
    .xRead = log_read,
    .xWrite = log_write,
    .xTruncate = log_truncate,
    .xSync = log_sync,
    .xFileSize = log_size,
    .xLock = log_lock,
    .xUnlock = log_unlock,
    .xCheckReservedLock = log_check_lock,
    .xFileControl = log_control,
    .xSectorSize = log_sector_size,
    .xDeviceCharacteristics = log_characteristics,
};

static int open_log(const char *name, sqlite3_file *file, int flags, int *opened_flags)
{
    struct log_file *self = log_of(file);
    *self = (struct log_file){.gathered = malloc(GATHERED_MAX)};
    if (self->gathered == NULL) {
        return SQLITE_NOMEM;
    }
    const int code = default_vfs()->xOpen(default_vfs(), name, real_of(file), flags, opened_flags);
    if (code != SQLITE_OK) {
        free(self->gathered);
        return code;
    }
    self->base.pMethods = &log_methods;
    return SQLITE_OK;
}

static int open_file(sqlite3_vfs *self, const char *name, sqlite3_file *file, int flags, int *opened_flags)
{
    (void)self;
    return flags & SQLITE_OPEN_WAL ? open_log(name, file, flags, opened_flags)
                                   : default_vfs()->xOpen(default_vfs(), name, file, flags, opened_flags);
}

void cw_log_file_register(void)
{
    sqlite3_vfs *real = sqlite3_vfs_find(NULL);
    if (real == NULL) {
        return;
    }
    vfs = *real;
    vfs.pNext = NULL;
    vfs.zName = CW_LOG_FILE_VFS;
    vfs.pAppData = real;
    vfs.szOsFile = real->szOsFile + (int)sizeof(struct log_file);
    vfs.xOpen = open_file;
    sqlite3_vfs_register(&vfs, 0);
}
