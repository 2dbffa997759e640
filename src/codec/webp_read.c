/* WebP through libwebp; of an animation the first frame. */
#include <string.h>

#include <webp/decode.h>
#include <webp/demux.h>

#include "codec/webp_private.h"

typedef struct reader {
    WebPIDecoder *decoder; /**< of the file being read, NULL: none */
    WebPAnimDecoder *animation;
    WebPDecoderConfig config;
    size_t end;       /**< of the picture: libwebp reads on where its data is damaged */
    size_t first_end; /**< of an animation's first frame; 0: it is not all there */
    clp_bytes start;  /**< the file up to there, as one that is whole */
    bool cut;         /**< the file has fewer bytes than its header says */
    bool whole;       /**< chunks fill the file, as its header says */
    bool animated;
} reader;

/** Bytes given to the decoder between two looks at the clock. */
enum { PORTION = 1 << 16 };

static bool probe(const uint8_t *bytes, size_t size) {
    return size >= CLP_WEBP_START && memcmp(bytes, "RIFF", 4) == 0 &&
           memcmp(bytes + 8, "WEBP", 4) == 0;
}

static void close_file(void *state) {
    reader *webp = state;
    WebPIDelete(webp->decoder);
    WebPAnimDecoderDelete(webp->animation);
    webp->decoder = NULL;
    webp->animation = NULL;
}

static void trim(void *state, size_t most) {
    reader *webp = state;
    clp_bytes_trim(&webp->start, most);
}

static void release(void *state) {
    reader *webp = state;
    clp_bytes_free(&webp->start);
}

/* --------------------------------------------------------------- header */

static bool is_early(VP8StatusCode code) {
    return code == VP8_STATUS_SUSPENDED || code == VP8_STATUS_NOT_ENOUGH_DATA;
}

/** What libwebp says of a file, where it also wants more of one that is all there but damaged. */
static VP8StatusCode judge(const reader *webp, VP8StatusCode code) {
    return is_early(code) && !webp->cut ? VP8_STATUS_BITSTREAM_ERROR : code;
}

static clproc_status failure(VP8StatusCode code, clproc_error *error) {
    static const char *const causes[] = {
        [VP8_STATUS_INVALID_PARAM] = "its header is damaged",
        [VP8_STATUS_BITSTREAM_ERROR] = "its data is damaged",
        [VP8_STATUS_UNSUPPORTED_FEATURE] = "it is of a kind that libwebp does not know",
        [VP8_STATUS_SUSPENDED] = "it ends early",
        [VP8_STATUS_NOT_ENOUGH_DATA] = "it ends early",
    };
    if (code == VP8_STATUS_OUT_OF_MEMORY) {
        return clp_error_memory(error, "decoding a WebP", 0);
    }
    const char *cause = (size_t)code < sizeof causes / sizeof causes[0] ? causes[code] : NULL;
    return clp_error_set(error, CLPROC_ERROR_INPUT, "is not a WebP that can be decoded: %s",
                         cause ? cause : "it is damaged");
}

static clproc_status take_block(clp_decoder *decoder, const clp_webp_chunk *chunk, clp_block *block,
                                clproc_error *error) {
    char text[80];
    if (!clp_source_has_room(&decoder->source, chunk->size)) {
        snprintf(text, sizeof text, "a %.4s chunk exceeds the limit (--limit-chunk): dropped",
                 (const char *)chunk->type);
        return clp_decoder_note(decoder, CLP_FLAW_WARNING, text, error);
    }
    if (!block->data && chunk->size > 0) {
        *block = (clp_block){chunk->data, chunk->size};
    }
    return CLPROC_OK;
}

static clproc_status find_blocks(clp_decoder *decoder, uint32_t *frames, clproc_error *error) {
    reader *webp = decoder->state;
    const clp_source *source = &decoder->source;
    clp_header *header = &decoder->header;
    clp_blocks *blocks = &header->blocks;
    clp_webp_chunk chunk;
    clproc_status status = CLPROC_OK;
    *frames = 0;
    webp->end = source->size;
    webp->first_end = 0;
    for (size_t at = CLP_WEBP_START; clp_webp_next(source->bytes, source->size, &at, &chunk);) {
        webp->whole |= at >= source->size;
        if (clp_webp_is(&chunk, "VP8 ") || clp_webp_is(&chunk, "VP8L")) {
            webp->end = at < source->size ? at : source->size;
        }
        if (clp_webp_is(&chunk, "ICCP")) {
            CLP_TRY(status, out, take_block(decoder, &chunk, &blocks->icc, error));
        } else if (clp_webp_is(&chunk, "EXIF")) {
            CLP_TRY(status, out, take_block(decoder, &chunk, &blocks->exif, error));
        } else if (clp_webp_is(&chunk, "XMP ")) {
            CLP_TRY(status, out, take_block(decoder, &chunk, &blocks->xmp, error));
        }
        *frames += clp_webp_is(&chunk, "ANMF");
        if (*frames == 1 && webp->first_end == 0) {
            webp->first_end = at < source->size ? at : source->size;
        }
    }
    /* Some programs write a JPEG's identifier before it. */
    if (blocks->exif.size > 6 && memcmp(blocks->exif.data, "Exif\0", 5) == 0) {
        blocks->exif = (clp_block){blocks->exif.data + 6, blocks->exif.size - 6};
    }
out:
    return status;
}

static clproc_status open_file(clp_decoder *decoder, clproc_error *error) {
    reader *webp = decoder->state;
    clp_source *source = &decoder->source;
    clp_header *header = &decoder->header;
    uint64_t size = clp_webp_size(source->bytes);
    uint32_t frames;
    clproc_status status;
    webp->cut = size > source->size;
    webp->whole = false;
    source->size = webp->cut ? source->size : (size_t)size;
    VP8StatusCode code = WebPGetFeatures(source->bytes, source->size, &webp->config.input);
    if (code != VP8_STATUS_OK) {
        return failure(judge(webp, code), error);
    }
    header->width = (uint32_t)webp->config.input.width;
    header->height = (uint32_t)webp->config.input.height;
    webp->animated = webp->config.input.has_animation;
    header->model = webp->config.input.has_alpha || webp->animated ? CLP_MODEL_RGBA : CLP_MODEL_RGB;
    header->depth = 8;
    header->progressive = true; /* libwebp wants the whole picture's memory */
    CLP_TRY(status, out, clp_source_check_size(source, header->width, header->height, error));
    CLP_TRY(status, out, find_blocks(decoder, &frames, error));
    webp->whole &= !webp->cut;
    /* Decoded whole, as RGBA at most; an animation also has its canvas, and that of the frame
     * before, and one that is not whole a copy of its start. */
    header->decode_bytes = (uint64_t)header->width * header->height * (webp->animated ? 12 : 4) +
                           (webp->animated && !webp->whole ? source->size : 0);
    header->beside = frames > 1 ? CLP_BESIDE_ANIMATION : 0;
out:
    return status;
}

/* --------------------------------------------------------------- pixels */

/** Takes note of damage, and of an early end. */
static clproc_status note(clp_decoder *decoder, bool early, clproc_error *error) {
    return clp_decoder_note(decoder, early ? CLP_FLAW_TRUNCATED : CLP_FLAW_CORRUPT,
                            early ? "the file ends early" : "the data is damaged", error);
}

/** The end of the data, or what it is when that comes too early. */
static clproc_status settle(clp_decoder *decoder, VP8StatusCode code, bool any,
                            clproc_error *error) {
    code = judge(decoder->state, code);
    if (code == VP8_STATUS_OK) {
        return CLPROC_OK;
    }
    if (!any || code == VP8_STATUS_OUT_OF_MEMORY || code == VP8_STATUS_UNSUPPORTED_FEATURE) {
        return failure(code, error);
    }
    return note(decoder, is_early(code), error);
}

/** Decodes portion by portion, straight to where the picture belongs. */
static clproc_status read_still(clp_decoder *decoder, const clp_plane *plane, uint8_t *base,
                                clproc_error *error) {
    reader *webp = decoder->state;
    WebPDecBuffer *output = &webp->config.output;
    VP8StatusCode code = VP8_STATUS_SUSPENDED;
    clproc_status status;
    int rows = 0;
    memset(&webp->config.options, 0, sizeof webp->config.options);
    memset(output, 0, sizeof *output);
    output->colorspace = plane->channels == 4 ? MODE_RGBA : MODE_RGB;
    output->is_external_memory = 1;
    output->u.RGBA.rgba = base;
    output->u.RGBA.stride = (int)plane->pitch;
    output->u.RGBA.size =
        plane->pitch * (plane->height - 1) + (size_t)plane->width * plane->channels;
    webp->decoder = WebPINewDecoder(output);
    if (!webp->decoder) {
        return clp_error_memory(error, "decoding a WebP", 0);
    }
    for (size_t given = 0; code == VP8_STATUS_SUSPENDED && given < webp->end;) {
        size_t left = webp->end - given;
        given += left < PORTION ? left : PORTION;
        CLP_TRY(status, out, clp_decoder_check(decoder, error));
        code = WebPIUpdate(webp->decoder, decoder->source.bytes, given);
    }
    WebPIDecGetRGB(webp->decoder, &rows, NULL, NULL, NULL);
    status = settle(decoder, code, rows > 0, error);
out:
    return status;
}

/** Begins an animation. libwebp refuses one whose chunks do not fill it: if the first frame is
 * there, it gets that as a file of its own. */
static clproc_status start_animation(clp_decoder *decoder, const WebPAnimDecoderOptions *options,
                                     clproc_error *error) {
    reader *webp = decoder->state;
    WebPData data = {decoder->source.bytes, decoder->source.size};
    clproc_status status = CLPROC_OK;
    webp->animation = WebPAnimDecoderNew(&data, options);
    if (webp->animation || webp->whole || webp->first_end == 0) {
        goto out;
    }
    CLP_TRY(status, out, note(decoder, webp->cut, error));
    webp->start.size = 0;
    CLP_TRY(status, out, clp_bytes_append(&webp->start, data.bytes, webp->first_end, error));
    clp_webp_set_size(webp->start.data, webp->first_end);
    data = (WebPData){webp->start.data, webp->first_end};
    webp->animation = WebPAnimDecoderNew(&data, options);
out:
    return status;
}

/** The first frame on its canvas. */
static clproc_status read_animated(clp_decoder *decoder, const clp_plane *plane, uint8_t *base,
                                   clproc_error *error) {
    reader *webp = decoder->state;
    WebPAnimDecoderOptions options;
    uint8_t *canvas = NULL;
    clproc_status status;
    int time;
    if (!WebPAnimDecoderOptionsInit(&options)) {
        return clp_error_set(
            error, CLPROC_ERROR_INTERNAL,
            "libwebpdemux is not the version that clproc was built with; build clproc again");
    }
    CLP_TRY(status, out, start_animation(decoder, &options, error));
    if (!webp->animation || !WebPAnimDecoderGetNext(webp->animation, &canvas, &time)) {
        return failure(judge(webp, VP8_STATUS_SUSPENDED), error);
    }
    size_t row = (size_t)plane->width * plane->channels;
    for (uint32_t y = 0; y < plane->height; y++) {
        memcpy(base + y * plane->pitch, canvas + y * row, row);
    }
out:
    return status;
}

static clproc_status read_file(clp_decoder *decoder, const clp_layout *layout,
                               const clp_row_sink *sink, clproc_error *error) {
    const reader *webp = decoder->state;
    const clp_plane *plane = &layout->planes[0];
    /* A picture without rows in order goes to memory as a whole. */
    uint8_t *base = sink->place(sink->user, 0, 0);
    clproc_status status;
    for (uint32_t y = 0; y < plane->height; y++) {
        memset(base + y * plane->pitch, 0, (size_t)plane->width * plane->channels);
    }
    CLP_TRY(status, out, clp_decoder_check(decoder, error));
    CLP_TRY(status, out,
            webp->animated ? read_animated(decoder, plane, base, error)
                           : read_still(decoder, plane, base, error));
    if (!webp->whole && !clp_flaws_note(&decoder->flaws, CLP_FLAW_WARNING,
                                        "its chunks do not fill it as they say", error)) {
        status = CLPROC_ERROR_INPUT;
        goto out;
    }
    status = clp_decoder_advance(decoder, sink, (uint32_t[CLP_MAX_PLANES]){plane->height}, error);
out:
    return status;
}

static clproc_status rewrite(const clp_decoder *decoder, clp_encoder *encoder,
                             const clp_encode_params *params, bool *done, clproc_error *error) {
    const reader *webp = decoder->state;
    const clp_source *source = &decoder->source;
    const clp_header *header = &decoder->header;
    const clp_webp_file from = {source->bytes, source->size, header->width, header->height,
                                webp->config.input.has_alpha};
    *done = webp->whole;
    return webp->whole ? clp_webp_assemble(&encoder->output, &from, &params->blocks, error)
                       : CLPROC_OK;
}

const clp_codec clp_codec_webp = {
    .format = CLPROC_FORMAT_WEBP,
    .room = {.exif = INT32_MAX, .icc = INT32_MAX, .xmp = INT32_MAX},
    .probe = probe,
    .state_bytes = sizeof(reader),
    .release = release,
    .open = open_file,
    .read = read_file,
    .close = close_file,
    .trim = trim,
    .write = clp_webp_write,
    .encode_bytes = clp_webp_encode_bytes,
    .rewrite = rewrite,
};
