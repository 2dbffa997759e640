/* Linear models and what scales their inputs and fills in what is missing. */
#include "core/checked.h"
#include "model/build.h"

/** A matrix as the file has it. */
typedef struct linear_numbers {
    const double *weights;
    size_t down, across; /**< from a feature's weight to the next one's, and from a result's */
    const double *bias;  /**< NULL: none */
    size_t bias_across;  /**< 0: the same for all */
    clp_transform transform;
    bool both; /**< of two classes only the second one's sum is computed */
} linear_numbers;

typedef struct linear {
    clp_matrix matrix;
    clp_transform transform;
    bool both;
} linear;

static void multiply(const clp_matrix *matrix, const clp_block *block, const clp_span *from,
                     const clp_span *sums) {
    for (size_t m = 0; m < matrix->results; m++) {
        double *restrict out = clp_block_column(block, sums->place + m);
        for (size_t r = 0; r < block->rows; r++) {
            out[r] = matrix->bias[m];
        }
        for (size_t k = 0; k < matrix->columns; k++) {
            const double *restrict in = clp_block_column(block, from->place + k);
            double weight = matrix->weights[m * matrix->columns + k];
            for (size_t r = 0; r < block->rows; r++) {
                out[r] += in[r] * weight;
            }
        }
    }
}

static void run_linear(const clp_step *step, const clp_block *block) {
    const linear *state = step->state;
    const clp_model_helper *helper = block->helper;
    size_t first = state->both;
    clp_span sums = {step->out.place + first, step->out.columns - first};
    if (helper && helper->multiply) {
        helper->multiply(helper->user, &state->matrix, clp_block_column(block, step->in->place),
                         block->pitch, clp_block_column(block, sums.place), block->error);
    } else {
        multiply(&state->matrix, block, step->in, &sums);
    }
    if (state->both) {
        clp_transform_both(block, step->out.place, state->transform);
    } else {
        clp_transform_run(block, &sums, state->transform);
    }
}

static linear *take_linear(clp_builder *builder, const linear_numbers *numbers, size_t columns,
                           size_t results) {
    linear *made = clp_build_take(builder, 1, sizeof *made);
    size_t count;
    double *weights = clp_checked_mul(columns, results, &count)
                          ? clp_build_take(builder, count, sizeof *weights)
                          : NULL;
    double *bias = clp_build_take(builder, results, sizeof *bias);
    if (!made || !weights || !bias) {
        return NULL;
    }
    for (size_t m = 0; m < results; m++) {
        bias[m] = numbers->bias ? numbers->bias[m * numbers->bias_across] : 0.0;
        for (size_t k = 0; k < columns; k++) {
            weights[m * columns + k] = numbers->weights[k * numbers->down + m * numbers->across];
        }
    }
    *made = (linear){.matrix = {weights, bias, columns, results},
                     .transform = numbers->transform,
                     .both = numbers->both};
    return made;
}

/** Adds the step and its output. */
static clproc_status add_linear(clp_builder *builder, const clp_onnx_node *node,
                                const clp_value *input, const linear_numbers *numbers,
                                size_t columns, size_t output, const clp_labels *labels) {
    clp_value *made = NULL;
    const clp_value like = {.type =
                                input->type == CLP_ONNX_DOUBLE ? CLP_ONNX_DOUBLE : CLP_ONNX_FLOAT};
    linear *kept = take_linear(builder, numbers, input->span.columns, columns - numbers->both);
    if (!kept) {
        return CLPROC_ERROR_MEMORY;
    }
    clproc_status status = clp_build_output(builder, node, output, &like, columns, &made);
    if (status != CLPROC_OK) {
        return status;
    }
    made->labels = labels;
    const clp_step step = {
        .run = run_linear, .out = made->span, .in = &input->span, .in_count = 1, .state = kept};
    return clp_build_step(builder, &step);
}

/* ------------------------------------------------------------------ matrices */

/** Finds a matrix of constants that rows can be multiplied by. */
static clproc_status find_matrix(clp_builder *builder, const clp_onnx_node *node,
                                 const clp_value *rows, bool transposed, linear_numbers *state,
                                 size_t *columns) {
    const clp_value *matrix;
    clproc_status status = clp_build_constant(builder, node, 1, &matrix);
    if (status != CLPROC_OK) {
        return status;
    }
    const int64_t *dims = matrix->tensor.dims;
    if (matrix->tensor.rank != 2 || matrix->type != rows->type ||
        (matrix->type != CLP_ONNX_FLOAT && matrix->type != CLP_ONNX_DOUBLE) ||
        (size_t)dims[transposed] != rows->span.columns) {
        return clp_build_refuse(builder, node, "its matrix does not fit %zu columns",
                                rows->span.columns);
    }
    *columns = (size_t)dims[!transposed];
    state->weights = matrix->elements;
    state->down = transposed ? 1 : (size_t)dims[1];
    state->across = transposed ? (size_t)dims[1] : 1;
    return CLPROC_OK;
}

static clproc_status build_matmul(clp_builder *builder, const clp_onnx_node *node, int code) {
    clp_value *rows = NULL;
    linear_numbers state = {0};
    size_t columns = 0;
    clproc_status status = CLPROC_OK;
    (void)code;
    CLP_TRY(status, out, clp_build_rows(builder, node, 0, &rows));
    CLP_TRY(status, out, find_matrix(builder, node, rows, false, &state, &columns));
    status = add_linear(builder, node, rows, &state, columns, 0, NULL);
out:
    return status;
}

static clproc_status build_gemm(clp_builder *builder, const clp_onnx_node *node, int code) {
    clp_value *rows = NULL;
    const clp_value *bias = NULL;
    linear_numbers state = {0};
    size_t columns = 0;
    clproc_status status = CLPROC_OK;
    (void)code;
    if (clp_onnx_int(node, "transA", 0) != 0 || clp_onnx_float(node, "alpha", 1) != 1 ||
        clp_onnx_float(node, "beta", 1) != 1) {
        return clp_build_refuse(builder, node, "transA, alpha and beta are not supported");
    }
    CLP_TRY(status, out, clp_build_rows(builder, node, 0, &rows));
    CLP_TRY(
        status, out,
        find_matrix(builder, node, rows, clp_onnx_int(node, "transB", 0) != 0, &state, &columns));
    if (clp_build_has(node, 2)) {
        CLP_TRY(status, out, clp_build_constant(builder, node, 2, &bias));
        size_t count = bias->tensor.count;
        bool row = bias->tensor.rank < 2 || bias->tensor.dims[0] == 1;
        if (!row || bias->type != rows->type || (count != 1 && count != columns)) {
            return clp_build_refuse(builder, node, "its third input does not fit %zu columns",
                                    columns);
        }
        state.bias = bias->elements;
        state.bias_across = count > 1;
    }
    status = add_linear(builder, node, rows, &state, columns, 0, NULL);
out:
    return status;
}

/* -------------------------------------------------------------------- models */

/** Reads weights, result after result, and biases; `count` is how many results there are. */
static clproc_status read_weights(clp_builder *builder, const clp_onnx_node *node,
                                  const clp_value *rows, linear_numbers *state, size_t *count) {
    size_t weights = 0, biases = 0;
    state->weights = clp_build_floats(builder, node, "coefficients", &weights);
    state->bias = clp_build_floats(builder, node, "intercepts", &biases);
    if (!state->weights || !state->bias) {
        return CLPROC_ERROR_MEMORY;
    }
    *count = weights / rows->span.columns;
    if (*count == 0 || weights % rows->span.columns != 0 || (biases != 0 && biases != *count)) {
        return clp_build_refuse(builder, node, "its %zu coefficients do not fit %zu columns",
                                weights, rows->span.columns);
    }
    state->down = 1;
    state->across = rows->span.columns;
    state->bias = biases > 0 ? state->bias : NULL;
    state->bias_across = 1;
    return clp_build_transform(builder, node, &state->transform);
}

/** Finds the classes that `count` sums are for. Of two with one sum it is the second one's. */
static clproc_status find_classes(clp_builder *builder, const clp_onnx_node *node, size_t count,
                                  linear_numbers *state, const clp_labels **labels) {
    *labels = clp_build_labels(builder, node, "classlabels_strings", "classlabels_ints");
    if (!*labels) {
        return CLPROC_ERROR_MEMORY;
    }
    state->both = count == 1 && (*labels)->count == 2 && state->transform == CLP_TRANSFORM_LOGISTIC;
    return (*labels)->count == count + state->both
               ? CLPROC_OK
               : clp_build_refuse(builder, node, "has %zu classes and sums for %zu",
                                  (*labels)->count, count);
}

enum { CLASSIFIER, REGRESSOR };

static clproc_status build_linear(clp_builder *builder, const clp_onnx_node *node, int code) {
    clp_value *rows = NULL;
    linear_numbers state = {0};
    size_t count = 0;
    const clp_labels *labels = NULL;
    clproc_status status = CLPROC_OK;
    CLP_TRY(status, out, clp_build_rows(builder, node, 0, &rows));
    CLP_TRY(status, out, read_weights(builder, node, rows, &state, &count));
    if (code == CLASSIFIER) {
        CLP_TRY(status, out, find_classes(builder, node, count, &state, &labels));
    } else if (state.transform != CLP_TRANSFORM_NONE ||
               clp_onnx_int(node, "targets", 1) != (int64_t)count) {
        return clp_build_refuse(builder, node, "its targets or post_transform are not supported");
    }
    status = add_linear(builder, node, rows, &state, count + state.both, labels != NULL, labels);
out:
    return status;
}

/* --------------------------------------------------------------- preparation */

/** Numbers for each column, or one for all. */
typedef struct column_numbers {
    const double *numbers;
    size_t across;
} column_numbers;

static clproc_status read_columns(clp_builder *builder, const clp_onnx_node *node, const char *name,
                                  const clp_value *rows, column_numbers *numbers) {
    size_t count = 0;
    numbers->numbers = clp_build_floats(builder, node, name, &count);
    numbers->across = count > 1;
    if (!numbers->numbers) {
        return CLPROC_ERROR_MEMORY;
    }
    return count == 1 || count == rows->span.columns
               ? CLPROC_OK
               : clp_build_refuse(builder, node, "its %s has %zu numbers for %zu columns", name,
                                  count, rows->span.columns);
}

typedef struct scaler {
    column_numbers offset, scale;
} scaler;

static void run_scaler(const clp_step *step, const clp_block *block) {
    const scaler *state = step->state;
    for (size_t c = 0; c < step->out.columns; c++) {
        const double *in = clp_block_column(block, step->in->place + c);
        double *out = clp_block_column(block, step->out.place + c);
        double offset = state->offset.numbers[c * state->offset.across];
        double scale = state->scale.numbers[c * state->scale.across];
        for (size_t r = 0; r < block->rows; r++) {
            out[r] = (in[r] - offset) * scale;
        }
    }
}

static clproc_status build_scaler(clp_builder *builder, const clp_onnx_node *node, int code) {
    clp_value *rows = NULL;
    scaler *state = clp_build_take(builder, 1, sizeof *state);
    clproc_status status = state ? CLPROC_OK : CLPROC_ERROR_MEMORY;
    CLP_TRY(status, out, status);
    CLP_TRY(status, out, clp_build_rows(builder, node, 0, &rows));
    CLP_TRY(status, out, read_columns(builder, node, "offset", rows, &state->offset));
    CLP_TRY(status, out, read_columns(builder, node, "scale", rows, &state->scale));
    clp_value like = *rows;
    like.type = CLP_ONNX_FLOAT; /* whatever goes in */
    status = clp_build_simple(builder, node, &like, 0, run_scaler, code, state);
out:
    return status;
}

typedef struct imputer {
    column_numbers values;
    double replaced; /**< NaN: what is missing */
} imputer;

static void run_imputer(const clp_step *step, const clp_block *block) {
    const imputer *state = step->state;
    for (size_t c = 0; c < step->out.columns; c++) {
        const double *in = clp_block_column(block, step->in->place + c);
        double *out = clp_block_column(block, step->out.place + c);
        double value = state->values.numbers[c * state->values.across];
        for (size_t r = 0; r < block->rows; r++) {
            bool replace = isnan(state->replaced) ? isnan(in[r]) : in[r] == state->replaced;
            out[r] = replace ? value : in[r];
        }
    }
}

static clproc_status build_imputer(clp_builder *builder, const clp_onnx_node *node, int code) {
    clp_value *rows = NULL;
    imputer *state = clp_build_take(builder, 1, sizeof *state);
    clproc_status status = state ? CLPROC_OK : CLPROC_ERROR_MEMORY;
    CLP_TRY(status, out, status);
    CLP_TRY(status, out, clp_build_rows(builder, node, 0, &rows));
    if (rows->type != CLP_ONNX_FLOAT && rows->type != CLP_ONNX_DOUBLE) {
        return clp_build_refuse(builder, node, "only floats can be filled in");
    }
    CLP_TRY(status, out, read_columns(builder, node, "imputed_value_floats", rows, &state->values));
    state->replaced = clp_onnx_float(node, "replaced_value_float", 0);
    status = clp_build_simple(builder, node, rows, 0, run_imputer, code, state);
out:
    return status;
}

const clp_operator clp_operators_linear[] = {{"MatMul", build_matmul, 0, false},
                                             {"Gemm", build_gemm, 0, false},
                                             {"LinearClassifier", build_linear, CLASSIFIER, true},
                                             {"LinearRegressor", build_linear, REGRESSOR, true},
                                             {"Scaler", build_scaler, 0, true},
                                             {"Imputer", build_imputer, 0, true},
                                             {0}};
