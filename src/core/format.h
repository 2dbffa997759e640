/** What the file formats can hold: one row each, for planner, codecs and names alike. */
#ifndef CLP_CORE_FORMAT_H
#define CLP_CORE_FORMAT_H

#include <stdbool.h>
#include <stdint.h>

#include "clproc/clproc.h"

typedef struct clp_format {
    const char *name;       /**< as people write it; NULL where `format` is KEEP */
    const char *package;    /**< of Debian, that a build with it needs; NULL: every build has it */
    clproc_format format;   /**< CLPROC_FORMAT_KEEP in rows of formats that are neither read nor
                               written, whose files are known by their endings */
    const char *endings[5]; /**< of files; the first is the one that is written. NULL ends them. */
    bool written;           /**< else only read */
    bool ycc;               /**< colours are stored as planes of YCbCr, else as RGB */
    bool shrinks;           /**< can be decoded at 4, 2 or 1 eighths of its size */
    bool rows;              /**< always decoded from top to bottom, interlaced or not */
    bool gray;              /**< pictures of one channel are stored as such */
    bool alpha;
    bool exact;         /**< encoding loses nothing */
    bool numbers;       /**< colours can be described by gamma and chromaticities, as in a PNG */
    bool codes;         /**< they can be by the code points of ITU-T H.273, sRGB among them */
    uint32_t depth;     /**< most bits of a sample that are stored */
    bool deep_asked;    /**< more than 8 are stored only where they are asked for */
    uint32_t side_most; /**< pixels along the longer side */
} clp_format;

/** The row of a format; NULL for KEEP. */
const clp_format *clp_format_of(clproc_format format);
/** The row that has this ending, in whatever case, without its dot; NULL if none has. */
const clp_format *clp_format_by_ending(const char *ending);

/** "a" or "an", as stands before its name. */
static inline const char *clp_format_article(const clp_format *row) {
    return row->name[0] == 'A' ? "an" : "a";
}

#endif
