#include "codec/jpeg_scan.h"
#include "fuzz.h"

/** Whatever the file, it is refused or packed within what was asked for, twice the same, and
 * segments lie one behind the other within the scan. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    clp_jpeg_scan scan;
    size_t used = 0, again = 0;
    if (clp_jpeg_scan_parse(&scan, data, size) || scan.bound > (size_t)1 << 26) {
        return 0;
    }
    uint8_t *first = malloc(scan.bound), *second = malloc(scan.bound);
    FUZZ_PROMISE(first && second);
    memset(first, 0x00, scan.bound);
    memset(second, 0xA5, scan.bound);
    const char *why = clp_jpeg_scan_pack(&scan, first, &used);
    FUZZ_PROMISE(!why == !clp_jpeg_scan_pack(&scan, second, &again));
    if (!why) {
        const jpeg_package *package = &scan.package;
        const jpeg_segment *segments =
            (const jpeg_segment *)(const void *)(first + package->segments);
        uint64_t end = 0, bits = 0;
        FUZZ_PROMISE(used == again && used <= scan.bound && used == package->bytes + JPEG_PADDING);
        FUZZ_PROMISE(memcmp(first, second, used) == 0);
        for (uint32_t i = 0; i < package->segment_count; i++) {
            FUZZ_PROMISE(segments[i].start >= end && segments[i].start % 128 == 0);
            FUZZ_PROMISE(segments[i].bits >= 8 && segments[i].bits % 8 == 0);
            end = (uint64_t)segments[i].start + segments[i].bits;
            bits += segments[i].bits;
        }
        FUZZ_PROMISE(end == package->end && bits == package->scan_bits);
        FUZZ_PROMISE(end <= 8 * (uint64_t)(package->bytes - package->scan));
        FUZZ_PROMISE(package->mcu_blocks <= 10 && package->period <= package->mcu_blocks);
        FUZZ_PROMISE(package->mcu_blocks % package->period == 0 && package->pairs <= 3);
    }
    free(first);
    free(second);
    return 0;
}
