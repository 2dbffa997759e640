/** Stress tests through the library: differences found, an early end told apart from failure. */
#include "folder_fixture.h"

#include "clproc/clproc.h"

enum { IMAGES = 4 };

static void make_samples(const char *folder, uint32_t count, uint64_t seed) {
    clproc_samples_params params;
    clproc_samples_params_init(&params);
    params.output = folder;
    params.count = count;
    params.width = 80;
    params.height = 60;
    params.seed = seed;
    params.kind = CLPROC_SAMPLES_PHOTO;
    assert_int_equal(clproc_samples(&params, NULL), CLPROC_OK);
}

/** A stress test of one operation, and what happens in it. */
typedef struct trial {
    clproc_stress_params params;
    clproc_stress_result result;
    clproc_error error;
    char *said;
    uint32_t done, failed, warned;
    uint32_t swap_at; /**< after so many pictures, the first one is another */
    uint32_t stop_at; /**< after so many, stop */
    double seconds;   /**< after which to end; 0: after the iterations */
    uint32_t lose_at; /**< after so many, the first one is gone */
    volatile int stop;
} trial;

static const char first_picture[] = "in/000-jpeg-420.jpg";

static void note(const clproc_event *event, void *user) {
    trial *self = user;
    self->failed += event->kind == CLPROC_EVENT_FAILED;
    self->warned += event->kind == CLPROC_EVENT_WARNING;
    if (event->kind != CLPROC_EVENT_DONE) {
        return;
    }
    self->done++;
    if (self->done == self->swap_at) {
        assert_int_equal(rename("other/000-jpeg-420.jpg", first_picture), 0);
    }
    if (self->done == self->lose_at) {
        assert_int_equal(remove(first_picture), 0);
    }
    self->stop |= self->done == self->stop_at;
}

static clproc_status run(trial *self, const char *operation) {
    static const char *const inputs[] = {"in"};
    const char *const operations[] = {operation};
    size_t size;
    FILE *out = open_memstream(&self->said, &size);
    assert_non_null(out);
    clproc_stress_params_init(&self->params);
    self->params.run.inputs = inputs;
    self->params.run.input_count = 1;
    self->params.run.on_event = note;
    self->params.run.user = self;
    self->params.run.cancel = &self->stop;
    self->params.operations = operations;
    self->params.operation_count = 1;
    self->params.image_count = IMAGES;
    self->params.iterations = self->stop_at || self->seconds > 0 ? 100000 : 3;
    self->params.duration = self->seconds;
    clproc_status status = clproc_stress(&self->params, out, &self->result, NULL, &self->error);
    assert_int_equal(fclose(out), 0);
    return status;
}

static void test_a_difference_is_found(void **state) {
    (void)state;
    trial self = {.swap_at = 2 * IMAGES};
    make_samples("in", IMAGES, 1);
    make_samples("other", 1, 2);
    assert_int_equal(run(&self, "gray"), CLPROC_OK);
    assert_int_equal(self.result.pictures, 3 * IMAGES);
    assert_int_equal(self.result.iterations, 3);
    assert_int_equal(self.result.differing, 1);
    assert_non_null(strstr(self.said, "gray: iteration 3 gave another output than iteration 1"));
    assert_non_null(strstr(self.said, "/1.jpg"));
    assert_non_null(strstr(self.said, "1 differ\n"));
    free(self.said);
}

static void test_equal_outputs_are_the_same(void **state) {
    (void)state;
    trial self = {.swap_at = 0};
    make_samples("in", IMAGES, 1);
    assert_int_equal(run(&self, "gray"), CLPROC_OK);
    assert_int_equal(self.result.differing, 0);
    assert_null(strstr(self.said, "differ\n"));
    free(self.said);
}

/** Enough pictures were found, or the time is over: neither is a failure to tell of. */
static void test_an_end_that_was_meant_is_no_error(void **state) {
    (void)state;
    trial self = {.seconds = 0};
    make_samples("in", IMAGES + 1, 1);
    assert_int_equal(run(&self, "gray"), CLPROC_OK);
    assert_int_equal(self.error.status, CLPROC_OK);
    assert_string_equal(self.error.message, "");
    free(self.said);
    self.seconds = 2;
    assert_int_equal(run(&self, "gray"), CLPROC_OK);
    assert_int_equal(self.error.status, CLPROC_OK);
    assert_string_equal(self.error.message, "");
    free(self.said);
}

/** What fails for the first time in a later iteration has a cause that is told, once. */
static void test_a_late_failure_is_told(void **state) {
    (void)state;
    trial self = {.lose_at = IMAGES};
    make_samples("in", IMAGES, 1);
    assert_int_equal(run(&self, "gray"), CLPROC_OK);
    assert_int_equal(self.result.failed, 2);
    assert_int_equal(self.failed, 1);
    assert_non_null(strstr(self.said, "gray: iteration 2 gave another output than iteration 1"));
    assert_non_null(strstr(self.said, "/1.jpg"));
    free(self.said);
}

/** What was done before the end counts, and what was under way has not failed. */
static void test_stopped_is_not_failed(void **state) {
    (void)state;
    trial self = {.stop_at = IMAGES + 2};
    make_samples("in", IMAGES, 1);
    assert_int_equal(run(&self, "blur 2"), CLPROC_ERROR_CANCELLED);
    assert_int_equal(self.failed, 0);
    assert_int_equal(self.result.failed, 0);
    assert_true(self.result.iterations >= 1);
    assert_int_equal(self.result.pictures, self.done);
    assert_true(self.done >= IMAGES + 2);
    assert_null(strstr(self.said, "no device"));
    free(self.said);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        IN_SCRATCH(test_a_difference_is_found),
        IN_SCRATCH(test_equal_outputs_are_the_same),
        IN_SCRATCH(test_an_end_that_was_meant_is_no_error),
        IN_SCRATCH(test_a_late_failure_is_told),
        IN_SCRATCH(test_stopped_is_not_failed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
