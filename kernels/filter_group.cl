/* The filter where a work-group owns a tile: GPUs. It is right for any number of work-items, and
 * meant for 32 and more.
 *
 * A work-item makes a block of GROUP_UNIT windows x GROUP_UNIT columns at a time. Neighbouring
 * windows share most of their source rows, so it reads each row of all four once, as one vector,
 * and adds it to four sums; the weights of the four stand beside each other in local memory, with
 * zeros where a window has ended. Adding nothing changes no sum.
 *
 * All work-items go through every loop equally often: PoCL 3.1 runs loops behind a barrier whose
 * bounds differ between work-items too often for some.
 */
#define JOIN_TYPE(type, n) type##n
#define VECTOR(type, n) JOIN_TYPE(type, n)
#define SRC4 VECTOR(SRC, 4)
#define DST4 VECTOR(DST, 4)
#define SUM4 VECTOR(SUM, 4)

/* Work-items that lie along a row, and blocks one below the other */
#define ACROSS (GROUP_COLUMNS / GROUP_UNIT)
#define BLOCKS (GROUP_ROWS / GROUP_UNIT)
/* Source rows whose weights are in local memory at a time */
#define CHUNK 32

/* Four samples as they are in memory: 8-bit ones as one word, since compilers load them byte by
 * byte. Rows loaded before the first is used, so that enough is on its way. */
#if defined(SRC_IS_U8)
#define RAW uint
#define AT_ONCE 8
#else
#define RAW SRC4
#define AT_ONCE 4
#endif

GROUP_INLINE
SUM4 convert_raw(RAW raw) {
#if defined(SRC_IS_U8)
    uint4 values = (uint4)(raw & 255, raw >> 8 & 255, raw >> 16 & 255, raw >> 24);
#elif defined(SRC_IS_U16)
    uint4 values = convert_uint4(raw);
#elif REAL
    return raw;
#else
    return convert_int4(raw);
#endif
#if defined(SRC_IS_U8) || defined(SRC_IS_U16)
#if REAL
    /* As the last bits of 2^23 they are floats already; converting takes many GPUs four times as
     * long. */
    return as_float4(values | 0x4b000000u) - 8388608.0f;
#else
    return as_int4(values);
#endif
#endif
}

GROUP_INLINE
SUM4 spread(RAW raw) {
    SUM4 v = convert_raw(raw);
#if ALPHA == 4
    v *= (float4)(v.www, WHITE);
#elif ALPHA == 2
    v *= (float4)(v.y, WHITE, v.w, WHITE);
#endif
    return v;
}

/* Of the four windows of a block the first source rows, and what they take of the fill colour */
typedef struct block {
    int4 first, fill_weight;
} block;

/* The first window of a tile's block: a block of each channel has the same windows, then come the
 * next four. */
GROUP_INLINE
uint window_of(uint window0, uint index, uint channels) {
    return window0 + (channels == 1 ? index : index / channels) * GROUP_UNIT;
}

/* The block that begins with `window`; those after `last` are like it. */
GROUP_INLINE
block find_block(__global const filter_job *job, __global const uchar *tables, uint window,
                 uint last) {
    __global const int2 *starts = (__global const int2 *)(tables + job->starts);
    int2 a = starts[min(window, last)], b = starts[min(window + 1, last)],
         c = starts[min(window + 2, last)], d = starts[min(window + 3, last)];
    block found = {(int4)(a.x, b.x, c.x, d.x), (int4)(a.y, b.y, c.y, d.y)};
    return found;
}

GROUP_INLINE
int least(int4 v) {
    return min(min(v.x, v.y), min(v.z, v.w));
}

GROUP_INLINE
int most(int4 v) {
    return max(max(v.x, v.y), max(v.z, v.w));
}

/* Source rows from the first to the last of a block */
GROUP_INLINE
uint length_of(int4 first, uint taps) {
    return (uint)(most(first) - least(first)) + taps;
}

/* The weights that a block gives its source row `k`. */
GROUP_INLINE
SUM4 weights_at(__global const filter_job *job, __global const uchar *tables, uint window,
                uint last, int4 first, uint k) {
    __global const WEIGHT *weights = (__global const WEIGHT *)(tables + job->weights);
    size_t pitch = job->weight_pitch;
    uint4 at =
        as_uint4(least(first) + (int)k - first); /* of each window's own rows; negative is many */
    uint taps = job->taps;
    return (SUM4)(at.x < taps ? (SUM)weights[min(window, last) * pitch + at.x] : 0,
                  at.y < taps ? (SUM)weights[min(window + 1, last) * pitch + at.y] : 0,
                  at.z < taps ? (SUM)weights[min(window + 2, last) * pitch + at.z] : 0,
                  at.w < taps ? (SUM)weights[min(window + 3, last) * pitch + at.w] : 0);
}

/* What four columns beginning with x start from. */
GROUP_INLINE
SUM4 start_sums(__global const filter_job *job, int fill_weight, uint channel, uint x) {
    if (fill_weight == 0) {
        return (SUM4)(START(0, 0.0f));
    }
    if (job->row_channels > 1 || job->column_channels == 1) {
        return (SUM4)(START(fill_weight, job->fill[channel]));
    }
    uint n = job->column_channels;
    return (SUM4)(START(fill_weight, job->fill[x % n]), START(fill_weight, job->fill[(x + 1) % n]),
                  START(fill_weight, job->fill[(x + 2) % n]),
                  START(fill_weight, job->fill[(x + 3) % n]));
}

/* The sums of a block, by window */
typedef struct block_sums {
    SUM4 a, b, c, d;
} block_sums;

GROUP_INLINE
void add_row(block_sums *sums, RAW raw, SUM4 weights) {
    SUM4 values = spread(raw);
    sums->a += values * weights.x;
    sums->b += values * weights.y;
    sums->c += values * weights.z;
    sums->d += values * weights.w;
}

/* Adds `count` rows from `p` on. */
GROUP_INLINE
void add_rows(block_sums *sums, __global const SRC *p, size_t step, __local const SUM4 *weights,
              uint count) {
    uint k = 0;
    for (; k + AT_ONCE <= count; k += AT_ONCE) {
        RAW rows[AT_ONCE];
        _Pragma("unroll") for (uint i = 0; i < AT_ONCE; i++) {
            rows[i] = *(__global const RAW *)(p + i * step);
        }
        _Pragma("unroll") for (uint i = 0; i < AT_ONCE; i++) {
            add_row(sums, rows[i], weights[k + i]);
        }
        p += AT_ONCE * step;
    }
    for (; k < count; k++) {
        add_row(sums, *(__global const RAW *)p, weights[k]);
        p += step;
    }
}

/* Stores the first `n` of four samples; `aligned`: as one vector where it can be. */
GROUP_INLINE
void store4(__global DST *to, DST4 v, uint n, bool aligned) {
    if (n >= 4 && aligned) {
        *(__global DST4 *)to = v;
        return;
    }
    to[0] = v.x;
    if (n > 1) {
        to[1] = v.y;
    }
    if (n > 2) {
        to[2] = v.z;
    }
    if (n > 3) {
        to[3] = v.w;
    }
}

/* The results of a tile. Transposed, column by column of BLOCKS vectors, and after each four
 * columns one unused, so that neighbouring work-items write to different banks. Straight:
 * interleaved rows as they are stored. */
#define TILE_SIZE (GROUP_COLUMNS * BLOCKS + ACROSS)

#if TRANSPOSE

GROUP_INLINE
void put_block(__global const filter_job *job, __global DST *dst, __local DST4 *tile,
               const DST4 rows[4], uint index, uint lane, uint x, uint r0) {
    uint channels = job->row_channels;
    __local DST4 *to = tile + lane * (GROUP_UNIT * BLOCKS + 1);
    DST4 columns[4];
    columns[0] = (DST4)(rows[0].x, rows[1].x, rows[2].x, rows[3].x);
    columns[1] = (DST4)(rows[0].y, rows[1].y, rows[2].y, rows[3].y);
    columns[2] = (DST4)(rows[0].z, rows[1].z, rows[2].z, rows[3].z);
    columns[3] = (DST4)(rows[0].w, rows[1].w, rows[2].w, rows[3].w);
    if (channels == 1) {
        _Pragma("unroll") for (uint i = 0; i < 4; i++) {
            to[i * BLOCKS + index] = columns[i];
        }
        return;
    }
    uint group = index / channels, first = group * GROUP_UNIT * channels + index - group * channels;
    _Pragma("unroll") for (uint i = 0; i < 4; i++) {
        __local DST *column = (__local DST *)(to + i * BLOCKS) + first;
        column[0] = columns[i].x;
        column[channels] = columns[i].y;
        column[2 * channels] = columns[i].z;
        column[3 * channels] = columns[i].w;
    }
}

GROUP_INLINE
void store_tile(__global const filter_job *job, __global DST *dst, __local const DST4 *tile,
                uint x0, uint r0) {
    uint columns = min((uint)GROUP_COLUMNS, job->columns - x0);
    uint rows = min((uint)GROUP_TILE_ROWS(job->row_channels), job->rows - r0);
    bool aligned = ((job->dst | job->dst_pitch) & 3) == 0;
    for (uint turn = 0; turn < columns * BLOCKS; turn += (uint)get_local_size(0)) {
        uint i = turn + (uint)get_local_id(0), column = i / BLOCKS, row = i % BLOCKS * 4;
        if (column < columns && row < rows) {
            store4(dst + (job->dst + (size_t)(x0 + column) * job->dst_pitch + r0 + row),
                   tile[i + column / GROUP_UNIT], rows - row, aligned);
        }
    }
}

#else

/* Rows of one channel need no tile: they lie as work-items have them. */
GROUP_INLINE
void put_block(__global const filter_job *job, __global DST *dst, __local DST4 *tile,
               const DST4 rows[4], uint index, uint lane, uint x, uint r0) {
    uint channels = job->row_channels, group = index / channels, line = GROUP_COLUMNS * channels;
    if (channels == 1) {
        bool aligned = ((job->dst | job->dst_pitch) & 3) == 0;
        uint row = r0 + index * GROUP_UNIT;
        _Pragma("unroll") for (uint i = 0; i < 4; i++) {
            if (row + i < job->rows && x < job->columns) {
                store4(dst + (job->dst + (size_t)(row + i) * job->dst_pitch + x), rows[i],
                       job->columns - x, aligned);
            }
        }
        return;
    }
    __local DST *to = (__local DST *)tile + group * GROUP_UNIT * line +
                      lane * GROUP_UNIT * channels + index - group * channels;
    _Pragma("unroll") for (uint i = 0; i < 4; i++) {
        to[i * line] = rows[i].x;
        to[i * line + channels] = rows[i].y;
        to[i * line + 2 * channels] = rows[i].z;
        to[i * line + 3 * channels] = rows[i].w;
    }
}

GROUP_INLINE
void store_tile(__global const filter_job *job, __global DST *dst, __local const DST4 *tile,
                uint x0, uint r0) {
    uint channels = job->row_channels, line = GROUP_COLUMNS / 4 * channels;
    uint samples = min((uint)GROUP_COLUMNS, job->columns - x0) * channels;
    uint rows = min((uint)GROUP_TILE_ROWS(channels), job->rows - r0) / channels;
    if (channels == 1) {
        return;
    }
    bool aligned = ((job->dst | job->dst_pitch) & 3) == 0;
    for (uint turn = 0; turn < rows * line; turn += (uint)get_local_size(0)) {
        uint i = turn + (uint)get_local_id(0), row = i / line, at = (i - row * line) * 4;
        if (row < rows && at < samples) {
            store4(dst + (job->dst + (size_t)(r0 / channels + row) * job->dst_pitch +
                          (size_t)x0 * channels + at),
                   tile[i], samples - at, aligned);
        }
    }
}

#endif

/* Source and result may be parts of one buffer, but no kernel writes what it reads. */
__kernel void NAME(filter)(__global const SRC *restrict src, __global DST *restrict dst,
                           __global const uchar *restrict tables, uint jobs, uint count,
                           uint base) {
    __local int4 firsts[BLOCKS];
    __local SUM4 weights[BLOCKS * CHUNK];
    __local DST4 tile[TILE_SIZE];
    uint number = base + (uint)get_group_id(0), local_id = (uint)get_local_id(0),
         size = (uint)get_local_size(0);
    if (count == 0) {
        return; /* all work-items do */
    }
    __global const filter_job *job = find_filter_job(tables, jobs, count, number);
    uint inside = number - job->first_tile, channels = job->row_channels, taps = job->taps;
    uint down = inside / job->tiles_across, tile_rows = GROUP_TILE_ROWS(channels);
    uint x0 = (inside - down * job->tiles_across) * GROUP_COLUMNS, r0 = down * tile_rows,
         window0 = r0 / channels;
    uint items = tile_rows / GROUP_UNIT * ACROSS, last = job->rows / channels - 1;
    size_t step = (size_t)job->src_pitch * channels;
    /* With fewer work-items than blocks x ACROSS these take turns. Barriers need them all. */
    for (uint turn = 0; turn < items; turn += size) {
        uint item = min(turn + local_id, items - 1), index = item / ACROSS, lane = item % ACROSS;
        uint first_block = turn / ACROSS,
             blocks = (min(turn + size, items) - 1) / ACROSS + 1 - first_block;
        uint channel = index % channels;
        /* Past the last column the last four are worked on once more. */
        uint x = x0 + lane * GROUP_UNIT, inside_x = min(x, (job->columns - 1) & ~3u);
        block own = find_block(job, tables, window_of(window0, index, channels), last);
        if (lane == 0 || local_id == 0) {
            firsts[index - first_block] = own.first;
        }
        block_sums sums = {start_sums(job, own.fill_weight.x, channel, inside_x),
                           start_sums(job, own.fill_weight.y, channel, inside_x),
                           start_sums(job, own.fill_weight.z, channel, inside_x),
                           start_sums(job, own.fill_weight.w, channel, inside_x)};
        /* Of a band, job->src counts from a row that is not there: sums of ulong come round. */
        __global const SRC *p =
            src +
            (job->src + ((ulong)least(own.first) * channels + channel) * job->src_pitch + inside_x);
        uint length = length_of(own.first, taps), longest = 0;
        barrier(CLK_LOCAL_MEM_FENCE);
        for (uint i = 0; i < blocks; i++) {
            longest = max(longest, length_of(firsts[i], taps));
        }
        for (uint done = 0; done < longest; done += CHUNK) {
            for (uint first = 0; first < blocks * CHUNK; first += size) {
                uint i = first + local_id;
                if (i < blocks * CHUNK) {
                    weights[i] = weights_at(job, tables,
                                            window_of(window0, first_block + i / CHUNK, channels),
                                            last, firsts[i / CHUNK], done + i % CHUNK);
                }
            }
            barrier(CLK_LOCAL_MEM_FENCE);
            if (done < length) {
                add_rows(&sums, p + done * step, step, weights + (index - first_block) * CHUNK,
                         min(length - done, (uint)CHUNK));
            }
            barrier(CLK_LOCAL_MEM_FENCE);
        }
        if (turn + local_id < items) {
            DST4 rows[4] = {FINISH(sums.a, 4), FINISH(sums.b, 4), FINISH(sums.c, 4),
                            FINISH(sums.d, 4)};
            put_block(job, dst, tile, rows, index, lane, x, r0);
        }
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    store_tile(job, dst, tile, x0, r0);
}
