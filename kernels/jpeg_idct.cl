/* From the blocks of baseline JPEG scans to samples: Huffman decoding, dequantisation and the
 * accurate integer inverse DCT of libjpeg ("islow", jidctint.c; at a half, a quarter and an eighth
 * of the size jidctred.c), one block to a work-item.
 *
 * Every block is decoded from where jpeg_decode.cl found it to start. It must end where the next one
 * starts, and its DC must be the one found: with the first of each segment at its start, that proves
 * all of them. Whatever is not as in a valid file flags the picture, and so does what implementations
 * of the transform disagree on: SIMD code has 16 bits between its passes, and C takes results modulo
 * 1024. */

/* Coefficients beyond this do not come from pictures; sums of eight such still fit in 32 bits. */
#define MOST_COEFFICIENT 12000
/* Between the passes; SIMD code adds two of them in 16 bits. */
#define MOST_BETWEEN 16383
/* Words of local memory for a block: 64 of 16 bits, and one that keeps items on different banks. */
#define BLOCK_WORDS 33

/* ------------------------------------------------------------ transforms */

#define FIX_0_298631336 2446
#define FIX_0_390180644 3196
#define FIX_0_541196100 4433
#define FIX_0_765366865 6270
#define FIX_0_899976223 7373
#define FIX_1_175875602 9633
#define FIX_1_501321110 12299
#define FIX_1_847759065 15137
#define FIX_1_961570560 16069
#define FIX_2_053119869 16819
#define FIX_2_562915447 20995
#define FIX_3_072711026 25172

INLINE int rounded(int value, int shift) {
    return (value + (1 << (shift - 1))) >> shift;
}

/* One dimension. The result has 13 more bits, of which `shift` are rounded off. */
INLINE int8 transform_8(int8 v, int shift) {
    int even = (v.s2 + v.s6) * FIX_0_541196100;
    int a2 = even - v.s6 * FIX_1_847759065, a3 = even + v.s2 * FIX_0_765366865;
    int a0 = (v.s0 + v.s4) << 13, a1 = (v.s0 - v.s4) << 13;
    int e0 = a0 + a3, e3 = a0 - a3, e1 = a1 + a2, e2 = a1 - a2;
    int odd = (v.s7 + v.s3 + v.s5 + v.s1) * FIX_1_175875602;
    int z3 = odd - (v.s7 + v.s3) * FIX_1_961570560, z4 = odd - (v.s5 + v.s1) * FIX_0_390180644;
    int z1 = (v.s7 + v.s1) * -FIX_0_899976223, z2 = (v.s5 + v.s3) * -FIX_2_562915447;
    int o0 = v.s7 * FIX_0_298631336 + z1 + z3, o1 = v.s5 * FIX_2_053119869 + z2 + z4;
    int o2 = v.s3 * FIX_3_072711026 + z2 + z3, o3 = v.s1 * FIX_1_501321110 + z1 + z4;
    return (int8)(rounded(e0 + o3, shift), rounded(e1 + o2, shift), rounded(e2 + o1, shift),
                  rounded(e3 + o0, shift), rounded(e3 - o0, shift), rounded(e2 - o1, shift),
                  rounded(e1 - o2, shift), rounded(e0 - o3, shift));
}

/* To four samples; the fifth coefficient has no part in them. 14 more bits. */
INLINE int4 transform_4(int8 v, int shift) {
    int e = v.s0 << 14, t = v.s2 * FIX_1_847759065 - v.s6 * FIX_0_765366865;
    int o0 = v.s7 * -1730 + v.s5 * 11893 - v.s3 * 17799 + v.s1 * 8697;
    int o2 = v.s7 * -4176 - v.s5 * 4926 + v.s3 * FIX_0_899976223 + v.s1 * FIX_2_562915447;
    return (int4)(rounded(e + t + o2, shift), rounded(e - t + o0, shift), rounded(e - t - o0, shift),
                  rounded(e + t - o2, shift));
}

/* To two samples: only odd coefficients beside the first have a part in them. 15 more bits. */
INLINE int2 transform_2(int8 v, int shift) {
    int e = v.s0 << 15, o = v.s7 * -5906 + v.s5 * 6967 - v.s3 * 10426 + v.s1 * 29692;
    return (int2)(rounded(e + o, shift), rounded(e - o, shift));
}

INLINE int8 load_column(__local const short *block, int x) {
    __local const short *c = block + x;
    return (int8)(c[0], c[8], c[16], c[24], c[32], c[40], c[48], c[56]);
}

INLINE int8 load_row(__local const short *block, int y) {
    __local const short *r = block + 8 * y;
    return (int8)(r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7]);
}

/* Not 0 if a value is outside -limit - 1 to limit, limit + 1 being a power of two. */
INLINE uint beyond(int value, uint limit) {
    return (uint)(value + (int)limit + 1) & ~(2 * limit + 1);
}

INLINE uint any_beyond(int8 v, uint limit) {
    return beyond(v.s0, limit) | beyond(v.s1, limit) | beyond(v.s2, limit) | beyond(v.s3, limit) |
           beyond(v.s4, limit) | beyond(v.s5, limit) | beyond(v.s6, limit) | beyond(v.s7, limit);
}

/* What C has in its table of results: 4 x 256 values around those of samples. */
#define MOST_RESULT 511

/* Each writes a block of samples and returns not 0 if its values are not beyond doubt. */
INLINE uint idct_8(__local short *block, __global uchar *to, uint pitch) {
    uint wrong = 0;
    for (int x = 0; x < 8; x++) {
        int8 v = transform_8(load_column(block, x), 11);
        wrong |= any_beyond(v, MOST_BETWEEN);
        __local short *c = block + x;
        c[0] = (short)v.s0, c[8] = (short)v.s1, c[16] = (short)v.s2, c[24] = (short)v.s3;
        c[32] = (short)v.s4, c[40] = (short)v.s5, c[48] = (short)v.s6, c[56] = (short)v.s7;
    }
    for (int y = 0; y < 8; y++) {
        int8 v = transform_8(load_row(block, y), 18);
        wrong |= any_beyond(v, MOST_RESULT);
        *(__global uchar8 *)(to + (size_t)y * pitch) = convert_uchar8_sat(v + 128);
    }
    return wrong;
}

INLINE uint idct_4(__local short *block, __global uchar *to, uint pitch) {
    uint wrong = 0;
    for (int x = 0; x < 8; x++) {
        int4 v = transform_4(load_column(block, x), 12);
        wrong |= any_beyond((int8)(v, v), MOST_BETWEEN);
        __local short *c = block + x;
        c[0] = (short)v.s0, c[8] = (short)v.s1, c[16] = (short)v.s2, c[24] = (short)v.s3;
    }
    for (int y = 0; y < 4; y++) {
        int4 v = transform_4(load_row(block, y), 19);
        wrong |= any_beyond((int8)(v, v), MOST_RESULT);
        *(__global uchar4 *)(to + (size_t)y * pitch) = convert_uchar4_sat(v + 128);
    }
    return wrong;
}

INLINE uint idct_2(__local short *block, __global uchar *to, uint pitch) {
    uint wrong = 0;
    for (int x = 0; x < 8; x++) {
        int2 v = transform_2(load_column(block, x), 13);
        wrong |= beyond(v.s0, MOST_BETWEEN) | beyond(v.s1, MOST_BETWEEN);
        block[x] = (short)v.s0, block[x + 8] = (short)v.s1;
    }
    for (int y = 0; y < 2; y++) {
        int2 v = transform_2(load_row(block, y), 20);
        wrong |= beyond(v.s0, MOST_RESULT) | beyond(v.s1, MOST_RESULT);
        *(__global uchar2 *)(to + (size_t)y * pitch) = convert_uchar2_sat(v + 128);
    }
    return wrong;
}

INLINE uint idct_1(__local short *block, __global uchar *to) {
    int v = rounded(block[0], 3);
    *to = convert_uchar_sat(v + 128);
    return beyond(v, MOST_RESULT);
}

INLINE uint idct(__local short *block, __global uchar *to, uint pitch, uint size) {
    return size == 8   ? idct_8(block, to, pitch)
           : size == 4 ? idct_4(block, to, pitch)
           : size == 2 ? idct_2(block, to, pitch)
                       : idct_1(block, to);
}

/* ------------------------------------------------------------------ blocks */

/* A block under way. */
typedef struct block_state {
    bit_reader bits;
    uint position;
    uint flags;
} block_state;

/* Stores a coefficient. */
INLINE void dequantise(block_state *b, __local short *block, uint quantiser, int value) {
    int coefficient = value * (int)(quantiser & 0xffff);
    b->flags |= abs(coefficient) > MOST_COEFFICIENT ? JPEG_FLAG_RANGE : 0;
    block[quantiser >> JPEG_PLACE_SHIFT] = (short)coefficient;
}

/* Decodes the block at b->position; `before`: the DC it builds on; `dc`: what it must be. */
INLINE void decode_coefficients(block_state *b, __local const uint *pair,
                                __local const uint *quantisers, int before, int dc,
                                __local short *block) {
    uint next = peek_bits(&b->bits), entry = look_up(pair, next);
    uint count = code_bits(entry) + value_bits(entry);
    bool wrong = advance_of(entry) == JPEG_NO_CODE || value_bits(entry) > 11 ||
                 before + value_of(entry, next) != dc;
    skip_bits(&b->bits, count);
    b->position += count;
    dequantise(b, block, quantisers[0], dc);
    for (uint z = 1; z < JPEG_END_OF_BLOCK && !wrong;) {
        next = peek_bits(&b->bits);
        entry = look_up(pair + JPEG_TABLE_WORDS, next);
        count = code_bits(entry) + value_bits(entry);
        skip_bits(&b->bits, count);
        b->position += count;
        z += advance_of(entry);
        if (value_bits(entry) != 0) {
            wrong = z > JPEG_END_OF_BLOCK || value_bits(entry) > 10;
            dequantise(b, block, quantisers[min(z - 1, 63u)], value_of(entry, next));
        } else {
            wrong = advance_of(entry) == JPEG_NO_CODE;
        }
    }
    b->flags |= wrong ? JPEG_FLAG_CODE : 0;
}

/* Where a block stands in its segment, and where it must end: at least, and at most. */
typedef struct block_bounds {
    bool first_mcu; /* of its segment */
    uint least, most;
} block_bounds;

INLINE block_bounds find_bounds(__global const jpeg_package *package, __global const uint *starts,
                                uint block, uint blocks, uint mcu) {
    __global const jpeg_segment *segments =
        (__global const jpeg_segment *)((__global const uchar *)package + package->segments);
    uint segment = package->segment_count > 1 ? mcu / package->segment_mcus : 0;
    uint first_mcu = segment * package->segment_mcus;
    uint end = min((first_mcu + package->segment_mcus) * package->mcu_blocks, blocks);
    block_bounds bounds = {mcu == first_mcu, 0, 0};
    if (block + 1 < end) {
        bounds.least = bounds.most = starts[block + 1];
    } else { /* the last block ends in the segment's last byte */
        bounds.most = segments[segment].start + segments[segment].bits;
        bounds.least = bounds.most - 7;
    }
    /* The first of a segment starts with it. */
    if (block == first_mcu * package->mcu_blocks && starts[block] != segments[segment].start) {
        bounds.least = bounds.most = 0;
    }
    return bounds;
}

/* One block, from bits to samples. */
INLINE uint decode_samples(__global const jpeg_decode_job *job, __global const jpeg_package *package,
                           __global const uint *starts, __global const short *dcs,
                           __global uchar *planes, __local const uint *tables,
                           __local const uint *quantisers, __local uint *words, uint block) {
    uint mcu = block / package->mcu_blocks, place = block - mcu * package->mcu_blocks;
    uint c = package->component_of >> (2 * place) & 3, pair = package->pair_of >> (2 * place) & 3;
    uint h = package->component[c].h, of_mcu = h * package->component[c].v;
    uint k = place - package->component[c].first;
    uint row = mcu / package->mcus_across, column = mcu - row * package->mcus_across;
    block_bounds bounds = find_bounds(package, starts, block, job->blocks, mcu);
    int before = 0;
    if (k > 0) {
        before = dcs[block - 1];
    } else if (!bounds.first_mcu) {
        before = dcs[block - package->mcu_blocks + of_mcu - 1];
    }
    block_state b;
    b.flags = 0;
    b.position = starts[block];
    open_bits(&b.bits, jpeg_scan_of(package), b.position);
    for (uint i = 0; i < BLOCK_WORDS - 1; i++) {
        words[i] = 0;
    }
    __local short *samples = (__local short *)words;
    decode_coefficients(&b, tables + 2 * pair * JPEG_TABLE_WORDS, quantisers + 64 * c, before,
                        dcs[block], samples);
    if (b.position < bounds.least || b.position > bounds.most) {
        b.flags |= JPEG_FLAG_CODE;
    }
    __global const jpeg_plane *plane = &job->planes[c];
    uint x = column * h + k % h, y = row * package->component[c].v + k / h, size = plane->size;
    if (size != 0 && x < plane->columns && y < plane->rows) {
        __global uchar *to = planes + plane->offset + (ulong)y * size * plane->pitch + x * size;
        b.flags |= idct(samples, to, plane->pitch, size) ? JPEG_FLAG_RANGE : 0;
    }
    return b.flags;
}

/* `tables`: a package's tables and quantisers; `blocks`: BLOCK_WORDS for each item. */
__kernel void jpeg_planes(__global const uchar *restrict packages,
                          __global const jpeg_decode_batch *restrict batch,
                          __global const uint *restrict work, volatile __global uint *flags,
                          __global uchar *restrict planes, __local uint *tables,
                          __local uint *blocks) {
    uint l = get_local_id(0), low = 0, high = batch->count;
    __global const jpeg_decode_job *jobs = jpeg_jobs(batch);
    while (high - low > 1) {
        uint middle = (low + high) / 2;
        if (jobs[middle].first_tile <= get_group_id(0)) {
            low = middle;
        } else {
            high = middle;
        }
    }
    __global const jpeg_decode_job *job = jobs + low;
    __global const jpeg_package *package = jpeg_package_of(packages, job);
    uint table_words = 2 * package->pairs * JPEG_TABLE_WORDS, wrong = 0;
    jpeg_load_tables(package, table_words + 64 * JPEG_COMPONENTS, tables);
    uint tile = (get_group_id(0) - job->first_tile) * batch->tile_blocks;
    uint end = min(tile + batch->tile_blocks, job->blocks);
    if (!jpeg_flags(work + batch->flags + low * JPEG_FLAG_WORDS)) {
        for (uint block = tile + l; block < end; block += get_local_size(0)) {
            wrong |= decode_samples(job, package, work + batch->starts + job->first_block,
                                    (__global const short *)(work + batch->dc) + job->first_block,
                                    planes, tables, tables + table_words, blocks + BLOCK_WORDS * l,
                                    block);
        }
    }
    if (wrong) {
        atomic_or(flags + batch->flags + low * JPEG_FLAG_WORDS + JPEG_FLAG_PLANES, wrong);
    }
}
