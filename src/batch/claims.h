/** Which files a run writes: no two outputs have one name, and none is a file that it reads. */
#ifndef CLP_BATCH_CLAIMS_H
#define CLP_BATCH_CLAIMS_H

#include <sys/stat.h>

#include "batch/listing.h"

/** Every function may be called from any thread. */
typedef struct clp_claims clp_claims;

/** `outputs`: that each input has. */
clproc_status clp_claims_create(clp_claims **claims, uint32_t outputs, clproc_error *error);
void clp_claims_destroy(clp_claims **claims);
/** Counts a file that the run reads, an overlay or a profile, among the inputs. */
clproc_status clp_claims_read(clp_claims *claims, const char *path, clproc_error *error);
/** Before anything is claimed. The listing must live as long as the claims. */
void clp_claims_begin(clp_claims *claims, const clp_listing *listing);

/** Claims a name for an output, by its number, of an input; fails if another one has it. */
clproc_status clp_claims_take(clp_claims *claims, uint32_t item, uint32_t output, const char *name,
                              clproc_error *error);
/** Whether a file is one of those that the run reads, under whatever name. */
clproc_status clp_claims_find_input(clp_claims *claims, const struct stat *info, bool *found,
                                    clproc_error *error);

#endif
