/** Pictures from and to bytes. Knows no plan, no metadata and no OpenCL: metadata blocks pass
 * through as bytes.
 *
 *  A decoder and an encoder each hold recycled codec state: one per thread, used for file after
 * file, of all formats.
 */
#ifndef CLP_CODEC_CODEC_H
#define CLP_CODEC_CODEC_H

#include "core/error.h"
#include "core/file.h"
#include "core/image.h"
#include "core/rows.h"

/* ------------------------------------------------------------- metadata */

/** Metadata as raw bytes, without the container's framing ("Exif\0\0", chunk headers, zlib). data
 * NULL: none. */
typedef struct clp_block {
    const uint8_t *data;
    size_t size;
} clp_block;

typedef struct clp_blocks {
    clp_block exif;  /**< a TIFF structure ("II*\0…" or "MM\0*…") */
    clp_block icc;   /**< a whole ICC profile */
    clp_block xmp;   /**< an XMP packet */
    clp_block iptc;  /**< the content of a JPEG's APP13 after "Photoshop 3.0\0" */
    clp_block notes; /**< texts, one after the other; see clp_notes_next() */
    /** Of a TIFF that is read: all of it, since more EXIF may stand in its directories. */
    clp_block tiff;
} clp_blocks;

/** A text that belongs to a picture: a JPEG's comment, or a PNG's tEXt, zTXt or iTXt. */
typedef struct clp_note {
    clp_block keyword; /**< of a PNG, as "Copyright": 1 to 79 bytes of Latin-1; empty: a comment */
    clp_block text;
    clp_block language, translated; /**< of iTXt, may be empty */
    bool utf8;                      /**< else Latin-1 */
    bool packed;                    /**< stored compressed */
} clp_note;

/** Appends a note to a list, which is such a block. */
clproc_status clp_notes_add(clp_bytes *list, const clp_note *note, clproc_error *error);
/** Steps through a list from `*at`, 0 at first. False at its end. */
bool clp_notes_next(const clp_block *list, size_t *at, clp_note *note);
/** True if the bytes are UTF-8 without NULs. */
bool clp_notes_is_utf8(const clp_block *text);

/** The most bytes of each block that a file of this format has room for. */
typedef struct clp_block_room {
    size_t exif, icc, xmp, iptc;
    size_t note; /**< of each text */
} clp_block_room;

clp_block_room clp_codec_room(clproc_format format);

typedef enum clp_density_unit {
    CLP_DENSITY_NONE,
    CLP_DENSITY_PER_INCH,
    CLP_DENSITY_PER_CM
} clp_density_unit;

/** What a file says of its colours besides a profile (a PNG all of it, HEIF and AVIF code points),
 * and its density. */
typedef struct clp_colour_facts {
    bool has_srgb;
    uint8_t srgb_intent;
    bool has_gamma;
    double gamma; /**< the file's exponent, 0.45455 for most */
    bool has_chromaticities;
    double white[2], red[2], green[2], blue[2]; /**< CIE x, y */
    bool has_cicp;
    uint8_t cicp[4]; /**< primaries, transfer, matrix, full range */
    clp_density_unit density_unit;
    double density_x, density_y; /**< 0: unknown */
} clp_colour_facts;

/* -------------------------------------------------------------- reading */

/** The most a decoder may spend; see clproc_limits. 0 in a field: no limit. */
typedef clproc_limits clp_limits;

/** Bits of clp_header.beside: what a file holds that no output does. */
enum {
    CLP_BESIDE_PICTURES = 1,    /**< behind or beside the first one: gain maps, previews, depth */
    CLP_BESIDE_VIDEO = 2,       /**< of a motion photo */
    CLP_BESIDE_ANIMATION = 4,   /**< the further frames of an APNG */
    CLP_BESIDE_CREDENTIALS = 8, /**< C2PA, signed for the picture as it was */
    CLP_BESIDE_THERMAL = 16,    /**< FLIR's temperatures */
    CLP_BESIDE_GAIN_MAP = 32    /**< one of the pictures is said to be one */
};

/** What the header says: known before any pixel is decoded or memory for it taken. */
typedef struct clp_header {
    clproc_format format; /**< never CLPROC_FORMAT_KEEP */
    uint32_t width, height;
    /** What the file holds: GRAY, YCC, RGB (also JPEGs stored as RGB), CMYK (also YCCK); for PNG
     * after expansion of palettes, low depths and tRNS: GRAY, GRAYA, RGB or RGBA. */
    clp_model model;
    uint32_t depth;   /**< 8 or 16 */
    bool progressive; /**< or interlaced, or whole at once: no rows from the top down */
    bool upright;     /**< the decoder turns it as the file says; EXIF's orientation is of before */
    /** JPEG: sampling factors of its components, as stored in the file. */
    uint32_t component_count;
    uint8_t h_samp[4], v_samp[4];
    clp_blocks blocks; /**< valid until the decoder's next clp_decoder_open() */
    uint32_t beside;   /**< CLP_BESIDE_… */
    clp_colour_facts colour;
    /** Bytes that decoding takes, of formats where they depend on how the picture is stored. */
    uint64_t decode_bytes;
} clp_header;

/** Bytes that decoding takes beside its result, at most, of a file of `file_bytes`. */
uint64_t clp_codec_read_bytes(const clp_header *header, uint64_t file_bytes);

typedef struct clp_decoder clp_decoder;

/** How to decode. */
typedef struct clp_decode_request {
    /** GRAY of a YCC file decodes the Y plane alone. RGB of a YCC file converts and upsamples as
     * libjpeg-turbo does. Otherwise the header's own model. */
    clp_model model;
    uint32_t
        eighths; /**< JPEG shrink-on-load: 8 (whole), 4, 2 or 1 eighths of the size, rounded up */
} clp_decode_request;

/** Bits of clp_decode_result.flaws, by rising severity; numerics as in clproc_fail_on. */
enum {
    CLP_FLAW_WARNING = 1,  /**< extraneous bytes, bad version, broken ancillary chunk or profile */
    CLP_FLAW_CORRUPT = 2,  /**< bad Huffman data, wrong checksum, invalid parameters */
    CLP_FLAW_TRUNCATED = 4 /**< the data ends early */
};

typedef struct clp_decode_result {
    uint32_t flaws;    /**< what was tolerated under the policy */
    char message[256]; /**< the worst flaw in words, the first of its kind */
    bool small;        /**< what clp_decoder_add_small() named is there, too */
} clp_decode_result;

clproc_status clp_decoder_create(clp_decoder **decoder, clproc_error *error);
void clp_decoder_destroy(clp_decoder **decoder);

/** From now on reading stops, with CLPROC_ERROR_CANCELLED, soon after `*cancel` is not 0. NULL:
 * never. */
void clp_decoder_heed(clp_decoder *decoder, const volatile int *cancel);

/** True if files of this format can be read and written by this build. */
bool clp_codec_is_built(clproc_format format);
/** Fails for a format that this build lacks, or whose library cannot be loaded, with the package
 * that it needs. */
clproc_status clp_codec_need(clproc_format format, clproc_error *error);

/** The open file's bytes may go. */
void clp_decoder_close(clp_decoder *decoder);
/** Gives up memory kept for the next file, where it is more than `most` bytes. No file is open. */
void clp_decoder_trim(clp_decoder *decoder, size_t most);

/** True if the bytes begin like a file that can be read; `*format` may be NULL. Twelve bytes are
 * enough. */
bool clp_codec_recognise(const uint8_t *bytes, size_t size, clproc_format *format);

/** What a file is by its first bytes (16 are enough), where that is a picture or video of a kind
 * that is not read: "heic", "webp", "tif", … NULL where they tell nothing. */
const char *clp_codec_kind(const uint8_t *bytes, size_t size);
/** The package that a build which reads this kind needs; NULL: none does, or this one has it. */
const char *clp_codec_missing(const char *kind);
/** True if that is a kind of pictures. */
bool clp_codec_kind_is_picture(const char *kind);

/** Allows a format to unpack the rows of a whole picture at once, where that is quicker than row by
 * row, if they take at most `bytes` or 48 MB. Of no more than 256 MB is made use. */
void clp_decoder_unpack(clp_decoder *decoder, uint64_t bytes);

/** Starts on a file in memory; `bytes` must live until the next open. Checks `limits` on the header
 * alone. With fail_on WARNING, flaws of the header fail here. */
clproc_status clp_decoder_open(clp_decoder *decoder, const uint8_t *bytes, size_t size,
                               const clp_limits *limits, clproc_fail_on fail_on, clp_header *header,
                               clproc_error *error);

/** The layout that clp_decoder_read() will fill for `request`. */
clproc_status clp_decoder_layout(clp_decoder *decoder, const clp_decode_request *request,
                                 clp_layout *layout, clproc_error *error);

/** Has the open picture decoded to `base` as well when it is read, as reading it for a smaller
 * `request` would: `layout` is what clp_decoder_layout() made of that. Must come before the layout
 * of what is read. False: this picture needs two readings. Only clp_decode_result.small tells that
 * it was done: where the reading does not fit, it is not. */
bool clp_decoder_add_small(clp_decoder *decoder, const clp_decode_request *request,
                           const clp_layout *layout, uint8_t *base);

/** Of the picture that is laid out only these first rows of each plane are wanted. The others need
 * not be written then; what the file has of them is judged as before. */
void clp_decoder_want(clp_decoder *decoder, const uint32_t rows[CLP_MAX_PLANES]);

/** Decodes into `base`, laid out as clp_decoder_layout() said. Every sample of every plane is
 * written, or an error returned; samples that a truncated file lacks are what the codec library
 * puts there, never old memory. Padding to the right of and below a plane may be overwritten. */
clproc_status clp_decoder_read(clp_decoder *decoder, const clp_layout *layout, uint8_t *base,
                               clp_decode_result *result, clproc_error *error);
/** What the header alone has shown, of a picture that another decodes. */
void clp_decoder_flaws(const clp_decoder *decoder, clp_decode_result *result);
/** True if the open picture's rows come once, from the top down. */
bool clp_decoder_has_rows(const clp_decoder *decoder);
/** As clp_decoder_read(), into a sink; the picture must have rows. Only with the return of
 * CLPROC_OK is the picture known to be good. */
clproc_status clp_decoder_read_rows(clp_decoder *decoder, const clp_layout *layout,
                                    const clp_row_sink *sink, clp_decode_result *result,
                                    clproc_error *error);

/* -------------------------------------------------------------- writing */

typedef struct clp_encode_params {
    clproc_format format;           /**< never CLPROC_FORMAT_KEEP */
    int quality;                    /**< JPEG, WebP and AVIF, 1 to 100 */
    bool lossless;                  /**< WebP and AVIF: keep every sample */
    clproc_subsampling subsampling; /**< AVIF; KEEP is 420. A JPEG's planes have theirs already */
    bool progressive;
    int png_level; /**< zlib level, 0 to 9 */
    clp_blocks blocks;
    clp_colour_facts colour;
} clp_encode_params;

typedef struct clp_encoder clp_encoder;

clproc_status clp_encoder_create(clp_encoder **encoder, clproc_error *error);
void clp_encoder_destroy(clp_encoder **encoder);
/** As clp_decoder_heed(), of writing. */
void clp_encoder_heed(clp_encoder *encoder, const volatile int *cancel);

/** As clp_decoder_trim(): the last picture's bytes may go. */
void clp_encoder_trim(clp_encoder *encoder, size_t most);
/** Bytes that encoding takes, at most, those of the file included. */
uint64_t clp_codec_write_bytes(const clp_layout *layout, clproc_format format, bool progressive);

/** True if a JPEG can hold planes of these steps (each step's inverse must be a whole sampling
 * factor of at most 4). */
bool clp_jpeg_sampling_possible(const uint32_t h_step[3], const uint32_t v_step[3]);

/** Encodes a picture: GRAY or YCC at 8 bits to JPEG; GRAY, GRAYA, RGB, RGBA at 8 or 16 bits to PNG,
 * at 8 bits to WebP, at both to AVIF.
 * The picture may be overwritten. `*data` belongs to the encoder, or lies where the picture was,
 * and is valid until the encoder's next call. */
clproc_status clp_encoder_write(clp_encoder *encoder, const clp_layout *layout, uint8_t *base,
                                const clp_encode_params *params, const uint8_t **data, size_t *size,
                                clproc_error *error);

/* ----------------------------------------------------- without decoding */

/** Writes the file that the decoder has open with other metadata: what its pixels are stored in
 * stays byte for byte. `*data` as clp_encoder_write() gives it; NULL: the file is not whole, or
 * odd, and only decoding it can tell what is there. */
clproc_status clp_encoder_rewrite(clp_encoder *encoder, const clp_decoder *decoder,
                                  const clp_encode_params *params, const uint8_t **data,
                                  size_t *size, clproc_error *error);

/** A JPEG's pixels in other places: a rectangle of it, flipped, then transposed. */
typedef struct clp_move {
    bool flip_x, flip_y, transpose;
    uint32_t x0, x1, y0, y1; /**< of the picture as stored: first, and the one behind the last */
} clp_move;

/** Size of the picture that a move makes. */
uint32_t clp_move_width(const clp_move *move);
uint32_t clp_move_height(const clp_move *move);
/** Checks that a move goes by whole blocks of the picture: where a side is kept its first edge, and
 * where it is flipped its last edge must lie between them. `trim` moves such an edge inwards.
 * CLPROC_ERROR_UNSUPPORTED with cause and cure. */
clproc_status clp_move_fit(clp_move *move, const clp_header *header, bool trim,
                           clproc_error *error);
/** Bytes that clp_encoder_move() takes for coefficients. */
uint64_t clp_move_bytes(const clp_move *move, const clp_header *header);
/** Writes the JPEG that the decoder has open with its blocks in other places: no sample is decoded,
 * and none changes. The move fits. The decoder is closed. `*data` as clp_encoder_write() gives it.
 */
clproc_status clp_encoder_move(clp_encoder *encoder, clp_decoder *decoder, const clp_move *move,
                               const clp_encode_params *params, const uint8_t **data, size_t *size,
                               clproc_error *error);

#endif
