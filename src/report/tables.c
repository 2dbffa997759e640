#include "report/tables.h"

#include <string.h>

static void cell_digits(clp_text *text, int width, double value) {
    char buffer[CLP_UNIT_SIZE];
    clp_table_cell(text, width, clp_unit_digits(buffer, value));
}

static void cell_ms(clp_text *text, int width, double ns) {
    cell_digits(text, width, ns / 1e6);
}

static void cell_count(clp_text *text, int width, uint64_t count) {
    char buffer[CLP_UNIT_SIZE];
    snprintf(buffer, sizeof buffer, "%llu", (unsigned long long)count);
    clp_table_cell(text, width, buffer);
}

/** A fraction as a whole percentage, "<1" for a trace. */
static void cell_percent(clp_text *text, int width, double fraction) {
    char buffer[CLP_UNIT_SIZE] = "<1";
    if (fraction >= 0.005 || fraction <= 0) {
        snprintf(buffer, sizeof buffer, "%d", (int)(fraction * 100 + 0.5));
    }
    clp_table_cell(text, width, buffer);
}

static void cell_bytes(clp_text *text, int width, double bytes) {
    char buffer[CLP_UNIT_SIZE];
    clp_table_cell(text, width, bytes > 0 ? clp_unit_bytes(buffer, bytes) : "-");
}

/** A share as a bar of `width` columns, in eighths of a column. */
static void bar(clp_text *text, int width, double share) {
    static const char *const eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    double clipped = share < 0 ? 0 : share > 1 ? 1 : share;
    int filled = (int)(clipped * width * 8 + 0.5), column = 0;
    for (; column < filled / 8; column++) {
        clp_text_add(text, "█");
    }
    if (filled % 8) {
        clp_text_add(text, eighths[filled % 8]);
        column++;
    }
    for (; column < width; column++) {
        clp_text_add(text, "·");
    }
}

static double part_of(double part, double whole) {
    return whole > 0 ? part / whole : 0;
}

/* -------------------------------------------------------------- summary */

static void summary(clp_text *text, const clp_analysis *analysis, const clp_findings *findings) {
    static const char *const levels[] = {"off", "summary", "trace"};
    const clproc_profile *profile = analysis->profile;
    char a[CLP_UNIT_SIZE], b[CLP_UNIT_SIZE], c[CLP_UNIT_SIZE];
    uint64_t images = profile->counters[CLP_COUNTER_IMAGES];
    double seconds = (double)profile->wall_ns / 1e9;
    const char *device = clp_profile_fact_value(profile, CLP_FACT_DEVICE);
    clp_text_print(text, "clproc profile (%s): %llu image%s in %s", levels[profile->level],
                   (unsigned long long)images, images == 1 ? "" : "s",
                   clp_unit_time(a, (double)profile->wall_ns));
    if (seconds > 0 && images) {
        double pixels = (double)profile->counters[CLP_COUNTER_PIXELS_IN];
        clp_text_print(text, ", %s images/s, %spixels/s",
                       clp_unit_digits(b, (double)images / seconds),
                       clp_unit_count(c, pixels / seconds));
    }
    clp_text_add(text, "\n");
    if (device) {
        clp_table_name(text, 0, device);
    }
    clp_text_print(text, "%u core%s %s busy, device %s busy, peak memory %s\n", profile->cores,
                   profile->cores == 1 ? "" : "s", clp_unit_percent(a, analysis->cores_share),
                   clp_unit_percent(b, clp_analysis_of_wall(analysis, (double)analysis->busy_ns)),
                   clp_unit_bytes(c, (double)profile->peak_resident));
    clp_table_paragraph(text, 0, findings->verdict);
}

/* -------------------------------------------------------------- kernels */

/* Columns of the kernel table. */
enum { CALLS = 6, TOTAL = 7, PART = 4, TIME = 6, BYTES = 8, RATE = 6 };

static int kernel_name_width(const clp_analysis *analysis) {
    int rest = CALLS + TOTAL + PART + 6 * TIME + BYTES + 2 * RATE + TIME;
    return CLP_TABLE_WIDTH - rest - (analysis->copy_rate > 0 ? RATE : 0);
}

static void command_head(clp_text *text, const clp_analysis *analysis, const char *title) {
    static const char *const times[] = {"mean", "sd", "min", "p50", "p95", "max"};
    clp_table_name(text, kernel_name_width(analysis), title);
    clp_table_cell(text, CALLS, "calls");
    clp_table_cell(text, TOTAL, "total");
    clp_table_cell(text, PART, "%");
    for (int i = 0; i < 6; i++) {
        clp_table_cell(text, TIME, times[i]);
    }
    clp_table_cell(text, BYTES, "bytes");
    clp_table_cell(text, RATE, "GB/s");
    if (analysis->copy_rate > 0) {
        clp_table_cell(text, RATE, "%copy");
    }
    clp_table_cell(text, RATE, "Gop/s");
    clp_table_cell(text, TIME, "queue");
    clp_text_add(text, "\n");
}

static void command_line(clp_text *text, const clp_analysis *analysis, const clp_command_row *row) {
    const clp_stats *s = &row->steady;
    const double times[] = {s->mean, s->deviation, s->min, s->p50, s->p95, s->max};
    clp_table_name(text, kernel_name_width(analysis), row->name);
    cell_count(text, CALLS, s->count);
    cell_ms(text, TOTAL, s->sum);
    cell_percent(text, PART, part_of(s->sum, (double)analysis->command_ns));
    for (int i = 0; i < 6; i++) {
        cell_ms(text, TIME, times[i]);
    }
    cell_bytes(text, BYTES, (double)row->bytes);
    cell_digits(text, RATE, row->bytes_per_second / 1e9);
    if (analysis->copy_rate > 0) {
        cell_percent(text, RATE, row->copy_share);
    }
    if (row->operations) {
        cell_digits(text, RATE, row->operations_per_second / 1e9);
    } else {
        clp_table_cell(text, RATE, "-");
    }
    cell_ms(text, TIME, row->delay_ns);
    clp_text_add(text, "\n");
}

/** Calls, total and share alone. */
static void short_line(clp_text *text, const clp_analysis *analysis, const char *name,
                       uint64_t calls, double ns, const char *note) {
    clp_table_name(text, kernel_name_width(analysis), name);
    cell_count(text, CALLS, calls);
    cell_ms(text, TOTAL, ns);
    cell_percent(text, PART, part_of(ns, (double)analysis->command_ns));
    clp_text_print(text, "  %s\n", note);
}

static void first_launches(clp_text *text, const clp_analysis *analysis) {
    bool headed = false;
    for (size_t i = 0; i < analysis->command_count; i++) {
        const clp_command_row *row = &analysis->commands[i];
        char note[80] = "", a[CLP_UNIT_SIZE];
        if (row->first_calls == 0) {
            continue;
        }
        if (row->steady.count) {
            snprintf(note, sizeof note, "each %s longer than later ones",
                     clp_unit_time(a, (double)row->first_ns / (double)row->first_calls -
                                          row->steady.p50));
        }
        clp_text_add(text, headed ? "" : "first launches\n");
        headed = true;
        short_line(text, analysis, row->name, row->first_calls, (double)row->first_ns, note);
    }
}

static void kernels(clp_text *text, const clp_analysis *analysis) {
    const clproc_profile *profile = analysis->profile;
    char note[120], a[CLP_UNIT_SIZE];
    if (profile->command_count == 0) {
        clp_table_heading(text, "Kernels", "");
        clp_text_add(text, "no device commands were recorded\n");
        return;
    }
    snprintf(note, sizeof note, "ms%s", profile->clock_estimated ? ", device clock estimated" : "");
    clp_table_heading(text, "Kernels and transfers", note);
    command_head(text, analysis, "kernel");
    uint64_t calls = 0;
    for (size_t i = 0; i < analysis->command_count; i++) {
        if (i == analysis->kernel_count) {
            clp_text_add(text, "transfer\n");
        }
        if (analysis->commands[i].steady.count) {
            command_line(text, analysis, &analysis->commands[i]);
        }
        calls += analysis->commands[i].calls;
    }
    first_launches(text, analysis);
    snprintf(note, sizeof note, "device busy %s of the run, overlaps counted once",
             clp_unit_percent(a, clp_analysis_of_wall(analysis, (double)analysis->busy_ns)));
    short_line(text, analysis, "all", calls, (double)analysis->command_ns, note);
}

static void builds(clp_text *text, const clproc_profile *profile) {
    if (profile->build_count == 0) {
        return;
    }
    const char *cache = clp_profile_fact_value(profile, CLP_FACT_CACHE);
    clp_table_heading(text, "Program builds", cache ? cache : "");
    for (size_t i = 0; i < profile->build_count; i++) {
        char buffer[CLP_UNIT_SIZE];
        clp_table_name(text, 60, profile->builds[i].name);
        clp_table_cell(text, 12, clp_unit_time(buffer, (double)profile->builds[i].ns));
        clp_text_add(text, "\n");
    }
}

/* --------------------------------------------------------------- stages */

static void stages(clp_text *text, const clp_analysis *analysis) {
    static const char *const heads[] = {"calls", "self", "%",   "cumul.", "%",
                                        "mean",  "p50",  "p95", "max"};
    static const int widths[] = {8, 10, 4, 10, 4, 9, 9, 9, 9};
    clp_table_heading(text, "Host stages, all threads", "ms, % of all recorded thread time");
    clp_table_name(text, 28, "stage");
    for (int i = 0; i < 9; i++) {
        clp_table_cell(text, widths[i], heads[i]);
    }
    clp_text_add(text, "\n");
    for (size_t i = 0; i < analysis->stage_count; i++) {
        const clp_stage_row *row = &analysis->stages[i];
        double all = (double)analysis->self_ns;
        clp_table_name(text, 28, clp_prof_stage_name(row->stage));
        cell_count(text, widths[0], row->calls);
        cell_ms(text, widths[1], (double)row->self_ns);
        cell_percent(text, widths[2], part_of((double)row->self_ns, all));
        cell_ms(text, widths[3], (double)row->total_ns);
        cell_percent(text, widths[4], part_of((double)row->total_ns, all));
        cell_ms(text, widths[5], (double)row->total_ns / (double)row->calls);
        cell_ms(text, widths[6], row->sampled.p50);
        cell_ms(text, widths[7], row->sampled.p95);
        cell_ms(text, widths[8], row->sampled.max);
        clp_text_add(text, "\n");
    }
}

/* ------------------------------------------------------------ occupancy */

static void occupancy_line(clp_text *text, const char *name, double wall, double busy,
                           double waiting, double cpu) {
    clp_table_name(text, 26, name);
    cell_percent(text, 6, part_of(busy, wall));
    clp_text_add(text, "  ");
    bar(text, 30, part_of(busy, wall));
    cell_ms(text, 12, busy);
    if (waiting >= 0) {
        cell_ms(text, 12, waiting);
    } else {
        clp_table_cell(text, 12, "");
    }
    cell_ms(text, 12, cpu);
    clp_text_add(text, "\n");
}

static void occupancy(clp_text *text, const clp_analysis *analysis) {
    const clproc_profile *profile = analysis->profile;
    double wall = (double)profile->wall_ns;
    clp_table_heading(text, "Occupancy", "ms, % of the run");
    clp_table_name(text, 26, "thread");
    clp_table_cell(text, 6, "busy");
    clp_table_cell(text, 32, "");
    clp_table_cell(text, 12, "busy");
    clp_table_cell(text, 12, "waiting");
    clp_table_cell(text, 12, "processor");
    clp_text_add(text, "\n");
    for (size_t i = 0; i < profile->thread_count; i++) {
        const clp_thread_row *row = &analysis->threads[i];
        occupancy_line(text, profile->threads[i].name, wall, (double)row->busy_ns,
                       (double)row->waiting_ns, (double)profile->threads[i].cpu_ns);
    }
    if (profile->command_count) {
        occupancy_line(text, "OpenCL device", wall, (double)analysis->busy_ns, -1,
                       (double)analysis->driver_cpu_ns);
        occupancy_line(text, "  its kernels", wall, (double)analysis->kernel_busy_ns, -1, 0);
        occupancy_line(text, "  its transfers", wall, (double)analysis->transfer_busy_ns, -1, 0);
    }
    occupancy_line(text, "all cores", wall * profile->cores,
                   (double)(profile->user_ns + profile->system_ns), -1,
                   (double)(profile->user_ns + profile->system_ns));
}

static void resources(clp_text *text, const clp_analysis *analysis) {
    clp_table_heading(text, "What a faster part would save, at most", "of the run");
    clp_table_name(text, 26, "part");
    clp_table_cell(text, 10, "threads");
    clp_table_cell(text, 10, "busy %");
    clp_table_cell(text, 18, "twice as fast");
    clp_table_cell(text, 8, "%");
    clp_table_cell(text, 18, "infinitely fast");
    clp_table_cell(text, 8, "%");
    clp_text_add(text, "\n");
    for (size_t i = 0; i < analysis->resource_count; i++) {
        const clp_resource *resource = &analysis->resources[i];
        char a[CLP_UNIT_SIZE], b[CLP_UNIT_SIZE];
        clp_table_name(text, 26, resource->name);
        cell_count(text, 10, resource->count);
        cell_percent(text, 10, resource->share);
        clp_table_cell(text, 18, clp_unit_time(a, resource->half_ns));
        cell_percent(text, 8, clp_analysis_of_wall(analysis, resource->half_ns));
        clp_table_cell(text, 18, clp_unit_time(b, resource->saving_ns));
        cell_percent(text, 8, clp_analysis_of_wall(analysis, resource->saving_ns));
        clp_text_add(text, "\n");
    }
}

/* --------------------------------------------------------------- memory */

static void memory(clp_text *text, const clp_analysis *analysis) {
    const clproc_profile *profile = analysis->profile;
    uint64_t largest = 1;
    clp_table_heading(text, "Memory", "whole process; each peak at its own time");
    clp_table_name(text, 26, "held for");
    clp_table_cell(text, 12, "peak");
    clp_table_cell(text, 12, "at the end");
    clp_table_cell(text, 14, "allocations");
    clp_text_add(text, "\n");
    for (int i = 0; i < CLP_MEMORY_SITE_COUNT; i++) {
        largest = profile->memory[i].peak > largest ? profile->memory[i].peak : largest;
    }
    for (int i = 0; i < CLP_MEMORY_SITE_COUNT; i++) {
        const clp_memory_use *use = &profile->memory[i];
        if (use->peak == 0 && use->count == 0) {
            continue;
        }
        clp_table_name(text, 26, clp_memory_site_name((clp_memory_site)i));
        cell_bytes(text, 12, (double)use->peak);
        cell_bytes(text, 12, (double)use->current);
        cell_count(text, 14, use->count);
        clp_text_add(text, "  ");
        bar(text, 30, (double)use->peak / (double)largest);
        clp_text_add(text, "\n");
    }
    for (size_t i = 0; i < profile->role_count; i++) {
        char name[48];
        snprintf(name, sizeof name, "device: %.30s", profile->roles[i].name);
        clp_table_name(text, 26, name);
        cell_bytes(text, 12, (double)profile->roles[i].peak);
        cell_bytes(text, 12, (double)profile->roles[i].current);
        clp_text_add(text, "\n");
    }
    clp_table_name(text, 26, "process, resident");
    cell_bytes(text, 12, (double)profile->peak_resident);
    clp_text_add(text, "\n");
}

static void counters(clp_text *text, const clp_analysis *analysis) {
    const clproc_profile *profile = analysis->profile;
    double images = (double)profile->counters[CLP_COUNTER_IMAGES];
    clp_table_heading(text, "Counts", "");
    clp_table_name(text, 26, "");
    clp_table_cell(text, 14, "total");
    clp_table_cell(text, 14, "per image");
    clp_table_cell(text, 14, "per second");
    clp_text_add(text, "\n");
    for (int i = 0; i < CLP_COUNTER_COUNT; i++) {
        char a[CLP_UNIT_SIZE], b[CLP_UNIT_SIZE], c[CLP_UNIT_SIZE];
        double value = (double)profile->counters[i];
        clp_table_name(text, 26, clp_prof_counter_name((clp_prof_counter)i));
        clp_table_cell(text, 14, clp_unit_count(a, value));
        clp_table_cell(text, 14, clp_unit_count(b, part_of(value, images)));
        clp_table_cell(text, 14, clp_unit_count(c, part_of(value, (double)profile->wall_ns) * 1e9));
        clp_text_add(text, "\n");
    }
}

/* ------------------------------------------------------------- all of it */

static void sentences(clp_text *text, const clp_analysis *analysis, const clp_findings *findings,
                      size_t most) {
    clp_table_heading(text, "Findings", "by what they would save of the run, at most");
    for (size_t i = 0; i < findings->count && i < most; i++) {
        const clp_finding *finding = &findings->items[i];
        char line[sizeof finding->text + sizeof finding->evidence + 64], a[CLP_UNIT_SIZE];
        double share = clp_analysis_of_wall(analysis, finding->saving_ns);
        snprintf(line, sizeof line, "%s (%s)", finding->text, finding->evidence);
        clp_table_cell(text, 6, finding->saving_ns > 0 ? clp_unit_percent(a, share) : "");
        clp_text_add(text, "  ");
        clp_text line_text = {0};
        clp_table_paragraph(&line_text, 8, line);
        if (line_text.size > 8) {
            clp_text_add_bytes(text, line_text.data + 8, line_text.size - 8);
        }
        clp_text_free(&line_text);
    }
}

static void environment(clp_text *text, const clproc_profile *profile) {
    clp_table_heading(text, "Environment", "");
    for (size_t i = 0; i < profile->fact_count; i++) {
        clp_table_name(text, 26, profile->facts[i].key);
        clp_table_name(text, 0, profile->facts[i].value);
    }
}

void clp_tables(clp_text *text, const clp_analysis *analysis, const clp_findings *findings,
                clproc_profile_view view) {
    bool all = view == CLPROC_VIEW_ALL;
    summary(text, analysis, findings);
    if (all || view == CLPROC_VIEW_KERNEL) {
        kernels(text, analysis);
        builds(text, analysis->profile);
    }
    if (all || view == CLPROC_VIEW_CPU || view == CLPROC_VIEW_TIME) {
        stages(text, analysis);
    }
    if (all || view == CLPROC_VIEW_TIME) {
        occupancy(text, analysis);
        resources(text, analysis);
    }
    if (all || view == CLPROC_VIEW_MEMORY) {
        memory(text, analysis);
        counters(text, analysis);
    }
    if (all && analysis->profile->fact_count) {
        environment(text, analysis->profile);
    }
    sentences(text, analysis, findings, all ? 8 : 4);
}
