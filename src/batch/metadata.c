#include "batch/metadata.h"

#include <string.h>

#include "batch/kinds.h"
#include "core/format.h"
#include "meta/meta.h"

static void tell(clp_metadata *metadata, const char *what, const char *became, const char *reason) {
    size_t used = strlen(metadata->warning);
    snprintf(metadata->warning + used, sizeof metadata->warning - used, "%s%s %s: %s",
             used ? "; " : "", what, became, reason);
}

/** Tells of something that is dropped. */
static void warn(clp_metadata *metadata, const char *what, const char *reason) {
    tell(metadata, what, "was dropped", reason);
}

/** Tells of something that is dropped because the file itself is flawed. */
static void blame(clp_metadata *metadata, const char *what, const char *reason) {
    warn(metadata, what, reason);
    metadata->flawed = true;
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
        blame(metadata, what, failure->message);
    }
    return CLPROC_OK;
}

/** Drops a block that the output's format has no room for. */
static void fit(clp_metadata *metadata, clp_bytes *bytes, const char *what, size_t room) {
    char reason[96];
    if (bytes->size <= room) {
        return;
    }
    if (room == 0) {
        warn(metadata, what, "the output's format has no room for it");
        bytes->size = 0;
        return;
    }
    snprintf(reason, sizeof reason, "the output's format has room for %zu bytes of it, not for %zu",
             room, bytes->size);
    blame(metadata, what, reason);
    bytes->size = 0;
}

/** What every block of a picture is made with. */
typedef struct making {
    clp_metadata *metadata;
    clp_kinds kinds;
    clp_meta_edit edit;
} making;

typedef clproc_status (*edit_function)(const uint8_t *data, size_t size, const clp_meta_edit *edit,
                                       clp_bytes *out, clproc_error *error);

/** Copies one block, of `kind`, with the edits: all of it, or the parts that are kept of others. */
static clproc_status make_block(making *self, const clp_block *block, uint32_t kind,
                                edit_function copy_edited, const char *what, clp_bytes *out,
                                clproc_error *error) {
    clproc_error failure = {0};
    bool whole = self->kinds.blocks & kind;
    if (!block->data || (!whole && !self->kinds.parts)) {
        return CLPROC_OK;
    }
    self->edit.parts = whole ? 0 : self->kinds.parts;
    clproc_status status = copy_edited(block->data, block->size, &self->edit, out, &failure);
    return forgive(self->metadata, status, out, what, &failure, error);
}

/** Of a TIFF takes what its directories hold; what the decoder made of them serves otherwise. */
static clproc_status pick_exif(clp_metadata *metadata, const clp_blocks *blocks, clp_block *exif,
                               clproc_error *error) {
    clproc_error failure = {0};
    if (!blocks->tiff.data) {
        return CLPROC_OK;
    }
    clproc_status status = clp_exif_pick(blocks->tiff.data, blocks->tiff.size, CLPROC_METADATA_EXIF,
                                         &metadata->picked, &failure);
    if (status == CLPROC_OK && metadata->picked.size > 0) {
        *exif = as_block(&metadata->picked);
    }
    return forgive(metadata, status, &metadata->picked, "EXIF", &failure, error);
}

/** The same of IPTC, where the TIFF has none among Photoshop's resources. */
static clproc_status pick_iptc(clp_metadata *metadata, const clp_blocks *blocks, clp_block *iptc,
                               clproc_error *error) {
    if (!blocks->tiff.data || blocks->iptc.data) {
        return CLPROC_OK;
    }
    clproc_status status =
        clp_iptc_of_tiff(blocks->tiff.data, blocks->tiff.size, &metadata->wrapped, error);
    if (status == CLPROC_OK && metadata->wrapped.size > 0) {
        *iptc = as_block(&metadata->wrapped);
    }
    return status;
}

static void note_extension(clp_metadata *metadata, const clp_block *xmp) {
    static const char link[] = "xmpNote:HasExtendedXMP";
    if (xmp->data && memmem(xmp->data, xmp->size, link, sizeof link - 1)) {
        warn(metadata, "the extension of XMP", "only the packet itself is copied");
    }
}

/** Names what the file holds that no output does. */
static void note_beside(clp_metadata *metadata, uint32_t beside) {
    static const struct {
        uint32_t bit;
        const char *name;
    } known[] = {
        {CLP_BESIDE_GAIN_MAP, "the gain map (HDR)"},
        {CLP_BESIDE_PICTURES, "further pictures behind the first"},
        {CLP_BESIDE_VIDEO, "the video of a motion photo"},
        {CLP_BESIDE_ANIMATION, "all frames of the animation but the first"},
        {CLP_BESIDE_CREDENTIALS, "the content credentials (C2PA) of the picture as it was"},
        {CLP_BESIDE_THERMAL, "the thermal data (FLIR)"},
    };
    size_t used = strlen(metadata->warning), size = sizeof metadata->warning;
    const char *joint = used ? "; left behind: " : "left behind: ";
    if (beside & CLP_BESIDE_GAIN_MAP) {
        beside &= ~(uint32_t)CLP_BESIDE_PICTURES;
    }
    for (size_t i = 0; i < sizeof known / sizeof *known && used < size; i++) {
        if (beside & known[i].bit) {
            used += (size_t)snprintf(metadata->warning + used, size - used, "%s%s", joint,
                                     known[i].name);
            joint = ", ";
        }
    }
}

/** Forgets what is said of colours in numbers. */
static void drop_numbers(clp_colour_facts *facts) {
    facts->has_srgb = facts->has_gamma = facts->has_chromaticities = facts->has_cicp = false;
}

/** Converted pictures are described by the run's profile; a PNG of sRGB by a chunk of its own. */
static clproc_status describe_converted(clp_metadata *metadata, const clproc_run_params *params,
                                        const clp_metadata_target *target,
                                        const clp_colours *colours, clproc_error *error) {
    clp_block profile = clp_colours_profile(colours, target->channels == 1);
    bool codes = clp_format_of(target->format)->codes;
    drop_numbers(&metadata->colour);
    if (!(clp_kinds_of(params).blocks & CLPROC_METADATA_ICC)) {
        return CLPROC_OK;
    }
    if (codes && clp_colours_srgb(colours)) {
        metadata->colour.has_srgb = true;
        metadata->colour.srgb_intent = (uint8_t)params->intent;
        return CLPROC_OK;
    }
    /* What cannot have a profile is taken for sRGB. */
    if (clp_colours_srgb(colours) && clp_codec_room(target->format).icc == 0) {
        return CLPROC_OK;
    }
    if (!profile.data) {
        warn(metadata, "the colour profile", "it describes RGB pictures, the output is gray");
    }
    return copy(&profile, &metadata->icc, error);
}

/** True if a format holds what a file says of its colours besides a profile. */
static bool holds_numbers(const clp_format *format, const clp_colour_facts *facts) {
    bool points =
        !facts->has_cicp && !facts->has_srgb && (facts->has_gamma || facts->has_chromaticities);
    return points ? format->numbers : format->codes;
}

/** Channels of a profile that describes pictures of this model. */
static uint32_t profile_channels(clp_model model) {
    return model == CLP_MODEL_CMYK                               ? 4
           : model == CLP_MODEL_GRAY || model == CLP_MODEL_GRAYA ? 1
                                                                 : 3;
}

/** A profile stays only with pixels it describes; numbers become one where only that can be kept.
 */
static clproc_status keep_profile(clp_metadata *metadata, const clp_header *header,
                                  const clproc_run_params *params,
                                  const clp_metadata_target *target, clproc_error *error) {
    const clp_block *block = &header->blocks.icc;
    char reason[128] = "";
    uint32_t channels = 0;
    if (!(clp_kinds_of(params).blocks & CLPROC_METADATA_ICC)) {
        return CLPROC_OK;
    }
    bool gray = target->channels == 1;
    if (!holds_numbers(clp_format_of(target->format), &header->colour)) {
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
        blame(metadata, "the colour profile", reason);
        return CLPROC_OK;
    }
    if (channels != target->channels) {
        snprintf(reason, sizeof reason, "it describes %s pictures, the output is %s",
                 clp_icc_kind(channels), clp_icc_kind(target->channels));
        warn(metadata, "the colour profile", reason);
        /* Nothing is wrong with it where the run has turned the picture gray. */
        metadata->flawed |= channels != profile_channels(header->model);
        return CLPROC_OK;
    }
    if (target->overlay_problem && target->overlay_problem[0]) {
        tell(metadata, "overlays", "stay in sRGB beside the colour profile",
             target->overlay_problem);
    }
    return copy(block, &metadata->icc, error);
}

static clproc_status make_icc(clp_metadata *metadata, const clp_header *header,
                              const clproc_run_params *params, const clp_metadata_target *target,
                              const clp_colours *colours, clproc_error *error) {
    const clp_colour_facts *facts = &header->colour;
    if (target->problem[0]) {
        blame(metadata, "the colour profile", target->problem);
    }
    if (target->space != CLP_SPACE_RGB) {
        bool described = header->blocks.icc.data || facts->has_cicp || facts->has_srgb ||
                         facts->has_gamma || facts->has_chromaticities;
        drop_numbers(&metadata->colour);
        if (described && (clp_kinds_of(params).blocks & CLPROC_METADATA_ICC)) {
            warn(metadata, "the colour profile", "the output is in another colour space");
        }
        return CLPROC_OK;
    }
    return target->converted ? describe_converted(metadata, params, target, colours, error)
                             : keep_profile(metadata, header, params, target, error);
}

clp_metadata_target clp_metadata_target_of(const clp_recipe *recipe) {
    const clp_layout *output = &recipe->plan->output;
    bool gray = output->model == CLP_MODEL_GRAY || output->model == CLP_MODEL_GRAYA;
    return (clp_metadata_target){
        .format = recipe->plan->target.format,
        .width = output->width,
        .height = output->height,
        .channels = gray && clp_format_of(recipe->plan->target.format)->gray ? 1 : 3,
        .space = recipe->plan->terms.space,
        .transposed = clp_plan_is_transposed(recipe->plan),
        .converted = recipe->converted,
        .problem = recipe->problem,
        .overlay_problem = recipe->overlay_problem,
    };
}

clproc_status clp_metadata_make(clp_metadata *metadata, const clp_header *header,
                                const clproc_run_params *params, const clp_metadata_target *target,
                                const clp_colours *colours, clproc_error *error) {
    const clp_blocks *blocks = &header->blocks;
    making self = {.metadata = metadata, .kinds = clp_kinds_of(params)};
    self.edit = (clp_meta_edit){
        .width = target->width,
        .height = target->height,
        .reset_orientation = header->upright || (!params->no_auto_orient && !target->as_stored),
        .strip_gps = !self.kinds.place,
        .strip_thumbnail = true, /* it shows the picture as it was */
        .strip_beside = true,    /* no output has what it tells of */
        .transpose = target->transposed,
        .colour_space = !target->converted          ? 0
                        : clp_colours_srgb(colours) ? 1
                                                    : 0xFFFF,
    };
    clp_block_room room = clp_codec_room(target->format);
    clproc_status status;
    metadata->exif.size = metadata->icc.size = metadata->xmp.size = metadata->iptc.size = 0;
    metadata->warning[0] = '\0';
    metadata->flawed = false;
    metadata->colour = header->colour;
    if (target->transposed) {
        metadata->colour.density_x = header->colour.density_y;
        metadata->colour.density_y = header->colour.density_x;
    }
    clp_block exif = blocks->exif, iptc = blocks->iptc;
    CLP_TRY(status, out, pick_exif(metadata, blocks, &exif, error));
    CLP_TRY(status, out, pick_iptc(metadata, blocks, &iptc, error));
    CLP_TRY(status, out,
            make_block(&self, &exif, CLPROC_METADATA_EXIF, clp_exif_edit_copy, "EXIF",
                       &metadata->exif, error));
    CLP_TRY(status, out, make_icc(metadata, header, params, target, colours, error));
    const bool turned = self.edit.reset_orientation;
    /* Pictures are turned by EXIF alone: without it XMP goes on saying what it did. */
    self.edit.reset_orientation &= clp_exif_read(blocks->exif.data, blocks->exif.size).oriented;
    CLP_TRY(status, out,
            make_block(&self, &blocks->xmp, CLPROC_METADATA_XMP, clp_xmp_edit_copy, "XMP",
                       &metadata->xmp, error));
    if (self.kinds.blocks & CLPROC_METADATA_XMP) {
        note_extension(metadata, &blocks->xmp);
    }
    CLP_TRY(status, out,
            clp_notes_convert(header, params, target->format, &metadata->notes, error));
    if (metadata->notes.dropped[0]) {
        warn(metadata, metadata->notes.dropped, "the output's format has no room for it");
    }
    CLP_TRY(status, out,
            make_block(&self, &iptc, CLPROC_METADATA_IPTC, clp_iptc_edit_copy, "IPTC",
                       &metadata->iptc, error));
    /* An orientation that has been applied is not lost. */
    if (room.exif == 0 && turned && clp_exif_read(metadata->exif.data, metadata->exif.size).bare) {
        metadata->exif.size = 0;
    }
    fit(metadata, &metadata->exif, "EXIF", room.exif);
    fit(metadata, &metadata->icc, "the colour profile", room.icc);
    fit(metadata, &metadata->xmp, "XMP", room.xmp);
    fit(metadata, &metadata->iptc, "IPTC", room.iptc);
    metadata->blocks = (clp_blocks){
        .exif = as_block(&metadata->exif),
        .icc = as_block(&metadata->icc),
        .xmp = as_block(&metadata->xmp),
        .iptc = as_block(&metadata->iptc),
        .notes = as_block(&metadata->notes.list),
    };
    note_beside(metadata, header->beside);
out:
    return status;
}

void clp_metadata_free(clp_metadata *metadata) {
    clp_bytes_free(&metadata->exif);
    clp_bytes_free(&metadata->picked);
    clp_bytes_free(&metadata->wrapped);
    clp_bytes_free(&metadata->icc);
    clp_bytes_free(&metadata->xmp);
    clp_bytes_free(&metadata->iptc);
    clp_notes_free(&metadata->notes);
    *metadata = (clp_metadata){0};
}
