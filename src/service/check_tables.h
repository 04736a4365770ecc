/* Temporary databases that hold the rows to be checked: a table for every entity, without constraints, with
 * the indexes that rules look rows up by. */
#ifndef CW_SERVICE_CHECK_TABLES_H
#define CW_SERVICE_CHECK_TABLES_H

#include "cartwright/buffer.h"
#include "cartwright/entity.h"
#include "service/check_database.h"

/* Where temporary databases are: TMPDIR, else /var/tmp or /tmp. */
const char *cw_temporary_folder(void);

/* Opens database->threads connections to empty temporary databases, in cw_temporary_folder, that go with the
 * process. Errors: CW_E_IO, CW_E_NO_MEMORY. */
cw_status cw_check_tables_make(struct cw_check_database *database, struct cw_error *error);

/* Appends "INSERT INTO <the entity's table>". */
cw_status cw_check_tables_put_insert(struct cw_buffer *sql, const struct cw_entity *entity,
                                     struct cw_error *error);

/* Makes all tables and has `fill` add their rows, on one thread for each of the parts: part i is used with
 * connection i alone. Indexes are made after the rows. Errors: the first of fill. */
cw_status cw_check_tables_fill(struct cw_check_database *database, void *const *parts, uint32_t part_count,
                               cw_status (*fill)(void *part, const struct cw_entity *entity,
                                                 struct cw_error *error),
                               struct cw_error *error);

#endif
