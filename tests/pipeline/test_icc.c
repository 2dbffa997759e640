/** Colour profiles through whole runs: what is converted, kept, dropped and written. */
#include <CL/cl.h>
#include <dlfcn.h>
#include <math.h>
#include <stdatomic.h>

#include "core/memory.h"
#include "folder_fixture.h"
#include "profiles.h"

static const uint8_t p3_code[4] = {12, 13, 0, 1}, bt2020_code[4] = {9, 1, 0, 1};

/** Writes a PNG of many colours, 64 columns wide, with what `icc` and `facts` say of it. */
static void put_rows(const char *path, uint32_t rows, clp_model model, uint32_t depth,
                     const clp_block *icc, const clp_colour_facts *facts) {
    clp_layout layout = {.model = model, .depth = depth, .width = 64, .height = rows};
    assert_true(clp_layout_place(&layout));
    uint8_t *base = calloc(1, layout.bytes);
    uint32_t state = 5, channels = clp_model_channels(model);
    assert_non_null(base);
    for (uint32_t y = 0; y < rows; y++) {
        for (uint32_t i = 0; i < 64 * channels; i++) {
            uint8_t *row = base + y * layout.planes[0].pitch;
            state = state * 1664525u + 1013904223u;
            if (depth == 16) {
                ((uint16_t *)(void *)row)[i] = (uint16_t)(state >> 16);
            } else {
                row[i] = (uint8_t)(state >> 24);
            }
        }
    }
    clp_encoder *encoder = NULL;
    clp_encode_params params = {.format = CLPROC_FORMAT_PNG, .png_level = 1};
    const uint8_t *data;
    size_t size;
    if (icc) {
        params.blocks.icc = *icc;
    }
    if (facts) {
        params.colour = *facts;
    }
    assert_int_equal(clp_encoder_create(&encoder, NULL), CLPROC_OK);
    assert_int_equal(clp_encoder_write(encoder, &layout, base, &params, &data, &size, NULL),
                     CLPROC_OK);
    assert_int_equal(clp_file_write(path, data, size, false, NULL), CLPROC_OK);
    clp_encoder_destroy(&encoder);
    free(base);
}

static void put_png(const char *path, clp_model model, uint32_t depth, const clp_block *icc,
                    const clp_colour_facts *facts) {
    put_rows(path, 48, model, depth, icc, facts);
}

/** CIEDE2000 between two pictures' pixels. */
typedef struct gap {
    double mean, most;
    double rounding; /**< mean of the exact result rounded to 8 bits: no 8-bit result is better */
} gap;

/** Compares an RGB result with what Little CMS makes of the source in floating point. `profile`
 * NULL: inks without one. */
static gap compare(const decoded *source, const clp_block *profile, const decoded *result) {
    uint32_t channels = clp_model_channels(source->layout.model), depth = source->layout.depth;
    bool ink = source->layout.model == CLP_MODEL_CMYK;
    cmsHPROFILE from =
        profile ? cmsOpenProfileFromMem(profile->data, (uint32_t)profile->size) : NULL;
    cmsHPROFILE srgb = cmsCreate_sRGBProfile(), lab = cmsCreateLab4Profile(NULL);
    cmsHTRANSFORM convert =
        from ? cmsCreateTransform(from, ink ? TYPE_CMYK_FLT : TYPE_RGB_FLT, srgb, TYPE_RGB_FLT,
                                  INTENT_PERCEPTUAL, cmsFLAGS_NOOPTIMIZE)
             : NULL;
    cmsHTRANSFORM to_lab = cmsCreateTransform(srgb, TYPE_RGB_FLT, lab, TYPE_Lab_DBL,
                                              INTENT_RELATIVE_COLORIMETRIC, cmsFLAGS_NOOPTIMIZE);
    gap found = {0};
    assert_true((convert || !profile) && to_lab);
    uint32_t out_channels = clp_model_channels(result->layout.model);
    assert_true(out_channels >= 3);
    for (uint32_t y = 0; y < source->layout.height; y++) {
        for (uint32_t x = 0; x < source->layout.width; x++) {
            const uint8_t *at = source->base + y * source->layout.planes[0].pitch;
            const uint8_t *out = result->base + y * result->layout.planes[0].pitch;
            float in[4], wanted[3], got[3], rounded[3];
            cmsCIELab a, b, r;
            for (uint32_t c = 0; c < channels; c++) {
                size_t i = (size_t)x * channels + c;
                float value = depth == 16 ? ((const uint16_t *)(const void *)at)[i] / 65535.0f
                                          : at[i] / 255.0f;
                in[c] = ink && from ? 100 * (1 - value) : value;
            }
            if (convert) {
                cmsDoTransform(convert, in, wanted, 1);
            }
            for (uint32_t c = 0; c < 3; c++) {
                size_t i = (size_t)x * out_channels + c;
                wanted[c] = convert ? fminf(fmaxf(wanted[c], 0), 1) : in[c] * in[3];
                rounded[c] = floorf(wanted[c] * 255 + 0.5f) / 255;
                got[c] = result->layout.depth == 16
                             ? ((const uint16_t *)(const void *)out)[i] / 65535.0f
                             : out[i] / 255.0f;
            }
            cmsDoTransform(to_lab, wanted, &a, 1);
            cmsDoTransform(to_lab, got, &b, 1);
            double difference = cmsCIE2000DeltaE(&a, &b, 1, 1, 1);
            found.mean += difference / source->layout.width / source->layout.height;
            found.most = fmax(found.most, difference);
            cmsDoTransform(to_lab, rounded, &r, 1);
            found.rounding +=
                cmsCIE2000DeltaE(&a, &r, 1, 1, 1) / source->layout.width / source->layout.height;
        }
    }
    if (convert) {
        cmsDeleteTransform(convert);
        cmsCloseProfile(from);
    }
    cmsDeleteTransform(to_lab);
    cmsCloseProfile(srgb);
    cmsCloseProfile(lab);
    return found;
}

static const char *const devices[] = {"cpu", "reference"};

/** Runs "in" to PNGs of sRGB on a device; false where there is no such device. */
static bool run_to_srgb(const char *device, int depth, uint64_t pictures) {
    run_trial trial;
    trial_init(&trial, device, NULL);
    trial.params.depth = depth;
    trial.params.icc = "srgb";
    trial.params.format = CLPROC_FORMAT_PNG;
    clproc_status status = trial_run(&trial);
    trial_free(&trial);
    if (status == CLPROC_ERROR_NO_DEVICE) {
        print_message("skipped: there is no device of type %s\n", device);
        return false;
    }
    assert_int_equal(status, CLPROC_OK);
    assert_int_equal(trial.result.written, pictures);
    return true;
}

/* ------------------------------------------------------- against Little CMS */

static const char *corpus_path(void) {
    static char path[4096];
    const char *named = getenv("CLPROC_CORPUS"), *source = getenv("CLPROC_SOURCE");
    snprintf(path, sizeof path, "%s%s",
             named    ? named
             : source ? source
                      : ".",
             named ? "" : "/../shared/corpus");
    return access(path, R_OK) == 0 ? path : NULL;
}

/** Converts one file of the corpus on every device. */
static void check_file(const char *folder, const char *name) {
    clp_bytes file = {0};
    char path[4608], to[300];
    decoded source, result;
    snprintf(path, sizeof path, "%s/%s/%s", corpus_path(), folder, name);
    assert_int_equal(clp_file_read(path, 0, &file, NULL), CLPROC_OK);
    remove_tree("in");
    assert_int_equal(clp_file_make_folder("in", NULL), CLPROC_OK);
    snprintf(to, sizeof to, "in/picture%s", strrchr(name, '.'));
    assert_int_equal(clp_file_write(to, file.data, file.size, false, NULL), CLPROC_OK);
    clp_bytes_free(&file);
    get_picture(to, &source);
    const clp_block *profile = source.header.blocks.icc.data ? &source.header.blocks.icc : NULL;
    for (size_t i = 0; i < 2; i++) {
        /* 16 bits: rounding to 8 moves dark colours further than the conversion does. */
        for (int depth = 8; depth <= 16 && run_to_srgb(devices[i], depth, 1); depth += 8) {
            get_picture("out/picture.png", &result);
            gap off = compare(&source, profile, &result);
            print_message(
                "%s on %s, %d bits: dE2000 mean %.3f (%.3f by rounding to 8), most %.3f\n", name,
                devices[i], depth, off.mean, off.rounding, off.most);
            assert_true(off.mean <= fmax(0.2, depth == 8 ? off.rounding + 0.05 : 0));
            assert_true(depth == 8 || off.most <= 1);
            /* The reference device asks Little CMS itself, not the table. */
            bool itself = profile && strcmp(devices[i], "reference") == 0;
            assert_true(depth == 8 || !itself || off.most < 0.005);
            drop_picture(&result);
        }
    }
    drop_picture(&source);
}

static void test_wide_gamut(void **state) {
    (void)state;
    if (!corpus_path()) {
        SKIP_BECAUSE("no corpus; CLPROC_CORPUS may name it");
    }
    check_file("wide-gamut-P3", "external__wide-gamut-tests__P3-sRGB-blue.png");
    check_file("wide-gamut-P3", "external__wide-gamut-tests__P3-sRGB-color-bars.png");
}

static void test_inks(void **state) {
    (void)state;
    if (!corpus_path()) {
        SKIP_BECAUSE("no corpus; CLPROC_CORPUS may name it");
    }
    check_file("sharp-special", "test__fixtures__Channel_digital_image_CMYK_color.jpg");
    check_file("sharp-special", "test__fixtures__Channel_digital_image_CMYK_color_no_profile.jpg");
}

/** What a PNG of these facts becomes in sRGB, against Little CMS with `wanted` (NULL: unchanged).
 */
static void check_facts(const clp_colour_facts *facts, const clp_bytes *icc,
                        const clp_bytes *wanted) {
    clp_block given = icc ? (clp_block){icc->data, icc->size} : (clp_block){0};
    decoded source, result;
    assert_int_equal(clp_file_make_folder("in", NULL), CLPROC_OK);
    put_png("in/a.png", CLP_MODEL_RGB, 16, icc ? &given : NULL, facts);
    assert_true(run_to_srgb("reference", 0, 1));
    get_picture("in/a.png", &source);
    get_picture("out/a.png", &result);
    assert_true(result.header.colour.has_srgb);
    assert_false(result.header.colour.has_gamma || result.header.colour.has_chromaticities ||
                 result.header.colour.has_cicp);
    assert_null(result.header.blocks.icc.data);
    if (wanted) {
        clp_block profile = {wanted->data, wanted->size};
        gap off = compare(&source, &profile, &result);
        assert_true(off.most < 0.05);
    } else {
        assert_memory_equal(source.base, result.base, source.layout.bytes);
    }
    drop_picture(&source);
    drop_picture(&result);
}

/** cICP before iCCP before sRGB before gAMA and cHRM. */
static void test_order_of_facts(void **state) {
    (void)state;
    clp_bytes p3 = made_profile(p3_code, false), bt2020 = made_profile(bt2020_code, false);
    const clp_colour_facts numbers = {.has_gamma = true,
                                      .gamma = 0.45455,
                                      .has_chromaticities = true,
                                      .white = {0.3127, 0.3290},
                                      .red = {0.680, 0.320},
                                      .green = {0.265, 0.690},
                                      .blue = {0.150, 0.060}};
    clp_colour_facts facts = numbers;
    check_facts(NULL, NULL, NULL);
    check_facts(&facts, NULL, &p3);
    facts.has_srgb = true;
    check_facts(&facts, NULL, NULL);
    check_facts(&facts, &bt2020, &bt2020);
    facts.has_cicp = true;
    memcpy(facts.cicp, p3_code, 4);
    check_facts(&facts, &bt2020, &p3);
    /* HDR is not understood: the next in order. */
    facts.cicp[1] = 16;
    check_facts(&facts, &bt2020, &bt2020);
    facts = (clp_colour_facts){.has_gamma = true, .gamma = 1};
    clp_icc_numbers linear = clp_icc_srgb;
    clp_bytes light = {0};
    linear.transfer = CLP_TRANSFER_POWER;
    linear.gamma = 1;
    assert_int_equal(clp_icc_make(&linear, false, &light, NULL), CLPROC_OK);
    check_facts(&facts, NULL, &light);
    clp_bytes_free(&light);
    clp_bytes_free(&p3);
    clp_bytes_free(&bt2020);
}

/* ------------------------------------------------------------ what is written */

/** Runs "in" with a pipeline and returns how many warnings there were. */
static uint64_t run_with(run_trial *trial) {
    trial_expect(trial, 1, 0);
    return trial->told.kinds[CLPROC_EVENT_WARNING];
}

static void expect_profile(const char *path, const clp_bytes *wanted) {
    decoded result;
    get_picture(path, &result);
    const clp_block *icc = &result.header.blocks.icc;
    assert_int_equal(icc->size, wanted ? wanted->size : 0);
    if (wanted) {
        assert_memory_equal(icc->data, wanted->data, wanted->size);
    }
    drop_picture(&result);
}

static void test_kept_profiles(void **state) {
    (void)state;
    clp_bytes p3 = made_profile(p3_code, false);
    clp_block block = {p3.data, p3.size};
    run_trial trial;
    assert_int_equal(clp_file_make_folder("in", NULL), CLPROC_OK);
    put_png("in/a.png", CLP_MODEL_RGB, 8, &block, NULL);
    trial_init(&trial, "reference", "resize 50%");
    assert_int_equal(run_with(&trial), 0);
    expect_profile("out/a.png", &p3);
    trial.params.format = CLPROC_FORMAT_JPEG;
    trial.params.icc = "keep";
    assert_int_equal(run_with(&trial), 0);
    expect_profile("out/a.jpg", &p3);
    trial.params.strip = CLPROC_METADATA_ICC;
    assert_int_equal(run_with(&trial), 0);
    expect_profile("out/a.jpg", NULL);
    trial_free(&trial);
    /* Gray pixels, or Lab, are not what the profile describes. */
    static const char *const others[] = {"gray", "colour lab"};
    for (int i = 0; i < 2; i++) {
        trial_init(&trial, "reference", others[i]);
        assert_int_equal(run_with(&trial), 1);
        expect_profile("out/a.png", NULL);
        trial_free(&trial);
    }
    trial_init(&trial, "reference", "colour lab | colour srgb");
    assert_int_equal(run_with(&trial), 0);
    expect_profile("out/a.png", &p3);
    trial_free(&trial);
    clp_bytes_free(&p3);
}

/** A JPEG has no other way to say what a PNG says in numbers. */
static void test_numbers_become_a_profile(void **state) {
    (void)state;
    clp_bytes p3 = made_profile(p3_code, false);
    clp_colour_facts facts = {.has_cicp = true};
    run_trial trial;
    memcpy(facts.cicp, p3_code, 4);
    assert_int_equal(clp_file_make_folder("in", NULL), CLPROC_OK);
    put_png("in/a.png", CLP_MODEL_RGB, 8, NULL, &facts);
    trial_init(&trial, "reference", "resize 50%");
    trial.params.format = CLPROC_FORMAT_JPEG;
    assert_int_equal(run_with(&trial), 0);
    expect_profile("out/a.jpg", &p3);
    trial_free(&trial);
    clp_bytes_free(&p3);
}

static void test_conversion_to_a_file(void **state) {
    (void)state;
    clp_bytes p3 = made_profile(p3_code, false);
    clp_block block = {p3.data, p3.size};
    run_trial trial;
    decoded source, result;
    assert_int_equal(clp_file_write("p3.icc", p3.data, p3.size, false, NULL), CLPROC_OK);
    assert_int_equal(clp_file_make_folder("in", NULL), CLPROC_OK);
    put_png("in/a.png", CLP_MODEL_RGB, 8, &block, NULL);
    trial_init(&trial, "reference", NULL);
    trial.params.icc = "p3.icc";
    assert_int_equal(run_with(&trial), 0);
    expect_profile("out/a.png", &p3);
    get_picture("in/a.png", &source);
    get_picture("out/a.png", &result);
    assert_memory_equal(source.base, result.base, source.layout.bytes);
    drop_picture(&source);
    drop_picture(&result);
    /* sRGB to P3 and back. */
    put_png("in/a.png", CLP_MODEL_RGB, 16, NULL, NULL);
    assert_int_equal(run_with(&trial), 0);
    expect_profile("out/a.png", &p3);
    get_picture("out/a.png", &result);
    assert_int_equal(result.layout.depth, 16);
    get_picture("in/a.png", &source);
    uint32_t moved = 0;
    for (size_t i = 0; i < source.layout.bytes; i++) {
        moved += source.base[i] != result.base[i];
    }
    assert_true(moved > source.layout.bytes / 2);
    drop_picture(&source);
    drop_picture(&result);
    trial_free(&trial);
    clp_bytes_free(&p3);
}

static void test_profiles_that_are_no_good(void **state) {
    (void)state;
    clp_bytes p3 = made_profile(p3_code, false), gray = made_profile(p3_code, true);
    const clp_block blocks[] = {{gray.data, gray.size}, {p3.data, 200}, {p3.data, p3.size}};
    run_trial trial;
    decoded source, result;
    assert_int_equal(clp_file_make_folder("in", NULL), CLPROC_OK);
    /* Nothing is left of what the profile's tags say. */
    memset(p3.data + 132, 0xee, p3.size - 132);
    for (int i = 0; i < 3; i++) {
        put_png("in/a.png", CLP_MODEL_RGB, 8, &blocks[i], NULL);
        trial_init(&trial, "reference", NULL);
        trial.params.icc = "srgb";
        trial.params.fail_on = CLPROC_FAIL_ON_ERROR;
        assert_true(run_with(&trial) > 0);
        get_picture("out/a.png", &result);
        clp_decoder *decoder = NULL;
        clp_bytes file = {0};
        assert_int_equal(clp_file_read("in/a.png", 0, &file, NULL), CLPROC_OK);
        assert_int_equal(clp_decoder_create(&decoder, NULL), CLPROC_OK);
        source = (decoded){.file = file, .decoder = decoder};
        assert_int_equal(clp_decoder_open(decoder, file.data, file.size, &trial.params.limits,
                                          CLPROC_FAIL_ON_ERROR, &source.header, NULL),
                         CLPROC_OK);
        clp_decode_request request = {.model = CLP_MODEL_RGB, .eighths = 8};
        assert_int_equal(clp_decoder_layout(decoder, &request, &source.layout, NULL), CLPROC_OK);
        source.base = calloc(1, source.layout.bytes);
        clp_decode_result flaws;
        assert_int_equal(clp_decoder_read(decoder, &source.layout, source.base, &flaws, NULL),
                         CLPROC_OK);
        assert_memory_equal(source.base, result.base, source.layout.bytes);
        drop_picture(&source);
        drop_picture(&result);
        trial_free(&trial);
    }
    clp_bytes_free(&p3);
    clp_bytes_free(&gray);
}

static void test_targets_that_are_no_good(void **state) {
    (void)state;
    clp_bytes gray = made_profile(p3_code, true);
    run_trial trial;
    assert_int_equal(clp_file_make_folder("in", NULL), CLPROC_OK);
    put_png("in/a.png", CLP_MODEL_RGB, 8, NULL, NULL);
    assert_int_equal(clp_file_write("gray.icc", gray.data, gray.size, false, NULL), CLPROC_OK);
    assert_int_equal(clp_file_write("text.icc", "no profile", 10, false, NULL), CLPROC_OK);
    static const char *const names[] = {"gray.icc", "text.icc", "missing.icc"};
    for (int i = 0; i < 3; i++) {
        trial_init(&trial, "reference", NULL);
        trial.params.icc = names[i];
        assert_int_not_equal(trial_run(&trial), CLPROC_OK);
        assert_non_null(strstr(trial.error.file, names[i]));
        assert_true(trial.error.message[0]);
        assert_int_equal(tree_of("out").files, 0);
        trial_free(&trial);
    }
    clp_bytes_free(&gray);
}

/** Pictures of one size and different profiles must not share a plan. */
static void test_plans_are_told_apart(void **state) {
    (void)state;
    clp_bytes p3 = made_profile(p3_code, false), bt2020 = made_profile(bt2020_code, false);
    const clp_block blocks[] = {{p3.data, p3.size}, {bt2020.data, bt2020.size}};
    uint64_t seen[3];
    assert_int_equal(clp_file_make_folder("in", NULL), CLPROC_OK);
    put_png("in/a.png", CLP_MODEL_RGB, 8, &blocks[0], NULL);
    put_png("in/b.png", CLP_MODEL_RGB, 8, &blocks[1], NULL);
    put_png("in/c.png", CLP_MODEL_RGB, 8, NULL, NULL);
    assert_true(run_to_srgb("reference", 0, 3));
    for (int i = 0; i < 3; i++) {
        decoded result;
        char path[32];
        snprintf(path, sizeof path, "out/%c.png", 'a' + i);
        get_picture(path, &result);
        seen[i] = XXH3_64bits(result.base, result.layout.bytes);
        drop_picture(&result);
    }
    assert_true(seen[0] != seen[1] && seen[1] != seen[2] && seen[0] != seen[2]);
    clp_bytes_free(&p3);
    clp_bytes_free(&bt2020);
}

/* Of device buffers that are filled when they are made, as those of tables are: how many are large.
 */
static atomic_int large_tables;
static atomic_bool refuse_tables; /* such large ones */

cl_mem clCreateBuffer(cl_context context, cl_mem_flags flags, size_t size, void *host,
                      cl_int *code) {
    __typeof__(&clCreateBuffer) real =
        (__typeof__(&clCreateBuffer))(uintptr_t)dlsym(RTLD_NEXT, "clCreateBuffer");
    if ((flags & CL_MEM_COPY_HOST_PTR) && size > 1 << 20) {
        atomic_fetch_add(&large_tables, 1);
        if (atomic_load(&refuse_tables)) {
            *code = CL_OUT_OF_HOST_MEMORY;
            return NULL;
        }
    }
    return real(context, flags, size, host, code);
}

enum { SIZES = 9 };

/** Without room for the table a picture fails, and the next one tries again. */
static void expect_failures(void) {
    run_trial trial;
    trial_init(&trial, "cpu", NULL);
    trial.params.icc = "srgb";
    trial.params.existing = CLPROC_EXISTING_REPLACE;
    atomic_store(&refuse_tables, true);
    (void)trial_run(&trial);
    atomic_store(&refuse_tables, false);
    assert_int_equal(trial.result.written, 0);
    /* After some of them the device is given up. */
    assert_in_range(trial.result.failed, 1, SIZES);
    assert_non_null(strstr(trial.told.message, "a colour table"));
    trial_free(&trial);
}

/** A conversion's table takes megabytes: it is brought to a device once, not for every size. */
static void test_sizes_share_a_table(void **state) {
    (void)state;
    clp_bytes bytes = table_profile();
    const clp_block profile = {bytes.data, bytes.size};
    assert_int_equal(clp_file_make_folder("in", NULL), CLPROC_OK);
    for (uint32_t i = 0; i < SIZES; i++) {
        char path[32];
        snprintf(path, sizeof path, "in/%u.png", i);
        put_rows(path, 40 + i, CLP_MODEL_RGB, 8, &profile, NULL);
    }
    atomic_store(&large_tables, 0);
    if (run_to_srgb("cpu", 0, SIZES)) {
        assert_int_equal(atomic_load(&large_tables), 1);
        expect_failures();
    }
    clp_bytes_free(&bytes);
}

/** Plans are kept, and with them conversions: no more than --memory has room for, though there are
 * more profiles and sizes than that. */
static void test_kept_plans_are_bounded(void **state) {
    enum { PROFILES = 10, EACH = 4, SECOND = 35 };
    const uint64_t bound = (uint64_t)96 << 20;
    (void)state;
    clp_bytes bytes = table_profile();
    const clp_block profile = {bytes.data, bytes.size};
    run_trial trial;
    assert_int_equal(clp_file_make_folder("in", NULL), CLPROC_OK);
    for (uint32_t i = 0; i < PROFILES * EACH; i++) {
        char path[32];
        /* Another time of creation makes another profile of it. */
        bytes.data[SECOND] = (uint8_t)(i % PROFILES);
        snprintf(path, sizeof path, "in/%02u.png", i);
        put_rows(path, 40 + i, CLP_MODEL_RGB, 8, &profile, NULL);
    }
    trial_init(&trial, "reference", NULL);
    trial.params.icc = "srgb";
    trial.params.memory = (uint64_t)256 << 20;
    uint64_t before = clp_memory_usage(CLP_MEMORY_PLAN).peak;
    assert_true(before < bound);
    trial_expect(&trial, PROFILES * EACH, 0);
    uint64_t peak = clp_memory_usage(CLP_MEMORY_PLAN).peak;
    print_message("plans and conversions: %.0f MB at most, before %.0f\n", (double)peak / 1e6,
                  (double)before / 1e6);
    assert_true(peak < bound);
    trial_free(&trial);
    clp_bytes_free(&bytes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        IN_SCRATCH(test_wide_gamut),
        IN_SCRATCH(test_inks),
        IN_SCRATCH(test_order_of_facts),
        IN_SCRATCH(test_kept_profiles),
        IN_SCRATCH(test_numbers_become_a_profile),
        IN_SCRATCH(test_conversion_to_a_file),
        IN_SCRATCH(test_profiles_that_are_no_good),
        IN_SCRATCH(test_targets_that_are_no_good),
        IN_SCRATCH(test_plans_are_told_apart),
        IN_SCRATCH(test_sizes_share_a_table),
        IN_SCRATCH(test_kept_plans_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
