/* A WebP's chunks, as they are found and as they are put together. */
#include <string.h>

#include "codec/webp_private.h"

static uint32_t read_little(const uint8_t *bytes) {
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static void write_little(uint8_t *bytes, uint32_t value, int count) {
    for (int i = 0; i < count; i++) {
        bytes[i] = (uint8_t)(value >> 8 * i);
    }
}

bool clp_webp_is(const clp_webp_chunk *chunk, const char *type) {
    return memcmp(chunk->type, type, 4) == 0;
}

uint64_t clp_webp_size(const uint8_t *bytes) {
    return CLP_WEBP_HEAD + (uint64_t)read_little(bytes + 4);
}

void clp_webp_set_size(uint8_t *file, size_t size) {
    write_little(file + 4, (uint32_t)(size - CLP_WEBP_HEAD), 4);
}

bool clp_webp_next(const uint8_t *bytes, size_t size, size_t *at, clp_webp_chunk *chunk) {
    if (*at > size || size - *at < CLP_WEBP_HEAD) {
        return false;
    }
    size_t length = read_little(bytes + *at + 4), left = size - *at - CLP_WEBP_HEAD;
    *chunk = (clp_webp_chunk){bytes + *at, bytes + *at + CLP_WEBP_HEAD, length};
    *at += CLP_WEBP_HEAD + length + length % 2;
    return length <= left;
}

/* --------------------------------------------------------------- writing */

/** `padding`: the byte behind data of an odd size. */
static clproc_status append_chunk(clp_bytes *file, const char *type, const uint8_t *data,
                                  size_t size, uint8_t padding, clproc_error *error) {
    uint8_t head[CLP_WEBP_HEAD];
    clproc_status status;
    memcpy(head, type, 4);
    write_little(head + 4, (uint32_t)size, 4);
    CLP_TRY(status, out, clp_bytes_append(file, head, sizeof head, error));
    CLP_TRY(status, out, clp_bytes_append(file, data, size, error));
    status = size % 2 ? clp_bytes_append(file, &padding, 1, error) : CLPROC_OK;
out:
    return status;
}

static clproc_status append_block(clp_bytes *file, const char *type, const clp_block *block,
                                  clproc_error *error) {
    return block->size ? append_chunk(file, type, block->data, block->size, 0, error) : CLPROC_OK;
}

/** True of chunks that hold pictures. */
static bool holds_pictures(const clp_webp_chunk *chunk) {
    static const char kept[][5] = {"ANIM", "ANMF", "ALPH", "VP8 ", "VP8L"};
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
        if (clp_webp_is(chunk, kept[i])) {
            return true;
        }
    }
    return false;
}

/** Bits of the extended header. */
enum { ANIMATION = 0x02, XMP = 0x04, EXIF = 0x08, ALPHA = 0x10, ICC = 0x20 };

/** The extended header, where something stands in the file besides one picture in one chunk. */
static clproc_status append_header(clp_bytes *file, const clp_webp_file *from,
                                   const clp_blocks *blocks, clproc_error *error) {
    uint8_t data[10] = {0};
    clp_webp_chunk chunk;
    uint32_t told = 0; /* by the file's own extended header */
    uint32_t flags = (blocks->icc.size ? ICC : 0) | (blocks->exif.size ? EXIF : 0) |
                     (blocks->xmp.size ? XMP : 0);
    for (size_t at = CLP_WEBP_START; clp_webp_next(from->bytes, from->size, &at, &chunk);) {
        if (clp_webp_is(&chunk, "VP8X") && chunk.size > 0) {
            told = chunk.data[0];
        }
        /* A lossy picture whose alpha is lost, but told of, has one all the same: opaque. */
        flags |= clp_webp_is(&chunk, "ANIM")   ? ANIMATION
                 : clp_webp_is(&chunk, "ALPH") ? ALPHA
                 : clp_webp_is(&chunk, "VP8 ") ? told & ALPHA
                                               : 0;
    }
    if (flags == 0) {
        return CLPROC_OK;
    }
    data[0] = (uint8_t)(flags | (from->alpha ? ALPHA : 0));
    write_little(data + 4, from->width - 1, 3);
    write_little(data + 7, from->height - 1, 3);
    return append_chunk(file, "VP8X", data, sizeof data, 0, error);
}

clproc_status clp_webp_assemble(clp_bytes *file, const clp_webp_file *from,
                                const clp_blocks *blocks, clproc_error *error) {
    const uint8_t *end = from->bytes + from->size;
    size_t start = file->size;
    clp_webp_chunk chunk;
    clproc_status status;
    CLP_TRY(status, out, clp_bytes_append(file, "RIFF\0\0\0\0WEBP", CLP_WEBP_START, error));
    CLP_TRY(status, out, append_header(file, from, blocks, error));
    CLP_TRY(status, out, append_block(file, "ICCP", &blocks->icc, error));
    for (size_t at = CLP_WEBP_START; clp_webp_next(from->bytes, from->size, &at, &chunk);) {
        if (holds_pictures(&chunk)) {
            /* Where the data ends early libwebp takes this byte for the next. */
            uint8_t padding = chunk.data + chunk.size < end ? chunk.data[chunk.size] : 0;
            CLP_TRY(status, out,
                    append_chunk(file, (const char *)chunk.type, chunk.data, chunk.size, padding,
                                 error));
        }
    }
    CLP_TRY(status, out, append_block(file, "EXIF", &blocks->exif, error));
    CLP_TRY(status, out, append_block(file, "XMP ", &blocks->xmp, error));
    uint64_t length = file->size - start - CLP_WEBP_HEAD;
    if (length > UINT32_MAX - 1) {
        status = clp_error_set(error, CLPROC_ERROR_UNSUPPORTED,
                               "a WebP has no room for %llu bytes; write another format",
                               (unsigned long long)length);
        goto out;
    }
    clp_webp_set_size(file->data + start, file->size - start);
out:
    return status;
}
