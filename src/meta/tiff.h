/** Reading the tags of a TIFF structure: EXIF, TIFF files, and raw files that are built so. */
#ifndef CLP_META_TIFF_H
#define CLP_META_TIFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ------------------------------------------------------------------ bytes */

static inline uint32_t clp_tiff_u16(const uint8_t *p, bool little) {
    return little ? (uint32_t)p[0] | (uint32_t)p[1] << 8 : (uint32_t)p[1] | (uint32_t)p[0] << 8;
}

static inline uint32_t clp_tiff_u32(const uint8_t *p, bool little) {
    uint32_t first = clp_tiff_u16(p, little), second = clp_tiff_u16(p + 2, little);
    return little ? first | second << 16 : second | first << 16;
}

static inline uint64_t clp_tiff_u64(const uint8_t *p, bool little) {
    uint64_t first = clp_tiff_u32(p, little), second = clp_tiff_u32(p + 4, little);
    return little ? first | second << 32 : second | first << 32;
}

enum {
    CLP_TIFF_BYTE = 1,
    CLP_TIFF_ASCII,
    CLP_TIFF_SHORT,
    CLP_TIFF_LONG,
    CLP_TIFF_RATIONAL,
    CLP_TIFF_SBYTE,
    CLP_TIFF_UNDEFINED,
    CLP_TIFF_SSHORT,
    CLP_TIFF_SLONG,
    CLP_TIFF_SRATIONAL,
    CLP_TIFF_FLOAT,
    CLP_TIFF_DOUBLE,
    CLP_TIFF_IFD,
    CLP_TIFF_LONG8 = 16, /**< this and the next ones of BigTIFF */
    CLP_TIFF_SLONG8,
    CLP_TIFF_IFD8,
    CLP_TIFF_UTF8 = 129 /**< text, since EXIF 3.0 */
};

/** Bytes of one value of a type; 0 for types that there are not. */
uint32_t clp_tiff_type_size(uint32_t type);

/* ------------------------------------------------------------------- tags */

/** Bytes that can be asked for part by part: a block of memory, or a file read as needed. */
typedef struct clp_reach {
    /** `bytes` bytes at `offset`; NULL if they are not there. Valid until the next call. */
    const uint8_t *(*at)(void *user, uint64_t offset, size_t bytes);
    void *user;
    uint64_t size; /**< bytes there are */
} clp_reach;

/** Where a tag stands. */
typedef enum clp_ifd {
    CLP_IFD_MAIN,
    CLP_IFD_EXIF,
    CLP_IFD_GPS,
    CLP_IFD_INTEROP,
    CLP_IFD_SUB, /**< pictures below the first one, of TIFF and raw files */
    CLP_IFD_COUNT
} clp_ifd;

typedef struct clp_tiff_tag {
    clp_ifd ifd;
    uint32_t picture; /**< of CLP_IFD_SUB: which one, from 0 */
    uint32_t tag, type;
    uint32_t count; /**< values, at least 1 */
    bool little;
    const uint8_t *data; /**< the values, as stored */
    size_t size;         /**< their bytes */
} clp_tiff_tag;

typedef struct clp_tiff_visitor {
    /** True if the tag's values are to be read. */
    bool (*wants)(clp_ifd ifd, uint32_t tag);
    /** Called for each of them; `tag` and its data live as long as the call. */
    void (*take)(void *user, const clp_tiff_tag *tag);
    void *user;
} clp_tiff_visitor;

/** Bits of what clp_tiff_read() found wrong. */
enum {
    CLP_TIFF_NO_HEADER = 1,
    CLP_TIFF_OUTSIDE = 2,    /**< a directory lies outside the data */
    CLP_TIFF_SHORT_IFD = 4,  /**< the data ends within a directory */
    CLP_TIFF_LOOP = 8,       /**< a directory leads back to one that was read */
    CLP_TIFF_CROWDED = 16,   /**< a directory of absurdly many entries, or too many directories */
    CLP_TIFF_BAD_TYPE = 32,  /**< a wanted tag of no known type */
    CLP_TIFF_BAD_VALUE = 64, /**< a wanted tag whose values lie outside */
    CLP_TIFF_UNREAD = 128    /**< one whose values are more than is read of a tag, or of a file */
};

/** Reads the first directory, which is of the kind `first`, and those it leads to: EXIF, GPS,
 * interoperability, and, with `subs`, the pictures below it; BigTIFF, too. Visits what can be read,
 * whatever else is broken; returns the flaws. */
uint32_t clp_tiff_read(const clp_reach *from, clp_ifd first, bool subs,
                       const clp_tiff_visitor *visitor);
/** The same of a block of memory, of which the first directory is the main one. */
uint32_t clp_tiff_read_block(const uint8_t *data, size_t size, const clp_tiff_visitor *visitor);
/** The first flaw of a set in words, as "EXIF: a directory leads back to itself"; NULL for none. */
const char *clp_tiff_flaw(uint32_t flaws, size_t index);

/** Number `index` of a tag's values; false where there is none, as a fraction by 0. */
bool clp_tiff_number(const clp_tiff_tag *tag, uint32_t index, double *number);

#endif
