/* Whether the linked libjpeg reads at two sizes in one reading what it reads in two. */
#include "codec/jpeg_small.h"

#include <string.h>

#include "codec/jpeg_drawn.h"
#include "core/memory.h"

/** Each picture, and the sizes that it is decoded at together. */
static const struct trial {
    clp_jpeg_drawn drawn;
    uint32_t eighths, small;
} trials[] = {{{2, 90, false}, 8, 1}, {{0, 85, true}, 8, 1}, {{1, 100, true}, 4, 1},
              {{2, 75, true}, 2, 1},  {{2, 10, true}, 8, 2}, {{1, 50, true}, 8, 4}};

static bool is_same(const clp_layout *layout, const uint8_t *a, const uint8_t *b) {
    bool same = true;
    for (uint32_t i = 0; i < layout->plane_count; i++) {
        const clp_plane *plane = &layout->planes[i];
        for (uint32_t y = 0; same && y < plane->height; y++) {
            size_t at = plane->offset + y * plane->pitch;
            same = memcmp(a + at, b + at, plane->width) == 0;
        }
    }
    return same;
}

/** Decodes at both sizes in one reading; `small` is what comes of the smaller one, or stays. */
static clproc_status decode_both(clp_decoder *decoder, const struct trial *trial,
                                 const uint8_t *file, size_t size, const clp_layout *layout,
                                 uint8_t *small, bool *made, clproc_error *error) {
    static const clp_limits none = {0};
    clp_header header;
    clp_layout larger;
    clp_decode_result result = {0};
    uint8_t *planes = NULL;
    clproc_status status;
    CLP_TRY(status, out,
            clp_decoder_open(decoder, file, size, &none, CLPROC_FAIL_ON_WARNING, &header, error));
    clp_decode_request both[] = {{header.model, trial->small}, {header.model, trial->eighths}};
    (void)clp_decoder_add_small(decoder, &both[0], layout, small);
    CLP_TRY(status, out, clp_decoder_layout(decoder, &both[1], &larger, error));
    planes = clp_memory_alloc(CLP_MEMORY_CODEC, larger.bytes);
    if (!planes) {
        status = clp_error_memory(error, "a JPEG to try", larger.bytes);
        goto out;
    }
    status = clp_decoder_read(decoder, &larger, planes, &result, error);
    *made = result.small;
out:
    clp_memory_free(planes);
    return status;
}

static clproc_status try_one(const struct trial *trial, clp_decoder *decoder, clp_encoder *encoder,
                             bool *agrees, clproc_error *error) {
    const uint8_t *file;
    size_t size;
    clp_layout layout;
    uint8_t *wanted = NULL, *small = NULL;
    clproc_status status;
    *agrees = false;
    CLP_TRY(status, out, clp_jpeg_drawn_encode(&trial->drawn, encoder, &file, &size, error));
    CLP_TRY(status, out,
            clp_jpeg_drawn_decode(decoder, file, size, trial->small, &layout, &wanted, error));
    small = clp_memory_zero(CLP_MEMORY_CODEC, 1, layout.bytes);
    if (!small) {
        status = clp_error_memory(error, "a JPEG to try", layout.bytes);
        goto out;
    }
    CLP_TRY(status, out, decode_both(decoder, trial, file, size, &layout, small, agrees, error));
    *agrees = *agrees && is_same(&layout, wanted, small);
out:
    clp_memory_free(wanted);
    clp_memory_free(small);
    return status;
}

bool clp_jpeg_small_try(void) {
    clp_decoder *decoder = NULL;
    clp_encoder *encoder = NULL;
    bool agrees = false;
    clproc_error error;
    clproc_status status;
    CLP_TRY(status, out, clp_decoder_create(&decoder, &error));
    CLP_TRY(status, out, clp_encoder_create(&encoder, &error));
    agrees = true;
    for (size_t i = 0; agrees && i < sizeof trials / sizeof *trials; i++) {
        CLP_TRY(status, out, try_one(&trials[i], decoder, encoder, &agrees, &error));
    }
out:
    clp_decoder_destroy(&decoder);
    clp_encoder_destroy(&encoder);
    return status == CLPROC_OK && agrees;
}
