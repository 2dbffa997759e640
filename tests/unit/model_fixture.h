/** ONNX files in the making, for the tests of models. */
#ifndef MODEL_FIXTURE_H
#define MODEL_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "model/model.h"

typedef struct message {
    uint8_t data[4096];
    size_t size;
} message;

static inline void put_varint(message *to, uint64_t value) {
    assert_true(to->size + 10 <= sizeof to->data);
    for (; value >= 0x80; value >>= 7) {
        to->data[to->size++] = (uint8_t)(value | 0x80);
    }
    to->data[to->size++] = (uint8_t)value;
}

static inline void put_int(message *to, uint32_t field, int64_t value) {
    put_varint(to, field << 3);
    put_varint(to, (uint64_t)value);
}

static inline void put_float(message *to, uint32_t field, float value) {
    put_varint(to, field << 3 | 5);
    memcpy(to->data + to->size, &value, sizeof value);
    to->size += sizeof value;
}

static inline void put_bytes(message *to, uint32_t field, const void *data, size_t size) {
    put_varint(to, field << 3 | 2);
    put_varint(to, size);
    assert_true(to->size + size <= sizeof to->data);
    memcpy(to->data + to->size, data, size);
    to->size += size;
}

static inline void put_text(message *to, uint32_t field, const char *text) {
    put_bytes(to, field, text, strlen(text));
}

static inline void put_message(message *to, uint32_t field, const message *inner) {
    put_bytes(to, field, inner->data, inner->size);
}

static inline void put_ints(message *node, const char *name, const int64_t *values, size_t count) {
    message attribute = {.size = 0};
    put_text(&attribute, 1, name);
    for (size_t i = 0; i < count; i++) {
        put_int(&attribute, 8, values[i]);
    }
    put_message(node, 5, &attribute);
}

static inline void put_floats(message *node, const char *name, const float *values, size_t count) {
    message attribute = {.size = 0};
    put_text(&attribute, 1, name);
    for (size_t i = 0; i < count; i++) {
        put_float(&attribute, 7, values[i]);
    }
    put_message(node, 5, &attribute);
}

static inline void put_whole(message *node, const char *name, int64_t value) {
    message attribute = {.size = 0};
    put_text(&attribute, 1, name);
    put_int(&attribute, 3, value);
    put_message(node, 5, &attribute);
}

static inline message begin_node(const char *op, const char *domain, const char *in,
                                 const char *out) {
    message node = {.size = 0};
    put_text(&node, 1, in);
    put_text(&node, 2, out);
    put_text(&node, 4, op);
    put_text(&node, 7, domain);
    return node;
}

/** An input of numbers of a type, or an output; of -1 columns: of one dimension. */
static inline void put_port_of(message *graph, uint32_t field, const char *name, int64_t columns,
                               int64_t numbers) {
    message port = {.size = 0}, type = {.size = 0}, tensor = {.size = 0}, shape = {.size = 0},
            any = {.size = 0}, dim = {.size = 0};
    put_text(&any, 2, "N");
    put_int(&dim, 1, columns);
    put_message(&shape, 1, &any);
    if (columns >= 0) {
        put_message(&shape, 1, &dim);
    }
    put_int(&tensor, 1, numbers);
    put_message(&tensor, 2, &shape);
    put_message(&type, 1, &tensor);
    put_text(&port, 1, name);
    put_message(&port, 2, &type);
    put_message(graph, field, &port);
}

/** The same of floats. */
static inline void put_port(message *graph, uint32_t field, const char *name, int64_t columns) {
    put_port_of(graph, field, name, columns, 1);
}

/** A model of nodes from X, of so many columns, to Y. */
static inline message make_model(const message *nodes, size_t count, int64_t columns) {
    message model = {.size = 0}, graph = {.size = 0};
    for (size_t i = 0; i < count; i++) {
        put_message(&graph, 1, &nodes[i]);
    }
    put_port(&graph, 11, "X", columns);
    put_port(&graph, 12, "Y", 0);
    put_int(&model, 1, 8);
    put_message(&model, 7, &graph);
    return model;
}

static inline clp_onnx_model *open_model(const message *file) {
    clproc_error error = {0};
    clp_onnx_model *model = NULL;
    if (clp_model_read(&model, file->data, file->size, &error) != CLPROC_OK) {
        fail_msg("refused: %s", error.message);
    }
    return model;
}

static inline void expect_refused(const message *file, const char *why) {
    clproc_error error = {0};
    clp_onnx_model *model = NULL;
    assert_int_equal(clp_model_read(&model, file->data, file->size, &error), CLPROC_ERROR_ARGUMENT);
    assert_null(model);
    if (!strstr(error.message, why)) {
        fail_msg("\"%s\" was expected in: %s", why, error.message);
    }
}

#endif
