/** Encoding JPEG scans on a device: sizes, jobs, launches. */
#include <string.h>

#include "device/jpeg_private.h"

enum { TILES, OFFSETS, JOIN };

const char *const clp_jpeg_encode_names[CLP_JPEG_ENCODE_KERNELS] = {
    "jpeg_encode_tiles", "jpeg_encode_offsets", "jpeg_encode_join"};
static const char *const files[] = {"common.clh",   "jpeg_package.clh", "jpeg_encode.clh",
                                    "jpeg_dct.clh", "jpeg_encode.cl",   NULL};
static const clp_kernel_source source = {"the JPEG codec", files, clp_jpeg_encode_names,
                                         CLP_JPEG_ENCODE_KERNELS};

enum {
    TILE_GROUP = 128,
    PICTURE_GROUP = 1024,
    PICTURE_GROUP_CPU = 64,
    BLOCK_BYTES = 33 * 4, /* of local memory, BLOCK_WORDS of jpeg_dct.clh */
    LEAST_TILE_WORDS = 64 /* the longest block has 52 */
};

static uint32_t divide_up(uint32_t value, uint32_t by) {
    return (value + by - 1) / by;
}

/** Lays a picture's blocks out as a JPEG of these steps has them. */
static void fill_job(const clp_jpeg_encode_picture *picture, jpeg_encode_job *job) {
    const clp_layout *layout = picture->layout;
    uint32_t h_most = 1, v_most = 1;
    for (uint32_t i = 0; i < layout->plane_count && layout->plane_count > 1; i++) {
        const clp_plane *plane = &layout->planes[i];
        h_most = h_most > plane->h_step ? h_most : plane->h_step;
        v_most = v_most > plane->v_step ? v_most : plane->v_step;
    }
    for (uint32_t i = 0; i < layout->plane_count; i++) {
        const clp_plane *from = &layout->planes[i];
        bool alone = layout->plane_count == 1;
        jpeg_encode_plane *plane = &job->planes[i];
        *plane = (jpeg_encode_plane){.offset = picture->base + from->offset,
                                     .pitch = (uint32_t)from->pitch,
                                     .width = from->width,
                                     .height = from->height,
                                     .h = alone ? 1 : h_most / from->h_step,
                                     .v = alone ? 1 : v_most / from->v_step,
                                     .columns = divide_up(from->width, 8),
                                     .rows = divide_up(from->height, 8),
                                     .first = job->mcu_blocks};
        for (uint32_t k = 0; k < plane->h * plane->v; k++) {
            job->component_of |= i << (2 * job->mcu_blocks++);
        }
    }
    job->mcus_across = divide_up(layout->width, 8 * h_most);
    job->blocks = job->mcus_across * divide_up(layout->height, 8 * v_most) * job->mcu_blocks;
    job->output = picture->output / 4;
    job->output_words = picture->output_bytes / 4;
}

/** Jobs, if `jobs` is not NULL, each with its tables unless the picture before has the same. */
static uint64_t place_jobs(const clp_jpeg_encode_picture *pictures,
                           const clp_jpeg_encode_plan *plan, uint8_t *jobs, size_t *bytes) {
    uint32_t count = plan->batch.count;
    uint64_t tiles = 0;
    *bytes = sizeof(jpeg_encode_batch) + count * sizeof(jpeg_encode_job);
    for (uint32_t i = 0; i < count; i++) {
        jpeg_encode_job job = {.first_tile = (uint32_t)tiles};
        fill_job(&pictures[i], &job);
        job.tiles = divide_up(job.blocks, plan->tile_blocks);
        tiles += job.tiles;
        if (i == 0 || pictures[i].tables != pictures[i - 1].tables) {
            if (jobs) {
                memcpy(jobs + *bytes, pictures[i].tables, sizeof *pictures[i].tables);
            }
            *bytes += sizeof *pictures[i].tables;
        }
        job.tables = (uint32_t)(*bytes - sizeof *pictures[i].tables);
        if (jobs) {
            memcpy(jobs + sizeof(jpeg_encode_batch) + i * sizeof job, &job, sizeof job);
        }
    }
    return tiles;
}

static uint32_t tile_words(uint32_t group, uint32_t block_bits) {
    uint32_t words = group * (block_bits / 32);
    return words > LEAST_TILE_WORDS ? words : LEAST_TILE_WORDS;
}

static size_t local_bytes(uint32_t group, uint32_t block_bits) {
    return sizeof(jpeg_encode_tables) + group * (BLOCK_BYTES + 2 * sizeof(cl_uint)) +
           tile_words(group, block_bits) * sizeof(cl_uint);
}

static void choose_groups(const clp_jpeg_codec *codec, uint32_t block_bits,
                          clp_jpeg_encode_plan *plan) {
    const clp_kernel_set *set = &codec->encode;
    uint32_t wanted = TILE_GROUP;
    while (wanted > 1 && local_bytes(wanted, block_bits) > codec->local_bytes) {
        wanted /= 2;
    }
    plan->tile_blocks = clp_jpeg_group(codec, set, TILES, wanted);
    plan->join_group = clp_jpeg_group(codec, set, JOIN, plan->tile_blocks);
    plan->picture_group =
        clp_jpeg_group(codec, set, OFFSETS, codec->cpu ? PICTURE_GROUP_CPU : PICTURE_GROUP);
    plan->batch.tile_words = tile_words(plan->tile_blocks, block_bits);
}

clproc_status clp_jpeg_encode_plan_batch(clp_jpeg_codec *codec,
                                         const clp_jpeg_encode_picture *pictures, uint32_t count,
                                         uint32_t block_bits, uint64_t results, uint64_t rest,
                                         clp_jpeg_encode_plan *plan, clproc_error *error) {
    clproc_status status;
    memset(plan, 0, sizeof *plan);
    plan->batch.count = count;
    CLP_TRY(status, out,
            clp_kernel_set_build(&codec->encode, &source, codec->context, codec->device,
                                 codec->keeper, error));
    choose_groups(codec, block_bits, plan);
    uint64_t tiles = place_jobs(pictures, plan, NULL, &plan->job_bytes);
    uint64_t words = rest / 4 + tiles * (2 + (uint64_t)plan->batch.tile_words);
    /* A picture's bits are counted in 32 bits, and all of memory in words. */
    if (words > UINT32_MAX || tiles * plan->batch.tile_words * 32 / count > UINT32_MAX) {
        status = clp_error_set(error, CLPROC_ERROR_LIMIT,
                               "%u pictures are too many to encode at a time", count);
        goto out;
    }
    plan->tiles = (uint32_t)tiles;
    plan->batch.results = (uint32_t)(results / 4);
    plan->batch.tile_bits = (uint32_t)(rest / 4);
    plan->batch.offsets = (uint32_t)(rest / 4 + tiles);
    plan->batch.tiles = (uint32_t)(rest / 4 + 2 * tiles);
    plan->work_bytes = words * sizeof(uint32_t);
out:
    return status;
}

void clp_jpeg_encode_jobs(const clp_jpeg_encode_plan *plan, const clp_jpeg_encode_picture *pictures,
                          void *jobs) {
    size_t bytes;
    memcpy(jobs, &plan->batch, sizeof plan->batch);
    place_jobs(pictures, plan, jobs, &bytes);
}

clproc_status clp_jpeg_encode_enqueue(clp_jpeg_codec *codec, const clp_jpeg_encode_plan *plan,
                                      cl_mem planes, cl_mem jobs, uint32_t at, cl_mem work,
                                      cl_mem scans, const clp_jpeg_queue *queue,
                                      clproc_error *error) {
    const size_t group = plan->tile_blocks;
    const clp_jpeg_argument samples = {.buffer = planes}, job = {.buffer = jobs};
    const clp_jpeg_argument first = {.number = &at};
    const clp_jpeg_argument memory = {.buffer = work}, output = {.buffer = scans};
    const clp_jpeg_argument tables = {.local = sizeof(jpeg_encode_tables)};
    const clp_jpeg_argument blocks = {.local = group * BLOCK_BYTES};
    const clp_jpeg_argument bits = {.local = plan->batch.tile_words * sizeof(cl_uint)};
    const clp_jpeg_argument sums = {.local = 2 * group * sizeof(cl_uint)};
    const clp_jpeg_argument offsets = {.local = plan->picture_group * sizeof(cl_uint)};
    const struct {
        size_t groups, group;
        uint32_t argument_count;
        clp_jpeg_argument arguments[8];
    } launches[CLP_JPEG_ENCODE_KERNELS] = {
        [TILES] = {plan->tiles,
                   group,
                   8,
                   {samples, job, first, memory, tables, blocks, bits, sums}},
        [OFFSETS] = {plan->batch.count,
                     plan->picture_group,
                     5,
                     {job, first, memory, output, offsets}},
        [JOIN] = {plan->tiles, plan->join_group, 4, {job, first, memory, output}}};
    clproc_status status = CLPROC_OK;
    for (uint32_t i = 0; status == CLPROC_OK && i < CLP_JPEG_ENCODE_KERNELS; i++) {
        status = clp_jpeg_launch(codec->encode.kernels[i], clp_jpeg_encode_names[i],
                                 launches[i].arguments, launches[i].argument_count,
                                 launches[i].groups, launches[i].group, queue, i, error);
    }
    return status;
}
