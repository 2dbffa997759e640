/** Decoding JPEG scans on a device: sizes, jobs, launches. */
#include <string.h>

#include "core/checked.h"
#include "device/jpeg_private.h"

enum { COLD, MEET, CHAIN, SUMS, PREFIX, BLOCKS, PLANES };

const char *const clp_jpeg_decode_names[CLP_JPEG_DECODE_KERNELS] = {
    "jpeg_cold",   "jpeg_meet",   "jpeg_chain", "jpeg_sums",
    "jpeg_prefix", "jpeg_blocks", "jpeg_planes"};
static const char *const files[] = {"common.clh",     "jpeg_package.clh", "jpeg_bits.clh",
                                    "jpeg_lists.clh", "jpeg_decode.cl",   "jpeg_chain.cl",
                                    "jpeg_dct.clh",   "jpeg_idct.cl",     NULL};
static const clp_kernel_source source = {"the JPEG codec", files, clp_jpeg_decode_names,
                                         CLP_JPEG_DECODE_KERNELS};

enum {
    SLOT_GROUP = 128,     /* its tables are 19 KB of local memory */
    PICTURE_GROUP = 1024, /* of kernels with one group a picture */
    PICTURE_GROUP_CPU = 64,
    BLOCK_GROUP = 128,
    BLOCK_BYTES = 33 * 4, /* of local memory, BLOCK_WORDS of jpeg_dct.clh */
    SHORT_TABLE_BYTES =
        (JPEG_TABLE_WORDS - JPEG_TABLE_LIMITS / 2) * 4, /* as jpeg_idct.cl has them */
    QUANTISER_BYTES = 64 * JPEG_COMPONENTS * 4,
    TILE_ROUNDS = 4, /* blocks that an item of jpeg_planes decodes: its group loads tables once */
    /* How far a decoder goes on in search of another, bits: of photos the farthest took 43,000. */
    MOST_WALK = 1 << 17,
    SPARE_ENTRIES = 1 << 14, /* of a picture's lists */
    LEAST_CHUNK = 8,
    MOST_CHUNK = 256
};

static uint32_t picture_blocks(const jpeg_package *package) {
    return package->mcus * package->mcu_blocks;
}

/** Slots of a picture, as find_slot() numbers them. */
static uint32_t picture_slots(const jpeg_package *package, uint32_t slot_bits) {
    uint32_t last = package->segment_count - 1;
    /* Segments before the last end at or before its start. */
    return last + package->end / slot_bits + 1;
}

/** How lists are cut up: a slot's blocks take about four chunks. */
static void size_chunks(const jpeg_package *package, uint32_t slot_bits, jpeg_decode_job *job) {
    uint64_t blocks = job->blocks, in_slot = blocks * slot_bits / package->scan_bits;
    job->chunk = LEAST_CHUNK;
    while (job->chunk < MOST_CHUNK && job->chunk * 4 < in_slot) {
        job->chunk *= 2;
    }
    /* The first pass finds about as many blocks as there are. Those found again while decoders look
     * for each other are about 400 bits for each slot's start of photos, several slots where an
     * area has one colour. Small pictures have less to even out what is exceptional. */
    uint64_t entries =
        blocks + blocks / 2 + blocks * 4096 / slot_bits + 2 * (uint64_t)job->slots + SPARE_ENTRIES;
    job->chunk_count = (uint32_t)(entries / (job->chunk - 1)) + 1;
}

/** Fills the jobs, if `jobs` is not NULL, and the batch's sums. False on overflow. */
static bool place_jobs(const clp_jpeg_decode_picture *pictures, clp_jpeg_decode_plan *plan,
                       jpeg_decode_job *jobs, uint64_t *list_words, uint64_t *blocks) {
    uint32_t group = plan->batch.group, slot_bits = plan->batch.slot_bits;
    uint64_t slots = 0, tiles = 0;
    *list_words = *blocks = 0;
    plan->pairs = 0;
    for (uint32_t i = 0; i < plan->batch.count; i++) {
        const jpeg_package *package = pictures[i].package;
        jpeg_decode_job job = {.package = pictures[i].at,
                               .first_slot = (uint32_t)slots,
                               .slots = picture_slots(package, slot_bits),
                               .first_block = (uint32_t)*blocks,
                               .blocks = picture_blocks(package),
                               .first_tile = (uint32_t)tiles};
        size_chunks(package, slot_bits, &job);
        *list_words = (*list_words + job.chunk - 1) / job.chunk * job.chunk;
        job.lists = (uint32_t)*list_words;
        memcpy(job.planes, pictures[i].planes, sizeof job.planes);
        slots += (job.slots + group - 1) / group * group;
        tiles += (job.blocks + plan->batch.tile_blocks - 1) / plan->batch.tile_blocks;
        *list_words += (2 * (uint64_t)job.slots + job.chunk_count) * job.chunk;
        *blocks += job.blocks;
        plan->pairs = plan->pairs > package->pairs ? plan->pairs : package->pairs;
        if (jobs) {
            jobs[i] = job;
        }
        if (slots > UINT32_MAX || tiles > UINT32_MAX || *list_words > UINT32_MAX ||
            *blocks > UINT32_MAX) {
            return false;
        }
    }
    plan->slots = (uint32_t)slots;
    plan->tiles = (uint32_t)tiles;
    return true;
}

/** Gives every table its place in working memory. False if they do not fit in what 32 bits count.
 */
static bool place_tables(clp_jpeg_decode_plan *plan, uint64_t list_words, uint64_t blocks) {
    jpeg_decode_batch *batch = &plan->batch;
    uint64_t slots = plan->slots, count = batch->count, at = 0;
    const struct {
        uint32_t *place;
        uint64_t words;
    } tables[] = {{&batch->flags, JPEG_FLAG_WORDS * count},
                  {&batch->used, count},
                  {&batch->slots, slots * sizeof(jpeg_slot) / 4},
                  {&batch->sums, 4 * slots},
                  {&batch->cold_count, slots},
                  {&batch->cold_end, slots},
                  {&batch->walk_count, slots},
                  {&batch->reach, slots},
                  {&batch->meet_at, slots},
                  {&batch->meet_index, slots},
                  {&batch->from_at, slots},
                  {&batch->from_index, slots},
                  {&batch->first, slots},
                  {&batch->lists, list_words},
                  {&batch->starts, blocks},
                  {&batch->dc, (blocks + 1) / 2}};
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        if (at > UINT32_MAX) {
            return false;
        }
        *tables[i].place = (uint32_t)at;
        at = (at + tables[i].words + MOST_CHUNK - 1) / MOST_CHUNK * MOST_CHUNK;
    }
    plan->work_bytes = at * sizeof(uint32_t);
    return at <= UINT32_MAX;
}

/** The size of work-groups by kernel. */
static void choose_groups(const clp_jpeg_codec *codec, clp_jpeg_decode_plan *plan) {
    static const uint32_t by_slot[] = {COLD, MEET, SUMS, BLOCKS}, by_picture[] = {CHAIN, PREFIX};
    const clp_kernel_set *set = &codec->decode;
    plan->batch.group = SLOT_GROUP;
    for (size_t i = 0; i < sizeof by_slot / sizeof by_slot[0]; i++) {
        plan->batch.group = clp_jpeg_group(codec, set, by_slot[i], plan->batch.group);
    }
    plan->picture_group = codec->cpu ? PICTURE_GROUP_CPU : PICTURE_GROUP;
    for (size_t i = 0; i < sizeof by_picture / sizeof by_picture[0]; i++) {
        plan->picture_group = clp_jpeg_group(codec, set, by_picture[i], plan->picture_group);
    }
    /* Blocks have local memory beside the tables. */
    size_t tables = 2 * JPEG_COMPONENTS * SHORT_TABLE_BYTES + QUANTISER_BYTES;
    uint32_t blocks = BLOCK_GROUP;
    while (blocks > 1 && tables + blocks * BLOCK_BYTES > codec->local_bytes) {
        blocks /= 2;
    }
    plan->block_group = clp_jpeg_group(codec, set, PLANES, blocks);
    plan->batch.tile_blocks = plan->block_group * TILE_ROUNDS;
}

clproc_status clp_jpeg_decode_plan_batch(clp_jpeg_codec *codec,
                                         const clp_jpeg_decode_picture *pictures, uint32_t count,
                                         uint32_t slot_bits, clp_jpeg_decode_plan *plan,
                                         clproc_error *error) {
    uint64_t list_words, blocks;
    clproc_status status;
    memset(plan, 0, sizeof *plan);
    plan->batch.count = count;
    plan->batch.slot_bits = slot_bits;
    plan->batch.walk_slots = MOST_WALK / slot_bits;
    plan->job_bytes = sizeof(jpeg_decode_batch) + count * sizeof(jpeg_decode_job);
    CLP_TRY(status, out,
            clp_kernel_set_build(&codec->decode, &source, codec->context, codec->device,
                                 codec->keeper, error));
    choose_groups(codec, plan);
    if (!place_jobs(pictures, plan, NULL, &list_words, &blocks) ||
        !place_tables(plan, list_words, blocks)) {
        status = clp_error_set(error, CLPROC_ERROR_LIMIT,
                               "%u pictures are too many to decode at a time", count);
    }
out:
    return status;
}

void clp_jpeg_decode_jobs(const clp_jpeg_decode_plan *plan, const clp_jpeg_decode_picture *pictures,
                          void *jobs) {
    clp_jpeg_decode_plan again = *plan;
    uint64_t list_words, blocks;
    memcpy(jobs, &plan->batch, sizeof plan->batch);
    place_jobs(pictures, &again, (jpeg_decode_job *)((jpeg_decode_batch *)jobs + 1), &list_words,
               &blocks);
}

void clp_jpeg_decode_planes(clp_jpeg_decode_picture *picture, const clp_layout *layout,
                            uint64_t base, const uint32_t sizes[JPEG_COMPONENTS]) {
    for (uint32_t i = 0; i < JPEG_COMPONENTS; i++) {
        jpeg_plane *plane = &picture->planes[i];
        *plane = (jpeg_plane){0};
        if (i < layout->plane_count && i < picture->package->components) {
            const clp_plane *to = &layout->planes[i];
            const jpeg_component *component = &picture->package->component[i];
            uint32_t columns = (uint32_t)((to->width + sizes[i] - 1) / sizes[i]);
            uint32_t rows = (to->height + sizes[i] - 1) / sizes[i];
            *plane =
                (jpeg_plane){.offset = base + to->offset,
                             .pitch = (uint32_t)to->pitch,
                             .size = sizes[i],
                             .columns = columns < component->columns ? columns : component->columns,
                             .rows = rows < component->rows ? rows : component->rows};
        }
    }
}

clproc_status clp_jpeg_decode_enqueue(clp_jpeg_codec *codec, const clp_jpeg_decode_plan *plan,
                                      cl_mem packages, cl_mem jobs, cl_mem work, cl_mem planes,
                                      const clp_jpeg_queue *queue, clproc_error *error) {
    const jpeg_decode_batch *batch = &plan->batch;
    const size_t slot_groups = plan->slots / batch->group, count = batch->count;
    const size_t table_bytes = 2 * plan->pairs * JPEG_TABLE_WORDS * sizeof(cl_uint);
    const size_t short_bytes = 2 * plan->pairs * SHORT_TABLE_BYTES + QUANTISER_BYTES;
    const clp_jpeg_argument package = {.buffer = packages}, job = {.buffer = jobs};
    const clp_jpeg_argument memory = {.buffer = work}, samples = {.buffer = planes};
    const clp_jpeg_argument tables = {.local = table_bytes}, short_tables = {.local = short_bytes};
    const clp_jpeg_argument scratch = {.local = plan->picture_group * sizeof(cl_int4)};
    const clp_jpeg_argument blocks = {.local = (size_t)plan->block_group * BLOCK_BYTES};
    const struct {
        size_t groups, group;
        uint32_t argument_count;
        clp_jpeg_argument arguments[7];
    } launches[CLP_JPEG_DECODE_KERNELS] = {
        [COLD] = {slot_groups, batch->group, 4, {package, job, memory, tables}},
        [MEET] = {slot_groups, batch->group, 4, {package, job, memory, tables}},
        [CHAIN] = {count, plan->picture_group, 3, {job, memory, scratch}},
        [SUMS] = {slot_groups, batch->group, 3, {package, job, memory}},
        [PREFIX] = {count, plan->picture_group, 3, {job, memory, scratch}},
        [BLOCKS] = {slot_groups, batch->group, 3, {package, job, memory}},
        [PLANES] = {plan->tiles,
                    plan->block_group,
                    7,
                    {package, job, memory, memory, samples, short_tables, blocks}}};
    const cl_uint zero = 0;
    clproc_status status = CLPROC_OK;
    if (!plan->found) {
        status = clp_cl_check(clEnqueueFillBuffer(queue->queue, work, &zero, sizeof zero, 0,
                                                  (batch->used + count) * sizeof zero,
                                                  queue->wait_count, queue->waits, NULL),
                              "clEnqueueFillBuffer", "flags", error);
    }
    for (uint32_t i = plan->found ? PLANES : COLD;
         status == CLPROC_OK && i < CLP_JPEG_DECODE_KERNELS; i++) {
        status = clp_jpeg_launch(codec->decode.kernels[i], clp_jpeg_decode_names[i],
                                 launches[i].arguments, launches[i].argument_count,
                                 launches[i].groups, launches[i].group, queue, i, error);
    }
    return status;
}

const char *clp_jpeg_decode_verdict(const uint32_t flags[JPEG_FLAG_WORDS]) {
    return flags[JPEG_FLAG_LISTS]                      ? "more blocks than there is room for"
           : flags[JPEG_FLAG_CHAIN]                    ? "decoders that do not meet"
           : flags[JPEG_FLAG_BLOCKS] & JPEG_FLAG_COUNT ? "fewer blocks than there should be"
           : flags[JPEG_FLAG_BLOCKS]                   ? "a DC out of range"
           : flags[JPEG_FLAG_PLANES] & JPEG_FLAG_CODE  ? "bits that no block has"
           : flags[JPEG_FLAG_PLANES] & JPEG_FLAG_RANGE ? "coefficients out of range"
                                                       : NULL;
}
