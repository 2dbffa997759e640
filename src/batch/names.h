/** What the outputs are called: a mirrored folder, a template, or one file. */
#ifndef CLP_BATCH_NAMES_H
#define CLP_BATCH_NAMES_H

#include "batch/claims.h"
#include "batch/shard.h"
#include "core/file.h"

typedef struct clp_names clp_names;

/** Where the file of one picture goes. */
typedef enum clp_placing {
    CLP_PLACE_WRITE,
    CLP_PLACE_EXISTS, /**< nowhere: the run is not to replace what is there */
    CLP_PLACE_MADE    /**< nowhere: an earlier run with --resume has made it */
} clp_placing;

/** What a name may depend on besides the input's own name. */
typedef struct clp_name_facts {
    clproc_format format;   /**< of the output; CLPROC_FORMAT_KEEP where not yet known */
    uint32_t width, height; /**< of the output; 0 where not yet known */
} clp_name_facts;

/** Understands params->output; makes nothing on disk. `*names` stays NULL where the run writes
 * nothing (no output and null_output or dry_run). Params and claims must live as long. `number`: of
 * this output among those of each picture. */
clproc_status clp_names_create(clp_names **names, const clproc_run_params *params,
                               clp_claims *claims, uint32_t number, clproc_error *error);
void clp_names_destroy(clp_names **names);

/** True if the one picture goes to standard output. */
bool clp_names_is_stream(const clp_names *names);
/** The folder all outputs lie in, NULL if there is none; `*mirrored`: it repeats the input tree. */
const char *clp_names_folder(const clp_names *names, bool *mirrored);
/** Widens `*spread` so that two files whose outputs could get one name are in one shard. */
clproc_status clp_names_spread(const clp_names *names, clp_spread *spread, clproc_error *error);
/** What params->format comes to for a picture stored as `stored`: an output's ending may decide. */
clproc_format clp_names_format(const clp_names *names, clproc_format stored);

/** Claims every name that can be known now for its input and refuses duplicates. The listing must
 * live as long as the names. Every name is looked up: `cancel`, or NULL, is heeded. */
clproc_status clp_names_claim_all(clp_names *names, const clp_listing *listing,
                                  const volatile int *cancel, clproc_error *error);
/** Makes the output folder and sees that it can be written to. */
clproc_status clp_names_prepare(clp_names *names, clproc_error *error);

/** What an input is now, for the journal of --resume; without one, nothing. Before it is read. */
clp_key clp_names_source(const clp_names *names, uint32_t item);
/** Whether the input needs not be opened: its output can be named without, and is there already. */
clp_placing clp_names_foresee(const clp_names *names, uint32_t item, clp_key source,
                              clp_bytes *name);
/** Builds the name, claims it, and decides whether to write to it: never to an input. Any thread.
 */
clproc_status clp_names_place(const clp_names *names, uint32_t item, const clp_name_facts *facts,
                              clp_key source, clp_bytes *name, clp_placing *placing,
                              clproc_error *error);
/** Writes an input's output, making folders on the way, and notes it for --resume. Any thread. */
clproc_status clp_names_write(clp_names *names, uint32_t item, clp_key source, const char *name,
                              const void *data, size_t size, clproc_error *error);

/** Notes for the journal what an output is now, after more has been done to it. Any thread. */
void clp_names_note(const clp_names *names, clp_key source, const char *name, size_t size);

#endif
