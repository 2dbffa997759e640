/* A profile as a page. */
#include <string.h>

#include "report/json.h"
#include "report/page.h"
#include "report/writers.h"

/* Tables are written here, so that they can be read without a script; the script draws the charts
 * from the JSON at the page's end. */

/* ------------------------------------------------------------------ cells */

static void tag(clp_text *text, const char *name, const char *content) {
    clp_text_print(text, "<%s>", name);
    clp_text_html(text, content);
    clp_text_print(text, "</%.*s>", (int)strcspn(name, " "), name);
}

/** A cell that sorts by `value` and shows `shown`. */
static void cell(clp_text *text, double value, const char *shown) {
    clp_text_add(text, "<td data-v=\"");
    clp_text_number(text, value, 3);
    clp_text_add(text, "\">");
    clp_text_html(text, shown);
    clp_text_add(text, "</td>");
}

static void time_cell(clp_text *text, double ns) {
    char buffer[CLP_UNIT_SIZE];
    cell(text, ns, clp_unit_time(buffer, ns));
}

static void bytes_cell(clp_text *text, double bytes) {
    char buffer[CLP_UNIT_SIZE];
    cell(text, bytes, clp_unit_bytes(buffer, bytes));
}

static void count_cell(clp_text *text, uint64_t count) {
    char buffer[CLP_UNIT_SIZE];
    snprintf(buffer, sizeof buffer, "%llu", (unsigned long long)count);
    cell(text, (double)count, buffer);
}

static void percent_cell(clp_text *text, double part, double whole) {
    char buffer[CLP_UNIT_SIZE];
    double share = whole > 0 ? part / whole : 0;
    cell(text, share, clp_unit_percent(buffer, share));
}

/** A rate, a dash where it is unknown. */
static void rate_cell(clp_text *text, double rate, const char *unit) {
    char number[CLP_UNIT_SIZE], shown[CLP_UNIT_SIZE + 16] = "–";
    if (rate > 0) {
        snprintf(shown, sizeof shown, "%s%s", clp_unit_digits(number, rate), unit);
    }
    cell(text, rate, shown);
}

static void saving_cell(clp_text *text, double ns, double wall) {
    char a[CLP_UNIT_SIZE], b[CLP_UNIT_SIZE], shown[2 * CLP_UNIT_SIZE + 8];
    snprintf(shown, sizeof shown, "%s, %s", clp_unit_percent(a, wall > 0 ? ns / wall : 0),
             clp_unit_time(b, ns));
    cell(text, ns, shown);
}

static void meter_cell(clp_text *text, double part, double whole) {
    double share = whole > 0 ? part / whole : 0;
    clp_text_add(text, "<td><span class=\"meter\"><i style=\"width:");
    clp_text_number(text, share > 1 ? 100 : share * 100, 1);
    clp_text_add(text, "%\"></i></span></td>");
}

static void open_section(clp_text *text, const char *title, const char *note) {
    clp_text_add(text, "<section>");
    tag(text, "h2", title);
    if (*note) {
        tag(text, "p", note);
    }
}

static void open_table(clp_text *text, const char *id, const char *const *heads, size_t count) {
    clp_text_print(text, "<div class=\"scroll\"><table id=\"%s\" class=\"sortable\"><thead><tr>",
                   id);
    for (size_t i = 0; i < count; i++) {
        tag(text, "th", heads[i]);
    }
    clp_text_add(text, "</tr></thead><tbody>\n");
}

#define OPEN_TABLE(text, id, ...)                                                                  \
    open_table(text, id, (const char *const[]){__VA_ARGS__},                                       \
               sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

static void close_table(clp_text *text) {
    clp_text_add(text, "</tbody></table></div>\n");
}

/* -------------------------------------------------------------------- head */

static void tile(clp_text *text, const char *number, const char *what) {
    clp_text_add(text, "<div class=\"tile\">");
    tag(text, "b", number);
    tag(text, "span", what);
    clp_text_add(text, "</div>");
}

static void write_head(clp_text *text, const clp_analysis *analysis, const clp_findings *findings) {
    const clproc_profile *profile = analysis->profile;
    const char *device = clp_profile_fact_value(profile, CLP_FACT_DEVICE);
    double seconds = (double)profile->wall_ns / 1e9;
    double images = (double)profile->counters[CLP_COUNTER_IMAGES];
    double pixels = (double)profile->counters[CLP_COUNTER_PIXELS_IN];
    char a[CLP_UNIT_SIZE];
    clp_text_add(text,
                 "<header><button id=\"theme\" type=\"button\">Light / dark</button><h1>clproc "
                 "profile");
    if (device) {
        clp_text_add(text, " · ");
        clp_text_html(text, device);
    }
    clp_text_add(text, "</h1>\n<p class=\"verdict\">");
    clp_text_html(text, findings->verdict);
    clp_text_add(text, "</p>\n<div class=\"tiles\">");
    tile(text, clp_unit_time(a, (double)profile->wall_ns), "wall time");
    tile(text, clp_unit_count(a, images), "images");
    tile(text, clp_unit_digits(a, seconds > 0 ? images / seconds : 0), "images per second");
    tile(text, clp_unit_count(a, seconds > 0 ? pixels / seconds : 0), "pixels in per second");
    tile(text, clp_unit_percent(a, clp_analysis_of_wall(analysis, (double)analysis->busy_ns)),
         "device busy");
    tile(text, clp_unit_percent(a, analysis->cores_share), "cores busy");
    tile(text, clp_unit_bytes(a, (double)profile->peak_resident), "peak memory");
    clp_text_add(text, "</div></header>\n");
}

static void write_findings(clp_text *text, const clp_analysis *analysis,
                           const clp_findings *findings) {
    open_section(text, "Findings",
                 "Ordered by what acting on them could save of the run, at most.");
    clp_text_add(text, "<ol class=\"findings\">\n");
    for (size_t i = 0; i < findings->count; i++) {
        const clp_finding *finding = &findings->items[i];
        double share = clp_analysis_of_wall(analysis, finding->saving_ns);
        char a[CLP_UNIT_SIZE];
        clp_text_print(text, "<li data-id=\"%s\">", finding->id);
        tag(text, "b", share > 0 ? clp_unit_percent(a, share) : "");
        clp_text_add(text, "<div>");
        clp_text_html(text, finding->text);
        tag(text, "small", finding->evidence);
        clp_text_add(text, "</div></li>\n");
    }
    clp_text_add(text, "</ol></section>\n");
}

static void write_timeline(clp_text *text, const clp_analysis *analysis) {
    char kept[CLP_KEPT_SIZE];
    open_section(
        text, "Timeline",
        analysis->profile->level == CLPROC_PROFILE_TRACE
            ? "Drag to zoom into a span, or use the buttons; Ctrl and the wheel zoom, too. "
              "Nested stages are inset; waiting is pale."
            : "Device commands only: spans of threads are recorded with --profile=trace.");
    if (*clp_analysis_kept(analysis, kept)) {
        tag(text, "p", kept);
    }
    clp_text_add(text,
                 "<div class=\"tools\"><button type=\"button\" id=\"timeline-in\">Zoom in</button>"
                 "<button type=\"button\" id=\"timeline-out\">Zoom out</button>"
                 "<button type=\"button\" id=\"timeline-left\" aria-label=\"Earlier\">←</button>"
                 "<button type=\"button\" id=\"timeline-right\" aria-label=\"Later\">→</button>"
                 "<button type=\"button\" id=\"timeline-all\">Whole run</button>"
                 "<output id=\"timeline-range\"></output></div>"
                 "<div class=\"chart\" id=\"timeline\"></div></section>\n");
}

/* ----------------------------------------------------------------- kernels */

static void kernel_line(clp_text *text, const clp_analysis *analysis, size_t index) {
    const clp_command_row *row = &analysis->commands[index];
    const clp_stats *s = &row->steady;
    const double times[] = {s->mean, s->deviation, s->min, s->p50, s->p95, s->max};
    char a[CLP_UNIT_SIZE];
    clp_text_print(
        text, "<tr><td class=\"name\"><span class=\"swatch\" data-command=\"%zu\"></span>", index);
    clp_text_html(text, row->name);
    clp_text_add(text, "</td>");
    count_cell(text, row->calls);
    time_cell(text, (double)row->total_ns);
    percent_cell(text, (double)row->total_ns, (double)analysis->command_ns);
    for (int i = 0; i < 6; i++) {
        time_cell(text, times[i]);
    }
    cell(text, (double)row->first_ns,
         row->first_calls ? clp_unit_time(a, (double)row->first_ns) : "–");
    bytes_cell(text, (double)row->bytes);
    rate_cell(text, row->bytes_per_second / 1e9, "");
    rate_cell(text, row->copy_share * 100, " %");
    rate_cell(text, row->operations_per_second / 1e9, "");
    time_cell(text, row->delay_ns);
    clp_text_add(text, "</tr>\n");
}

static void write_kernels(clp_text *text, const clp_analysis *analysis) {
    open_section(
        text, "Kernels and transfers",
        analysis->profile->clock_estimated
            ? "The driver has no common timer: places on the timeline are estimated, "
              "durations are the driver's."
            : "Statistics leave out first launches. These are the paler parts of the bars, "
              "and are timed from when they were queued, since the driver may compile before "
              "they start.");
    clp_text_add(text, "<div class=\"chart\" id=\"kernel-bars\"></div>\n");
    OPEN_TABLE(text, "kernels", "Name", "Calls", "Total", "Share", "Mean", "SD", "Min", "p50",
               "p95", "Max", "First", "Bytes", "GB/s", "Of copy", "Gop/s", "Queue delay");
    for (size_t i = 0; i < analysis->command_count; i++) {
        kernel_line(text, analysis, i);
    }
    close_table(text);
    clp_text_add(text, "<div class=\"multiples\" id=\"distributions\"></div></section>\n");
}

/* ---------------------------------------------------------------- the host */

static void write_hotspots(clp_text *text, const clp_analysis *analysis) {
    double all = (double)analysis->self_ns;
    open_section(text, "Hotspots",
                 "Stages of all threads. Self excludes nested stages, cumulative includes them.");
    OPEN_TABLE(text, "hotspots", "Stage", "Calls", "Self", "Share", "Cumulative", "Share", "Mean",
               "p50", "p95", "Max");
    for (size_t i = 0; i < analysis->stage_count; i++) {
        const clp_stage_row *row = &analysis->stages[i];
        const char *name = clp_prof_stage_name(row->stage);
        clp_text_print(text, "<tr%s><td><span class=\"swatch\" data-stage=\"%s\"></span>%s</td>",
                       clp_prof_stage_waits(row->stage) ? " class=\"wait\"" : "", name, name);
        count_cell(text, row->calls);
        time_cell(text, (double)row->self_ns);
        percent_cell(text, (double)row->self_ns, all);
        time_cell(text, (double)row->total_ns);
        percent_cell(text, (double)row->total_ns, all);
        time_cell(text, (double)row->total_ns / (double)row->calls);
        time_cell(text, row->sampled.p50);
        time_cell(text, row->sampled.p95);
        time_cell(text, row->sampled.max);
        clp_text_add(text, "</tr>\n");
    }
    close_table(text);
    clp_text_add(text, "</section>\n<section><h2>Flame graph</h2><p>Where threads and device spent "
                       "their time; click a bar to look into it.</p><div class=\"tools\"><button "
                       "type=\"button\" id=\"flame-all\">Show all</button></div><div "
                       "class=\"chart\" id=\"flame\"></div></section>\n");
}

/** `cpu` below 0: not known. */
static void occupancy_line(clp_text *text, const char *name, double busy, double waiting,
                           double cpu, double wall) {
    clp_text_add(text, "<tr>");
    tag(text, "td", name);
    percent_cell(text, busy, wall);
    meter_cell(text, busy, wall);
    time_cell(text, busy);
    time_cell(text, waiting);
    if (cpu >= 0) {
        time_cell(text, cpu);
    } else {
        cell(text, 0, "–");
    }
    clp_text_add(text, "</tr>\n");
}

static void write_builds(clp_text *text, const clproc_profile *profile) {
    if (profile->build_count == 0) {
        return;
    }
    clp_text_add(text, "<h2>Program builds</h2>");
    tag(text, "p", "With a cold kernel cache the driver compiled, with a warm one it had them.");
    OPEN_TABLE(text, "builds", "Program", "Time", "Kernel cache");
    for (size_t i = 0; i < profile->build_count; i++) {
        clp_text_add(text, "<tr>");
        tag(text, "td", profile->builds[i].name);
        time_cell(text, (double)profile->builds[i].ns);
        tag(text, "td", clp_prof_cache_name(profile->builds[i].cache));
        clp_text_add(text, "</tr>\n");
    }
    close_table(text);
}

static void write_occupancy(clp_text *text, const clp_analysis *analysis) {
    const clproc_profile *profile = analysis->profile;
    double wall = (double)profile->wall_ns;
    clp_text_add(text, "<div class=\"pair\">");
    open_section(text, "Occupancy", "How much of the run each thread and the device worked.");
    OPEN_TABLE(text, "occupancy", "Thread", "Busy", "", "Working", "Waiting", "Processor");
    for (size_t i = 0; i < profile->thread_count; i++) {
        occupancy_line(text, profile->threads[i].name, (double)analysis->threads[i].busy_ns,
                       (double)analysis->threads[i].waiting_ns, (double)profile->threads[i].cpu_ns,
                       wall);
    }
    if (analysis->command_count) {
        occupancy_line(text, analysis->device_count ? "any OpenCL device" : "OpenCL device",
                       (double)analysis->busy_ns, wall - (double)analysis->busy_ns,
                       (double)analysis->driver_cpu_ns, wall);
    }
    for (size_t i = 0; i < analysis->device_count; i++) {
        double busy = (double)analysis->devices[i].busy_ns;
        occupancy_line(text, analysis->devices[i].name, busy, wall - busy, -1, wall);
    }
    close_table(text);
    write_builds(text, profile);
    clp_text_add(text, "</section>\n");
    open_section(text, "What a faster part would save", "Of the whole run, at most.");
    OPEN_TABLE(text, "parts", "Part", "Working", "Processor", "Twice as fast", "Infinitely fast");
    for (size_t i = 0; i < analysis->part_count; i++) {
        const clp_part *part = &analysis->parts[i];
        clp_text_add(text, "<tr>");
        tag(text, "td", part->name);
        time_cell(text, (double)part->busy_ns);
        time_cell(text, part->cpu_ns);
        saving_cell(text, part->half_ns, wall);
        saving_cell(text, part->saving_ns, wall);
        clp_text_add(text, "</tr>\n");
    }
    close_table(text);
    clp_text_add(text, "</section></div>\n");
}

/* ------------------------------------------------------------------ memory */

/** `current` below 0 and `count` 0: not known. */
static void memory_line(clp_text *text, const char *name, const char *where, double peak,
                        double current, uint64_t count) {
    clp_text_add(text, "<tr>");
    tag(text, "td", name);
    tag(text, "td", where);
    bytes_cell(text, peak);
    if (current >= 0) {
        bytes_cell(text, current);
    } else {
        cell(text, 0, "–");
    }
    if (count) {
        count_cell(text, count);
    } else {
        cell(text, 0, "–");
    }
    clp_text_add(text, "</tr>\n");
}

static void write_memory(clp_text *text, const clproc_profile *profile) {
    clp_text_add(text, "<div class=\"pair\">");
    open_section(text, "Memory over time", "By what it is held for, in the whole process.");
    clp_text_add(text, "<div class=\"chart\" id=\"memory-line\"></div></section>\n");
    open_section(text, "Roofline",
                 "A kernel far below the line could move its data or compute faster.");
    clp_text_add(text, "<div class=\"chart\" id=\"roofline\"></div></section></div>\n");
    clp_text_add(text, "<div class=\"pair\">");
    open_section(text, "Memory by cause", "");
    OPEN_TABLE(text, "memory", "Held for", "Where", "Peak", "At the end", "Allocations");
    for (int i = 0; i < CLP_MEMORY_SITE_COUNT; i++) {
        const clp_memory_use *use = &profile->memory[i];
        if (use->peak || use->count) {
            memory_line(text, clp_memory_site_name((clp_memory_site)i), "host", (double)use->peak,
                        (double)use->current, use->count);
        }
    }
    for (size_t i = 0; i < profile->role_count; i++) {
        memory_line(text, profile->roles[i].name, "device", (double)profile->roles[i].peak,
                    (double)profile->roles[i].current, 0);
    }
    memory_line(text, "all of the process, resident", "host", (double)profile->peak_resident, -1,
                0);
    close_table(text);
    clp_text_add(text, "</section>\n");
}

static void write_counts(clp_text *text, const clproc_profile *profile) {
    double images = (double)profile->counters[CLP_COUNTER_IMAGES];
    open_section(text, "Counts", "");
    OPEN_TABLE(text, "counts", "What", "Total", "Per image");
    for (int i = 0; i < CLP_COUNTER_COUNT; i++) {
        char a[CLP_UNIT_SIZE], b[CLP_UNIT_SIZE];
        double value = (double)profile->counters[i], each = images > 0 ? value / images : 0;
        clp_text_add(text, "<tr>");
        tag(text, "td", clp_prof_counter_name((clp_prof_counter)i));
        cell(text, value, clp_unit_count(a, value));
        cell(text, each, clp_unit_count(b, each));
        clp_text_add(text, "</tr>\n");
    }
    close_table(text);
    clp_text_add(text, "<h2>Environment</h2>");
    OPEN_TABLE(text, "environment", "Fact", "Value");
    for (size_t i = 0; i < profile->fact_count; i++) {
        clp_text_add(text, "<tr>");
        tag(text, "td", profile->facts[i].key);
        tag(text, "td", profile->facts[i].value);
        clp_text_add(text, "</tr>\n");
    }
    close_table(text);
    clp_text_add(text, "</section></div>\n");
}

void clp_html_write(clp_text *text, const clp_analysis *analysis, const clp_findings *findings) {
    clp_page_begin(text, "clproc profile");
    write_head(text, analysis, findings);
    write_findings(text, analysis, findings);
    write_timeline(text, analysis);
    write_kernels(text, analysis);
    write_hotspots(text, analysis);
    write_occupancy(text, analysis);
    write_memory(text, analysis->profile);
    write_counts(text, analysis->profile);
    clp_text_add(text, "<footer>Written by clproc " CLPROC_VERSION
                       "; this page needs no network.</footer>\n"
                       "<script type=\"application/json\" id=\"data\">\n");
    clp_json_write(text, analysis, findings);
    clp_text_add(text, "</script>\n");
    clp_page_end(text, true);
}
