/* What decides how a batch program should feed a device, measured: the driver's start, the cost of
 * pinned memory, transfers from pinned and pageable memory, launches, and whether waiting spins.
 *
 *   clproc-device-facts [cpu|gpu]
 *
 * Prints lines "fact<TAB>value<TAB>unit". */
#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#define MIB ((size_t)1 << 20)
#define LARGE (256 * MIB)

static cl_context context;
static cl_command_queue queue, other_queue;

static double now_ms(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec * 1e-6;
}

static double processor_ms(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e3 +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-3;
}

static void fact(const char *name, double value, const char *unit) {
    printf("%s\t%.4g\t%s\n", name, value, unit);
    fflush(stdout);
}

static void check(cl_int code, const char *call) {
    if (code != CL_SUCCESS) {
        fprintf(stderr, "clproc-device-facts: %s failed: %d\n", call, code);
        exit(1);
    }
}

static void open_device(cl_device_type type) {
    cl_platform_id platforms[16];
    cl_uint count = 0;
    cl_device_id device = NULL;
    cl_int code;
    char name[256] = "";
    double start = now_ms();
    check(clGetPlatformIDs(16, platforms, &count), "clGetPlatformIDs");
    fact("clGetPlatformIDs, first call", now_ms() - start, "ms");
    for (cl_uint i = 0; i < count && i < 16 && !device; i++) {
        if (clGetDeviceIDs(platforms[i], type, 1, &device, NULL) != CL_SUCCESS) {
            device = NULL;
        }
    }
    if (!device) {
        fprintf(stderr, "clproc-device-facts: no such device\n");
        exit(77);
    }
    check(clGetDeviceInfo(device, CL_DEVICE_NAME, sizeof name, name, NULL), "clGetDeviceInfo");
    printf("device\t%s\t\n", name);
    start = now_ms();
    context = clCreateContext(NULL, 1, &device, NULL, NULL, &code);
    check(code, "clCreateContext");
    fact("clCreateContext", now_ms() - start, "ms");
    queue = clCreateCommandQueue(context, device, 0, &code);
    check(code, "clCreateCommandQueue");
    other_queue = clCreateCommandQueue(context, device, 0, &code);
    check(code, "clCreateCommandQueue");
}

static cl_kernel build(void) {
    static const char body[] =
        "__kernel void spin(__global float *a, int n) { float x = a[get_global_id(0)];"
        " for (int i = 0; i < n; i++) x = x * 1.0001f + 0.5f; a[get_global_id(0)] = x; }";
    cl_kernel kernel = NULL;
    cl_int code;
    for (int cached = 0; cached < 2; cached++) {
        char text[512];
        const char *source = text;
        double start = now_ms();
        /* A comment that was never compiled before; then the same text as in every run. */
        snprintf(text, sizeof text, "/* %ld */ %s", cached ? 0L : (long)time(NULL), body);
        cl_program program = clCreateProgramWithSource(context, 1, &source, NULL, &code);
        check(code, "clCreateProgramWithSource");
        check(clBuildProgram(program, 0, NULL, "", NULL, NULL), "clBuildProgram");
        fact(cached ? "building a small program, perhaps cached" : "building a new small program",
             now_ms() - start, "ms");
        kernel = clCreateKernel(program, "spin", &code);
        check(code, "clCreateKernel");
    }
    return kernel;
}

/** Pinned memory, mapped and touched. */
static void *pinned(size_t bytes, cl_mem *buffer) {
    cl_int code;
    *buffer =
        clCreateBuffer(context, CL_MEM_READ_WRITE | CL_MEM_ALLOC_HOST_PTR, bytes, NULL, &code);
    check(code, "clCreateBuffer");
    char *memory = clEnqueueMapBuffer(queue, *buffer, CL_TRUE, CL_MAP_READ | CL_MAP_WRITE, 0, bytes,
                                      0, NULL, NULL, &code);
    check(code, "clEnqueueMapBuffer");
    memset(memory, 1, bytes);
    return memory;
}

static void unpin(cl_mem buffer, void *memory) {
    check(clEnqueueUnmapMemObject(queue, buffer, memory, 0, NULL, NULL), "clEnqueueUnmapMemObject");
    check(clFinish(queue), "clFinish");
    check(clReleaseMemObject(buffer), "clReleaseMemObject");
}

static void *pin_some(void *unused) {
    cl_mem buffer;
    void *memory = pinned(64 * MIB, &buffer);
    unpin(buffer, memory);
    return unused;
}

static void time_pinning(void) {
    char name[64];
    for (size_t mib = 1; mib <= 64; mib *= 8) {
        cl_mem buffer;
        double start = now_ms();
        void *memory = pinned(mib * MIB, &buffer);
        double made = now_ms();
        unpin(buffer, memory);
        snprintf(name, sizeof name, "pinned memory, %zu MiB: make and touch", mib);
        fact(name, made - start, "ms");
        snprintf(name, sizeof name, "pinned memory, %zu MiB: release", mib);
        fact(name, now_ms() - made, "ms");
    }
    for (int threads = 1; threads <= 16; threads *= 4) {
        pthread_t all[16];
        double start = now_ms();
        for (int i = 0; i < threads; i++) {
            if (pthread_create(&all[i], NULL, pin_some, NULL) != 0) {
                exit(1);
            }
        }
        for (int i = 0; i < threads; i++) {
            pthread_join(all[i], NULL);
        }
        snprintf(name, sizeof name, "pinned memory, 64 MiB on each of %d threads", threads);
        fact(name, now_ms() - start, "ms");
    }
}

/** One transfer each way; the first of two is not told. */
static void time_transfers(cl_mem device, char *memory, const char *kind) {
    char name[96];
    for (int turn = 0; turn < 2; turn++) {
        double start = now_ms();
        check(clEnqueueWriteBuffer(queue, device, CL_FALSE, 0, LARGE, memory, 0, NULL, NULL),
              "clEnqueueWriteBuffer");
        double called = now_ms();
        check(clFinish(queue), "clFinish");
        double written = now_ms();
        check(clEnqueueReadBuffer(queue, device, CL_FALSE, 0, LARGE, memory, 0, NULL, NULL),
              "clEnqueueReadBuffer");
        check(clFinish(queue), "clFinish");
        double read = now_ms();
        if (turn == 1) {
            snprintf(name, sizeof name, "write of 256 MiB, %s: the call", kind);
            fact(name, called - start, "ms");
            snprintf(name, sizeof name, "write of 256 MiB, %s", kind);
            fact(name, LARGE / (written - start) * 1e-6, "GB/s");
            snprintf(name, sizeof name, "read of 256 MiB, %s", kind);
            fact(name, LARGE / (read - written) * 1e-6, "GB/s");
        }
    }
    for (size_t bytes = 64 << 10; bytes <= 4 * MIB; bytes *= 8) {
        double start = now_ms();
        for (size_t i = 0; i < 32; i++) {
            check(clEnqueueWriteBuffer(queue, device, CL_FALSE, i * bytes % (LARGE / 2), bytes,
                                       memory, 0, NULL, NULL),
                  "clEnqueueWriteBuffer");
        }
        check(clFinish(queue), "clFinish");
        snprintf(name, sizeof name, "writes of %zu KiB, %s: each", bytes >> 10, kind);
        fact(name, (now_ms() - start) / 32 * 1e3, "us");
    }
}

static void launch(cl_kernel kernel, size_t items, int steps) {
    check(clSetKernelArg(kernel, 1, sizeof steps, &steps), "clSetKernelArg");
    check(clEnqueueNDRangeKernel(queue, kernel, 1, NULL, &items, NULL, 0, NULL, NULL),
          "clEnqueueNDRangeKernel");
}

static void time_launches(cl_kernel kernel, cl_mem device, char *memory) {
    const int steps = 20000;
    check(clSetKernelArg(kernel, 0, sizeof device, &device), "clSetKernelArg");
    launch(kernel, MIB, steps);
    check(clFinish(queue), "clFinish");
    double start = now_ms(), processor = processor_ms();
    launch(kernel, MIB, steps);
    check(clFinish(queue), "clFinish");
    double alone = now_ms() - start;
    fact("waiting for a kernel: processor time of the wait",
         100 * (processor_ms() - processor) / alone, "%");
    start = now_ms();
    for (int i = 0; i < 4; i++) {
        check(clEnqueueWriteBuffer(other_queue, device, CL_FALSE, LARGE / 2, LARGE / 4, memory, 0,
                                   NULL, NULL),
              "clEnqueueWriteBuffer");
    }
    check(clFinish(other_queue), "clFinish");
    double copies = now_ms() - start;
    start = now_ms();
    launch(kernel, MIB, steps);
    check(clFlush(queue), "clFlush");
    for (int i = 0; i < 4; i++) {
        check(clEnqueueWriteBuffer(other_queue, device, CL_FALSE, LARGE / 2, LARGE / 4, memory, 0,
                                   NULL, NULL),
              "clEnqueueWriteBuffer");
    }
    check(clFinish(other_queue), "clFinish");
    check(clFinish(queue), "clFinish");
    double both = now_ms() - start;
    double shorter = alone < copies ? alone : copies, hidden = alone + copies - both;
    fact("a kernel and copies on two queues: of the shorter, hidden",
         hidden > 0 ? 100 * hidden / shorter : 0, "%");
    start = now_ms();
    for (int i = 0; i < 1000; i++) {
        launch(kernel, 256, 1);
    }
    check(clFinish(queue), "clFinish");
    fact("a launch", now_ms() - start, "us");
}

int main(int count, char **arguments) {
    int cpu = count > 1 && strcmp(arguments[1], "cpu") == 0;
    cl_int code;
    cl_mem host_buffer;
    open_device(cpu ? CL_DEVICE_TYPE_CPU : CL_DEVICE_TYPE_GPU);
    cl_kernel kernel = build();
    time_pinning();
    cl_mem device = clCreateBuffer(context, CL_MEM_READ_WRITE, LARGE, NULL, &code);
    check(code, "clCreateBuffer");
    char *host = pinned(LARGE, &host_buffer), *pageable = malloc(LARGE);
    if (!pageable) {
        return 1;
    }
    memset(pageable, 1, LARGE);
    time_transfers(device, host, "pinned");
    time_transfers(device, pageable, "pageable");
    time_launches(kernel, device, host);
    return 0;
}
