/* The migrations of both stores, embedded from migrations/sqlite/ and migrations/postgresql/ by
 * tools/embed_migrations.py. */
#ifndef CW_STORE_MIGRATIONS_H
#define CW_STORE_MIGRATIONS_H

#include <stdio.h>

struct cw_migration {
    int revision; /* 1, 2, 3, ... */
    const char *name;
    const char *digest; /* SHA-256 of sql, 64 hexadecimal digits */
    const char *sql;
};

/* Its number as four digits and its name, as its file and Alembic call it: "0001_shop". */
#define CW_MIGRATION_ID_SIZE 33
static inline void cw_migration_id(const struct cw_migration *migration, char id[CW_MIGRATION_ID_SIZE])
{
    snprintf(id, CW_MIGRATION_ID_SIZE, "%04d_%.24s", migration->revision, migration->name);
}

extern const struct cw_migration cw_migrations[];
extern const int cw_migration_count;

extern const struct cw_migration cw_pg_migrations[];
extern const int cw_pg_migration_count;

#endif
