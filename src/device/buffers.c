/** Device buffers of pixels. */
#include "core/memory.h"
#include "device/device_private.h"
#include "device/pages.h"

/** Host memory that a buffer uses and that goes with it. */
typedef struct backing {
    void *pages;
    size_t size;
} backing;

static void CL_CALLBACK free_backing(cl_mem buffer, void *data) {
    backing *b = data;
    (void)buffer;
    clp_pages_free(b->pages, b->size);
    clp_memory_free(b);
}

/** On a device that works in the host's memory: a buffer over pages of our own, freed with it. */
static clproc_status create_shared(clp_device *device, size_t size, const char *what,
                                   cl_mem *buffer, clproc_error *error) {
    backing *b = clp_memory_zero(CLP_MEMORY_BATCH, 1, sizeof *b);
    cl_int code;
    if (!b) {
        return clp_error_memory(error, what, sizeof *b);
    }
    *b = (backing){.pages = clp_pages_alloc(size), .size = size};
    if (!b->pages) {
        clp_memory_free(b);
        return clp_error_memory(error, what, size);
    }
    *buffer = clCreateBuffer(device->context, CL_MEM_READ_WRITE | CL_MEM_USE_HOST_PTR, size,
                             b->pages, &code);
    if (code != CL_SUCCESS) {
        free_backing(NULL, b);
        *buffer = NULL;
        return clp_cl_check(code, "clCreateBuffer", what, error);
    }
    code = clSetMemObjectDestructorCallback(*buffer, free_backing, b);
    if (code != CL_SUCCESS) {
        /* Nothing has used the buffer yet, so its memory can go at once. */
        clReleaseMemObject(*buffer);
        free_backing(NULL, b);
        *buffer = NULL;
    }
    return clp_cl_check(code, "clSetMemObjectDestructorCallback", what, error);
}

clproc_status clp_buffer_create(clp_device *device, clp_buffer_kind kind, size_t size,
                                const char *what, cl_mem *buffer, clproc_error *error) {
    cl_int code;
    if (device->info.max_allocation && size > device->info.max_allocation) {
        return clp_error_set(
            error, CLPROC_ERROR_MEMORY,
            "%s of %zu MB exceeds what one buffer of %s may hold (%llu MB); use another --device",
            what, size >> 20, device->info.name,
            (unsigned long long)(device->info.max_allocation >> 20));
    }
    if (device->unified && kind == CLP_BUFFER_PIXELS) {
        return create_shared(device, size, what, buffer, error);
    }
    cl_mem_flags flags =
        CL_MEM_READ_WRITE | (kind == CLP_BUFFER_PINNED ? CL_MEM_ALLOC_HOST_PTR : 0);
    *buffer = clCreateBuffer(device->context, flags, size, NULL, &code);
    if (code != CL_SUCCESS) {
        *buffer = NULL;
    }
    return clp_cl_check(code, "clCreateBuffer", what, error);
}

clproc_status clp_buffer_grow(clp_device *device, clp_buffer_kind kind, cl_mem *buffer,
                              size_t *capacity, size_t needed, const char *what,
                              clproc_error *error) {
    if (*buffer && needed <= *capacity) {
        return CLPROC_OK;
    }
    if (*buffer) {
        /* Commands under way keep it until they are done. */
        clReleaseMemObject(*buffer);
        *buffer = NULL;
        *capacity = 0;
    }
    size_t size = needed ? needed : 64;
    clproc_status status = clp_buffer_create(device, kind, size, what, buffer, error);
    *capacity = status == CLPROC_OK ? size : 0;
    return status;
}
