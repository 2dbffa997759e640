/** Where an index is kept: JSON lines, CSV, or a table of SQLite. */
#ifndef CLP_INDEX_STORE_H
#define CLP_INDEX_STORE_H

#include "index/old.h"
#include "index/row.h"

typedef struct clp_store clp_store;

/** Finds out what kind of index a name means, and that this build has it. */
clproc_status clp_store_check(const char *path, clproc_error *error);
/** Endings of the kinds that this build has; NULL beyond the last. */
const char *clp_store_ending(size_t index);

/** Opens the index as it is, which may not be there, and begins the one to take its place. The
 * selection must live as long. Once `*cancel` is not 0, nothing waits for who reads a stream. */
clproc_status clp_store_open(clp_store **store, const char *path, const clp_selection *selection,
                             const volatile int *cancel, clproc_error *error);
/** Leaves the index as it was, unless it was committed. */
void clp_store_close(clp_store **store);
/** Closes its files, and drops what was not committed. Nothing but clp_store_print(),
 * clp_store_existed() and clp_store_close() may follow. */
void clp_store_give_up(clp_store *store);

/** Notes the rows there are, and in `found` the fields that they have beside the selection's, at
 * least. `*usable` is false if they have other fields. Columns that are no fields are an error: no
 * run could make them again. */
clproc_status clp_store_scan(clp_store *store, clp_old *old, clp_selection *found, bool *usable,
                             clproc_error *error);
/** Reads one of them again. */
clproc_status clp_store_fetch(clp_store *store, uint64_t place, clp_row *row, clproc_error *error);
/** Adds one of them as it is. */
clproc_status clp_store_copy(clp_store *store, uint64_t place, clproc_error *error);
/** True if there was an index with this name. */
bool clp_store_existed(const clp_store *store);

/** Opens an index to read its rows one after the other; nothing is written. */
clproc_status clp_store_read(clp_store **store, const char *path, clproc_error *error);
/** The fields of its rows; none where it has no rows and does not tell. */
const clp_selection *clp_store_fields(const clp_store *store);
/** The next row, and its place for clp_store_fetch(); `*there` is false beyond the last. What is no
 * row of this program's is an error. */
clproc_status clp_store_next(clp_store *store, clp_row *row, uint64_t *place, bool *there,
                             clproc_error *error);

/** Appends a row as text, where the store takes text; any thread may do so. */
clproc_status clp_store_print(const clp_store *store, const clp_row *row, clp_bytes *text,
                              clproc_error *error);
/** Adds a row, with what clp_store_print() made of it. */
clproc_status clp_store_put(clp_store *store, const clp_row *row, const void *text, size_t size,
                            clproc_error *error);
/** Puts the new index in place of the old one. */
clproc_status clp_store_commit(clp_store *store, clproc_error *error);

#endif
