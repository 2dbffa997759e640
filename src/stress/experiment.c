#include "stress/experiment.h"

#include <math.h>
#include <string.h>

#include "core/clock.h"
#include "core/event.h"
#include "samples/noise.h"
#include "stress/child.h"
#include "stress/pictures.h"

#define MOST_ROUNDS 15
/** Where runs take longer than a try of them did, there are fewer rounds rather than no end. */
#define LATEST 1.2
#define SIGNIFICANT 0.05
#define SAMPLES 6
#define SAMPLE_WIDTH 3000
#define SAMPLE_HEIGHT 2000

/* ------------------------------------------------------------------ trials */

static clp_trial *add(clp_experiment *experiment, uint32_t strategy) {
    clp_trial *trial = &experiment->trials[experiment->trial_count++];
    *trial = (clp_trial){.strategy = strategy};
    return trial;
}

void clp_experiment_init(clp_experiment *experiment) {
    uint32_t strategy = CLPROC_STRATEGY_NAIVE;
    memset(experiment, 0, sizeof *experiment);
    while (experiment->switch_count < CLP_MAX_SWITCHES &&
           clproc_strategy_at(experiment->switch_count).name) {
        experiment->switches[experiment->switch_count] =
            clproc_strategy_at(experiment->switch_count);
        experiment->switch_count++;
    }
    add(experiment, strategy);
    for (size_t i = 0; i < experiment->switch_count; i++) {
        strategy |= experiment->switches[i].bit;
        add(experiment, strategy);
    }
    /* The first switch alone is the first step. */
    for (size_t i = 1; i < experiment->switch_count; i++) {
        add(experiment, experiment->switches[i].bit);
    }
}

const clp_trial *clp_experiment_step(const clp_experiment *experiment, size_t count) {
    return &experiment->trials[count];
}

const clp_trial *clp_experiment_alone(const clp_experiment *experiment, size_t index) {
    return &experiment->trials[index == 0 ? 1 : experiment->switch_count + index];
}

clp_gain clp_experiment_gain(const clp_experiment *experiment, const clp_trial *before,
                             const clp_trial *after) {
    double scratch[2 * CLP_MAX_ROUNDS];
    size_t rounds = experiment->rounds;
    clp_gain gain = {.ratio = before->median > 0 ? after->median / before->median : 1};
    clp_stats_ratio_interval(before->walls, rounds, after->walls, rounds, scratch, &gain.low,
                             &gain.high);
    gain.same = clp_stats_same(before->walls, rounds, after->walls, rounds, scratch);
    gain.significant = gain.same < SIGNIFICANT;
    return gain;
}

void clp_experiment_free(clp_experiment *experiment) {
    for (size_t i = 0; i < experiment->trial_count; i++) {
        clp_trial *trial = &experiment->trials[i];
        clp_analysis_free(&trial->analysis);
        for (size_t r = 0; r < CLP_MAX_ROUNDS; r++) {
            clproc_profile_destroy(&trial->profiles[r]);
        }
    }
}

/* ----------------------------------------------------------------- measuring */

typedef struct bench {
    clp_experiment *experiment;
    const clproc_analyse_params *params;
    clproc_run_params run;
    clp_scratch scratch;
    char output[sizeof((clp_scratch *)0)->path + 32];
    clp_pictures pictures;
    clproc_pipeline *pipeline;                        /**< of our own, where the caller has none */
    char report[sizeof((clp_scratch *)0)->path + 32]; /**< file of a run's profile */
    uint64_t done;
} bench;

/** Passes on what a run had to say, once, or how many pictures all runs have processed so far. */
static void tell(bench *b, clproc_event_kind kind, const char *message) {
    clp_event_tell(
        (clproc_event){
            .kind = kind, .message = message, .done = b->done, .total = b->done, .listing = true},
        b->params->run.on_event, b->params->run.user);
}

/** One run, from the start of its process to its end. */
static clproc_status measure(bench *b, const clp_trial *trial, size_t images, double *seconds,
                             clproc_profile **profile, clproc_error *error) {
    clp_child child;
    b->run.strategy = trial->strategy;
    b->run.input_count = images;
    clproc_status status = clp_child_run(&child, &b->run, b->report, profile, error);
    if (status == CLPROC_OK && child.result.failed > 0) {
        status = clp_error_set(error, CLPROC_ERROR_INPUT,
                               "a picture cannot be processed, so runs cannot be compared: %s; "
                               "leave it out",
                               child.problem);
    }
    *seconds = child.seconds;
    if (status == CLPROC_OK) {
        if (b->done == 0 && child.notice[0]) {
            tell(b, CLPROC_EVENT_NOTICE, child.notice);
        }
        for (uint64_t i = 0; i < child.result.written; i++) {
            b->done++;
            tell(b, CLPROC_EVENT_DONE, "");
        }
    }
    return status;
}

/** Runs every trial with one picture, so that kernels are built and files cached, then the naive
 * one again: seconds it takes for a picture. */
static clproc_status warm_up(bench *b, double *naive, clproc_error *error) {
    const clp_experiment *experiment = b->experiment;
    clproc_status status = CLPROC_OK;
    for (size_t i = 0; status == CLPROC_OK && i <= experiment->trial_count; i++) {
        const clp_trial *trial = &experiment->trials[i % experiment->trial_count];
        clproc_profile *unwanted = NULL;
        status = measure(b, trial, 1, naive, &unwanted, error);
        clproc_profile_destroy(&unwanted);
    }
    return status;
}

/** How many pictures a run can have so that enough rounds fit into the time. */
static size_t choose_images(const bench *b, double naive) {
    double round = naive * 0.6 * (double)b->experiment->trial_count;
    double fit = floor(b->params->seconds / (CLP_LEAST_ROUNDS * round));
    double all = (double)b->pictures.count;
    return (size_t)fmax(2, fmin(fit, all));
}

/** An order of trials, another one for each seed: how long a run takes also depends on what the one
 * before it has left behind, as on how many huge pages are free. */
static void shuffle(size_t *order, size_t count, uint32_t seed) {
    clp_dice dice = {seed};
    for (size_t i = 0; i < count; i++) {
        size_t place = (size_t)clp_dice_roll(&dice, 0, (int32_t)i);
        order[i] = i;
        size_t moved = order[place];
        order[place] = i;
        order[i] = moved;
    }
}

static clproc_status run_round(bench *b, size_t round, clproc_error *error) {
    clp_experiment *experiment = b->experiment;
    clproc_status status = CLPROC_OK;
    size_t order[2 * CLP_MAX_SWITCHES];
    shuffle(order, experiment->trial_count, (uint32_t)round);
    for (size_t i = 0; status == CLPROC_OK && i < experiment->trial_count; i++) {
        clp_trial *trial = &experiment->trials[order[i]];
        status = measure(b, trial, experiment->images, &trial->walls[round],
                         &trial->profiles[round], error);
    }
    return status;
}

static clproc_status run_rounds(bench *b, uint64_t start, clproc_error *error) {
    clp_experiment *experiment = b->experiment;
    clproc_status status = CLPROC_OK;
    double longest = 0;
    for (size_t round = 0; round < MOST_ROUNDS; round++) {
        double begun = (double)(clp_clock_ns() - start) / 1e9;
        double end = begun + longest;
        if ((round >= CLP_LEAST_ROUNDS && end > b->params->seconds) ||
            (round >= 2 && end > LATEST * b->params->seconds)) {
            break;
        }
        CLP_TRY(status, out, run_round(b, round, error));
        longest = fmax(longest, (double)(clp_clock_ns() - start) / 1e9 - begun);
        experiment->rounds++;
    }
out:
    return status;
}

static clp_stats stats_of(const double *values, size_t count) {
    double sorted[CLP_MAX_ROUNDS];
    memcpy(sorted, values, count * sizeof *sorted);
    clp_stats_sort(sorted, count);
    return clp_stats_of(sorted, count);
}

static clproc_status summarise(clp_experiment *experiment, clp_trial *trial, clproc_error *error) {
    double processor[CLP_MAX_ROUNDS] = {0};
    size_t nearest = 0;
    clp_stats stats = stats_of(trial->walls, experiment->rounds);
    for (size_t i = 0; i < experiment->rounds; i++) {
        const clproc_profile *profile = trial->profiles[i];
        processor[i] = (double)(profile->user_ns + profile->system_ns) / 1e9;
    }
    trial->processor = stats_of(processor, experiment->rounds).p50;
    trial->median = stats.p50;
    trial->least = stats.min;
    trial->most = stats.max;
    for (size_t i = 1; i < experiment->rounds; i++) {
        if (fabs(trial->walls[i] - stats.p50) < fabs(trial->walls[nearest] - stats.p50)) {
            nearest = i;
        }
    }
    trial->typical = trial->profiles[nearest];
    return clp_analysis_make(&trial->analysis, trial->typical, error);
}

/* --------------------------------------------------------------- preparing */

static clproc_status find_pictures(bench *b, clproc_error *error) {
    const clproc_run_params *run = &b->params->run;
    char folder[sizeof b->output];
    clproc_samples_params samples;
    if (run->input_count > 0) {
        return clp_pictures_find(&b->pictures, run, 10000, error);
    }
    clproc_samples_params_init(&samples);
    snprintf(folder, sizeof folder, "%s/samples", b->scratch.path);
    samples.output = folder;
    samples.count = SAMPLES;
    samples.width = SAMPLE_WIDTH;
    samples.height = SAMPLE_HEIGHT;
    samples.kind = CLPROC_SAMPLES_PHOTO;
    samples.cancel = run->cancel;
    return clp_pictures_make(&b->pictures, run, &samples, error);
}

static clproc_status prepare(bench *b, clproc_error *error) {
    const clproc_run_params *run = &b->params->run;
    clproc_status status;
    b->run = *run;
    CLP_TRY(status, out, clp_scratch_make(&b->scratch, error));
    CLP_TRY(status, out, find_pictures(b, error));
    if (b->pictures.count < 2) {
        CLP_TRY(status, out, clp_pictures_repeat(&b->pictures, 2, error));
    }
    if (!run->pipeline || clproc_pipeline_length(run->pipeline) == 0) {
        CLP_TRY(status, out, clproc_pipeline_create(&b->pipeline, error));
        CLP_TRY(status, out, clproc_pipeline_parse(b->pipeline, CLPROC_ANALYSE_PIPELINE, error));
        b->run.pipeline = b->pipeline;
    }
    clproc_pipeline_print(b->run.pipeline, b->experiment->pipeline, sizeof b->experiment->pipeline);
    snprintf(b->output, sizeof b->output, "%s/results/{index}.{ext}", b->scratch.path);
    snprintf(b->report, sizeof b->report, "%s/profile.json", b->scratch.path);
    b->run.inputs = b->pictures.paths;
    b->run.output = b->output;
    b->run.profile = CLPROC_PROFILE_SUMMARY;
    b->run.on_event = NULL;
    b->run.only_run = false; /* of this process */
    b->experiment->offered = b->pictures.own_count;
    b->experiment->samples = run->input_count == 0;
out:
    return status;
}

clproc_status clp_experiment_run(clp_experiment *experiment, const clproc_analyse_params *params,
                                 clproc_error *error) {
    uint64_t start = clp_clock_ns();
    bench b = {.experiment = experiment, .params = params};
    clproc_status status;
    double naive = 0;
    CLP_TRY(status, out, prepare(&b, error));
    CLP_TRY(status, out, warm_up(&b, &naive, error));
    experiment->images = choose_images(&b, naive);
    CLP_TRY(status, out, run_rounds(&b, start, error));
    for (size_t i = 0; i < experiment->trial_count; i++) {
        CLP_TRY(status, out, summarise(experiment, &experiment->trials[i], error));
    }
out:
    experiment->seconds = (double)(clp_clock_ns() - start) / 1e9;
    clproc_pipeline_destroy(&b.pipeline);
    clp_pictures_free(&b.pictures);
    clp_scratch_remove(&b.scratch);
    return status;
}
