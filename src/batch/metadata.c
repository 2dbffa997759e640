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

/** A profile stays only with pixels it describes. */
static clproc_status make_icc(clp_metadata *metadata, const clp_block *block, uint32_t strip,
                              const clp_layout *output, clproc_error *error) {
    char reason[128] = "";
    uint32_t channels = 0;
    bool gray = output->model == CLP_MODEL_GRAY || output->model == CLP_MODEL_GRAYA;
    uint32_t wanted = gray ? 1 : 3;
    if (!block->data || strip & CLPROC_STRIP_ICC) {
        return CLPROC_OK;
    }
    if (!clp_icc_check(block->data, block->size, &channels, reason, sizeof reason)) {
        warn(metadata, "the colour profile", reason);
        return CLPROC_OK;
    }
    if (channels != wanted) {
        snprintf(reason, sizeof reason, "it describes %s pictures, the output is %s",
                 channels == 1   ? "gray"
                 : channels == 3 ? "RGB"
                 : channels == 4 ? "CMYK"
                                 : "other",
                 gray ? "gray" : "RGB");
        warn(metadata, "the colour profile", reason);
        return CLPROC_OK;
    }
    return copy(block, &metadata->icc, error);
}

clproc_status clp_metadata_make(clp_metadata *metadata, const clp_header *header, uint32_t strip,
                                const clp_layout *output, bool upright, clproc_error *error) {
    const clp_blocks *blocks = &header->blocks;
    clproc_status status;
    metadata->exif.size = metadata->icc.size = metadata->xmp.size = metadata->iptc.size = 0;
    metadata->warning[0] = '\0';
    metadata->colour = header->colour;
    CLP_TRY(status, out, make_exif(metadata, &blocks->exif, strip, output, upright, error));
    CLP_TRY(status, out, make_icc(metadata, &blocks->icc, strip, output, error));
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
