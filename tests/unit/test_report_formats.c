/* Traces, stacks, CSV, Prometheus text and pages, each read back by a small reader of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <ctype.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>

#include "report/json.h"
#include "report/writers.h"
#include "report_fixture.h"

typedef void (*writer)(clp_text *text, const clp_analysis *analysis, const clp_findings *findings);

/** The report as a string; free with clp_text_free(). */
static clp_text write_report(const clproc_profile *profile, writer write) {
    clp_analysis analysis;
    clp_findings findings;
    clp_text text = {0};
    assert_int_equal(clp_analysis_make(&analysis, profile, NULL), CLPROC_OK);
    clp_findings_make(&findings, &analysis);
    write(&text, &analysis, &findings);
    clp_text_add_bytes(&text, "", 1);
    assert_int_equal(clp_text_check(&text, NULL), CLPROC_OK);
    for (const char *at = text.data; (at = strstr(at, "nan")); at++) {
        assert_true(isalpha((unsigned char)at[3])); /* "nanoseconds" is fine */
    }
    clp_analysis_free(&analysis);
    return text;
}

static json_t *parse(const clp_text *text) {
    json_error_t problem;
    json_t *root = json_loads(text->data, JSON_REJECT_DUPLICATES, &problem);
    if (!root) {
        fail_msg("line %d: %s", problem.line, problem.text);
    }
    return root;
}

/* ------------------------------------------------------------------ trace */

#define TRACKS 64

typedef struct track {
    double ends[16]; /**< of the slices open now */
    int depth;
    bool named;
} track;

static double number(const json_t *event, const char *key) {
    const json_t *value = json_object_get(event, key);
    assert_true(json_is_number(value));
    return json_number_value(value);
}

static const char *string(const json_t *event, const char *key) {
    const char *value = json_string_value(json_object_get(event, key));
    assert_non_null(value);
    return value;
}

static track *track_of(track *tracks, const json_t *event) {
    int process = (int)number(event, "pid"), thread = (int)number(event, "tid");
    assert_true(process >= 1 && process <= 2 && thread >= 1 && thread < TRACKS / 2);
    return &tracks[(process - 1) * TRACKS / 2 + thread];
}

/** Slices come by start within a track; each must lie within the one it starts in. */
static void check_slice(track *on, const json_t *event, double wall) {
    double start = number(event, "ts"), end = start + number(event, "dur");
    const double rounding = 1e-6;
    assert_true(on->named && start >= 0 && end >= start && end <= wall + rounding);
    while (on->depth && on->ends[on->depth - 1] <= start + rounding) {
        on->depth--;
    }
    assert_true(on->depth == 0 || end <= on->ends[on->depth - 1] + rounding);
    assert_true(on->depth < 16);
    on->ends[on->depth++] = end;
}

static void traces_nest(void **state) {
    (void)state;
    clproc_profile *profile = fixture_make(FIXTURE_DEFAULTS);
    clp_text text = write_report(profile, clp_trace_write);
    json_t *root = parse(&text), *event;
    size_t index, slices = 0, counters = 0, flows[3] = {0}, spans = 0, fractions = 0;
    double busy = 0;
    track tracks[TRACKS] = {{{0}, 0, false}};
    json_array_foreach(json_object_get(root, "traceEvents"), index, event) {
        const char *phase = string(event, "ph");
        track *on = track_of(tracks, event);
        switch (*phase) {
        case 'M':
            on->named = true;
            break;
        case 'X':
            check_slice(on, event, (double)profile->wall_ns / 1000);
            slices++;
            fractions += fmod(number(event, "ts"), 1) != 0;
            busy += number(event, "pid") == 2 ? number(event, "dur") : 0;
            break;
        case 'C':
            counters++;
            assert_true(json_object_size(json_object_get(event, "args")) > 0);
            break;
        default:
            assert_non_null(strchr("stf", *phase));
            flows[*phase == 's' ? 0 : *phase == 't' ? 1 : 2]++;
            assert_true(number(event, "id") < 32);
        }
    }
    for (size_t i = 0; i < profile->thread_count; i++) {
        spans += profile->threads[i].span_count;
    }
    uint64_t commands = 0;
    for (size_t i = 0; i < profile->command_count; i++) {
        commands += profile->commands[i].ended - profile->commands[i].started;
    }
    assert_int_equal(slices, spans + profile->command_count);
    assert_true(fabs(busy * 1000 - (double)commands) < 1);
    assert_true(fractions > slices / 2);
    assert_int_equal(counters, profile->memory_line_count);
    /* Every picture leads from its decoding over the four commands of its batch to its encoding. */
    assert_int_equal(flows[0], 32);
    assert_int_equal(flows[1], 32 * 4);
    assert_int_equal(flows[2], 32);
    json_decref(root);
    clp_text_free(&text);
    clp_profile_free(&profile);
}

/** Turns pictures' spans of one stage into those of another. */
static void rename_spans(clproc_profile *profile, clp_prof_stage from, clp_prof_stage to) {
    for (size_t t = 0; t < profile->thread_count; t++) {
        for (size_t i = 0; i < profile->threads[t].span_count; i++) {
            clp_profile_span *span = &profile->threads[t].spans[i];
            span->stage = span->stage == from ? to : span->stage;
        }
    }
}

/** Decoded on the device, with two outputs each: every picture's way begins and ends once. */
static void flows_begin_and_end_once(void **state) {
    (void)state;
    clproc_profile *profile = fixture_make(FIXTURE_DEFAULTS);
    rename_spans(profile, CLP_PROF_DECODE, CLP_PROF_PACK);
    rename_spans(profile, CLP_PROF_WRITE, CLP_PROF_ENCODE);
    clp_text text = write_report(profile, clp_trace_write);
    json_t *root = parse(&text), *event;
    double begins[32] = {0}, ends[32] = {0};
    size_t index, steps = 0;
    json_array_foreach(json_object_get(root, "traceEvents"), index, event) {
        const char *phase = string(event, "ph");
        if (strchr("stf", *phase)) {
            size_t image = (size_t)number(event, "id");
            double *once = *phase == 's' ? begins : *phase == 'f' ? ends : NULL;
            assert_true(image < 32 && (!once || once[image] == 0));
            steps += once == NULL;
            if (once) {
                once[image] = number(event, "ts");
            }
        }
    }
    for (size_t i = 0; i < 32; i++) {
        assert_true(begins[i] > 0 && ends[i] > begins[i]);
    }
    assert_int_equal(steps, 32 * (4 + 1));
    json_decref(root);
    clp_text_free(&text);
    clp_profile_free(&profile);
}

static void overlapping_commands_get_tracks_of_their_own(void **state) {
    (void)state;
    clproc_profile *profile = fixture_make(FIXTURE_DEFAULTS);
    for (size_t i = 0; i < profile->command_count; i++) {
        profile->commands[i].kind = CLP_COMMAND_KERNEL;
        profile->commands[i].ended += 3 * FIXTURE_MS;
    }
    profile->wall_ns += 10 * FIXTURE_MS;
    clp_text text = write_report(profile, clp_trace_write);
    json_t *root = parse(&text), *event;
    size_t index, slices = 0;
    track tracks[TRACKS] = {{{0}, 0, false}};
    json_array_foreach(json_object_get(root, "traceEvents"), index, event) {
        track *on = track_of(tracks, event);
        on->named = true;
        if (*string(event, "ph") == 'X' && number(event, "pid") == 2) {
            on->depth = on->depth && on->ends[0] <= number(event, "ts") + 1e-6 ? 0 : on->depth;
            assert_int_equal(on->depth, 0); /* device slices do not even nest: they follow */
            check_slice(on, event, (double)profile->wall_ns / 1000);
            slices++;
        }
    }
    assert_int_equal(slices, profile->command_count);
    json_decref(root);
    clp_text_free(&text);
    clp_profile_free(&profile);
}

/* ----------------------------------------------------------------- stacks */

static void collapsed_stacks_add_up(void **state) {
    (void)state;
    clproc_profile *profile = fixture_make(FIXTURE_DEFAULTS);
    clp_text text = write_report(profile, clp_folded_write);
    uint64_t sum = 0, expected = 0;
    bool nested = false;
    for (char *line = strtok(text.data, "\n"); line; line = strtok(NULL, "\n")) {
        char *space = strrchr(line, ' ');
        assert_non_null(space);
        assert_int_equal(strncmp(line, "clproc;", 7), 0);
        nested = nested || strstr(line, ";decode;metadata ");
        char *end;
        sum += strtoull(space + 1, &end, 10);
        assert_int_equal(*end, '\0');
    }
    for (size_t i = 0; i < profile->thread_count; i++) {
        expected += profile->threads[i].end - profile->threads[i].start;
    }
    for (size_t i = 0; i < profile->command_count; i++) {
        expected += profile->commands[i].ended - profile->commands[i].started;
    }
    assert_true(nested);
    assert_int_equal(sum, expected);
    clp_text_free(&text);
    clp_profile_free(&profile);
}

static void check_events(const json_t *profile, size_t frames) {
    const json_t *events = json_object_get(profile, "events"), *event;
    size_t index, depth = 0;
    double last = 0;
    size_t open[32];
    json_array_foreach(events, index, event) {
        double at = number(event, "at");
        size_t frame = (size_t)number(event, "frame");
        assert_true(at >= last && at <= number(profile, "endValue") && frame < frames);
        last = at;
        if (*string(event, "type") == 'O') {
            assert_true(depth < 32);
            open[depth++] = frame;
        } else {
            assert_true(depth > 0 && open[--depth] == frame);
        }
    }
    assert_int_equal(depth, 0);
}

static void speedscope_opens_and_closes(void **state) {
    (void)state;
    fixture_params params = FIXTURE_DEFAULTS;
    for (int trace = 0; trace < 2; trace++) {
        params.trace = trace;
        clproc_profile *profile = fixture_make(params);
        clp_text text = write_report(profile, clp_speedscope_write);
        json_t *root = parse(&text), *entry;
        size_t index,
            frames = json_array_size(json_object_get(json_object_get(root, "shared"), "frames"));
        json_array_foreach(json_object_get(root, "profiles"), index, entry) {
            if (strcmp(string(entry, "type"), "evented") == 0) {
                check_events(entry, frames);
            } else {
                assert_int_equal(json_array_size(json_object_get(entry, "samples")),
                                 json_array_size(json_object_get(entry, "weights")));
            }
        }
        assert_int_equal(index, profile->thread_count + 3);
        json_decref(root);
        clp_text_free(&text);
        clp_profile_free(&profile);
    }
}

/* ------------------------------------------------------------------ tables */

/** Fields of a CSV line; quotes are honoured. */
static int count_fields(const char **at) {
    int count = 1;
    bool quoted = false;
    for (; **at && (quoted || **at != '\n'); (*at)++) {
        quoted = quoted != (**at == '"');
        count += !quoted && **at == ',';
    }
    *at += **at == '\n';
    return count;
}

static void csv_is_rectangular(void **state) {
    (void)state;
    fixture_params params = FIXTURE_DEFAULTS;
    params.kernel = "a \"quoted\", name\nof two lines";
    clproc_profile *profile = fixture_make(params);
    clp_text text = write_report(profile, clp_csv_write);
    const char *at = text.data;
    int width = count_fields(&at), lines = 0;
    for (; *at; lines++) {
        assert_int_equal(count_fields(&at), width);
    }
    assert_int_equal(lines, 4 + 11 + 4);
    assert_non_null(strstr(text.data, "\"a \"\"quoted\"\", name\nof two lines\""));
    clp_text_free(&text);
    clp_profile_free(&profile);
}

static void prometheus_lines_are_samples(void **state) {
    (void)state;
    fixture_params params = FIXTURE_DEFAULTS;
    params.kernel = "a \"b\" \\ \xff";
    clproc_profile *profile = fixture_make(params);
    clp_text text = write_report(profile, clp_prometheus_write);
    int samples = 0;
    assert_non_null(strstr(text.data, "name=\"a \\\"b\\\" \\\\ \xEF\xBF\xBD\""));
    for (char *line = strtok(text.data, "\n"); line; line = strtok(NULL, "\n")) {
        assert_int_equal(strncmp(line, *line == '#' ? "# " : "clproc_", *line == '#' ? 2 : 7), 0);
        if (*line != '#') {
            char *end, *space = strrchr(line, ' ');
            assert_non_null(space);
            strtod(space + 1, &end);
            assert_true(end > space + 1 && *end == '\0');
            samples++;
        }
    }
    assert_true(samples > 40);
    clp_text_free(&text);
    clp_profile_free(&profile);
}

/* -------------------------------------------------------------------- page */

/** Goes through the tags; each must close what was opened last. Returns how many elements `count`
 * names. */
static int check_elements(const char *page, const char *count) {
    static const char *const empty[] = {"meta", "!DOCTYPE"};
    char open[64][16];
    int depth = 0, found = 0;
    for (const char *at = strchr(page, '<'); at; at = strchr(at, '<')) {
        char name[16] = "";
        bool closes = at[1] == '/';
        size_t length = strcspn(at + 1 + closes, " >\n");
        assert_true(length > 0 && length < sizeof name);
        memcpy(name, at + 1 + closes, length);
        const char *end = strchr(at, '>');
        assert_non_null(end);
        at = end;
        if (closes) {
            assert_true(depth > 0);
            assert_string_equal(open[--depth], name);
            continue;
        }
        found += strcmp(name, count) == 0;
        if (strcmp(name, empty[0]) == 0 || strcmp(name, empty[1]) == 0 || end[-1] == '/') {
            continue;
        }
        assert_true(depth < 64);
        memcpy(open[depth++], name, sizeof name);
        if (strcmp(name, "script") == 0 || strcmp(name, "style") == 0) {
            at = strstr(at, strcmp(name, "script") == 0 ? "</script" : "</style");
            assert_non_null(at);
        }
    }
    assert_int_equal(depth, 0);
    return found;
}

static void pages_are_whole(void **state) {
    (void)state;
    static const char *const expected[] = {
        "id=\"kernels\"",      "id=\"hotspots\"",  "id=\"timeline\"",      "id=\"flame\"",
        "id=\"memory-line\"",  "id=\"roofline\"",  "id=\"distributions\"", "id=\"builds\"",
        "&lt;script&gt;alert", "class=\"verdict\""};
    fixture_params params = FIXTURE_DEFAULTS;
    params.kernel = "</script><script>alert('&\"<!--";
    clproc_profile *profile = fixture_make(params);
    clp_text text = write_report(profile, clp_html_write);
    assert_int_equal(check_elements(text.data, "table"), 8);
    assert_int_equal(check_elements(text.data, "script"), 2);
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        assert_non_null(strstr(text.data, expected[i]));
    }
    /* Nothing is fetched: the one address is the name of SVG. */
    for (const char *at = text.data; (at = strstr(at, "http")); at++) {
        assert_int_equal(strncmp(at, "http://www.w3.org/2000/svg", 26), 0);
    }
    const char *data = strstr(text.data, "id=\"data\">");
    assert_non_null(data);
    char *end = strstr(data, "</script>");
    *end = '\0';
    json_t *root = json_loads(strchr(data, '>') + 1, 0, NULL);
    assert_non_null(root);
    json_decref(root);
    clp_text_free(&text);
    clp_profile_free(&profile);
}

/** Two devices of one name: each has its own share, in every report that has shares. */
static void devices_have_shares_of_their_own(void **state) {
    (void)state;
    clproc_profile *profile = fixture_make(FIXTURE_DEFAULTS);
    fixture_two_devices(profile);
    memcpy(profile->devices[1].name, profile->devices[0].name, sizeof profile->devices[1].name);
    clp_analysis analysis;
    assert_int_equal(clp_analysis_make(&analysis, profile, NULL), CLPROC_OK);
    assert_int_equal(analysis.device_count, 2);
    assert_string_equal(analysis.devices[0].name, "Test processor");
    assert_string_equal(analysis.devices[1].name, "Test processor (2)");
    assert_int_equal(analysis.devices[0].busy_ns, analysis.transfer_busy_ns);
    assert_int_equal(analysis.devices[1].busy_ns, analysis.kernel_busy_ns);
    assert_true(analysis.busy_ns < analysis.kernel_busy_ns + analysis.transfer_busy_ns);
    static const struct {
        writer write;
        const char *expected;
    } reports[] = {
        {clp_csv_write, "\ndevice,Test processor (2),16,"},
        {clp_html_write, "<td>Test processor (2)</td>"},
        {clp_prometheus_write, "clproc_each_device_busy_seconds{device=\"Test processor (2)\"} 0."},
        {clp_json_write, "{\"name\":\"Test processor (2)\",\"calls\":16,"},
        {clp_trace_write, "\"pid\":3,\"tid\":1,\"name\":\"process_name\",\"args\":{\"name\":\"Test "
                          "processor (2)\"}"},
        {clp_speedscope_write, "\"Test processor (2): kernels\""},
    };
    for (size_t i = 0; i < sizeof reports / sizeof *reports; i++) {
        clp_text text = write_report(profile, reports[i].write);
        assert_non_null(strstr(text.data, reports[i].expected));
        clp_text_free(&text);
        profile->device_count = 1;
        text = write_report(profile, reports[i].write);
        assert_null(strstr(text.data, "Test processor"));
        clp_text_free(&text);
        profile->device_count = 2;
    }
    clp_text text = write_report(profile, clp_csv_write);
    const char *at = text.data;
    for (int width = count_fields(&at); *at;) {
        assert_int_equal(count_fields(&at), width);
    }
    clp_text_free(&text);
    clp_analysis_free(&analysis);
    clp_profile_free(&profile);
}

static void empty_profiles_make_every_report(void **state) {
    (void)state;
    static const writer writers[] = {clp_trace_write, clp_speedscope_write, clp_folded_write,
                                     clp_csv_write,   clp_prometheus_write, clp_html_write};
    clproc_profile *empty = fixture_room(1, sizeof *empty);
    for (size_t i = 0; i < sizeof writers / sizeof writers[0]; i++) {
        clp_text text = write_report(empty, writers[i]);
        clp_text_free(&text);
    }
    clp_profile_free(&empty);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(traces_nest),
        cmocka_unit_test(flows_begin_and_end_once),
        cmocka_unit_test(overlapping_commands_get_tracks_of_their_own),
        cmocka_unit_test(collapsed_stacks_add_up),
        cmocka_unit_test(speedscope_opens_and_closes),
        cmocka_unit_test(csv_is_rectangular),
        cmocka_unit_test(prometheus_lines_are_samples),
        cmocka_unit_test(pages_are_whole),
        cmocka_unit_test(devices_have_shares_of_their_own),
        cmocka_unit_test(empty_profiles_make_every_report),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
