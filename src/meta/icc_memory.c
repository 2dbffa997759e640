/** Little CMS's memory: blocks of ours, all of which go with it. */
#include <lcms2_plugin.h>
#include <setjmp.h>
#include <stdalign.h>

#include "core/checked.h"
#include "core/memory.h"
#include "meta/icc_private.h"

/** Stands before each block. */
typedef struct block {
    alignas(max_align_t) clp_icc_memory *owner; /**< NULL: of the context itself, in no list */
    struct block *before, *after;
} block;

struct clp_icc_memory {
    cmsContext context;
    block *first;
    bool in_step; /**< `escape` leads out of it */
    jmp_buf escape;
};

static void link_in(block *b) {
    if (b->owner) {
        b->before = NULL;
        b->after = b->owner->first;
        b->owner->first = b;
        if (b->after) {
            b->after->before = b;
        }
    }
}

static void link_out(block *b) {
    if (b->owner) {
        *(b->before ? &b->before->after : &b->owner->first) = b->after;
        if (b->after) {
            b->after->before = b->before;
        }
    }
}

/** There is no room for a block. */
static void *give_up(clp_icc_memory *memory) {
    if (memory && memory->in_step) {
        longjmp(memory->escape, 1);
    }
    return NULL;
}

static void *take(cmsContext context, cmsUInt32Number size) {
    clp_icc_memory *memory = cmsGetContextUserData(context);
    size_t whole;
    block *b =
        clp_checked_add(size, sizeof *b, &whole) ? clp_memory_alloc(CLP_MEMORY_PLAN, whole) : NULL;
    if (!b) {
        return give_up(memory);
    }
    b->owner = memory;
    link_in(b);
    return b + 1;
}

static void give_back(cmsContext context, void *data) {
    (void)context;
    if (data) {
        block *b = (block *)data - 1;
        link_out(b);
        clp_memory_free(b);
    }
}

static void *resize(cmsContext context, void *data, cmsUInt32Number size) {
    size_t whole;
    if (!data) {
        return take(context, size);
    }
    block *old = (block *)data - 1, *b = NULL;
    link_out(old);
    if (clp_checked_add(size, sizeof *b, &whole)) {
        b = clp_memory_resize(CLP_MEMORY_PLAN, old, whole);
    }
    link_in(b ? b : old);
    return b ? b + 1 : give_up(old->owner);
}

/** Nothing on standard error: what is wrong becomes an error of ours. */
static void ignore(cmsContext context, cmsUInt32Number code, const char *text) {
    (void)context;
    (void)code;
    (void)text;
}

clproc_status clp_icc_memory_open(clp_icc_memory **memory, clproc_error *error) {
    cmsPluginMemHandler handler = {
        .base = {.Magic = cmsPluginMagicNumber,
                 .ExpectedVersion = LCMS_VERSION,
                 .Type = cmsPluginMemHandlerSig},
        .MallocPtr = take,
        .FreePtr = give_back,
        .ReallocPtr = resize,
    };
    clp_icc_memory *made = clp_memory_zero(CLP_MEMORY_PLAN, 1, sizeof *made);
    if (made) {
        made->context = cmsCreateContext(&handler, made);
    }
    if (!made || !made->context) {
        clp_icc_memory_close(&made);
        return clp_error_memory(error, "colour management", sizeof *made);
    }
    cmsSetLogErrorHandlerTHR(made->context, ignore);
    *memory = made;
    return CLPROC_OK;
}

void clp_icc_memory_close(clp_icc_memory **memory) {
    clp_icc_memory *m = *memory;
    if (!m) {
        return;
    }
    m->in_step = false;
    if (m->context) {
        cmsDeleteContext(m->context);
    }
    while (m->first) {
        give_back(NULL, m->first + 1);
    }
    clp_memory_free(m);
    *memory = NULL;
}

cmsContext clp_icc_context(const clp_icc_memory *memory) {
    return memory->context;
}

clproc_status clp_icc_attempt(clp_icc_memory *memory,
                              clproc_status (*step)(void *state, clproc_error *error), void *state,
                              clproc_error *error) {
    if (setjmp(memory->escape)) {
        memory->in_step = false;
        return clp_error_memory(error, "colour management", 0);
    }
    memory->in_step = true;
    clproc_status status = step(state, error);
    memory->in_step = false;
    return status;
}
