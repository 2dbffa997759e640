/** Packing: tables made for fast look-up, and the scan without stuffing and markers. */
#include <string.h>

#include "codec/jpeg_plain.h"
#include "codec/jpeg_scan.h"

enum { EOI = 0xD9, RST0 = 0xD0, RST7 = 0xD7, INDEX_COUNT = 1 << JPEG_INDEX_BITS };

/* ------------------------------------------------------------------ tables */

static uint32_t symbol_entry(uint32_t length, uint8_t symbol, bool dc) {
    uint32_t run = symbol >> 4, bits = symbol & 15, advance = 1;
    if (dc) {
        bits = symbol;
    } else if (bits != 0) {
        advance = run + 1;
    } else {
        advance = run == 15 ? 16 : JPEG_END_OF_BLOCK;
    }
    return length | bits << 5 | advance << JPEG_ADVANCE_SHIFT;
}

/** Fills a table but for symbols together. False if no decoder would take these codes. */
static bool fill_table(uint32_t *table, const clp_jpeg_codes *codes, bool dc) {
    uint32_t code = 0, place = 0;
    memset(table, 0, JPEG_TABLE_WORDS * sizeof *table);
    for (uint32_t length = 1; length <= 16; length++) {
        uint32_t first_code = code, first_place = place;
        for (uint32_t i = 0; i < codes->counts[length - 1]; i++, code++, place++) {
            /* As libjpeg has it, no code is all ones. */
            if (code + 1 >= 1u << length || (dc && codes->symbols[place] > 15)) {
                return false;
            }
            uint32_t entry = symbol_entry(length, codes->symbols[place], dc);
            table[JPEG_TABLE_SYMBOLS + place / 2] |= entry << (place % 2 * 16);
            if (length <= JPEG_INDEX_BITS) {
                uint32_t shift = JPEG_INDEX_BITS - length;
                for (uint32_t k = 0; k < 1u << shift; k++) {
                    table[(code << shift) + k] = entry;
                }
            }
        }
        if (length > JPEG_INDEX_BITS) {
            uint32_t i = length - JPEG_INDEX_BITS - 1;
            table[JPEG_TABLE_LIMITS + i] = code << (16 - length);
            table[JPEG_TABLE_PLACES + i] = first_place - first_code;
        }
        code <<= 1;
    }
    return true;
}

static uint32_t entry_bits(uint32_t entry) {
    return (entry & 31) + (entry >> 5 & 15);
}

static uint32_t entry_advance(uint32_t entry) {
    return entry >> JPEG_ADVANCE_SHIFT & 127;
}

/** Adds to a table's words what symbols of `ac` follow within the index. */
static void join_symbols(uint32_t *table, const uint32_t *ac) {
    for (uint32_t index = 0; index < INDEX_COUNT; index++) {
        uint32_t entry = table[index], bits = entry_bits(entry), reach = entry_advance(entry);
        uint32_t together = 0, ends = 0;
        while (entry != 0 && reach < JPEG_END_OF_BLOCK && bits < JPEG_INDEX_BITS && !ends) {
            uint32_t next = ac[index << bits & (INDEX_COUNT - 1)] & 0xFFFF;
            uint32_t advance = entry_advance(next);
            ends = advance == JPEG_END_OF_BLOCK;
            reach += ends ? 0 : advance;
            if (next == 0 || bits + entry_bits(next) > JPEG_INDEX_BITS ||
                reach >= JPEG_END_OF_BLOCK) {
                break;
            }
            bits += entry_bits(next);
            together =
                bits << JPEG_TOGETHER_SHIFT | reach << JPEG_REACH_SHIFT | ends << JPEG_ENDS_SHIFT;
        }
        table[index] = entry | together;
    }
}

static const char *write_tables(const clp_jpeg_scan *scan, uint32_t *words) {
    for (uint32_t i = 0; i < scan->package.pairs; i++, words += 2 * JPEG_TABLE_WORDS) {
        uint32_t *ac = words + JPEG_TABLE_WORDS;
        if (!fill_table(words, &scan->codes[0][scan->pair_codes[i][0]], true) ||
            !fill_table(ac, &scan->codes[1][scan->pair_codes[i][1]], false)) {
            return "odd Huffman tables";
        }
        join_symbols(words, ac);
        join_symbols(ac, ac);
    }
    for (uint32_t i = 0; i < JPEG_COMPONENTS; i++) {
        for (uint32_t k = 0; k < 64; k++) {
            *words++ = scan->quantisers[i][k] | (uint32_t)clp_jpeg_zigzag[k] << JPEG_PLACE_SHIFT;
        }
    }
    return NULL;
}

/* -------------------------------------------------------------------- scan */

size_t clp_jpeg_unstuff(const uint8_t *from, size_t size, uint8_t *to, size_t *written) {
    size_t at = 0, made = 0;
    for (;;) {
        size_t plain = clp_jpeg_copy_plain(from + at, size - at, to + made);
        at += plain;
        made += plain;
        if (size - at < 2 || from[at + 1] != 0) {
            break;
        }
        to[made++] = 0xFF;
        at += 2;
    }
    *written = made;
    return at;
}

/** Copies all segments behind `room`'s start, and notes where they are. */
static const char *write_scan(clp_jpeg_scan *scan, uint8_t *room, jpeg_segment *segments,
                              size_t *made) {
    jpeg_package *package = &scan->package;
    const uint8_t *from = scan->data;
    size_t left = scan->size, at = 0;
    for (uint32_t i = 0; i < package->segment_count; i++) {
        size_t bytes, read = clp_jpeg_unstuff(from, left, room + at, &bytes);
        uint8_t marker = left - read < 2 ? 0 : from[read + 1];
        bool last = i + 1 == package->segment_count;
        if (bytes == 0 || marker != (last ? EOI : RST0 + (int)(i & 7))) {
            return "a scan that does not end where it should";
        }
        segments[i] = (jpeg_segment){(uint32_t)(8 * at), (uint32_t)(8 * bytes)};
        package->scan_bits += (uint32_t)(8 * bytes);
        package->end = (uint32_t)(8 * (at + bytes));
        size_t padding = -bytes & (JPEG_ALIGN - 1);
        memset(room + at + bytes, 0, padding);
        at += bytes + padding;
        from += read + 2;
        left -= read + 2;
    }
    *made = at;
    return NULL;
}

const char *clp_jpeg_scan_pack(clp_jpeg_scan *scan, uint8_t *room, size_t *used) {
    jpeg_package *package = &scan->package;
    size_t bytes = 0;
    package->scan_bits = 0;
    const char *why = write_tables(scan, (uint32_t *)(void *)(room + package->tables));
    if (!why) {
        /* Segments are in pairs of words; an odd number of them leaves room for one more. */
        memset(room + package->scan - sizeof(jpeg_segment), 0, sizeof(jpeg_segment));
        why = write_scan(scan, room + package->scan,
                         (jpeg_segment *)(void *)(room + package->segments), &bytes);
    }
    if (why) {
        return why;
    }
    if (package->scan_bits / 2 < (uint64_t)package->mcus * package->mcu_blocks) {
        return "a scan that ends early";
    }
    package->bytes = (uint32_t)(package->scan + bytes);
    memset(room + package->bytes, 0, JPEG_PADDING);
    memcpy(room, package, sizeof *package);
    *used = package->bytes + JPEG_PADDING;
    return NULL;
}
