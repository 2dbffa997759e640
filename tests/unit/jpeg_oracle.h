/** libjpeg itself, as the tests of JPEG use it. */
#ifndef JPEG_ORACLE_H
#define JPEG_ORACLE_H

#include "codec_helper.h"

#include <jerror.h>
#include <jpeglib.h>

typedef struct oracle_error {
    struct jpeg_error_mgr manager;
    jmp_buf escape;
    long warnings, bad_codes;
} oracle_error;

static inline void oracle_fatal(j_common_ptr info) {
    longjmp(((oracle_error *)info->err)->escape, 1);
}

static inline void oracle_message(j_common_ptr info, int level) {
    oracle_error *errors = (oracle_error *)info->err;
    errors->warnings += level < 0;
    errors->bad_codes += level < 0 && errors->manager.msg_code == JWRN_HUFF_BAD_CODE;
}

static inline struct jpeg_error_mgr *oracle_errors(oracle_error *errors) {
    jpeg_std_error(&errors->manager);
    errors->manager.error_exit = oracle_fatal;
    errors->manager.emit_message = oracle_message;
    errors->warnings = errors->bad_codes = 0;
    return &errors->manager;
}

/** Pixels as libjpeg's scanline interface gives them. */
typedef struct scanlines {
    uint32_t width, height, channels;
    uint8_t *pixels; /**< malloc()ed, without padding */
    long warnings;
    bool adobe;
} scanlines;

/** Decodes as djpeg does; `space` JCS_UNKNOWN leaves libjpeg's own choice. False on failure. */
static inline bool oracle_decode(const uint8_t *bytes, size_t size, J_COLOR_SPACE space,
                                 uint32_t eighths, bool fancy, scanlines *made) {
    oracle_error errors;
    struct jpeg_decompress_struct info;
    memset(made, 0, sizeof *made);
    info.err = oracle_errors(&errors);
    jpeg_create_decompress(&info);
    if (setjmp(errors.escape)) {
        jpeg_destroy_decompress(&info);
        return false;
    }
    jpeg_mem_src(&info, bytes, size);
    jpeg_read_header(&info, TRUE);
    if (info.out_color_space == JCS_UNKNOWN) {
        longjmp(errors.escape, 1); /* djpeg writes no such thing */
    }
    if (space != JCS_UNKNOWN) {
        info.out_color_space = space;
    }
    info.scale_num = eighths;
    info.scale_denom = 8;
    info.do_fancy_upsampling = fancy;
    jpeg_start_decompress(&info);
    made->width = info.output_width;
    made->height = info.output_height;
    made->channels = (uint32_t)info.output_components;
    made->adobe = info.saw_Adobe_marker;
    size_t pitch = (size_t)made->width * made->channels;
    made->pixels = malloc(pitch * made->height);
    while (info.output_scanline < info.output_height) {
        JSAMPROW row = made->pixels + info.output_scanline * pitch;
        jpeg_read_scanlines(&info, &row, 1);
    }
    jpeg_finish_decompress(&info);
    made->warnings = errors.warnings;
    jpeg_destroy_decompress(&info);
    return true;
}

typedef struct variant {
    J_COLOR_SPACE stored; /**< JCS_YCbCr, JCS_RGB, JCS_GRAYSCALE, JCS_CMYK, JCS_YCCK */
    int h[4], v[4];
    bool progressive, arithmetic;
    unsigned restart;
    bool no_adobe;
    bool apart; /**< every component in a scan of its own */
} variant;

/** Encodes noise and shapes with libjpeg's scanline interface. */
static inline void oracle_encode(const variant *kind, uint32_t width, uint32_t height,
                                 unsigned char **bytes, unsigned long *size) {
    oracle_error errors;
    struct jpeg_compress_struct info;
    int channels = kind->stored == JCS_GRAYSCALE                          ? 1
                   : kind->stored == JCS_CMYK || kind->stored == JCS_YCCK ? 4
                                                                          : 3;
    info.err = oracle_errors(&errors);
    if (setjmp(errors.escape)) {
        fail_msg("the test's own encoder failed");
    }
    jpeg_create_compress(&info);
    *bytes = NULL;
    jpeg_mem_dest(&info, bytes, size);
    info.image_width = width;
    info.image_height = height;
    info.input_components = channels;
    info.in_color_space = channels == 1 ? JCS_GRAYSCALE : channels == 4 ? JCS_CMYK : JCS_RGB;
    jpeg_set_defaults(&info);
    jpeg_set_colorspace(&info, kind->stored);
    info.write_Adobe_marker &= !kind->no_adobe;
    jpeg_set_quality(&info, 80, TRUE);
    for (int i = 0; i < channels; i++) {
        info.comp_info[i].h_samp_factor = kind->h[i];
        info.comp_info[i].v_samp_factor = kind->v[i];
    }
    info.arith_code = kind->arithmetic;
    info.restart_interval = kind->restart;
    if (kind->progressive) {
        jpeg_simple_progression(&info);
    }
    static const jpeg_scan_info apart[] = {
        {1, {0}, 0, 63, 0, 0}, {1, {1}, 0, 63, 0, 0}, {1, {2}, 0, 63, 0, 0}};
    if (kind->apart) {
        info.scan_info = apart;
        info.num_scans = channels;
    }
    jpeg_start_compress(&info, TRUE);
    JSAMPROW row = malloc((size_t)width * 4);
    uint32_t seed = width * 31 + height;
    for (uint32_t y = 0; y < height; y++) {
        for (uint32_t x = 0; x < width * (uint32_t)channels; x++) {
            row[x] = (uint8_t)((x * 5 + y * 3) / 2 + next_random(&seed) % 40);
        }
        jpeg_write_scanlines(&info, &row, 1);
    }
    free(row);
    jpeg_finish_compress(&info);
    jpeg_destroy_compress(&info);
}

#endif
