/** Crop, pad, rotate, flip: index maps, nothing is filtered. */
#include <math.h>

#include "ops/ops_private.h"

/** What reaches over an edge from its position is cut off, but a crop that could only do nothing,
 * and a size that is not there, are a mistake. */
static bool beyond(const clp_value *area, const clp_terms *terms) {
    double width = area->number[0], height = area->number[1];
    bool wide = width > terms->width, high = height > terms->height;
    bool placed = area->count == 4;
    bool nothing = area->number[2] == 0 && area->number[3] == 0 && width >= terms->width &&
                   height >= terms->height;
    return (wide || high) && (!placed || nothing);
}

static clproc_status crop(const clp_value *values, clp_terms *terms, clproc_error *error) {
    const double *area = values[0].number;
    double width = area[0], height = area[1], x = area[2], y = area[3];
    if (area[4] > 0) {
        /* The largest rectangle of this shape. */
        double scale = fmin(terms->width / width, terms->height / height);
        width = fmax(1, floor(width * scale + 0.5));
        height = fmax(1, floor(height * scale + 0.5));
    } else if (beyond(&values[0], terms)) {
        return clp_error_set(error, CLPROC_ERROR_ARGUMENT,
                             "crop of %.0f × %.0f is larger than the picture of %u × %u pixels; "
                             "give a shape as 16:9, or enlarge it first with --resize "
                             "%.0fx%.0f:fit=cover",
                             width, height, terms->width, terms->height, width, height);
    }
    if (values[0].count == 2) {
        x = (double)clp_gravity_offset(values[1].number[0], false, terms->width, (uint32_t)width);
        y = (double)clp_gravity_offset(values[1].number[0], true, terms->height, (uint32_t)height);
    }
    /* What reaches over the right or lower edge is cut off; nothing may start outside. */
    if (x >= terms->width || y >= terms->height) {
        return clp_error_set(error, CLPROC_ERROR_ARGUMENT,
                             "crop starts at %.0f, %.0f, outside the picture of %u × %u pixels", x,
                             y, terms->width, terms->height);
    }
    width = width < terms->width - x ? width : terms->width - x;
    height = height < terms->height - y ? height : terms->height - y;
    return clp_ops_window(terms, "crop", (int64_t)x, (int64_t)y, (uint32_t)width, (uint32_t)height,
                          NULL, error);
}

static clproc_status pad(const clp_value *values, clp_terms *terms, clproc_error *error) {
    double w, h;
    clproc_status status = clp_ops_size(&values[0], terms->width, terms->height, &w, &h, error);
    if (status != CLPROC_OK) {
        return status;
    }
    /* A free side stays as it is, and padding never cuts. */
    bool percent = values[0].number[2] > 0;
    uint32_t width = !percent && values[0].number[0] == 0 ? terms->width : (uint32_t)w;
    uint32_t height = !percent && values[0].number[1] == 0 ? terms->height : (uint32_t)h;
    width = width > terms->width ? width : terms->width;
    height = height > terms->height ? height : terms->height;
    return clp_ops_window(terms, "pad",
                          clp_gravity_offset(values[1].number[0], false, terms->width, width),
                          clp_gravity_offset(values[1].number[0], true, terms->height, height),
                          width, height, values[2].number, error);
}

enum { ROTATE_90, ROTATE_180, ROTATE_270 };
static const char *const angles[] = {"90", "180", "270", NULL};

static clproc_status rotate(const clp_value *values, clp_terms *terms, clproc_error *error) {
    int angle = (int)values[0].number[0];
    return clp_terms_turn(terms, "rotate", angle != ROTATE_90, angle != ROTATE_270,
                          angle != ROTATE_180, error);
}

static const char *const directions[] = {"h", "v", NULL};

static clproc_status flip(const clp_value *values, clp_terms *terms, clproc_error *error) {
    bool horizontal = values[0].number[0] == 0;
    return clp_terms_turn(terms, "flip", horizontal, !horizontal, false, error);
}

const clp_op clp_op_crop = {
    .name = "crop",
    .help = "cut out a rectangle",
    .details =
        "What reaches over the right or lower edge from its position is cut off; a size that is "
        "larger than the picture is refused.",
    .example = "800x600+10+20",
    .params = {{"area", CLP_PARAM_AREA, NULL, 0, 0, NULL,
                "size and position of the upper left corner, in pixels, or a shape as 16:9"},
               {"gravity", CLP_PARAM_CHOICE, "centre", 0, 0, clp_gravities,
                "where to cut if no position is given"}},
    .param_count = 2,
    .moves = true,
    .terms = crop,
};

const clp_op clp_op_pad = {
    .name = "pad",
    .help = "enlarge the canvas",
    .example = "800x600:gravity=centre:colour=#fff",
    .params = {{"size", CLP_PARAM_SIZE, NULL, 0, 0, NULL,
                "size of the canvas; a side that is smaller is left as it is"},
               {"gravity", CLP_PARAM_CHOICE, "centre", 0, 0, clp_gravities,
                "where the picture stands"},
               {"colour", CLP_PARAM_COLOUR, "black", 0, 0, NULL,
                "what the rest is filled with; a transparent one gives the "
                "picture an alpha channel, one that is not a gray makes RGB of a gray picture"}},
    .param_count = 3,
    .terms = pad,
};

const clp_op clp_op_rotate = {
    .name = "rotate",
    .help = "turn clockwise",
    .example = "90",
    .params = {{"angle", CLP_PARAM_CHOICE, NULL, 0, 0, angles, "degrees"}},
    .param_count = 1,
    .moves = true,
    .terms = rotate,
};

const clp_op clp_op_flip = {
    .name = "flip",
    .help = "mirror",
    .example = "h",
    .params = {{"direction", CLP_PARAM_CHOICE, NULL, 0, 0, directions,
                "h: left and right change places; v: up and down"}},
    .param_count = 1,
    .moves = true,
    .terms = flip,
};
