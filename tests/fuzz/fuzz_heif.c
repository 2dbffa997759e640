#include "fuzz_picture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_picture(data, size, CLPROC_FORMAT_HEIF);
    fuzz_picture(data, size, CLPROC_FORMAT_AVIF);
    return 0;
}
