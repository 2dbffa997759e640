/** Matrices of pixels carried to planes with fewer samples than pixels. */
#include "plan/segment.h"

/** The matrix of samples for an index map of pixels that keeps to the grid; false if it does not.
 */
static bool chroma_index(const clp_axis *pixels, uint32_t in_samples, uint32_t in_step,
                         uint32_t out_step, clp_axis *samples, clproc_error *error,
                         clproc_status *status) {
    *status = CLPROC_OK;
    if (in_step != out_step || !clp_axis_is_index(pixels)) {
        return false;
    }
    uint32_t out = pixels->out / out_step + (pixels->out % out_step != 0);
    clp_axis made;
    *status = clp_axis_window(&made, in_samples, 0, false, out, error);
    bool aligned = *status == CLPROC_OK;
    for (uint32_t i = 0; aligned && i < pixels->out; i++) {
        int64_t source = -1;
        for (uint32_t k = 0; k < pixels->taps; k++) {
            if (pixels->weight[(size_t)i * pixels->taps + k] != 0) {
                source = ((int64_t)pixels->start[i] + k) / in_step;
            }
        }
        uint32_t block = i / out_step;
        if (i % out_step == 0) {
            made.start[block] = source < 0 ? 0 : (int32_t)source;
            made.weight[block] = source >= 0;
        }
        aligned = made.weight[block] != 0 ? source == made.start[block] : source < 0;
    }
    if (!aligned && *status == CLPROC_OK) {
        clp_axis_free(&made);
    }
    if (aligned) {
        *samples = made;
    }
    return aligned;
}

/** Where along one axis a plane's samples come from and go to. */
typedef struct axis_grid {
    uint32_t samples;  /**< of the plane as it stands */
    uint32_t in_step;  /**< pixels a sample stands for now */
    uint32_t out_step; /**< and in the result */
    bool fancy;
} axis_grid;

/** The matrix of pixels carried to a plane's samples: downsample · pixels · upsample. Replaces
 * `*axis`. */
static clproc_status fit_axis(clp_axis *axis, const axis_grid *grid, clproc_error *error) {
    clp_axis part, product;
    clproc_status status = CLPROC_OK;
    if (grid->in_step > 1) {
        CLP_TRY(
            status, out,
            clp_axis_upsample(&part, grid->samples, axis->in, grid->in_step, grid->fancy, error));
        status = clp_axis_compose(&product, axis, &part, NULL, error);
        clp_axis_free(&part);
        CLP_TRY(status, out, status);
        clp_axis_free(axis);
        *axis = product;
    }
    if (grid->out_step > 1) {
        CLP_TRY(status, out, clp_axis_downsample(&part, axis->out, grid->out_step, error));
        status = clp_axis_compose(&product, &part, axis, NULL, error);
        clp_axis_free(&part);
        CLP_TRY(status, out, status);
        clp_axis_free(axis);
        *axis = product;
    }
out:
    return status;
}

/** True where libjpeg-turbo interpolates chroma instead of repeating it. */
static bool is_fancy(uint32_t h_step, uint32_t v_step, uint32_t width) {
    return (h_step == 2 && v_step <= 2 && width > 2) || (h_step == 1 && v_step == 2);
}

/** The index maps of both axes, if pixels are only moved about, along the plane's grid. */
static bool index_plane(const clp_stage *stage, const axis_grid *rows, const axis_grid *columns,
                        clp_axis *y, clp_axis *x, clproc_error *error, clproc_status *status) {
    if (!chroma_index(&stage->y, rows->samples, rows->in_step, rows->out_step, y, error, status)) {
        return false;
    }
    if (!chroma_index(&stage->x, columns->samples, columns->in_step, columns->out_step, x, error,
                      status)) {
        clp_axis_free(y);
        return false;
    }
    return true;
}

clproc_status clp_stage_for_plane(const clp_stage *stage, const clp_plane_grid *grid, clp_axis *y,
                                  clp_axis *x, clproc_error *error) {
    bool fancy = is_fancy(grid->h_step, grid->v_step, grid->width);
    bool swap = stage->transpose;
    axis_grid rows = {grid->height, grid->v_step, swap ? grid->out_h_step : grid->out_v_step,
                      fancy};
    axis_grid columns = {grid->width, grid->h_step, swap ? grid->out_v_step : grid->out_h_step,
                         fancy};
    clproc_status status;
    *y = *x = (clp_axis){0};
    if (index_plane(stage, &rows, &columns, y, x, error, &status)) {
        return CLPROC_OK;
    }
    CLP_TRY(status, out, status);
    CLP_TRY(status, out, clp_axis_copy(y, &stage->y, error));
    CLP_TRY(status, out, clp_axis_copy(x, &stage->x, error));
    CLP_TRY(status, out, fit_axis(y, &rows, error));
    status = fit_axis(x, &columns, error);
out:
    if (status != CLPROC_OK) {
        clp_axis_free(y);
        clp_axis_free(x);
    }
    return status;
}
