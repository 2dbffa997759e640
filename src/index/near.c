/* Hashes near each other. A hash has four bands of 16 bits: two hashes that differ in n bits agree
 * in one of the bands but for n / 4, rounded down. So each is compared with those alone that have,
 * in some band, a value that near its own, which they are sorted by. */
#include "index/near.h"

#include <stdlib.h>
#include <string.h>

#include "core/cancel.h"
#include "core/memory.h"
#include "index/name.h"

enum { BANDS = 4, BAND_BITS = 16, BAND_VALUES = 1 << BAND_BITS };

clproc_status clp_near_add(clp_near *near, uint32_t item, uint64_t hash, double sharpness,
                           clproc_error *error) {
    clp_near_one *ones = clp_memory_grow(CLP_MEMORY_LISTING, near->ones, &near->capacity,
                                         near->count + 1, sizeof *ones);
    if (!ones || near->count >= UINT32_MAX) {
        return clp_error_memory(error, "the hashes", near->count * sizeof *ones);
    }
    near->ones = ones;
    ones[near->count++] = (clp_near_one){.hash = hash, .sharpness = (float)sharpness, .item = item};
    return CLPROC_OK;
}

void clp_near_free(clp_near *near) {
    clp_memory_free(near->ones);
    *near = (clp_near){0};
}

/* ---------------------------------------------------------------- grouping */

/** The first of the group that one is in, which those asked after it find sooner. */
static uint32_t find(uint32_t *groups, uint32_t one) {
    while (groups[one] != one) {
        groups[one] = groups[groups[one]];
        one = groups[one];
    }
    return one;
}

static void join(uint32_t *groups, uint32_t a, uint32_t b) {
    a = find(groups, a);
    b = find(groups, b);
    groups[a > b ? a : b] = a < b ? a : b;
}

static uint32_t band_of(uint64_t hash, uint32_t band) {
    return (uint32_t)(hash >> (band * BAND_BITS)) & (BAND_VALUES - 1);
}

/** Those of which the hash differs from the one before, sorted by a band: the ones with value v
 * begin at starts[v]. */
typedef struct bucket_list {
    uint32_t *order, *starts;
    uint64_t *hashes; /**< in that order, so that a bucket is read in one go */
} bucket_list;

static bool is_repeated(const clp_near *near, uint32_t i) {
    return i > 0 && near->ones[i].hash == near->ones[i - 1].hash;
}

static void sort_by_band(const clp_near *near, uint32_t band, bucket_list *lists) {
    uint32_t *starts = lists->starts;
    for (uint32_t value = 0; value <= BAND_VALUES; value++) {
        starts[value] = 0;
    }
    for (uint32_t i = 0; i < near->count; i++) {
        starts[band_of(near->ones[i].hash, band) + 1] += !is_repeated(near, i);
    }
    for (uint32_t value = 0; value < BAND_VALUES; value++) {
        starts[value + 1] += starts[value];
    }
    uint32_t all = starts[BAND_VALUES];
    /* From the back, each bucket's end being moved down to its start. */
    for (uint32_t i = (uint32_t)near->count; i-- > 0;) {
        if (!is_repeated(near, i)) {
            uint32_t at = --starts[band_of(near->ones[i].hash, band) + 1];
            lists->order[at] = i;
            lists->hashes[at] = near->ones[i].hash;
        }
    }
    for (uint32_t value = 0; value < BAND_VALUES; value++) {
        starts[value] = starts[value + 1];
    }
    starts[BAND_VALUES] = all;
}

/** Joins one with all of a bucket that are near it. */
static void join_bucket(const clp_near *near, uint32_t one, uint32_t value, uint32_t bits,
                        const bucket_list *lists, uint32_t *groups) {
    uint64_t hash = near->ones[one].hash;
    for (uint32_t i = lists->starts[value]; i < lists->starts[value + 1]; i++) {
        if ((uint32_t)__builtin_popcountll(hash ^ lists->hashes[i]) <= bits) {
            join(groups, one, lists->order[i]);
        }
    }
}

/** Goes through the buckets of values that differ from one's in up to `left` bits from `first` on.
 */
static void join_buckets(const clp_near *near, uint32_t one, uint32_t value, uint32_t first,
                         uint32_t left, uint32_t bits, const bucket_list *lists, uint32_t *groups) {
    join_bucket(near, one, value, bits, lists, groups);
    for (uint32_t bit = first; left > 0 && bit < BAND_BITS; bit++) {
        join_buckets(near, one, value ^ UINT32_C(1) << bit, bit + 1, left - 1, bits, lists, groups);
    }
}

static int by_hash(const void *a, const void *b) {
    const clp_near_one *x = a, *y = b;
    return x->hash != y->hash ? (x->hash > y->hash) - (x->hash < y->hash)
                              : (x->item > y->item) - (x->item < y->item);
}

clproc_status clp_near_group(clp_near *near, uint32_t bits, const volatile int *cancel,
                             uint32_t *groups, clproc_error *error) {
    bucket_list lists = {
        .order = clp_memory_zero(CLP_MEMORY_LISTING, near->count + 1, sizeof *lists.order),
        .starts = clp_memory_zero(CLP_MEMORY_LISTING, BAND_VALUES + 1, sizeof *lists.starts),
        .hashes = clp_memory_zero(CLP_MEMORY_LISTING, near->count + 1, sizeof *lists.hashes)};
    clproc_status status = CLPROC_OK;
    if (!lists.order || !lists.starts || !lists.hashes) {
        status = clp_error_memory(error, "the hashes", near->count * sizeof *lists.order);
        goto out;
    }
    if (near->count > 0) {
        qsort(near->ones, near->count, sizeof *near->ones, by_hash);
    }
    for (uint32_t i = 0; i < near->count; i++) {
        groups[i] = is_repeated(near, i) ? groups[i - 1] : i;
    }
    for (uint32_t band = 0; band < BANDS; band++) {
        sort_by_band(near, band, &lists);
        for (uint32_t i = 0; i < near->count; i++) {
            CLP_TRY(status, out, clp_cancel_check(cancel, error));
            if (!is_repeated(near, i)) {
                join_buckets(near, i, band_of(near->ones[i].hash, band), 0, bits / BANDS, bits,
                             &lists, groups);
            }
        }
    }
    for (uint32_t i = 0; i < near->count; i++) {
        groups[i] = find(groups, i);
    }
out:
    clp_memory_free(lists.order);
    clp_memory_free(lists.starts);
    clp_memory_free(lists.hashes);
    return status;
}

/* ----------------------------------------------------------------- telling */

/** A picture of a group. */
typedef struct member {
    clp_near_one one;
    uint32_t group;    /**< as clp_near_group() has it */
    uint32_t earliest; /**< item of the group */
} member;

static int by_group(const void *a, const void *b) {
    const member *x = a, *y = b;
    if (x->earliest != y->earliest) {
        return x->earliest < y->earliest ? -1 : 1;
    }
    if (x->one.sharpness != y->one.sharpness) {
        return x->one.sharpness > y->one.sharpness ? -1 : 1;
    }
    return (x->one.item > y->one.item) - (x->one.item < y->one.item);
}

/** Notes for each picture the earliest file of its group, which is its place among groups. */
static void find_earliest(const clp_near *near, uint32_t *earliest, const uint32_t *groups,
                          member *members) {
    for (uint32_t i = 0; i < near->count; i++) {
        earliest[i] = UINT32_MAX;
    }
    for (uint32_t i = 0; i < near->count; i++) {
        uint32_t *of_group = &earliest[groups[i]];
        *of_group = near->ones[i].item < *of_group ? near->ones[i].item : *of_group;
    }
    for (uint32_t i = 0; i < near->count; i++) {
        members[i] =
            (member){.one = near->ones[i], .group = groups[i], .earliest = earliest[groups[i]]};
    }
}

/** Tells a group, which is that many members. */
static clproc_status tell_group(const member *members, size_t count, uint64_t group,
                                const clp_listing *listing, const clproc_index_params *params,
                                clp_bytes *name, clproc_error *error) {
    clproc_status status = CLPROC_OK;
    for (size_t i = 0; i < count; i++) {
        const clp_near_one *one = &members[i].one;
        const char *path = listing->items[one->item].path;
        name->size = 0;
        CLP_TRY(status, out, clp_name_spell(name, path, strlen(path), error));
        CLP_TRY(status, out, clp_bytes_append(name, "", 1, error));
        const clproc_near picture = {
            .path = (const char *)name->data,
            .group = group,
            .rank = i + 1,
            .distance = (uint32_t)__builtin_popcountll(one->hash ^ members[0].one.hash),
            .sharpness = one->sharpness};
        params->on_near(&picture, params->user);
    }
out:
    return status;
}

/** Counts the groups that it tells. */
static clproc_status tell_groups(const member *members, size_t count, const clp_listing *listing,
                                 const clproc_index_params *params, uint64_t *group_count,
                                 clproc_error *error) {
    clproc_status status = CLPROC_OK;
    clp_bytes name = {0};
    *group_count = 0;
    for (size_t first = 0, end; status == CLPROC_OK && first < count; first = end) {
        for (end = first + 1; end < count && members[end].group == members[first].group; end++) {
        }
        if (end > first + 1) {
            status = tell_group(members + first, end - first, ++*group_count, listing, params,
                                &name, error);
        }
    }
    clp_bytes_free(&name);
    return status;
}

clproc_status clp_near_tell(clp_near *near, const clp_listing *listing,
                            const clproc_index_params *params, uint64_t *group_count,
                            clproc_error *error) {
    uint32_t *groups = clp_memory_zero(CLP_MEMORY_LISTING, near->count + 1, sizeof *groups);
    uint32_t *earliest = clp_memory_zero(CLP_MEMORY_LISTING, near->count + 1, sizeof *earliest);
    member *members = clp_memory_zero(CLP_MEMORY_LISTING, near->count + 1, sizeof *members);
    clproc_status status;
    if (!groups || !earliest || !members) {
        status = clp_error_memory(error, "the groups", near->count * sizeof *members);
        goto out;
    }
    CLP_TRY(status, out,
            clp_near_group(near, (uint32_t)params->near, params->cancel, groups, error));
    find_earliest(near, earliest, groups, members);
    qsort(members, near->count, sizeof *members, by_group);
    status = tell_groups(members, near->count, listing, params, group_count, error);
out:
    clp_memory_free(groups);
    clp_memory_free(earliest);
    clp_memory_free(members);
    return status;
}
