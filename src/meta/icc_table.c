/** Tables of colour conversions: where their points stand, and what leads out of them. */
#include <lcms2_plugin.h>
#include <math.h>
#include <string.h>

#include "core/memory.h"
#include "meta/icc_private.h"

/** The most points along each channel of a table: of RGB, of inks. */
#define RGB_GRID 81
#define INK_GRID 25

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
static own_table find_own_table(const clp_icc_sampler *s) {
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
static bool find_shift(const clp_icc_sampler *s, const double to[3][3], double scale[3],
                       double shift[3]) {
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
        clp_icc_sample_by(s, s->to_light, in, light);
        to_xyz(to, light, asked[i]);
        clp_icc_sample_by(s, s->to_plain, in, light);
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
static clproc_status make_exit(const clp_icc_sampler *s, clp_conversion *made, table_exit *way,
                               bool *done, clproc_error *error) {
    static const double unit[3][3] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
    const double least = cube_of(ROOT_LEAST), range = cube_of(ROOT_MOST) - least;
    double back[3][3], scale[3] = {1, 1, 1}, shift[3] = {0};
    clproc_status status = CLPROC_OK;
    *done = s && s->to_light && clp_icc_matrix(s->target, way->to) &&
            clp_icc_divide((const double(*)[3])way->to, unit, back);
    if (!*done) {
        return CLPROC_OK;
    }
    CLP_TRY(status, out, clp_conversion_curve(&made->before[0], error));
    for (int c = 0; c < 3; c++) {
        CLP_TRY(status, out, clp_conversion_curve(&made->after[c], error));
    }
    *done = clp_icc_curves(s->target, true, made->after);
    if (!*done) {
        goto out;
    }
    clp_icc_unite(made->after);
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
static void fill_entry(const clp_icc_sampler *s, const table_exit *way, const double in[4],
                       float *entry) {
    double out[3], light[3], xyz[3];
    if (!s) {
        plain_inks(in, out);
    } else if (!way) {
        clp_icc_sample(s, in, out);
    } else {
        clp_icc_sample_by(s, way->transform, in, light);
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
static clproc_status make_places(const clp_icc_sampler *s, const own_table *own,
                                 clp_conversion *made, clproc_error *error) {
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
clproc_status clp_icc_make_table(const clp_icc_sampler *s, clp_conversion *made,
                                 clproc_error *error) {
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
