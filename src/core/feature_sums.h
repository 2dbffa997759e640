/** What src/device and src/features tell each other of a picture's sums: the kernel's own words, as
 * C. */
#ifndef CLP_CORE_FEATURE_SUMS_H
#define CLP_CORE_FEATURE_SUMS_H

#include "../../kernels/features.clh"

#endif
