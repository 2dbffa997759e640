/** What the fuzz targets share. Each defines LLVMFuzzerTestOneInput(), which must return for any
 * bytes, and aborts where a promise is broken. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/** Ends the program, so that the input is kept, if a promise is broken. */
#define FUZZ_PROMISE(condition)                                                                    \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: broken promise: %s\n", __FILE__, __LINE__, #condition);        \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/** Small, so that one input takes milliseconds. */
static const clp_limits fuzz_limits = {
    .pixels = 1 << 18, .side = 4096, .scans = 20, .seconds = 2, .chunk_bytes = 1 << 20};

/** Every failure must say why. */
static inline bool fuzz_failed(clproc_status status, const clproc_error *error) {
    FUZZ_PROMISE(status == CLPROC_OK || (error->status == status && error->message[0]));
    FUZZ_PROMISE(status != CLPROC_ERROR_INTERNAL);
    return status != CLPROC_OK;
}

/** The kinds of metadata, by their place in clp_blocks. */
typedef enum fuzz_block { FUZZ_EXIF, FUZZ_ICC, FUZZ_XMP, FUZZ_IPTC } fuzz_block;

typedef void (*fuzz_block_fn)(const uint8_t *data, size_t size);

/** Calls `use` with the input, or, if that is a picture, with its block of this kind: seeds may be
 * pictures. */
static inline void fuzz_with_block(const uint8_t *data, size_t size, fuzz_block kind,
                                   fuzz_block_fn use) {
    clp_decoder *decoder = NULL;
    clp_header header;
    clproc_error error;
    if (size == 0) {
        return; /* no block is empty */
    }
    if (!clp_codec_recognise(data, size, NULL)) {
        use(data, size);
        return;
    }
    if (clp_decoder_create(&decoder, &error) == CLPROC_OK &&
        clp_decoder_open(decoder, data, size, &fuzz_limits, CLPROC_FAIL_ON_NONE, &header, &error) ==
            CLPROC_OK) {
        const clp_block *blocks[] = {&header.blocks.exif, &header.blocks.icc, &header.blocks.xmp,
                                     &header.blocks.iptc};
        if (blocks[kind]->data) {
            use(blocks[kind]->data, blocks[kind]->size);
        }
    }
    clp_decoder_destroy(&decoder);
}

#endif
