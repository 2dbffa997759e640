#include "plan/curves.h"

#include <pthread.h>
#include <string.h>

#include "core/memory.h"

/** Curves kept, a quarter of a megabyte each: a run's operations have a few. */
#define KEPT 32
/** Bytes of a context that can be kept. */
#define CONTEXT_BYTES 64

typedef struct sampled {
    clp_curve_function *function;
    size_t size;
    uint8_t context[CONTEXT_BYTES];
    clp_conversion *conversion; /**< one reference */
} sampled;

struct clp_curves {
    pthread_mutex_t lock;
    sampled kept[KEPT];
    size_t count;
};

clproc_status clp_curves_create(clp_curves **curves, clproc_error *error) {
    clp_curves *made = clp_memory_zero(CLP_MEMORY_PLAN, 1, sizeof *made);
    *curves = made;
    if (!made) {
        return clp_error_memory(error, "the curves", sizeof *made);
    }
    pthread_mutex_init(&made->lock, NULL);
    return CLPROC_OK;
}

void clp_curves_destroy(clp_curves **curves) {
    if (*curves) {
        for (size_t i = 0; i < (*curves)->count; i++) {
            clp_conversion_release(&(*curves)->kept[i].conversion);
        }
        pthread_mutex_destroy(&(*curves)->lock);
        clp_memory_free(*curves);
        *curves = NULL;
    }
}

static clproc_status sample(clp_curve_function *function, const void *context,
                            clp_conversion **conversion, clproc_error *error) {
    clp_conversion *made = NULL;
    clproc_status status;
    CLP_TRY(status, out, clp_conversion_create(&made, 1, 1, error));
    CLP_TRY(status, out, clp_conversion_curve(&made->before[0], error));
    for (uint32_t i = 0; i <= CLP_CURVE_SIZE; i++) {
        double value = function((double)i / CLP_CURVE_SIZE, context);
        made->before[0][i] = (float)(value < 0 ? 0 : value > 1 ? 1 : value);
    }
    *conversion = clp_conversion_retain(made);
out:
    clp_conversion_release(&made);
    return status;
}

static clp_conversion *find(const clp_curves *curves, clp_curve_function *function,
                            const void *context, size_t size) {
    for (size_t i = 0; i < curves->count; i++) {
        const sampled *one = &curves->kept[i];
        if (one->function == function && one->size == size &&
            (size == 0 || memcmp(one->context, context, size) == 0)) {
            return one->conversion;
        }
    }
    return NULL;
}

static void keep(clp_curves *curves, clp_curve_function *function, const void *context, size_t size,
                 clp_conversion *conversion) {
    sampled *one = &curves->kept[curves->count++];
    one->function = function;
    one->size = size;
    if (size > 0) {
        memcpy(one->context, context, size);
    }
    one->conversion = clp_conversion_retain(conversion);
}

clproc_status clp_curves_get(clp_curves *curves, clp_curve_function *function, const void *context,
                             size_t size, clp_conversion **conversion, clproc_error *error) {
    if (!curves) {
        return sample(function, context, conversion, error);
    }
    clproc_status status = CLPROC_OK;
    pthread_mutex_lock(&curves->lock);
    clp_conversion *known = find(curves, function, context, size);
    bool keeps = !known && curves->count < KEPT && size <= CONTEXT_BYTES;
    if (known) {
        *conversion = clp_conversion_retain(known);
    } else if (keeps) {
        /* Who wants it as well waits, rather than sampling it, too. */
        status = sample(function, context, conversion, error);
        if (status == CLPROC_OK) {
            keep(curves, function, context, size, *conversion);
        }
    }
    pthread_mutex_unlock(&curves->lock);
    return known || keeps ? status : sample(function, context, conversion, error);
}
