#include "batch/recipe.h"

#include <string.h>

#include "batch/bounds.h"
#include "batch/strategy.h"
#include "core/format.h"
#include "core/memory.h"
#include "meta/meta.h"

uint32_t clp_recipe_orientation(const clproc_run_params *params, const clp_header *header) {
    const clp_block *exif = &header->blocks.exif;
    if (params->no_auto_orient || header->upright || !exif->data) {
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

/** The recipe of one output, while all of a picture's are made. */
typedef struct draft {
    const clp_output *output;
    clp_recipe *recipe;
    clproc_format format;
    clp_colour_choice choice;
    clp_terms terms; /**< of the picture as stored, while there are any */
    bool has_terms;
    clp_target target;
    clp_model model; /**< to decode to */
    uint32_t eighths;
} draft;

/** Everything that is to be done to a picture decoded as `layout`. */
static clproc_status collect_terms(draft *d, const clp_recipe_source *source,
                                   const clp_layout *layout, clproc_error *error) {
    const clp_output *output = d->output;
    const clp_header *header = source->header;
    const clproc_run_params *params = &output->params;
    clp_terms *terms = &d->terms;
    const uint64_t table_bytes = clp_run_memory(params) / 2;
    static const double white[4] = {255, 255, 255, 255};
    clproc_status status = CLPROC_OK;
    clp_terms_init(terms, layout, header->width, header->height);
    uint32_t depth = (uint32_t)params->depth, most = clp_format_of(d->format)->depth;
    depth = depth < most ? depth : most;
    terms->depth = terms->depth > depth ? terms->depth : depth;
    terms->linear = params->linear;
    terms->cancel = params->cancel;
    terms->curves = source->curves;
    terms->overlays = output->overlays;
    terms->from_srgb = d->choice.from_srgb;
    terms->limits = (clp_term_limits){.pixels = params->limits.pixels,
                                      .side = params->limits.side,
                                      .bytes = table_bytes,
                                      .granted = source->granted};
    if (d->choice.conversion) {
        CLP_TRY(status, out, clp_terms_convert(terms, d->choice.conversion, error));
    }
    terms->apart = !clp_strategy_has(params, CLPROC_STRATEGY_COMPOSE);
    CLP_TRY(status, out, clp_terms_orient(terms, clp_recipe_orientation(params, header), error));
    if (params->pipeline) {
        CLP_TRY(status, out, clp_pipeline_terms(params->pipeline, terms, error));
    }
    CLP_TRY(status, out, clp_terms_check_result(terms, error));
    CLP_TRY(status, out, clp_terms_settle(terms, error));
    if (!clp_format_of(d->format)->alpha && terms->alpha) {
        CLP_TRY(status, out, clp_terms_custom(terms, "flatten", CLP_CUSTOM_FLATTEN, white, error));
    }
out:
    d->has_terms = status == CLPROC_OK;
    if (status != CLPROC_OK) {
        bool more = source->granted && terms->bytes > source->granted;
        d->recipe->needed = more ? terms->bytes : 0;
        clp_terms_free(terms);
    }
    return status;
}

/** What is to be done for one output, and how it would have the picture decoded. */
static clproc_status begin(draft *d, const clp_recipe_source *source, const clp_layout *whole,
                           clproc_error *error) {
    const clp_output *output = d->output;
    const clproc_run_params *params = &output->params;
    const clp_header *header = source->header;
    clp_recipe *recipe = d->recipe;
    clproc_status status;
    d->format = clp_output_format(output, header->format);
    if (!clp_format_of(d->format)->written) {
        return clp_error_set(error, CLPROC_ERROR_UNSUPPORTED,
                             "is %s %s, which is read but not written; choose another format with "
                             "--format, as png",
                             clp_format_article(clp_format_of(d->format)),
                             clp_format_of(d->format)->name);
    }
    CLP_TRY(status, out, clp_colours_find(output->colours, header, &d->choice, error));
    recipe->converted = d->choice.converted;
    snprintf(recipe->problem, sizeof recipe->problem, "%s", d->choice.problem);
    snprintf(recipe->overlay_problem, sizeof recipe->overlay_problem, "%s",
             d->choice.overlay_problem);
    CLP_TRY(status, out, collect_terms(d, source, whole, error));
    d->target = choose_target(params, d->format, whole);
    d->target.features = output->features;
    bool planar = clp_strategy_has(params, CLPROC_STRATEGY_PLANAR);
    bool shrink = !params->no_shrink_on_load && clp_format_of(header->format)->shrinks &&
                  clp_strategy_has(params, CLPROC_STRATEGY_SHRINK);
    clp_plan_choose_decoding(&d->terms, &d->target, whole->model, planar, shrink, &d->model,
                             &d->eighths);
out:
    return status;
}

static void end(draft *d) {
    if (d->has_terms) {
        clp_terms_free(&d->terms);
        d->has_terms = false;
    }
    clp_colour_choice_release(&d->choice);
}

/** Makes the plan of one output for a picture decoded as `decoded`. */
static clproc_status finish(draft *d, const clp_recipe_source *source, const clp_layout *whole,
                            const clp_layout *decoded, clproc_error *error) {
    clp_recipe *recipe = d->recipe;
    clproc_status status = CLPROC_OK;
    if (decoded->model != whole->model || recipe->request.eighths != 8) {
        clp_terms_free(&d->terms);
        d->has_terms = false;
        CLP_TRY(status, out, collect_terms(d, source, decoded, error));
    }
    d->has_terms = false; /* they are the plan's, or gone */
    status = clp_plan_create(&recipe->plan, decoded, &d->terms, &d->target, error);
out:
    return status;
}

/** True if one decode can serve both: luma is there with the other planes as well. Features are of
 * pictures decoded as their definition says, not as another output would have them. */
static bool are_alike(const draft *a, const draft *b) {
    return (a->model == CLP_MODEL_RGB) == (b->model == CLP_MODEL_RGB) &&
           a->output->features == b->output->features;
}

/** The decode that serves an output and all that are like it: as large as the largest needs. */
static clp_decode_request settle(const draft *drafts, uint32_t count, const draft *d,
                                 const clp_layout *whole, const clp_header *header) {
    clp_decode_request request = {.model = header->model, .eighths = d->eighths};
    clp_model model = d->model;
    for (uint32_t i = 0; i < count; i++) {
        if (drafts[i].has_terms && are_alike(&drafts[i], d)) {
            bool more = drafts[i].eighths > request.eighths;
            request.eighths = more ? drafts[i].eighths : request.eighths;
            model = drafts[i].model != CLP_MODEL_GRAY ? drafts[i].model : model;
        }
    }
    request.model = model == whole->model ? header->model : model;
    return request;
}

/** How to decode for one output. Where luma does not stand in front of the other planes, a gray one
 * is made from all of them. */
static clproc_status choose(const draft *d, const clp_decode_request *shared, clp_decoder *decoder,
                            clp_layout *decoded, clproc_error *error) {
    clp_decode_request gray = {.model = CLP_MODEL_GRAY, .eighths = shared->eighths};
    clp_decode_request *request = &d->recipe->request;
    clp_layout luma;
    *request = *shared;
    clproc_status status = clp_decoder_layout(decoder, request, decoded, error);
    if (status == CLPROC_OK && d->model == CLP_MODEL_GRAY && decoded->model == CLP_MODEL_YCC &&
        clp_decoder_layout(decoder, &gray, &luma, NULL) == CLPROC_OK &&
        clp_layout_begins_with(decoded, &luma)) {
        *request = gray;
        *decoded = luma;
    }
    return status;
}

/** From what each output would have to the decodes that serve them all, and to the plans. What
 * fails for one output alone is kept in its recipe. */
static clproc_status finish_all(draft *drafts, uint32_t count, const clp_recipe_source *source,
                                const clp_layout *whole, clproc_error *error) {
    clp_decode_request requests[CLPROC_MAX_OUTPUTS];
    clproc_status status = CLPROC_OK;
    for (uint32_t i = 0; i < count; i++) {
        if (drafts[i].has_terms) {
            requests[i] = settle(drafts, count, &drafts[i], whole, source->header);
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        draft *d = &drafts[i];
        clp_layout decoded;
        if (d->has_terms) {
            CLP_TRY(status, out, choose(d, &requests[i], source->decoder, &decoded, error));
            (void)finish(d, source, whole, &decoded, &d->recipe->failure);
        }
    }
out:
    return status;
}

clproc_status clp_recipes_make(clp_recipe *recipes, const clp_output_set *outputs, uint32_t wanted,
                               const clp_recipe_source *source, clproc_error *error) {
    clp_decode_request request = {.model = source->header->model, .eighths = 8};
    clp_layout whole;
    clproc_status status;
    memset(recipes, 0, outputs->count * sizeof *recipes);
    draft *drafts = clp_memory_zero(CLP_MEMORY_PLAN, outputs->count, sizeof *drafts);
    if (!drafts) {
        return clp_error_memory(error, "a plan", outputs->count * sizeof *drafts);
    }
    CLP_TRY(status, out, clp_decoder_layout(source->decoder, &request, &whole, error));
    for (uint32_t i = 0; i < outputs->count; i++) {
        drafts[i] = (draft){.output = &outputs->each[i], .recipe = &recipes[i]};
        if (wanted >> i & 1) {
            (void)begin(&drafts[i], source, &whole, &recipes[i].failure); /* kept there */
        }
    }
    status = finish_all(drafts, outputs->count, source, &whole, error);
out:
    for (uint32_t i = 0; i < outputs->count; i++) {
        end(&drafts[i]);
    }
    clp_memory_free(drafts);
    if (status != CLPROC_OK) {
        clp_recipes_release(recipes, outputs->count);
    }
    return status;
}

void clp_recipes_release(clp_recipe *recipes, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        clp_plan_release(&recipes[i].plan);
    }
}
