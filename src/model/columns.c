/* Operators that choose, join, sum up and name columns. */
#include <string.h>

#include "model/build.h"

/* ------------------------------------------------------------------- moving */

/** Copies the columns of the inputs, one after the other. */
static void run_concat(const clp_step *step, const clp_block *block) {
    double *out = clp_block_column(block, step->out.place);
    for (size_t i = 0; i < step->in_count; i++) {
        for (size_t c = 0; c < step->in[i].columns; c++, out += block->pitch) {
            memcpy(out, clp_block_column(block, step->in[i].place + c), block->rows * sizeof *out);
        }
    }
}

/** code: of what type the result is, 0 for that of the inputs, which must be the same. */
static clproc_status build_concat(clp_builder *builder, const clp_onnx_node *node, int code) {
    clp_value *value = NULL, *made = NULL;
    clp_span *spans = clp_build_take(builder, node->input_count, sizeof *spans);
    clp_value like = {0};
    size_t columns = 0;
    clproc_status status = spans ? CLPROC_OK : CLPROC_ERROR_MEMORY;
    int64_t axis = code ? 1 : clp_onnx_int(node, "axis", 0);
    CLP_TRY(status, out, status);
    if (axis != 1 && axis != -1) {
        return clp_build_refuse(builder, node, "joins rows; only columns can be joined");
    }
    for (size_t i = 0; i < node->input_count; i++) {
        CLP_TRY(status, out, clp_build_rows(builder, node, i, &value));
        like = i == 0 ? *value : like;
        if (!code && value->type != like.type) {
            return clp_build_refuse(builder, node, "joins numbers of types that differ");
        }
        spans[i] = value->span;
        columns += value->span.columns; /* each is at most CLP_MODEL_COLUMNS */
    }
    like.type = code ? (clp_onnx_type)code : like.type;
    CLP_TRY(status, out, clp_build_output(builder, node, 0, &like, columns, &made));
    const clp_step step = {
        .run = run_concat, .out = made->span, .in = spans, .in_count = node->input_count};
    status = clp_build_step(builder, &step);
out:
    return status;
}

/** Adds a step that copies some columns of `value`, each named by its number. */
static clproc_status extract(clp_builder *builder, const clp_onnx_node *node,
                             const clp_value *value, const double *numbers, size_t count,
                             bool from_end) {
    clp_value *made = NULL;
    clp_span *spans = clp_build_take(builder, count, sizeof *spans);
    clp_step step = {.run = run_concat, .in = spans, .in_count = count};
    if (!spans) {
        return CLPROC_ERROR_MEMORY;
    }
    double columns = (double)value->span.columns;
    for (size_t i = 0; i < count; i++) {
        double number = from_end && numbers[i] < 0 ? numbers[i] + columns : numbers[i];
        if (!(number >= 0 && number < columns)) {
            return clp_build_refuse(builder, node, "takes column %.0f of %zu", numbers[i],
                                    value->span.columns);
        }
        spans[i] = (clp_span){value->span.place + (size_t)number, 1};
    }
    clproc_status status = clp_build_output(builder, node, 0, value, count, &made);
    if (status == CLPROC_OK) {
        step.out = made->span;
        status = clp_build_step(builder, &step);
    }
    return status;
}

static bool is_whole(clp_onnx_type type) {
    return type == CLP_ONNX_INT64 || type == CLP_ONNX_INT32;
}

typedef struct item_list {
    const double *items;
    size_t count;
} item_list;

/** Each row its own item of a constant list: out = list[in]. */
static void run_look_up(const clp_step *step, const clp_block *block) {
    const item_list *list = step->state;
    const double *in = clp_block_column(block, step->in->place);
    double *out = clp_block_column(block, step->out.place);
    for (size_t r = 0; r < block->rows; r++) {
        bool inside = in[r] >= 0 && in[r] < (double)list->count;
        out[r] = inside ? list->items[(size_t)in[r]] : (double)NAN;
    }
}

static clproc_status build_look_up(clp_builder *builder, const clp_onnx_node *node) {
    clp_value *index = NULL, *made = NULL;
    const clp_value *list = NULL;
    item_list *kept = clp_build_take(builder, 1, sizeof *kept);
    clproc_status status = kept ? CLPROC_OK : CLPROC_ERROR_MEMORY;
    CLP_TRY(status, out, status);
    CLP_TRY(status, out, clp_build_constant(builder, node, 0, &list));
    CLP_TRY(status, out, clp_build_input(builder, node, 1, &index));
    if (index->constant || !is_whole(index->type) || index->span.columns != 1 ||
        (list->tensor.rank == 2 && list->tensor.dims[0] != 1)) {
        return clp_build_refuse(builder, node, "the shapes of its inputs do not fit");
    }
    const clp_value like = {.type = list->type, .lie = CLP_LIE_WIDE};
    *kept = (item_list){list->elements, list->tensor.count};
    CLP_TRY(status, out, clp_build_output(builder, node, 0, &like, 1, &made));
    const clp_step step = {
        .run = run_look_up, .out = made->span, .in = &index->span, .in_count = 1, .state = kept};
    status = clp_build_step(builder, &step);
out:
    return status;
}

static clproc_status build_extract(clp_builder *builder, const clp_onnx_node *node, int code) {
    clp_value *value = NULL;
    const clp_value *numbers = NULL;
    clproc_status status = clp_build_input(builder, node, 0, &value);
    (void)code;
    if (status == CLPROC_OK && value->constant) {
        return build_look_up(builder, node);
    }
    CLP_TRY(status, out, clp_build_rows(builder, node, 0, &value));
    CLP_TRY(status, out, clp_build_constant(builder, node, 1, &numbers));
    if (!is_whole(numbers->type)) {
        return clp_build_refuse(builder, node, "its second input must be whole numbers");
    }
    status = extract(builder, node, value, numbers->elements, numbers->tensor.count, false);
out:
    return status;
}

/** Along the columns, by a list of them. */
static clproc_status build_gather(clp_builder *builder, const clp_onnx_node *node, int code) {
    clp_value *value = NULL;
    const clp_value *numbers = NULL;
    clproc_status status = CLPROC_OK;
    int64_t axis = clp_onnx_int(node, "axis", 0);
    (void)code;
    CLP_TRY(status, out, clp_build_rows(builder, node, 0, &value));
    CLP_TRY(status, out, clp_build_constant(builder, node, 1, &numbers));
    if ((axis != 1 && axis != -1) || numbers->tensor.rank != 1 || !is_whole(numbers->type)) {
        return clp_build_refuse(builder, node, "only columns, by a list, can be gathered");
    }
    status = extract(builder, node, value, numbers->elements, numbers->tensor.count, true);
out:
    return status;
}

/** A list of one number, which is an attribute or, in later versions, an input; NAN where there is
 * no such list, or not of one. */
static clproc_status read_number(clp_builder *builder, const clp_onnx_node *node, const char *name,
                                 size_t input, double *number) {
    const clp_value *list = NULL;
    size_t count = 0;
    const int64_t *listed = clp_build_ints(builder, node, name, &count);
    clproc_status status = listed ? CLPROC_OK : CLPROC_ERROR_MEMORY;
    CLP_TRY(status, out, status);
    *number = count == 1 ? (double)listed[0] : (double)NAN;
    if (clp_build_has(node, input)) {
        CLP_TRY(status, out, clp_build_constant(builder, node, input, &list));
        *number = count == 0 && list->tensor.count == 1 ? list->elements[0] : (double)NAN;
    }
out:
    return status;
}

static double clamp(double place, double columns) {
    place = place < 0 ? place + columns : place;
    return place < 0 ? 0 : place > columns ? columns : place;
}

/** Columns side by side: from `starts` to before `ends`, negative ones counted from the end. */
static clproc_status build_slice(clp_builder *builder, const clp_onnx_node *node, int code) {
    clp_value *value = NULL;
    double start, end, axis, step;
    clproc_status status = CLPROC_OK;
    (void)code;
    CLP_TRY(status, out, clp_build_rows(builder, node, 0, &value));
    CLP_TRY(status, out, read_number(builder, node, "starts", 1, &start));
    CLP_TRY(status, out, read_number(builder, node, "ends", 2, &end));
    CLP_TRY(status, out, read_number(builder, node, "axes", 3, &axis));
    CLP_TRY(status, out, read_number(builder, node, "steps", 4, &step));
    double columns = (double)value->span.columns;
    start = clamp(start, columns);
    end = clamp(end, columns);
    bool plain = !clp_build_has(node, 4) || step == 1;
    if ((axis != 1 && axis != -1) || !plain || !(start < end)) {
        return clp_build_refuse(builder, node, "only columns that stand side by side can be taken");
    }
    size_t count = (size_t)(end - start);
    double *numbers = clp_build_take(builder, count, sizeof *numbers);
    CLP_TRY(status, out, numbers ? CLPROC_OK : CLPROC_ERROR_MEMORY);
    for (size_t i = 0; i < count; i++) {
        numbers[i] = start + (double)i;
    }
    status = extract(builder, node, value, numbers, count, false);
out:
    return status;
}

/* -------------------------------------------------------------------- shapes */

/** How numbers lie in the shape that is asked for; false if rows would be mixed. */
static bool new_lie(const clp_value *value, const clp_value *shape, clp_lie *lie) {
    size_t rank = shape->tensor.count, columns = value->span.columns;
    const double *dims = shape->elements;
    bool rows = rank > 0 && (dims[0] == -1 || (dims[0] == 0 && value->lie == CLP_LIE_ROWS));
    bool kept = rank == 2 && rows &&
                (dims[1] == (double)columns || (dims[1] == 0 && value->lie == CLP_LIE_ROWS) ||
                 (dims[1] == -1 && dims[0] == 0));
    *lie = kept ? CLP_LIE_ROWS : rank == 1 ? CLP_LIE_FLAT : CLP_LIE_WIDE;
    return kept || (columns == 1 &&
                    ((rank == 1 && dims[0] == -1) || (rank == 2 && dims[0] == 1 && dims[1] == -1)));
}

static clproc_status build_reshape(clp_builder *builder, const clp_onnx_node *node, int code) {
    clp_value *value = NULL, *made = NULL;
    const clp_value *shape = NULL;
    clproc_status status = CLPROC_OK;
    CLP_TRY(status, out, clp_build_input(builder, node, 0, &value));
    CLP_TRY(status, out, clp_build_constant(builder, node, 1, &shape));
    clp_value like = *value;
    if (value->constant || shape->type != CLP_ONNX_INT64 ||
        clp_onnx_int(node, "allowzero", 0) != 0 || !new_lie(value, shape, &like.lie)) {
        return clp_build_refuse(builder, node, "would mix rows, or its shape is not known");
    }
    CLP_TRY(status, out, clp_build_output(builder, node, 0, &like, value->span.columns, &made));
    made->labels = value->labels;
    const clp_step step = {
        .run = run_concat, .out = made->span, .in = &value->span, .in_count = 1, .code = code};
    status = clp_build_step(builder, &step);
out:
    return status;
}

static clproc_status build_flatten(clp_builder *builder, const clp_onnx_node *node, int code) {
    clp_value *value = NULL;
    clproc_status status = clp_build_rows(builder, node, 0, &value);
    int64_t axis = clp_onnx_int(node, "axis", 1);
    if (status == CLPROC_OK && axis != 1 && axis != -1) {
        status = clp_build_refuse(builder, node, "would mix rows");
    }
    return status == CLPROC_OK ? clp_build_simple(builder, node, value, 0, run_concat, code, NULL)
                               : status;
}

/* ------------------------------------------------------------- along each row */

enum { SUM, SQUARES, MEAN, LARGEST, SMALLEST };

static bool is_better(int code, double value, double best) {
    return code == LARGEST ? value > best : value < best;
}

static void run_reduce(const clp_step *step, const clp_block *block) {
    double *out = clp_block_column(block, step->out.place);
    size_t columns = step->in->columns;
    for (size_t r = 0; r < block->rows; r++) {
        const double *in = clp_block_column(block, step->in->place) + r;
        bool squares = step->code == SQUARES;
        double result = squares ? in[0] * in[0] : in[0];
        for (size_t c = 1; c < columns; c++) {
            double value = in[c * block->pitch];
            value = squares ? value * value : value;
            result = step->code <= MEAN                                     ? result + value
                     : isnan(value) || is_better(step->code, value, result) ? value
                                                                            : result;
        }
        out[r] = step->code == MEAN ? result / (double)columns : result;
    }
}

/** Where a row's largest or smallest number stands, the first of equals. */
static void run_find(const clp_step *step, const clp_block *block) {
    double *out = clp_block_column(block, step->out.place);
    for (size_t r = 0; r < block->rows; r++) {
        const double *in = clp_block_column(block, step->in->place) + r;
        size_t best = 0;
        bool missing = isnan(in[0]);
        for (size_t c = 1; c < step->in->columns; c++) {
            double value = in[c * block->pitch];
            missing |= isnan(value);
            best = is_better(step->code, value, in[best * block->pitch]) ? c : best;
        }
        out[r] = missing ? (double)NAN : (double)best;
    }
}

/** Adds a step from rows to a number each. */
static clproc_status reduce(clp_builder *builder, const clp_onnx_node *node, const clp_value *value,
                            void (*run)(const clp_step *step, const clp_block *block), int code,
                            clp_onnx_type type) {
    clp_value *made = NULL;
    clp_value like = {.type = type,
                      .lie = clp_onnx_int(node, "keepdims", 1) ? CLP_LIE_ROWS : CLP_LIE_FLAT};
    clproc_status status = clp_build_output(builder, node, 0, &like, 1, &made);
    if (status != CLPROC_OK) {
        return status;
    }
    const clp_step step = {
        .run = run, .out = made->span, .in = &value->span, .in_count = 1, .code = code};
    return clp_build_step(builder, &step);
}

static clproc_status build_reduce(clp_builder *builder, const clp_onnx_node *node, int code) {
    clp_value *value = NULL;
    double axis;
    clproc_status status = CLPROC_OK;
    CLP_TRY(status, out, clp_build_rows(builder, node, 0, &value));
    CLP_TRY(status, out, read_number(builder, node, "axes", 1, &axis));
    if ((axis != 1 && axis != -1) ||
        (value->type != CLP_ONNX_FLOAT && value->type != CLP_ONNX_DOUBLE)) {
        return clp_build_refuse(builder, node, "only floats along each row can be taken together");
    }
    status = reduce(builder, node, value, run_reduce, code, value->type);
out:
    return status;
}

static clproc_status build_find(clp_builder *builder, const clp_onnx_node *node, int code) {
    clp_value *value = NULL;
    int64_t axis = clp_onnx_int(node, "axis", 0);
    clproc_status status = clp_build_rows(builder, node, 0, &value);
    if (status == CLPROC_OK &&
        ((axis != 1 && axis != -1) || clp_onnx_int(node, "select_last_index", 0) != 0)) {
        status = clp_build_refuse(builder, node, "only the first place in each row can be found");
    }
    return status == CLPROC_OK ? reduce(builder, node, value, run_find, code, CLP_ONNX_INT64)
                               : status;
}

/* ------------------------------------------------------------------- normals */

enum { NORM_L1, NORM_L2 };

/** Divides each row by the sum of its amounts, or by its length; rows of zeros stay. */
static void run_normalize(const clp_step *step, const clp_block *block) {
    size_t columns = step->in->columns;
    for (size_t r = 0; r < block->rows; r++) {
        const double *in = clp_block_column(block, step->in->place) + r;
        double *out = clp_block_column(block, step->out.place) + r, sum = 0;
        for (size_t c = 0; c < columns; c++) {
            double value = in[c * block->pitch];
            sum += step->code == NORM_L1 ? fabs(value) : value * value;
        }
        sum = step->code == NORM_L2 ? sqrt(sum) : sum;
        for (size_t c = 0; c < columns; c++) {
            out[c * block->pitch] = in[c * block->pitch] / (sum == 0.0 ? 1.0 : sum);
        }
    }
}

static clproc_status build_normalize(clp_builder *builder, const clp_onnx_node *node, int code) {
    clp_value *value = NULL;
    clp_slice norm = clp_onnx_text(node, "norm", "MAX");
    clproc_status status = clp_build_rows(builder, node, 0, &value);
    if (status != CLPROC_OK) {
        return status;
    }
    code = clp_slice_is(&norm, "L1") ? NORM_L1 : NORM_L2;
    if (code == NORM_L2 && !clp_slice_is(&norm, "L2")) {
        return clp_build_refuse(builder, node, "only the norms L1 and L2 are supported");
    }
    clp_value like = *value;
    like.type = CLP_ONNX_FLOAT;
    return clp_build_simple(builder, node, &like, 0, run_normalize, code, NULL);
}

/** The same of any type, by the number of the norm. */
static clproc_status build_lp(clp_builder *builder, const clp_onnx_node *node, int code) {
    clp_value *value = NULL;
    int64_t axis = clp_onnx_int(node, "axis", -1), norm = clp_onnx_int(node, "p", 2);
    clproc_status status = clp_build_rows(builder, node, 0, &value);
    if (status == CLPROC_OK && ((axis != 1 && axis != -1) || (norm != 1 && norm != 2))) {
        status = clp_build_refuse(builder, node, "only rows, by the norms 1 and 2, are supported");
    }
    code = norm == 1 ? NORM_L1 : NORM_L2;
    return status == CLPROC_OK
               ? clp_build_simple(builder, node, value, 0, run_normalize, code, NULL)
               : status;
}

static void run_softmax(const clp_step *step, const clp_block *block) {
    run_concat(step, block);
    clp_transform_run(block, &step->out, CLP_TRANSFORM_SOFTMAX);
}

/** Of rows and columns, version 1's default axis 1 and version 13's -1 are the same. */
static clproc_status build_softmax(clp_builder *builder, const clp_onnx_node *node, int code) {
    clp_value *value = NULL;
    int64_t axis = clp_onnx_int(node, "axis", 1);
    clproc_status status = clp_build_rows(builder, node, 0, &value);
    if (status == CLPROC_OK && axis != 1 && axis != -1) {
        status = clp_build_refuse(builder, node, "would mix rows");
    }
    return status == CLPROC_OK ? clp_build_simple(builder, node, value, 0, run_softmax, code, NULL)
                               : status;
}

/* -------------------------------------------------------------------- names */

static clproc_status build_zipmap(clp_builder *builder, const clp_onnx_node *node, int code) {
    clp_value *value = NULL;
    clproc_status status = clp_build_rows(builder, node, 0, &value);
    if (status != CLPROC_OK) {
        return status;
    }
    const clp_labels *labels =
        clp_build_labels(builder, node, "classlabels_strings", "classlabels_int64s");
    if (!labels) {
        return CLPROC_ERROR_MEMORY;
    }
    if (labels->count != value->span.columns) {
        return clp_build_refuse(builder, node, "names %zu classes of %zu", labels->count,
                                value->span.columns);
    }
    clp_value like = *value;
    like.labels = labels;
    return clp_build_simple(builder, node, &like, 0, run_concat, code, NULL);
}

const clp_operator clp_operators_columns[] = {
    {"Concat", build_concat, 0, false},
    {"FeatureVectorizer", build_concat, CLP_ONNX_FLOAT, true},
    {"ArrayFeatureExtractor", build_extract, 0, true},
    {"Gather", build_gather, 0, false},
    {"Slice", build_slice, 0, false},
    {"Reshape", build_reshape, 0, false},
    {"Flatten", build_flatten, 0, false},
    {"ReduceSum", build_reduce, SUM, false},
    {"ReduceSumSquare", build_reduce, SQUARES, false},
    {"ReduceMean", build_reduce, MEAN, false},
    {"ReduceMax", build_reduce, LARGEST, false},
    {"ReduceMin", build_reduce, SMALLEST, false},
    {"ArgMax", build_find, LARGEST, false},
    {"ArgMin", build_find, SMALLEST, false},
    {"Normalizer", build_normalize, 0, true},
    {"LpNormalization", build_lp, 0, false},
    {"Softmax", build_softmax, 0, false},
    {"ZipMap", build_zipmap, 0, true},
    {0}};
