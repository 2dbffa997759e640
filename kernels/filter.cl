/* A banded matrix along y, stored transposed or straight: run twice it is a separable filter.
 *
 * Set by the engine: SRC, DST      sample types (uchar, short in Q6, ushort, float)
 *                    SRC_IS_x, DST_IS_x
 *                    REAL          1: float weights, 0: Q14 weights and 32-bit integer sums
 *                    TRANSPOSE     1: result row r becomes column r
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
    int fill_weight;
    uint channel;
} window;

window find_window(__global const filter_job *job, __global const uchar *tables, __global const SRC *src, uint row) {
    window w;
    uint index = row / job->row_channels;
    int2 start = ((__global const int2 *)(tables + job->starts))[index];
    w.channel = row - index * job->row_channels;
    w.source = src + job->src + ((size_t)start.x * job->row_channels + w.channel) * job->src_pitch;
    w.weights = (__global const WEIGHT *)(tables + job->weights) + (size_t)index * job->taps;
    w.fill_weight = start.y;
    return w;
}

#if GROUP_TILE

#define TILE 32
#define ROWS 4

__kernel __attribute__((reqd_work_group_size(256, 1, 1))) void filter(__global const SRC *src, __global DST *dst,
                                                                      __global const uchar *tables, uint jobs,
                                                                      uint count, uint base) {
    __local DST tile[TILE * (TILE + 1)];
    uint number = base + (uint)get_group_id(0);
    uint lane = (uint)get_local_id(0) % TILE, first = (uint)get_local_id(0) / TILE * ROWS;
    __global const filter_job *job = find_job(tables, jobs, count, number);
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

#if defined(DST_IS_U8)
#define DST16 uchar16
#elif defined(DST_IS_I16)
#define DST16 short16
#elif defined(DST_IS_U16)
#define DST16 ushort16
#else
#define DST16 float16
#endif

/* The fill colour of 16 columns beginning with x. */
SUM16 column_fill(__global const filter_job *job, int fill_weight, uint x) {
    SUM values[TILE];
    for (uint i = 0; i < TILE; i++) {
        values[i] = START(fill_weight, job->fill[(x + i) % job->column_channels]);
    }
    return vload16(0, values);
}

DST16 filter_row(__global const filter_job *job, __global const uchar *tables, __global const SRC *src, uint row,
                 uint x) {
    window w = find_window(job, tables, src, row);
    SUM16 sum;
    if (job->column_channels > 1 && w.fill_weight != 0) {
        sum = column_fill(job, w.fill_weight, x);
    } else {
        sum = (SUM16)(START(w.fill_weight, job->fill[w.channel]));
    }
    __global const SRC *p = w.source + x;
    size_t step = (size_t)job->src_pitch * job->row_channels;
    for (uint k = 0; k < job->taps; k++) {
        sum += TO_SUM16(vload16(0, p)) * (SUM)w.weights[k];
        p += step;
    }
    return FINISH16(sum);
}

/* One step of a perfect shuffle of 16 rows; four of them transpose. */
#define SHUFFLE_PAIR(a, b)                                                                         \
    {                                                                                              \
        DST16 low = (DST16)(a.lo.s0, b.lo.s0, a.lo.s1, b.lo.s1, a.lo.s2, b.lo.s2, a.lo.s3, b.lo.s3, \
                            a.lo.s4, b.lo.s4, a.lo.s5, b.lo.s5, a.lo.s6, b.lo.s6, a.lo.s7, b.lo.s7); \
        b = (DST16)(a.hi.s0, b.hi.s0, a.hi.s1, b.hi.s1, a.hi.s2, b.hi.s2, a.hi.s3, b.hi.s3,        \
                    a.hi.s4, b.hi.s4, a.hi.s5, b.hi.s5, a.hi.s6, b.hi.s6, a.hi.s7, b.hi.s7);       \
        a = low;                                                                                   \
    }
#define SHUFFLE(rows)                                                                              \
    {                                                                                              \
        DST16 next[TILE];                                                                          \
        _Pragma("unroll") for (int i = 0; i < TILE / 2; i++) {                                     \
            DST16 a = rows[i], b = rows[i + TILE / 2];                                             \
            SHUFFLE_PAIR(a, b)                                                                     \
            next[2 * i] = a;                                                                       \
            next[2 * i + 1] = b;                                                                   \
        }                                                                                          \
        _Pragma("unroll") for (int i = 0; i < TILE; i++) {                                         \
            rows[i] = next[i];                                                                     \
        }                                                                                          \
    }

__kernel void filter(__global const SRC *src, __global DST *dst, __global const uchar *tables, uint jobs, uint count,
                     uint base) {
    uint number = base + (uint)get_global_id(0);
    if (count == 0) {
        return;
    }
    __global const filter_job *job = find_job(tables, jobs, count, number);
    uint inside = number - job->first_tile;
    uint x = inside % job->tiles_across * TILE, r0 = inside / job->tiles_across * TILE;
    /* Planes are padded to whole tiles, so loads and stores need no bounds; rows past the last repeat it. */
#if TRANSPOSE
    DST16 rows[TILE];
    for (uint i = 0; i < TILE; i++) {
        rows[i] = filter_row(job, tables, src, min(r0 + i, job->rows - 1), x);
    }
    SHUFFLE(rows)
    SHUFFLE(rows)
    SHUFFLE(rows)
    SHUFFLE(rows)
    for (uint i = 0; i < TILE; i++) {
        vstore16(rows[i], 0, dst + job->dst + (size_t)(x + i) * job->dst_pitch + r0);
    }
#else
    for (uint i = 0; i < TILE && r0 + i < job->rows; i++) {
        uint row = r0 + i, index = row / job->row_channels, channel = row - index * job->row_channels;
        DST16 result = filter_row(job, tables, src, row, x);
        __global DST *line = dst + job->dst + (size_t)index * job->dst_pitch;
        if (job->row_channels == 1) {
            vstore16(result, 0, line + x);
            continue;
        }
        DST values[TILE];
        vstore16(result, 0, values);
        for (uint k = 0; k < TILE && x + k < job->columns; k++) {
            line[(x + k) * job->row_channels + channel] = values[k];
        }
    }
#endif
}

#endif
