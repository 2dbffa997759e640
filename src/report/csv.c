/* A profile as CSV. */
#include "report/writers.h"

enum { COLUMNS = 19 };

static const char *const heads[COLUMNS] = {
    "section",  "name",     "calls",     "total_ms", "self_ms",  "first_calls", "first_ms",
    "mean_ms",  "sd_ms",    "min_ms",    "p50_ms",   "p95_ms",   "max_ms",      "bytes",
    "GB_per_s", "copy_pct", "Gop_per_s", "queue_ms", "share_pct"};

/** One field; the first of a line has no comma before it. */
static void milliseconds(clp_text *text, double ns) {
    clp_text_add(text, ",");
    clp_text_number(text, ns / 1e6, 6);
}

static void value(clp_text *text, double number, int decimals) {
    clp_text_add(text, ",");
    clp_text_number(text, number, decimals);
}

static void empty(clp_text *text, int count) {
    for (int i = 0; i < count; i++) {
        clp_text_add(text, ",");
    }
}

static void begin(clp_text *text, const char *section, const char *name) {
    clp_text_csv(text, section);
    clp_text_add(text, ",");
    clp_text_csv(text, name);
}

static void stats(clp_text *text, const clp_stats *times) {
    milliseconds(text, times->mean);
    milliseconds(text, times->deviation);
    milliseconds(text, times->min);
    milliseconds(text, times->p50);
    milliseconds(text, times->p95);
    milliseconds(text, times->max);
}

static void command_line(clp_text *text, const clp_analysis *analysis, const clp_command_row *row) {
    begin(text, clp_command_kind_name(row->kind), row->name);
    value(text, (double)row->calls, 0);
    milliseconds(text, (double)row->total_ns);
    milliseconds(text, (double)row->total_ns);
    value(text, (double)row->first_calls, 0);
    milliseconds(text, (double)row->first_ns);
    stats(text, &row->steady);
    value(text, (double)row->bytes, 0);
    value(text, row->bytes_per_second / 1e9, 3);
    value(text, row->copy_share * 100, 2);
    value(text, row->operations_per_second / 1e9, 3);
    milliseconds(text, row->delay_ns);
    value(text,
          analysis->command_ns ? (double)row->total_ns / (double)analysis->command_ns * 100 : 0, 2);
    clp_text_add(text, "\n");
}

void clp_csv_write(clp_text *text, const clp_analysis *analysis, const clp_findings *findings) {
    (void)findings;
    for (int i = 0; i < COLUMNS; i++) {
        clp_text_print(text, "%s%s", i ? "," : "", heads[i]);
    }
    clp_text_add(text, "\n");
    for (size_t i = 0; i < analysis->command_count; i++) {
        command_line(text, analysis, &analysis->commands[i]);
    }
    for (size_t i = 0; i < analysis->stage_count; i++) {
        const clp_stage_row *row = &analysis->stages[i];
        begin(text, clp_prof_stage_waits(row->stage) ? "wait" : "stage",
              clp_prof_stage_name(row->stage));
        value(text, (double)row->calls, 0);
        milliseconds(text, (double)row->total_ns);
        milliseconds(text, (double)row->self_ns);
        empty(text, 2);
        stats(text, &row->sampled);
        empty(text, 5);
        value(text, analysis->self_ns ? (double)row->self_ns / (double)analysis->self_ns * 100 : 0,
              2);
        clp_text_add(text, "\n");
    }
    for (size_t i = 0; i < analysis->device_count; i++) {
        const clp_device_row *device = &analysis->devices[i];
        begin(text, "device", device->name);
        value(text, (double)device->calls, 0);
        milliseconds(text, (double)device->command_ns);
        milliseconds(text, (double)device->busy_ns);
        empty(text, 13);
        value(text, clp_analysis_of_wall(analysis, (double)device->busy_ns) * 100, 2);
        clp_text_add(text, "\n");
    }
    for (size_t i = 0; i < analysis->resource_count; i++) {
        const clp_resource *part = &analysis->resources[i];
        begin(text, "part", part->name);
        value(text, (double)part->count, 0);
        milliseconds(text, (double)part->busy_ns);
        milliseconds(text, (double)part->busy_ns);
        empty(text, 13);
        value(text, part->share * 100, 2);
        clp_text_add(text, "\n");
    }
}
