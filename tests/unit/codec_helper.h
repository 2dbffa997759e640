/** What the codec tests share: pictures to try, decoding in one call, walking the corpus. */
#ifndef CODEC_HELPER_H
#define CODEC_HELPER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "codec/codec.h"
#include "core/memory.h"
#include "skip.h"

static const clp_limits test_limits = {
    .pixels = 200000000, .side = 65500, .scans = 100, .seconds = 60, .chunk_bytes = 8 << 20};

/* ---------------------------------------------- a decoder, or both, as a test's state */

static inline int create_decoder(void **state) {
    return clp_decoder_create((clp_decoder **)state, NULL) != CLPROC_OK;
}

static inline int destroy_decoder(void **state) {
    clp_decoder_destroy((clp_decoder **)state);
    return 0;
}

typedef struct codecs {
    clp_decoder *decoder;
    clp_encoder *encoder;
} codecs;

static inline int create_both(void **state) {
    static codecs both;
    *state = &both;
    return clp_decoder_create(&both.decoder, NULL) != CLPROC_OK ||
           clp_encoder_create(&both.encoder, NULL) != CLPROC_OK;
}

static inline int destroy_both(void **state) {
    codecs *both = *state;
    clp_decoder_destroy(&both->decoder);
    clp_encoder_destroy(&both->encoder);
    return 0;
}

#define WITH_DECODER(test) cmocka_unit_test_setup_teardown(test, create_decoder, destroy_decoder)
#define WITH_BOTH(test) cmocka_unit_test_setup_teardown(test, create_both, destroy_both)

/* ------------------------------------------------------------------ pictures */

/** Numbers that look random and are the same in every run. */
static inline uint32_t next_random(uint32_t *state) {
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/** A decoded picture; `base` is malloc()ed. */
typedef struct picture {
    clp_header header;
    clp_layout layout;
    clp_decode_result result;
    uint8_t *base;
    clproc_error error;
} picture;

enum { OWN_MODEL = -1 };

/** Decodes into memory that was filled with `fill` before. */
static inline clproc_status decode(clp_decoder *decoder, const uint8_t *bytes, size_t size,
                                   clproc_fail_on fail_on, int model, uint32_t eighths, int fill,
                                   picture *made) {
    clproc_status status;
    memset(made, 0, sizeof *made);
    CLP_TRY(
        status, out,
        clp_decoder_open(decoder, bytes, size, &test_limits, fail_on, &made->header, &made->error));
    clp_decode_request request = {model == OWN_MODEL ? made->header.model : (clp_model)model,
                                  eighths};
    CLP_TRY(status, out, clp_decoder_layout(decoder, &request, &made->layout, &made->error));
    made->base = aligned_alloc(CLP_PITCH_ALIGN, made->layout.bytes);
    assert_non_null(made->base);
    memset(made->base, fill, made->layout.bytes);
    CLP_TRY(status, out,
            clp_decoder_read(decoder, &made->layout, made->base, &made->result, &made->error));
out:
    return status;
}

static inline void free_picture(picture *made) {
    free(made->base);
    made->base = NULL;
}

static inline uint8_t *row_of(const picture *from, uint32_t plane, uint32_t y) {
    return from->base + from->layout.planes[plane].offset + y * from->layout.planes[plane].pitch;
}

static inline size_t row_bytes(const picture *from, uint32_t plane) {
    return (size_t)from->layout.planes[plane].width * from->layout.planes[plane].channels *
           from->layout.depth / 8;
}

/** True if all samples agree; padding does not count. */
static inline bool same_samples(const picture *a, const picture *b) {
    bool same = a->layout.plane_count == b->layout.plane_count;
    for (uint32_t p = 0; same && p < a->layout.plane_count; p++) {
        same = a->layout.planes[p].width == b->layout.planes[p].width &&
               a->layout.planes[p].height == b->layout.planes[p].height;
        for (uint32_t y = 0; same && y < a->layout.planes[p].height; y++) {
            same = memcmp(row_of(a, p, y), row_of(b, p, y), row_bytes(a, p)) == 0;
        }
    }
    return same;
}

/** A flawed file is taken up to `strictest_accepting`, with its flaws told, and refused beyond. */
static inline void check_policies(clp_decoder *decoder, const uint8_t *bytes, size_t size,
                                  uint32_t flaws, clproc_fail_on strictest_accepting) {
    for (int fail_on = CLPROC_FAIL_ON_NONE; fail_on <= CLPROC_FAIL_ON_WARNING; fail_on++) {
        picture made;
        clproc_status status =
            decode(decoder, bytes, size, (clproc_fail_on)fail_on, OWN_MODEL, 8, 0, &made);
        if (fail_on <= (int)strictest_accepting) {
            assert_int_equal(status, CLPROC_OK);
            assert_int_equal(made.result.flaws, flaws);
            assert_string_not_equal(made.result.message, "");
        } else {
            assert_int_equal(status, CLPROC_ERROR_INPUT);
            assert_non_null(strstr(made.error.message, "--fail-on"));
        }
        free_picture(&made);
    }
}

static inline void assert_block(clp_block got, const void *wanted, size_t size) {
    assert_int_equal(got.size, size);
    assert_memory_equal(got.data, wanted, size);
}

/** Where a PNG's chunk of a type begins, its length field. */
static inline size_t find_chunk(const uint8_t *bytes, size_t size, const char *type) {
    for (size_t i = 8; i + 8 <= size; i++) {
        if (memcmp(bytes + i + 4, type, 4) == 0) {
            return i;
        }
    }
    fail_msg("no %s chunk", type);
    return 0;
}

/** A picture in memory with soft shapes and some noise, of the model, depth and steps that `layout`
 * has. */
static inline uint8_t *draw(clp_layout *layout, uint32_t seed) {
    assert_true(clp_layout_place(layout));
    uint8_t *base = aligned_alloc(CLP_PITCH_ALIGN, layout->bytes);
    assert_non_null(base);
    memset(base, 0xEE, layout->bytes);
    for (uint32_t p = 0; p < layout->plane_count; p++) {
        const clp_plane *plane = &layout->planes[p];
        for (uint32_t y = 0; y < plane->height; y++) {
            uint8_t *row = base + plane->offset + y * plane->pitch;
            for (uint32_t x = 0; x < plane->width * plane->channels * layout->depth / 8; x++) {
                uint32_t wave = (x * plane->h_step * 3 + y * plane->v_step * 5 + p * 70) % 510;
                wave = wave < 255 ? wave : 510 - wave;
                row[x] = (uint8_t)((wave * 7 + next_random(&seed) % 256) / 8);
            }
        }
    }
    return base;
}

/** The corpus folder, NULL where there is none. */
static inline const char *corpus(void) {
    static char path[4096];
    struct stat info;
    const char *named = getenv("CLPROC_CORPUS"), *source = getenv("CLPROC_SOURCE");
    snprintf(path, sizeof path, "%s%s",
             named    ? named
             : source ? source
                      : "../..",
             named ? "" : "/../shared/corpus");
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode) ? path : NULL;
}

typedef void (*corpus_fn)(const char *path, const uint8_t *bytes, size_t size);

static corpus_fn corpus_visitor;
static clproc_format corpus_format;
static size_t corpus_files;

static inline int visit_file(const char *path, const struct stat *info, int kind,
                             struct FTW *place) {
    clp_bytes file = {0};
    clproc_format format;
    (void)info;
    (void)place;
    if (kind == FTW_F && clp_file_read(path, 0, &file, NULL) == CLPROC_OK &&
        clp_codec_recognise(file.data, file.size, &format) && format == corpus_format) {
        corpus_visitor(path, file.data, file.size);
        corpus_files++;
    }
    clp_bytes_free(&file);
    return 0;
}

/** Calls `visitor` for every file of a format; skips the test where there is no corpus. */
static inline void for_corpus(clproc_format format, corpus_fn visitor) {
    if (!corpus()) {
        SKIP_BECAUSE("no corpus; CLPROC_CORPUS may name it");
    }
    corpus_visitor = visitor;
    corpus_format = format;
    corpus_files = 0;
    assert_int_equal(nftw(corpus(), visit_file, 16, FTW_PHYS), 0);
    assert_true(corpus_files > 0);
    print_message("%zu files\n", corpus_files);
}

#endif
