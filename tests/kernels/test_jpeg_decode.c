/** JPEG on the device: the same samples as libjpeg's, or a flag. CLPROC_JPEG_ALL=1 tries more. */
#include "jpeg_fixture.h"

static const char *platform;
static machine device;
static clp_jpeg_codec *codec;
static clp_decoder *decoder;

static bool thorough(void) {
    return getenv("CLPROC_JPEG_ALL") != NULL;
}

static int start(void **state) {
    clproc_error error;
    (void)state;
    assert_true(open_machine(&device, platform));
    assert_int_equal(clp_jpeg_codec_open(&codec, device.context, device.id, NULL, 0, &error),
                     CLPROC_OK);
    assert_int_equal(clp_decoder_create(&decoder, &error), CLPROC_OK);
    return 0;
}

static int stop(void **state) {
    (void)state;
    if (codec) {
        clp_decoder_destroy(&decoder);
        clp_jpeg_codec_close(&codec);
        close_machine(&device);
        codec = NULL;
    }
    return 0;
}

/* ---------------------------------------------------------------- to order */

enum { MOST_SUBJECTS = 64 };

/** Makes, runs and checks pictures; returns how many were flagged. */
static tally try_orders(clp_jpeg_codec *with, const order *orders, uint32_t count,
                        uint32_t slot_bits, uint32_t eighths) {
    subject subjects[MOST_SUBJECTS];
    char names[MOST_SUBJECTS][96];
    tally t = {0};
    assert_true(count <= MOST_SUBJECTS);
    memset(subjects, 0, sizeof subjects);
    for (uint32_t i = 0; i < count; i++) {
        const order *o = &orders[i];
        snprintf(names[i], sizeof names[i], "%ux%u of %u, %ux%u, q%d, restart %u, slots %u, %u/8",
                 o->width, o->height, o->components, o->h[0], o->v[0], o->quality, o->restart,
                 slot_bits, eighths);
        subjects[i].name = names[i];
        subjects[i].eighths = eighths;
        subjects[i].bytes = make_jpeg(o, i + 1, &subjects[i].size);
        prepare_subject(decoder, &subjects[i]);
        if (subjects[i].refused) {
            print_message("%s: %s\n", names[i], subjects[i].refused);
        }
    }
    run_batch(&device, with, subjects, count, slot_bits);
    for (uint32_t i = 0; i < count; i++) {
        check_subject(&subjects[i], &t);
        if (subjects[i].verdict) {
            print_message("%s: %s\n", names[i], subjects[i].verdict);
        }
        free((void *)(uintptr_t)subjects[i].bytes);
        free_subject(&subjects[i]);
    }
    return t;
}

/** Runs a batch of subjects that own their bytes. */
static void run_and_free(subject *subjects, uint32_t count, uint32_t slot_bits, tally *t) {
    run_batch(&device, codec, subjects, count, slot_bits);
    for (uint32_t i = 0; i < count; i++) {
        check_subject(&subjects[i], t);
        free((void *)(uintptr_t)subjects[i].bytes);
        free_subject(&subjects[i]);
    }
}

static const struct {
    uint32_t components, h[3], v[3];
} samplings[] = {{1, {1}, {1}},
                 {1, {2}, {2}},
                 {3, {1, 1, 1}, {1, 1, 1}},
                 {3, {2, 1, 1}, {2, 1, 1}},
                 {3, {2, 1, 1}, {1, 1, 1}},
                 {3, {1, 1, 1}, {2, 1, 1}},
                 {3, {4, 1, 1}, {1, 1, 1}},
                 {3, {4, 1, 1}, {2, 1, 1}},
                 {3, {2, 2, 1}, {2, 1, 1}},
                 {3, {1, 2, 1}, {1, 2, 1}},
                 {3, {2, 2, 2}, {1, 1, 1}}};

enum { SAMPLINGS = sizeof samplings / sizeof samplings[0] };

static order sampled(uint32_t index, uint32_t width, uint32_t height, int quality,
                     uint32_t restart) {
    order o = {.width = width,
               .height = height,
               .components = samplings[index].components,
               .quality = quality,
               .restart = restart};
    memcpy(o.h, samplings[index].h, sizeof o.h);
    memcpy(o.v, samplings[index].v, sizeof o.v);
    return o;
}

/** Every sampling, at every size of blocks, with and without restarts. */
static void every_sampling(void **state) {
    static const uint32_t eighths[] = {8, 4, 2, 1};
    (void)state;
    for (int e = 0; e < 4; e++) {
        order orders[4 * SAMPLINGS];
        uint32_t count = 0;
        for (uint32_t i = 0; i < SAMPLINGS; i++) {
            orders[count++] = sampled(i, 131, 97, 85, 0);
            orders[count++] = sampled(i, 70, 41, 97, 1);
            orders[count++] = sampled(i, 257, 35, 60, 5);
            orders[count] = sampled(i, 64, 64, 90, 0);
            orders[count++].optimised = true;
        }
        tally t = try_orders(codec, orders, count, 2048, eighths[e]);
        assert_int_equal(t.good, count);
    }
}

/** The first plane alone, as for gray results. */
static void luma_alone(void **state) {
    static const uint32_t eighths[] = {8, 4, 2, 1};
    tally t = {0};
    (void)state;
    for (int e = 0; e < 4; e++) {
        subject subjects[SAMPLINGS];
        memset(subjects, 0, sizeof subjects);
        for (uint32_t i = 0; i < SAMPLINGS; i++) {
            order o = sampled(i, 131, 97, 85, 0);
            subjects[i].name = "luma alone";
            subjects[i].eighths = eighths[e];
            subjects[i].luma = true;
            subjects[i].bytes = make_jpeg(&o, i + 1, &subjects[i].size);
            prepare_subject(decoder, &subjects[i]);
        }
        run_and_free(subjects, SAMPLINGS, 2048, &t);
    }
    assert_int_equal(t.flagged, 0);
    assert_int_equal(t.refused, 4); /* one of the samplings has less luma than chroma */
    assert_int_equal(t.good, 4 * (SAMPLINGS - 1));
}

/** From one sample on; also where nearly all of the blocks are beyond the picture. */
static void small_sizes(void **state) {
    static const uint32_t sides[] = {1, 7, 8, 9, 16, 17};
    (void)state;
    for (uint32_t i = 0; i < SAMPLINGS; i++) {
        order orders[36];
        for (uint32_t k = 0; k < 36; k++) {
            orders[k] = sampled(i, sides[k / 6], sides[k % 6], 75, 0);
        }
        assert_int_equal(try_orders(codec, orders, 36, 1024, 8).good, 36);
        assert_int_equal(try_orders(codec, orders, 36, 8192, 4).good, 36);
    }
}

/** The longest sides there are. */
static void long_sides(void **state) {
    (void)state;
    order orders[] = {sampled(0, 65500, 3, 75, 0), sampled(3, 3, 65500, 75, 0),
                      sampled(6, 65500, 9, 90, 4000), sampled(7, 33, 65499, 60, 1)};
    assert_int_equal(try_orders(codec, orders, 4, 4096, 8).good, 4);
    assert_int_equal(try_orders(codec, orders, 4, 4096, 2).good, 4);
}

/** Nothing depends on what memory held before; try_orders() compares with libjpeg. */
static void old_memory_does_not_matter(void **state) {
    static const uint8_t fills[] = {0x00, 0xFF, 0x3C};
    (void)state;
    for (size_t i = 0; i < sizeof fills; i++) {
        order orders[SAMPLINGS];
        for (uint32_t k = 0; k < SAMPLINGS; k++) {
            orders[k] = sampled(k, 150, 110, 85, k % 2 ? 3 : 0);
        }
        old_memory = fills[i];
        assert_int_equal(try_orders(codec, orders, SAMPLINGS, 512, 8).good, SAMPLINGS);
    }
    old_memory = 0xA5;
}

/** The length of slots and the size of work-groups change nothing. */
static void slots_and_groups(void **state) {
    (void)state;
    order orders[6];
    for (uint32_t i = 0; i < 6; i++) {
        orders[i] = sampled(i == 5 ? 0 : 3, 900 + 8 * i, 600, 80 + 3 * (int)i, i == 2 ? 57 : 0);
    }
    for (uint32_t slot_bits = 256; slot_bits <= 16384; slot_bits *= 2) {
        assert_int_equal(try_orders(codec, orders, 6, slot_bits, 8).good, 6);
    }
    for (uint32_t group = 1; group <= 32; group *= 32) {
        clp_jpeg_codec *narrow = NULL;
        clproc_error error;
        assert_int_equal(
            clp_jpeg_codec_open(&narrow, device.context, device.id, NULL, group, &error),
            CLPROC_OK);
        assert_int_equal(try_orders(narrow, orders, 2, 4096, 8).good, 2);
        clp_jpeg_codec_close(&narrow);
    }
}

/** Components that share their tables, areas of one colour, noise, black and white. */
static void hard_to_synchronise(void **state) {
    static const drawing kinds[] = {DRAW_FLAT, DRAW_NOISE, DRAW_EXTREMES};
    (void)state;
    for (uint32_t slot_bits = 2048; slot_bits <= 8192; slot_bits *= 4) {
        order orders[16];
        uint32_t count = 0;
        for (uint32_t i = 0; i < 3; i++) {
            orders[count] = sampled(i ? 1 + i : 0, 700, 500, 85, 0);
            orders[count++].one_table = true;
            for (uint32_t k = 0; k < 3; k++) {
                orders[count] = sampled(i ? 1 + i : 0, k ? 300 : 2000, k ? 200 : 1500, 85, 0);
                orders[count++].drawing = kinds[k];
            }
        }
        assert_int_equal(try_orders(codec, orders, count, slot_bits, 8).good, count);
    }
}

/* ----------------------------------------------------------------- hostile */

/** A gray or 4:4:4 picture of 64 x 64 whose coefficients are given rather than made of samples;
 * with a negative share the first two of each block, as large as they may be. */
static uint8_t *make_from_coefficients(bool colour, int quality, int largest, int share,
                                       uint32_t seed, size_t *size) {
    struct jpeg_compress_struct info;
    struct jpeg_error_mgr errors;
    unsigned char *made = NULL;
    unsigned long length = 0;
    jvirt_barray_ptr arrays[3] = {0};
    info.err = jpeg_std_error(&errors);
    jpeg_create_compress(&info);
    jpeg_mem_dest(&info, &made, &length);
    info.image_width = info.image_height = 64;
    info.input_components = colour ? 3 : 1;
    info.in_color_space = colour ? JCS_YCbCr : JCS_GRAYSCALE;
    jpeg_set_defaults(&info);
    jpeg_set_quality(&info, quality, TRUE);
    info.optimize_coding = TRUE;
    for (int c = 0; c < info.num_components; c++) {
        info.comp_info[c].h_samp_factor = info.comp_info[c].v_samp_factor = 1;
        arrays[c] = info.mem->request_virt_barray((j_common_ptr)&info, JPOOL_IMAGE, TRUE, 8, 8, 1);
    }
    jpeg_write_coefficients(&info, arrays);
    for (int c = 0; c < info.num_components; c++) {
        for (JDIMENSION y = 0; y < 8; y++) {
            JBLOCKARRAY row =
                info.mem->access_virt_barray((j_common_ptr)&info, arrays[c], y, 1, TRUE);
            for (int i = 0; i < 8 * 64; i++) {
                int range = i % 64 == 0 || (int)(next_random(&seed) % 100) < share ? largest : 0;
                int value =
                    range ? (int)(next_random(&seed) % (uint32_t)(2 * range + 1)) - range : 0;
                if (share < 0) {
                    row[0][i / 64][i % 64] = (JCOEF)(i % 64 < 2 ? largest : 0);
                    continue;
                }
                row[0][i / 64][i % 64] =
                    (JCOEF)(range && next_random(&seed) % 3 == 0 ? (value < 0 ? -range : range)
                                                                 : value);
            }
        }
    }
    jpeg_finish_compress(&info);
    jpeg_destroy_compress(&info);
    *size = length;
    return made;
}

/** From what pictures have to what overflows every implementation. */
static void coefficients(void **state) {
    static const int largest[] = {3, 40, 200, 1023}, qualities[] = {100, 75, 25, 1};
    static const uint32_t eighths[] = {8, 4, 2, 1};
    tally t = {0};
    (void)state;
    for (uint32_t e = 0; e < 4; e++) {
        subject subjects[32];
        memset(subjects, 0, sizeof subjects);
        for (uint32_t i = 0; i < 32; i++) {
            subject *s = &subjects[i];
            s->name = "coefficients";
            s->eighths = eighths[e];
            s->bytes = make_from_coefficients(i & 1, qualities[i / 8], largest[i / 2 % 4],
                                              i % 3 ? 15 : 90, i + 1, &s->size);
            prepare_subject(decoder, s);
        }
        run_and_free(subjects, 32, 512, &t);
    }
    print_message("%u good, %u flagged\n", t.good, t.flagged);
    assert_int_equal(t.refused, 0);
    assert_true(t.good > 20 && t.flagged > 20);
}

/** Results that libjpeg's C takes modulo 1024 are flagged, also where its SIMD code limits them. */
static void results_beyond_doubt(void **state) {
    static const uint32_t eighths[] = {8, 4, 2};
    tally t = {0};
    (void)state;
    for (uint32_t e = 0; e < 3; e++) {
        subject subjects[2];
        memset(subjects, 0, sizeof subjects);
        for (uint32_t i = 0; i < 2; i++) { /* around 500 above the middle, and around 780 */
            subjects[i].name = "beyond doubt";
            subjects[i].eighths = eighths[e];
            subjects[i].bytes =
                make_from_coefficients(false, 50, i ? 200 : 125, -1, 1, &subjects[i].size);
            prepare_subject(decoder, &subjects[i]);
        }
        run_and_free(subjects, 2, 512, &t);
        assert_int_equal(t.good, e + 1);
        assert_int_equal(t.flagged, e + 1);
    }
}

/** Damages a file; returns its new size. Most of it happens in the scan. */
static size_t damage(uint8_t *bytes, size_t size, size_t scan, uint32_t *seed) {
    uint32_t changes = 1 + next_random(seed) % 3;
    while (changes-- > 0 && size > scan + 8) {
        size_t from = next_random(seed) % 8 == 0 ? 2 : scan;
        size_t at = from + next_random(seed) % (size - from), length = 1 + next_random(seed) % 9;
        length = length < size - at ? length : size - at;
        switch (next_random(seed) % 6) {
        case 0:
            bytes[at] ^= (uint8_t)(1u << next_random(seed) % 8);
            break;
        case 1:
            bytes[at] = (uint8_t)next_random(seed);
            break;
        case 2: /* cut out */
            memmove(bytes + at, bytes + at + length, size - at - length);
            size -= length;
            break;
        case 3: /* moved */
            memmove(bytes + scan, bytes + at, length);
            break;
        case 4: /* a marker */
            bytes[at] = 0xFF;
            bytes[at + (at + 1 < size)] = (uint8_t)(0xD0 + next_random(seed) % 10);
            break;
        default: /* cut off, with or without an end */
            size = at + 2 < size && next_random(seed) % 4 == 0 ? at + 2 : size;
            if (next_random(seed) % 2) {
                bytes[size - 2] = 0xFF, bytes[size - 1] = 0xD9;
            }
        }
    }
    return size;
}

/** CLPROC_JPEG_ALL=1: 20,000 of them. */
static void damaged(void **state) {
    tally t = {0};
    uint32_t seed = 1, rounds = thorough() ? 20000 / MOST_SUBJECTS : 1200 / MOST_SUBJECTS;
    (void)state;
    for (uint32_t round = 0; round <= rounds; round++) {
        subject subjects[MOST_SUBJECTS];
        char names[MOST_SUBJECTS][48];
        memset(subjects, 0, sizeof subjects);
        for (uint32_t i = 0; i < MOST_SUBJECTS; i++) {
            static const uint32_t eighths[] = {8, 8, 8, 4, 2, 1};
            subject *s = &subjects[i];
            uint32_t kind = next_random(&seed);
            order o = sampled(kind % SAMPLINGS, 40 + kind / 16 % 60, 30 + kind / 1024 % 50,
                              50 + (int)(kind / 64 % 50), kind % 3 == 0 ? 1 + kind % 7 : 0);
            o.optimised = kind / 4 % 4 == 0;
            o.one_table = kind / 8 % 4 == 0;
            uint8_t *bytes = make_jpeg(&o, kind, &s->size);
            clp_jpeg_scan scan;
            assert_null(clp_jpeg_scan_parse(&scan, bytes, s->size));
            s->size = damage(bytes, s->size, (size_t)(scan.data - bytes), &seed);
            s->bytes = bytes;
            s->eighths = eighths[kind / 32 % 6];
            s->name = names[i];
            snprintf(names[i], sizeof names[i], "damaged, round %u, file %u", round, i);
            prepare_subject(decoder, s);
        }
        run_and_free(subjects, MOST_SUBJECTS, 256u << round % 7, &t);
    }
    print_message("%u good, %u flagged, %u left to libjpeg from the start\n", t.good, t.flagged,
                  t.refused);
    assert_true(t.good > 0 && t.flagged > 100 && t.refused > 0);
}

/** A byte too many behind a segment's last block is told by libjpeg, so the device flags it, also
 * where that block ends with a whole byte. */
static void bytes_left_over(void **state) {
    enum { FILES = 48 };
    subject subjects[FILES];
    tally t = {0};
    (void)state;
    memset(subjects, 0, sizeof subjects);
    for (uint32_t i = 0; i < FILES; i++) {
        order o = sampled(i % 2 ? 0 : 3, 40 + i, 48, 50 + (int)i, i % 4 < 2 ? 0 : 2);
        size_t size, at;
        uint8_t *bytes = make_jpeg(&o, i + 1, &size), *longer = malloc(size + 1);
        assert_non_null(longer);
        for (at = size - 2; o.restart && memcmp(bytes + at, "\xFF\xD0", 2) != 0;) {
            at--;
        }
        memcpy(longer, bytes, at);
        longer[at] = 0x55;
        memcpy(longer + at + 1, bytes + at, size - at);
        free(bytes);
        subjects[i].name = "bytes left over";
        subjects[i].eighths = 8;
        subjects[i].bytes = longer;
        subjects[i].size = size + 1;
        prepare_subject(decoder, &subjects[i]);
    }
    run_and_free(subjects, FILES, 2048, &t);
    assert_int_equal(t.flagged, FILES);
}

/* ------------------------------------------------------------------ corpus */

static subject corpus_batch[8];
static uint32_t corpus_batch_count;
static tally corpus_tally;
static uint32_t corpus_eighths, corpus_slots;

static void flush_corpus(void) {
    run_batch(&device, codec, corpus_batch, corpus_batch_count, corpus_slots);
    for (uint32_t i = 0; i < corpus_batch_count; i++) {
        subject *s = &corpus_batch[i];
        check_subject(s, &corpus_tally);
        if (!s->refused && s->verdict && s->status == CLPROC_OK && !s->reference.result.flaws) {
            print_message("falls back: %s: %s\n", s->name, s->verdict);
        }
        free_subject(s);
        free((void *)(uintptr_t)s->bytes);
        free((void *)(uintptr_t)s->name);
    }
    corpus_batch_count = 0;
}

static void take_file(const char *path, const uint8_t *bytes, size_t size) {
    subject *s = &corpus_batch[corpus_batch_count];
    uint8_t *copy = malloc(size);
    assert_non_null(copy);
    memcpy(copy, bytes, size);
    memset(s, 0, sizeof *s);
    s->name = strdup(path);
    s->bytes = copy;
    s->size = size;
    s->eighths = corpus_eighths;
    prepare_subject(decoder, s);
    if (++corpus_batch_count == 8) {
        flush_corpus();
    }
}

static void try_corpus(uint32_t eighths, uint32_t slot_bits) {
    corpus_tally = (tally){0};
    corpus_eighths = eighths;
    corpus_slots = slot_bits;
    for_corpus(CLPROC_FORMAT_JPEG, take_file);
    flush_corpus();
    print_message(
        "%u/8, slots of %u bits: %u good, %u flagged, %u left to libjpeg from the start\n", eighths,
        slot_bits, corpus_tally.good, corpus_tally.flagged, corpus_tally.refused);
    assert_true(corpus_tally.good > 0);
}

static void corpus_whole(void **state) {
    (void)state;
    try_corpus(8, 8192);
    for (uint32_t bits = 256; thorough() && bits <= 16384; bits *= 2) {
        try_corpus(8, bits);
    }
}

static void corpus_shrunk(void **state) {
    (void)state;
    try_corpus(4, 2048);
    if (thorough()) {
        try_corpus(2, 4096);
        try_corpus(1, 1024);
    }
}

/** What a simulator has the time for: long chains of short slots, every size of blocks. */
static void a_few(void **state) {
    static const uint32_t eighths[] = {8, 4, 2, 1};
    (void)state;
    for (int e = 0; e < 4; e++) {
        order orders[] = {sampled(3, 49, 35, 90, 0), sampled(4, 33, 17, 75, 2)};
        assert_int_equal(try_orders(codec, orders, e == 0 ? 2 : 1, 256, eighths[e]).good,
                         e == 0 ? 2 : 1);
    }
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_sampling),       cmocka_unit_test(luma_alone),
        cmocka_unit_test(small_sizes),          cmocka_unit_test(slots_and_groups),
        cmocka_unit_test(hard_to_synchronise),  cmocka_unit_test(coefficients),
        cmocka_unit_test(results_beyond_doubt), cmocka_unit_test(damaged),
        cmocka_unit_test(bytes_left_over),      cmocka_unit_test(corpus_whole),
        cmocka_unit_test(corpus_shrunk),        cmocka_unit_test(a_few),
        cmocka_unit_test(long_sides),           cmocka_unit_test(old_memory_does_not_matter)};
    const struct CMUnitTest again[] = {
        cmocka_unit_test(every_sampling), cmocka_unit_test(luma_alone),
        cmocka_unit_test(hard_to_synchronise), cmocka_unit_test(coefficients)};
    RUN_ON_PLATFORMS(platform, tests, again, argc, argv, start, stop);
}
