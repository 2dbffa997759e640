#include "fuzz_picture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const clproc_format formats[] = {CLPROC_FORMAT_PGM, CLPROC_FORMAT_PPM,
                                            CLPROC_FORMAT_PAM};
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        fuzz_picture(data, size, formats[i]);
    }
    return 0;
}
