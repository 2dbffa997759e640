/** Profiles from numbers. */
#include <string.h>

#include "core/memory.h"
#include "meta/icc_private.h"

/* ITU-R BT.709, BT.2020, SMPTE EG 432-1. */
#define D65                                                                                        \
    { 0.3127, 0.3290 }
#define BT709 .white = D65, .red = {0.64, 0.33}, .green = {0.30, 0.60}, .blue = {0.15, 0.06}
#define BT2020 .white = D65, .red = {0.708, 0.292}, .green = {0.170, 0.797}, .blue = {0.131, 0.046}
#define P3 .red = {0.680, 0.320}, .green = {0.265, 0.690}, .blue = {0.150, 0.060}

const clp_icc_numbers clp_icc_srgb = {BT709};

static const struct {
    uint8_t code;
    clp_icc_numbers numbers;
} primaries[] = {
    {1, {BT709}},
    {4,
     {.white = {0.310, 0.316}, .red = {0.67, 0.33}, .green = {0.21, 0.71}, .blue = {0.14, 0.08}}},
    {5, {.white = D65, .red = {0.64, 0.33}, .green = {0.29, 0.60}, .blue = {0.15, 0.06}}},
    {6, {.white = D65, .red = {0.630, 0.340}, .green = {0.310, 0.595}, .blue = {0.155, 0.070}}},
    {9, {BT2020}},
    {11, {.white = {0.314, 0.351}, P3}},
    {12, {.white = D65, P3}},
};

static const struct {
    uint8_t code;
    clp_transfer transfer;
    double gamma;
} transfers[] = {{1, CLP_TRANSFER_BT709, 0},   {4, CLP_TRANSFER_POWER, 2.2},
                 {5, CLP_TRANSFER_POWER, 2.8}, {6, CLP_TRANSFER_BT709, 0},
                 {8, CLP_TRANSFER_POWER, 1},   {13, CLP_TRANSFER_SRGB, 0},
                 {14, CLP_TRANSFER_BT709, 0},  {15, CLP_TRANSFER_BT709, 0}};

bool clp_icc_from_cicp(const uint8_t cicp[4], clp_icc_numbers *numbers) {
    clp_icc_numbers found;
    bool known = false, decoded = false;
    for (size_t i = 0; i < sizeof primaries / sizeof *primaries; i++) {
        if (primaries[i].code == cicp[0]) {
            found = primaries[i].numbers;
            known = true;
        }
    }
    for (size_t i = 0; known && i < sizeof transfers / sizeof *transfers; i++) {
        if (transfers[i].code == cicp[1]) {
            found.transfer = transfers[i].transfer;
            found.gamma = transfers[i].gamma;
            decoded = true;
        }
    }
    /* RGB itself, full range. */
    if (!known || !decoded || cicp[2] != 0 || cicp[3] != 1) {
        return false;
    }
    *numbers = found;
    return true;
}

static cmsToneCurve *make_curve(cmsContext context, const clp_icc_numbers *numbers) {
    static const double srgb[5] = {2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045};
    static const double bt709[5] = {1 / 0.45, 1 / 1.099, 0.099 / 1.099, 1 / 4.5, 0.081};
    switch (numbers->transfer) {
    case CLP_TRANSFER_POWER:
        return cmsBuildGamma(context, numbers->gamma);
    case CLP_TRANSFER_BT709:
        return cmsBuildParametricToneCurve(context, 4, bt709);
    default:
        return cmsBuildParametricToneCurve(context, 4, srgb);
    }
}

static cmsHPROFILE make_profile(cmsContext context, const clp_icc_numbers *numbers, bool gray,
                                cmsToneCurve *curve) {
    cmsCIExyY white = {numbers->white[0], numbers->white[1], 1};
    cmsCIExyYTRIPLE rgb = {{numbers->red[0], numbers->red[1], 1},
                           {numbers->green[0], numbers->green[1], 1},
                           {numbers->blue[0], numbers->blue[1], 1}};
    cmsToneCurve *curves[3] = {curve, curve, curve};
    if (gray) { /* cmsD50_xyY() writes to a variable that threads share */
        cmsXYZ2xyY(&white, cmsD50_XYZ());
    }
    return gray ? cmsCreateGrayProfileTHR(context, &white, curve)
                : cmsCreateRGBProfileTHR(context, &white, &rgb, curves);
}

/** Names the profile after sRGB, if it is that. */
static bool describe(cmsContext context, cmsHPROFILE profile, bool srgb, bool gray) {
    cmsMLU *text = cmsMLUalloc(context, 1);
    const char *name = srgb ? gray ? "Gray with sRGB curve" : "sRGB" : "From the picture's numbers";
    bool written = text && cmsMLUsetASCII(text, "en", "US", name) &&
                   cmsWriteTag(profile, cmsSigProfileDescriptionTag, text);
    cmsMLUfree(text);
    return written;
}

static clproc_status save(cmsHPROFILE profile, clp_bytes *out, clproc_error *error) {
    /* 1 January 2000: bytes must not depend on the day. */
    static const uint8_t date[12] = {2000 >> 8, 2000 & 0xff, 0, 1, 0, 1};
    cmsUInt32Number size = 0;
    if (!cmsSaveProfileToMem(profile, NULL, &size)) {
        return clp_error_set(error, CLPROC_ERROR_INTERNAL, "a colour profile cannot be written");
    }
    clproc_status status = clp_bytes_reserve(out, size, error);
    if (status == CLPROC_OK) {
        if (!cmsSaveProfileToMem(profile, out->data, &size)) {
            return clp_error_set(error, CLPROC_ERROR_INTERNAL,
                                 "a colour profile cannot be written");
        }
        memcpy(out->data + 24, date, sizeof date);
        out->size = size;
    }
    return status;
}

typedef struct making {
    cmsContext context;
    const clp_icc_numbers *numbers;
    bool gray;
    clp_bytes *out;
} making;

static clproc_status make(void *state, clproc_error *error) {
    const making *m = state;
    bool srgb = memcmp(m->numbers, &clp_icc_srgb, sizeof *m->numbers) == 0;
    cmsToneCurve *curve = make_curve(m->context, m->numbers);
    cmsHPROFILE profile = curve ? make_profile(m->context, m->numbers, m->gray, curve) : NULL;
    if (!profile || !describe(m->context, profile, srgb, m->gray)) {
        return clp_error_set(error, CLPROC_ERROR_INPUT, "its colour numbers are impossible");
    }
    return save(profile, m->out, error);
}

clproc_status clp_icc_make(const clp_icc_numbers *numbers, bool gray, clp_bytes *out,
                           clproc_error *error) {
    clp_icc_memory *memory = NULL;
    clproc_status status = clp_icc_memory_open(&memory, error);
    if (status == CLPROC_OK) {
        making m = {clp_icc_context(memory), numbers, gray, out};
        status = clp_icc_attempt(memory, make, &m, error);
    }
    clp_icc_memory_close(&memory);
    return status;
}
