/** What reading and writing WebP share: the file's chunks. Built only where libwebp is there. */
#ifndef CLP_CODEC_WEBP_PRIVATE_H
#define CLP_CODEC_WEBP_PRIVATE_H

#include "codec/codec_private.h"

/** Bytes before the first chunk: "RIFF", a size, "WEBP". And of a chunk before its data. */
enum { CLP_WEBP_START = 12, CLP_WEBP_HEAD = 8 };

/** A chunk, whose data is followed by a byte more where its size is odd. */
typedef struct clp_webp_chunk {
    const uint8_t *type; /**< four letters */
    const uint8_t *data;
    size_t size;
} clp_webp_chunk;

/** Steps through the chunks of a file from `*at`, CLP_WEBP_START at first. False at the end, or
 * where one runs beyond it. */
bool clp_webp_next(const uint8_t *bytes, size_t size, size_t *at, clp_webp_chunk *chunk);
bool clp_webp_is(const clp_webp_chunk *chunk, const char *type);
/** Bytes that the file should have by its own header. */
uint64_t clp_webp_size(const uint8_t *bytes);
/** Has the header of a file say that it is of this size. */
void clp_webp_set_size(uint8_t *file, size_t size);

/** A whole file whose pictures are taken. */
typedef struct clp_webp_file {
    const uint8_t *bytes;
    size_t size;
    uint32_t width, height; /**< of what it shows */
    bool alpha;
} clp_webp_file;

/** Appends a file with the pictures of another one and with other metadata. */
clproc_status clp_webp_assemble(clp_bytes *file, const clp_webp_file *from,
                                const clp_blocks *blocks, clproc_error *error);

#endif
