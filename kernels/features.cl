/* Sums over a small picture, in integers, so that no order of them matters.
 *
 * Set by the engine: GROUP_TILE  1: a work-group owns a strip, 0: a work-item
 *
 * No two work-items add to the same number, but for a group's histogram.
 */
FIND_JOB(features_job)

#if GROUP_TILE
#define SHARED __local
#define AWAIT_OTHERS() barrier(CLK_LOCAL_MEM_FENCE)
#define COUNT_ONE(place) atomic_inc(place)
#else
#define SHARED
#define AWAIT_OTHERS()
#define COUNT_ONE(place) (*(place))++
#endif

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

void sum_box(__global const features_job *job, __global const uchar *src, const SHARED uchar *luma,
             const strip *s, uint cell, __global int *sums) {
    int y_sum = 0, red = 0, green = 0, blue = 0;
    uint step = job->channels, second = step > 1, third = step > 1 ? 2 : 0;
    for (uint y = s->first; y < box_end(s->number, job->height); y++) {
        int rows = share(y, s->number, job->height);
        __global const uchar *row = src + job->src + (size_t)y * job->src_pitch;
        const SHARED uchar *values = luma + (y - s->above) * FEATURE_SIDE;
        for (uint x = cell_start(cell, job->width); x < box_end(cell, job->width); x++) {
            int weight = rows * share(x, cell, job->width);
            y_sum += weight * values[x];
            red += weight * row[x * step];
            green += weight * row[x * step + second];
            blue += weight * row[x * step + third];
        }
    }
    sums[CELL_LUMA] = y_sum;
    sums[CELL_RED] = red;
    sums[CELL_GREEN] = green;
    sums[CELL_BLUE] = blue;
}

void sum_colours(__global const features_job *job, __global const uchar *src, const strip *s,
                 uint cell, __global int *sums) {
    int rg = 0, rg_square = 0, yb = 0, yb_square = 0, dark = 0, bright = 0;
    uint step = job->channels, second = step > 1, third = step > 1 ? 2 : 0;
    for (uint y = s->first; y < s->end; y++) {
        __global const uchar *row = src + job->src + (size_t)y * job->src_pitch;
        for (uint x = cell_start(cell, job->width); x < cell_start(cell + 1, job->width); x++) {
            int r = row[x * step], g = row[x * step + second], b = row[x * step + third];
            int most = max(r, max(g, b)), a = r - g, c = r + g - 2 * b;
            rg += a;
            rg_square += a * a;
            yb += c;
            yb_square += c * c;
            dark += most <= FEATURE_DARK;
            bright += most >= FEATURE_BRIGHT;
        }
    }
    sums[CELL_RG] = rg;
    sums[CELL_RG_SQUARE] = rg_square;
    sums[CELL_YB] = yb;
    sums[CELL_YB_SQUARE] = yb_square;
    sums[CELL_DARK] = dark;
    sums[CELL_BRIGHT] = bright;
}

void sum_differences(__global const features_job *job, const SHARED uchar *luma, const strip *s,
                     uint cell, __global int *sums) {
    int laplace = 0, square = 0, noise = 0;
    uint left = max(cell_start(cell, job->width), 1u),
         right = min(cell_start(cell + 1, job->width), job->width - 1);
    uint top = max(s->first, 1u), bottom = min(s->end, job->height - 1);
    for (uint y = top; y < bottom; y++) {
        const SHARED uchar *row = luma + (y - s->above) * FEATURE_SIDE;
        const SHARED uchar *up = row - FEATURE_SIDE, *down = row + FEATURE_SIDE;
        for (uint x = left; x < right; x++) {
            int edges = up[x] + down[x] + row[x - 1] + row[x + 1];
            int corners = up[x - 1] + up[x + 1] + down[x - 1] + down[x + 1];
            int value = edges - 4 * row[x];
            laplace += value;
            square += value * value;
            noise += (int)abs(corners - 2 * edges + 4 * row[x]);
        }
    }
    sums[CELL_LAPLACE] = laplace;
    sums[CELL_LAPLACE_SQUARE] = square;
    sums[CELL_NOISE] = noise;
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
    uint number = base + (uint)get_group_id(0), lane = (uint)get_local_id(0),
         lanes = (uint)get_local_size(0);
    SHARED uchar luma[FEATURE_ROWS * FEATURE_SIDE];
    SHARED int levels[FEATURE_LEVELS];
#if !GROUP_TILE
    if (count == 0) {
        return;
    }
#endif
    __global const features_job *job = find_features_job(tables, jobs, count, number);
    strip s = find_strip(job, number);
    __global int *result = (__global int *)(dst + job->dst + (size_t)s.number * job->dst_pitch);
    uint step = job->channels, second = step > 1, third = step > 1 ? 2 : 0;

    for (uint y = s.above; y < s.below; y++) {
        __global const uchar *row = src + job->src + (size_t)y * job->src_pitch;
        for (uint x = lane; x < job->width; x += lanes) {
            luma[(y - s.above) * FEATURE_SIDE + x] = (uchar)FEATURE_LUMA(
                (uint)row[x * step], (uint)row[x * step + second], (uint)row[x * step + third]);
        }
    }
    for (uint i = lane; i < FEATURE_LEVELS; i += lanes) {
        levels[i] = 0;
    }
    AWAIT_OTHERS();
    for (uint y = s.first; y < s.end; y++) {
        for (uint x = lane; x < job->width; x += lanes) {
            COUNT_ONE(&levels[luma[(y - s.above) * FEATURE_SIDE + x]]);
        }
    }
    for (uint cell = lane; cell < FEATURE_CELLS; cell += lanes) {
        __global int *sums = result + FEATURE_LEVELS + cell * CELL_SUMS;
        sum_box(job, src, luma, &s, cell, sums);
        sum_colours(job, src, &s, cell, sums);
        sum_differences(job, luma, &s, cell, sums);
    }
    AWAIT_OTHERS();
    for (uint i = lane; i < FEATURE_LEVELS; i += lanes) {
        result[i] = levels[i];
    }
}
