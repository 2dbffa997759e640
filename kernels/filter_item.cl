/* The filter where a work-item owns a tile, in registers: any CPU. */

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

/* One result row of `tiles` tiles beginning with column x. */
void filter_row(__global const filter_job *job, const window *w, uint x, uint tiles,
                DST16 *result) {
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
            a += load16(0, p) * weight;
            b += load16(1, p) * weight;
            c += load16(2, p) * weight;
            d += load16(3, p) * weight;
            FETCH(p + STRIP * TILE);
            p += step;
        }
        result[0] = FINISH(a, 16);
        result[ROWS] = FINISH(b, 16);
        result[2 * ROWS] = FINISH(c, 16);
        result[3 * ROWS] = FINISH(d, 16);
        return;
    }
    for (uint t = 0; t < tiles; t++) {
        SUM16 a = start_sums(job, w, x + t * TILE);
        __global const SRC *q = p + t * TILE;
        for (uint k = 0; k < taps; k++) {
            a += load16(0, q) * (SUM)w->weights[k];
            q += step;
        }
        result[t * ROWS] = FINISH(a, 16);
    }
}

#if REAL && CLANG_BUILTINS
/* Rows that read each source row once, so that it is loaded and converted once for all */
#define SHARED 4

/* So many result rows of a strip, from row r0 on; false where they have too few source rows in
 * common. The sums have the order of filter_row(). */
bool filter_together(__global const filter_job *job, __global const uchar *tables,
                     __global const SRC *src, uint x, uint r0, DST16 *result) {
    window w[SHARED];
    uint behind[SHARED], most = 0, taps = job->taps;
    SUM16 sum[SHARED][STRIP];
    if (job->row_channels != 1) {
        return false;
    }
    _Pragma("unroll") for (uint r = 0; r < SHARED; r++) {
        w[r] = find_window(job, tables, src, min(r0 + r, job->rows - 1));
        behind[r] = (uint)(w[r].first - w[0].first);
        most = max(most, behind[r]);
    }
    if (most >= taps) {
        return false;
    }
    _Pragma("unroll") for (uint r = 0; r < SHARED; r++) {
        _Pragma("unroll") for (uint t = 0; t < STRIP; t++) {
            sum[r][t] = start_sums(job, &w[r], x + t * TILE);
        }
    }
    __global const SRC *p = w[0].source + x;
    for (uint k = 0; k < taps + most; k++) {
        SUM16 v[STRIP];
        _Pragma("unroll") for (uint t = 0; t < STRIP; t++) {
            v[t] = load16(t, p);
        }
        FETCH(p + STRIP * TILE);
        _Pragma("unroll") for (uint r = 0; r < SHARED; r++) {
            uint tap = k - behind[r];
            if (tap < taps) {
                SUM weight = w[r].weights[tap];
                _Pragma("unroll") for (uint t = 0; t < STRIP; t++) {
                    sum[r][t] += v[t] * weight;
                }
            }
        }
        p += job->src_pitch;
    }
    _Pragma("unroll") for (uint r = 0; r < SHARED; r++) {
        _Pragma("unroll") for (uint t = 0; t < STRIP; t++) {
            result[t * ROWS + r] = FINISH(sum[r][t], 16);
        }
    }
    return true;
}
#endif

/* The rows of a work-item, tile beside tile. */
INLINE void filter_rows(__global const filter_job *job, __global const uchar *tables,
                        __global const SRC *src, uint x, uint tiles, uint r0, DST16 *rows) {
    for (uint i = 0; i < ROWS;) {
#if REAL && CLANG_BUILTINS
        if (tiles == STRIP && i % SHARED == 0 &&
            filter_together(job, tables, src, x, r0 + i, rows + i)) {
            i += SHARED;
            continue;
        }
#endif
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
            next[2 * i] = (DST16)(a.s0, b.s0, a.s1, b.s1, a.s2, b.s2, a.s3, b.s3, a.s4, b.s4,      \
                                  a.s5, b.s5, a.s6, b.s6, a.s7, b.s7);                             \
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

__kernel void NAME(filter)(__global const SRC *src, __global DST *dst, __global const uchar *tables,
                           uint jobs, uint count, uint base) {
    uint number = base + (uint)get_group_id(0);
    DST16 rows[STRIP * ROWS];
    if (count == 0) {
        return;
    }
    __global const filter_job *job = find_filter_job(tables, jobs, count, number);
    /* Down one strip after the other: what is stored transposed stays within few pages. */
    uint inside = number - job->first_tile;
    uint x = inside % job->tiles_across * (STRIP * TILE), r0 = inside / job->tiles_across * ROWS;
    uint tiles = min((uint)STRIP, (job->columns - x + TILE - 1) / TILE);
    /* Planes are padded to whole tiles, so loads and stores need no bounds; rows past the last
     * repeat it. */
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
