/* Finding the blocks of baseline JPEG scans, of many pictures at once.
 *
 * A segment is cut into slots of equal length. Nobody knows where in a slot the first block starts,
 * but a Huffman decoder started anywhere is in step with the true one after some hundred bits. So
 * each slot is decoded once from a guess (jpeg_cold); each decoder then goes on into the slots behind
 * its own until it comes upon a block that starts where one of that slot's own list does (jpeg_meet);
 * who is met by whom says which lists are true from where on (jpeg_chain). A list holds the starts of
 * blocks and their DC differences; prefix sums of both (jpeg_sums, jpeg_prefix) give every block of the
 * picture its place and its DC (jpeg_blocks). Coefficients are decoded with the samples
 * (jpeg_idct.cl), block by block, which proves every start and every DC found here.
 *
 * No kernel waits for another work-group. Whatever the bits are, each step consumes at least one of
 * them or ends, and lists end with their chunks. */

#define NONE 0xffffffffu  /* no slot: the segment ends */
#define APART 0xfffffffeu /* did not meet */

/* An entry of a list: where a block starts, bits from the slot's start, its place in the MCU modulo
 * the tables' period, and its DC difference. Two others say that positions count from the next slot
 * on, and that the list ends, with position and place as of a block. */
#define ENTRY_BITS 15
#define ENTRY_STATE 0x7ffffu /* position and place */
#define ENTRY_DC_SHIFT 19
#define ENTRY_DC 0x7ff80000u
#define ENTRY_OTHER 0x80000000u
#define ENTRY_NEXT_SLOT 0x80000000u
#define ENTRY_END 0xc0000000u

INLINE uint entry_position(uint entry) {
    return entry & ((1u << ENTRY_BITS) - 1);
}

INLINE int entry_dc(uint entry) {
    return (int)(entry << 1) >> (ENTRY_DC_SHIFT + 1);
}

/* The job whose slots a work-group works on. */
INLINE uint job_of_slot(__global const jpeg_decode_batch *batch, uint slot) {
    __global const jpeg_decode_job *jobs = jpeg_jobs(batch);
    uint low = 0, high = batch->count;
    while (high - low > 1) {
        uint middle = (low + high) / 2;
        if (jobs[middle].first_slot <= slot) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

/* ------------------------------------------------------------------ lists */

/* A list is a chain of chunks, whose last word says where the next begins. */
typedef struct list_writer {
    __global uint *lists; /* of the picture */
    volatile __global uint *used;
    uint at, chunk, free_chunks, first_free;
    uint count; /* entries that are blocks */
    uint full;
} list_writer;

INLINE void put_entry(list_writer *list, uint entry) {
    if ((list->at & (list->chunk - 1)) == list->chunk - 1) {
        uint next = atomic_inc(list->used);
        if (next < list->free_chunks) {
            next = (list->first_free + next) * list->chunk;
            list->lists[list->at] = next;
            list->at = next;
        } else { /* the picture is lost; the chunk takes the rest, round and round */
            list->full = 1;
            list->lists[list->at] = list->at - (list->chunk - 1);
            list->at -= list->chunk - 1;
        }
    }
    list->lists[list->at++] = entry;
    list->count++;
}

INLINE list_writer open_list(__global const jpeg_decode_batch *batch,
                             __global const jpeg_decode_job *job, uint index, __global uint *work,
                             uint chunk) {
    list_writer list;
    list.lists = work + batch->lists + job->lists;
    list.used = work + batch->used + index;
    list.chunk = job->chunk;
    list.free_chunks = job->chunk_count;
    list.first_free = 2 * job->slots;
    list.at = chunk * job->chunk;
    list.count = 0;
    list.full = 0;
    return list;
}

INLINE uint get_entry(__global const uint *lists, uint chunk, uint *at) {
    if ((*at & (chunk - 1)) == chunk - 1) {
        *at = lists[*at];
    }
    return lists[(*at)++];
}

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
    uint together = entry >> JPEG_TOGETHER_SHIFT & 15, reach = d->z + (entry >> JPEG_REACH_SHIFT & 63);
    uint count = code_bits(entry) + value_bits(entry), z = d->z + advance_of(entry);
    if (d->z == 0) {
        put_entry(list, decoder_state(d) | (uint)value_of(entry, next) << ENTRY_DC_SHIFT & ENTRY_DC);
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

INLINE __global const jpeg_segment *segments_of(__global const jpeg_package *package) {
    return (__global const jpeg_segment *)((__global const uchar *)package + package->segments);
}

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

/* Where a decoder starts that knows nothing. Areas of one colour repeat the same bits MCU by MCU, and
 * from most starts within them a decoder never falls into step; so each slot tries another. */
INLINE void guess_start(decoder *d, uint slot, uint limit) {
    d->position = min(slot * 11 & 31, limit - 1);
    d->place = slot / 32 % d->period;
}

__kernel void jpeg_cold(__global const uchar *restrict packages,
                        __global const jpeg_decode_batch *restrict batch, __global uint *restrict work,
                        __local uint *tables) {
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
                          JPEG_FLAG_LISTS, 1u);
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
            decoder d = {{0}, entry_position(end), 0, end >> ENTRY_BITS, package->pair_of,
                         package->period};
            open_bits(&d.bits, jpeg_scan_of(package), s.start + d.position);
            d.position -= batch->slot_bits;
            reach = walk(&d, tables, &list, &p, batch, slot, own, s.bits - batch->slot_bits);
            count = list.count;
            if (list.full) {
                atomic_or((volatile __global uint *)work + batch->flags + index * JPEG_FLAG_WORDS +
                              JPEG_FLAG_LISTS, 1u);
            }
        }
        work[batch->walk_count + slot] = count;
        work[batch->reach + slot] = reach;
        work[batch->meet_at + slot] = p.here;
        work[batch->meet_index + slot] = p.index;
    }
}

/* ------------------------------------------------------------------ chain */

/* Marks in `alive` the slots of a tile that those alive lead to. jump[i]: where i leads, or the
 * tile's size. */
INLINE void follow(__local uint *jump, __local uint *alive) {
    uint l = get_local_id(0), size = get_local_size(0);
    for (uint span = 1; span < size; span *= 2) {
        uint to = jump[l], further = jump[to], lives = alive[l];
        barrier(CLK_LOCAL_MEM_FENCE);
        jump[l] = further;
        if (lives && to < size) {
            alive[to] = 1;
        }
        barrier(CLK_LOCAL_MEM_FENCE);
    }
}

/* The sum of `value` over the items before this one; `*total` over all. */
INLINE uint sum_before(uint value, __local uint *sums, uint *total) {
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

/* One group a picture. `scratch`: two words for each item and two more. */
__kernel void jpeg_chain(__global const jpeg_decode_batch *restrict batch, __global uint *work,
                         __local uint *scratch) {
    uint index = get_group_id(0), l = get_local_id(0), size = get_local_size(0);
    __global const jpeg_decode_job *job = jpeg_jobs(batch) + index;
    __global const jpeg_slot *slots = (__global const jpeg_slot *)(work + batch->slots);
    __local uint *jump = scratch, *alive = scratch + size + 1;
    __local uint carry; /* the slot beyond the tile that is led to */
    uint blocks = 0, flags = 0;
    if (l == 0) {
        carry = NONE;
        jump[size] = size;
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    for (uint tile = 0; tile < job->slots; tile += size) {
        uint slot = job->first_slot + tile + l, base = job->first_slot + tile, reach = NONE;
        jpeg_slot s = {0, 0, 0, 0};
        if (tile + l < job->slots) {
            s = slots[slot];
        }
        bool head = s.bits != 0 && (tile + l == 0 || slots[slot - 1].left < 2);
        if (s.bits != 0) {
            reach = work[batch->reach + slot];
        }
        jump[l] = reach < APART ? min(reach - base, size) : size;
        alive[l] = head || (s.bits != 0 && carry == slot);
        barrier(CLK_LOCAL_MEM_FENCE);
        follow(jump, alive);
        bool lives = alive[l];
        if (lives) {
            if (head) {
                work[batch->from_at + slot] = (slot - job->first_slot) * job->chunk;
                work[batch->from_index + slot] = 0;
            }
            if (reach < APART) {
                work[batch->from_at + reach] = work[batch->meet_at + slot];
                work[batch->from_index + reach] = work[batch->meet_index + slot];
                if (reach - base >= size) {
                    carry = reach;
                }
            }
            flags |= reach == APART;
        }
        barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);
        uint count = 0, total;
        if (lives) {
            count = work[batch->cold_count + slot] - work[batch->from_index + slot] +
                    work[batch->walk_count + slot];
        }
        uint before = blocks + sum_before(count, alive, &total);
        if (tile + l < job->slots) {
            work[batch->first + slot] = before;
            if (!lives) {
                work[batch->from_at + slot] = NONE;
            }
        }
        blocks += total;
    }
    if (flags) {
        atomic_or((volatile __global uint *)work + batch->flags + index * JPEG_FLAG_WORDS +
                      JPEG_FLAG_CHAIN, flags);
    }
}

/* -------------------------------------------------------- sums and blocks */

/* The true blocks that a slot's decoder found, in order. */
typedef struct block_reader {
    __global const uint *lists;
    uint chunk, at, walk_at;
    uint cold, walked;  /* blocks left */
    uint start;         /* bits: what positions count from */
    uint next_start, slot_bits;
    uint in_segment;    /* blocks of the segment before the first */
} block_reader;

/* False if it found none. */
INLINE bool open_blocks(block_reader *reader, __global const jpeg_decode_batch *batch,
                        __global const jpeg_decode_job *job, __global const jpeg_package *package,
                        __global const uint *work, uint slot, jpeg_slot s, uint *head) {
    if (s.bits == 0 || work[batch->from_at + slot] == NONE) {
        return false;
    }
    *head = slot - (s.start - segments_of(package)[s.segment].start) / batch->slot_bits;
    reader->lists = work + batch->lists + job->lists;
    reader->chunk = job->chunk;
    reader->at = work[batch->from_at + slot];
    reader->walk_at = (job->slots + slot - job->first_slot) * job->chunk;
    reader->cold = work[batch->cold_count + slot] - work[batch->from_index + slot];
    reader->walked = work[batch->walk_count + slot];
    reader->start = s.start;
    reader->next_start = s.start + batch->slot_bits;
    reader->slot_bits = batch->slot_bits;
    reader->in_segment = work[batch->first + slot] - work[batch->first + *head];
    return true;
}

INLINE bool next_block(block_reader *reader, uint *entry) {
    if (reader->cold != 0) {
        reader->cold--;
        *entry = get_entry(reader->lists, reader->chunk, &reader->at);
        return true;
    }
    if (reader->walked == 0) {
        return false;
    }
    reader->walked--;
    if (reader->next_start != 0) {
        reader->start = reader->next_start;
        reader->next_start = 0;
        reader->at = reader->walk_at;
    }
    *entry = get_entry(reader->lists, reader->chunk, &reader->at);
    while (*entry & ENTRY_OTHER) {
        reader->start += reader->slot_bits;
        *entry = get_entry(reader->lists, reader->chunk, &reader->at);
    }
    return true;
}

/* The DC differences of each component in a slot. */
__kernel void jpeg_sums(__global const uchar *restrict packages,
                        __global const jpeg_decode_batch *restrict batch, __global uint *work) {
    uint slot = get_global_id(0), index = job_of_slot(batch, slot), head;
    __global const jpeg_decode_job *job = jpeg_jobs(batch) + index;
    __global const jpeg_package *package = jpeg_package_of(packages, job);
    jpeg_slot s = ((__global const jpeg_slot *)(work + batch->slots))[slot];
    block_reader reader;
    int4 sums = (int4)(0);
    if (!jpeg_flags(work + batch->flags + index * JPEG_FLAG_WORDS) &&
        open_blocks(&reader, batch, job, package, work, slot, s, &head)) {
        uint of = package->component_of, places = package->mcu_blocks, entry;
        uint place = reader.in_segment % places;
        while (next_block(&reader, &entry)) {
            int dc = entry_dc(entry);
            uint component = of >> (2 * place) & 3;
            sums.x += component == 0 ? dc : 0;
            sums.y += component == 1 ? dc : 0;
            sums.z += component == 2 ? dc : 0;
            place = place + 1 == places ? 0 : place + 1;
        }
    }
    ((__global int4 *)(work + batch->sums))[slot] = sums;
}

/* Those of all slots before. One group a picture; `scratch`: an int4 for each item. */
__kernel void jpeg_prefix(__global const jpeg_decode_batch *restrict batch, __global uint *restrict work,
                        __local int4 *scratch) {
    uint l = get_local_id(0), size = get_local_size(0);
    __global const jpeg_decode_job *job = jpeg_jobs(batch) + get_group_id(0);
    __global int4 *sums = (__global int4 *)(work + batch->sums) + job->first_slot;
    int4 before = (int4)(0);
    for (uint tile = 0; tile < job->slots; tile += size) {
        int4 value = tile + l < job->slots ? sums[tile + l] : (int4)(0), sum = value;
        scratch[l] = sum;
        barrier(CLK_LOCAL_MEM_FENCE);
        for (uint span = 1; span < size; span *= 2) {
            int4 more = l >= span ? scratch[l - span] : (int4)(0);
            barrier(CLK_LOCAL_MEM_FENCE);
            sum += more;
            scratch[l] = sum;
            barrier(CLK_LOCAL_MEM_FENCE);
        }
        if (tile + l < job->slots) {
            sums[tile + l] = before + sum - value;
        }
        before += scratch[size - 1];
        barrier(CLK_LOCAL_MEM_FENCE);
    }
}

/* Start and DC of every block of a picture, in the order of the scan. */
__kernel void jpeg_blocks(__global const uchar *restrict packages,
                          __global const jpeg_decode_batch *restrict batch, __global uint *work) {
    uint slot = get_global_id(0), index = job_of_slot(batch, slot), head;
    __global const jpeg_decode_job *job = jpeg_jobs(batch) + index;
    __global const jpeg_package *package = jpeg_package_of(packages, job);
    __global const uint *flags = work + batch->flags + index * JPEG_FLAG_WORDS;
    jpeg_slot s = ((__global const jpeg_slot *)(work + batch->slots))[slot];
    block_reader reader;
    if (!(flags[JPEG_FLAG_LISTS] | flags[JPEG_FLAG_CHAIN]) &&
        open_blocks(&reader, batch, job, package, work, slot, s, &head)) {
        __global const int4 *sums = (__global const int4 *)(work + batch->sums);
        int4 dc = sums[slot] - sums[head];
        uint of = package->component_of, places = package->mcu_blocks, entry, wrong = 0;
        uint place = reader.in_segment % places;
        uint first = s.segment * package->segment_mcus * places;
        uint end = min(first + package->segment_mcus * places, job->blocks);
        uint block = first + reader.in_segment;
        __global uint *starts = work + batch->starts + job->first_block;
        __global short *dcs = (__global short *)(work + batch->dc) + job->first_block;
        /* The bits that fill a segment's last byte may look like blocks. */
        while (block < end && next_block(&reader, &entry)) {
            int difference = entry_dc(entry);
            uint component = of >> (2 * place) & 3;
            dc.x += component == 0 ? difference : 0;
            dc.y += component == 1 ? difference : 0;
            dc.z += component == 2 ? difference : 0;
            int value = component == 0 ? dc.x : component == 1 ? dc.y : dc.z;
            wrong |= (uint)(value + 2048) > 4095u ? JPEG_FLAG_DC : 0;
            starts[block] = reader.start + entry_position(entry);
            dcs[block++] = (short)value;
            place = place + 1 == places ? 0 : place + 1;
        }
        wrong |= work[batch->reach + slot] == NONE && block < end ? JPEG_FLAG_COUNT : 0;
        if (wrong) {
            atomic_or((volatile __global uint *)flags + JPEG_FLAG_BLOCKS, wrong);
        }
    }
}
