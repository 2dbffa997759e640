/** Colour profiles for tests; include cmocka.h first. */
#ifndef CLP_TESTS_PROFILES_H
#define CLP_TESTS_PROFILES_H

#include <lcms2.h>

#include "meta/meta.h"

/** Of the numbers that HEIF and PNG name a colour space by. The caller frees it. */
static inline clp_bytes made_profile(const uint8_t cicp[4], bool gray) {
    clp_icc_numbers numbers;
    clp_bytes bytes = {0};
    assert_true(clp_icc_from_cicp(cicp, &numbers));
    assert_int_equal(clp_icc_make(&numbers, gray, &bytes, NULL), CLPROC_OK);
    return bytes;
}

static inline int bend(const cmsUInt16Number in[], cmsUInt16Number out[], void *user) {
    cmsDoTransform(user, in, out, 1);
    return 1;
}

/** A profile whose A2B table holds what P3 means: no curves and matrix to find. */
static inline clp_bytes table_profile(void) {
    static const uint8_t cicp[4] = {12, 13, 0, 1};
    clp_bytes base = made_profile(cicp, false), bytes = {0};
    cmsHPROFILE profile = cmsCreateProfilePlaceholder(NULL), lab = cmsCreateLab4Profile(NULL),
                p3 = cmsOpenProfileFromMem(base.data, (uint32_t)base.size);
    cmsHTRANSFORM transform = cmsCreateTransform(p3, TYPE_RGB_16, lab, TYPE_Lab_16,
                                                 INTENT_RELATIVE_COLORIMETRIC, cmsFLAGS_NOOPTIMIZE);
    cmsPipeline *pipeline = cmsPipelineAlloc(NULL, 3, 3);
    cmsStage *stage = cmsStageAllocCLut16bit(NULL, 17, 3, 3, NULL);
    assert_true(cmsStageSampleCLut16bit(stage, bend, transform, 0));
    assert_true(
        cmsPipelineInsertStage(pipeline, cmsAT_END, cmsStageAllocToneCurves(NULL, 3, NULL)));
    assert_true(cmsPipelineInsertStage(pipeline, cmsAT_END, stage));
    assert_true(
        cmsPipelineInsertStage(pipeline, cmsAT_END, cmsStageAllocToneCurves(NULL, 3, NULL)));
    cmsSetProfileVersion(profile, 4.3);
    cmsSetDeviceClass(profile, cmsSigInputClass);
    cmsSetColorSpace(profile, cmsSigRgbData);
    cmsSetPCS(profile, cmsSigLabData);
    assert_true(cmsWriteTag(profile, cmsSigAToB0Tag, pipeline));
    cmsUInt32Number size = 0;
    assert_true(cmsSaveProfileToMem(profile, NULL, &size));
    assert_int_equal(clp_bytes_reserve(&bytes, size, NULL), CLPROC_OK);
    assert_true(cmsSaveProfileToMem(profile, bytes.data, &size));
    bytes.size = size;
    cmsPipelineFree(pipeline);
    cmsDeleteTransform(transform);
    cmsCloseProfile(profile);
    cmsCloseProfile(lab);
    cmsCloseProfile(p3);
    clp_bytes_free(&base);
    return bytes;
}

#endif
