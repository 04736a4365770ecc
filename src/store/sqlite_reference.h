/* References of a bulk load, checked beside it: SQLite's own check would look every parent up in its index,
 * which is slow, and is not there yet when indexes are built after the rows. Parents that were seen lately
 * are remembered; what is not among them is looked up at the end of its batch, or at the end of the load when
 * the parent table's index is still to be built. */
#ifndef CW_STORE_SQLITE_REFERENCE_H
#define CW_STORE_SQLITE_REFERENCE_H

#include "store/sqlite_connection.h"

struct cw_references;

cw_status cw_references_new(struct cw_references **references, struct cw_error *error);
void cw_references_free(struct cw_references *references);

/* Notes the references of an inserted batch and remembers its ids. is_deferred[e]: the index of entity e's
 * ids is not there. Errors: CW_E_VIOLATION only from cw_references_finish. */
cw_status cw_references_add(struct cw_references *references, struct cw_connection *connection,
                            const struct cw_batch *batch, const bool is_deferred[CW_ENTITY_COUNT],
                            struct cw_error *error);

/* Checks what is left once all indexes are there. Errors: CW_E_VIOLATION naming a column and the missing id.
 */
cw_status cw_references_finish(struct cw_references *references, struct cw_connection *connection,
                               struct cw_error *error);

#endif
