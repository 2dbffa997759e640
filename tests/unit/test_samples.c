/** Sample pictures: same bytes every time, every form as its name says, upright once turned. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <lcms2.h>
#include <xxhash.h>

#include "codec/codec.h"
#include "core/file.h"
#include "samples/form.h"

#define FORMS 36 /* pictures after which a mixed set begins anew */

/* ---------------------------------------------------------------- scene */

static uint64_t scene_digest(uint32_t width, uint32_t height, uint32_t seed,
                             clp_scene_alpha alpha) {
    clp_scene *scene = NULL;
    uint16_t *row = calloc(width, 4 * sizeof *row);
    XXH64_state_t *state = XXH64_createState();
    assert_non_null(row);
    XXH64_reset(state, 0);
    assert_int_equal(clp_scene_create(&scene, width, height, seed, alpha, NULL), CLPROC_OK);
    for (uint32_t y = 0; y < height; y++) {
        clp_scene_row(scene, y, row);
        XXH64_update(state, row, (size_t)width * 4 * sizeof *row);
    }
    clp_scene_destroy(&scene);
    uint64_t digest = XXH64_digest(state);
    XXH64_freeState(state);
    free(row);
    return digest;
}

/** The digests hold for every little-endian machine, compiler and option. */
static void test_scene_is_the_same_everywhere(void **state) {
    (void)state;
    assert_int_equal(scene_digest(320, 240, 1, CLP_SCENE_OPAQUE), 0xcae7f2d38642cb51u);
    assert_int_equal(scene_digest(257, 190, 2, CLP_SCENE_SOFT), 0xa98a53edb50f1d9du);
    assert_int_equal(scene_digest(37, 411, 3, CLP_SCENE_HARD), 0x5e7376c293026ab6u);
    assert_int_equal(scene_digest(1, 1, 4, CLP_SCENE_FAINT), 0xf3046aeba521f207u);
}

static void test_rows_do_not_depend_on_their_order(void **state) {
    (void)state;
    enum { WIDTH = 100, HEIGHT = 80 };
    static uint16_t down[HEIGHT][WIDTH * 4], up[HEIGHT][WIDTH * 4];
    clp_scene *scene = NULL;
    assert_int_equal(clp_scene_create(&scene, WIDTH, HEIGHT, 5, CLP_SCENE_OPAQUE, NULL), CLPROC_OK);
    for (uint32_t y = 0; y < HEIGHT; y++) {
        clp_scene_row(scene, y, down[y]);
    }
    for (uint32_t y = HEIGHT; y-- > 0;) {
        clp_scene_row(scene, y, up[y]);
    }
    clp_scene_destroy(&scene);
    assert_memory_equal(down, up, sizeof down);
}

/** A picture has detail at every scale: means of blocks differ, and so do neighbours. */
static void test_scene_has_detail_at_every_scale(void **state) {
    (void)state;
    enum { SIDE = 256 };
    static uint16_t rows[SIDE][SIDE * 4];
    clp_scene *scene = NULL;
    assert_int_equal(clp_scene_create(&scene, SIDE, SIDE, 6, CLP_SCENE_OPAQUE, NULL), CLPROC_OK);
    for (uint32_t y = 0; y < SIDE; y++) {
        clp_scene_row(scene, y, rows[y]);
    }
    clp_scene_destroy(&scene);
    for (int size = 1; size <= 64; size *= 2) {
        double difference = 0;
        int pairs = 0;
        for (int y = 0; y + size <= SIDE; y += size) {
            for (int x = 0; x + 2 * size <= SIDE; x += 2 * size, pairs++) {
                double sum = 0;
                for (int i = 0; i < size * size; i++) {
                    const uint16_t *at = &rows[y + i / size][4 * (x + i % size) + 1];
                    sum += at[0] - (double)at[4 * size];
                }
                difference += sum < 0 ? -sum : sum;
            }
        }
        difference /= (double)pairs * size * size * 257;
        assert_true(difference > 1); /* a level */
    }
}

/* ---------------------------------------------------------------- files */

typedef struct made_set {
    char folder[64];
    uint32_t events;
    bool orderly;
} made_set;

static void note(const clproc_event *event, void *user) {
    made_set *set = user;
    set->events++;
    set->orderly &= event->kind == CLPROC_EVENT_DONE && event->done == set->events &&
                    event->total == FORMS && access(event->output, R_OK) == 0;
}

static clproc_samples_params params_for(made_set *set, int jobs) {
    clproc_samples_params params;
    strcpy(set->folder, "/tmp/clproc-samples-XXXXXX");
    assert_non_null(mkdtemp(set->folder));
    set->orderly = true;
    clproc_samples_params_init(&params);
    params.output = set->folder;
    params.count = FORMS;
    params.width = 90;
    params.height = 61;
    params.jobs = jobs;
    params.on_event = note;
    params.user = set;
    return params;
}

static void read_picture(const made_set *set, uint32_t index, clp_bytes *bytes) {
    char path[256];
    const clp_form *form = clp_form_at(CLPROC_SAMPLES_MIXED, index);
    snprintf(path, sizeof path, "%s/%03u-%s.%s", set->folder, index, form->name,
             form->jpeg ? "jpg" : "png");
    assert_int_equal(clp_file_read(path, 0, bytes, NULL), CLPROC_OK);
    unlink(path);
}

static void test_sets_are_the_same_for_any_number_of_threads(void **state) {
    (void)state;
    made_set one = {.events = 0}, three = {.events = 0};
    clp_bytes a = {0}, b = {0};
    clproc_samples_params params = params_for(&one, 1);
    assert_int_equal(clproc_samples(&params, NULL), CLPROC_OK);
    params = params_for(&three, 3);
    assert_int_equal(clproc_samples(&params, NULL), CLPROC_OK);
    assert_int_equal(one.events, FORMS);
    assert_int_equal(three.events, FORMS);
    assert_true(one.orderly && three.orderly);
    for (uint32_t i = 0; i < FORMS; i++) {
        read_picture(&one, i, &a);
        read_picture(&three, i, &b);
        assert_int_equal(a.size, b.size);
        assert_memory_equal(a.data, b.data, a.size);
    }
    assert_int_equal(rmdir(one.folder), 0); /* nothing else was left there */
    assert_int_equal(rmdir(three.folder), 0);
    clp_bytes_free(&a);
    clp_bytes_free(&b);
}

/** The pixel of the stored picture that is seen at (x, y), by the meaning of the EXIF tag. */
static void stored_place(uint32_t orientation, uint32_t width, uint32_t height, uint32_t x,
                         uint32_t y, uint32_t *u, uint32_t *v) {
    uint32_t right = width - 1 - x, bottom = height - 1 - y;
    const uint32_t places[9][2] = {{x, y},          {x, y},          {right, y},
                                   {right, bottom}, {x, bottom},     {y, x},
                                   {y, right},      {bottom, right}, {bottom, x}};
    *u = places[orientation][0];
    *v = places[orientation][1];
}

/** Compares the luma of a decoded picture with the scene it was made from. */
static void check_upright(const clp_form *form, uint32_t index, const clp_layout *layout,
                          const uint8_t *base) {
    enum { WIDTH = 90, HEIGHT = 61 };
    static uint16_t row[WIDTH * 4];
    clp_scene *scene = NULL;
    double worst = 0, sum = 0;
    assert_int_equal(
        clp_scene_create(&scene, WIDTH, HEIGHT, clp_scene_seed(1, index), form->alpha, NULL),
        CLPROC_OK);
    for (uint32_t y = 0; y < HEIGHT; y++) {
        clp_scene_row(scene, y, row);
        for (uint32_t x = 0; x < WIDTH; x++) {
            uint32_t u, v;
            stored_place(form->orientation, WIDTH, HEIGHT, x, y, &u, &v);
            const uint8_t *at = base + layout->planes[0].offset + v * layout->planes[0].pitch;
            double luma =
                (0.299 * row[4 * x] + 0.587 * row[4 * x + 1] + 0.114 * row[4 * x + 2]) / 257.0;
            double seen = 0;
            if (layout->model == CLP_MODEL_RGB || layout->model == CLP_MODEL_RGBA) {
                uint32_t n = layout->planes[0].channels;
                const uint16_t *wide = (const uint16_t *)(const void *)at + n * u;
                seen = layout->depth == 16
                           ? (0.299 * wide[0] + 0.587 * wide[1] + 0.114 * wide[2]) / 257.0
                           : 0.299 * at[n * u] + 0.587 * at[n * u + 1] + 0.114 * at[n * u + 2];
            } else {
                uint32_t n = layout->planes[0].channels;
                seen = layout->depth == 16 ? ((const uint16_t *)(const void *)at)[n * u] / 257.0
                                           : at[n * u];
            }
            double away = seen > luma ? seen - luma : luma - seen;
            worst = away > worst ? away : worst;
            sum += away;
        }
    }
    clp_scene_destroy(&scene);
    /* JPEG loses a little everywhere, but a picture turned wrongly is far off. */
    assert_true(form->jpeg ? sum / (WIDTH * HEIGHT) < 6 : worst < 1);
}

static void check_metadata(const clp_form *form, const clp_header *header) {
    if (form->orientation) {
        static const uint8_t tag[8] = {0x12, 1, 3, 0, 1, 0, 0, 0};
        assert_int_equal(header->blocks.exif.size, 68);
        assert_memory_equal(header->blocks.exif.data + 10, tag, sizeof tag);
        assert_int_equal(header->blocks.exif.data[18], form->orientation);
    }
    assert_int_equal(header->blocks.exif.data != NULL, form->orientation != 0);
    if (form->profile) {
        cmsHPROFILE profile = cmsOpenProfileFromMem(header->blocks.icc.data,
                                                    (cmsUInt32Number)header->blocks.icc.size);
        assert_non_null(profile);
        assert_true(cmsIsMatrixShaper(profile));
        cmsHPROFILE lab = cmsCreateLab4Profile(NULL);
        cmsHTRANSFORM to_lab = cmsCreateTransform(profile, TYPE_RGB_8, lab, TYPE_Lab_DBL,
                                                  INTENT_RELATIVE_COLORIMETRIC, 0);
        uint8_t white[3] = {255, 255, 255};
        cmsCIELab seen;
        cmsDoTransform(to_lab, white, &seen, 1);
        assert_true(seen.L > 99.9 && seen.a > -0.1 && seen.a < 0.1 && seen.b > -0.1 &&
                    seen.b < 0.1);
        cmsDeleteTransform(to_lab);
        cmsCloseProfile(lab);
        cmsCloseProfile(profile);
    }
    assert_int_equal(header->blocks.icc.data != NULL, form->profile != CLP_FORM_NO_ICC);
}

static void test_files_are_what_their_names_say(void **state) {
    (void)state;
    made_set set = {.events = 0};
    clp_bytes bytes = {0}, pixels = {0};
    clp_decoder *decoder = NULL;
    clp_limits limits = {
        .pixels = 1000000, .side = 1000, .scans = 100, .seconds = 60, .chunk_bytes = 1000000};
    clproc_samples_params params = params_for(&set, 0);
    assert_int_equal(clproc_samples(&params, NULL), CLPROC_OK);
    assert_int_equal(clp_decoder_create(&decoder, NULL), CLPROC_OK);
    for (uint32_t i = 0; i < FORMS; i++) {
        const clp_form *form = clp_form_at(CLPROC_SAMPLES_MIXED, i);
        clp_header header;
        clp_layout layout;
        clp_decode_result result;
        read_picture(&set, i, &bytes);
        assert_int_equal(clp_decoder_open(decoder, bytes.data, bytes.size, &limits,
                                          CLPROC_FAIL_ON_WARNING, &header, NULL),
                         CLPROC_OK);
        bool turned = form->orientation >= 5;
        assert_int_equal(header.width, turned ? 61 : 90);
        assert_int_equal(header.height, turned ? 90 : 61);
        assert_int_equal(header.format, form->jpeg ? CLPROC_FORMAT_JPEG : CLPROC_FORMAT_PNG);
        assert_int_equal(header.model, form->model);
        assert_int_equal(header.depth, form->depth);
        assert_int_equal(header.progressive, form->progressive);
        if (header.model == CLP_MODEL_YCC) {
            assert_int_equal(header.h_samp[0], form->h_step * header.h_samp[1]);
            assert_int_equal(header.v_samp[0], form->v_step * header.v_samp[1]);
        }
        check_metadata(form, &header);
        clp_decode_request request = {.model = header.model, .eighths = 8};
        assert_int_equal(clp_decoder_layout(decoder, &request, &layout, NULL), CLPROC_OK);
        assert_int_equal(clp_bytes_reserve(&pixels, layout.bytes, NULL), CLPROC_OK);
        assert_int_equal(clp_decoder_read(decoder, &layout, pixels.data, &result, NULL), CLPROC_OK);
        assert_int_equal(result.flaws, 0);
        check_upright(form, i, &layout, pixels.data);
    }
    clp_decoder_destroy(&decoder);
    clp_bytes_free(&bytes);
    clp_bytes_free(&pixels);
    assert_int_equal(rmdir(set.folder), 0);
}

/* --------------------------------------------------------------- errors */

static clproc_status status_of(const clproc_samples_params *params) {
    clproc_error error = {0};
    clproc_status status = clproc_samples(params, &error);
    assert_int_equal(error.status, status);
    assert_true(strlen(error.message) > 10);
    return status;
}

static void test_impossible_requests_are_refused(void **state) {
    (void)state;
    clproc_samples_params good, bad;
    clproc_samples_params_init(&good);
    assert_int_equal(status_of(&good), CLPROC_ERROR_ARGUMENT); /* no folder */
    good.output = "/tmp";
    bad = good;
    bad.count = 0;
    assert_int_equal(status_of(&bad), CLPROC_ERROR_ARGUMENT);
    bad = good;
    bad.width = 0;
    assert_int_equal(status_of(&bad), CLPROC_ERROR_ARGUMENT);
    bad = good;
    bad.height = 65501;
    assert_int_equal(status_of(&bad), CLPROC_ERROR_ARGUMENT);
    bad = good;
    bad.width = bad.height = 20000;
    assert_int_equal(status_of(&bad), CLPROC_ERROR_ARGUMENT);
    bad = good;
    bad.kind = (clproc_samples_kind)9;
    assert_int_equal(status_of(&bad), CLPROC_ERROR_ARGUMENT);
    bad = good;
    bad.output = "/dev/null/folder";
    assert_int_equal(status_of(&bad), CLPROC_ERROR_IO);
    int stop = 1;
    bad = good;
    bad.cancel = &stop;
    assert_int_equal(status_of(&bad), CLPROC_ERROR_CANCELLED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scene_is_the_same_everywhere),
        cmocka_unit_test(test_rows_do_not_depend_on_their_order),
        cmocka_unit_test(test_scene_has_detail_at_every_scale),
        cmocka_unit_test(test_sets_are_the_same_for_any_number_of_threads),
        cmocka_unit_test(test_files_are_what_their_names_say),
        cmocka_unit_test(test_impossible_requests_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
