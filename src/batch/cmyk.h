/** Ink to light, until colour profiles do it better. */
#ifndef CLP_BATCH_CMYK_H
#define CLP_BATCH_CMYK_H

#include "core/image.h"

/** Each of R, G, B is its ink's light times black's: C·K ÷ 255, where 255 is no ink. Both pictures
 * have 8 bits and the same size. */
void clp_cmyk_to_rgb(const clp_layout *cmyk, const uint8_t *from, const clp_layout *rgb,
                     uint8_t *to);

#endif
