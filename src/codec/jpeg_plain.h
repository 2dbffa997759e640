/** What packing and writing scans share: the order of coefficients, and copying what is not 0xFF.
 */
#ifndef CLP_CODEC_JPEG_PLAIN_H
#define CLP_CODEC_JPEG_PLAIN_H

#include <stddef.h>
#include <stdint.h>

/** Places in the block, in the order of the scan. */
extern const uint32_t clp_jpeg_zigzag[64];

/** Copies up to the first 0xFF, in whole vectors while there are so many; returns how many bytes
 * that were. Writes up to 15 bytes more. */
size_t clp_jpeg_copy_plain(const uint8_t *from, size_t size, uint8_t *to);

#endif
