/* Encoders, which write all formats of a build, from planes or from the file that a decoder has
 * open. */
#include <libdeflate.h>

#include "codec/codec_private.h"
#include "core/memory.h"

clp_block_room clp_codec_room(clproc_format format) {
    const clp_codec *codec = clp_codec_of(format);
    return codec ? codec->room : (clp_block_room){0};
}

clproc_status clp_encoder_create(clp_encoder **encoder, clproc_error *error) {
    *encoder = clp_memory_zero(CLP_MEMORY_CODEC, 1, sizeof **encoder);
    return *encoder ? CLPROC_OK : clp_error_memory(error, "an encoder", sizeof **encoder);
}

void clp_encoder_trim(clp_encoder *encoder, size_t most) {
    clp_bytes_trim(&encoder->output, most);
    clp_bytes_trim(&encoder->scratch, most);
}

uint64_t clp_codec_write_bytes(const clp_layout *layout, clproc_format format, bool progressive) {
    const clp_codec *codec = clp_codec_of(format);
    bool writes = codec && codec->encode_bytes;
    /* What is packed is hardly ever larger than what was not. */
    return writes ? codec->encode_bytes(layout, progressive) : 0;
}

void clp_encoder_heed(clp_encoder *encoder, const volatile int *cancel) {
    encoder->cancel = cancel;
}

void clp_encoder_destroy(clp_encoder **encoder) {
    if (!encoder || !*encoder) {
        return;
    }
    clp_bytes_free(&(*encoder)->output);
    clp_bytes_free(&(*encoder)->scratch);
    libdeflate_free_compressor((*encoder)->deflate);
    clp_memory_free(*encoder);
    *encoder = NULL;
}

clproc_status clp_encoder_write(clp_encoder *encoder, const clp_layout *layout, uint8_t *base,
                                const clp_encode_params *params, const uint8_t **data, size_t *size,
                                clproc_error *error) {
    clproc_status status = CLPROC_OK;
    const clp_codec *codec = clp_codec_of(params->format);
    if (!codec || !codec->write) {
        return clp_error_set(error, CLPROC_ERROR_INTERNAL, "no format is chosen for the output");
    }
    encoder->output.size = 0;
    encoder->made = (clp_block){0};
    CLP_TRY(status, out, clp_codec_load(codec, CLPROC_ERROR_UNSUPPORTED, error));
    CLP_TRY(status, out, codec->write(encoder, layout, base, params, error));
    *data = encoder->made.data ? encoder->made.data : encoder->output.data;
    *size = encoder->made.data ? encoder->made.size : encoder->output.size;
out:
    return status;
}

/* ----------------------------------------------------- without decoding */

clproc_status clp_encoder_rewrite(clp_encoder *encoder, const clp_decoder *decoder,
                                  const clp_encode_params *params, const uint8_t **data,
                                  size_t *size, clproc_error *error) {
    bool done = false;
    clproc_status status;
    if (!decoder->codec) {
        return clp_error_set(error, CLPROC_ERROR_INTERNAL, "no picture is open");
    }
    encoder->output.size = 0;
    if (decoder->codec->rewrite) {
        CLP_TRY(status, out, decoder->codec->rewrite(decoder, encoder, params, &done, error));
    }
    status = CLPROC_OK;
    *data = done ? encoder->output.data : NULL;
    *size = encoder->output.size;
out:
    return status;
}

clproc_status clp_encoder_move(clp_encoder *encoder, clp_decoder *decoder, const clp_move *move,
                               const clp_encode_params *params, const uint8_t **data, size_t *size,
                               clproc_error *error) {
    clproc_status status;
    if (decoder->codec != &clp_codec_jpeg) {
        return clp_error_set(error, CLPROC_ERROR_INTERNAL, "no JPEG is open");
    }
    encoder->output.size = 0;
    clp_source_start_clock(&decoder->source);
    CLP_TRY(status, out, clp_jpeg_move(decoder, encoder, move, params, error));
    *data = encoder->output.data;
    *size = encoder->output.size;
out:
    clp_decoder_close(decoder);
    return status;
}
