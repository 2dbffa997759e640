/* JPEG through libjpeg, from planes as they are to be stored. */
#include <math.h>
#include <string.h>

#include <jerror.h>

#include "codec/jpeg_private.h"
#include "core/cancel.h"

enum { MAX_FACTOR = 4 };

typedef struct writer {
    clp_jpeg_guard guard;
    struct jpeg_compress_struct info;
    struct jpeg_progress_mgr progress;
    clp_jpeg_output output;
    const volatile int *cancel;
    const clp_layout *layout;
    uint8_t *base;
    const clp_encode_params *params;
} writer;

/* ------------------------------------------------------------- metadata */

static void write_blocks(writer *jpeg) {
    clp_jpeg_output_settle(&jpeg->output);
    clproc_status status =
        clp_jpeg_append_blocks(jpeg->output.bytes, &jpeg->params->blocks, jpeg->guard.error);
    if (status != CLPROC_OK) {
        clp_jpeg_fail(&jpeg->guard, status);
    }
    clp_jpeg_output_resume(&jpeg->output);
}

static UINT16 density(double value) {
    return value >= 1 && value <= UINT16_MAX ? (UINT16)lround(value) : 1;
}

static void set_density(struct jpeg_compress_struct *info, const clp_colour_facts *colour) {
    static const UINT8 units[] = {
        [CLP_DENSITY_NONE] = 0, [CLP_DENSITY_PER_INCH] = 1, [CLP_DENSITY_PER_CM] = 2};
    if (colour->density_x > 0 && colour->density_y > 0) {
        info->density_unit = units[colour->density_unit];
        info->X_density = density(colour->density_x);
        info->Y_density = density(colour->density_y);
    }
}

/* --------------------------------------------------------------- planes */

static uint32_t largest(const uint32_t steps[3]) {
    uint32_t most = steps[0] > steps[1] ? steps[0] : steps[1];
    return most > steps[2] ? most : steps[2];
}

bool clp_jpeg_sampling_possible(const uint32_t h_step[3], const uint32_t v_step[3]) {
    uint32_t h_most = largest(h_step), v_most = largest(v_step), blocks = 0;
    bool h_whole = false, v_whole = false;
    for (int i = 0; i < 3; i++) {
        if (h_step[i] == 0 || v_step[i] == 0 || h_most % h_step[i] != 0 ||
            v_most % v_step[i] != 0) {
            return false;
        }
        blocks += h_most / h_step[i] * (v_most / v_step[i]);
        h_whole |= h_step[i] == 1;
        v_whole |= v_step[i] == 1;
    }
    /* Some plane must have the picture's own width, and one its height; an interleaved scan has
     * room for so many blocks. */
    return h_most <= MAX_FACTOR && v_most <= MAX_FACTOR && h_whole && v_whole &&
           blocks <= C_MAX_BLOCKS_IN_MCU;
}

static clproc_status check_picture(const clp_layout *layout, clproc_error *error) {
    bool ycc = layout->model == CLP_MODEL_YCC;
    if ((!ycc && layout->model != CLP_MODEL_GRAY) || layout->depth != 8) {
        return clp_error_set(error, CLPROC_ERROR_INTERNAL, "%s at %u bits cannot be put in a JPEG",
                             clp_model_name(layout->model), layout->depth);
    }
    if (layout->width > JPEG_MAX_DIMENSION || layout->height > JPEG_MAX_DIMENSION) {
        return clp_error_set(error, CLPROC_ERROR_UNSUPPORTED,
                             "%u x %u pixels do not fit in a JPEG, whose sides end at %ld; resize "
                             "it or write PNG",
                             layout->width, layout->height, JPEG_MAX_DIMENSION);
    }
    const clp_plane *planes = layout->planes;
    if (ycc && !clp_jpeg_sampling_possible(
                   (uint32_t[]){planes[0].h_step, planes[1].h_step, planes[2].h_step},
                   (uint32_t[]){planes[0].v_step, planes[1].v_step, planes[2].v_step})) {
        return clp_error_set(error, CLPROC_ERROR_INTERNAL, "a JPEG cannot have this sampling");
    }
    return CLPROC_OK;
}

static void set_parameters(writer *jpeg) {
    struct jpeg_compress_struct *info = &jpeg->info;
    const clp_layout *layout = jpeg->layout;
    uint32_t h_most = 1, v_most = 1;
    bool ycc = layout->model == CLP_MODEL_YCC;
    info->image_width = layout->width;
    info->image_height = layout->height;
    info->input_components = ycc ? 3 : 1;
    info->in_color_space = ycc ? JCS_YCbCr : JCS_GRAYSCALE;
    jpeg_set_defaults(info);
    jpeg_set_quality(info, jpeg->params->quality, TRUE);
    info->raw_data_in = TRUE;
    for (uint32_t i = 0; i < layout->plane_count; i++) {
        h_most = h_most > layout->planes[i].h_step ? h_most : layout->planes[i].h_step;
        v_most = v_most > layout->planes[i].v_step ? v_most : layout->planes[i].v_step;
    }
    for (uint32_t i = 0; i < layout->plane_count; i++) {
        info->comp_info[i].h_samp_factor = (int)(h_most / layout->planes[i].h_step);
        info->comp_info[i].v_samp_factor = (int)(v_most / layout->planes[i].v_step);
    }
    if (jpeg->params->progressive) {
        jpeg_simple_progression(info);
    }
    set_density(info, &jpeg->params->colour);
}

/** Points at the rows of the next blocks, repeating the last row below the picture and the last
 * sample to its right. */
static void point_at_rows(writer *jpeg, uint32_t index, uint32_t group, JSAMPROW *rows) {
    const jpeg_component_info *component = &jpeg->info.comp_info[index];
    const clp_plane *plane = &jpeg->layout->planes[index];
    uint32_t count = (uint32_t)component->v_samp_factor * DCTSIZE;
    size_t whole = (size_t)component->width_in_blocks * DCTSIZE;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t row = group * count + i;
        rows[i] = row < plane->height
                      ? jpeg->base + plane->offset + row * plane->pitch
                      : jpeg->base + plane->offset + (plane->height - 1) * plane->pitch;
        if (row < plane->height) {
            memset(rows[i] + plane->width, rows[i][plane->width - 1], whole - plane->width);
        }
    }
}

/** Called by libjpeg for every row of blocks, of every scan. */
static void watch(j_common_ptr info) {
    writer *jpeg = info->client_data;
    clproc_status status = clp_cancel_check(jpeg->cancel, jpeg->guard.error);
    if (status != CLPROC_OK) {
        clp_jpeg_fail(&jpeg->guard, status);
    }
}

static void start_file(writer *jpeg) {
    struct jpeg_compress_struct *info = &jpeg->info;
    /* A struct of its own for every picture: a recycled one keeps the Huffman tables made for the
     * picture before. */
    jpeg_create_compress(info);
    info->client_data = jpeg;
    info->progress = &jpeg->progress;
    jpeg->progress.progress_monitor = watch;
    info->dest = &jpeg->output.manager;
    set_parameters(jpeg);
    jpeg_start_compress(info, TRUE);
    write_blocks(jpeg);
}

static void write_picture(void *state) {
    writer *jpeg = state;
    struct jpeg_compress_struct *info = &jpeg->info;
    JSAMPROW rows[CLP_MAX_PLANES][MAX_FACTOR * DCTSIZE];
    JSAMPARRAY planes[CLP_MAX_PLANES] = {rows[0], rows[1], rows[2]};
    start_file(jpeg);
    JDIMENSION lines = (JDIMENSION)(info->max_v_samp_factor * DCTSIZE);
    for (uint32_t group = 0; info->next_scanline < info->image_height; group++) {
        for (uint32_t i = 0; i < jpeg->layout->plane_count; i++) {
            point_at_rows(jpeg, i, group, rows[i]);
        }
        jpeg_write_raw_data(info, planes, lines);
    }
    jpeg_finish_compress(info);
}

/** Writes the first rows of a picture of one colour: libjpeg writes the last of the headers with
 * them. */
static void write_first_rows(void *state) {
    writer *jpeg = state;
    struct jpeg_compress_struct *info = &jpeg->info;
    JSAMPROW rows[MAX_FACTOR * DCTSIZE];
    JSAMPARRAY planes[CLP_MAX_PLANES] = {rows, rows, rows};
    start_file(jpeg);
    for (int i = 0; i < MAX_FACTOR * DCTSIZE; i++) {
        rows[i] = jpeg->base;
    }
    jpeg_write_raw_data(info, planes, (JDIMENSION)(info->max_v_samp_factor * DCTSIZE));
    clp_jpeg_output_settle(&jpeg->output);
}

static clproc_status write_with(void (*write)(void *), clp_encoder *encoder,
                                const clp_layout *layout, uint8_t *base,
                                const clp_encode_params *params, clproc_error *error) {
    clproc_status status = check_picture(layout, error);
    if (status != CLPROC_OK) {
        return status;
    }
    writer jpeg = {.cancel = encoder->cancel, .layout = layout, .base = base, .params = params};
    jpeg.info.err = clp_jpeg_guard_init(&jpeg.guard, NULL);
    clp_jpeg_output_init(&jpeg.output, &encoder->output, &jpeg.guard);
    status = clp_jpeg_attempt(&jpeg.guard, write, &jpeg, error);
    jpeg_destroy_compress(&jpeg.info);
    return status;
}

clproc_status clp_jpeg_write(clp_encoder *encoder, const clp_layout *layout, uint8_t *base,
                             const clp_encode_params *params, clproc_error *error) {
    return write_with(write_picture, encoder, layout, base, params, error);
}

/** Where the scan begins, behind the last header. */
static size_t find_scan(const clp_bytes *file) {
    size_t at = 2;
    while (at + 4 <= file->size && file->data[at + 1] != 0xDA) {
        at += 2 + clp_read_u16(file->data + at + 2);
    }
    return at + 4 <= file->size ? at + 2 + clp_read_u16(file->data + at + 2) : file->size;
}

clproc_status clp_jpeg_write_headers(clp_encoder *encoder, const clp_layout *layout,
                                     const clp_encode_params *params, clproc_error *error) {
    const size_t widest = (size_t)JPEG_MAX_DIMENSION + MAX_FACTOR * DCTSIZE;
    clp_bytes *row = &encoder->scratch;
    clproc_status status = clp_bytes_reserve(row, widest, error);
    if (status == CLPROC_OK) {
        memset(row->data, 0, widest);
        status = write_with(write_first_rows, encoder, layout, row->data, params, error);
    }
    if (status == CLPROC_OK) {
        encoder->output.size = find_scan(&encoder->output);
    }
    return status;
}

/** A progressive one's coefficients, of 16 bits, wait until all are there. */
uint64_t clp_jpeg_encode_bytes(const clp_layout *layout, bool progressive) {
    return progressive ? 3 * layout->bytes : layout->bytes;
}
