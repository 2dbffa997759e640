#include "batch/shard.h"

#include <string.h>
#include <xxhash.h>

#include "batch/template.h"
#include "core/memory.h"

bool clp_shard_has(const clp_item *item, uint32_t shard, uint32_t shards, clp_spread spread) {
    const char *path = item->path + item->relative, *slash = strrchr(path, '/');
    const char *base = slash ? slash + 1 : path;
    const char *from = spread == CLP_SPREAD_NAME ? base : path;
    size_t size = (size_t)(base - from) + clp_stem_length(base);
    return shards == 0 || XXH3_64bits(from, size) % shards == shard - 1;
}

void clp_shard_tell(uint32_t shard, uint32_t shards, size_t own, size_t all, clp_events *events) {
    char message[96];
    if (shards > 0) {
        snprintf(message, sizeof message, "shard %u of %u: %zu of %zu files", shard, shards, own,
                 all);
        clp_events_notice(events, message);
    }
}

clproc_status clp_shard_choose(clp_listing *listing, uint32_t shard, uint32_t shards,
                               clp_spread spread, clp_events *events, clproc_error *error) {
    size_t kept = 0, left = 0;
    if (shards == 0) {
        return CLPROC_OK;
    }
    clp_item *others = NULL;
    if (listing->count > 0) {
        others = clp_memory_zero(CLP_MEMORY_LISTING, listing->count, sizeof *others);
        if (!others) {
            return clp_error_memory(error, "the list of files", listing->count * sizeof *others);
        }
    }
    for (size_t i = 0; i < listing->count; i++) {
        clp_item item = listing->items[i];
        if (clp_shard_has(&item, shard, shards, spread)) {
            listing->items[kept++] = item;
        } else {
            others[left++] = item;
        }
    }
    if (left > 0) {
        memcpy(listing->items + kept, others, left * sizeof *others);
    }
    clp_memory_free(others);
    listing->own = kept;
    clp_events_dismissed(events, (uint64_t)left * events->outputs);
    clp_shard_tell(shard, shards, kept, listing->count, events);
    return CLPROC_OK;
}
