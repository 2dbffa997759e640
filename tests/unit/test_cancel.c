/** A decoder and an encoder in the midst of a picture stop when they are told to. */
#include "codec_helper.h"

#include <pthread.h>
#include <unistd.h>

#include "core/cancel.h"
#include "core/leave.h"
#include "core/memory.h"

static clproc_status write_picture(clp_encoder *encoder, clproc_format format, clp_bytes *bytes,
                                   clproc_error *error) {
    clp_layout layout = {.model = format == CLPROC_FORMAT_PNG ? CLP_MODEL_RGB : CLP_MODEL_GRAY,
                         .depth = 8,
                         .width = 70,
                         .height = 50};
    clp_encode_params params = {.format = format, .quality = 90, .png_level = 1};
    uint8_t *base = draw(&layout, 1);
    const uint8_t *data = NULL;
    size_t size = 0;
    clproc_status status = clp_encoder_write(encoder, &layout, base, &params, &data, &size, error);
    free(base);
    if (status == CLPROC_OK) {
        bytes->size = 0;
        assert_int_equal(clp_bytes_append(bytes, data, size, NULL), CLPROC_OK);
    }
    return status;
}

static void stop_and_go_on(clproc_format format) {
    clp_decoder *decoder = NULL;
    clp_encoder *encoder = NULL;
    clp_bytes bytes = {0};
    clproc_error error;
    picture made;
    volatile int stop = 0;
    assert_int_equal(clp_decoder_create(&decoder, NULL), CLPROC_OK);
    assert_int_equal(clp_encoder_create(&encoder, NULL), CLPROC_OK);
    clp_decoder_heed(decoder, &stop);
    clp_encoder_heed(encoder, &stop);
    for (int round = 0; round < 2; round++) {
        stop = 0;
        assert_int_equal(write_picture(encoder, format, &bytes, &error), CLPROC_OK);
        assert_int_equal(
            decode(decoder, bytes.data, bytes.size, CLPROC_FAIL_ON_WARNING, OWN_MODEL, 8, 0, &made),
            CLPROC_OK);
        free_picture(&made);
        stop = 1;
        assert_int_equal(write_picture(encoder, format, &bytes, &error), CLPROC_ERROR_CANCELLED);
        assert_int_equal(error.status, CLPROC_ERROR_CANCELLED);
        assert_int_equal(
            decode(decoder, bytes.data, bytes.size, CLPROC_FAIL_ON_WARNING, OWN_MODEL, 8, 0, &made),
            CLPROC_ERROR_CANCELLED);
        free_picture(&made);
    }
    clp_bytes_free(&bytes);
    clp_encoder_destroy(&encoder);
    clp_decoder_destroy(&decoder);
}

static void jpegs_stop(void **state) {
    (void)state;
    stop_and_go_on(CLPROC_FORMAT_JPEG);
}

static void pngs_stop(void **state) {
    (void)state;
    stop_and_go_on(CLPROC_FORMAT_PNG);
}

/* ---------------------------------------------------------------- in the midst of packing */

/** Grows by what core/leave.c needs as long as work goes on that can be left. */
static uint64_t other_bytes(void) {
    return clp_memory_usage(CLP_MEMORY_OTHER).current;
}

typedef struct request {
    uint64_t idle; /**< other_bytes() before the write */
    volatile int stop, written;
} request;

static void *ask_at_work(void *user) {
    request *r = user;
    while (other_bytes() <= r->idle && !clp_cancel_asked(&r->written)) {
        usleep(100);
    }
    clp_cancel_ask(&r->stop);
    return NULL;
}

/** Writes and is told to stop when the long call has begun, until it has left that call behind: so
 * often because the call may be through before who waits for it is given a processor. */
static void leave_in_the_midst(clp_encoder *encoder, const clp_layout *layout, uint8_t *base,
                               const clp_encode_params *params, request *r) {
    bool left = false;
    for (int attempt = 0; !left && attempt < 10; attempt++) {
        pthread_t thread;
        const uint8_t *data;
        size_t size;
        clproc_error error;
        *r = (request){.idle = other_bytes()};
        assert_int_equal(pthread_create(&thread, NULL, ask_at_work, r), 0);
        clproc_status status =
            clp_encoder_write(encoder, layout, base, params, &data, &size, &error);
        left = status == CLPROC_ERROR_CANCELLED && other_bytes() > r->idle;
        clp_cancel_ask(&r->written);
        pthread_join(thread, NULL);
        assert_true(status == CLPROC_OK || status == CLPROC_ERROR_CANCELLED);
    }
    assert_true(left);
}

static uint64_t codec_bytes(void) {
    return clp_memory_usage(CLP_MEMORY_CODEC).current + clp_memory_usage(CLP_MEMORY_FILE).current;
}

/** Packing is one long call of libdeflate's: who is to stop does not wait for it, and what it works
 * on is given up when it is through. Whether anybody may stop it says nothing of the bytes. */
static void pngs_stop_while_packed(void **state) {
    (void)state;
    clp_layout layout = {.model = CLP_MODEL_RGB, .depth = 8, .width = 3600, .height = 2400};
    const clp_encode_params params = {.format = CLPROC_FORMAT_PNG, .png_level = 9};
    uint8_t *base = draw(&layout, 1);
    clp_encoder *plain = NULL, *heeding = NULL;
    const uint8_t *data, *again;
    size_t size, size_again;
    clproc_error error;
    request r = {0};
    uint64_t before = codec_bytes();
    assert_int_equal(clp_encoder_create(&plain, NULL), CLPROC_OK);
    assert_int_equal(clp_encoder_create(&heeding, NULL), CLPROC_OK);
    clp_encoder_heed(heeding, &r.stop);
    assert_int_equal(clp_encoder_write(plain, &layout, base, &params, &data, &size, &error),
                     CLPROC_OK);
    assert_int_equal(
        clp_encoder_write(heeding, &layout, base, &params, &again, &size_again, &error), CLPROC_OK);
    assert_int_equal(size, size_again);
    assert_memory_equal(data, again, size);
    leave_in_the_midst(heeding, &layout, base, &params, &r);
    clp_encoder_destroy(&plain);
    clp_encoder_destroy(&heeding);
    free(base);
    for (int wait = 0; wait < 60000 && codec_bytes() != before; wait++) {
        usleep(1000);
    }
    assert_int_equal(codec_bytes(), before);
}

/* ---------------------------------------------------------------- threads that are left */

typedef struct labour {
    bool waits; /**< until it is left */
    volatile int worked, dropped;
} labour;

static void work(void *user, const volatile int *left) {
    labour *job = user;
    while (job->waits && !clp_cancel_asked(left)) {
        usleep(1000);
    }
    clp_cancel_ask(&job->worked);
}

static void drop(void *user) {
    labour *job = user;
    clp_cancel_ask(&job->dropped);
}

static void work_is_left_on_request(void **state) {
    static const clp_leave leave = {work, drop};
    labour job = {0};
    volatile int stop = 0;
    (void)state;
    assert_true(clp_leave_run(&leave, &job, NULL));
    assert_true(job.worked && !job.dropped);
    job.worked = 0;
    assert_true(clp_leave_run(&leave, &job, &stop));
    assert_true(job.worked && !job.dropped);
    job = (labour){.waits = true};
    stop = 1;
    assert_false(clp_leave_run(&leave, &job, &stop)); /* else it would wait for ever */
    while (!clp_cancel_asked(&job.dropped)) {
        usleep(1000);
    }
    assert_true(clp_cancel_asked(&job.worked));
}

/** A run of libheif is one long call, too: of encoding and of decoding. */
static void avifs_stop_while_coded(void **state) {
    (void)state;
    clp_layout layout = {.model = CLP_MODEL_RGB, .depth = 8, .width = 700, .height = 500};
    const clp_encode_params params = {.format = CLPROC_FORMAT_AVIF, .quality = 90};
    clp_encoder *plain = NULL, *heeding = NULL;
    clp_decoder *decoder = NULL;
    const uint8_t *data;
    size_t size;
    clproc_error error;
    picture made;
    request r = {0};
    if (!clp_codec_is_built(CLPROC_FORMAT_AVIF)) {
        SKIP_BECAUSE("this build writes no AVIF");
    }
    uint8_t *base = draw(&layout, 1);
    uint64_t before = codec_bytes();
    assert_int_equal(clp_encoder_create(&plain, NULL), CLPROC_OK);
    assert_int_equal(clp_encoder_create(&heeding, NULL), CLPROC_OK);
    assert_int_equal(clp_decoder_create(&decoder, NULL), CLPROC_OK);
    clp_encoder_heed(heeding, &r.stop);
    clp_decoder_heed(decoder, &r.stop);
    assert_int_equal(clp_encoder_write(plain, &layout, base, &params, &data, &size, &error),
                     CLPROC_OK);
    assert_int_equal(decode(decoder, data, size, CLPROC_FAIL_ON_WARNING, OWN_MODEL, 8, 0, &made),
                     CLPROC_OK);
    assert_int_equal(made.layout.height, layout.height);
    free_picture(&made);
    leave_in_the_midst(heeding, &layout, base, &params, &r);
    assert_int_equal(decode(decoder, data, size, CLPROC_FAIL_ON_WARNING, OWN_MODEL, 8, 0, &made),
                     CLPROC_ERROR_CANCELLED);
    free_picture(&made);
    clp_encoder_destroy(&plain);
    clp_encoder_destroy(&heeding);
    clp_decoder_destroy(&decoder);
    free(base);
    for (int wait = 0; wait < 60000 && codec_bytes() != before; wait++) {
        usleep(1000);
    }
    assert_int_equal(codec_bytes(), before);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(jpegs_stop), cmocka_unit_test(pngs_stop),
                                       cmocka_unit_test(pngs_stop_while_packed),
                                       cmocka_unit_test(work_is_left_on_request),
                                       cmocka_unit_test(avifs_stop_while_coded)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
