/** How a graph becomes steps: what the operators' builders and the runner share.
 *
 * A block of rows is a set of columns, each with a number for each row. Every value of the graph
 * has columns of its own, constants that are added or compared with rows among them; a step reads
 * some and writes others. Numbers are doubles whatever the model's type: what it rounds by its own
 * will (Cast, the inputs of trees) is rounded, and nothing else. A value that is missing is NaN,
 * and every step hands it on, unless it is made to fill it in. */
#ifndef CLP_MODEL_BUILD_H
#define CLP_MODEL_BUILD_H

#include "core/model_tables.h"
#include "model/model.h"
#include "model/onnx.h"

/** The most columns of a block. */
enum { CLP_MODEL_COLUMNS = 1 << 19 };

typedef struct clp_block {
    double *numbers;
    size_t rows;
    size_t pitch;                   /**< from a column to the next, numbers */
    const clp_model_helper *helper; /**< who multiplies and goes down trees; NULL: this thread */
    clproc_error *error;            /**< what fails in a step that can */
} clp_block;

/** Columns that lie side by side. */
typedef struct clp_span {
    size_t place, columns;
} clp_span;

static inline double *clp_block_column(const clp_block *block, size_t place) {
    return block->numbers + place * block->pitch;
}

/** A column of a value that is spread over as many columns as the result has. */
static inline const double *clp_block_spread(const clp_block *block, const clp_span *span,
                                             size_t column) {
    return clp_block_column(block, span->place + (span->columns > 1 ? column : 0));
}

typedef struct clp_step clp_step;

struct clp_step {
    void (*run)(const clp_step *step, const clp_block *block);
    clp_span out;
    const clp_span *in;
    size_t in_count;
    int code;          /**< which of an operator's kinds */
    const void *state; /**< what else it needs */
};

/** How a tensor with a number for each row lies. */
typedef enum clp_lie {
    CLP_LIE_ROWS, /**< rows x columns */
    CLP_LIE_FLAT, /**< one dimension: a number a row */
    CLP_LIE_WIDE  /**< 1 x rows */
} clp_lie;

/** What the columns of scores are called. */
typedef struct clp_labels {
    size_t count;
    const char *const *names;
} clp_labels;

typedef struct clp_value {
    clp_slice name;
    clp_onnx_type type;
    bool constant; /**< the same for all rows */
    clp_lie lie;
    clp_span span;            /**< of a constant: none until it is spread over rows */
    bool other;               /**< a class, a text or a tensor of a kind that is not read */
    clp_slice message;        /**< of a constant: its TensorProto */
    clp_onnx_tensor tensor;   /**< of a constant */
    const double *elements;   /**< of a constant, once they are read */
    const clp_labels *labels; /**< NULL: none are known */
} clp_value;

/** A constant's numbers, written into a block's columns before the first step. */
typedef struct clp_filling {
    clp_span span;
    const double *numbers;
} clp_filling;

/** Memory that lives as long as the model: blocks, each with a link to the one before. */
typedef struct clp_model_memory clp_model_memory;

/** A column of a row. */
typedef struct clp_model_column {
    const char *name; /**< may be NULL */
    clp_onnx_type type;
} clp_model_column;

struct clp_onnx_model {
    clp_model_memory *memory;
    clp_model_column *inputs; /**< the first columns of a block */
    size_t input_count;
    const clp_labels *outputs;
    bool classifies; /**< its scores are of classes, not of targets */
    clp_span scores;
    clp_step *steps;
    size_t step_count;
    clp_filling *fillings;
    size_t filling_count;
    size_t columns; /**< of a block */
    const char *path, *name;
    const clp_model_helper *helper; /**< NULL: the host's threads do all */
};

typedef struct clp_builder {
    clp_onnx_model *model;
    clp_onnx onnx;
    clp_value *values;
    size_t value_count;
    clproc_error *error;
} clp_builder;

/** An operator of ONNX. */
typedef struct clp_operator {
    const char *name;
    clproc_status (*build)(clp_builder *builder, const clp_onnx_node *node, int code);
    int code;
    bool ml; /**< of the domain ai.onnx.ml */
} clp_operator;

/** End with an operator without a name. */
extern const clp_operator clp_operators_linear[], clp_operators_trees[], clp_operators_columns[],
    clp_operators_elements[];

/* Of the functions below, those that return a pointer return NULL where memory is exhausted, with
 * the error set: the status to hand on is CLPROC_ERROR_MEMORY. What they return lives as long as
 * the model. */

/** Takes zeroed memory. */
void *clp_build_take(clp_builder *builder, size_t count, size_t size);
/** Frees all that was taken for a model. */
void clp_build_release(clp_onnx_model *model);
/** Bytes of the file as text. */
char *clp_build_text(clp_builder *builder, const clp_slice *slice);
/** Says what of an operator is not supported, or wrong. */
clproc_status clp_build_refuse(clp_builder *builder, const clp_onnx_node *node, const char *format,
                               ...) __attribute__((format(printf, 3, 4)));

/** True if the node has such an input. */
bool clp_build_has(const clp_onnx_node *node, size_t index);
/** Finds an input of the node, whatever it is. */
clproc_status clp_build_input(clp_builder *builder, const clp_onnx_node *node, size_t index,
                              clp_value **value);
/** The same; numbers in rows and columns are asked for. */
clproc_status clp_build_rows(clp_builder *builder, const clp_onnx_node *node, size_t index,
                             clp_value **value);
/** The same; a constant is asked for, whose elements are there then. */
clproc_status clp_build_constant(clp_builder *builder, const clp_onnx_node *node, size_t index,
                                 const clp_value **value);
/** Reads the elements of a constant. */
const double *clp_build_elements(clp_builder *builder, clp_value *value);
/** Gives a constant columns, so that it can be used as rows can; its span says which. */
clproc_status clp_build_spread(clp_builder *builder, clp_value *value);

/** Takes columns of the block. */
clproc_status clp_build_columns(clp_builder *builder, size_t columns, clp_span *span);
/** Makes an output of the node: columns of this kind. */
clproc_status clp_build_output(clp_builder *builder, const clp_onnx_node *node, size_t index,
                               const clp_value *like, size_t columns, clp_value **value);
/** Adds a step; `step` is copied, the spans it reads, too. */
clproc_status clp_build_step(clp_builder *builder, const clp_step *step);
/** An output with as many columns as the one input, made by one step. */
clproc_status clp_build_simple(clp_builder *builder, const clp_onnx_node *node,
                               const clp_value *input, size_t output,
                               void (*run)(const clp_step *step, const clp_block *block), int code,
                               const void *state);

/** Lists of numbers that are attributes; empty where the node has none of this name. */
const double *clp_build_floats(clp_builder *builder, const clp_onnx_node *node, const char *name,
                               size_t *count);
const int64_t *clp_build_ints(clp_builder *builder, const clp_onnx_node *node, const char *name,
                              size_t *count);
/** The numbers of a tensor that is an attribute, which the node must have. */
clproc_status clp_build_tensor(clp_builder *builder, const clp_onnx_node *node, const char *name,
                               const double **numbers, size_t *count);
/** The class labels in an attribute of texts or, without them, in one of whole numbers. */
const clp_labels *clp_build_labels(clp_builder *builder, const clp_onnx_node *node,
                                   const char *texts, const char *ints);
/** Numbers as labels; NULL are those from 0. */
const clp_labels *clp_build_numbered(clp_builder *builder, const int64_t *numbers, size_t count);

/** What classifiers do to their sums. */
typedef enum clp_transform {
    CLP_TRANSFORM_NONE,
    CLP_TRANSFORM_LOGISTIC,
    CLP_TRANSFORM_SOFTMAX
} clp_transform;

clproc_status clp_build_transform(clp_builder *builder, const clp_onnx_node *node,
                                  clp_transform *transform);
/** Does it in place. */
void clp_transform_run(const clp_block *block, const clp_span *span, clp_transform transform);
/** The same of two classes, of which only the second one's column, behind `place`, is known. */
void clp_transform_both(const clp_block *block, size_t place, clp_transform transform);
double clp_logistic(double value);

#endif
