/** Colour conversions sampled from Little CMS. */
#include <math.h>
#include <string.h>

#include "core/memory.h"
#include "meta/icc_private.h"

/** How far curves and matrix may be from the transform they stand for before a table is tried, and
 * how far a conversion may move samples that is none: both of 1. */
#define SHAPER_TOLERANCE (0.1 / 255)
#define IDENTITY_TOLERANCE (0.5 / 255)

static void close_sampler(clp_icc_sampler *s) {
    clp_icc_memory_close(&s->memory);
    clp_bytes_free(&s->srgb[0]);
    clp_bytes_free(&s->srgb[1]);
}

static clproc_status open_profile(cmsContext context, const uint8_t *data, size_t size,
                                  uint32_t channels, cmsHPROFILE *profile, clproc_error *error) {
    char reason[128];
    uint32_t described;
    if (!clp_icc_check(data, size, &described, reason, sizeof reason)) {
        return clp_error_set(error, CLPROC_ERROR_INPUT, "%s", reason);
    }
    if (described != channels) {
        return clp_error_set(error, CLPROC_ERROR_INPUT, "it describes %s pictures, this is %s",
                             clp_icc_kind(described), clp_icc_kind(channels));
    }
    *profile = size <= UINT32_MAX ? cmsOpenProfileFromMemTHR(context, data, (uint32_t)size) : NULL;
    if (!*profile) {
        return clp_error_set(error, CLPROC_ERROR_INPUT, "it cannot be read");
    }
    cmsProfileClassSignature class = cmsGetDeviceClass(*profile);
    if (class != cmsSigInputClass && class != cmsSigDisplayClass && class != cmsSigOutputClass &&
        class != cmsSigColorSpaceClass) {
        return clp_error_set(error, CLPROC_ERROR_INPUT, "it is no profile of a device");
    }
    return CLPROC_OK;
}

/** `bytes` must live as long as the profile. */
static clproc_status open_srgb(cmsContext context, bool gray, clp_bytes *bytes,
                               cmsHPROFILE *profile, clproc_error *error) {
    clproc_status status = clp_icc_make(&clp_icc_srgb, gray, bytes, error);
    if (status == CLPROC_OK) {
        *profile = cmsOpenProfileFromMemTHR(context, bytes->data, (uint32_t)bytes->size);
    }
    return status;
}

static const cmsTagSignature curve_tags[3] = {cmsSigRedTRCTag, cmsSigGreenTRCTag, cmsSigBlueTRCTag};
static const cmsTagSignature colour_tags[3] = {cmsSigRedColorantTag, cmsSigGreenColorantTag,
                                               cmsSigBlueColorantTag};

/** A profile of the same primaries with straight curves; NULL if the target is no matrix with
 * curves. */
static cmsHPROFILE light_profile(cmsContext context, cmsHPROFILE target) {
    static const cmsTagSignature kept[] = {cmsSigMediaWhitePointTag, cmsSigChromaticAdaptationTag,
                                           cmsSigRedColorantTag, cmsSigGreenColorantTag,
                                           cmsSigBlueColorantTag};
    cmsHPROFILE made = cmsIsMatrixShaper(target) ? cmsCreateProfilePlaceholder(context) : NULL;
    cmsToneCurve *straight = made ? cmsBuildGamma(context, 1) : NULL;
    bool fine = straight != NULL;
    if (fine) {
        cmsSetProfileVersion(made, cmsGetProfileVersion(target));
        cmsSetDeviceClass(made, cmsSigDisplayClass);
        cmsSetColorSpace(made, cmsSigRgbData);
        cmsSetPCS(made, cmsSigXYZData);
    }
    for (size_t i = 0; fine && i < sizeof kept / sizeof *kept; i++) {
        const void *tag = cmsIsTag(target, kept[i]) ? cmsReadTag(target, kept[i]) : NULL;
        fine = !tag || cmsWriteTag(made, kept[i], tag);
    }
    for (int c = 0; fine && c < 3; c++) {
        fine = cmsWriteTag(made, curve_tags[c], straight);
    }
    if (straight) {
        cmsFreeToneCurve(straight);
    }
    if (made && !fine) {
        cmsCloseProfile(made);
        made = NULL;
    }
    return made;
}

static clproc_status open_sampler(clp_icc_sampler *s, const clp_icc_request *request,
                                  clproc_error *error) {
    static const uint32_t formats[] = {
        [1] = TYPE_GRAY_FLT, [3] = TYPE_RGB_FLT, [4] = TYPE_CMYK_FLT};
    uint32_t flags = cmsFLAGS_NOOPTIMIZE | cmsFLAGS_NOCACHE |
                     (request->black_point ? cmsFLAGS_BLACKPOINTCOMPENSATION : 0);
    cmsContext context = clp_icc_context(s->memory);
    clproc_status status;
    s->in = request->channels;
    s->intent = request->intent;
    if (request->source) {
        CLP_TRY(
            status, out,
            open_profile(context, request->source, request->source_size, s->in, &s->source, error));
    } else {
        CLP_TRY(status, out, open_srgb(context, s->in == 1, &s->srgb[0], &s->source, error));
    }
    if (request->target) {
        CLP_TRY(status, out,
                open_profile(context, request->target, request->target_size, 3, &s->target, error));
    } else {
        CLP_TRY(status, out, open_srgb(context, false, &s->srgb[1], &s->target, error));
    }
    if (s->source && s->target) {
        s->transform = cmsCreateTransformTHR(context, s->source, formats[s->in], s->target,
                                             TYPE_RGB_FLT, (uint32_t)request->intent, flags);
        s->light = light_profile(context, s->target);
    }
    if (s->transform && s->light) {
        s->to_light = cmsCreateTransformTHR(context, s->source, formats[s->in], s->light,
                                            TYPE_RGB_FLT, (uint32_t)request->intent, flags);
        uint32_t intent = request->intent == CLPROC_INTENT_ABSOLUTE ? INTENT_RELATIVE_COLORIMETRIC
                                                                    : (uint32_t)request->intent;
        s->to_plain =
            cmsCreateTransformTHR(context, s->source, formats[s->in], s->light, TYPE_RGB_FLT,
                                  intent, flags & ~(uint32_t)cmsFLAGS_BLACKPOINTCOMPENSATION);
    }
    status = s->transform ? CLPROC_OK
                          : clp_error_set(error, CLPROC_ERROR_INPUT,
                                          "it cannot be converted from; a part of it is broken");
out:
    return status;
}

void clp_icc_sample_by(const clp_icc_sampler *s, cmsHTRANSFORM transform, const double in[4],
                       double out[3]) {
    float from[4] = {0}, to[3] = {0};
    for (uint32_t i = 0; i < s->in; i++) {
        /* Its inks are percentages of ink. */
        from[i] = (float)(s->in == 4 ? 100 * (1 - in[i]) : in[i]);
    }
    cmsDoTransform(transform, from, to, 1);
    for (int c = 0; c < 3; c++) {
        out[c] = isfinite(to[c]) ? fmin(fmax(to[c], -100), 100) : -100;
    }
}

void clp_icc_sample(const clp_icc_sampler *s, const double in[4], double out[3]) {
    clp_icc_sample_by(s, s->transform, in, out);
    for (int c = 0; c < 3; c++) {
        out[c] = fmin(fmax(out[c], -1), 2);
    }
}

/* ---------------------------------------------------------------- curves */

void clp_icc_unite(float *curves[3]) {
    size_t size = (CLP_CURVE_SIZE + 1) * sizeof **curves;
    if (memcmp(curves[0], curves[1], size) == 0 && memcmp(curves[0], curves[2], size) == 0) {
        clp_memory_free(curves[1]);
        clp_memory_free(curves[2]);
        curves[1] = curves[2] = NULL;
    }
}

bool clp_icc_curves(cmsHPROFILE profile, bool inverse, float *const curves[3]) {
    for (int c = 0; c < 3; c++) {
        cmsToneCurve *curve = cmsReadTag(profile, curve_tags[c]), *back = NULL;
        if (curve && inverse) {
            curve = back = cmsReverseToneCurve(curve);
        }
        for (uint32_t i = 0; curve && i <= CLP_CURVE_SIZE; i++) {
            float value = cmsEvalToneCurveFloat(curve, (float)i / CLP_CURVE_SIZE);
            curves[c][i] = value > 0 ? fminf(value, 1) : 0;
        }
        if (back) {
            cmsFreeToneCurve(back);
        }
        if (!curve) {
            return false;
        }
    }
    return true;
}

bool clp_icc_matrix(cmsHPROFILE profile, double m[3][3]) {
    for (int c = 0; c < 3; c++) {
        const cmsCIEXYZ *xyz = cmsReadTag(profile, colour_tags[c]);
        if (!xyz) {
            return false;
        }
        m[0][c] = xyz->X;
        m[1][c] = xyz->Y;
        m[2][c] = xyz->Z;
    }
    return true;
}

bool clp_icc_divide(const double a[3][3], const double b[3][3], double result[3][3]) {
    double inverse[3][3], determinant = 0;
    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 3; j++) {
            int p = (j + 1) % 3, q = (j + 2) % 3, r = (i + 1) % 3, t = (i + 2) % 3;
            inverse[i][j] = a[p][r] * a[q][t] - a[p][t] * a[q][r];
        }
    }
    for (int i = 0; i < 3; i++) {
        determinant += a[0][i] * inverse[i][0];
    }
    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 3; j++) {
            result[i][j] = 0;
            for (int k = 0; k < 3; k++) {
                result[i][j] += inverse[i][k] * b[k][j] / determinant;
            }
        }
    }
    return fabs(determinant) > 1e-9;
}

/** The greatest distance of a conversion from the transform, over a grid and the grays; of the
 * colours themselves if `conversion` is NULL. The grid is none that a table has. */
static double distance(const clp_icc_sampler *s, const clp_conversion *conversion) {
    enum { SIDE = 11, CUBE = SIDE * SIDE * SIDE };
    double worst = 0;
    for (int i = 0; i < CUBE + 256; i++) {
        double gray = (i - CUBE) / 255.0, step = SIDE - 1, exact[3];
        double in[4] = {i % SIDE / step, i / SIDE % SIDE / step, i / (SIDE * SIDE) / step};
        double out[3] = {in[0], in[1], in[2]};
        if (i >= CUBE || s->in == 1) {
            in[0] = in[1] = in[2] = i >= CUBE ? gray : in[0];
            out[0] = out[1] = out[2] = in[0];
        }
        clp_icc_sample(s, in, exact);
        if (conversion) {
            clp_conversion_apply(conversion, in, out);
        }
        for (int c = 0; c < 3; c++) {
            worst = fmax(worst, fabs(out[c] - fmin(fmax(exact[c], 0), 1)));
        }
    }
    return worst;
}

/** Curves, matrix and curves of two profiles that are made of these; `*off` is how far Little CMS
 * is from it, if it does something else with them, and infinite if they are not. */
static clproc_status make_shaper(const clp_icc_sampler *s, clp_conversion *made, double *off,
                                 clproc_error *error) {
    double from[3][3], to[3][3];
    clproc_status status = CLPROC_OK;
    *off = INFINITY;
    bool fits = cmsIsMatrixShaper(s->source) && cmsIsMatrixShaper(s->target) &&
                clp_icc_matrix(s->source, from) && clp_icc_matrix(s->target, to) &&
                clp_icc_divide((const double(*)[3])to, (const double(*)[3])from, made->matrix);
    if (!fits) {
        return CLPROC_OK;
    }
    for (int c = 0; c < 3; c++) {
        CLP_TRY(status, out, clp_conversion_curve(&made->before[c], error));
        CLP_TRY(status, out, clp_conversion_curve(&made->after[c], error));
    }
    if (clp_icc_curves(s->source, false, made->before) &&
        clp_icc_curves(s->target, true, made->after)) {
        clp_icc_unite(made->before);
        clp_icc_unite(made->after);
        *off = distance(s, made);
    }
out:
    return status;
}

static clproc_status make_gray(const clp_icc_sampler *s, clp_conversion *made,
                               clproc_error *error) {
    clproc_status status = CLPROC_OK;
    for (uint32_t c = 0; status == CLPROC_OK && c < made->out; c++) {
        status = clp_conversion_curve(&made->before[c], error);
    }
    for (uint32_t i = 0; status == CLPROC_OK && i <= CLP_CURVE_SIZE; i++) {
        double in[4] = {(double)i / CLP_CURVE_SIZE}, out[3];
        clp_icc_sample(s, in, out);
        for (uint32_t c = 0; c < made->out; c++) {
            /* Green stands for a gray: the three are the same but for rounding. */
            made->before[c][i] = (float)fmin(fmax(out[made->out == 1 ? 1 : c], 0), 1);
        }
    }
    if (status == CLPROC_OK && made->out == 3) {
        clp_icc_unite(made->before);
    }
    return status;
}

/* ----------------------------------------------------------------- whole */

static bool nothing_to_do(const clp_icc_request *request) {
    if (request->channels == 4) {
        return false;
    }
    return (!request->source && !request->target) ||
           (request->source && request->target && request->source_size == request->target_size &&
            memcmp(request->source, request->target, request->source_size) == 0);
}

/** Curves and matrix where they do, else whatever comes nearer: near black, an inverse curve may be
 * steeper than its samples tell. `*other` is then what was not taken. */
static clproc_status make_rgb(const clp_icc_sampler *s, clp_conversion **made,
                              clp_conversion **other, clproc_error *error) {
    double off;
    clproc_status status;
    CLP_TRY(status, out, make_shaper(s, *made, &off, error));
    if (off > SHAPER_TOLERANCE) {
        CLP_TRY(status, out, clp_conversion_create(other, (*made)->in, (*made)->out, error));
        CLP_TRY(status, out, clp_icc_make_table(s, *other, error));
        if (distance(s, *other) <= off) {
            clp_conversion *nearer = *other;
            *other = *made;
            *made = nearer;
        }
    }
out:
    return status;
}

static clproc_status make_from(const clp_icc_sampler *s, clp_conversion **made,
                               clp_conversion **other, clproc_error *error) {
    if (s->in == (*made)->out && distance(s, NULL) <= IDENTITY_TOLERANCE) {
        clp_conversion_release(made);
        return CLPROC_OK;
    }
    if (s->in == 1) {
        return make_gray(s, *made, error);
    }
    return s->in == 3 ? make_rgb(s, made, other, error) : clp_icc_make_table(s, *made, error);
}

/** What a table stands for, clipped as its results are. */
static void ask(const void *state, const double in[4], double out[3]) {
    const clp_icc_sampler *s = state;
    clp_icc_sample(s, in, out);
    for (int c = 0; c < 3; c++) {
        out[c] = fmin(fmax(out[c], 0), 1);
    }
}

static void release_sampler(void *state) {
    close_sampler(state);
    clp_memory_free(state);
}

/** Leaves the sampler to a table, for whom wants to know better. */
static clproc_status hand_over(clp_icc_sampler *s, clp_conversion *made, clproc_error *error) {
    if (!made || !made->table) {
        return CLPROC_OK;
    }
    clp_icc_sampler *kept = clp_memory_zero(CLP_MEMORY_PLAN, 1, sizeof *kept);
    if (!kept) {
        return clp_error_memory(error, "colour management", sizeof *kept);
    }
    *kept = *s;
    *s = (clp_icc_sampler){0};
    made->exact = ask;
    made->state = kept;
    made->release = release_sampler;
    return CLPROC_OK;
}

/** A conversion that is being made. */
typedef struct making {
    const clp_icc_request *request;
    clp_icc_sampler sampler;
    clp_conversion *made, *other;
} making;

static clproc_status make_with_profiles(void *state, clproc_error *error) {
    making *m = state;
    clproc_status status = open_sampler(&m->sampler, m->request, error);
    return status == CLPROC_OK ? make_from(&m->sampler, &m->made, &m->other, error) : status;
}

clproc_status clp_icc_convert(const clp_icc_request *request, clp_conversion **conversion,
                              clproc_error *error) {
    making m = {.request = request};
    uint32_t out_channels = request->channels == 1 && !request->target ? 1 : 3;
    clproc_status status;
    *conversion = NULL;
    if (nothing_to_do(request)) {
        return CLPROC_OK;
    }
    CLP_TRY(status, out, clp_conversion_create(&m.made, request->channels, out_channels, error));
    if (request->channels == 4 && !request->source && !request->target) {
        CLP_TRY(status, out, clp_icc_make_table(NULL, m.made, error));
    } else {
        CLP_TRY(status, out, clp_icc_memory_open(&m.sampler.memory, error));
        CLP_TRY(status, out, clp_icc_attempt(m.sampler.memory, make_with_profiles, &m, error));
        CLP_TRY(status, out, hand_over(&m.sampler, m.made, error));
    }
    *conversion = m.made;
    m.made = NULL;
out:
    clp_conversion_release(&m.made);
    clp_conversion_release(&m.other);
    close_sampler(&m.sampler);
    return status;
}
