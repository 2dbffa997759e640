/** The filter of an index: 'iso > 800 and lens ~ "50mm"'. */
#ifndef CLP_INDEX_WHERE_H
#define CLP_INDEX_WHERE_H

#include "index/row.h"

typedef struct clp_where clp_where;

clproc_status clp_where_create(clp_where **where, const char *text, clproc_error *error);
void clp_where_destroy(clp_where **where);
/** True if the row passes; any thread may ask. NULL passes everything. */
bool clp_where_passes(const clp_where *where, const clp_row *row);
/** The fields it looks at, by their place from 0; false beyond the last. */
bool clp_where_field(const clp_where *where, size_t index, clp_field *field);

#endif
