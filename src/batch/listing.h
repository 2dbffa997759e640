/** From what the user named to the files to read: folders, globs and lists are opened up here. */
#ifndef CLP_BATCH_LISTING_H
#define CLP_BATCH_LISTING_H

#include "batch/events.h"
#include "batch/hashset.h"
#include "core/file.h"

typedef struct clp_item {
    const char *path;
    uint32_t relative; /**< where in `path` the part begins that an output folder mirrors */
    uint32_t number;   /**< its place among all files of the job, whatever shard they belong to */
    bool named;        /**< by the user, not found in a folder: it must be a picture */
    bool piped;        /**< the listing holds it: it came on standard input */
} clp_item;

/** What a picture on standard input is called. */
#define CLP_LISTING_PIPED "stdin"

typedef struct clp_text_block clp_text_block;

/** Zero-initialise; release with clp_listing_free(). */
typedef struct clp_listing {
    clp_item *items;
    size_t count, capacity;
    size_t roots;         /**< files and folders that the inputs came to, lists opened up */
    size_t own;           /**< the first of them, which are this run's: see shard.h */
    clp_text_block *text; /**< holds the paths */
    clp_bytes piped;      /**< the picture that came on standard input */
} clp_listing;

/** A folder that the run writes to. */
typedef struct clp_listing_output {
    const char *folder; /**< not read where it lies inside an input folder */
    bool mirrored;      /**< outputs keep their names: that folder is no input either */
} clp_listing_output;

typedef struct clp_listing_request {
    const char *const *inputs; /**< as in clproc_run_params */
    size_t input_count;
    const clp_listing_output *outputs;
    size_t output_count;
    uint64_t most_piped;        /**< bytes of a picture on standard input, beyond which not all of
                                   them are read; names are not meant */
    const volatile int *cancel; /**< may be NULL */
    bool *incomplete;           /**< becomes true if a folder cannot be read; may be NULL */
} clp_listing_request;

/** Lists every file once, folders in the byte order of their names. What is no regular file is
 * reported as skipped, a folder that cannot be read as failed; both through `events`. */
clproc_status clp_listing_make(clp_listing *listing, const clp_listing_request *request,
                               clp_events *events, clproc_error *error);
void clp_listing_free(clp_listing *listing);

/** Takes one file; its path lives as long as the call. */
typedef clproc_status (*clp_listing_take)(void *user, const clp_item *item, clproc_error *error);
/** The same without a list: hands each file to `take` as soon as it is found. What is named by
 * several inputs comes several times. A picture on standard input is an item that is `piped`. */
clproc_status clp_listing_walk(const clp_listing_request *request, clp_events *events,
                               clp_listing_take take, void *user, clproc_error *error);

#endif
