/** Whether a device's JPEG codec agrees with the linked libjpeg. */
#include <string.h>

#include "core/memory.h"
#include "device/jpeg_private.h"

enum { PACKAGES, PLANES, JOBS, WORK, SCANS, BUFFERS };

/** Buffers, and host memory to compare in. */
typedef struct check {
    clp_jpeg_codec *codec;
    cl_command_queue queue;
    const clp_jpeg_trial *trials;
    cl_mem buffers[BUFFERS];
    uint8_t *host;
    size_t plane_bytes, package_bytes, scan_bytes;
    clp_jpeg_decode_picture decode[CLP_JPEG_TRIALS];
    clp_jpeg_encode_picture encode[CLP_JPEG_TRIALS];
} check;

static clproc_status make_buffer(check *c, int index, size_t size, clproc_error *error) {
    cl_int code;
    if (c->buffers[index]) {
        clReleaseMemObject(c->buffers[index]);
    }
    c->buffers[index] = clCreateBuffer(c->codec->context, CL_MEM_READ_WRITE, size, NULL, &code);
    clproc_status status = clp_cl_check(code, "clCreateBuffer", "a JPEG to try", error);
    if (status != CLPROC_OK) {
        c->buffers[index] = NULL;
    }
    return status;
}

static clproc_status copy_in(check *c, int index, size_t at, const void *from, size_t size,
                             clproc_error *error) {
    return clp_cl_check(
        clEnqueueWriteBuffer(c->queue, c->buffers[index], CL_TRUE, at, size, from, 0, NULL, NULL),
        "clEnqueueWriteBuffer", "a JPEG to try", error);
}

static clproc_status copy_out(check *c, int index, size_t at, void *to, size_t size,
                              clproc_error *error) {
    return clp_cl_check(
        clEnqueueReadBuffer(c->queue, c->buffers[index], CL_TRUE, at, size, to, 0, NULL, NULL),
        "clEnqueueReadBuffer", "a JPEG to try", error);
}

static size_t aligned(size_t size) {
    return (size + CLP_PITCH_ALIGN - 1) / CLP_PITCH_ALIGN * CLP_PITCH_ALIGN;
}

/** Finds a place for everything. */
static void place(check *c) {
    for (uint32_t i = 0; i < CLP_JPEG_TRIALS; i++) {
        const clp_jpeg_trial *trial = &c->trials[i];
        c->decode[i] =
            (clp_jpeg_decode_picture){.package = &trial->package, .at = c->package_bytes};
        clp_jpeg_decode_planes(&c->decode[i], &trial->layout, c->plane_bytes, trial->sizes);
        c->encode[i] =
            (clp_jpeg_encode_picture){.layout = &trial->layout,
                                      .base = c->plane_bytes,
                                      .tables = &trial->tables,
                                      .output = c->scan_bytes,
                                      .output_bytes = (uint32_t)aligned(trial->scan_bytes)};
        c->package_bytes += aligned(trial->packed_bytes);
        c->plane_bytes += aligned(trial->layout.bytes);
        c->scan_bytes += c->encode[i].output_bytes;
    }
}

/** Makes the buffers of jobs and of working memory, and memory to write the jobs in. */
static clproc_status make_jobs(check *c, size_t job_bytes, size_t work_bytes, void **jobs,
                               clproc_error *error) {
    clproc_status status;
    CLP_TRY(status, out, make_buffer(c, JOBS, job_bytes, error));
    CLP_TRY(status, out, make_buffer(c, WORK, work_bytes, error));
    *jobs = clp_memory_zero(CLP_MEMORY_OTHER, 1, job_bytes);
    status = *jobs ? CLPROC_OK : clp_error_memory(error, "a JPEG to try", job_bytes);
out:
    return status;
}

static clproc_status decode(check *c, clproc_error *error) {
    clp_jpeg_decode_plan plan;
    const clp_jpeg_queue queue = {.queue = c->queue};
    void *jobs = NULL;
    clproc_status status;
    CLP_TRY(status, out,
            clp_jpeg_decode_plan_batch(c->codec, c->decode, CLP_JPEG_TRIALS, CLP_JPEG_SLOTS_ALONE,
                                       &plan, error));
    CLP_TRY(status, out, make_jobs(c, plan.job_bytes, plan.work_bytes, &jobs, error));
    clp_jpeg_decode_jobs(&plan, c->decode, jobs);
    CLP_TRY(status, out, copy_in(c, JOBS, 0, jobs, plan.job_bytes, error));
    CLP_TRY(status, out,
            clp_jpeg_decode_enqueue(c->codec, &plan, c->buffers[PACKAGES], c->buffers[JOBS],
                                    c->buffers[WORK], c->buffers[PLANES], &queue, error));
out:
    clp_memory_free(jobs);
    return status;
}

/** True if the samples are those of the trials, and no picture is flagged. */
static clproc_status compare_planes(check *c, bool *same, clproc_error *error) {
    uint32_t flags[CLP_JPEG_TRIALS][JPEG_FLAG_WORDS];
    clproc_status status = copy_out(c, WORK, 0, flags, sizeof flags, error);
    for (uint32_t i = 0; status == CLPROC_OK && i < CLP_JPEG_TRIALS; i++) {
        const clp_jpeg_trial *trial = &c->trials[i];
        status = copy_out(c, PLANES, c->encode[i].base, c->host, trial->layout.bytes, error);
        *same = *same && !clp_jpeg_decode_verdict(flags[i]);
        for (uint32_t p = 0; status == CLPROC_OK && p < trial->layout.plane_count; p++) {
            const clp_plane *plane = &trial->layout.planes[p];
            for (uint32_t y = 0; y < plane->height; y++) {
                size_t at = plane->offset + y * plane->pitch;
                *same = *same && memcmp(c->host + at, trial->planes + at, plane->width) == 0;
            }
        }
    }
    return status;
}

/** Of the planes that were decoded. */
static clproc_status encode(check *c, clproc_error *error) {
    clp_jpeg_encode_plan plan;
    const clp_jpeg_queue queue = {.queue = c->queue};
    void *jobs = NULL;
    clproc_status status;
    CLP_TRY(status, out,
            clp_jpeg_encode_plan_batch(c->codec, c->encode, CLP_JPEG_TRIALS,
                                       CLP_JPEG_BLOCK_BITS_MOST, 0,
                                       CLP_JPEG_TRIALS * sizeof(jpeg_encode_result), &plan, error));
    CLP_TRY(status, out, make_jobs(c, plan.job_bytes, plan.work_bytes, &jobs, error));
    clp_jpeg_encode_jobs(&plan, c->encode, jobs);
    CLP_TRY(status, out, copy_in(c, JOBS, 0, jobs, plan.job_bytes, error));
    CLP_TRY(status, out,
            clp_jpeg_encode_enqueue(c->codec, &plan, c->buffers[PLANES], c->buffers[JOBS], 0,
                                    c->buffers[WORK], c->buffers[SCANS], &queue, error));
out:
    clp_memory_free(jobs);
    return status;
}

static clproc_status compare_scans(check *c, bool *same, clproc_error *error) {
    jpeg_encode_result results[CLP_JPEG_TRIALS];
    clproc_status status = copy_out(c, WORK, 0, results, sizeof results, error);
    for (uint32_t i = 0; status == CLPROC_OK && *same && i < CLP_JPEG_TRIALS; i++) {
        const clp_jpeg_trial *trial = &c->trials[i];
        size_t whole = results[i].bits / 8, rest = results[i].bits % 8;
        *same = !results[i].crowded && whole + (rest > 0) == trial->scan_bytes;
        if (*same) {
            status = copy_out(c, SCANS, c->encode[i].output, c->host, trial->scan_bytes, error);
            *same = memcmp(c->host, trial->scan, whole) == 0;
        }
        if (*same && rest > 0) { /* the file's last byte is filled with ones */
            *same = (c->host[whole] | 0xFF >> rest) == trial->scan[whole];
        }
    }
    return status;
}

static clproc_status run(check *c, bool *same, clproc_error *error) {
    clproc_status status;
    CLP_TRY(status, out, make_buffer(c, PACKAGES, c->package_bytes, error));
    CLP_TRY(status, out, make_buffer(c, PLANES, c->plane_bytes, error));
    CLP_TRY(status, out, make_buffer(c, SCANS, c->scan_bytes, error));
    for (uint32_t i = 0; i < CLP_JPEG_TRIALS; i++) {
        const clp_jpeg_trial *trial = &c->trials[i];
        CLP_TRY(status, out,
                copy_in(c, PACKAGES, c->decode[i].at, trial->packed, trial->packed_bytes, error));
    }
    CLP_TRY(status, out, decode(c, error));
    CLP_TRY(status, out, compare_planes(c, same, error));
    CLP_TRY(status, out, encode(c, error));
    CLP_TRY(status, out, compare_scans(c, same, error));
out:
    return status;
}

clproc_status clp_jpeg_codec_check(clp_jpeg_codec *codec, cl_command_queue queue,
                                   const clp_jpeg_trial trials[CLP_JPEG_TRIALS], bool *same,
                                   clproc_error *error) {
    check c = {.codec = codec, .queue = queue, .trials = trials};
    clproc_status status;
    *same = true;
    place(&c);
    c.host = clp_memory_alloc(CLP_MEMORY_OTHER, c.plane_bytes + c.scan_bytes);
    status = c.host ? run(&c, same, error)
                    : clp_error_memory(error, "a JPEG to try", c.plane_bytes + c.scan_bytes);
    *same = *same && status == CLPROC_OK;
    for (int i = 0; i < BUFFERS; i++) {
        if (c.buffers[i]) {
            clReleaseMemObject(c.buffers[i]);
        }
    }
    clp_memory_free(c.host);
    return status;
}
