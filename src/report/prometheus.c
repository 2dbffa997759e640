/* A profile in Prometheus' text format. */
#include "report/writers.h"

static void head(clp_text *text, const char *name, const char *type, const char *help) {
    clp_text_print(text, "# HELP clproc_%s %s\n# TYPE clproc_%s %s\n", name, help, name, type);
}

static void label(clp_text *text, const char *key, const char *of) {
    clp_text_print(text, "%s=\"", key);
    clp_text_label(text, of);
    clp_text_add(text, "\"");
}

static void value(clp_text *text, double number, int decimals) {
    clp_text_add(text, " ");
    clp_text_number(text, number, decimals);
    clp_text_add(text, "\n");
}

static void single(clp_text *text, const char *name, const char *help, double number,
                   int decimals) {
    head(text, name, "gauge", help);
    clp_text_print(text, "clproc_%s", name);
    value(text, number, decimals);
}

static void labelled(clp_text *text, const char *name, const char *key, const char *of,
                     double number, int decimals) {
    clp_text_print(text, "clproc_%s{", name);
    label(text, key, of);
    clp_text_add(text, "}");
    value(text, number, decimals);
}

static void command_value(clp_text *text, const char *name, const clp_command_row *row,
                          const char *quantile, double number, int decimals) {
    clp_text_print(text, "clproc_%s{", name);
    label(text, "kind", clp_command_kind_name(row->kind));
    clp_text_add(text, ",");
    label(text, "name", row->name);
    if (quantile) {
        clp_text_add(text, ",");
        label(text, "quantile", quantile);
    }
    clp_text_add(text, "}");
    value(text, number, decimals);
}

static void commands(clp_text *text, const clp_analysis *analysis) {
    head(text, "command_seconds", "summary",
         "Execution times of device commands; quantiles without first launches.");
    for (size_t i = 0; i < analysis->command_count; i++) {
        const clp_command_row *row = &analysis->commands[i];
        command_value(text, "command_seconds", row, "0.5", row->steady.p50 / 1e9, 9);
        command_value(text, "command_seconds", row, "0.95", row->steady.p95 / 1e9, 9);
        command_value(text, "command_seconds_sum", row, NULL, (double)row->total_ns / 1e9, 9);
        command_value(text, "command_seconds_count", row, NULL, (double)row->calls, 0);
    }
    head(text, "command_bytes_per_second", "gauge", "Memory traffic of device commands.");
    for (size_t i = 0; i < analysis->command_count; i++) {
        command_value(text, "command_bytes_per_second", &analysis->commands[i], NULL,
                      analysis->commands[i].bytes_per_second, 0);
    }
}

static void stages(clp_text *text, const clp_analysis *analysis) {
    head(text, "stage_seconds", "gauge", "Time of all threads in a stage, nested stages excluded.");
    for (size_t i = 0; i < analysis->stage_count; i++) {
        labelled(text, "stage_seconds", "stage", clp_prof_stage_name(analysis->stages[i].stage),
                 (double)analysis->stages[i].self_ns / 1e9, 9);
    }
    head(text, "busy_ratio", "gauge", "Part of the run that a kind of thread or the device works.");
    for (size_t i = 0; i < analysis->resource_count; i++) {
        labelled(text, "busy_ratio", "part", analysis->resources[i].name,
                 analysis->resources[i].share, 4);
    }
}

void clp_prometheus_write(clp_text *text, const clp_analysis *analysis,
                          const clp_findings *findings) {
    (void)findings;
    const clproc_profile *profile = analysis->profile;
    const char *device = clp_profile_fact_value(profile, CLP_FACT_DEVICE);
    head(text, "info", "gauge", "Version and device of the last run.");
    clp_text_add(text, "clproc_info{");
    label(text, "version", CLPROC_VERSION);
    clp_text_add(text, ",");
    label(text, "device", device ? device : "");
    clp_text_add(text, "} 1\n");
    single(text, "run_seconds", "Duration of the last run.", (double)profile->wall_ns / 1e9, 9);
    single(text, "processor_seconds", "Processor time of the last run.",
           (double)(profile->user_ns + profile->system_ns) / 1e9, 9);
    single(text, "resident_bytes", "Most memory the process held.", (double)profile->peak_resident,
           0);
    single(text, "device_busy_seconds", "Time in which the device ran at least one command.",
           (double)analysis->busy_ns / 1e9, 9);
    if (analysis->device_count) {
        head(text, "each_device_busy_seconds", "gauge", "The same of each device.");
        for (size_t i = 0; i < analysis->device_count; i++) {
            labelled(text, "each_device_busy_seconds", "device", analysis->devices[i].name,
                     (double)analysis->devices[i].busy_ns / 1e9, 9);
        }
    }
    head(text, "count", "gauge", "What the last run counted.");
    for (int i = 0; i < CLP_COUNTER_COUNT; i++) {
        labelled(text, "count", "of", clp_prof_counter_name((clp_prof_counter)i),
                 (double)profile->counters[i], 0);
    }
    commands(text, analysis);
    stages(text, analysis);
    head(text, "memory_bytes", "gauge", "Most host memory held by what for.");
    for (int i = 0; i < CLP_MEMORY_SITE_COUNT; i++) {
        labelled(text, "memory_bytes", "site", clp_memory_site_name((clp_memory_site)i),
                 (double)profile->memory[i].peak, 0);
    }
    if (profile->role_count) {
        head(text, "device_memory_bytes", "gauge", "Most device memory held by what for.");
        for (size_t i = 0; i < profile->role_count; i++) {
            labelled(text, "device_memory_bytes", "role", profile->roles[i].name,
                     (double)profile->roles[i].peak, 0);
        }
    }
}
