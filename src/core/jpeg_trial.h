/** Pictures on which a device's JPEG codec must agree with libjpeg: made by src/codec, run by
 * src/device. */
#ifndef CLP_CORE_JPEG_TRIAL_H
#define CLP_CORE_JPEG_TRIAL_H

#include "core/image.h"
#include "core/jpeg_package.h"

typedef struct clp_jpeg_trial {
    jpeg_package package;
    uint8_t *packed; /**< the whole package */
    size_t packed_bytes;
    uint32_t sizes[JPEG_COMPONENTS]; /**< of its blocks */
    clp_layout layout;
    uint8_t *planes; /**< what libjpeg decodes */
    jpeg_encode_tables tables;
    uint8_t *scan; /**< what libjpeg encodes these planes to, unstuffed */
    size_t scan_bytes;
} clp_jpeg_trial;

#define CLP_JPEG_TRIALS 8

#endif
