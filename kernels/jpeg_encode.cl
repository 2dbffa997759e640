/* From planes to the scans of baseline JPEGs, of many pictures at once, as libjpeg writes them: the
 * accurate integer DCT (jfdctint.c), its quantisation, and the standard Huffman tables.
 *
 * A work-group encodes a tile of blocks that follow each other in the scan, one to an item, into
 * local memory, and keeps the tile's bits (jpeg_encode_tiles); the sums of the bits of tiles
 * (jpeg_encode_offsets) say where each goes in the scan (jpeg_encode_join). Samples are read once,
 * and coefficients never leave the item that made them. The DC a tile's first blocks build on is
 * made again: it is the sum of a block's samples. */

/* One dimension; the first and fifth result have no fraction, the others 13 bits, of which `shift`
 * are rounded off. */
INLINE int8 transform(int8 v, int shift) {
    int s0 = v.s0 + v.s7, d0 = v.s0 - v.s7, s1 = v.s1 + v.s6, d1 = v.s1 - v.s6;
    int s2 = v.s2 + v.s5, d2 = v.s2 - v.s5, s3 = v.s3 + v.s4, d3 = v.s3 - v.s4;
    int e0 = s0 + s3, e3 = s0 - s3, e1 = s1 + s2, e2 = s1 - s2;
    int even = (e2 + e3) * FIX_0_541196100;
    int odd = (d3 + d1 + d2 + d0) * FIX_1_175875602;
    int z1 = (d3 + d0) * -FIX_0_899976223, z2 = (d2 + d1) * -FIX_2_562915447;
    int z3 = odd - (d3 + d1) * FIX_1_961570560, z4 = odd - (d2 + d0) * FIX_0_390180644;
    return (int8)(e0 + e1, rounded(d0 * FIX_1_501321110 + z1 + z4, shift),
                  rounded(even + e3 * FIX_0_765366865, shift),
                  rounded(d1 * FIX_3_072711026 + z2 + z3, shift), e0 - e1,
                  rounded(d2 * FIX_2_053119869 + z2 + z4, shift),
                  rounded(even - e2 * FIX_1_847759065, shift),
                  rounded(d3 * FIX_0_298631336 + z1 + z3, shift));
}

/* ------------------------------------------------------------------ blocks */

/* Where the samples of a block are, and whether it stands for one beyond the picture. */
typedef struct block_source {
    __global const jpeg_encode_plane *plane;
    uint component, x, y; /* blocks */
    bool beyond;
} block_source;

/* Blocks of the last MCUs that are beyond the picture have the DC of the block before them, as in
 * jccoefct.c, and nothing else. */
INLINE block_source find_source(__global const jpeg_encode_job *job, uint block) {
    uint mcu = block / job->mcu_blocks, place = block - mcu * job->mcu_blocks;
    block_source source;
    source.component = job->component_of >> (2 * place) & 3;
    source.plane = &job->planes[source.component];
    uint h = source.plane->h, k = place - source.plane->first;
    uint row = mcu / job->mcus_across, column = mcu - row * job->mcus_across;
    uint across = min(h, source.plane->columns - column * h) - 1;
    uint down = min(source.plane->v, source.plane->rows - row * source.plane->v) - 1;
    uint x = k % h, y = k / h;
    source.beyond = x > across || y > down;
    source.x = column * h + (y > down ? across : min(x, across));
    source.y = row * source.plane->v + min(y, down);
    return source;
}

/* A row of a block, around 0. */
INLINE int8 load_samples(__global const uchar *planes, const block_source *source, uint row) {
    __global const jpeg_encode_plane *plane = source->plane;
    uint y = min(source->y * 8 + row, plane->height - 1), x = source->x * 8;
    __global const uchar *from = planes + plane->offset + (ulong)y * plane->pitch;
    if (x + 8 <= plane->width) {
        return convert_int8(*(__global const uchar8 *)(from + x)) - 128;
    }
    uint last = plane->width - 1;
    return (int8)(from[x], from[min(x + 1, last)], from[min(x + 2, last)], from[min(x + 3, last)],
                  from[min(x + 4, last)], from[min(x + 5, last)], from[min(x + 6, last)],
                  from[min(x + 7, last)]) -
           128;
}

/* As libjpeg's reciprocals do it: (|value| + half of 8 quantiser) / 8 quantiser, with the sign. */
INLINE int quantise(int value, uint reciprocal, uint half_step) {
    int size = (int)mul_hi(abs(value) + half_step, reciprocal);
    return value < 0 ? -size : size;
}

/* The DC of a block that another work-group encodes. */
INLINE int dc_of(__global const uchar *planes, __global const jpeg_encode_job *job,
                 __local const jpeg_encode_tables *tables, uint block) {
    block_source source = find_source(job, block);
    uint set = source.component != 0;
    int8 sum = (int8)(0);
    for (uint i = 0; i < 8; i++) {
        sum += load_samples(planes, &source, i);
    }
    int4 half_sum = sum.lo + sum.hi;
    return quantise(half_sum.x + half_sum.y + half_sum.z + half_sum.w, tables->reciprocal[set][0],
                    tables->half_step[set][0]);
}

/* Place in the order of the scan, by position in the block. */
__constant uchar scan_order[64] = {0,  1,  5,  6,  14, 15, 27, 28, 2,  4,  7,  13, 16, 26, 29, 42,
                                   3,  8,  12, 17, 25, 30, 41, 43, 9,  11, 18, 24, 31, 40, 44, 53,
                                   10, 19, 23, 32, 39, 45, 52, 54, 20, 22, 33, 38, 46, 51, 55, 60,
                                   21, 34, 37, 47, 50, 56, 59, 61, 35, 36, 48, 49, 57, 58, 62, 63};

/* Of one coefficient; adds the bit of its place to `present` if it is not 0. */
INLINE int quantise_at(int value, __local const jpeg_encode_tables *tables, uint set, uint at,
                       ulong *present) {
    int level = quantise(value, tables->reciprocal[set][at], tables->half_step[set][at]);
    *present |= (ulong)(level != 0) << (63 - scan_order[at]);
    return level;
}

INLINE int8 quantise_column(int8 v, __local const jpeg_encode_tables *tables, uint set, uint x,
                            ulong *present) {
    return (int8)(quantise_at(rounded(v.s0, 2), tables, set, x, present),
                  quantise_at(v.s1, tables, set, x + 8, present),
                  quantise_at(v.s2, tables, set, x + 16, present),
                  quantise_at(v.s3, tables, set, x + 24, present),
                  quantise_at(rounded(v.s4, 2), tables, set, x + 32, present),
                  quantise_at(v.s5, tables, set, x + 40, present),
                  quantise_at(v.s6, tables, set, x + 48, present),
                  quantise_at(v.s7, tables, set, x + 56, present));
}

/* Leaves a block's quantised coefficients in local memory; returns which of those behind the first
 * are not 0, in the order of the scan from the second bit down. */
INLINE ulong transform_block(__global const uchar *planes, const block_source *source,
                             __local const jpeg_encode_tables *tables, __local ushort2 *block) {
    uint set = source->component != 0;
    ulong present = 0;
    for (uint y = 0; y < 8; y++) {
        int8 v = transform(load_samples(planes, source, y), 11);
        v.s0 <<= 2;
        v.s4 <<= 2;
        store_row(block, y, v);
    }
    for (uint x = 0; x < 4; x++) {
        uint8 columns = load_columns(block, x);
        int8 left = transform(lower_halves(columns), 15);
        int8 right = transform(upper_halves(columns), 15);
        left = quantise_column(left, tables, set, 2 * x, &present);
        right = quantise_column(right, tables, set, 2 * x + 1, &present);
        store_columns(block, x, put_halves(left, right));
    }
    return source->beyond ? 0 : present & ~((ulong)1 << 63);
}

/* ------------------------------------------------------------------- codes */

INLINE uint magnitude_bits(int value) {
    return 32 - clz((uint)abs(value));
}

/* Codes of a block, one after the other. */
typedef struct code_reader {
    __local const short *block;
    __local const uint *ac, *position;
    ulong present;
    uint last; /* place of the coefficient before */
} code_reader;

/* The next code, with the bits of its value; returns how many bits these are together, 0 at the
 * end.
 */
INLINE uint next_code(code_reader *codes, uint *bits) {
    uint code, count = 0;
    int value = 0;
    if (codes->present != 0) {
        uint place = clz(codes->present), run = place - codes->last - 1;
        if (run > 15) {
            code = codes->ac[0xf0];
            codes->last += 16;
        } else {
            value = codes->block[codes->position[place]];
            count = magnitude_bits(value);
            code = codes->ac[run << 4 | count];
            codes->last = place;
            codes->present &= ~((ulong)1 << (63 - place));
        }
    } else if (codes->last < 63) {
        code = codes->ac[0];
        codes->last = 63;
    } else {
        return 0;
    }
    *bits = (code & 0xffff) << count | ((uint)(value - (value < 0)) & ((1u << count) - 1));
    return (code >> 16) + count;
}

INLINE uint dc_code(__local const uint *dc, int difference, uint *bits) {
    uint count = magnitude_bits(difference), code = dc[count];
    *bits =
        (code & 0xffff) << count | ((uint)(difference - (difference < 0)) & ((1u << count) - 1));
    return (code >> 16) + count;
}

/* Bits on their way into words, whose first and last are shared with others. */
typedef struct bit_writer {
    volatile __local uint *words;
    ulong bits;
    uint count; /* of `bits`, the last ones of it */
    bool first;
} bit_writer;

INLINE void put_bits(bit_writer *writer, uint bits, uint count) {
    writer->bits = writer->bits << count | bits;
    writer->count += count;
    if (writer->count >= 32) {
        writer->count -= 32;
        uint word = (uint)(writer->bits >> writer->count);
        if (writer->first) {
            atomic_or(writer->words, word);
            writer->first = false;
        } else {
            *writer->words = word;
        }
        writer->words++;
    }
}

INLINE void end_bits(bit_writer *writer) {
    if (writer->count > 0) {
        atomic_or(writer->words, (uint)(writer->bits << (32 - writer->count)));
    }
}

/* The sum of `value` over the items before this one; `*total` over all. */
INLINE uint sum_of_others(uint value, __local uint *sums, uint *total) {
    uint l = get_local_id(0), size = get_local_size(0), sum = value;
    sums[l] = sum;
    barrier(CLK_LOCAL_MEM_FENCE);
    for (uint span = 1; span < size; span *= 2) {
        uint more = l >= span ? sums[l - span] : 0;
        barrier(CLK_LOCAL_MEM_FENCE);
        sum += more;
        sums[l] = sum;
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    *total = sums[size - 1];
    barrier(CLK_LOCAL_MEM_FENCE);
    return sum - value;
}

/* ----------------------------------------------------------------- kernels */

#define CROWDED 0xffffffffu /* for the bits of a tile: more than there is room for */

/* `at`: bytes. */
INLINE __global const jpeg_encode_batch *batch_of(__global const uchar *jobs, uint at) {
    return (__global const jpeg_encode_batch *)(jobs + at);
}

/* The job whose tile a work-group has. */
INLINE uint job_of_tile(__global const jpeg_encode_batch *batch, uint tile) {
    __global const jpeg_encode_job *jobs = (__global const jpeg_encode_job *)(batch + 1);
    uint low = 0, high = batch->count;
    while (high - low > 1) {
        uint middle = (low + high) / 2;
        if (jobs[middle].first_tile <= tile) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

/* The DC that a block's builds on: of the block of its component before it. */
INLINE int dc_before(__global const uchar *planes, __global const jpeg_encode_job *job,
                     __local const jpeg_encode_tables *tables, __local const int *dcs, uint tile,
                     uint block, const block_source *source) {
    uint places = job->mcu_blocks, back = 1;
    if (block % places == source->plane->first) {
        if (block < places) {
            return 0;
        }
        back = places - source->plane->h * source->plane->v + 1;
    }
    return block - back >= tile ? dcs[block - back - tile]
                                : dc_of(planes, job, tables, block - back);
}

/* (Mesa does not copy structs that are passed by value.) */
INLINE uint count_bits(__local const uint *dc, int difference, const code_reader *block) {
    code_reader codes = *block;
    uint bits, count = dc_code(dc, difference, &bits);
    for (uint more = next_code(&codes, &bits); more != 0; more = next_code(&codes, &bits)) {
        count += more;
    }
    return count;
}

/* Puts a block's codes into the tile's, `before` bits behind their start. */
INLINE void write_codes(__local uint *tile, uint before, __local const uint *dc, int difference,
                        const code_reader *block) {
    code_reader codes = *block;
    bit_writer writer = {tile + before / 32, 0, before % 32, true};
    uint bits, count = dc_code(dc, difference, &bits);
    do {
        put_bits(&writer, bits, count);
        count = next_code(&codes, &bits);
    } while (count != 0);
    end_bits(&writer);
}

/* Local memory: `table_words` for a jpeg_encode_tables, `blocks` with BLOCK_WORDS for each item,
 * `bits` for those of the tile, `sums` with two words for each item. */
__kernel void jpeg_encode_tiles(__global const uchar *restrict planes,
                                __global const uchar *restrict jobs, uint at,
                                __global uint *restrict work, __local uint *table_words,
                                __local ushort2 *blocks, __local uint *bits, __local uint *sums) {
    __global const jpeg_encode_batch *batch = batch_of(jobs, at);
    uint l = get_local_id(0), size = get_local_size(0), tile = get_group_id(0);
    uint index = job_of_tile(batch, tile), words = batch->tile_words, count = 0, total, set = 0;
    __global const jpeg_encode_job *job = (__global const jpeg_encode_job *)(batch + 1) + index;
    __global const uint *from =
        (__global const uint *)((__global const uchar *)batch + job->tables);
    for (uint i = l; i < sizeof(jpeg_encode_tables) / sizeof(uint); i += size) {
        table_words[i] = from[i];
    }
    for (uint i = l; i < words; i += size) {
        bits[i] = 0;
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    __local const jpeg_encode_tables *tables = (__local const jpeg_encode_tables *)table_words;
    __local int *dcs = (__local int *)(sums + size);
    __local ushort2 *own = blocks + BLOCK_WORDS * l;
    uint start = (tile - job->first_tile) * size, block = start + l;
    block_source source;
    code_reader codes = {(__local const short *)own, 0, tables->position, 0, 0};
    if (block < job->blocks) {
        source = find_source(job, block);
        set = source.component != 0;
        codes.ac = tables->ac[set];
        codes.present = transform_block(planes, &source, tables, own);
        dcs[l] = codes.block[0];
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    int difference = 0;
    if (block < job->blocks) {
        difference = dcs[l] - dc_before(planes, job, tables, dcs, start, block, &source);
        count = count_bits(tables->dc[set], difference, &codes);
    }
    uint before = sum_of_others(count, sums, &total);
    bool fits = total <= 32 * words;
    if (fits && block < job->blocks) {
        write_codes(bits, before, tables->dc[set], difference, &codes);
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    for (uint i = l; fits && i < (total + 31) / 32; i += size) {
        work[batch->tiles + tile * words + i] = bits[i];
    }
    if (l == 0) {
        work[batch->tile_bits + tile] = fits ? total : CROWDED;
    }
}

/* One group a picture; `sums`: a word for each item. */
__kernel void jpeg_encode_offsets(__global const uchar *restrict jobs, uint at,
                                  __global uint *restrict work, __global uint *restrict scans,
                                  __local uint *sums) {
    __global const jpeg_encode_batch *batch = batch_of(jobs, at);
    uint index = get_group_id(0), l = get_local_id(0), size = get_local_size(0), before = 0, total;
    __global const jpeg_encode_job *job = (__global const jpeg_encode_job *)(batch + 1) + index;
    __global uint *output = scans + job->output;
    __local uint crowded;
    if (l == 0) {
        crowded = 0;
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    for (uint tile = 0; tile < job->tiles; tile += size) {
        uint bits = tile + l < job->tiles ? work[batch->tile_bits + job->first_tile + tile + l] : 0;
        if (bits == CROWDED) {
            atomic_or(&crowded, 1u);
            bits = 0;
        }
        uint offset = before + sum_of_others(bits, sums, &total);
        if (tile + l < job->tiles) {
            work[batch->offsets + job->first_tile + tile + l] = offset;
            if (offset / 32 < job->output_words) { /* what tiles share is put together from 0 */
                output[offset / 32] = 0;
            }
        }
        before += total;
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    if (l == 0) {
        __global jpeg_encode_result *result =
            (__global jpeg_encode_result *)(work + batch->results) + index;
        bool fits = !crowded && (before + 31) / 32 <= job->output_words;
        result->bits = before;
        result->crowded = !fits;
        if (fits && before % 32 != 0) {
            output[before / 32] = 0;
        }
    }
}

INLINE uint big_endian(uint word) {
    return as_uint(as_uchar4(word).s3210);
}

__kernel void jpeg_encode_join(__global const uchar *restrict jobs, uint at,
                               __global const uint *restrict work, __global uint *restrict scans) {
    __global const jpeg_encode_batch *batch = batch_of(jobs, at);
    uint l = get_local_id(0), size = get_local_size(0), tile = get_group_id(0);
    uint index = job_of_tile(batch, tile);
    __global const jpeg_encode_job *job = (__global const jpeg_encode_job *)(batch + 1) + index;
    if (((__global const jpeg_encode_result *)(work + batch->results))[index].crowded == 0) {
        uint bits = work[batch->tile_bits + tile], offset = work[batch->offsets + tile];
        uint shift = offset % 32, words = (bits + 31) / 32, end = (shift + bits + 31) / 32;
        __global const uint *from = work + batch->tiles + tile * batch->tile_words;
        __global uint *output = scans + job->output + offset / 32;
        for (uint i = l; i < end; i += size) {
            ulong high = i > 0 ? from[i - 1] : 0, low = i < words ? from[i] : 0;
            uint word = big_endian((uint)((high << 32 | low) >> shift));
            if ((i == 0 && shift != 0) || (i + 1 == end && (shift + bits) % 32 != 0)) {
                atomic_or((volatile __global uint *)output + i, word);
            } else {
                output[i] = word;
            }
        }
    }
}
