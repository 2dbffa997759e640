/** Shards: one job's files shared out among several runs, on one machine or many.
 *
 *  A file's shard depends on its name alone, so that every run comes to the same answer without
 * asking another. Files whose outputs could get one name share a shard, which sees that they do.
 */
#ifndef CLP_BATCH_SHARD_H
#define CLP_BATCH_SHARD_H

#include "batch/listing.h"

/** Which part of a file's name counts; of its last part never the ending: a.png and a.jpg may both
 * become a.jpg. */
typedef enum clp_spread {
    CLP_SPREAD_PATH, /**< the path below the input: the same wherever the input is */
    CLP_SPREAD_NAME  /**< what stands behind the last slash */
} clp_spread;

/** True if a file is in shard `shard` of `shards`; with `shards` 0 every file is. */
bool clp_shard_has(const clp_item *item, uint32_t shard, uint32_t shards, clp_spread spread);
/** Tells, through `events`, how many of all files that are. */
void clp_shard_tell(uint32_t shard, uint32_t shards, size_t own, size_t all, clp_events *events);
/** Puts the files of shard `shard`, from 1, of `shards` before those of the others, in their order,
 * and leaves them alone to the run. With `shards` 0 all are. Tells, through `events`, how many. */
clproc_status clp_shard_choose(clp_listing *listing, uint32_t shard, uint32_t shards,
                               clp_spread spread, clp_events *events, clproc_error *error);

#endif
