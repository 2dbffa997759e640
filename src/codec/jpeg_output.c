/* libjpeg's destination over bytes that grow. */
#include "codec/jpeg_private.h"

enum { FIRST_OUTPUT = 1 << 16 };

static void make_room(clp_jpeg_output *output, size_t capacity) {
    clp_bytes *bytes = output->bytes;
    clproc_status status = clp_bytes_reserve(bytes, capacity, output->guard->error);
    if (status != CLPROC_OK) {
        clp_jpeg_fail(output->guard, status);
    }
    output->manager.next_output_byte = bytes->data + bytes->size;
    output->manager.free_in_buffer = bytes->capacity - bytes->size;
}

static void start(j_compress_ptr info) {
    clp_jpeg_output *output = (clp_jpeg_output *)info->dest;
    make_room(output, output->bytes->size + FIRST_OUTPUT);
}

static boolean grow(j_compress_ptr info) {
    clp_jpeg_output *output = (clp_jpeg_output *)info->dest;
    output->bytes->size = output->bytes->capacity;
    make_room(output, output->bytes->capacity + 1);
    return TRUE;
}

static void end(j_compress_ptr info) {
    clp_jpeg_output_settle((clp_jpeg_output *)info->dest);
}

struct jpeg_destination_mgr *clp_jpeg_output_init(clp_jpeg_output *output, clp_bytes *bytes,
                                                  clp_jpeg_guard *guard) {
    *output = (clp_jpeg_output){.bytes = bytes, .guard = guard};
    output->manager.init_destination = start;
    output->manager.empty_output_buffer = grow;
    output->manager.term_destination = end;
    return &output->manager;
}

void clp_jpeg_output_settle(clp_jpeg_output *output) {
    output->bytes->size = output->bytes->capacity - output->manager.free_in_buffer;
}

void clp_jpeg_output_resume(clp_jpeg_output *output) {
    /* libjpeg counts on room for one byte at least. */
    make_room(output, output->bytes->size + 1);
}
