/** Filtering in linear light: the curves of sRGB (IEC 61966-2-1) around every filter. */
#include <math.h>

#include "core/memory.h"
#include "plan/terms.h"

double clp_srgb_decode(double value, const void *unused) {
    (void)unused;
    return value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4);
}

double clp_srgb_encode(double value, const void *unused) {
    (void)unused;
    return value <= 0.0031308 ? 12.92 * value : 1.055 * pow(value, 1 / 2.4) - 0.055;
}

/** True if a term is defined on linear light, false if on encoded values; index maps are either. */
static bool wants_linear(const clp_term *term) {
    return (term->kind == CLP_TERM_SPATIAL && !term->raw) || term->in_linear;
}

static bool indifferent(const clp_term *term) {
    return term->kind == CLP_TERM_SPATIAL && term->gaussian_sigma == 0 &&
           clp_axis_is_index(&term->y) && clp_axis_is_index(&term->x);
}

static clproc_status add_curve(clp_terms *terms, bool to_linear, clproc_error *error) {
    return clp_terms_curve(terms, to_linear ? "to linear" : "to sRGB",
                           to_linear ? clp_srgb_decode : clp_srgb_encode, NULL, 0, error);
}

/** Moves a term over; its colours outside the picture are linear now, too. */
static clproc_status move_term(clp_terms *to, clp_term *term, bool linear, clproc_error *error) {
    clp_term *items =
        clp_memory_grow(CLP_MEMORY_PLAN, to->items, &to->capacity, to->count + 1, sizeof *items);
    if (!items) {
        return clp_error_memory(error, "the terms of a pipeline", sizeof *items);
    }
    to->items = items;
    for (int i = 0; linear && term->kind == CLP_TERM_SPATIAL && i < 3; i++) {
        term->fill[i] = 255 * clp_srgb_decode(term->fill[i] / 255, NULL);
    }
    items[to->count++] = *term;
    *term = (clp_term){0};
    return CLPROC_OK;
}

clproc_status clp_terms_linearise(clp_terms *terms, clproc_error *error) {
    clp_terms made = *terms;
    bool linear = false;
    clproc_status status = CLPROC_OK;
    if (!terms->linear) {
        return CLPROC_OK;
    }
    made.items = NULL;
    made.count = made.capacity = 0;
    for (size_t i = 0; i < terms->count; i++) {
        clp_term *term = &terms->items[i];
        if (!indifferent(term) && wants_linear(term) != linear) {
            linear = !linear;
            CLP_TRY(status, out, add_curve(&made, linear, error));
        }
        CLP_TRY(status, out, move_term(&made, term, linear, error));
    }
    if (linear) {
        CLP_TRY(status, out, add_curve(&made, false, error));
    }
    made.early_barrier |= made.spatial_barrier;
out:
    clp_terms_free(terms);
    *terms = made;
    return status;
}
