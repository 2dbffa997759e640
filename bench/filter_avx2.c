/* What a core can do at best: the filter kernel's arithmetic, written by hand for AVX2.
 *
 *   clproc-filter-avx2 WIDTH HEIGHT OUT_WIDTH OUT_HEIGHT TAPS_X TAPS_Y
 *
 * The two passes of a separable filter on one 8-bit plane: along y to Q6 stored transposed, then
 * along x back to 8 bits stored transposed, weights in Q14. One pinned thread. Samples of both
 * results are checked against plain C. Prints the multiply-adds a second of both passes as JSON.
 * A yardstick for bench/run.sh only; clproc does not use it. */
#include <immintrin.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TILE 16
#define STRIP 64 /* columns worked on at once */
#define TURNS 9

/** A banded matrix: for each result row its first source row and `taps` weights. */
typedef struct windows {
    int rows, taps; /**< taps are even: pairs are multiplied at once */
    int *first;
    int16_t *weights;
} windows;

typedef struct plane {
    int width, height, pitch; /**< samples */
    void *data;
} plane;

static int round_up(int value, int step) {
    return (value + step - 1) / step * step;
}

static plane make_plane(int width, int height, size_t sample) {
    /* Columns of the result are rows of the source: an odd number of cache lines from row to row
     * keeps a column's lines out of each other's way. */
    int lines = (int)((size_t)round_up(width, STRIP) * sample / 64) | 1;
    plane made = {width, height, lines * 64 / (int)sample, NULL};
    size_t rows = (size_t)round_up(height, STRIP) + 1;
    made.data = aligned_alloc(64, (size_t)made.pitch * rows * sample);
    if (!made.data) {
        exit(1);
    }
    memset(made.data, 0, (size_t)made.pitch * rows * sample);
    return made;
}

/** Triangles with a sum of 2^14; their shape does not matter for the time they take. */
static windows make_windows(int rows, int source, int asked) {
    windows made = {rows, round_up(asked, 2), NULL, NULL};
    made.first = malloc((size_t)rows * sizeof *made.first);
    made.weights = malloc((size_t)rows * (size_t)made.taps * sizeof *made.weights);
    if (!made.first || !made.weights) {
        exit(1);
    }
    for (int r = 0; r < rows; r++) {
        int16_t *w = made.weights + (size_t)r * (size_t)made.taps;
        int first = (int)((r + 0.5) * source / rows - made.taps / 2.0);
        int last = source - made.taps, sum = 0, peak = made.taps / 2;
        made.first[r] = first < 0 ? 0 : first > last ? last : first;
        for (int k = 0; k < made.taps; k++) {
            w[k] = (int16_t)((k < peak ? k + 1 : made.taps - k) * 16384 / (peak * (peak + 1)));
            sum += w[k];
        }
        w[peak] = (int16_t)(w[peak] + 16384 - sum);
    }
    return made;
}

/* ------------------------------------------------------------- 64 columns of one row */

static __m256i weight_pair(const int16_t *w) {
    int32_t pair;
    memcpy(&pair, w, sizeof pair);
    return _mm256_set1_epi32(pair);
}

/** Sums of 8 columns each in order, rounding included. */
static void row_u8(const uint8_t *p, size_t pitch, const int16_t *w, int taps, int16_t *out) {
    __m256i sum[8];
    for (int i = 0; i < 8; i++) {
        sum[i] = _mm256_set1_epi32(128);
    }
    for (int k = 0; k < taps; k += 2, p += 2 * pitch) {
        __m256i pair = weight_pair(w + k);
        for (int i = 0; i < 4; i++) {
            __m128i a = _mm_load_si128((const __m128i *)(p + 16 * i));
            __m128i b = _mm_load_si128((const __m128i *)(p + pitch + 16 * i));
            __m256i low = _mm256_cvtepu8_epi16(_mm_unpacklo_epi8(a, b));
            __m256i high = _mm256_cvtepu8_epi16(_mm_unpackhi_epi8(a, b));
            sum[2 * i] = _mm256_add_epi32(sum[2 * i], _mm256_madd_epi16(low, pair));
            sum[2 * i + 1] = _mm256_add_epi32(sum[2 * i + 1], _mm256_madd_epi16(high, pair));
        }
    }
    for (int i = 0; i < 4; i++) {
        __m256i packed = _mm256_packs_epi32(_mm256_srai_epi32(sum[2 * i], 8),
                                            _mm256_srai_epi32(sum[2 * i + 1], 8));
        _mm256_storeu_si256((__m256i *)(out + 16 * i), _mm256_permute4x64_epi64(packed, 0xd8));
    }
}

/** Unpacking and packing swap the same halves, so columns come out in order. */
static void row_i16(const int16_t *p, size_t pitch, const int16_t *w, int taps, uint8_t *out) {
    __m256i sum[8];
    for (int i = 0; i < 8; i++) {
        sum[i] = _mm256_set1_epi32(1 << 19);
    }
    for (int k = 0; k < taps; k += 2, p += 2 * pitch) {
        __m256i pair = weight_pair(w + k);
        for (int i = 0; i < 4; i++) {
            __m256i a = _mm256_load_si256((const __m256i *)(p + 16 * i));
            __m256i b = _mm256_load_si256((const __m256i *)(p + pitch + 16 * i));
            __m256i low = _mm256_unpacklo_epi16(a, b), high = _mm256_unpackhi_epi16(a, b);
            sum[2 * i] = _mm256_add_epi32(sum[2 * i], _mm256_madd_epi16(low, pair));
            sum[2 * i + 1] = _mm256_add_epi32(sum[2 * i + 1], _mm256_madd_epi16(high, pair));
        }
    }
    for (int i = 0; i < 4; i += 2) {
        __m256i a = _mm256_packs_epi32(_mm256_srai_epi32(sum[2 * i], 20),
                                       _mm256_srai_epi32(sum[2 * i + 1], 20));
        __m256i b = _mm256_packs_epi32(_mm256_srai_epi32(sum[2 * i + 2], 20),
                                       _mm256_srai_epi32(sum[2 * i + 3], 20));
        __m256i bytes = _mm256_permute4x64_epi64(_mm256_packus_epi16(a, b), 0xd8);
        _mm256_storeu_si256((__m256i *)(out + 16 * i), bytes);
    }
}

/* --------------------------------------------------------------- transposed storing */

/** Four perfect shuffles transpose 16 rows of 16 bytes. */
static void store_u8(const uint8_t *tile, uint8_t *to, size_t pitch) {
    __m128i rows[TILE], next[TILE];
    for (int i = 0; i < TILE; i++) {
        rows[i] = _mm_loadu_si128((const __m128i *)(tile + i * STRIP));
    }
    for (int step = 0; step < 4; step++) {
        for (int i = 0; i < TILE / 2; i++) {
            next[2 * i] = _mm_unpacklo_epi8(rows[i], rows[i + 8]);
            next[2 * i + 1] = _mm_unpackhi_epi8(rows[i], rows[i + 8]);
        }
        memcpy(rows, next, sizeof rows);
    }
    for (int i = 0; i < TILE; i++) {
        _mm_store_si128((__m128i *)(to + (size_t)i * pitch), rows[i]);
    }
}

/** Three perfect shuffles transpose 8 rows of 8. */
static void store_i16(const int16_t *tile, int16_t *to, size_t pitch) {
    __m128i rows[8], next[8];
    for (int i = 0; i < 8; i++) {
        rows[i] = _mm_loadu_si128((const __m128i *)(tile + i * STRIP));
    }
    for (int step = 0; step < 3; step++) {
        for (int i = 0; i < 4; i++) {
            next[2 * i] = _mm_unpacklo_epi16(rows[i], rows[i + 4]);
            next[2 * i + 1] = _mm_unpackhi_epi16(rows[i], rows[i + 4]);
        }
        memcpy(rows, next, sizeof rows);
    }
    for (int i = 0; i < 8; i++) {
        _mm_store_si128((__m128i *)(to + (size_t)i * pitch), rows[i]);
    }
}

/* ----------------------------------------------------------------------- whole passes */

/** Fetches what the next strip of a tile reads: lines of many pages, which no hardware foresees.
 * Inlined always: GCC takes a function that only prefetches to be without effect. */
static inline __attribute__((always_inline)) void fetch_next(const plane *src, size_t sample,
                                                             const windows *m, int r0, int x) {
    int last = r0 + TILE < m->rows ? r0 + TILE - 1 : m->rows - 1;
    for (int y = m->first[r0]; y < m->first[last] + m->taps; y++) {
        const char *line = (const char *)src->data +
                           ((size_t)y * (size_t)src->pitch + (size_t)(x + STRIP)) * sample;
        for (size_t at = 0; at < STRIP * sample; at += 64) {
            _mm_prefetch(line + at, _MM_HINT_T0);
        }
    }
}

static void pass_u8(const plane *src, const plane *dst, const windows *m) {
    int16_t tile[TILE * STRIP];
    for (int r0 = 0; r0 < m->rows; r0 += TILE) {
        for (int x = 0; x < src->width; x += STRIP) {
            fetch_next(src, sizeof(uint8_t), m, r0, x);
            for (int i = 0; i < TILE; i++) {
                int r = r0 + i < m->rows ? r0 + i : m->rows - 1;
                row_u8((const uint8_t *)src->data + (size_t)m->first[r] * (size_t)src->pitch + x,
                       (size_t)src->pitch, m->weights + (size_t)r * (size_t)m->taps, m->taps,
                       tile + i * STRIP);
            }
            int16_t *to = (int16_t *)dst->data + (size_t)x * (size_t)dst->pitch + r0;
            for (int i = 0; i < STRIP; i += 8, to += 8 * (size_t)dst->pitch) {
                store_i16(tile + i, to, (size_t)dst->pitch);
                store_i16(tile + 8 * STRIP + i, to + 8, (size_t)dst->pitch);
            }
        }
    }
}

static void pass_i16(const plane *src, const plane *dst, const windows *m) {
    uint8_t tile[TILE * STRIP];
    for (int r0 = 0; r0 < m->rows; r0 += TILE) {
        for (int x = 0; x < src->width; x += STRIP) {
            fetch_next(src, sizeof(int16_t), m, r0, x);
            for (int i = 0; i < TILE; i++) {
                int r = r0 + i < m->rows ? r0 + i : m->rows - 1;
                row_i16((const int16_t *)src->data + (size_t)m->first[r] * (size_t)src->pitch + x,
                        (size_t)src->pitch, m->weights + (size_t)r * (size_t)m->taps, m->taps,
                        tile + i * STRIP);
            }
            uint8_t *to = (uint8_t *)dst->data + (size_t)x * (size_t)dst->pitch + r0;
            for (int i = 0; i < STRIP; i += TILE, to += TILE * (size_t)dst->pitch) {
                store_u8(tile + i, to, (size_t)dst->pitch);
            }
        }
    }
}

/* ------------------------------------------------------------------ checks and timing */

static int clamp(int value, int least, int most) {
    return value < least ? least : value > most ? most : value;
}

/** True if samples here and there are what plain C computes. */
static bool check(const plane *src, bool bytes, const plane *dst, const windows *m) {
    for (int n = 0; n < 2000; n++) {
        int r = (int)((int64_t)n * 7919 % m->rows), x = (int)((int64_t)n * 104729 % src->width);
        int sum = bytes ? 128 : 1 << 19;
        for (int k = 0; k < m->taps; k++) {
            size_t at = (size_t)(m->first[r] + k) * (size_t)src->pitch + (size_t)x;
            int value = bytes ? ((const uint8_t *)src->data)[at] : ((const int16_t *)src->data)[at];
            sum += value * m->weights[(size_t)r * (size_t)m->taps + (size_t)k];
        }
        size_t to = (size_t)x * (size_t)dst->pitch + (size_t)r;
        int expected = bytes ? clamp(sum >> 8, INT16_MIN, INT16_MAX) : clamp(sum >> 20, 0, 255);
        int found = bytes ? ((int16_t *)dst->data)[to] : ((uint8_t *)dst->data)[to];
        if (found != expected) {
            fprintf(stderr, "clproc-filter-avx2: row %d, column %d: %d, not %d\n", r, x, found,
                    expected);
            return false;
        }
    }
    return true;
}

/** Processor time of this thread in ns: what else the machine does is no part of it. */
static uint64_t cpu_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/** Multiply-adds a second in the best of all turns. */
static double rate(void (*pass)(const plane *, const plane *, const windows *), const plane *src,
                   const plane *dst, const windows *m) {
    uint64_t best = UINT64_MAX;
    for (int i = 0; i <= TURNS; i++) {
        uint64_t start = cpu_ns();
        pass(src, dst, m);
        uint64_t taken = cpu_ns() - start;
        best = taken < best ? taken : best;
    }
    return (double)m->rows * src->width * m->taps / ((double)best * 1e-9);
}

static void pin(void) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(sched_getcpu(), &set);
    if (sched_setaffinity(0, sizeof set, &set) != 0) {
        perror("clproc-filter-avx2: sched_setaffinity");
    }
}

int main(int count, char **arguments) {
    int value[6];
    if (!__builtin_cpu_supports("avx2")) {
        printf("skipped: the processor has no AVX2\n");
        return 77;
    }
    if (count != 7) {
        fprintf(stderr, "clproc-filter-avx2: needs six numbers\n");
        return 2;
    }
    for (int i = 0; i < 6; i++) {
        value[i] = clamp(atoi(arguments[i + 1]), 2, 65536);
    }
    pin();
    plane source = make_plane(value[0], value[1], 1);
    plane middle = make_plane(value[3], value[0], 2);
    plane result = make_plane(value[2], value[3], 1);
    windows down = make_windows(value[3], value[1], value[5]);
    windows across = make_windows(value[2], value[0], value[4]);
    for (size_t i = 0; i < (size_t)source.pitch * (size_t)source.height; i++) {
        ((uint8_t *)source.data)[i] = (uint8_t)((i * 2654435761u) >> 13);
    }
    double first = rate(pass_u8, &source, &middle, &down);
    double second = rate(pass_i16, &middle, &result, &across);
    bool right = check(&source, true, &middle, &down) && check(&middle, false, &result, &across);
    printf("{\"u8_to_i16\": %.0f, \"i16_to_u8\": %.0f, \"taps\": [%d, %d]}\n", first, second,
           down.taps, across.taps);
    free(down.first), free(down.weights), free(across.first), free(across.weights);
    free(source.data), free(middle.data), free(result.data);
    return right ? 0 : 1;
}
