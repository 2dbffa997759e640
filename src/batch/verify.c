#include "batch/verify.h"

#include <stdio.h>

#include "codec/codec.h"
#include "core/clock.h"
#include "core/memory.h"
#include "device/device.h"

void clp_verify_init(clp_verify *verify) {
    *verify = (clp_verify){0};
    pthread_mutex_init(&verify->lock, NULL);
}

void clp_verify_destroy(clp_verify *verify) {
    clp_memory_free(verify->chosen);
    verify->chosen = NULL;
    pthread_mutex_destroy(&verify->lock);
}

/* ----------------------------------------------------------------- choosing */

/** SplitMix64. */
static uint64_t next_random(uint64_t *state) {
    uint64_t x = *state += 0x9E3779B97F4A7C15;
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9;
    x = (x ^ x >> 27) * 0x94D049BB133111EB;
    return x ^ x >> 31;
}

/** False for what turned up in a folder beside the pictures: it cannot be verified. */
static bool may_be_picture(const clp_item *item) {
    uint8_t head[16];
    if (item->named) {
        return true;
    }
    FILE *file = fopen(item->path, "rbe");
    if (!file) {
        return false;
    }
    size_t size = fread(head, 1, sizeof head, file);
    fclose(file);
    return clp_codec_recognise(head, size, NULL);
}

/** Marks `count` items in the order of a shuffle. */
static void shuffle(clp_verify *verify, const clp_listing *listing, uint32_t *order,
                    uint64_t count) {
    uint64_t state = verify->seed;
    for (size_t i = 0; i < listing->own; i++) {
        order[i] = (uint32_t)i;
    }
    for (size_t i = 0; i < listing->own && count > 0; i++) {
        size_t other = i + (size_t)(next_random(&state) % (listing->own - i));
        uint32_t item = order[other];
        order[other] = order[i];
        if (may_be_picture(&listing->items[item])) {
            verify->chosen[item] = true;
            count--;
        }
    }
}

clproc_status clp_verify_choose(clp_verify *verify, const clp_listing *listing, uint64_t count,
                                uint64_t seed, clproc_error *error) {
    if (count == 0 || listing->own == 0) {
        return CLPROC_OK;
    }
    uint32_t *order = clp_memory_zero(CLP_MEMORY_LISTING, listing->own, sizeof *order);
    verify->chosen = clp_memory_zero(CLP_MEMORY_LISTING, listing->own, sizeof *verify->chosen);
    if (!order || !verify->chosen) {
        clp_memory_free(order);
        return clp_error_memory(error, "what is to be verified", listing->own);
    }
    /* Six digits are enough to tell runs apart, and short enough to be typed. */
    verify->seed = seed ? seed : clp_clock_ns() / 1000 % 999999 + 1;
    shuffle(verify, listing, order, count);
    clp_memory_free(order);
    return CLPROC_OK;
}

bool clp_verify_chosen(const clp_verify *verify, uint32_t item) {
    return verify->chosen && verify->chosen[item];
}

/* ---------------------------------------------------------------- comparing */

static clproc_verification summary(const clp_comparison *comparison) {
    return (clproc_verification){.pictures = 1,
                                 .beyond = !comparison->kept,
                                 .largest = comparison->largest,
                                 .mismatch = clp_comparison_mismatch(comparison),
                                 .psnr = clp_comparison_psnr(comparison)};
}

clproc_status clp_verify_picture(clp_verify *verify, const clp_plan *plan, const uint8_t *input,
                                 const uint8_t *result, clproc_verification *found,
                                 clproc_error *error) {
    uint8_t *reference = clp_memory_zero(CLP_MEMORY_PIXELS, 1, plan->output.bytes);
    clproc_status status;
    if (!reference) {
        return clp_error_memory(error, "the reference's result", plan->output.bytes);
    }
    CLP_TRY(status, out, clp_reference_run(plan, input, reference, NULL, error));
    clp_comparison comparison = clp_compare(plan, result, reference, NULL);
    *found = summary(&comparison);
    pthread_mutex_lock(&verify->lock);
    clp_comparison_add(&verify->all, &comparison);
    verify->pictures++;
    verify->beyond += !comparison.kept;
    pthread_mutex_unlock(&verify->lock);
out:
    clp_memory_free(reference);
    return status;
}

clproc_verification clp_verify_result(clp_verify *verify) {
    pthread_mutex_lock(&verify->lock);
    clproc_verification all = summary(&verify->all);
    all.pictures = verify->pictures;
    all.beyond = verify->beyond;
    all.seed = verify->seed;
    pthread_mutex_unlock(&verify->lock);
    return all;
}
