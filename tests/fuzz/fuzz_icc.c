#include "fuzz.h"
#include "meta/meta.h"

static void convert(const uint8_t *data, size_t size) {
    char reason[128] = "";
    uint32_t channels = 0;
    clproc_error error;
    bool good = clp_icc_check(data, size, &channels, reason, sizeof reason);
    FUZZ_PROMISE(good || reason[0]);
    /* As the picture's own profile, and as the one to convert to. */
    clp_icc_request from = {.source = data,
                            .source_size = size,
                            .channels = channels ? channels : 3,
                            .intent = (clproc_intent)(size % 4),
                            .black_point = size % 2};
    clp_icc_request to = {.channels = 3, .target = data, .target_size = size};
    for (const clp_icc_request *request = &from; request; request = request == &from ? &to : NULL) {
        clp_conversion *conversion = NULL;
        fuzz_failed(clp_icc_convert(request, &conversion, &error), &error);
        clp_conversion_release(&conversion);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_with_block(data, size, FUZZ_ICC, convert);
    return 0;
}
