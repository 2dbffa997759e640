/* Pointwise work on whole pixels: a short list of steps between a load and a store.
 *
 * Set by the engine: REAL   1: floats from 0 to white; 0: integers in Q6
 *                    LANES  pixels of a row that one work-item works on: 16 on a CPU, 1 on a GPU
 */
FIND_JOB(colour_job)

#if REAL
typedef float value;
#else
typedef int value;
#define Q6_WHITE (255 * 64)
#endif

/* Colours in 0 to 2, alpha in 3. */
typedef struct pixels {
    value v[4][LANES];
} pixels;

typedef struct arenas {
    __global uchar *input, *scratch, *output;
} arenas;

#define EACH_LANE for (uint l = 0; l < LANES; l++)

__global uchar *surface_at(const arenas *a, __global const colour_surface *s, uint y) {
    __global uchar *base = s->role == 0 ? a->input : s->role == 1 ? a->scratch : a->output;
    return base + s->offset + (size_t)y * s->pitch;
}

void load_channel(const arenas *a, __global const colour_surface *s, uint x, uint y, uint n, value *v) {
    __global const uchar *row = surface_at(a, s, y);
#if REAL
    if (s->sample == SAMPLE_U8) {
        EACH_LANE v[l] = row[(x + min(l, n - 1)) * s->stride];
    } else if (s->sample == SAMPLE_U16) {
        EACH_LANE v[l] = ((__global const ushort *)row)[(x + min(l, n - 1)) * s->stride];
    } else {
        EACH_LANE v[l] = ((__global const float *)row)[(x + min(l, n - 1)) * s->stride];
    }
#else
    if (s->sample == SAMPLE_U8) {
        EACH_LANE v[l] = row[(x + min(l, n - 1)) * s->stride] << 6;
    } else {
        EACH_LANE v[l] = ((__global const short *)row)[(x + min(l, n - 1)) * s->stride];
    }
#endif
}

void store_channel(const arenas *a, __global const colour_surface *s, uint x, uint y, uint n, const value *v) {
    __global uchar *row = surface_at(a, s, y);
    for (uint l = 0; l < LANES && l < n; l++) {
        size_t at = (x + l) * s->stride;
#if REAL
        if (s->sample == SAMPLE_U8) {
            row[at] = convert_uchar_sat(floor(v[l] + 0.5f));
        } else if (s->sample == SAMPLE_U16) {
            ((__global ushort *)row)[at] = convert_ushort_sat(floor(v[l] + 0.5f));
        } else {
            ((__global float *)row)[at] = v[l];
        }
#else
        if (s->sample == SAMPLE_U8) {
            row[at] = convert_uchar_sat((v[l] + 32) >> 6);
        } else {
            ((__global short *)row)[at] = convert_short_sat(v[l]);
        }
#endif
    }
}

#if REAL

void step_matrix(pixels *p, __global const colour_step *s, __global const uchar *tables) {
    __global const float *m = (__global const float *)(tables + s->table);
    pixels old = *p;
    for (uint i = 0; i < s->out; i++) {
        EACH_LANE {
            /* A premultiplied colour takes the offset in proportion to its alpha. */
            float sum = s->value[0] != 0 ? m[4 * i + 3] * (old.v[3][l] * s->inverse_white) : m[4 * i + 3];
            for (uint j = 0; j < s->in; j++) {
                sum += m[4 * i + j] * old.v[j][l];
            }
            p->v[i][l] = sum;
        }
    }
}

void step_clamp(pixels *p, float white) {
    for (uint c = 0; c < 4; c++) {
        EACH_LANE p->v[c][l] = clamp(p->v[c][l], 0.0f, white);
    }
}

/* Entries of a curve over [0, white], interpolated between. */
#define CURVE_SIZE 65536

void step_curve(pixels *p, __global const colour_step *s, __global const uchar *tables, uint colours) {
    float scale = CURVE_SIZE * s->inverse_white;
    for (uint c = 0; c < colours; c++) {
        __global const float *curve = (__global const float *)(tables + s->table) + (s->in > 1 ? c * (CURVE_SIZE + 1) : 0);
        EACH_LANE {
            float at = p->v[c][l] * scale;
            uint below = min((uint)at, (uint)(CURVE_SIZE - 1));
            float low = curve[below];
            p->v[c][l] = low + (at - (float)below) * (curve[below + 1] - low);
        }
    }
}

void step_premultiply(pixels *p, __global const colour_step *s, uint colours) {
    for (uint c = 0; c < colours; c++) {
        EACH_LANE p->v[c][l] = p->v[c][l] * p->v[3][l] * s->inverse_white;
    }
}

/* Both operands as integers with 20 fraction bits, so that the quotient is exact; it has 8. */
void step_unpremultiply(pixels *p, uint colours, float white) {
    EACH_LANE {
        float alpha = clamp(p->v[3][l], 0.0f, white);
        ulong divisor = convert_ulong(floor(alpha * 1048576.0f + 0.5f));
        bool visible = alpha >= 0.5f;
        p->v[3][l] = alpha;
        for (uint c = 0; c < colours; c++) {
            float colour = clamp(p->v[c][l], 0.0f, white);
            ulong product = convert_ulong(floor(colour * 1048576.0f + 0.5f)) * convert_ulong(white) * 256;
            float quotient = visible ? convert_float((product + divisor / 2) / divisor) * (1.0f / 256.0f) : 0.0f;
            p->v[c][l] = min(quotient, white);
        }
    }
}

void step_scale(pixels *p, float factor) {
    for (uint c = 0; c < 4; c++) {
        EACH_LANE p->v[c][l] *= factor;
    }
}

void step_flatten(pixels *p, __global const colour_step *s, uint colours) {
    for (uint c = 0; c < colours; c++) {
        float ground = s->value[c];
        EACH_LANE {
            float alpha = p->v[3][l] * s->inverse_white;
            float colour = s->value[3] != 0 ? p->v[c][l] : p->v[c][l] * alpha;
            p->v[c][l] = colour + ground * (1 - alpha);
        }
    }
}

#else

void step_matrix(pixels *p, __global const colour_step *s, __global const uchar *tables) {
    __global const int *m = (__global const int *)(tables + s->table);
    pixels old = *p;
    int half_unit = s->shift > 0 ? 1 << (s->shift - 1) : 0;
    for (uint i = 0; i < s->out; i++) {
        if (s->in == 1) {
            EACH_LANE p->v[i][l] = (m[4 * i + 3] + half_unit + m[4 * i] * old.v[0][l]) >> s->shift;
        } else {
            EACH_LANE p->v[i][l] = (m[4 * i + 3] + half_unit + m[4 * i] * old.v[0][l] + m[4 * i + 1] * old.v[1][l] +
                                    m[4 * i + 2] * old.v[2][l]) >> s->shift;
        }
    }
}

void step_clamp(pixels *p) {
    for (uint c = 0; c < 4; c++) {
        EACH_LANE p->v[c][l] = clamp(p->v[c][l], 0, Q6_WHITE);
    }
}

void step_curve(pixels *p, __global const colour_step *s, __global const uchar *tables, uint colours) {
    for (uint c = 0; c < colours; c++) {
        __global const short *curve = (__global const short *)(tables + s->table) + (s->in > 1 ? c * (Q6_WHITE + 1) : 0);
        EACH_LANE p->v[c][l] = curve[clamp(p->v[c][l], 0, Q6_WHITE)];
    }
}

void step_flatten(pixels *p, __global const colour_step *s, uint colours) {
    for (uint c = 0; c < colours; c++) {
        int ground = convert_int(s->value[c]);
        EACH_LANE {
            int alpha = p->v[3][l];
            p->v[c][l] = (p->v[c][l] * alpha + ground * (Q6_WHITE - alpha) + Q6_WHITE / 2) / Q6_WHITE;
        }
    }
}

#endif

/* Hue, saturation and value by exact division, of integers from 0 to `one`. */
long4 to_hsv(long r, long g, long b, long one) {
    long most = max(r, max(g, b)), least = min(r, min(g, b)), delta = most - least;
    if (delta == 0) {
        return (long4)(0, 0, most, 0);
    }
    long sixths = most == r ? g - b : most == g ? 2 * delta + b - r : 4 * delta + r - g;
    sixths += sixths < 0 ? 6 * delta : 0;
    return (long4)((sixths * one + 3 * delta) / (6 * delta), (delta * one + most / 2) / most, most, 0);
}

long4 from_hsv(long h, long s, long v, long one) {
    long half_one = one / 2, sector = h * 6 / one, f = h * 6 - sector * one;
    long p = (v * (one - s) + half_one) / one;
    long q = (v * (one - (s * f + half_one) / one) + half_one) / one;
    long t = (v * (one - (s * (one - f) + half_one) / one) + half_one) / one;
    switch (sector) {
    case 1:
        return (long4)(q, v, p, 0);
    case 2:
        return (long4)(p, v, t, 0);
    case 3:
        return (long4)(p, q, v, 0);
    case 4:
        return (long4)(t, p, v, 0);
    case 5:
        return (long4)(v, p, q, 0);
    default: /* 6 is the end of the circle */
        return (long4)(v, t, p, 0);
    }
}

void step_hsv(pixels *p, __global const colour_step *s) {
#if REAL
    /* Floats become integers of 24 bits. */
    float scale = s->white < 256 ? 65536.0f : 256.0f, inverse = s->white < 256 ? 1.0f / 65536 : 1.0f / 256;
    long one = convert_long(s->white * scale);
#else
    long one = Q6_WHITE;
#endif
    EACH_LANE {
#if REAL
        long a = convert_long(floor(p->v[0][l] * scale + 0.5f)), b = convert_long(floor(p->v[1][l] * scale + 0.5f)),
             c = convert_long(floor(p->v[2][l] * scale + 0.5f));
#else
        long a = p->v[0][l], b = p->v[1][l], c = p->v[2][l];
#endif
        long4 result = s->value[0] != 0 ? from_hsv(a, b, c, one) : to_hsv(a, b, c, one);
#if REAL
        p->v[0][l] = convert_float(result.x) * inverse;
        p->v[1][l] = convert_float(result.y) * inverse;
        p->v[2][l] = convert_float(result.z) * inverse;
#else
        p->v[0][l] = convert_int(result.x);
        p->v[1][l] = convert_int(result.y);
        p->v[2][l] = convert_int(result.z);
#endif
    }
}

#if REAL

/* Entries of a channel's curve of places along a grid, interpolated between. */
#define PLACE_SIZE 4096

/* From a corner of its cell to the opposite one, along the axes in the order of their fractions. With
 * value[0] curves of places stand behind the grid, in steps of it. */
void step_table(pixels *p, __global const colour_step *s, __global const uchar *tables) {
    __global const float4 *table = (__global const float4 *)(tables + s->table);
    uint grid = s->shift, count = 1;
    float scale = convert_float(grid - 1) * s->inverse_white;
    for (uint i = 0; i < s->in; i++) {
        count *= grid;
    }
    __global const float *places = (__global const float *)(table + count);
    EACH_LANE {
        float fraction[4];
        uint stride[4], step = 1, at = 0;
        for (uint i = s->in; i-- > 0;) {
            float position = p->v[i][l] * scale;
            if (s->value[0] != 0) {
                __global const float *place = places + i * (PLACE_SIZE + 1);
                float where = p->v[i][l] * (PLACE_SIZE * s->inverse_white);
                uint below = min((uint)where, (uint)(PLACE_SIZE - 1));
                float low = place[below];
                position = low + (where - (float)below) * (place[below + 1] - low);
            }
            uint cell = min((uint)position, grid - 2);
            fraction[i] = position - (float)cell;
            stride[i] = step;
            at += cell * step;
            step *= grid;
        }
        for (uint i = 1; i < s->in; i++) {
            for (uint k = i; k > 0 && fraction[k] > fraction[k - 1]; k--) {
                float f = fraction[k];
                uint other = stride[k];
                fraction[k] = fraction[k - 1];
                fraction[k - 1] = f;
                stride[k] = stride[k - 1];
                stride[k - 1] = other;
            }
        }
        float4 sum = table[at] * (1 - fraction[0]);
        for (uint k = 0; k < s->in; k++) {
            at += stride[k];
            sum += table[at] * (fraction[k] - (k + 1 < s->in ? fraction[k + 1] : 0.0f));
        }
        p->v[0][l] = sum.x;
        p->v[1][l] = sum.y;
        p->v[2][l] = sum.z;
    }
}

#endif

/* Where a work-item works, and what is told of it. */
typedef struct place {
    const arenas *arenas;
    __global const colour_job *job;
    uint x, y, n;
} place;

/* Adds the detail that a blur took away. */
void step_unsharp(pixels *p, __global const colour_step *s, __global const uchar *tables, const place *at) {
    __global const value *t = (__global const value *)(tables + s->table);
    uint colours = at->job->in_colours;
    pixels side, detail;
    for (uint c = 0; c < colours; c++) {
        load_channel(at->arenas, &at->job->side[c], at->x, at->y, at->n, side.v[c]);
        EACH_LANE detail.v[c][l] = side.v[c][l] - p->v[c][l];
    }
    if (s->in > 1) {
#if REAL
        EACH_LANE detail.v[0][l] = t[0] * detail.v[0][l] + t[1] * detail.v[1][l] + t[2] * detail.v[2][l];
#else
        EACH_LANE detail.v[0][l] =
            (t[0] * detail.v[0][l] + t[1] * detail.v[1][l] + t[2] * detail.v[2][l] + (1 << 13)) >> 14;
#endif
    }
    for (uint c = 0; c < colours; c++) {
        EACH_LANE {
            value d = detail.v[s->in > 1 ? 0 : c][l];
#if REAL
            /* Under a blurred alpha of nothing there is nothing to compare with. */
            bool seen = fabs(d) >= t[4] && (!at->job->in_alpha || p->v[3][l] >= 0.5f);
            p->v[c][l] = side.v[c][l] + (seen ? t[3] * d : 0.0f);
#else
            p->v[c][l] = side.v[c][l] + (abs(d) >= (uint)t[4] ? (t[3] * d + (1 << 11)) >> 12 : 0);
#endif
        }
    }
    if (at->job->in_alpha) {
        load_channel(at->arenas, &at->job->side[3], at->x, at->y, at->n, p->v[3]);
    }
}

void run_step(pixels *p, __global const colour_step *s, __global const uchar *tables, const place *at, uint *colours) {
    switch (s->kind) {
    case STEP_UNSHARP:
        step_unsharp(p, s, tables, at);
        break;
    case STEP_HSV:
        step_hsv(p, s);
        break;
    case STEP_MATRIX:
        step_matrix(p, s, tables);
        *colours = s->out;
        break;
    case STEP_CURVE:
        step_curve(p, s, tables, *colours);
        break;
    case STEP_FLATTEN:
        step_flatten(p, s, *colours);
        break;
#if REAL
    case STEP_CLAMP:
        step_clamp(p, s->white);
        break;
    case STEP_TABLE:
        step_table(p, s, tables);
        *colours = s->out;
        break;
    case STEP_PREMULTIPLY:
        step_premultiply(p, s, *colours);
        break;
    case STEP_UNPREMULTIPLY:
        step_unpremultiply(p, *colours, s->white);
        break;
    case STEP_SCALE:
        step_scale(p, s->value[0]);
        break;
#else
    case STEP_CLAMP:
        step_clamp(p);
        break;
#endif
    }
}

__kernel void NAME(colour)(__global uchar *input, __global uchar *scratch, __global uchar *output,
                     __global const uchar *tables, uint jobs, uint count, uint base) {
    uint number = base + (uint)get_global_id(0);
    if (count == 0) {
        return;
    }
    __global const colour_job *job = find_colour_job(tables, jobs, count, number);
    uint inside = number - job->first_tile;
    uint x = inside % job->tiles_across * LANES, y = inside / job->tiles_across;
    /* The last group may have items left over. */
    if (y >= job->height) {
        return;
    }
    arenas a = {input, scratch, output};
    pixels p;
    uint n = min((uint)LANES, job->width - x), colours = job->in_colours;
    EACH_LANE p.v[1][l] = p.v[2][l] = p.v[3][l] = 0;
    for (uint c = 0; c < job->in_colours; c++) {
        load_channel(&a, &job->src[c], x, y, n, p.v[c]);
    }
    if (job->in_alpha) {
        load_channel(&a, &job->src[3], x, y, n, p.v[3]);
    }
    place at = {&a, job, x, y, n};
    for (uint i = 0; i < job->step_count; i++) {
        run_step(&p, &job->steps[i], tables, &at, &colours);
    }
    for (uint c = 0; c < job->out_colours; c++) {
        store_channel(&a, &job->dst[c], x, y, n, p.v[c]);
    }
    if (job->out_alpha) {
        store_channel(&a, &job->dst[3], x, y, n, p.v[3]);
    }
}
