/** From a file to its row. */
#ifndef CLP_INDEX_READER_H
#define CLP_INDEX_READER_H

#include "index/head.h"
#include "index/meta.h"
#include "index/pixels.h"
#include "index/store.h"

/** What one thread reads file after file with. */
typedef struct clp_reader clp_reader;

clproc_status clp_reader_create(clp_reader **reader, clproc_error *error);
void clp_reader_destroy(clp_reader **reader);

/** From now on rows have a digest of the pixels, made within these bounds, which must live as long.
 */
void clp_reader_digest(clp_reader *reader, const clp_pixels_bounds *bounds);

/** What has become of a file. */
typedef enum clp_read_end {
    CLP_READ_DONE,
    CLP_READ_BROKEN,     /**< the row has an error, and what could be read */
    CLP_READ_NO_PICTURE, /**< neither by its name nor by its bytes */
    CLP_READ_UNCHANGED,  /**< since the index was made */
    CLP_READ_STOPPED     /**< on request, in the midst of its pixels: there is no row */
} clp_read_end;

/** Fills a row, which is cleared first. A file that the user named is a broken picture where it is
 * none. With `old`, the index as it was, `*known` is the file's row there, NULL if it has none; of
 * one that is UNCHANGED nothing is read. */
clp_read_end clp_reader_read(clp_reader *reader, const char *path, bool named, const clp_old *old,
                             clp_old_row **known, clp_row *row);
/** The same of a file whose bytes have been read already, as far as its picture goes. */
clp_read_end clp_reader_read_lent(clp_reader *reader, const char *path, bool named,
                                  const uint8_t *data, size_t size, clp_row *row);
/** True if a file is as it was when its row was made, by its size and time: it is not opened.
 * `*known` is its row, `row` is for its name. */
bool clp_reader_is_unchanged(clp_reader *reader, const char *path, const clp_old *old,
                             clp_old_row **known, clp_row *row);
/** Bytes read so far, of all files. */
uint64_t clp_reader_bytes(const clp_reader *reader);

/* --------------------------------------------------- of the formats alone */

/** What of a file matters, put together as a small file: metadata, tables, no pixels. */
typedef struct clp_extract {
    clp_bytes bytes;
    bool whole;             /**< the pixels begin where they should */
    const char *problem;    /**< what is wrong where it is not whole */
    size_t exif, exif_size; /**< where EXIF stands in `bytes`, for files that no decoder takes */
    uint16_t tables[4][64]; /**< a JPEG's quantisation */
    size_t table_count;
    clp_bytes extension; /**< a JPEG's segments of Extended XMP, each from its length on */
} clp_extract;

/** Reads a WebP's size and metadata into the row. */
void clp_extract_webp(clp_head *head, clp_row *row);
/** Where the first directory of Panasonic's RW2 says that a JPEG is; 0: nowhere. */
uint64_t clp_raw_panasonic_jpeg(clp_head *head);
/** The same of the header of Fujifilm's RAF. */
uint64_t clp_raw_fuji_jpeg(clp_head *head);
/** Reads the size of a RAF's picture into the row. */
void clp_raw_fuji_size(clp_head *head, clp_row *row);
/** Reads the metadata of an MRW, Minolta's raw file, into the row. */
void clp_extract_mrw(clp_head *head, clp_row *row);
/** Reads the metadata of a CR3, Canon's raw file, into the row. */
void clp_extract_cr3(clp_head *head, clp_row *row);
/** How a HEIF or AVIF has its picture, before its decoder turns it. */
typedef struct clp_heif_stored {
    uint32_t width, height;
    uint32_t orientation; /**< what its properties turn it by, as EXIF's number */
    uint32_t depth;       /**< bits of a sample; 0 if they do not tell */
} clp_heif_stored;

/** False, and nothing is changed, where the file does not tell. */
bool clp_heif_find_stored(clp_head *head, clp_heif_stored *stored);
/** Gathers a JPEG that begins at `start`, and notes its size, sampling and so on in the row; with
 * `preview`, a raw file's, nothing of that. */
clproc_status clp_extract_jpeg(clp_head *head, uint64_t start, bool preview, clp_row *row,
                               clp_extract *extract, clproc_error *error);
clproc_status clp_extract_png(clp_head *head, clp_row *row, clp_extract *extract,
                              clproc_error *error);

#endif
