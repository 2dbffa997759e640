/** What the formats share behind codec.h: state of a file being read, flaws, the table of formats.
 */
#ifndef CLP_CODEC_PRIVATE_H
#define CLP_CODEC_PRIVATE_H

#include "codec/codec.h"
#include "core/library.h"

/* ---------------------------------------------------------------- flaws */

/** What was found wrong with the file so far, and how much of it the run tolerates. */
typedef struct clp_flaws {
    clproc_fail_on fail_on;
    uint32_t found;
    char message[256]; /**< the worst flaw in words, the first of its kind */
} clp_flaws;

/** Records a flaw. False, with `error` filled, if the policy does not tolerate it. */
bool clp_flaws_note(clp_flaws *flaws, uint32_t flaw, const char *message, clproc_error *error);
bool clp_flaws_tolerated(const clp_flaws *flaws, uint32_t flaw);

/* -------------------------------------------------------------- reading */

/** A file in memory and what it may cost. */
typedef struct clp_source {
    const uint8_t *bytes;
    size_t size;
    clp_limits limits; /**< 0 in a field: no limit */
    uint64_t deadline; /**< clp_clock_ns(), 0: none */
} clp_source;

/** Checks a picture's size against the limits. */
clproc_status clp_source_check_size(const clp_source *source, uint32_t width, uint32_t height,
                                    clproc_error *error);
/** Gives the file its limit of seconds from now on. */
void clp_source_start_clock(clp_source *source);
/** True if a metadata block is within the limit on chunks; a larger one is dropped. */
bool clp_source_has_room(const clp_source *source, size_t size);

typedef struct clp_codec clp_codec;

/** What the code points of ITU-T H.273 are called here. */
enum {
    CLP_H273_BT709 = 1,
    CLP_H273_UNSPECIFIED = 2,
    CLP_H273_SRGB = 13,
    CLP_H273_PQ = 16,
    CLP_H273_HLG = 18,
    CLP_H273_IDENTITY = 0
};

struct clp_decoder {
    const clp_codec *codec; /**< of the open file, NULL: none */
    void *state;            /**< that format's own, one of `states` */
    void **states;          /**< one for every format, made on first use */
    clp_source source;
    const volatile int *cancel; /**< may be NULL */
    uint64_t unpacks;           /**< bytes; see clp_decoder_unpack() */
    clp_flaws flaws;
    clp_header header;
    clp_decode_request request; /**< of the last clp_decoder_layout() */
    bool laid_out;
    bool has_small;                  /**< reading has filled what clp_decoder_add_small() named */
    uint32_t wanted[CLP_MAX_PLANES]; /**< rows; see clp_decoder_want() */
};

/** Tells the sink of all rows of a picture of one plane, from those that are there on. */
clproc_status clp_decoder_pass_over(clp_decoder *decoder, const clp_row_sink *sink, uint32_t rows,
                                    uint32_t height, clproc_error *error);

/** Tells the sink which rows there are. What it waits for then is not the file's time. */
clproc_status clp_decoder_advance(clp_decoder *decoder, const clp_row_sink *sink,
                                  const uint32_t rows[CLP_MAX_PLANES], clproc_error *error);

/** Records a flaw of the open file; CLPROC_ERROR_INPUT if the policy does not tolerate it. */
clproc_status clp_decoder_note(clp_decoder *decoder, uint32_t flaw, const char *message,
                               clproc_error *error);
/** The same of metadata that clp_source_has_room() has no room for. */
clproc_status clp_decoder_note_large(clp_decoder *decoder, clproc_error *error);
/** Notes colours that are HDR's by the header's cICP numbers. */
clproc_status clp_decoder_note_hdr(clp_decoder *decoder, clproc_error *error);

/** Checks the time spent so far, and that no stop was requested. For every row. */
clproc_status clp_decoder_check(const clp_decoder *decoder, clproc_error *error);

struct clp_encoder {
    const volatile int *cancel; /**< may be NULL */
    clp_bytes output;
    clp_block made; /**< the file, where a format does not make it in `output` */
    clp_bytes scratch;
    struct libdeflate_compressor *deflate; /**< of deflate_level; NULL before the first PNG */
    int deflate_level;
};

/** One picture format. */
struct clp_codec {
    clproc_format format;
    clp_block_room room;
    clp_library *library; /**< loaded before a file is opened or written; NULL: none has to be */
    bool (*probe)(const uint8_t *bytes, size_t size);
    size_t state_bytes; /**< of a decoder's state, which begins as zeros */
    /** Frees what the state holds, while no file is open; NULL: it holds nothing. */
    void (*release)(void *state);
    /** Fills `header` from `source`. */
    clproc_status (*open)(clp_decoder *decoder, clproc_error *error);
    /** Fills `layout` for a request whose model and eighths make sense for the header; the caller
     * places the planes. NULL: a picture has the sides that its header says. */
    clproc_status (*layout)(clp_decoder *decoder, const clp_decode_request *request,
                            clp_layout *layout, clproc_error *error);
    /** Has the next read() fill `base` as well, in the layout that was made last, and tell it by
     * `decoder->has_small`. False: it will not. NULL: it never does. */
    bool (*add_small)(clp_decoder *decoder, const clp_layout *layout, uint8_t *base);
    /** Decodes the last request; the file is closed afterwards. Where a picture has no rows in
     * order, every row may be placed again and again. */
    clproc_status (*read)(clp_decoder *decoder, const clp_layout *layout, const clp_row_sink *sink,
                          clproc_error *error);
    /** Lets go of what the library holds for the open file. */
    void (*close)(void *state);
    /** Gives up what is kept for the next file and larger; may be NULL. No file is open. */
    void (*trim)(void *state, size_t most);
    /** Encodes into `encoder->output`, which is empty. NULL: the format is only read. */
    clproc_status (*write)(clp_encoder *encoder, const clp_layout *layout, uint8_t *base,
                           const clp_encode_params *params, clproc_error *error);
    /** Puts the open file, with other metadata, into `encoder->output`, which is empty. `*done`
     * false: it is not whole, or odd. NULL: no file is put so. */
    clproc_status (*rewrite)(const clp_decoder *decoder, clp_encoder *encoder,
                             const clp_encode_params *params, bool *done, clproc_error *error);
    /** Bytes that decoding takes beside the samples, and that encoding does; the former NULL where
     * opening has put them into the header, the latter where `write` is. */
    uint64_t (*decode_bytes)(const clp_header *header, uint64_t file_bytes);
    uint64_t (*encode_bytes)(const clp_layout *layout, bool progressive);
};

/** A format's codec, NULL where this build has none. */
const clp_codec *clp_codec_of(clproc_format format);
/** Loads the library of a codec, if it has one; fails with `status`. */
clproc_status clp_codec_load(const clp_codec *codec, clproc_status status, clproc_error *error);

extern const clp_codec clp_codec_jpeg;
extern const clp_codec clp_codec_png;
extern const clp_codec clp_codec_ppm;
extern const clp_codec clp_codec_pgm;
extern const clp_codec clp_codec_pnm;
extern const clp_codec clp_codec_pam;
extern const clp_codec clp_codec_heif; /**< only where CLPROC_HAS_HEIF is defined */
extern const clp_codec clp_codec_avif; /**< the same */
extern const clp_codec clp_codec_webp; /**< only where CLPROC_HAS_WEBP is defined */
extern const clp_codec clp_codec_tiff; /**< only where CLPROC_HAS_TIFF is defined */

uint64_t clp_jpeg_encode_bytes(const clp_layout *layout, bool progressive);
uint64_t clp_png_encode_bytes(const clp_layout *layout, bool progressive);
uint64_t clp_webp_encode_bytes(const clp_layout *layout, bool progressive);
clproc_status clp_jpeg_write(clp_encoder *encoder, const clp_layout *layout, uint8_t *base,
                             const clp_encode_params *params, clproc_error *error);
/** All of a baseline file before its scan, into `encoder->output`, which is empty. */
clproc_status clp_jpeg_write_headers(clp_encoder *encoder, const clp_layout *layout,
                                     const clp_encode_params *params, clproc_error *error);
clproc_status clp_png_write(clp_encoder *encoder, const clp_layout *layout, uint8_t *base,
                            const clp_encode_params *params, clproc_error *error);

clproc_status clp_png_rewrite(const clp_decoder *decoder, clp_encoder *encoder,
                              const clp_encode_params *params, bool *done, clproc_error *error);
clproc_status clp_webp_write(clp_encoder *encoder, const clp_layout *layout, uint8_t *base,
                             const clp_encode_params *params, clproc_error *error);
/** Puts the moved JPEG into `encoder->output`, which is empty. */
clproc_status clp_jpeg_move(clp_decoder *decoder, clp_encoder *encoder, const clp_move *move,
                            const clp_encode_params *params, clproc_error *error);
/** Divides colours by the alpha that they were multiplied by; it is the last channel. */
void clp_codec_unpremultiply(const clp_plane *plane, uint32_t depth, uint8_t *base);

/** Big-endian numbers, as most formats have them. */
static inline uint32_t clp_read_u16(const uint8_t *bytes) {
    return (uint32_t)bytes[0] << 8 | bytes[1];
}

static inline uint32_t clp_read_u32(const uint8_t *bytes) {
    return clp_read_u16(bytes) << 16 | clp_read_u16(bytes + 2);
}

static inline void clp_write_u32(uint8_t *bytes, uint32_t value) {
    for (int i = 0; i < 4; i++) {
        bytes[i] = (uint8_t)(value >> (24 - 8 * i));
    }
}

#endif
