#include "plan/segment.h"

#include <string.h>

#include "core/cancel.h"
#include "core/memory.h"

/** What storing and reading back one sample of a pass costs, in multiply-adds. */
#define PASS_COST 16.0
/** Merging two stages may cost this much more arithmetic: it saves launches, scratch memory and
 * traffic. */
#define MERGE_PRICE 2.0
/** From this σ on a Gaussian runs as three factors, which cost more passes and fewer taps; later
 * where alpha divides their error. */
#define FACTOR_SIGMA 9.0
#define FACTOR_SIGMA_ALPHA 16.0

void clp_stage_free(clp_stage *stage) {
    clp_axis_free(&stage->y);
    clp_axis_free(&stage->x);
}

void clp_segments_free(clp_segments *segments) {
    for (size_t i = 0; i < segments->count; i++) {
        for (size_t j = 0; j < segments->items[i].stage_count; j++) {
            clp_stage_free(&segments->items[i].stages[j]);
        }
        clp_memory_free(segments->items[i].stages);
    }
    clp_memory_free(segments->items);
    *segments = (clp_segments){0};
}

bool clp_stage_is_index(const clp_stage *stage) {
    return !stage->filters && clp_axis_is_index(&stage->y) && clp_axis_is_index(&stage->x);
}

clproc_status clp_stage_identity(clp_stage *stage, uint32_t width, uint32_t height,
                                 clproc_error *error) {
    *stage = (clp_stage){.label = "copy"};
    clproc_status status = clp_axis_identity(&stage->y, height, error);
    if (status == CLPROC_OK) {
        status = clp_axis_identity(&stage->x, width, error);
    }
    return status;
}

/** Multiply-adds and stores of a stage's two passes. */
static double cost(const clp_stage *stage) {
    double first = (double)stage->y.out * stage->x.in * (stage->y.taps + PASS_COST);
    double second = (double)stage->y.out * stage->x.out * (stage->x.taps + PASS_COST);
    return clp_axis_is_identity(&stage->x) ? first : first + second;
}

static void join_labels(char *label, size_t size, const char *a, const char *b) {
    if (strcmp(a, b) == 0) {
        snprintf(label, size, "%s", a);
    } else {
        snprintf(label, size, "%s·%s", a, b);
    }
}

/** merged = second after first. */
static clproc_status compose(clp_stage *merged, const clp_stage *second, const clp_stage *first,
                             const volatile int *cancel, clproc_error *error) {
    *merged = (clp_stage){.transpose = first->transpose != second->transpose,
                          .filters = first->filters || second->filters,
                          .filled = first->filled || second->filled};
    memcpy(merged->fill, first->filled ? first->fill : second->fill, sizeof merged->fill);
    char label[2 * sizeof merged->label + 4];
    join_labels(label, sizeof label, first->label, second->label);
    snprintf(merged->label, sizeof merged->label, "%.*s", (int)sizeof merged->label - 1, label);
    const clp_axis *y = first->transpose ? &second->x : &second->y;
    const clp_axis *x = first->transpose ? &second->y : &second->x;
    clproc_status status = clp_axis_compose(&merged->y, y, &first->y, cancel, error);
    if (status == CLPROC_OK) {
        status = clp_axis_compose(&merged->x, x, &first->x, cancel, error);
    }
    if (status != CLPROC_OK) {
        clp_stage_free(merged);
    }
    return status;
}

static bool fills_agree(const clp_stage *a, const clp_stage *b) {
    return !a->filled || !b->filled || memcmp(a->fill, b->fill, sizeof a->fill) == 0;
}

/** Composing costs taps × taps per row: not worth trying where both bands are wide. */
static bool worth_trying(const clp_stage *a, const clp_stage *b) {
    return fills_agree(a, b) && (a->y.taps < 200 || b->y.taps < 200) &&
           (a->x.taps < 200 || b->x.taps < 200);
}

/** Appends a stage to a segment, or merges it into the last one. Takes ownership of the stage, also
 * on failure. */
static clproc_status push(clp_segment *segment, clp_stage *stage, clproc_error *error) {
    clp_stage *last = segment->stage_count ? &segment->stages[segment->stage_count - 1] : NULL;
    clp_stage merged;
    bool moves = last && clp_stage_is_index(last) && clp_stage_is_index(stage);
    /* Moves are joined in any case: along the chroma grid they do not filter, together or not. */
    if (last && (moves || !segment->apart) && worth_trying(last, stage)) {
        clproc_status status = compose(&merged, stage, last, segment->cancel, error);
        if (status != CLPROC_OK) {
            clp_stage_free(stage);
            return status;
        }
        /* Factors of a Gaussian were taken apart on purpose. */
        double price = last->factor || stage->factor ? 1 : MERGE_PRICE;
        merged.factor = last->factor || stage->factor;
        if (moves || cost(&merged) <= price * (cost(last) + cost(stage))) {
            clp_stage_free(last);
            clp_stage_free(stage);
            *last = merged;
            return CLPROC_OK;
        }
        clp_stage_free(&merged);
    }
    clp_stage *stages = clp_memory_grow(CLP_MEMORY_PLAN, segment->stages, &segment->stage_capacity,
                                        segment->stage_count + 1, sizeof *stages);
    if (!stages) {
        clp_stage_free(stage);
        return clp_error_memory(error, "a plan", sizeof *stages);
    }
    segment->stages = stages;
    stages[segment->stage_count++] = *stage;
    return CLPROC_OK;
}

static clproc_status push_factors(clp_segment *segment, const clp_term *term, uint32_t width,
                                  uint32_t height, clproc_error *error) {
    clp_axis y[3] = {{0}}, x[3] = {{0}};
    double cut = term->gaussian_cut;
    clproc_status status = clp_axis_gaussian_factors(y, height, term->gaussian_sigma, cut, error);
    if (status == CLPROC_OK) {
        status = clp_axis_gaussian_factors(x, width, term->gaussian_sigma, cut, error);
    }
    for (int i = 0; i < 3; i++) {
        clp_stage stage = {.y = y[i], .x = x[i], .factor = true, .filters = true};
        snprintf(stage.label, sizeof stage.label, "%s %d/3", term->op, i + 1);
        if (status == CLPROC_OK) {
            status = push(segment, &stage, error);
        } else {
            clp_stage_free(&stage);
        }
    }
    return status;
}

static clproc_status push_term(clp_segment *segment, const clp_term *term, uint32_t width,
                               uint32_t height, bool factored, clproc_error *error) {
    clp_stage stage = {.transpose = term->transpose};
    clproc_status status;
    if (factored) {
        return push_factors(segment, term, width, height, error);
    }
    snprintf(stage.label, sizeof stage.label, "%s", term->op);
    stage.filters =
        term->gaussian_sigma > 0 || !clp_axis_is_index(&term->y) || !clp_axis_is_index(&term->x);
    if (term->gaussian_sigma > 0) {
        status = clp_term_exact_gaussian(term, width, height, &stage.y, &stage.x, error);
    } else {
        memcpy(stage.fill, term->fill, sizeof stage.fill);
        stage.filled = !clp_axis_is_normalised(&term->y) || !clp_axis_is_normalised(&term->x);
        status = clp_axis_copy(&stage.y, &term->y, error);
        if (status == CLPROC_OK) {
            status = clp_axis_copy(&stage.x, &term->x, error);
        }
    }
    if (status != CLPROC_OK) {
        clp_stage_free(&stage);
        return status;
    }
    return push(segment, &stage, error);
}

bool clp_term_commutes(const clp_term *spatial, const clp_term *const *points, size_t count) {
    bool plain = spatial->gaussian_sigma > 0 ||
                 (clp_axis_is_normalised(&spatial->y) && clp_axis_is_normalised(&spatial->x));
    for (size_t i = 0; i < count; i++) {
        /* A term that drops channels comes first: the rest then has less to do. */
        plain = plain && points[i]->kind == CLP_TERM_COLOUR &&
                points[i]->colour.out >= points[i]->colour.in;
    }
    return plain || count == 0;
}

static clproc_status next_segment(clp_segments *segments, clp_segment **segment,
                                  clproc_error *error) {
    clp_segment *items = clp_memory_grow(CLP_MEMORY_PLAN, segments->items, &segments->capacity,
                                         segments->count + 1, sizeof *items);
    if (!items) {
        return clp_error_memory(error, "a plan", sizeof *items);
    }
    segments->items = items;
    *segment = &items[segments->count++];
    **segment = (clp_segment){0};
    return CLPROC_OK;
}

/** True if a term leaves fewer channels and nothing pointwise stands before it in its segment. */
static bool drops_first(const clp_term *term, const clp_segment *segment) {
    return term->kind == CLP_TERM_COLOUR && term->colour.out < term->colour.in &&
           segment->point_count == 0 && segment->stage_count > 0;
}

/** Puts a channel-dropping term before the stages of the last segment, so that these have less to
 * do. */
static clproc_status advance(clp_segments *segments, clp_segment **segment, const clp_term *term,
                             clproc_error *error) {
    clproc_status status = next_segment(segments, segment, error);
    if (status != CLPROC_OK) {
        return status;
    }
    clp_segment *before = *segment - 1;
    **segment = *before;
    *before = (clp_segment){.points = {term}, .point_count = 1};
    for (size_t i = 0; i < (*segment)->stage_count; i++) {
        double *fill = (*segment)->stages[i].fill;
        fill[0] = term->colour.m[0][0] * fill[0] + term->colour.m[0][1] * fill[1] +
                  term->colour.m[0][2] * fill[2] + term->colour.offset[0];
        fill[1] = fill[2] = fill[0];
    }
    return CLPROC_OK;
}

bool clp_segments_chroma_ends(const clp_segments *segments, size_t index, bool luma_alone) {
    bool ends = segments->items[index].point_count == (segments->items[index].sided ? 1 : 0);
    for (size_t i = index + 1; i < segments->count; i++) {
        const clp_segment *segment = &segments->items[i];
        ends = ends && luma_alone && segment->sided && segment->point_count == 1 &&
               segment->points[0]->parameter[CLP_UNSHARP_LUMA] != 0;
    }
    return ends;
}

/** True if a term starts a segment of its own where terms are run in the order they were asked for;
 * an unsharp mask stays with its blur. */
static bool starts_anew(const clp_term *term, const clp_segment *segment) {
    bool begun = segment->stage_count > 0 || segment->point_count > 0;
    return begun && (term->side || !segment->sided || segment->point_count > 0);
}

clproc_status clp_segments_create(clp_segments *segments, const clp_terms *terms,
                                  const clp_layout *picture, clproc_error *error) {
    uint32_t width = picture->width, height = picture->height;
    const bool alpha = clp_model_has_alpha(picture->model);
    clp_segment *segment = NULL;
    const double factor_sigma = alpha ? FACTOR_SIGMA_ALPHA : FACTOR_SIGMA;
    /* Planes are filtered before they become RGB, and clamped then: that order is part of the
     * definition. */
    const bool in_order = terms->apart && picture->model != CLP_MODEL_YCC;
    *segments = (clp_segments){.in_order = in_order};
    clproc_status status = next_segment(segments, &segment, error);
    for (size_t i = 0; status == CLPROC_OK && i < terms->count; i++) {
        const clp_term *term = &terms->items[i];
        bool spatial = term->kind == CLP_TERM_SPATIAL;
        bool full = segment->point_count == sizeof segment->points / sizeof *segment->points;
        bool begun = segment->stage_count > 0 || segment->point_count > 0;
        if (in_order     ? starts_anew(term, segment)
            : term->side ? begun
            : spatial    ? !clp_term_commutes(term, segment->points, segment->point_count)
                         : full) {
            CLP_TRY(status, out, next_segment(segments, &segment, error));
        }
        segment->sided |= term->side;
        segment->apart = terms->apart;
        segment->cancel = terms->cancel;
        CLP_TRY(status, out, clp_cancel_check(terms->cancel, error));
        if (!spatial && !in_order && drops_first(term, segment)) {
            CLP_TRY(status, out, advance(segments, &segment, term, error));
            continue;
        }
        if (!spatial) {
            segment->points[segment->point_count++] = term;
            continue;
        }
        bool factored = !terms->apart && term->gaussian_sigma >= factor_sigma;
        CLP_TRY(status, out, push_term(segment, term, width, height, factored, error));
        if (term->gaussian_sigma == 0) {
            width = term->transpose ? term->y.out : term->x.out;
            height = term->transpose ? term->x.out : term->y.out;
        }
    }
out:
    if (status != CLPROC_OK) {
        clp_segments_free(segments);
    }
    return status;
}
