/* From the blocks of baseline JPEG scans to samples: Huffman decoding, dequantisation and the
 * accurate integer inverse DCT of libjpeg ("islow", jidctint.c; at a half, a quarter and an eighth
 * of the size jidctred.c), one block to a work-item.
 *
 * Every block is decoded from where jpeg_decode.cl found it to start. It must end where the next
 * one starts, and its DC must be the one found: with the first of each segment at its start, that
 * proves all of them. Whatever is not as in a valid file flags the picture, and so does what
 * implementations of the transform disagree on: SIMD code has 16 bits between its passes, and C
 * takes results modulo 1024. */

/* Coefficients beyond this do not come from pictures; sums of eight such still fit in 32 bits. */
#define MOST_COEFFICIENT 12000
/* Between the passes; SIMD code adds two of them in 16 bits. */
#define MOST_BETWEEN 16383
/* ------------------------------------------------------------ transforms */

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
    return (int4)(rounded(e + t + o2, shift), rounded(e - t + o0, shift),
                  rounded(e - t - o0, shift), rounded(e + t - o2, shift));
}

/* To two samples: only odd coefficients beside the first have a part in them. 15 more bits. */
INLINE int2 transform_2(int8 v, int shift) {
    int e = v.s0 << 15, o = v.s7 * -5906 + v.s5 * 6967 - v.s3 * 10426 + v.s1 * 29692;
    return (int2)(rounded(e + o, shift), rounded(e - o, shift));
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
INLINE uint idct_8(__local ushort2 *block, __global uchar *to, uint pitch) {
    uint wrong = 0;
    for (uint x = 0; x < 4; x++) {
        uint8 columns = load_columns(block, x);
        int8 left = transform_8(lower_halves(columns), 11);
        int8 right = transform_8(upper_halves(columns), 11);
        wrong |= any_beyond(left, MOST_BETWEEN) | any_beyond(right, MOST_BETWEEN);
        store_columns(block, x, put_halves(left, right));
    }
    for (uint y = 0; y < 8; y++) {
        int8 v = transform_8(load_row(block, y), 18);
        wrong |= any_beyond(v, MOST_RESULT);
        *(__global uchar8 *)(to + (size_t)y * pitch) = convert_uchar8_sat(v + 128);
    }
    return wrong;
}

INLINE uint idct_4(__local ushort2 *block, __global uchar *to, uint pitch) {
    uint wrong = 0;
    for (uint x = 0; x < 4; x++) {
        uint8 columns = load_columns(block, x);
        int8 v =
            (int8)(transform_4(lower_halves(columns), 12), transform_4(upper_halves(columns), 12));
        wrong |= any_beyond(v, MOST_BETWEEN);
        store_columns(block, x, put_halves(v, v.s45670123));
    }
    for (uint y = 0; y < 4; y++) {
        int4 v = transform_4(load_row(block, y), 19);
        wrong |= any_beyond((int8)(v, v), MOST_RESULT);
        *(__global uchar4 *)(to + (size_t)y * pitch) = convert_uchar4_sat(v + 128);
    }
    return wrong;
}

INLINE uint idct_2(__local ushort2 *block, __global uchar *to, uint pitch) {
    uint wrong = 0;
    for (uint x = 0; x < 4; x++) {
        uint8 columns = load_columns(block, x);
        int4 v =
            (int4)(transform_2(lower_halves(columns), 13), transform_2(upper_halves(columns), 13));
        wrong |= any_beyond((int8)(v, v), MOST_BETWEEN);
        store_columns(block, x, put_halves((int8)(v, v), (int8)(v.zwxy, v)));
    }
    for (uint y = 0; y < 2; y++) {
        int2 v = transform_2(load_row(block, y), 20);
        wrong |= beyond(v.s0, MOST_RESULT) | beyond(v.s1, MOST_RESULT);
        *(__global uchar2 *)(to + (size_t)y * pitch) = convert_uchar2_sat(v + 128);
    }
    return wrong;
}

INLINE uint idct_1(__local const ushort2 *block, __global uchar *to) {
    int v = rounded((short)block[0].x, 3);
    *to = convert_uchar_sat(v + 128);
    return beyond(v, MOST_RESULT);
}

INLINE uint idct(__local ushort2 *block, __global uchar *to, uint pitch, uint size) {
    return size == 8   ? idct_8(block, to, pitch)
           : size == 4 ? idct_4(block, to, pitch)
           : size == 2 ? idct_2(block, to, pitch)
                       : idct_1(block, to);
}

/* ------------------------------------------------------------------ tables */

/* Tables without what symbols are together, which decoding values has no use for: half as much
 * local memory. */
#define SHORT_TABLE_WORDS (JPEG_TABLE_WORDS - JPEG_TABLE_LIMITS / 2)

/* The whole group copies a package's tables and quantisers. */
INLINE void load_short_tables(__global const jpeg_package *package, __local uint *tables) {
    __global const uint *from =
        (__global const uint *)((__global const uchar *)package + package->tables);
    uint l = get_local_id(0), size = get_local_size(0),
         words = 2 * package->pairs * SHORT_TABLE_WORDS;
    for (uint i = l; i < words; i += size) {
        uint table = i / SHORT_TABLE_WORDS, word = i - table * SHORT_TABLE_WORDS;
        __global const uint *whole = from + table * JPEG_TABLE_WORDS;
        tables[i] = word < JPEG_TABLE_LIMITS / 2
                        ? (whole[2 * word] & 0xffff) | whole[2 * word + 1] << 16
                        : whole[word + JPEG_TABLE_LIMITS / 2];
    }
    for (uint i = l; i < 64 * JPEG_COMPONENTS; i += size) {
        tables[words + i] = from[2 * package->pairs * JPEG_TABLE_WORDS + i];
    }
    barrier(CLK_LOCAL_MEM_FENCE);
}

INLINE uint look_up_short(__local const uint *table, uint bits) {
    uint entry = ((__local const ushort *)table)[bits >> (32 - JPEG_INDEX_BITS)];
    return entry ? entry : long_code(table + JPEG_TABLE_LIMITS / 2, bits);
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
    uint next = peek_bits(&b->bits), entry = look_up_short(pair, next);
    uint count = code_bits(entry) + value_bits(entry);
    bool wrong = advance_of(entry) == JPEG_NO_CODE || value_bits(entry) > 11 ||
                 before + value_of(entry, next) != dc;
    skip_bits(&b->bits, count);
    b->position += count;
    dequantise(b, block, quantisers[0], dc);
    for (uint z = 1; z < JPEG_END_OF_BLOCK && !wrong;) {
        next = peek_bits(&b->bits);
        entry = look_up_short(pair + SHORT_TABLE_WORDS, next);
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
INLINE uint decode_samples(__global const jpeg_decode_job *job,
                           __global const jpeg_package *package, __global const uint *starts,
                           __global const short *dcs, __global uchar *planes,
                           __local const uint *tables, __local const uint *quantisers,
                           __local ushort2 *own, uint block) {
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
        own[i] = (ushort2)(0);
    }
    decode_coefficients(&b, tables + 2 * pair * SHORT_TABLE_WORDS, quantisers + 64 * c, before,
                        dcs[block], (__local short *)own);
    if (b.position < bounds.least || b.position > bounds.most) {
        b.flags |= JPEG_FLAG_CODE;
    }
    __global const jpeg_plane *plane = &job->planes[c];
    uint x = column * h + k % h, y = row * package->component[c].v + k / h, size = plane->size;
    if (size != 0 && x < plane->columns && y < plane->rows) {
        __global uchar *to = planes + plane->offset + (ulong)y * size * plane->pitch + x * size;
        b.flags |= idct(own, to, plane->pitch, size) ? JPEG_FLAG_RANGE : 0;
    }
    return b.flags;
}

/* `tables`: a package's, short, and quantisers; `blocks`: BLOCK_WORDS for each item. */
__kernel void jpeg_planes(__global const uchar *restrict packages,
                          __global const jpeg_decode_batch *restrict batch,
                          __global const uint *restrict work, volatile __global uint *flags,
                          __global uchar *restrict planes, __local uint *tables,
                          __local ushort2 *blocks) {
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
    uint table_words = 2 * package->pairs * SHORT_TABLE_WORDS, wrong = 0;
    load_short_tables(package, tables);
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
