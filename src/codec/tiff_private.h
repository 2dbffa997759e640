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
    X(ScanlineSize64)                                                                              \
    X(SetField)                                                                                    \
    X(TileRowSize)                                                                                 \
    X(TileSize64)                                                                                  \
    X(VStripSize64)

#define CLP_LIBTIFF_POINTER(name) __typeof__(TIFF##name) *(name);

extern struct clp_libtiff { CLP_LIBTIFF(CLP_LIBTIFF_POINTER) } clp_libtiff;

extern clp_library clp_tiff_library;

/** A TIFF that is being read. */
typedef struct clp_tiff {
    TIFF *file; /**< NULL: none */
    const clp_source *source;
    uint64_t position;
    char message[160]; /**< libtiff's first complaint of the file */
    uint16_t bits, samples, planar, photometric, compression;
    bool direct;   /**< samples are taken as they are stored */
    bool inverted; /**< 0 is white, or of inks none */
    bool premultiplied;
    clp_bytes exif, icc, xmp, iptc;
    clp_bytes part; /**< a strip or tile */
} clp_tiff;

/** Opens the file in `tiff->source`. No part of it may take more than `most` bytes. */
clproc_status clp_tiff_open(clp_tiff *tiff, uint64_t most, clproc_error *error);
/** A failure for the reason that libtiff has told. */
clproc_status clp_tiff_failure(const clp_tiff *tiff, clproc_error *error);
/** Fills the header's blocks and density. Blocks lie in the decoder's clp_tiff. */
clproc_status clp_tiff_read_metadata(clp_decoder *decoder, clproc_error *error);

#endif
