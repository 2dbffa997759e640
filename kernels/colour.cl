/* Pointwise work on whole pixels: a short list of steps between a load and a store. Pixels are in
 * colour.clh, the steps in the other files of that name.
 *
 * Set by the engine: REAL   1: floats from 0 to white; 0: integers in Q6
 *                    GROUP_TILE  1: a work-group owns a tile, 0: a work-item
 *                    NARROW      1: a processor whose driver compiles long vectors slowly
 *
 * A tile is some vectors of the picture in their order, row after row; on a GPU neighbouring
 * work-items take neighbouring vectors. Channels stand in arrays of vectors that are never indexed
 * by what is not known when they are compiled, so that they stay in registers. A work-item that
 * owns a tile runs each step on UNITS vectors in a row, so that finding out what the step is does
 * not cost more than the step.
 *
 * Where samples of chroma stand for two columns or rows, a vector is taken from two rows one after
 * the other, and what is stored of chroma are means.
 */
FIND_JOB(colour_job)

/* Runs a step on so many vectors. */
GROUP_INLINE
void run_step(pixels *p, uint count, __global const colour_step *s, __global const uchar *tables,
              const arenas *a, __global const colour_job *job, const place *at, uint *colours) {
    switch (s->kind) {
    case STEP_UNSHARP:
        EACH_UNIT step_unsharp(p + u, s, tables, a, job, at + u);
        break;
    case STEP_HSV:
        EACH_UNIT step_hsv(p + u, s);
        break;
    case STEP_OVERLAY:
        EACH_UNIT step_overlay(p + u, s, tables, job->top, at + u);
        break;
    case STEP_MATRIX:
        step_matrix(p, count, s, tables);
        *colours = s->out;
        break;
    case STEP_CURVE:
        step_curve(p, count, s, tables, *colours);
        break;
    case STEP_FLATTEN:
        EACH_UNIT step_flatten(p + u, s, *colours);
        break;
    case STEP_OPAQUE:
        EACH_UNIT step_opaque(p + u, s->value[0]);
        break;
#if REAL
    case STEP_CLAMP:
        step_clamp(p, count, s->white);
        break;
    case STEP_CUBIC:
        step_cubic(p, count, s, tables, *colours);
        break;
    case STEP_LOOKUP:
        step_lookup(p, count, s, tables, *colours);
        break;
    case STEP_TABLE:
        EACH_UNIT step_table(p + u, s, a->cube);
        *colours = s->out;
        break;
    case STEP_PREMULTIPLY:
        EACH_UNIT step_premultiply(p + u, s, *colours);
        break;
    case STEP_UNPREMULTIPLY:
        EACH_UNIT step_unpremultiply(p + u, *colours, s->white);
        break;
    case STEP_SCALE:
        EACH_UNIT step_scale(p + u, s->value[0]);
        break;
#else
    case STEP_CLAMP:
        step_clamp(p, count, Q6_WHITE);
        break;
#endif
    }
}

/* One row of each of `count` vectors; what is stored of chroma only with others is added to `sums`.
 */
GROUP_INLINE
void work_on_row(const arenas *a, __global const colour_job *job, __global const uchar *tables,
                 const place *at, uint count, bool means, pixels *sums) {
    uint colours = job->in_colours, steps = job->step_count;
    pixels p[UNITS];
    EACH_UNIT {
        EACH_CHANNEL(4) p[u].v[c] = 0;
        load_pixels(a, job->src, colours, job->in_alpha, at[u].x, at[u].y, at[u].n, &p[u]);
    }
    for (uint i = 0; i < steps; i++) {
        run_step(p, count, &job->steps[i], tables, a, job, at, &colours);
    }
    EACH_UNIT {
        store_pixels(a, job->dst, means ? 1 : job->out_colours, job->out_alpha, at[u].x, at[u].y,
                     at[u].n, &p[u]);
        if (means) {
            sums[u].v[1] += p[u].v[1];
            sums[u].v[2] += p[u].v[2];
        }
    }
}

/* `count` vectors from the one of number `first` on, each of as many rows as a sample of chroma
 * stands for. */
GROUP_INLINE
void work_on(const arenas *a, __global const colour_job *job, __global const uchar *tables,
             uint first, uint count) {
    uint across = job->vectors_across, rows = job->v_step;
    bool means = job->h_step > 1 || rows > 1;
    place at[UNITS], to[UNITS];
    pixels sums[UNITS];
    EACH_UNIT {
        uint y = (first + u) / across, x = first + u - y * across;
        to[u].x = at[u].x = x;
        to[u].y = y;
        to[u].n = at[u].n = min((uint)LANES, job->width - x * LANES);
        EACH_CHANNEL(3) sums[u].v[c] = 0;
    }
    for (uint r = 0; r < rows; r++) {
        /* A row past the last repeats it. */
        EACH_UNIT at[u].y = min(to[u].y * rows + r, job->height - 1);
        work_on_row(a, job, tables, at, count, means, sums);
    }
    if (means) {
        EACH_UNIT store_means(a, job, to[u].x, to[u].y, to[u].n, &sums[u]);
    }
}

__kernel void NAME(colour)(__global uchar *input, __global uchar *scratch, __global uchar *output,
                           __global const uchar *restrict tables, __global const float4 *cube,
                           uint jobs, uint count, uint base) {
    uint number = base + (uint)get_group_id(0);
    if (count == 0) {
        return;
    }
    __global const colour_job *job = find_colour_job(tables, jobs, count, number);
    arenas a = {input, scratch, output, cube};
    uint first = (number - job->first_tile) * COLOUR_VECTORS;
    uint end = min(first + COLOUR_VECTORS,
                   job->vectors_across * ((job->height + job->v_step - 1) / job->v_step));
    for (uint turn = first; turn < end; turn += (uint)get_local_size(0) * UNITS) {
        uint vector = turn + (uint)get_local_id(0) * UNITS;
        if (vector < end) {
            work_on(&a, job, tables, vector, min((uint)UNITS, end - vector));
        }
    }
}
