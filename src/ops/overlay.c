/** Another picture laid over the picture: a watermark, a logo, a frame. */
#include <math.h>

#include "ops/ops_private.h"

enum { FILE_NAME, GRAVITY, WIDTH, HEIGHT, MARGIN, OPACITY };

/** A length in pixels; of a percentage, that part of `whole`. */
static double pixels(const clp_value *length, double whole) {
    return length->number[1] != 0 ? length->number[0] / 100 * whole : length->number[0];
}

static double whole_pixels(double length) {
    return fmax(1, floor(length + 0.5));
}

/** The size of an overlay in a picture: within the width and height that are given, else its own,
 * or what fits into the picture inside the margin. */
static void find_size(const clp_value *values, const clp_terms *terms, const clp_overlay *overlay,
                      double margin, double *width, double *height) {
    double w = pixels(&values[WIDTH], terms->width), h = pixels(&values[HEIGHT], terms->height);
    double factor = 1;
    if (w > 0 || h > 0) {
        double x = w > 0 ? whole_pixels(w) / overlay->width : INFINITY;
        double y = h > 0 ? whole_pixels(h) / overlay->height : INFINITY;
        factor = fmin(x, y);
    } else {
        factor = fmin(factor, fmax(terms->width - 2 * margin, 1) / overlay->width);
        factor = fmin(factor, fmax(terms->height - 2 * margin, 1) / overlay->height);
    }
    *width = whole_pixels(overlay->width * factor);
    *height = whole_pixels(overlay->height * factor);
}

static clproc_status lay(const clp_value *values, clp_terms *terms, clproc_error *error) {
    const char *file = values[FILE_NAME].text;
    clp_overlay *overlay = clp_overlays_find(terms->overlays, file);
    if (!overlay) {
        return clp_error_set_file(error, CLPROC_ERROR_INTERNAL, file,
                                  "this overlay was not read; please report this");
    }
    double shorter = terms->width < terms->height ? terms->width : terms->height;
    double margin = pixels(&values[MARGIN], shorter), width, height;
    bool sized = values[WIDTH].number[0] > 0 || values[HEIGHT].number[0] > 0;
    if (!sized && shorter - 2 * margin < 1) {
        return clp_error_set_file(
            error, CLPROC_ERROR_ARGUMENT, file,
            "the overlay has no room in a picture of %u × %u pixels, of which "
            "its margins take %.0f on each side; make them smaller, or a "
            "percentage",
            terms->width, terms->height, margin);
    }
    find_size(values, terms, overlay, margin, &width, &height);
    if (width > INT32_MAX || height > INT32_MAX) {
        return clp_error_set(error, CLPROC_ERROR_ARGUMENT,
                             "an overlay of %.0f × %.0f pixels is too large", width, height);
    }
    clp_overlay_place place = {
        .width = (uint32_t)width, .height = (uint32_t)height, .opacity = values[OPACITY].number[0]};
    double gravity = values[GRAVITY].number[0];
    place.x = clp_gravity_offset_inside(gravity, false, terms->width, place.width, margin);
    place.y = clp_gravity_offset_inside(gravity, true, terms->height, place.height, margin);
    return clp_terms_overlay(terms, "overlay", overlay, &place, error);
}

const clp_op clp_op_overlay = {
    .name = "overlay",
    .help = "lay another picture over it: a watermark, a logo",
    .details =
        "The file is of any format that is read, and is decoded once for the whole run, turned "
        "upright, and brought to the colours of the picture: to sRGB, or to the profile that the "
        "picture keeps or is converted to. It is laid over it by its alpha times the opacity. Of "
        "width and height given both, it keeps within; with "
        "neither it has its own size, or what fits between the margins. It is scaled as --resize "
        "does, by lanczos3. What stands out over an edge is cut off; the margin is as large as "
        "there is room for. A gray picture becomes RGB "
        "if the overlay has colours.",
    .example = "logo.png:gravity=southeast:width=10%:margin=2%:opacity=0.8",
    .params = {{"file", CLP_PARAM_FILE, NULL, 0, 0, NULL, "the picture to lay over"},
               {"gravity", CLP_PARAM_CHOICE, "southeast", 0, 0, clp_gravities, "where it stands"},
               {"width", CLP_PARAM_LENGTH, "auto", 0, 0, NULL,
                "its width, in pixels or as a part of the picture's"},
               {"height", CLP_PARAM_LENGTH, "auto", 0, 0, NULL,
                "its height, in pixels or as a part of the picture's"},
               {"margin", CLP_PARAM_LENGTH, "0", 0, 0, NULL,
                "how far it stays from the edges, in pixels or as a part of the picture's shorter "
                "side"},
               {"opacity", CLP_PARAM_NUMBER, "1", 0, 1, NULL, "0 leaves the picture as it is"}},
    .param_count = 6,
    .terms = lay,
};
