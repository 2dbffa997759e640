/* Pointwise work on whole pixels: a short list of steps between a load and a store.
 *
 * Set by the engine: REAL   1: floats from 0 to white; 0: integers in Q6
 *                    GROUP_TILE  1: a work-group owns a tile, 0: a work-item
 *                    NARROW      1: work-items take short vectors, too
 *
 * A tile is some vectors of the picture in their order, row after row; on a GPU neighbouring work-items take
 * neighbouring vectors. Channels stand in arrays of vectors that are never indexed by what is not known when they are
 * compiled, so that they stay in registers. A work-item that owns a tile runs each step on UNITS vectors in a row, so
 * that finding out what the step is does not cost more than the step.
 *
 * Where samples of chroma stand for two columns or rows, a vector is taken from two rows one after the other, and what
 * is stored of chroma are means.
 */
FIND_JOB(colour_job)

#if GROUP_TILE
#define LANES COLOUR_GROUP_LANES
#define UNITS 1
#define COLOUR_VECTORS COLOUR_GROUP_VECTORS
#else
#if NARROW
#define LANES COLOUR_GROUP_LANES
#define UNITS 1
#else
#define LANES COLOUR_ITEM_LANES
#define UNITS COLOUR_ITEM_UNITS
#endif
#define COLOUR_VECTORS COLOUR_ITEM_VECTORS
#endif
#if LANES == 16
#define HALF_LANES 8
#else
#define HALF_LANES 2
#endif

#define JOIN_NAMES(a, b) a##b
#define JOIN(a, b) JOIN_NAMES(a, b)
/* As uchar4 and uchar2, where LANES is 4 */
#define VECTOR(type) JOIN(type, LANES)
#define HALF_VECTOR(type) JOIN(type, HALF_LANES)

#if REAL
typedef float number;
#define NUMBERS VECTOR(float)
#define HALF_NUMBERS HALF_VECTOR(float)
#else
typedef int number;
#define NUMBERS VECTOR(int)
#define HALF_NUMBERS HALF_VECTOR(int)
#define Q6_WHITE (255 * 64)
#endif

/* PoCL converts by sample. What is converted must fit. */
#if CLANG_BUILTINS
#define CONVERT(v, type) __builtin_convertvector(v, VECTOR(type))
#else
#define CONVERT(v, type) JOIN(convert_, VECTOR(type))(v)
#endif

/* Colours in 0 to 2, alpha (or the fourth ink) in 3. */
typedef struct pixels {
    NUMBERS v[4];
} pixels;

/* A vector and its lanes */
typedef union lanes {
    NUMBERS v;
    number l[LANES];
} lanes;

#define INTS VECTOR(int)
#define AS_INTS(v) JOIN(as_int, LANES)(v)
#define AS_NUMBERS(v) JOIN(as_float, LANES)(v)

typedef union int_lanes {
    INTS v;
    int l[LANES];
} int_lanes;

typedef struct arenas {
    __global uchar *input, *scratch, *output;
} arenas;

#define EACH_LANE _Pragma("unroll") for (uint l = 0; l < LANES; l++)
/* For what is rare or long: compilers take their time over it sixteen times. */
#define SOME_LANES _Pragma("unroll 1") for (uint l = 0; l < LANES; l++)
#if UNITS > 1
#define EACH_UNIT for (uint u = 0; u < count; u++)
#else
#define EACH_UNIT _Pragma("unroll") for (uint u = 0; u < 1; u++)
#endif
#define EACH_CHANNEL(count) _Pragma("unroll") for (uint c = 0; c < 4; c++) if (c < (count))

/* What is no number becomes `low`. */
GROUP_INLINE
NUMBERS limit(NUMBERS v, number low, number high) {
    v = v > low ? v : (NUMBERS)low;
    return v > high ? (NUMBERS)high : v;
}

GROUP_INLINE
__global uchar *surface_at(const arenas *a, __global const colour_surface *s, uint y) {
    __global uchar *base = s->role == ROLE_INPUT ? a->input : s->role == ROLE_SCRATCH ? a->scratch : a->output;
    return base + (s->offset + (ulong)y * s->pitch);
}

/* Between samples and numbers */
#if REAL
#define FROM_uchar(v) CONVERT(v, float)
#define FROM_ushort(v) CONVERT(v, float)
#define FROM_float(v) (v)
#define TO_uchar(v) CONVERT(CONVERT(limit(v, 0, 255) + 0.5f, int), uchar)
#define TO_ushort(v) CONVERT(CONVERT(limit(v, 0, 65535) + 0.5f, int), ushort)
#define TO_float(v) (v)
#define FOR_SAMPLE(sample, DO)                                                                     \
    switch (sample) {                                                                              \
    case SAMPLE_U8:                                                                                \
        DO(uchar);                                                                                 \
        break;                                                                                     \
    case SAMPLE_U16:                                                                               \
        DO(ushort);                                                                                \
        break;                                                                                     \
    default:                                                                                       \
        DO(float);                                                                                 \
    }
#else
#define FROM_uchar(v) (CONVERT(v, int) << 6)
#define FROM_short(v) CONVERT(v, int)
#define TO_uchar(v) CONVERT(limit((v) + 32 >> 6, 0, 255), uchar)
#define TO_short(v) CONVERT(limit(v, -32768, 32767), short)
#define FOR_SAMPLE(sample, DO)                                                                     \
    if ((sample) == SAMPLE_U8) {                                                                   \
        DO(uchar);                                                                                 \
    } else {                                                                                       \
        DO(short);                                                                                 \
    }
#endif

/* Where channel c of `channels` that are interleaved belongs: alpha is the last of 2 or 4. */
#define PLACE(c, channels) ((c) + 1 == (channels) && (channels) != 3 ? 3 : (c))

/* Vectors as they lie in memory, lane after lane of `channels`, to one vector for each; and back. */
#define TAKE_APART(channels)                                                                       \
    {                                                                                              \
        lanes from[4], one;                                                                        \
        EACH_CHANNEL(channels) from[c].v = p->v[c];                                                \
        EACH_CHANNEL(channels) {                                                                   \
            EACH_LANE one.l[l] = from[(l * (channels) + c) / LANES].l[(l * (channels) + c) % LANES]; \
            p->v[PLACE(c, channels)] = one.v;                                                      \
        }                                                                                          \
    }
#define PUT_TOGETHER(channels)                                                                     \
    {                                                                                              \
        lanes to[4], one;                                                                          \
        EACH_CHANNEL(channels) {                                                                   \
            one.v = p->v[PLACE(c, channels)];                                                      \
            EACH_LANE to[(l * (channels) + c) / LANES].l[(l * (channels) + c) % LANES] = one.l[l]; \
        }                                                                                          \
        EACH_CHANNEL(channels) p->v[c] = to[c].v;                                                  \
    }
#define BY_CHANNELS(channels, CHANGE)                                                              \
    if ((channels) == 3) {                                                                         \
        CHANGE(3)                                                                                  \
    } else if ((channels) == 4) {                                                                  \
        CHANGE(4)                                                                                  \
    } else {                                                                                       \
        CHANGE(2)                                                                                  \
    }

/* Samples of one vector */
#define SAMPLES(type)                                                                              \
    union {                                                                                        \
        VECTOR(type) v;                                                                            \
        type s[LANES];                                                                             \
    }

#define LOAD_VECTOR(type) p->v[c] = FROM_##type(((__global const VECTOR(type) *)row)[at])
#define STORE_VECTOR(type) ((__global VECTOR(type) *)row)[at] = TO_##type(p->v[c])

/* The last pixels of a row: lanes past it repeat it. */
#define LOAD_LAST(type)                                                                            \
    {                                                                                              \
        SAMPLES(type) one;                                                                         \
        SOME_LANES one.s[l] = ((__global const type *)row)[(x * LANES + min(l, n - 1)) * stride];  \
        p->v[c] = FROM_##type(one.v);                                                              \
    }
#define STORE_LAST(type)                                                                           \
    {                                                                                              \
        SAMPLES(type) one;                                                                         \
        one.v = TO_##type(p->v[c]);                                                                \
        SOME_LANES if (l < n) ((__global type *)row)[(x * LANES + l) * stride] = one.s[l];         \
    }

/* Whether vectors go to and from memory as such. Where a work-item takes short ones, samples go one by one: a third of
 * the code, and rusticl takes its time over every load that it compiles for a processor. */
#define WHOLE_VECTORS (GROUP_TILE || !NARROW)
#define GOES_WHOLE(n) (WHOLE_VECTORS && (n) == LANES)

/* Vector x of row y, of which n lanes are in the picture. Rows of planes are padded to whole vectors, those of
 * interleaved pixels are not. */
GROUP_INLINE
void load_pixels(const arenas *a, __global const colour_surface *s, uint colours, bool alpha, uint x, uint y, uint n,
                 pixels *p) {
    uint stride = s->stride;
    bool together = stride > 1 && GOES_WHOLE(n);
    EACH_CHANNEL(4) {
        if (together ? c < stride : c < colours || (c == 3 && alpha)) {
            __global const colour_surface *surface = s + (together ? 0 : c);
            __global const uchar *row = surface_at(a, surface, y);
            if (together || (stride == 1 && WHOLE_VECTORS)) {
                uint at = together ? x * stride + c : x;
                FOR_SAMPLE(surface->sample, LOAD_VECTOR)
            } else {
                FOR_SAMPLE(surface->sample, LOAD_LAST)
            }
        }
    }
    if (together) {
        BY_CHANNELS(stride, TAKE_APART)
    }
}

GROUP_INLINE
void store_pixels(const arenas *a, __global const colour_surface *s, uint colours, bool alpha, uint x, uint y, uint n,
                  pixels *p) {
    uint stride = s->stride;
    bool together = stride > 1 && GOES_WHOLE(n);
    if (together) {
        BY_CHANNELS(stride, PUT_TOGETHER)
    }
    EACH_CHANNEL(4) {
        if (together ? c < stride : c < colours || (c == 3 && alpha)) {
            __global const colour_surface *surface = s + (together ? 0 : c);
            __global uchar *row = surface_at(a, surface, y);
            if (GOES_WHOLE(n)) {
                uint at = together ? x * stride + c : x;
                FOR_SAMPLE(surface->sample, STORE_VECTOR)
            } else {
                FOR_SAMPLE(surface->sample, STORE_LAST)
            }
        }
    }
}

/* The sum of one value or of two, of each lane or of each two lanes, as the bytes of their mean. */
GROUP_INLINE
VECTOR(uchar) mean_bytes(NUMBERS sum, uint log2_count) {
#if REAL
    return TO_uchar(sum * (log2_count == 2 ? 0.25f : 0.5f));
#else
    return CONVERT(limit(sum + (32 << log2_count) >> (NUMBERS)(6 + log2_count), 0, 255), uchar);
#endif
}

/* Stores chroma, in planes of 8 bits: `sums` over the rows of a vector, of which n lanes are in the picture. What is
 * not repeats the last of them. */
GROUP_INLINE
void store_means(const arenas *a, __global const colour_job *job, uint x, uint y, uint n, const pixels *sums) {
    uint log2_count = job->h_step / 2 + job->v_step / 2;
    EACH_CHANNEL(3) {
        if (c > 0) {
            __global uchar *row = surface_at(a, &job->dst[c], y);
            lanes sum;
            sum.v = sums->v[c];
            if (n < LANES) {
                EACH_LANE sum.l[l] = l > 0 && l >= n ? sum.l[l > 0 ? l - 1 : 0] : sum.l[l];
            }
            if (job->h_step == 1) {
                ((__global VECTOR(uchar) *)row)[x] = mean_bytes(sum.v, log2_count);
            } else {
                HALF_NUMBERS pairs = sum.v.even + sum.v.odd;
                ((__global HALF_VECTOR(uchar) *)row)[x] = mean_bytes((NUMBERS)(pairs, pairs), log2_count).lo;
            }
        }
    }
}

/* Offset and three coefficients, as many as there are */
GROUP_INLINE
NUMBERS row_sum(const number m[4], const pixels *p, NUMBERS sum, uint in) {
    sum += m[0] * p->v[0];
    if (in > 1) {
        sum += m[1] * p->v[1];
    }
    if (in > 2) {
        sum += m[2] * p->v[2];
    }
    return sum;
}

GROUP_INLINE
void step_matrix(pixels *p, uint count, __global const colour_step *s, __global const uchar *tables) {
    __global const number *table = (__global const number *)(tables + s->table);
    uint in = s->in, out = s->out;
    number m[12];
    _Pragma("unroll") for (uint i = 0; i < 12; i++) m[i] = table[i];
#if REAL
    bool premultiplied = s->value[0] != 0;
    float inverse_white = s->inverse_white;
#else
    int shift = s->shift, half_unit = shift > 0 ? 1 << (shift - 1) : 0;
#endif
    EACH_UNIT {
        pixels old = p[u];
        EACH_CHANNEL(3) {
            if (c < out) {
#if REAL
                /* A premultiplied colour takes the offset in proportion to its alpha. */
                NUMBERS start = m[4 * c + 3];
                if (premultiplied) {
                    start = m[4 * c + 3] * (old.v[3] * inverse_white);
                }
                p[u].v[c] = row_sum(m + 4 * c, &old, start, in);
#else
                p[u].v[c] = row_sum(m + 4 * c, &old, m[4 * c + 3] + half_unit, in) >> (NUMBERS)shift;
#endif
            }
        }
    }
}

GROUP_INLINE
void step_clamp(pixels *p, uint count, number white) {
    EACH_UNIT {
        EACH_CHANNEL(4) p[u].v[c] = limit(p[u].v[c], 0, white);
    }
}

#if REAL

/* A curve of pieces: floats of value + bias that have the same upper bits are one, so they become narrower towards 0.
 * Each is a line: its value at 0 if it went on to there, and its slope. */
GROUP_INLINE
void step_curve(pixels *p, uint count, __global const colour_step *s, __global const uchar *tables, uint colours) {
    float bias = s->value[0], white = s->white, scale = s->inverse_white * s->value[1];
    uint shift = s->shift, first = as_uint(bias) >> shift;
    uint size = (as_uint(1 + bias) >> shift) - first + 1;
    EACH_CHANNEL(3) {
        if (c < colours) {
            __global const float2 *curve = (__global const float2 *)(tables + s->table) + (s->in > 1 ? c * size : 0);
            EACH_UNIT {
                /* Lanes past the end of a row may hold anything. */
                NUMBERS at = limit(p[u].v[c], 0, white);
                int_lanes piece;
                lanes start, slope;
                piece.v = (AS_INTS(at * scale + bias) >> (INTS)shift) - (int)first;
                EACH_LANE {
                    float2 entry = curve[piece.l[l]];
                    start.l[l] = entry.x;
                    slope.l[l] = entry.y;
                }
                p[u].v[c] = start.v + at * slope.v;
            }
        }
    }
}

/* One factor of each lane's piece */
#if UNITS > 1 && CLANG_BUILTINS && defined(__AVX512F__)
/* Two registers hold all of them. */
typedef struct factors {
    float16 low, high;
} factors;
#define FACTORS(table) {vload16(0, table), vload16(1, table)}
#define FACTOR(f, piece) __builtin_ia32_vpermi2varps512((f).low, piece, (f).high)
#elif UNITS > 1 && CLANG_BUILTINS && defined(__AVX2__)
typedef struct factors {
    float8 part[4];
} factors;
#define FACTORS(table) {vload8(0, table), vload8(1, table), vload8(2, table), vload8(3, table)}
float8 pick(const factors *f, int8 piece) {
    float8 low = piece > 7 ? __builtin_ia32_permvarsf256(f->part[1], piece)
                           : __builtin_ia32_permvarsf256(f->part[0], piece);
    float8 high = piece > 23 ? __builtin_ia32_permvarsf256(f->part[3], piece)
                             : __builtin_ia32_permvarsf256(f->part[2], piece);
    return piece > 15 ? high : low;
}
#define FACTOR(f, piece) ((float16)(pick(&(f), (piece).lo), pick(&(f), (piece).hi)))
#else
typedef struct factors {
    __global const float *at;
} factors;
#define FACTORS(table) {table}
GROUP_INLINE
NUMBERS pick(const factors *f, INTS piece) {
    int_lanes from;
    lanes picked;
    from.v = piece;
    EACH_LANE picked.l[l] = f->at[from.l[l]];
    return picked.v;
}
#define FACTOR(f, piece) pick(&(f), piece)
#endif

/* A curve of so few pieces that each can be a cubic, cut as those of step_curve(). */
GROUP_INLINE
void step_cubic(pixels *p, uint count, __global const colour_step *s, __global const uchar *tables, uint colours) {
    float bias = s->value[0], white = s->white, inverse_white = s->inverse_white;
    uint shift = s->shift;
    int first = as_uint(bias) >> shift, start = ~((1 << shift) - 1);
    EACH_CHANNEL(3) {
        if (c < colours) {
            __global const float *table =
                (__global const float *)(tables + s->table) + (s->in > 1 ? c * 4 * CUBICS : 0);
            const factors f0 = FACTORS(table), f1 = FACTORS(table + CUBICS), f2 = FACTORS(table + 2 * CUBICS),
                          f3 = FACTORS(table + 3 * CUBICS);
            EACH_UNIT {
                /* Lanes past the end of a row may hold anything. */
                NUMBERS at = limit(p[u].v[c], 0, white) * inverse_white + bias;
                INTS piece = (AS_INTS(at) >> (INTS)shift) - first;
                NUMBERS t = at - AS_NUMBERS(AS_INTS(at) & start);
                NUMBERS sum = FACTOR(f3, piece) * t + FACTOR(f2, piece);
                sum = sum * t + FACTOR(f1, piece);
                p[u].v[c] = sum * t + FACTOR(f0, piece);
            }
        }
    }
}

/* A curve of values that are whole levels */
GROUP_INLINE
void step_lookup(pixels *p, uint count, __global const colour_step *s, __global const uchar *tables, uint colours) {
    float white = s->white;
    int size = convert_int(white) + 1;
    EACH_CHANNEL(3) {
        if (c < colours) {
            __global const float *curve = (__global const float *)(tables + s->table) + (s->in > 1 ? c * size : 0);
            EACH_UNIT {
                int_lanes at;
                lanes result;
                at.v = CONVERT(limit(p[u].v[c], 0, white), int);
                EACH_LANE result.l[l] = curve[at.l[l]];
                p[u].v[c] = result.v;
            }
        }
    }
}

GROUP_INLINE
void step_premultiply(pixels *p, __global const colour_step *s, uint colours) {
    EACH_CHANNEL(3) {
        if (c < colours) {
            p->v[c] = p->v[c] * p->v[3] * s->inverse_white;
        }
    }
}

/* A colour of premultiplied 8 or 16 bits by its alpha. Both as integers with 20 fraction bits, so that the quotient is
 * exact; it has 8. */
GROUP_INLINE
NUMBERS divide_by_alpha(NUMBERS colours, NUMBERS alphas, float white) {
    lanes colour, alpha, result;
    colour.v = colours;
    alpha.v = alphas;
    SOME_LANES {
        ulong divisor = convert_ulong(floor(alpha.l[l] * 1048576.0f + 0.5f));
        ulong product = convert_ulong(floor(colour.l[l] * 1048576.0f + 0.5f)) * convert_ulong(white) * 256;
        result.l[l] = alpha.l[l] >= 0.5f ? convert_float((product + divisor / 2) / divisor) * (1.0f / 256.0f) : 0.0f;
    }
    return result.v;
}

#if CLANG_BUILTINS
#define INTEGERS(v) CONVERT(CONVERT((v) * 1048576.0f + 0.5f, int), double)
/* The same of 8 bits: of integers below 2^53, IEEE's quotient lies on the same side of each integer as the true one. */
NUMBERS divide_bytes_by_alpha(NUMBERS colours, NUMBERS alphas) {
    VECTOR(double) divisor = INTEGERS(alphas >= 0.5f ? alphas : (NUMBERS)0.5f);
    VECTOR(double) half_divisor = CONVERT(CONVERT(divisor, int) >> 1, double);
    NUMBERS quotient = CONVERT(CONVERT((INTEGERS(colours) * 65280.0 + half_divisor) / divisor, int), float);
    return alphas >= 0.5f ? quotient * (1.0f / 256.0f) : (NUMBERS)0.0f;
}
#else
#define divide_bytes_by_alpha(colours, alphas) divide_by_alpha(colours, alphas, 255)
#endif

GROUP_INLINE
void step_unpremultiply(pixels *p, uint colours, float white) {
    NUMBERS alpha = limit(p->v[3], 0, white);
    p->v[3] = alpha;
    EACH_CHANNEL(3) {
        if (c < colours) {
            NUMBERS colour = limit(p->v[c], 0, white);
            p->v[c] = limit(white < 256 ? divide_bytes_by_alpha(colour, alpha) : divide_by_alpha(colour, alpha, white), 0,
                            white);
        }
    }
}

GROUP_INLINE
void step_scale(pixels *p, float factor) {
    EACH_CHANNEL(4) p->v[c] *= factor;
}

GROUP_INLINE
void step_flatten(pixels *p, __global const colour_step *s, uint colours) {
    NUMBERS alpha = p->v[3] * s->inverse_white;
    EACH_CHANNEL(3) {
        if (c < colours) {
            NUMBERS colour = s->value[3] != 0 ? p->v[c] : p->v[c] * alpha;
            p->v[c] = colour + s->value[c] * (1 - alpha);
        }
    }
}

#else

GROUP_INLINE
void step_curve(pixels *p, uint count, __global const colour_step *s, __global const uchar *tables, uint colours) {
    EACH_CHANNEL(3) {
        if (c < colours) {
            __global const short *curve =
                (__global const short *)(tables + s->table) + (s->in > 1 ? c * (Q6_WHITE + 1) : 0);
            EACH_UNIT {
                lanes at, result;
                at.v = limit(p[u].v[c], 0, Q6_WHITE);
                EACH_LANE result.l[l] = curve[at.l[l]];
                p[u].v[c] = result.v;
            }
        }
    }
}

GROUP_INLINE
void step_flatten(pixels *p, __global const colour_step *s, uint colours) {
    NUMBERS alpha = p->v[3];
    EACH_CHANNEL(3) {
        if (c < colours) {
            int ground = convert_int(s->value[c]);
            p->v[c] = (p->v[c] * alpha + ground * (Q6_WHITE - alpha) + Q6_WHITE / 2) / Q6_WHITE;
        }
    }
}

#endif

GROUP_INLINE
void step_opaque(pixels *p, float white) {
#if REAL
    p->v[3] = (NUMBERS)(white);
#else
    p->v[3] = (NUMBERS)(convert_int(white));
#endif
}

/* Hue, saturation and value by exact division, of integers from 0 to `one`. */
GROUP_INLINE
long4 to_hsv(long r, long g, long b, long one) {
    long most = max(r, max(g, b)), least = min(r, min(g, b)), delta = most - least;
    if (delta == 0) {
        return (long4)(0, 0, most, 0);
    }
    long sixths = most == r ? g - b : most == g ? 2 * delta + b - r : 4 * delta + r - g;
    sixths += sixths < 0 ? 6 * delta : 0;
    return (long4)((sixths * one + 3 * delta) / (6 * delta), (delta * one + most / 2) / most, most, 0);
}

GROUP_INLINE
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

GROUP_INLINE
void step_hsv(pixels *p, __global const colour_step *s) {
#if REAL
    /* Floats become integers of 24 bits. */
    float scale = s->white < 256 ? 65536.0f : 256.0f, inverse = s->white < 256 ? 1.0f / 65536 : 1.0f / 256;
    long one = convert_long(s->white * scale);
#define TO_LONG(v) convert_long(floor((v) * scale + 0.5f))
#define FROM_LONG(v) (convert_float(v) * inverse)
#else
    long one = Q6_WHITE;
#define TO_LONG(v) (v)
#define FROM_LONG(v) convert_int(v)
#endif
    lanes a, b, c;
    a.v = p->v[0];
    b.v = p->v[1];
    c.v = p->v[2];
    SOME_LANES {
        long x = TO_LONG(a.l[l]), y = TO_LONG(b.l[l]), z = TO_LONG(c.l[l]);
        long4 result = s->value[0] != 0 ? from_hsv(x, y, z, one) : to_hsv(x, y, z, one);
        a.l[l] = FROM_LONG(result.x);
        b.l[l] = FROM_LONG(result.y);
        c.l[l] = FROM_LONG(result.z);
    }
    p->v[0] = a.v;
    p->v[1] = b.v;
    p->v[2] = c.v;
}

#if REAL

/* The larger of two fractions first, and the way along its axis with it */
#define ORDER(i, k)                                                                                \
    {                                                                                              \
        bool turn = fraction[k] > fraction[i];                                                     \
        float f = fraction[i];                                                                     \
        uint other = stride[i];                                                                    \
        fraction[i] = turn ? fraction[k] : f;                                                      \
        fraction[k] = turn ? f : fraction[k];                                                      \
        stride[i] = turn ? stride[k] : other;                                                      \
        stride[k] = turn ? other : stride[k];                                                      \
    }

/* Entries of a channel's curve of places along a grid, interpolated between. */
#define PLACE_SIZE 4096

/* From a corner of its cell to the opposite one, along the axes in the order of their fractions. An axis that is not
 * there has fraction 0 and comes last. With value[0] curves of places stand behind the grid, in steps of it. */
GROUP_INLINE
void step_table(pixels *p, __global const colour_step *s, __global const uchar *tables) {
    __global const float4 *table = (__global const float4 *)(tables + s->table);
    uint grid = s->shift, in = s->in, count = 1;
    float scale = convert_float(grid - 1) * s->inverse_white;
    for (uint i = 0; i < in; i++) {
        count *= grid;
    }
    __global const float *places = (__global const float *)(table + count);
    bool curved = s->value[0] != 0;
    lanes v[4];
    EACH_CHANNEL(4) v[c].v = p->v[c];
    SOME_LANES {
        float fraction[4] = {0, 0, 0, 0};
        uint stride[4] = {0, 0, 0, 0}, step = 1, at = 0;
        _Pragma("unroll") for (int i = 3; i >= 0; i--) {
            if ((uint)i < in) {
                float position = v[i].l[l] * scale;
                if (curved) {
                    __global const float *place = places + i * (PLACE_SIZE + 1);
                    float where = v[i].l[l] * (PLACE_SIZE * s->inverse_white);
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
        }
        ORDER(0, 1)
        ORDER(1, 2)
        ORDER(2, 3)
        ORDER(0, 1)
        ORDER(1, 2)
        ORDER(0, 1)
        float4 sum = table[at] * (1 - fraction[0]);
        _Pragma("unroll") for (uint k = 0; k < 4; k++) {
            if (k < in) {
                at += stride[k];
                sum += table[at] * (fraction[k] - (k + 1 < in ? fraction[k + 1 < 4 ? k + 1 : 3] : 0.0f));
            }
        }
        v[0].l[l] = sum.x;
        v[1].l[l] = sum.y;
        v[2].l[l] = sum.z;
    }
    EACH_CHANNEL(3) p->v[c] = v[c].v;
}

#endif

/* Vector x of row y, of which n lanes are in the picture */
typedef struct place {
    uint x, y, n;
} place;

/* Adds the detail that a blur took away. */
GROUP_INLINE
void step_unsharp(pixels *p, __global const colour_step *s, __global const uchar *tables, const arenas *a,
                  __global const colour_job *job, const place *at) {
    __global const number *t = (__global const number *)(tables + s->table);
    uint colours = job->in_colours;
    bool alpha = job->in_alpha;
    pixels side;
    NUMBERS luma = 0;
    load_pixels(a, job->side, colours, alpha, at->x, at->y, at->n, &side);
    if (s->in > 1) {
        luma = t[0] * (side.v[0] - p->v[0]) + t[1] * (side.v[1] - p->v[1]) + t[2] * (side.v[2] - p->v[2]);
#if !REAL
        luma = (luma + (1 << 13)) >> 14;
#endif
    }
    EACH_CHANNEL(3) {
        if (c < colours) {
            NUMBERS d = s->in > 1 ? luma : side.v[c] - p->v[c], size = d < 0 ? -d : d;
#if REAL
            NUMBERS more = size >= t[4] ? t[3] * d : (NUMBERS)0.0f;
            /* Under a blurred alpha of nothing there is nothing to compare with. */
            if (alpha) {
                more = p->v[3] >= 0.5f ? more : (NUMBERS)0.0f;
            }
#else
            NUMBERS more = size >= t[4] ? (t[3] * d + (1 << 11)) >> 12 : (NUMBERS)0;
#endif
            p->v[c] = side.v[c] + more;
        }
    }
    if (alpha) {
        p->v[3] = side.v[3];
    }
}

#if REAL
/* Of what shows where an overlay of weight `cover` lies over alpha, the overlay's share; nothing where both together
 * round to 0. Both as integers with 20 fraction bits, so that the quotient is exact; it has 24. */
GROUP_INLINE
NUMBERS overlay_share(NUMBERS cover, NUMBERS together) {
    lanes over, all, share;
    over.v = cover;
    all.v = together;
    SOME_LANES {
        ulong divisor = convert_ulong(floor(max(all.l[l], 0.5f) * 1048576.0f + 0.5f));
        ulong part = convert_ulong(floor(over.l[l] * 1048576.0f + 0.5f)) << 24;
        float quotient = convert_float((part + divisor / 2) / divisor) * (1.0f / 16777216.0f);
        share.l[l] = all.l[l] >= 0.5f ? quotient : 0.0f;
    }
    return share.v;
}
#endif

/* Lays another picture over this one. What its weight leaves alone stays as it is, to the last bit. */
GROUP_INLINE
void step_overlay(pixels *p, __global const colour_step *s, __global const uchar *tables, uint top, const place *at) {
    __global const uint *head = (__global const uint *)(tables + s->table);
    uint left = head[0], width = head[2], row = at->y + top - head[1], first = at->x * LANES, in = s->in;
    if (row >= head[3] || first + LANES <= left || first >= left + width) {
        return;
    }
#if REAL
    __global const float *samples = (__global const float *)(head + 4) + (ulong)row * width * (in + 1);
#else
    __global const ushort *samples = (__global const ushort *)(head + 4) + (ulong)row * width * (in + 1);
#endif
    lanes over[4];
    EACH_CHANNEL(4) over[c].v = 0;
    SOME_LANES {
        uint column = first + l - left;
        if (column < width) {
            over[0].l[l] = samples[column * (in + 1)];
            if (in > 1) {
                over[1].l[l] = samples[column * (in + 1) + 1];
                over[2].l[l] = samples[column * (in + 1) + 2];
            }
            over[3].l[l] = samples[column * (in + 1) + in];
        }
    }
    NUMBERS weight = over[3].v;
#if REAL
    if (s->value[0] != 0) {
        NUMBERS cover = weight * s->white, together = cover + p->v[3] * (1.0f - weight);
        weight = overlay_share(cover, together);
        p->v[3] = together;
    }
#endif
    EACH_CHANNEL(3) {
        if (c < in) {
            NUMBERS d = over[c].v - p->v[c];
#if REAL
            p->v[c] += weight * d;
#else
            p->v[c] += (d * weight + (1 << 14)) >> 15;
#endif
        }
    }
}

/* Runs a step on so many vectors. */
GROUP_INLINE
void run_step(pixels *p, uint count, __global const colour_step *s, __global const uchar *tables, const arenas *a,
              __global const colour_job *job, const place *at, uint *colours) {
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
        EACH_UNIT step_table(p + u, s, tables);
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

/* One row of each of `count` vectors; what is stored of chroma only with others is added to `sums`. */
GROUP_INLINE
void work_on_row(const arenas *a, __global const colour_job *job, __global const uchar *tables, const place *at,
                 uint count, bool means, pixels *sums) {
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
        store_pixels(a, job->dst, means ? 1 : job->out_colours, job->out_alpha, at[u].x, at[u].y, at[u].n, &p[u]);
        if (means) {
            sums[u].v[1] += p[u].v[1];
            sums[u].v[2] += p[u].v[2];
        }
    }
}

/* `count` vectors from the one of number `first` on, each of as many rows as a sample of chroma stands for. */
GROUP_INLINE
void work_on(const arenas *a, __global const colour_job *job, __global const uchar *tables, uint first, uint count) {
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
                           __global const uchar *restrict tables, uint jobs, uint count, uint base) {
    uint number = base + (uint)get_group_id(0);
    if (count == 0) {
        return;
    }
    __global const colour_job *job = find_colour_job(tables, jobs, count, number);
    arenas a = {input, scratch, output};
    uint first = (number - job->first_tile) * COLOUR_VECTORS;
    uint end = min(first + COLOUR_VECTORS, job->vectors_across * ((job->height + job->v_step - 1) / job->v_step));
    for (uint turn = first; turn < end; turn += (uint)get_local_size(0) * UNITS) {
        uint vector = turn + (uint)get_local_id(0) * UNITS;
        if (vector < end) {
            work_on(&a, job, tables, vector, min((uint)UNITS, end - vector));
        }
    }
}
