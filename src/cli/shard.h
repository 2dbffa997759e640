/** Which of several runs of one job this is. */
#ifndef CLP_CLI_SHARD_H
#define CLP_CLI_SHARD_H

#include <stdint.h>

/** Reads "I/N", or "auto" and "auto/N", for which whoever started the process has set environment
 * variables. Leaves the numbers as they are where `text` is NULL. Returns 0, or the exit code after
 * saying what is wrong. */
int clp_cli_shard(const char *text, uint32_t *shard, uint32_t *shards);

#endif
