#include "codec/jpeg_scan_trial.h"

#include <string.h>

#include "codec/jpeg_drawn.h"
#include "codec/jpeg_scan.h"
#include "codec/jpeg_scan_write.h"
#include "core/memory.h"

/** What is done with each picture. */
typedef struct recipe {
    clp_jpeg_drawn drawn;
    int quality_again;
    uint32_t eighths;
} recipe;

static const recipe recipes[CLP_JPEG_TRIALS] = {{{2, 90, false}, 90, 8}, {{0, 100, true}, 100, 8},
                                                {{1, 50, true}, 75, 8},  {{2, 10, true}, 1, 8},
                                                {{2, 85, false}, 50, 4}, {{1, 95, true}, 95, 4},
                                                {{2, 75, true}, 90, 2},  {{2, 85, true}, 95, 1}};

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
    const uint8_t *file;
    size_t size;
    clp_jpeg_scan scan;
    clproc_status status;
    CLP_TRY(status, out, clp_jpeg_drawn_encode(&r->drawn, encoder, &file, &size, error));
    CLP_TRY(status, out, pack(&scan, file, size, &trial->packed, &trial->packed_bytes, error));
    trial->package = scan.package;
    clp_jpeg_scan_sizes(&scan.package, r->eighths, trial->sizes);
    CLP_TRY(status, out,
            clp_jpeg_drawn_decode(decoder, file, size, r->eighths, &trial->layout, &trial->planes,
                                  error));
    status = encode_again(encoder, r->quality_again, trial, error);
out:
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
