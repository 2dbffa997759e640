/** Metadata: bytes in, facts and patched bytes out. Never trusts a size or offset found in them. */
#ifndef CLP_META_META_H
#define CLP_META_META_H

#include "core/conversion.h"
#include "core/error.h"
#include "core/file.h"

typedef struct clp_exif_facts {
    bool valid;           /**< the structure can be read */
    bool oriented;        /**< it has an orientation of 1 to 8 */
    uint32_t orientation; /**< tag 0x0112, 1 to 8; 1 where it is missing or absurd */
    bool bare;            /**< and nothing else but the picture's size */
    bool has_gps, has_thumbnail;
} clp_exif_facts;

/** Reads a TIFF structure as EXIF stores it (no "Exif\0\0" before it). */
clp_exif_facts clp_exif_read(const uint8_t *data, size_t size);

/** What is to be changed where metadata goes into another picture. */
typedef struct clp_meta_edit {
    uint32_t width, height; /**< new size of the picture; 0 leaves it */
    bool reset_orientation; /**< to 1 where it stands */
    bool strip_gps;         /**< and all else that tells the place, or may: see below */
    bool strip_thumbnail;   /**< its bytes as well as the link to them */
    bool strip_beside;      /**< XMP: what is said of pictures and videos behind this one */
    bool transpose;         /**< EXIF: densities across and down are exchanged */
    uint32_t parts;         /**< CLPROC_METADATA_…: nothing but these is copied; 0: all is */
    uint32_t colour_space;  /**< EXIF's: 1 for sRGB, 0xFFFF for others; 0 leaves it */
} clp_meta_edit;

/* Each copies a block with the edits made; `out` is cleared first. CLPROC_ERROR_INPUT if the block
 * cannot be read, or contradicts itself, so that nothing may be relied on to be gone: drop it. */

/** Edits in place, so that offsets (MakerNote) stay valid. Without the place the maker's note goes,
 * further directories, and all bytes that none of those that stay leads to. */
clproc_status clp_exif_edit_copy(const uint8_t *data, size_t size, const clp_meta_edit *edit,
                                 clp_bytes *out, clproc_error *error);
/** An XMP packet. The length stays, but for NULs at its end. */
clproc_status clp_xmp_edit_copy(const uint8_t *data, size_t size, const clp_meta_edit *edit,
                                clp_bytes *out, clproc_error *error);
/** The resources of Photoshop, among them IPTC: the content of a JPEG's APP13. Copies of other
 * metadata go with the thumbnail: they describe the picture as it was. */
clproc_status clp_iptc_edit_copy(const uint8_t *data, size_t size, const clp_meta_edit *edit,
                                 clp_bytes *out, clproc_error *error);

/** The data sets that a TIFF file has in IPTC's own tag, as a resource of Photoshop; an empty block
 * if there are none. */
clproc_status clp_iptc_of_tiff(const uint8_t *data, size_t size, clp_bytes *out,
                               clproc_error *error);

/* Each makes a block of nothing but what belongs to `parts`, CLPROC_METADATA_…; an empty one if
 * there is none of it. */

/** With CLPROC_METADATA_EXIF, of a TIFF file: EXIF's and GPS's directories but for the maker's
 * note, and the texts and the orientation of the first one. */
clproc_status clp_exif_pick(const uint8_t *data, size_t size, uint32_t parts, clp_bytes *out,
                            clproc_error *error);
clproc_status clp_xmp_pick(const uint8_t *data, size_t size, uint32_t parts, clp_bytes *out,
                           clproc_error *error);

/** Checks an ICC profile's own header against its size: signature, length, tag table. `*channels`
 * is 1, 3 or 4 by its colour space; 0 if unknown. False, with a reason in `reason`, if it should be
 * dropped. */
bool clp_icc_check(const uint8_t *data, size_t size, uint32_t *channels, char *reason,
                   size_t reason_size);

/** What pictures of so many channels are called. */
const char *clp_icc_kind(uint32_t channels);

/* ------------------------------------------------------------- conversions */

typedef struct clp_icc_request {
    const uint8_t *source; /**< a profile of the picture; NULL: sRGB, or plain inks */
    size_t source_size;
    uint32_t channels;     /**< of the picture: 1, 3 or, for inks, 4 */
    const uint8_t *target; /**< an RGB profile; NULL: sRGB, and gray stays gray */
    size_t target_size;
    clproc_intent intent;
    bool black_point; /**< compensate for it */
} clp_icc_request;

/** Makes a conversion; NULL where no sample would move by half a level of 8 bits. Inks without a
 * profile become R = C·K, G = M·K, B = Y·K, where 1 is no ink. CLPROC_ERROR_INPUT, with the reason
 * as the message, for a profile that cannot be used or does not describe such pictures. */
clproc_status clp_icc_convert(const clp_icc_request *request, clp_conversion **conversion,
                              clproc_error *error);

typedef enum clp_transfer {
    CLP_TRANSFER_SRGB,
    CLP_TRANSFER_POWER, /**< `gamma` decodes: 2.2 */
    CLP_TRANSFER_BT709
} clp_transfer;

/** A colour space by its numbers: CIE x, y. */
typedef struct clp_icc_numbers {
    double white[2], red[2], green[2], blue[2];
    clp_transfer transfer;
    double gamma;
} clp_icc_numbers;

/** sRGB by its numbers. */
extern const clp_icc_numbers clp_icc_srgb;
/** What the code points of ITU-T H.273 mean; false, with `numbers` as they were, where they are no
 * RGB of the usual kind (HDR, YCbCr, reserved). */
bool clp_icc_from_cicp(const uint8_t cicp[4], clp_icc_numbers *numbers);
/** Writes a profile, the same bytes every time; with `gray` for one channel. */
clproc_status clp_icc_make(const clp_icc_numbers *numbers, bool gray, clp_bytes *out,
                           clproc_error *error);

#endif
