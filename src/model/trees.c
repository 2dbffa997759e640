#include "model/trees.h"

#include <string.h>

/* -------------------------------------------------------------------- running */

/** Rows that go down a tree side by side: while one waits for memory, others are served. */
enum { ABREAST = 8 };

/** Takes each row's numbers together, and notes rows that lack one. */
static void gather(const clp_trees *trees, const clp_block *block, const clp_span *in,
                   double *numbers, double *lacking) {
    memset(lacking, 0, block->rows * sizeof *lacking);
    for (size_t c = 0; c < in->columns; c++) {
        const double *column = clp_block_column(block, in->place + c);
        bool needed = trees->used[c] && !trees->missing;
        for (size_t r = 0; r < block->rows; r++) {
            numbers[r * in->columns + c] = trees->single ? (double)(float)column[r] : column[r];
            lacking[r] += needed && isnan(column[r]) ? (double)NAN : 0.0;
        }
    }
}

/** Leads rows from the root to their leaves. `numbers` are those of the first, `at` where all are.
 */
static void descend(const clp_tree_node *nodes, const double *const numbers[ABREAST],
                    uint32_t at[ABREAST]) {
    uint32_t branches;
    do {
        branches = 0;
        for (size_t i = 0; i < ABREAST; i++) {
            const clp_tree_node node = nodes[at[i]];
            double number = numbers[i][node.feature & CLP_TREE_FEATURE];
            /* In bit 0 of each: */
            uint32_t behind = !(number <= node.threshold);
            uint32_t stays = isnan(number) ? node.feature / CLP_TREE_MISSING : 0;
            uint32_t branch = node.feature / CLP_TREE_BRANCH;
            at[i] = node.next + (branch & behind & ~stays);
            branches |= node.feature;
        }
    } while (branches & CLP_TREE_BRANCH);
}

static void add_shares(const clp_trees *trees, const clp_block *block, uint32_t leaf, size_t row,
                       const clp_span *sums) {
    for (uint32_t i = trees->shares_at[leaf]; i < trees->shares_at[leaf + 1]; i++) {
        const clp_tree_share *share = &trees->shares[i];
        uint32_t column = sums->columns > 1 ? share->column : 0;
        clp_block_column(block, sums->place + column)[row] += share->weight;
    }
}

void clp_trees_run(const clp_trees *trees, const clp_block *block, const clp_span *in,
                   const clp_span *copy, const clp_span *sums) {
    double *numbers = clp_block_column(block, copy->place);
    double *lacking = clp_block_column(block, copy->place + in->columns);
    gather(trees, block, in, numbers, lacking);
    for (size_t c = 0; c < sums->columns; c++) {
        memcpy(clp_block_column(block, sums->place + c), lacking, block->rows * sizeof *lacking);
    }
    for (size_t t = 0; t < trees->tree_count; t++) {
        for (size_t row = 0; row < block->rows; row += ABREAST) {
            const double *rows[ABREAST];
            uint32_t at[ABREAST];
            size_t left = block->rows - row;
            for (size_t i = 0; i < ABREAST; i++) { /* beyond the last, that one again */
                rows[i] = numbers + (row + (i < left ? i : left - 1)) * in->columns;
                at[i] = trees->roots[t];
            }
            descend(trees->nodes, rows, at);
            for (size_t i = 0; i < ABREAST && i < left; i++) {
                add_shares(trees, block, at[i], row + i, sums);
            }
        }
    }
}

/* ------------------------------------------------------------------ operators */

typedef struct ensemble {
    clp_trees trees;
    clp_span copy;
    double divisor;     /**< of the sums */
    const double *base; /**< what each sum begins with; NULL: nothing */
    clp_transform transform;
    bool both; /**< of two classes there is one sum, the second one's, whatever it is called */
} ensemble;

static void run_ensemble(const clp_step *step, const clp_block *block) {
    const ensemble *state = step->state;
    size_t first = state->both;
    clp_span sums = {step->out.place + first, step->out.columns - first};
    clp_trees_run(&state->trees, block, step->in, &state->copy, &sums);
    for (size_t c = 0; c < sums.columns; c++) {
        double *column = clp_block_column(block, sums.place + c);
        double base = state->base ? state->base[c] : 0.0;
        for (size_t r = 0; r < block->rows; r++) {
            column[r] = base + column[r] / state->divisor;
        }
    }
    if (state->both) {
        clp_transform_both(block, step->out.place, state->transform);
    } else {
        clp_transform_run(block, &sums, state->transform);
    }
}

/** Reads what sums begin with, or, where there are two numbers for the one sum of two classes,
 * makes sure that they agree. */
static clproc_status read_base(clp_builder *builder, const clp_onnx_node *node, size_t sums,
                               ensemble *state) {
    size_t count = 0;
    const double *base = NULL;
    clproc_status status = clp_trees_values(builder, node, "base_values", &base, &count);
    if (status != CLPROC_OK) {
        return status;
    }
    bool twice = state->both && count == 2 && base[0] == base[1];
    if (count != 0 && count != sums && !twice) {
        return clp_build_refuse(builder, node, "has %zu base values for %zu sums", count, sums);
    }
    state->base = count > 0 ? base : NULL;
    return CLPROC_OK;
}

static clproc_status add_ensemble(clp_builder *builder, const clp_onnx_node *node,
                                  const clp_value *rows, ensemble *state, size_t columns,
                                  size_t output, const clp_labels *labels) {
    const clp_value like = {.type = CLP_ONNX_FLOAT};
    clp_value *made = NULL;
    clproc_status status = CLPROC_OK;
    CLP_TRY(status, out, read_base(builder, node, columns - state->both, state));
    CLP_TRY(status, out, clp_build_columns(builder, rows->span.columns + 1, &state->copy));
    CLP_TRY(status, out, clp_build_output(builder, node, output, &like, columns, &made));
    made->labels = labels;
    const clp_step step = {
        .run = run_ensemble, .out = made->span, .in = &rows->span, .in_count = 1, .state = state};
    status = clp_build_step(builder, &step);
out:
    return status;
}

static clproc_status check_classes(clp_builder *builder, const clp_onnx_node *node,
                                   const clp_trees *trees, size_t classes) {
    return trees->classes <= classes
               ? CLPROC_OK
               : clp_build_refuse(builder, node, "has weights for a class that is not there");
}

static clproc_status build_classifier(clp_builder *builder, const clp_onnx_node *node, int code) {
    clp_value *rows = NULL;
    ensemble *state = clp_build_take(builder, 1, sizeof *state);
    clproc_status status = state ? CLPROC_OK : CLPROC_ERROR_MEMORY;
    (void)code;
    CLP_TRY(status, out, status);
    CLP_TRY(status, out, clp_build_rows(builder, node, 0, &rows));
    CLP_TRY(status, out, clp_trees_read(builder, node, "class", rows, &state->trees));
    CLP_TRY(status, out, clp_build_transform(builder, node, &state->transform));
    const clp_labels *labels =
        clp_build_labels(builder, node, "classlabels_strings", "classlabels_int64s");
    CLP_TRY(status, out, labels ? CLPROC_OK : CLPROC_ERROR_MEMORY);
    CLP_TRY(status, out, check_classes(builder, node, &state->trees, labels->count));
    state->divisor = 1.0;
    state->both = labels->count == 2 && state->trees.one_sided;
    if (state->both && (state->transform == CLP_TRANSFORM_SOFTMAX ||
                        (state->transform == CLP_TRANSFORM_NONE && state->trees.negative))) {
        return clp_build_refuse(builder, node,
                                "of two classes, raw sums and SOFTMAX of one are not supported");
    }
    status = add_ensemble(builder, node, rows, state, labels->count, 1, labels);
out:
    return status;
}

static clproc_status build_regressor(clp_builder *builder, const clp_onnx_node *node, int code) {
    clp_value *rows = NULL;
    ensemble *state = clp_build_take(builder, 1, sizeof *state);
    int64_t targets = clp_onnx_int(node, "n_targets", 1);
    clp_slice aggregate = clp_onnx_text(node, "aggregate_function", "SUM");
    clproc_status status = state ? CLPROC_OK : CLPROC_ERROR_MEMORY;
    (void)code;
    CLP_TRY(status, out, status);
    CLP_TRY(status, out, clp_build_rows(builder, node, 0, &rows));
    CLP_TRY(status, out, clp_trees_read(builder, node, "target", rows, &state->trees));
    CLP_TRY(status, out, clp_build_transform(builder, node, &state->transform));
    bool average = clp_slice_is(&aggregate, "AVERAGE") && state->trees.tree_count > 0;
    if (targets < 1 || targets > CLP_MODEL_COLUMNS || state->transform != CLP_TRANSFORM_NONE ||
        (!average && !clp_slice_is(&aggregate, "SUM"))) {
        return clp_build_refuse(
            builder, node, "its targets, aggregate_function or post_transform are not supported");
    }
    CLP_TRY(status, out, check_classes(builder, node, &state->trees, (size_t)targets));
    state->divisor = average ? (double)state->trees.tree_count : 1.0;
    status = add_ensemble(builder, node, rows, state, (size_t)targets, 0, NULL);
out:
    return status;
}

const clp_operator clp_operators_trees[] = {{"TreeEnsembleClassifier", build_classifier, 0, true},
                                            {"TreeEnsembleRegressor", build_regressor, 0, true},
                                            {0}};
