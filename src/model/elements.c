/* Operators on elements: each number of the result comes from those at its place. A missing value
 * makes the result a missing one in all of them. */
#include "model/build.h"

/* ------------------------------------------------------------ of one operand */

enum {
    IDENTITY,
    NEG,
    ABS,
    EXP,
    LOG,
    SQRT,
    RECIPROCAL,
    SIGMOID,
    TANH,
    RELU,
    NOT,
    CAST_FLOAT,
    CAST_WHOLE,
    CAST_BOOL
};

static double unary(int code, double x) {
    switch (code) {
    case NEG:
        return -x;
    case ABS:
        return fabs(x);
    case EXP:
        return exp(x);
    case LOG:
        return log(x);
    case SQRT:
        return sqrt(x);
    case RECIPROCAL:
        return 1.0 / x;
    case SIGMOID:
        return clp_logistic(x);
    case TANH:
        return tanh(x);
    case RELU:
        return x < 0.0 ? 0.0 : x;
    case NOT:
        return isnan(x) ? x : x == 0.0;
    case CAST_FLOAT:
        return (double)(float)x;
    case CAST_WHOLE:
        return trunc(x);
    case CAST_BOOL:
        return isnan(x) ? x : x != 0.0;
    default:
        return x;
    }
}

static void run_unary(const clp_step *step, const clp_block *block) {
    for (size_t c = 0; c < step->out.columns; c++) {
        const double *in = clp_block_column(block, step->in->place + c);
        double *out = clp_block_column(block, step->out.place + c);
        for (size_t r = 0; r < block->rows; r++) {
            out[r] = unary(step->code, in[r]);
        }
    }
}

static bool is_real(clp_onnx_type type) {
    return type == CLP_ONNX_FLOAT || type == CLP_ONNX_DOUBLE;
}

/** An input that is no constant. */
static clproc_status find_numbers(clp_builder *builder, const clp_onnx_node *node,
                                  clp_value **value) {
    clproc_status status = clp_build_input(builder, node, 0, value);
    return status == CLPROC_OK && (*value)->constant
               ? clp_build_refuse(builder, node, "computes with constants alone")
               : status;
}

static clproc_status build_unary(clp_builder *builder, const clp_onnx_node *node, int code) {
    clp_value *input = NULL;
    clproc_status status = find_numbers(builder, node, &input);
    if (status != CLPROC_OK) {
        return status;
    }
    if (code != IDENTITY && (code == NOT ? input->type != CLP_ONNX_BOOL : !is_real(input->type))) {
        return clp_build_refuse(builder, node, "numbers of its type are not supported here");
    }
    return clp_build_simple(builder, node, input, 0, run_unary, code, NULL);
}

static clproc_status build_cast(clp_builder *builder, const clp_onnx_node *node, int code) {
    clp_value *input = NULL;
    clproc_status status = find_numbers(builder, node, &input);
    if (status != CLPROC_OK) {
        return status;
    }
    int64_t to = clp_onnx_int(node, "to", 0);
    switch (to) {
    case CLP_ONNX_FLOAT:
        code = CAST_FLOAT;
        break;
    case CLP_ONNX_DOUBLE:
        code = IDENTITY;
        break;
    case CLP_ONNX_INT32:
    case CLP_ONNX_INT64:
        code = CAST_WHOLE;
        break;
    case CLP_ONNX_BOOL:
        code = CAST_BOOL;
        break;
    default:
        return clp_build_refuse(builder, node, "casts to a type that is not supported");
    }
    clp_value like = *input;
    like.type = (clp_onnx_type)to;
    return clp_build_simple(builder, node, &like, 0, run_unary, code, NULL);
}

/* -------------------------------------------------------------------- limits */

typedef struct limits {
    double least, most;
} limits;

static void run_clip(const clp_step *step, const clp_block *block) {
    const limits *between = step->state;
    for (size_t c = 0; c < step->out.columns; c++) {
        const double *in = clp_block_column(block, step->in->place + c);
        double *out = clp_block_column(block, step->out.place + c);
        for (size_t r = 0; r < block->rows; r++) {
            double x = in[r] < between->least ? between->least : in[r];
            out[r] = x > between->most ? between->most : x;
        }
    }
}

/** Reads a limit: an input since version 11, an attribute before. */
static clproc_status find_limit(clp_builder *builder, const clp_onnx_node *node, size_t input,
                                const char *name, double *limit) {
    const clp_value *value;
    *limit = clp_onnx_float(node, name, *limit);
    if (!clp_build_has(node, input)) {
        return CLPROC_OK;
    }
    clproc_status status = clp_build_constant(builder, node, input, &value);
    if (status == CLPROC_OK && value->tensor.count != 1) {
        status = clp_build_refuse(builder, node, "a limit must be one number");
    }
    if (status == CLPROC_OK) {
        *limit = value->elements[0];
    }
    return status;
}

static clproc_status build_clip(clp_builder *builder, const clp_onnx_node *node, int code) {
    clp_value *input = NULL;
    clproc_status status = CLPROC_OK;
    limits *between = clp_build_take(builder, 1, sizeof *between);
    if (!between) {
        return CLPROC_ERROR_MEMORY;
    }
    *between = (limits){-INFINITY, INFINITY};
    CLP_TRY(status, out, find_numbers(builder, node, &input));
    CLP_TRY(status, out, find_limit(builder, node, 1, "min", &between->least));
    CLP_TRY(status, out, find_limit(builder, node, 2, "max", &between->most));
    status = clp_build_simple(builder, node, input, 0, run_clip, code, between);
out:
    return status;
}

/* -------------------------------------------------------- of several operands */

enum { ADD, SUB, MUL, DIV, POW, MIN, MAX };

#define EACH_ROW(expression)                                                                       \
    for (size_t r = 0; r < rows; r++) {                                                            \
        double a = out[r], b = in[r];                                                              \
        out[r] = (expression);                                                                     \
    }                                                                                              \
    break

/** out = out op in, row by row. */
static void combine(int code, double *restrict out, const double *restrict in, size_t rows) {
    switch (code) {
    case ADD:
        EACH_ROW(a + b);
    case SUB:
        EACH_ROW(a - b);
    case MUL:
        EACH_ROW(a * b);
    case DIV:
        EACH_ROW(a / b);
    case POW: /* pow(NaN, 0) and pow(1, NaN) are 1 */
        EACH_ROW(isnan(a) || isnan(b) ? (double)NAN : pow(a, b));
    case MIN:
        EACH_ROW(isnan(b) || b < a ? b : a);
    case MAX:
        EACH_ROW(isnan(b) || b > a ? b : a);
    default:
        break;
    }
}

static void run_several(const clp_step *step, const clp_block *block) {
    for (size_t c = 0; c < step->out.columns; c++) {
        double *out = clp_block_column(block, step->out.place + c);
        const double *first = clp_block_spread(block, &step->in[0], c);
        for (size_t r = 0; r < block->rows; r++) {
            out[r] = first[r];
        }
        for (size_t i = 1; i < step->in_count; i++) {
            combine(step->code, out, clp_block_spread(block, &step->in[i], c), block->rows);
        }
    }
}

/** True if a constant can stand beside rows of numbers that lie so. */
static bool fits_beside(const clp_onnx_tensor *tensor, clp_lie lie) {
    if (tensor->count != 1) {
        return lie == CLP_LIE_ROWS && (tensor->rank == 1 || tensor->dims[0] == 1);
    }
    return lie != CLP_LIE_FLAT || tensor->rank < 2;
}

/** Joins an operand to the result's form, or to be. */
static clproc_status join(clp_builder *builder, const clp_onnx_node *node, clp_value *value,
                          const clp_value *like, size_t *columns) {
    if (value->type != like->type || !is_real(value->type)) {
        return clp_build_refuse(builder, node, "computes with types that differ or are no floats");
    }
    if (value->constant ? !fits_beside(&value->tensor, like->lie) : value->lie != like->lie) {
        return clp_build_refuse(builder, node, "the shapes of its inputs do not fit");
    }
    size_t own = value->constant ? value->tensor.count : value->span.columns;
    if (own != 1 && *columns != 1 && own != *columns) {
        return clp_build_refuse(builder, node, "computes with %zu columns and %zu", *columns, own);
    }
    *columns = own > *columns ? own : *columns;
    return value->constant ? clp_build_spread(builder, value) : CLPROC_OK;
}

/** The first operand that is no constant: what the result is like. */
static clproc_status find_like(clp_builder *builder, const clp_onnx_node *node,
                               const clp_value **like) {
    clp_value *value = NULL;
    for (size_t i = 0; i < node->input_count; i++) {
        clproc_status status = clp_build_input(builder, node, i, &value);
        if (status != CLPROC_OK) {
            return status;
        }
        if (!value->constant) {
            *like = value;
            return CLPROC_OK;
        }
    }
    return clp_build_refuse(builder, node, "computes with constants alone");
}

static clproc_status build_several(clp_builder *builder, const clp_onnx_node *node, int code) {
    const clp_value *like = NULL;
    clp_value *value = NULL, *made = NULL;
    clp_span *spans = clp_build_take(builder, node->input_count, sizeof *spans);
    size_t columns = 1;
    clproc_status status = spans ? CLPROC_OK : CLPROC_ERROR_MEMORY;
    CLP_TRY(status, out, status);
    if (clp_onnx_attribute(node, "axis").size > 0) { /* before version 7, shapes were joined so */
        return clp_build_refuse(builder, node, "its attribute axis is not supported");
    }
    CLP_TRY(status, out, find_like(builder, node, &like));
    for (size_t i = 0; i < node->input_count; i++) {
        CLP_TRY(status, out, clp_build_input(builder, node, i, &value));
        CLP_TRY(status, out, join(builder, node, value, like, &columns));
        spans[i] = value->span;
    }
    CLP_TRY(status, out, clp_build_output(builder, node, 0, like, columns, &made));
    const clp_step step = {.run = run_several,
                           .out = made->span,
                           .in = spans,
                           .in_count = node->input_count,
                           .code = code};
    status = clp_build_step(builder, &step);
out:
    return status;
}

/** Of exactly two. */
static clproc_status build_two(clp_builder *builder, const clp_onnx_node *node, int code) {
    return node->input_count == 2 ? build_several(builder, node, code)
                                  : clp_build_refuse(builder, node, "must have two inputs");
}

const clp_operator clp_operators_elements[] = {{"Identity", build_unary, IDENTITY, false},
                                               {"Neg", build_unary, NEG, false},
                                               {"Abs", build_unary, ABS, false},
                                               {"Exp", build_unary, EXP, false},
                                               {"Log", build_unary, LOG, false},
                                               {"Sqrt", build_unary, SQRT, false},
                                               {"Reciprocal", build_unary, RECIPROCAL, false},
                                               {"Sigmoid", build_unary, SIGMOID, false},
                                               {"Tanh", build_unary, TANH, false},
                                               {"Relu", build_unary, RELU, false},
                                               {"Not", build_unary, NOT, false},
                                               {"Cast", build_cast, 0, false},
                                               {"Clip", build_clip, 0, false},
                                               {"Add", build_two, ADD, false},
                                               {"Sub", build_two, SUB, false},
                                               {"Mul", build_two, MUL, false},
                                               {"Div", build_two, DIV, false},
                                               {"Pow", build_two, POW, false},
                                               {"Sum", build_several, ADD, false},
                                               {"Min", build_several, MIN, false},
                                               {"Max", build_several, MAX, false},
                                               {0}};
