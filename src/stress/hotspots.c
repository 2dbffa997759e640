#include <math.h>
#include <string.h>

#include "stress/analyse.h"

/** Parts below this share of either run are left out of comparisons. */
#define LITTLE 0.01
#define KERNELS 12
/** Parts with a colour of their own; the rest is one more. */
#define CHARTED 7

static double wall_ns(const clp_trial *trial) {
    return (double)trial->typical->wall_ns;
}

const clp_part *clp_hotspots_most(const clp_trial *trial) {
    const clp_part *most = NULL;
    for (size_t i = 0; i < trial->analysis.part_count; i++) {
        const clp_part *part = &trial->analysis.parts[i];
        most = !most || part->busy_ns > most->busy_ns ? part : most;
    }
    return most;
}

static const clp_part *find(const clp_trial *trial, const char *name) {
    for (size_t i = 0; i < trial->analysis.part_count; i++) {
        if (strcmp(trial->analysis.parts[i].name, name) == 0) {
            return &trial->analysis.parts[i];
        }
    }
    return NULL;
}

static double busy(const clp_trial *trial, const char *name) {
    const clp_part *part = find(trial, name);
    return part ? (double)part->busy_ns : 0;
}

/** "123 ms, 4.5 %" of the run. */
static const char *of_run(char *buffer, size_t size, const clp_trial *trial, double ns) {
    char a[CLP_UNIT_SIZE], b[CLP_UNIT_SIZE];
    snprintf(buffer, size, "%s, %s", clp_unit_time(a, ns),
             clp_unit_percent(b, ns / wall_ns(trial)));
    return buffer;
}

void clp_hotspots_table(clp_document *document, const clp_trial *trial) {
    char half[80], all[80], work[CLP_UNIT_SIZE], share[CLP_UNIT_SIZE];
    CLP_DOCUMENT_TABLE(document, "part", "working time", "of the run", "saved if twice as fast",
                       "saved if infinitely fast");
    for (size_t i = 0; i < trial->analysis.part_count; i++) {
        const clp_part *part = &trial->analysis.parts[i];
        double ns = (double)part->busy_ns;
        if (ns < LITTLE * wall_ns(trial)) {
            continue;
        }
        CLP_DOCUMENT_ROW(document, part->name, clp_unit_time(work, ns),
                         clp_unit_percent(share, ns / wall_ns(trial)),
                         of_run(half, sizeof half, trial, part->half_ns),
                         of_run(all, sizeof all, trial, part->saving_ns));
    }
    clp_document_table_end(document);
}

void clp_hotspots_kernels(clp_document *document, const clp_trial *trial) {
    const clp_analysis *analysis = &trial->analysis;
    char calls[CLP_UNIT_SIZE], time[CLP_UNIT_SIZE], share[CLP_UNIT_SIZE], bytes[CLP_UNIT_SIZE],
        work[CLP_UNIT_SIZE];
    CLP_DOCUMENT_TABLE(document, "command of the device", "calls", "time", "of the device's time",
                       "bytes moved", "multiply-adds");
    for (size_t i = 0; i < analysis->command_count && i < KERNELS; i++) {
        const clp_command_row *row = &analysis->commands[i];
        double ns = (double)row->total_ns, all = (double)analysis->command_ns;
        snprintf(calls, sizeof calls, "%llu", (unsigned long long)row->calls);
        CLP_DOCUMENT_ROW(document, row->name, calls, clp_unit_time(time, ns),
                         clp_unit_percent(share, all > 0 ? ns / all : 0),
                         clp_unit_bytes(bytes, (double)row->bytes),
                         clp_unit_count(work, (double)row->operations));
    }
    clp_document_table_end(document);
}

static void change_row(clp_document *document, const char *name, double before, double after) {
    char a[CLP_UNIT_SIZE], b[CLP_UNIT_SIZE], plain[CLP_UNIT_SIZE],
        change[CLP_UNIT_SIZE + 2] = "new";
    if (before > 0) {
        snprintf(change, sizeof change, "%s%s", after < before ? "-" : "+",
                 clp_unit_percent(plain, fabs(after / before - 1)));
    }
    CLP_DOCUMENT_ROW(document, name, clp_unit_time(a, before), clp_unit_time(b, after), change);
}

void clp_hotspots_change(clp_document *document, const clp_trial *before, const clp_trial *after) {
    double little = LITTLE * fmin(wall_ns(before), wall_ns(after));
    CLP_DOCUMENT_TABLE(document, "part, working time of all threads", "before", "after", "change");
    for (size_t i = 0; i < before->analysis.part_count; i++) {
        const clp_part *part = &before->analysis.parts[i];
        double now = busy(after, part->name);
        if ((double)part->busy_ns >= little || now >= little) {
            change_row(document, part->name, (double)part->busy_ns, now);
        }
    }
    for (size_t i = 0; i < after->analysis.part_count; i++) {
        const clp_part *part = &after->analysis.parts[i];
        if (!find(before, part->name) && (double)part->busy_ns >= little) {
            change_row(document, part->name, 0, (double)part->busy_ns);
        }
    }
    change_row(document, "the run, on the clock", wall_ns(before), wall_ns(after));
    clp_document_table_end(document);
}

/** Fills `names` with the parts that weigh most in any step. */
static size_t choose_parts(const clp_experiment *experiment, const char *names[CHARTED]) {
    double weights[CHARTED] = {0};
    size_t count = 0;
    for (int stage = -1; stage < CLP_PROF_STAGE_COUNT; stage++) {
        const char *name = NULL;
        double weight = 0;
        for (size_t i = 0; i <= experiment->switch_count; i++) {
            const clp_analysis *analysis = &clp_experiment_step(experiment, i)->analysis;
            for (size_t k = 0; k < analysis->part_count; k++) {
                const clp_part *part = &analysis->parts[k];
                if (part->device ? stage < 0 : (int)part->stage == stage) {
                    name = part->name;
                    weight = fmax(weight, (double)part->busy_ns);
                }
            }
        }
        size_t at = count;
        while (name && at > 0 && weights[at - 1] < weight) {
            at--;
        }
        if (!name || at == CHARTED) {
            continue;
        }
        count += count < CHARTED;
        for (size_t k = count - 1; k > at; k--) {
            names[k] = names[k - 1];
            weights[k] = weights[k - 1];
        }
        names[at] = name;
        weights[at] = weight;
    }
    return count;
}

static const char *step_name(const clp_experiment *experiment, size_t step, char *text,
                             size_t size) {
    snprintf(text, size, "%s%s", step ? "+ " : "naive",
             step ? experiment->switches[step - 1].name : "");
    return text;
}

void clp_hotspots_chart(clp_document *document, const clp_experiment *experiment) {
    const char *names[CHARTED + 1];
    double parts[CLP_MAX_SWITCHES + 1][CHARTED + 1];
    char labels[CLP_MAX_SWITCHES + 1][40], figures[CLP_MAX_SWITCHES + 1][CLP_UNIT_SIZE];
    clp_bar bars[CLP_MAX_SWITCHES + 1];
    size_t steps = experiment->switch_count + 1, count = choose_parts(experiment, names);
    for (size_t i = 0; i < steps; i++) {
        const clp_trial *trial = clp_experiment_step(experiment, i);
        double rest = 0, sum = 0;
        for (size_t k = 0; k < trial->analysis.part_count; k++) {
            rest += (double)trial->analysis.parts[k].busy_ns;
        }
        sum = rest;
        for (size_t k = 0; k < count; k++) {
            parts[i][k] = busy(trial, names[k]);
            rest -= parts[i][k];
        }
        parts[i][count] = fmax(0, rest);
        bars[i] = (clp_bar){.label = step_name(experiment, i, labels[i], sizeof labels[i]),
                            .figure = clp_unit_time(figures[i], sum),
                            .parts = parts[i]};
    }
    names[count] = "all else";
    clp_document_chart(document,
                       "Working time of all threads and of the device, summed, by part. Parts "
                       "that run side by side take less on the clock than their sum.",
                       bars, steps, names, count + 1);
    CLP_DOCUMENT_TABLE(document, "step", "working time, summed");
    for (size_t i = 0; i < steps; i++) {
        CLP_DOCUMENT_ROW(document, labels[i], figures[i]);
    }
    clp_document_table_end(document);
}
