/** Pointwise terms to colour passes. */
#include <math.h>
#include <string.h>

#include "core/format.h"
#include "core/memory.h"
#include "plan/lower.h"

clp_colour clp_colour_ycc(bool inverse) {
    const double r = CLP_LUMA_RED, b = CLP_LUMA_BLUE, g = 1 - r - b;
    if (!inverse) {
        return (clp_colour){.in = 3,
                            .out = 3,
                            .m = {{r, g, b},
                                  {-r / (2 - 2 * b), -g / (2 - 2 * b), 0.5},
                                  {0.5, -g / (2 - 2 * r), -b / (2 - 2 * r)}},
                            .offset = {0, 128, 128}};
    }
    clp_colour colour = {.in = 3,
                         .out = 3,
                         .m = {{1, 0, 2 - 2 * r},
                               {1, -b * (2 - 2 * b) / g, -r * (2 - 2 * r) / g},
                               {1, 2 - 2 * b, 0}}};
    for (int i = 0; i < 3; i++) {
        colour.offset[i] = -128 * (colour.m[i][1] + colour.m[i][2]);
    }
    return colour;
}

clp_colour clp_colour_compose(const clp_colour *second, const clp_colour *first) {
    clp_colour product = {.in = first->in, .out = second->out};
    for (uint32_t i = 0; i < second->out; i++) {
        product.offset[i] = second->offset[i];
        for (uint32_t k = 0; k < second->in; k++) {
            product.offset[i] += second->m[i][k] * first->offset[k];
            for (uint32_t j = 0; j < first->in; j++) {
                product.m[i][j] += second->m[i][k] * first->m[k][j];
            }
        }
    }
    return product;
}

clproc_status clp_lower_step(clp_lowering *lowering, const clp_step *step, const clp_term *term) {
    if (lowering->step_count == CLP_MAX_STEPS) {
        clproc_status status = clp_lower_flush(lowering, false);
        if (status != CLPROC_OK) {
            return status;
        }
    }
    lowering->steps[lowering->step_count] = *step;
    lowering->terms[lowering->step_count] = term;
    lowering->steps[lowering->step_count++].white = (float)lowering->white;
    return CLPROC_OK;
}

void clp_lower_label(clp_lowering *lowering, const char *op) {
    size_t length = strlen(lowering->step_label);
    snprintf(lowering->step_label + length, sizeof lowering->step_label - length, "%s%s",
             length ? "·" : "", op);
}

/** The rounding errors of filtered Q6 values (up to 0.02 levels) may be multiplied by this much. */
#define MOST_ERROR_GAIN 6.0

void clp_lower_rounding(clp_lowering *lowering, double gain) {
    if (lowering->rounded && gain > 1) {
        lowering->error_gain *= gain;
    }
    lowering->rounded = true;
    lowering->needs_float |= !lowering->use_float && lowering->error_gain > MOST_ERROR_GAIN;
}

/** Fraction bits with which `colour` fits 32-bit sums of values in ±512 levels; negative if none
 * do. */
static int matrix_shift(const clp_colour *colour) {
    double most = 1;
    for (uint32_t i = 0; i < colour->out; i++) {
        double sum = fabs(colour->offset[i]) + 1;
        for (uint32_t j = 0; j < colour->in; j++) {
            sum += fabs(colour->m[i][j]) * 512;
        }
        most = sum > most ? sum : most;
    }
    /* Q6 values: Σ|c|·|v|·64·2^shift < 2^31 */
    int shift = (int)floor(log2(2147483647.0 / (most * 64)));
    return shift > 15 ? 15 : shift >= 10 ? shift : -1;
}

static clproc_status add_matrix(clp_lowering *lowering, const clp_colour *colour) {
    uint32_t last = lowering->step_count - 1;
    clproc_status status = CLPROC_OK;
    clp_colour matrix = *colour;
    if (lowering->step_count > 0 && lowering->steps[last].kind == CLP_STEP_MATRIX &&
        (lowering->steps[last].value[0] != 0) == lowering->premultiplied) {
        matrix = clp_colour_compose(colour, &lowering->matrices[last]);
    } else {
        clp_step step = {.kind = CLP_STEP_MATRIX, .value = {lowering->premultiplied}};
        status = clp_lower_step(lowering, &step, NULL);
        last = lowering->step_count - 1;
    }
    lowering->matrices[last] = matrix;
    lowering->steps[last].in = matrix.in;
    lowering->steps[last].out = matrix.out;
    clp_lower_rounding(lowering, clp_colour_gain(colour));
    lowering->needs_float |= !lowering->use_float && matrix_shift(&matrix) < 0;
    double low = 0, high = 0;
    for (uint32_t i = 0; i < colour->out; i++) {
        double least = colour->offset[i], most = colour->offset[i];
        for (uint32_t j = 0; j < colour->in; j++) {
            double m = colour->m[i][j];
            least += m * (m < 0 ? lowering->high : lowering->low);
            most += m * (m < 0 ? lowering->low : lowering->high);
        }
        low = least < low ? least : low;
        high = most > high ? most : high;
    }
    lowering->low = low;
    lowering->high = high;
    return status;
}

static bool ends_in_clamp(const clp_lowering *lowering) {
    uint32_t count = lowering->step_count;
    return count > 0 && lowering->steps[count - 1].kind == CLP_STEP_CLAMP;
}

static clproc_status add_clamp(clp_lowering *lowering) {
    clp_step step = {.kind = CLP_STEP_CLAMP};
    lowering->low = 0;
    lowering->high = 255;
    return ends_in_clamp(lowering) ? CLPROC_OK : clp_lower_step(lowering, &step, NULL);
}

/** For a step that clamps colours by itself, but not alpha. */
static clproc_status add_clamp_of_alpha(clp_lowering *lowering) {
    if (clp_model_has_alpha(lowering->model)) {
        return add_clamp(lowering);
    }
    lowering->step_count -= ends_in_clamp(lowering);
    lowering->low = 0;
    lowering->high = 255;
    return CLPROC_OK;
}

clproc_status clp_lower_premultiply(clp_lowering *lowering, bool premultiplied) {
    if (lowering->premultiplied == premultiplied || !clp_model_has_alpha(lowering->model)) {
        return CLPROC_OK;
    }
    clp_step step = {.kind = premultiplied ? CLP_STEP_PREMULTIPLY : CLP_STEP_UNPREMULTIPLY};
    lowering->premultiplied = premultiplied;
    return clp_lower_step(lowering, &step, NULL);
}

clproc_status clp_lower_to_rgb(clp_lowering *lowering) {
    clp_colour inverse = clp_colour_ycc(true);
    clproc_status status;
    CLP_TRY(status, out, clp_lower_upsample(lowering));
    CLP_TRY(status, out, add_matrix(lowering, &inverse));
    CLP_TRY(status, out, add_clamp(lowering));
    lowering->model = CLP_MODEL_RGB;
    clp_lower_label(lowering, "rgb");
out:
    return status;
}

static clp_model model_of(uint32_t colours, bool alpha) {
    if (colours == 1) {
        return alpha ? CLP_MODEL_GRAYA : CLP_MODEL_GRAY;
    }
    return alpha ? CLP_MODEL_RGBA : CLP_MODEL_RGB;
}

static clproc_status add_flatten(clp_lowering *lowering, const double colour[3]) {
    clp_step step = {.kind = CLP_STEP_FLATTEN};
    double unit = lowering->use_float ? lowering->white / 255 : 64;
    for (int i = 0; i < 3; i++) {
        step.value[i] = (float)(colour[i] * unit);
    }
    step.value[3] = lowering->premultiplied;
    lowering->premultiplied = false;
    lowering->model = lowering->model == CLP_MODEL_RGBA ? CLP_MODEL_RGB : CLP_MODEL_GRAY;
    return clp_lower_step(lowering, &step, NULL);
}

static clproc_status add_curve(clp_lowering *lowering, const clp_term *term) {
    clp_step step = {.kind = CLP_STEP_CURVE, .in = term->curve[1] ? 3 : 1};
    clproc_status status;
    CLP_TRY(status, out, clp_lower_premultiply(lowering, false));
    CLP_TRY(status, out, add_clamp_of_alpha(lowering));
    CLP_TRY(status, out, clp_lower_step(lowering, &step, term));
    clp_lower_rounding(
        lowering,
        lowering->rounded ? clp_curve_slope(term, CLP_CURVE_SIZE / (CLP_Q6_CURVE_SIZE - 1)) : 1);
out:
    return status;
}

static clproc_status add_hsv(clp_lowering *lowering, const clp_term *term) {
    clp_step step = {.kind = CLP_STEP_HSV, .value = {(float)term->parameter[0]}};
    clproc_status status;
    CLP_TRY(status, out, clp_lower_premultiply(lowering, false));
    CLP_TRY(status, out, add_clamp(lowering));
    CLP_TRY(status, out, clp_lower_step(lowering, &step, NULL));
    /* The hue of near-grays turns on the last bit. */
    clp_lower_rounding(lowering, 2 * MOST_ERROR_GAIN);
out:
    return status;
}

static bool has_places(const clp_conversion *conversion) {
    return conversion->place[0] || conversion->place[1] || conversion->place[2] ||
           conversion->place[3];
}

static clproc_status add_table(clp_lowering *lowering, const clp_term *term) {
    const clp_conversion *conversion = term->conversion;
    clp_step step = {.kind = CLP_STEP_TABLE,
                     .grid = conversion->grid,
                     .in = conversion->in,
                     .out = conversion->out,
                     .value = {has_places(conversion)}};
    clproc_status status;
    CLP_TRY(status, out, clp_lower_premultiply(lowering, false));
    CLP_TRY(status, out, add_clamp(lowering));
    CLP_TRY(status, out, clp_lower_step(lowering, &step, term));
    CLP_TRY(status, out, add_clamp(lowering));
    lowering->needs_float |= !lowering->use_float;
    lowering->model = model_of(conversion->out, clp_model_has_alpha(lowering->model));
out:
    return status;
}

static clproc_status add_overlay(clp_lowering *lowering, const clp_term *term) {
    bool alpha = clp_model_has_alpha(lowering->model);
    clp_step step = {.kind = CLP_STEP_OVERLAY,
                     .in = clp_model_channels(lowering->model) - alpha,
                     .value = {alpha}};
    clproc_status status;
    CLP_TRY(status, out, clp_lower_premultiply(lowering, false));
    CLP_TRY(status, out, add_clamp(lowering));
    CLP_TRY(status, out, clp_lower_step(lowering, &step, term));
    clp_lower_rounding(lowering, 1);
    lowering->needs_float |= !lowering->use_float && alpha;
out:
    return status;
}

static clproc_status add_point(clp_lowering *lowering, const clp_term *term) {
    if (term->kind == CLP_TERM_COLOUR) {
        clproc_status status = add_matrix(lowering, &term->colour);
        lowering->model = model_of(term->colour.out, clp_model_has_alpha(lowering->model));
        return status;
    }
    if (term->kind == CLP_TERM_CURVE) {
        return add_curve(lowering, term);
    }
    if (term->kind == CLP_TERM_TABLE) {
        return add_table(lowering, term);
    }
    if (term->custom == CLP_CUSTOM_FLATTEN) {
        return add_flatten(lowering, term->parameter);
    }
    if (term->custom == CLP_CUSTOM_OPAQUE) {
        double white = lowering->use_float ? lowering->white : CLP_Q6_CURVE_SIZE - 1;
        const clp_step step = {.kind = CLP_STEP_OPAQUE, .value = {(float)white}};
        lowering->model = model_of(clp_model_channels(lowering->model), true);
        return clp_lower_step(lowering, &step, NULL);
    }
    if (term->custom == CLP_CUSTOM_HSV) {
        return add_hsv(lowering, term);
    }
    if (term->custom == CLP_CUSTOM_OVERLAY) {
        return add_overlay(lowering, term);
    }
    return clp_error_set(lowering->error, CLPROC_ERROR_INTERNAL, "%s: no pass for it", term->op);
}

clproc_status clp_lower_points(clp_lowering *lowering, const clp_segment *segment, size_t first) {
    clproc_status status = CLPROC_OK;
    if (segment->point_count > first && lowering->model == CLP_MODEL_YCC) {
        status = clp_lower_to_rgb(lowering);
    }
    for (size_t i = first; status == CLPROC_OK && i < segment->point_count; i++) {
        if (i > first && segment->apart) {
            CLP_TRY(status, out, clp_lower_flush(lowering, false));
        }
        clp_lower_label(lowering, segment->points[i]->op);
        status = add_point(lowering, segment->points[i]);
    }
out:
    return status;
}

clproc_status clp_lower_to_target(clp_lowering *lowering) {
    const clp_layout *output = &lowering->plan->output;
    const clp_format *format = clp_format_of(lowering->plan->target.format);
    static const double background[3] = {255, 255, 255};
    clproc_status status = CLPROC_OK;
    if (lowering->model == CLP_MODEL_CMYK) {
        return clp_error_set(lowering->error, CLPROC_ERROR_INTERNAL,
                             "inks were not converted; please report this");
    }
    if (!format->alpha && clp_model_has_alpha(lowering->model)) {
        clp_lower_label(lowering, "flatten");
        CLP_TRY(status, out, add_flatten(lowering, background));
    }
    CLP_TRY(status, out, clp_lower_premultiply(lowering, false));
    if (!format->ycc && lowering->model == CLP_MODEL_YCC) {
        CLP_TRY(status, out, clp_lower_to_rgb(lowering));
    }
    double white = output->depth == 8 ? 255 : 65535;
    if (white != lowering->white) {
        clp_step scale = {.kind = CLP_STEP_SCALE, .value = {(float)(white / lowering->white)}};
        clp_lower_label(lowering, output->depth == 8 ? "to 8 bits" : "to 16 bits");
        CLP_TRY(status, out, clp_lower_step(lowering, &scale, NULL));
        lowering->white = white;
    }
    if (format->ycc && lowering->model == CLP_MODEL_RGB) {
        clp_colour forward = clp_colour_ycc(false);
        if (lowering->low < 0 || lowering->high > 255) {
            CLP_TRY(status, out, add_clamp(lowering));
        }
        clp_lower_label(lowering, "ycc");
        CLP_TRY(status, out, add_matrix(lowering, &forward));
        lowering->model = CLP_MODEL_YCC;
    }
out:
    return status;
}

/** Three coefficients and an offset per row: Q`shift` on Q6 values, or floats on values up to
 * `white`. */
static clproc_status matrix_table(clp_lowering *lowering, clp_step *step,
                                  const clp_colour *colour) {
    int32_t table[12] = {0};
    int shift = lowering->use_float ? 0 : matrix_shift(colour);
    if (shift < 0) {
        lowering->needs_float = true;
        return CLPROC_OK;
    }
    double one = ldexp(1, shift);
    for (uint32_t i = 0; i < colour->out; i++) {
        for (uint32_t j = 0; j < 4; j++) {
            double unit = lowering->use_float ? step->white / 255 : 64;
            double value = j == 3 ? colour->offset[i] * unit : j < colour->in ? colour->m[i][j] : 0;
            float real = (float)value;
            table[4 * i + j] = (int32_t)floor(value * one + 0.5);
            if (lowering->use_float) {
                memcpy(&table[4 * i + j], &real, sizeof real);
            }
        }
    }
    step->shift = (uint32_t)shift;
    return clp_table_bytes(lowering->plan, table, sizeof table, &step->table, lowering->error);
}

/** Curves of places, in steps of the grid; of channels that have none, straight. */
static void fill_places(float *to, const clp_conversion *conversion) {
    for (uint32_t c = 0; c < conversion->in; c++) {
        const float *place = conversion->place[c];
        for (uint32_t i = 0; i <= CLP_PLACE_SIZE; i++) {
            float at = place ? place[i] : (float)i / CLP_PLACE_SIZE;
            *to++ = at * (float)(conversion->grid - 1);
        }
    }
}

/** The table of a conversion, four values each from 0 to white, and its curves of places. */
static clproc_status cube_table(clp_lowering *lowering, clp_step *step, const clp_term *term) {
    size_t count = 1, places = 0;
    for (uint32_t i = 0; i < step->in; i++) {
        count *= step->grid;
    }
    if (step->value[0] != 0) {
        places = (size_t)step->in * (CLP_PLACE_SIZE + 1);
    }
    float *table = clp_memory_zero(CLP_MEMORY_PLAN, count * 4 + places, sizeof *table);
    if (!table) {
        return clp_error_memory(lowering->error, "a colour table", count * 4 * sizeof *table);
    }
    if (places) {
        fill_places(table + count * 4, term->conversion);
    }
    for (size_t i = 0; i < count; i++) {
        for (size_t c = 0; c < 3; c++) {
            table[4 * i + c] = term->conversion->table[3 * i + c] * step->white;
        }
    }
    clproc_status status = clp_table_bytes(
        lowering->plan, table, (count * 4 + places) * sizeof *table, &step->table, lowering->error);
    clp_memory_free(table);
    return status;
}

static void drop_first_step(clp_lowering *lowering, clp_pass *pass) {
    pass->step_count--;
    memmove(pass->steps, pass->steps + 1, pass->step_count * sizeof *pass->steps);
    memmove(lowering->matrices, lowering->matrices + 1,
            pass->step_count * sizeof *lowering->matrices);
    memmove(lowering->terms, lowering->terms + 1, pass->step_count * sizeof *lowering->terms);
}

/** What comes from a picture's own samples lies in its range, and takes few values: nothing to
 * clamp before the first step, and a curve is a table of them. */
static void see_first_step(clp_lowering *lowering, clp_pass *pass) {
    const clp_surface *src = &lowering->plan->surfaces[pass->src[0]];
    float white = src->sample == CLP_SAMPLE_U8 ? 255 : src->sample == CLP_SAMPLE_U16 ? 65535 : 0;
    if (pass->step_count > 0 && pass->steps[0].kind == CLP_STEP_CLAMP &&
        pass->steps[0].white == white) {
        drop_first_step(lowering, pass);
    }
    if (pass->step_count > 0 && pass->steps[0].kind == CLP_STEP_CURVE && pass->real &&
        pass->steps[0].white == white) {
        pass->steps[0].kind = CLP_STEP_LOOKUP;
    }
}

static clproc_status make_tables(clp_lowering *lowering, clp_pass *pass) {
    clproc_status status = CLPROC_OK;
    for (uint32_t i = 0; status == CLPROC_OK && i < pass->step_count; i++) {
        if (pass->steps[i].kind == CLP_STEP_MATRIX) {
            status = matrix_table(lowering, &pass->steps[i], &lowering->matrices[i]);
        } else if (pass->steps[i].kind == CLP_STEP_CURVE ||
                   pass->steps[i].kind == CLP_STEP_LOOKUP) {
            status = clp_curve_table(lowering, &pass->steps[i], lowering->terms[i]);
        } else if (pass->steps[i].kind == CLP_STEP_TABLE) {
            status = cube_table(lowering, &pass->steps[i], lowering->terms[i]);
        } else if (pass->steps[i].kind == CLP_STEP_OVERLAY) {
            status = clp_overlay_table(lowering, &pass->steps[i], lowering->terms[i]);
        } else if (pass->steps[i].kind == CLP_STEP_UNSHARP) {
            status = clp_unsharp_table(lowering, &pass->steps[i], lowering->terms[i]);
            memcpy(pass->side, lowering->side, sizeof pass->side);
            pass->side_count = lowering->side_count;
        }
    }
    return status;
}

/** True where a colour pass can store chroma as the output has it. */
static bool makes_chroma(const clp_layout *output) {
    const clp_plane *planes = output->planes;
    return output->model == CLP_MODEL_YCC && output->depth == 8 && planes[0].h_step == 1 &&
           planes[0].v_step == 1 && planes[1].h_step <= 2 && planes[1].v_step <= 2 &&
           planes[1].h_step == planes[2].h_step && planes[1].v_step == planes[2].v_step;
}

/** The surfaces a colour pass stores to: planes of the output, or scratch. */
static clproc_status destinations(clp_lowering *lowering, bool final, clp_pass *pass) {
    const clp_layout *output = &lowering->plan->output;
    bool planar = lowering->model == CLP_MODEL_YCC;
    bool covered = lowering->covered_plane != CLP_NO_PLANE;
    uint32_t channels = planar ? 1 : clp_model_channels(lowering->model);
    clp_sample between = lowering->use_float ? CLP_SAMPLE_F32 : CLP_SAMPLE_I16;
    clproc_status status = CLPROC_OK;
    pass->dst_count = planar ? 3 : 1;
    pass->h_step = pass->v_step = 1;
    bool means = final && planar && makes_chroma(output);
    if (means) {
        pass->h_step = output->planes[1].h_step;
        pass->v_step = output->planes[1].v_step;
    }
    for (uint32_t i = 0; status == CLPROC_OK && i < pass->dst_count; i++) {
        uint32_t number = covered ? lowering->covered_plane : i;
        const clp_plane *plane = &output->planes[number];
        if (final && (covered || means || (plane->h_step == 1 && plane->v_step == 1))) {
            status = clp_surface_plane(lowering, CLP_ROLE_OUTPUT, output, number, &pass->dst[i]);
        } else {
            status = clp_surface_scratch(lowering, between, lowering->width, lowering->height,
                                         channels, &pass->dst[i]);
        }
    }
    return status;
}

clproc_status clp_lower_flush(clp_lowering *lowering, bool final) {
    const clp_surface *src = &lowering->plan->surfaces[lowering->surfaces[0]];
    clp_pass pass = {.kind = CLP_PASS_COLOUR,
                     .level = lowering->level,
                     .src_count = lowering->surface_count,
                     .in_channels =
                         lowering->surface_count > 1 ? lowering->surface_count : src->channels,
                     .step_count = lowering->step_count};
    clproc_status status;
    memcpy(pass.src, lowering->surfaces, sizeof pass.src);
    memcpy(pass.steps, lowering->steps, sizeof pass.steps);
    snprintf(pass.label, sizeof pass.label, "%s", lowering->step_label);
    pass.real = lowering->use_float;
    pass.in_alpha = clp_model_has_alpha(lowering->stored);
    pass.out_alpha = clp_model_has_alpha(lowering->model);
    CLP_TRY(status, out, destinations(lowering, final, &pass));
    see_first_step(lowering, &pass);
    CLP_TRY(status, out, make_tables(lowering, &pass));
    pass.out_channels = clp_model_channels(lowering->model);
    uint64_t pixels = (uint64_t)lowering->width * lowering->height;
    const clp_surface *dst = &lowering->plan->surfaces[pass.dst[pass.dst_count - 1]];
    uint64_t stored = pixels * clp_model_channels(lowering->model);
    if (pass.h_step * pass.v_step > 1) {
        stored = pixels + 2 * (uint64_t)dst->width * dst->height;
    }
    pass.bytes_read = pixels * pass.in_channels * clp_sample_size(lowering->sample) *
                      (pass.side_count > 0 ? 2 : 1);
    pass.bytes_written = stored * clp_sample_size(dst->sample);
    pass.operations = pass.step_count ? pixels * pass.in_channels * pass.out_channels : 0;
    CLP_TRY(status, out, clp_pass_append(lowering, &pass));
    lowering->level++;
    memcpy(lowering->surfaces, pass.dst, sizeof pass.dst);
    lowering->surface_count = pass.dst_count;
    lowering->sample = dst->sample;
    lowering->stored = lowering->model;
    lowering->step_count = 0;
    lowering->step_label[0] = '\0';
    for (uint32_t i = 0; i < CLP_MAX_PLANES; i++) {
        lowering->h_step[i] = lowering->v_step[i] = 1;
    }
    bool fits = lowering->use_float || final || (lowering->high < 511.9 && lowering->low > -511.9);
    lowering->needs_float |= !fits;
out:
    return status;
}
