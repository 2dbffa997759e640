/* Listing inputs: folders, links, globs, lists. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "batch/listing.h"
#include "core/file.h"
#include "core/memory.h"

/** A scratch folder, the working directory of each test. */
typedef struct scratch {
    char path[64];
    char before[4096];
} scratch;

static int enter(void **state) {
    scratch *made = calloc(1, sizeof *made);
    strcpy(made->path, "/tmp/clproc-listing-XXXXXX");
    assert_non_null(getcwd(made->before, sizeof made->before));
    assert_non_null(mkdtemp(made->path));
    assert_int_equal(chdir(made->path), 0);
    *state = made;
    return 0;
}

static int leave(void **state) {
    scratch *made = *state;
    char command[128];
    assert_int_equal(chdir(made->before), 0);
    snprintf(command, sizeof command, "rm -rf '%s'", made->path);
    assert_int_equal(system(command), 0);
    free(made);
    return 0;
}

static void put(const char *path) {
    char folder[4096];
    const char *slash = strrchr(path, '/');
    if (slash) {
        snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path);
        assert_int_equal(clp_file_make_folder(folder, NULL), CLPROC_OK);
    }
    assert_int_equal(clp_file_write(path, "x", 1, false, NULL), CLPROC_OK);
}

/** Appends an item to a text of 8192 bytes. */
static clproc_status note(void *user, const clp_item *item, clproc_error *error) {
    char *text = user;
    size_t used = strlen(text);
    (void)error;
    snprintf(text + used, 8192 - used, "%s%s%s>%s", used ? "|" : "", item->named ? "!" : "",
             item->path, item->path + item->relative);
    return CLPROC_OK;
}

/** Lists `inputs`, then walks them, and compares both with "path|path|…"; '!' before a path says
 * that it was named. */
static void expect(const char *const *inputs, size_t count, const char *output,
                   const char *expected) {
    clp_listing listing = {0};
    clp_events events;
    clproc_error error;
    char text[8192] = "";
    clp_events_init(&events, 1, NULL, NULL);
    clp_listing_output folder = {output, true};
    clp_listing_request request = {
        .inputs = inputs, .input_count = count, .outputs = &folder, .output_count = output != NULL};
    assert_int_equal(clp_listing_make(&listing, &request, &events, &error), CLPROC_OK);
    for (size_t i = 0; i < listing.count; i++) {
        assert_int_equal(listing.items[i].number, i);
        note(text, &listing.items[i], &error);
    }
    assert_string_equal(text, expected);
    assert_int_equal(events.found - events.skipped - events.failed, listing.count);
    text[0] = '\0';
    assert_int_equal(clp_listing_walk(&request, &events, note, text, &error), CLPROC_OK);
    assert_string_equal(text, expected);
    clp_listing_free(&listing);
    clp_events_destroy(&events);
}

static void expect_one(const char *input, const char *output, const char *expected) {
    expect(&input, 1, output, expected);
}

static void test_folders_are_walked_in_byte_order(void **state) {
    (void)state;
    put("in/b.jpg");
    put("in/B.jpg");
    put("in/a/z.png");
    put("in/a/.hidden");
    put("in/c/d/e.jpg");
    expect_one("in", NULL,
               "in/B.jpg>B.jpg|in/a/.hidden>a/.hidden|in/a/z.png>a/z.png|in/b.jpg>b.jpg|"
               "in/c/d/e.jpg>c/d/e.jpg");
    expect_one("in/", NULL,
               "in/B.jpg>B.jpg|in/a/.hidden>a/.hidden|in/a/z.png>a/z.png|in/b.jpg>b.jpg|"
               "in/c/d/e.jpg>c/d/e.jpg");
}

/** Each input by itself, also one that has been named before. */
static void test_a_folder_named_twice_is_read_twice(void **state) {
    (void)state;
    put("in/sub/a.jpg");
    const char *inputs[] = {"in", "in/sub", "in"};
    expect(inputs, 3, NULL, "in/sub/a.jpg>sub/a.jpg|in/sub/a.jpg>a.jpg|in/sub/a.jpg>sub/a.jpg");
}

static void test_named_files_need_not_exist(void **state) {
    (void)state;
    put("d/one.jpg");
    const char *inputs[] = {"d/one.jpg", "missing.jpg"};
    expect(inputs, 2, NULL, "!d/one.jpg>one.jpg|!missing.jpg>missing.jpg");
}

static void test_an_empty_name_is_refused(void **state) {
    (void)state;
    clp_listing listing = {0};
    clp_events events;
    const char *inputs[] = {""};
    clp_events_init(&events, 1, NULL, NULL);
    clp_listing_request request = {.inputs = inputs, .input_count = 1};
    assert_int_equal(clp_listing_make(&listing, &request, &events, NULL), CLPROC_ERROR_ARGUMENT);
    clp_listing_free(&listing);
    clp_events_destroy(&events);
}

static void test_output_folder_inside_is_not_read(void **state) {
    (void)state;
    put("in/a.jpg");
    put("in/out/a.jpg");
    expect_one("in", "in/out", "in/a.jpg>a.jpg");
}

static void test_output_folder_as_input_is_refused(void **state) {
    (void)state;
    const char *input = "in/../in";
    clp_listing listing = {0};
    clp_events events;
    clproc_error error;
    put("in/a.jpg");
    clp_events_init(&events, 1, NULL, NULL);
    clp_listing_output folder = {"in", true};
    clp_listing_request request = {
        .inputs = &input, .input_count = 1, .outputs = &folder, .output_count = 1};
    assert_int_equal(clp_listing_make(&listing, &request, &events, &error), CLPROC_ERROR_ARGUMENT);
    assert_string_equal(error.file, input);
    assert_non_null(strstr(error.message, "{dir}"));
    folder.mirrored = false; /* a template may well put its files beside the inputs */
    assert_int_equal(clp_listing_make(&listing, &request, &events, &error), CLPROC_OK);
    assert_int_equal(listing.count, 1);
    clp_listing_free(&listing);
    clp_events_destroy(&events);
}

static void test_links_do_not_lead_in_circles(void **state) {
    (void)state;
    put("in/a/x.jpg");
    assert_int_equal(symlink("..", "in/a/up"), 0);
    assert_int_equal(symlink(".", "in/self"), 0);
    assert_int_equal(symlink("nowhere", "in/dangling"), 0);
    put("other/y.jpg");
    assert_int_equal(symlink("../other", "in/other"), 0);
    assert_int_equal(symlink("../other/y.jpg", "in/y.jpg"), 0);
    expect_one("in", NULL,
               "in/a/x.jpg>a/x.jpg|in/dangling>dangling|in/other/y.jpg>other/y.jpg|in/y.jpg>y.jpg");
}

static void test_special_and_own_files_are_not_taken(void **state) {
    (void)state;
    put("in/a.jpg");
    put("in/.clproc-0123abcd");
    assert_int_equal(mkfifo("in/pipe.jpg", 0600), 0);
    expect_one("in", NULL, "in/a.jpg>a.jpg");
}

static void test_globs_give_way_to_files(void **state) {
    (void)state;
    put("c1.jpg");
    put("a1.jpg");
    put("d1.jpg");
    put("b1.jpg");
    put("a[12].jpg");
    expect_one("*1.jpg", NULL, "!a1.jpg>a1.jpg|!b1.jpg>b1.jpg|!c1.jpg>c1.jpg|!d1.jpg>d1.jpg");
    expect_one("a[12].jpg", NULL, "!a[12].jpg>a[12].jpg");
    expect_one("?2.png", NULL, "!?2.png>?2.png");
}

static void write_list(const char *text, size_t size) {
    assert_int_equal(clp_file_write("list", text, size, false, NULL), CLPROC_OK);
}

/** As Windows writes it; nobody's name is too long to be listed. */
static void test_odd_lists(void **state) {
    (void)state;
    enum { LONG = 200000 };
    clp_listing listing = {0};
    clp_events events;
    char *text = malloc(LONG + 8);
    const char *input = "@list";
    write_list("\xEF\xBB\xBFone.jpg\r\n\r\ntwo.jpg\r", 22);
    expect_one("@list", NULL, "!one.jpg>one.jpg|!two.jpg>two.jpg");
    assert_non_null(text);
    memset(text, 'x', LONG);
    memcpy(text + LONG, "\ny.jpg\n", 8);
    write_list(text, LONG + 7);
    clp_events_init(&events, 1, NULL, NULL);
    clp_listing_request request = {.inputs = &input, .input_count = 1};
    assert_int_equal(clp_listing_make(&listing, &request, &events, NULL), CLPROC_OK);
    assert_int_equal(listing.count, 2);
    assert_int_equal(strlen(listing.items[0].path), LONG);
    assert_string_equal(listing.items[1].path, "y.jpg");
    clp_listing_free(&listing);
    clp_events_destroy(&events);
    free(text);
}

static void test_lists_are_lines_or_end_with_nul(void **state) {
    (void)state;
    static const char lines[] = "one.jpg\n\nd/-two *.jpg\n@three\nin";
    static const char nuls[] = "new\nline.jpg\0bytes\xff\xfe.jpg\0";
    put("in/x.jpg");
    write_list(lines, sizeof lines - 1);
    expect_one("@list", NULL,
               "!one.jpg>one.jpg|!d/-two *.jpg>-two *.jpg|!@three>@three|in/x.jpg>x.jpg");
    write_list(nuls, sizeof nuls - 1);
    expect_one("@list", NULL, "!new\nline.jpg>new\nline.jpg|!bytes\xff\xfe.jpg>bytes\xff\xfe.jpg");
    write_list("", 0);
    expect_one("@list", NULL, "");
    put("@real");
    expect_one("@real", NULL, "!@real>@real");
}

static void test_missing_list_is_an_error(void **state) {
    (void)state;
    const char *inputs[] = {"@no-such-list", "@/"}; /* a folder is opened, but not read */
    for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++) {
        clp_listing listing = {0};
        clp_events events;
        clproc_error error;
        clp_events_init(&events, 1, NULL, NULL);
        clp_listing_request request = {.inputs = &inputs[i], .input_count = 1};
        assert_int_equal(clp_listing_make(&listing, &request, &events, &error),
                         CLPROC_ERROR_ARGUMENT);
        assert_string_equal(error.file, inputs[i] + 1);
        clp_listing_free(&listing);
        clp_events_destroy(&events);
    }
}

/** What is listed then is not all that there is. */
static void test_a_folder_that_cannot_be_read(void **state) {
    (void)state;
    const char *input = "in";
    bool incomplete = false;
    struct rlimit before, none;
    clp_listing listing = {0};
    clp_events events;
    put("in/x.jpg");
    clp_events_init(&events, 1, NULL, NULL);
    clp_listing_request request = {.inputs = &input, .input_count = 1, .incomplete = &incomplete};
    assert_int_equal(clp_listing_make(&listing, &request, &events, NULL), CLPROC_OK);
    assert_false(incomplete);
    clp_listing_free(&listing);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = 0;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    clproc_status status = clp_listing_make(&listing, &request, &events, NULL);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(status, CLPROC_OK);
    assert_true(incomplete);
    assert_int_equal(events.failed, 1);
    assert_int_equal(listing.count, 0);
    clp_listing_free(&listing);
    clp_events_destroy(&events);
}

static void test_many_names(void **state) {
    (void)state;
    enum { COUNT = 100000 };
    FILE *list = fopen("list", "w");
    for (int i = 0; i < COUNT; i++) {
        fprintf(list, "folder/%06d.jpg\n", i);
    }
    fclose(list);
    const char *input = "@list";
    clp_listing listing = {0};
    clp_events events;
    clp_events_init(&events, 1, NULL, NULL);
    clp_listing_request request = {.inputs = &input, .input_count = 1};
    assert_int_equal(clp_listing_make(&listing, &request, &events, NULL), CLPROC_OK);
    assert_int_equal(listing.count, COUNT);
    assert_string_equal(listing.items[0].path, "folder/000000.jpg");
    assert_string_equal(listing.items[COUNT - 1].path, "folder/099999.jpg");
    clp_listing_free(&listing);
    clp_events_destroy(&events);
}

/** Notes the bytes that lists of files take while the named file is handed on. */
static clproc_status note_bytes(void *user, const clp_item *item, clproc_error *error) {
    uint64_t *bytes = user;
    (void)error;
    *bytes = item->named ? *bytes : clp_memory_usage(CLP_MEMORY_LISTING).current;
    return CLPROC_OK;
}

/* What is known of the folders of one input would otherwise be cleared for each of a long list. */
static void test_a_large_folder_leaves_nothing_to_the_next(void **state) {
    (void)state;
    enum { FOLDERS = 4000 };
    char name[32];
    uint64_t alone = 0, behind = 0;
    const char *inputs[] = {"many", "few"};
    for (int i = 0; i < FOLDERS; i++) {
        snprintf(name, sizeof name, "many/%04d", i);
        assert_int_equal(clp_file_make_folder(name, NULL), CLPROC_OK);
    }
    put("few/a.jpg");
    clp_events events;
    clp_events_init(&events, 1, NULL, NULL);
    clp_listing_request request = {.inputs = inputs + 1, .input_count = 1};
    assert_int_equal(clp_listing_walk(&request, &events, note_bytes, &alone, NULL), CLPROC_OK);
    request = (clp_listing_request){.inputs = inputs, .input_count = 2};
    assert_int_equal(clp_listing_walk(&request, &events, note_bytes, &behind, NULL), CLPROC_OK);
    assert_true(alone > 0);
    assert_int_equal(behind, alone);
    clp_events_destroy(&events);
}

static void keep_message(const clproc_event *event, void *user) {
    snprintf(user, 4096, "%s", event->message);
}

/* An error holds the beginning of a name only, which is not another file's. */
static void test_a_failure_names_a_long_file_once(void **state) {
    (void)state;
    char path[3000], other[64] = "out.jpg", message[4096];
    clproc_error error;
    clp_events events;
    memset(path, 'd', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    clp_events_init(&events, 1, keep_message, message);
    clp_error_set_file(&error, CLPROC_ERROR_INPUT, path, "cannot be read");
    clp_events_failed(&events, path, NULL, 1, &error);
    assert_string_equal(message, "cannot be read");
    clp_error_set_file(&error, CLPROC_ERROR_IO, other, "cannot be written");
    clp_events_failed(&events, path, other, 1, &error);
    assert_string_equal(message, "out.jpg: cannot be written");
    clp_events_destroy(&events);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_folders_are_walked_in_byte_order, enter, leave),
        cmocka_unit_test_setup_teardown(test_a_folder_named_twice_is_read_twice, enter, leave),
        cmocka_unit_test_setup_teardown(test_named_files_need_not_exist, enter, leave),
        cmocka_unit_test_setup_teardown(test_an_empty_name_is_refused, enter, leave),
        cmocka_unit_test_setup_teardown(test_output_folder_inside_is_not_read, enter, leave),
        cmocka_unit_test_setup_teardown(test_output_folder_as_input_is_refused, enter, leave),
        cmocka_unit_test_setup_teardown(test_links_do_not_lead_in_circles, enter, leave),
        cmocka_unit_test_setup_teardown(test_special_and_own_files_are_not_taken, enter, leave),
        cmocka_unit_test_setup_teardown(test_globs_give_way_to_files, enter, leave),
        cmocka_unit_test_setup_teardown(test_lists_are_lines_or_end_with_nul, enter, leave),
        cmocka_unit_test_setup_teardown(test_odd_lists, enter, leave),
        cmocka_unit_test_setup_teardown(test_missing_list_is_an_error, enter, leave),
        cmocka_unit_test_setup_teardown(test_a_folder_that_cannot_be_read, enter, leave),
        cmocka_unit_test_setup_teardown(test_many_names, enter, leave),
        cmocka_unit_test_setup_teardown(test_a_large_folder_leaves_nothing_to_the_next, enter,
                                        leave),
        cmocka_unit_test(test_a_failure_names_a_long_file_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
