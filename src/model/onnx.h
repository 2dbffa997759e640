/** What stands in an ONNX file: names, nodes and tensors as slices of it, nothing computed. */
#ifndef CLP_MODEL_ONNX_H
#define CLP_MODEL_ONNX_H

#include "core/error.h"
#include "model/proto.h"

/** The most names, nodes or tensors of a graph: they are looked up one after the other. */
enum { CLP_ONNX_MOST = 8192 };

/** The types of elements that are read, by ONNX's numbers. */
typedef enum clp_onnx_type {
    CLP_ONNX_UNKNOWN = 0,
    CLP_ONNX_FLOAT = 1,
    CLP_ONNX_UINT8 = 2,
    CLP_ONNX_INT32 = 6,
    CLP_ONNX_INT64 = 7,
    CLP_ONNX_STRING = 8,
    CLP_ONNX_BOOL = 9,
    CLP_ONNX_DOUBLE = 11
} clp_onnx_type;

typedef struct clp_onnx_node {
    clp_slice message; /**< with its attributes */
    clp_slice op, domain, name;
    const clp_slice *inputs, *outputs; /**< names; an input left out is empty */
    size_t input_count, output_count;
} clp_onnx_node;

/** An input or output of the graph. */
typedef struct clp_onnx_port {
    clp_slice name;
    bool sequence;   /**< of maps or tensors: no tensor itself */
    uint32_t type;   /**< of a tensor's elements */
    int rank;        /**< -1 where no shape is told */
    int64_t columns; /**< its second dimension; 0 if unknown or not there */
} clp_onnx_port;

typedef struct clp_onnx_constant {
    clp_slice name;
    clp_slice message; /**< a TensorProto */
} clp_onnx_constant;

/** Zero-initialise; release with clp_onnx_free(). Lives no longer than the bytes it was read from.
 */
typedef struct clp_onnx {
    clp_onnx_node *nodes;
    clp_onnx_constant *constants;
    clp_onnx_port *inputs, *outputs;
    size_t node_count, constant_count, input_count, output_count;
    clp_slice *names;        /**< of the nodes' inputs and outputs */
    clp_slice feature_names; /**< metadata of this key: columns joined by commas */
} clp_onnx;

clproc_status clp_onnx_read(clp_onnx *onnx, const clp_slice *file, clproc_error *error);
void clp_onnx_free(clp_onnx *onnx);

/** Finds an attribute; an empty slice if the node has none of this name. */
clp_slice clp_onnx_attribute(const clp_onnx_node *node, const char *name);
/** The values of one; `value` if the node has none of this name. */
int64_t clp_onnx_int(const clp_onnx_node *node, const char *name, int64_t value);
double clp_onnx_float(const clp_onnx_node *node, const char *name, double value);
clp_slice clp_onnx_text(const clp_onnx_node *node, const char *name, const char *value);
/** The tensor in an attribute; an empty slice if there is none. */
clp_slice clp_onnx_tensor_of(const clp_onnx_node *node, const char *name);
/** The items of a list of texts from `*at` on, in an attribute as clp_onnx_attribute() finds it. */
bool clp_onnx_next_text(clp_proto *at, clp_slice *text);

/** A tensor's type and shape. */
typedef struct clp_onnx_tensor {
    clp_onnx_type type;
    int rank;
    int64_t dims[2]; /**< those there are */
    size_t count;    /**< of its elements */
} clp_onnx_tensor;

/** Reads what a TensorProto is. False for what is not held: more than two dimensions, other types,
 * data in another file, too little or too much of it. */
bool clp_onnx_describe(const clp_slice *message, clp_onnx_tensor *tensor);
/** Writes the elements of a tensor of numbers that clp_onnx_describe() took. */
void clp_onnx_elements(const clp_slice *message, const clp_onnx_tensor *tensor, double *out);

#endif
