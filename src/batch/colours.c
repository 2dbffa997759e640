#include "batch/colours.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <xxhash.h>

#include "core/memory.h"
#include "meta/meta.h"
#include "ops/ops.h"

/** Conversions kept. */
#define KEPT 8
/** Whoever names a profile that is not there may mean another word. */
#define TAKES "--icc takes keep, srgb or a profile's file"

typedef struct entry {
    clp_colour_key key;
    bool made;
    uint64_t used;
    clp_colour_choice choice;
} entry;

struct clp_colours {
    atomic_uint references;
    const clproc_run_params *params;
    bool lays;                 /**< something is laid over pictures */
    clp_bytes target;          /**< the profile converted to; empty for sRGB */
    clp_bytes srgb, srgb_gray; /**< what describes sRGB */
    pthread_mutex_t lock;
    uint64_t uses;
    entry entries[KEPT];
};

/* ------------------------------------------------------------- the run's */

static bool keeps(const clproc_run_params *params) {
    return !params->icc || strcmp(params->icc, "keep") == 0;
}

const char *clp_colours_file(const clproc_run_params *params) {
    return keeps(params) || strcmp(params->icc, "srgb") == 0 ? NULL : params->icc;
}

bool clp_colours_srgb(const clp_colours *colours) {
    return colours->target.size == 0;
}

static clproc_status read_target(clp_colours *colours, clproc_error *error) {
    const char *name = clp_colours_file(colours->params);
    const size_t most = (size_t)64 << 20;
    char reason[128];
    uint32_t channels = 0;
    if (!name) {
        return CLPROC_OK;
    }
    clproc_status status = clp_file_read(name, most, &colours->target, error);
    if (status != CLPROC_OK) {
        /* It is what was asked for that is wrong, no picture. */
        if (status == CLPROC_ERROR_INPUT) {
            char cause[sizeof error->message];
            snprintf(cause, sizeof cause, "%s", error ? error->message : "");
            status = clp_error_set(error, CLPROC_ERROR_ARGUMENT, "%s; " TAKES, cause);
        }
        return clp_error_in_file(error, status, name);
    }
    if (!clp_icc_check(colours->target.data, colours->target.size, &channels, reason,
                       sizeof reason)) {
        status =
            clp_error_set(error, CLPROC_ERROR_ARGUMENT, "is no ICC profile: %s; " TAKES, reason);
        return clp_error_in_file(error, status, name);
    }
    if (channels != 3) {
        status = clp_error_set(error, CLPROC_ERROR_ARGUMENT,
                               "describes %s pictures; --icc needs a profile of RGB",
                               clp_icc_kind(channels));
        return clp_error_in_file(error, status, name);
    }
    return CLPROC_OK;
}

static bool has_overlays(const clproc_pipeline *pipeline) {
    bool has = false;
    for (size_t i = 0; pipeline && i < clproc_pipeline_length(pipeline); i++) {
        has = has || clp_pipeline_file(pipeline, i);
    }
    return has;
}

clproc_status clp_colours_create(clp_colours **colours, const clproc_run_params *params,
                                 clproc_error *error) {
    clp_colours *made = clp_memory_zero(CLP_MEMORY_PLAN, 1, sizeof *made);
    clproc_status status;
    *colours = made;
    if (!made) {
        return clp_error_memory(error, "colour conversions", sizeof *made);
    }
    atomic_init(&made->references, 1);
    made->params = params;
    made->lays = has_overlays(params->pipeline);
    pthread_mutex_init(&made->lock, NULL);
    CLP_TRY(status, out, read_target(made, error));
    CLP_TRY(status, out, clp_icc_make(&clp_icc_srgb, false, &made->srgb, error));
    status = clp_icc_make(&clp_icc_srgb, true, &made->srgb_gray, error);
out:
    if (status != CLPROC_OK) {
        clp_colours_release(colours);
    }
    return status;
}

bool clp_colours_serve(const clp_colours *colours, const clproc_run_params *params) {
    const clproc_run_params *own = colours->params;
    bool same_space = keeps(own) ? keeps(params) : !keeps(params) && !strcmp(own->icc, params->icc);
    return same_space && own->intent == params->intent &&
           own->black_point_compensation == params->black_point_compensation &&
           colours->lays == has_overlays(params->pipeline);
}

clp_colours *clp_colours_retain(clp_colours *colours) {
    atomic_fetch_add(&colours->references, 1);
    return colours;
}

void clp_colours_release(clp_colours **colours) {
    clp_colours *old = *colours;
    if (old && atomic_fetch_sub(&old->references, 1) == 1) {
        for (int i = 0; i < KEPT; i++) {
            clp_colour_choice_release(&old->entries[i].choice);
        }
        clp_bytes_free(&old->target);
        clp_bytes_free(&old->srgb);
        clp_bytes_free(&old->srgb_gray);
        pthread_mutex_destroy(&old->lock);
        clp_memory_free(old);
    }
    *colours = NULL;
}

clp_block clp_colours_profile(const clp_colours *colours, bool gray) {
    const clp_bytes *bytes = !clp_colours_srgb(colours) ? &colours->target
                             : gray                     ? &colours->srgb_gray
                                                        : &colours->srgb;
    bool fits = !gray || clp_colours_srgb(colours);
    return fits ? (clp_block){bytes->data, bytes->size} : (clp_block){0};
}

/* ---------------------------------------------------------- the picture's */

/** Channels as profiles count them. */
static uint32_t channels_of(clp_model model) {
    return model == CLP_MODEL_CMYK                               ? 4
           : model == CLP_MODEL_GRAY || model == CLP_MODEL_GRAYA ? 1
                                                                 : 3;
}

/** A gamma of 1 ÷ 2.2 is what writers of sRGB say for want of better; libpng allows 5 %, too. */
static bool is_srgb_gamma(double gamma) {
    return fabs(gamma * 2.2 - 1) < 0.05;
}

static bool same_point(const double a[2], const double b[2]) {
    return fabs(a[0] - b[0]) < 0.001 && fabs(a[1] - b[1]) < 0.001;
}

/** The colour space a PNG gives in numbers: false if it is sRGB, or if it gives none. */
static bool read_numbers(const clp_colour_facts *facts, clp_icc_numbers *numbers) {
    *numbers = clp_icc_srgb;
    if (facts->has_cicp && clp_icc_from_cicp(facts->cicp, numbers)) {
        return memcmp(numbers, &clp_icc_srgb, sizeof *numbers) != 0;
    }
    if (facts->has_srgb || (!facts->has_gamma && !facts->has_chromaticities)) {
        return false;
    }
    if (facts->has_chromaticities) {
        memcpy(numbers->white, facts->white, sizeof numbers->white);
        memcpy(numbers->red, facts->red, sizeof numbers->red);
        memcpy(numbers->green, facts->green, sizeof numbers->green);
        memcpy(numbers->blue, facts->blue, sizeof numbers->blue);
    }
    bool plain = !facts->has_gamma || is_srgb_gamma(facts->gamma);
    if (!plain && facts->gamma > 0) {
        numbers->transfer = CLP_TRANSFER_POWER;
        numbers->gamma = 1 / facts->gamma;
    }
    return !plain || !same_point(numbers->white, clp_icc_srgb.white) ||
           !same_point(numbers->red, clp_icc_srgb.red) ||
           !same_point(numbers->green, clp_icc_srgb.green) ||
           !same_point(numbers->blue, clp_icc_srgb.blue);
}

/** The order is the PNG specification's: cICP, iCCP, sRGB, then gAMA and cHRM. */
static bool numbers_first(const clp_header *header) {
    clp_icc_numbers unused;
    const clp_colour_facts *facts = &header->colour;
    return !header->blocks.icc.data || (facts->has_cicp && clp_icc_from_cicp(facts->cicp, &unused));
}

clproc_status clp_colours_describe(const clp_header *header, bool gray, clp_bytes *profile,
                                   clproc_error *error) {
    clp_icc_numbers numbers;
    bool wanted = numbers_first(header) && read_numbers(&header->colour, &numbers);
    return wanted ? clp_icc_make(&numbers, gray, profile, error) : CLPROC_OK;
}

static bool wants_conversion(const clp_colours *colours, const clp_header *header) {
    return !keeps(colours->params) || header->model == CLP_MODEL_CMYK;
}

clp_colour_key clp_colours_key(const clp_colours *colours, const clp_header *header) {
    clp_icc_numbers numbers;
    XXH128_hash_t hash;
    if (!wants_conversion(colours, header) && !colours->lays) {
        return (clp_colour_key){0, 0};
    }
    bool given = !numbers_first(header);
    if (given) {
        hash = XXH3_128bits(header->blocks.icc.data, header->blocks.icc.size);
    } else {
        memset(&numbers, 0, sizeof numbers);
        read_numbers(&header->colour, &numbers);
        hash = XXH3_128bits(&numbers, sizeof numbers);
    }
    /* Never zero, and another for each number of channels. */
    uint64_t kind = channels_of(header->model) * 2 + given;
    return (clp_colour_key){hash.low64, (hash.high64 & ~(uint64_t)15) | kind};
}

/** A profile of pictures like this one, as the file has it or made of its numbers into `made`.
 * Empty for sRGB, and for inks without one. */
static clproc_status find_profile(const clp_header *header, clp_bytes *made, clp_block *profile,
                                  clproc_error *error) {
    uint32_t channels = channels_of(header->model);
    clproc_status status = CLPROC_OK;
    *profile = (clp_block){0};
    if (!numbers_first(header)) {
        *profile = header->blocks.icc;
    } else if (channels != 4) {
        status = clp_colours_describe(header, channels == 1, made, error);
        *profile = made->size ? (clp_block){made->data, made->size} : (clp_block){0};
    }
    return status;
}

/** Makes the conversion of pictures with this profile. One that is no good is as none. */
static clproc_status make_conversion(const clp_colours *colours, const clp_header *header,
                                     const clp_block *profile, clp_colour_choice *choice,
                                     clproc_error *error) {
    clproc_error failure = {0};
    clp_icc_request request = {
        .source = profile->data,
        .source_size = profile->size,
        .channels = channels_of(header->model),
        .target = colours->target.size ? colours->target.data : NULL,
        .target_size = colours->target.size,
        .intent = colours->params->intent,
        .black_point = colours->params->black_point_compensation,
    };
    clproc_status status = clp_icc_convert(&request, &choice->conversion, &failure);
    if (status == CLPROC_ERROR_INPUT) {
        snprintf(choice->problem, sizeof choice->problem, "%.255s", failure.message);
        request.source = NULL;
        request.source_size = 0;
        status = clp_icc_convert(&request, &choice->conversion, &failure);
    }
    if (status != CLPROC_OK && error) {
        *error = failure;
    }
    return status;
}

/** Makes what brings overlays to the space that pictures with this profile have in the output. */
static clproc_status make_from_srgb(const clp_colours *colours, const clp_header *header,
                                    const clp_block *profile, clp_colour_choice *choice,
                                    clproc_error *error) {
    bool converted = wants_conversion(colours, header);
    clproc_error failure = {0};
    clp_icc_request request = {
        .channels = 3,
        .target = converted ? colours->target.data : profile->data,
        .target_size = converted ? colours->target.size : profile->size,
        .intent = colours->params->intent,
        .black_point = colours->params->black_point_compensation,
    };
    if (request.target_size == 0 || (!converted && channels_of(header->model) != 3)) {
        return CLPROC_OK;
    }
    clproc_status status = clp_icc_convert(&request, &choice->from_srgb, &failure);
    if (status == CLPROC_ERROR_INPUT) {
        snprintf(choice->overlay_problem, sizeof choice->overlay_problem, "%.255s",
                 failure.message);
        return CLPROC_OK;
    }
    if (status != CLPROC_OK && error) {
        *error = failure;
    }
    return status;
}

/** Makes all that pictures like this one need. */
static clproc_status make(const clp_colours *colours, const clp_header *header,
                          clp_colour_choice *choice, clproc_error *error) {
    clp_bytes made = {0};
    clp_block profile;
    clproc_status status;
    choice->converted = wants_conversion(colours, header);
    CLP_TRY(status, out, find_profile(header, &made, &profile, error));
    if (choice->converted) {
        CLP_TRY(status, out, make_conversion(colours, header, &profile, choice, error));
    }
    if (colours->lays) {
        CLP_TRY(status, out, make_from_srgb(colours, header, &profile, choice, error));
    }
out:
    clp_bytes_free(&made);
    return status;
}

/** The entry of a key, or the one to replace. */
static entry *look_up(clp_colours *colours, clp_colour_key key) {
    entry *oldest = &colours->entries[0];
    for (int i = 0; i < KEPT; i++) {
        entry *one = &colours->entries[i];
        if (one->made && one->key.low == key.low && one->key.high == key.high) {
            return one;
        }
        oldest = one->used < oldest->used ? one : oldest;
    }
    return oldest;
}

clproc_status clp_colours_find(clp_colours *colours, const clp_header *header,
                               clp_colour_choice *choice, clproc_error *error) {
    clp_colour_key key = clp_colours_key(colours, header);
    clproc_status status = CLPROC_OK;
    *choice = (clp_colour_choice){0};
    if (key.low == 0 && key.high == 0) {
        return CLPROC_OK;
    }
    /* Others wait meanwhile: most likely for the same profile. */
    pthread_mutex_lock(&colours->lock);
    entry *one = look_up(colours, key);
    if (!one->made || one->key.low != key.low || one->key.high != key.high) {
        clp_colour_choice_release(&one->choice);
        *one = (entry){.key = key};
        status = make(colours, header, &one->choice, error);
        one->made = status == CLPROC_OK;
    }
    if (status == CLPROC_OK) {
        one->used = ++colours->uses;
        *choice = one->choice;
        if (choice->conversion) {
            clp_conversion_retain(choice->conversion);
        }
        if (choice->from_srgb) {
            clp_conversion_retain(choice->from_srgb);
        }
    }
    pthread_mutex_unlock(&colours->lock);
    return status;
}

void clp_colour_choice_release(clp_colour_choice *choice) {
    clp_conversion_release(&choice->conversion);
    clp_conversion_release(&choice->from_srgb);
}
