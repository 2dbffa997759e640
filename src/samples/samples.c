#include "clproc/clproc.h"

#include <pthread.h>
#include <string.h>

#include "codec/codec.h"
#include "core/cancel.h"
#include "core/event.h"
#include "core/machine.h"
#include "core/memory.h"
#include "samples/form.h"

#define QUALITY 90
#define PNG_LEVEL 1
#define MAX_SIDE 65500u
#define MAX_PIXELS 200000000u
/** What all canvases together may take, in bytes. */
#define CANVAS_BYTES (1u << 30)

/* --------------------------------------------- from the scene to samples */

/** The picture as a viewer sees it, R, G, B, A of 16 bits, read in the order it is stored in. */
typedef struct canvas {
    const uint16_t *origin; /**< the stored picture's first pixel */
    ptrdiff_t across, down; /**< steps in the stored picture, in samples */
    uint32_t width, height; /**< stored */
} canvas;

/** Finds the stored order of an upright picture of the given size. */
static canvas turn(const uint16_t *upright, uint32_t width, uint32_t height, uint32_t orientation) {
    ptrdiff_t row = (ptrdiff_t)width * 4;
    bool transposed = orientation >= 5;
    /* Where the stored picture begins: at the right, at the bottom of the upright one? */
    bool from_right = orientation == 2 || orientation == 3 || orientation == 6 || orientation == 7;
    bool from_bottom = orientation == 3 || orientation == 4 || orientation == 7 || orientation == 8;
    ptrdiff_t along_x = from_right ? -4 : 4, along_y = from_bottom ? -row : row;
    return (canvas){.origin = upright + (from_right ? row - 4 : 0) +
                              (from_bottom ? row * ((ptrdiff_t)height - 1) : 0),
                    .across = transposed ? along_y : along_x,
                    .down = transposed ? along_x : along_y,
                    .width = transposed ? height : width,
                    .height = transposed ? width : height};
}

static uint8_t to_8_bits(uint32_t value) {
    return (uint8_t)((value * 255 + 32895) >> 16);
}

/** BT.601 luma of 16-bit colours. */
static uint32_t luma(uint32_t r, uint32_t g, uint32_t b) {
    return (19595 * r + 38470 * g + 7471 * b + 32768) >> 16;
}

static void store_interleaved(const canvas *from, const clp_layout *layout, uint8_t *base) {
    const clp_plane *plane = &layout->planes[0];
    bool gray = layout->model == CLP_MODEL_GRAY || layout->model == CLP_MODEL_GRAYA;
    bool alpha = clp_model_has_alpha(layout->model);
    for (uint32_t y = 0; y < from->height; y++) {
        const uint16_t *pixel = from->origin + (ptrdiff_t)y * from->down;
        uint8_t *row = base + plane->offset + y * plane->pitch;
        uint16_t *wide = (uint16_t *)(void *)row;
        for (uint32_t x = 0; x < from->width; x++, pixel += from->across) {
            uint16_t samples[4] = {pixel[0], pixel[1], pixel[2], pixel[3]};
            if (gray) {
                samples[0] = (uint16_t)luma(pixel[0], pixel[1], pixel[2]);
            }
            if (alpha) {
                samples[plane->channels - 1] = pixel[3];
            }
            for (uint32_t c = 0; c < plane->channels; c++) {
                if (layout->depth == 16) {
                    *wide++ = samples[c];
                } else {
                    *row++ = to_8_bits(samples[c]);
                }
            }
        }
    }
}

/** Cb or Cr of a mean colour. */
static uint8_t chroma(const uint32_t mean[3], const int32_t weights[3]) {
    int32_t sum = 0;
    for (int c = 0; c < 3; c++) {
        sum += (int32_t)(mean[c] >> 1) * weights[c] >> 1;
    }
    int32_t value = ((sum + (1 << 13)) >> 14) + 32896;
    return to_8_bits((uint32_t)(value < 0 ? 0 : value > 65535 ? 65535 : value));
}

static void store_chroma(const canvas *from, const clp_layout *layout, uint8_t *base) {
    /* BT.601 in Q16, whole numbers that cancel for gray. */
    static const int32_t blue[3] = {-11058, -21710, 32768}, red[3] = {32768, -27439, -5329};
    const clp_plane *cb = &layout->planes[1], *cr = &layout->planes[2];
    for (uint32_t v = 0; v < cb->height; v++) {
        uint32_t top = v * cb->v_step;
        uint32_t rows = from->height - top < cb->v_step ? from->height - top : cb->v_step;
        for (uint32_t u = 0; u < cb->width; u++) {
            uint32_t left = u * cb->h_step;
            uint32_t columns = from->width - left < cb->h_step ? from->width - left : cb->h_step;
            uint32_t mean[3] = {0};
            for (uint32_t i = 0; i < rows * columns; i++) {
                const uint16_t *pixel = from->origin + (ptrdiff_t)(top + i / columns) * from->down +
                                        (ptrdiff_t)(left + i % columns) * from->across;
                for (int c = 0; c < 3; c++) {
                    mean[c] += pixel[c];
                }
            }
            for (int c = 0; c < 3; c++) {
                mean[c] /= rows * columns;
            }
            base[cb->offset + v * cb->pitch + u] = chroma(mean, blue);
            base[cr->offset + v * cr->pitch + u] = chroma(mean, red);
        }
    }
}

static void store_ycc(const canvas *from, const clp_layout *layout, uint8_t *base) {
    const clp_plane *plane = &layout->planes[0];
    for (uint32_t y = 0; y < from->height; y++) {
        const uint16_t *pixel = from->origin + (ptrdiff_t)y * from->down;
        uint8_t *row = base + plane->offset + y * plane->pitch;
        for (uint32_t x = 0; x < from->width; x++, pixel += from->across) {
            row[x] = to_8_bits(luma(pixel[0], pixel[1], pixel[2]));
        }
    }
    store_chroma(from, layout, base);
}

/* ---------------------------------------------------------- one picture */

/** What all workers share. */
typedef struct job {
    const clproc_samples_params *params;
    uint32_t digits; /**< of the numbers in the files' names */
    pthread_mutex_t lock;
    uint32_t next, done;
    clproc_status status; /**< the first failure stops all */
    clproc_error error;
} job;

/** Memory and codec state that one worker uses for picture after picture. */
typedef struct worker {
    job *work;
    clp_encoder *encoder;
    clp_bytes canvas, samples, exif, icc;
} worker;

static clproc_status render(worker *self, const clp_form *form, uint32_t index,
                            clproc_error *error) {
    const clproc_samples_params *params = self->work->params;
    uint32_t seed = clp_scene_seed(params->seed, index);
    size_t row = (size_t)params->width * 4;
    clp_scene *scene = NULL;
    clproc_status status;
    CLP_TRY(status, done,
            clp_bytes_reserve(&self->canvas, row * params->height * sizeof(uint16_t), error));
    CLP_TRY(status, done,
            clp_scene_create(&scene, params->width, params->height, seed, form->alpha, error));
    for (uint32_t y = 0; y < params->height; y++) {
        CLP_TRY(status, done, clp_cancel_check(params->cancel, error));
        clp_scene_row(scene, y, (uint16_t *)(void *)self->canvas.data + y * row);
    }
done:
    clp_scene_destroy(&scene);
    return status;
}

/** Brings the canvas into the form's samples. */
static clproc_status store(worker *self, const clp_form *form, clp_layout *layout,
                           clproc_error *error) {
    const clproc_samples_params *params = self->work->params;
    canvas from = turn((const uint16_t *)(const void *)self->canvas.data, params->width,
                       params->height, form->orientation);
    *layout = (clp_layout){
        .model = form->model, .depth = form->depth, .width = from.width, .height = from.height};
    for (int i = 0; i < CLP_MAX_PLANES; i++) {
        layout->planes[i].h_step = i == 0 ? 1 : form->h_step;
        layout->planes[i].v_step = i == 0 ? 1 : form->v_step;
    }
    if (!clp_layout_place(layout)) {
        return clp_error_set(error, CLPROC_ERROR_ARGUMENT, "%u x %u pixels are too many",
                             from.width, from.height);
    }
    clproc_status status = clp_bytes_reserve(&self->samples, layout->bytes, error);
    if (status == CLPROC_OK && form->model == CLP_MODEL_YCC) {
        store_ycc(&from, layout, self->samples.data);
    } else if (status == CLPROC_OK) {
        store_interleaved(&from, layout, self->samples.data);
    }
    return status;
}

static clproc_status write_picture(worker *self, const clp_form *form, const clp_layout *layout,
                                   const char *path, clproc_error *error) {
    clp_encode_params encode = {.format = form->jpeg ? CLPROC_FORMAT_JPEG : CLPROC_FORMAT_PNG,
                                .quality = QUALITY,
                                .progressive = form->progressive,
                                .png_level = PNG_LEVEL};
    const uint8_t *data = NULL;
    size_t size = 0;
    clproc_status status;
    if (form->orientation) {
        CLP_TRY(
            status, done,
            clp_form_exif(form->orientation, layout->width, layout->height, &self->exif, error));
        encode.blocks.exif = (clp_block){self->exif.data, self->exif.size};
    }
    if (form->profile) {
        CLP_TRY(status, done, clp_form_icc(form->profile, &self->icc, error));
        encode.blocks.icc = (clp_block){self->icc.data, self->icc.size};
    }
    CLP_TRY(
        status, done,
        clp_encoder_write(self->encoder, layout, self->samples.data, &encode, &data, &size, error));
    CLP_TRY(status, done, clp_file_write(path, data, size, false, error));
done:
    return clp_error_in_file(error, status, path);
}

static clproc_status make_picture(worker *self, uint32_t index, char *path, size_t path_size,
                                  clproc_error *error) {
    const clproc_samples_params *params = self->work->params;
    const clp_form *form = clp_form_at(params->kind, index);
    clp_layout layout;
    clproc_status status;
    int length = snprintf(path, path_size, "%s/%0*u-%s.%s", params->output, (int)self->work->digits,
                          index, form->name, form->jpeg ? "jpg" : "png");
    if (length < 0 || (size_t)length >= path_size) {
        return clp_error_set(error, CLPROC_ERROR_ARGUMENT,
                             "the output folder's name is too long; use a shorter one");
    }
    CLP_TRY(status, done, render(self, form, index, error));
    CLP_TRY(status, done, store(self, form, &layout, error));
    CLP_TRY(status, done, write_picture(self, form, &layout, path, error));
done:
    return status;
}

/* -------------------------------------------------------------- workers */

/** The next picture to make; false when there is none or the work has to stop. */
static bool take(job *work, uint32_t *index) {
    pthread_mutex_lock(&work->lock);
    const clproc_samples_params *params = work->params;
    if (work->status == CLPROC_OK) {
        work->status = clp_cancel_check(params->cancel, &work->error);
    }
    bool more = work->status == CLPROC_OK && work->next < params->count;
    if (more) {
        *index = work->next++;
    }
    pthread_mutex_unlock(&work->lock);
    return more;
}

static void finish(job *work, const char *path, clproc_status status, const clproc_error *error) {
    const clproc_samples_params *params = work->params;
    pthread_mutex_lock(&work->lock);
    if (status == CLPROC_OK) {
        clp_event_tell((clproc_event){.kind = CLPROC_EVENT_DONE,
                                      .output = path,
                                      .done = ++work->done,
                                      .total = params->count},
                       params->on_event, params->user);
    } else if (work->status == CLPROC_OK) {
        work->status = status;
        work->error = *error;
    }
    pthread_mutex_unlock(&work->lock);
}

static void *run_worker(void *argument) {
    job *work = argument;
    worker self = {.work = work};
    clproc_error error = {0};
    char path[4096] = "";
    uint32_t index = 0;
    clproc_status status = clp_encoder_create(&self.encoder, &error);
    if (status != CLPROC_OK) {
        finish(work, path, status, &error);
        return NULL;
    }
    clp_encoder_heed(self.encoder, work->params->cancel);
    while (take(work, &index)) {
        status = make_picture(&self, index, path, sizeof path, &error);
        finish(work, path, status, &error);
    }
    clp_encoder_destroy(&self.encoder);
    clp_bytes_free(&self.canvas);
    clp_bytes_free(&self.samples);
    clp_bytes_free(&self.exif);
    clp_bytes_free(&self.icc);
    return NULL;
}

/** How many workers: as asked or one per core, as far as their canvases fit and there is work. */
static uint32_t worker_count(const clproc_samples_params *params) {
    uint64_t canvas_bytes = (uint64_t)params->width * params->height * 4 * sizeof(uint16_t);
    uint64_t fitting = CANVAS_BYTES / canvas_bytes;
    uint64_t count = params->jobs > 0 ? (uint64_t)params->jobs : clp_machine_cores();
    count = count < fitting ? count : fitting;
    count = count < params->count ? count : params->count;
    return count > 0 ? (uint32_t)count : 1;
}

/** Runs workers on threads of their own, and one here. */
static clproc_status run_workers(job *work, clproc_error *error) {
    uint32_t count = worker_count(work->params) - 1, started = 0;
    pthread_t *threads = clp_memory_zero(CLP_MEMORY_OTHER, count + 1, sizeof *threads);
    if (!threads) {
        return clp_error_memory(error, "threads", count * sizeof *threads);
    }
    /* Fewer threads than wanted make the work slower, not impossible. */
    while (started < count && pthread_create(&threads[started], NULL, run_worker, work) == 0) {
        started++;
    }
    run_worker(work);
    while (started > 0) {
        pthread_join(threads[--started], NULL);
    }
    clp_memory_free(threads);
    if (work->status != CLPROC_OK && error) {
        *error = work->error;
    }
    return work->status;
}

/* ----------------------------------------------------------- public API */

void clproc_samples_params_init(clproc_samples_params *params) {
    *params = (clproc_samples_params){.count = 10, .width = 1024, .height = 768, .seed = 1};
}

static clproc_status check(const clproc_samples_params *params, clproc_error *error) {
    if (!params) {
        return clp_error_set(error, CLPROC_ERROR_ARGUMENT, "clproc_samples() needs parameters");
    }
    if (!params->output || !params->output[0]) {
        return clp_error_set(error, CLPROC_ERROR_ARGUMENT,
                             "no output folder given; name one for the pictures");
    }
    if (params->count == 0) {
        return clp_error_set(error, CLPROC_ERROR_ARGUMENT, "no pictures asked for; at least 1");
    }
    if (params->width == 0 || params->width > MAX_SIDE || params->height == 0 ||
        params->height > MAX_SIDE || (uint64_t)params->width * params->height > MAX_PIXELS) {
        return clp_error_set(error, CLPROC_ERROR_ARGUMENT,
                             "%u x %u pixels cannot be made; use sides of 1 to %u and at most %u "
                             "million pixels",
                             params->width, params->height, MAX_SIDE, MAX_PIXELS / 1000000);
    }
    if (params->jobs < 0 || params->jobs > 1024) {
        return clp_error_set(error, CLPROC_ERROR_ARGUMENT, "jobs is %d; give 0 to 1024",
                             params->jobs);
    }
    if (!clp_form_at(params->kind, 0)) {
        return clp_error_set(error, CLPROC_ERROR_ARGUMENT, "unknown kind of pictures %d",
                             (int)params->kind);
    }
    return CLPROC_OK;
}

clproc_status clproc_samples(const clproc_samples_params *params, clproc_error *error) {
    clproc_status status;
    job work = {.params = params, .digits = 3};
    CLP_TRY(status, done, check(params, error));
    for (uint32_t last = params->count - 1; last >= 1000; last /= 10) {
        work.digits++;
    }
    CLP_TRY(status, done, clp_file_make_folder(params->output, error));
    pthread_mutex_init(&work.lock, NULL);
    status = run_workers(&work, error);
    pthread_mutex_destroy(&work.lock);
done:
    return status;
}
