/** Plans: whatever is asked for, their passes read what has been written, stay inside their planes
 * and tables, and, run here sample by sample, give what the reference gives. */
#include "plan_fixture.h"

/* The first few are nothing but filters and moves. */
static const char *const pipelines[] = {
    "resize 50%",
    "resize 13x40:fit=fill:filter=catmull-rom",
    "resize 200%:filter=lanczos3",
    "resize 30x40:fit=contain:colour=#f80:filter=area",
    "resize 20x20:fit=cover | flip v",
    "crop 10x9+1+2",
    "crop 16x8+2+4 | rotate 180",
    "rotate 90 | resize 25x",
    "rotate 270 | blur 1.5 | flip h",
    "pad 90x70:gravity=east:colour=#123",
    "blur 0.6 | pad 90x70:colour=#fff | blur 2",
    "box-blur 4",
    "blur 31",
    "gray | blur 1.5",
    "blur 1 | brightness 1.5 | contrast 1.2",
    "matrix 4,-2,-1,20,-2,4,-1,0,-1,-2,4,-10 | blur 1",
    "gamma 0.6 | resize 19x | levels 20:white=200:gamma=1.3",
    "sharpen 2:threshold=12.3 | resize 50%",
    "sharpen 1:channels=rgb | rotate 90 | sharpen 1.5:amount=0.5",
    "resize 60% | colour lab | blur 1 | colour hsv",
    "flatten #08f | resize 31x | saturation 2",
    "resize 50% | overlay a:width=80%:margin=1:opacity=0.6 | flip h",
};
#define PIPELINES (sizeof pipelines / sizeof *pipelines)
#define SPATIAL_PIPELINES 13

static const struct { uint32_t width, height; } shapes[] = {{1, 1}, {3, 5}, {70, 45}};

/* ------------------------------------------------------------------------- what always holds */

static size_t surface_bytes(const clp_surface *surface) {
    size_t rows = (surface->height + CLP_ROW_ALIGN - 1) / CLP_ROW_ALIGN * CLP_ROW_ALIGN;
    assert_true(surface->pitch >=
                (size_t)surface->width * surface->channels * clp_sample_size(surface->sample));
    return rows * surface->pitch;
}

/** From which level to which each surface holds what somebody still wants. */
typedef struct life {
    int written, read;
} life;

/** Every surface is written once, by one pass, before any pass reads it, and all that the output
 * consists of is written. */
static void check_order(const clp_plan *plan, life *lives) {
    int level = 0;
    for (size_t i = 0; i < plan->surface_count; i++) {
        lives[i] = (life){plan->surfaces[i].role == CLP_ROLE_INPUT ? -1 : INT32_MAX, -1};
    }
    for (size_t i = 0; i < plan->pass_count; i++) {
        const clp_pass *pass = &plan->passes[i];
        assert_true(pass->level >= level && pass->level < plan->level_count);
        level = pass->level;
        for (uint32_t k = 0; k < pass->src_count + pass->side_count; k++) {
            uint32_t at = k < pass->src_count ? pass->src[k] : pass->side[k - pass->src_count];
            assert_true(at < plan->surface_count);
            assert_true(lives[at].written < pass->level);
            lives[at].read = pass->level;
        }
        for (uint32_t k = 0; k < pass->dst_count; k++) {
            assert_true(plan->surfaces[pass->dst[k]].role != CLP_ROLE_INPUT);
            assert_int_equal(lives[pass->dst[k]].written, INT32_MAX);
            lives[pass->dst[k]].written = pass->level;
        }
    }
    uint32_t outputs = 0;
    for (size_t i = 0; i < plan->surface_count; i++) {
        bool output = plan->surfaces[i].role == CLP_ROLE_OUTPUT;
        outputs += output;
        assert_true(!output || lives[i].written < INT32_MAX);
    }
    assert_int_equal(outputs, plan->output.plane_count);
}

/** What bands store for the passes behind them is written from the first band on. */
static void check_band_results(const clp_plan *plan, life *lives) {
    const clp_bands *bands = &plan->bands;
    for (uint32_t p = 0; bands->count > 0 && p < plan->input.plane_count; p++) {
        const clp_band_route *route = &bands->routes[p];
        uint32_t last = route->colour != CLP_NO_PASS   ? route->colour
                        : route->second != CLP_NO_PASS ? route->second
                                                       : route->first;
        for (uint32_t k = 0; k < plan->passes[last].dst_count; k++) {
            lives[plan->passes[last].dst[k]].written = 0;
        }
    }
}

/** Scratch surfaces whose lives overlap do not overlap in memory. */
static void check_scratch(const clp_plan *plan, const life *lives) {
    for (size_t i = 0; i < plan->surface_count; i++) {
        const clp_surface *a = &plan->surfaces[i];
        if (a->role != CLP_ROLE_SCRATCH) {
            continue;
        }
        assert_true(a->offset + surface_bytes(a) <=
                    (a->between ? plan->scratch_bytes : plan->kept_bytes));
        for (size_t j = 0; j < i; j++) {
            const clp_surface *b = &plan->surfaces[j];
            bool together = b->role == CLP_ROLE_SCRATCH && lives[i].written <= lives[j].read &&
                            lives[j].written <= lives[i].read;
            bool overlap = a->offset < b->offset + surface_bytes(b) &&
                           b->offset < a->offset + surface_bytes(a);
            assert_false(together && overlap);
        }
    }
}

/** Bytes of a plan's tables, which must be there. */
static const void *table(const clp_plan *plan, uint32_t offset, size_t bytes) {
    assert_true(offset + bytes <= plan->table_bytes);
    return plan->tables + offset;
}

/** Windows lie inside the source; integer weights and what the fill takes make exactly 1. */
static void check_filter(const clp_plan *plan, const clp_pass *pass) {
    const clp_surface *src = &plan->surfaces[pass->src[0]], *dst = &plan->surfaces[pass->dst[0]];
    const int32_t *starts = table(plan, pass->starts, (size_t)pass->windows * 8);
    size_t weight = pass->real ? sizeof(float) : sizeof(int16_t);
    uint32_t rows = src->height / pass->channel_step, pitch = pass->weight_pitch;
    assert_true(pass->taps >= 1 && pass->taps <= rows && src->height % pass->channel_step == 0);
    assert_true(pass->weights >= weight && pitch > pass->taps);
    const void *weights =
        table(plan, pass->weights, ((size_t)(pass->windows - 1) * pitch + pass->taps) * weight);
    uint32_t down = pass->windows * pass->channel_step, across = src->width * src->channels;
    uint32_t to_down = dst->height, to_across = dst->width * dst->channels;
    if (pass->transpose) {
        assert_true(to_down == across && to_across == down);
    } else {
        assert_true((uint64_t)to_down * to_across == (uint64_t)down * across &&
                    to_down == pass->windows);
    }
    for (uint32_t i = 0; i < pass->windows; i++) {
        int32_t sum = starts[2 * i + 1], magnitude = 0;
        assert_true(starts[2 * i] >= 0 && (uint32_t)starts[2 * i] + pass->taps <= rows);
        for (uint32_t k = 0; !pass->real && k < pitch; k++) {
            int32_t w = ((const int16_t *)weights)[(size_t)i * pitch + k];
            bool last = i + 1 == pass->windows && k >= pass->taps;
            sum += last ? 0 : w;
            magnitude += last ? 0 : abs(w);
            assert_true(last || k < pass->taps || w == 0);
        }
        /* 32-bit sums hold Q14 weights that make less than 4 times 16 bits. */
        assert_true(pass->real || (sum == 16384 && magnitude < 4 * 16384));
    }
}

static void check_reindex(const clp_plan *plan, const clp_pass *pass) {
    const clp_surface *src = &plan->surfaces[pass->src[0]], *dst = &plan->surfaces[pass->dst[0]];
    uint32_t rows = pass->transpose ? dst->width : dst->height,
             columns = pass->transpose ? dst->height : dst->width;
    const int32_t *row = table(plan, pass->rows, rows * sizeof *row),
                  *column = table(plan, pass->columns, columns * sizeof *column);
    assert_true(src->sample == dst->sample && src->channels == dst->channels);
    for (uint32_t i = 0; i < rows; i++) {
        assert_true(row[i] >= -1 && row[i] < (int32_t)src->height);
    }
    for (uint32_t i = 0; i < columns; i++) {
        assert_true(column[i] >= -1 && column[i] < (int32_t)src->width);
    }
}

static void check_plan(const clp_plan *plan) {
    life *lives = calloc(plan->surface_count + 1, sizeof *lives);
    assert_non_null(lives);
    check_order(plan, lives);
    check_band_results(plan, lives);
    check_scratch(plan, lives);
    for (size_t i = 0; i < plan->pass_count; i++) {
        if (plan->passes[i].kind == CLP_PASS_FILTER) {
            check_filter(plan, &plan->passes[i]);
        } else if (plan->passes[i].kind == CLP_PASS_REINDEX) {
            check_reindex(plan, &plan->passes[i]);
        }
    }
    free(lives);
}

static void test_every_plan_is_sound(void **state) {
    (void)state;
    uint32_t checked = 0;
    for (size_t n = 0; n < PIPELINES * KINDS * 3 * 2; n++) {
        size_t pipeline = n / (KINDS * 6), kind = n / 6 % KINDS, shape = n / 2 % 3;
        clp_plan *plan = make_plan(pipelines[pipeline], &kinds[kind], shapes[shape].width,
                                   shapes[shape].height, n % 2 == 1);
        if (plan) {
            check_plan(plan);
            checked++;
            clp_plan_release(&plan);
        }
    }
    assert_true(checked > PIPELINES * KINDS * 5);
}

/* ----------------------------------------------------------- passes, run sample by sample */

typedef struct arenas {
    uint8_t *of[3];
} arenas;

static void *sample_at(const arenas *all, const clp_surface *surface, uint32_t row, uint32_t i) {
    return all->of[surface->role] + surface->offset + row * surface->pitch +
           i * clp_sample_size(surface->sample);
}

static double get(const arenas *all, const clp_surface *surface, uint32_t row, uint32_t i) {
    const void *from = sample_at(all, surface, row, i);
    switch (surface->sample) {
    case CLP_SAMPLE_U8:
        return *(const uint8_t *)from;
    case CLP_SAMPLE_I16:
        return *(const int16_t *)from / 64.0;
    case CLP_SAMPLE_U16:
        return *(const uint16_t *)from;
    default:
        return *(const float *)from;
    }
}

static double clamped(double value, double low, double high) {
    return fmin(fmax(floor(value + 0.5), low), high);
}

/** Stores a value as the surface's samples hold it: integers to the nearest, halves up. */
static void put(const arenas *all, const clp_surface *surface, uint32_t row, uint32_t i,
                double value) {
    void *to = sample_at(all, surface, row, i);
    switch (surface->sample) {
    case CLP_SAMPLE_U8:
        *(uint8_t *)to = (uint8_t)clamped(value, 0, 255);
        break;
    case CLP_SAMPLE_I16:
        *(int16_t *)to = (int16_t)clamped(value * 64, INT16_MIN, INT16_MAX);
        break;
    case CLP_SAMPLE_U16:
        *(uint16_t *)to = (uint16_t)clamped(value, 0, 65535);
        break;
    default:
        *(float *)to = (float)value;
    }
}

/** What a row takes of the fill: Q14, or the bits of a float. */
static double fill_weight(const clp_pass *pass, int32_t stored_as) {
    float real;
    memcpy(&real, &stored_as, sizeof real);
    return pass->real ? real : stored_as / 16384.0;
}

/** Windows along the rows, and what each takes of the fill. */
static void run_filter(const clp_plan *plan, const clp_pass *pass, const arenas *all) {
    const clp_surface *src = &plan->surfaces[pass->src[0]], *dst = &plan->surfaces[pass->dst[0]];
    const int32_t *starts = (const int32_t *)(const void *)(plan->tables + pass->starts);
    uint32_t across = src->width * src->channels, step = pass->channel_step;
    for (uint32_t row = 0; row < pass->windows * step; row++) {
        uint32_t window = row / step, channel = row % step;
        for (uint32_t x = 0; x < across; x++) {
            double sum = 0, rest = fill_weight(pass, starts[2 * window + 1]);
            for (uint32_t k = 0; k < pass->taps; k++) {
                size_t at = (size_t)window * pass->weight_pitch + k;
                const void *weights = plan->tables + pass->weights;
                double w = pass->real ? ((const float *)weights)[at]
                                      : ((const int16_t *)weights)[at] / 16384.0;
                uint32_t from = ((uint32_t)starts[2 * window] + k) * step + channel;
                sum += w * get(all, src, from, x);
            }
            sum += rest * pass->fill[step > 1 ? channel : x % src->channels];
            if (pass->transpose) {
                put(all, dst, x, row, sum);
            } else {
                put(all, dst, window, x * step + channel, sum);
            }
        }
    }
}

static void run_reindex(const clp_plan *plan, const clp_pass *pass, const arenas *all) {
    const clp_surface *src = &plan->surfaces[pass->src[0]], *dst = &plan->surfaces[pass->dst[0]];
    const int32_t *rows = (const int32_t *)(const void *)(plan->tables + pass->rows),
                  *columns = (const int32_t *)(const void *)(plan->tables + pass->columns);
    for (uint32_t y = 0; y < dst->height; y++) {
        for (uint32_t x = 0; x < dst->width; x++) {
            int32_t row = rows[pass->transpose ? x : y], column = columns[pass->transpose ? y : x];
            for (uint32_t c = 0; c < dst->channels; c++) {
                double value = row < 0 || column < 0 ? pass->fill[c]
                                                     : get(all, src, (uint32_t)row,
                                                           (uint32_t)column * src->channels + c);
                put(all, dst, y, x * dst->channels + c, value);
            }
        }
    }
}

/** Runs a plan of filters and moves; false if it has other passes. */
static bool run_plan(const clp_plan *plan, const arenas *all) {
    for (size_t i = 0; i < plan->pass_count; i++) {
        if (plan->passes[i].kind == CLP_PASS_COLOUR) {
            return false;
        }
    }
    for (size_t i = 0; i < plan->pass_count; i++) {
        if (plan->passes[i].kind == CLP_PASS_FILTER) {
            run_filter(plan, &plan->passes[i], all);
        } else {
            run_reindex(plan, &plan->passes[i], all);
        }
    }
    return true;
}

static double stored(const clp_layout *layout, const uint8_t *base, uint32_t plane, uint32_t row,
                     uint32_t i) {
    const uint8_t *from = base + layout->planes[plane].offset + row * layout->planes[plane].pitch;
    return layout->depth == 8 ? from[i] : ((const uint16_t *)(const void *)from)[i];
}

/** The passes give what the terms are, to a level. */
static void test_passes_are_the_terms(void **state) {
    (void)state;
    uint32_t run = 0;
    for (size_t n = 0; n < SPATIAL_PIPELINES * KINDS * 3; n++) {
        const char *text = pipelines[n / (KINDS * 3)];
        const clp_trial_kind *kind = &kinds[n / 3 % KINDS];
        clp_plan *plan = make_plan(text, kind, shapes[n % 3].width, shapes[n % 3].height, false);
        if (!plan) {
            continue;
        }
        arenas all = {{calloc(1, plan->input.bytes), calloc(1, plan->scratch_bytes + 1),
                       calloc(1, plan->output.bytes)}};
        uint8_t *wanted = calloc(1, plan->output.bytes);
        assert_true(all.of[0] && all.of[1] && all.of[2] && wanted);
        clp_trial_fill(&plan->input, all.of[CLP_ROLE_INPUT], (uint32_t)n);
        if (run_plan(plan, &all)) {
            run++;
            assert_int_equal(clp_reference_run(plan, all.of[CLP_ROLE_INPUT], wanted, NULL, NULL),
                             CLPROC_OK);
            for (uint32_t p = 0; p < plan->output.plane_count; p++) {
                const clp_plane *plane = &plan->output.planes[p];
                for (uint32_t y = 0; y < plane->height; y++) {
                    for (uint32_t i = 0; i < plane->width * plane->channels; i++) {
                        double is = stored(&plan->output, all.of[CLP_ROLE_OUTPUT], p, y, i),
                               must = stored(&plan->output, wanted, p, y, i);
                        if (fabs(is - must) > 1) {
                            fail_msg("\"%s\" on %s %ux%u: plane %u, %u, %u: %g, not %g", text,
                                     kind->name, plan->input.width, plan->input.height, p, y, i, is,
                                     must);
                        }
                    }
                }
            }
        }
        for (int i = 0; i < 3; i++) {
            free(all.of[i]);
        }
        free(wanted);
        clp_plan_release(&plan);
    }
    assert_true(run > 150);
}

/** Gray, which goes before what fills up a JPEG's planes, is also made of the colour outside. */
static void test_gray_goes_before_a_colour_outside(void **state) {
    static const struct {
        const char *text;
        bool linear;
        int gray;
    } cases[] = {
        {"pad 90x70:colour=#f80 | gray", false, 156},
        {"pad 90x70:colour=#f808 | gray", false, 156},
        {"blur 1 | brightness 1.1 | pad 90x70:colour=#f80 | gray", false, 156},
        {"pad 90x70:colour=#f80 | gray | pad 95x75:colour=#777 | crop 90x70", false, 156},
        {"pad 90x70:colour=#f80 | gray | pad 95x75:colour=#777", false, 0x77},
        {"blur 1 | pad 90x70:colour=#f80 | gray", true, 167},
    };
    static const clp_trial_kind kind = {CLP_MODEL_YCC, 8, 2, 2, CLPROC_FORMAT_PNG, "4:2:0"};
    (void)state;
    for (size_t n = 0; n < sizeof cases / sizeof *cases; n++) {
        clp_plan *plan = make_plan(cases[n].text, &kind, 12, 10, cases[n].linear);
        assert_non_null(plan);
        uint8_t *in = calloc(1, plan->input.bytes), *out = calloc(1, plan->output.bytes);
        assert_true(in && out);
        clp_trial_fill(&plan->input, in, 1);
        assert_int_equal(clp_reference_run(plan, in, out, NULL, NULL), CLPROC_OK);
        if ((int)stored(&plan->output, out, 0, 0, 0) != cases[n].gray) {
            fail_msg("\"%s\": %g, not %d", cases[n].text, stored(&plan->output, out, 0, 0, 0),
                     cases[n].gray);
        }
        free(in);
        free(out);
        clp_plan_release(&plan);
    }
}

/** Neither planning nor the reference goes on once it was asked to stop. */
static void test_asked_to_stop(void **state) {
    static const char *const texts[] = {"blur 3", "resize 50%", "gamma 2", "rotate 90"};
    (void)state;
    volatile int stop = 0;
    for (size_t n = 0; n < sizeof texts / sizeof *texts; n++) {
        clproc_error error;
        clp_plan *plan = make_plan(texts[n], &kinds[0], 60, 40, false), *other = NULL;
        assert_non_null(plan);
        uint8_t *in = calloc(1, plan->input.bytes), *out = calloc(1, plan->output.bytes);
        assert_true(in && out);
        plan->terms.cancel = &stop;
        assert_int_equal(clp_reference_run(plan, in, out, NULL, &error), CLPROC_OK);
        stop = 1;
        assert_int_equal(clp_reference_run(plan, in, out, NULL, &error), CLPROC_ERROR_CANCELLED);
        assert_int_equal(clp_plan_create(&other, &plan->input, &plan->terms, &plan->target, &error),
                         CLPROC_ERROR_CANCELLED);
        assert_null(other);
        stop = 0;
        free(in);
        free(out);
        clp_plan_release(&plan);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_plan_is_sound),
        cmocka_unit_test(test_passes_are_the_terms),
        cmocka_unit_test(test_gray_goes_before_a_colour_outside),
        cmocka_unit_test(test_asked_to_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
