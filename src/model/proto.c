#include "model/proto.h"

#include <string.h>

bool clp_slice_same(const clp_slice *a, const clp_slice *b) {
    return a->size == b->size && (a->size == 0 || memcmp(a->data, b->data, a->size) == 0);
}

bool clp_slice_is(const clp_slice *slice, const char *text) {
    clp_slice other = {(const uint8_t *)text, strlen(text)};
    return clp_slice_same(slice, &other);
}

clp_proto clp_proto_begin(const clp_slice *message) {
    return (clp_proto){.at = message->data, .end = message->data + message->size};
}

static uint64_t read_varint(clp_proto *proto) {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (proto->at == proto->end) {
            break;
        }
        uint8_t byte = *proto->at++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            return value;
        }
    }
    proto->broken = true;
    return 0;
}

static uint64_t read_fixed(clp_proto *proto, size_t size) {
    uint64_t value = 0;
    if ((size_t)(proto->end - proto->at) < size) {
        proto->broken = true;
        return 0;
    }
    for (size_t i = 0; i < size; i++) {
        value |= (uint64_t)proto->at[i] << 8 * i;
    }
    proto->at += size;
    return value;
}

static clp_slice read_bytes(clp_proto *proto) {
    uint64_t size = read_varint(proto);
    if (proto->broken || size > (size_t)(proto->end - proto->at)) {
        proto->broken = true;
        return (clp_slice){proto->at, 0};
    }
    clp_slice bytes = {proto->at, (size_t)size};
    proto->at += bytes.size;
    return bytes;
}

bool clp_proto_next(clp_proto *proto, clp_proto_field *field) {
    if (proto->broken || proto->at == proto->end) {
        return false;
    }
    uint64_t tag = read_varint(proto);
    *field = (clp_proto_field){.number = (uint32_t)(tag >> 3), .wire = tag & 7};
    switch (tag & 7) {
    case CLP_PROTO_VARINT:
        field->value = read_varint(proto);
        break;
    case CLP_PROTO_FIXED64:
        field->value = read_fixed(proto, 8);
        break;
    case CLP_PROTO_FIXED32:
        field->value = read_fixed(proto, 4);
        break;
    case CLP_PROTO_BYTES:
        field->bytes = read_bytes(proto);
        break;
    default: /* groups, which ONNX has not */
        proto->broken = true;
    }
    proto->broken |= tag >> 3 == 0 || tag >> 3 > UINT32_MAX;
    return !proto->broken;
}

/** Writes the number whose bits these are. */
static void put_number(clp_proto_wire wire, uint64_t bits, void *out, size_t index) {
    if (wire == CLP_PROTO_VARINT) {
        ((int64_t *)out)[index] = (int64_t)bits;
    } else if (wire == CLP_PROTO_FIXED64) {
        memcpy((double *)out + index, &bits, sizeof bits);
    } else {
        uint32_t half = (uint32_t)bits;
        float number;
        memcpy(&number, &half, sizeof half);
        ((double *)out)[index] = (double)number;
    }
}

/** As read_fixed() or read_varint(). */
static uint64_t read_number(clp_proto *proto, clp_proto_wire wire) {
    return wire == CLP_PROTO_VARINT ? read_varint(proto)
                                    : read_fixed(proto, wire == CLP_PROTO_FIXED64 ? 8 : 4);
}

size_t clp_proto_numbers(const clp_slice *message, uint32_t number, clp_proto_wire wire, void *out,
                         size_t room) {
    clp_proto proto = clp_proto_begin(message);
    clp_proto_field field;
    size_t count = 0;
    while (clp_proto_next(&proto, &field)) {
        clp_proto packed = clp_proto_begin(&field.bytes); /* empty, unless it is packed */
        if (field.number != number) {
            continue;
        }
        if (field.wire == wire) {
            if (count < room) {
                put_number(wire, field.value, out, count);
            }
            count++;
        }
        while (packed.at < packed.end) {
            uint64_t bits = read_number(&packed, wire);
            if (packed.broken) {
                break;
            }
            if (count < room) {
                put_number(wire, bits, out, count);
            }
            count++;
        }
    }
    return count;
}
