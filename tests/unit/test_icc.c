/** Colour conversions against Little CMS in floating point, made profiles, and profiles that are no
 * good. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "profiles.h"
#include "skip.h"

static double random_unit(uint32_t *state) {
    *state = *state * 1664525u + 1013904223u;
    return (double)(*state >> 8) / 0xffffff;
}

/** How far a conversion is from the transform. */
typedef struct gap {
    double levels;     /**< of 8 bits, at most */
    double mean, most; /**< CIEDE2000; of conversions to sRGB */
} gap;

static gap distance(const clp_bytes *source, uint32_t channels, const clp_bytes *target,
                    clproc_intent intent, bool black_point, bool *table) {
    static const uint32_t formats[] = {
        [1] = TYPE_GRAY_FLT, [3] = TYPE_RGB_FLT, [4] = TYPE_CMYK_FLT};
    clp_icc_request request = {.source = source->data,
                               .source_size = source->size,
                               .channels = channels,
                               .target = target ? target->data : NULL,
                               .target_size = target ? target->size : 0,
                               .intent = intent,
                               .black_point = black_point};
    clp_conversion *conversion = NULL;
    clproc_error error = {0};
    if (clp_icc_convert(&request, &conversion, &error) != CLPROC_OK) {
        fail_msg("%s", error.message);
    }
    assert_non_null(conversion);
    *table = conversion->table != NULL;
    cmsHPROFILE from = cmsOpenProfileFromMem(source->data, (uint32_t)source->size);
    cmsHPROFILE to = target ? cmsOpenProfileFromMem(target->data, (uint32_t)target->size)
                            : cmsCreate_sRGBProfile();
    cmsHTRANSFORM transform = cmsCreateTransform(
        from, formats[channels], to, TYPE_RGB_FLT, (uint32_t)intent,
        cmsFLAGS_NOOPTIMIZE | (black_point ? cmsFLAGS_BLACKPOINTCOMPENSATION : 0));
    assert_non_null(transform);
    cmsHPROFILE lab = cmsCreateLab4Profile(NULL);
    cmsHTRANSFORM to_lab = cmsCreateTransform(to, TYPE_RGB_DBL, lab, TYPE_Lab_DBL,
                                              INTENT_RELATIVE_COLORIMETRIC, cmsFLAGS_NOOPTIMIZE);
    gap worst = {0};
    uint32_t state = 7;
    for (int i = 0; i < 20000; i++) {
        double in[4], out[3], wanted[3];
        float exact_in[4], exact[3];
        cmsCIELab a, b;
        for (uint32_t c = 0; c < channels; c++) {
            in[c] = random_unit(&state);
            exact_in[c] = (float)(channels == 4 ? 100 - 100 * in[c] : in[c]);
        }
        clp_conversion_apply(conversion, in, out);
        cmsDoTransform(transform, exact_in, exact, 1);
        for (uint32_t c = 0; c < conversion->out; c++) {
            wanted[c] = fmin(fmax(exact[c], 0), 1);
            worst.levels = fmax(worst.levels, 255 * fabs(out[c] - wanted[c]));
        }
        if (conversion->out == 3) {
            cmsDoTransform(to_lab, out, &a, 1);
            cmsDoTransform(to_lab, wanted, &b, 1);
            double difference = cmsCIE2000DeltaE(&a, &b, 1, 1, 1);
            worst.mean += difference / 20000;
            worst.most = fmax(worst.most, difference);
        }
    }
    cmsDeleteTransform(to_lab);
    cmsCloseProfile(lab);
    cmsDeleteTransform(transform);
    cmsCloseProfile(from);
    cmsCloseProfile(to);
    clp_conversion_release(&conversion);
    return worst;
}

static void curves_and_matrix(void **state) {
    (void)state;
    static const uint8_t spaces[][4] = {{12, 13, 0, 1}, {9, 1, 0, 1}, {9, 4, 0, 1},  {5, 8, 0, 1},
                                        {1, 4, 0, 1},   {4, 5, 0, 1}, {11, 13, 0, 1}};
    bool table;
    for (size_t i = 0; i < sizeof spaces / sizeof *spaces; i++) {
        clp_bytes source = made_profile(spaces[i], false), target = made_profile(spaces[0], false);
        for (int intent = 0; intent < 4; intent++) {
            gap off = distance(&source, 3, NULL, (clproc_intent)intent, intent & 1, &table);
            assert_false(table);
            assert_true(off.levels < 0.3);
        }
        if (i > 0) {
            assert_true(
                distance(&source, 3, &target, CLPROC_INTENT_RELATIVE, false, &table).levels < 0.3);
            assert_false(table);
        }
        clp_bytes_free(&source);
        clp_bytes_free(&target);
    }
}

/** A plain power is infinitely steep at black when inverted; a table would be worse there. */
static void curves_into_a_power(void **state) {
    (void)state;
    static const uint8_t spaces[][4] = {{9, 4, 0, 1}, {5, 4, 0, 1}, {12, 5, 0, 1}};
    bool table;
    clp_bytes source = made_profile((const uint8_t[4]){1, 13, 0, 1}, false);
    for (size_t i = 0; i < sizeof spaces / sizeof *spaces; i++) {
        clp_bytes target = made_profile(spaces[i], false);
        gap off = distance(&source, 3, &target, CLPROC_INTENT_PERCEPTUAL, false, &table);
        assert_false(table);
        assert_true(off.levels < 1);
        assert_true(off.mean < 0.01);
        clp_bytes_free(&target);
    }
    clp_bytes_free(&source);
}

static void gray_stays_gray(void **state) {
    (void)state;
    static const uint8_t gamma[4] = {1, 5, 0, 1}, p3[4] = {12, 13, 0, 1};
    clp_bytes source = made_profile(gamma, true), target = made_profile(p3, false);
    clp_icc_request request = {.source = source.data, .source_size = source.size, .channels = 1};
    clp_conversion *conversion;
    bool table;
    assert_true(distance(&source, 1, NULL, CLPROC_INTENT_RELATIVE, false, &table).levels < 0.1);
    assert_int_equal(clp_icc_convert(&request, &conversion, NULL), CLPROC_OK);
    assert_int_equal(conversion->out, 1);
    clp_conversion_release(&conversion);
    request.target = target.data;
    request.target_size = target.size;
    assert_int_equal(clp_icc_convert(&request, &conversion, NULL), CLPROC_OK);
    assert_int_equal(conversion->out, 3);
    clp_conversion_release(&conversion);
    clp_bytes_free(&source);
    clp_bytes_free(&target);
}

static void tables(void **state) {
    (void)state;
    bool table;
    clp_bytes source = table_profile();
    gap off = distance(&source, 3, NULL, CLPROC_INTENT_PERCEPTUAL, false, &table);
    print_message("a table of 17 points by one of ours: dE2000 mean %.3f, most %.3f; %.2f levels\n",
                  off.mean, off.most, off.levels);
    assert_true(table);
    assert_true(off.mean < 0.2 && off.most < 1);
    clp_bytes_free(&source);
}

/** As jpegli's XYB files have it: a table of two points, cubes, and a matrix. Near black and out of
 * gamut it bends most. */
static clp_bytes xyb_profile(void) {
    static const double scale[3] = {22.995788804, 1.183000077, 1.502141333},
                        offset[3] = {0.015386134, 0, 0.27770459};
    static const double unmix[9] = {11.031566901960783,  -9.866943921568629, -0.16462299647058826,
                                    -3.254147380392157,  4.418770392156863,  -0.16462299647058826,
                                    -3.6588512862745097, 2.7129230470588235, 1.9459282392156863};
    /* Linear sRGB to the connection space, D50, of which 1 is 1 + 32767 / 32768. */
    static const double to_xyz[9] = {0.4360747, 0.3850649, 0.1430804, 0.2225045, 0.7168786,
                                     0.0606169, 0.0139322, 0.0971045, 0.7141733};
    const double bias = 0.0037930732552754493, root = 0.15595420054924863, unit = 32768.0 / 65535;
    cmsUInt16Number corners[24];
    for (int i = 0; i < 8; i++) {
        double x = (i >> 2 & 1) / scale[0] - offset[0], y = (i >> 1 & 1) / scale[1] - offset[1];
        double b = (i & 1) / scale[2] - offset[2] + y;
        /* Roots from −1 to 1 as 0 to 1. */
        corners[3 * i] = (cmsUInt16Number)lround(65535 * (y + x + 1) / 2);
        corners[3 * i + 1] = (cmsUInt16Number)lround(65535 * (y - x + 1) / 2);
        corners[3 * i + 2] = (cmsUInt16Number)lround(65535 * (b + 1) / 2);
    }
    double matrix[9], shift[3] = {0, 0, 0};
    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 3; j++) {
            matrix[3 * i + j] = 0;
            for (int k = 0; k < 3; k++) {
                matrix[3 * i + j] += unit * to_xyz[3 * i + k] * unmix[3 * k + j];
            }
            shift[i] -= matrix[3 * i + j] * bias;
        }
    }
    clp_bytes bytes = {0};
    /* ((2 u − 1) + root)^3 */
    cmsToneCurve *one = cmsBuildParametricToneCurve(NULL, 2, (const double[]){3, 2, root - 1}),
                 *all[3] = {one, one, one};
    cmsStage *table = cmsStageAllocCLut16bit(NULL, 2, 3, 3, corners);
    cmsPipeline *pipeline = cmsPipelineAlloc(NULL, 3, 3);
    assert_true(
        cmsPipelineInsertStage(pipeline, cmsAT_END, cmsStageAllocToneCurves(NULL, 3, NULL)));
    assert_true(cmsPipelineInsertStage(pipeline, cmsAT_END, table));
    assert_true(cmsPipelineInsertStage(pipeline, cmsAT_END, cmsStageAllocToneCurves(NULL, 3, all)));
    assert_true(cmsPipelineInsertStage(pipeline, cmsAT_END,
                                       cmsStageAllocMatrix(NULL, 3, 3, matrix, shift)));
    assert_true(
        cmsPipelineInsertStage(pipeline, cmsAT_END, cmsStageAllocToneCurves(NULL, 3, NULL)));
    cmsHPROFILE profile = cmsCreateProfilePlaceholder(NULL);
    cmsSetProfileVersion(profile, 4.3);
    cmsSetDeviceClass(profile, cmsSigDisplayClass);
    cmsSetColorSpace(profile, cmsSigRgbData);
    cmsSetPCS(profile, cmsSigXYZData);
    cmsUInt32Number size = 0;
    assert_true(cmsWriteTag(profile, cmsSigAToB0Tag, pipeline));
    assert_true(cmsSaveProfileToMem(profile, NULL, &size));
    assert_int_equal(clp_bytes_reserve(&bytes, size, NULL), CLPROC_OK);
    assert_true(cmsSaveProfileToMem(profile, bytes.data, &size));
    bytes.size = size;
    cmsFreeToneCurve(one);
    cmsPipelineFree(pipeline);
    cmsCloseProfile(profile);
    return bytes;
}

/** Within two levels of Little CMS, also where channels clip. */
static void tables_that_clip(void **state) {
    (void)state;
    bool table;
    clp_bytes source = xyb_profile();
    for (int intent = 0; intent < 3; intent++) {
        gap off = distance(&source, 3, NULL, (clproc_intent)intent, intent & 1, &table);
        print_message("XYB: dE2000 mean %.3f, most %.3f; %.2f levels\n", off.mean, off.most,
                      off.levels);
        assert_true(table);
        assert_true(off.levels < 2);
    }
    clp_bytes_free(&source);
}

/** Every profile of the corpus that is a table, and inks. */
static void tables_of_the_corpus(void **state) {
    (void)state;
    static const char *const files[] = {"ljt-testimages/testimages__test1.icc",
                                        "ljt-testimages/testimages__test3.icc"};
    static const uint32_t channels[] = {4, 3};
    const char *corpus = getenv("CLPROC_CORPUS"), *home = getenv("CLPROC_SOURCE");
    for (size_t i = 0; i < 2; i++) {
        char path[4096];
        bool table;
        clp_bytes source = {0};
        snprintf(path, sizeof path, "%s%s/%s",
                 corpus ? corpus
                 : home ? home
                        : ".",
                 corpus ? "" : "/../shared/corpus", files[i]);
        if (clp_file_read(path, 0, &source, NULL) != CLPROC_OK) {
            SKIP_BECAUSE("no corpus; CLPROC_CORPUS may name it");
        }
        for (int k = 0; k < 8; k++) {
            int intent = k / 2;
            gap off = distance(&source, channels[i], NULL, (clproc_intent)intent, k & 1, &table);
            print_message("%s: dE2000 mean %.3f, most %.3f; %.2f levels\n", files[i], off.mean,
                          off.most, off.levels);
            assert_true(table);
            assert_true(off.levels < 2);
        }
        clp_bytes_free(&source);
    }
}

static void sources_that_are_srgb(void **state) {
    (void)state;
    static const uint8_t srgb[4] = {1, 13, 0, 1}, p3[4] = {12, 13, 0, 1};
    clp_bytes source = made_profile(srgb, false), other = made_profile(p3, false);
    clp_icc_request request = {.channels = 3};
    clp_conversion *conversion = NULL;
    assert_int_equal(clp_icc_convert(&request, &conversion, NULL), CLPROC_OK);
    assert_null(conversion);
    request.source = source.data;
    request.source_size = source.size;
    assert_int_equal(clp_icc_convert(&request, &conversion, NULL), CLPROC_OK);
    assert_null(conversion);
    request.source = request.target = other.data;
    request.source_size = request.target_size = other.size;
    assert_int_equal(clp_icc_convert(&request, &conversion, NULL), CLPROC_OK);
    assert_null(conversion);
    clp_bytes_free(&source);
    clp_bytes_free(&other);
}

static void plain_inks(void **state) {
    (void)state;
    clp_icc_request request = {.channels = 4};
    clp_conversion *conversion = NULL;
    uint32_t random = 3;
    assert_int_equal(clp_icc_convert(&request, &conversion, NULL), CLPROC_OK);
    for (int i = 0; i < 1000; i++) {
        double in[4], out[3];
        for (int c = 0; c < 4; c++) {
            in[c] = random_unit(&random);
        }
        clp_conversion_apply(conversion, in, out);
        for (int c = 0; c < 3; c++) {
            assert_true(255 * fabs(out[c] - in[c] * in[3]) < 0.2);
        }
    }
    clp_conversion_release(&conversion);
}

static void code_points(void **state) {
    (void)state;
    static const uint8_t refused[][4] = {{9, 16, 0, 1}, {9, 18, 0, 1}, {2, 13, 0, 1},
                                         {1, 2, 0, 1},  {1, 13, 1, 1}, {1, 13, 0, 0}};
    clp_icc_numbers numbers = clp_icc_srgb;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        assert_false(clp_icc_from_cicp(refused[i], &numbers));
        assert_memory_equal(&numbers, &clp_icc_srgb, sizeof numbers);
    }
    numbers.gamma = 3;
    static const uint8_t srgb[4] = {1, 13, 0, 1};
    assert_true(clp_icc_from_cicp(srgb, &numbers));
    assert_memory_equal(&numbers, &clp_icc_srgb, sizeof numbers);
}

static void made_profiles_are_sound(void **state) {
    (void)state;
    static const uint8_t p3[4] = {12, 13, 0, 1};
    for (int gray = 0; gray < 2; gray++) {
        clp_bytes first = made_profile(p3, gray), second = made_profile(p3, gray);
        char reason[128];
        uint32_t channels;
        assert_true(clp_icc_check(first.data, first.size, &channels, reason, sizeof reason));
        assert_int_equal(channels, gray ? 1 : 3);
        assert_int_equal(first.size, second.size);
        assert_memory_equal(first.data, second.data, first.size);
        clp_bytes_free(&first);
        clp_bytes_free(&second);
    }
    clp_icc_numbers absurd = {.white = {0, 0}};
    clp_bytes none = {0};
    assert_int_equal(clp_icc_make(&absurd, false, &none, NULL), CLPROC_ERROR_INPUT);
    clp_bytes_free(&none);
}

/** Whatever stands in a profile, the answer is a conversion or a reason. */
static void broken_profiles(void **state) {
    (void)state;
    static const uint8_t p3[4] = {12, 13, 0, 1};
    clp_bytes sound[2] = {made_profile(p3, false), table_profile()};
    uint32_t random = 11;
    int refused = 0;
    for (int round = 0; round < 300; round++) {
        const clp_bytes *base = &sound[round % 2];
        size_t size = base->size;
        uint8_t *copy = malloc(size);
        memcpy(copy, base->data, size);
        for (int i = 0; i < 1 + round % 9; i++) {
            copy[(size_t)(random_unit(&random) * (double)(size < 800 ? size - 1 : 799))] =
                (uint8_t)(random_unit(&random) * 255);
        }
        if (round % 5 == 0) {
            size = (size_t)(random_unit(&random) * (double)size);
        }
        clp_icc_request request = {.source = copy, .source_size = size, .channels = 3};
        clp_conversion *conversion = NULL;
        clproc_error error = {0};
        clproc_status status = clp_icc_convert(&request, &conversion, &error);
        assert_true(status == CLPROC_OK || status == CLPROC_ERROR_INPUT);
        assert_true(status == CLPROC_OK || error.message[0]);
        refused += status != CLPROC_OK;
        if (conversion) {
            double in[4] = {0.5, 0.25, 1}, out[3];
            clp_conversion_apply(conversion, in, out);
            for (int c = 0; c < 3; c++) {
                assert_true(out[c] >= 0 && out[c] <= 1);
            }
        }
        clp_conversion_release(&conversion);
        free(copy);
    }
    assert_true(refused > 30);
    clp_icc_request request = {
        .source = sound[0].data, .source_size = sound[0].size, .channels = 1};
    clp_conversion *conversion = NULL;
    assert_int_equal(clp_icc_convert(&request, &conversion, NULL), CLPROC_ERROR_INPUT);
    clp_bytes_free(&sound[0]);
    clp_bytes_free(&sound[1]);
}

/* ----------------------------------------------- whether a profile is sound */

enum { ICC_SIZE = 128 + 4 + 12 + 20 };

static void build_icc(uint8_t *icc, const char *space) {
    memset(icc, 0, ICC_SIZE);
    icc[3] = ICC_SIZE;
    memcpy(icc + 16, space, 4);
    memcpy(icc + 36, "acsp", 4);
    icc[131] = 1;
    memcpy(icc + 132, "cprt", 4);
    icc[139] = 144;
    icc[143] = 20;
}

static void sound_profiles_pass(void **state) {
    (void)state;
    static const struct {
        const char *space;
        uint32_t channels;
    } cases[] = {{"GRAY", 1}, {"RGB ", 3}, {"CMYK", 4}, {"Lab ", 0}};
    for (size_t i = 0; i < 4; i++) {
        uint8_t icc[ICC_SIZE + 4] = {0};
        uint32_t channels;
        char reason[80];
        build_icc(icc, cases[i].space);
        assert_true(clp_icc_check(icc, ICC_SIZE, &channels, reason, sizeof reason));
        assert_int_equal(channels, cases[i].channels);
        assert_string_equal(reason, "");
        assert_true(clp_icc_check(icc, sizeof icc, &channels, reason, sizeof reason)); /* padded */
    }
}

static void broken_profiles_are_named(void **state) {
    (void)state;
    static const struct {
        size_t at, size;
        uint8_t value;
        const char *reason;
    } cases[] = {{0, ICC_SIZE - 1, 0, "length"},
                 {36, ICC_SIZE, 'x', "signature"},
                 {3, ICC_SIZE, 0, "length"},
                 {128, ICC_SIZE, 255, "table"},
                 {136, ICC_SIZE, 255, "outside"},
                 {143, ICC_SIZE, 21, "outside"},
                 {140, ICC_SIZE, 255, "outside"},
                 {0, 131, 0, "short"},
                 {0, 0, 0, "short"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t icc[ICC_SIZE];
        uint32_t channels = 9;
        char reason[80] = "";
        build_icc(icc, "RGB ");
        icc[cases[i].at] = cases[i].value;
        assert_false(clp_icc_check(icc, cases[i].size, &channels, reason, sizeof reason));
        assert_int_equal(channels, 0);
        assert_non_null(strstr(reason, cases[i].reason));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(curves_and_matrix),
        cmocka_unit_test(curves_into_a_power),
        cmocka_unit_test(gray_stays_gray),
        cmocka_unit_test(tables),
        cmocka_unit_test(tables_that_clip),
        cmocka_unit_test(tables_of_the_corpus),
        cmocka_unit_test(sources_that_are_srgb),
        cmocka_unit_test(plain_inks),
        cmocka_unit_test(code_points),
        cmocka_unit_test(made_profiles_are_sound),
        cmocka_unit_test(broken_profiles),
        cmocka_unit_test(sound_profiles_pass),
        cmocka_unit_test(broken_profiles_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
