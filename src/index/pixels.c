#include "index/pixels.h"

#include <xxhash.h>

#include "core/memory.h"

/** Rows on their way into the digest. */
typedef struct hashing {
    XXH3_state_t *state;
    uint8_t *rows;       /**< room for CLP_DECODED_ROWS of them, used in turn, or for all */
    size_t pitch, bytes; /**< from row to row, and of a row's samples */
    uint32_t room;       /**< rows that there is room for */
    uint32_t done;
} hashing;

static uint8_t *place(void *user, uint32_t plane, uint32_t row) {
    const hashing *h = user;
    (void)plane; /* there is one */
    return h->rows + (row % h->room) * h->pitch;
}

/** Takes the rows up to `end`. Samples of 16 bits have the host's order, which is the low byte
 * first. */
static clproc_status advance(void *user, const uint32_t end[CLP_MAX_PLANES], clproc_error *error) {
    hashing *h = user;
    for (; h->done < end[0]; h->done++) {
        if (XXH3_128bits_update(h->state, place(h, 0, h->done), h->bytes) != XXH_OK) {
            return clp_error_set(error, CLPROC_ERROR_INTERNAL, "the digest cannot be made");
        }
    }
    return CLPROC_OK;
}

static clproc_status decode(clp_decoder *decoder, const clp_layout *layout, hashing *h,
                            clp_decode_result *result, clproc_error *error) {
    const clp_row_sink sink = {.place = place, .advance = advance, .user = h};
    if (h->room < layout->height) {
        return clp_decoder_read_rows(decoder, layout, &sink, result, error);
    }
    clproc_status status = clp_decoder_read(decoder, layout, h->rows, result, error);
    return status == CLPROC_OK ? advance(h, (const uint32_t[CLP_MAX_PLANES]){layout->height}, error)
                               : status;
}

/** Room for the rows, within the bound. */
static clproc_status find_room(const clp_decoder *decoder, const clp_header *header, size_t size,
                               const clp_layout *layout, const clp_pixels_bounds *bounds,
                               hashing *h, clproc_error *error) {
    const clp_plane *plane = &layout->planes[0];
    bool few = clp_decoder_has_rows(decoder) && layout->height > CLP_DECODED_ROWS;
    size_t bytes = few ? plane->pitch * CLP_DECODED_ROWS : layout->bytes;
    uint64_t needed = clp_codec_read_bytes(header, size);
    h->pitch = plane->pitch;
    h->bytes = (size_t)plane->width * plane->channels * (layout->depth / 8);
    h->room = few ? CLP_DECODED_ROWS : layout->height;
    if (needed > bounds->memory || bytes > bounds->memory - needed ||
        size > bounds->memory - needed - bytes) {
        return clp_error_set(error, CLPROC_ERROR_LIMIT,
                             "takes more than its thread's share of memory, %llu MB; raise "
                             "--memory or lower --jobs",
                             (unsigned long long)(bounds->memory >> 20));
    }
    h->rows = clp_memory_alloc(CLP_MEMORY_PIXELS, bytes);
    h->state = XXH3_createState();
    if (!h->rows || !h->state || XXH3_128bits_reset(h->state) != XXH_OK) {
        return clp_error_memory(error, "a picture", bytes);
    }
    return CLPROC_OK;
}

clproc_status clp_pixels_digest(clp_decoder *decoder, const uint8_t *file, size_t size,
                                const clp_pixels_bounds *bounds, clp_digest *digest,
                                clproc_error *error) {
    clp_header header;
    clp_decode_request request = {.eighths = 8};
    clp_decode_result result = {0};
    clp_layout layout;
    hashing h = {0};
    clproc_status status;
    clp_decoder_heed(decoder, bounds->cancel);
    CLP_TRY(status, out,
            clp_decoder_open(decoder, file, size, &bounds->limits, CLPROC_FAIL_ON_NONE, &header,
                             error));
    request.model = header.model == CLP_MODEL_YCC ? CLP_MODEL_RGB : header.model;
    CLP_TRY(status, out, clp_decoder_layout(decoder, &request, &layout, error));
    CLP_TRY(status, out, find_room(decoder, &header, size, &layout, bounds, &h, error));
    CLP_TRY(status, out, decode(decoder, &layout, &h, &result, error));
    if (result.flaws & (CLP_FLAW_CORRUPT | CLP_FLAW_TRUNCATED)) {
        status = clp_error_set(error, CLPROC_ERROR_INPUT, "%s", result.message);
        goto out;
    }
    XXH128_hash_t hash = XXH3_128bits_digest(h.state);
    *digest = clp_digest_make(hash.high64, hash.low64);
out:
    clp_decoder_close(decoder);
    clp_memory_free(h.rows);
    XXH3_freeState(h.state);
    return status;
}
