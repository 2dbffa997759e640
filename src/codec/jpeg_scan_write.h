/** JPEG files whose scan a device has encoded: the same bytes as clp_encoder_write()'s. */
#ifndef CLP_CODEC_JPEG_SCAN_WRITE_H
#define CLP_CODEC_JPEG_SCAN_WRITE_H

#include "codec/codec.h"
#include "core/jpeg_package.h"

/** What a quality, 1 to 100, and the standard codes mean to the kernels. */
clproc_status clp_jpeg_encode_tables_make(jpeg_encode_tables *tables, int quality,
                                          clproc_error *error);

/** Writes the file of a picture of this layout around its scan: `bits`, at `scan`, as the kernels
 * leave them, in whole words. `params` are those of clp_encoder_write(), not progressive. */
clproc_status clp_encoder_write_scan(clp_encoder *encoder, const clp_layout *layout,
                                     const clp_encode_params *params, const uint8_t *scan,
                                     uint32_t bits, const uint8_t **data, size_t *size,
                                     clproc_error *error);

/** Copies a scan, putting a zero behind each 0xFF; returns how many bytes that makes. `to` has room
 * for as many as clp_jpeg_stuffed_size() says, and 16 more. */
size_t clp_jpeg_stuff(const uint8_t *from, size_t size, uint8_t *to);
size_t clp_jpeg_stuffed_size(const uint8_t *from, size_t size);

#endif
