/** Device buffers, and stores of pixels that grow. */
#include "device/device_private.h"

static void CL_CALLBACK release_pages(cl_mem buffer, void *pages) {
    (void)buffer;
    clp_pages_release(pages);
}

/** On a device that works in the host's memory: a buffer over pages of our own, which it holds
 * while it lives. */
static clproc_status create_shared(clp_device *device, size_t size, const char *what,
                                   clp_pages **pages, cl_mem *buffer, clproc_error *error) {
    cl_int code;
    if (*pages && clp_pages_size(*pages) < size) {
        clp_pages_release(*pages);
        *pages = NULL;
    }
    if (!*pages) {
        *pages = clp_pages_reserve(size);
    }
    if (!*pages) {
        return clp_error_memory(error, what, size);
    }
    clp_pages_use(*pages, size);
    *buffer = clCreateBuffer(device->context, CL_MEM_READ_WRITE | CL_MEM_USE_HOST_PTR, size,
                             clp_pages_start(*pages), &code);
    if (code != CL_SUCCESS) {
        *buffer = NULL;
        return clp_cl_check(code, "clCreateBuffer", what, error);
    }
    code = clSetMemObjectDestructorCallback(*buffer, release_pages, clp_pages_retain(*pages));
    if (code != CL_SUCCESS) {
        /* Nothing has used the buffer yet. */
        clReleaseMemObject(*buffer);
        *buffer = NULL;
        clp_pages_release(*pages);
    }
    return clp_cl_check(code, "clSetMemObjectDestructorCallback", what, error);
}

clproc_status clp_buffer_check_size(const clp_device *device, size_t size, const char *what,
                                    clproc_error *error) {
    uint64_t most = device->info.max_allocation;
    if (most == 0 || size <= most) {
        return CLPROC_OK;
    }
    return clp_error_set(
        error, CLPROC_ERROR_MEMORY,
        "%s of %zu MB exceeds what one buffer of %s may hold (%llu MB); use another --device", what,
        size >> 20, device->info.name, (unsigned long long)(most >> 20));
}

clproc_status clp_buffer_create(clp_device *device, clp_buffer_kind kind, size_t size,
                                const char *what, clp_pages **pages, cl_mem *buffer,
                                clproc_error *error) {
    cl_int code;
    clproc_status status = clp_buffer_check_size(device, size, what, error);
    if (status != CLPROC_OK) {
        return status;
    }
    if (device->unified && kind == CLP_BUFFER_PIXELS) {
        return create_shared(device, size, what, pages, buffer, error);
    }
    cl_mem_flags flags =
        CL_MEM_READ_WRITE | (kind == CLP_BUFFER_PINNED ? CL_MEM_ALLOC_HOST_PTR : 0);
    *buffer = clCreateBuffer(device->context, flags, size, NULL, &code);
    if (code != CL_SUCCESS) {
        *buffer = NULL;
    }
    return clp_cl_check(code, "clCreateBuffer", what, error);
}

clproc_status clp_store_grow(clp_device *device, clp_store *store, size_t needed, const char *what,
                             clproc_error *error) {
    if (store->buffer && needed <= store->capacity) {
        return CLPROC_OK;
    }
    if (store->buffer) {
        /* Commands under way keep it until they are done. */
        clReleaseMemObject(store->buffer);
        store->buffer = NULL;
        store->capacity = 0;
    }
    size_t size = needed ? needed : 64;
    clproc_status status = clp_buffer_create(device, CLP_BUFFER_PIXELS, size, what, &store->pages,
                                             &store->buffer, error);
    store->capacity = status == CLPROC_OK ? size : 0;
    return status;
}

void clp_store_free(clp_store *store) {
    if (store->buffer) {
        clReleaseMemObject(store->buffer);
    }
    clp_pages_release(store->pages);
    *store = (clp_store){0};
}
