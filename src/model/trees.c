/* The operators that are ensembles of trees. */
#include "model/trees.h"

typedef struct ensemble {
    clp_trees trees;
    clp_span room;
    double divisor;     /**< of the sums */
    const double *base; /**< what each sum begins with; NULL: nothing */
    clp_transform transform;
    const clp_labels *labels; /**< of a classifier */
    bool average;
} ensemble;

enum { CLASSIFIER, REGRESSOR, NEWER };

/* -------------------------------------------------------------------- running */

/** Of two classes with one sum that is the second one's, whatever it is called. */
static void run_ensemble(const clp_step *step, const clp_block *block) {
    const ensemble *state = step->state;
    size_t first = state->trees.folded;
    clp_span sums = {step->out.place + first, step->out.columns - first};
    clp_trees_run(&state->trees, block, step->in, &state->room, &sums);
    for (size_t c = 0; c < sums.columns; c++) {
        double *column = clp_block_column(block, sums.place + c);
        double base = state->base ? state->base[c] : 0.0;
        for (size_t r = 0; r < block->rows; r++) {
            column[r] = base + column[r] / state->divisor;
        }
    }
    if (state->trees.folded) {
        clp_transform_both(block, step->out.place, state->transform);
    } else {
        clp_transform_run(block, &sums, state->transform);
    }
}

/* ------------------------------------------------------------------- building */

/** Reads what sums begin with, or, where there are two numbers for the one sum of two classes,
 * makes sure that they agree. */
static clproc_status read_base(clp_builder *builder, const clp_onnx_node *node, ensemble *state) {
    size_t count = 0, sums = state->trees.tables.sum_count;
    const double *base = NULL;
    clproc_status status = clp_trees_values(builder, node, "base_values", &base, &count);
    if (status != CLPROC_OK) {
        return status;
    }
    bool twice = state->trees.folded && count == 2 && base[0] == base[1];
    if (count != 0 && count != sums && !twice) {
        return clp_build_refuse(builder, node, "has %zu base values for %zu sums", count, sums);
    }
    state->base = count > 0 ? base : NULL;
    return CLPROC_OK;
}

static clproc_status read_classes(clp_builder *builder, const clp_onnx_node *node, ensemble *state,
                                  size_t *columns) {
    state->labels = clp_build_labels(builder, node, "classlabels_strings", "classlabels_int64s");
    *columns = state->labels ? state->labels->count : 0;
    return state->labels ? clp_build_transform(builder, node, &state->transform)
                         : CLPROC_ERROR_MEMORY;
}

static clproc_status refuse_targets(clp_builder *builder, const clp_onnx_node *node) {
    return clp_build_refuse(builder, node,
                            "its targets, aggregate_function or post_transform are not supported");
}

static clproc_status count_targets(clp_builder *builder, const clp_onnx_node *node,
                                   size_t *columns) {
    int64_t targets = clp_onnx_int(node, "n_targets", 1);
    if (targets < 1 || targets > CLP_MODEL_COLUMNS) {
        return refuse_targets(builder, node);
    }
    *columns = (size_t)targets;
    return CLPROC_OK;
}

static clproc_status read_targets(clp_builder *builder, const clp_onnx_node *node, ensemble *state,
                                  size_t *columns) {
    clp_slice aggregate = clp_onnx_text(node, "aggregate_function", "SUM");
    clproc_status status = clp_build_transform(builder, node, &state->transform);
    state->average = clp_slice_is(&aggregate, "AVERAGE");
    if (status == CLPROC_OK && (state->transform != CLP_TRANSFORM_NONE ||
                                (!state->average && !clp_slice_is(&aggregate, "SUM")))) {
        status = refuse_targets(builder, node);
    }
    return status == CLPROC_OK ? count_targets(builder, node, columns) : status;
}

/** The same where both are numbers. */
static clproc_status read_numbered(clp_builder *builder, const clp_onnx_node *node, ensemble *state,
                                   size_t *columns) {
    enum { AVERAGE, SUM };
    static const clp_transform transforms[] = {CLP_TRANSFORM_NONE, CLP_TRANSFORM_SOFTMAX,
                                               CLP_TRANSFORM_LOGISTIC};
    int64_t transform = clp_onnx_int(node, "post_transform", 0);
    int64_t aggregate = clp_onnx_int(node, "aggregate_function", SUM);
    if (transform < 0 || (size_t)transform >= sizeof transforms / sizeof transforms[0] ||
        (aggregate != AVERAGE && aggregate != SUM)) {
        return refuse_targets(builder, node);
    }
    state->transform = transforms[transform];
    state->average = aggregate == AVERAGE;
    return count_targets(builder, node, columns);
}

static clproc_status read_trees(clp_builder *builder, const clp_onnx_node *node, int code,
                                const clp_value *rows, ensemble *state, size_t columns) {
    clp_onnx_model passing = {0}; /* keeps the lists as long as they are used */
    clp_builder reader = {.model = &passing, .error = builder->error};
    clp_tree_lists lists = {
        .features = rows->span.columns, .columns = columns, .fold = code == CLASSIFIER};
    clproc_status status =
        code == NEWER
            ? clp_trees_read_indexed(&reader, node, &lists)
            : clp_trees_read(&reader, node, code == CLASSIFIER ? "class" : "target", &lists);
    state->trees.single = rows->type != CLP_ONNX_DOUBLE;
    if (status == CLPROC_OK) {
        status = clp_trees_lay_out(builder, node, &lists, &state->trees);
    }
    clp_build_release(&passing);
    return status;
}

/** Adds the step and its output. */
static clproc_status add_ensemble(clp_builder *builder, const clp_onnx_node *node,
                                  const clp_value *rows, ensemble *state, size_t columns,
                                  clp_onnx_type type) {
    const clp_value like = {.type = type};
    clp_value *made = NULL;
    clproc_status status = CLPROC_OK;
    CLP_TRY(status, out, read_base(builder, node, state));
    CLP_TRY(status, out, clp_build_columns(builder, clp_trees_room(&state->trees), &state->room));
    CLP_TRY(status, out,
            clp_build_output(builder, node, state->labels != NULL, &like, columns, &made));
    made->labels = state->labels;
    const clp_step step = {
        .run = run_ensemble, .out = made->span, .in = &rows->span, .in_count = 1, .state = state};
    status = clp_build_step(builder, &step);
out:
    return status;
}

static clproc_status build_ensemble(clp_builder *builder, const clp_onnx_node *node, int code) {
    static clproc_status (*const describe[])(clp_builder * builder, const clp_onnx_node *node,
                                             ensemble *state, size_t *columns) = {
        [CLASSIFIER] = read_classes, [REGRESSOR] = read_targets, [NEWER] = read_numbered};
    clp_value *rows = NULL;
    size_t columns = 0;
    ensemble *state = clp_build_take(builder, 1, sizeof *state);
    clproc_status status = state ? CLPROC_OK : CLPROC_ERROR_MEMORY;
    CLP_TRY(status, out, status);
    CLP_TRY(status, out, clp_build_rows(builder, node, 0, &rows));
    CLP_TRY(status, out, describe[code](builder, node, state, &columns));
    CLP_TRY(status, out, read_trees(builder, node, code, rows, state, columns));
    if (state->trees.folded &&
        (state->transform == CLP_TRANSFORM_SOFTMAX ||
         (state->transform == CLP_TRANSFORM_NONE && state->trees.negative))) {
        return clp_build_refuse(builder, node,
                                "of two classes, raw sums and SOFTMAX of one are not supported");
    }
    bool average = state->average && state->trees.tables.tree_count > 0;
    state->divisor = average ? (double)state->trees.tables.tree_count : 1.0;
    status = add_ensemble(builder, node, rows, state, columns,
                          code == NEWER && !state->trees.single ? CLP_ONNX_DOUBLE : CLP_ONNX_FLOAT);
out:
    return status;
}

const clp_operator clp_operators_trees[] = {
    {"TreeEnsembleClassifier", build_ensemble, CLASSIFIER, true},
    {"TreeEnsembleRegressor", build_ensemble, REGRESSOR, true},
    {"TreeEnsemble", build_ensemble, NEWER, true},
    {0}};
