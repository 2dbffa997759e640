/** Metadata as the fields of a row. */
#ifndef CLP_INDEX_META_H
#define CLP_INDEX_META_H

#include "codec/codec.h"
#include "index/row.h"
#include "meta/tiff.h"

/* Each takes what can be read; flaws become the row's warning. */

/** EXIF of a JPEG or PNG: a TIFF structure without its picture. */
void clp_index_exif(clp_row *row, const uint8_t *data, size_t size);
/** A TIFF or raw file, with the size of its picture; false if it has no directory to read. */
bool clp_index_tiff(clp_row *row, const clp_reach *from);
/** Directories that are TIFF structures of their own, as a CR3 has them: of the picture, EXIF and
 * GPS. Those of no size are not there. */
enum { CLP_INDEX_MAIN, CLP_INDEX_EXIF, CLP_INDEX_GPS, CLP_INDEX_PARTS };
void clp_index_directories(clp_row *row, const clp_reach parts[CLP_INDEX_PARTS]);
/** Looks at EXIF's three dates, and puts each together with its fraction and zone. */
void clp_index_dates(clp_row *row);
/** An XMP packet. `segments`: of a JPEG, those that its Extended XMP may be among, see
 * clp_xmp_extension(); else NULL. */
void clp_index_xmp(clp_row *row, const uint8_t *data, size_t size, const clp_bytes *segments);
/** IPTC's data sets, `bare` or among Photoshop's resources. */
void clp_index_iptc(clp_row *row, const uint8_t *data, size_t size, bool bare);
/** A JPEG's comments and a PNG's texts. */
void clp_index_notes(clp_row *row, const clp_block *notes);

/** What libjpeg's tables come to at one quality. */
typedef struct clp_quality_mark {
    uint32_t steps, sum; /**< of some telling steps, and of all */
} clp_quality_mark;

/** By quality, from 1 to 100. */
typedef struct clp_quality_scale {
    clp_quality_mark gray[101], colour[101];
} clp_quality_scale;

void clp_quality_scale_make(clp_quality_scale *scale);
/** What quality a JPEG was likely saved with, from 1 to 100, by `count` quantisation tables of 64
 * in the file's order; 0 if that cannot be told. As ImageMagick and exiftool estimate it. */
int clp_index_quality(const clp_quality_scale *scale, const uint16_t tables[][64], size_t count);

#endif
