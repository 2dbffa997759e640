/** What the tests of the device's JPEG codec share: a device, JPEGs made to order, batches. */
#ifndef JPEG_FIXTURE_H
#define JPEG_FIXTURE_H

#include "unit/codec_helper.h"

#include <jpeglib.h>

#include "codec/jpeg_scan.h"
#include "device/cl_error.h"
#include "device/jpeg_codec.h"

/* ------------------------------------------------------------------ device */

typedef struct machine {
    cl_device_id id;
    cl_context context;
    cl_command_queue queue;
} machine;

#define assert_cl(call) assert_int_equal(call, CL_SUCCESS)

/** The first device of the platform whose name has `name` in it; false if there is none. */
static inline bool open_machine(machine *m, const char *name) {
    cl_platform_id platforms[16];
    cl_uint count = 0;
    memset(m, 0, sizeof *m);
    if (clGetPlatformIDs(16, platforms, &count) != CL_SUCCESS) {
        return false;
    }
    for (cl_uint i = 0; i < count && i < 16 && !m->id; i++) {
        char found[128] = "";
        if (clGetPlatformInfo(platforms[i], CL_PLATFORM_NAME, sizeof found, found, NULL) ==
                CL_SUCCESS &&
            strstr(found, name) &&
            clGetDeviceIDs(platforms[i], CL_DEVICE_TYPE_ALL, 1, &m->id, NULL) != CL_SUCCESS) {
            m->id = NULL;
        }
    }
    if (!m->id) {
        return false;
    }
    cl_int code;
    m->context = clCreateContext(NULL, 1, &m->id, NULL, NULL, &code);
    assert_cl(code);
    m->queue = clCreateCommandQueue(m->context, m->id, 0, &code);
    assert_cl(code);
    return true;
}

static inline void close_machine(machine *m) {
    assert_cl(clReleaseCommandQueue(m->queue));
    assert_cl(clReleaseContext(m->context));
}

/** Runs tests on PoCL, or the platform that $CLPROC_JPEG_PLATFORM names, then some on rusticl; a
 * pattern of names chooses among them. `platform` is what their set-up opens. The program's exit
 * code. */
#define RUN_ON_PLATFORMS(platform, tests, again, argc, argv, start, stop)                          \
    do {                                                                                           \
        machine probe;                                                                             \
        const char *named = getenv("CLPROC_JPEG_PLATFORM");                                        \
        setenv("RUSTICL_ENABLE", "llvmpipe", 0);                                                   \
        if ((argc) > 1) {                                                                          \
            cmocka_set_test_filter((argv)[1]);                                                     \
        }                                                                                          \
        (platform) = named ? named : "Portable Computing Language";                                \
        if (!open_machine(&probe, platform)) {                                                     \
            print_message("there is no OpenCL platform %s\n", platform);                           \
            return 77;                                                                             \
        }                                                                                          \
        close_machine(&probe);                                                                     \
        int failed = cmocka_run_group_tests(tests, start, stop);                                   \
        if (!named && open_machine(&probe, "rusticl")) {                                           \
            close_machine(&probe);                                                                 \
            (platform) = "rusticl";                                                                \
            failed += cmocka_run_group_tests(again, start, stop);                                  \
        }                                                                                          \
        return failed;                                                                             \
    } while (0)

/** What buffers that nobody has written hold. */
static uint8_t old_memory = 0xA5;

/** A buffer of the device with a copy of `data`, or, with NULL, full of old memory. */
static inline cl_mem make_buffer(machine *m, const void *data, size_t size) {
    cl_int code;
    size = size ? size : 1;
    cl_mem made = clCreateBuffer(m->context, CL_MEM_READ_WRITE, size, NULL, &code);
    assert_cl(code);
    uint8_t *filled = NULL;
    if (!data) {
        filled = malloc(size);
        assert_non_null(filled);
        memset(filled, old_memory, size);
    }
    assert_cl(clEnqueueWriteBuffer(m->queue, made, CL_TRUE, 0, size, data ? data : filled, 0, NULL,
                                   NULL));
    free(filled);
    return made;
}

/* ------------------------------------------------------------ JPEGs to order */

typedef enum drawing { DRAW_WAVES, DRAW_NOISE, DRAW_FLAT, DRAW_EXTREMES } drawing;

typedef struct order {
    uint32_t width, height, components; /**< 1 or 3 */
    uint32_t h[3], v[3];
    int quality;
    uint32_t restart; /**< MCUs */
    bool optimised, one_table;
    drawing drawing;
} order;

static inline uint8_t draw_sample(drawing kind, uint32_t x, uint32_t y, uint32_t c,
                                  uint32_t *seed) {
    uint32_t wave = (x * 3 + y * 5 + c * 70) % 510, random = next_random(seed);
    wave = wave < 255 ? wave : 510 - wave;
    switch (kind) {
    case DRAW_WAVES: /* busy here and calm there */
        return (uint8_t)((wave * 7 + ((x / 64 + y / 64) % 3 ? random % 256 : 128)) / 8);
    case DRAW_NOISE:
        return (uint8_t)random;
    case DRAW_EXTREMES:
        return random % 2 ? 255 : 0;
    default:
        return (uint8_t)(100 + 20 * c);
    }
}

/** The bytes are malloc()ed by libjpeg. */
static inline uint8_t *make_jpeg(const order *o, uint32_t seed, size_t *size) {
    struct jpeg_compress_struct info;
    struct jpeg_error_mgr errors;
    unsigned char *made = NULL;
    unsigned long length = 0;
    info.err = jpeg_std_error(&errors);
    jpeg_create_compress(&info);
    jpeg_mem_dest(&info, &made, &length);
    info.image_width = o->width;
    info.image_height = o->height;
    info.input_components = (int)o->components;
    info.in_color_space = o->components == 3 ? JCS_YCbCr : JCS_GRAYSCALE;
    jpeg_set_defaults(&info);
    jpeg_set_quality(&info, o->quality, TRUE);
    for (uint32_t i = 0; i < o->components; i++) {
        info.comp_info[i].h_samp_factor = (int)o->h[i];
        info.comp_info[i].v_samp_factor = (int)o->v[i];
        if (o->one_table) {
            info.comp_info[i].dc_tbl_no = info.comp_info[i].ac_tbl_no = 0;
        }
    }
    info.optimize_coding = o->optimised;
    info.restart_interval = o->restart;
    jpeg_start_compress(&info, TRUE);
    uint8_t *row = malloc((size_t)o->width * o->components);
    assert_non_null(row);
    for (uint32_t y = 0; y < o->height; y++) {
        for (uint32_t i = 0; i < o->width * o->components; i++) {
            row[i] = draw_sample(o->drawing, i / o->components, y, i % o->components, &seed);
        }
        jpeg_write_scanlines(&info, &row, 1);
    }
    free(row);
    jpeg_finish_compress(&info);
    jpeg_destroy_compress(&info);
    *size = length;
    return made;
}

/* ----------------------------------------------------------------- batches */

/** A file, what libjpeg makes of it, and what the device does. */
typedef struct subject {
    const char *name;
    const uint8_t *bytes;
    size_t size;
    uint32_t eighths;
    bool luma; /**< in gray */
    clp_jpeg_scan scan;
    const char *refused; /**< by the scan's parser or packer; NULL: eligible */
    bool plain;          /**< nothing is odd about the header */
    clproc_status status;
    picture reference;
    uint8_t *package;
    size_t package_size;
    const char *verdict; /**< of the device; NULL: good */
    uint8_t *planes;
} subject;

typedef struct tally {
    uint32_t refused, flagged, good;
} tally;

/** Packs the file and decodes it with libjpeg. */
static inline void prepare_subject(clp_decoder *decoder, subject *s) {
    s->refused = clp_jpeg_scan_parse(&s->scan, s->bytes, s->size);
    if (!s->refused) {
        s->package = aligned_alloc(64, (s->scan.bound + 63) / 64 * 64);
        assert_non_null(s->package);
        s->refused = clp_jpeg_scan_pack(&s->scan, s->package, &s->package_size);
        assert_true(s->package_size <= s->scan.bound);
    }
    clproc_error error;
    clp_header header;
    s->plain = clp_decoder_open(decoder, s->bytes, s->size, &test_limits, CLPROC_FAIL_ON_WARNING,
                                &header, &error) == CLPROC_OK;
    s->status = decode(decoder, s->bytes, s->size, CLPROC_FAIL_ON_NONE,
                       s->luma ? (int)CLP_MODEL_GRAY : OWN_MODEL, s->eighths, 0x5A, &s->reference);
    if (!s->refused && s->status == CLPROC_OK && s->reference.header.model != CLP_MODEL_YCC &&
        s->reference.header.model != CLP_MODEL_GRAY) {
        s->refused = "not of planes";
    }
    if (!s->refused && s->luma && !clp_jpeg_scan_has_whole_luma(&s->scan.package)) {
        s->refused = "with luma to be interpolated";
    }
    if (!s->refused && s->status == CLPROC_ERROR_LIMIT) {
        s->refused = "beyond the limits";
    }
    if (!s->refused && !s->reference.base) { /* libjpeg fails: so must the device, on its own */
        s->reference.layout =
            (clp_layout){.model = s->scan.package.components == 3 ? CLP_MODEL_YCC : CLP_MODEL_GRAY,
                         .depth = 8,
                         .width = s->scan.package.width,
                         .height = s->scan.package.height,
                         .plane_count = s->scan.package.components};
        for (uint32_t i = 0; i < 3; i++) {
            s->reference.layout.planes[i].h_step = s->reference.layout.planes[i].v_step = 1;
        }
        assert_true(clp_layout_place(&s->reference.layout));
    }
}

static inline void free_subject(subject *s) {
    free_picture(&s->reference);
    free(s->package);
    free(s->planes);
    s->package = s->planes = NULL;
}

/** Decodes all that are eligible in one batch. */
static inline void run_batch(machine *m, clp_jpeg_codec *codec, subject *subjects, uint32_t count,
                             uint32_t slot_bits) {
    clp_jpeg_decode_picture *pictures = calloc(count, sizeof *pictures);
    size_t package_bytes = 0, plane_bytes = 0;
    uint32_t taken = 0;
    clproc_error error;
    for (uint32_t i = 0; i < count; i++) {
        subject *s = &subjects[i];
        if (!s->refused) {
            uint32_t sizes[JPEG_COMPONENTS];
            clp_jpeg_decode_picture *p = &pictures[taken++];
            p->package = &s->scan.package;
            p->at = package_bytes;
            clp_jpeg_scan_sizes(p->package, s->eighths, sizes);
            clp_jpeg_decode_planes(p, &s->reference.layout, plane_bytes, sizes);
            package_bytes += (s->package_size + 15) / 16 * 16;
            plane_bytes += s->reference.layout.bytes;
        }
    }
    if (taken > 0) {
        uint8_t *packed = malloc(package_bytes), *planes = malloc(plane_bytes);
        assert_true(packed && planes);
        memset(packed, 0xA5, package_bytes);
        taken = 0;
        for (uint32_t i = 0; i < count; i++) {
            if (!subjects[i].refused) {
                memcpy(packed + pictures[taken++].at, subjects[i].package,
                       subjects[i].package_size);
            }
        }
        clp_jpeg_decode_plan plan;
        clproc_status status =
            clp_jpeg_decode_plan_batch(codec, pictures, taken, slot_bits, &plan, &error);
        if (status != CLPROC_OK) {
            fail_msg("%s", error.message);
        }
        void *jobs = malloc(plan.job_bytes);
        uint32_t *flags = malloc(taken * JPEG_FLAG_WORDS * sizeof *flags);
        assert_true(jobs && flags);
        clp_jpeg_decode_jobs(&plan, pictures, jobs);
        cl_mem buffers[] = {
            make_buffer(m, packed, package_bytes), make_buffer(m, jobs, plan.job_bytes),
            make_buffer(m, NULL, plan.work_bytes), make_buffer(m, NULL, plane_bytes)};
        clp_jpeg_queue queue = {.queue = m->queue};
        status = clp_jpeg_decode_enqueue(codec, &plan, buffers[0], buffers[1], buffers[2],
                                         buffers[3], &queue, &error);
        if (status != CLPROC_OK) {
            fail_msg("%s", error.message);
        }
        assert_cl(clEnqueueReadBuffer(m->queue, buffers[2], CL_TRUE, 0,
                                      taken * JPEG_FLAG_WORDS * sizeof *flags, flags, 0, NULL,
                                      NULL));
        assert_cl(clEnqueueReadBuffer(m->queue, buffers[3], CL_TRUE, 0, plane_bytes, planes, 0,
                                      NULL, NULL));
        taken = 0;
        plane_bytes = 0;
        for (uint32_t i = 0; i < count; i++) {
            subject *s = &subjects[i];
            if (!s->refused) {
                s->verdict = clp_jpeg_decode_verdict(flags + JPEG_FLAG_WORDS * taken++);
                free(s->planes);
                s->planes = malloc(s->reference.layout.bytes);
                assert_non_null(s->planes);
                memcpy(s->planes, planes + plane_bytes, s->reference.layout.bytes);
                plane_bytes += s->reference.layout.bytes;
            }
        }
        for (int i = 0; i < 4; i++) {
            assert_cl(clReleaseMemObject(buffers[i]));
        }
        free(jobs);
        free(flags);
        free(packed);
        free(planes);
    }
    free(pictures);
}

/** The invariant: where the device says good, libjpeg has nothing to say, and the same samples. */
static inline void check_subject(const subject *s, tally *t) {
    if (s->refused) {
        t->refused++;
        return;
    }
    if (s->verdict) {
        t->flagged++;
        return;
    }
    t->good++;
    if (s->status != CLPROC_OK || (s->plain && s->reference.result.flaws)) {
        fail_msg("%s: good on the device, but libjpeg says: %s", s->name,
                 s->status != CLPROC_OK ? s->reference.error.message : s->reference.result.message);
    }
    for (uint32_t p = 0; p < s->reference.layout.plane_count; p++) {
        const clp_plane *plane = &s->reference.layout.planes[p];
        for (uint32_t y = 0; y < plane->height; y++) {
            size_t at = plane->offset + y * plane->pitch;
            for (uint32_t x = 0; x < plane->width; x++) {
                if (s->planes[at + x] != s->reference.base[at + x]) {
                    fail_msg("%s: plane %u, row %u, column %u: %u, libjpeg %u", s->name, p, y, x,
                             s->planes[at + x], s->reference.base[at + x]);
                }
            }
        }
    }
}

#endif
