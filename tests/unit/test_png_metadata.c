/** What PNGs hold besides pixels: blocks, texts and numbers of colours, read and written. */
#include "codec_helper.h"

#include <libdeflate.h>
#include <spng.h>

static void write_small(clp_encoder *encoder, const clp_encode_params *params, const uint8_t **data,
                        size_t *size) {
    clp_layout layout = {.model = CLP_MODEL_RGB, .depth = 8, .width = 4, .height = 4};
    uint8_t *base = draw(&layout, 1);
    assert_int_equal(clp_encoder_write(encoder, &layout, base, params, data, size, NULL),
                     CLPROC_OK);
    free(base);
}

/** Reads what is whole and needs no warning. */
static void read_small(clp_decoder *decoder, const uint8_t *data, size_t size, picture *made) {
    assert_int_equal(decode(decoder, data, size, CLPROC_FAIL_ON_WARNING, OWN_MODEL, 8, 0, made),
                     CLPROC_OK);
}

static void make_small(codecs *both, const clp_encode_params *params, picture *made) {
    const uint8_t *data;
    size_t size;
    write_small(both->encoder, params, &data, &size);
    read_small(both->decoder, data, size, made);
}

static void keeps_metadata(void **state) {
    codecs *both = *state;
    static const uint8_t exif[] = "II*\0\x08\0\0\0\0\0\0\0\0", xmp[] = "<x:xmpmeta/>";
    static const uint8_t icc[3000] = {1, 2, 3};
    clp_encode_params params = {
        .format = CLPROC_FORMAT_PNG,
        .png_level = 6,
        .blocks = {.exif = {exif, sizeof exif}, .icc = {icc, sizeof icc}, .xmp = {xmp, 12}},
        .colour = {.has_cicp = true,
                   .cicp = {12, 13, 0, 1},
                   .density_unit = CLP_DENSITY_PER_INCH,
                   .density_x = 300,
                   .density_y = 72}};
    picture made;
    make_small(both, &params, &made);
    assert_block(made.header.blocks.exif, exif, sizeof exif);
    assert_block(made.header.blocks.icc, icc, sizeof icc);
    assert_block(made.header.blocks.xmp, xmp, 12);
    assert_true(made.header.colour.has_cicp);
    assert_memory_equal(made.header.colour.cicp, params.colour.cicp, 4);
    assert_int_equal(made.header.colour.density_unit, CLP_DENSITY_PER_INCH);
    assert_int_equal((int)(made.header.colour.density_x * 100 + 0.5), 30000);
    assert_int_equal((int)(made.header.colour.density_y * 100 + 0.5), 7201); /* whole per metre */
    free_picture(&made);
}

/** Metadata beyond the limit, as stored or unpacked, is no reason to refuse the picture. */
static void drops_gigantic_metadata(void **state) {
    codecs *both = *state;
    static uint8_t icc[100000];
    static uint8_t exif[3000] = "II*";
    /* A profile that packs to a few bytes, EXIF as it is. */
    clp_encode_params params = {.format = CLPROC_FORMAT_PNG,
                                .png_level = 6,
                                .blocks = {.exif = {exif, sizeof exif}, .icc = {icc, sizeof icc}}};
    static const struct {
        uint64_t limit;
        bool exif, icc;
    } cases[] = {{200000, true, true}, {50000, true, false}, {2000, false, false}};
    const uint8_t *data;
    size_t size;
    write_small(both->encoder, &params, &data, &size);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        clp_limits limits = {.chunk_bytes = cases[i].limit};
        clp_header header;
        clp_layout layout;
        clp_decode_result result;
        clproc_error error;
        assert_int_equal(clp_decoder_open(both->decoder, data, size, &limits, CLPROC_FAIL_ON_ERROR,
                                          &header, &error),
                         CLPROC_OK);
        assert_int_equal(header.blocks.exif.data != NULL, cases[i].exif);
        assert_int_equal(header.blocks.icc.data != NULL, cases[i].icc);
        clp_decode_request request = {header.model, 8};
        assert_int_equal(clp_decoder_layout(both->decoder, &request, &layout, NULL), CLPROC_OK);
        uint8_t *base = malloc(layout.bytes);
        assert_int_equal(clp_decoder_read(both->decoder, &layout, base, &result, NULL), CLPROC_OK);
        free(base);
        assert_int_equal(result.flaws, cases[i].icc ? 0 : CLP_FLAW_WARNING);
        assert_int_equal(clp_decoder_open(both->decoder, data, size, &limits,
                                          CLPROC_FAIL_ON_WARNING, &header, &error),
                         cases[i].icc ? CLPROC_OK : CLPROC_ERROR_INPUT);
        assert_true(cases[i].icc || strstr(error.message, "--limit-chunk"));
    }
}

static void keeps_colour_numbers(void **state) {
    codecs *both = *state;
    clp_encode_params params = {.format = CLPROC_FORMAT_PNG,
                                .png_level = 6,
                                .colour = {.has_srgb = true,
                                           .srgb_intent = 1,
                                           .has_gamma = true,
                                           .gamma = 0.45455,
                                           .has_chromaticities = true,
                                           .white = {0.3127, 0.329},
                                           .red = {0.64, 0.33},
                                           .green = {0.3, 0.6},
                                           .blue = {0.15, 0.06}}};
    picture made;
    make_small(both, &params, &made);
    const clp_colour_facts *colour = &made.header.colour;
    assert_true(colour->has_srgb && colour->has_gamma && colour->has_chromaticities);
    assert_int_equal(colour->srgb_intent, 1);
    assert_true(colour->gamma > 0.454545 && colour->gamma < 0.454555);
    assert_true(colour->white[0] > 0.31269 && colour->white[0] < 0.31271);
    assert_true(colour->blue[1] > 0.05999 && colour->blue[1] < 0.06001);
    assert_int_equal(colour->density_x, 0);
    free_picture(&made);
}

/** Moves a chunk behind the pixels, where some programs write theirs. */
static void move_to_end(uint8_t *bytes, size_t size, const char *type) {
    size_t from = find_chunk(bytes, size, type);
    size_t length = 12 + ((size_t)bytes[from + 2] << 8 | bytes[from + 3]), end = size - 12;
    uint8_t *chunk = malloc(length);
    memcpy(chunk, bytes + from, length);
    memmove(bytes + from, bytes + from + length, end - from - length);
    memcpy(bytes + end - length, chunk, length);
    free(chunk);
}

static void finds_metadata_behind_the_pixels(void **state) {
    codecs *both = *state;
    static const uint8_t exif[] = "MM\0*\0\0\0\x08\0\0\0\0\0\0", xmp[] = "<x:xmpmeta/>";
    clp_encode_params params = {.format = CLPROC_FORMAT_PNG,
                                .png_level = 6,
                                .blocks = {.exif = {exif, sizeof exif}, .xmp = {xmp, 12}}};
    const uint8_t *data;
    size_t size;
    picture made;
    write_small(both->encoder, &params, &data, &size);
    uint8_t *moved = malloc(size);
    memcpy(moved, data, size);
    move_to_end(moved, size, "eXIf");
    move_to_end(moved, size, "iTXt");
    read_small(both->decoder, moved, size, &made);
    assert_block(made.header.blocks.exif, exif, sizeof exif);
    assert_block(made.header.blocks.xmp, xmp, 12);
    free_picture(&made);
    free(moved);
}

static void reads_compressed_xmp(void **state) {
    codecs *both = *state;
    char keyword[] = "XML:com.adobe.xmp", packet[] = "<x:xmpmeta>packed</x:xmpmeta>", none[] = "";
    struct spng_ihdr ihdr = {.width = 1, .height = 1, .bit_depth = 8};
    struct spng_text text = {.type = SPNG_ITXT,
                             .length = strlen(packet),
                             .text = packet,
                             .compression_flag = 1,
                             .language_tag = none,
                             .translated_keyword = none};
    memcpy(text.keyword, keyword, sizeof keyword);
    spng_ctx *context = spng_ctx_new(SPNG_CTX_ENCODER);
    size_t size;
    int code;
    picture made;
    spng_set_option(context, SPNG_ENCODE_TO_BUFFER, 1);
    assert_int_equal(spng_set_ihdr(context, &ihdr), 0);
    assert_int_equal(spng_set_text(context, &text, 1), 0);
    assert_int_equal(spng_encode_image(context, "", 1, SPNG_FMT_PNG, SPNG_ENCODE_FINALIZE), 0);
    uint8_t *bytes = spng_get_png_buffer(context, &size, &code);
    spng_ctx_free(context);
    read_small(both->decoder, bytes, size, &made);
    assert_block(made.header.blocks.xmp, packet, strlen(packet));
    free_picture(&made);
    free(bytes);
}

static void add_chunk(clp_bytes *file, const char *type, const char *data, size_t size) {
    uint8_t head[8] = {(uint8_t)(size >> 24), (uint8_t)(size >> 16), (uint8_t)(size >> 8),
                       (uint8_t)size};
    memcpy(head + 4, type, 4);
    assert_int_equal(clp_bytes_append(file, head, 8, NULL), CLPROC_OK);
    assert_int_equal(clp_bytes_append(file, data, size, NULL), CLPROC_OK);
    uint32_t crc = libdeflate_crc32(0, file->data + file->size - size - 4, size + 4);
    uint8_t tail[4] = {(uint8_t)(crc >> 24), (uint8_t)(crc >> 16), (uint8_t)(crc >> 8),
                       (uint8_t)crc};
    assert_int_equal(clp_bytes_append(file, tail, 4, NULL), CLPROC_OK);
}

/** A PNG of one pixel with a chunk of our own behind the header. */
static void make_with_chunk(codecs *both, const char *type, const char *data, size_t size,
                            clp_bytes *file) {
    const uint8_t *plain;
    size_t whole;
    write_small(both->encoder, &(clp_encode_params){.format = CLPROC_FORMAT_PNG}, &plain, &whole);
    file->size = 0;
    assert_int_equal(clp_bytes_append(file, plain, 33, NULL), CLPROC_OK);
    add_chunk(file, type, data, size);
    assert_int_equal(clp_bytes_append(file, plain + 33, whole - 33, NULL), CLPROC_OK);
}

/** Texts come back as they were, of every kind; other metadata within them as what it is. */
static void keeps_texts(void **state) {
    codecs *both = *state;
    clp_bytes notes = {0};
    const uint8_t *data;
    size_t size, at = 0;
    picture made;
    static const clp_note given[] = {
        {.keyword = {(const uint8_t *)"Copyright", 9}, .text = {(const uint8_t *)"\xA9 Jo", 4}},
        {.keyword = {(const uint8_t *)"parameters", 10},
         .text = {(const uint8_t *)"steps: 20, seed: 1", 18},
         .packed = true},
        {.keyword = {(const uint8_t *)"Title", 5},
         .text = {(const uint8_t *)"Gr\xC3\xBC\xC3\x9F", 6},
         .language = {(const uint8_t *)"de", 2},
         .utf8 = true},
        {.keyword = {(const uint8_t *)"Title", 5}, .text = {0}, .utf8 = true, .packed = true},
    };
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(clp_notes_add(&notes, &given[i], NULL), CLPROC_OK);
    }
    clp_encode_params params = {.format = CLPROC_FORMAT_PNG,
                                .blocks = {.notes = {notes.data, notes.size},
                                           .iptc = {(const uint8_t *)"8BIM\4\4\0\0\0\0\0\0", 12}}};
    write_small(both->encoder, &params, &data, &size);
    read_small(both->decoder, data, size, &made);
    for (size_t i = 0; i < 4; i++) {
        clp_note got;
        assert_true(clp_notes_next(&made.header.blocks.notes, &at, &got));
        assert_block(got.keyword, given[i].keyword.data, given[i].keyword.size);
        assert_int_equal(got.text.size, given[i].text.size);
        assert_memory_equal(got.text.data, given[i].text.data ? given[i].text.data : got.text.data,
                            got.text.size);
        assert_int_equal(got.language.size, given[i].language.size);
        assert_int_equal(got.utf8, given[i].utf8);
        assert_int_equal(got.packed, given[i].packed);
    }
    assert_false(clp_notes_next(&made.header.blocks.notes, &at, &(clp_note){0}));
    assert_block(made.header.blocks.iptc, "8BIM\4\4\0\0\0\0\0\0", 12);
    free_picture(&made);
    clp_bytes_free(&notes);
}

static void reads_raw_profiles(void **state) {
    codecs *both = *state;
    clp_bytes file = {0};
    picture made;
    static const struct {
        const char *data;
        size_t size;
        const char *exif, *xmp, *iptc; /**< what is found, in so many bytes */
        size_t bytes;
        clproc_fail_on strictest;
    } cases[] = {
#define RAW(name, text)                                                                            \
    "Raw profile type " name "\0" text, sizeof("Raw profile type " name "\0" text) - 1
        {RAW("exif", "\nexif\n      10\n457869660000\n49492A00"), "II*\0", NULL, NULL, 4,
         CLPROC_FAIL_ON_WARNING},
        {RAW("APP1", "\napp1\n 4\n4d4d002a\n"), "MM\0*", NULL, NULL, 4, CLPROC_FAIL_ON_WARNING},
        {RAW("xmp", "\nxmp\n 4\n3c782f3e"), NULL, "<x/>", NULL, 4, CLPROC_FAIL_ON_WARNING},
        {RAW("8bim", "\n8bim\n4\n3842494d"), NULL, NULL, "8BIM", 4, CLPROC_FAIL_ON_WARNING},
        {RAW("iptc", "\niptc\n6\n1c0250000141"), NULL, NULL, "8BIM\4\4\0\0\0\0\0\6\x1C\2\x50\0\1A",
         18, CLPROC_FAIL_ON_WARNING},
        /* Shorter than it says, and no number at all. */
        {RAW("exif", "\nexif\n 4\n4d4d00"), NULL, NULL, NULL, 0, CLPROC_FAIL_ON_ERROR},
        {RAW("exif", ""), NULL, NULL, NULL, 0, CLPROC_FAIL_ON_ERROR},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        make_with_chunk(both, "tEXt", cases[i].data, cases[i].size, &file);
        clproc_status status =
            decode(both->decoder, file.data, file.size, cases[i].strictest, OWN_MODEL, 8, 0, &made);
        assert_int_equal(status, CLPROC_OK);
        const clp_blocks *blocks = &made.header.blocks;
        const struct {
            const char *wanted;
            clp_block got;
        } all[] = {{cases[i].exif, blocks->exif},
                   {cases[i].xmp, blocks->xmp},
                   {cases[i].iptc, blocks->iptc}};
        for (size_t k = 0; k < 3; k++) {
            assert_int_equal(all[k].got.data != NULL, all[k].wanted != NULL);
            if (all[k].wanted) {
                assert_block(all[k].got, all[k].wanted, cases[i].bytes);
            }
        }
        free_picture(&made);
    }
    clp_bytes_free(&file);
}

/** A text that unpacks to more than the limit is dropped, not unpacked whole. */
static void bounds_packed_texts(void **state) {
    codecs *both = *state;
    clp_bytes notes = {0};
    clp_limits limits = {.chunk_bytes = 10000};
    clp_header header;
    const uint8_t *data;
    size_t size;
    static const uint8_t zeros[100000];
    clp_note note = {
        .keyword = {(const uint8_t *)"Comment", 7}, .text = {zeros, sizeof zeros}, .packed = true};
    assert_int_equal(clp_notes_add(&notes, &note, NULL), CLPROC_OK);
    clp_encode_params params = {.format = CLPROC_FORMAT_PNG,
                                .blocks = {.notes = {notes.data, notes.size}}};
    write_small(both->encoder, &params, &data, &size);
    assert_true(size < 1000);
    assert_int_equal(
        clp_decoder_open(both->decoder, data, size, &limits, CLPROC_FAIL_ON_ERROR, &header, NULL),
        CLPROC_OK);
    assert_null(header.blocks.notes.data);
    limits.chunk_bytes = sizeof zeros;
    assert_int_equal(
        clp_decoder_open(both->decoder, data, size, &limits, CLPROC_FAIL_ON_ERROR, &header, NULL),
        CLPROC_OK);
    assert_true(header.blocks.notes.size > sizeof zeros);
    clp_bytes_free(&notes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_BOTH(keeps_metadata),       WITH_BOTH(drops_gigantic_metadata),
        WITH_BOTH(keeps_colour_numbers), WITH_BOTH(finds_metadata_behind_the_pixels),
        WITH_BOTH(reads_compressed_xmp), WITH_BOTH(keeps_texts),
        WITH_BOTH(reads_raw_profiles),   WITH_BOTH(bounds_packed_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
