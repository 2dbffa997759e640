/* JPEG through libjpeg, to planes as they are stored or to RGB, at one of four sizes. */
#include "codec/jpeg_private.h"

enum { MAX_GROUP_ROWS = MAX_SAMP_FACTOR * DCTSIZE };

typedef struct reader {
    clp_jpeg_small small; /**< first: its functions find it as the client's data */
    clp_jpeg_guard guard;
    struct jpeg_decompress_struct info;
    struct jpeg_progress_mgr progress;
    clp_decoder *decoder; /**< of the open file */
    clp_jpeg_joined joined;
    clp_bytes spare_row; /**< takes rows that are not wanted */
    clp_jpeg_pieces pieces;
    const clp_layout *layout;
    const clp_row_sink *sink;
} reader;

static bool probe(const uint8_t *bytes, size_t size) {
    return size >= 3 && bytes[0] == 0xFF && bytes[1] == 0xD8 && bytes[2] == 0xFF;
}

static void close_file(void *state) {
    reader *jpeg = state;
    jpeg_destroy_decompress(&jpeg->info);
}

static void release(void *state) {
    reader *jpeg = state;
    clp_bytes_free(&jpeg->joined.icc);
    clp_bytes_free(&jpeg->joined.iptc);
    clp_bytes_free(&jpeg->joined.notes);
    clp_bytes_free(&jpeg->spare_row);
}

/* -------------------------------------------------------------- header */

/** Called by libjpeg for every row group of every scan. */
static void watch(j_common_ptr info) {
    reader *jpeg = info->client_data;
    const clp_source *source = &jpeg->decoder->source;
    uint32_t scans = source->limits.scans;
    if (scans && jpeg->info.input_scan_number > 0 &&
        (uint32_t)jpeg->info.input_scan_number > scans) {
        clproc_status status = clp_error_set(
            jpeg->guard.error, CLPROC_ERROR_LIMIT,
            "has more than the limit of %u scans; raise it with --limit-scans", scans);
        clp_jpeg_fail(&jpeg->guard, status);
    }
    clproc_status status = clp_decoder_check(jpeg->decoder, jpeg->guard.error);
    if (status != CLPROC_OK) {
        clp_jpeg_fail(&jpeg->guard, status);
    }
}

/** A struct for the open file, without a source. */
static void begin(reader *jpeg) {
    /* A struct of its own for every file: a recycled one keeps the tables of the file before, and
     * would decode a file that lacks its own with those. */
    jpeg_create_decompress(&jpeg->info);
    jpeg->info.client_data = jpeg;
    jpeg->progress.progress_monitor = watch;
    jpeg->info.progress = &jpeg->progress;
}

static void read_header(void *state) {
    reader *jpeg = state;
    const clp_source *source = &jpeg->decoder->source;
    begin(jpeg);
    jpeg_mem_src(&jpeg->info, source->bytes, source->size);
    jpeg_read_header(&jpeg->info, TRUE);
}

static clproc_status find_model(const struct jpeg_decompress_struct *info, clp_model *model,
                                clproc_error *error) {
    switch (info->jpeg_color_space) {
    case JCS_GRAYSCALE:
        *model = CLP_MODEL_GRAY;
        return CLPROC_OK;
    case JCS_RGB:
        *model = CLP_MODEL_RGB;
        return CLPROC_OK;
    case JCS_YCbCr:
        *model = CLP_MODEL_YCC;
        return CLPROC_OK;
    case JCS_CMYK:
    case JCS_YCCK:
        *model = CLP_MODEL_CMYK;
        return CLPROC_OK;
    default:
        return clp_error_set(error, CLPROC_ERROR_UNSUPPORTED,
                             "a JPEG of %d components is not supported; convert it to gray, YCbCr, "
                             "RGB or CMYK first",
                             info->num_components);
    }
}

/** libjpeg upsamples by whole factors only, so that planes of other steps are of no use. */
static clproc_status check_sampling(const struct jpeg_decompress_struct *info,
                                    clproc_error *error) {
    for (int i = 0; i < info->num_components; i++) {
        const jpeg_component_info *component = &info->comp_info[i];
        if (info->max_h_samp_factor % component->h_samp_factor != 0 ||
            info->max_v_samp_factor % component->v_samp_factor != 0) {
            return clp_error_set(error, CLPROC_ERROR_UNSUPPORTED,
                                 "component %d is sampled %d x %d of %d x %d, and fractional "
                                 "sampling is not supported",
                                 i + 1, component->h_samp_factor, component->v_samp_factor,
                                 info->max_h_samp_factor, info->max_v_samp_factor);
        }
    }
    return CLPROC_OK;
}

/** Bytes of the coefficients. libjpeg keeps all of them where they come in several scans, as they
 * may without being progressive. */
static uint64_t coefficient_bytes(struct jpeg_decompress_struct *info) {
    uint64_t blocks = 0;
    for (int i = 0; i < info->num_components && jpeg_has_multiple_scans(info); i++) {
        const jpeg_component_info *component = &info->comp_info[i];
        uint64_t h = (uint64_t)component->h_samp_factor, v = (uint64_t)component->v_samp_factor;
        blocks += (component->width_in_blocks + h - 1) / h * h *
                  ((component->height_in_blocks + v - 1) / v * v);
    }
    return blocks * sizeof(JBLOCK);
}

static void describe(struct jpeg_decompress_struct *info, clp_header *header) {
    header->width = info->image_width;
    header->height = info->image_height;
    header->depth = 8;
    header->progressive = info->progressive_mode;
    header->decode_bytes = coefficient_bytes(info);
    header->component_count = (uint32_t)info->num_components;
    for (int i = 0; i < info->num_components; i++) {
        header->h_samp[i] = (uint8_t)info->comp_info[i].h_samp_factor;
        header->v_samp[i] = (uint8_t)info->comp_info[i].v_samp_factor;
    }
    if (info->saw_JFIF_marker) {
        static const clp_density_unit units[] = {CLP_DENSITY_NONE, CLP_DENSITY_PER_INCH,
                                                 CLP_DENSITY_PER_CM};
        clp_colour_facts *colour = &header->colour;
        colour->density_unit =
            info->density_unit < 3 ? units[info->density_unit] : CLP_DENSITY_NONE;
        colour->density_x = info->X_density;
        colour->density_y = info->Y_density;
    }
}

static clproc_status open_file(clp_decoder *decoder, clproc_error *error) {
    reader *jpeg = decoder->state;
    clp_header *header = &decoder->header;
    clproc_status status;
    jpeg->decoder = decoder;
    jpeg->small = (clp_jpeg_small){.count = 0};
    jpeg->info.err = clp_jpeg_guard_init(&jpeg->guard, &decoder->flaws);
    CLP_TRY(status, out, clp_jpeg_attempt(&jpeg->guard, read_header, jpeg, error));
    CLP_TRY(status, out, find_model(&jpeg->info, &header->model, error));
    CLP_TRY(status, out, check_sampling(&jpeg->info, error));
    describe(&jpeg->info, header);
    CLP_TRY(status, out,
            clp_source_check_size(&decoder->source, header->width, header->height, error));
    CLP_TRY(status, out,
            clp_jpeg_find_blocks(&decoder->source, &header->blocks, &header->beside, &jpeg->joined,
                                 &decoder->flaws, error));
out:
    return status;
}

/* -------------------------------------------------------------- layout */

static void calculate_dimensions(void *state) {
    reader *jpeg = state;
    jpeg_calc_output_dimensions(&jpeg->info);
}

static J_COLOR_SPACE colour_space(clp_model model) {
    switch (model) {
    case CLP_MODEL_GRAY:
        return JCS_GRAYSCALE;
    case CLP_MODEL_RGB:
        return JCS_RGB;
    case CLP_MODEL_CMYK:
        return JCS_CMYK;
    default:
        return JCS_YCbCr;
    }
}

/** True if the luma that `model` asks for is read beside chroma, which the smaller picture needs.
 */
static bool is_beside_chroma(const reader *jpeg, clp_model model) {
    const struct jpeg_decompress_struct *info = &jpeg->info;
    return model == CLP_MODEL_GRAY && info->jpeg_color_space == JCS_YCbCr &&
           jpeg->small.count > 0 && info->comp_info[0].h_samp_factor == info->max_h_samp_factor &&
           info->comp_info[0].v_samp_factor == info->max_v_samp_factor;
}

static clproc_status lay_out(clp_decoder *decoder, const clp_decode_request *request,
                             clp_layout *layout, clproc_error *error) {
    reader *jpeg = decoder->state;
    struct jpeg_decompress_struct *info = &jpeg->info;
    info->scale_num = request->eighths;
    info->scale_denom = 8;
    info->raw_data_out = request->model == CLP_MODEL_YCC || is_beside_chroma(jpeg, request->model);
    info->out_color_space = info->raw_data_out ? JCS_YCbCr : colour_space(request->model);
    clproc_status status = clp_jpeg_attempt(&jpeg->guard, calculate_dimensions, jpeg, error);
    if (status != CLPROC_OK) {
        return status;
    }
    layout->width = info->output_width;
    layout->height = info->output_height;
    for (int i = 0; info->raw_data_out && i < info->num_components; i++) {
        /* When shrinking, libjpeg may scale chroma less than luma: then its steps differ from the
         * file's. */
        const jpeg_component_info *component = &info->comp_info[i];
        layout->planes[i].h_step =
            (uint32_t)(info->max_h_samp_factor * CLP_JPEG_MIN_DCT_H(info) /
                       (component->h_samp_factor * CLP_JPEG_DCT_H(component)));
        layout->planes[i].v_step =
            (uint32_t)(info->max_v_samp_factor * CLP_JPEG_MIN_DCT_V(info) /
                       (component->v_samp_factor * CLP_JPEG_DCT_V(component)));
    }
    return CLPROC_OK;
}

static bool add_small(clp_decoder *decoder, const clp_layout *layout, uint8_t *base) {
    reader *jpeg = decoder->state;
    return layout->model == decoder->header.model &&
           clp_jpeg_small_lay_out(&jpeg->small, &jpeg->info, layout, base);
}

/* -------------------------------------------------------------- pixels */

static uint8_t *place(const reader *jpeg, uint32_t plane, uint32_t row) {
    bool wanted = plane < jpeg->layout->plane_count && row < jpeg->decoder->wanted[plane];
    uint8_t *where = wanted ? jpeg->sink->place(jpeg->sink->user, plane, row) : NULL;
    return where ? where : jpeg->spare_row.data;
}

static void advance(reader *jpeg, const uint32_t rows[CLP_MAX_PLANES]) {
    clproc_status status = clp_decoder_advance(jpeg->decoder, jpeg->sink, rows, jpeg->guard.error);
    if (status != CLPROC_OK) {
        clp_jpeg_fail(&jpeg->guard, status);
    }
}

/** Once all rows that are wanted are there, no more samples are computed: of the rest libjpeg only
 * goes through the codes, and says what is wrong with them. */
static void leave_out_rest(reader *jpeg, const uint32_t *done) {
    struct jpeg_decompress_struct *info = &jpeg->info;
    for (uint32_t i = 0; i < jpeg->layout->plane_count; i++) {
        if (done[i] < jpeg->decoder->wanted[i]) {
            return;
        }
    }
    for (int i = 0; i < info->num_components; i++) {
        info->comp_info[i].component_needed = FALSE;
    }
}

static void start(reader *jpeg) {
    jpeg_start_decompress(&jpeg->info);
    if (jpeg->small.count > 0) {
        bool luma = jpeg->info.raw_data_out && jpeg->layout->plane_count == 1;
        clp_jpeg_small_begin(&jpeg->small, &jpeg->info, luma ? 1 : jpeg->info.num_components);
    }
}

static void finish(reader *jpeg) {
    clp_jpeg_small_end(&jpeg->small, &jpeg->info, jpeg->spare_row.data);
    jpeg_finish_decompress(&jpeg->info);
}

/** Reads whole blocks of all planes, also beyond the picture. */
static void read_planes(void *state) {
    reader *jpeg = state;
    struct jpeg_decompress_struct *info = &jpeg->info;
    JSAMPROW rows[CLP_MAX_PLANES][MAX_GROUP_ROWS];
    JSAMPARRAY planes[CLP_MAX_PLANES] = {rows[0], rows[1], rows[2]};
    uint32_t done[CLP_MAX_PLANES] = {0};
    start(jpeg);
    JDIMENSION lines = (JDIMENSION)(info->max_v_samp_factor * CLP_JPEG_MIN_DCT_V(info));
    while (info->output_scanline < info->output_height) {
        for (int i = 0; i < info->num_components; i++) {
            const jpeg_component_info *component = &info->comp_info[i];
            uint32_t count = (uint32_t)(component->v_samp_factor * CLP_JPEG_DCT_V(component));
            for (uint32_t k = 0; k < count; k++) {
                rows[i][k] = place(jpeg, (uint32_t)i, done[i]++);
            }
        }
        jpeg_read_raw_data(info, planes, lines);
        advance(jpeg, done);
        leave_out_rest(jpeg, done);
    }
    finish(jpeg);
}

static void read_pixels(void *state) {
    reader *jpeg = state;
    struct jpeg_decompress_struct *info = &jpeg->info;
    const clp_plane *plane = &jpeg->layout->planes[0];
    start(jpeg);
    while (info->output_scanline < info->output_height) {
        JSAMPROW row = place(jpeg, 0, info->output_scanline);
        jpeg_read_scanlines(info, &row, 1);
        if (clp_jpeg_is_inverted(info)) {
            clp_jpeg_invert(row, (size_t)plane->width * plane->channels);
        }
        advance(jpeg, (uint32_t[CLP_MAX_PLANES]){info->output_scanline});
        leave_out_rest(jpeg, &info->output_scanline);
    }
    finish(jpeg);
}

/** Reads the file once more, for what libjpeg says of it where it looks at every code. */
static void look_closely(void *state) {
    reader *jpeg = state;
    struct jpeg_decompress_struct *info = &jpeg->info;
    const clp_source *source = &jpeg->decoder->source;
    jpeg_destroy_decompress(info);
    begin(jpeg);
    clp_jpeg_read_in_pieces(info, &jpeg->pieces, source->bytes, source->size);
    jpeg_read_header(info, TRUE);
    info->out_color_space = info->jpeg_color_space;
    info->scale_num = 1; /* the least work */
    info->scale_denom = 8;
    jpeg_start_decompress(info);
    size_t width = (size_t)info->output_width * (size_t)info->output_components;
    clproc_status status = clp_bytes_reserve(&jpeg->spare_row, width, jpeg->guard.error);
    if (status != CLPROC_OK) {
        clp_jpeg_fail(&jpeg->guard, status);
    }
    while (info->output_scanline < info->output_height) {
        JSAMPROW row = jpeg->spare_row.data;
        jpeg_read_scanlines(info, &row, 1);
    }
    jpeg_finish_decompress(info);
}

/** A code that has thrown a scan out of step may have been passed over, but where the scan ends
 * then, something is told nearly always. */
static bool is_suspicious(const clp_decoder *decoder) {
    const reader *jpeg = decoder->state;
    const clp_flaws *flaws = &decoder->flaws;
    return flaws->found != 0 && !clp_flaws_tolerated(flaws, CLP_FLAW_CORRUPT) &&
           !jpeg->info.progressive_mode && !jpeg->info.arith_code;
}

static clproc_status read_file(clp_decoder *decoder, const clp_layout *layout,
                               const clp_row_sink *sink, clproc_error *error) {
    reader *jpeg = decoder->state;
    size_t widest = 0;
    jpeg->layout = layout;
    jpeg->sink = sink;
    for (uint32_t i = 0; i < layout->plane_count; i++) {
        widest = widest > layout->planes[i].pitch ? widest : layout->planes[i].pitch;
    }
    clproc_status status = clp_bytes_reserve(&jpeg->spare_row, widest, error);
    if (status != CLPROC_OK) {
        return status;
    }
    status = clp_jpeg_attempt(&jpeg->guard, jpeg->info.raw_data_out ? read_planes : read_pixels,
                              jpeg, error);
    decoder->has_small = status == CLPROC_OK && clp_jpeg_small_is_whole(&jpeg->small);
    return status == CLPROC_OK && is_suspicious(decoder)
               ? clp_jpeg_attempt(&jpeg->guard, look_closely, jpeg, error)
               : status;
}

struct jpeg_decompress_struct *clp_jpeg_open_file(clp_decoder *decoder, clp_jpeg_guard **guard) {
    reader *jpeg = decoder->state;
    *guard = &jpeg->guard;
    return &jpeg->info;
}

static clproc_status rewrite(const clp_decoder *decoder, clp_encoder *encoder,
                             const clp_encode_params *params, bool *done, clproc_error *error) {
    return clp_jpeg_rewrite(&decoder->source, &params->blocks, &encoder->output, done, error);
}

const clp_codec clp_codec_jpeg = {
    .format = CLPROC_FORMAT_JPEG,
    .room = {.exif = CLP_JPEG_SEGMENT - sizeof CLP_JPEG_EXIF,
             .icc = 255 * (CLP_JPEG_SEGMENT - 14),
             .xmp = CLP_JPEG_SEGMENT - sizeof CLP_JPEG_XMP,
             .iptc = SIZE_MAX,
             .note = CLP_JPEG_SEGMENT},
    .probe = probe,
    .state_bytes = sizeof(reader),
    .release = release,
    .open = open_file,
    .layout = lay_out,
    .add_small = add_small,
    .read = read_file,
    .close = close_file,
    .write = clp_jpeg_write,
    .encode_bytes = clp_jpeg_encode_bytes,
    .rewrite = rewrite,
};
