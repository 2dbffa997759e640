/* Indexes that are stopped: valid, with nothing lost, and --update goes on from there. */
#include "clproc/clproc.h"
#include "folder_fixture.h"

enum { FILES = 400, STOP_AFTER = 40 };

typedef struct watch {
    uint64_t seen;
    volatile int stop;
    uint64_t stop_after; /**< events; 0: never */
} watch;

static void note(const clproc_event *event, void *user) {
    watch *to = user;
    (void)event;
    if (++to->seen == to->stop_after) {
        clp_cancel_ask(&to->stop);
    }
}

/** Makes in/0000.jpg and so on: links to one picture of images/. */
static void make_files(const char *picture) {
    const char *source = getenv("CLPROC_SOURCE");
    char path[4096];
    assert_non_null(source);
    snprintf(path, sizeof path, "%s/images/%s", source, picture);
    assert_int_equal(mkdir("in", 0777), 0);
    for (int i = 0; i < FILES; i++) {
        char name[32];
        snprintf(name, sizeof name, "in/%04d.jpg", i);
        assert_int_equal(symlink(path, name), 0);
    }
}

static clproc_status run(const char *output, bool update, uint64_t stop_after,
                         clproc_index_result *result) {
    const char *inputs[] = {"in"};
    watch to = {.stop_after = stop_after};
    clproc_error error;
    clproc_index_params params;
    clproc_index_params_init(&params);
    params.inputs = inputs;
    params.input_count = 1;
    params.output = output;
    params.update = update;
    params.jobs = 3;
    params.on_event = note;
    params.user = &to;
    params.cancel = &to.stop;
    return clproc_index(&params, result, &error);
}

static clp_bytes content(const char *path) {
    clp_bytes bytes = {0};
    clproc_error error;
    assert_int_equal(clp_file_read(path, 0, &bytes, &error), CLPROC_OK);
    return bytes;
}

static void assert_same_files(const char *a, const char *b) {
    clp_bytes first = content(a), second = content(b);
    assert_int_equal(first.size, second.size);
    assert_memory_equal(first.data, second.data, first.size);
    clp_bytes_free(&first);
    clp_bytes_free(&second);
}

static void test_stopped(void **state) {
    static const char *const outputs[] = {"i.jsonl", "i.csv"};
    (void)state;
    make_files("000-jpeg-420.jpg");
    for (size_t i = 0; i < 2; i++) {
        clproc_index_result result, rest;
        /* Nothing was there: what was read is kept. */
        assert_int_equal(run(outputs[i], false, STOP_AFTER, &result), CLPROC_ERROR_CANCELLED);
        assert_true(result.kept && result.read >= STOP_AFTER && result.read < FILES);
        assert_int_equal(run(outputs[i], true, 0, &rest), CLPROC_OK);
        assert_int_equal(rest.unchanged, result.read);
        assert_int_equal(rest.read, FILES - result.read);
        assert_int_equal(run(i ? "whole.csv" : "whole.jsonl", false, 0, &result), CLPROC_OK);
        assert_same_files(outputs[i], i ? "whole.csv" : "whole.jsonl");
        /* A whole index is not given up for a part of one … */
        assert_int_equal(run(outputs[i], false, STOP_AFTER, &result), CLPROC_ERROR_CANCELLED);
        assert_false(result.kept);
        assert_same_files(outputs[i], i ? "whole.csv" : "whole.jsonl");
        /* … and an update that is stopped keeps the rows it has not come to. */
        assert_int_equal(run(outputs[i], true, STOP_AFTER, &result), CLPROC_ERROR_CANCELLED);
        assert_true(result.kept);
        assert_same_files(outputs[i], i ? "whole.csv" : "whole.jsonl");
    }
}

/** Bytes of the one picture that all files are, up to the pixels behind a JPEG's marker of scans,
 * or a PNG's header of its first chunk of pixels. */
static uint64_t header_size(void) {
    clp_bytes bytes = content("in/0000.jpg");
    uint64_t size = 0;
    bool png = bytes.data[0] == 0x89;
    for (size_t i = 0; size == 0 && i + 3 < bytes.size; i++) {
        if (png && memcmp(bytes.data + i, "IDAT", 4) == 0) {
            size = i + 4;
        } else if (!png && bytes.data[i] == 0xFF && bytes.data[i + 1] == 0xDA) {
            size = i + 2 + (uint64_t)(bytes.data[i + 2] << 8 | bytes.data[i + 3]);
        }
    }
    clp_bytes_free(&bytes);
    assert_true(size > 40 && size < 4096);
    return size + (png ? 8 : 0); /* and what stands behind the pixels, whose length is to be seen */
}

/** Hardly more is read than the headers; each thread learns by its first file. */
static void check_reads_little(const char *picture) {
    clproc_index_result result;
    make_files(picture);
    assert_int_equal(run("i.jsonl", false, 0, &result), CLPROC_OK);
    assert_int_equal(result.read, FILES);
    uint64_t headers = FILES * header_size();
    assert_true(result.bytes >= headers);
    assert_true(result.bytes <= headers * 12 / 10 + 3 * 4096);
}

static void test_reads_little(void **state) {
    (void)state;
    check_reads_little("000-jpeg-420.jpg");
}

static void test_reads_little_of_tiny_headers(void **state) {
    (void)state;
    check_reads_little("001-png-rgb.png");
}

static void test_arguments(void **state) {
    const char *inputs[] = {"in"};
    clproc_index_params params;
    clproc_error error;
    (void)state;
    assert_int_equal(clproc_index(NULL, NULL, &error), CLPROC_ERROR_ARGUMENT);
    clproc_index_params_init(&params);
    assert_int_equal(clproc_index(&params, NULL, &error), CLPROC_ERROR_ARGUMENT);
    params.inputs = inputs;
    params.input_count = 1;
    params.output = "i.jsonl";
    params.shard = 3, params.shards = 2;
    assert_int_equal(clproc_index(&params, NULL, &error), CLPROC_ERROR_ARGUMENT);
    params.shard = 0;
    assert_int_equal(clproc_index(&params, NULL, &error), CLPROC_ERROR_ARGUMENT);
    params.shards = 0, params.jobs = -1;
    assert_int_equal(clproc_index(&params, NULL, &error), CLPROC_ERROR_ARGUMENT);
    assert_true(access("i.jsonl", F_OK) != 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {IN_SCRATCH(test_stopped), IN_SCRATCH(test_reads_little),
                                       IN_SCRATCH(test_reads_little_of_tiny_headers),
                                       IN_SCRATCH(test_arguments)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
