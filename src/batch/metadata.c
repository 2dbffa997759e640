#include "batch/metadata.h"

#include <string.h>

#include "core/memory.h"
#include "meta/meta.h"

static void warn(clp_metadata *metadata, const char *what, const char *reason) {
    size_t used = strlen(metadata->warning);
    snprintf(metadata->warning + used, sizeof metadata->warning - used, "%s%s was dropped: %s",
             used ? "; " : "", what, reason);
}

static clp_block as_block(const clp_bytes *bytes) {
    return bytes->size ? (clp_block){bytes->data, bytes->size} : (clp_block){0};
}

static clproc_status copy(const clp_block *block, clp_bytes *out, clproc_error *error) {
    return block->data ? clp_bytes_append(out, block->data, block->size, error) : CLPROC_OK;
}

/** Out of memory stops the picture; any other failure of an edit loses the block only. */
static clproc_status forgive(clp_metadata *metadata, clproc_status status, clp_bytes *bytes,
                             const char *what, const clproc_error *failure, clproc_error *error) {
    if (status == CLPROC_ERROR_MEMORY) {
        if (error) {
            *error = *failure;
        }
        return status;
    }
    if (status != CLPROC_OK) {
        bytes->size = 0;
        warn(metadata, what, failure->message);
    }
    return CLPROC_OK;
}

static clproc_status make_exif(clp_metadata *metadata, const clp_block *block, uint32_t strip,
                               const clp_layout *output, bool upright, clproc_error *error) {
    clp_exif_edit edit = {
        .width = output->width,
        .height = output->height,
        .reset_orientation = upright,
        .strip_gps = strip & CLPROC_STRIP_GPS,
        .strip_thumbnail = true, /* it shows the picture as it was */
    };
    clproc_error failure = {0};
    if (!block->data || strip & CLPROC_STRIP_EXIF) {
        return CLPROC_OK;
    }
    clproc_status status =
        clp_exif_edit_copy(block->data, block->size, &edit, &metadata->exif, &failure);
    return forgive(metadata, status, &metadata->exif, "EXIF", &failure, error);
}

static clproc_status make_xmp(clp_metadata *metadata, const clp_block *block, uint32_t strip,
                              bool upright, clproc_error *error) {
    clproc_error failure = {0};
    if (!block->data || strip & CLPROC_STRIP_XMP) {
        return CLPROC_OK;
    }
    clproc_status status = clp_xmp_edit_copy(block->data, block->size, strip & CLPROC_STRIP_GPS,
                                             upright, &metadata->xmp, &failure);
    return forgive(metadata, status, &metadata->xmp, "XMP", &failure, error);
}

/** Forgets what is said of colours in numbers. */
static void drop_numbers(clp_colour_facts *facts) {
    facts->has_srgb = facts->has_gamma = facts->has_chromaticities = facts->has_cicp = false;
}

/** Converted pictures are described by the run's profile; a PNG of sRGB by a chunk of its own. */
static clproc_status describe_converted(clp_metadata *metadata, const clproc_run_params *params,
                                        const clp_recipe *recipe, const clp_colours *colours,
                                        bool gray, clproc_error *error) {
    clp_block profile = clp_colours_profile(colours, gray);
    bool png = recipe->plan->target.format == CLPROC_FORMAT_PNG;
    drop_numbers(&metadata->colour);
    if (params->strip & CLPROC_STRIP_ICC) {
        return CLPROC_OK;
    }
    if (png && clp_colours_srgb(colours)) {
        metadata->colour.has_srgb = true;
        metadata->colour.srgb_intent = (uint8_t)params->intent;
        return CLPROC_OK;
    }
    if (!profile.data) {
        warn(metadata, "the colour profile", "it describes RGB pictures, the output is gray");
    }
    return copy(&profile, &metadata->icc, error);
}

/** A profile stays only with pixels it describes; numbers become one where only that can be kept.
 */
static clproc_status keep_profile(clp_metadata *metadata, const clp_header *header,
                                  const clproc_run_params *params, const clp_recipe *recipe,
                                  bool gray, clproc_error *error) {
    const clp_block *block = &header->blocks.icc;
    char reason[128] = "";
    uint32_t channels = 0;
    if (params->strip & CLPROC_STRIP_ICC) {
        return CLPROC_OK;
    }
    if (recipe->plan->target.format == CLPROC_FORMAT_JPEG && header->format == CLPROC_FORMAT_PNG) {
        clproc_error failure = {0};
        clproc_status status = clp_colours_describe(header, gray, &metadata->icc, &failure);
        if (status != CLPROC_OK || metadata->icc.size > 0) {
            return forgive(metadata, status, &metadata->icc, "the colour space", &failure, error);
        }
    }
    if (!block->data) {
        return CLPROC_OK;
    }
    if (!clp_icc_check(block->data, block->size, &channels, reason, sizeof reason)) {
        warn(metadata, "the colour profile", reason);
        return CLPROC_OK;
    }
    if (channels != (gray ? 1 : 3)) {
        snprintf(reason, sizeof reason, "it describes %s pictures, the output is %s",
                 clp_icc_kind(channels), clp_icc_kind(gray ? 1 : 3));
        warn(metadata, "the colour profile", reason);
        return CLPROC_OK;
    }
    return copy(block, &metadata->icc, error);
}

static clproc_status make_icc(clp_metadata *metadata, const clp_header *header,
                              const clproc_run_params *params, const clp_recipe *recipe,
                              const clp_colours *colours, clproc_error *error) {
    clp_model model = recipe->plan->output.model;
    bool gray = model == CLP_MODEL_GRAY || model == CLP_MODEL_GRAYA;
    const clp_colour_facts *facts = &header->colour;
    if (recipe->problem[0]) {
        warn(metadata, "the colour profile", recipe->problem);
    }
    if (recipe->plan->terms.space != CLP_SPACE_RGB) {
        bool described = header->blocks.icc.data || facts->has_cicp || facts->has_srgb ||
                         facts->has_gamma || facts->has_chromaticities;
        drop_numbers(&metadata->colour);
        if (described && !(params->strip & CLPROC_STRIP_ICC)) {
            warn(metadata, "the colour profile", "the output is in another colour space");
        }
        return CLPROC_OK;
    }
    return recipe->converted ? describe_converted(metadata, params, recipe, colours, gray, error)
                             : keep_profile(metadata, header, params, recipe, gray, error);
}

clproc_status clp_metadata_make(clp_metadata *metadata, const clp_header *header,
                                const clproc_run_params *params, const clp_recipe *recipe,
                                const clp_colours *colours, clproc_error *error) {
    const clp_blocks *blocks = &header->blocks;
    const clp_layout *output = &recipe->plan->output;
    uint32_t strip = params->strip;
    bool upright = !params->no_auto_orient;
    clproc_status status;
    metadata->exif.size = metadata->icc.size = metadata->xmp.size = metadata->iptc.size = 0;
    metadata->warning[0] = '\0';
    metadata->colour = header->colour;
    CLP_TRY(status, out, make_exif(metadata, &blocks->exif, strip, output, upright, error));
    CLP_TRY(status, out, make_icc(metadata, header, params, recipe, colours, error));
    CLP_TRY(status, out, make_xmp(metadata, &blocks->xmp, strip, upright, error));
    if (!(strip & CLPROC_STRIP_IPTC)) {
        CLP_TRY(status, out, copy(&blocks->iptc, &metadata->iptc, error));
    }
    metadata->blocks = (clp_blocks){
        .exif = as_block(&metadata->exif),
        .icc = as_block(&metadata->icc),
        .xmp = as_block(&metadata->xmp),
        .iptc = as_block(&metadata->iptc),
    };
out:
    return status;
}

void clp_metadata_free(clp_metadata *metadata) {
    clp_bytes_free(&metadata->exif);
    clp_bytes_free(&metadata->icc);
    clp_bytes_free(&metadata->xmp);
    clp_bytes_free(&metadata->iptc);
    *metadata = (clp_metadata){0};
}
