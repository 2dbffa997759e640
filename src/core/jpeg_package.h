/** What src/codec and src/device tell each other of JPEGs: the kernels' own words, as C. */
#ifndef CLP_CORE_JPEG_PACKAGE_H
#define CLP_CORE_JPEG_PACKAGE_H

#include <stdint.h>

#define ulong uint64_t
#define uint uint32_t
#include "../../kernels/jpeg_package.clh"

#include "../../kernels/jpeg_encode.clh" /* uses it */
#undef ulong
#undef uint

#endif
