/** JPEG on the device: the same samples as libjpeg's, or a flag. CLPROC_JPEG_ALL=1 tries more. */
#include "jpeg_fixture.h"

static machine device;
static clp_jpeg_codec *codec;
static clp_decoder *decoder;

static bool thorough(void) {
    return getenv("CLPROC_JPEG_ALL") != NULL;
}

static int start(void **state) {
    clproc_error error;
    (void)state;
    if (!open_machine(&device, getenv("CLPROC_JPEG_PLATFORM") ? getenv("CLPROC_JPEG_PLATFORM")
                                                              : "Portable Computing Language")) {
        return 0;
    }
    assert_int_equal(clp_jpeg_codec_open(&codec, device.context, device.id, 0, &error), CLPROC_OK);
    assert_int_equal(clp_decoder_create(&decoder, &error), CLPROC_OK);
    return 0;
}

static int stop(void **state) {
    (void)state;
    if (codec) {
        clp_decoder_destroy(&decoder);
        clp_jpeg_codec_close(&codec);
        close_machine(&device);
    }
    return 0;
}

static void need_device(void) {
    if (!codec) {
        print_message("there is no such OpenCL platform\n");
        skip();
    }
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
    need_device();
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

/** From one sample on; also where nearly all of the blocks are beyond the picture. */
static void small_sizes(void **state) {
    static const uint32_t sides[] = {1, 7, 8, 9, 16, 17};
    (void)state;
    need_device();
    for (uint32_t i = 0; i < SAMPLINGS; i++) {
        order orders[36];
        for (uint32_t k = 0; k < 36; k++) {
            orders[k] = sampled(i, sides[k / 6], sides[k % 6], 75, 0);
        }
        assert_int_equal(try_orders(codec, orders, 36, 1024, 8).good, 36);
        assert_int_equal(try_orders(codec, orders, 36, 8192, 4).good, 36);
    }
}

/** The length of slots and the size of work-groups change nothing. */
static void slots_and_groups(void **state) {
    (void)state;
    need_device();
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
        assert_int_equal(clp_jpeg_codec_open(&narrow, device.context, device.id, group, &error),
                         CLPROC_OK);
        assert_int_equal(try_orders(narrow, orders, 2, 4096, 8).good, 2);
        clp_jpeg_codec_close(&narrow);
    }
}

/** Components that share their tables, and areas without detail. */
static void hard_to_synchronise(void **state) {
    (void)state;
    need_device();
    order orders[8];
    uint32_t count = 0;
    for (uint32_t i = 0; i < 2; i++) {
        orders[count] = sampled(i ? 3 : 2, 700, 500, 85, 0);
        orders[count++].one_table = true;
        orders[count] = sampled(i ? 3 : 2, 300, 200, 85, 0);
        orders[count++].drawing = DRAW_FLAT;
    }
    assert_int_equal(try_orders(codec, orders, count, 2048, 8).good, count);
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
    need_device();
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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_sampling),   cmocka_unit_test(small_sizes),
        cmocka_unit_test(slots_and_groups), cmocka_unit_test(hard_to_synchronise),
        cmocka_unit_test(corpus_whole),     cmocka_unit_test(corpus_shrunk),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
