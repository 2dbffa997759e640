/** Colour conversions sampled from Little CMS. */
#include <lcms2.h>
#include <lcms2_plugin.h>
#include <math.h>
#include <string.h>

#include "core/memory.h"
#include "meta/meta.h"

/** The most points along each channel of a table: of RGB, of inks. */
#define RGB_GRID 81
#define INK_GRID 25
/** How far curves and matrix may be from the transform they stand for before a table is tried, and
 * how far a conversion may move samples that is none: both of 1. */
#define SHAPER_TOLERANCE (0.1 / 255)
#define IDENTITY_TOLERANCE (0.5 / 255)

/** What a conversion is made from. */
typedef struct sampler {
    cmsContext context;
    cmsHPROFILE source, target;
    cmsHPROFILE light;       /**< the target without its curves; NULL if it has none */
    cmsHTRANSFORM transform; /**< to the target */
    cmsHTRANSFORM to_light;  /**< to its linear light, not clipped; NULL without `light` */
    cmsHTRANSFORM to_plain;  /**< the same without black point compensation, relative to white */
    clproc_intent intent;
    uint32_t in;
} sampler;

static void close_sampler(sampler *s) {
    if (s->transform) {
        cmsDeleteTransform(s->transform);
    }
    if (s->to_light) {
        cmsDeleteTransform(s->to_light);
    }
    if (s->to_plain) {
        cmsDeleteTransform(s->to_plain);
    }
    if (s->light) {
        cmsCloseProfile(s->light);
    }
    if (s->source) {
        cmsCloseProfile(s->source);
    }
    if (s->target) {
        cmsCloseProfile(s->target);
    }
    if (s->context) {
        cmsDeleteContext(s->context);
    }
}

/** Nothing on standard error: what is wrong becomes an error of ours. */
static void ignore(cmsContext context, cmsUInt32Number code, const char *text) {
    (void)context;
    (void)code;
    (void)text;
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

static cmsHPROFILE srgb_profile(cmsContext context, bool gray) {
    clp_bytes bytes = {0};
    cmsHPROFILE profile = NULL;
    if (clp_icc_make(&clp_icc_srgb, gray, &bytes, NULL) == CLPROC_OK) {
        profile = cmsOpenProfileFromMemTHR(context, bytes.data, (uint32_t)bytes.size);
    }
    clp_bytes_free(&bytes);
    return profile;
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

static clproc_status open_sampler(sampler *s, const clp_icc_request *request, clproc_error *error) {
    static const uint32_t formats[] = {
        [1] = TYPE_GRAY_FLT, [3] = TYPE_RGB_FLT, [4] = TYPE_CMYK_FLT};
    uint32_t flags = cmsFLAGS_NOOPTIMIZE | cmsFLAGS_NOCACHE |
                     (request->black_point ? cmsFLAGS_BLACKPOINTCOMPENSATION : 0);
    clproc_status status;
    s->in = request->channels;
    s->intent = request->intent;
    s->context = cmsCreateContext(NULL, NULL);
    if (!s->context) {
        return clp_error_memory(error, "colour management", 0);
    }
    cmsSetLogErrorHandlerTHR(s->context, ignore);
    if (request->source) {
        CLP_TRY(status, out,
                open_profile(s->context, request->source, request->source_size, s->in, &s->source,
                             error));
    } else {
        s->source = srgb_profile(s->context, s->in == 1);
    }
    if (request->target) {
        CLP_TRY(
            status, out,
            open_profile(s->context, request->target, request->target_size, 3, &s->target, error));
    } else {
        s->target = srgb_profile(s->context, false);
    }
    if (s->source && s->target) {
        s->transform = cmsCreateTransformTHR(s->context, s->source, formats[s->in], s->target,
                                             TYPE_RGB_FLT, (uint32_t)request->intent, flags);
        s->light = light_profile(s->context, s->target);
    }
    if (s->transform && s->light) {
        s->to_light = cmsCreateTransformTHR(s->context, s->source, formats[s->in], s->light,
                                            TYPE_RGB_FLT, (uint32_t)request->intent, flags);
        uint32_t intent = request->intent == CLPROC_INTENT_ABSOLUTE ? INTENT_RELATIVE_COLORIMETRIC
                                                                    : (uint32_t)request->intent;
        s->to_plain =
            cmsCreateTransformTHR(s->context, s->source, formats[s->in], s->light, TYPE_RGB_FLT,
                                  intent, flags & ~(uint32_t)cmsFLAGS_BLACKPOINTCOMPENSATION);
    }
    status = s->transform ? CLPROC_OK
                          : clp_error_set(error, CLPROC_ERROR_INPUT,
                                          "it cannot be converted from; a part of it is broken");
out:
    return status;
}

/** What Little CMS makes of one colour. */
static void sample_by(const sampler *s, cmsHTRANSFORM transform, const double in[4],
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

/** And within reason. */
static void sample(const sampler *s, const double in[4], double out[3]) {
    sample_by(s, s->transform, in, out);
    for (int c = 0; c < 3; c++) {
        out[c] = fmin(fmax(out[c], -1), 2);
    }
}

/* ---------------------------------------------------------------- curves */

/** One curve for all where the three are the same. */
static void unite(float *curves[3]) {
    size_t size = (CLP_CURVE_SIZE + 1) * sizeof **curves;
    if (memcmp(curves[0], curves[1], size) == 0 && memcmp(curves[0], curves[2], size) == 0) {
        clp_memory_free(curves[1]);
        clp_memory_free(curves[2]);
        curves[1] = curves[2] = NULL;
    }
}

/** Samples a profile's curves, or their inverses. False if it has none. */
static bool read_curves(cmsHPROFILE profile, bool inverse, float *const curves[3]) {
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

static bool read_matrix(cmsHPROFILE profile, double m[3][3]) {
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

/** result = inverse(a) · b; false where a has none. */
static bool divide(const double a[3][3], const double b[3][3], double result[3][3]) {
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
static double distance(const sampler *s, const clp_conversion *conversion) {
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
        sample(s, in, exact);
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
static clproc_status make_shaper(const sampler *s, clp_conversion *made, double *off,
                                 clproc_error *error) {
    double from[3][3], to[3][3];
    clproc_status status = CLPROC_OK;
    *off = INFINITY;
    bool fits = cmsIsMatrixShaper(s->source) && cmsIsMatrixShaper(s->target) &&
                read_matrix(s->source, from) && read_matrix(s->target, to) &&
                divide((const double(*)[3])to, (const double(*)[3])from, made->matrix);
    if (!fits) {
        return CLPROC_OK;
    }
    for (int c = 0; c < 3; c++) {
        CLP_TRY(status, out, clp_conversion_curve(&made->before[c], error));
        CLP_TRY(status, out, clp_conversion_curve(&made->after[c], error));
    }
    if (read_curves(s->source, false, made->before) && read_curves(s->target, true, made->after)) {
        unite(made->before);
        unite(made->after);
        *off = distance(s, made);
    }
out:
    return status;
}

static clproc_status make_gray(const sampler *s, clp_conversion *made, clproc_error *error) {
    clproc_status status = CLPROC_OK;
    for (uint32_t c = 0; status == CLPROC_OK && c < made->out; c++) {
        status = clp_conversion_curve(&made->before[c], error);
    }
    for (uint32_t i = 0; status == CLPROC_OK && i <= CLP_CURVE_SIZE; i++) {
        double in[4] = {(double)i / CLP_CURVE_SIZE}, out[3];
        sample(s, in, out);
        for (uint32_t c = 0; c < made->out; c++) {
            /* Green stands for a gray: the three are the same but for rounding. */
            made->before[c][i] = (float)fmin(fmax(out[made->out == 1 ? 1 : c], 0), 1);
        }
    }
    if (status == CLPROC_OK && made->out == 3) {
        unite(made->before);
    }
    return status;
}

/* ---------------------------------------------------------------- tables */

/** Without a profile, each of R, G, B is its ink's light times black's. */
static void plain_inks(const double in[4], double out[3]) {
    for (int c = 0; c < 3; c++) {
        out[c] = in[c] * in[3];
    }
}

/* A table in the target's own values has a kink in every cell where a channel begins to clip, and
 * bends most near black, where curves are steep. In the cube root of XYZ, as CIELAB has it, there
 * is no clipping and cells are nearly straight; many profiles' own tables are made of Lab and are
 * straight there between their own points. So tables hold that, and curves, a matrix and curves
 * lead on to the target. */

/** What a table's values from 0 to 1 stand for: the grids of some profiles, as those of XYB, reach
 * far beyond any colour. */
#define ROOT_LEAST (-3.0)
#define ROOT_MOST 3.0
/** Slope and start of CIELAB's function below (6/29)^3. */
#define TOE_SLOPE (841.0 / 108)
#define TOE_START (16.0 / 116)

/** Below 0 it is mirrored, where CIELAB's goes on straight. */
static double root_of(double xyz) {
    double size = fabs(xyz);
    double rise = size > 216.0 / 24389 ? cbrt(size) - TOE_START : TOE_SLOPE * size;
    return TOE_START + copysign(rise, xyz);
}

static double cube_of(double root) {
    double rise = root - TOE_START, size = fabs(rise) + TOE_START;
    return copysign(size > 6.0 / 29 ? size * size * size : fabs(rise) / TOE_SLOPE, rise);
}

static const double white_xyz[3] = {0.9642, 1, 0.8249}; /* D50, of the connection space */

/** A profile's own table, as far as ours follows it. */
typedef struct own_table {
    uint32_t points;         /**< along every channel; 0: there is none */
    cmsToneCurve *curves[4]; /**< before it, of the pipeline; NULL: straight */
} own_table;

static double farthest_from_straight(const cmsToneCurve *curve) {
    double most = 0;
    for (int i = 0; i <= 256; i++) {
        most = fmax(most, fabs(cmsEvalToneCurveFloat(curve, (float)i / 256) - i / 256.0));
    }
    return most;
}

/** Finds the table of the intent: curves, if any, then a grid with as many points everywhere. */
static own_table find_own_table(const sampler *s) {
    static const cmsTagSignature tags[] = {cmsSigAToB0Tag, cmsSigAToB1Tag, cmsSigAToB2Tag,
                                           cmsSigAToB1Tag};
    own_table found = {0};
    cmsTagSignature tag = tags[s->intent];
    tag = cmsIsTag(s->source, tag) ? tag : cmsSigAToB0Tag;
    cmsPipeline *pipeline = cmsIsTag(s->source, tag) ? cmsReadTag(s->source, tag) : NULL;
    cmsStage *stage = pipeline ? cmsPipelineGetPtrToFirstStage(pipeline) : NULL;
    if (stage && cmsStageType(stage) == cmsSigCurveSetElemType &&
        cmsStageInputChannels(stage) == s->in) {
        const _cmsStageToneCurvesData *data = cmsStageData(stage);
        for (uint32_t i = 0; i < s->in; i++) {
            bool bent = farthest_from_straight(data->TheCurves[i]) > 1e-4;
            found.curves[i] = bent ? data->TheCurves[i] : NULL;
        }
        stage = cmsStageNext(stage);
    }
    if (stage && cmsStageType(stage) == cmsSigCLutElemType &&
        cmsStageInputChannels(stage) == s->in) {
        const _cmsStageCLutData *data = cmsStageData(stage);
        found.points = data->Params->nSamples[0];
        for (uint32_t i = 1; i < s->in; i++) {
            found.points = data->Params->nSamples[i] == found.points ? found.points : 0;
        }
    }
    return found;
}

/** Points of ours along each channel: the profile's own are among them, if it has not too many. */
static uint32_t choose_grid(uint32_t own, uint32_t most) {
    return own >= 2 && own <= most ? (most - 1) / (own - 1) * (own - 1) + 1 : most;
}

static void to_xyz(const double to[3][3], const double light[3], double xyz[3]) {
    for (int c = 0; c < 3; c++) {
        xyz[c] = (to[c][0] * light[0] + to[c][1] * light[1] + to[c][2] * light[2]) / white_xyz[c];
    }
}

/** XYZ as asked for = scale · plain XYZ + shift: black point compensation, and another white. The
 * profile's own table is straight in the plain one. False if that is not what there is. */
static bool find_shift(const sampler *s, const double to[3][3], double scale[3], double shift[3]) {
    enum { SAMPLES = 8 };
    double asked[SAMPLES][3], plain[SAMPLES][3], light[3];
    if (!s->to_plain) {
        return false;
    }
    for (int i = 0; i < SAMPLES; i++) {
        /* The lightest, the darkest, and colours between. */
        double in[4] = {i == 1 ? 0 : 1 - 0.11 * (i & 1) * i,
                        i == 1 ? 0 : 1 - 0.09 * (i & 2) * i / 2,
                        i == 1 ? 0 : 1 - 0.07 * (i & 4) * i / 4, i == 1 ? 0 : 1};
        sample_by(s, s->to_light, in, light);
        to_xyz(to, light, asked[i]);
        sample_by(s, s->to_plain, in, light);
        to_xyz(to, light, plain[i]);
    }
    for (int c = 0; c < 3; c++) {
        double range = plain[0][c] - plain[1][c];
        if (fabs(range) < 0.05) {
            return false;
        }
        scale[c] = (asked[0][c] - asked[1][c]) / range;
        shift[c] = asked[0][c] - scale[c] * plain[0][c];
        for (int i = 0; i < SAMPLES; i++) {
            if (fabs(scale[c] * plain[i][c] + shift[c] - asked[i][c]) > 1e-4) {
                return false;
            }
        }
    }
    return true;
}

/** What a table is filled from: linear light of the target, and from there XYZ. */
typedef struct table_exit {
    double to[3][3];
    cmsHTRANSFORM transform;
} table_exit;

/** From a table's values to the target. False if it is no matrix with curves. */
static clproc_status make_exit(const sampler *s, clp_conversion *made, table_exit *way, bool *done,
                               clproc_error *error) {
    static const double unit[3][3] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
    const double least = cube_of(ROOT_LEAST), range = cube_of(ROOT_MOST) - least;
    double back[3][3], scale[3] = {1, 1, 1}, shift[3] = {0};
    clproc_status status = CLPROC_OK;
    *done = s && s->to_light && read_matrix(s->target, way->to) &&
            divide((const double(*)[3])way->to, unit, back);
    if (!*done) {
        return CLPROC_OK;
    }
    CLP_TRY(status, out, clp_conversion_curve(&made->before[0], error));
    for (int c = 0; c < 3; c++) {
        CLP_TRY(status, out, clp_conversion_curve(&made->after[c], error));
    }
    *done = read_curves(s->target, true, made->after);
    if (!*done) {
        goto out;
    }
    unite(made->after);
    way->transform = s->to_plain;
    if (!find_shift(s, (const double(*)[3])way->to, scale, shift)) {
        way->transform = s->to_light;
        for (int c = 0; c < 3; c++) {
            scale[c] = 1;
            shift[c] = 0;
        }
    }
    for (uint32_t i = 0; i <= CLP_CURVE_SIZE; i++) {
        double root = ROOT_LEAST + (ROOT_MOST - ROOT_LEAST) * i / CLP_CURVE_SIZE;
        made->before[0][i] = (float)((cube_of(root) - least) / range);
    }
    for (int i = 0; i < 3; i++) {
        made->offset[i] = 0;
        for (int j = 0; j < 3; j++) {
            made->matrix[i][j] = back[i][j] * white_xyz[j] * scale[j] * range;
            made->offset[i] += back[i][j] * white_xyz[j] * (scale[j] * least + shift[j]);
        }
    }
out:
    return status;
}

/** One entry of a table; `way` NULL: of the target's own values. `s` NULL: of plain inks. */
static void fill_entry(const sampler *s, const table_exit *way, const double in[4], float *entry) {
    double out[3], light[3], xyz[3];
    if (!s) {
        plain_inks(in, out);
    } else if (!way) {
        sample(s, in, out);
    } else {
        sample_by(s, way->transform, in, light);
        to_xyz((const double(*)[3])way->to, light, xyz);
        for (int c = 0; c < 3; c++) {
            double root = fmin(fmax(root_of(xyz[c]), ROOT_LEAST), ROOT_MOST);
            out[c] = (root - ROOT_LEAST) / (ROOT_MOST - ROOT_LEAST);
        }
    }
    for (int c = 0; c < 3; c++) {
        entry[c] = (float)out[c];
    }
}

/** Where a value of ours stands along the grid, by the profile's own curves, which are of inks
 * where 1 is none. Rising all the way, so that every point of the grid belongs to a value. */
static clproc_status make_places(const sampler *s, const own_table *own, clp_conversion *made,
                                 clproc_error *error) {
    clproc_status status = CLPROC_OK;
    for (uint32_t c = 0; c < s->in; c++) {
        if (!own->curves[c]) {
            continue;
        }
        float *place = made->place[c] =
            clp_memory_alloc(CLP_MEMORY_PLAN, (CLP_PLACE_SIZE + 1) * sizeof *place);
        if (!place) {
            status = clp_error_memory(error, "a curve", sizeof *place);
            break;
        }
        for (uint32_t i = 0; i <= CLP_PLACE_SIZE; i++) {
            float at = (float)i / CLP_PLACE_SIZE;
            float value = s->in == 4 ? 1 - cmsEvalToneCurveFloat(own->curves[c], 1 - at)
                                     : cmsEvalToneCurveFloat(own->curves[c], at);
            place[i] = value;
        }
        bool rises = place[0] >= 0 && place[CLP_PLACE_SIZE] <= 1;
        for (uint32_t i = 0; i < CLP_PLACE_SIZE; i++) {
            rises &= place[i + 1] > place[i];
        }
        if (!rises) {
            clp_memory_free(place);
            made->place[c] = NULL;
        }
    }
    return status;
}

/** The value that stands at a place, which may be beyond what any value reaches. */
static double value_at(const float *place, double wanted) {
    uint32_t low = 0, high = CLP_PLACE_SIZE;
    while (place && high - low > 1) {
        uint32_t middle = (low + high) / 2;
        if (place[middle] <= wanted) {
            low = middle;
        } else {
            high = middle;
        }
    }
    if (!place) {
        return wanted;
    }
    double part = (wanted - place[low]) / ((double)place[high] - place[low]);
    return fmin(fmax((low + part) / CLP_PLACE_SIZE, 0), 1);
}

/** `s` NULL: plain inks. */
static clproc_status make_table(const sampler *s, clp_conversion *made, clproc_error *error) {
    own_table own = s ? find_own_table(s) : (own_table){0};
    uint32_t grid = choose_grid(own.points, made->in == 4 ? INK_GRID : RGB_GRID);
    table_exit way;
    bool exits = false;
    size_t count = 1;
    clproc_status status;
    CLP_TRY(status, out, clp_conversion_table(made, grid, error));
    CLP_TRY(status, out, make_exit(s, made, &way, &exits, error));
    if (own.points) {
        CLP_TRY(status, out, make_places(s, &own, made, error));
    }
    for (uint32_t i = 0; i < made->in; i++) {
        count *= grid;
    }
    for (size_t at = 0; at < count; at++) {
        double in[4] = {0};
        size_t rest = at;
        for (uint32_t i = made->in; i-- > 0; rest /= grid) {
            in[i] = value_at(made->place[i], (double)(rest % grid) / (grid - 1));
        }
        fill_entry(s, exits ? &way : NULL, in, made->table + 3 * at);
    }
out:
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
 * steeper than its samples tell. */
static clproc_status make_rgb(const sampler *s, clp_conversion **made, clproc_error *error) {
    double off;
    clp_conversion *other = NULL;
    clproc_status status;
    CLP_TRY(status, out, make_shaper(s, *made, &off, error));
    if (off > SHAPER_TOLERANCE) {
        CLP_TRY(status, out, clp_conversion_create(&other, (*made)->in, (*made)->out, error));
        CLP_TRY(status, out, make_table(s, other, error));
        if (distance(s, other) <= off) {
            clp_conversion *nearer = other;
            other = *made;
            *made = nearer;
        }
    }
out:
    clp_conversion_release(&other);
    return status;
}

static clproc_status make_from(const sampler *s, clp_conversion **made, clproc_error *error) {
    if (s->in == (*made)->out && distance(s, NULL) <= IDENTITY_TOLERANCE) {
        clp_conversion_release(made);
        return CLPROC_OK;
    }
    if (s->in == 1) {
        return make_gray(s, *made, error);
    }
    return s->in == 3 ? make_rgb(s, made, error) : make_table(s, *made, error);
}

/** What a table stands for, clipped as its results are. */
static void ask(const void *state, const double in[4], double out[3]) {
    const sampler *s = state;
    sample(s, in, out);
    for (int c = 0; c < 3; c++) {
        out[c] = fmin(fmax(out[c], 0), 1);
    }
}

static void release_sampler(void *state) {
    close_sampler(state);
    clp_memory_free(state);
}

/** Leaves the sampler to a table, for whom wants to know better. */
static clproc_status hand_over(sampler *s, clp_conversion *made, clproc_error *error) {
    if (!made || !made->table) {
        return CLPROC_OK;
    }
    sampler *kept = clp_memory_zero(CLP_MEMORY_PLAN, 1, sizeof *kept);
    if (!kept) {
        return clp_error_memory(error, "colour management", sizeof *kept);
    }
    *kept = *s;
    *s = (sampler){0};
    made->exact = ask;
    made->state = kept;
    made->release = release_sampler;
    return CLPROC_OK;
}

clproc_status clp_icc_convert(const clp_icc_request *request, clp_conversion **conversion,
                              clproc_error *error) {
    sampler s = {0};
    clp_conversion *made = NULL;
    uint32_t out_channels = request->channels == 1 && !request->target ? 1 : 3;
    clproc_status status;
    *conversion = NULL;
    if (nothing_to_do(request)) {
        return CLPROC_OK;
    }
    CLP_TRY(status, out, clp_conversion_create(&made, request->channels, out_channels, error));
    if (request->channels == 4 && !request->source && !request->target) {
        CLP_TRY(status, out, make_table(NULL, made, error));
    } else {
        CLP_TRY(status, out, open_sampler(&s, request, error));
        CLP_TRY(status, out, make_from(&s, &made, error));
        CLP_TRY(status, out, hand_over(&s, made, error));
    }
    *conversion = made;
    made = NULL;
out:
    clp_conversion_release(&made);
    close_sampler(&s);
    return status;
}
