/* Hostile pictures that go through without being decoded. */
#include "fuzz_picture.h"

typedef struct trial {
    clp_decoder *decoder;
    clp_encoder *encoder;
    clp_header header;
    clp_layout layout;
} trial;

/** Decodes a file that must be without a flaw if `whole`; NULL where it fails. */
static uint8_t *decode(trial *t, const uint8_t *data, size_t size, bool whole) {
    clproc_error error;
    clp_decode_result result;
    clproc_status status = clp_decoder_open(t->decoder, data, size, &fuzz_limits,
                                            CLPROC_FAIL_ON_WARNING, &t->header, &error);
    if (status == CLPROC_OK) {
        const clp_decode_request request = {t->header.model, 8};
        status = clp_decoder_layout(t->decoder, &request, &t->layout, &error);
    }
    FUZZ_PROMISE(!whole || status == CLPROC_OK);
    if (status != CLPROC_OK) {
        return NULL;
    }
    uint8_t *base = aligned_alloc(CLP_PITCH_ALIGN, t->layout.bytes);
    FUZZ_PROMISE(base);
    memset(base, 0xa5, t->layout.bytes);
    status = clp_decoder_read(t->decoder, &t->layout, base, &result, &error);
    FUZZ_PROMISE(!whole || status == CLPROC_OK || error.status == CLPROC_ERROR_LIMIT);
    if (status != CLPROC_OK) {
        free(base);
        base = NULL;
    }
    return base;
}

/** What has no flaw is the same picture without its metadata. */
static void rewrite(trial *t, const uint8_t *data, size_t size) {
    const uint8_t *made = NULL;
    size_t made_size;
    clproc_error error;
    clp_layout layout;
    uint8_t *before = decode(t, data, size, false), *after = NULL;
    layout = t->layout;
    if (fuzz_failed(clp_decoder_open(t->decoder, data, size, &fuzz_limits, CLPROC_FAIL_ON_NONE,
                                     &t->header, &error),
                    &error)) {
        goto out;
    }
    const clp_encode_params params = {.format = t->header.format};
    if (!fuzz_failed(
            clp_encoder_rewrite(t->encoder, t->decoder, &params, &made, &made_size, &error),
            &error) &&
        made && before) {
        after = decode(t, made, made_size, true);
        FUZZ_PROMISE(after && t->layout.bytes == layout.bytes);
        FUZZ_PROMISE(!t->header.blocks.exif.data && !t->header.blocks.xmp.data &&
                     !t->header.blocks.icc.data && !t->header.blocks.iptc.data);
        FUZZ_PROMISE(t->header.blocks.notes.size == 0);
        fuzz_compare(&layout, before, after);
    }
out:
    free(before);
    free(after);
}

/** Whatever was tolerated, what comes out is whole. */
static void move(trial *t, const uint8_t *data, size_t size) {
    const uint8_t *made = NULL;
    size_t made_size;
    clproc_error error;
    clp_header *header = &t->header;
    clproc_fail_on fail_on = (clproc_fail_on)(size % 4);
    if (fuzz_failed(clp_decoder_open(t->decoder, data, size, &fuzz_limits, fail_on, header, &error),
                    &error) ||
        header->format != CLPROC_FORMAT_JPEG) {
        return;
    }
    clp_move m = {.flip_x = size & 4,
                  .flip_y = size & 8,
                  .transpose = size & 16,
                  .x0 = (uint32_t)(size % 7) < header->width ? (uint32_t)(size % 7) : 0,
                  .x1 = header->width,
                  .y1 = header->height};
    const clp_encode_params params = {.format = CLPROC_FORMAT_JPEG};
    if (fuzz_failed(clp_move_fit(&m, header, true, &error), &error)) {
        return;
    }
    FUZZ_PROMISE(clp_move_bytes(&m, header) > 0);
    if (!fuzz_failed(
            clp_encoder_move(t->encoder, t->decoder, &m, &params, &made, &made_size, &error),
            &error)) {
        uint8_t *after = decode(t, made, made_size, true);
        FUZZ_PROMISE(header->width == clp_move_width(&m) && header->height == clp_move_height(&m));
        free(after);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    clproc_error error;
    trial t = {0};
    FUZZ_PROMISE(clp_decoder_create(&t.decoder, &error) == CLPROC_OK);
    FUZZ_PROMISE(clp_encoder_create(&t.encoder, &error) == CLPROC_OK);
    rewrite(&t, data, size);
    move(&t, data, size);
    clp_encoder_destroy(&t.encoder);
    clp_decoder_destroy(&t.decoder);
    return 0;
}
