/** Protocol buffers, as far as ONNX needs them: the fields of one message, one after the other. A
 * message within is a slice of bytes that is read in the same way, so nothing recurses. */
#ifndef CLP_MODEL_PROTO_H
#define CLP_MODEL_PROTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Bytes of a file: a text, a message or packed numbers. */
typedef struct clp_slice {
    const uint8_t *data;
    size_t size;
} clp_slice;

bool clp_slice_is(const clp_slice *slice, const char *text);
bool clp_slice_same(const clp_slice *a, const clp_slice *b);

typedef enum clp_proto_wire {
    CLP_PROTO_VARINT = 0,
    CLP_PROTO_FIXED64 = 1,
    CLP_PROTO_BYTES = 2,
    CLP_PROTO_FIXED32 = 5
} clp_proto_wire;

typedef struct clp_proto_field {
    uint32_t number;
    clp_proto_wire wire;
    uint64_t value;  /**< of a varint or fixed number, its bits */
    clp_slice bytes; /**< of CLP_PROTO_BYTES */
} clp_proto_field;

/** Where reading has come to; begins with the whole message. */
typedef struct clp_proto {
    const uint8_t *at, *end;
    bool broken; /**< what follows is no field */
} clp_proto;

clp_proto clp_proto_begin(const clp_slice *message);
/** The next field; false at the end, and where `broken` is set. */
bool clp_proto_next(clp_proto *proto, clp_proto_field *field);

/** Reads the numbers of a repeated field, packed or not: varints as int64_t, floats and doubles as
 * double. Returns how many there are, and writes up to `room` of them. What is broken ends them. */
size_t clp_proto_numbers(const clp_slice *message, uint32_t number, clp_proto_wire wire, void *out,
                         size_t room);

#endif
