/** Files around scans that a device has encoded. */
#include "codec/jpeg_scan_write.h"

#include <string.h>

#include "codec/jpeg_plain.h"
#include "codec/jpeg_private.h"

/* ----------------------------------------------------------------- tables */

static void fill_codes(uint32_t *codes, const JHUFF_TBL *table) {
    uint32_t code = 0, place = 0;
    for (uint32_t length = 1; length <= 16; length++) {
        for (uint32_t i = 0; i < table->bits[length]; i++) {
            codes[table->huffval[place++]] = code++ | length << 16;
        }
        code <<= 1;
    }
}

static void fill_quantisers(jpeg_encode_tables *tables, uint32_t set, const JQUANT_TBL *table) {
    for (uint32_t i = 0; i < 64; i++) {
        /* The first transform leaves coefficients 8 times too large. */
        uint32_t divisor = 8u * table->quantval[i];
        tables->half_step[set][i] = divisor / 2;
        tables->reciprocal[set][i] = UINT32_MAX / divisor + 1;
    }
}

typedef struct table_maker {
    clp_jpeg_guard guard;
    struct jpeg_compress_struct info;
    jpeg_encode_tables *tables;
    int quality;
} table_maker;

static void make_tables(void *state) {
    table_maker *maker = state;
    struct jpeg_compress_struct *info = &maker->info;
    jpeg_create_compress(info);
    info->input_components = 3;
    info->in_color_space = JCS_YCbCr;
    jpeg_set_defaults(info);
    jpeg_set_quality(info, maker->quality, TRUE);
    memset(maker->tables, 0, sizeof *maker->tables);
    for (uint32_t i = 0; i < 2; i++) {
        fill_codes(maker->tables->dc[i], info->dc_huff_tbl_ptrs[i]);
        fill_codes(maker->tables->ac[i], info->ac_huff_tbl_ptrs[i]);
        fill_quantisers(maker->tables, i, info->quant_tbl_ptrs[i]);
    }
    memcpy(maker->tables->position, clp_jpeg_zigzag, sizeof maker->tables->position);
}

clproc_status clp_jpeg_encode_tables_make(jpeg_encode_tables *tables, int quality,
                                          clproc_error *error) {
    table_maker maker = {.tables = tables, .quality = quality};
    maker.info.err = clp_jpeg_guard_init(&maker.guard, NULL);
    clproc_status status = clp_jpeg_attempt(&maker.guard, make_tables, &maker, error);
    jpeg_destroy_compress(&maker.info);
    return status;
}

/* --------------------------------------------------------------- stuffing */

size_t clp_jpeg_stuffed_size(const uint8_t *from, size_t size) {
    size_t found = 0;
    for (size_t i = 0; i < size; i++) { /* compilers know how to do many at once */
        found += from[i] == 0xFF;
    }
    return size + found;
}

size_t clp_jpeg_stuff(const uint8_t *from, size_t size, uint8_t *to) {
    size_t at = 0, made = 0;
    for (;;) {
        size_t plain = clp_jpeg_copy_plain(from + at, size - at, to + made);
        at += plain;
        made += plain;
        if (at == size) {
            return made;
        }
        to[made++] = 0xFF;
        to[made++] = 0;
        at++;
    }
}

/* ------------------------------------------------------------------- files */

clproc_status clp_encoder_write_scan(clp_encoder *encoder, const clp_layout *layout,
                                     const clp_encode_params *params, const uint8_t *scan,
                                     uint32_t bits, const uint8_t **data, size_t *size,
                                     clproc_error *error) {
    clp_bytes *file = &encoder->output;
    size_t whole = bits / 8, stuffed = clp_jpeg_stuffed_size(scan, whole);
    clproc_status status;
    file->size = 0;
    CLP_TRY(status, out, clp_jpeg_write_headers(encoder, layout, params, error));
    /* Beyond the scan: the last byte, stuffed, the marker of the end, and what is written in whole
     * vectors. */
    CLP_TRY(status, out, clp_bytes_reserve(file, file->size + stuffed + 4 + 16, error));
    file->size += clp_jpeg_stuff(scan, whole, file->data + file->size);
    if (bits % 8 != 0) { /* the rest of the last byte is ones */
        uint8_t last = scan[whole] | (uint8_t)(0xFF >> bits % 8);
        file->data[file->size++] = last;
        if (last == 0xFF) {
            file->data[file->size++] = 0;
        }
    }
    file->data[file->size++] = 0xFF;
    file->data[file->size++] = 0xD9;
    *data = file->data;
    *size = file->size;
out:
    return status;
}
