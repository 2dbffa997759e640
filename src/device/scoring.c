#include "device/scoring.h"

#include <pthread.h>

#include "core/checked.h"
#include "core/memory.h"
#include "device/device_private.h"
#include "device/kernel_set.h"

static const char *const tree_files[] = {"trees.clh", "trees.cl", NULL};
static const char *const tree_names[] = {"add_leaves"};
static const clp_kernel_source tree_source = {"trees", tree_files, tree_names, 1};
static const char *const linear_files[] = {"linear.cl", NULL};
static const char *const linear_names[] = {"multiply"};
static const clp_kernel_source linear_source = {"linear models", linear_files, linear_names, 1};

/** Work-items are a multiple of this. */
enum { GROUP = 64 };
/** Lists of one table. */
enum { MOST_LISTS = 4 };

/** Tables that are on the device. */
typedef struct loaded loaded;
struct loaded {
    loaded *next;
    const void *tables;
    cl_mem lists[MOST_LISTS];
};

typedef struct list {
    const void *data;
    size_t bytes;
} list;

/** A buffer that grows. */
typedef struct growing {
    cl_mem buffer;
    size_t bytes;
} growing;

typedef struct argument {
    size_t size;
    const void *value;
} argument;

struct clp_scoring_device {
    clp_device *device;
    clp_model_helper helper;
    pthread_mutex_t lock; /**< of what follows, and the device's queue */
    clp_kernel_set trees, linear;
    loaded *tables;
    growing in, out; /**< of rows */
};

static void release(cl_mem *buffer) {
    if (*buffer) {
        clReleaseMemObject(*buffer);
        *buffer = NULL;
    }
}

/* --------------------------------------------------------------------- tables */

/** A buffer with what a list holds. */
static clproc_status load_list(const clp_scoring_device *scoring, const list *from, cl_mem *buffer,
                               clproc_error *error) {
    cl_int code;
    clproc_status status;
    *buffer = clCreateBuffer(scoring->device->context, CL_MEM_READ_ONLY,
                             from->bytes > 0 ? from->bytes : 1, NULL, &code);
    CLP_TRY(status, out, clp_cl_check(code, "clCreateBuffer", "a model", error));
    if (from->bytes > 0) {
        status = clp_cl_check(clEnqueueWriteBuffer(scoring->device->queue, *buffer, CL_TRUE, 0,
                                                   from->bytes, from->data, 0, NULL, NULL),
                              "clEnqueueWriteBuffer", "a model", error);
    }
out:
    return status;
}

static void unload(loaded *made) {
    for (size_t i = 0; i < MOST_LISTS; i++) {
        release(&made->lists[i]);
    }
    clp_memory_free(made);
}

/** The lists of tables on the device, where they are brought once. */
static clproc_status load(clp_scoring_device *scoring, const void *tables, const list *lists,
                          size_t count, const loaded **found, clproc_error *error) {
    clproc_status status = CLPROC_OK;
    for (*found = scoring->tables; *found; *found = (*found)->next) {
        if ((*found)->tables == tables) {
            return CLPROC_OK;
        }
    }
    loaded *made = clp_memory_zero(CLP_MEMORY_OTHER, 1, sizeof *made);
    if (!made) {
        return clp_error_memory(error, "a model", sizeof *made);
    }
    made->tables = tables;
    for (size_t i = 0; i < count; i++) {
        CLP_TRY(status, out, load_list(scoring, &lists[i], &made->lists[i], error));
    }
    made->next = scoring->tables;
    *found = scoring->tables = made;
    made = NULL;
out:
    if (made) {
        unload(made);
    }
    return status;
}

/* ----------------------------------------------------------------------- rows */

static clproc_status grow(const clp_scoring_device *scoring, growing *store, size_t bytes,
                          clproc_error *error) {
    cl_int code;
    if (bytes <= store->bytes) {
        return CLPROC_OK;
    }
    release(&store->buffer);
    store->bytes = 0;
    store->buffer = clCreateBuffer(scoring->device->context, CL_MEM_READ_WRITE, bytes, NULL, &code);
    clproc_status status = clp_cl_check(code, "clCreateBuffer", "rows of a model", error);
    if (status == CLPROC_OK) {
        store->bytes = bytes;
    } else {
        store->buffer = NULL;
    }
    return status;
}

/** Brings rows to the device: so many bytes of each, with room for what it gets. */
static clproc_status bring(clp_scoring_device *scoring, const void *in, size_t rows, size_t in_row,
                           size_t out_row, clproc_error *error) {
    size_t in_bytes, out_bytes;
    clproc_status status;
    if (rows > UINT32_MAX || !clp_checked_mul(rows, in_row, &in_bytes) ||
        !clp_checked_mul(rows, out_row, &out_bytes)) {
        return clp_error_set(error, CLPROC_ERROR_LIMIT, "too many rows at once");
    }
    CLP_TRY(status, out, grow(scoring, &scoring->in, in_bytes, error));
    CLP_TRY(status, out, grow(scoring, &scoring->out, out_bytes, error));
    status = clp_cl_check(clEnqueueWriteBuffer(scoring->device->queue, scoring->in.buffer, CL_TRUE,
                                               0, in_bytes, in, 0, NULL, NULL),
                          "clEnqueueWriteBuffer", "rows of a model", error);
out:
    return status;
}

static clproc_status fetch(const clp_scoring_device *scoring, void *to, size_t bytes,
                           clproc_error *error) {
    return clp_cl_check(clEnqueueReadBuffer(scoring->device->queue, scoring->out.buffer, CL_TRUE, 0,
                                            bytes, to, 0, NULL, NULL),
                        "clEnqueueReadBuffer", "rows of a model", error);
}

/** Launches a set's kernel over `items` work-items at least. */
static clproc_status launch(const clp_scoring_device *scoring, const clp_kernel_set *set,
                            const argument *arguments, cl_uint count, size_t items,
                            clproc_error *error) {
    cl_kernel kernel = set->kernels[0];
    const char *name = set->source->names[0];
    clproc_status status = CLPROC_OK;
    for (cl_uint i = 0; i < count; i++) {
        CLP_TRY(status, out,
                clp_cl_check(clSetKernelArg(kernel, i, arguments[i].size, arguments[i].value),
                             "clSetKernelArg", name, error));
    }
    /* PoCL compiles a kernel for each size of groups. With one that is told rusticl of Mesa 22.3
     * makes wrong sums. */
    size_t group = GROUP, global = (items + GROUP - 1) / GROUP * GROUP;
    const size_t *local = scoring->device->pocl && set->most_items[0] >= GROUP ? &group : NULL;
    status = clp_cl_check(clEnqueueNDRangeKernel(scoring->device->queue, kernel, 1, NULL, &global,
                                                 local, 0, NULL, NULL),
                          "clEnqueueNDRangeKernel", name, error);
out:
    return status;
}

/* ---------------------------------------------------------------------- trees */

static clproc_status launch_trees(const clp_scoring_device *scoring, const loaded *on,
                                  const clp_tree_tables *tables, cl_uint rows, size_t items,
                                  clproc_error *error) {
    cl_uint tree_count = (cl_uint)tables->tree_count, width = (cl_uint)tables->width;
    cl_uint sum_count = (cl_uint)tables->sum_count;
    const argument arguments[] = {{sizeof on->lists[0], &on->lists[0]},
                                  {sizeof on->lists[1], &on->lists[1]},
                                  {sizeof tree_count, &tree_count},
                                  {sizeof on->lists[2], &on->lists[2]},
                                  {sizeof on->lists[3], &on->lists[3]},
                                  {sizeof scoring->in.buffer, &scoring->in.buffer},
                                  {sizeof width, &width},
                                  {sizeof scoring->out.buffer, &scoring->out.buffer},
                                  {sizeof sum_count, &sum_count},
                                  {sizeof rows, &rows}};
    return launch(scoring, &scoring->trees, arguments, sizeof arguments / sizeof arguments[0],
                  items, error);
}

/** With the lock. */
static clproc_status walk_alone(clp_scoring_device *scoring, const clp_tree_tables *tables,
                                const uint16_t *ranks, size_t rows, uint64_t *sums,
                                clproc_error *error) {
    const size_t nodes = tables->node_count, sum_row = tables->sum_count * sizeof *sums;
    const list lists[] = {{tables->nodes, nodes * sizeof *tables->nodes},
                          {tables->roots, tables->tree_count * sizeof *tables->roots},
                          {tables->shares_at, (nodes + 1) * sizeof *tables->shares_at},
                          {tables->shares, tables->shares_at[nodes] * sizeof *tables->shares}};
    const loaded *on = NULL;
    clproc_status status;
    CLP_TRY(status, out,
            bring(scoring, ranks, rows, tables->width * sizeof *ranks, sum_row, error));
    CLP_TRY(status, out, load(scoring, tables, lists, sizeof lists / sizeof *lists, &on, error));
    CLP_TRY(status, out, launch_trees(scoring, on, tables, (cl_uint)rows, rows, error));
    status = fetch(scoring, sums, rows * sum_row, error);
out:
    return status;
}

static clproc_status walk(void *user, const clp_tree_tables *tables, const uint16_t *ranks,
                          size_t rows, uint64_t *sums, clproc_error *error) {
    clp_scoring_device *scoring = user;
    pthread_mutex_lock(&scoring->lock);
    clproc_status status = walk_alone(scoring, tables, ranks, rows, sums, error);
    pthread_mutex_unlock(&scoring->lock);
    return status;
}

/* ------------------------------------------------------------------- matrices */

static clproc_status launch_matrix(const clp_scoring_device *scoring, const loaded *on,
                                   const clp_matrix *matrix, cl_uint rows, size_t items,
                                   clproc_error *error) {
    cl_uint columns = (cl_uint)matrix->columns, results = (cl_uint)matrix->results;
    const argument arguments[] = {{sizeof scoring->in.buffer, &scoring->in.buffer},
                                  {sizeof scoring->out.buffer, &scoring->out.buffer},
                                  {sizeof rows, &rows},
                                  {sizeof on->lists[0], &on->lists[0]},
                                  {sizeof on->lists[1], &on->lists[1]},
                                  {sizeof columns, &columns},
                                  {sizeof results, &results}};
    return launch(scoring, &scoring->linear, arguments, sizeof arguments / sizeof arguments[0],
                  items, error);
}

/** With the lock. */
static clproc_status multiply_alone(clp_scoring_device *scoring, const clp_matrix *matrix,
                                    const double *in, size_t rows, double *out,
                                    clproc_error *error) {
    const size_t out_row = matrix->results * sizeof *out;
    const list lists[] = {
        {matrix->weights, matrix->columns * matrix->results * sizeof *matrix->weights},
        {matrix->bias, matrix->results * sizeof *matrix->bias}};
    const loaded *on = NULL;
    clproc_status status;
    CLP_TRY(status, out, bring(scoring, in, rows, matrix->columns * sizeof *in, out_row, error));
    CLP_TRY(status, out, load(scoring, matrix, lists, sizeof lists / sizeof *lists, &on, error));
    CLP_TRY(status, out, launch_matrix(scoring, on, matrix, (cl_uint)rows, rows, error));
    status = fetch(scoring, out, rows * out_row, error);
out:
    return status;
}

static clproc_status multiply(void *user, const clp_matrix *matrix, const double *in, size_t rows,
                              double *out, clproc_error *error) {
    clp_scoring_device *scoring = user;
    pthread_mutex_lock(&scoring->lock);
    clproc_status status = multiply_alone(scoring, matrix, in, rows, out, error);
    pthread_mutex_unlock(&scoring->lock);
    return status;
}

/* --------------------------------------------------------------------- device */

/** True if the device computes in doubles as processors do: a rounding of another kind, or numbers
 * near zero that become zero, would make other scores. */
static bool has_doubles(const clp_device *device) {
    const cl_device_fp_config needed = CL_FP_DENORM | CL_FP_INF_NAN | CL_FP_ROUND_TO_NEAREST;
    cl_device_fp_config has = 0;
    return clGetDeviceInfo(device->id, CL_DEVICE_DOUBLE_FP_CONFIG, sizeof has, &has, NULL) ==
               CL_SUCCESS &&
           (has & needed) == needed;
}

/** Launches each kernel without rows, as large as there will be any: PoCL compiles then, and it is
 * done before there is a file to be left behind. */
static clproc_status warm(clp_scoring_device *scoring, clproc_error *error) {
    const clp_tree_tables no_trees = {.width = 1};
    const clp_matrix no_matrix = {.columns = 1};
    const size_t items = (size_t)clp_grid_tiles() * GROUP;
    loaded on = {.next = NULL};
    clproc_status status;
    CLP_TRY(status, out, grow(scoring, &scoring->in, sizeof(double), error));
    CLP_TRY(status, out, grow(scoring, &scoring->out, sizeof(double), error));
    for (size_t i = 0; i < MOST_LISTS; i++) {
        on.lists[i] = scoring->in.buffer;
    }
    CLP_TRY(status, out, launch_trees(scoring, &on, &no_trees, 0, items, error));
    if (scoring->linear.count > 0) {
        CLP_TRY(status, out, launch_matrix(scoring, &on, &no_matrix, 0, items, error));
    }
    status = clp_cl_check(clFinish(scoring->device->queue), "clFinish", "models", error);
out:
    return status;
}

static clproc_status build(clp_scoring_device *scoring, clproc_error *error) {
    clp_device *device = scoring->device;
    clproc_status status;
    CLP_TRY(status, out,
            clp_kernel_set_build(&scoring->trees, &tree_source, device->context, device->id, device,
                                 error));
    if (has_doubles(device)) {
        CLP_TRY(status, out,
                clp_kernel_set_build(&scoring->linear, &linear_source, device->context, device->id,
                                     device, error));
        scoring->helper.multiply = multiply;
    }
    status = device->pocl ? warm(scoring, error) : CLPROC_OK;
out:
    return status;
}

clproc_status clp_scoring_device_open(clp_scoring_device **scoring, const char *selection,
                                      clproc_error *error) {
    const clp_device_params params = {.selection = selection, .lanes = 1};
    clp_scoring_device *made = clp_memory_zero(CLP_MEMORY_OTHER, 1, sizeof *made);
    clproc_status status;
    *scoring = NULL;
    if (!made) {
        return clp_error_memory(error, "a device", sizeof *made);
    }
    pthread_mutex_init(&made->lock, NULL);
    made->helper = (clp_model_helper){.user = made, .walk = walk};
    clp_devices_prepare(&params);
    CLP_TRY(status, out, clp_device_open(&made->device, &params, error));
    if (made->device->reference) {
        status = clp_error_set(error, CLPROC_ERROR_ARGUMENT,
                               "the reference device has no models; without --device the host's "
                               "threads compute them");
        goto out;
    }
    status = build(made, error);
out:
    if (status != CLPROC_OK) {
        clp_scoring_device_close(&made);
    }
    *scoring = made;
    return status;
}

const clp_model_helper *clp_scoring_device_helper(const clp_scoring_device *scoring) {
    return &scoring->helper;
}

void clp_scoring_device_save(clp_scoring_device *scoring, const volatile int *cancel) {
    clp_device_save_programs(scoring->device, cancel, NULL);
}

void clp_scoring_device_close(clp_scoring_device **scoring) {
    clp_scoring_device *made = *scoring;
    if (!made) {
        return;
    }
    while (made->tables) {
        loaded *first = made->tables;
        made->tables = first->next;
        unload(first);
    }
    release(&made->in.buffer);
    release(&made->out.buffer);
    clp_kernel_set_release(&made->trees);
    clp_kernel_set_release(&made->linear);
    clp_device_close(&made->device);
    pthread_mutex_destroy(&made->lock);
    clp_memory_free(made);
    *scoring = NULL;
}
