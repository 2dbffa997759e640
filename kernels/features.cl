/* Sums over a small picture, in integers, so that no order of them matters.
 *
 * Set by the engine: GROUP_TILE  1: a work-group owns a strip, 0: a work-item
 *
 * A strip's sums are taken column by column at first, which goes by vectors on processors, then
 * those of a cell's columns are added. No two work-items add to the same number, but for a group's
 * histogram.
 */
FIND_JOB(features_job)

#if GROUP_TILE
#define SHARED __local
#define AWAIT_OTHERS() barrier(CLK_LOCAL_MEM_FENCE)
#define COUNT_ONE(place) atomic_inc(place)
#define ITEM (uint) get_local_id(0)
#define ITEMS (uint) get_local_size(0)
#else
#define SHARED
#define AWAIT_OTHERS()
#define COUNT_ONE(place) (*(place))++
#define ITEM 0u
#define ITEMS 1u
#endif

/* What a work-item does of so many. */
#define EACH(i, count) for (uint i = ITEM; i < (count); i += ITEMS)

/* Where the sum of a column stands. */
#define COLUMN(sum, x) columns[(sum)*FEATURE_SIDE + (x)]

/* A strip: rows `first` to `end`; its luma is kept from row `above` up to `below`, which its sums
 * look at, too. */
typedef struct strip {
    uint number, first, end, above, below;
} strip;

uint cell_start(uint cell, uint size) {
    return cell * size / FEATURE_CELLS;
}

/* How much of a pixel lies in a box, in units of 1 / FEATURE_CELLS. */
int share(uint pixel, uint cell, uint size) {
    uint low = max(pixel * FEATURE_CELLS, cell * size);
    uint high = min((pixel + 1) * FEATURE_CELLS, (cell + 1) * size);
    return (int)(high - low);
}

/* The last pixel that a box has a share of, and one. */
uint box_end(uint cell, uint size) {
    return ((cell + 1) * size + FEATURE_CELLS - 1) / FEATURE_CELLS;
}

/* Luma of a row's pixels, of `step` bytes each. */
INLINE void find_luma(__global const uchar *restrict row, SHARED uchar *restrict luma, uint width,
                      uint step) {
    EACH(x, width) {
        __global const uchar *at = row + x * step;
        luma[x] = (uchar)FEATURE_LUMA((uint)at[0], (uint)at[step / 2], (uint)at[step - 1]);
    }
}

/* Adds `weight` times a row's pixels to the columns' shares of the boxes. */
INLINE void add_box(__global const uchar *restrict row, const SHARED uchar *restrict luma,
                    uint width, uint step, int weight, SHARED int *restrict columns) {
    EACH(x, width) {
        __global const uchar *at = row + x * step;
        COLUMN(CELL_LUMA, x) += weight * luma[x];
        COLUMN(CELL_RED, x) += weight * at[0];
        COLUMN(CELL_GREEN, x) += weight * at[step / 2];
        COLUMN(CELL_BLUE, x) += weight * at[step - 1];
    }
}

INLINE void add_colours(__global const uchar *restrict row, uint width, uint step,
                        SHARED int *restrict columns) {
    EACH(x, width) {
        __global const uchar *at = row + x * step;
        int r = at[0], g = at[step / 2], b = at[step - 1];
        int most = max(r, max(g, b)), a = r - g, c = r + g - 2 * b;
        COLUMN(CELL_RG, x) += a;
        COLUMN(CELL_RG_SQUARE, x) += a * a;
        COLUMN(CELL_YB, x) += c;
        COLUMN(CELL_YB_SQUARE, x) += c * c;
        COLUMN(CELL_DARK, x) += most <= FEATURE_DARK;
        COLUMN(CELL_BRIGHT, x) += most >= FEATURE_BRIGHT;
    }
}

/* Of a row that has one above and one below. */
void add_differences(const SHARED uchar *restrict luma, uint width, SHARED int *restrict columns) {
    EACH(i, max(width, 2u) - 2) {
        uint x = i + 1;
        const SHARED uchar *at = luma + x, *up = at - FEATURE_SIDE, *down = at + FEATURE_SIDE;
        int edges = up[0] + down[0] + at[-1] + at[1];
        int corners = up[-1] + up[1] + down[-1] + down[1];
        int value = edges - 4 * at[0];
        COLUMN(CELL_LAPLACE, x) += value;
        COLUMN(CELL_LAPLACE_SQUARE, x) += value * value;
        COLUMN(CELL_NOISE, x) += (int)abs(corners - 2 * edges + 4 * at[0]);
    }
}

void count_levels(const SHARED uchar *restrict luma, uint width, SHARED int *restrict levels) {
    EACH(x, width) {
        COUNT_ONE(&levels[luma[x]]);
    }
}

/* All that a row adds but differences; `step` is 1 or 3, and known to the compiler. */
INLINE void add_row(__global const features_job *job, __global const uchar *row,
                    const SHARED uchar *luma, const strip *s, uint y, uint step,
                    SHARED int *columns) {
    add_box(row, luma, job->width, step, share(y, s->number, job->height), columns);
    if (y < s->end) {
        add_colours(row, job->width, step, columns);
    }
}

/* A cell's sum over its columns. */
int sum_cell(const SHARED int *columns, uint cell, uint sum, uint width) {
    bool box = sum <= CELL_BLUE;
    uint end = box ? box_end(cell, width) : cell_start(cell + 1, width);
    int total = 0;
    for (uint x = cell_start(cell, width); x < end; x++) {
        total += box ? share(x, cell, width) * COLUMN(sum, x) : COLUMN(sum, x);
    }
    return total;
}

/* In a function of its own: written out in the kernel, it has other values behind a barrier on
 * llvmpipe of Mesa 25.0. */
strip find_strip(__global const features_job *job, uint number) {
    strip s = {.number = number - job->first_tile};
    s.first = cell_start(s.number, job->height);
    s.end = cell_start(s.number + 1, job->height);
    s.above = s.first > 0 ? s.first - 1 : 0;
    s.below = min(s.end + 1, job->height);
    return s;
}

__kernel void NAME(features)(__global const SRC *src, __global DST *dst,
                             __global const uchar *tables, uint jobs, uint count, uint base) {
    uint number = base + (uint)get_group_id(0);
    SHARED uchar luma[FEATURE_ROWS * FEATURE_SIDE];
    SHARED int levels[FEATURE_LEVELS];
    SHARED int columns[CELL_SUMS * FEATURE_SIDE];
#if !GROUP_TILE
    if (count == 0) {
        return;
    }
#endif
    __global const features_job *job = find_features_job(tables, jobs, count, number);
    strip s = find_strip(job, number);
    __global int *result = (__global int *)(dst + job->dst + (size_t)s.number * job->dst_pitch);
    bool gray = job->channels == 1;

    for (uint y = s.above; y < s.below; y++) {
        __global const uchar *row = src + job->src + (size_t)y * job->src_pitch;
        SHARED uchar *values = luma + (y - s.above) * FEATURE_SIDE;
        if (gray) {
            find_luma(row, values, job->width, 1);
        } else {
            find_luma(row, values, job->width, 3);
        }
    }
    EACH(i, FEATURE_LEVELS) {
        levels[i] = 0;
    }
    EACH(i, CELL_SUMS * FEATURE_SIDE) {
        columns[i] = 0;
    }
    AWAIT_OTHERS();
    for (uint y = s.first; y < box_end(s.number, job->height); y++) {
        __global const uchar *row = src + job->src + (size_t)y * job->src_pitch;
        const SHARED uchar *values = luma + (y - s.above) * FEATURE_SIDE;
        if (gray) {
            add_row(job, row, values, &s, y, 1, columns);
        } else {
            add_row(job, row, values, &s, y, 3, columns);
        }
        if (y < s.end && y > 0 && y + 1 < job->height) {
            add_differences(values, job->width, columns);
        }
    }
    for (uint y = s.first; y < s.end; y++) {
        count_levels(luma + (y - s.above) * FEATURE_SIDE, job->width, levels);
    }
    AWAIT_OTHERS();
    EACH(i, FEATURE_CELLS * CELL_SUMS) {
        result[FEATURE_LEVELS + i] = sum_cell(columns, i / CELL_SUMS, i % CELL_SUMS, job->width);
    }
    EACH(i, FEATURE_LEVELS) {
        result[i] = levels[i];
    }
}
