/* The device's JPEG codec by itself: times of its kernels, beside libjpeg-turbo on all cores, and
 * whether both make the same bytes.
 *
 *   clproc-jpeg-device [--device NAME] [--batch N] [--slots BITS] [--repeat N] [--eighths N]
 *                      [--quality N] FILE...
 *
 * NAME is a part of a platform's or device's name; without one the first GPU is taken, else the
 * first device. A batch of N pictures is made of the files in turn. Exit code 0: all that the
 * device calls good is libjpeg's, byte for byte. */
#include <CL/cl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "codec/jpeg_scan.h"
#include "codec/jpeg_scan_trial.h"
#include "codec/jpeg_scan_write.h"
#include "core/clock.h"
#include "device/cl_error.h"
#include "device/jpeg_codec.h"

enum { MOST_KERNELS = 8 };

/** A file. */
typedef struct item {
    const char *path;
    clp_bytes file;
    clp_jpeg_scan scan;
    const char *refused;
    uint8_t *package, *planes; /**< libjpeg's planes */
    size_t package_bytes;
    uint64_t pack_ns;
    clp_layout layout;
    bool flawed;
    uint8_t *encoded; /**< by libjpeg, of these planes */
    size_t encoded_bytes;
} item;

typedef struct bench {
    const char *device_name;
    uint32_t batch, slot_bits, repeats, eighths;
    int quality;
    item *items;
    uint32_t item_count;
    cl_device_id id;
    cl_context context;
    cl_command_queue queue;
    clp_jpeg_codec *codec;
    jpeg_encode_tables tables;
    double megapixels;
    uint32_t different, flagged;
} bench;

static const clp_limits limits = {
    .pixels = 1u << 30, .side = 65500, .scans = 100, .chunk_bytes = 8 << 20};

static void die(const char *what) {
    fprintf(stderr, "clproc-jpeg-device: %s\n", what);
    exit(3);
}

static void check(clproc_status status, const clproc_error *error) {
    if (status != CLPROC_OK) {
        die(error->message);
    }
}

static void check_cl(cl_int code, const char *call) {
    clproc_error error;
    check(clp_cl_check(code, call, "the benchmark", &error), &error);
}

static void *take(size_t size) {
    void *memory = aligned_alloc(64, (size + 64) / 64 * 64);
    if (!memory) {
        die("out of memory");
    }
    return memory;
}

/* ------------------------------------------------------------------- host */

typedef struct crew {
    bench *b;
    void (*step)(bench *b, uint32_t index, clp_decoder *decoder, clp_encoder *encoder);
    uint32_t count;
    atomic_uint next;
} crew;

static void *work(void *argument) {
    crew *c = argument;
    clp_decoder *decoder = NULL;
    clp_encoder *encoder = NULL;
    clproc_error error;
    check(clp_decoder_create(&decoder, &error), &error);
    check(clp_encoder_create(&encoder, &error), &error);
    for (uint32_t i = atomic_fetch_add(&c->next, 1); i < c->count;
         i = atomic_fetch_add(&c->next, 1)) {
        c->step(c->b, i, decoder, encoder);
    }
    clp_decoder_destroy(&decoder);
    clp_encoder_destroy(&encoder);
    return NULL;
}

/** Runs a step for 0 … count − 1 on all cores; returns milliseconds. */
static double run_all(bench *b, uint32_t count,
                      void (*step)(bench *, uint32_t, clp_decoder *, clp_encoder *)) {
    crew c = {.b = b, .step = step, .count = count};
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    pthread_t threads[256];
    uint32_t started = 0;
    uint64_t start = clp_clock_ns();
    while (started < 256 && started < (uint32_t)(cores > 0 ? cores : 1) &&
           pthread_create(&threads[started], NULL, work, &c) == 0) {
        started++;
    }
    for (uint32_t i = 0; i < started; i++) {
        pthread_join(threads[i], NULL);
    }
    return (double)(clp_clock_ns() - start) / 1e6;
}

/** Reads and packs a file, and has libjpeg decode it. */
static void load(bench *b, uint32_t index, clp_decoder *decoder, clp_encoder *encoder) {
    item *it = &b->items[index];
    clp_header header;
    clp_decode_result result = {0};
    clproc_error error;
    (void)encoder;
    check(clp_file_read(it->path, 0, &it->file, &error), &error);
    uint64_t start = clp_clock_ns();
    it->refused = clp_jpeg_scan_parse(&it->scan, it->file.data, it->file.size);
    if (!it->refused) {
        it->package = take(it->scan.bound);
        memset(it->package, 0, it->scan.bound); /* pages are touched before the clock starts */
        start = clp_clock_ns();
        it->refused = clp_jpeg_scan_pack(&it->scan, it->package, &it->package_bytes);
        it->pack_ns = clp_clock_ns() - start;
    }
    if (it->refused) {
        return;
    }
    if (clp_decoder_open(decoder, it->file.data, it->file.size, &limits, CLPROC_FAIL_ON_NONE,
                         &header, &error) != CLPROC_OK ||
        (header.model != CLP_MODEL_YCC && header.model != CLP_MODEL_GRAY)) {
        it->refused = "not of planes";
        return;
    }
    clp_decode_request request = {header.model, b->eighths};
    check(clp_decoder_layout(decoder, &request, &it->layout, &error), &error);
    it->planes = take(it->layout.bytes);
    it->flawed = clp_decoder_read(decoder, &it->layout, it->planes, &result, &error) != CLPROC_OK ||
                 result.flaws;
}

/** What libjpeg takes for a picture of the batch: decoding. */
static void decode_again(bench *b, uint32_t index, clp_decoder *decoder, clp_encoder *encoder) {
    item *it = &b->items[index % b->item_count];
    clp_header header;
    clp_layout layout;
    clp_decode_result result;
    clproc_error error;
    (void)encoder;
    clp_decode_request request = {it->layout.model, b->eighths};
    uint8_t *planes = take(it->layout.bytes);
    check(clp_decoder_open(decoder, it->file.data, it->file.size, &limits, CLPROC_FAIL_ON_NONE,
                           &header, &error),
          &error);
    check(clp_decoder_layout(decoder, &request, &layout, &error), &error);
    clp_decoder_read(decoder, &layout, planes, &result, &error);
    free(planes);
}

static clp_encode_params encode_params(const bench *b) {
    return (clp_encode_params){.format = CLPROC_FORMAT_JPEG, .quality = b->quality};
}

/** The same of encoding; keeps the files of the first round. */
static void encode_again(bench *b, uint32_t index, clp_decoder *decoder, clp_encoder *encoder) {
    item *it = &b->items[index % b->item_count];
    const clp_encode_params params = encode_params(b);
    const uint8_t *data;
    clproc_error error;
    size_t size;
    (void)decoder;
    uint8_t *planes = take(it->layout.bytes); /* libjpeg's caller may write beside them */
    memcpy(planes, it->planes, it->layout.bytes);
    check(clp_encoder_write(encoder, &it->layout, planes, &params, &data, &size, &error), &error);
    if (index < b->item_count) {
        it->encoded = take(size);
        memcpy(it->encoded, data, size);
        it->encoded_bytes = size;
    }
    free(planes);
}

/* ----------------------------------------------------------------- device */

static bool wanted(const bench *b, cl_platform_id platform, cl_device_id id, bool any) {
    char name[256] = "", platform_name[256] = "";
    cl_device_type type = 0;
    clGetDeviceInfo(id, CL_DEVICE_NAME, sizeof name, name, NULL);
    clGetPlatformInfo(platform, CL_PLATFORM_NAME, sizeof platform_name, platform_name, NULL);
    clGetDeviceInfo(id, CL_DEVICE_TYPE, sizeof type, &type, NULL);
    return b->device_name ? strstr(name, b->device_name) || strstr(platform_name, b->device_name)
                          : any || (type & CL_DEVICE_TYPE_GPU);
}

static void find_device(bench *b) {
    cl_platform_id platforms[16];
    cl_device_id ids[16];
    cl_uint platform_count = 0, count;
    check_cl(clGetPlatformIDs(16, platforms, &platform_count), "clGetPlatformIDs");
    for (int any = 0; any < 2 && !b->id; any++) {
        for (cl_uint p = 0; p < platform_count && p < 16 && !b->id; p++) {
            count = 0;
            clGetDeviceIDs(platforms[p], CL_DEVICE_TYPE_ALL, 16, ids, &count);
            for (cl_uint i = 0; i < count && i < 16 && !b->id; i++) {
                b->id = wanted(b, platforms[p], ids[i], any) ? ids[i] : NULL;
            }
        }
    }
    if (!b->id) {
        die("there is no such device");
    }
}

static void open_device(bench *b) {
    char name[256] = "";
    clp_jpeg_trial trials[CLP_JPEG_TRIALS];
    clproc_error error;
    cl_int code;
    bool same;
    find_device(b);
    check_cl(clGetDeviceInfo(b->id, CL_DEVICE_NAME, sizeof name, name, NULL), "clGetDeviceInfo");
    b->context = clCreateContext(NULL, 1, &b->id, NULL, NULL, &code);
    check_cl(code, "clCreateContext");
    b->queue = clCreateCommandQueue(b->context, b->id, CL_QUEUE_PROFILING_ENABLE, &code);
    check_cl(code, "clCreateCommandQueue");
    check(clp_jpeg_codec_open(&b->codec, b->context, b->id, NULL, 0, &error), &error);
    uint64_t start = clp_clock_ns();
    check(clp_jpeg_trials_make(trials, &error), &error);
    check(clp_jpeg_codec_check(b->codec, b->queue, trials, &same, &error), &error);
    clp_jpeg_trials_free(trials);
    printf("%s: the codec %s with libjpeg on what it is tried on (%.0f ms with building)\n", name,
           same ? "agrees" : "DISAGREES", (double)(clp_clock_ns() - start) / 1e6);
    b->different += !same;
}

static cl_mem make_buffer(bench *b, size_t size) {
    cl_int code;
    cl_mem made = clCreateBuffer(b->context, CL_MEM_READ_WRITE, size, NULL, &code);
    check_cl(code, "clCreateBuffer");
    return made;
}

static void copy_in(bench *b, cl_mem to, size_t at, const void *from, size_t size) {
    check_cl(clEnqueueWriteBuffer(b->queue, to, CL_TRUE, at, size, from, 0, NULL, NULL),
             "clEnqueueWriteBuffer");
}

static void copy_out(bench *b, cl_mem from, size_t at, void *to, size_t size) {
    check_cl(clEnqueueReadBuffer(b->queue, from, CL_TRUE, at, size, to, 0, NULL, NULL),
             "clEnqueueReadBuffer");
}

/** Least times of kernels over all repeats. */
typedef struct times {
    double kernels[MOST_KERNELS], all;
} times;

static void note_times(times *t, cl_event *events, uint32_t count, bool first) {
    cl_ulong first_start = 0, start = 0, end = 0;
    for (uint32_t i = 0; i < count; i++) {
        check_cl(clGetEventProfilingInfo(events[i], CL_PROFILING_COMMAND_START, sizeof start,
                                         &start, NULL),
                 "clGetEventProfilingInfo");
        check_cl(
            clGetEventProfilingInfo(events[i], CL_PROFILING_COMMAND_END, sizeof end, &end, NULL),
            "clGetEventProfilingInfo");
        double ms = (double)(end - start) / 1e6;
        t->kernels[i] = first || ms < t->kernels[i] ? ms : t->kernels[i];
        first_start = i == 0 ? start : first_start;
        check_cl(clReleaseEvent(events[i]), "clReleaseEvent");
    }
    double ms = (double)(end - first_start) / 1e6;
    t->all = first || ms < t->all ? ms : t->all;
}

static void print_times(const bench *b, const char *what, const times *t, const char *const *names,
                        uint32_t count, double libjpeg_ms) {
    printf("%s: %.3f ms, %.1f GP/s (", what, t->all, b->megapixels / t->all);
    for (uint32_t i = 0; i < count; i++) {
        printf("%s%s %.3f", i ? ", " : "", names[i], t->kernels[i]);
    }
    printf("); libjpeg %.1f ms, %.1f times as long\n", libjpeg_ms, libjpeg_ms / t->all);
}

/* --------------------------------------------------------------- decoding */

/** Every picture of the batch against libjpeg's planes. */
static void compare_planes(bench *b, cl_mem planes, const uint32_t *flags) {
    size_t at = 0;
    for (uint32_t i = 0; i < b->batch; i++) {
        item *it = &b->items[i % b->item_count];
        const char *verdict = clp_jpeg_decode_verdict(flags + JPEG_FLAG_WORDS * i);
        uint8_t *made = take(it->layout.bytes);
        copy_out(b, planes, at, made, it->layout.bytes);
        bool same = !it->flawed;
        for (uint32_t p = 0; p < it->layout.plane_count && !verdict; p++) {
            const clp_plane *plane = &it->layout.planes[p];
            for (uint32_t y = 0; y < plane->height; y++) {
                size_t row = plane->offset + y * plane->pitch;
                same = same && memcmp(made + row, it->planes + row, plane->width) == 0;
            }
        }
        free(made);
        b->different += !verdict && !same;
        b->flagged += verdict != NULL && !it->flawed;
        if (i < b->item_count && (verdict || !same)) {
            printf("  %s: %s\n", it->path, verdict ? verdict : "DIFFERENT");
        }
        at += it->layout.bytes;
    }
}

/** How full the fullest picture's lists are. */
static void print_lists(bench *b, const clp_jpeg_decode_plan *plan, const void *staged,
                        cl_mem memory, uint32_t *used) {
    const jpeg_decode_job *jobs = (const jpeg_decode_job *)((const jpeg_decode_batch *)staged + 1);
    double fullest = 0;
    uint32_t which = 0;
    copy_out(b, memory, plan->batch.used * sizeof *used, used, b->batch * sizeof *used);
    for (uint32_t i = 0; i < b->batch; i++) {
        double full = (double)used[i] / jobs[i].chunk_count;
        which = full > fullest ? i : which;
        fullest = full > fullest ? full : fullest;
    }
    printf(
        "lists: at most %.0f %% of the common chunks in use (%u of %u, chunks of %u, %u slots)\n",
        100 * fullest, used[which], jobs[which].chunk_count, jobs[which].chunk, jobs[which].slots);
}

/** Leaves the planes on the device. */
static cl_mem decode_batch(bench *b, double libjpeg_ms) {
    clp_jpeg_decode_picture *pictures = take(b->batch * sizeof *pictures);
    size_t package_bytes = 0, plane_bytes = 0, scan_bytes = 0;
    clp_jpeg_decode_plan plan;
    clproc_error error;
    times t = {0};
    memset(pictures, 0, b->batch * sizeof *pictures);
    for (uint32_t i = 0; i < b->batch; i++) {
        item *it = &b->items[i % b->item_count];
        uint32_t sizes[JPEG_COMPONENTS] = {0};
        pictures[i].package = &it->scan.package;
        pictures[i].at = package_bytes;
        clp_jpeg_scan_sizes(&it->scan.package, b->eighths, sizes);
        clp_jpeg_decode_planes(&pictures[i], &it->layout, plane_bytes, sizes);
        package_bytes += (it->package_bytes + 63) / 64 * 64;
        plane_bytes += it->layout.bytes;
        scan_bytes += it->scan.package.scan_bits / 8;
        b->megapixels += (double)it->scan.package.width * it->scan.package.height / 1e6;
    }
    check(clp_jpeg_decode_plan_batch(b->codec, pictures, b->batch, b->slot_bits, &plan, &error),
          &error);
    cl_mem packages = make_buffer(b, package_bytes), jobs = make_buffer(b, plan.job_bytes);
    cl_mem memory = make_buffer(b, plan.work_bytes), planes = make_buffer(b, plane_bytes);
    for (uint32_t i = 0; i < b->batch; i++) {
        const item *it = &b->items[i % b->item_count];
        copy_in(b, packages, pictures[i].at, it->package, it->package_bytes);
    }
    void *staged = take(plan.job_bytes);
    uint64_t start = clp_clock_ns();
    clp_jpeg_decode_jobs(&plan, pictures, staged);
    double job_ms = (double)(clp_clock_ns() - start) / 1e6;
    copy_in(b, jobs, 0, staged, plan.job_bytes);
    for (uint32_t i = 0; i < b->repeats; i++) {
        cl_event events[CLP_JPEG_DECODE_KERNELS];
        clp_jpeg_queue queue = {.queue = b->queue, .events = events};
        check(clp_jpeg_decode_enqueue(b->codec, &plan, packages, jobs, memory, planes, &queue,
                                      &error),
              &error);
        check_cl(clFinish(b->queue), "clFinish");
        note_times(&t, events, CLP_JPEG_DECODE_KERNELS, i == 0);
    }
    printf("%u pictures, %.1f MP, %.1f MB of scan, slots of %u bits; working memory %.1f MB, %.2f "
           "of the scan; jobs in %.2f ms\n",
           b->batch, b->megapixels, (double)scan_bytes / 1e6, b->slot_bits,
           (double)plan.work_bytes / 1e6, (double)plan.work_bytes / (double)scan_bytes, job_ms);
    print_times(b, "decode", &t, clp_jpeg_decode_names, CLP_JPEG_DECODE_KERNELS, libjpeg_ms);
    uint32_t *flags = take(b->batch * (JPEG_FLAG_WORDS + 1) * sizeof *flags);
    copy_out(b, memory, 0, flags, b->batch * JPEG_FLAG_WORDS * sizeof *flags);
    print_lists(b, &plan, staged, memory, flags + JPEG_FLAG_WORDS * b->batch);
    compare_planes(b, planes, flags);
    check_cl(clReleaseMemObject(packages), "clReleaseMemObject");
    check_cl(clReleaseMemObject(jobs), "clReleaseMemObject");
    check_cl(clReleaseMemObject(memory), "clReleaseMemObject");
    free(flags);
    free(staged);
    free(pictures);
    return planes;
}

/* --------------------------------------------------------------- encoding */

static void compare_files(bench *b, cl_mem scans, const clp_jpeg_encode_picture *pictures,
                          const jpeg_encode_result *results) {
    const clp_encode_params params = encode_params(b);
    clp_encoder *encoder = NULL;
    clproc_error error;
    uint64_t spent = 0;
    uint32_t written = 0;
    check(clp_encoder_create(&encoder, &error), &error);
    for (uint32_t i = 0; i < b->batch; i++) {
        item *it = &b->items[i % b->item_count];
        const uint8_t *data;
        size_t size, bytes = ((size_t)results[i].bits + 31) / 32 * 4;
        if (results[i].crowded) {
            printf("  %s: more bits than there is room for\n", it->path);
            b->flagged++;
            continue;
        }
        uint8_t *scan = take(bytes);
        copy_out(b, scans, pictures[i].output, scan, bytes);
        uint64_t start = clp_clock_ns();
        check(clp_encoder_write_scan(encoder, &it->layout, &params, scan, results[i].bits, &data,
                                     &size, &error),
              &error);
        spent += clp_clock_ns() - start;
        written++;
        if (size != it->encoded_bytes || memcmp(data, it->encoded, size) != 0) {
            b->different++;
            printf("  %s: encoded DIFFERENTLY\n", it->path);
        }
        free(scan);
    }
    printf("headers and stuffing: %.2f ms a picture on the host\n",
           written ? (double)spent / 1e6 / written : 0.0);
    clp_encoder_destroy(&encoder);
}

/** Encodes libjpeg's planes, so that what was flagged before is not missing. */
static void encode_batch(bench *b, cl_mem planes, double libjpeg_ms) {
    clp_jpeg_encode_picture *pictures = take(b->batch * sizeof *pictures);
    size_t at = 0, scan_bytes = 0;
    clp_jpeg_encode_plan plan;
    clproc_error error;
    times t = {0};
    for (uint32_t i = 0; i < b->batch; i++) {
        item *it = &b->items[i % b->item_count];
        copy_in(b, planes, at, it->planes, it->layout.bytes);
        pictures[i] =
            (clp_jpeg_encode_picture){.layout = &it->layout,
                                      .base = at,
                                      .tables = &b->tables,
                                      .output = scan_bytes,
                                      .output_bytes = (uint32_t)(it->layout.bytes / 4 * 4 + 4096)};
        at += it->layout.bytes;
        scan_bytes += pictures[i].output_bytes;
    }
    uint32_t block_bits = b->quality > 95 ? CLP_JPEG_BLOCK_BITS_MOST : CLP_JPEG_BLOCK_BITS;
    check(clp_jpeg_encode_plan_batch(b->codec, pictures, b->batch, block_bits, 0,
                                     b->batch * sizeof(jpeg_encode_result), &plan, &error),
          &error);
    cl_mem jobs = make_buffer(b, plan.job_bytes), memory = make_buffer(b, plan.work_bytes);
    cl_mem scans = make_buffer(b, scan_bytes);
    void *staged = take(plan.job_bytes);
    clp_jpeg_encode_jobs(&plan, pictures, staged);
    copy_in(b, jobs, 0, staged, plan.job_bytes);
    for (uint32_t i = 0; i < b->repeats; i++) {
        cl_event events[CLP_JPEG_ENCODE_KERNELS];
        clp_jpeg_queue queue = {.queue = b->queue, .events = events};
        check(clp_jpeg_encode_enqueue(b->codec, &plan, planes, jobs, 0, memory, scans, &queue,
                                      &error),
              &error);
        check_cl(clFinish(b->queue), "clFinish");
        note_times(&t, events, CLP_JPEG_ENCODE_KERNELS, i == 0);
    }
    print_times(b, "encode", &t, clp_jpeg_encode_names, CLP_JPEG_ENCODE_KERNELS, libjpeg_ms);
    jpeg_encode_result *results = take(b->batch * sizeof *results);
    copy_out(b, memory, 0, results, b->batch * sizeof *results);
    compare_files(b, scans, pictures, results);
    check_cl(clReleaseMemObject(jobs), "clReleaseMemObject");
    check_cl(clReleaseMemObject(memory), "clReleaseMemObject");
    check_cl(clReleaseMemObject(scans), "clReleaseMemObject");
    free(results);
    free(staged);
    free(pictures);
}

/* ------------------------------------------------------------------- main */

static void read_options(bench *b, int argc, char **argv) {
    b->items = take((size_t)argc * sizeof *b->items);
    memset(b->items, 0, (size_t)argc * sizeof *b->items);
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (argv[i][0] != '-') {
            b->items[b->item_count++].path = argv[i];
            continue;
        }
        if (strcmp(argv[i], "--device") == 0) {
            b->device_name = value;
        } else if (strcmp(argv[i], "--batch") == 0) {
            b->batch = (uint32_t)atoi(value);
        } else if (strcmp(argv[i], "--slots") == 0) {
            b->slot_bits = (uint32_t)atoi(value);
        } else if (strcmp(argv[i], "--repeat") == 0) {
            b->repeats = (uint32_t)atoi(value);
        } else if (strcmp(argv[i], "--eighths") == 0) {
            b->eighths = (uint32_t)atoi(value);
        } else if (strcmp(argv[i], "--quality") == 0) {
            b->quality = atoi(value);
        } else {
            die("an unknown option; see the start of bench/jpeg_device.c");
        }
        i++;
    }
    if (b->item_count == 0 || b->repeats < 1 || b->slot_bits < 256 || b->slot_bits > 16384 ||
        (b->slot_bits & (b->slot_bits - 1)) != 0) {
        die("files are missing, or an option's value is out of range");
    }
}

/** Leaves out what is not for the device. */
static void keep_eligible(bench *b) {
    uint32_t kept = 0;
    uint64_t ns = 0, bytes = 0;
    for (uint32_t i = 0; i < b->item_count; i++) {
        if (b->items[i].refused) {
            printf("  %s is left to libjpeg: %s\n", b->items[i].path, b->items[i].refused);
            continue;
        }
        ns += b->items[i].pack_ns;
        bytes += b->items[i].scan.size;
        b->items[kept++] = b->items[i];
    }
    b->item_count = kept;
    if (kept == 0) {
        die("no file is for the device");
    }
    printf("%u files; packing %.2f GB/s on one core\n", kept, (double)bytes / (double)ns);
    b->batch = b->batch ? b->batch : kept;
}

int main(int argc, char **argv) {
    bench b = {.slot_bits = CLP_JPEG_SLOTS_MANY, .repeats = 5, .eighths = 8, .quality = 90};
    clproc_error error;
    setvbuf(stdout, NULL, _IOLBF, 0);
    read_options(&b, argc, argv);
    run_all(&b, b.item_count, load);
    keep_eligible(&b);
    check(clp_jpeg_encode_tables_make(&b.tables, b.quality, &error), &error);
    double decode_ms = run_all(&b, b.batch, decode_again);
    double encode_ms = run_all(&b, b.batch, encode_again);
    open_device(&b);
    cl_mem planes = decode_batch(&b, decode_ms);
    encode_batch(&b, planes, encode_ms);
    check_cl(clReleaseMemObject(planes), "clReleaseMemObject");
    clp_jpeg_codec_close(&b.codec);
    printf("%u different, %u to fall back\n", b.different, b.flagged);
    return b.different > 0;
}
