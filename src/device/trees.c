#include "device/trees.h"

#include <pthread.h>

#include "core/checked.h"
#include "core/memory.h"
#include "device/device_private.h"
#include "device/kernel_set.h"

static const char *const files[] = {"trees.clh", "trees.cl", NULL};
static const char *const names[] = {"add_leaves"};
static const clp_kernel_source source = {"trees", files, names, 1};

/** Rows are a multiple of this, for groups of some size. */
enum { ROW_GROUP = 64 };

/** Tables that are on the device. */
typedef struct loaded loaded;
struct loaded {
    loaded *next;
    const clp_tree_tables *tables;
    cl_mem nodes, roots, shares_at, shares;
};

/** A buffer that grows. */
typedef struct growing {
    cl_mem buffer;
    size_t bytes;
} growing;

struct clp_tree_device {
    clp_device *device;
    clp_tree_walker walker;
    pthread_mutex_t lock; /**< of what follows, and the device's queue */
    clp_kernel_set set;
    loaded *tables;
    growing ranks, sums;
};

static void release(cl_mem *buffer) {
    if (*buffer) {
        clReleaseMemObject(*buffer);
        *buffer = NULL;
    }
}

/* --------------------------------------------------------------------- tables */

/** A buffer with so many bytes of `data`. */
static clproc_status load_list(const clp_tree_device *trees, const void *data, size_t bytes,
                               cl_mem *buffer, clproc_error *error) {
    cl_int code;
    clproc_status status;
    *buffer = clCreateBuffer(trees->device->context, CL_MEM_READ_ONLY, bytes > 0 ? bytes : 1, NULL,
                             &code);
    CLP_TRY(status, out, clp_cl_check(code, "clCreateBuffer", "trees", error));
    if (bytes > 0) {
        status = clp_cl_check(clEnqueueWriteBuffer(trees->device->queue, *buffer, CL_TRUE, 0, bytes,
                                                   data, 0, NULL, NULL),
                              "clEnqueueWriteBuffer", "trees", error);
    }
out:
    return status;
}

static void unload(loaded *made) {
    release(&made->nodes);
    release(&made->roots);
    release(&made->shares_at);
    release(&made->shares);
    clp_memory_free(made);
}

/** The tables on the device, where they are brought once. */
static clproc_status load(clp_tree_device *trees, const clp_tree_tables *tables, loaded **found,
                          clproc_error *error) {
    size_t nodes = tables->node_count;
    clproc_status status;
    for (*found = trees->tables; *found; *found = (*found)->next) {
        if ((*found)->tables == tables) {
            return CLPROC_OK;
        }
    }
    loaded *made = clp_memory_zero(CLP_MEMORY_OTHER, 1, sizeof *made);
    if (!made) {
        return clp_error_memory(error, "trees", sizeof *made);
    }
    made->tables = tables;
    CLP_TRY(status, out,
            load_list(trees, tables->nodes, nodes * sizeof *tables->nodes, &made->nodes, error));
    CLP_TRY(status, out,
            load_list(trees, tables->roots, tables->tree_count * sizeof *tables->roots,
                      &made->roots, error));
    CLP_TRY(status, out,
            load_list(trees, tables->shares_at, (nodes + 1) * sizeof *tables->shares_at,
                      &made->shares_at, error));
    CLP_TRY(status, out,
            load_list(trees, tables->shares, tables->shares_at[nodes] * sizeof *tables->shares,
                      &made->shares, error));
    made->next = trees->tables;
    trees->tables = *found = made;
    made = NULL;
out:
    if (made) {
        unload(made);
    }
    return status;
}

/* ----------------------------------------------------------------------- rows */

static clproc_status grow(const clp_tree_device *trees, growing *store, size_t bytes,
                          clproc_error *error) {
    cl_int code;
    if (bytes <= store->bytes) {
        return CLPROC_OK;
    }
    release(&store->buffer);
    store->bytes = 0;
    store->buffer = clCreateBuffer(trees->device->context, CL_MEM_READ_WRITE, bytes, NULL, &code);
    clproc_status status = clp_cl_check(code, "clCreateBuffer", "rows of trees", error);
    if (status == CLPROC_OK) {
        store->bytes = bytes;
    } else {
        store->buffer = NULL;
    }
    return status;
}

static clproc_status launch(const clp_tree_device *trees, const loaded *on, cl_uint rows,
                            clproc_error *error) {
    cl_kernel kernel = trees->set.kernels[0];
    cl_uint tree_count = (cl_uint)on->tables->tree_count, width = (cl_uint)on->tables->width;
    cl_uint sum_count = (cl_uint)on->tables->sum_count;
    const struct {
        size_t size;
        const void *value;
    } arguments[] = {
        {sizeof on->nodes, &on->nodes},   {sizeof on->roots, &on->roots},
        {sizeof tree_count, &tree_count}, {sizeof on->shares_at, &on->shares_at},
        {sizeof on->shares, &on->shares}, {sizeof trees->ranks.buffer, &trees->ranks.buffer},
        {sizeof width, &width},           {sizeof trees->sums.buffer, &trees->sums.buffer},
        {sizeof sum_count, &sum_count},   {sizeof rows, &rows}};
    size_t global = ((size_t)rows + ROW_GROUP - 1) / ROW_GROUP * ROW_GROUP;
    clproc_status status = CLPROC_OK;
    for (cl_uint i = 0; i < sizeof arguments / sizeof arguments[0]; i++) {
        CLP_TRY(status, out,
                clp_cl_check(clSetKernelArg(kernel, i, arguments[i].size, arguments[i].value),
                             "clSetKernelArg", names[0], error));
    }
    status = clp_cl_check(
        clEnqueueNDRangeKernel(trees->device->queue, kernel, 1, NULL, &global, NULL, 0, NULL, NULL),
        "clEnqueueNDRangeKernel", names[0], error);
out:
    return status;
}

/** With the lock. */
static clproc_status walk_alone(clp_tree_device *trees, const clp_tree_tables *tables,
                                const uint16_t *ranks, size_t rows, uint64_t *sums,
                                clproc_error *error) {
    cl_command_queue queue = trees->device->queue;
    size_t rank_bytes, sum_bytes;
    loaded *on = NULL;
    clproc_status status;
    if (rows > UINT32_MAX || !clp_checked_mul(rows, tables->width * sizeof *ranks, &rank_bytes) ||
        !clp_checked_mul(rows, tables->sum_count * sizeof *sums, &sum_bytes)) {
        return clp_error_set(error, CLPROC_ERROR_LIMIT, "too many rows at once");
    }
    CLP_TRY(status, out, load(trees, tables, &on, error));
    CLP_TRY(status, out, grow(trees, &trees->ranks, rank_bytes, error));
    CLP_TRY(status, out, grow(trees, &trees->sums, sum_bytes, error));
    CLP_TRY(status, out,
            clp_cl_check(clEnqueueWriteBuffer(queue, trees->ranks.buffer, CL_TRUE, 0, rank_bytes,
                                              ranks, 0, NULL, NULL),
                         "clEnqueueWriteBuffer", "rows of trees", error));
    CLP_TRY(status, out, launch(trees, on, (cl_uint)rows, error));
    status = clp_cl_check(
        clEnqueueReadBuffer(queue, trees->sums.buffer, CL_TRUE, 0, sum_bytes, sums, 0, NULL, NULL),
        "clEnqueueReadBuffer", "rows of trees", error);
out:
    return status;
}

static clproc_status walk(void *user, const clp_tree_tables *tables, const uint16_t *ranks,
                          size_t rows, uint64_t *sums, clproc_error *error) {
    clp_tree_device *trees = user;
    pthread_mutex_lock(&trees->lock);
    clproc_status status = walk_alone(trees, tables, ranks, rows, sums, error);
    pthread_mutex_unlock(&trees->lock);
    return status;
}

/* --------------------------------------------------------------------- device */

clproc_status clp_tree_device_open(clp_tree_device **trees, const char *selection,
                                   clproc_error *error) {
    const clp_device_params params = {.selection = selection, .lanes = 1};
    clp_tree_device *made = clp_memory_zero(CLP_MEMORY_OTHER, 1, sizeof *made);
    clproc_status status;
    *trees = NULL;
    if (!made) {
        return clp_error_memory(error, "a device", sizeof *made);
    }
    pthread_mutex_init(&made->lock, NULL);
    made->walker = (clp_tree_walker){made, walk};
    clp_devices_prepare(&params);
    CLP_TRY(status, out, clp_device_open(&made->device, &params, error));
    if (made->device->reference) {
        status = clp_error_set(error, CLPROC_ERROR_ARGUMENT,
                               "the reference device has no trees; without --device the host's "
                               "threads go down them");
        goto out;
    }
    status =
        clp_kernel_set_build(&made->set, &source, made->device->context, made->device->id, error);
out:
    if (status != CLPROC_OK) {
        clp_tree_device_close(&made);
    }
    *trees = made;
    return status;
}

const clp_tree_walker *clp_tree_device_walker(const clp_tree_device *trees) {
    return &trees->walker;
}

void clp_tree_device_close(clp_tree_device **trees) {
    clp_tree_device *made = *trees;
    if (!made) {
        return;
    }
    while (made->tables) {
        loaded *first = made->tables;
        made->tables = first->next;
        unload(first);
    }
    release(&made->ranks.buffer);
    release(&made->sums.buffer);
    clp_kernel_set_release(&made->set);
    clp_device_close(&made->device);
    pthread_mutex_destroy(&made->lock);
    clp_memory_free(made);
    *trees = NULL;
}
