/* libheif, as far as it is used here. */
#include "codec/heif_private.h"

#define SLOT(name) {"heif_" #name, &clp_libheif.name},

struct clp_libheif clp_libheif;

static const clp_library_slot slots[] = {CLP_LIBHEIF(SLOT)};

clp_library clp_heif_library = {.file = CLPROC_HEIF_SONAME,
                                .package = CLPROC_HEIF_PACKAGE,
                                .slots = slots,
                                .count = sizeof slots / sizeof *slots};
