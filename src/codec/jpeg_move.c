/* A JPEG's blocks in other places: turned, mirrored, cropped without decoding a sample. What
 * jpegtran does, but for blocks at the far edges, which this never leaves standing unturned. */
#include "codec/jpeg_private.h"

/* -------------------------------------------------------------- geometry */

uint32_t clp_move_width(const clp_move *move) {
    return move->transpose ? move->y1 - move->y0 : move->x1 - move->x0;
}

uint32_t clp_move_height(const clp_move *move) {
    return move->transpose ? move->x1 - move->x0 : move->y1 - move->y0;
}

/** Pixels along a side of the smallest part that can be moved: blocks of all components together.
 */
static void find_steps(const clp_header *header, uint32_t *x, uint32_t *y) {
    uint32_t h = 1, v = 1;
    /* One component alone has no such parts, whatever its factors say. */
    for (uint32_t i = 0; header->component_count > 1 && i < header->component_count; i++) {
        h = header->h_samp[i] > h ? header->h_samp[i] : h;
        v = header->v_samp[i] > v ? header->v_samp[i] : v;
    }
    *x = h * DCTSIZE;
    *y = v * DCTSIZE;
}

/** An edge that does not lie between two steps. `last`: it is the picture's own. */
static clproc_status refuse(uint32_t edge, uint32_t step, bool last, const char *lines,
                            clproc_error *error) {
    if (last) {
        return clp_error_set(error, CLPROC_ERROR_UNSUPPORTED,
                             "has %u %s, which is no multiple of its blocks' %u: they cannot be "
                             "mirrored as they are; --lossless=trim leaves out the last %u, "
                             "without --lossless all are encoded anew",
                             edge, lines, step, edge % step);
    }
    return clp_error_set(error, CLPROC_ERROR_UNSUPPORTED,
                         "would be cut at %u of its %s as stored, which is no multiple of its "
                         "blocks' %u; cut at %u or %u, let --lossless=trim cut at the next block "
                         "inside, or leave out --lossless",
                         edge, lines, step, edge - edge % step, edge - edge % step + step);
}

/** The edges of a move along one side of a picture. */
typedef struct edges {
    uint32_t *from, *to; /**< of the part that is kept */
    bool flip;
    uint32_t length, step; /**< of the picture, and of its blocks */
    const char *lines;     /**< what it is counted in */
} edges;

/** Sees to it that the edge which blocks are counted from lies between two of them. */
static clproc_status fit_side(const edges *along, bool trim, clproc_error *error) {
    const uint32_t step = along->step;
    uint32_t *edge = along->flip ? along->to : along->from, over = *edge % step;
    if (over == 0) {
        return CLPROC_OK;
    }
    if (!trim) {
        return refuse(*edge, step, *edge == along->length, along->lines, error);
    }
    *edge = along->flip ? *edge - over : *edge - over + step;
    if (*along->from >= *along->to) {
        return clp_error_set(error, CLPROC_ERROR_UNSUPPORTED,
                             "has no whole block of %u %s there, so --lossless=trim would leave "
                             "nothing; leave out --lossless",
                             step, along->lines);
    }
    return CLPROC_OK;
}

clproc_status clp_move_fit(clp_move *move, const clp_header *header, bool trim,
                           clproc_error *error) {
    uint32_t x, y;
    find_steps(header, &x, &y);
    const edges across = {&move->x0, &move->x1, move->flip_x, header->width, x, "columns"};
    const edges down = {&move->y0, &move->y1, move->flip_y, header->height, y, "rows"};
    clproc_status status = fit_side(&across, trim, error);
    return status == CLPROC_OK ? fit_side(&down, trim, error) : status;
}

static uint64_t divide_up(uint64_t a, uint64_t b) {
    return (a + b - 1) / b;
}

/** Of all components of a picture of width × height, rounded up to whole parts. */
static uint64_t coefficient_bytes(const clp_header *header, uint32_t width, uint32_t height) {
    uint32_t x, y;
    uint64_t blocks = 0;
    find_steps(header, &x, &y);
    for (uint32_t i = 0; i < header->component_count; i++) {
        bool alone = header->component_count == 1;
        blocks += (alone ? 1 : (uint64_t)header->h_samp[i] * header->v_samp[i]);
    }
    return divide_up(width, x) * divide_up(height, y) * blocks * sizeof(JBLOCK);
}

uint64_t clp_move_bytes(const clp_move *move, const clp_header *header) {
    return coefficient_bytes(header, header->width, header->height) +
           coefficient_bytes(header, move->x1 - move->x0, move->y1 - move->y0);
}

/* ---------------------------------------------------------------- blocks */

typedef struct mover {
    struct jpeg_decompress_struct *in;
    struct jpeg_compress_struct out;
    struct jpeg_progress_mgr progress;
    clp_jpeg_output output;
    clp_jpeg_guard *guard;
    clp_decoder *decoder;
    const clp_move *move;
} mover;

/** Called by libjpeg for every row of blocks that it writes. */
static void watch(j_common_ptr info) {
    mover *m = info->client_data;
    clproc_status status = clp_decoder_check(m->decoder, m->guard->error);
    if (status != CLPROC_OK) {
        clp_jpeg_fail(m->guard, status);
    }
}

/** Mirroring turns the signs of odd frequencies; transposing exchanges both directions'. */
static void move_block(const clp_move *move, const JCOEF *from, JCOEF *to) {
    for (int v = 0; v < DCTSIZE; v++) {
        for (int u = 0; u < DCTSIZE; u++) {
            int value = from[v * DCTSIZE + u];
            bool negative = (move->flip_x && u % 2) != (move->flip_y && v % 2);
            to[move->transpose ? u * DCTSIZE + v : v * DCTSIZE + u] =
                (JCOEF)(negative ? -value : value);
        }
    }
}

/** A component's blocks on both sides. */
typedef struct plane {
    jvirt_barray_ptr from, to;
    JDIMENSION width, height;    /**< of `to` */
    JDIMENSION first_x, first_y; /**< of `from`, where counting begins */
} plane;

static JBLOCKROW row_of(j_common_ptr info, jvirt_barray_ptr blocks, JDIMENSION row, bool write) {
    return info->mem->access_virt_barray(info, blocks, row, 1, write)[0];
}

static void move_plane(mover *m, const plane *p) {
    const clp_move *move = m->move;
    for (JDIMENSION y = 0; y < p->height; y++) {
        JBLOCKROW to = row_of((j_common_ptr)&m->out, p->to, y, true);
        watch((j_common_ptr)&m->out);
        for (JDIMENSION x = 0; x < p->width; x++) {
            JDIMENSION across = move->transpose ? y : x, down = move->transpose ? x : y;
            across = move->flip_x ? p->first_x - across : p->first_x + across;
            down = move->flip_y ? p->first_y - down : p->first_y + down;
            JBLOCKROW from = row_of((j_common_ptr)m->in, p->from, down, false);
            move_block(move, from[across], to[x]);
        }
    }
}

/* -------------------------------------------------------------- the file */

static void transpose_table(JQUANT_TBL *table) {
    for (int v = 0; table && v < DCTSIZE; v++) {
        for (int u = 0; u < v; u++) {
            UINT16 value = table->quantval[v * DCTSIZE + u];
            table->quantval[v * DCTSIZE + u] = table->quantval[u * DCTSIZE + v];
            table->quantval[u * DCTSIZE + v] = value;
        }
    }
}

static void set_parameters(mover *m) {
    struct jpeg_compress_struct *out = &m->out;
    jpeg_copy_critical_parameters(m->in, out);
    out->image_width = clp_move_width(m->move);
    out->image_height = clp_move_height(m->move);
#if JPEG_LIB_VERSION >= 70
    out->jpeg_width = out->image_width;
    out->jpeg_height = out->image_height;
#endif
    for (int i = 0; i < out->num_components; i++) {
        jpeg_component_info *component = &out->comp_info[i];
        int h = component->h_samp_factor, v = component->v_samp_factor;
        bool alone = out->num_components == 1;
        component->h_samp_factor = alone ? 1 : m->move->transpose ? v : h;
        component->v_samp_factor = alone ? 1 : m->move->transpose ? h : v;
    }
    out->X_density = m->move->transpose ? m->in->Y_density : m->in->X_density;
    out->Y_density = m->move->transpose ? m->in->X_density : m->in->Y_density;
    for (int i = 0; m->move->transpose && i < NUM_QUANT_TBLS; i++) {
        transpose_table(out->quant_tbl_ptrs[i]);
    }
    /* Of inks it says that they are inverted. */
    out->write_Adobe_marker &= m->in->saw_Adobe_marker;
    out->optimize_coding = TRUE;
    if (m->in->progressive_mode) {
        jpeg_simple_progression(out);
    }
}

/** The parts of `side` pixels' blocks of a component that has `factor` of `most` samples. */
static JDIMENSION count_blocks(uint32_t side, int factor, uint32_t step) {
    return (JDIMENSION)divide_up((uint64_t)side * (uint32_t)factor, step);
}

/** Makes room for a component's blocks, and finds where they come from. */
static plane make_plane(mover *m, int index, jvirt_barray_ptr from) {
    const clp_move *move = m->move;
    struct jpeg_compress_struct *out = &m->out;
    const jpeg_component_info *component = &out->comp_info[index];
    uint32_t x, y;
    find_steps(&m->decoder->header, &x, &y);
    JDIMENSION h = (JDIMENSION)component->h_samp_factor, v = (JDIMENSION)component->v_samp_factor;
    JDIMENSION source_h = move->transpose ? v : h, source_v = move->transpose ? h : v;
    plane p = {.from = from,
               .width = count_blocks(out->image_width, (int)h, move->transpose ? y : x),
               .height = count_blocks(out->image_height, (int)v, move->transpose ? x : y),
               .first_x = move->flip_x ? move->x1 / x * source_h - 1 : move->x0 / x * source_h,
               .first_y = move->flip_y ? move->y1 / y * source_v - 1 : move->y0 / y * source_v};
    p.to = out->mem->request_virt_barray((j_common_ptr)out, JPOOL_IMAGE, TRUE,
                                         (JDIMENSION)divide_up(p.width, h) * h,
                                         (JDIMENSION)divide_up(p.height, v) * v, v);
    return p;
}

static void move_file(void *state) {
    mover *m = state;
    struct jpeg_compress_struct *out = &m->out;
    plane planes[MAX_COMPONENTS] = {0};
    jvirt_barray_ptr to[MAX_COMPONENTS];
    jvirt_barray_ptr *from = jpeg_read_coefficients(m->in);
    jpeg_create_compress(out);
    out->client_data = m;
    out->dest = &m->output.manager;
    out->progress = &m->progress;
    m->progress.progress_monitor = watch;
    set_parameters(m);
    for (int i = 0; i < out->num_components; i++) {
        planes[i] = make_plane(m, i, from[i]);
        to[i] = planes[i].to;
    }
    out->mem->realize_virt_arrays((j_common_ptr)out);
    for (int i = 0; i < out->num_components; i++) {
        move_plane(m, &planes[i]);
    }
    jpeg_write_coefficients(out, to);
    jpeg_finish_compress(out);
    jpeg_finish_decompress(m->in);
}

clproc_status clp_jpeg_move(clp_decoder *decoder, clp_encoder *encoder, const clp_move *move,
                            const clp_encode_params *params, clproc_error *error) {
    mover m = {.decoder = decoder, .move = move};
    bool done = false;
    m.in = clp_jpeg_open_file(decoder, &m.guard);
    m.out.err = m.in->err;
    encoder->scratch.size = 0;
    clp_jpeg_output_init(&m.output, &encoder->scratch, m.guard);
    clproc_status status = clp_jpeg_attempt(m.guard, move_file, &m, error);
    jpeg_destroy_compress(&m.out);
    if (status == CLPROC_OK) {
        const clp_source moved = {.bytes = encoder->scratch.data, .size = encoder->scratch.size};
        status = clp_jpeg_rewrite(&moved, &params->blocks, &encoder->output, &done, error);
    }
    if (status == CLPROC_OK && !done) {
        status = clp_error_set(error, CLPROC_ERROR_INTERNAL, "libjpeg wrote an odd file");
    }
    return status;
}
