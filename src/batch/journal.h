/** What earlier runs with --resume have made: a file of hashes in the output folder, one line for
 * each output, appended once the output is in place.
 *
 *  A hash is of all that an output depends on (the settings, the input's name, size and time of
 * change) and of the output's own name, size and time. Whatever differs, the output is made anew: a
 * lost or torn line costs work, never a wrong output.
 */
#ifndef CLP_BATCH_JOURNAL_H
#define CLP_BATCH_JOURNAL_H

#include "batch/hashset.h"

typedef struct clp_journal clp_journal;

/** Reads the journal in `folder`, if there is one; makes nothing on disk. */
clproc_status clp_journal_create(clp_journal **journal, const char *folder,
                                 const clproc_run_params *params, clproc_error *error);
void clp_journal_destroy(clp_journal **journal);
/** Opens the journal for clp_journal_note(), in the folder that is there now. */
clproc_status clp_journal_begin(clp_journal *journal, clproc_error *error);

/** What an input is at present, together with the settings. To be asked before it is read. */
clp_key clp_journal_source(const clp_journal *journal, const char *input);
/** True if `output` is there as it was made from this source. Any thread. */
bool clp_journal_has(const clp_journal *journal, clp_key source, const char *output);
/** `output` has just been made, with `size` bytes. Any thread. */
void clp_journal_note(clp_journal *journal, clp_key source, const char *output, size_t size);

#endif
