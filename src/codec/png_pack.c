/** Packing in a thread of its own: libdeflate takes a whole picture in one call, which may last for
 * seconds and looks at nothing meanwhile. Who has to stop leaves the thread behind with the
 * buffers; it gives them up when it is through. */
#include <libdeflate.h>
#include <pthread.h>
#include <time.h>

#include "codec/png_private.h"
#include "core/cancel.h"
#include "core/memory.h"

/** So few bytes are packed in some tenths of a second even at the slowest level. */
#define FEW_BYTES ((size_t)4 << 20)
#define LOOK_NS 50000000

typedef struct packing {
    pthread_mutex_t lock;
    pthread_cond_t ended;
    bool through, abandoned;
    clp_encoder encoder; /**< the caller's buffers, meanwhile */
    clproc_status status;
    clproc_error error;
} packing;

static void release(packing *p) {
    pthread_cond_destroy(&p->ended);
    pthread_mutex_destroy(&p->lock);
    clp_memory_free(p);
}

/** Nobody waits for it any more. */
static void drop(packing *p) {
    clp_bytes_free(&p->encoder.output);
    clp_bytes_free(&p->encoder.scratch);
    libdeflate_free_compressor(p->encoder.deflate);
    release(p);
}

static void *pack(void *argument) {
    packing *p = argument;
    p->status = clp_png_write_packed(&p->encoder, &p->error);
    pthread_mutex_lock(&p->lock);
    p->through = true;
    bool abandoned = p->abandoned;
    pthread_cond_signal(&p->ended);
    pthread_mutex_unlock(&p->lock);
    if (abandoned) {
        drop(p);
    }
    return NULL;
}

/** Waits until the thread is through, or somebody wants to stop; false then: `p` is the thread's.
 */
static bool await(packing *p, const volatile int *cancel) {
    struct timespec until;
    pthread_mutex_lock(&p->lock);
    while (!p->through && !clp_cancel_asked(cancel)) {
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += LOOK_NS;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        pthread_cond_timedwait(&p->ended, &p->lock, &until);
    }
    bool through = p->through;
    p->abandoned = !through;
    pthread_mutex_unlock(&p->lock);
    return through;
}

/** False if there is no thread to be had. Nobody will join it. */
static bool start(packing *p) {
    pthread_attr_t attributes;
    pthread_t thread;
    if (pthread_attr_init(&attributes) != 0) {
        return false;
    }
    bool started = pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED) == 0 &&
                   pthread_create(&thread, &attributes, pack, p) == 0;
    pthread_attr_destroy(&attributes);
    return started;
}

clproc_status clp_png_pack(clp_encoder *encoder, clproc_error *error) {
    const volatile int *cancel = encoder->cancel;
    bool long_enough = cancel && encoder->scratch.size > FEW_BYTES;
    packing *p = long_enough ? clp_memory_zero(CLP_MEMORY_CODEC, 1, sizeof *p) : NULL;
    if (!p) {
        return clp_png_write_packed(encoder, error);
    }
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->ended, NULL);
    p->encoder = *encoder;
    if (!start(p)) {
        release(p);
        return clp_png_write_packed(encoder, error);
    }
    if (!await(p, cancel)) {
        *encoder = (clp_encoder){.cancel = cancel};
        return clp_cancel_check(cancel, error);
    }
    *encoder = p->encoder;
    clproc_status status = p->status;
    if (status != CLPROC_OK && error) {
        *error = p->error;
    }
    release(p);
    return status;
}
