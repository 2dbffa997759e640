/* What the operators' builders use. */
#include "model/build.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/checked.h"
#include "core/memory.h"

struct clp_model_memory {
    clp_model_memory *next;
};

void *clp_build_take(clp_builder *builder, size_t count, size_t size) {
    size_t bytes = 0;
    clp_model_memory *memory = NULL;
    /* Aligned for any type, behind the link. */
    size_t head = sizeof(max_align_t) > sizeof *memory ? sizeof(max_align_t) : sizeof *memory;
    if (clp_checked_mul(count, size, &bytes) && clp_checked_add(bytes, head, &bytes)) {
        memory = clp_memory_zero(CLP_MEMORY_OTHER, 1, bytes);
    }
    if (!memory) {
        clp_error_memory(builder->error, "a model", bytes);
        return NULL;
    }
    memory->next = builder->model->memory;
    builder->model->memory = memory;
    return (char *)memory + head;
}

void clp_build_release(clp_onnx_model *model) {
    while (model->memory) {
        clp_model_memory *memory = model->memory;
        model->memory = memory->next;
        clp_memory_free(memory);
    }
}

/** A name of the file as text for a message: cut, with what cannot be printed made a question mark.
 */
static void show(const clp_slice *name, char *text, size_t size) {
    size_t length = name->size < size - 1 ? name->size : size - 1;
    for (size_t i = 0; i < length; i++) {
        text[i] = name->data[i] >= 0x20 && name->data[i] < 0x7f ? (char)name->data[i] : '?';
    }
    text[length] = '\0';
}

clproc_status clp_build_refuse(clp_builder *builder, const clp_onnx_node *node, const char *format,
                               ...) {
    char op[48], name[48], what[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    show(&node->op, op, sizeof op);
    show(&node->name, name, sizeof name);
    return clp_error_set(builder->error, CLPROC_ERROR_ARGUMENT, "operator %s%s%s%s: %s", op,
                         name[0] ? " (" : "", name, name[0] ? ")" : "", what);
}

/* ------------------------------------------------------------------- values */

bool clp_build_has(const clp_onnx_node *node, size_t index) {
    return index < node->input_count && node->inputs[index].size > 0;
}

clproc_status clp_build_input(clp_builder *builder, const clp_onnx_node *node, size_t index,
                              clp_value **value) {
    char name[64];
    if (!clp_build_has(node, index)) {
        return clp_build_refuse(builder, node, "has no input %zu", index + 1);
    }
    for (size_t i = builder->value_count; i-- > 0;) {
        if (clp_slice_same(&builder->values[i].name, &node->inputs[index])) {
            *value = &builder->values[i];
            return !builder->values[i].other ? CLPROC_OK
                                             : clp_build_refuse(builder, node,
                                                                "works on texts, classes or "
                                                                "tensors of an unsupported kind");
        }
    }
    show(&node->inputs[index], name, sizeof name);
    return clp_build_refuse(builder, node, "its input %s is made by nothing before it", name);
}

clproc_status clp_build_rows(clp_builder *builder, const clp_onnx_node *node, size_t index,
                             clp_value **value) {
    clproc_status status = clp_build_input(builder, node, index, value);
    if (status == CLPROC_OK && ((*value)->constant || (*value)->lie != CLP_LIE_ROWS)) {
        status = clp_build_refuse(builder, node, "input %zu must be rows of numbers", index + 1);
    }
    return status;
}

const double *clp_build_elements(clp_builder *builder, clp_value *value) {
    if (!value->elements) {
        double *elements = clp_build_take(builder, value->tensor.count, sizeof *elements);
        if (elements) {
            clp_onnx_elements(&value->message, &value->tensor, elements);
        }
        value->elements = elements;
    }
    return value->elements;
}

clproc_status clp_build_constant(clp_builder *builder, const clp_onnx_node *node, size_t index,
                                 const clp_value **value) {
    clp_value *found = NULL;
    clproc_status status = clp_build_input(builder, node, index, &found);
    if (status != CLPROC_OK) {
        return status;
    }
    if (!found->constant) {
        return clp_build_refuse(builder, node, "input %zu must be a constant", index + 1);
    }
    *value = found;
    return clp_build_elements(builder, found) ? CLPROC_OK : CLPROC_ERROR_MEMORY;
}

clproc_status clp_build_spread(clp_builder *builder, clp_value *value) {
    if (value->span.columns > 0) {
        return CLPROC_OK;
    }
    clproc_status status = clp_build_columns(builder, value->tensor.count, &value->span);
    if (status == CLPROC_OK && !clp_build_elements(builder, value)) {
        status = CLPROC_ERROR_MEMORY;
    }
    if (status == CLPROC_OK) {
        builder->model->fillings[builder->model->filling_count++] =
            (clp_filling){value->span, value->elements};
    }
    return status;
}

clproc_status clp_build_columns(clp_builder *builder, size_t columns, clp_span *span) {
    clp_onnx_model *model = builder->model;
    if (columns == 0 || columns > CLP_MODEL_COLUMNS - model->columns) {
        return clp_error_set(builder->error, CLPROC_ERROR_ARGUMENT,
                             columns == 0 ? "has tensors without elements, which are not supported"
                                          : "needs more than %d numbers a row, which is the limit",
                             CLP_MODEL_COLUMNS);
    }
    *span = (clp_span){model->columns, columns};
    model->columns += columns;
    return CLPROC_OK;
}

clproc_status clp_build_output(clp_builder *builder, const clp_onnx_node *node, size_t index,
                               const clp_value *like, size_t columns, clp_value **value) {
    if (index >= node->output_count || node->outputs[index].size == 0) {
        return clp_build_refuse(builder, node, "has no output %zu", index + 1);
    }
    for (size_t i = 0; i < builder->value_count; i++) {
        if (clp_slice_same(&builder->values[i].name, &node->outputs[index])) {
            return clp_build_refuse(builder, node, "makes what is made before it");
        }
    }
    clp_value *made = &builder->values[builder->value_count];
    *made = (clp_value){.name = node->outputs[index], .type = like->type, .lie = like->lie};
    clproc_status status = clp_build_columns(builder, columns, &made->span);
    if (status == CLPROC_OK) {
        builder->value_count++;
        *value = made;
    }
    return status;
}

clproc_status clp_build_step(clp_builder *builder, const clp_step *step) {
    clp_step *made = &builder->model->steps[builder->model->step_count];
    clp_span *in = clp_build_take(builder, step->in_count, sizeof *in);
    if (!in) {
        return CLPROC_ERROR_MEMORY;
    }
    memcpy(in, step->in, step->in_count * sizeof *in);
    *made = *step;
    made->in = in;
    builder->model->step_count++;
    return CLPROC_OK;
}

clproc_status clp_build_simple(clp_builder *builder, const clp_onnx_node *node,
                               const clp_value *input, size_t output,
                               void (*run)(const clp_step *step, const clp_block *block), int code,
                               const void *state) {
    clp_value *made = NULL;
    clproc_status status =
        clp_build_output(builder, node, output, input, input->span.columns, &made);
    if (status != CLPROC_OK) {
        return status;
    }
    made->labels = input->labels;
    const clp_step step = {.run = run,
                           .out = made->span,
                           .in = &input->span,
                           .in_count = 1,
                           .code = code,
                           .state = state};
    return clp_build_step(builder, &step);
}

/* --------------------------------------------------------------- attributes */

/* Fields of AttributeProto. */
enum { FLOATS = 7, INTS = 8 };

static const void *read_numbers(clp_builder *builder, const clp_onnx_node *node, const char *name,
                                uint32_t field, clp_proto_wire wire, size_t *count) {
    clp_slice attribute = clp_onnx_attribute(node, name);
    *count = clp_proto_numbers(&attribute, field, wire, NULL, 0);
    void *numbers = clp_build_take(builder, *count, sizeof(int64_t));
    if (numbers) {
        clp_proto_numbers(&attribute, field, wire, numbers, *count);
    }
    return numbers;
}

const double *clp_build_floats(clp_builder *builder, const clp_onnx_node *node, const char *name,
                               size_t *count) {
    return read_numbers(builder, node, name, FLOATS, CLP_PROTO_FIXED32, count);
}

const int64_t *clp_build_ints(clp_builder *builder, const clp_onnx_node *node, const char *name,
                              size_t *count) {
    return read_numbers(builder, node, name, INTS, CLP_PROTO_VARINT, count);
}

clproc_status clp_build_tensor(clp_builder *builder, const clp_onnx_node *node, const char *name,
                               const double **numbers, size_t *count) {
    clp_onnx_tensor tensor;
    clp_slice message = clp_onnx_tensor_of(node, name);
    if (message.size == 0 || !clp_onnx_describe(&message, &tensor)) {
        return clp_build_refuse(builder, node, "its %s is missing or cannot be read", name);
    }
    double *elements = clp_build_take(builder, tensor.count, sizeof *elements);
    if (!elements) {
        return CLPROC_ERROR_MEMORY;
    }
    clp_onnx_elements(&message, &tensor, elements);
    *numbers = elements;
    *count = tensor.count;
    return CLPROC_OK;
}

/** Room for labels, and in `names` for pointers to them. */
static clp_labels *take_labels(clp_builder *builder, size_t count, const char ***names) {
    clp_labels *labels = clp_build_take(builder, 1, sizeof *labels);
    *names = clp_build_take(builder, count, sizeof **names);
    if (!labels || !*names) {
        return NULL;
    }
    *labels = (clp_labels){count, *names};
    return labels;
}

const clp_labels *clp_build_numbered(clp_builder *builder, const int64_t *numbers, size_t count) {
    enum { MOST = 24 };
    const char **names;
    clp_labels *labels = take_labels(builder, count, &names);
    char *text = clp_build_take(builder, count, MOST);
    if (!labels || !text) {
        return NULL;
    }
    for (size_t i = 0; i < count; i++, text += MOST) {
        snprintf(text, MOST, "%" PRId64, numbers ? numbers[i] : (int64_t)i);
        names[i] = text;
    }
    return labels;
}

char *clp_build_text(clp_builder *builder, const clp_slice *slice) {
    char *text = clp_build_take(builder, slice->size + 1, 1);
    if (text) {
        memcpy(text, slice->data, slice->size);
    }
    return text;
}

const clp_labels *clp_build_labels(clp_builder *builder, const clp_onnx_node *node,
                                   const char *texts, const char *ints) {
    clp_slice attribute = clp_onnx_attribute(node, texts), text;
    clp_proto at = clp_proto_begin(&attribute);
    size_t count = 0;
    while (clp_onnx_next_text(&at, &text)) {
        count++;
    }
    if (count == 0) {
        const int64_t *numbers = clp_build_ints(builder, node, ints, &count);
        return numbers ? clp_build_numbered(builder, numbers, count) : NULL;
    }
    const char **names;
    clp_labels *labels = take_labels(builder, count, &names);
    at = clp_proto_begin(&attribute);
    for (size_t i = 0; labels && clp_onnx_next_text(&at, &text); i++) {
        if (!(names[i] = clp_build_text(builder, &text))) {
            return NULL;
        }
    }
    return labels;
}

/* --------------------------------------------------------------- transforms */

clproc_status clp_build_transform(clp_builder *builder, const clp_onnx_node *node,
                                  clp_transform *transform) {
    static const char *const names[] = {[CLP_TRANSFORM_NONE] = "NONE",
                                        [CLP_TRANSFORM_LOGISTIC] = "LOGISTIC",
                                        [CLP_TRANSFORM_SOFTMAX] = "SOFTMAX"};
    clp_slice name = clp_onnx_text(node, "post_transform", "NONE");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (clp_slice_is(&name, names[i])) {
            *transform = (clp_transform)i;
            return CLPROC_OK;
        }
    }
    return clp_build_refuse(builder, node,
                            "its post_transform is none of NONE, LOGISTIC and SOFTMAX");
}

double clp_logistic(double value) {
    double part = exp(-fabs(value));
    return (value < 0 ? part : 1.0) / (1.0 + part);
}

static void softmax_row(const clp_block *block, const clp_span *span, size_t row) {
    double *first = clp_block_column(block, span->place) + row, most = first[0], sum = 0;
    for (size_t c = 1; c < span->columns; c++) {
        double value = first[c * block->pitch];
        most = value > most ? value : most;
    }
    for (size_t c = 0; c < span->columns; c++) {
        double *value = first + c * block->pitch;
        *value = exp(*value - most);
        sum += *value;
    }
    for (size_t c = 0; c < span->columns; c++) {
        first[c * block->pitch] /= sum;
    }
}

void clp_transform_run(const clp_block *block, const clp_span *span, clp_transform transform) {
    if (transform == CLP_TRANSFORM_LOGISTIC) {
        for (size_t c = 0; c < span->columns; c++) {
            double *column = clp_block_column(block, span->place + c);
            for (size_t r = 0; r < block->rows; r++) {
                column[r] = clp_logistic(column[r]);
            }
        }
    } else if (transform == CLP_TRANSFORM_SOFTMAX) {
        for (size_t r = 0; r < block->rows; r++) {
            softmax_row(block, span, r);
        }
    }
}

void clp_transform_both(const clp_block *block, size_t place, clp_transform transform) {
    double *other = clp_block_column(block, place), *known = clp_block_column(block, place + 1);
    for (size_t r = 0; r < block->rows; r++) {
        bool logistic = transform == CLP_TRANSFORM_LOGISTIC;
        other[r] = logistic ? clp_logistic(-known[r]) : 1.0 - known[r];
        known[r] = logistic ? clp_logistic(known[r]) : known[r];
    }
}
