/* Crop, pad, flip, rotate, nearest neighbour: every result pixel takes one source pixel, or the
 * fill colour.
 *
 * Set by the engine: SRC (DST the same), SRC_IS_x, GROUP_TILE. A tile has 16 x 16 pixels, shared by
 * the work-items of a group: one on a CPU, 256 on a GPU.
 */
FIND_JOB(reindex_job)

#define TILE REINDEX_TILE

#if defined(SRC_IS_F32)
#define FILL(value) (value)
#elif defined(SRC_IS_U8)
#define FILL(value) convert_uchar_sat(floor((value) + 0.5f))
#elif defined(SRC_IS_U16)
#define FILL(value) convert_ushort_sat(floor((value) + 0.5f))
#else
#define FILL(value) convert_short_sat(floor((value) + 0.5f))
#endif

void copy_pixel(__global const reindex_job *job, __global const uchar *tables,
                __global const SRC *src, __global SRC *dst, uint x, uint y) {
    int row = ((__global const int *)(tables + job->row_index))[job->transpose ? x : y];
    int column = ((__global const int *)(tables + job->column_index))[job->transpose ? y : x];
    __global SRC *to = dst + job->dst + (size_t)y * job->dst_pitch + (size_t)x * job->channels;
    bool inside = row >= 0 && column >= 0;
    __global const SRC *from =
        src + (inside ? job->src + (ulong)row * job->src_pitch + (ulong)column * job->channels : 0);
    for (uint c = 0; c < job->channels; c++) {
        to[c] = inside ? from[c] : FILL(job->fill[c]);
    }
}

/* True if a whole row of the tile takes source pixels that lie one behind the other. */
bool is_run(__global const reindex_job *job, __global const uchar *tables, uint x0) {
    __global const int *columns = (__global const int *)(tables + job->column_index) + x0;
    bool run = !job->transpose && x0 + TILE <= job->columns && columns[0] >= 0;
    for (uint i = 1; run && i < TILE; i++) {
        run = columns[i] == columns[0] + (int)i;
    }
    return run;
}

/* Such a row at once; false if it takes none, but the fill colour. */
bool copy_run(__global const reindex_job *job, __global const uchar *tables,
              __global const SRC *src, __global SRC *dst, uint x0, uint y) {
    int row = ((__global const int *)(tables + job->row_index))[y];
    int column = ((__global const int *)(tables + job->column_index))[x0];
    __global SRC *to = dst + job->dst + (size_t)y * job->dst_pitch + (size_t)x0 * job->channels;
    if (row < 0) {
        return false;
    }
    __global const SRC *from =
        src + (job->src + (ulong)row * job->src_pitch + (ulong)column * job->channels);
    for (uint c = 0; c < job->channels; c++) {
        vstore16(vload16(c, from), c, to);
    }
    return true;
}

__kernel void NAME(reindex)(__global const SRC *src, __global SRC *dst,
                            __global const uchar *tables, uint jobs, uint count, uint base) {
    uint number = base + (uint)get_group_id(0);
    if (count == 0) {
        return;
    }
    __global const reindex_job *job = find_reindex_job(tables, jobs, count, number);
    uint inside = number - job->first_tile;
    uint x0 = inside % job->tiles_across * TILE, y0 = inside / job->tiles_across * TILE;
    uint columns = min((uint)TILE, job->columns - x0), rows = min((uint)TILE, job->rows - y0);
    /* Work-items of a group take neighbouring pixels; one that is alone, as many as it can. */
    bool runs = get_local_size(0) == 1 && is_run(job, tables, x0);
    for (uint i = (uint)get_local_id(0); i < rows * TILE; i += (uint)get_local_size(0)) {
        if (runs && i % TILE == 0 && copy_run(job, tables, src, dst, x0, y0 + i / TILE)) {
            i += TILE - 1;
            continue;
        }
        if (i % TILE < columns) {
            copy_pixel(job, tables, src, dst, x0 + i % TILE, y0 + i / TILE);
        }
    }
}
