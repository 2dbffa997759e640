/** An index on its way: what reading headers and making features share. */
#ifndef CLP_INDEX_RUN_PRIVATE_H
#define CLP_INDEX_RUN_PRIVATE_H

#include "batch/events.h"
#include "batch/listing.h"
#include "index/index.h"
#include "index/near.h"
#include "index/reader.h"
#include "index/scores.h"
#include "index/where.h"

/** One file. */
typedef struct clp_index_entry {
    clp_row row;
    clp_read_end end;
    clp_old_row *known;
    bool passes; /**< what `where` says; of rows that were read, or scored */
} clp_index_entry;

typedef struct clp_index_work {
    const clproc_index_params *params;
    clp_listing listing; /**< where there are features: else files are listed as they are read */
    clp_events events;
    clp_selection selection;
    clp_where *where;
    clp_scores *scores; /**< NULL: no model */
    clp_store *store;
    clp_old old;
    clproc_index_result *result;
    uint64_t started; /**< by the clock */
    bool ended;       /**< what was read is in its place, or nothing will be */
    bool incomplete;  /**< a folder could not be read: its files may still be there */
    clp_near near;
    size_t done;              /**< rows that are written, in the order of the listing */
    uint64_t bytes;           /**< read */
    bool digests;             /**< of pixels are wanted */
    clp_pixels_bounds pixels; /**< within which each thread decodes for them */
} clp_index_work;

/* prepare.c */
/** Reads what is asked for: fields, filter and model. */
clproc_status clp_index_prepare(clp_index_work *index, clproc_error *error);

/* run.c */
/** Makes a work of zeros ready for one index. The work itself must live as long as its parts. */
void clp_index_begin(clp_index_work *index, const clproc_index_params *params,
                     clproc_index_result *result);
/** Opens the index that is to be written, once all files are listed. */
clproc_status clp_index_open(clp_index_work *index, clproc_error *error);
/** Puts the new index in its place; of a run that was `stopped` what was read, where that loses
 * nothing. */
clproc_status clp_index_finish(clp_index_work *index, bool stopped, clproc_error *error);
/** Sums up what came of it so far. */
void clp_index_count(clp_index_work *index);
void clp_index_end(clp_index_work *index);
/** Threads for so many shares of the work: one to a core, and `waiting` more, unless the caller has
 * said how many. */
size_t clp_index_threads(const clp_index_work *index, size_t waiting, size_t shares);
/** A reader for one of the threads. */
clproc_status clp_index_reader(const clp_index_work *index, clp_reader **reader,
                               clproc_error *error);
/** Shares the memory that decoding may take among threads. */
void clp_index_share(clp_index_work *index, const clproc_run_params *decoding, size_t threads);
/** Fills in how pictures are decoded, as far as the caller says. */
void clp_index_decoding(const clp_index_work *index, clproc_run_params *run);
/** Prints the row of a file that was read or scored behind `text`, if it passes. */
clproc_status clp_index_print(const clp_index_work *index, clp_index_entry *entry, clp_bytes *text,
                              clproc_error *error);
/** Writes the row of the next file, with its text, and reports it. `kept`: for text of rows that
 * were there. */
clproc_status clp_index_write(clp_index_work *index, const char *path, clp_index_entry *entry,
                              const void *text, size_t size, clp_bytes *kept, clproc_error *error);
/** The error of a picture that comes where names are expected. */
clproc_status clp_index_piped(clproc_error *error);

/* headers.c */
/** Makes and writes all rows, of headers alone. `*stopped`: some are missing, as the caller asked
 * for.
 */
clproc_status clp_index_headers(clp_index_work *index, bool *stopped, clproc_error *error);

/* features.c */
/** Makes and writes all rows, with what pictures look like. */
clproc_status clp_index_features(clp_index_work *index, clproc_error *error);
/** The same of the files of a run, from the bytes that it reads. The index is open if its store is.
 */
clproc_status clp_index_beside(clp_index_work *index, const clproc_run_params *run,
                               clproc_run_result *result, clproc_profile **profile,
                               clproc_error *error);

#endif
