/* The codec floor of a run: read and decode the inputs as the run would, encode and write the
 * pictures it wrote, with nothing in between.
 *
 *   clproc-floor --results DIR -o OUT [--pipeline TEXT] [--quality N] [--png-level N] [--jobs N]
 *                INPUT...
 *
 * DIR holds what `clproc run` made of the inputs. Those results are decoded to planes before the
 * clock starts, so that the encoder works on real pictures. The clock covers reading, decoding,
 * encoding and writing of all files, on as many threads as a run takes; what it shows is printed
 * as one line of JSON. Metadata is left out: copying it costs nothing that could be measured. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "batch/recipe.h"
#include "core/clock.h"
#include "core/memory.h"

enum { STAGE_READ, STAGE_DECODE, STAGE_ENCODE, STAGE_WRITE, STAGE_COUNT };
static const char *const stage_names[STAGE_COUNT] = {"read", "decode", "encode", "write"};

/** A picture of the set. */
typedef struct item {
    const char *input;
    char *result, *output;      /**< paths */
    clp_decode_request request; /**< how a run decodes the input */
    clproc_format format;       /**< of the result */
    clp_layout layout;          /**< of the result's planes */
    clp_bytes planes;
} item;

typedef struct job {
    clproc_run_params params;
    clproc_pipeline *pipeline;
    const char *results, *output;
    item *items;
    size_t count;
    atomic_size_t next;
    atomic_bool failed;
} job;

typedef struct worker {
    job *job;
    clproc_status (*step)(struct worker *self, item *one, clproc_error *error);
    clp_decoder *decoder;
    clp_encoder *encoder;
    clp_bytes file, decoded;
    uint64_t stage_ns[STAGE_COUNT];
} worker;

static clproc_status open_file(worker *self, const char *path, clp_header *header,
                               clproc_error *error) {
    clproc_status status;
    CLP_TRY(status, out, clp_file_read(path, 0, &self->file, error));
    CLP_TRY(status, out,
            clp_decoder_open(self->decoder, self->file.data, self->file.size,
                             &self->job->params.limits, CLPROC_FAIL_ON_ERROR, header, error));
out:
    return status;
}

/** Before the clock: the result's planes, and the way its input is to be decoded. */
static clproc_status prepare(worker *self, item *one, clproc_error *error) {
    clp_decode_result result;
    clp_header header;
    clp_recipe recipe = {0};
    clp_output_set outputs = {0};
    clproc_run_params params = self->job->params;
    clproc_status status;
    CLP_TRY(status, out, open_file(self, one->result, &header, error));
    params.format = one->format = header.format;
    clp_decode_request whole = {.model = header.model, .eighths = 8};
    CLP_TRY(status, out, clp_decoder_layout(self->decoder, &whole, &one->layout, error));
    CLP_TRY(status, out, clp_bytes_reserve(&one->planes, one->layout.bytes, error));
    CLP_TRY(status, out,
            clp_decoder_read(self->decoder, &one->layout, one->planes.data, &result, error));
    CLP_TRY(status, out, open_file(self, one->input, &header, error));
    CLP_TRY(status, out, clp_output_set_make(&outputs, &params, CLP_MAKES_FILES, error));
    const clp_recipe_source source = {.decoder = self->decoder, .header = &header};
    CLP_TRY(status, out, clp_recipes_make(&recipe, &outputs, 1, &source, error));
    one->request = recipe.request;
out:
    clp_recipes_release(&recipe, 1);
    clp_output_set_free(&outputs);
    return clp_error_in_file(error, status, one->input);
}

/** Adds the time since `*since` to a stage and starts anew. */
static void lap(worker *self, int stage, uint64_t *since) {
    uint64_t now = clp_clock_ns();
    self->stage_ns[stage] += now - *since;
    *since = now;
}

/** Under the clock. */
static clproc_status transcode(worker *self, item *one, clproc_error *error) {
    const clproc_run_params *params = &self->job->params;
    clp_encode_params encoding = {
        .format = one->format, .quality = params->quality, .png_level = params->png_level};
    clp_decode_result result;
    clp_header header;
    clp_layout layout;
    const uint8_t *data;
    size_t size;
    clproc_status status;
    uint64_t since = clp_clock_ns();
    CLP_TRY(status, out, clp_file_read(one->input, 0, &self->file, error));
    lap(self, STAGE_READ, &since);
    CLP_TRY(status, out,
            clp_decoder_open(self->decoder, self->file.data, self->file.size, &params->limits,
                             CLPROC_FAIL_ON_ERROR, &header, error));
    CLP_TRY(status, out, clp_decoder_layout(self->decoder, &one->request, &layout, error));
    CLP_TRY(status, out, clp_bytes_reserve(&self->decoded, layout.bytes, error));
    CLP_TRY(status, out,
            clp_decoder_read(self->decoder, &layout, self->decoded.data, &result, error));
    lap(self, STAGE_DECODE, &since);
    CLP_TRY(status, out,
            clp_encoder_write(self->encoder, &one->layout, one->planes.data, &encoding, &data,
                              &size, error));
    lap(self, STAGE_ENCODE, &since);
    CLP_TRY(status, out, clp_file_write(one->output, data, size, false, error));
    lap(self, STAGE_WRITE, &since);
out:
    return clp_error_in_file(error, status, one->input);
}

static void *work(void *argument) {
    worker *self = argument;
    job *all = self->job;
    size_t index;
    while (!all->failed && (index = atomic_fetch_add(&all->next, 1)) < all->count) {
        clproc_error error = {0};
        if (self->step(self, &all->items[index], &error) != CLPROC_OK) {
            fprintf(stderr, "clproc-floor: %s: %s\n", error.file, error.message);
            all->failed = true;
        }
    }
    return NULL;
}

/** Has every item go through `step`; false if one failed. */
static bool run_step(job *all, worker *workers, size_t count,
                     clproc_status (*step)(worker *, item *, clproc_error *)) {
    pthread_t threads[64];
    size_t started = 0;
    all->next = 0;
    for (; started + 1 < count; started++) {
        workers[started].step = step;
        if (pthread_create(&threads[started], NULL, work, &workers[started]) != 0) {
            all->failed = true;
            break;
        }
    }
    workers[count - 1].step = step;
    work(&workers[count - 1]);
    while (started > 0) {
        pthread_join(threads[--started], NULL);
    }
    return !all->failed;
}

/* ------------------------------------------------------------ the command line */

static char *join(const char *folder, const char *path) {
    const char *name = strrchr(path, '/');
    char *joined = NULL;
    return asprintf(&joined, "%s/%s", folder, name ? name + 1 : path) < 0 ? NULL : joined;
}

static clproc_status parse(job *all, int count, char **arguments, clproc_error *error) {
    clproc_status status = clproc_pipeline_create(&all->pipeline, error);
    int i = 1;
    for (; status == CLPROC_OK && i + 1 < count && arguments[i][0] == '-'; i += 2) {
        const char *option = arguments[i], *value = arguments[i + 1];
        if (strcmp(option, "--pipeline") == 0) {
            status = clproc_pipeline_parse(all->pipeline, value, error);
        } else if (strcmp(option, "--quality") == 0) {
            all->params.quality = atoi(value);
        } else if (strcmp(option, "--png-level") == 0) {
            all->params.png_level = atoi(value);
        } else if (strcmp(option, "--jobs") == 0) {
            all->params.jobs = atoi(value);
        } else if (strcmp(option, "--results") == 0) {
            all->results = value;
        } else if (strcmp(option, "-o") == 0) {
            all->output = value;
        } else {
            status = clp_error_set(error, CLPROC_ERROR_ARGUMENT, "unknown option %s", option);
        }
    }
    all->params.pipeline = all->pipeline;
    all->count = (size_t)(count - i);
    all->items = clp_memory_zero(CLP_MEMORY_OTHER, all->count + 1, sizeof *all->items);
    if (status == CLPROC_OK && (!all->results || !all->output || !all->items)) {
        status = clp_error_set(error, CLPROC_ERROR_ARGUMENT, "--results and -o are needed");
    }
    for (size_t k = 0; status == CLPROC_OK && k < all->count; k++) {
        item *one = &all->items[k];
        one->input = arguments[(size_t)i + k];
        one->result = join(all->results, one->input);
        one->output = join(all->output, one->input);
        if (!one->result || !one->output) {
            status = clp_error_memory(error, "file names", 0);
        }
    }
    return status;
}

/** Processor time of all threads so far. */
static uint64_t cpu_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void print_result(const job *all, const worker *workers, size_t count, uint64_t ns,
                         uint64_t cpu) {
    printf("{\"images\": %zu, \"threads\": %zu, \"seconds\": %.6f, \"cpu\": %.6f", all->count,
           count, (double)ns * 1e-9, (double)cpu * 1e-9);
    for (int stage = 0; stage < STAGE_COUNT; stage++) {
        uint64_t sum = 0;
        for (size_t i = 0; i < count; i++) {
            sum += workers[i].stage_ns[stage];
        }
        printf(", \"%s\": %.6f", stage_names[stage], (double)sum * 1e-9);
    }
    printf("}\n");
}

int main(int count, char **arguments) {
    worker workers[64] = {{0}};
    job all = {0};
    clproc_error error = {0};
    clproc_status status;
    size_t threads = 0;
    clproc_run_params_init(&all.params);
    CLP_TRY(status, out, parse(&all, count, arguments, &error));
    CLP_TRY(status, out, clp_file_make_folder(all.output, &error));
    all.params.null_output = true; /* names are this program's own */
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    threads = all.params.jobs > 0 ? (size_t)all.params.jobs : cores > 0 ? (size_t)cores : 1;
    threads = threads < 64 ? threads : 64;
    for (size_t i = 0; i < threads; i++) {
        workers[i].job = &all;
        CLP_TRY(status, out, clp_decoder_create(&workers[i].decoder, &error));
        CLP_TRY(status, out, clp_encoder_create(&workers[i].encoder, &error));
    }
    if (run_step(&all, workers, threads, prepare)) {
        uint64_t start = clp_clock_ns(), cpu_start = cpu_ns();
        if (run_step(&all, workers, threads, transcode)) {
            print_result(&all, workers, threads, clp_clock_ns() - start, cpu_ns() - cpu_start);
        }
    }
out:
    if (status != CLPROC_OK) {
        fprintf(stderr, "clproc-floor: %s\n", error.message);
    }
    for (size_t i = 0; i < threads; i++) {
        clp_encoder_destroy(&workers[i].encoder);
        clp_decoder_destroy(&workers[i].decoder);
        clp_bytes_free(&workers[i].file);
        clp_bytes_free(&workers[i].decoded);
    }
    for (size_t i = 0; all.items && i < all.count; i++) {
        free(all.items[i].result);
        free(all.items[i].output);
        clp_bytes_free(&all.items[i].planes);
    }
    clp_memory_free(all.items);
    clproc_pipeline_destroy(&all.pipeline);
    return status == CLPROC_OK && !all.failed ? 0 : 1;
}
