/* PGM, PPM and PAM: rows of samples as they are stored, or brought to 8 or 16 bits. */
#include <string.h>

#include "codec/pnm_private.h"

typedef struct reader {
    clp_pnm_header header;
} reader;

static bool probe_as(const uint8_t *bytes, size_t size, clproc_format wanted) {
    clproc_format format;
    return clp_pnm_probe(bytes, size, &format) && format == wanted;
}

static bool probe_pgm(const uint8_t *bytes, size_t size) {
    return probe_as(bytes, size, CLPROC_FORMAT_PGM);
}

static bool probe_ppm(const uint8_t *bytes, size_t size) {
    return probe_as(bytes, size, CLPROC_FORMAT_PPM);
}

static bool probe_pam(const uint8_t *bytes, size_t size) {
    return probe_as(bytes, size, CLPROC_FORMAT_PAM);
}

/** Files are PGM or PPM by what they hold; "PNM" is only written. */
static bool probe_none(const uint8_t *bytes, size_t size) {
    (void)bytes;
    (void)size;
    return false;
}

static void close_file(void *state) {
    (void)state;
}

static clproc_status open_file(clp_decoder *decoder, clproc_error *error) {
    static const clp_model models[] = {CLP_MODEL_GRAY, CLP_MODEL_GRAYA, CLP_MODEL_RGB,
                                       CLP_MODEL_RGBA};
    reader *pnm = decoder->state;
    const clp_source *source = &decoder->source;
    clp_header *header = &decoder->header;
    const char *cause;
    clproc_status status;
    clp_pnm_answer answer = clp_pnm_read_header(source->bytes, source->size, &pnm->header, &cause);
    if (pnm->header.inks) {
        return clp_error_set(error, CLPROC_ERROR_UNSUPPORTED,
                             "is a PAM of CMYK, which is not read; convert it to RGB, or to a TIFF "
                             "of CMYK, with another program first");
    }
    if (answer != CLP_PNM_SOUND) {
        return clp_error_set(error, CLPROC_ERROR_INPUT, "is no picture that can be decoded: %s",
                             cause);
    }
    CLP_TRY(status, out,
            clp_source_check_size(source, pnm->header.width, pnm->header.height, error));
    header->width = pnm->header.width;
    header->height = pnm->header.height;
    header->model = models[pnm->header.channels - 1];
    header->depth = pnm->header.maximum > 255 ? 16 : 8;
    uint64_t end = clp_pnm_end(&pnm->header, source->size);
    header->beside =
        clp_pnm_probe(source->bytes + end, source->size - end, NULL) ? CLP_BESIDE_PICTURES : 0;
out:
    return status;
}

/** Brings samples to all of their bits; false if one is beyond the maximum, and is taken for it. */
static bool spread(const reader *pnm, const uint8_t *from, size_t count, uint8_t *to) {
    uint32_t maximum = pnm->header.maximum, most = maximum > 255 ? 65535 : 255;
    uint16_t *wide = (uint16_t *)(void *)to;
    bool sound = true;
    for (size_t i = 0; i < count; i++) {
        uint32_t value = most == 255 ? from[i] : clp_read_u16(from + 2 * i);
        sound &= value <= maximum;
        value = value < maximum ? value : maximum;
        value = (uint32_t)(((uint64_t)value * most + maximum / 2) / maximum);
        if (most == 255) {
            to[i] = (uint8_t)value;
        } else {
            wide[i] = (uint16_t)value;
        }
    }
    return sound;
}

static clproc_status read_file(clp_decoder *decoder, const clp_layout *layout,
                               const clp_row_sink *sink, clproc_error *error) {
    const reader *pnm = decoder->state;
    const clp_source *source = &decoder->source;
    const clp_plane *plane = &layout->planes[0];
    size_t count = (size_t)plane->width * plane->channels, row = (size_t)pnm->header.row;
    size_t at = pnm->header.size;
    /* Where there is nothing to check, rows that are not wanted are passed over. */
    bool sound = true, any = pnm->header.maximum == 255 || pnm->header.maximum == 65535;
    clproc_status status = CLPROC_OK;
    for (uint32_t y = 0; y < plane->height; y++) {
        bool wanted = y < decoder->wanted[0] || !any;
        uint8_t *to = wanted ? sink->place(sink->user, 0, y) : NULL;
        size_t left = source->size - at;
        CLP_TRY(status, out, clp_decoder_check(decoder, error));
        if (left >= row) {
            sound &=
                !to || pnm->header.maximum == 255 || spread(pnm, source->bytes + at, count, to);
            if (to && pnm->header.maximum == 255) {
                memcpy(to, source->bytes + at, row);
            }
            at += row;
        } else {
            /* What the last row has of samples is not worth the trouble. */
            if (!(decoder->flaws.found & CLP_FLAW_TRUNCATED)) {
                CLP_TRY(
                    status, out,
                    clp_decoder_note(decoder, CLP_FLAW_TRUNCATED, "the file ends early", error));
            }
            if (to) {
                memset(to, 0, count * layout->depth / 8);
            }
        }
        CLP_TRY(status, out,
                clp_decoder_advance(decoder, sink, (uint32_t[CLP_MAX_PLANES]){y + 1}, error));
    }
    if (!sound) {
        status = clp_decoder_note(decoder, CLP_FLAW_CORRUPT,
                                  "samples exceed the maximum of the header", error);
    }
out:
    return status;
}

/** Rows go straight to where they belong. */
static uint64_t decode_bytes(const clp_header *header, uint64_t file_bytes) {
    (void)header;
    (void)file_bytes;
    return 0;
}

#define PNM_CODEC(kind, test)                                                                      \
    {                                                                                              \
        .format = (kind), .probe = (test), .state_bytes = sizeof(reader), .open = open_file,       \
        .read = read_file, .close = close_file, .write = clp_pnm_write,                            \
        .decode_bytes = decode_bytes, .encode_bytes = clp_pnm_encode_bytes                         \
    }

const clp_codec clp_codec_ppm = PNM_CODEC(CLPROC_FORMAT_PPM, probe_ppm);
const clp_codec clp_codec_pgm = PNM_CODEC(CLPROC_FORMAT_PGM, probe_pgm);
const clp_codec clp_codec_pnm = PNM_CODEC(CLPROC_FORMAT_PNM, probe_none);
const clp_codec clp_codec_pam = PNM_CODEC(CLPROC_FORMAT_PAM, probe_pam);
