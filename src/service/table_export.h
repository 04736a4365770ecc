/* A table of a store, or those of its rows that meet conditions, as a file of a format: piece by piece, so
 * that neither the whole file nor the whole table is ever in memory. Between two pieces nothing of the store
 * is held, so that a pause may take as long as it likes: each piece reads on after the last row by its id.
 *
 * The rows are those that were there when the export began: rows are numbered in the order in which they were
 * committed and never removed, and later ones are left out by their numbers. A row of stock, which changes in
 * place, is shown as it is when its piece is made. */
#ifndef CW_SERVICE_TABLE_EXPORT_H
#define CW_SERVICE_TABLE_EXPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "cartwright/buffer.h"
#include "cartwright/error.h"
#include "service/list_page.h"
#include "store/store.h"

/* Belongs to one thread at a time. */
struct cw_table_export;

/* Begins an export of page->entity in page->format with page's columns and conditions, which are copied; the
 * rest of page does not matter. The store must stay open. Errors: CW_E_NO_MEMORY, those of the store. */
cw_status cw_table_export_new(struct cw_store *store, const struct cw_list_page *page,
                              struct cw_table_export **export, struct cw_error *error);
void cw_table_export_free(struct cw_table_export *export);

/* Appends the next bytes of the file: some hundred kilobytes of text, or one Parquet row group of at most
 * 32,768 rows. At least one byte is appended by each call until *is_last is set. Nothing may follow a
 * failure. Errors: those of the store and of encoding. */
cw_status cw_table_export_next(struct cw_table_export *export, struct cw_buffer *out, bool *is_last,
                               struct cw_error *error);

/* Rows so far. */
int64_t cw_table_export_rows(const struct cw_table_export *export);

#endif
