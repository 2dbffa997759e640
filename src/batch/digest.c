#include "batch/digest.h"

#include <stdio.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

clp_digest clp_digest_make(uint64_t high, uint64_t low) {
    clp_digest digest = {.high = high, .low = low};
    snprintf(digest.text, sizeof digest.text, "%016llx%016llx", (unsigned long long)high,
             (unsigned long long)low);
    return digest;
}

static clp_digest print(XXH128_hash_t hash) {
    return clp_digest_make(hash.high64, hash.low64);
}

void clp_digest_add(clp_digest_sum *sum, const clp_digest *digest) {
    atomic_fetch_add_explicit(&sum->high, digest->high, memory_order_relaxed);
    atomic_fetch_add_explicit(&sum->low, digest->low, memory_order_relaxed);
}

clp_digest clp_digest_of_sum(const clp_digest_sum *sum) {
    return clp_digest_make(atomic_load(&sum->high), atomic_load(&sum->low));
}

clp_digest clp_digest_bytes(const void *data, size_t size) {
    return print(XXH3_128bits(data, size));
}

clp_digest clp_digest_picture(const clp_layout *layout, const uint8_t *base) {
    XXH3_state_t state;
    XXH3_INITSTATE(&state);
    XXH3_128bits_reset(&state);
    for (uint32_t i = 0; i < layout->plane_count; i++) {
        const clp_plane *plane = &layout->planes[i];
        size_t row = (size_t)plane->width * plane->channels * (layout->depth / 8);
        for (uint32_t y = 0; y < plane->height; y++) {
            XXH3_128bits_update(&state, base + plane->offset + y * plane->pitch, row);
        }
    }
    return print(XXH3_128bits_digest(&state));
}
