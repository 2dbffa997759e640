/** What the files that read TIFF share. Built only where libtiff is there. */
#ifndef CLP_CODEC_TIFF_PRIVATE_H
#define CLP_CODEC_TIFF_PRIVATE_H

#include <tiffio.h>

#include "codec/codec_private.h"

/** The functions of libtiff that are called here, without the TIFF before their names. A call reads
 * clp_libtiff.GetField(), and only what runs behind clp_codec's `library` may make one. */
#define CLP_LIBTIFF(X)                                                                             \
    X(ClientOpenExt)                                                                               \
    X(Close)                                                                                       \
    X(ComputeStrip)                                                                                \
    X(ComputeTile)                                                                                 \
    X(GetField)                                                                                    \
    X(GetFieldDefaulted)                                                                           \
    X(GetStrileByteCount)                                                                          \
    X(GetStrileOffset)                                                                             \
    X(IsByteSwapped)                                                                               \
    X(IsCODECConfigured)                                                                           \
    X(IsTiled)                                                                                     \
    X(LastDirectory)                                                                               \
    X(OpenOptionsAlloc)                                                                            \
    X(OpenOptionsFree)                                                                             \
    X(OpenOptionsSetErrorHandlerExtR)                                                              \
    X(OpenOptionsSetMaxSingleMemAlloc)                                                             \
    X(OpenOptionsSetWarningHandlerExtR)                                                            \
    X(RGBAImageOK)                                                                                 \
    X(ReadEncodedStrip)                                                                            \
    X(ReadEncodedTile)                                                                             \
    X(ReadRGBAImageOriented)                                                                       \
    X(ReadScanline)                                                                                \
    X(ScanlineSize64)                                                                              \
    X(SetField)                                                                                    \
    X(TileRowSize)                                                                                 \
    X(TileSize64)                                                                                  \
    X(VStripSize64)

#define CLP_LIBTIFF_POINTER(name) __typeof__(TIFF##name) *(name);

extern struct clp_libtiff { CLP_LIBTIFF(CLP_LIBTIFF_POINTER) } clp_libtiff;

extern clp_library clp_tiff_library;

/** Planes of a picture whose channels are stored apart. */
enum { CLP_TIFF_PLANES = 4 };

/** Where a picture's rows come from. */
typedef enum clp_tiff_way {
    CLP_TIFF_STORED, /**< they stand in the file as they are */
    CLP_TIFF_ROWS,   /**< libtiff unpacks strips row by row */
    CLP_TIFF_PARTS,  /**< strips, or rows of tiles, are unpacked one at a time */
    CLP_TIFF_WHOLE   /**< libtiff converts the picture at once */
} clp_tiff_way;

/** A TIFF that is being read. */
typedef struct clp_tiff {
    TIFF *file; /**< NULL: none */
    const clp_source *source;
    uint64_t position;
    char message[160]; /**< libtiff's first complaint of the file */
    char warning[160]; /**< its first doubt of the pixels */
    uint16_t bits, samples, planar, photometric, compression;
    bool direct;   /**< samples are taken as they are stored */
    bool tabled;   /**< or looked up in `table` */
    bool inverted; /**< 0 is white, or of inks none */
    bool premultiplied;
    uint8_t table[256][3];
    clp_tiff_way way;
    bool swapped;         /**< bytes of samples that are taken from the file itself */
    uint32_t plane_count; /**< stored one apart from the other, of those that are wanted */
    /** Of strips, which are as wide as the picture, or of tiles. */
    uint32_t part_width, part_height;
    size_t part_bytes, row_bytes; /**< of a part, of a row of the picture in one plane */
    /** Of CLP_TIFF_ROWS: for each plane behind the first the file opened once more, since libtiff
     * unpacks one strip of a file at a time. */
    TIFF *planes[CLP_TIFF_PLANES];
    uint32_t lost[CLP_TIFF_PLANES]; /**< the strip of which no more can be unpacked */
    clp_bytes exif, icc, xmp, iptc;
    clp_bytes rows; /**< a row, or the rows of parts, of all planes, one plane behind the other */
    clp_bytes part; /**< a tile */
} clp_tiff;

/** Opens the file in `tiff->source`. */
clproc_status clp_tiff_open(clp_tiff *tiff, TIFF **file, clproc_error *error);
/** Closes one that is open. */
void clp_tiff_close(TIFF **file);
/** A failure for the reason that libtiff has told. */
clproc_status clp_tiff_failure(const clp_tiff *tiff, clproc_error *error);
/** Fills the header's blocks and density. Blocks lie in the decoder's clp_tiff. */
clproc_status clp_tiff_read_metadata(clp_decoder *decoder, clproc_error *error);
/** Finds where the rows come from, and what memory that takes. */
clproc_status clp_tiff_choose_way(clp_decoder *decoder, clproc_error *error);
/** Decodes the picture; see clp_codec. */
clproc_status clp_tiff_read_pixels(clp_decoder *decoder, const clp_layout *layout,
                                   const clp_row_sink *sink, clproc_error *error);

#endif
