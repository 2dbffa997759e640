/** The table of operations and what several of them share. */
#include <math.h>
#include <string.h>

#include "ops/ops_private.h"

static const clp_op *const table[] = {
#define OP(name) &clp_op_##name,
#include "ops/ops.def"
#undef OP
};

size_t clp_ops_count(void) {
    return sizeof table / sizeof *table;
}

const clp_op *clp_ops_at(size_t index) {
    return index < clp_ops_count() ? table[index] : NULL;
}

const clp_op *clp_ops_find(const char *name) {
    for (size_t i = 0; i < clp_ops_count(); i++) {
        if (strcmp(table[i]->name, name) == 0) {
            return table[i];
        }
    }
    return NULL;
}

const char *const clp_gravities[] = {"centre",    "north",     "south",     "east",      "west",
                                     "northeast", "northwest", "southeast", "southwest", NULL};

int64_t clp_gravity_offset(double gravity, bool vertical, uint32_t outer, uint32_t inner) {
    return clp_gravity_offset_inside(gravity, vertical, outer, inner, 0);
}

int64_t clp_gravity_offset_inside(double gravity, bool vertical, uint32_t outer, uint32_t inner,
                                  double margin) {
    /* Along each axis: −1 at the start, 0 in the middle, 1 at the end; in the order of
     * clp_gravities. */
    static const signed char across[] = {0, 0, 0, 1, -1, 1, -1, 1, -1};
    static const signed char down[] = {0, -1, 1, 0, 0, -1, -1, 1, 1};
    int place = vertical ? down[(int)gravity] : across[(int)gravity];
    int64_t room = (int64_t)outer - inner;
    if (place != 0) {
        int64_t off = room > 0 ? (int64_t)fmin(floor(margin + 0.5), (double)room) : 0;
        return place < 0 ? off : room - off;
    }
    /* Towards zero both ways, so that padding and cropping are each other's inverse. */
    return room / 2;
}

clproc_status clp_ops_ground(clp_terms *terms, const char *op, const double colour[3],
                             clproc_error *error) {
    bool gray = colour[0] == colour[1] && colour[1] == colour[2];
    clproc_status status = CLPROC_OK;
    if (!gray && terms->colours == 1) {
        CLP_TRY(status, out, clp_terms_settle(terms, error));
        CLP_TRY(status, out, clp_terms_expand(terms, op, error));
    }
out:
    return status;
}

clproc_status clp_ops_window(clp_terms *terms, const char *op, int64_t x, int64_t y, uint32_t width,
                             uint32_t height, const double fill[4], clproc_error *error) {
    static const double none[4] = {0};
    clp_axis rows, columns;
    /* Also where it was shrunk while it was decoded, for what comes after a window of all of it. */
    if (x == 0 && y == 0 && width == terms->width && height == terms->height) {
        return CLPROC_OK;
    }
    bool filled = x < 0 || y < 0 || x + width > terms->samples_x || y + height > terms->samples_y;
    clproc_status status =
        clp_terms_afford(terms, op, width, height, (double)width + height, error);
    if (status == CLPROC_OK && filled) {
        status = clp_ops_ground(terms, op, fill, error);
    }
    if (status == CLPROC_OK && filled && fill[3] < 255) {
        status = clp_terms_custom(terms, op, CLP_CUSTOM_OPAQUE, none, error);
    }
    if (status != CLPROC_OK) {
        return status;
    }
    status = clp_axis_window(&rows, terms->samples_y, y, false, height, error);
    if (status != CLPROC_OK) {
        return status;
    }
    status = clp_axis_window(&columns, terms->samples_x, x, false, width, error);
    if (status != CLPROC_OK) {
        clp_axis_free(&rows);
        return status;
    }
    return clp_terms_spatial(terms, op, &rows, &columns, false, fill, error);
}

clproc_status clp_ops_size(const clp_value *size, uint32_t width, uint32_t height,
                           double *out_width, double *out_height, clproc_error *error) {
    double w = size->number[0], h = size->number[1], factor = size->number[2];
    if (factor > 0) {
        w = floor(width * factor + 0.5);
        h = floor(height * factor + 0.5);
    } else if (w == 0) {
        w = floor(width * h / height + 0.5);
    } else if (h == 0) {
        h = floor(height * w / width + 0.5);
    }
    *out_width = fmax(w, 1);
    *out_height = fmax(h, 1);
    if (*out_width > INT32_MAX || *out_height > INT32_MAX) {
        return clp_error_set(error, CLPROC_ERROR_ARGUMENT,
                             "a size of %.0f × %.0f pixels is too large", w, h);
    }
    return CLPROC_OK;
}
