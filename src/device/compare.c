#include "device/compare.h"

#include <math.h>

/** 16-bit alpha from which colours are known as well as they can be. */
#define SOLID 2000

/** What is compared, and by what. */
typedef struct pair {
    const clp_layout *layout;
    const uint8_t *result, *reference;
    /** The source has more levels than the result: alpha of less than one of the result's leaves a
     * colour where curves follow. */
    bool deeper;
    double levels, exact_levels; /**< that a sample may differ by; the same, not rounded before */
} pair;

static double sample_at(const clp_layout *layout, const uint8_t *base, const clp_plane *plane,
                        uint32_t y, uint32_t i) {
    const uint8_t *row = base + plane->offset + y * plane->pitch;
    return layout->depth == 8 ? row[i] : ((const uint16_t *)(const void *)row)[i];
}

/** How much a difference of colour counts at a pixel with these values of alpha. */
static double weight(const pair *of, double result_alpha, double reference_alpha) {
    if ((result_alpha == 0) != (reference_alpha == 0) || (of->deeper && reference_alpha == 0)) {
        return 0;
    }
    return of->layout->depth == 16 ? fmin(1, reference_alpha / SOLID) : 1;
}

/** One channel of a plane's row. `unrounded`: the reference's values, or NULL. */
static void compare_row(const pair *of, const clp_plane *plane, uint32_t y, uint32_t channel,
                        const double *unrounded, clp_comparison *found) {
    const clp_layout *layout = of->layout;
    double white = layout->depth == 8 ? 255 : 65535;
    bool weighted = clp_model_has_alpha(layout->model) && channel + 1 < plane->channels;
    for (uint32_t x = 0; x < plane->width; x++) {
        uint32_t i = x * plane->channels + channel, alpha = (x + 1) * plane->channels - 1;
        double a = sample_at(layout, of->result, plane, y, i),
               b = sample_at(layout, of->reference, plane, y, i);
        double counts = weighted ? weight(of, sample_at(layout, of->result, plane, y, alpha),
                                          sample_at(layout, of->reference, plane, y, alpha))
                                 : 1;
        double rounded = fabs(a - b) * counts,
               exact = unrounded ? fabs(a - unrounded[x]) * counts : 0;
        found->largest = fmax(found->largest, rounded);
        found->unrounded = fmax(found->unrounded, exact);
        found->differing += rounded > 0;
        found->off += rounded > of->levels || exact > of->exact_levels;
        found->squares += rounded * rounded / (white * white);
    }
    found->samples += plane->width;
}

/** True if the first `count` terms only move the decoder's own samples. */
static bool samples_are_exact(const clp_plan *plan, size_t count) {
    bool exact = plan->input.model != CLP_MODEL_YCC && plan->input.model != CLP_MODEL_CMYK;
    for (size_t i = 0; i < count; i++) {
        const clp_term *term = &plan->terms.items[i];
        exact = exact && term->kind == CLP_TERM_SPATIAL && term->gaussian_sigma == 0 &&
                clp_axis_is_index(&term->y) && clp_axis_is_index(&term->x);
    }
    return exact;
}

/** Share of the samples that may be off further: where the definition jumps, both sides of the jump
 * are right. */
static double promised_share(const clp_plan *plan) {
    double share = 0;
    for (size_t i = 0; i < plan->terms.count; i++) {
        const clp_term *term = &plan->terms.items[i];
        bool custom = term->kind == CLP_TERM_KERNEL;
        if (custom && term->custom == CLP_CUSTOM_UNSHARP &&
            term->parameter[CLP_UNSHARP_THRESHOLD] > 0) {
            share = fmax(share, 0.002);
        }
        /* The least error turns the hue of a gray, and the saturation of a black. */
        if (custom && term->custom == CLP_CUSTOM_HSV && plan->terms.space == CLP_SPACE_HSV &&
            !samples_are_exact(plan, i)) {
            share = 1;
        }
    }
    return share;
}

/** A profile's table is followed within two levels of 8 bits, in the definition's own place. */
static bool has_exact_table(const clp_plan *plan) {
    for (size_t i = 0; i < plan->terms.count; i++) {
        if (plan->terms.items[i].exact == CLP_EXACT_ALL) {
            return true;
        }
    }
    return false;
}

/** What floats may be off by after a step, in levels of 8 bits. */
#define FLOAT_ERROR (0.0015 / 257)
/** What a wide Gaussian may, of which the definition cuts off more than the factors do. */
#define BLUR_ERROR(cut) ((cut) > 4 ? 0.01 / 257 : 0.016)

/** How far values may be off before they are rounded, in levels of 8 bits: what follows a step
 * makes as much more of its error as it is steep. */
static double promised_error(const clp_plan *plan) {
    double error = 0;
    for (size_t i = 0; i < plan->terms.count; i++) {
        const clp_term *term = &plan->terms.items[i];
        if (term->kind == CLP_TERM_SPATIAL) {
            error += term->gaussian_sigma > 0 ? BLUR_ERROR(term->gaussian_cut) : FLOAT_ERROR;
        } else if (term->kind == CLP_TERM_CURVE) {
            error *= fmax(1, clp_curve_slope(term, 1));
        } else if (term->kind == CLP_TERM_COLOUR) {
            error = error * fmax(1, clp_colour_gain(&term->colour)) + FLOAT_ERROR;
        } else if (term->kind == CLP_TERM_KERNEL && term->custom == CLP_CUSTOM_UNSHARP) {
            error = error * (1 + 2 * term->parameter[CLP_UNSHARP_AMOUNT]) + FLOAT_ERROR;
        }
    }
    return error;
}

clp_comparison clp_compare(const clp_plan *plan, const uint8_t *result, const uint8_t *reference,
                           const double *unrounded) {
    const clp_layout *layout = &plan->output;
    double levels = layout->depth == 16 && plan->terms.linear ? 2 : 1;
    levels += floor(promised_error(plan) * (layout->depth == 16 ? 257 : 1));
    if (has_exact_table(plan)) {
        levels = layout->depth == 16 ? 2 * 257 : 2;
    }
    const pair of = {.layout = layout,
                     .result = result,
                     .reference = reference,
                     .deeper = plan->input.depth > layout->depth,
                     .levels = levels,
                     /* Levels of 8 bits are coarse enough to see a bias before it is rounded. */
                     .exact_levels = layout->depth == 8 && levels == 1 ? 0.6 : levels + 0.01};
    clp_comparison found = {0};
    for (uint32_t p = 0; p < layout->plane_count; p++) {
        const clp_plane *plane = &layout->planes[p];
        for (uint32_t c = 0; c < plane->channels; c++) {
            for (uint32_t y = 0; y < plane->height; y++) {
                compare_row(&of, plane, y, c, unrounded, &found);
                unrounded = unrounded ? unrounded + plane->width : NULL;
            }
        }
    }
    found.kept = (double)found.off <= ceil(promised_share(plan) * (double)found.samples);
    return found;
}

void clp_comparison_add(clp_comparison *all, const clp_comparison *one) {
    all->kept = (all->kept || all->samples == 0) && one->kept;
    all->largest = fmax(all->largest, one->largest);
    all->unrounded = fmax(all->unrounded, one->unrounded);
    all->samples += one->samples;
    all->differing += one->differing;
    all->off += one->off;
    all->squares += one->squares;
}

double clp_comparison_psnr(const clp_comparison *comparison) {
    if (comparison->squares <= 0) {
        return INFINITY;
    }
    return -10 * log10(comparison->squares / (double)comparison->samples);
}

double clp_comparison_mismatch(const clp_comparison *comparison) {
    return comparison->samples ? (double)comparison->differing / (double)comparison->samples : 0;
}
