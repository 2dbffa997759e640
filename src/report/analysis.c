#include "report/analysis.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/text.h"

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

/** Statistics of a row whose commands are all kept. */
static clproc_status exact_stats(const clproc_profile *profile, clp_command_row *row,
                                 clproc_error *error) {
    double *durations;
    size_t count = 0;
    clproc_status status =
        clp_profile_room(&durations, row->calls - row->first_calls, sizeof *durations, error);
    if (status != CLPROC_OK) {
        return status;
    }
    for (size_t i = 0; i < profile->command_count; i++) {
        const clp_prof_command *command = &profile->commands[i];
        if (!command->first && command->kind == row->kind &&
            strcmp(command->name, row->name) == 0) {
            durations[count++] = (double)(command->ended - command->started);
        }
    }
    clp_stats_sort(durations, count);
    row->steady = clp_stats_of(durations, count);
    clp_memory_free(durations);
    return CLPROC_OK;
}

/** The same where only sums are. */
static clp_stats summed_stats(const clp_tally *tally) {
    uint64_t count = clp_tally_steady_calls(tally);
    double least = (double)tally->least_ns, most = (double)tally->most_ns;
    return (clp_stats){.count = count,
                       .sum = (double)tally->steady_ns,
                       .mean = count ? (double)tally->steady_ns / (double)count : 0,
                       .deviation = count > 1 ? sqrt(tally->squares / (double)(count - 1)) : 0,
                       .min = least,
                       .p50 = fmin(fmax(clp_spread_quantile(&tally->spread, 0.5), least), most),
                       .p95 = fmin(fmax(clp_spread_quantile(&tally->spread, 0.95), least), most),
                       .max = most};
}

/** The rate that plain copies of a row's bytes would reach on the devices that moved them; 0 unless
 * it is known of each. */
static double copy_rate_of(const clp_analysis *analysis, const clp_tally *tally) {
    const clproc_profile *profile = analysis->profile;
    double seconds = 0, bytes = 0;
    if (profile->device_count < 2) {
        return analysis->copy_rate;
    }
    for (size_t i = 0; i < tally->device_count; i++) {
        double rate = (double)profile->devices[i].copy_rate;
        if (tally->device_bytes[i]) {
            if (rate == 0) {
                return 0;
            }
            bytes += (double)tally->device_bytes[i];
            seconds += (double)tally->device_bytes[i] / rate;
        }
    }
    return seconds > 0 ? bytes / seconds : 0;
}

static clproc_status fill_row(const clp_analysis *analysis, const clp_tally *tally,
                              clp_command_row *row, clproc_error *error) {
    uint64_t count = clp_tally_steady_calls(tally);
    clproc_status status = CLPROC_OK;
    *row = (clp_command_row){.kind = tally->kind,
                             .calls = tally->calls,
                             .total_ns = tally->total_ns,
                             .first_calls = tally->first_calls,
                             .first_ns = tally->first_ns,
                             .bytes = tally->bytes,
                             .operations = tally->operations,
                             .delay_ns = count ? (double)tally->delay_ns / (double)count : 0};
    memcpy(row->name, tally->name, sizeof row->name);
    if (analysis->profile->tallies) {
        row->steady = summed_stats(tally);
    } else {
        status = exact_stats(analysis->profile, row, error);
    }
    if (row->steady.sum > 0) {
        row->bytes_per_second = (double)row->bytes / row->steady.sum * 1e9;
        row->operations_per_second = (double)row->operations / row->steady.sum * 1e9;
    }
    row->copy_rate = copy_rate_of(analysis, tally);
    row->copy_share = row->copy_rate > 0 ? row->bytes_per_second / row->copy_rate : 0;
    return status;
}

static int by_kind_and_total(const void *a, const void *b) {
    const clp_command_row *x = a, *y = b;
    if (x->kind != y->kind) {
        return x->kind < y->kind ? -1 : 1;
    }
    int order = (x->total_ns < y->total_ns) - (x->total_ns > y->total_ns);
    return order ? order : strcmp(x->name, y->name);
}

/** A device's name, with a number where an earlier one has the same. */
static void name_device(const clproc_profile *profile, size_t index, clp_device_row *row) {
    const char *name = profile->devices[index].name;
    size_t same = 1;
    for (size_t i = 0; i < index; i++) {
        same += strcmp(profile->devices[i].name, name) == 0;
    }
    snprintf(row->name, sizeof row->name, same > 1 ? "%s (%zu)" : "%s", name, same);
}

static clproc_status analyse_devices(clp_analysis *analysis, const clp_tallies *tallies,
                                     clproc_error *error) {
    const clproc_profile *profile = analysis->profile;
    if (profile->device_count < 2) {
        return CLPROC_OK;
    }
    clproc_status status = clp_profile_room(&analysis->devices, profile->device_count,
                                            sizeof *analysis->devices, error);
    for (size_t i = 0; status == CLPROC_OK && i < profile->device_count; i++) {
        clp_device_row *row = &analysis->devices[analysis->device_count++];
        name_device(profile, i, row);
        if (i < tallies->device_count) {
            row->calls = tallies->devices[i].calls;
            row->command_ns = tallies->devices[i].total_ns;
            row->busy_ns = tallies->devices[i].busy_ns[CLP_COVER_ALL];
        }
    }
    return status;
}

static clproc_status analyse_commands(clp_analysis *analysis, clproc_error *error) {
    clp_tallies *made = NULL;
    const clp_tallies *tallies = clp_profile_tallies(analysis->profile, &made, error);
    clproc_status status = CLPROC_ERROR_MEMORY;
    if (!tallies) {
        goto out;
    }
    CLP_TRY(
        status, out,
        clp_profile_room(&analysis->commands, tallies->count, sizeof *analysis->commands, error));
    for (size_t i = 0; i < tallies->count; i++) {
        clp_command_row *row = &analysis->commands[analysis->command_count++];
        CLP_TRY(status, out, fill_row(analysis, &tallies->items[i], row, error));
        analysis->command_ns += row->total_ns;
        analysis->kernel_count += row->kind == CLP_COMMAND_KERNEL;
    }
    if (analysis->command_count > 1) {
        qsort(analysis->commands, analysis->command_count, sizeof *analysis->commands,
              by_kind_and_total);
    }
    analysis->command_calls = tallies->calls;
    analysis->busy_ns = tallies->busy_ns[CLP_COVER_ALL];
    analysis->kernel_busy_ns = tallies->busy_ns[CLP_COVER_KERNELS];
    analysis->transfer_busy_ns = tallies->busy_ns[CLP_COVER_TRANSFERS];
    status = analyse_devices(analysis, tallies, error);
out:
    clp_tallies_destroy(&made);
    return status;
}

const char *clp_analysis_kept(const clp_analysis *analysis, char buffer[CLP_KEPT_SIZE]) {
    const clproc_profile *profile = analysis->profile;
    char until[CLP_UNIT_SIZE], spans[80] = "";
    const char *about =
        profile->tallies ? ", p50 and p95 of commands within " CLP_SPREAD_ERROR : "";
    uint64_t all = 0, kept = 0;
    buffer[0] = '\0';
    if (profile->kept_until == 0) {
        return buffer;
    }
    for (size_t t = 0; t < profile->thread_count; t++) {
        kept += profile->threads[t].span_count;
        for (size_t i = 1; i < profile->threads[t].node_count; i++) {
            all += profile->threads[t].nodes[i].calls;
        }
    }
    if (profile->level == CLPROC_PROFILE_TRACE) {
        snprintf(spans, sizeof spans, ", %llu of %llu spans", (unsigned long long)kept,
                 (unsigned long long)all);
    }
    snprintf(buffer, CLP_KEPT_SIZE,
             "Events are kept one by one up to %s of the run (%zu of %llu commands%s); figures "
             "tell of all of it%s.",
             clp_unit_time(until, (double)profile->kept_until), profile->command_count,
             (unsigned long long)analysis->command_calls, spans, about);
    return buffer;
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
    clp_memory_free(analysis->commands);
    clp_memory_free(analysis->threads);
    clp_memory_free(analysis->resources);
    clp_memory_free(analysis->devices);
    *analysis = (clp_analysis){0};
}
