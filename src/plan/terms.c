#include "plan/terms.h"

#include <math.h>
#include <string.h>

#include "core/memory.h"

void clp_terms_init(clp_terms *terms, const clp_layout *layout, uint32_t full_width,
                    uint32_t full_height) {
    bool shrunk = layout->width != full_width || layout->height != full_height;
    /* Shrinking keeps M eighths of each side and rounds the samples up; M is the same for both. */
    double x = layout->width, y = layout->height;
    if (shrunk) {
        double kept = full_width > full_height ? x / full_width : y / full_height;
        double eighths = kept >= 0.5 ? 4 : kept >= 0.25 ? 2 : 1;
        x = full_width * eighths / 8;
        y = full_height * eighths / 8;
    }
    *terms = (clp_terms){
        .width = full_width,
        .height = full_height,
        .samples_x = layout->width,
        .samples_y = layout->height,
        .box_x1 = x,
        .box_y1 = y,
        .colours = clp_model_channels(layout->model) >= 3 ? 3 : 1,
        .alpha = clp_model_has_alpha(layout->model),
        .depth = layout->depth,
    };
}

/** A weight as a matrix has it, in a term, in a stage, in what that is composed from, and in a
 * plan's tables. */
#define BYTES_PER_WEIGHT (3 * sizeof(double) + sizeof(float) + sizeof(int16_t))
/** How far what is cropped later may be beyond the limits. */
#define BEYOND 4

/** `op` NULL: the whole list. */
static clproc_status check_size(const clp_term_limits *limits, uint64_t beyond, const char *op,
                                uint32_t width, uint32_t height, clproc_error *error) {
    uint64_t pixels = (uint64_t)width * height;
    uint32_t side = width > height ? width : height;
    op = op ? op : "the pipeline";
    if (limits->pixels && pixels / beyond > limits->pixels) {
        return clp_error_set(error, CLPROC_ERROR_LIMIT,
                             "%s would make %u × %u = %llu pixels of it, more than the limit of "
                             "%llu; raise it with --limit-pixels",
                             op, width, height, (unsigned long long)pixels,
                             (unsigned long long)limits->pixels);
    }
    if (limits->side && side / beyond > limits->side) {
        return clp_error_set(error, CLPROC_ERROR_LIMIT,
                             "%s would make a side of %u pixels, more than the limit of %u; raise "
                             "it with --limit-side",
                             op, side, limits->side);
    }
    return CLPROC_OK;
}

clproc_status clp_terms_check_result(const clp_terms *terms, clproc_error *error) {
    return check_size(&terms->limits, 1, NULL, terms->width, terms->height, error);
}

clproc_status clp_terms_afford(clp_terms *terms, const char *op, uint32_t width, uint32_t height,
                               double weights, clproc_error *error) {
    const clp_term_limits *limits = &terms->limits;
    double bytes = (double)terms->bytes + weights * BYTES_PER_WEIGHT;
    clproc_status status = check_size(limits, BEYOND, op, width, height, error);
    if (status != CLPROC_OK) {
        return status;
    }
    if (limits->bytes && bytes > (double)limits->bytes) {
        return clp_error_set(error, CLPROC_ERROR_LIMIT,
                             "%s needs %.0f MB for its weights, more than half of --memory; raise "
                             "that",
                             op, bytes / 1e6);
    }
    terms->bytes = bytes < (double)UINT64_MAX / 2 ? (uint64_t)bytes : UINT64_MAX / 2;
    if (limits->granted && terms->bytes > limits->granted) {
        return clp_error_set(error, CLPROC_ERROR_MEMORY, "%s needs %.0f MB for its weights", op,
                             bytes / 1e6);
    }
    return CLPROC_OK;
}

static void free_term(clp_term *term) {
    clp_axis_free(&term->y);
    clp_axis_free(&term->x);
    clp_conversion_release(&term->conversion);
    clp_overlay_release(&term->overlay);
}

void clp_terms_free(clp_terms *terms) {
    for (size_t i = 0; i < terms->count; i++) {
        free_term(&terms->items[i]);
    }
    clp_memory_free(terms->items);
    clp_conversion_release(&terms->waiting);
    *terms = (clp_terms){0};
}

static clproc_status append(clp_terms *terms, clp_term_kind kind, const char *op, clp_term **term,
                            clproc_error *error) {
    clp_term *items = clp_memory_grow(CLP_MEMORY_PLAN, terms->items, &terms->capacity,
                                      terms->count + 1, sizeof *items);
    if (!items) {
        return clp_error_memory(error, "the terms of a pipeline",
                                (terms->count + 1) * sizeof *items);
    }
    terms->items = items;
    *term = &items[terms->count++];
    memset(*term, 0, sizeof **term);
    (*term)->kind = kind;
    (*term)->op = op;
    (*term)->raw = terms->space != CLP_SPACE_RGB;
    return CLPROC_OK;
}

/** The picture is now width × height whole samples. */
static void set_size(clp_terms *terms, uint32_t width, uint32_t height) {
    terms->width = terms->samples_x = width;
    terms->height = terms->samples_y = height;
    terms->box_x0 = terms->box_y0 = 0;
    terms->box_x1 = width;
    terms->box_y1 = height;
}

clproc_status clp_terms_spatial(clp_terms *terms, const char *op, clp_axis *y, clp_axis *x,
                                bool transpose, const double fill[4], clproc_error *error) {
    clp_term *term = NULL;
    bool identity = !transpose && clp_axis_is_identity(y) && clp_axis_is_identity(x);
    bool filled = !clp_axis_is_normalised(y) || !clp_axis_is_normalised(x);
    clproc_status status = filled ? clp_terms_settle(terms, error) : CLPROC_OK;
    if (status == CLPROC_OK && !identity) {
        status = append(terms, CLP_TERM_SPATIAL, op, &term, error);
    }
    if (identity || status != CLPROC_OK) {
        clp_axis_free(y);
        clp_axis_free(x);
        return status;
    }
    bool index = clp_axis_is_index(y) && clp_axis_is_index(x);
    terms->spatial_seen |= !index;
    terms->crop_seen |= index;
    term->y = *y;
    term->x = *x;
    term->transpose = transpose;
    if (fill) {
        memcpy(term->fill, fill, sizeof term->fill);
    }
    *y = *x = (clp_axis){0};
    set_size(terms, transpose ? term->y.out : term->x.out, transpose ? term->x.out : term->y.out);
    return CLPROC_OK;
}

/** The map of a gray picture by an RGB matrix: one row where all agree on grays, else three. */
static clp_colour on_gray(const double matrix[3][3], const double offset[3]) {
    clp_colour colour = {.in = 1, .out = 1};
    for (int i = 0; i < 3; i++) {
        colour.m[i][0] = matrix[i][0] + matrix[i][1] + matrix[i][2];
        colour.offset[i] = offset[i];
        if (fabs(colour.m[i][0] - colour.m[0][0]) > 1e-12 || offset[i] != offset[0]) {
            colour.out = 3;
        }
    }
    return colour;
}

static bool is_identity(const clp_colour *colour) {
    bool same = colour->in == colour->out;
    for (uint32_t i = 0; i < colour->out; i++) {
        for (uint32_t j = 0; j < colour->in; j++) {
            same = same && fabs(colour->m[i][j] - (i == j)) < 1e-12;
        }
        same = same && colour->offset[i] == 0;
    }
    return same;
}

static clproc_status append_colour(clp_terms *terms, const char *op, const clp_colour *colour,
                                   clproc_error *error) {
    clp_term *term = NULL;
    if (is_identity(colour)) {
        return CLPROC_OK;
    }
    clproc_status status = clp_terms_settle(terms, error);
    if (status == CLPROC_OK) {
        status = append(terms, CLP_TERM_COLOUR, op, &term, error);
    }
    if (status == CLPROC_OK) {
        term->colour = *colour;
        terms->colours = colour->out;
        terms->colour_seen = true;
    }
    return status;
}

clproc_status clp_terms_colour(clp_terms *terms, const char *op, const double matrix[3][3],
                               const double offset[3], clproc_error *error) {
    clp_colour colour = {.in = 3, .out = 3};
    clproc_status status = clp_terms_settle(terms, error);
    if (status != CLPROC_OK) {
        return status;
    }
    if (terms->colours == 1) {
        colour = on_gray(matrix, offset);
    } else {
        memcpy(colour.m, matrix, sizeof colour.m);
        memcpy(colour.offset, offset, sizeof colour.offset);
    }
    return append_colour(terms, op, &colour, error);
}

/* BT.709 luminance of red and blue. */
#define LINEAR_RED 0.2126
#define LINEAR_BLUE 0.0722

void clp_luma_weights(bool linear, double weights[3]) {
    weights[0] = linear ? LINEAR_RED : CLP_LUMA_RED;
    weights[2] = linear ? LINEAR_BLUE : CLP_LUMA_BLUE;
    weights[1] = 1 - weights[0] - weights[2];
}

clproc_status clp_terms_gray(clp_terms *terms, const char *op, clproc_error *error) {
    clproc_status status = clp_terms_settle(terms, error);
    if (status == CLPROC_OK) {
        status = clp_terms_space(terms, op, CLP_SPACE_RGB, error);
    }
    if (status != CLPROC_OK || terms->colours == 1) {
        return status;
    }
    clp_colour colour = {.in = 3, .out = 1};
    clp_luma_weights(terms->linear, colour.m[0]);
    bool first = !terms->colour_seen && !terms->linear;
    status = append_colour(terms, op, &colour, error);
    if (status == CLPROC_OK) {
        terms->items[terms->count - 1].in_linear = terms->linear;
    }
    terms->gray_first |= first;
    return status;
}

/** Appends a term of clamped RGB that no filter may pass. */
static clproc_status append_barrier(clp_terms *terms, clp_term_kind kind, const char *op,
                                    clp_term **term, clproc_error *error) {
    clproc_status status = clp_terms_settle(terms, error);
    if (status == CLPROC_OK) {
        status = append(terms, kind, op, term, error);
    }
    terms->colour_seen = true;
    terms->early_barrier |= !terms->spatial_seen;
    terms->spatial_barrier = true;
    return status;
}

/** Appends curves of a conversion, or with NULL its table. */
static clproc_status append_shared(clp_terms *terms, const char *op, clp_conversion *conversion,
                                   float *const curves[3], clproc_error *error) {
    clp_term *term = NULL;
    clp_term_kind kind = curves ? CLP_TERM_CURVE : CLP_TERM_TABLE;
    clproc_status status = append_barrier(terms, kind, op, &term, error);
    if (status == CLPROC_OK) {
        term->conversion = clp_conversion_retain(conversion);
        if (curves) {
            memcpy(term->curve, curves, sizeof term->curve);
        }
    }
    return status;
}

clproc_status clp_terms_curve(clp_terms *terms, const char *op, clp_curve_function *function,
                              const void *context, size_t size, clproc_error *error) {
    clp_conversion *sampled = NULL;
    clproc_status status;
    CLP_TRY(status, out, clp_curves_get(terms->curves, function, context, size, &sampled, error));
    status = append_shared(terms, op, sampled, sampled->before, error);
out:
    clp_conversion_release(&sampled);
    return status;
}

clproc_status clp_terms_expand(clp_terms *terms, const char *op, clproc_error *error) {
    const clp_colour colour = {.in = 1, .out = 3, .m = {{1}, {1}, {1}}};
    return terms->colours == 1 ? append_colour(terms, op, &colour, error) : CLPROC_OK;
}

clproc_status clp_terms_convert(clp_terms *terms, clp_conversion *conversion, clproc_error *error) {
    clp_conversion_release(&terms->waiting);
    terms->waiting = clp_conversion_retain(conversion);
    return terms->linear ? clp_terms_settle(terms, error) : CLPROC_OK;
}

clproc_status clp_terms_settle(clp_terms *terms, clproc_error *error) {
    clp_conversion *conversion = terms->waiting;
    clp_colour colour = {.in = 3, .out = 3};
    clproc_status status = CLPROC_OK;
    size_t first = terms->count;
    if (!conversion) {
        return CLPROC_OK;
    }
    terms->waiting = NULL;
    if (conversion->table) {
        CLP_TRY(status, out, append_shared(terms, "icc", conversion, NULL, error));
        terms->colours = conversion->out;
        if (!conversion->before[0]) {
            goto out;
        }
    }
    if (conversion->in == 1 && conversion->out == 3) {
        CLP_TRY(status, out, clp_terms_expand(terms, "icc", error));
    }
    CLP_TRY(status, out, append_shared(terms, "icc", conversion, conversion->before, error));
    if (conversion->in != 1) {
        memcpy(colour.m, conversion->matrix, sizeof colour.m);
        for (int c = 0; c < 3; c++) {
            colour.offset[c] = 255 * conversion->offset[c];
        }
        CLP_TRY(status, out, append_colour(terms, "icc", &colour, error));
        CLP_TRY(status, out, append_shared(terms, "icc", conversion, conversion->after, error));
    }
out:
    for (size_t i = first; conversion->table && conversion->exact && i < terms->count; i++) {
        terms->items[i].exact = i == first ? CLP_EXACT_ALL : CLP_EXACT_DONE;
    }
    clp_conversion_release(&conversion);
    return status;
}

double clp_colour_gain(const clp_colour *colour) {
    double gain = 0;
    for (uint32_t i = 0; i < colour->out; i++) {
        double sum = 0;
        for (uint32_t j = 0; j < colour->in; j++) {
            sum += fabs(colour->m[i][j]);
        }
        gain = fmax(gain, sum);
    }
    return gain;
}

static double find_slope(const clp_term *term, uint32_t distance) {
    double most = 0;
    for (uint32_t c = 0; c < 3 && term->curve[c]; c++) {
        for (uint32_t i = distance; i <= CLP_CURVE_SIZE; i++) {
            double step = fabs((double)term->curve[c][i] - term->curve[c][i - distance]);
            most = step > most ? step : most;
        }
    }
    return most * CLP_CURVE_SIZE / distance;
}

double clp_curve_slope(const clp_term *term, uint32_t distance) {
    struct {
        const float *curves[3];
        uint64_t distance;
    } key;
    size_t size;
    memset(&key, 0, sizeof key);
    key.distance = distance;
    memcpy(key.curves, term->curve, sizeof key.curves);
    const double *known = clp_derived_recall(&term->conversion->derived, &key, sizeof key, &size);
    if (known) {
        return *known;
    }
    double slope = find_slope(term, distance);
    clp_derived_remember(&term->conversion->derived, &key, sizeof key, &slope, sizeof slope);
    return slope;
}

static uint32_t gaussian_radius(double sigma, double cut) {
    return (uint32_t)ceil(cut * sigma);
}

uint32_t clp_gaussian_taps(const clp_term *term) {
    return 2 * gaussian_radius(term->gaussian_sigma, term->gaussian_cut) + 1;
}

/** Below it the weight of a neighbour is nothing, and the square of σ may be 0. */
#define LEAST_SIGMA 1e-3

clproc_status clp_terms_gaussian(clp_terms *terms, const char *op, double sigma,
                                 clproc_error *error) {
    clp_term *term = NULL;
    if (sigma < LEAST_SIGMA) {
        return CLPROC_OK;
    }
    double cut = terms->depth > 8 ? 5 : 4, taps = 2.0 * gaussian_radius(sigma, cut) + 1;
    clproc_status status =
        clp_terms_afford(terms, op, terms->samples_x, terms->samples_y,
                         taps * ((double)terms->samples_x + terms->samples_y), error);
    if (status == CLPROC_OK) {
        status = append(terms, CLP_TERM_SPATIAL, op, &term, error);
    }
    if (status == CLPROC_OK) {
        term->gaussian_sigma = sigma;
        term->gaussian_cut = cut;
        terms->spatial_seen = true;
        set_size(terms, terms->samples_x, terms->samples_y);
    }
    return status;
}

clproc_status clp_term_exact_gaussian(const clp_term *term, uint32_t width, uint32_t height,
                                      clp_axis *y, clp_axis *x, clproc_error *error) {
    uint32_t radius = gaussian_radius(term->gaussian_sigma, term->gaussian_cut);
    *x = (clp_axis){0};
    clproc_status status = clp_axis_gaussian(y, height, term->gaussian_sigma, radius, error);
    if (status == CLPROC_OK) {
        status = clp_axis_gaussian(x, width, term->gaussian_sigma, radius, error);
        if (status != CLPROC_OK) {
            clp_axis_free(y);
        }
    }
    return status;
}

/** The channel of a space that says how light a pixel is, from 1 on; 0: RGB has none. */
static double lightness_channel(clp_space space) {
    switch (space) {
    case CLP_SPACE_YCC:
    case CLP_SPACE_LAB:
        return 1;
    case CLP_SPACE_HSV:
        return 3;
    default:
        return 0;
    }
}

void clp_unsharp_weights(const clp_term *unsharp, double weights[3], double amounts[3]) {
    double channel = unsharp->parameter[CLP_UNSHARP_CHANNEL];
    clp_luma_weights(unsharp->in_linear, weights);
    for (int c = 0; c < 3; c++) {
        bool alone = channel == c + 1;
        weights[c] = channel > 0 ? alone : weights[c];
        amounts[c] = channel > 0 && !alone ? 0 : unsharp->parameter[CLP_UNSHARP_AMOUNT];
    }
}

clproc_status clp_terms_unsharp(clp_terms *terms, const char *op, double sigma, double amount,
                                double threshold, bool luma, clproc_error *error) {
    const double parameter[4] = {amount, threshold, luma,
                                 luma ? lightness_channel(terms->space) : 0};
    bool early = !terms->spatial_seen;
    if (sigma < LEAST_SIGMA || amount == 0) {
        return CLPROC_OK;
    }
    clproc_status status = clp_terms_settle(terms, error);
    if (status == CLPROC_OK) {
        status = clp_terms_gaussian(terms, op, sigma, error);
    }
    if (status != CLPROC_OK) {
        return status;
    }
    terms->items[terms->count - 1].side = true;
    bool planes = terms->colours == 1 || luma, seen = terms->colour_seen;
    status = clp_terms_custom(terms, op, CLP_CUSTOM_UNSHARP, parameter, error);
    if (status == CLPROC_OK) {
        terms->items[terms->count - 1].in_linear = terms->linear && terms->space == CLP_SPACE_RGB;
        /* Luma has a plane of its own in a JPEG; three channels are RGB. */
        terms->colour_seen = seen || !planes;
        terms->early_barrier |= !planes && early;
    }
    return status;
}

clproc_status clp_terms_custom(clp_terms *terms, const char *op, clp_custom custom,
                               const double parameter[4], clproc_error *error) {
    clp_term *term = NULL;
    if (custom == (terms->alpha ? CLP_CUSTOM_OPAQUE : CLP_CUSTOM_FLATTEN)) {
        return CLPROC_OK;
    }
    clproc_status status = clp_terms_settle(terms, error);
    if (status == CLPROC_OK) {
        status = append(terms, CLP_TERM_KERNEL, op, &term, error);
    }
    if (status == CLPROC_OK) {
        term->custom = custom;
        memcpy(term->parameter, parameter, sizeof term->parameter);
        terms->spatial_barrier |= custom != CLP_CUSTOM_FLATTEN;
        bool of_rgb =
            custom == CLP_CUSTOM_HSV || custom == CLP_CUSTOM_OVERLAY || custom == CLP_CUSTOM_OPAQUE;
        terms->early_barrier |= of_rgb && !terms->spatial_seen;
        terms->colour_seen = true;
        terms->alpha =
            (terms->alpha && custom != CLP_CUSTOM_FLATTEN) || custom == CLP_CUSTOM_OPAQUE;
    }
    return status;
}

clproc_status clp_terms_turn(clp_terms *terms, const char *op, bool flip_x, bool flip_y,
                             bool transpose, clproc_error *error) {
    uint32_t w = terms->samples_x, h = terms->samples_y;
    clp_axis y, x;
    clproc_status status = clp_axis_window(&y, h, flip_y ? (int64_t)h - 1 : 0, flip_y, h, error);
    if (status != CLPROC_OK) {
        return status;
    }
    status = clp_axis_window(&x, w, flip_x ? (int64_t)w - 1 : 0, flip_x, w, error);
    if (status != CLPROC_OK) {
        clp_axis_free(&y);
        return status;
    }
    return clp_terms_spatial(terms, op, &y, &x, transpose, NULL, error);
}

clproc_status clp_terms_orient(clp_terms *terms, uint32_t orientation, clproc_error *error) {
    static const struct {
        bool flip_x, flip_y, transpose;
    } table[9] = {[2] = {true, false, false}, [3] = {true, true, false}, [4] = {false, true, false},
                  [5] = {false, false, true}, [6] = {false, true, true}, [7] = {true, true, true},
                  [8] = {true, false, true}};
    uint32_t w = terms->samples_x, h = terms->samples_y;
    if (orientation < 2 || orientation > 8) {
        return CLPROC_OK;
    }
    bool flip_x = table[orientation].flip_x, flip_y = table[orientation].flip_y;
    bool transpose = table[orientation].transpose;
    clp_terms before = *terms;
    clproc_status status = clp_terms_turn(terms, "orient", flip_x, flip_y, transpose, error);
    /* Nothing is cropped or filtered, so what the picture is of its samples only changes sides. */
    double x0 = flip_x ? w - before.box_x1 : before.box_x0,
           x1 = flip_x ? w - before.box_x0 : before.box_x1;
    double y0 = flip_y ? h - before.box_y1 : before.box_y0,
           y1 = flip_y ? h - before.box_y0 : before.box_y1;
    terms->crop_seen = before.crop_seen;
    terms->width = transpose ? before.height : before.width;
    terms->height = transpose ? before.width : before.height;
    terms->box_x0 = transpose ? y0 : x0;
    terms->box_x1 = transpose ? y1 : x1;
    terms->box_y0 = transpose ? x0 : y0;
    terms->box_y1 = transpose ? x1 : y1;
    return status;
}
