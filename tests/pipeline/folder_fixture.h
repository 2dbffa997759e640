/** Scratch folders with generated pictures, runs over them, and what came out. */
#ifndef CLP_TESTS_FOLDER_FIXTURE_H
#define CLP_TESTS_FOLDER_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "codec/codec.h"
#include "core/cancel.h"
#include "core/file.h"
#include "devices.h"

/* ------------------------------------------------------------------ folders */

typedef struct scratch {
    char path[64];
    char before[4096];
} scratch;

/** Enters a new empty folder. */
static inline int enter_scratch(void **state) {
    scratch *made = calloc(1, sizeof *made);
    strcpy(made->path, "/tmp/clproc-run-XXXXXX");
    assert_non_null(getcwd(made->before, sizeof made->before));
    assert_non_null(mkdtemp(made->path));
    assert_int_equal(chdir(made->path), 0);
    *state = made;
    return 0;
}

static inline int leave_scratch(void **state) {
    scratch *made = *state;
    char command[128];
    assert_int_equal(chdir(made->before), 0);
    snprintf(command, sizeof command, "rm -rf '%s'", made->path);
    assert_int_equal(system(command), 0);
    free(made);
    return 0;
}

/** A test that runs in an empty folder of its own. */
#define IN_SCRATCH(test) cmocka_unit_test_setup_teardown(test, enter_scratch, leave_scratch)

/** Seeds rand(): by FAULT_SEED, or a new one, which is told so that a failure can be repeated. */
static inline void seed_faults(void) {
    const char *seed = getenv("FAULT_SEED");
    unsigned number = seed ? (unsigned)strtoul(seed, NULL, 10) : (unsigned)getpid();
    print_message("FAULT_SEED=%u\n", number);
    srand(number);
}

/** What a tree holds. */
typedef struct tree {
    size_t files;
    size_t temporary; /**< left behind by clproc */
    uint64_t hash;    /**< of the names and contents of all but temporary files, in any order */
} tree;

static inline void read_tree(const char *path, tree *found) {
    DIR *stream = opendir(path);
    struct dirent *entry;
    while (stream && (entry = readdir(stream))) {
        char name[4096 + 256];
        struct stat info;
        assert_true((size_t)snprintf(name, sizeof name, "%.4000s/%s", path, entry->d_name) <
                    sizeof name);
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
            continue;
        }
        assert_int_equal(lstat(name, &info), 0);
        if (S_ISDIR(info.st_mode)) {
            read_tree(name, found);
        } else if (strncmp(entry->d_name, ".clproc-", 8) == 0) {
            found->temporary++;
        } else {
            clp_bytes bytes = {0};
            assert_int_equal(clp_file_read(name, 0, &bytes, NULL), CLPROC_OK);
            const char *below = strchr(name, '/');
            found->files++;
            found->hash +=
                XXH3_64bits_withSeed(bytes.data, bytes.size, XXH3_64bits(below, strlen(below)));
            clp_bytes_free(&bytes);
        }
    }
    if (stream) {
        closedir(stream);
    }
}

static inline tree tree_of(const char *path) {
    tree found = {0};
    read_tree(path, &found);
    return found;
}

static inline void remove_tree(const char *path) {
    char command[256];
    snprintf(command, sizeof command, "rm -rf '%s'", path);
    assert_int_equal(system(command), 0);
}

/* ----------------------------------------------------------------- pictures */

typedef struct picture_kind {
    clproc_format format;
    clp_model model;
    uint32_t depth;
    uint32_t h_step, v_step; /**< of a YCC picture's chroma */
} picture_kind;

static const picture_kind jpeg_420 = {CLPROC_FORMAT_JPEG, CLP_MODEL_YCC, 8, 2, 2};
static const picture_kind picture_kinds[] = {
    {CLPROC_FORMAT_JPEG, CLP_MODEL_YCC, 8, 2, 2},  {CLPROC_FORMAT_PNG, CLP_MODEL_RGB, 8, 1, 1},
    {CLPROC_FORMAT_JPEG, CLP_MODEL_GRAY, 8, 1, 1}, {CLPROC_FORMAT_PNG, CLP_MODEL_RGBA, 8, 1, 1},
    {CLPROC_FORMAT_JPEG, CLP_MODEL_YCC, 8, 1, 1},  {CLPROC_FORMAT_PNG, CLP_MODEL_GRAY, 16, 1, 1},
    {CLPROC_FORMAT_JPEG, CLP_MODEL_YCC, 8, 2, 1},  {CLPROC_FORMAT_PNG, CLP_MODEL_GRAYA, 8, 1, 1},
};

/** Writes a picture of smooth waves; `exif` may be NULL. */
static inline void put_picture(const char *path, const picture_kind *kind, uint32_t width,
                               uint32_t height, uint32_t seed, const clp_block *exif) {
    clp_layout layout = {
        .model = kind->model, .depth = kind->depth, .width = width, .height = height};
    for (int i = 0; i < CLP_MAX_PLANES; i++) {
        layout.planes[i].h_step = i ? kind->h_step : 1;
        layout.planes[i].v_step = i ? kind->v_step : 1;
    }
    assert_true(clp_layout_place(&layout));
    uint8_t *base = calloc(1, layout.bytes);
    assert_non_null(base);
    for (uint32_t p = 0; p < layout.plane_count; p++) {
        const clp_plane *plane = &layout.planes[p];
        for (uint32_t y = 0; y < plane->height; y++) {
            uint8_t *row = base + plane->offset + y * plane->pitch;
            for (uint32_t i = 0; i < plane->width * plane->channels; i++) {
                uint32_t value = (i * (3 + p) + y * 5 + seed * 37) & 511;
                value = value < 256 ? value : 511 - value;
                if (kind->depth == 16) {
                    ((uint16_t *)row)[i] = (uint16_t)(value * 257);
                } else {
                    row[i] = (uint8_t)value;
                }
            }
        }
    }
    clp_encoder *encoder = NULL;
    clp_encode_params params = {.format = kind->format, .quality = 90, .png_level = 1};
    const uint8_t *data;
    size_t size;
    if (exif) {
        params.blocks.exif = *exif;
    }
    assert_int_equal(clp_encoder_create(&encoder, NULL), CLPROC_OK);
    assert_int_equal(clp_encoder_write(encoder, &layout, base, &params, &data, &size, NULL),
                     CLPROC_OK);
    assert_int_equal(clp_file_write(path, data, size, false, NULL), CLPROC_OK);
    clp_encoder_destroy(&encoder);
    free(base);
}

/** Fills "in" and "in/sub" with pictures of every kind and of odd sizes. */
static inline void put_pictures(uint32_t count) {
    assert_int_equal(clp_file_make_folder("in/sub", NULL), CLPROC_OK);
    for (uint32_t i = 0; i < count; i++) {
        char path[64];
        const picture_kind *kind = &picture_kinds[i % 8];
        snprintf(path, sizeof path, "in/%s%03u.%s", i % 3 ? "" : "sub/", i,
                 kind->format == CLPROC_FORMAT_JPEG ? "jpg" : "png");
        put_picture(path, kind, 40 + i % 5 * 33, 31 + i % 7 * 20, i, NULL);
    }
}

/** A picture as decoded. */
typedef struct decoded {
    clp_bytes file;
    clp_decoder *decoder;
    clp_header header;
    clp_layout layout;
    uint8_t *base;
} decoded;

static inline void get_picture(const char *path, decoded *picture) {
    clproc_run_params params;
    clp_decode_result result;
    clproc_run_params_init(&params);
    memset(picture, 0, sizeof *picture);
    assert_int_equal(clp_file_read(path, 0, &picture->file, NULL), CLPROC_OK);
    assert_int_equal(clp_decoder_create(&picture->decoder, NULL), CLPROC_OK);
    assert_int_equal(clp_decoder_open(picture->decoder, picture->file.data, picture->file.size,
                                      &params.limits, CLPROC_FAIL_ON_WARNING, &picture->header,
                                      NULL),
                     CLPROC_OK);
    clp_decode_request request = {.model = picture->header.model, .eighths = 8};
    assert_int_equal(clp_decoder_layout(picture->decoder, &request, &picture->layout, NULL),
                     CLPROC_OK);
    picture->base = calloc(1, picture->layout.bytes);
    assert_int_equal(
        clp_decoder_read(picture->decoder, &picture->layout, picture->base, &result, NULL),
        CLPROC_OK);
}

static inline void drop_picture(decoded *picture) {
    clp_decoder_destroy(&picture->decoder);
    clp_bytes_free(&picture->file);
    free(picture->base);
}

/* --------------------------------------------------------------------- runs */

/** What a run told. */
typedef struct run_told {
    uint64_t kinds[CLPROC_EVENT_LISTED + 1];
    char failed[256];   /**< the last input that failed */
    char message[1024]; /**< and why */
    clproc_status status;
    uint64_t last_done;
    bool ordered;   /**< `done` never went back, nor beyond `total` */
    int stop_after; /**< DONE events, if not 0 */
    volatile int cancel;
} run_told;

static inline void listen(const clproc_event *event, void *user) {
    run_told *told = user;
    told->kinds[event->kind]++;
    told->ordered = told->ordered && event->done >= told->last_done && event->done <= event->total;
    told->last_done = event->done;
    if (event->kind == CLPROC_EVENT_FAILED) {
        snprintf(told->failed, sizeof told->failed, "%s", event->input);
        snprintf(told->message, sizeof told->message, "%s", event->message);
        told->status = event->status;
    }
    if (told->stop_after && told->kinds[CLPROC_EVENT_DONE] >= (uint64_t)told->stop_after) {
        clp_cancel_ask(&told->cancel);
    }
}

/** A run from "in" to "out", and its outcome. */
typedef struct run_trial {
    clproc_run_params params;
    clproc_pipeline *pipeline;
    run_told told;
    clproc_run_result result;
    clproc_error error;
} run_trial;

static const char *const trial_input = "in";

static inline void trial_init(run_trial *trial, const char *device, const char *pipeline) {
    memset(trial, 0, sizeof *trial);
    clproc_run_params_init(&trial->params);
    assert_int_equal(clproc_pipeline_create(&trial->pipeline, NULL), CLPROC_OK);
    if (pipeline) {
        assert_int_equal(clproc_pipeline_parse(trial->pipeline, pipeline, NULL), CLPROC_OK);
    }
    trial->params.inputs = &trial_input;
    trial->params.input_count = 1;
    trial->params.output = "out";
    trial->params.device = device;
    trial->params.pipeline = trial->pipeline;
    trial->params.png_level = 1;
    trial->params.jobs = 3;
}

static inline clproc_status trial_run(run_trial *trial) {
    int stop_after = trial->told.stop_after;
    memset(&trial->told, 0, sizeof trial->told);
    trial->told.stop_after = stop_after;
    trial->told.ordered = true;
    trial->params.on_event = listen;
    trial->params.user = &trial->told;
    trial->params.cancel = &trial->told.cancel;
    clproc_status status = clproc_run(&trial->params, &trial->result, NULL, &trial->error);
    assert_true(trial->told.ordered);
    return status;
}

/** Runs and expects that many pictures written and failed. */
static inline void trial_expect(run_trial *trial, uint64_t written, uint64_t failed) {
    clproc_status status = trial_run(trial);
    if (status != CLPROC_OK) {
        print_error("%s: %s\n", trial->error.file, trial->error.message);
    }
    assert_int_equal(status, CLPROC_OK);
    if (trial->result.failed != failed) {
        print_error("%s: %s\n", trial->told.failed, trial->told.message);
    }
    assert_int_equal(trial->result.written, written);
    assert_int_equal(trial->result.failed, failed);
    assert_int_equal(trial->told.kinds[CLPROC_EVENT_DONE], written);
    assert_int_equal(trial->told.kinds[CLPROC_EVENT_FAILED], failed);
}

static inline void trial_free(run_trial *trial) {
    clproc_pipeline_destroy(&trial->pipeline);
}

#endif
