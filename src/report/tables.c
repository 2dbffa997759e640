#include "report/tables.h"

#include <math.h>
#include <stdlib.h>
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
        /* In a report from elsewhere it may be beyond any whole number's range. */
        snprintf(buffer, sizeof buffer, "%.0f", floor(fraction * 100 + 0.5));
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

/** Width of the first column of all tables. */
#define NAME 28

static void command_times(clp_text *text, const clp_analysis *analysis) {
    static const char *const heads[] = {"calls", "total", "%",   "mean", "sd",
                                        "min",   "p50",   "p95", "max",  "first"};
    static const int widths[] = {7, 9, 5, 7, 7, 7, 7, 7, 8, 8};
    clp_table_heading(text, "Kernels and transfers",
                      "ms; mean to max without first; first: from queued");
    clp_table_name(text, NAME, "command");
    for (int i = 0; i < 10; i++) {
        clp_table_cell(text, widths[i], heads[i]);
    }
    clp_text_add(text, "\n");
    for (size_t i = 0; i < analysis->command_count; i++) {
        const clp_command_row *row = &analysis->commands[i];
        const clp_stats *s = &row->steady;
        const double times[] = {s->mean, s->deviation, s->min, s->p50, s->p95, s->max};
        clp_table_name(text, NAME, row->name);
        cell_count(text, widths[0], row->calls);
        cell_ms(text, widths[1], (double)row->total_ns);
        cell_percent(text, widths[2], part_of((double)row->total_ns, (double)analysis->command_ns));
        for (int t = 0; t < 6; t++) {
            if (s->count) {
                cell_ms(text, widths[3 + t], times[t]);
            } else {
                clp_table_cell(text, widths[3 + t], "-");
            }
        }
        if (row->first_calls) {
            cell_ms(text, widths[9], (double)row->first_ns / (double)row->first_calls);
        }
        clp_text_add(text, "\n");
    }
    char note[120], kept[CLP_KEPT_SIZE], a[CLP_UNIT_SIZE];
    clp_table_name(text, NAME, "all");
    cell_count(text, widths[0], analysis->command_calls);
    cell_ms(text, widths[1], (double)analysis->command_ns);
    snprintf(note, sizeof note, "%*d  device busy %s of the run, overlaps count once\n", widths[2],
             100, clp_unit_percent(a, clp_analysis_of_wall(analysis, (double)analysis->busy_ns)));
    clp_text_add(text, note);
    if (*clp_analysis_kept(analysis, kept)) {
        clp_table_paragraph(text, 0, kept);
    }
}

static void rate_cell(clp_text *text, int width, double rate) {
    if (rate > 0) {
        cell_digits(text, width, rate);
    } else {
        clp_table_cell(text, width, "-");
    }
}

static void command_work(clp_text *text, const clp_analysis *analysis) {
    const clproc_profile *profile = analysis->profile;
    clp_table_heading(text, "Their work",
                      profile->clock_estimated ? "device clock estimated; queue: ms until the start"
                                               : "queue: ms from enqueueing to the start, mean");
    clp_table_name(text, NAME, "command");
    clp_table_cell(text, 12, "bytes");
    clp_table_cell(text, 10, "GB/s");
    clp_table_cell(text, 12, "% of copy");
    clp_table_cell(text, 16, "multiply-adds");
    clp_table_cell(text, 10, "Gop/s");
    clp_table_cell(text, 12, "queue");
    clp_text_add(text, "\n");
    for (size_t i = 0; i < analysis->command_count; i++) {
        const clp_command_row *row = &analysis->commands[i];
        char buffer[CLP_UNIT_SIZE];
        if (row->steady.count == 0) {
            continue;
        }
        clp_table_name(text, NAME, row->name);
        cell_bytes(text, 12, (double)row->bytes);
        rate_cell(text, 10, row->bytes_per_second / 1e9);
        rate_cell(text, 12, row->copy_share * 100);
        clp_table_cell(text, 16,
                       row->operations ? clp_unit_count(buffer, (double)row->operations) : "-");
        rate_cell(text, 10, row->operations_per_second / 1e9);
        cell_ms(text, 12, row->delay_ns);
        clp_text_add(text, "\n");
    }
}

static void kernels(clp_text *text, const clp_analysis *analysis) {
    if (analysis->command_count) {
        command_times(text, analysis);
        command_work(text, analysis);
    } else {
        clp_table_heading(text, "Kernels and transfers", "");
        clp_text_add(text, "no device commands were recorded\n");
    }
}

static void builds(clp_text *text, const clproc_profile *profile) {
    if (profile->build_count == 0) {
        return;
    }
    clp_table_heading(text, "Program builds", "cache cold: compiled; warm: the driver had it");
    clp_table_name(text, 60, "program");
    clp_table_cell(text, 12, "time");
    clp_table_cell(text, 12, "cache");
    clp_text_add(text, "\n");
    for (size_t i = 0; i < profile->build_count; i++) {
        char buffer[CLP_UNIT_SIZE];
        clp_table_name(text, 60, profile->builds[i].name);
        clp_table_cell(text, 12, clp_unit_time(buffer, (double)profile->builds[i].ns));
        clp_table_cell(text, 12, clp_prof_cache_name(profile->builds[i].cache));
        clp_text_add(text, "\n");
    }
}

/* --------------------------------------------------------------- stages */

static void stage_line(clp_text *text, const clp_analysis *analysis, const clp_stage_row *row,
                       const int *widths) {
    double all = (double)analysis->self_ns;
    clp_table_name(text, NAME, clp_prof_stage_name(row->stage));
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

static int by_total(const void *a, const void *b) {
    const clp_stage_row *x = a, *y = b;
    int order = (x->total_ns < y->total_ns) - (x->total_ns > y->total_ns);
    return order ? order : (x->stage > y->stage) - (x->stage < y->stage);
}

/** `cumulative`: ordered by time with nested stages, else by their own. */
static void stages(clp_text *text, const clp_analysis *analysis, bool cumulative) {
    static const char *const heads[] = {"calls", "self", "%",   "cumul.", "%",
                                        "mean",  "p50",  "p95", "max"};
    static const int widths[] = {8, 10, 4, 10, 4, 9, 9, 9, 9};
    clp_stage_row rows[CLP_PROF_STAGE_COUNT];
    memcpy(rows, analysis->stages, sizeof rows);
    if (cumulative) {
        qsort(rows, analysis->stage_count, sizeof *rows, by_total);
    }
    clp_table_heading(text,
                      cumulative ? "Host stages by cumulative time" : "Host stages, all threads",
                      "ms, % of all recorded thread time");
    clp_table_name(text, NAME, "stage");
    for (int i = 0; i < 9; i++) {
        clp_table_cell(text, widths[i], heads[i]);
    }
    clp_text_add(text, "\n");
    for (size_t i = 0; i < analysis->stage_count; i++) {
        stage_line(text, analysis, &rows[i], widths);
    }
}

/* ------------------------------------------------------------ occupancy */

static void occupancy_line(clp_text *text, const char *name, double wall, double busy,
                           double waiting, double cpu) {
    clp_table_name(text, NAME, name);
    cell_percent(text, 6, part_of(busy, wall));
    clp_text_add(text, "  ");
    bar(text, 30, part_of(busy, wall));
    cell_ms(text, 11, busy);
    if (waiting >= 0) {
        cell_ms(text, 11, waiting);
    } else {
        clp_table_cell(text, 11, "");
    }
    if (cpu >= 0) {
        cell_ms(text, 12, cpu);
    }
    clp_text_add(text, "\n");
}

static void occupancy(clp_text *text, const clp_analysis *analysis) {
    const clproc_profile *profile = analysis->profile;
    double wall = (double)profile->wall_ns;
    clp_table_heading(text, "Occupancy", "ms, % of the run");
    clp_table_name(text, NAME, "thread");
    clp_table_cell(text, 6, "busy");
    clp_table_cell(text, 32, "");
    clp_table_cell(text, 11, "working");
    clp_table_cell(text, 11, "waiting");
    clp_table_cell(text, 12, "processor");
    clp_text_add(text, "\n");
    for (size_t i = 0; i < profile->thread_count; i++) {
        const clp_thread_row *row = &analysis->threads[i];
        occupancy_line(text, profile->threads[i].name, wall, (double)row->busy_ns,
                       (double)row->waiting_ns, (double)profile->threads[i].cpu_ns);
    }
    if (analysis->command_count) {
        occupancy_line(text, analysis->device_count ? "any OpenCL device" : "OpenCL device", wall,
                       (double)analysis->busy_ns, -1, (double)analysis->driver_cpu_ns);
        occupancy_line(text, "  its kernels", wall, (double)analysis->kernel_busy_ns, -1, -1);
        occupancy_line(text, "  its transfers", wall, (double)analysis->transfer_busy_ns, -1, -1);
    }
    for (size_t i = 0; i < analysis->device_count; i++) {
        char name[sizeof analysis->devices[i].name + 2];
        snprintf(name, sizeof name, "  %s", analysis->devices[i].name);
        occupancy_line(text, name, wall, (double)analysis->devices[i].busy_ns, -1, -1);
    }
    occupancy_line(text, "all cores", wall * profile->cores,
                   (double)(profile->user_ns + profile->system_ns), -1,
                   (double)(profile->user_ns + profile->system_ns));
}

static void parts(clp_text *text, const clp_analysis *analysis) {
    clp_table_heading(text, "What a faster part would save", "ms and % of the run, at most");
    clp_table_name(text, NAME, "part");
    clp_table_cell(text, 14, "working");
    clp_table_cell(text, 14, "processor");
    clp_table_cell(text, 16, "twice as fast");
    clp_table_cell(text, 5, "%");
    clp_table_cell(text, 18, "infinitely fast");
    clp_table_cell(text, 5, "%");
    clp_text_add(text, "\n");
    for (size_t i = 0; i < analysis->part_count; i++) {
        const clp_part *part = &analysis->parts[i];
        clp_table_name(text, NAME, part->name);
        cell_ms(text, 14, (double)part->busy_ns);
        cell_ms(text, 14, part->cpu_ns);
        cell_ms(text, 16, part->half_ns);
        cell_percent(text, 5, clp_analysis_of_wall(analysis, part->half_ns));
        cell_ms(text, 18, part->saving_ns);
        cell_percent(text, 5, clp_analysis_of_wall(analysis, part->saving_ns));
        clp_text_add(text, "\n");
    }
}

/* --------------------------------------------------------------- memory */

/** The sites that held something, by peak; returns how many. */
static int list_sites(const clproc_profile *profile, int *sites) {
    int count = 0;
    for (int i = 0; i < CLP_MEMORY_SITE_COUNT; i++) {
        int place = count;
        if (profile->memory[i].peak == 0 && profile->memory[i].count == 0) {
            continue;
        }
        for (; place > 0 && profile->memory[sites[place - 1]].peak < profile->memory[i].peak;
             place--) {
            sites[place] = sites[place - 1];
        }
        sites[place] = i;
        count++;
    }
    return count;
}

static void memory(clp_text *text, const clp_analysis *analysis) {
    const clproc_profile *profile = analysis->profile;
    int sites[CLP_MEMORY_SITE_COUNT], count = list_sites(profile, sites);
    clp_table_heading(text, "Memory", "whole process; each peak at its own time");
    clp_table_name(text, NAME, "held for");
    clp_table_cell(text, 12, "peak");
    clp_table_cell(text, 12, "at the end");
    clp_table_cell(text, 14, "allocations");
    clp_text_add(text, "\n");
    for (int i = 0; i < count; i++) {
        const clp_memory_use *use = &profile->memory[sites[i]];
        clp_table_name(text, NAME, clp_memory_site_name((clp_memory_site)sites[i]));
        cell_bytes(text, 12, (double)use->peak);
        cell_bytes(text, 12, (double)use->current);
        cell_count(text, 14, use->count);
        clp_text_add(text, "  ");
        bar(text, 30, part_of((double)use->peak, (double)profile->memory[sites[0]].peak));
        clp_text_add(text, "\n");
    }
    for (size_t i = 0; i < profile->role_count; i++) {
        char name[48];
        snprintf(name, sizeof name, "device: %.30s", profile->roles[i].name);
        clp_table_name(text, NAME, name);
        cell_bytes(text, 12, (double)profile->roles[i].peak);
        cell_bytes(text, 12, (double)profile->roles[i].current);
        clp_text_add(text, "\n");
    }
    clp_table_name(text, NAME, "process, resident");
    cell_bytes(text, 12, (double)profile->peak_resident);
    clp_text_add(text, "\n");
}

#define MOMENTS 10

/** Which tenth of the run a moment is in. */
static int tenth_of(const clproc_profile *profile, uint64_t time) {
    double part = part_of((double)time, (double)profile->wall_ns) * MOMENTS;
    return part < MOMENTS - 1 ? (int)part : MOMENTS - 1;
}

/** The most that was held in each tenth of the run. What is read is held until the next reading. */
static void memory_over_time(clp_text *text, const clproc_profile *profile) {
    double host[MOMENTS] = {0}, device[MOMENTS] = {0}, most = 1;
    size_t count = profile->memory_line_count;
    for (size_t i = 0; i < count; i++) {
        const clp_profile_memory *point = &profile->memory_line[i];
        int last = i + 1 < count ? tenth_of(profile, point[1].time) : MOMENTS - 1;
        double sum = 0;
        for (int site = 0; site < CLP_MEMORY_SITE_COUNT; site++) {
            sum += (double)point->bytes[site];
        }
        for (int place = tenth_of(profile, point->time); place <= last; place++) {
            host[place] = fmax(host[place], sum);
            device[place] = fmax(device[place], (double)point->device);
            most = fmax(most, host[place] + device[place]);
        }
    }
    clp_table_heading(text, "Memory over time", "the most held in each tenth of the run");
    clp_table_name(text, NAME, "up to");
    clp_table_cell(text, 12, "host");
    clp_table_cell(text, 12, "device");
    clp_text_add(text, "\n");
    for (int i = 0; i < MOMENTS; i++) {
        char until[CLP_UNIT_SIZE];
        clp_table_name(text, NAME,
                       clp_unit_time(until, (double)profile->wall_ns * (i + 1) / MOMENTS));
        cell_bytes(text, 12, host[i]);
        cell_bytes(text, 12, device[i]);
        clp_text_add(text, "                ");
        bar(text, 30, (host[i] + device[i]) / most);
        clp_text_add(text, "\n");
    }
}

static void counters(clp_text *text, const clp_analysis *analysis) {
    const clproc_profile *profile = analysis->profile;
    double images = (double)profile->counters[CLP_COUNTER_IMAGES];
    clp_table_heading(text, "Counts", "");
    clp_table_name(text, NAME, "");
    clp_table_cell(text, 14, "total");
    clp_table_cell(text, 14, "per image");
    clp_table_cell(text, 14, "per second");
    clp_text_add(text, "\n");
    for (int i = 0; i < CLP_COUNTER_COUNT; i++) {
        char a[CLP_UNIT_SIZE], b[CLP_UNIT_SIZE], c[CLP_UNIT_SIZE];
        double value = (double)profile->counters[i];
        clp_table_name(text, NAME, clp_prof_counter_name((clp_prof_counter)i));
        clp_table_cell(text, 14, clp_unit_count(a, value));
        clp_table_cell(text, 14, clp_unit_count(b, part_of(value, images)));
        clp_table_cell(text, 14, clp_unit_count(c, part_of(value, (double)profile->wall_ns) * 1e9));
        clp_text_add(text, "\n");
    }
}

/* ------------------------------------------------------------- all of it */

static void sentences(clp_text *text, const clp_analysis *analysis, const clp_findings *findings,
                      clproc_profile_view view) {
    size_t most = view == CLPROC_VIEW_ALL ? CLP_MAX_FINDINGS : 4, told = 0;
    clp_table_heading(text, "Findings", "by what they would save of the run, at most");
    for (size_t i = 0; i < findings->count && told < most; i++) {
        const clp_finding *finding = &findings->items[i];
        if (view == CLPROC_VIEW_MEMORY && !finding->memory) {
            continue;
        }
        told++;
        char line[sizeof finding->text + sizeof finding->evidence + 64], a[CLP_UNIT_SIZE];
        double share = clp_analysis_of_wall(analysis, finding->saving_ns);
        snprintf(line, sizeof line, finding->evidence[0] ? "%s (%s)" : "%s", finding->text,
                 finding->evidence);
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
        clp_table_name(text, NAME, profile->facts[i].key);
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
    if (view != CLPROC_VIEW_MEMORY) {
        stages(text, analysis, false);
    }
    if (view == CLPROC_VIEW_CPU) {
        stages(text, analysis, true);
    }
    if (view != CLPROC_VIEW_MEMORY && view != CLPROC_VIEW_CPU) {
        occupancy(text, analysis);
    }
    if (all || view == CLPROC_VIEW_TIME) {
        parts(text, analysis);
    }
    if (all || view == CLPROC_VIEW_MEMORY) {
        memory(text, analysis);
        if (analysis->profile->memory_line_count > 0) { /* merged profiles have none */
            memory_over_time(text, analysis->profile);
        }
        counters(text, analysis);
    }
    if (all && analysis->profile->fact_count) {
        environment(text, analysis->profile);
    }
    sentences(text, analysis, findings, view);
}
