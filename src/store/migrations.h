/* The migrations of both stores, embedded from migrations/sqlite/ and migrations/postgresql/ by
 * tools/embed_migrations.py. */
#ifndef CW_STORE_MIGRATIONS_H
#define CW_STORE_MIGRATIONS_H

struct cw_migration {
    int revision; /* 1, 2, 3, ... */
    const char *name;
    const char *digest; /* SHA-256 of sql, 64 hexadecimal digits */
    const char *sql;
};

extern const struct cw_migration cw_migrations[];
extern const int cw_migration_count;

extern const struct cw_migration cw_pg_migrations[];
extern const int cw_pg_migration_count;

#endif
