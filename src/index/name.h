/** Names of files in an index, which is UTF-8, as names of files need not be. A byte that is not
 * part of UTF-8 is spelled \xe9; so is a backslash, \x5c, where x and two digits follow it in the
 * name itself. So every name has a spelling of its own, most are their own, and undoing each \x
 * with two digits gives the name. */
#ifndef CLP_INDEX_NAME_H
#define CLP_INDEX_NAME_H

#include "core/file.h"

/** Appends the spelling of a name, or of a part of it. */
clproc_status clp_name_spell(clp_bytes *to, const char *name, size_t size, clproc_error *error);
/** The next byte of the name that is spelled at `*at`; 0 at its end. */
unsigned char clp_name_next(const char **at);

#endif
