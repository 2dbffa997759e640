/* A profile as Chrome's trace events. */
#include <stdlib.h>
#include <string.h>

#include "report/lanes.h"
#include "report/writers.h"

/* Chrome's trace event format. Process 1 is the host with a track per thread, process 2 the device
 * with a track per lane; further devices follow. Times are µs with three decimals: exactly our ns.
 */

enum { HOST = 1, DEVICE = 2 };

typedef struct tracer {
    clp_text *text;
    const clp_analysis *analysis;
    const clproc_profile *profile;
    clp_lanes lanes;
    size_t events;
} tracer;

static void begin_event(tracer *trace, const char *phase, const char *name, int process,
                        size_t track) {
    clp_text_print(trace->text, "%s{\"ph\":\"%s\",\"pid\":%d,\"tid\":%zu,\"name\":",
                   trace->events++ ? ",\n" : "", phase, process, track + 1);
    clp_text_json(trace->text, name);
}

static void at(tracer *trace, uint64_t ns) {
    clp_text_add(trace->text, ",\"ts\":");
    clp_text_microseconds(trace->text, ns);
}

static void meta(tracer *trace, const char *what, int process, size_t track, const char *name) {
    begin_event(trace, "M", what, process, track);
    clp_text_add(trace->text, ",\"args\":{\"name\":");
    clp_text_json(trace->text, name);
    clp_text_add(trace->text, "}}");
}

/** The process of a lane's device. */
static int process_of(const tracer *trace, size_t lane) {
    return (int)(DEVICE + trace->lanes.lanes[lane].device);
}

static void name_tracks(tracer *trace) {
    meta(trace, "process_name", HOST, 0, "clproc");
    for (size_t i = 0; i < trace->profile->thread_count; i++) {
        meta(trace, "thread_name", HOST, i, trace->profile->threads[i].name);
    }
    for (uint32_t device = 0; device == 0 || device < trace->analysis->device_count; device++) {
        meta(trace, "process_name", (int)(DEVICE + device), 0,
             clp_lane_device_name(trace->analysis, device));
    }
    for (size_t i = 0; i < trace->lanes.count; i++) {
        char name[32];
        meta(trace, "thread_name", process_of(trace, i), i,
             clp_lane_name(&trace->lanes.lanes[i], name));
    }
}

static void slice(tracer *trace, const char *name, const char *category, int process, size_t track,
                  uint64_t start, uint64_t end) {
    begin_event(trace, "X", name, process, track);
    clp_text_print(trace->text, ",\"cat\":\"%s\"", category);
    at(trace, start);
    clp_text_add(trace->text, ",\"dur\":");
    clp_text_microseconds(trace->text, end - start);
}

static void write_spans(tracer *trace) {
    for (size_t t = 0; t < trace->profile->thread_count; t++) {
        const clp_profile_thread *thread = &trace->profile->threads[t];
        for (size_t i = 0; i < thread->span_count; i++) {
            const clp_profile_span *span = &thread->spans[i];
            slice(trace, clp_prof_stage_name(span->stage),
                  clp_prof_stage_waits(span->stage) ? "wait" : "host", HOST, t, span->start,
                  span->end);
            if (span->image != CLP_PROF_NO_IMAGE) {
                clp_text_print(trace->text, ",\"args\":{\"image\":%llu}",
                               (unsigned long long)span->image);
            }
            clp_text_add(trace->text, "}");
        }
    }
}

static void write_commands(tracer *trace) {
    for (size_t i = 0; i < trace->profile->command_count; i++) {
        const clp_prof_command *command = &trace->profile->commands[i];
        uint32_t lane = trace->lanes.of[i];
        slice(trace, command->name, "device", process_of(trace, lane), lane, command->started,
              command->ended);
        clp_text_print(trace->text,
                       ",\"args\":{\"images\":%u,\"bytes\":%llu,\"operations\":%llu,"
                       "\"first launch\":%s,\"queue delay us\":",
                       command->images,
                       (unsigned long long)(command->bytes_read + command->bytes_written),
                       (unsigned long long)command->operations, command->first ? "true" : "false");
        clp_text_microseconds(trace->text, command->started - command->queued);
        if (command->batch != CLP_PROF_NO_BATCH) {
            clp_text_print(trace->text, ",\"batch\":%llu", (unsigned long long)command->batch);
        }
        clp_text_add(trace->text, "}}");
    }
}

/* ----------------------------------------------------------------- flows */

/** One point of a flow: phase "s" starts it, "t" leads it on, "f" ends it; it binds to the slice
 * around `ns`. */
static void flow(tracer *trace, const char *phase, uint64_t image, int process, size_t track,
                 uint64_t ns) {
    begin_event(trace, phase, "image", process, track);
    clp_text_print(trace->text, ",\"cat\":\"image\",\"id\":%llu%s", (unsigned long long)image,
                   *phase == 'f' ? ",\"bp\":\"e\"" : "");
    at(trace, ns);
    clp_text_add(trace->text, "}");
}

static int by_batch(const void *a, const void *b) {
    const clp_profile_link *x = a, *y = b;
    int order = (x->batch > y->batch) - (x->batch < y->batch);
    return order ? order : (x->image > y->image) - (x->image < y->image);
}

/** A picture on a thread: its scan is packed for the device, it is decoded, or an output encoded.
 */
typedef struct stop {
    const clp_profile_span *span;
    size_t track;
} stop;

static bool is_stop(const clp_profile_span *span) {
    return span->image != CLP_PROF_NO_IMAGE &&
           (span->stage == CLP_PROF_PACK || span->stage == CLP_PROF_DECODE ||
            span->stage == CLP_PROF_ENCODE);
}

static int by_image(const void *a, const void *b) {
    const clp_profile_span *x = ((const stop *)a)->span, *y = ((const stop *)b)->span;
    if (x->image != y->image) {
        return x->image < y->image ? -1 : 1;
    }
    return (x->start > y->start) - (x->start < y->start);
}

/** All stops, by picture and time; `*count` of them. NULL if there are none, or no memory. */
static stop *list_stops(tracer *trace, size_t *count) {
    const clproc_profile *profile = trace->profile;
    stop *stops = NULL;
    size_t capacity = 0;
    *count = 0;
    for (size_t t = 0; t < profile->thread_count; t++) {
        for (size_t i = 0; i < profile->threads[t].span_count; i++) {
            const clp_profile_span *span = &profile->threads[t].spans[i];
            if (!is_stop(span)) {
                continue;
            }
            stop *grown =
                clp_memory_grow(CLP_MEMORY_REPORT, stops, &capacity, *count + 1, sizeof *grown);
            if (!grown) {
                clp_memory_free(stops);
                trace->text->failed = true;
                return NULL;
            }
            stops = grown;
            stops[(*count)++] = (stop){span, t};
        }
    }
    if (*count > 1) {
        qsort(stops, *count, sizeof *stops, by_image);
    }
    return stops;
}

/** A picture's way begins at its first stop and ends at its last: of several outputs all but the
 * last are on it. */
static void flow_over_stops(tracer *trace) {
    size_t count;
    stop *stops = list_stops(trace, &count);
    for (size_t i = 0; stops && i < count; i++) {
        uint64_t image = stops[i].span->image;
        bool first = i == 0 || stops[i - 1].span->image != image;
        bool last = i + 1 == count || stops[i + 1].span->image != image;
        flow(trace,
             first  ? "s"
             : last ? "f"
                    : "t",
             image, HOST, stops[i].track, stops[i].span->start);
    }
    clp_memory_free(stops);
}

/** Leads each picture from stop to stop, and over its batch's commands. */
static void write_flows(tracer *trace) {
    const clproc_profile *profile = trace->profile;
    size_t count = profile->link_count;
    clp_profile_link *links =
        count ? clp_memory_alloc(CLP_MEMORY_REPORT, count * sizeof *links) : NULL;
    if (!links) {
        trace->text->failed = trace->text->failed || count > 0;
        return;
    }
    memcpy(links, profile->links, count * sizeof *links);
    qsort(links, count, sizeof *links, by_batch);
    flow_over_stops(trace);
    for (size_t c = 0; c < profile->command_count; c++) {
        size_t low = 0, high = count;
        while (low < high) {
            size_t middle = low + (high - low) / 2;
            if (links[middle].batch < profile->commands[c].batch) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        for (; low < count && links[low].batch == profile->commands[c].batch; low++) {
            uint32_t lane = trace->lanes.of[c];
            flow(trace, "t", links[low].image, process_of(trace, lane), lane,
                 profile->commands[c].started);
        }
    }
    clp_memory_free(links);
}

/* -------------------------------------------------------------- counters */

static void counter(tracer *trace, const char *name, uint64_t ns, uint64_t value) {
    begin_event(trace, "C", name, HOST, 0);
    at(trace, ns);
    clp_text_print(trace->text, ",\"args\":{\"value\":%llu}}", (unsigned long long)value);
}

static void write_counters(tracer *trace) {
    const clproc_profile *profile = trace->profile;
    for (int i = 0; i < CLP_GAUGE_COUNT; i++) {
        const clp_profile_gauge *gauge = &profile->gauges[i];
        for (size_t r = 0; r < gauge->count; r++) {
            counter(trace, clp_prof_gauge_name((clp_prof_gauge)i), gauge->readings[r].time,
                    gauge->readings[r].value);
        }
    }
    for (size_t i = 0; i < profile->memory_line_count; i++) {
        const clp_profile_memory *point = &profile->memory_line[i];
        begin_event(trace, "C", "host memory", HOST, 0);
        at(trace, point->time);
        clp_text_add(trace->text, ",\"args\":{");
        for (int site = 0; site < CLP_MEMORY_SITE_COUNT; site++) {
            clp_text_print(trace->text, "%s\"%s\":%llu", site ? "," : "",
                           clp_memory_site_name((clp_memory_site)site),
                           (unsigned long long)point->bytes[site]);
        }
        clp_text_add(trace->text, "}}");
    }
}

void clp_trace_write(clp_text *text, const clp_analysis *analysis, const clp_findings *findings) {
    tracer trace = {.text = text, .analysis = analysis, .profile = analysis->profile};
    char kept[CLP_KEPT_SIZE];
    if (!clp_lanes_make(&trace.lanes, analysis->profile)) {
        text->failed = true;
        return;
    }
    clp_text_add(text, "{\"displayTimeUnit\":\"ms\",\"otherData\":{\"verdict\":");
    clp_text_json(text, findings->verdict);
    if (*clp_analysis_kept(analysis, kept)) {
        clp_text_add(text, ",\n\"kept\":");
        clp_text_json(text, kept);
    }
    for (size_t i = 0; i < analysis->profile->fact_count; i++) {
        clp_text_add(text, ",\n");
        clp_text_json(text, analysis->profile->facts[i].key);
        clp_text_add(text, ":");
        clp_text_json(text, analysis->profile->facts[i].value);
    }
    clp_text_add(text, "},\n\"traceEvents\":[\n");
    name_tracks(&trace);
    write_spans(&trace);
    write_commands(&trace);
    write_flows(&trace);
    write_counters(&trace);
    clp_text_add(text, "\n]}\n");
    clp_lanes_free(&trace.lanes);
}
