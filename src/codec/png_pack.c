/** Packing in a thread of its own: libdeflate takes a whole picture in one call, which may last for
 * seconds and looks at nothing meanwhile. */
#include <libdeflate.h>

#include "codec/png_private.h"
#include "core/cancel.h"
#include "core/leave.h"
#include "core/memory.h"

/** So few bytes are packed in some tenths of a second even at the slowest level. */
#define FEW_BYTES ((size_t)4 << 20)

typedef struct packing {
    clp_encoder encoder; /**< the caller's buffers, meanwhile */
    clproc_status status;
    clproc_error error;
} packing;

static void pack(void *job, const volatile int *left) {
    packing *p = job;
    (void)left;
    p->status = clp_png_write_packed(&p->encoder, &p->error);
}

static void drop(void *job) {
    packing *p = job;
    clp_bytes_free(&p->encoder.output);
    clp_bytes_free(&p->encoder.scratch);
    libdeflate_free_compressor(p->encoder.deflate);
    clp_memory_free(p);
}

clproc_status clp_png_pack(clp_encoder *encoder, clproc_error *error) {
    static const clp_leave leave = {pack, drop};
    const volatile int *cancel = encoder->cancel;
    bool long_enough = cancel && encoder->scratch.size > FEW_BYTES;
    packing *p = long_enough ? clp_memory_zero(CLP_MEMORY_CODEC, 1, sizeof *p) : NULL;
    if (!p) {
        return clp_png_write_packed(encoder, error);
    }
    p->encoder = *encoder;
    if (!clp_leave_run(&leave, p, cancel)) {
        *encoder = (clp_encoder){.cancel = cancel};
        return clp_cancel_check(cancel, error);
    }
    *encoder = p->encoder;
    clproc_status status = p->status;
    if (status != CLPROC_OK && error) {
        *error = p->error;
    }
    clp_memory_free(p);
    return status;
}
