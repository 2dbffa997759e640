#include "codec/jpeg_scan_trial.h"

#include <string.h>

#include "codec/jpeg_scan.h"
#include "codec/jpeg_scan_write.h"
#include "core/memory.h"

/** What each picture is made of. */
typedef struct recipe {
    uint32_t step; /**< of chroma; 0: gray */
    int quality, quality_again;
    uint32_t eighths;
    bool extremes;
} recipe;

static const recipe recipes[CLP_JPEG_TRIALS] = {
    {2, 90, 90, 8, false}, {0, 100, 100, 8, true}, {1, 50, 75, 8, true}, {2, 10, 1, 8, true},
    {2, 85, 50, 4, false}, {1, 95, 95, 4, true},   {2, 75, 90, 2, true}, {2, 85, 95, 1, true}};

enum { WIDTH = 200, HEIGHT = 136 };

static uint8_t sample(uint32_t *seed, uint32_t x, uint32_t y, bool extremes) {
    *seed = *seed * 1664525u + 1013904223u;
    uint32_t random = *seed >> 24;
    /* Here and there calm, so that runs of zeros come in all lengths. */
    return extremes && (x / 16 + y / 16) % 2 ? (random & 1 ? 255 : 0)
           : (x / 16 + y / 16) % 3 == 0      ? (uint8_t)(4 * x + y + random / 32)
                                             : (uint8_t)random;
}

/** An original: its layout and samples. */
static clproc_status draw(const recipe *r, clp_layout *layout, uint8_t **base,
                          clproc_error *error) {
    uint32_t seed = r->step + (uint32_t)r->quality;
    *layout = (clp_layout){.model = r->step ? CLP_MODEL_YCC : CLP_MODEL_GRAY,
                           .depth = 8,
                           .width = WIDTH,
                           .height = HEIGHT,
                           .plane_count = r->step ? 3 : 1};
    for (uint32_t i = 0; i < 3; i++) {
        layout->planes[i].h_step = layout->planes[i].v_step = i && r->step ? r->step : 1;
    }
    *base = clp_layout_place(layout) ? clp_memory_zero(CLP_MEMORY_CODEC, 1, layout->bytes) : NULL;
    if (!*base) {
        return clp_error_memory(error, "a JPEG to try", layout->bytes);
    }
    for (uint32_t i = 0; i < layout->plane_count; i++) {
        const clp_plane *plane = &layout->planes[i];
        for (uint32_t y = 0; y < plane->height; y++) {
            for (uint32_t x = 0; x < plane->width; x++) {
                (*base)[plane->offset + y * plane->pitch + x] = sample(&seed, x, y, r->extremes);
            }
        }
    }
    return CLPROC_OK;
}

/** Packs a file; its package and, in it, its scan are the caller's. */
static clproc_status pack(clp_jpeg_scan *scan, const uint8_t *file, size_t size, uint8_t **packed,
                          size_t *packed_bytes, clproc_error *error) {
    const char *why = clp_jpeg_scan_parse(scan, file, size);
    if (!why) {
        *packed = clp_memory_zero(CLP_MEMORY_CODEC, 1, scan->bound);
        if (!*packed) {
            return clp_error_memory(error, "a JPEG to try", scan->bound);
        }
        why = clp_jpeg_scan_pack(scan, *packed, packed_bytes);
    }
    return why ? clp_error_set(error, CLPROC_ERROR_INTERNAL, "a JPEG to try is %s", why)
               : CLPROC_OK;
}

/** What libjpeg makes of a file. */
static clproc_status decode(clp_decoder *decoder, const uint8_t *file, size_t size,
                            uint32_t eighths, clp_jpeg_trial *trial, clproc_error *error) {
    static const clp_limits none = {0};
    clp_header header;
    clp_decode_result result;
    clproc_status status;
    CLP_TRY(status, out,
            clp_decoder_open(decoder, file, size, &none, CLPROC_FAIL_ON_WARNING, &header, error));
    clp_decode_request request = {header.model, eighths};
    CLP_TRY(status, out, clp_decoder_layout(decoder, &request, &trial->layout, error));
    trial->planes = clp_memory_zero(CLP_MEMORY_CODEC, 1, trial->layout.bytes);
    if (!trial->planes) {
        return clp_error_memory(error, "a JPEG to try", trial->layout.bytes);
    }
    status = clp_decoder_read(decoder, &trial->layout, trial->planes, &result, error);
out:
    return status;
}

/** Encodes the decoded planes, for what the device's encoder should do with them. */
static clproc_status encode_again(clp_encoder *encoder, int quality, clp_jpeg_trial *trial,
                                  clproc_error *error) {
    const clp_encode_params params = {.format = CLPROC_FORMAT_JPEG, .quality = quality};
    const uint8_t *file;
    size_t size, packed_bytes;
    uint8_t *packed = NULL;
    clp_jpeg_scan scan;
    clproc_status status;
    CLP_TRY(status, out, clp_jpeg_encode_tables_make(&trial->tables, quality, error));
    CLP_TRY(
        status, out,
        clp_encoder_write(encoder, &trial->layout, trial->planes, &params, &file, &size, error));
    CLP_TRY(status, out, pack(&scan, file, size, &packed, &packed_bytes, error));
    trial->scan_bytes = scan.package.scan_bits / 8;
    trial->scan = clp_memory_alloc(CLP_MEMORY_CODEC, trial->scan_bytes);
    if (!trial->scan) {
        status = clp_error_memory(error, "a JPEG to try", trial->scan_bytes);
        goto out;
    }
    memcpy(trial->scan, packed + scan.package.scan, trial->scan_bytes);
out:
    clp_memory_free(packed);
    return status;
}

static clproc_status make(const recipe *r, clp_decoder *decoder, clp_encoder *encoder,
                          clp_jpeg_trial *trial, clproc_error *error) {
    const clp_encode_params params = {.format = CLPROC_FORMAT_JPEG, .quality = r->quality};
    clp_layout layout;
    uint8_t *base = NULL;
    const uint8_t *file;
    size_t size;
    clp_jpeg_scan scan;
    clproc_status status;
    CLP_TRY(status, out, draw(r, &layout, &base, error));
    CLP_TRY(status, out, clp_encoder_write(encoder, &layout, base, &params, &file, &size, error));
    CLP_TRY(status, out, pack(&scan, file, size, &trial->packed, &trial->packed_bytes, error));
    trial->package = scan.package;
    clp_jpeg_scan_sizes(&scan.package, r->eighths, trial->sizes);
    CLP_TRY(status, out, decode(decoder, file, size, r->eighths, trial, error));
    CLP_TRY(status, out, encode_again(encoder, r->quality_again, trial, error));
out:
    clp_memory_free(base);
    return status;
}

clproc_status clp_jpeg_trials_make(clp_jpeg_trial trials[CLP_JPEG_TRIALS], clproc_error *error) {
    clp_decoder *decoder = NULL;
    clp_encoder *encoder = NULL;
    clproc_status status;
    memset(trials, 0, CLP_JPEG_TRIALS * sizeof *trials);
    CLP_TRY(status, out, clp_decoder_create(&decoder, error));
    CLP_TRY(status, out, clp_encoder_create(&encoder, error));
    for (uint32_t i = 0; i < CLP_JPEG_TRIALS; i++) {
        CLP_TRY(status, out, make(&recipes[i], decoder, encoder, &trials[i], error));
    }
out:
    clp_decoder_destroy(&decoder);
    clp_encoder_destroy(&encoder);
    return status;
}

void clp_jpeg_trials_free(clp_jpeg_trial trials[CLP_JPEG_TRIALS]) {
    for (uint32_t i = 0; i < CLP_JPEG_TRIALS; i++) {
        clp_memory_free(trials[i].packed);
        clp_memory_free(trials[i].planes);
        clp_memory_free(trials[i].scan);
    }
    memset(trials, 0, CLP_JPEG_TRIALS * sizeof *trials);
}
