#include "batch/overlays.h"

#include "batch/bounds.h"
#include "batch/colours.h"
#include "batch/recipe.h"
#include "core/memory.h"
#include "device/device.h"

/** A file on its way to an overlay. */
typedef struct reading {
    const clproc_run_params *params;
    clproc_run_params to_srgb; /**< the same, with colours converted */
    uint64_t room;             /**< bytes that may be held at once */
    clp_bytes file;
    clp_decoder *decoder;
    clp_header header;
    clp_layout layout; /**< of the samples */
    uint8_t *samples;
} reading;

/** Takes `bytes` from the room. */
static clproc_status afford(reading *r, uint64_t bytes, clproc_error *error) {
    if (bytes > r->room) {
        return clp_error_set(error, CLPROC_ERROR_LIMIT,
                             "takes more than half of the memory that this run may use; raise "
                             "--memory, or make the overlay smaller");
    }
    r->room -= bytes;
    return CLPROC_OK;
}

/** As clp_file_wish has it: of a byte more than the file has. */
static clproc_status afford_file(void *purse, size_t bytes, clproc_error *error) {
    reading *r = purse;
    if (bytes > clp_run_file_bytes(r->params) + 1) {
        return clp_error_set(error, CLPROC_ERROR_LIMIT,
                             "is larger than the limit of %llu bytes; raise it with --limit-file",
                             (unsigned long long)clp_run_file_bytes(r->params));
    }
    return afford(r, bytes, error);
}

static clproc_status decode(reading *r, const char *name, clproc_error *error) {
    const clproc_run_params *params = r->params;
    clp_file_wish wish = {.afford = afford_file, .purse = r};
    clp_decode_request request = {.eighths = 8};
    clp_decode_result result;
    bool accepted;
    clproc_status status;
    CLP_TRY(status, out, clp_file_read_if(name, &wish, &r->file, &accepted, error));
    CLP_TRY(status, out, clp_decoder_create(&r->decoder, error));
    clp_decoder_heed(r->decoder, params->cancel);
    CLP_TRY(status, out,
            clp_decoder_open(r->decoder, r->file.data, r->file.size, &params->limits,
                             params->fail_on, &r->header, error));
    request.model = r->header.model == CLP_MODEL_YCC ? CLP_MODEL_RGB : r->header.model;
    CLP_TRY(status, out, clp_decoder_layout(r->decoder, &request, &r->layout, error));
    CLP_TRY(status, out,
            afford(r, r->layout.bytes + clp_codec_read_bytes(&r->header, r->file.size), error));
    r->samples = clp_memory_zero(CLP_MEMORY_PIXELS, 1, r->layout.bytes);
    if (!r->samples) {
        status = clp_error_memory(error, "an overlay", r->layout.bytes);
        goto out;
    }
    status = clp_decoder_read(r->decoder, &r->layout, r->samples, &result, error);
out:
    return status;
}

/** What is left to do to the decoded samples. */
static clproc_status make_terms(reading *r, clp_colours *colours, clp_terms *terms,
                                clproc_error *error) {
    clp_colour_choice choice = {0};
    clproc_status status;
    clp_terms_init(terms, &r->layout, r->layout.width, r->layout.height);
    terms->cancel = r->params->cancel;
    CLP_TRY(status, out, clp_colours_find(colours, &r->header, &choice, error));
    if (choice.conversion) {
        CLP_TRY(status, out, clp_terms_convert(terms, choice.conversion, error));
    }
    CLP_TRY(status, out,
            clp_terms_orient(terms, clp_recipe_orientation(r->params, &r->header), error));
    status = clp_terms_settle(terms, error);
out:
    clp_colour_choice_release(&choice);
    return status;
}

/** Turns the samples upright and brings them to sRGB, with 16 bits: by the reference device, since
 * that is done once. */
static clproc_status settle(reading *r, clproc_error *error) {
    static const clp_target target = {.format = CLPROC_FORMAT_PNG, .depth = 16};
    clp_colours *colours = NULL;
    clp_terms terms = {0};
    clp_plan *plan = NULL;
    uint8_t *settled = NULL;
    clproc_status status;
    CLP_TRY(status, out, clp_colours_create(&colours, &r->to_srgb, error));
    CLP_TRY(status, out, make_terms(r, colours, &terms, error));
    if (terms.count == 0) {
        goto out;
    }
    CLP_TRY(status, out, clp_plan_create(&plan, &r->layout, &terms, &target, error));
    CLP_TRY(status, out, afford(r, clp_reference_bytes(plan) + plan->output.bytes, error));
    settled = clp_memory_zero(CLP_MEMORY_PIXELS, 1, plan->output.bytes);
    if (!settled) {
        status = clp_error_memory(error, "an overlay", plan->output.bytes);
        goto out;
    }
    CLP_TRY(status, out, clp_reference_run(plan, r->samples, settled, NULL, error));
    clp_memory_free(r->samples);
    r->samples = settled;
    r->layout = plan->output;
    settled = NULL;
out:
    clp_memory_free(settled);
    clp_plan_release(&plan);
    clp_terms_free(&terms);
    clp_colours_release(&colours);
    return status;
}

/** Says that it is about an overlay, and of the program's arguments rather than its inputs. */
static clproc_status refuse(clproc_error *error, clproc_status status, const char *name) {
    bool asked = status != CLPROC_ERROR_MEMORY && status != CLPROC_ERROR_CANCELLED &&
                 status != CLPROC_ERROR_INTERNAL;
    if (error && asked) {
        clproc_error cause = *error;
        return clp_error_set_file(error, CLPROC_ERROR_ARGUMENT, name, "as an overlay: %.900s",
                                  cause.message);
    }
    return clp_error_in_file(error, asked ? CLPROC_ERROR_ARGUMENT : status, name);
}

static clproc_status read_one(clp_overlays *overlays, const char *name,
                              const clproc_run_params *params, clproc_error *error) {
    uint64_t held = clp_overlays_bytes(overlays), half = clp_run_memory(params) / 2;
    reading r = {.params = params, .to_srgb = *params, .room = held < half ? half - held : 0};
    clp_overlay *overlay = NULL;
    clproc_status status;
    r.to_srgb.icc = "srgb";
    CLP_TRY(status, out, decode(&r, name, error));
    CLP_TRY(status, out, settle(&r, error));
    CLP_TRY(status, out,
            afford(&r, (uint64_t)r.layout.width * r.layout.height * 4 * sizeof *overlay->samples,
                   error));
    CLP_TRY(status, out, clp_overlay_create(&overlay, &r.layout, r.samples, error));
    status = clp_overlays_add(overlays, name, overlay, error);
out:
    clp_overlay_release(&overlay);
    clp_memory_free(r.samples);
    clp_decoder_destroy(&r.decoder);
    clp_bytes_free(&r.file);
    return status == CLPROC_OK ? status : refuse(error, status, name);
}

clproc_status clp_overlays_read(clp_overlays *overlays, const clproc_pipeline *pipeline,
                                const clproc_run_params *params, clproc_error *error) {
    clproc_status status = CLPROC_OK;
    for (size_t i = 0; status == CLPROC_OK && i < clproc_pipeline_length(pipeline); i++) {
        const char *name = clp_pipeline_file(pipeline, i);
        if (name && !clp_overlays_find(overlays, name)) {
            status = read_one(overlays, name, params, error);
        }
    }
    return status;
}
