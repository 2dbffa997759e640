/* Where time went as stacks: collapsed ones, and speedscope's. */
#include "report/lanes.h"
#include "report/writers.h"

/* ------------------------------------------------------------- collapsed */

/** A frame's name; what separates frames and lines is replaced. */
static void frame(clp_text *text, const char *name) {
    for (; *name; name++) {
        char shown = *name == ';' ? ':' : (unsigned char)*name < 0x20 ? ' ' : *name;
        clp_text_add_bytes(text, &shown, 1);
    }
}

/** The frames from a thread down to a node, each preceded by ";". */
static void path(clp_text *text, const clp_profile_thread *thread, size_t node) {
    if (node) {
        path(text, thread, thread->nodes[node].parent);
        clp_text_add(text, ";");
        frame(text, clp_prof_stage_name(thread->nodes[node].stage));
    }
}

static void stack_line(clp_text *text, const clp_profile_thread *thread, size_t node, uint64_t ns) {
    clp_text_add(text, "clproc;");
    frame(text, thread->name);
    path(text, thread, node);
    clp_text_print(text, "%s %llu\n", node ? "" : ";(untracked)", (unsigned long long)ns);
}

/** Time of a thread outside all stages. */
static uint64_t untracked(const clp_profile_thread *thread) {
    uint64_t tracked = 0;
    for (size_t i = 1; i < thread->node_count; i++) {
        tracked += thread->nodes[i].parent == 0 ? thread->nodes[i].total_ns : 0;
    }
    uint64_t life = thread->end - thread->start;
    return life > tracked ? life - tracked : 0;
}

void clp_folded_write(clp_text *text, const clp_analysis *analysis, const clp_findings *findings) {
    (void)findings;
    const clproc_profile *profile = analysis->profile;
    for (size_t t = 0; t < profile->thread_count; t++) {
        const clp_profile_thread *thread = &profile->threads[t];
        for (size_t i = 0; i < thread->node_count; i++) {
            uint64_t ns = i ? clp_node_self_ns(thread, i) : untracked(thread);
            if (ns) {
                stack_line(text, thread, i, ns);
            }
        }
    }
    for (size_t i = 0; i < analysis->command_count; i++) {
        const clp_command_row *row = &analysis->commands[i];
        clp_text_print(text, "clproc;OpenCL device;%s;", clp_command_kind_name(row->kind));
        frame(text, row->name);
        clp_text_print(text, " %llu\n", (unsigned long long)row->total_ns);
    }
}

/* ------------------------------------------------------------ speedscope */

/* Frames: the stages by number, then the rows of commands. */

static void event(clp_text *text, size_t *count, char type, size_t frame_number, uint64_t at) {
    clp_text_print(text, "%s{\"type\":\"%c\",\"frame\":%zu,\"at\":%llu}", (*count)++ ? ",\n" : "\n",
                   type, frame_number, (unsigned long long)at);
}

static void profile_head(clp_text *text, size_t *profiles, const char *type, const char *name,
                         uint64_t end) {
    clp_text_print(text, "%s{\"type\":\"%s\",\"name\":", (*profiles)++ ? ",\n" : "\n", type);
    clp_text_json(text, name);
    clp_text_print(text, ",\"unit\":\"nanoseconds\",\"startValue\":0,\"endValue\":%llu",
                   (unsigned long long)end);
}

/** All spans of a thread as openings and closings, each inside what is around it. */
static void write_events(clp_text *text, const clp_profile_thread *thread) {
    enum { DEEPEST = 64 };
    const clp_profile_span *open[DEEPEST];
    size_t depth = 0, count = 0;
    clp_text_add(text, ",\"events\":[");
    for (size_t i = 0; i < thread->span_count; i++) {
        const clp_profile_span *span = &thread->spans[i];
        while (depth && open[depth - 1]->end <= span->start && open[depth - 1] != span) {
            depth--;
            event(text, &count, 'C', open[depth]->stage, open[depth]->end);
        }
        if (depth < DEEPEST) {
            open[depth++] = span;
            event(text, &count, 'O', span->stage, span->start);
        }
    }
    while (depth) {
        depth--;
        event(text, &count, 'C', open[depth]->stage, open[depth]->end);
    }
    clp_text_add(text, "]}");
}

/** Without spans, the sums of the tree as samples with weights. */
static void write_sums(clp_text *text, const clp_profile_thread *thread) {
    clp_text_add(text, ",\"samples\":[");
    for (size_t i = 1; i < thread->node_count; i++) {
        size_t stack[64], depth = 0;
        for (size_t n = i; n && depth < 64; n = thread->nodes[n].parent) {
            stack[depth++] = thread->nodes[n].stage;
        }
        clp_text_add(text, i > 1 ? ",[" : "[");
        while (depth) {
            depth--;
            clp_text_print(text, "%zu%s", stack[depth], depth ? "," : "]");
        }
    }
    clp_text_add(text, "],\"weights\":[");
    for (size_t i = 1; i < thread->node_count; i++) {
        clp_text_print(text, "%s%llu", i > 1 ? "," : "",
                       (unsigned long long)clp_node_self_ns(thread, i));
    }
    clp_text_add(text, "]}");
}

static void write_lane(clp_text *text, const clp_analysis *analysis, const clp_lanes *lanes,
                       uint32_t lane) {
    size_t count = 0;
    clp_text_add(text, ",\"events\":[");
    for (size_t i = 0; i < analysis->profile->command_count; i++) {
        const clp_prof_command *command = &analysis->profile->commands[i];
        size_t row = (size_t)(clp_analysis_row(analysis, command) - analysis->commands);
        if (lanes->of[i] == lane) {
            event(text, &count, 'O', CLP_PROF_STAGE_COUNT + row, command->started);
            event(text, &count, 'C', CLP_PROF_STAGE_COUNT + row, command->ended);
        }
    }
    clp_text_add(text, "]}");
}

/** "kernels", and of several devices which one's. */
static void name_lane(const clp_analysis *analysis, const clp_lane *lane, char *name, size_t size) {
    bool several = analysis->device_count > 0;
    char of[32];
    snprintf(name, size, "%s%s%s", several ? clp_lane_device_name(analysis, lane->device) : "",
             several ? ": " : "", clp_lane_name(lane, of));
}

void clp_speedscope_write(clp_text *text, const clp_analysis *analysis,
                          const clp_findings *findings) {
    (void)findings;
    const clproc_profile *profile = analysis->profile;
    clp_lanes lanes;
    char kept[CLP_KEPT_SIZE];
    size_t profiles = 0;
    if (!clp_lanes_make(&lanes, profile)) {
        text->failed = true;
        return;
    }
    clp_text_add(text, "{\"$schema\":\"https://www.speedscope.app/file-format-schema.json\",\n"
                       "\"name\":");
    clp_text_json(text, *clp_analysis_kept(analysis, kept) ? kept : "clproc");
    clp_text_add(text, ",\"exporter\":\"clproc " CLPROC_VERSION "\",\n"
                       "\"shared\":{\"frames\":[");
    for (size_t i = 0; i < CLP_PROF_STAGE_COUNT + analysis->command_count; i++) {
        clp_text_add(text, i ? ",{\"name\":" : "{\"name\":");
        clp_text_json(text, i < CLP_PROF_STAGE_COUNT
                                ? clp_prof_stage_name((clp_prof_stage)i)
                                : analysis->commands[i - CLP_PROF_STAGE_COUNT].name);
        clp_text_add(text, "}");
    }
    clp_text_add(text, "]},\n\"profiles\":[");
    for (size_t t = 0; t < profile->thread_count; t++) {
        const clp_profile_thread *thread = &profile->threads[t];
        bool spans = thread->span_count > 0;
        profile_head(text, &profiles, spans ? "evented" : "sampled", thread->name,
                     profile->wall_ns);
        (spans ? write_events : write_sums)(text, thread);
    }
    for (uint32_t lane = 0; lane < lanes.count; lane++) {
        char name[192];
        name_lane(analysis, &lanes.lanes[lane], name, sizeof name);
        profile_head(text, &profiles, "evented", name,
                     lanes.lanes[lane].end > profile->wall_ns ? lanes.lanes[lane].end
                                                              : profile->wall_ns);
        write_lane(text, analysis, &lanes, lane);
    }
    clp_text_add(text, "]}\n");
    clp_lanes_free(&lanes);
}
