#include "stress/analyse.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

#include "core/file.h"
#include "core/memory.h"
#include "device/device.h"
#include "report/findings.h"

/* ------------------------------------------------------------------ figures */

/** "-34 %", what a ratio of times means for the time. */
static const char *change_of(char buffer[CLP_UNIT_SIZE + 2], double ratio) {
    char plain[CLP_UNIT_SIZE];
    snprintf(buffer, CLP_UNIT_SIZE + 2, "%s%s", ratio <= 1 ? "-" : "+",
             clp_unit_percent(plain, fabs(ratio - 1)));
    return buffer;
}

static const char *seconds_of(char buffer[CLP_UNIT_SIZE], double seconds) {
    return clp_unit_time(buffer, seconds * 1e9);
}

/** "12.3 ×" */
static const char *times_of(char buffer[CLP_UNIT_SIZE + 4], double before, double after) {
    char digits[CLP_UNIT_SIZE];
    snprintf(buffer, CLP_UNIT_SIZE + 4, "%s ×",
             clp_unit_digits(digits, after > 0 ? before / after : 0));
    return buffer;
}

/** A gain in the words and figures that tables and sentences share. */
typedef struct gain_text {
    char change[CLP_UNIT_SIZE + 2], interval[2 * CLP_UNIT_SIZE + 8], chance[CLP_UNIT_SIZE];
    const char *verdict;
} gain_text;

/** Whether runs are enough to call any change significant. */
static bool can_tell(const clp_experiment *experiment) {
    return experiment->rounds >= CLP_LEAST_ROUNDS;
}

static gain_text describe(const clp_experiment *experiment, const clp_gain *gain) {
    gain_text text;
    char low[CLP_UNIT_SIZE + 2], high[CLP_UNIT_SIZE + 2];
    change_of(text.change, gain->ratio);
    snprintf(text.interval, sizeof text.interval, "%s to %s", change_of(low, gain->low),
             change_of(high, gain->high));
    clp_unit_percent(text.chance, gain->same);
    text.verdict = !can_tell(experiment) ? "too few runs to tell"
                   : !gain->significant  ? "not significant"
                   : gain->ratio < 1     ? "faster"
                                         : "slower";
    return text;
}

/* -------------------------------------------------------------------- parts */

static void write_facts(clp_document *document, const clp_experiment *experiment) {
    const clproc_profile *profile = clp_experiment_step(experiment, 0)->typical;
    static const char *const shown[] = {CLP_FACT_DEVICE, "platform",       "driver",
                                        "version",       CLP_FACT_VERSION, "jobs"};
    char number[80];
    clp_document_section(document, "What was run, and where");
    CLP_DOCUMENT_TABLE(document, "fact", "value");
    CLP_DOCUMENT_ROW(document, "pipeline", experiment->pipeline);
    snprintf(number, sizeof number, "%zu %s (%zu offered)", experiment->images,
             experiment->samples ? "samples" : "pictures", experiment->offered);
    CLP_DOCUMENT_ROW(document, "images of a run", number);
    char pixels[CLP_UNIT_SIZE];
    clp_unit_count(pixels, (double)profile->counters[CLP_COUNTER_PIXELS_IN]);
    CLP_DOCUMENT_ROW(document, "pixels of them together", pixels);
    snprintf(number, sizeof number, "%zu", experiment->rounds);
    CLP_DOCUMENT_ROW(document, "runs of each strategy", number);
    snprintf(number, sizeof number, "%u", profile->cores);
    CLP_DOCUMENT_ROW(document, "cores", number);
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++) {
        const char *value = clp_profile_fact_value(
            clp_experiment_step(experiment, experiment->switch_count)->typical, shown[i]);
        if (value) {
            CLP_DOCUMENT_ROW(document, shown[i], value);
        }
    }
    clp_document_table_end(document);
}

/** The runs of a chain of trials, `first` being what all are compared with. */
static void write_chart(clp_document *document, const char *title, const clp_trial *const *trials,
                        const char (*labels)[40], size_t count) {
    clp_bar bars[CLP_MAX_SWITCHES + 1];
    char figures[CLP_MAX_SWITCHES + 1][CLP_UNIT_SIZE];
    for (size_t i = 0; i < count; i++) {
        bars[i] = (clp_bar){.label = labels[i],
                            .figure = seconds_of(figures[i], trials[i]->median),
                            .parts = &trials[i]->median,
                            .least = trials[i]->least,
                            .most = trials[i]->most};
    }
    clp_document_chart(document, title, bars, count, NULL, 1);
}

static void gain_row(clp_document *document, const clp_experiment *experiment, const char *name,
                     const clp_trial *before, const clp_trial *after) {
    const clp_trial *naive = clp_experiment_step(experiment, 0);
    clp_gain gain = clp_experiment_gain(experiment, before, after);
    gain_text text = describe(experiment, &gain);
    char median[CLP_UNIT_SIZE], processor[CLP_UNIT_SIZE], least[CLP_UNIT_SIZE], most[CLP_UNIT_SIZE],
        times[CLP_UNIT_SIZE + 4], range[2 * CLP_UNIT_SIZE + 8];
    snprintf(range, sizeof range, "%s to %s", seconds_of(least, after->least),
             seconds_of(most, after->most));
    bool first = before == after;
    CLP_DOCUMENT_ROW(document, name, seconds_of(median, after->median), range,
                     seconds_of(processor, after->processor), first ? "-" : text.change,
                     first ? "-" : text.interval, first ? "-" : text.chance,
                     first ? "-" : text.verdict, times_of(times, naive->median, after->median));
}

#define GAIN_HEADS(versus)                                                                         \
    "strategy", "median", "least to most", "processor", versus, "95 % interval", "p-value",        \
        "verdict", "naive ÷ this"

static void write_steps(clp_document *document, const clp_experiment *experiment) {
    const clp_trial *trials[CLP_MAX_SWITCHES + 1];
    char labels[CLP_MAX_SWITCHES + 1][40] = {"naive"};
    size_t count = experiment->switch_count + 1;
    clp_document_section(document, "One after another");
    trials[0] = clp_experiment_step(experiment, 0);
    for (size_t i = 1; i < count; i++) {
        trials[i] = clp_experiment_step(experiment, i);
        snprintf(labels[i], sizeof labels[i], "+ %s", experiment->switches[i - 1].name);
    }
    write_chart(
        document,
        "Wall time of a run, each optimisation added to those above it. Bars are medians, lines go "
        "from the shortest to the longest run. The table also has the processor time of all cores.",
        trials, labels, count);
    CLP_DOCUMENT_TABLE(document, GAIN_HEADS("to step before"));
    for (size_t i = 0; i < count; i++) {
        gain_row(document, experiment, labels[i], trials[i ? i - 1 : 0], trials[i]);
    }
    gain_row(document, experiment, "all, against naive", trials[0], trials[count - 1]);
    clp_document_table_end(document);
}

static void write_alone(clp_document *document, const clp_experiment *experiment) {
    const clp_trial *trials[CLP_MAX_SWITCHES + 1];
    char labels[CLP_MAX_SWITCHES + 1][40] = {"naive"};
    size_t count = experiment->switch_count + 1;
    clp_document_section(document, "Each alone");
    trials[0] = clp_experiment_step(experiment, 0);
    for (size_t i = 1; i < count; i++) {
        trials[i] = clp_experiment_alone(experiment, i - 1);
        snprintf(labels[i], sizeof labels[i], "%s", experiment->switches[i - 1].name);
    }
    write_chart(
        document,
        "Wall time of a run with one optimisation and no other. One that helps here and not "
        "above does what others do as well; one that helps above and not here needs them.",
        trials, labels, count);
    CLP_DOCUMENT_TABLE(document, GAIN_HEADS("to naive"));
    for (size_t i = 0; i < count; i++) {
        gain_row(document, experiment, labels[i], trials[0], trials[i]);
    }
    clp_document_table_end(document);
}

/** "Most of the working time (1.2 s, 34 % of the run) goes to decode." */
static void write_most(clp_document *document, const clp_trial *trial) {
    const clp_part *most = clp_hotspots_most(trial);
    char a[CLP_UNIT_SIZE], b[CLP_UNIT_SIZE], sentence[300];
    if (most) {
        snprintf(sentence, sizeof sentence, "Most work goes into \"%s\": %s, %s of the run.",
                 most->name, clp_unit_time(a, (double)most->busy_ns),
                 clp_unit_percent(b, (double)most->busy_ns / (double)trial->typical->wall_ns));
        clp_document_paragraph(document, sentence);
    }
}

static void write_hotspots(clp_document *document, const char *title, const clp_trial *trial) {
    clp_document_section(document, title);
    write_most(document, trial);
    clp_hotspots_table(document, trial);
    clp_hotspots_kernels(document, trial);
}

static void write_changes(clp_document *document, const clp_experiment *experiment) {
    char title[60], sentence[600];
    clp_document_section(document, "Step by step");
    for (size_t i = 1; i <= experiment->switch_count; i++) {
        const clproc_strategy_info *one = &experiment->switches[i - 1];
        const clp_trial *before = clp_experiment_step(experiment, i - 1),
                        *after = clp_experiment_step(experiment, i);
        clp_gain gain = clp_experiment_gain(experiment, before, after);
        gain_text text = describe(experiment, &gain);
        snprintf(title, sizeof title, "%zu. %s", i, one->name);
        clp_document_heading(document, title);
        snprintf(
            sentence, sizeof sentence,
            "Before, clproc %s; now it %s. Time of the run: %s (95 %% interval %s, p-value %s): "
            "%s.",
            one->without, one->with, text.change, text.interval, text.chance, text.verdict);
        clp_document_paragraph(document, sentence);
        clp_hotspots_change(document, before, after);
    }
}

/** What could be gained still, from the part that would save most. */
static void write_left(clp_document *document, const clp_experiment *experiment) {
    const clp_trial *last = clp_experiment_step(experiment, experiment->switch_count);
    const clp_analysis *analysis = &last->analysis;
    double wall = (double)last->typical->wall_ns;
    char a[CLP_UNIT_SIZE], b[CLP_UNIT_SIZE], sentence[400];
    write_hotspots(document, "What is left", last);
    if (analysis->part_count > 0 && analysis->parts[0].half_ns > 0) {
        snprintf(
            sentence, sizeof sentence,
            "A faster \"%s\" would help most: twice as fast, it would save at most %s, %s of the "
            "run.",
            analysis->parts[0].name, clp_unit_time(a, analysis->parts[0].half_ns),
            clp_unit_percent(b, analysis->parts[0].half_ns / wall));
        clp_document_paragraph(document, sentence);
    }
    CLP_DOCUMENT_TABLE(document, "rest", "time", "of the run");
    CLP_DOCUMENT_ROW(document, "the run less the work of its busiest part",
                     clp_unit_time(a, analysis->slack_ns),
                     clp_unit_percent(b, analysis->slack_ns / wall));
    clp_document_table_end(document);
}

static void write_method(clp_document *document, const clp_experiment *experiment) {
    char sentence[700], a[CLP_UNIT_SIZE];
    clp_document_section(document, "How it was measured");
    snprintf(
        sentence, sizeof sentence,
        "Every strategy ran once on one picture, to build kernels and fill caches, and then %zu "
        "times in rounds, each in another random order; %s in all. A run is a process of its "
        "own, timed from its start: loading OpenCL, opening the device, reading and writing "
        "files are part of it. Tables of parts are of the run nearest to the median, profiled at "
        "summary level. Processor time is the median of all cores together; other programs on the "
        "machine lengthen it far less than wall time.",
        experiment->rounds, seconds_of(a, experiment->seconds));
    clp_document_paragraph(document, sentence);
    if (!can_tell(experiment)) {
        clp_document_paragraph(document,
                               "So few runs cannot tell a change from chance, however large it is; "
                               "more --seconds or smaller pictures allow for more.");
    }
    clp_document_paragraph(
        document,
        "The p-value is that of a two-sided Mann-Whitney U test: how often chance alone gives such "
        "a "
        "difference. Below 5 % a change counts as significant. It is not corrected for the number "
        "of comparisons: of twenty changes without effect, one falls below 5 % on average. "
        "Intervals are those of the ratio of medians, by bootstrap. What a faster part would save "
        "is an upper bound, since other parts may then limit the run.");
}

void clp_analyse_write(clp_document *document, const clp_experiment *experiment) {
    const clp_trial *naive = clp_experiment_step(experiment, 0),
                    *best = clp_experiment_step(experiment, experiment->switch_count);
    char verdict[400], a[CLP_UNIT_SIZE], b[CLP_UNIT_SIZE], times[CLP_UNIT_SIZE + 4];
    bool significant = clp_experiment_gain(experiment, naive, best).significant;
    snprintf(verdict, sizeof verdict, "%zu %s: naive %s, all optimisations %s: %s as fast%s",
             experiment->images, experiment->samples ? "samples" : "pictures",
             seconds_of(a, naive->median), seconds_of(b, best->median),
             times_of(times, naive->median, best->median),
             significant            ? ""
             : can_tell(experiment) ? ", a difference that is not significant"
                                    : ", but there were too few runs to tell that from chance");
    clp_document_begin(document, "What each optimisation is worth", verdict);
    write_facts(document, experiment);
    write_steps(document, experiment);
    write_alone(document, experiment);
    write_hotspots(document, "Hotspots before", naive);
    write_changes(document, experiment);
    write_left(document, experiment);
    clp_document_section(document, "Where the work went");
    clp_hotspots_chart(document, experiment);
    write_method(document, experiment);
    clp_document_end(document);
}

/* --------------------------------------------------------------- public API */

void clproc_analyse_params_init(clproc_analyse_params *params) {
    *params = (clproc_analyse_params){.seconds = 240};
    clproc_run_params_init(&params->run);
}

/** The folder must be there before minutes of measuring. */
static clproc_status check(const clproc_analyse_params *params, clproc_error *error) {
    const char *folder = params ? params->run.output : NULL;
    if (!folder || !folder[0]) {
        return clp_error_set(error, CLPROC_ERROR_ARGUMENT, "no output folder given");
    }
    if (!(params->seconds > 0)) {
        return clp_error_set(error, CLPROC_ERROR_ARGUMENT, "%g seconds are not enough",
                             params->seconds);
    }
    clproc_status status = clp_file_make_folder(folder, error);
    if (status == CLPROC_OK && access(folder, W_OK | X_OK) != 0) {
        status = clp_error_set_file(error, CLPROC_ERROR_IO, folder,
                                    "cannot be written to; name another folder");
    }
    return status;
}

static clproc_status save(const clp_text *text, const char *folder, const char *name,
                          clproc_error *error) {
    char path[4096];
    int length = snprintf(path, sizeof path, "%s/%s", folder, name);
    if (length < 0 || (size_t)length >= sizeof path) {
        return clp_error_set_file(error, CLPROC_ERROR_IO, folder, "this name is too long");
    }
    return clp_text_to_file(text, path, error);
}

clproc_status clproc_analyse(const clproc_analyse_params *params, clproc_error *error) {
    clp_document document = {0};
    clproc_status status;
    clp_experiment *experiment = clp_memory_zero(CLP_MEMORY_REPORT, 1, sizeof *experiment);
    if (!experiment) {
        return clp_error_memory(error, "an analysis", sizeof *experiment);
    }
    clp_experiment_init(experiment);
    CLP_TRY(status, out, check(params, error));
    CLP_TRY(status, out, clp_experiment_run(experiment, params, error));
    clp_analyse_write(&document, experiment);
    CLP_TRY(status, out, save(&document.markdown, params->run.output, "analysis.md", error));
    CLP_TRY(status, out, save(&document.html, params->run.output, "analysis.html", error));
out:
    clp_document_free(&document);
    clp_experiment_free(experiment);
    clp_memory_free(experiment);
    /* A program that is stopped does not come to exit(). */
    if (params && params->run.only_run && status == CLPROC_ERROR_CANCELLED) {
        clp_devices_leave();
    }
    return status;
}
