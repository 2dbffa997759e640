/** What reading and writing PNG share. */
#ifndef CLP_CODEC_PNG_PRIVATE_H
#define CLP_CODEC_PNG_PRIVATE_H

#include <spng.h>

#include "codec/codec_private.h"

#define CLP_PNG_XMP "XML:com.adobe.xmp"

/** Bytes a file begins with; of a chunk before its data (length, type), and behind it (checksum).
 */
enum { CLP_PNG_SIGNATURE = 8, CLP_PNG_HEAD = 8, CLP_PNG_TAIL = 4 };
/** Bytes that may be read behind rows that are unfiltered. */
enum { CLP_PNG_SLACK = 8 };

/** libspng's memory, taken through core/memory.h. */
spng_ctx *clp_png_context(int flags);

/** Appends a picture's pixels and the end of the file to what has been encoded. `level`: zlib's. */
clproc_status clp_png_write_pixels(clp_encoder *encoder, const clp_layout *layout,
                                   const uint8_t *base, int level, clproc_error *error);

/** Makes of a PNG one whose pixels are not packed, in `file`: quicker to read for libspng. It is no
 * higher than `*height`, which becomes what it is. False where that is impossible, too large
 * (`most`: bytes of rows), or anything is wrong with the pixels' chunks: then the file itself is
 * what to read. */
bool clp_png_store(const clp_source *source, const struct spng_ihdr *ihdr, uint64_t most,
                   uint32_t *height, clp_bytes *file);
/** Bytes that it takes at most. */
uint64_t clp_png_store_bytes(const clp_header *header, uint64_t file_bytes, uint64_t most);

/** Undoes the filters of the first `wanted` of rows of `bytes`, one behind the other, each behind
 * its filter's number, which becomes that of none. `pixel`: bytes from pixel to pixel, 1, 2, 3, 4,
 * 6 or 8; `zeros`: as many as a row has bytes. Behind both there are CLP_PNG_SLACK bytes that may
 * be read. False where a number of any of the rows is of no filter: nothing else can be wrong with
 * those that are not wanted. */
bool clp_png_unfilter(uint8_t *rows, const uint8_t *zeros, size_t bytes, uint32_t height,
                      uint32_t wanted, size_t pixel);

/** Chunks whose content libspng drops without a word when it cannot use it. */
enum {
    CLP_PNG_HAS_GAMA = 1,
    CLP_PNG_HAS_CHRM = 2,
    CLP_PNG_HAS_SRGB = 4,
    CLP_PNG_HAS_ICCP = 8,
    CLP_PNG_HAS_PHYS = 16,
    CLP_PNG_HAS_TRNS = 32
};

/** What a PNG's texts hold; used again for file after file. Zero-initialise. */
typedef struct clp_png_texts {
    clp_bytes notes;                /**< a list: see clp_notes_next() */
    clp_bytes exif, xmp, iptc, icc; /**< the first of each */
    clp_bytes profile, unpacked;    /**< scratch */
    uint64_t total;                 /**< bytes so far */
} clp_png_texts;

void clp_png_texts_clear(clp_png_texts *texts);
void clp_png_texts_free(clp_png_texts *texts);
/** Takes what is in a tEXt, zTXt or iTXt chunk, whose `size` bytes of data stand behind `type`. */
clproc_status clp_png_take_text(clp_png_texts *texts, const clp_source *source, const uint8_t *type,
                                size_t size, clp_flaws *flaws, clproc_error *error);
/** Appends chunks for notes and IPTC to a file. `scratch` is overwritten. */
clproc_status clp_png_write_texts(clp_bytes *file, const clp_blocks *blocks, clp_bytes *scratch,
                                  clproc_error *error);

/** What the list of chunks says, wherever they stand. Blocks point into the file. */
typedef struct clp_png_chunks {
    uint32_t present; /**< CLP_PNG_HAS_… with a good checksum */
    clp_block exif;
    clp_block cicp;
    uint32_t beside; /**< CLP_BESIDE_… */
    bool oversized;  /**< an ancillary chunk is beyond the limit */
    bool unended;    /**< there are pixels, but no sound IEND chunk */
    size_t end;      /**< behind the IEND chunk; 0: there is none */
    size_t cut; /**< where an IDAT chunk begins that runs beyond the end of the file; 0: none */
} clp_png_chunks;

/** True if a chunk is metadata beyond the limit, to be dropped; transparency is none. */
bool clp_png_is_oversized(const clp_source *source, const uint8_t *type, size_t size);

/** Walks the list of chunks once. Bad checksums of ancillary chunks are noted as flaws. */
clproc_status clp_png_find_chunks(const clp_source *source, clp_png_chunks *chunks,
                                  clp_png_texts *texts, clp_flaws *flaws, clproc_error *error);

/** Copies the file for libspng without ancillary chunks beyond the limit (`all`: without any that
 * may get there unpacked). What is cut off behind the first pixels gets an end, since libspng reads
 * whole chunks. */
clproc_status clp_png_repair(const clp_source *source, const clp_png_chunks *chunks, bool all,
                             clp_bytes *file, clproc_error *error);

/** How the stored rows become pixels. */
typedef struct clp_png_pixels {
    uint8_t colour_type, depth;
    bool keyed;      /**< one colour (gray, RGB) or some palette entries are transparent */
    uint16_t key[3]; /**< that colour */
    uint8_t palette[256][4];
} clp_png_pixels;

/** From the chunks before the pixels, which `context` has read. */
void clp_png_pixels_init(clp_png_pixels *kind, spng_ctx *context, const struct spng_ihdr *ihdr);
/** True if a stored row is not yet a row of pixels. */
bool clp_png_is_packed(const clp_png_pixels *kind);
/** Makes pixels of a packed row; 16-bit samples are in host order already. */
void clp_png_unpack(const clp_png_pixels *kind, const uint8_t *packed, uint32_t width,
                    uint8_t *out);
/** Pixels that a row of a pass has (Adam7). */
uint32_t clp_png_pass_width(uint32_t width, int pass);
/** Puts the pixels of a pass, of `pixel` bytes each, where they belong in a row. */
void clp_png_spread(const uint8_t *pixels, int pass, uint32_t width, size_t pixel, uint8_t *row);

/** Packs the filtered rows in `encoder->scratch` into chunks behind `encoder->output`. */
clproc_status clp_png_write_packed(clp_encoder *encoder, clproc_error *error);
/** The same, but ends soon after a stop is requested, without the encoder's buffers then. */
clproc_status clp_png_pack(clp_encoder *encoder, clproc_error *error);

#endif
