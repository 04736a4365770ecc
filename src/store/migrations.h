/* The migrations of the built-in store, embedded from migrations/sqlite/ by tools/embed_migrations.py. */
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

#endif
