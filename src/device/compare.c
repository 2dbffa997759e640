#include "device/compare.h"

#include <math.h>

/** 16-bit alpha from which colours are known as well as they can be. */
#define SOLID 2000

static double sample_at(const clp_layout *layout, const uint8_t *base, const clp_plane *plane,
                        uint32_t y, uint32_t i) {
    const uint8_t *row = base + plane->offset + y * plane->pitch;
    return layout->depth == 8 ? row[i] : ((const uint16_t *)(const void *)row)[i];
}

/** How much a difference of colour counts at a pixel with these values of alpha. */
static double weight(const clp_layout *layout, double result_alpha, double reference_alpha) {
    if ((result_alpha == 0) != (reference_alpha == 0)) {
        return 0;
    }
    return layout->depth == 16 ? fmin(1, reference_alpha / SOLID) : 1;
}

static void compare_row(const clp_layout *layout, const clp_plane *plane, uint32_t channel,
                        uint32_t y, const uint8_t *result, const uint8_t *reference,
                        const double *unrounded, clp_comparison *found) {
    double white = layout->depth == 8 ? 255 : 65535;
    bool weighted = clp_model_has_alpha(layout->model) && channel + 1 < plane->channels;
    for (uint32_t x = 0; x < plane->width; x++) {
        uint32_t i = x * plane->channels + channel, alpha = (x + 1) * plane->channels - 1;
        double a = sample_at(layout, result, plane, y, i),
               b = sample_at(layout, reference, plane, y, i);
        double counts = weighted ? weight(layout, sample_at(layout, result, plane, y, alpha),
                                          sample_at(layout, reference, plane, y, alpha))
                                 : 1;
        double difference = fabs(a - b) * counts;
        found->largest = fmax(found->largest, difference);
        found->differing += difference > 0;
        found->squares += difference * difference / (white * white);
        if (unrounded) {
            found->unrounded = fmax(found->unrounded, fabs(a - unrounded[x]) * counts);
        }
    }
    found->samples += plane->width;
}

double clp_promised_levels(const clp_plan *plan) {
    return plan->output.depth == 16 && plan->terms.linear ? 2 : 1;
}

clp_comparison clp_compare(const clp_plan *plan, const uint8_t *result, const uint8_t *reference,
                           const double *unrounded) {
    const clp_layout *layout = &plan->output;
    clp_comparison found = {0};
    for (uint32_t p = 0; p < layout->plane_count; p++) {
        const clp_plane *plane = &layout->planes[p];
        for (uint32_t c = 0; c < plane->channels; c++) {
            for (uint32_t y = 0; y < plane->height; y++) {
                compare_row(layout, plane, c, y, result, reference, unrounded, &found);
                unrounded = unrounded ? unrounded + plane->width : NULL;
            }
        }
    }
    double promised = clp_promised_levels(plan);
    /* Levels of 8 bits are coarse enough to see a bias before it is rounded. */
    found.kept = found.largest <= promised &&
                 found.unrounded <= (layout->depth == 8 ? 0.6 : promised + 0.01);
    return found;
}

void clp_comparison_add(clp_comparison *all, const clp_comparison *one) {
    all->kept = (all->kept || all->samples == 0) && one->kept;
    all->largest = fmax(all->largest, one->largest);
    all->unrounded = fmax(all->unrounded, one->unrounded);
    all->samples += one->samples;
    all->differing += one->differing;
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
