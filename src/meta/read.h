/** Reading what metadata tells, beside EXIF's tags (tiff.h): XMP, IPTC, the name of a profile. */
#ifndef CLP_META_READ_H
#define CLP_META_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/file.h"

/** Converts UTF-16 to UTF-8, ended by a NUL, as much as has room, up to a NUL. Returns its bytes.
 */
size_t clp_utf16_to_utf8(const uint8_t *from, size_t bytes, bool little, char *to, size_t room);

/** A value of a property of an XMP packet; all of it lives as long as the call. */
typedef struct clp_xmp_value {
    const char *schema; /**< by its usual prefix, as "dc", whatever the packet calls it */
    const char *name;   /**< as "title"; of a part of a property "Flash/Fired" */
    const char *text;   /**< UTF-8 with its entities resolved */
    size_t size;
    const char *language; /**< of an item, as "x-default" or "de-CH"; "" if none is told */
} clp_xmp_value;

/** The name space of a schema by its usual prefix, which is one of those known. */
const char *clp_xmp_schema(const char *usual);
/** The usual prefix of a name space; NULL if it is not known. */
const char *clp_xmp_prefix(const char *uri, size_t size);

typedef void (*clp_xmp_fn)(void *user, const clp_xmp_value *value);

/** Calls `take` for every simple property, for each item of those that are lists or alternatives,
 * and for each part of those that are built of several; lists of such are passed over. Returns what
 * is wrong with the packet, NULL if nothing is; what could be read until there has been taken. */
const char *clp_xmp_read(const uint8_t *data, size_t size, clp_xmp_fn take, void *user);

/** What a JPEG's segment of Extended XMP begins with, its NUL among it. */
#define CLP_XMP_EXTENSION "http://ns.adobe.com/xmp/extension/"
/** Letters of the name that a packet calls its extension by. */
enum { CLP_XMP_GUID = 32 };

/** Puts the extension of that name together. `segments`: segments of a JPEG that begin with
 * CLP_XMP_EXTENSION, each with its length before it; others are passed over. `packet` is left empty
 * if not all of it is there. */
clproc_status clp_xmp_extension(const clp_bytes *segments, const char guid[CLP_XMP_GUID],
                                clp_bytes *packet, clproc_error *error);

typedef struct clp_iptc_set {
    uint8_t record, number;
    const uint8_t *data;
    size_t size;
} clp_iptc_set;

typedef void (*clp_iptc_fn)(void *user, const clp_iptc_set *set);

/** Calls `take` for every data set of IPTC among Photoshop's resources; returns a flaw or NULL. */
const char *clp_iptc_read(const uint8_t *data, size_t size, clp_iptc_fn take, void *user);
/** The same of data sets that stand alone, as in TIFF files. */
const char *clp_iptc_read_sets(const uint8_t *data, size_t size, clp_iptc_fn take, void *user);

/** Writes the description of an ICC profile, of which the end may be missing, as UTF-8; "" if it
 * has none that can be read. */
void clp_icc_name(const uint8_t *data, size_t size, char *name, size_t room);

#endif
