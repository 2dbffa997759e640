/** The tables that curves become: of integers, of levels, or of pieces between floats. */
#include <math.h>
#include <string.h>

#include "core/memory.h"
#include "plan/lower.h"

/** A curve at `at`, from 0 to 1. */
static double curve_at(const float *curve, double at) {
    at *= CLP_CURVE_SIZE;
    uint32_t below = (uint32_t)at < CLP_CURVE_SIZE ? (uint32_t)at : CLP_CURVE_SIZE - 1;
    return curve[below] + (at - below) * ((double)curve[below + 1] - curve[below]);
}

/* ------------------------------------------------------------------ pieces */

/** How values from 0 to 1 are cut: floats of value · scale + bias that differ in their last `shift`
 * bits alone are one piece. With a small bias pieces become narrower towards 0, where curves are
 * steep.
 */
typedef struct cut {
    clp_step_kind kind;
    float bias;
    uint32_t shift;
    float scale;
} cut;

/** Two cubics to an octave: they fit into registers. */
static const cut cubics = {CLP_STEP_CUBIC, 1.0F / 32768, 22, 1};
/** 256 lines to an octave stay in the nearest cache; a curve that turns where these are wide needs
 * those it is made of: from one of its values to the next, which are those of 16 bits. */
static const cut octaves = {CLP_STEP_CURVE, 1.0F / 256, 15, 1},
                 equal = {CLP_STEP_CURVE, 1, 7, CLP_CURVE_SIZE / 65536.0F};

/** How far pieces may be from the curve: a 64th of a level of 16 bits, or where 8 bits come in and
 * go out, a hundredth of one of these. */
#define MOST_ERROR (1.0 / 64 / 65535)
#define MOST_ERROR_8 (0.01 / 255)

static uint32_t piece_of(const cut *c, float biased) {
    uint32_t bits;
    memcpy(&bits, &biased, sizeof bits);
    return bits >> c->shift;
}

/** Where a piece begins, as a value. */
static double piece_start(const cut *c, uint32_t number) {
    uint32_t bits = number << c->shift;
    float biased;
    memcpy(&biased, &bits, sizeof biased);
    return ((double)biased - (double)c->bias) / (double)c->scale;
}

static uint32_t piece_count(const cut *c) {
    return piece_of(c, 1 + c->bias) - piece_of(c, c->bias) + 1;
}

/** The cubic through four points of a curve, from the piece's start on. */
static void fit_cubic(const float *curve, double start, double width, double factor[4]) {
    double at[4], d[4];
    for (int i = 0; i < 4; i++) {
        at[i] = width * (0.5 - 0.5 * cos((2 * i + 1) * acos(-1) / 8));
        d[i] = curve_at(curve, start + at[i]);
    }
    /* Newton's divided differences, then their products taken apart */
    for (int order = 1; order < 4; order++) {
        for (int i = 3; i >= order; i--) {
            d[i] = (d[i] - d[i - 1]) / (at[i] - at[i - order]);
        }
    }
    memset(factor, 0, 4 * sizeof *factor);
    for (int i = 3; i >= 0; i--) {
        for (int power = 3; power > 0; power--) {
            factor[power] = factor[power - 1] - at[i] * factor[power];
        }
        factor[0] = d[i] - at[i] * factor[0];
    }
}

/** A piece of a curve: the factors of a cubic of the way from its start; or a line, its value at 0
 * if it went on to there, and its slope. */
static void make_piece(const cut *c, const float *curve, uint32_t number, double factor[4]) {
    double start = piece_start(c, number), end = fmin(piece_start(c, number + 1), 1);
    memset(factor, 0, 4 * sizeof *factor);
    factor[0] = curve_at(curve, start);
    if (end <= start) {
        return;
    }
    if (c->kind == CLP_STEP_CUBIC) {
        fit_cubic(curve, start, end - start, factor);
    } else {
        factor[1] = (curve_at(curve, end) - factor[0]) / (end - start);
        factor[0] -= start * factor[1];
    }
}

/** True if the pieces are nowhere further from the curve than `most`. */
static bool suffices(const cut *c, const float *curve, double most) {
    uint32_t number = UINT32_MAX;
    double factor[4] = {0}, start = 0;
    for (uint32_t i = 0; i <= CLP_CURVE_SIZE; i++) {
        float value = (float)i / CLP_CURVE_SIZE;
        uint32_t here = piece_of(c, value * c->scale + c->bias);
        if (here != number) {
            number = here;
            start = c->kind == CLP_STEP_CUBIC ? piece_start(c, number) : 0;
            make_piece(c, curve, number, factor);
        }
        double t = (double)value - start;
        double found = factor[0] + t * (factor[1] + t * (factor[2] + t * factor[3]));
        if (fabs(found - (double)curve[i]) > most) {
            return false;
        }
    }
    return true;
}

/** For all curves of a step. */
static bool all_suffice(const cut *c, const clp_step *step, const clp_term *term, double most) {
    bool all = true;
    for (uint32_t i = 0; all && i < step->in; i++) {
        all = suffices(c, term->curve[i], most);
    }
    return all;
}

/** True where 8 bits come in and go out. */
static bool is_coarse(const clp_plan *plan) {
    return plan->input.depth == 8 && plan->output.depth == 8;
}

static const cut *choose_cut(const clp_plan *plan, const clp_step *step, const clp_term *term) {
    bool coarse = is_coarse(plan);
    if (coarse && all_suffice(&cubics, step, term, MOST_ERROR_8)) {
        return &cubics;
    }
    return all_suffice(&octaves, step, term, coarse ? MOST_ERROR_8 : MOST_ERROR) ? &octaves
                                                                                 : &equal;
}

/* ------------------------------------------------------------------ tables */

static void fill_pieces(const cut *c, const clp_step *step, const float *curve, float *table) {
    uint32_t first = piece_of(c, c->bias);
    for (uint32_t i = 0; i < piece_count(c); i++) {
        double factor[4];
        make_piece(c, curve, first + i, factor);
        if (c->kind == CLP_STEP_CUBIC) {
            for (uint32_t k = 0; k < 4; k++) {
                table[k * CLP_CUBICS + i] = (float)(factor[k] * step->white);
            }
        } else {
            table[2 * i] = (float)(factor[0] * step->white);
            table[2 * i + 1] = (float)factor[1];
        }
    }
}

/** A value for each level. */
static void fill_levels(const clp_step *step, const float *curve, float *table) {
    for (uint32_t i = 0; i <= (uint32_t)step->white; i++) {
        table[i] = (float)(curve_at(curve, i / (double)step->white) * step->white);
    }
}

/** A Q6 value for each. */
static void fill_integers(const float *curve, int16_t *table) {
    for (uint32_t i = 0; i < CLP_Q6_CURVE_SIZE; i++) {
        double value = curve_at(curve, (double)i / (CLP_Q6_CURVE_SIZE - 1));
        table[i] = (int16_t)floor(value * 255 * 64 + 0.5);
    }
}

/** What a step's table depends on, besides the values of the curves. Compared as bytes. */
typedef struct table_key {
    const float *curves[3];
    clp_step_kind kind; /**< before it is decided on */
    uint32_t in;
    float white;
    uint32_t real, coarse;
} table_key;

/** In place, as a copy need not have the zeros between fields. */
static void fill_key(const clp_lowering *lowering, const clp_step *step, const clp_term *term,
                     table_key *key) {
    memset(key, 0, sizeof *key);
    memcpy(key->curves, term->curve, sizeof key->curves);
    key->kind = step->kind;
    key->in = step->in;
    key->white = step->white;
    key->real = lowering->use_float;
    key->coarse = is_coarse(lowering->plan);
}

/** A table, as it is kept with a conversion: what the step became, then the entries. */
typedef struct made_table {
    clp_step step;
    float entries[];
} made_table;

/** Decides on the kind of a step; returns the bytes of a curve. */
static size_t settle_kind(const clp_lowering *lowering, clp_step *step, const clp_term *term,
                          const cut **c) {
    *c = NULL;
    if (step->kind == CLP_STEP_LOOKUP) {
        return ((size_t)step->white + 1) * sizeof(float);
    }
    if (!lowering->use_float) {
        return CLP_Q6_CURVE_SIZE * sizeof(int16_t);
    }
    *c = choose_cut(lowering->plan, step, term);
    step->kind = (*c)->kind;
    step->value[0] = (*c)->bias;
    step->value[1] = (*c)->scale;
    step->shift = (*c)->shift;
    return (*c)->kind == CLP_STEP_CUBIC ? 4 * CLP_CUBICS * sizeof(float)
                                        : piece_count(*c) * 2 * sizeof(float);
}

/** Makes the table of a step that has `kind` still to be decided. */
static clproc_status make_table(const clp_lowering *lowering, const clp_step *step,
                                const clp_term *term, made_table **table, size_t *size) {
    const cut *c;
    clp_step settled = *step;
    size_t bytes = settle_kind(lowering, &settled, term, &c);
    *size = sizeof **table + step->in * bytes;
    *table = clp_memory_zero(CLP_MEMORY_PLAN, 1, *size);
    if (!*table) {
        return clp_error_memory(lowering->error, "a curve", *size);
    }
    (*table)->step = settled;
    for (uint32_t i = 0; i < step->in; i++) {
        void *to = (uint8_t *)(*table)->entries + i * bytes;
        if (c) {
            fill_pieces(c, &settled, term->curve[i], to);
        } else if (settled.kind == CLP_STEP_LOOKUP) {
            fill_levels(&settled, term->curve[i], to);
        } else {
            fill_integers(term->curve[i], to);
        }
    }
    return CLPROC_OK;
}

clproc_status clp_curve_table(clp_lowering *lowering, clp_step *step, const clp_term *term) {
    table_key key;
    size_t size;
    made_table *made = NULL;
    clproc_status status = CLPROC_OK;
    fill_key(lowering, step, term, &key);
    const made_table *known =
        clp_derived_recall(&term->conversion->derived, &key, sizeof key, &size);
    if (!known) {
        CLP_TRY(status, out, make_table(lowering, step, term, &made, &size));
        clp_derived_remember(&term->conversion->derived, &key, sizeof key, made, size);
        known = made;
    }
    *step = known->step;
    status = clp_table_bytes(lowering->plan, known->entries, size - sizeof *known, &step->table,
                             lowering->error);
out:
    clp_memory_free(made);
    return status;
}
