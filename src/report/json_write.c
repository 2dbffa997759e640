/* A profile as JSON, with what is derived from it. */
#include <string.h>

#include "report/json.h"

const char *const clp_json_levels[3] = {"off", "summary", "trace"};
const char *const clp_json_covers[CLP_COVER_COUNT] = {[CLP_COVER_ALL] = "busy_ns",
                                                      [CLP_COVER_KERNELS] = "kernel_busy_ns",
                                                      [CLP_COVER_TRANSFERS] = "transfer_busy_ns"};

/** A number that readers with signed integers understand, too; null for CLP_PROF_NO_IMAGE. */
static void number(clp_text *text, uint64_t value) {
    if (value == CLP_PROF_NO_IMAGE) {
        clp_text_add(text, "null");
        return;
    }
    clp_text_print(text, "%llu",
                   (unsigned long long)(value > INT64_MAX ? (uint64_t)INT64_MAX : value));
}

static void key(clp_text *text, const char *name) {
    clp_text_json(text, name);
    clp_text_add(text, ":");
}

static void member(clp_text *text, const char *name, uint64_t value) {
    key(text, name);
    number(text, value);
}

static void number_member(clp_text *text, const char *name, double value) {
    clp_text_add(text, ",");
    key(text, name);
    clp_text_number(text, value, 3);
}

static void string_member(clp_text *text, const char *name, const char *value) {
    key(text, name);
    clp_text_json(text, value);
}

static void comma(clp_text *text, size_t index) {
    clp_text_add(text, index ? "," : "");
}

static void row(clp_text *text, size_t index, const uint64_t *values, size_t count) {
    clp_text_add(text, index ? ",\n[" : "[");
    for (size_t i = 0; i < count; i++) {
        comma(text, i);
        number(text, values[i]);
    }
    clp_text_add(text, "]");
}

/* ------------------------------------------------------------- raw parts */

static void write_head(clp_text *text, const clproc_profile *profile) {
    clp_text_add(text, "{\n");
    string_member(text, "format", profile->tallies ? CLP_JSON_FORMAT_SUMS : CLP_JSON_FORMAT);
    clp_text_add(text, ",\n");
    string_member(text, "level", clp_json_levels[profile->level]);
    clp_text_add(text, ",\n");
    string_member(text, "clock", profile->clock_estimated ? "estimated" : "aligned");
    clp_text_add(text, ",\n");
    member(text, "cores", profile->cores);
    if (profile->kept_until) {
        clp_text_add(text, ",\n");
        member(text, "kept_until", profile->kept_until);
    }
#define X(name)                                                                                    \
    clp_text_add(text, ",\n");                                                                     \
    member(text, #name, profile->name);
    CLP_JSON_NUMBERS(X)
#undef X
    clp_text_add(text, ",\n\"environment\":{");
    for (size_t i = 0; i < profile->fact_count; i++) {
        clp_text_add(text, i ? ",\n" : "\n");
        string_member(text, profile->facts[i].key, profile->facts[i].value);
    }
    clp_text_add(text, "},\n\"counters\":{");
    for (int i = 0; i < CLP_COUNTER_COUNT; i++) {
        comma(text, (size_t)i);
        member(text, clp_prof_counter_name((clp_prof_counter)i), profile->counters[i]);
    }
    clp_text_add(text, "},\n\"stages\":[");
    for (int i = 0; i < CLP_PROF_STAGE_COUNT; i++) {
        comma(text, (size_t)i);
        clp_text_json(text, clp_prof_stage_name((clp_prof_stage)i));
    }
    clp_text_add(text, "],\n");
}

static void write_threads(clp_text *text, const clproc_profile *profile) {
    clp_text_add(text, "\"threads\":[");
    for (size_t i = 0; i < profile->thread_count; i++) {
        const clp_profile_thread *thread = &profile->threads[i];
        clp_text_add(text, i ? ",\n{" : "\n{");
        string_member(text, "name", thread->name);
        clp_text_add(text, ",");
        member(text, "start", thread->start);
        clp_text_add(text, ",");
        member(text, "end", thread->end);
        clp_text_add(text, ",");
        member(text, "cpu_ns", thread->cpu_ns);
        clp_text_add(text, ",\n\"tree\":[");
        for (size_t n = 0; n < thread->node_count; n++) {
            const clp_profile_node *node = &thread->nodes[n];
            row(text, n, (uint64_t[]){node->stage, node->parent, node->calls, node->total_ns}, 4);
        }
        clp_text_add(text, "],\n\"spans\":[");
        for (size_t s = 0; s < thread->span_count; s++) {
            const clp_profile_span *span = &thread->spans[s];
            row(text, s,
                (uint64_t[]){span->stage, span->depth, span->start, span->end, span->image}, 5);
        }
        clp_text_add(text, "]}");
    }
    clp_text_add(text, "],\n\"samples\":[");
    size_t written = 0;
    for (size_t i = 0; i < CLP_PROF_STAGE_COUNT; i++) {
        const clp_profile_samples *samples = &profile->samples[i];
        if (samples->count == 0) {
            continue;
        }
        clp_text_print(text, "%s\n{\"stage\":%zu,", written++ ? "," : "", i);
        member(text, "stride", samples->stride);
        clp_text_add(text, ",\"calls\":[");
        for (size_t c = 0; c < samples->count; c++) {
            const clp_profile_sample *sample = &samples->items[c];
            row(text, c, (uint64_t[]){sample->end, sample->duration, sample->image}, 3);
        }
        clp_text_add(text, "]}");
    }
    clp_text_add(text, "],\n");
}

/** Which devices there are and which command ran on which, where there is more than one. */
static void write_devices(clp_text *text, const clproc_profile *profile) {
    if (profile->device_count < 2) {
        return;
    }
    clp_text_add(text, "\"devices\":[");
    for (size_t i = 0; i < profile->device_count; i++) {
        clp_text_add(text, i ? ",{" : "{");
        string_member(text, "name", profile->devices[i].name);
        clp_text_add(text, ",");
        member(text, "copy_bytes_per_second", profile->devices[i].copy_rate);
        clp_text_add(text, "}");
    }
    clp_text_add(text, "],\n");
}

static void write_devices_of_commands(clp_text *text, const clproc_profile *profile) {
    if (profile->device_count < 2) {
        return;
    }
    clp_text_add(text, ",\n\"devices\":[");
    for (size_t i = 0; i < profile->command_count; i++) {
        comma(text, i);
        number(text, profile->commands[i].device);
    }
    clp_text_add(text, "]");
}

/** Commands, their kind and name by index into "names". */
static void write_commands(clp_text *text, const clp_analysis *analysis) {
    const clproc_profile *profile = analysis->profile;
    clp_text_add(text, "\"commands\":{\"names\":[");
    for (size_t i = 0; i < analysis->command_count; i++) {
        clp_text_add(text, i ? ",{" : "{");
        string_member(text, "kind", clp_command_kind_name(analysis->commands[i].kind));
        clp_text_add(text, ",");
        string_member(text, "name", analysis->commands[i].name);
        clp_text_add(text, "}");
    }
#define X(name) ",\"" #name "\""
    clp_text_add(text, "],\n\"columns\":[\"name\"" CLP_JSON_COMMAND(X) "],\n\"rows\":[");
#undef X
    for (size_t i = 0; i < profile->command_count; i++) {
        const clp_prof_command *command = &profile->commands[i];
        size_t name = (size_t)(clp_analysis_row(analysis, command) - analysis->commands);
#define X(member_name) , command->member_name
        const uint64_t values[] = {name CLP_JSON_COMMAND(X)};
#undef X
        row(text, i, values, sizeof values / sizeof values[0]);
    }
    clp_text_add(text, "]");
    write_devices_of_commands(text, profile);
    clp_text_add(text, "},\n\"batches\":[");
    for (size_t i = 0; i < profile->link_count; i++) {
        row(text, i, (uint64_t[]){profile->links[i].image, profile->links[i].batch}, 2);
    }
    clp_text_add(text, "],\n");
}

/** How the durations of a row's commands lie, and those that were picked; `devices`: there are
 * several. */
static void write_tally(clp_text *text, const clp_tally *tally, const clp_command_row *command,
                        bool devices) {
    size_t place = 0, written = 0;
    uint64_t calls;
    clp_interval class;
#define X(name)                                                                                    \
    clp_text_add(text, ",");                                                                       \
    member(text, #name, tally->name);
    CLP_JSON_TALLY(X)
#undef X
    if (devices) {
        clp_text_add(text, ",\"device_bytes\":[");
        for (size_t i = 0; i < tally->device_count; i++) {
            comma(text, i);
            number(text, tally->device_bytes[i]);
        }
        clp_text_add(text, "]");
    }
    number_member(text, "deviation_ns", command->steady.deviation);
    clp_text_add(text, ",\n\"histogram\":[");
    while (clp_spread_next(&tally->spread, &place, &class, &calls)) {
        row(text, written++, (uint64_t[]){class.start, calls}, 2);
    }
    clp_text_add(text, "],\n");
    member(text, "stride", tally->samples.stride);
    clp_text_add(text, ",\"samples\":[");
    for (size_t i = 0; i < tally->samples.count; i++) {
        const clp_tally_sample *sample = &tally->samples.items[i];
        row(text, i, (uint64_t[]){sample->start, sample->duration, sample->bytes, sample->images},
            4);
    }
    clp_text_add(text, "]}");
}

static void write_sums_of_devices(clp_text *text, const clproc_profile *profile) {
    const clp_tallies *tallies = profile->tallies;
    if (profile->device_count < 2) {
        return;
    }
    clp_text_add(text, ",\n\"devices\":[");
    for (size_t i = 0; i < tallies->device_count; i++) {
        const clp_tally_device *device = &tallies->devices[i];
        clp_text_add(text, i ? ",\n{" : "\n{");
        member(text, "calls", device->calls);
        clp_text_add(text, ",");
        member(text, "total_ns", device->total_ns);
        for (int kind = 0; kind < CLP_COVER_COUNT; kind++) {
            clp_text_add(text, ",");
            member(text, clp_json_covers[kind], device->busy_ns[kind]);
        }
        clp_text_add(text, "}");
    }
    clp_text_add(text, "]");
}

/** The sums of all commands, where not all are kept. */
static void write_sums(clp_text *text, const clp_analysis *analysis) {
    const clp_tallies *tallies = analysis->profile->tallies;
    if (!tallies) {
        return;
    }
    clp_text_add(text, "\"sums\":{");
    for (int i = 0; i < CLP_COVER_COUNT; i++) {
        member(text, clp_json_covers[i], tallies->busy_ns[i]);
        clp_text_add(text, ",");
    }
    clp_text_add(text, "\"commands\":[");
    for (size_t i = 0; i < analysis->command_count; i++) {
        const clp_command_row *command = &analysis->commands[i];
        clp_text_add(text, i ? ",\n{" : "\n{");
        member(text, "name", i);
        write_tally(text, clp_tallies_find(tallies, command->kind, command->name), command,
                    analysis->profile->device_count > 1);
    }
    clp_text_add(text, "]");
    write_sums_of_devices(text, analysis->profile);
    clp_text_add(text, "},\n");
}

static void write_gauges(clp_text *text, const clproc_profile *profile) {
    clp_text_add(text, "\"gauges\":[");
    for (int i = 0; i < CLP_GAUGE_COUNT; i++) {
        const clp_profile_gauge *gauge = &profile->gauges[i];
        clp_text_add(text, i ? ",\n{" : "\n{");
        string_member(text, "name", clp_prof_gauge_name((clp_prof_gauge)i));
        clp_text_add(text, ",");
        member(text, "peak", gauge->peak);
        clp_text_add(text, ",\"readings\":[");
        for (size_t r = 0; r < gauge->count; r++) {
            row(text, r, (uint64_t[]){gauge->readings[r].time, gauge->readings[r].value}, 2);
        }
        clp_text_add(text, "]}");
    }
    clp_text_add(text, "],\n\"builds\":[");
    for (size_t i = 0; i < profile->build_count; i++) {
        clp_text_add(text, i ? ",{" : "{");
        string_member(text, "name", profile->builds[i].name);
        clp_text_add(text, ",");
        member(text, "ns", profile->builds[i].ns);
        clp_text_add(text, ",");
        string_member(text, "cache", clp_prof_cache_name(profile->builds[i].cache));
        clp_text_add(text, "}");
    }
    clp_text_add(text, "],\n");
}

static void write_memory(clp_text *text, const clproc_profile *profile) {
    clp_text_add(text, "\"memory\":[");
    for (int i = 0; i < CLP_MEMORY_SITE_COUNT; i++) {
        const clp_memory_use *use = &profile->memory[i];
        clp_text_add(text, i ? ",\n{" : "\n{");
        string_member(text, "site", clp_memory_site_name((clp_memory_site)i));
        clp_text_print(text, ",\"current\":%llu,\"peak\":%llu,\"count\":%llu}",
                       (unsigned long long)use->current, (unsigned long long)use->peak,
                       (unsigned long long)use->count);
    }
    clp_text_add(text, "],\n\"memory_line\":[");
    for (size_t i = 0; i < profile->memory_line_count; i++) {
        const clp_profile_memory *point = &profile->memory_line[i];
        uint64_t values[2 + CLP_MEMORY_SITE_COUNT] = {point->time, point->device};
        memcpy(values + 2, point->bytes, sizeof point->bytes);
        row(text, i, values, 2 + CLP_MEMORY_SITE_COUNT);
    }
    clp_text_add(text, "],\n\"device_memory\":[");
    for (size_t i = 0; i < profile->role_count; i++) {
        clp_text_add(text, i ? ",{" : "{");
        string_member(text, "role", profile->roles[i].name);
        clp_text_add(text, ",");
        member(text, "current", profile->roles[i].current);
        clp_text_add(text, ",");
        member(text, "peak", profile->roles[i].peak);
        clp_text_add(text, "}");
    }
    clp_text_add(text, "],\n");
}

/* --------------------------------------------------------------- derived */

static void write_stats(clp_text *text, const clp_stats *stats) {
    number_member(text, "mean_ns", stats->mean);
    number_member(text, "deviation_ns", stats->deviation);
    number_member(text, "min_ns", stats->min);
    number_member(text, "p50_ns", stats->p50);
    number_member(text, "p95_ns", stats->p95);
    number_member(text, "max_ns", stats->max);
}

static void write_derived_commands(clp_text *text, const clp_analysis *analysis) {
    clp_text_add(text, "\"commands\":[");
    for (size_t i = 0; i < analysis->command_count; i++) {
        const clp_command_row *command = &analysis->commands[i];
        clp_text_add(text, i ? ",\n{" : "\n{");
        string_member(text, "kind", clp_command_kind_name(command->kind));
        clp_text_add(text, ",");
        string_member(text, "name", command->name);
        clp_text_print(
            text, ",\"calls\":%llu,\"total_ns\":%llu,\"first_calls\":%llu,\"first_ns\":%llu",
            (unsigned long long)command->calls, (unsigned long long)command->total_ns,
            (unsigned long long)command->first_calls, (unsigned long long)command->first_ns);
        write_stats(text, &command->steady);
        clp_text_print(text, ",\"bytes\":%llu,\"operations\":%llu",
                       (unsigned long long)command->bytes, (unsigned long long)command->operations);
        number_member(text, "bytes_per_second", command->bytes_per_second);
        number_member(text, "operations_per_second", command->operations_per_second);
        number_member(text, "share_of_copy", command->copy_share);
        number_member(text, "queue_delay_ns", command->delay_ns);
        clp_text_add(text, "}");
    }
    clp_text_add(text, "]");
}

static void write_derived_stages(clp_text *text, const clp_analysis *analysis) {
    clp_text_add(text, ",\n\"stages\":[");
    for (size_t i = 0; i < analysis->stage_count; i++) {
        const clp_stage_row *stage = &analysis->stages[i];
        clp_text_add(text, i ? ",\n{" : "\n{");
        string_member(text, "name", clp_prof_stage_name(stage->stage));
        clp_text_print(
            text, ",\"waits\":%s,\"frames\":%s,\"calls\":%llu,\"self_ns\":%llu,\"total_ns\":%llu",
            clp_prof_stage_waits(stage->stage) ? "true" : "false",
            clp_prof_stage_frames(stage->stage) ? "true" : "false",
            (unsigned long long)stage->calls, (unsigned long long)stage->self_ns,
            (unsigned long long)stage->total_ns);
        write_stats(text, &stage->sampled);
        clp_text_add(text, "}");
    }
    clp_text_add(text, "]");
}

static void write_derived_parts(clp_text *text, const clp_analysis *analysis) {
    clp_text_add(text, ",\n\"resources\":[");
    for (size_t i = 0; i < analysis->resource_count; i++) {
        const clp_resource *resource = &analysis->resources[i];
        clp_text_add(text, i ? ",\n{" : "\n{");
        string_member(text, "name", resource->name);
        clp_text_print(text, ",\"threads\":%u,\"busy_ns\":%llu,\"waiting_ns\":%llu,\"cpu_ns\":%llu",
                       resource->count, (unsigned long long)resource->busy_ns,
                       (unsigned long long)resource->waiting_ns,
                       (unsigned long long)resource->cpu_ns);
        number_member(text, "share", resource->share);
        clp_text_add(text, "}");
    }
    clp_text_add(text, "],\n\"parts\":[");
    for (size_t i = 0; i < analysis->part_count; i++) {
        const clp_part *part = &analysis->parts[i];
        clp_text_add(text, i ? ",\n{" : "\n{");
        string_member(text, "name", part->name);
        clp_text_add(text, ",");
        member(text, "busy_ns", part->busy_ns);
        number_member(text, "cpu_ns", part->cpu_ns);
        number_member(text, "saving_if_twice_as_fast_ns", part->half_ns);
        number_member(text, "saving_if_infinitely_fast_ns", part->saving_ns);
        clp_text_add(text, "}");
    }
    clp_text_add(text, "]");
}

/** Of several devices what each did. */
static void write_derived_devices(clp_text *text, const clp_analysis *analysis) {
    if (analysis->device_count == 0) {
        return;
    }
    clp_text_add(text, ",\n\"devices\":[");
    for (size_t i = 0; i < analysis->device_count; i++) {
        const clp_device_row *device = &analysis->devices[i];
        clp_text_add(text, i ? ",\n{" : "\n{");
        string_member(text, "name", device->name);
        clp_text_add(text, ",");
        member(text, "calls", device->calls);
        clp_text_add(text, ",");
        member(text, "command_ns", device->command_ns);
        clp_text_add(text, ",");
        member(text, "busy_ns", device->busy_ns);
        clp_text_add(text, ",");
        key(text, "share");
        clp_text_number(text, clp_analysis_of_wall(analysis, (double)device->busy_ns), 6);
        clp_text_add(text, "}");
    }
    clp_text_add(text, "]");
}

static void write_derived(clp_text *text, const clp_analysis *analysis,
                          const clp_findings *findings) {
    clp_text_add(text, "\"derived\":{");
    write_derived_commands(text, analysis);
    write_derived_stages(text, analysis);
    write_derived_parts(text, analysis);
    write_derived_devices(text, analysis);
    clp_text_add(text, ",\n\"device_busy_ns\":");
    number(text, analysis->busy_ns);
    number_member(text, "cores_share", analysis->cores_share);
    clp_text_add(text, ",\n");
    string_member(text, "verdict", findings->verdict);
    clp_text_add(text, ",\n\"findings\":[");
    for (size_t i = 0; i < findings->count; i++) {
        const clp_finding *finding = &findings->items[i];
        clp_text_add(text, i ? ",\n{" : "\n{");
        string_member(text, "id", finding->id);
        number_member(text, "saving_ns", finding->saving_ns);
        clp_text_add(text, ",");
        string_member(text, "text", finding->text);
        clp_text_add(text, ",");
        string_member(text, "evidence", finding->evidence);
        clp_text_add(text, "}");
    }
    clp_text_add(text, "]}\n}\n");
}

void clp_json_write(clp_text *text, const clp_analysis *analysis, const clp_findings *findings) {
    write_head(text, analysis->profile);
    write_threads(text, analysis->profile);
    write_devices(text, analysis->profile);
    write_commands(text, analysis);
    write_sums(text, analysis);
    write_gauges(text, analysis->profile);
    write_memory(text, analysis->profile);
    write_derived(text, analysis, findings);
}
