/* A banded matrix along y, stored transposed or straight: run twice it is a separable filter.
 *
 * Set by the engine: SRC, DST      sample types (uchar, short in Q6, ushort, float)
 *                    SRC_IS_x, DST_IS_x
 *                    REAL          1: float weights, 0: Q14 weights and 32-bit integer sums
 *                    TRANSPOSE     1: result row r becomes column r
 *                    NAME(f)       f with the variant's suffix
 *                    CLANG_BUILTINS 1: the compiler is clang, and compiles for this processor
 *                    GROUP_TILE    1: a work-group owns a tile, in local memory; 0: a work-item owns one, in registers
 */
FIND_JOB(filter_job)

#if REAL
#define SUM float
#define SUM16 float16
#define TO_SUM16 convert_float16
#define WEIGHT float
#define START(fill_weight, fill) (as_float(fill_weight) * (fill))
#if defined(DST_IS_F32)
#define FINISH(sum) (sum)
#define FINISH16(sum) (sum)
#elif defined(DST_IS_U8)
#define FINISH(sum) convert_uchar_sat(floor((sum) + 0.5f))
#define FINISH16(sum) convert_uchar16_sat(floor((sum) + 0.5f))
#else
#define FINISH(sum) convert_ushort_sat(floor((sum) + 0.5f))
#define FINISH16(sum) convert_ushort16_sat(floor((sum) + 0.5f))
#endif
#else
#define SUM int
#define SUM16 int16
#define TO_SUM16 convert_int16
#define WEIGHT short
/* Sums are in Q14 of whole levels, or in Q20. */
#if defined(SRC_IS_U8)
#define START(fill_weight, fill) ((((fill_weight) * convert_int(fill) + 32) >> 6) + ROUND)
#else
#define START(fill_weight, fill) ((fill_weight) * convert_int(fill) + ROUND)
#endif
#if defined(SRC_IS_U8) && defined(DST_IS_I16)
#define SHIFT 8
#elif defined(SRC_IS_I16) && defined(DST_IS_U8)
#define SHIFT 20
#else
#define SHIFT 14
#endif
#define ROUND (1 << (SHIFT - 1))
#if defined(DST_IS_U8)
#define FINISH(sum) convert_uchar_sat((sum) >> SHIFT)
#define FINISH16(sum) convert_uchar16_sat((sum) >> SHIFT)
#else
#define FINISH(sum) convert_short_sat((sum) >> SHIFT)
#define FINISH16(sum) convert_short16_sat((sum) >> SHIFT)
#endif
#endif

/* What a result row reads: its first source row, and what of the fill colour it takes. */
typedef struct window {
    __global const SRC *source;
    __global const WEIGHT *weights;
    int first, fill_weight;
    uint channel;
} window;

window find_window(__global const filter_job *job, __global const uchar *tables, __global const SRC *src, uint row) {
    window w;
    uint index = job->row_channels == 1 ? row : row / job->row_channels; /* dividing takes its time */
    int2 start = ((__global const int2 *)(tables + job->starts))[index];
    w.channel = row - index * job->row_channels;
    /* Of a band, job->src counts from a row that is not there: sums of ulong come round. */
    w.source = src + (job->src + ((ulong)start.x * job->row_channels + w.channel) * job->src_pitch);
    w.weights = (__global const WEIGHT *)(tables + job->weights) + (size_t)index * job->weight_pitch;
    w.first = start.x;
    w.fill_weight = start.y;
    return w;
}

#if GROUP_TILE

#define TILE 32
#define ROWS 4

__kernel __attribute__((reqd_work_group_size(256, 1, 1))) void NAME(filter)(__global const SRC *src, __global DST *dst,
                                                                      __global const uchar *tables, uint jobs,
                                                                      uint count, uint base) {
    __local DST tile[TILE * (TILE + 1)];
    uint number = base + (uint)get_group_id(0);
    uint lane = (uint)get_local_id(0) % TILE, first = (uint)get_local_id(0) / TILE * ROWS;
    __global const filter_job *job = find_filter_job(tables, jobs, count, number);
    uint inside = number - job->first_tile;
    uint x0 = inside % job->tiles_across * TILE, r0 = inside / job->tiles_across * TILE;
    /* Lanes past the last column work on it once more; barriers need them all. */
    uint x = min(x0 + lane, job->columns - 1);
    for (uint i = first; i < first + ROWS; i++) {
        window w = find_window(job, tables, src, min(r0 + i, job->rows - 1));
        SUM sum = START(w.fill_weight, job->fill[job->row_channels > 1 ? w.channel : x % job->column_channels]);
        __global const SRC *p = w.source + x;
        size_t step = (size_t)job->src_pitch * job->row_channels;
        for (uint k = 0; k < job->taps; k++) {
            sum += (SUM)*p * (SUM)w.weights[k];
            p += step;
        }
        tile[i * (TILE + 1) + lane] = FINISH(sum);
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    for (uint i = first; i < first + ROWS; i++) {
#if TRANSPOSE
        if (x0 + i < job->columns && r0 + lane < job->rows) {
            dst[job->dst + (size_t)(x0 + i) * job->dst_pitch + r0 + lane] = tile[lane * (TILE + 1) + i];
        }
#else
        uint row = r0 + i, index = row / job->row_channels, channel = row - index * job->row_channels;
        if (row < job->rows && x0 + lane < job->columns) {
            dst[job->dst + (size_t)index * job->dst_pitch + (x0 + lane) * job->row_channels + channel] =
                tile[i * (TILE + 1) + lane];
        }
#endif
    }
}

#else

#define TILE 16
/* Tiles side by side that one work-item works on, so that finding windows and weights is paid once for all: a whole
 * cache line of 8-bit samples. */
#define STRIP 4
/* Rows of a work-item: transposed, a whole cache line of 16-bit samples. */
#define ROWS 32

#if defined(DST_IS_U8)
#define DST16 uchar16
#elif defined(DST_IS_I16)
#define DST16 short16
#elif defined(DST_IS_U16)
#define DST16 ushort16
#else
#define DST16 float16
#endif

/* True where all columns start from the same sum. */
bool starts_alike(__global const filter_job *job, const window *w) {
    return job->column_channels == 1 || w->fill_weight == 0;
}

/* What 16 columns beginning with x take of the fill colour, and the rounding. */
SUM16 start_sums(__global const filter_job *job, const window *w, uint x) {
    SUM values[TILE];
    if (starts_alike(job, w)) {
        return (SUM16)(START(w->fill_weight, job->fill[w->channel]));
    }
    for (uint i = 0; i < TILE; i++) {
        values[i] = START(w->fill_weight, job->fill[(x + i) % job->column_channels]);
    }
    return vload16(0, values);
}

/* A strip's part of a row, of the next strip: the hardware does not follow so many rows at once. */
#define FETCH(p)                                                                                   \
    {                                                                                              \
        PREFETCH(p);                                                                               \
        if (sizeof(SRC) > 1) {                                                                     \
            PREFETCH((p) + 64 / sizeof(SRC));                                                      \
        }                                                                                          \
    }

#if defined(SRC_IS_U8) || defined(SRC_IS_I16)
#define FILTERS_STRIPS (PAIRED_SUMS && !REAL)
#else
#define FILTERS_STRIPS 0
#endif
#if FILTERS_STRIPS
/* Two taps at a time: x86 multiplies 16-bit pairs and adds both products in one instruction, which compilers do not
 * find by themselves. The sums are the same integers as below. */
typedef short words __attribute__((vector_size(64), aligned(1)));
typedef int sums __attribute__((vector_size(64)));

#if defined(SRC_IS_U8)
typedef uchar bytes __attribute__((vector_size(64), aligned(1)));
/* Of each sixteen bytes of both the first eight, or the last, taken in turn. */
#define FIRST_OF_BOTH(a, b)                                                                        \
    __builtin_shufflevector(a, b, 0, 64, 1, 65, 2, 66, 3, 67, 4, 68, 5, 69, 6, 70, 7, 71, 16, 80, 17, 81, 18, 82, 19, \
                            83, 20, 84, 21, 85, 22, 86, 23, 87, 32, 96, 33, 97, 34, 98, 35, 99, 36, 100, 37, 101, 38, \
                            102, 39, 103, 48, 112, 49, 113, 50, 114, 51, 115, 52, 116, 53, 117, 54, 118, 55, 119)
#define LAST_OF_BOTH(a, b)                                                                         \
    __builtin_shufflevector(a, b, 8, 72, 9, 73, 10, 74, 11, 75, 12, 76, 13, 77, 14, 78, 15, 79, 24, 88, 25, 89, 26, \
                            90, 27, 91, 28, 92, 29, 93, 30, 94, 31, 95, 40, 104, 41, 105, 42, 106, 43, 107, 44, 108, \
                            45, 109, 46, 110, 47, 111, 56, 120, 57, 121, 58, 122, 59, 123, 60, 124, 61, 125, 62, 126, \
                            63, 127)
#else
/* Of each eight words of both the first four, or the last, taken in turn. */
#define FIRST_OF_BOTH(a, b)                                                                        \
    __builtin_shufflevector(a, b, 0, 32, 1, 33, 2, 34, 3, 35, 8, 40, 9, 41, 10, 42, 11, 43, 16, 48, 17, 49, 18, 50, \
                            19, 51, 24, 56, 25, 57, 26, 58, 27, 59)
#define LAST_OF_BOTH(a, b)                                                                         \
    __builtin_shufflevector(a, b, 4, 36, 5, 37, 6, 38, 7, 39, 12, 44, 13, 45, 14, 46, 15, 47, 20, 52, 21, 53, 22, 54, \
                            23, 55, 28, 60, 29, 61, 30, 62, 31, 63)
#endif

#if !defined(__AVX512BW__)
typedef short half_words __attribute__((vector_size(32)));
typedef int half_sums __attribute__((vector_size(32)));
#define HALVES(whole, half)                                                                        \
    union {                                                                                        \
        whole all;                                                                                 \
        half part[2];                                                                              \
    }
#endif

sums multiply_pairs(words pairs, sums weights) {
#if defined(__AVX512BW__)
    return (sums)__builtin_ia32_pmaddwd512(pairs, (words)weights);
#else
    HALVES(words, half_words) p = {pairs}, w = {(words)weights};
    HALVES(sums, half_sums) result;
    result.part[0] = __builtin_ia32_pmaddwd256(p.part[0], w.part[0]);
    result.part[1] = __builtin_ia32_pmaddwd256(p.part[1], w.part[1]);
    return result.all;
#endif
}

/* A strip of two rows, or the first half of it, as the pairs of one column after the other. */
void pair_rows(bool whole, __global const SRC *p, __global const SRC *q, words pairs[4]) {
#if defined(SRC_IS_I16)
    words a = *(__global const words *)p, b = *(__global const words *)q;
    pairs[0] = FIRST_OF_BOTH(a, b);
    pairs[1] = LAST_OF_BOTH(a, b);
    if (whole) {
        a = *(__global const words *)(p + 32), b = *(__global const words *)(q + 32);
        pairs[2] = FIRST_OF_BOTH(a, b);
        pairs[3] = LAST_OF_BOTH(a, b);
    }
#else
    /* Bytes of both rows in turn, then zeros in turn with these: words. */
    bytes a = *(__global const bytes *)p, b = *(__global const bytes *)q, none = (bytes){};
    bytes first = FIRST_OF_BOTH(a, b), last = LAST_OF_BOTH(a, b);
    pairs[0] = (words)FIRST_OF_BOTH(first, none);
    pairs[1] = (words)LAST_OF_BOTH(first, none);
    pairs[2] = (words)FIRST_OF_BOTH(last, none);
    pairs[3] = (words)LAST_OF_BOTH(last, none);
#endif
}

/* Adds pairs, each sample times its weight; `weights` are two, of taps one after the other. */
void add_pairs(bool whole, const words pairs[4], __global const WEIGHT *weights, sums sum[4]) {
    typedef int pair __attribute__((aligned(2)));
    sums both = (sums){} + *(__global const pair *)weights;
    sum[0] += multiply_pairs(pairs[0], both);
    sum[1] += multiply_pairs(pairs[1], both);
    if (whole) {
        sum[2] += multiply_pairs(pairs[2], both);
        sum[3] += multiply_pairs(pairs[3], both);
    }
}

typedef short tile_words __attribute__((vector_size(32)));

short16 as_tile(tile_words words16) {
    union {
        tile_words in;
        short16 out;
    } same = {words16};
    return same.out;
}

/* Eight words each of two vectors, beginning with `i` and `j` of both together. */
#define TILE_OF(a, b, i, j)                                                                        \
    as_tile(__builtin_shufflevector(a, b, i, i + 1, i + 2, i + 3, i + 4, i + 5, i + 6, i + 7, j, j + 1, j + 2, \
                                          j + 3, j + 4, j + 5, j + 6, j + 7))

#if defined(DST_IS_U8)
#define NARROW(words) convert_uchar16_sat(words)
#else
#define NARROW(words) (words)
#endif

/* Sums to 16 bits: of each four of both in turn. */
words pack_sums(sums a, sums b) {
#if defined(__AVX512BW__)
    return __builtin_ia32_packssdw512(a >> SHIFT, b >> SHIFT);
#else
    HALVES(sums, half_sums) x = {a >> SHIFT}, y = {b >> SHIFT};
    HALVES(words, half_words) result;
    result.part[0] = __builtin_ia32_packssdw256(x.part[0], y.part[0]);
    result.part[1] = __builtin_ia32_packssdw256(x.part[1], y.part[1]);
    return result.all;
#endif
}

/* A strip of results in order. Saturating to 16 bits first changes nothing of what becomes 8. */
void store_strip(const sums sum[4], DST16 *result) {
    words a = pack_sums(sum[0], sum[1]), b = pack_sums(sum[2], sum[3]);
#if defined(SRC_IS_U8)
    result[0] = NARROW(TILE_OF(a, b, 0, 32));
    result[ROWS] = NARROW(TILE_OF(a, b, 8, 40));
    result[2 * ROWS] = NARROW(TILE_OF(a, b, 16, 48));
    result[3 * ROWS] = NARROW(TILE_OF(a, b, 24, 56));
#else
    result[0] = NARROW(TILE_OF(a, b, 0, 8));
    result[ROWS] = NARROW(TILE_OF(a, b, 16, 24));
    result[2 * ROWS] = NARROW(TILE_OF(a, b, 32, 40));
    result[3 * ROWS] = NARROW(TILE_OF(a, b, 48, 56));
#endif
}

/* Registers for the sums of two rows */
#if defined(__AVX512BW__)
#define SHARE_ROWS 1
#else
#define SHARE_ROWS 0
#endif

/* A result row of a strip or of its first half, which is all a row need have memory for; or two rows that read each
 * source row once: `later`, which begins `delta` source rows behind `w`, unless it is NULL. Each column starts from
 * `start`, or `later_start`. Fetches what stands `ahead` samples on. */
FOR_THIS_PROCESSOR void filter_strip(bool whole, __global const SRC *p, size_t step, uint ahead, uint taps,
                                     __global const WEIGHT *w, int start, uint delta, __global const WEIGHT *later,
                                     int later_start, DST16 *result) {
    sums sum[4], later_sum[4];
    uint rows = later ? taps + delta : taps;
    sum[0] = sum[1] = sum[2] = sum[3] = (sums){} + start;
    later_sum[0] = later_sum[1] = later_sum[2] = later_sum[3] = (sums){} + later_start;
    for (uint k = 0; k < rows; k += 2) {
        words pairs[4];
        /* A row too many has no weight, but would have to be there. */
        __global const SRC *q = k + 1 < rows ? p + step : p;
        pair_rows(whole, p, q, pairs);
        FETCH(p + ahead);
        FETCH(q + ahead);
        if (k < taps) {
            add_pairs(whole, pairs, w + k, sum);
        }
        if (later && k + 1 >= delta) {
            add_pairs(whole, pairs, later + ((int)k - (int)delta), later_sum);
        }
        p += 2 * step;
    }
    store_strip(sum, result);
    if (later) {
        store_strip(later_sum, result + 1);
    }
}
#endif

/* One result row of `tiles` tiles beginning with column x. */
void filter_row(__global const filter_job *job, const window *w, uint x, uint tiles, DST16 *result) {
    __global const SRC *p = w->source + x;
    size_t step = (size_t)job->src_pitch * job->row_channels;
    uint taps = job->taps;
    if (tiles == STRIP) {
        SUM16 a = start_sums(job, w, x), b = a, c = a, d = a;
        if (job->column_channels > 1) {
            b = start_sums(job, w, x + TILE);
            c = start_sums(job, w, x + 2 * TILE);
            d = start_sums(job, w, x + 3 * TILE);
        }
        for (uint k = 0; k < taps; k++) {
            SUM weight = w->weights[k];
            a += TO_SUM16(vload16(0, p)) * weight;
            b += TO_SUM16(vload16(1, p)) * weight;
            c += TO_SUM16(vload16(2, p)) * weight;
            d += TO_SUM16(vload16(3, p)) * weight;
            FETCH(p + STRIP * TILE);
            p += step;
        }
        result[0] = FINISH16(a);
        result[ROWS] = FINISH16(b);
        result[2 * ROWS] = FINISH16(c);
        result[3 * ROWS] = FINISH16(d);
        return;
    }
    for (uint t = 0; t < tiles; t++) {
        SUM16 a = start_sums(job, w, x + t * TILE);
        __global const SRC *q = p + t * TILE;
        for (uint k = 0; k < taps; k++) {
            a += TO_SUM16(vload16(0, q)) * (SUM)w->weights[k];
            q += step;
        }
        result[t * ROWS] = FINISH16(a);
    }
}

#if FILTERS_STRIPS
/* Row `i` of a work-item, whose window is `w`, or where they share most of their source rows that and the next one;
 * returns how many. All columns start alike. */
INLINE uint filter_shared_rows(__global const filter_job *job, __global const uchar *tables,
                               __global const SRC *src, const window *w, uint x, uint r0, uint i, DST16 *result) {
    __global const WEIGHT *shared = 0;
    uint delta = 0, columns = job->columns - x;
    int later_start = 0;
    if (SHARE_ROWS && job->row_channels == 1 && i + 1 < ROWS) {
        window later = find_window(job, tables, src, min(r0 + i + 1, job->rows - 1));
        delta = (uint)(later.first - w->first);
        shared = delta < job->taps && starts_alike(job, &later) ? later.weights : 0;
        later_start = START(later.fill_weight, job->fill[later.channel]);
    }
    /* A half is a cache line of 16-bit samples; 8-bit ones have a line for the whole. */
    bool whole = sizeof(SRC) == 1 || columns > STRIP * TILE / 2;
    /* The last strip has none behind it. */
    uint ahead = columns > STRIP * TILE ? STRIP * TILE : 0;
    filter_strip(whole, w->source + x, (size_t)job->src_pitch * job->row_channels, ahead, job->taps, w->weights,
                 START(w->fill_weight, job->fill[w->channel]), delta, shared, later_start, result);
    return shared ? 2 : 1;
}
#endif

/* The rows of a work-item, tile beside tile. */
INLINE void filter_rows(__global const filter_job *job, __global const uchar *tables, __global const SRC *src, uint x,
                        uint tiles, uint r0, DST16 *rows) {
    for (uint i = 0; i < ROWS;) {
        window w = find_window(job, tables, src, min(r0 + i, job->rows - 1));
#if FILTERS_STRIPS
        if (starts_alike(job, &w)) {
            i += filter_shared_rows(job, tables, src, &w, x, r0, i, rows + i);
            continue;
        }
#endif
        filter_row(job, &w, x, tiles, rows + i);
        i++;
    }
}

/* One step of a perfect shuffle of 16 rows; four of them transpose. */
#define SHUFFLE(rows)                                                                              \
    {                                                                                              \
        DST16 next[TILE];                                                                          \
        _Pragma("unroll") for (int i = 0; i < TILE / 2; i++) {                                     \
            DST16 a = rows[i], b = rows[i + TILE / 2];                                             \
            next[2 * i] = (DST16)(a.s0, b.s0, a.s1, b.s1, a.s2, b.s2, a.s3, b.s3, a.s4, b.s4, a.s5, \
                                  b.s5, a.s6, b.s6, a.s7, b.s7);                                   \
            next[2 * i + 1] = (DST16)(a.s8, b.s8, a.s9, b.s9, a.sa, b.sa, a.sb, b.sb, a.sc, b.sc,  \
                                      a.sd, b.sd, a.se, b.se, a.sf, b.sf);                         \
        }                                                                                          \
        _Pragma("unroll") for (int i = 0; i < TILE; i++) {                                         \
            rows[i] = next[i];                                                                     \
        }                                                                                          \
    }

/* Row `row` of the result, straight: interleaved channels are stored one by one. */
void store_row(__global const filter_job *job, const DST16 *result, uint tiles, uint row, uint x,
                     __global DST *dst) {
    uint index = row / job->row_channels, channel = row - index * job->row_channels;
    __global DST *line = dst + job->dst + (size_t)index * job->dst_pitch;
    for (uint t = 0; t < tiles; t++, x += TILE) {
        if (job->row_channels == 1) {
            vstore16(result[t * ROWS], 0, line + x);
            continue;
        }
        DST values[TILE];
        vstore16(result[t * ROWS], 0, values);
        for (uint k = 0; k < TILE && x + k < job->columns; k++) {
            line[(x + k) * job->row_channels + channel] = values[k];
        }
    }
}

__kernel void NAME(filter)(__global const SRC *src, __global DST *dst, __global const uchar *tables, uint jobs,
                           uint count, uint base) {
    uint number = base + (uint)get_global_id(0);
    DST16 rows[STRIP * ROWS];
    if (count == 0) {
        return;
    }
    __global const filter_job *job = find_filter_job(tables, jobs, count, number);
    /* Down one strip after the other: what is stored transposed stays within few pages. */
    uint inside = number - job->first_tile;
    uint x = inside % job->tiles_across * (STRIP * TILE), r0 = inside / job->tiles_across * ROWS;
    uint tiles = min((uint)STRIP, (job->columns - x + TILE - 1) / TILE);
    /* Planes are padded to whole tiles, so loads and stores need no bounds; rows past the last repeat it. */
    filter_rows(job, tables, src, x, tiles, r0, rows);
#if TRANSPOSE
    size_t pitch = job->dst_pitch;
    for (uint t = 0; t < tiles * (ROWS / TILE); t++) {
        uint across = t / (ROWS / TILE), down = t % (ROWS / TILE) * TILE;
        __global DST *to = dst + job->dst + (x + across * TILE) * pitch + r0 + down;
        if (r0 + down >= job->rows) {
            continue; /* what is padded is a tile, not all a work-item may hold */
        }
        DST16 turned[TILE];
        _Pragma("unroll") for (int i = 0; i < TILE; i++) {
            turned[i] = rows[across * ROWS + down + i];
        }
        SHUFFLE(turned)
        SHUFFLE(turned)
        SHUFFLE(turned)
        SHUFFLE(turned)
        _Pragma("unroll") for (int i = 0; i < TILE; i++) {
            *(__global DST16 *)(to + i * pitch) = turned[i];
        }
    }
#else
    for (uint i = 0; i < ROWS && r0 + i < job->rows; i++) {
        store_row(job, rows + i, tiles, r0 + i, x, dst);
    }
#endif
}

#endif
