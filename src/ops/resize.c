#include <math.h>

#include "ops/ops_private.h"

enum { SIZE, FIT, FILTER, ENLARGE, GRAVITY, COLOUR };
enum { FIT_INSIDE, FIT_COVER, FIT_CONTAIN, FIT_FILL, FIT_OUTSIDE };

static const char *const fits[] = {"inside", "cover", "contain", "fill", "outside", NULL};
/* In the order of clp_filter. */
static const char *const filter_names[] = {"box",      "bilinear", "catmull-rom", "mitchell",
                                           "lanczos3", "area",     "nearest",     NULL};
static const char *const yes_no[] = {"yes", "no", NULL};

/** Weights of one result, at most: the widest filter reaches three samples to each side. */
static double taps(double scale) {
    return ceil(6 * fmax(scale, 1)) + 2;
}

/** What is left of a scaled picture. */
typedef struct extent {
    uint32_t width, height;
} extent;

static const extent whole_picture = {UINT32_MAX, UINT32_MAX};

/** Scales the picture to exactly width × height. `most`: where it is cut at once. */
static clproc_status scale(clp_terms *terms, clp_filter filter, uint32_t width, uint32_t height,
                           const extent *most, clproc_error *error) {
    clp_axis y, x;
    bool first = !terms->spatial_seen && !terms->crop_seen && !terms->spatial_barrier;
    double x_scale = (double)terms->width / width, y_scale = (double)terms->height / height;
    /* Also where it was shrunk while it was decoded. */
    if (width == terms->width && height == terms->height) {
        return CLPROC_OK;
    }
    clproc_status status =
        clp_terms_afford(terms, "resize", width < most->width ? width : most->width,
                         height < most->height ? height : most->height,
                         width * taps(x_scale) + height * taps(y_scale), error);
    if (status != CLPROC_OK) {
        return status;
    }
    status =
        clp_axis_resize(&y, filter, terms->samples_y, terms->box_y0, terms->box_y1, height, error);
    if (status != CLPROC_OK) {
        return status;
    }
    status =
        clp_axis_resize(&x, filter, terms->samples_x, terms->box_x0, terms->box_x1, width, error);
    if (status != CLPROC_OK) {
        clp_axis_free(&y);
        return status;
    }
    /* Sampling the nearest pixel of a shrunken picture would not be the nearest pixel. */
    if (first && filter != CLP_FILTER_NEAREST) {
        terms->first_scale = fmin(x_scale, y_scale);
    }
    return clp_terms_spatial(terms, "resize", &y, &x, false, NULL, error);
}

static double limit(double factor, bool enlarge) {
    return enlarge ? factor : fmin(factor, 1);
}

static uint32_t scaled(uint32_t length, double factor) {
    /* More than any limit allows is as bad as much more. */
    return (uint32_t)fmin(fmax(1, floor(length * factor + 0.5)), UINT32_MAX);
}

static clproc_status terms(const clp_value *values, clp_terms *t, clproc_error *error) {
    double w, h;
    clproc_status status = clp_ops_size(&values[SIZE], t->width, t->height, &w, &h, error);
    if (status != CLPROC_OK) {
        return status;
    }
    unsigned signs = (unsigned)values[SIZE].number[3];
    int fit = signs & CLP_SIZE_EXACT   ? FIT_FILL
              : signs & CLP_SIZE_COVER ? FIT_OUTSIDE
                                       : (int)values[FIT].number[0];
    clp_filter filter = (clp_filter)values[FILTER].number[0];
    bool enlarge = values[ENLARGE].number[0] == 0 && !(signs & CLP_SIZE_SHRINK);
    if ((signs & CLP_SIZE_ENLARGE) && (w <= t->width || h <= t->height)) {
        return CLPROC_OK; /* for pictures that are smaller both ways */
    }
    /* With one side free or a percentage, the box has the picture's shape and every fit is the
     * same. */
    bool boxed = values[SIZE].number[0] > 0 && values[SIZE].number[1] > 0;
    double x = w / t->width, y = h / t->height;
    uint32_t box_width = (uint32_t)w, box_height = (uint32_t)h;
    if (!boxed || fit == FIT_FILL) {
        bool shrinks = enlarge || (x <= 1 && y <= 1);
        if (!boxed) {
            return shrinks ? scale(t, filter, box_width, box_height, &whole_picture, error)
                           : CLPROC_OK;
        }
        return scale(t, filter, scaled(t->width, limit(x, enlarge)),
                     scaled(t->height, limit(y, enlarge)), &whole_picture, error);
    }
    bool covers = fit == FIT_COVER || fit == FIT_OUTSIDE;
    double factor = limit(covers ? fmax(x, y) : fmin(x, y), enlarge);
    extent box = {box_width, box_height};
    CLP_TRY(status, out,
            scale(t, filter, scaled(t->width, factor), scaled(t->height, factor),
                  fit == FIT_COVER ? &box : &whole_picture, error));
    if (fit == FIT_COVER || fit == FIT_CONTAIN) {
        /* Cover cuts what stands over the box and never adds; contain adds what is missing. */
        bool cover = fit == FIT_COVER;
        uint32_t width = cover && t->width < box_width ? t->width : box_width;
        uint32_t height = cover && t->height < box_height ? t->height : box_height;
        double gravity = values[GRAVITY].number[0];
        status = clp_ops_window(t, cover ? "crop" : "pad",
                                clp_gravity_offset(gravity, false, t->width, width),
                                clp_gravity_offset(gravity, true, t->height, height), width, height,
                                values[COLOUR].number, error);
    }
out:
    return status;
}

const clp_op clp_op_resize = {
    .name = "resize",
    .help = "scale to a size",
    .details =
        "Filters grow wider as the picture shrinks, are cut off at its edges and normalised there. "
        "catmull-rom is the cubic with a = -0.5, mitchell the one with B = C = 1/3, lanczos3 has "
        "three lobes; box takes whole pixels, area the exact share of each that is covered. Sides "
        "round to the nearest whole number. Colours are weighted by alpha; with --linear, light "
        "is averaged. With fit=contain the colour is that of --pad.",
    .example = "1920x1080:fit=inside",
    .params =
        {{"size", CLP_PARAM_SIZE, NULL, 0, 0, NULL,
          "width and height, one of them free, or a percentage; behind WxH, as in ImageMagick: ! "
          "ignores proportions, > leaves smaller pictures alone, < larger ones, ^ fills the box "
          "and "
          "more"},
         {"fit", CLP_PARAM_CHOICE, "inside", 0, 0, fits,
          "inside: whole picture within the box; outside: box within the picture; cover: fill the "
          "box, cut the "
          "rest; contain: whole picture, box filled up with colour; fill: ignore proportions"},
         {"filter", CLP_PARAM_CHOICE, "lanczos3", 0, 0, filter_names, "resampling filter"},
         {"enlarge", CLP_PARAM_CHOICE, "yes", 0, 0, yes_no, "whether small pictures grow"},
         {"gravity", CLP_PARAM_CHOICE, "centre", 0, 0, clp_gravities,
          "what cover keeps, where contain puts the picture"},
         {"colour", CLP_PARAM_COLOUR, "black", 0, 0, NULL, "what contain fills up with"}},
    .param_count = 6,
    .terms = terms,
};
