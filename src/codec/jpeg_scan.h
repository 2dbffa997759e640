/** A JPEG's scan for devices that decode it: parsing, and packing it as kernels want it. Knows no
 * OpenCL.
 *
 *  Only what is plain in every way is taken; anything odd is left to libjpeg, whose verdict and
 * message count. That a picture is packed does not mean it is good: the kernels find that out. */
#ifndef CLP_CODEC_JPEG_SCAN_H
#define CLP_CODEC_JPEG_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/jpeg_package.h"

/** A Huffman table as the file has it. */
typedef struct clp_jpeg_codes {
    bool present;
    uint8_t counts[16]; /**< codes of each length */
    uint8_t symbols[256];
} clp_jpeg_codes;

/** What a file says of its scan. Points into the file. */
typedef struct clp_jpeg_scan {
    const uint8_t *data; /**< the first byte of the scan, and all that follows */
    size_t size;
    jpeg_package package; /**< without the fields that only packing knows: segments' ends, bytes */
    clp_jpeg_codes codes[2][4];
    uint32_t pair_codes[JPEG_COMPONENTS][2];  /**< by pair of tables: numbers of DC and AC codes */
    uint16_t quantisers[JPEG_COMPONENTS][64]; /**< in the order of the scan */
    size_t bound;                             /**< bytes its package takes, padding included */
} clp_jpeg_scan;

/** NULL if the device may try this file, else why not, in a few words. */
const char *clp_jpeg_scan_parse(clp_jpeg_scan *scan, const uint8_t *bytes, size_t size);

/** Writes the package to `room`, which has scan->bound bytes and is aligned to JPEG_ALIGN, and
 * completes scan->package. `*used` bytes are written, padding included. NULL, or why the file is
 * not for the device after all. */
const char *clp_jpeg_scan_pack(clp_jpeg_scan *scan, uint8_t *room, size_t *used);

/** How large a block of each component comes out when shrinking to `eighths`, as libjpeg-turbo
 * decides it for raw data: 8, 4, 2 or 1 samples a side. */
void clp_jpeg_scan_sizes(const jpeg_package *package, uint32_t eighths,
                         uint32_t sizes[JPEG_COMPONENTS]);

/** True if the first component's samples are the picture's own: then its plane alone is what
 * libjpeg decodes in gray. Where it is subsampled, libjpeg interpolates. */
bool clp_jpeg_scan_has_whole_luma(const jpeg_package *package);

/** Copies bytes without the zeros that are stuffed behind each 0xFF, up to a marker or the end;
 * returns how many it read, and through `*written` how many it wrote. Writes up to 15 bytes more
 * than that. */
size_t clp_jpeg_unstuff(const uint8_t *from, size_t size, uint8_t *to, size_t *written);

#endif
