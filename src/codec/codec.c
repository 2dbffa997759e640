/* The formats of a build, and decoders, which read them all. */
#include "codec/codec.h"

#include <string.h>

#include "codec/codec_private.h"
#include "core/clock.h"
#include "core/format.h"
#include "core/memory.h"

static const clp_codec *const codecs[] = {
    &clp_codec_jpeg, &clp_codec_png,  &clp_codec_ppm,
    &clp_codec_pgm,  &clp_codec_pnm,  &clp_codec_pam,
#ifdef CLPROC_HAS_WEBP
    &clp_codec_webp,
#endif
#ifdef CLPROC_HAS_HEIF
    &clp_codec_heif, &clp_codec_avif,
#endif
#ifdef CLPROC_HAS_TIFF
    &clp_codec_tiff,
#endif
};

#define CODEC_COUNT (sizeof codecs / sizeof codecs[0])

/** Bounds of clp_decoder_unpack(). */
#define UNPACKS_LEAST ((uint64_t)48 << 20)
#define UNPACKS_MOST ((uint64_t)256 << 20)

static size_t find_codec(const uint8_t *bytes, size_t size) {
    size_t index = 0;
    while (index < CODEC_COUNT && !codecs[index]->probe(bytes, size)) {
        index++;
    }
    return index;
}

const clp_codec *clp_codec_of(clproc_format format) {
    size_t index = 0;
    while (index < CODEC_COUNT && codecs[index]->format != format) {
        index++;
    }
    return index < CODEC_COUNT ? codecs[index] : NULL;
}

bool clp_codec_is_built(clproc_format format) {
    return clp_codec_of(format) != NULL;
}

clproc_status clp_codec_load(const clp_codec *codec, clproc_status status, clproc_error *error) {
    const char *cause = codec->library ? clp_library_load(codec->library) : NULL;
    return cause ? clp_error_set(error, status,
                                 "the library for %s cannot be loaded: %s; apt install %s",
                                 clp_format_of(codec->format)->name, cause, codec->library->package)
                 : CLPROC_OK;
}

clproc_status clp_codec_need(clproc_format format, clproc_error *error) {
    const clp_format *row = clp_format_of(format);
    const clp_codec *codec = clp_codec_of(format);
    if (!row) {
        return CLPROC_OK;
    }
    if (codec) {
        return clp_codec_load(codec, CLPROC_ERROR_ARGUMENT, error);
    }
    return clp_error_set(error, CLPROC_ERROR_ARGUMENT,
                         "this clproc was built without %s; install %s and build it again",
                         row->name, row->package);
}

const char *clp_codec_missing(const char *kind) {
    const clp_format *row = clp_format_by_ending(kind);
    return row && !clp_codec_is_built(row->format) ? row->package : NULL;
}

/** A file that is of none of the formats that are read. */
static clproc_status refuse_kind(const char *kind, size_t size, clproc_error *error) {
    const char *missing = kind ? clp_codec_missing(kind) : NULL;
    if (missing) {
        const clp_format *row = clp_format_by_ending(kind);
        return clp_error_set(error, CLPROC_ERROR_UNSUPPORTED,
                             "is %s %s, and this clproc was built without that; install %s and "
                             "build it again",
                             clp_format_article(row), row->name, missing);
    }
    return kind ? clp_error_set(error, CLPROC_ERROR_UNSUPPORTED,
                                "is %s, which is not read; convert it with another program first",
                                kind)
                : clp_error_set(error, CLPROC_ERROR_INPUT,
                                size ? "is not a picture in a format that clproc knows"
                                     : "is empty");
}

bool clp_codec_recognise(const uint8_t *bytes, size_t size, clproc_format *format) {
    size_t index = find_codec(bytes, size);
    if (index < CODEC_COUNT && format) {
        *format = codecs[index]->format;
    }
    return index < CODEC_COUNT;
}

clproc_status clp_decoder_create(clp_decoder **decoder, clproc_error *error) {
    clp_decoder *made = clp_memory_zero(CLP_MEMORY_CODEC, 1, sizeof *made);
    void **states = clp_memory_zero(CLP_MEMORY_CODEC, CODEC_COUNT, sizeof *states);
    if (!made || !states) {
        clp_memory_free(made);
        clp_memory_free(states);
        return clp_error_memory(error, "a decoder", sizeof *made);
    }
    made->states = states;
    made->unpacks = UNPACKS_LEAST;
    *decoder = made;
    return CLPROC_OK;
}

void clp_decoder_unpack(clp_decoder *decoder, uint64_t bytes) {
    decoder->unpacks = bytes < UNPACKS_LEAST  ? UNPACKS_LEAST
                       : bytes > UNPACKS_MOST ? UNPACKS_MOST
                                              : bytes;
}

void clp_decoder_close(clp_decoder *decoder) {
    if (decoder->codec) {
        decoder->codec->close(decoder->state);
    }
    decoder->codec = NULL;
    decoder->laid_out = false;
}

void clp_decoder_destroy(clp_decoder **decoder) {
    if (!decoder || !*decoder) {
        return;
    }
    clp_decoder_close(*decoder);
    for (size_t i = 0; i < CODEC_COUNT; i++) {
        if ((*decoder)->states[i]) {
            if (codecs[i]->release) {
                codecs[i]->release((*decoder)->states[i]);
            }
            clp_memory_free((*decoder)->states[i]);
        }
    }
    clp_memory_free((*decoder)->states);
    clp_memory_free(*decoder);
    *decoder = NULL;
}

void clp_decoder_heed(clp_decoder *decoder, const volatile int *cancel) {
    decoder->cancel = cancel;
}

clproc_status clp_decoder_open(clp_decoder *decoder, const uint8_t *bytes, size_t size,
                               const clp_limits *limits, clproc_fail_on fail_on, clp_header *header,
                               clproc_error *error) {
    clproc_status status = CLPROC_OK;
    clp_decoder_close(decoder);
    size_t index = find_codec(bytes, size);
    if (index == CODEC_COUNT) {
        return refuse_kind(clp_codec_kind(bytes, size), size, error);
    }
    CLP_TRY(status, out, clp_codec_load(codecs[index], CLPROC_ERROR_UNSUPPORTED, error));
    if (!decoder->states[index]) {
        size_t room = codecs[index]->state_bytes;
        decoder->states[index] = clp_memory_zero(CLP_MEMORY_CODEC, 1, room);
        if (!decoder->states[index]) {
            return clp_error_memory(error, "a decoder", room);
        }
    }
    decoder->codec = codecs[index];
    decoder->state = decoder->states[index];
    decoder->source = (clp_source){bytes, size, *limits, 0};
    clp_source_start_clock(&decoder->source);
    decoder->flaws = (clp_flaws){.fail_on = fail_on};
    decoder->has_small = false;
    decoder->header = (clp_header){.format = decoder->codec->format};
    CLP_TRY(status, out, decoder->codec->open(decoder, error));
    *header = decoder->header;
out:
    if (status != CLPROC_OK) {
        clp_decoder_close(decoder);
    }
    return status;
}

static bool request_possible(const clp_decode_request *request, const clp_header *header) {
    bool model = request->model == header->model ||
                 (header->model == CLP_MODEL_YCC &&
                  (request->model == CLP_MODEL_GRAY || request->model == CLP_MODEL_RGB));
    uint32_t eighths = request->eighths;
    bool shrink =
        clp_format_of(header->format)->shrinks && (eighths == 4 || eighths == 2 || eighths == 1);
    return model && (eighths == 8 || shrink);
}

clproc_status clp_decoder_layout(clp_decoder *decoder, const clp_decode_request *request,
                                 clp_layout *layout, clproc_error *error) {
    clproc_status status;
    if (!decoder->codec) {
        return clp_error_set(error, CLPROC_ERROR_INTERNAL, "no picture is open for decoding");
    }
    if (!request_possible(request, &decoder->header)) {
        return clp_error_set(error, CLPROC_ERROR_ARGUMENT,
                             "a %s picture cannot be decoded as %s %u/8",
                             clp_model_name(decoder->header.model), clp_model_name(request->model),
                             request->eighths);
    }
    clp_layout made = {.model = request->model,
                       .depth = decoder->header.depth,
                       .width = decoder->header.width,
                       .height = decoder->header.height};
    if (decoder->codec->layout) {
        CLP_TRY(status, out, decoder->codec->layout(decoder, request, &made, error));
    }
    status = CLPROC_OK;
    if (!clp_layout_place(&made)) {
        status =
            clp_error_set(error, CLPROC_ERROR_MEMORY, "is too large for this machine's memory");
        goto out;
    }
    decoder->request = *request;
    decoder->laid_out = true;
    memset(decoder->wanted, 0xff, sizeof decoder->wanted);
    *layout = made;
out:
    return status;
}

static bool is_same(const clp_layout *a, const clp_layout *b) {
    return a->model == b->model && a->width == b->width && a->height == b->height &&
           a->bytes == b->bytes;
}

clproc_status clp_decoder_advance(clp_decoder *decoder, const clp_row_sink *sink,
                                  const uint32_t rows[CLP_MAX_PLANES], clproc_error *error) {
    uint64_t start = decoder->source.deadline ? clp_clock_ns() : 0;
    clproc_status status = sink->advance(sink->user, rows, error);
    if (decoder->source.deadline) {
        decoder->source.deadline += clp_clock_ns() - start;
    }
    return status;
}

clproc_status clp_decoder_pass_over(clp_decoder *decoder, const clp_row_sink *sink, uint32_t rows,
                                    uint32_t height, clproc_error *error) {
    clproc_status status = CLPROC_OK;
    while (status == CLPROC_OK && rows < height) {
        uint32_t left = height - rows;
        rows += left < CLP_DECODED_ROWS ? left : CLP_DECODED_ROWS;
        status = clp_decoder_advance(decoder, sink, (uint32_t[CLP_MAX_PLANES]){rows}, error);
    }
    return status;
}

void clp_decoder_want(clp_decoder *decoder, const uint32_t rows[CLP_MAX_PLANES]) {
    memcpy(decoder->wanted, rows, sizeof decoder->wanted);
}

bool clp_decoder_has_rows(const clp_decoder *decoder) {
    const clp_header *header = &decoder->header;
    return clp_format_of(header->format)->rows || !header->progressive;
}

uint64_t clp_codec_read_bytes(const clp_header *header, uint64_t file_bytes) {
    const clp_codec *codec = clp_codec_of(header->format);
    if (!codec) {
        return 0;
    }
    return codec->decode_bytes ? codec->decode_bytes(header, file_bytes) : header->decode_bytes;
}

void clp_decoder_trim(clp_decoder *decoder, size_t most) {
    for (size_t i = 0; i < CODEC_COUNT; i++) {
        if (decoder->states && decoder->states[i] && codecs[i]->trim) {
            codecs[i]->trim(decoder->states[i], most);
        }
    }
}

void clp_decoder_flaws(const clp_decoder *decoder, clp_decode_result *result) {
    result->flaws = decoder->flaws.found;
    result->small = decoder->has_small;
    memcpy(result->message, decoder->flaws.message, sizeof result->message);
}

bool clp_decoder_add_small(clp_decoder *decoder, const clp_decode_request *request,
                           const clp_layout *layout, uint8_t *base) {
    clp_layout made;
    clproc_error error;
    if (!decoder->codec || !decoder->codec->add_small ||
        clp_decoder_layout(decoder, request, &made, &error) != CLPROC_OK ||
        !is_same(layout, &made)) {
        return false;
    }
    decoder->laid_out = false;
    return decoder->codec->add_small(decoder, &made, base);
}

static clproc_status read_into(clp_decoder *decoder, const clp_layout *layout,
                               const clp_row_sink *sink, clp_decode_result *result,
                               clproc_error *error) {
    clp_layout expected;
    uint32_t wanted[CLP_MAX_PLANES];
    clproc_status status = CLPROC_OK;
    memcpy(wanted, decoder->wanted, sizeof wanted);
    if (!decoder->codec || !decoder->laid_out) {
        return clp_error_set(error, CLPROC_ERROR_INTERNAL, "nothing is laid out for decoding");
    }
    CLP_TRY(status, out, clp_decoder_layout(decoder, &decoder->request, &expected, error));
    clp_decoder_want(decoder, wanted);
    if (!is_same(layout, &expected)) {
        status = clp_error_set(error, CLPROC_ERROR_INTERNAL, "the layout is of another picture");
        goto out;
    }
    /* The time between opening and reading, in a queue perhaps, is not the file's fault. */
    clp_source_start_clock(&decoder->source);
    CLP_TRY(status, out, decoder->codec->read(decoder, layout, sink, error));
    clp_decoder_flaws(decoder, result);
out:
    clp_decoder_close(decoder);
    return status;
}

clproc_status clp_decoder_read_rows(clp_decoder *decoder, const clp_layout *layout,
                                    const clp_row_sink *sink, clp_decode_result *result,
                                    clproc_error *error) {
    if (!clp_decoder_has_rows(decoder)) {
        return clp_error_set(error, CLPROC_ERROR_INTERNAL, "rows do not come in order");
    }
    return read_into(decoder, layout, sink, result, error);
}

/** A whole picture in memory. */
typedef struct memory_sink {
    const clp_layout *layout;
    uint8_t *base;
} memory_sink;

static uint8_t *place_in_memory(void *user, uint32_t index, uint32_t row) {
    const memory_sink *memory = user;
    const clp_plane *plane = &memory->layout->planes[index];
    uint32_t held = (plane->height + CLP_ROW_ALIGN - 1) / CLP_ROW_ALIGN * CLP_ROW_ALIGN;
    return row < held ? memory->base + plane->offset + row * plane->pitch : NULL;
}

static clproc_status stay_in_memory(void *user, const uint32_t rows[CLP_MAX_PLANES],
                                    clproc_error *error) {
    (void)user;
    (void)rows;
    (void)error;
    return CLPROC_OK;
}

clproc_status clp_decoder_read(clp_decoder *decoder, const clp_layout *layout, uint8_t *base,
                               clp_decode_result *result, clproc_error *error) {
    memory_sink memory = {layout, base};
    clp_row_sink sink = {place_in_memory, stay_in_memory, &memory};
    return read_into(decoder, layout, &sink, result, error);
}
