#include "model/onnx.h"

#include <string.h>

#include "core/memory.h"

/* Numbers of fields, as in onnx.proto. */
enum {
    MODEL_GRAPH = 7,
    MODEL_METADATA = 14,
    GRAPH_NODE = 1,
    GRAPH_CONSTANT = 5,
    GRAPH_INPUT = 11,
    GRAPH_OUTPUT = 12,
    NODE_INPUT = 1,
    NODE_OUTPUT = 2,
    NODE_NAME = 3,
    NODE_OP = 4,
    NODE_ATTRIBUTE = 5,
    NODE_DOMAIN = 7,
    ATTRIBUTE_NAME = 1,
    ATTRIBUTE_FLOAT = 2,
    ATTRIBUTE_INT = 3,
    ATTRIBUTE_TEXT = 4,
    ATTRIBUTE_TENSOR = 5,
    ATTRIBUTE_TEXTS = 9,
    TENSOR_DIMS = 1,
    TENSOR_TYPE = 2,
    TENSOR_FLOATS = 4,
    TENSOR_INT32S = 5,
    TENSOR_INT64S = 7,
    TENSOR_NAME = 8,
    TENSOR_RAW = 9,
    TENSOR_DOUBLES = 10,
    TENSOR_LOCATION = 14,
    PORT_NAME = 1,
    PORT_TYPE = 2,
    TYPE_TENSOR = 1,
    TYPE_SEQUENCE = 4,
    TYPE_ELEMENT = 1,
    TYPE_SHAPE = 2,
    SHAPE_DIM = 1,
    DIM_VALUE = 1,
    ENTRY_KEY = 1,
    ENTRY_VALUE = 2
};

/** The last field of this number that is a text or message, as protocol buffers have it. */
static clp_slice find_bytes(const clp_slice *message, uint32_t number) {
    clp_proto proto = clp_proto_begin(message);
    clp_proto_field field;
    clp_slice found = {message->data, 0};
    while (clp_proto_next(&proto, &field)) {
        if (field.number == number && field.wire == CLP_PROTO_BYTES) {
            found = field.bytes;
        }
    }
    return found;
}

/** The same of a number, whose bits it returns; `value` if there is none. */
static uint64_t find_value(const clp_slice *message, uint32_t number, clp_proto_wire wire,
                           uint64_t value) {
    clp_proto proto = clp_proto_begin(message);
    clp_proto_field field;
    while (clp_proto_next(&proto, &field)) {
        if (field.number == number && field.wire == wire) {
            value = field.value;
        }
    }
    return value;
}

/** How many texts or messages of this number there are. */
static size_t count_bytes(const clp_slice *message, uint32_t number) {
    clp_proto proto = clp_proto_begin(message);
    clp_proto_field field;
    size_t count = 0;
    while (clp_proto_next(&proto, &field)) {
        count += field.number == number && field.wire == CLP_PROTO_BYTES;
    }
    return count;
}

static bool sound(const clp_slice *message) {
    clp_proto proto = clp_proto_begin(message);
    clp_proto_field field;
    while (clp_proto_next(&proto, &field)) {
    }
    return !proto.broken;
}

/* ------------------------------------------------------------------- ports */

static void read_port(const clp_slice *message, clp_onnx_port *port) {
    clp_slice type = find_bytes(message, PORT_TYPE), tensor = find_bytes(&type, TYPE_TENSOR);
    clp_slice shape = find_bytes(&tensor, TYPE_SHAPE);
    clp_proto dims = clp_proto_begin(&shape);
    clp_proto_field field;
    *port = (clp_onnx_port){.name = find_bytes(message, PORT_NAME),
                            .sequence = count_bytes(&type, TYPE_SEQUENCE) > 0,
                            .rank = count_bytes(&tensor, TYPE_SHAPE) > 0 ? 0 : -1};
    port->type = (uint32_t)find_value(&tensor, TYPE_ELEMENT, CLP_PROTO_VARINT, CLP_ONNX_UNKNOWN);
    while (port->rank < 3 && clp_proto_next(&dims, &field)) {
        if (field.number == SHAPE_DIM && field.wire == CLP_PROTO_BYTES && ++port->rank == 2) {
            port->columns = (int64_t)find_value(&field.bytes, DIM_VALUE, CLP_PROTO_VARINT, 0);
        }
    }
}

/* ------------------------------------------------------------------- nodes */

static void read_node(const clp_slice *message, clp_onnx_node *node, clp_slice *names) {
    clp_proto proto = clp_proto_begin(message);
    clp_proto_field field;
    *node = (clp_onnx_node){.message = *message,
                            .op = find_bytes(message, NODE_OP),
                            .domain = find_bytes(message, NODE_DOMAIN),
                            .name = find_bytes(message, NODE_NAME),
                            .inputs = names};
    node->input_count = count_bytes(message, NODE_INPUT);
    clp_slice *input = names, *output = names + node->input_count;
    node->outputs = output;
    while (clp_proto_next(&proto, &field)) {
        if (field.number == NODE_INPUT && field.wire == CLP_PROTO_BYTES) {
            *input++ = field.bytes;
        } else if (field.number == NODE_OUTPUT && field.wire == CLP_PROTO_BYTES) {
            *output++ = field.bytes;
        }
    }
    node->output_count = (size_t)(output - node->outputs);
}

/** True if an attribute has this name, which stands before its values: they may be millions. */
static bool is_called(const clp_slice *attribute, const char *name) {
    clp_proto proto = clp_proto_begin(attribute);
    clp_proto_field field;
    while (clp_proto_next(&proto, &field)) {
        if (field.number == ATTRIBUTE_NAME && field.wire == CLP_PROTO_BYTES) {
            return clp_slice_is(&field.bytes, name);
        }
    }
    return false;
}

clp_slice clp_onnx_attribute(const clp_onnx_node *node, const char *name) {
    clp_proto proto = clp_proto_begin(&node->message);
    clp_proto_field field;
    while (clp_proto_next(&proto, &field)) {
        if (field.number == NODE_ATTRIBUTE && field.wire == CLP_PROTO_BYTES &&
            is_called(&field.bytes, name)) {
            return field.bytes;
        }
    }
    return (clp_slice){node->message.data, 0};
}

int64_t clp_onnx_int(const clp_onnx_node *node, const char *name, int64_t value) {
    clp_slice attribute = clp_onnx_attribute(node, name);
    return (int64_t)find_value(&attribute, ATTRIBUTE_INT, CLP_PROTO_VARINT, (uint64_t)value);
}

double clp_onnx_float(const clp_onnx_node *node, const char *name, double value) {
    clp_slice attribute = clp_onnx_attribute(node, name);
    double found = value;
    clp_proto_numbers(&attribute, ATTRIBUTE_FLOAT, CLP_PROTO_FIXED32, &found, 1);
    return found;
}

clp_slice clp_onnx_text(const clp_onnx_node *node, const char *name, const char *value) {
    clp_slice attribute = clp_onnx_attribute(node, name);
    return count_bytes(&attribute, ATTRIBUTE_TEXT) > 0
               ? find_bytes(&attribute, ATTRIBUTE_TEXT)
               : (clp_slice){(const uint8_t *)value, strlen(value)};
}

clp_slice clp_onnx_tensor_of(const clp_onnx_node *node, const char *name) {
    clp_slice attribute = clp_onnx_attribute(node, name);
    return find_bytes(&attribute, ATTRIBUTE_TENSOR);
}

bool clp_onnx_next_text(clp_proto *at, clp_slice *text) {
    clp_proto_field field;
    while (clp_proto_next(at, &field)) {
        if (field.number == ATTRIBUTE_TEXTS && field.wire == CLP_PROTO_BYTES) {
            *text = field.bytes;
            return true;
        }
    }
    return false;
}

/* ----------------------------------------------------------------- tensors */

/** Bytes of an element in raw data; 0 for types that are not read. */
static size_t raw_size(clp_onnx_type type) {
    switch (type) {
    case CLP_ONNX_FLOAT:
    case CLP_ONNX_INT32:
        return 4;
    case CLP_ONNX_INT64:
    case CLP_ONNX_DOUBLE:
        return 8;
    case CLP_ONNX_UINT8:
    case CLP_ONNX_BOOL:
        return 1;
    default:
        return 0;
    }
}

/** Reads elements that are not raw, as clp_proto_numbers() does. */
static size_t listed_elements(const clp_slice *message, clp_onnx_type type, void *out,
                              size_t room) {
    switch (type) {
    case CLP_ONNX_FLOAT:
        return clp_proto_numbers(message, TENSOR_FLOATS, CLP_PROTO_FIXED32, out, room);
    case CLP_ONNX_DOUBLE:
        return clp_proto_numbers(message, TENSOR_DOUBLES, CLP_PROTO_FIXED64, out, room);
    case CLP_ONNX_INT64:
        return clp_proto_numbers(message, TENSOR_INT64S, CLP_PROTO_VARINT, out, room);
    default:
        return clp_proto_numbers(message, TENSOR_INT32S, CLP_PROTO_VARINT, out, room);
    }
}

bool clp_onnx_describe(const clp_slice *message, clp_onnx_tensor *tensor) {
    int64_t dims[2] = {1, 1};
    clp_slice raw = find_bytes(message, TENSOR_RAW);
    *tensor = (clp_onnx_tensor){
        .type = (clp_onnx_type)find_value(message, TENSOR_TYPE, CLP_PROTO_VARINT, 0)};
    size_t rank = clp_proto_numbers(message, TENSOR_DIMS, CLP_PROTO_VARINT, dims, 2);
    size_t size = raw_size(tensor->type);
    if (!sound(message) || rank > 2 || size == 0 || dims[0] < 0 || dims[1] < 0 ||
        find_value(message, TENSOR_LOCATION, CLP_PROTO_VARINT, 0) != 0) {
        return false;
    }
    size_t held = raw.size > 0 ? raw.size / size : listed_elements(message, tensor->type, NULL, 0);
    tensor->rank = (int)rank;
    memcpy(tensor->dims, dims, sizeof dims);
    tensor->count = held;
    return raw.size % size == 0 &&
           (dims[0] == 0 || dims[1] == 0
                ? held == 0
                : (uint64_t)dims[0] <= held && (uint64_t)dims[1] == held / (uint64_t)dims[0] &&
                      held % (uint64_t)dims[0] == 0);
}

static double raw_element(const uint8_t *at, clp_onnx_type type) {
    uint64_t bits = 0;
    for (size_t i = 0; i < raw_size(type); i++) {
        bits |= (uint64_t)at[i] << 8 * i;
    }
    uint32_t half = (uint32_t)bits;
    double number;
    float single;
    switch (type) {
    case CLP_ONNX_FLOAT:
        memcpy(&single, &half, sizeof single);
        return (double)single;
    case CLP_ONNX_DOUBLE:
        memcpy(&number, &bits, sizeof number);
        return number;
    case CLP_ONNX_INT32:
        return (double)(int32_t)half;
    default:
        return (double)(int64_t)bits;
    }
}

void clp_onnx_elements(const clp_slice *message, const clp_onnx_tensor *tensor, double *out) {
    clp_slice raw = find_bytes(message, TENSOR_RAW);
    if (raw.size > 0) {
        for (size_t i = 0; i < tensor->count; i++) {
            out[i] = raw_element(raw.data + i * raw_size(tensor->type), tensor->type);
        }
        return;
    }
    listed_elements(message, tensor->type, out, tensor->count);
    if (tensor->type != CLP_ONNX_FLOAT && tensor->type != CLP_ONNX_DOUBLE) {
        for (size_t i = 0; i < tensor->count; i++) {
            int64_t whole;
            memcpy(&whole, &out[i], sizeof whole);
            out[i] = (double)whole;
        }
    }
}

/* ------------------------------------------------------------------- graph */

static clproc_status broken(clproc_error *error) {
    return clp_error_set(error, CLPROC_ERROR_ARGUMENT,
                         "is no ONNX model, or not all of one; export it again");
}

/** Counts what the graph has, within bounds, and takes memory for it. */
static clproc_status make_room(clp_onnx *onnx, const clp_slice *graph, clproc_error *error) {
    const clp_memory_site site = CLP_MEMORY_OTHER;
    clp_proto proto = clp_proto_begin(graph);
    clp_proto_field field;
    size_t names = 0;
    size_t nodes = count_bytes(graph, GRAPH_NODE), constants = count_bytes(graph, GRAPH_CONSTANT);
    size_t inputs = count_bytes(graph, GRAPH_INPUT), outputs = count_bytes(graph, GRAPH_OUTPUT);
    while (clp_proto_next(&proto, &field)) {
        if (field.number == GRAPH_NODE && field.wire == CLP_PROTO_BYTES) {
            if (!sound(&field.bytes)) {
                return broken(error);
            }
            names += count_bytes(&field.bytes, NODE_INPUT) + count_bytes(&field.bytes, NODE_OUTPUT);
        }
    }
    if (proto.broken || nodes == 0 || outputs == 0) {
        return broken(error);
    }
    if (nodes > CLP_ONNX_MOST || constants > CLP_ONNX_MOST || inputs > CLP_ONNX_MOST ||
        outputs > CLP_ONNX_MOST || names > CLP_ONNX_MOST) {
        return clp_error_set(error, CLPROC_ERROR_ARGUMENT,
                             "has more than %d operators, tensors or names; no model that is "
                             "supported is as large",
                             CLP_ONNX_MOST);
    }
    onnx->nodes = clp_memory_zero(site, nodes, sizeof *onnx->nodes);
    onnx->constants = clp_memory_zero(site, constants + 1, sizeof *onnx->constants);
    onnx->inputs = clp_memory_zero(site, inputs + 1, sizeof *onnx->inputs);
    onnx->outputs = clp_memory_zero(site, outputs, sizeof *onnx->outputs);
    onnx->names = clp_memory_zero(site, names + 1, sizeof *onnx->names);
    return onnx->nodes && onnx->constants && onnx->inputs && onnx->outputs && onnx->names
               ? CLPROC_OK
               : clp_error_memory(error, "a model's graph", names * sizeof *onnx->names);
}

static void take_graph(clp_onnx *onnx, const clp_slice *graph) {
    clp_proto proto = clp_proto_begin(graph);
    clp_proto_field field;
    clp_slice *names = onnx->names;
    while (clp_proto_next(&proto, &field)) {
        clp_onnx_node *node = &onnx->nodes[onnx->node_count];
        if (field.wire != CLP_PROTO_BYTES) {
            continue;
        }
        switch (field.number) {
        case GRAPH_NODE:
            read_node(&field.bytes, node, names);
            names += node->input_count + node->output_count;
            onnx->node_count++;
            break;
        case GRAPH_CONSTANT:
            onnx->constants[onnx->constant_count++] =
                (clp_onnx_constant){find_bytes(&field.bytes, TENSOR_NAME), field.bytes};
            break;
        case GRAPH_INPUT:
            read_port(&field.bytes, &onnx->inputs[onnx->input_count++]);
            break;
        case GRAPH_OUTPUT:
            read_port(&field.bytes, &onnx->outputs[onnx->output_count++]);
            break;
        default:
            break;
        }
    }
}

clproc_status clp_onnx_read(clp_onnx *onnx, const clp_slice *file, clproc_error *error) {
    clp_proto proto = clp_proto_begin(file);
    clp_proto_field field;
    clp_slice graph = find_bytes(file, MODEL_GRAPH);
    *onnx = (clp_onnx){0};
    if (!sound(file) || graph.size == 0) {
        return broken(error);
    }
    while (clp_proto_next(&proto, &field)) {
        if (field.number == MODEL_METADATA && field.wire == CLP_PROTO_BYTES) {
            clp_slice key = find_bytes(&field.bytes, ENTRY_KEY);
            if (clp_slice_is(&key, "feature_names")) {
                onnx->feature_names = find_bytes(&field.bytes, ENTRY_VALUE);
            }
        }
    }
    clproc_status status = make_room(onnx, &graph, error);
    if (status == CLPROC_OK) {
        take_graph(onnx, &graph);
    } else {
        clp_onnx_free(onnx);
    }
    return status;
}

void clp_onnx_free(clp_onnx *onnx) {
    clp_memory_free(onnx->nodes);
    clp_memory_free(onnx->constants);
    clp_memory_free(onnx->inputs);
    clp_memory_free(onnx->outputs);
    clp_memory_free(onnx->names);
    *onnx = (clp_onnx){0};
}
