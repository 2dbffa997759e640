/* The pass that ends a plan of which sums are wanted. */
#include "core/feature_sums.h"
#include "plan/lower.h"

clproc_status clp_features_layout(clp_layout *layout, clproc_error *error) {
    *layout = (clp_layout){.model = CLP_MODEL_GRAY,
                           .depth = 8,
                           .width = STRIP_INTS * sizeof(int32_t),
                           .height = FEATURE_CELLS};
    return clp_layout_place(layout)
               ? CLPROC_OK
               : clp_error_set(error, CLPROC_ERROR_INTERNAL, "sums have no place");
}

/** The surface of the finished picture. */
static clp_surface *find_picture(clp_plan *plan, uint32_t *index) {
    clp_surface *found = NULL;
    for (size_t i = 0; i < plan->surface_count; i++) {
        if (plan->surfaces[i].role == CLP_ROLE_OUTPUT) {
            found = &plan->surfaces[i];
            *index = (uint32_t)i;
        }
    }
    return found;
}

clproc_status clp_lower_features(clp_lowering *lowering) {
    clp_plan *plan = lowering->plan;
    const clp_layout *output = &plan->output;
    clp_pass pass = {
        .kind = CLP_PASS_FEATURES, .label = "features", .src_count = 1, .dst_count = 1};
    clp_layout sums;
    clproc_status status;
    clp_surface *picture = find_picture(plan, &pass.src[0]);
    if (!picture || (output->model != CLP_MODEL_RGB && output->model != CLP_MODEL_GRAY) ||
        output->depth != 8 || output->width > FEATURE_SIDE || output->height > FEATURE_SIDE) {
        return clp_error_set(lowering->error, CLPROC_ERROR_INTERNAL,
                             "features are of RGB or gray in 8 bits, of at most %d x %d pixels",
                             FEATURE_SIDE, FEATURE_SIDE);
    }
    picture->role = CLP_ROLE_SCRATCH;
    CLP_TRY(status, out, clp_features_layout(&sums, lowering->error));
    CLP_TRY(status, out, clp_surface_plane(lowering, CLP_ROLE_OUTPUT, &sums, 0, &pass.dst[0]));
    pass.level = plan->level_count;
    pass.bytes_read = (uint64_t)output->width * output->height * output->planes[0].channels;
    pass.bytes_written = sizeof(int32_t) * STRIP_INTS * FEATURE_CELLS;
    pass.operations = (uint64_t)output->width * output->height * CELL_SUMS;
    status = clp_pass_append(lowering, &pass);
out:
    return status;
}
