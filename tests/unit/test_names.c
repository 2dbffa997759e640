/* Output names: mirrored trees, templates, single files, duplicates, inputs in the way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "batch/names.h"
#include "batch/template.h"

/* ------------------------------------------------------------------ endings */

static void test_endings(void **state) {
    (void)state;
    assert_int_equal(clp_ending_format("a/b.JPG"), CLPROC_FORMAT_JPEG);
    assert_int_equal(clp_ending_format("b.jpeg"), CLPROC_FORMAT_JPEG);
    assert_int_equal(clp_ending_format("b.Png"), CLPROC_FORMAT_PNG);
    assert_int_equal(clp_ending_format("b.gif"), CLPROC_FORMAT_KEEP);
    assert_int_equal(clp_ending_format("a.jpg/b"), CLPROC_FORMAT_KEEP);
    assert_int_equal(clp_ending_format(".jpg"), CLPROC_FORMAT_KEEP);
    assert_int_equal(clp_stem_length("scan.2024"), 9);
    assert_int_equal(clp_stem_length("scan.2024.png"), 9);
    assert_int_equal(clp_stem_length("...jpg"), 6); /* no stem of ".." */
}

/* ---------------------------------------------------------------- templates */

static void expect_expansion(const char *text, const char *dir, const char *name,
                             const char *expected) {
    clp_bytes out = {0};
    bool known;
    clp_template_values values = {.dir = dir,
                                  .dir_size = strlen(dir),
                                  .name = name,
                                  .name_size = strlen(name),
                                  .ext = "jpg",
                                  .index = 7,
                                  .count = 1200,
                                  .width = 640,
                                  .height = 480};
    assert_int_equal(clp_template_check(text, NULL), CLPROC_OK);
    assert_int_equal(clp_template_expand(text, &values, &out, &known, NULL), CLPROC_OK);
    assert_true(known);
    assert_int_equal(clp_bytes_append(&out, "", 1, NULL), CLPROC_OK);
    assert_string_equal((char *)out.data, expected);
    clp_bytes_free(&out);
}

static void test_templates_expand(void **state) {
    (void)state;
    expect_expansion("{dir}/{name}-small.{ext}", "p/q", "n", "p/q/n-small.jpg");
    expect_expansion("{name}_{index}_{width}x{height}.{ext}", "p", "%d{n}",
                     "%d{n}_0007_640x480.jpg");
    expect_expansion("{dir}/x.{ext}", "../p", "n", "../p/x.jpg");
}

static void test_values_do_not_lead_out_of_a_folder(void **state) {
    (void)state;
    expect_expansion("out/{dir}/{name}.{ext}", "/etc/cron.d", "n", "out/etc/cron.d/n.jpg");
    expect_expansion("out/{dir}/{name}.{ext}", "../../etc", "n", "out/etc/n.jpg");
    expect_expansion("out/{dir}/{name}.{ext}", "a/..//../b/.", "n", "out/a/b/n.jpg");
    expect_expansion("out/{dir}/{name}.{ext}", "..", "n", "out/./n.jpg");
}

static void test_bad_templates_are_refused(void **state) {
    (void)state;
    static const char *const bad[] = {"{nam}.jpg", "{name", "{}x",       "{name}/",
                                      "{dir}",     "",      "{ name}.p", "{name}.{ext"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        clproc_error error = {0};
        assert_int_equal(clp_template_check(bad[i], &error), CLPROC_ERROR_ARGUMENT);
        assert_non_null(strchr(error.message, '{')); /* says what is possible */
    }
}

/* -------------------------------------------------------------------- names */

/** Names for a list of inputs that need not exist. */
typedef struct names_fixture {
    clproc_run_params params;
    clp_item items[8];
    clp_listing listing;
    clp_claims *claims;
    clp_names *names;
    clproc_error error;
    char path[64];
    char before[4096];
} names_fixture;

static int enter(void **state) {
    names_fixture *made = calloc(1, sizeof *made);
    strcpy(made->path, "/tmp/clproc-names-XXXXXX");
    assert_non_null(getcwd(made->before, sizeof made->before));
    assert_non_null(mkdtemp(made->path));
    assert_int_equal(chdir(made->path), 0);
    clproc_run_params_init(&made->params);
    made->listing.items = made->items;
    *state = made;
    return 0;
}

static int leave(void **state) {
    names_fixture *made = *state;
    char command[128];
    clp_names_destroy(&made->names);
    clp_claims_destroy(&made->claims);
    assert_int_equal(chdir(made->before), 0);
    snprintf(command, sizeof command, "rm -rf '%s'", made->path);
    assert_int_equal(system(command), 0);
    free(made);
    return 0;
}

static void add(names_fixture *fixture, const char *path, uint32_t relative, bool named) {
    fixture->items[fixture->listing.count++] =
        (clp_item){.path = path, .relative = relative, .named = named};
}

static void put(const char *path) {
    assert_int_equal(clp_file_write(path, "x", 1, false, NULL), CLPROC_OK);
}

static clproc_status claim(names_fixture *fixture, const char *output) {
    clp_names_destroy(&fixture->names);
    clp_claims_destroy(&fixture->claims);
    assert_int_equal(clp_claims_create(&fixture->claims, 1, &fixture->error), CLPROC_OK);
    fixture->params.output = output;
    clproc_status status =
        clp_names_create(&fixture->names, &fixture->params, fixture->claims, 0, &fixture->error);
    return status == CLPROC_OK ? clp_names_claim_all(fixture->names, &fixture->listing,
                                                     fixture->params.cancel, &fixture->error)
                               : status;
}

static clproc_status place(names_fixture *fixture, uint32_t item, clproc_format format,
                           const char *expected, clp_placing *placing) {
    clp_bytes name = {0};
    clp_name_facts facts = {format, 10, 20};
    clproc_status status = clp_names_place(fixture->names, item, &facts, (clp_key){0, 0}, &name,
                                           placing, &fixture->error);
    if (expected) {
        assert_string_equal((char *)name.data, expected);
    }
    clp_bytes_free(&name);
    return status;
}

static void expect_placed(names_fixture *fixture, uint32_t item, clproc_format format,
                          const char *expected) {
    clp_placing placing;
    assert_int_equal(place(fixture, item, format, expected, &placing), CLPROC_OK);
    assert_int_equal(placing, CLP_PLACE_WRITE);
}

static void test_mirrored_names_keep_fitting_endings(void **state) {
    names_fixture *fixture = *state;
    add(fixture, "in/sub/a.JPG", 3, false);
    add(fixture, "in/b.png", 3, false);
    add(fixture, "in/noending", 3, false);
    add(fixture, "d/c.jpeg", 2, true);
    assert_int_equal(claim(fixture, "out"), CLPROC_OK);
    expect_placed(fixture, 0, CLPROC_FORMAT_JPEG, "out/sub/a.JPG");
    expect_placed(fixture, 1, CLPROC_FORMAT_PNG, "out/b.png");
    expect_placed(fixture, 2, CLPROC_FORMAT_PNG, "out/noending.png");
    expect_placed(fixture, 3, CLPROC_FORMAT_PNG, "out/c.png");
    assert_int_equal(claim(fixture, "out/"), CLPROC_OK);
    expect_placed(fixture, 1, CLPROC_FORMAT_JPEG, "out/b.jpg");
}

static void test_a_request_to_stop_is_heeded(void **state) {
    names_fixture *fixture = *state;
    volatile int stop = 1;
    add(fixture, "in/a.jpg", 3, false);
    fixture->params.cancel = &stop;
    assert_int_equal(claim(fixture, "out"), CLPROC_ERROR_CANCELLED);
    fixture->params.cancel = NULL;
}

static void expect_duplicate(names_fixture *fixture, const char *output, const char *first,
                             const char *second) {
    assert_int_equal(claim(fixture, output), CLPROC_ERROR_ARGUMENT);
    assert_string_equal(fixture->error.file, second);
    assert_non_null(strstr(fixture->error.message, first));
    fixture->listing.count = 0;
}

static void test_duplicates_are_refused_before_work(void **state) {
    names_fixture *fixture = *state;
    add(fixture, "d1/x.jpg", 3, true);
    add(fixture, "d2/x.jpg", 3, true);
    expect_duplicate(fixture, "out", "d1/x.jpg", "d2/x.jpg");
    add(fixture, "a.jpg", 0, true);
    add(fixture, "./a.jpg", 2, true);
    expect_duplicate(fixture, "{dir}/{name}-s.{ext}", "a.jpg", "./a.jpg");
    add(fixture, "new/./a.jpg", 6, true);
    add(fixture, "new//a.jpg", 5, true);
    expect_duplicate(fixture, "{dir}/{name}-s.{ext}", "new/./a.jpg", "new//a.jpg");
    add(fixture, "a.jpg", 0, true);
    add(fixture, "b.jpg", 0, true);
    expect_duplicate(fixture, "out/same.{ext}", "a.jpg", "b.jpg");
    add(fixture, "in/a.jpg", 3, false);
    add(fixture, "in/a.png", 3, false);
    fixture->params.format = CLPROC_FORMAT_PNG;
    expect_duplicate(fixture, "out", "in/a.jpg", "in/a.png");
}

/** One name in several folders is several names, in whatever order they come. */
static void test_folders_tell_names_apart(void **state) {
    names_fixture *fixture = *state;
    add(fixture, "in/deep/a.jpg", 3, false);
    add(fixture, "in/flat/a.jpg", 3, false);
    add(fixture, "in/a.jpg", 3, false);
    add(fixture, "in/deep/er/a.jpg", 3, false);
    assert_int_equal(claim(fixture, "out"), CLPROC_OK);
    assert_int_equal(claim(fixture, "{dir}/{name}-s.{ext}"), CLPROC_OK);
}

static void test_clashes_found_later_fail_alone(void **state) {
    names_fixture *fixture = *state;
    clp_placing placing;
    add(fixture, "in/a.jpg", 3, false);
    add(fixture, "in/b.jpg", 3, false);
    assert_int_equal(claim(fixture, "out/{width}.{ext}"), CLPROC_OK);
    expect_placed(fixture, 0, CLPROC_FORMAT_JPEG, "out/10.jpg");
    assert_int_equal(place(fixture, 1, CLPROC_FORMAT_JPEG, NULL, &placing), CLPROC_ERROR_ARGUMENT);
    expect_placed(fixture, 0, CLPROC_FORMAT_JPEG, "out/10.jpg"); /* its own name is no clash */
}

static void test_one_file_for_one_input(void **state) {
    names_fixture *fixture = *state;
    add(fixture, "in/a.jpg", 3, true);
    assert_int_equal(claim(fixture, "new/b.png"), CLPROC_OK);
    assert_int_equal(clp_names_format(fixture->names, CLPROC_FORMAT_JPEG), CLPROC_FORMAT_PNG);
    expect_placed(fixture, 0, CLPROC_FORMAT_PNG, "new/b.png");
    fixture->params.format = CLPROC_FORMAT_JPEG;
    assert_int_equal(claim(fixture, "new/b.png"), CLPROC_ERROR_ARGUMENT);
    fixture->params.format = CLPROC_FORMAT_KEEP;
    put("there"); /* a file that is there needs no ending */
    assert_int_equal(claim(fixture, "there"), CLPROC_OK);
    expect_placed(fixture, 0, CLPROC_FORMAT_JPEG, "there");
    add(fixture, "in/b.jpg", 3, true);
    assert_int_equal(claim(fixture, "new/b.png"), CLPROC_ERROR_ARGUMENT);
    assert_non_null(strstr(fixture->error.message, "is one file, but there are 2 inputs"));
}

/** What stands at "-" is no output in the way of a picture on standard output. */
static void test_standard_output_is_no_file(void **state) {
    names_fixture *fixture = *state;
    add(fixture, "in/a.jpg", 3, true);
    put("-");
    fixture->params.existing = CLPROC_EXISTING_FAIL;
    assert_int_equal(claim(fixture, "-"), CLPROC_OK);
    expect_placed(fixture, 0, CLPROC_FORMAT_JPEG, "-");
}

static void test_inputs_are_never_overwritten(void **state) {
    names_fixture *fixture = *state;
    clp_placing placing;
    assert_int_equal(clp_file_make_folder("in", NULL), CLPROC_OK);
    assert_int_equal(clp_file_make_folder("out", NULL), CLPROC_OK);
    put("in/a.jpg");
    put("in/b.jpg");
    add(fixture, "in/a.jpg", 3, true);
    assert_int_equal(claim(fixture, "in"), CLPROC_ERROR_ARGUMENT);
    assert_int_equal(claim(fixture, "./in/../in/{name}.{ext}"), CLPROC_ERROR_ARGUMENT);
    /* Found in a folder, it is noticed when its turn comes; so is another input's name. */
    fixture->listing.count = 0;
    add(fixture, "in/a.jpg", 3, false);
    add(fixture, "in/b.jpg", 3, false);
    assert_int_equal(claim(fixture, "{dir}/{name}.{ext}"), CLPROC_OK);
    assert_int_equal(place(fixture, 0, CLPROC_FORMAT_JPEG, "in/a.jpg", &placing),
                     CLPROC_ERROR_ARGUMENT);
    assert_int_equal(link("in/b.jpg", "out/a.jpg"), 0);
    assert_int_equal(symlink("../in/a.jpg", "out/b.jpg"), 0);
    assert_int_equal(claim(fixture, "out"), CLPROC_OK);
    assert_int_equal(place(fixture, 0, CLPROC_FORMAT_JPEG, "out/a.jpg", &placing),
                     CLPROC_ERROR_ARGUMENT);
    assert_int_equal(place(fixture, 1, CLPROC_FORMAT_JPEG, "out/b.jpg", &placing),
                     CLPROC_ERROR_ARGUMENT);
}

static void test_existing_outputs(void **state) {
    names_fixture *fixture = *state;
    clp_placing placing;
    clp_bytes name = {0};
    assert_int_equal(clp_file_make_folder("out", NULL), CLPROC_OK);
    put("out/a.jpg");
    put("out/b.png");
    add(fixture, "in/a.jpg", 3, false);
    add(fixture, "in/b", 3, false);
    assert_int_equal(claim(fixture, "out"), CLPROC_OK);
    expect_placed(fixture, 0, CLPROC_FORMAT_JPEG, "out/a.jpg");
    assert_int_equal(clp_names_foresee(fixture->names, 0, (clp_key){0, 0}, &name), CLP_PLACE_WRITE);
    fixture->params.existing = CLPROC_EXISTING_FAIL;
    assert_int_equal(claim(fixture, "out"), CLPROC_OK);
    assert_int_equal(place(fixture, 0, CLPROC_FORMAT_JPEG, NULL, &placing), CLPROC_ERROR_IO);
    fixture->params.existing = CLPROC_EXISTING_SKIP;
    assert_int_equal(claim(fixture, "out"), CLPROC_OK);
    assert_int_equal(clp_names_foresee(fixture->names, 0, (clp_key){0, 0}, &name),
                     CLP_PLACE_EXISTS);
    /* Its format is not known. */
    assert_int_equal(clp_names_foresee(fixture->names, 1, (clp_key){0, 0}, &name), CLP_PLACE_WRITE);
    assert_int_equal(place(fixture, 1, CLPROC_FORMAT_PNG, "out/b.png", &placing), CLPROC_OK);
    assert_int_equal(placing, CLP_PLACE_EXISTS);
    /* A link is there, whether what it leads to is or not. */
    assert_int_equal(unlink("out/b.png"), 0);
    assert_int_equal(symlink("nowhere", "out/b.png"), 0);
    assert_int_equal(claim(fixture, "out"), CLPROC_OK);
    assert_int_equal(place(fixture, 1, CLPROC_FORMAT_PNG, "out/b.png", &placing), CLPROC_OK);
    assert_int_equal(placing, CLP_PLACE_EXISTS);
    clp_bytes_free(&name);
}

static void test_missing_output_is_refused(void **state) {
    names_fixture *fixture = *state;
    assert_int_equal(claim(fixture, NULL), CLPROC_ERROR_ARGUMENT);
    fixture->params.null_output = true;
    assert_int_equal(clp_names_create(&fixture->names, &fixture->params, fixture->claims, 0, NULL),
                     CLPROC_OK);
    assert_null(fixture->names);
}

static void test_folders_are_made(void **state) {
    names_fixture *fixture = *state;
    add(fixture, "in/s/a.jpg", 3, false);
    assert_int_equal(claim(fixture, "o/u"), CLPROC_OK);
    assert_int_equal(access("o", F_OK), -1);
    assert_int_equal(clp_names_prepare(fixture->names, NULL), CLPROC_OK);
    assert_int_equal(access("o/u", W_OK), 0);
    assert_int_equal(
        clp_names_write(fixture->names, 0, (clp_key){0, 0}, "o/u/s/a.jpg", "x", 1, NULL),
        CLPROC_OK);
    assert_int_equal(access("o/u/s/a.jpg", F_OK), 0);
    put("file");
    assert_int_equal(claim(fixture, "file/below"), CLPROC_OK);
    assert_int_equal(clp_names_prepare(fixture->names, &fixture->error), CLPROC_ERROR_IO);
}

#define WITH_FILES(test) cmocka_unit_test_setup_teardown(test, enter, leave)

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_endings),
        cmocka_unit_test(test_templates_expand),
        cmocka_unit_test(test_values_do_not_lead_out_of_a_folder),
        cmocka_unit_test(test_bad_templates_are_refused),
        WITH_FILES(test_mirrored_names_keep_fitting_endings),
        WITH_FILES(test_a_request_to_stop_is_heeded),
        WITH_FILES(test_duplicates_are_refused_before_work),
        WITH_FILES(test_folders_tell_names_apart),
        WITH_FILES(test_clashes_found_later_fail_alone),
        WITH_FILES(test_one_file_for_one_input),
        WITH_FILES(test_standard_output_is_no_file),
        WITH_FILES(test_inputs_are_never_overwritten),
        WITH_FILES(test_existing_outputs),
        WITH_FILES(test_missing_output_is_refused),
        WITH_FILES(test_folders_are_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
