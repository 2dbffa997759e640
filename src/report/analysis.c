#include "report/analysis.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *clp_command_kind_name(clp_command_kind kind) {
    static const char *const names[] = {[CLP_COMMAND_KERNEL] = "kernel",
                                        [CLP_COMMAND_UPLOAD] = "upload",
                                        [CLP_COMMAND_READBACK] = "readback"};
    return names[kind];
}

double clp_analysis_of_wall(const clp_analysis *analysis, double ns) {
    uint64_t wall = analysis->profile->wall_ns;
    return wall ? ns / (double)wall : 0;
}

static double rate_fact(const clproc_profile *profile, const char *key) {
    const char *value = clp_profile_fact_value(profile, key);
    double rate = 0;
    /* Digits alone: strtod() would obey the locale. */
    for (; value && isdigit((unsigned char)*value); value++) {
        rate = rate * 10 + (*value - '0');
    }
    return rate;
}

/* ------------------------------------------------------------- commands */

clp_command_row *clp_analysis_row(const clp_analysis *analysis, const clp_prof_command *command) {
    for (size_t i = 0; i < analysis->command_count; i++) {
        clp_command_row *row = &analysis->commands[i];
        if (row->kind == command->kind && strcmp(row->name, command->name) == 0) {
            return row;
        }
    }
    return NULL;
}

/** Makes the rows, with calls counted. */
static clproc_status list_commands(clp_analysis *analysis, size_t *capacity, clproc_error *error) {
    const clproc_profile *profile = analysis->profile;
    for (size_t i = 0; i < profile->command_count; i++) {
        const clp_prof_command *command = &profile->commands[i];
        clp_command_row *row = clp_analysis_row(analysis, command);
        if (!row) {
            clp_command_row *rows = clp_memory_grow(CLP_MEMORY_REPORT, analysis->commands, capacity,
                                                    analysis->command_count + 1, sizeof *rows);
            if (!rows) {
                return clp_error_memory(error, "a report", sizeof *rows);
            }
            analysis->commands = rows;
            row = &rows[analysis->command_count++];
            *row = (clp_command_row){.kind = command->kind};
            memcpy(row->name, command->name, sizeof row->name);
        }
        row->calls++;
    }
    return CLPROC_OK;
}

/** `reached`: when the last of the commands that started before it ended. */
static void add_command(clp_command_row *row, const clp_prof_command *command, uint64_t reached) {
    uint64_t duration = command->ended - command->started;
    row->total_ns += duration;
    if (command->first) {
        uint64_t free = reached < command->started ? reached : command->started;
        row->first_calls++;
        row->first_ns += command->ended - (free > command->queued ? free : command->queued);
        return;
    }
    row->durations[row->steady.count++] = (double)duration;
    row->bytes += command->bytes_read + command->bytes_written;
    row->operations += command->operations;
    row->delay_ns += (double)(command->started - command->queued);
}

static void finish_row(clp_command_row *row, double copy_rate) {
    size_t count = row->steady.count;
    clp_stats_sort(row->durations, count);
    row->steady = clp_stats_of(row->durations, count);
    row->delay_ns = count ? row->delay_ns / (double)count : 0;
    if (row->steady.sum > 0) {
        row->bytes_per_second = (double)row->bytes / row->steady.sum * 1e9;
        row->operations_per_second = (double)row->operations / row->steady.sum * 1e9;
    }
    row->copy_share = copy_rate > 0 ? row->bytes_per_second / copy_rate : 0;
}

static int by_kind_and_total(const void *a, const void *b) {
    const clp_command_row *x = a, *y = b;
    if (x->kind != y->kind) {
        return x->kind < y->kind ? -1 : 1;
    }
    int order = (x->total_ns < y->total_ns) - (x->total_ns > y->total_ns);
    return order ? order : strcmp(x->name, y->name);
}

/** Time covered by commands of the kinds of `mask`; they are sorted by start. */
static uint64_t covered(const clproc_profile *profile, unsigned mask) {
    uint64_t sum = 0, reached = 0;
    for (size_t i = 0; i < profile->command_count; i++) {
        const clp_prof_command *command = &profile->commands[i];
        if (!(mask & 1u << command->kind) || command->ended <= reached) {
            continue;
        }
        sum += command->ended - (command->started > reached ? command->started : reached);
        reached = command->ended;
    }
    return sum;
}

static clproc_status analyse_commands(clp_analysis *analysis, clproc_error *error) {
    const clproc_profile *profile = analysis->profile;
    size_t capacity = 0;
    uint64_t reached = 0;
    clproc_status status = list_commands(analysis, &capacity, error);
    for (size_t i = 0; status == CLPROC_OK && i < analysis->command_count; i++) {
        clp_command_row *row = &analysis->commands[i];
        status = clp_profile_room(&row->durations, row->calls, sizeof *row->durations, error);
    }
    if (status != CLPROC_OK) {
        return status;
    }
    for (size_t i = 0; i < profile->command_count; i++) {
        const clp_prof_command *command = &profile->commands[i];
        add_command(clp_analysis_row(analysis, command), command, reached);
        reached = command->ended > reached ? command->ended : reached;
    }
    for (size_t i = 0; i < analysis->command_count; i++) {
        finish_row(&analysis->commands[i], analysis->copy_rate);
        analysis->command_ns += analysis->commands[i].total_ns;
        analysis->kernel_count += analysis->commands[i].kind == CLP_COMMAND_KERNEL;
    }
    if (analysis->command_count > 1) {
        qsort(analysis->commands, analysis->command_count, sizeof *analysis->commands,
              by_kind_and_total);
    }
    unsigned kernels = 1u << CLP_COMMAND_KERNEL;
    unsigned transfers = 1u << CLP_COMMAND_UPLOAD | 1u << CLP_COMMAND_READBACK;
    analysis->busy_ns = covered(profile, kernels | transfers);
    analysis->kernel_busy_ns = covered(profile, kernels);
    analysis->transfer_busy_ns = covered(profile, transfers);
    return CLPROC_OK;
}

/* --------------------------------------------------------------- stages */

uint64_t clp_node_self_ns(const clp_profile_thread *thread, size_t node) {
    uint64_t nested = 0;
    for (size_t i = node + 1; i < thread->node_count; i++) {
        if (thread->nodes[i].parent == node) {
            nested += thread->nodes[i].total_ns;
        }
    }
    uint64_t total = thread->nodes[node].total_ns;
    return total > nested ? total - nested : 0;
}

static bool within_itself(const clp_profile_thread *thread, size_t node) {
    clp_prof_stage stage = thread->nodes[node].stage;
    for (size_t i = thread->nodes[node].parent; i != 0; i = thread->nodes[i].parent) {
        if (thread->nodes[i].stage == stage) {
            return true;
        }
    }
    return false;
}

static int by_self(const void *a, const void *b) {
    const clp_stage_row *x = a, *y = b;
    int order = (x->self_ns < y->self_ns) - (x->self_ns > y->self_ns);
    return order ? order : (x->stage > y->stage) - (x->stage < y->stage);
}

static clproc_status sample_stats(const clp_profile_samples *samples, clp_stats *stats,
                                  clproc_error *error) {
    double *values = NULL;
    clproc_status status = clp_profile_room(&values, samples->count, sizeof *values, error);
    if (status == CLPROC_OK) {
        for (size_t i = 0; i < samples->count; i++) {
            values[i] = (double)samples->items[i].duration;
        }
        clp_stats_sort(values, samples->count);
        *stats = clp_stats_of(values, samples->count);
    }
    clp_memory_free(values);
    return status;
}

static void analyse_thread(clp_analysis *analysis, size_t index, clp_stage_row *rows) {
    const clp_profile_thread *thread = &analysis->profile->threads[index];
    clp_thread_row *row = &analysis->threads[index];
    row->life_ns = thread->end - thread->start;
    analysis->threads_cpu_ns += thread->cpu_ns;
    for (size_t i = 1; i < thread->node_count; i++) {
        const clp_profile_node *node = &thread->nodes[i];
        uint64_t self = clp_node_self_ns(thread, i);
        rows[node->stage].calls += node->calls;
        rows[node->stage].self_ns += self;
        rows[node->stage].total_ns += within_itself(thread, i) ? 0 : node->total_ns;
        if (clp_prof_stage_waits(node->stage)) {
            row->waiting_ns += self;
        } else {
            row->busy_ns += self;
        }
    }
}

static clproc_status analyse_threads(clp_analysis *analysis, clproc_error *error) {
    const clproc_profile *profile = analysis->profile;
    clp_stage_row rows[CLP_PROF_STAGE_COUNT] = {{0}};
    clproc_status status = clp_profile_room(&analysis->threads, profile->thread_count,
                                            sizeof *analysis->threads, error);
    for (size_t i = 0; status == CLPROC_OK && i < profile->thread_count; i++) {
        analyse_thread(analysis, i, rows);
    }
    for (int i = 0; status == CLPROC_OK && i < CLP_PROF_STAGE_COUNT; i++) {
        rows[i].stage = (clp_prof_stage)i;
        if (rows[i].calls) {
            analysis->self_ns += rows[i].self_ns;
            status = sample_stats(&profile->samples[i], &rows[i].sampled, error);
            analysis->stages[analysis->stage_count++] = rows[i];
        }
    }
    qsort(analysis->stages, analysis->stage_count, sizeof *analysis->stages, by_self);
    return status;
}

/* ----------------------------------------------------------- life cycle */

clproc_status clp_analysis_make(clp_analysis *analysis, const clproc_profile *profile,
                                clproc_error *error) {
    clproc_status status;
    *analysis = (clp_analysis){.profile = profile};
    analysis->copy_rate = rate_fact(profile, CLP_FACT_COPY_RATE);
    CLP_TRY(status, out, analyse_commands(analysis, error));
    CLP_TRY(status, out, analyse_threads(analysis, error));
    uint64_t cpu = profile->user_ns + profile->system_ns;
    analysis->driver_cpu_ns = cpu > analysis->threads_cpu_ns ? cpu - analysis->threads_cpu_ns : 0;
    if (profile->cores) {
        analysis->cores_share = clp_analysis_of_wall(analysis, (double)cpu) / profile->cores;
    }
    CLP_TRY(status, out, clp_analysis_find_limits(analysis, error));
out:
    if (status != CLPROC_OK) {
        clp_analysis_free(analysis);
    }
    return status;
}

void clp_analysis_free(clp_analysis *analysis) {
    for (size_t i = 0; i < analysis->command_count; i++) {
        clp_memory_free(analysis->commands[i].durations);
    }
    clp_memory_free(analysis->commands);
    clp_memory_free(analysis->threads);
    clp_memory_free(analysis->resources);
    *analysis = (clp_analysis){0};
}
