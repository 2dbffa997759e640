/* From the lists of jpeg_decode.cl to every block of a picture: whose lists are true from where on,
 * and the prefix sums that give blocks their places and DCs. */

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

/* The sum of `value` over the items before this one. */
INLINE int4 sum_before(int4 value, __local int4 *sums) {
    uint l = get_local_id(0), size = get_local_size(0);
    int4 sum = value;
    sums[l] = sum;
    barrier(CLK_LOCAL_MEM_FENCE);
    for (uint span = 1; span < size; span *= 2) {
        int4 more = l >= span ? sums[l - span] : (int4)(0);
        barrier(CLK_LOCAL_MEM_FENCE);
        sum += more;
        sums[l] = sum;
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    return sum - value;
}

/* The slots of a picture that an item sums up: as many for each item of the group. */
INLINE uint2 own_slots(__global const jpeg_decode_job *job) {
    uint each = (job->slots + (uint)get_local_size(0) - 1) / (uint)get_local_size(0);
    uint from = min(each * (uint)get_local_id(0), job->slots);
    return (uint2)(from, min(from + each, job->slots)) + job->first_slot;
}

/* A slot that is led to, or begins a segment: tells the one it leads to where its list is true
 * from.
 */
INLINE void lead_on(__global const jpeg_decode_batch *batch, __global const jpeg_decode_job *job,
                    __global uint *work, uint slot, bool head, uint reach) {
    if (head) {
        work[batch->from_at + slot] = (slot - job->first_slot) * job->chunk;
        work[batch->from_index + slot] = 0;
    }
    if (reach < APART) {
        work[batch->from_at + reach] = work[batch->meet_at + slot];
        work[batch->from_index + reach] = work[batch->meet_index + slot];
    }
}

/* From the blocks of each slot to those of all slots before. */
INLINE void count_before(__global const jpeg_decode_job *job, __global uint *counts,
                         __local int4 *scratch) {
    uint2 own = own_slots(job);
    uint sum = 0;
    for (uint slot = own.x; slot < own.y; slot++) {
        sum += counts[slot];
    }
    sum = (uint)sum_before((int4)((int)sum, 0, 0, 0), scratch).x;
    for (uint slot = own.x; slot < own.y; slot++) {
        uint count = counts[slot];
        counts[slot] = sum;
        sum += count;
    }
}

/* Finds the decoders that are on the true path, and how many blocks those before each add to it;
 * the others get NONE for where they are true from. One group a picture. `scratch`: an int4 for
 * each item. */
__kernel void jpeg_chain(__global const jpeg_decode_batch *restrict batch, __global uint *work,
                         __local int4 *scratch) {
    uint index = get_group_id(0), l = get_local_id(0), size = get_local_size(0), apart = 0;
    __global const jpeg_decode_job *job = jpeg_jobs(batch) + index;
    __global const jpeg_slot *slots = (__global const jpeg_slot *)(work + batch->slots);
    __local uint *jump = (__local uint *)scratch, *alive = jump + size + 1;
    __local uint carry; /* the slot beyond the tile that is led to */
    if (l == 0) {
        carry = NONE;
        jump[size] = size;
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    for (uint tile = 0; tile < job->slots; tile += size) {
        uint base = job->first_slot + tile, slot = base + l, reach = NONE, count = 0;
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
            lead_on(batch, job, work, slot, head, reach);
            apart |= reach == APART;
            if (reach < APART && reach - base >= size) {
                carry = reach;
            }
        }
        barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);
        if (lives) {
            count = work[batch->cold_count + slot] - work[batch->from_index + slot] +
                    work[batch->walk_count + slot];
        } else if (tile + l < job->slots) {
            work[batch->from_at + slot] = NONE;
        }
        if (tile + l < job->slots) {
            work[batch->first + slot] = count;
        }
    }
    if (apart) {
        atomic_or((volatile __global uint *)work + batch->flags + index * JPEG_FLAG_WORDS +
                      JPEG_FLAG_CHAIN,
                  1u);
    }
    barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);
    count_before(job, work + batch->first, scratch);
}

/* -------------------------------------------------------- sums and blocks */

/* The true blocks that a slot's decoder found, in order. */
typedef struct block_reader {
    __global const uint *lists;
    uint chunk, at, walk_at;
    uint cold, walked; /* blocks left */
    uint start;        /* bits: what positions count from */
    uint next_start, slot_bits;
    uint in_segment; /* blocks of the segment before the first */
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
__kernel void jpeg_prefix(__global const jpeg_decode_batch *restrict batch, __global uint *work,
                          __local int4 *scratch) {
    uint2 own = own_slots(jpeg_jobs(batch) + get_group_id(0));
    __global int4 *sums = (__global int4 *)(work + batch->sums);
    int4 sum = (int4)(0);
    for (uint slot = own.x; slot < own.y; slot++) {
        sum += sums[slot];
    }
    sum = sum_before(sum, scratch);
    for (uint slot = own.x; slot < own.y; slot++) {
        int4 value = sums[slot];
        sums[slot] = sum;
        sum += value;
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
