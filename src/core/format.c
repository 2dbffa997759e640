#include "core/format.h"

#include <stddef.h>
#include <strings.h>

static const clp_format formats[] = {
    {.name = "JPEG",
     .format = CLPROC_FORMAT_JPEG,
     .endings = {"jpg", "jpeg", "jpe", "jfif"},
     .written = true,
     .ycc = true,
     .shrinks = true,
     .rows = true,
     .gray = true,
     .depth = 8,
     .side_most = 65500 /* libjpeg's JPEG_MAX_DIMENSION */},
    {.name = "PNG",
     .format = CLPROC_FORMAT_PNG,
     .endings = {"png"},
     .written = true,
     .gray = true,
     .alpha = true,
     .exact = true,
     .numbers = true,
     .codes = true,
     .depth = 16,
     .side_most = 0x7fffffff /* PNG 1.2, 2.1 */},
    {.name = "WebP",
     .package = "libwebp-dev",
     .format = CLPROC_FORMAT_WEBP,
     .endings = {"webp"},
     .written = true,
     .alpha = true,
     .depth = 8,
     .side_most = 16383 /* libwebp's WEBP_MAX_DIMENSION */},
    {.name = "TIFF",
     .package = "libtiff-dev",
     .format = CLPROC_FORMAT_TIFF,
     .endings = {"tif", "tiff"},
     .gray = true,
     .alpha = true,
     .depth = 16,
     .side_most = 0x7fffffff},
    {.name = "PPM",
     .format = CLPROC_FORMAT_PPM,
     .endings = {"ppm"},
     .written = true,
     .rows = true,
     .exact = true,
     .depth = 16,
     .side_most = 0x7fffffff},
    {.name = "PGM",
     .format = CLPROC_FORMAT_PGM,
     .endings = {"pgm"},
     .written = true,
     .rows = true,
     .gray = true,
     .exact = true,
     .depth = 16,
     .side_most = 0x7fffffff},
    {.name = "PNM",
     .format = CLPROC_FORMAT_PNM,
     .endings = {"pnm"},
     .written = true,
     .rows = true,
     .gray = true,
     .exact = true,
     .depth = 16,
     .side_most = 0x7fffffff},
    {.name = "PAM",
     .format = CLPROC_FORMAT_PAM,
     .endings = {"pam"},
     .written = true,
     .rows = true,
     .gray = true,
     .alpha = true,
     .exact = true,
     .depth = 16,
     .side_most = 0x7fffffff},
    {.name = "HEIF",
     .package = "libheif-dev",
     .format = CLPROC_FORMAT_HEIF,
     .endings = {"heic", "heif", "hif"},
     .alpha = true,
     .codes = true,
     .depth = 16,
     .side_most = 32768},
    {.name = "AVIF",
     .package = "libheif-dev",
     .format = CLPROC_FORMAT_AVIF,
     .endings = {"avif"},
     .written = true,
     .alpha = true,
     .codes = true,
     .depth = 16,        /* that become 12 */
     .deep_asked = true, /* not every viewer has 12 */
     .side_most = 32768 /* as much as libheif reads */},
    {.endings = {"gif"}},
    {.endings = {"bmp"}},
    {.endings = {"jxl"}},
    {.endings = {"jp2"}},
};

#define COUNT (sizeof formats / sizeof *formats)

const clp_format *clp_format_of(clproc_format format) {
    for (size_t i = 0; format != CLPROC_FORMAT_KEEP && i < COUNT; i++) {
        if (formats[i].format == format) {
            return &formats[i];
        }
    }
    return NULL;
}

const clp_format *clp_format_by_ending(const char *ending) {
    for (size_t i = 0; i < COUNT; i++) {
        for (size_t k = 0; formats[i].endings[k]; k++) {
            if (strcasecmp(ending, formats[i].endings[k]) == 0) {
                return &formats[i];
            }
        }
    }
    return NULL;
}
