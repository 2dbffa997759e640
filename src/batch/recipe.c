#include "batch/planner.h"
#include "batch/strategy.h"
#include "core/format.h"
#include "core/machine.h"
#include "meta/meta.h"

uint32_t clp_recipe_orientation(const clproc_run_params *params, const clp_header *header) {
    const clp_block *exif = &header->blocks.exif;
    if (params->no_auto_orient || !exif->data) {
        return 1;
    }
    return clp_exif_read(exif->data, exif->size).orientation;
}

clproc_status clp_recipe_check_layout(const clp_recipe *recipe, clp_decoder *decoder,
                                      clproc_error *error) {
    const clp_layout *input = &recipe->plan->input;
    clp_layout layout;
    clproc_status status = clp_decoder_layout(decoder, &recipe->request, &layout, error);
    if (status == CLPROC_OK && (layout.width != input->width || layout.height != input->height ||
                                layout.model != input->model || layout.depth != input->depth ||
                                layout.bytes != input->bytes)) {
        status = clp_error_set(error, CLPROC_ERROR_INTERNAL,
                               "does not decode to what was planned; please report this");
    }
    return status;
}

uint64_t clp_run_memory(const clproc_run_params *params) {
    return params->memory ? params->memory : clp_machine_memory() / 4;
}

static clp_target choose_target(const clproc_run_params *params, clproc_format format,
                                const clp_layout *whole) {
    clp_target target = {
        .format = format, .subsampling = params->subsampling, .depth = (uint32_t)params->depth};
    for (uint32_t i = 0; whole->model == CLP_MODEL_YCC && i < whole->plane_count; i++) {
        target.source_h_step[i] = whole->planes[i].h_step;
        target.source_v_step[i] = whole->planes[i].v_step;
    }
    return target;
}

/** Everything that is to be done to a picture decoded as `layout`. */
static clproc_status collect_terms(clp_terms *terms, const clproc_run_params *params,
                                   const clp_layout *layout, const clp_header *header,
                                   clproc_format format, uint32_t orientation,
                                   const clp_colour_choice *choice, clproc_error *error) {
    const uint64_t table_bytes = clp_run_memory(params) / 2;
    static const double white[4] = {255, 255, 255, 255};
    clproc_status status = CLPROC_OK;
    clp_terms_init(terms, layout, header->width, header->height);
    terms->linear = params->linear;
    terms->limits = (clp_term_limits){
        .pixels = params->limits.pixels, .side = params->limits.side, .bytes = table_bytes};
    if (choice->conversion) {
        CLP_TRY(status, out, clp_terms_convert(terms, choice->conversion, error));
    }
    terms->apart = !clp_strategy_has(params, CLPROC_STRATEGY_COMPOSE);
    CLP_TRY(status, out, clp_terms_orient(terms, orientation, error));
    if (params->pipeline) {
        CLP_TRY(status, out, clp_pipeline_terms(params->pipeline, terms, error));
    }
    CLP_TRY(status, out, clp_terms_check_result(terms, error));
    CLP_TRY(status, out, clp_terms_settle(terms, error));
    if (!clp_format_of(format)->alpha && terms->alpha) {
        CLP_TRY(status, out, clp_terms_custom(terms, "flatten", CLP_CUSTOM_FLATTEN, white, error));
    }
out:
    if (status != CLPROC_OK) {
        clp_terms_free(terms);
    }
    return status;
}

clproc_status clp_recipe_make(clp_recipe *recipe, const clproc_run_params *params,
                              clp_colours *colours, clp_decoder *decoder, const clp_header *header,
                              clproc_format format, uint32_t orientation, clproc_error *error) {
    clp_layout whole, decoded;
    clp_colour_choice choice = {0};
    clp_terms terms;
    clproc_status status;
    if (!clp_format_of(format)->written) {
        return clp_error_set(error, CLPROC_ERROR_UNSUPPORTED,
                             "is a %s, which is read but not written; choose another format with "
                             "--format, as png",
                             clp_format_of(format)->name);
    }
    *recipe = (clp_recipe){.request = {.model = header->model, .eighths = 8}};
    CLP_TRY(status, out, clp_colours_find(colours, header, &choice, error));
    recipe->converted = choice.converted;
    snprintf(recipe->problem, sizeof recipe->problem, "%s", choice.problem);
    CLP_TRY(status, out, clp_decoder_layout(decoder, &recipe->request, &whole, error));
    CLP_TRY(status, out,
            collect_terms(&terms, params, &whole, header, format, orientation, &choice, error));
    clp_target target = choose_target(params, format, &whole);
    clp_model model = whole.model;
    uint32_t eighths = 8;
    bool planar = clp_strategy_has(params, CLPROC_STRATEGY_PLANAR);
    bool shrink = !params->no_shrink_on_load && clp_format_of(header->format)->shrinks &&
                  clp_strategy_has(params, CLPROC_STRATEGY_SHRINK);
    clp_plan_choose_decoding(&terms, &target, whole.model, planar, shrink, &model, &eighths);
    decoded = whole;
    if (model != whole.model || eighths != 8) {
        clp_terms_free(&terms);
        recipe->request.model = model == whole.model ? header->model : model;
        recipe->request.eighths = eighths;
        CLP_TRY(status, out, clp_decoder_layout(decoder, &recipe->request, &decoded, error));
        CLP_TRY(
            status, out,
            collect_terms(&terms, params, &decoded, header, format, orientation, &choice, error));
    }
    CLP_TRY(status, out, clp_plan_create(&recipe->plan, &decoded, &terms, &target, error));
out:
    clp_conversion_release(&choice.conversion);
    return status;
}
