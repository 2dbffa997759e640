/* Profiles as JSON: nothing is lost, and what is no profile is refused with a reason. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/file.h"
#include "report/json.h"
#include "report_fixture.h"

static clp_text write_json(const clproc_profile *profile) {
    clp_analysis analysis;
    clp_findings findings;
    clp_text text = {0};
    assert_int_equal(clp_analysis_make(&analysis, profile, NULL), CLPROC_OK);
    clp_findings_make(&findings, &analysis);
    clp_json_write(&text, &analysis, &findings);
    assert_int_equal(clp_text_check(&text, NULL), CLPROC_OK);
    clp_analysis_free(&analysis);
    return text;
}

static void check_round_trip(const clproc_profile *profile) {
    clp_text first = write_json(profile);
    clproc_profile *again = NULL;
    clproc_error error = {0};
    if (clp_json_read(&again, first.data, first.size, "x.json", &error) != CLPROC_OK) {
        fail_msg("%s", error.message);
    }
    assert_int_equal(again->wall_ns, profile->wall_ns);
    assert_int_equal(again->command_count, profile->command_count);
    assert_int_equal(again->thread_count, profile->thread_count);
    clp_text second = write_json(again);
    assert_int_equal(first.size, second.size);
    assert_memory_equal(first.data, second.data, first.size);
    clp_text_free(&first);
    clp_text_free(&second);
    clp_profile_free(&again);
}

static void round_trip(void **state) {
    (void)state;
    fixture_params params = FIXTURE_DEFAULTS;
    for (int trace = 0; trace < 2; trace++) {
        params.trace = trace;
        clproc_profile *profile = fixture_make(params);
        profile->clock_estimated = trace;
        check_round_trip(profile);
        clp_profile_free(&profile);
    }
    clproc_profile *empty = fixture_room(1, sizeof *empty);
    check_round_trip(empty);
    clp_profile_free(&empty);
}

/** Devices stay apart, in a file that one of an earlier version reads as well. */
static void devices_are_stored(void **state) {
    (void)state;
    clproc_profile *profile = fixture_make(FIXTURE_DEFAULTS), *again = NULL;
    fixture_two_devices(profile);
    check_round_trip(profile);
    clp_text text = write_json(profile);
    assert_non_null(strstr(text.data, "\"format\":\"clproc-profile/1\""));
    assert_int_equal(clp_json_read(&again, text.data, text.size, "x.json", NULL), CLPROC_OK);
    assert_int_equal(again->device_count, 2);
    assert_string_equal(again->devices[1].name, "Test card");
    assert_int_equal(again->devices[1].copy_rate, 4000000000000);
    for (size_t i = 0; i < again->command_count; i++) {
        assert_int_equal(again->commands[i].device, profile->commands[i].device);
    }
    clp_profile_free(&again);
    clp_text_free(&text);
    /* Of one device there is nothing to say. */
    profile->device_count = 1;
    text = write_json(profile);
    clp_text_add_bytes(&text, "", 1);
    assert_null(strstr(text.data, "\"devices\""));
    clp_text_free(&text);
    clp_profile_free(&profile);
}

static void any_bytes_make_valid_json(void **state) {
    (void)state;
    char name[48];
    for (int start = 1; start < 256; start += 40) {
        size_t length = 0;
        for (int byte = start; byte < 256 && byte < start + 40; byte++) {
            name[length++] = (char)byte;
        }
        name[length] = '\0';
        fixture_params params = FIXTURE_DEFAULTS;
        params.kernel = name;
        params.images = 4;
        clproc_profile *profile = fixture_make(params);
        fixture_fact(profile, name, name);
        clp_text text = write_json(profile);
        json_error_t problem;
        json_t *root = json_loadb(text.data, text.size, JSON_REJECT_DUPLICATES, &problem);
        if (!root) {
            fail_msg("%s", problem.text);
        }
        for (size_t i = 0; i < text.size; i++) {
            assert_true(text.data[i] != '<');
        }
        json_decref(root);
        clp_text_free(&text);
        clp_profile_free(&profile);
    }
}

/** Reading must fail with a message that holds `expected`. */
static void check_refused(const char *data, size_t size, const char *expected) {
    clproc_profile *profile = NULL;
    clproc_error error = {0};
    assert_int_equal(clp_json_read(&profile, data, size, "x.json", &error), CLPROC_ERROR_INPUT);
    assert_null(profile);
    assert_string_equal(error.file, "x.json");
    if (!strstr(error.message, expected)) {
        fail_msg("\"%s\" does not say \"%s\"", error.message, expected);
    }
}

static void other_files_are_refused(void **state) {
    (void)state;
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"", "no complete JSON"},
        {"GIF89a", "no complete JSON"},
        {"{}", "no profile of clproc"},
        {"[1, 2]", "no profile of clproc"},
        {"{\"format\":1}", "no profile of clproc"},
        {"{\"format\":\"clproc-diff/1\"}", "no profile of clproc"},
        {"{\"format\":\"clproc-profile/3\"}", "has the format clproc-profile/3"},
        {"{\"format\":\"clproc-profile/0\"}", "has the format clproc-profile/0"},
        {"{\"format\":\"clproc-profile/1\"}", "\"level\" is missing"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        check_refused(cases[i].text, strlen(cases[i].text), cases[i].expected);
    }
}

static void cut_files_are_refused(void **state) {
    (void)state;
    fixture_params params = FIXTURE_DEFAULTS;
    params.images = 4;
    clproc_profile *profile = fixture_make(params);
    clp_text text = write_json(profile);
    for (size_t size = 0; size + 2 < text.size; size += 1 + size / 20) {
        check_refused(text.data, size, "no complete JSON");
    }
    clp_text_free(&text);
    clp_profile_free(&profile);
}

/** Reading may succeed or fail, but what it accepts must be fit for a report. */
static void try_reading(const json_t *root) {
    char *data = json_dumps(root, JSON_COMPACT);
    clproc_profile *profile = NULL;
    if (clp_json_read(&profile, data, strlen(data), "x.json", NULL) == CLPROC_OK) {
        clp_text text = write_json(profile);
        clp_text_free(&text);
    }
    clp_profile_free(&profile);
    free(data);
}

/** Every value of the document is replaced in turn by what does not belong there. */
static void spoil(json_t *root, json_t *node, const json_t *instead, size_t *count) {
    const char *key;
    json_t *value;
    size_t index;
    void *next;
    json_object_foreach_safe(node, next, key, value) {
        json_t *kept = json_incref(value);
        json_object_set(node, key, (json_t *)instead);
        try_reading(root);
        (*count)++;
        json_object_set_new(node, key, kept);
        spoil(root, json_object_get(node, key), instead, count);
    }
    if (json_is_array(node)) {
        json_array_foreach(node, index, value) {
            json_t *kept = json_incref(value);
            json_array_set(node, index, (json_t *)instead);
            try_reading(root);
            (*count)++;
            json_array_set_new(node, index, kept);
            if (index < 6) {
                spoil(root, kept, instead, count);
            }
        }
    }
}

static void spoiled_files_do_no_harm(void **state) {
    (void)state;
    fixture_params params = FIXTURE_DEFAULTS;
    params.images = 4;
    clproc_profile *profile = fixture_make(params);
    profile->memory_line_count = 3;
    fixture_two_devices(profile);
    clp_text text = write_json(profile);
    json_t *root = json_loadb(text.data, text.size, 0, NULL);
    json_object_del(root, "derived");
    json_t *spoilers[] = {json_null(), json_string("x"), json_integer(-1), json_array(),
                          json_integer(INT64_MAX)};
    size_t count = 0;
    for (size_t i = 0; i < sizeof spoilers / sizeof spoilers[0]; i++) {
        spoil(root, root, spoilers[i], &count);
        json_decref(spoilers[i]);
    }
    assert_true(count > 1000);
    json_decref(root);
    clp_text_free(&text);
    clp_profile_free(&profile);
}

/** Reports would go down such a tree until their stack is full. */
static void endless_trees_are_refused(void **state) {
    (void)state;
    fixture_params params = FIXTURE_DEFAULTS;
    params.images = 4;
    clproc_profile *profile = fixture_make(params);
    clp_text text = write_json(profile);
    json_t *root = json_loadb(text.data, text.size, 0, NULL);
    json_t *thread = json_array_get(json_object_get(root, "threads"), 0);
    json_t *tree = json_object_get(thread, "tree");
    for (json_int_t parent = (json_int_t)json_array_size(tree) - 1; parent < 5000; parent++) {
        json_array_append_new(
            tree, json_pack("[I, I, I, I]", (json_int_t)0, parent, (json_int_t)1, (json_int_t)0));
    }
    char *data = json_dumps(root, JSON_COMPACT);
    check_refused(data, strlen(data), "the tree of \"decode 1\" has more than");
    free(data);
    json_decref(root);
    clp_text_free(&text);
    clp_profile_free(&profile);
}

/** A command of a device that is not there, or of none. */
static void damaged_devices_are_refused(void **state) {
    (void)state;
    fixture_params params = FIXTURE_DEFAULTS;
    params.images = 4;
    clproc_profile *profile = fixture_make(params);
    fixture_two_devices(profile);
    clp_text text = write_json(profile);
    static const struct {
        const char *found, *instead, *expected;
    } cases[] = {{"\"devices\":[0,1,1,0]", "\"devices\":[0,1,2,0]", "command 2 has no device"},
                 {"\"devices\":[0,1,1,0]", "\"devices\":[0,1,-1,0", "no complete JSON"},
                 {"\"devices\":[0,1,1,0]", "\"devices\":[0,1,-1]  ", "not every command"},
                 {"\"devices\":[0,1,1,0]", "\"devices\":[0,1,-1,0]", "command 2 has no device"},
                 {"\"devices\":[{", "\"xevices\":[{", "command 0 has no device"},
                 {"\"name\":\"Test card\"", "\"name\":3", "\"name\" is missing or no text"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        clp_text spoiled = {0};
        const char *at = strstr(text.data, cases[i].found);
        assert_non_null(at);
        clp_text_add_bytes(&spoiled, text.data, (size_t)(at - text.data));
        clp_text_add(&spoiled, cases[i].instead);
        clp_text_add(&spoiled, at + strlen(cases[i].found));
        check_refused(spoiled.data, spoiled.size, cases[i].expected);
        clp_text_free(&spoiled);
    }
    clp_text_free(&text);
    clp_profile_free(&profile);
}

static void files_are_written_and_read(void **state) {
    (void)state;
    char folder[] = "/tmp/clproc-report-XXXXXX", path[64];
    assert_non_null(mkdtemp(folder));
    clproc_profile *profile = fixture_make(FIXTURE_DEFAULTS), *again = NULL;
    clproc_error error = {0};
    snprintf(path, sizeof path, "%s/a.json", folder);
    assert_int_equal(clproc_profile_write(profile, path, &error), CLPROC_OK);
    assert_int_equal(clproc_profile_load(&again, path, &error), CLPROC_OK);
    assert_int_equal(again->wall_ns, profile->wall_ns);
    clproc_profile_destroy(&again);
    unlink(path);
    assert_int_equal(clproc_profile_load(&again, path, &error), CLPROC_ERROR_INPUT);
    assert_string_equal(error.file, path);
    assert_null(again);
    snprintf(path, sizeof path, "%s/a.pdf", folder);
    assert_int_equal(clproc_profile_write(profile, path, &error), CLPROC_ERROR_ARGUMENT);
    snprintf(path, sizeof path, "%s/none/a.json", folder);
    assert_int_equal(clproc_profile_write(profile, path, &error), CLPROC_ERROR_IO);
    assert_string_equal(error.file, path);
    rmdir(folder);
    clp_profile_free(&profile);
}

static void endings_choose_the_level(void **state) {
    (void)state;
    assert_int_equal(clproc_report_level("a.json"), CLPROC_PROFILE_SUMMARY);
    assert_int_equal(clproc_report_level("a.trace.json"), CLPROC_PROFILE_TRACE);
    assert_int_equal(clproc_report_level("x/a.html"), CLPROC_PROFILE_TRACE);
    assert_int_equal(clproc_report_level("a.prom"), CLPROC_PROFILE_SUMMARY);
    assert_int_equal(clproc_report_level(".json"), CLPROC_PROFILE_OFF);
    assert_int_equal(clproc_report_level("json"), CLPROC_PROFILE_OFF);
    assert_int_equal(clproc_report_level(NULL), CLPROC_PROFILE_OFF);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip),
        cmocka_unit_test(devices_are_stored),
        cmocka_unit_test(any_bytes_make_valid_json),
        cmocka_unit_test(other_files_are_refused),
        cmocka_unit_test(cut_files_are_refused),
        cmocka_unit_test(spoiled_files_do_no_harm),
        cmocka_unit_test(endless_trees_are_refused),
        cmocka_unit_test(damaged_devices_are_refused),
        cmocka_unit_test(files_are_written_and_read),
        cmocka_unit_test(endings_choose_the_level),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
