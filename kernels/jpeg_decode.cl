/* Finding the blocks of baseline JPEG scans, of many pictures at once.
 *
 * A segment is cut into slots of equal length. It is not known where in a slot the first block
 * starts, but a Huffman decoder started anywhere is in step with the true one after some hundred
 * bits. So each slot is decoded once from a guess (jpeg_cold); each decoder then goes on into the
 * slots behind its own until it comes upon a block that starts where one of that slot's own list
 * does (jpeg_meet); who is met by whom says which lists are true from where on (jpeg_chain). A list
 * holds the starts of blocks and their DC differences; prefix sums of both (jpeg_chain, jpeg_sums,
 * jpeg_prefix) give every block of the picture its place and its DC (jpeg_blocks). Coefficients are
 * decoded with the samples (jpeg_idct.cl), block by block, which proves every start and every DC
 * found here.
 *
 * No kernel waits for another work-group. Whatever the bits are, each step consumes at least one of
 * them or ends, and lists end with their chunks. */

/* --------------------------------------------------------------- decoders */

/* A decoder that skips coefficients. */
typedef struct decoder {
    bit_reader bits;
    uint position; /* bits from the start of the slot it is in */
    uint z;        /* coefficients of the block so far; 0: a block starts */
    uint place;    /* in the MCU, modulo period */
    uint pair_of, period;
} decoder;

INLINE uint decoder_state(const decoder *d) {
    return d->position | d->place << ENTRY_BITS;
}

/* Decodes a symbol, or several. The first of a block puts it on the list. (The loops around this go
 * by steps, not by blocks: items of one group have blocks of different lengths, and would wait for
 * each other at the end of each.) */
INLINE void decode_step(decoder *d, __local const uint *tables, list_writer *list) {
    uint next = peek_bits(&d->bits), pair = d->pair_of >> (2 * d->place) & 3;
    uint entry = look_up(tables + (2 * pair + (d->z != 0)) * JPEG_TABLE_WORDS, next);
    uint together = entry >> JPEG_TOGETHER_SHIFT & 15,
         reach = d->z + (entry >> JPEG_REACH_SHIFT & 63);
    uint count = code_bits(entry) + value_bits(entry), z = d->z + advance_of(entry);
    if (d->z == 0) {
        put_entry(list,
                  decoder_state(d) | (uint)value_of(entry, next) << ENTRY_DC_SHIFT & ENTRY_DC);
    }
    if (together != 0 && reach < JPEG_END_OF_BLOCK) {
        count = together;
        z = entry >> JPEG_ENDS_SHIFT & 1 ? JPEG_END_OF_BLOCK : reach;
    }
    skip_bits(&d->bits, count);
    d->position += count;
    d->z = z;
    if (z >= JPEG_END_OF_BLOCK) {
        d->z = 0;
        d->place = d->place + 1 == d->period ? 0 : d->place + 1;
    }
}

/* ------------------------------------------------------------------- cold */

/* Segment g has its slots from g + start / slot_bits on: no two segments share one. */
INLINE jpeg_slot find_slot(__global const jpeg_package *package, uint index, uint slot_bits) {
    __global const jpeg_segment *segments = segments_of(package);
    uint low = 0, high = package->segment_count;
    while (high - low > 1) {
        uint middle = (low + high) / 2;
        if (middle + segments[middle].start / slot_bits <= index) {
            low = middle;
        } else {
            high = middle;
        }
    }
    uint offset = (index - low - segments[low].start / slot_bits) * slot_bits;
    jpeg_slot slot = {0, 0, 0, low};
    if (offset < segments[low].bits) {
        slot.start = segments[low].start + offset;
        slot.bits = segments[low].bits - offset;
        slot.left = (slot.bits + slot_bits - 1) / slot_bits;
    }
    return slot;
}

/* Where a decoder starts that knows nothing. Areas of one colour repeat the same bits MCU by MCU,
 * and from most starts within them a decoder never falls into step; so each slot tries another. */
INLINE void guess_start(decoder *d, uint slot, uint limit) {
    d->position = min(slot * 11 & 31, limit - 1);
    d->place = slot / 32 % d->period;
}

__kernel void jpeg_cold(__global const uchar *restrict packages,
                        __global const jpeg_decode_batch *restrict batch,
                        __global uint *restrict work, __local uint *tables) {
    uint slot = get_global_id(0), index = job_of_slot(batch, slot - get_local_id(0));
    __global const jpeg_decode_job *job = jpeg_jobs(batch) + index;
    __global const jpeg_package *package = jpeg_package_of(packages, job);
    jpeg_load_tables(package, 2 * package->pairs * JPEG_TABLE_WORDS, tables);
    uint own = slot - job->first_slot;
    jpeg_slot s = {0, 0, 0, 0};
    if (own < job->slots) {
        s = find_slot(package, own, batch->slot_bits);
    }
    ((__global jpeg_slot *)(work + batch->slots))[slot] = s;
    if (s.bits != 0) {
        uint limit = min(s.bits, batch->slot_bits);
        list_writer list = open_list(batch, job, index, work, own);
        decoder d = {{0}, 0, 0, 0, package->pair_of, package->period};
        if (s.start != segments_of(package)[s.segment].start) {
            guess_start(&d, own, limit);
        }
        open_bits(&d.bits, jpeg_scan_of(package), s.start + d.position);
        while (d.z != 0 || d.position < limit) {
            decode_step(&d, tables, &list);
        }
        work[batch->cold_count + slot] = list.count;
        put_entry(&list, ENTRY_END | decoder_state(&d));
        work[batch->cold_end + slot] = decoder_state(&d);
        if (list.full) {
            atomic_or((volatile __global uint *)work + batch->flags + index * JPEG_FLAG_WORDS +
                          JPEG_FLAG_LISTS,
                      1u);
        }
    }
}

/* ------------------------------------------------------------------- meet */

/* The list of a slot, read while a decoder passes by. */
typedef struct passing {
    __global const uint *lists;
    uint chunk, at, here; /* after, and of, `entry` */
    uint index, entry;
} passing;

INLINE void pass_next(passing *p) {
    p->entry = get_entry(p->lists, p->chunk, &p->at);
    p->here = p->at - 1;
}

INLINE void pass_from(passing *p, uint chunk) {
    p->at = chunk * p->chunk;
    p->index = 0;
    pass_next(p);
}

/* True if the list has a block, or its end, at this state. */
INLINE bool pass_meets(passing *p, uint state) {
    uint position = entry_position(state);
    while (!(p->entry & ENTRY_OTHER) && entry_position(p->entry) < position) {
        pass_next(p);
        p->index++;
    }
    return (p->entry & ENTRY_STATE) == state;
}

/* Goes on from the end of a slot, `bits` before the segment's end; returns the slot met. */
INLINE uint walk(decoder *d, __local const uint *tables, list_writer *list, passing *p,
                 __global const jpeg_decode_batch *batch, uint slot, uint own, uint bits) {
    uint slot_bits = batch->slot_bits, distance = 1;
    pass_from(p, own + 1);
    for (;;) {
        if (d->z == 0) {
            if (pass_meets(p, decoder_state(d))) {
                return slot + distance;
            }
            if (d->position >= bits) {
                return NONE;
            }
            if (d->position >= slot_bits) {
                if (distance == batch->walk_slots || list->full) {
                    return APART;
                }
                put_entry(list, ENTRY_NEXT_SLOT);
                list->count--; /* it is none of the blocks */
                d->position -= slot_bits;
                bits -= slot_bits;
                distance++;
                pass_from(p, own + distance);
                continue;
            }
        }
        decode_step(d, tables, list);
    }
}

/* Reads lists that others in this launch do not write: those of jpeg_cold. */
__kernel void jpeg_meet(__global const uchar *restrict packages,
                        __global const jpeg_decode_batch *restrict batch, __global uint *work,
                        __local uint *tables) {
    uint slot = get_global_id(0), index = job_of_slot(batch, slot - get_local_id(0));
    __global const jpeg_decode_job *job = jpeg_jobs(batch) + index;
    __global const jpeg_package *package = jpeg_package_of(packages, job);
    jpeg_load_tables(package, 2 * package->pairs * JPEG_TABLE_WORDS, tables);
    jpeg_slot s = ((__global const jpeg_slot *)(work + batch->slots))[slot];
    if (s.bits != 0) {
        uint own = slot - job->first_slot, count = 0, reach = NONE;
        passing p = {work + batch->lists + job->lists, job->chunk, 0, 0, 0, 0};
        if (s.left > 1) {
            uint end = work[batch->cold_end + slot];
            list_writer list = open_list(batch, job, index, work, job->slots + own);
            decoder d = {
                {0}, entry_position(end), 0, end >> ENTRY_BITS, package->pair_of, package->period};
            open_bits(&d.bits, jpeg_scan_of(package), s.start + d.position);
            d.position -= batch->slot_bits;
            reach = walk(&d, tables, &list, &p, batch, slot, own, s.bits - batch->slot_bits);
            count = list.count;
            if (list.full) {
                atomic_or((volatile __global uint *)work + batch->flags + index * JPEG_FLAG_WORDS +
                              JPEG_FLAG_LISTS,
                          1u);
            }
        }
        work[batch->walk_count + slot] = count;
        work[batch->reach + slot] = reach;
        work[batch->meet_at + slot] = p.here;
        work[batch->meet_index + slot] = p.index;
    }
}
