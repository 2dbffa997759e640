/** Metadata: bytes in, facts and patched bytes out. Never trusts a size or offset found in them. */
#ifndef CLP_META_META_H
#define CLP_META_META_H

#include "core/error.h"
#include "core/file.h"

typedef struct clp_exif_facts {
    bool valid;           /**< the structure can be read */
    uint32_t orientation; /**< tag 0x0112, 1 to 8; 1 where it is missing or absurd */
    bool has_gps, has_thumbnail;
} clp_exif_facts;

/** Reads a TIFF structure as EXIF stores it (no "Exif\0\0" before it). */
clp_exif_facts clp_exif_read(const uint8_t *data, size_t size);

typedef struct clp_exif_edit {
    uint32_t width, height; /**< new PixelXDimension, PixelYDimension; 0 leaves them */
    bool reset_orientation; /**< set tag 0x0112 to 1 where it stands */
    bool strip_gps;
    bool strip_thumbnail; /**< its bytes as well as the link to them */
} clp_exif_edit;

/** Copies an EXIF block with the edits made in place, so that offsets (MakerNote) stay valid. `out`
 * is cleared first. CLPROC_ERROR_INPUT if the block cannot be read, or contradicts itself, so that
 * nothing may be relied on to be gone: drop it. */
clproc_status clp_exif_edit_copy(const uint8_t *data, size_t size, const clp_exif_edit *edit,
                                 clp_bytes *out, clproc_error *error);

/** Copies an XMP packet without its GPS properties (exif:GPS…) and with tiff:Orientation set to 1.
 * The length stays. CLPROC_ERROR_INPUT as for EXIF. */
clproc_status clp_xmp_edit_copy(const uint8_t *data, size_t size, bool strip_gps,
                                bool reset_orientation, clp_bytes *out, clproc_error *error);

/** Checks an ICC profile's own header against its size: signature, length, tag table. `*channels`
 * is 1, 3 or 4 by its colour space; 0 if unknown. False, with a reason in `reason`, if it should be
 * dropped. */
bool clp_icc_check(const uint8_t *data, size_t size, uint32_t *channels, char *reason,
                   size_t reason_size);

#endif
