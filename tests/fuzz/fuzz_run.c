/* A whole run over one hostile picture, with hostile options: reading, planning, the reference
 * device, encoding, writing. The input begins with OPTION_BYTES bytes of options and a line with
 * the operations; the rest is the file. What a device would get portion by portion is brought to a
 * station that only looks at it. No driver is loaded. */
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/memory.h"
#include "fuzz.h"
#include "ops/ops.h"
#include "plan/plan.h"

enum { OPTION_BYTES = 8, LONGEST = 512 };

/** Bound of the pictures under way, and of all that the process may take: its code, the codecs'
 * states and plans come on top. */
#define PICTURES ((uint64_t)64 << 20)
#define MOST_BLOCKS (PICTURES + ((uint64_t)32 << 20))
#define MOST_RESIDENT_KB (400L << 10)

/** Small, since the reference device is slow. */
static const clp_limits limits = {
    .pixels = 1 << 14, .side = 2048, .scans = 20, .seconds = 2, .chunk_bytes = 1 << 20};

/* ---------------------------------------------------------------- surroundings */

static char folder[64];

static void remove_folder(void) {
    rmdir(folder);
}

/** In memory, where the system has such a folder. */
static void make_folder(void) {
    if (!folder[0]) {
        strcpy(folder, access("/dev/shm", W_OK) == 0 ? "/dev/shm/clproc-fuzz-XXXXXX"
                                                     : "/tmp/clproc-fuzz-XXXXXX");
        FUZZ_PROMISE(mkdtemp(folder));
        atexit(remove_folder);
    }
}

/** Bytes in blocks of our own, at present, or the most there have been. */
static uint64_t blocks(bool most) {
    uint64_t sum = 0;
    for (int i = 0; i < CLP_MEMORY_SITE_COUNT; i++) {
        clp_memory_use use = clp_memory_usage((clp_memory_site)i);
        sum += most ? use.peak : use.current;
    }
    return sum;
}

/** Sanitizers take memory of their own. */
static bool sanitized(void) {
#if defined(__SANITIZE_ADDRESS__)
    return true;
#elif defined(__has_feature)
    return __has_feature(address_sanitizer);
#else
    return false;
#endif
}

static void check_memory(void) {
    struct rusage use;
    FUZZ_PROMISE(blocks(true) <= MOST_BLOCKS);
    FUZZ_PROMISE(getrusage(RUSAGE_SELF, &use) == 0);
    FUZZ_PROMISE(sanitized() || use.ru_maxrss <= MOST_RESIDENT_KB);
}

/* ---------------------------------------------------------------- a station that only looks */

/** Takes rows as a lane does: portions in windows, of which only the last two are kept. */
typedef struct station {
    const clp_bands *portions;
    const uint8_t *expected; /**< the picture decoded as a whole */
    const clp_layout *layout;
    uint8_t *windows; /**< CLP_BAND_WINDOWS of them */
    uint32_t portion, rows[CLP_MAX_PLANES];
} station;

static uint8_t *row_in_window(const station *s, uint32_t portion, uint32_t index, uint32_t row) {
    const clp_plane *plane = &s->portions->window.planes[index];
    uint32_t first = clp_bands_part(s->portions, portion, index)->source;
    return row < first || row - first >= plane->height
               ? NULL
               : s->windows + portion % CLP_BAND_WINDOWS * s->portions->window.bytes +
                     plane->offset + (size_t)(row - first) * plane->pitch;
}

static uint8_t *place(void *user, uint32_t plane, uint32_t row) {
    station *s = user;
    return row < s->rows[plane] ? NULL : row_in_window(s, s->portion, plane, row);
}

static bool is_filled(const station *s) {
    for (uint32_t i = 0; i < s->layout->plane_count; i++) {
        if (s->rows[i] < clp_bands_part(s->portions, s->portion, i)->source_end) {
            return false;
        }
    }
    return true;
}

/** Of the portion, every row that its results are made of must be there, and right. */
static void look(const station *s) {
    for (uint32_t i = 0; i < s->layout->plane_count; i++) {
        const clp_plane *plane = &s->layout->planes[i];
        const clp_band *part = clp_bands_part(s->portions, s->portion, i);
        FUZZ_PROMISE(part->source_end <= plane->height);
        for (uint32_t row = part->source; row < part->source_end; row++) {
            const uint8_t *here = row_in_window(s, s->portion, i, row);
            size_t bytes = (size_t)plane->width * plane->channels * (s->layout->depth / 8);
            FUZZ_PROMISE(
                here && memcmp(here, s->expected + plane->offset + row * plane->pitch, bytes) == 0);
        }
    }
}

/** Goes on to the next portion with the rows that it shares with this one. */
static void move_on(station *s) {
    look(s);
    for (uint32_t i = 0; i < s->layout->plane_count; i++) {
        size_t pitch = s->portions->window.planes[i].pitch;
        uint32_t row = clp_bands_part(s->portions, s->portion + 1, i)->source;
        for (; row < s->rows[i]; row++) {
            const uint8_t *from = row_in_window(s, s->portion, i, row);
            uint8_t *to = row_in_window(s, s->portion + 1, i, row);
            if (from && to) {
                memcpy(to, from, pitch);
            }
        }
    }
    s->portion++;
}

static clproc_status advance(void *user, const uint32_t rows[CLP_MAX_PLANES], clproc_error *error) {
    station *s = user;
    (void)error;
    for (uint32_t i = 0; i < s->layout->plane_count; i++) {
        s->rows[i] = s->rows[i] > rows[i] ? s->rows[i] : rows[i];
    }
    while (s->portion + 1 < s->portions->count && is_filled(s)) {
        move_on(s);
    }
    return CLPROC_OK;
}

/** The open picture, once more, in these portions. */
static void pass_through(clp_decoder *decoder, const clp_layout *layout, const uint8_t *expected,
                         const clp_bands *portions) {
    station s = {.portions = portions, .expected = expected, .layout = layout};
    const clp_row_sink sink = {place, advance, &s};
    clp_decode_result result;
    clproc_error error;
    s.windows = aligned_alloc(CLP_PITCH_ALIGN, CLP_BAND_WINDOWS * portions->window.bytes);
    FUZZ_PROMISE(s.windows);
    memset(s.windows, 0xa5, CLP_BAND_WINDOWS * portions->window.bytes);
    if (!fuzz_failed(clp_decoder_read_rows(decoder, layout, &sink, &result, &error), &error)) {
        FUZZ_PROMISE(s.portion + 1 == portions->count && is_filled(&s));
        look(&s);
    }
    free(s.windows);
}

/** What brings such a picture to a device: the bands of its plan, where it has some, or slices. */
static bool make_portions(const clproc_pipeline *pipeline, const clp_header *header,
                          const clp_layout *layout, size_t size, clp_bands *slices,
                          clp_plan **plan) {
    const clp_target target = {.format = CLPROC_FORMAT_PNG};
    const clp_term_limits most = {.pixels = limits.pixels, .side = limits.side, .bytes = 1 << 24};
    clp_terms terms;
    clproc_error error;
    clp_terms_init(&terms, layout, header->width, header->height);
    terms.limits = most;
    if (layout->model == CLP_MODEL_CMYK ||
        fuzz_failed(clp_pipeline_terms(pipeline, &terms, &error), &error) ||
        fuzz_failed(clp_terms_check_result(&terms, &error), &error)) {
        clp_terms_free(&terms);
    } else {
        fuzz_failed(clp_plan_create(plan, layout, &terms, &target, &error), &error);
    }
    return (*plan && (*plan)->bands.count > 0) ||
           !fuzz_failed(clp_bands_slice(layout, 1 + size % 4096, slices, &error), &error);
}

static void bring_to_station(const clproc_pipeline *pipeline, const uint8_t *file, size_t size) {
    clp_decoder *decoder = NULL;
    clp_header header;
    clp_layout layout;
    clp_decode_result result;
    clproc_error error;
    clp_bands slices = {0};
    clp_plan *plan = NULL;
    uint8_t *whole = NULL;
    FUZZ_PROMISE(clp_decoder_create(&decoder, &error) == CLPROC_OK);
    const clproc_fail_on fail_on = CLPROC_FAIL_ON_NONE;
    if (fuzz_failed(clp_decoder_open(decoder, file, size, &limits, fail_on, &header, &error),
                    &error) ||
        !clp_decoder_has_rows(decoder)) {
        goto out;
    }
    const clp_decode_request request = {header.model, 8};
    if (fuzz_failed(clp_decoder_layout(decoder, &request, &layout, &error), &error)) {
        goto out;
    }
    whole = aligned_alloc(CLP_PITCH_ALIGN, layout.bytes);
    FUZZ_PROMISE(whole);
    if (fuzz_failed(clp_decoder_read(decoder, &layout, whole, &result, &error), &error) ||
        !make_portions(pipeline, &header, &layout, size, &slices, &plan)) {
        goto out;
    }
    FUZZ_PROMISE(clp_decoder_open(decoder, file, size, &limits, fail_on, &header, &error) ==
                 CLPROC_OK);
    FUZZ_PROMISE(clp_decoder_layout(decoder, &request, &layout, &error) == CLPROC_OK);
    pass_through(decoder, &layout, whole, slices.count ? &slices : &plan->bands);
out:
    free(whole);
    clp_bands_free(&slices);
    clp_plan_release(&plan);
    clp_decoder_destroy(&decoder);
}

/* ---------------------------------------------------------------- the run */

typedef struct told {
    const char *input;
    bool png16;     /**< that depth and that format were asked for */
    uint32_t ended; /**< outputs that were made, or have failed */
} told;

static uint8_t *read_output(const char *path, size_t *size) {
    FILE *file = fopen(path, "rbe");
    FUZZ_PROMISE(file && fseek(file, 0, SEEK_END) == 0);
    *size = (size_t)ftell(file);
    rewind(file);
    uint8_t *data = malloc(*size ? *size : 1);
    FUZZ_PROMISE(data && fread(data, 1, *size, file) == *size);
    fclose(file);
    return data;
}

/** What was made decodes again, and without a flaw unless the input's own bytes were kept. */
static void check_output(const char *path, bool kept, const told *run) {
    static const clp_limits none = {.seconds = 20};
    clp_decoder *decoder = NULL;
    clp_header header;
    clp_layout layout;
    clp_decode_result result;
    clproc_error error;
    size_t size;
    uint8_t *data = read_output(path, &size);
    clproc_fail_on fail_on = kept ? CLPROC_FAIL_ON_NONE : CLPROC_FAIL_ON_WARNING;
    FUZZ_PROMISE(clp_decoder_create(&decoder, &error) == CLPROC_OK);
    FUZZ_PROMISE(clp_decoder_open(decoder, data, size, &none, fail_on, &header, &error) ==
                 CLPROC_OK);
    FUZZ_PROMISE(kept || (uint64_t)header.width * header.height <= limits.pixels);
    FUZZ_PROMISE(!run->png16 || header.depth == 16);
    const clp_decode_request request = {header.model, 8};
    FUZZ_PROMISE(clp_decoder_layout(decoder, &request, &layout, &error) == CLPROC_OK);
    uint8_t *base = aligned_alloc(CLP_PITCH_ALIGN, layout.bytes);
    FUZZ_PROMISE(base);
    FUZZ_PROMISE(clp_decoder_read(decoder, &layout, base, &result, &error) == CLPROC_OK || kept);
    clp_decoder_destroy(&decoder);
    free(base);
    free(data);
}

static void on_event(const clproc_event *event, void *user) {
    told *run = user;
    if (event->kind == CLPROC_EVENT_DONE) {
        check_output(event->output, event->kept, run);
        FUZZ_PROMISE(unlink(event->output) == 0);
        run->ended++;
    } else if (event->kind == CLPROC_EVENT_FAILED) {
        FUZZ_PROMISE(strcmp(event->input, run->input) == 0);
        FUZZ_PROMISE(event->message[0] && event->status != CLPROC_OK &&
                     event->status != CLPROC_ERROR_INTERNAL);
        run->ended += event->outputs;
    }
}

/** Options from bytes; each is one that clproc_run() takes. */
static void choose(const uint8_t *bytes, clproc_run_params *params) {
    static const int depths[] = {0, 8, 16};
    static const clproc_format formats[] = {CLPROC_FORMAT_KEEP, CLPROC_FORMAT_JPEG,
                                            CLPROC_FORMAT_PNG, CLPROC_FORMAT_WEBP};
    clproc_format format = formats[bytes[0] % 4];
    params->format = clp_codec_is_built(format) ? format : CLPROC_FORMAT_PNG;
    params->quality = 1 + bytes[1] % 100;
    params->progressive = bytes[2] & 1;
    params->webp_lossless = bytes[2] & 2;
    params->linear = bytes[2] & 4;
    params->no_shrink_on_load = bytes[2] & 8;
    params->no_auto_orient = bytes[2] & 16;
    params->reencode = bytes[2] & 32;
    params->digest = bytes[2] & 64;
    params->black_point_compensation = bytes[2] & 128;
    params->depth = depths[bytes[3] % 3];
    params->png_level = bytes[3] / 3 % 4; /* the higher ones only take longer */
    params->subsampling = (clproc_subsampling)(bytes[4] % 4);
    params->fail_on = (clproc_fail_on)(bytes[4] / 4 % 4);
    params->strip = bytes[5] & CLPROC_METADATA_ALL;
    params->icc = bytes[6] & 1 ? "srgb" : NULL;
    params->intent = (clproc_intent)(bytes[6] / 2 % 4);
    /* Seldom: most operations are refused with it. */
    params->lossless = bytes[6] >= 224 ? (clproc_lossless)(1 + bytes[6] % 2) : CLPROC_LOSSLESS_OFF;
    params->strategy = bytes[7] & 1 ? CLPROC_STRATEGY_DEFAULT : bytes[7] * 2u;
}

static void run(const uint8_t *options, const clproc_pipeline *pipeline, int file) {
    clproc_run_params params;
    clproc_run_result result;
    clproc_error error;
    char input[32], first[96], second[96];
    const char *inputs[] = {input};
    told so_far = {.input = input};
    clproc_run_params_init(&params);
    choose(options, &params);
    snprintf(input, sizeof input, "/proc/self/fd/%d", file);
    snprintf(first, sizeof first, "%s/first.{ext}", folder);
    snprintf(second, sizeof second, "%s/second.{ext}", folder);
    params.inputs = inputs;
    params.input_count = 1;
    params.output = first;
    params.pipeline = pipeline;
    params.device = "reference";
    params.limits = limits;
    params.jobs = 1;
    params.memory = PICTURES;
    params.on_event = on_event;
    params.user = &so_far;
    /* The second has other bytes of the same options. */
    clproc_run_params other = params;
    choose(options + 1, &other);
    clproc_output more = clproc_output_of(&other);
    more.output = second;
    params.outputs = &more;
    params.output_count = options[7] & 2 ? 1 : 0;
    so_far.png16 =
        params.output_count == 0 && params.format == CLPROC_FORMAT_PNG && params.depth == 16;
    if (!fuzz_failed(clproc_run(&params, &result, NULL, &error), &error)) {
        FUZZ_PROMISE(result.found == result.written + result.skipped + result.failed);
        FUZZ_PROMISE(so_far.ended == result.written + result.failed);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char text[LONGEST + 1];
    uint8_t options[OPTION_BYTES + 1] = {0};
    clproc_pipeline *pipeline = NULL;
    clproc_error error;
    const uint8_t *end =
        size > OPTION_BYTES ? memchr(data + OPTION_BYTES, '\n', size - OPTION_BYTES) : NULL;
    if (!end || end - data - OPTION_BYTES > LONGEST) {
        return 0;
    }
    size_t length = (size_t)(end - data) - OPTION_BYTES, start = (size_t)(end - data) + 1;
    memcpy(options, data, OPTION_BYTES);
    memcpy(text, data + OPTION_BYTES, length);
    text[length] = '\0';
    make_folder();
    uint64_t before = blocks(false);
    FUZZ_PROMISE(clproc_pipeline_create(&pipeline, &error) == CLPROC_OK);
    bool no_pipeline =
        length > 0 && fuzz_failed(clproc_pipeline_parse(pipeline, text, &error), &error);
    if (!no_pipeline && clproc_pipeline_length(pipeline) <= 8) {
        int file = memfd_create("picture", MFD_CLOEXEC);
        FUZZ_PROMISE(file >= 0 &&
                     write(file, data + start, size - start) == (ssize_t)(size - start));
        run(options, pipeline, file);
        close(file);
        bring_to_station(pipeline, data + start, size - start);
    }
    clproc_pipeline_destroy(&pipeline);
    FUZZ_PROMISE(blocks(false) == before);
    check_memory();
    return 0;
}
