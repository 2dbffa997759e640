/* Opening a model: from its outputs back to what they need, then forward, node by node. */
#include "model/model.h"

#include <string.h>

#include "core/memory.h"
#include "model/build.h"

/* ------------------------------------------------------------------ operators */

static clproc_status add_constant(clp_builder *builder, const clp_slice *name,
                                  const clp_slice *message) {
    clp_value *value = &builder->values[builder->value_count++];
    *value = (clp_value){.name = *name, .constant = true, .message = *message};
    value->other = !clp_onnx_describe(message, &value->tensor);
    value->type = value->tensor.type;
    return CLPROC_OK;
}

static clproc_status build_constant(clp_builder *builder, const clp_onnx_node *node, int code) {
    clp_slice message = clp_onnx_tensor_of(node, "value");
    (void)code;
    return node->output_count == 1 && message.size > 0
               ? add_constant(builder, &node->outputs[0], &message)
               : clp_build_refuse(builder, node, "only constants that are tensors are supported");
}

static const clp_operator constants[] = {{"Constant", build_constant, 0, false}, {0}};

static const clp_operator *const operators[] = {clp_operators_linear, clp_operators_trees,
                                                clp_operators_columns, clp_operators_elements,
                                                constants};

/** By its place among all. */
static const clp_operator *operator_at(size_t index) {
    for (size_t i = 0; i < sizeof operators / sizeof operators[0]; i++) {
        for (const clp_operator *row = operators[i]; row->name; row++) {
            if (index-- == 0) {
                return row;
            }
        }
    }
    return NULL;
}

const char *clp_model_operator(size_t index) {
    const clp_operator *row = operator_at(index);
    return row ? row->name : NULL;
}

static bool is_ml(const clp_onnx_node *node) {
    return clp_slice_is(&node->domain, "ai.onnx.ml");
}

static clproc_status build_node(clp_builder *builder, const clp_onnx_node *node) {
    bool plain = node->domain.size == 0 || clp_slice_is(&node->domain, "ai.onnx");
    const clp_operator *row;
    for (size_t i = 0; (row = operator_at(i)); i++) {
        if (clp_slice_is(&node->op, row->name) && (row->ml ? is_ml(node) : plain)) {
            return row->build(builder, node, row->code);
        }
    }
    return clp_build_refuse(builder, node,
                            "is not supported; take a linear model or trees, calibrated or not, or "
                            "see `clproc help models`");
}

/** True if the node's first output is a class. */
static bool makes_labels(const clp_onnx_node *node) {
    return is_ml(node) && (clp_slice_is(&node->op, "LinearClassifier") ||
                           clp_slice_is(&node->op, "TreeEnsembleClassifier"));
}

/* --------------------------------------------------------------------- inputs */

static bool is_number(uint32_t type) {
    return type == CLP_ONNX_FLOAT || type == CLP_ONNX_DOUBLE || type == CLP_ONNX_INT32 ||
           type == CLP_ONNX_INT64 || type == CLP_ONNX_BOOL;
}

static size_t count_names(const clp_slice *list) {
    size_t count = list->size > 0;
    for (size_t i = 0; i < list->size; i++) {
        count += list->data[i] == ',';
    }
    return count;
}

static clproc_status add_input(clp_builder *builder, const clp_onnx_port *port, size_t columns) {
    clp_value *value = &builder->values[builder->value_count];
    if (port->sequence || !is_number(port->type) || port->rank != 2 || columns == 0) {
        return clp_error_set(builder->error, CLPROC_ERROR_ARGUMENT,
                             port->rank == 2 && columns > 0
                                 ? "has inputs that are no numbers, which are not supported"
                                 : "does not tell how many columns its input has; export it with a "
                                   "shape as [None, 8]");
    }
    *value = (clp_value){.name = port->name, .type = (clp_onnx_type)port->type};
    builder->value_count++;
    return clp_build_columns(builder, columns, &value->span);
}

/** Calls a column by the names that the file lists for all, or by that of its input. */
static clproc_status name_inputs(clp_builder *builder, size_t first) {
    clp_onnx_model *model = builder->model;
    clp_slice rest = builder->onnx.feature_names;
    bool listed = count_names(&rest) == model->columns;
    clp_model_column *input = clp_build_take(builder, model->columns, sizeof *input);
    if (!input) {
        return CLPROC_ERROR_MEMORY;
    }
    model->inputs = input;
    model->input_count = model->columns;
    for (size_t v = first; v < builder->value_count; v++) {
        const clp_value *value = &builder->values[v];
        for (size_t c = 0; c < value->span.columns; c++, input++) {
            const uint8_t *end = listed ? memchr(rest.data, ',', rest.size) : NULL;
            clp_slice name = {rest.data, end ? (size_t)(end - rest.data) : rest.size};
            input->type = value->type;
            if (listed || value->span.columns == 1) {
                input->name = clp_build_text(builder, listed ? &name : &value->name);
                if (!input->name) {
                    return CLPROC_ERROR_MEMORY;
                }
            }
            rest = end ? (clp_slice){end + 1, rest.size - name.size - 1} : rest;
        }
    }
    return CLPROC_OK;
}

static bool is_listed(const clp_slice *names, size_t count, const clp_slice *name) {
    for (size_t i = 0; i < count; i++) {
        if (clp_slice_same(&names[i], name)) {
            return true;
        }
    }
    return false;
}

static bool is_constant(const clp_onnx *onnx, const clp_slice *name) {
    for (size_t i = 0; i < onnx->constant_count; i++) {
        if (clp_slice_same(&onnx->constants[i].name, name)) {
            return true;
        }
    }
    return false;
}

/** Inputs that are needed: the first columns of a block. Older files list constants as inputs. */
static clproc_status add_inputs(clp_builder *builder, const clp_slice *needed, size_t count) {
    const clp_onnx *onnx = &builder->onnx;
    size_t first = builder->value_count;
    clproc_status status = CLPROC_OK;
    for (size_t i = 0; i < onnx->input_count; i++) {
        const clp_onnx_port *port = &onnx->inputs[i];
        if (is_listed(needed, count, &port->name) && !is_constant(onnx, &port->name)) {
            bool told = port->columns > 0 || onnx->input_count > 1;
            size_t columns = told ? (size_t)(port->columns > 0 ? port->columns : 0)
                                  : count_names(&onnx->feature_names);
            CLP_TRY(status, out, add_input(builder, port, columns));
        }
    }
    status = builder->model->columns > 0
                 ? name_inputs(builder, first)
                 : clp_error_set(builder->error, CLPROC_ERROR_ARGUMENT,
                                 "computes scores without any input, which is not supported");
out:
    return status;
}

/* --------------------------------------------------------------------- scores */

/** The next output that may hold scores, since it holds no classes; NULL: there is none. */
static const clp_onnx_port *next_scores(const clp_onnx *onnx, size_t *next) {
    while (*next < onnx->output_count) {
        const clp_onnx_port *port = &onnx->outputs[(*next)++];
        bool scores =
            port->sequence || (port->type != CLP_ONNX_INT64 && port->type != CLP_ONNX_INT32 &&
                               port->type != CLP_ONNX_STRING);
        for (size_t n = 0; n < onnx->node_count && scores; n++) {
            const clp_onnx_node *node = &onnx->nodes[n];
            scores = !(makes_labels(node) && node->output_count > 0 &&
                       clp_slice_same(&node->outputs[0], &port->name));
        }
        if (scores) {
            return port;
        }
    }
    return NULL;
}

/** True if an output tells the class. */
static bool tells_class(const clp_onnx *onnx) {
    size_t next = 0, count = 0;
    while (next_scores(onnx, &next)) {
        count++;
    }
    return count < onnx->output_count;
}

/** The output that holds scores: the first that may. Where each class has an output of its own, the
 * first would be one class's alone. */
static clproc_status find_scores(clp_builder *builder, const clp_onnx_port **scores) {
    size_t next = 0;
    *scores = next_scores(&builder->onnx, &next);
    if (!*scores) {
        return clp_error_set(builder->error, CLPROC_ERROR_ARGUMENT,
                             "has classes as output and no scores; export it with them");
    }
    const clp_onnx_port *other = next_scores(&builder->onnx, &next);
    if ((*scores)->rank == 1 && other && other->rank == 1) {
        return clp_error_set(builder->error, CLPROC_ERROR_ARGUMENT,
                             "has an output for each class; export it with zipmap True or False, "
                             "not 'columns'");
    }
    return CLPROC_OK;
}

static clproc_status take_scores(clp_builder *builder, const clp_slice *name) {
    static const char *const unnamed[] = {""};
    static const clp_labels alone = {1, unnamed};
    const clp_onnx_node output = {.op = *name, .inputs = name, .input_count = 1};
    clp_value *value = NULL;
    clproc_status status = clp_build_input(builder, &output, 0, &value);
    if (status != CLPROC_OK) {
        return status;
    }
    if (value->constant || value->lie == CLP_LIE_WIDE) {
        return clp_error_set(builder->error, CLPROC_ERROR_ARGUMENT,
                             "has scores that are no rows, which are not supported");
    }
    clp_onnx_model *model = builder->model;
    model->scores = value->span;
    /* Operations on its scores may have left a classifier without their labels. */
    model->classifies = model->classifies || value->labels || tells_class(&builder->onnx);
    model->outputs = value->span.columns == 1 ? &alone : value->labels;
    if (!model->outputs) {
        model->outputs = clp_build_numbered(builder, NULL, value->span.columns);
    }
    return model->outputs ? CLPROC_OK : CLPROC_ERROR_MEMORY;
}

/* ---------------------------------------------------------------------- graph */

/** Goes back from a name: marks the nodes it needs, and lists all names these read. */
static size_t find_needed(const clp_onnx *onnx, const clp_slice *from, clp_slice *needed,
                          bool *marks) {
    size_t count = 1;
    needed[0] = *from;
    for (size_t n = onnx->node_count; n-- > 0;) {
        const clp_onnx_node *node = &onnx->nodes[n];
        for (size_t i = 0; i < node->output_count; i++) {
            marks[n] = marks[n] || is_listed(needed, count, &node->outputs[i]);
        }
        for (size_t i = 0; marks[n] && i < node->input_count; i++) {
            needed[count++] = node->inputs[i];
        }
    }
    return count;
}

static clproc_status build_nodes(clp_builder *builder, const bool *marks) {
    clproc_status status = CLPROC_OK;
    for (size_t n = 0; n < builder->onnx.node_count; n++) {
        const clp_onnx_node *node = &builder->onnx.nodes[n];
        if (!marks[n]) {
            continue;
        }
        CLP_TRY(status, out, build_node(builder, node));
        if (makes_labels(node)) {
            builder->values[builder->value_count++] =
                (clp_value){.name = node->outputs[0], .other = true};
            builder->model->classifies = true;
        }
    }
out:
    return status;
}

static clproc_status build_graph(clp_builder *builder, clp_slice *needed, bool *marks) {
    const clp_onnx *onnx = &builder->onnx;
    const clp_onnx_port *scores = NULL;
    clproc_status status;
    CLP_TRY(status, out, find_scores(builder, &scores));
    size_t count = find_needed(onnx, &scores->name, needed, marks);
    for (size_t i = 0; i < onnx->constant_count; i++) {
        CLP_TRY(status, out,
                add_constant(builder, &onnx->constants[i].name, &onnx->constants[i].message));
    }
    CLP_TRY(status, out, add_inputs(builder, needed, count));
    CLP_TRY(status, out, build_nodes(builder, marks));
    status = take_scores(builder, &scores->name);
out:
    return status;
}

static clproc_status build_model(clp_builder *builder, const clp_slice *file) {
    clp_onnx *onnx = &builder->onnx;
    clp_slice *needed = NULL;
    bool *marks = NULL;
    clproc_status status = clp_onnx_read(onnx, file, builder->error);
    if (status != CLPROC_OK) {
        return status;
    }
    /* A node makes one value with numbers and one with classes at most, and one step. */
    size_t most = onnx->constant_count + onnx->input_count + 2 * onnx->node_count;
    builder->values = clp_memory_zero(CLP_MEMORY_OTHER, most, sizeof *builder->values);
    needed = clp_memory_zero(CLP_MEMORY_OTHER, CLP_ONNX_MOST + 1, sizeof *needed);
    marks = clp_memory_zero(CLP_MEMORY_OTHER, onnx->node_count, sizeof *marks);
    clp_onnx_model *model = builder->model;
    model->steps = clp_build_take(builder, onnx->node_count, sizeof *model->steps);
    model->fillings = clp_build_take(builder, most, sizeof *model->fillings);
    status = builder->values && needed && marks && model->steps && model->fillings
                 ? build_graph(builder, needed, marks)
                 : clp_error_memory(builder->error, "a model", most * sizeof *builder->values);
    clp_memory_free(builder->values);
    clp_memory_free(needed);
    clp_memory_free(marks);
    clp_onnx_free(onnx);
    return status;
}

clproc_status clp_model_read(clp_onnx_model **model, const uint8_t *data, size_t size,
                             clproc_error *error) {
    const clp_slice file = {data, size};
    clp_builder builder = {.error = error};
    *model = NULL;
    builder.model = clp_memory_zero(CLP_MEMORY_OTHER, 1, sizeof *builder.model);
    if (!builder.model) {
        return clp_error_memory(error, "a model", sizeof *builder.model);
    }
    clproc_status status = build_model(&builder, &file);
    if (status != CLPROC_OK) {
        clp_model_destroy(&builder.model);
    }
    *model = builder.model;
    return status;
}

void clp_model_destroy(clp_onnx_model **model) {
    if (*model) {
        clp_build_release(*model);
        clp_memory_free(*model);
        *model = NULL;
    }
}

void clp_model_help_with(clp_onnx_model *model, const clp_model_helper *helper) {
    model->helper = helper;
}

size_t clp_model_inputs(const clp_onnx_model *model) {
    return model->input_count;
}

const char *clp_model_input(const clp_onnx_model *model, size_t index) {
    return model->inputs[index].name;
}

void clp_model_call_input(clp_onnx_model *model, size_t index, const char *name) {
    model->inputs[index].name = name;
}

size_t clp_model_outputs(const clp_onnx_model *model) {
    return model->outputs->count;
}

const char *clp_model_output(const clp_onnx_model *model, size_t index) {
    return model->outputs->names[index];
}

bool clp_model_classifies(const clp_onnx_model *model) {
    return model->classifies;
}
