/* libtiff, as far as it is used here. */
#include "codec/tiff_private.h"

#define SLOT(name) {"TIFF" #name, &clp_libtiff.name},

struct clp_libtiff clp_libtiff;

static const clp_library_slot slots[] = {CLP_LIBTIFF(SLOT)};

clp_library clp_tiff_library = {.file = CLPROC_TIFF_SONAME,
                                .package = CLPROC_TIFF_PACKAGE,
                                .slots = slots,
                                .count = sizeof slots / sizeof *slots};
