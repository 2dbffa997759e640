#include "report/findings_make.h"

#include <math.h>
#include <string.h>

/* Shares from which on a sentence is worth a reader's time. */
#define SATURATED 0.6       /* of a part: it limits the run */
#define CORES_BUSY 0.85     /* of all cores: the processor limits the run */
#define HELD_UP 0.25        /* of working time spent off the processor */
#define NOTABLE 0.01        /* of the wall time */
#define SPARE_OPENS 1.05    /* per picture: failed and skipped files are opened, too */
#define LARGE 0.1           /* of the wall time */
#define FAR_FROM_COPY 0.5   /* of the measured bandwidth */
#define WEIGHTY_KERNEL 0.05 /* of all device time */

clp_finding *clp_finding_add(clp_findings *findings, const char *id, double saving_ns) {
    size_t place = findings->count < CLP_MAX_FINDINGS ? findings->count++ : CLP_MAX_FINDINGS - 1;
    clp_finding *finding = &findings->items[place];
    *finding = (clp_finding){.id = id, .saving_ns = saving_ns};
    return finding;
}

/* ---------------------------------------------------------- bottlenecks */

/** What the run would gain from a part twice as fast, and what it rests on. */
static void say_gain(clp_finding *finding, const clp_analysis *analysis, const clp_part *part) {
    words w;
    SAY(finding->evidence, "%s takes %s on all threads, about %s of it on the processor",
        part->name, clp_unit_time(w.a, (double)part->busy_ns), clp_unit_time(w.b, part->cpu_ns));
    SAY(finding->text,
        "%s%s is the part to make faster: twice as fast, it would save at most %s (%s).",
        part->device ? "The " : "", part->name, clp_unit_time(w.c, part->half_ns),
        clp_unit_percent(w.d, clp_analysis_of_wall(analysis, part->half_ns)));
}

static void find_processor_limit(clp_findings *findings, const clp_analysis *analysis) {
    const clproc_profile *profile = analysis->profile;
    const clp_part *most = &analysis->parts[0];
    double cpu = (double)(profile->user_ns + profile->system_ns);
    words w;
    for (size_t i = 1; i < analysis->part_count; i++) {
        most = analysis->parts[i].cpu_ns > most->cpu_ns ? &analysis->parts[i] : most;
    }
    SAY(findings->verdict,
        "Limited by the processor: %u core%s busy %s of the run, %s of that with %s. More threads "
        "would not help.",
        profile->cores, profile->cores == 1 ? "" : "s",
        clp_unit_percent(w.a, analysis->cores_share),
        clp_unit_percent(w.b, cpu > 0 ? most->cpu_ns / cpu : 0), most->name);
    say_gain(clp_finding_add(findings, "processor", most->half_ns), analysis, most);
}

/** The stage that the threads of a kind spend most of their work in. */
static const clp_part *main_part(const clp_analysis *analysis, const clp_resource *resource) {
    const clp_part *most = NULL;
    for (size_t i = 0; i < analysis->part_count; i++) {
        const clp_part *part = &analysis->parts[i];
        if (part->device == resource->device &&
            (!most || resource->stage_ns[part->stage] > resource->stage_ns[most->stage])) {
            most = part;
        }
    }
    return most;
}

static void find_resource_limit(clp_findings *findings, const clp_analysis *analysis,
                                const clp_part *part) {
    const clp_resource *top = &analysis->resources[0], *device = clp_analysis_device(analysis);
    const clp_part *other = clp_analysis_device_part(analysis);
    words w;
    if (top->device) {
        SAY(findings->verdict, "Limited by the device, busy %s of the run.",
            clp_unit_percent(w.a, top->share));
    } else {
        char of_device[120] = "";
        if (device) {
            SAY(of_device, " The device is busy %s; one twice as fast would save at most %s.",
                clp_unit_percent(w.c, device->share),
                clp_unit_percent(w.d, clp_analysis_of_wall(analysis, other->half_ns)));
        }
        SAY(findings->verdict,
            "Limited by %s: the %s thread%s worked %s of the run, %s of it on %s.%s", part->name,
            top->name, top->count == 1 ? "" : "s", clp_unit_percent(w.a, top->share),
            clp_unit_percent(w.b, (double)top->stage_ns[part->stage] / (double)top->busy_ns),
            part->name, of_device);
    }
    say_gain(clp_finding_add(findings, "bottleneck", part->half_ns), analysis, part);
}

static void find_idle_cores(clp_findings *findings, const clp_analysis *analysis) {
    const clp_resource *top = &analysis->resources[0];
    double idle = analysis->profile->cores * (1 - analysis->cores_share);
    if (top->device || top->share < SATURATED || idle < 0.75 ||
        top->count >= analysis->profile->cores ||
        2 * top->stage_ns[CLP_PROF_BUILD] > top->busy_ns) {
        return; /* of compiling another finding tells */
    }
    words w;
    clp_finding *finding = clp_finding_add(findings, "idle-cores", analysis->slack_ns);
    SAY(finding->text,
        "Of %u cores %s stood idle while the %s threads were the limit: more --jobs may help.",
        analysis->profile->cores, clp_unit_digits(w.a, idle), top->name);
    SAY(finding->evidence, "processor busy %s, %u %s thread%s",
        clp_unit_percent(w.b, analysis->cores_share), top->count, top->name,
        top->count == 1 ? "" : "s");
}

/** Threads that work and yet are not on the processor are held up by something else. */
static void find_held_up(clp_findings *findings, const clp_analysis *analysis) {
    double busy = 0, cpu = 0;
    for (size_t i = 0; i < analysis->resource_count; i++) {
        const clp_resource *resource = &analysis->resources[i];
        if (!resource->device && resource->busy_ns > resource->cpu_ns) {
            busy += (double)resource->busy_ns;
            cpu += (double)resource->cpu_ns;
        }
    }
    /* What the driver's threads on the same cores take is this run's own work: others can have had
     * no more than this run left. */
    const clproc_profile *profile = analysis->profile;
    double left = (double)profile->cores * (double)profile->wall_ns -
                  (double)(profile->user_ns + profile->system_ns);
    double held = fmin(busy - cpu, fmax(0, left));
    if (held < HELD_UP * busy || clp_analysis_of_wall(analysis, held) < LARGE) {
        return;
    }
    words w;
    uint32_t threads = 0;
    for (size_t i = 0; i < analysis->resource_count; i++) {
        threads += analysis->resources[i].device ? 0 : analysis->resources[i].count;
    }
    clp_finding *finding = clp_finding_add(
        findings, "held-up", fmin(held / fmax(1, threads), (double)analysis->profile->wall_ns));
    SAY(finding->text,
        "Working threads were off the processor %s of their time while this run left cores to "
        "others: other programs, the disk or paging held them up. Compare runs on a quiet machine.",
        clp_unit_percent(w.a, held / busy));
    SAY(finding->evidence, "%s of work on the clock, %s on the processor", clp_unit_time(w.b, busy),
        clp_unit_time(w.c, cpu));
}

static void find_limit(clp_findings *findings, const clp_analysis *analysis) {
    const clp_resource *top = analysis->resource_count ? &analysis->resources[0] : NULL;
    /* A report from elsewhere may have threads in nothing but stages that are no work of their own.
     */
    const clp_part *part = top ? main_part(analysis, top) : NULL;
    words w;
    if (!top || analysis->part_count == 0) {
        SAY(findings->verdict, "Nothing was recorded.");
    } else if (analysis->cores_share >= CORES_BUSY) {
        find_processor_limit(findings, analysis);
    } else if (part && top->share >= SATURATED) {
        find_resource_limit(findings, analysis, part);
    } else {
        SAY(findings->verdict,
            "Nothing is at its limit: the busiest part, the %s%s, worked %s of the run; start-up "
            "and hand-over between stages take the rest.",
            top->name,
            top->device       ? ""
            : top->count == 1 ? " thread"
                              : " threads",
            clp_unit_percent(w.a, top->share));
    }
}

static void find_device_share(clp_findings *findings, const clp_analysis *analysis) {
    const clp_resource *device = clp_analysis_device(analysis);
    const clp_part *part = clp_analysis_device_part(analysis);
    if (!device || analysis->resources[0].device) {
        return;
    }
    words w;
    clp_finding *finding = clp_finding_add(findings, "device-share", part->saving_ns);
    SAY(finding->text,
        "The device works %s of the run. An infinitely fast one would save at most %s (%s), one "
        "twice as fast %s.",
        clp_unit_percent(w.a, device->share), clp_unit_time(w.b, part->saving_ns),
        clp_unit_percent(w.c, clp_analysis_of_wall(analysis, part->saving_ns)),
        clp_unit_time(w.d, part->half_ns));
    SAY(finding->evidence, "%s with at least one command running, %s of commands in all",
        clp_unit_time(w.a, (double)analysis->busy_ns),
        clp_unit_time(w.b, (double)analysis->command_ns));
}

/* ----------------------------------------------------- starting, waiting */

static void find_first_launches(clp_findings *findings, const clp_analysis *analysis) {
    double extra = 0;
    uint64_t calls = 0;
    const clp_command_row *worst = NULL;
    for (size_t i = 0; i < analysis->command_count; i++) {
        const clp_command_row *row = &analysis->commands[i];
        double usual = row->steady.p50 * (double)row->first_calls;
        if (row->first_calls && (double)row->first_ns > usual) {
            extra += (double)row->first_ns - usual;
            calls += row->first_calls;
            worst = !worst || row->first_ns > worst->first_ns ? row : worst;
        }
    }
    if (!worst || clp_analysis_of_wall(analysis, extra) < NOTABLE) {
        return;
    }
    words w;
    /* Compiling is no work of the device, but the run waits for it. */
    double most = fmin(extra, analysis->slack_ns);
    const char *cache = clp_profile_fact_value(analysis->profile, CLP_FACT_CACHE);
    clp_finding *finding = clp_finding_add(findings, "first-launch", most);
    SAY(finding->text,
        "First launches took %s longer than later ones: the driver finishes compiling then. A warm "
        "kernel cache avoids it, and in longer runs it weighs less.",
        clp_unit_time(w.a, extra));
    char later[CLP_UNIT_SIZE + 8] = "never again";
    if (worst->steady.count) {
        snprintf(later, sizeof later, "%s later", clp_unit_time(w.c, worst->steady.p50));
    }
    SAY(finding->evidence, "%llu first launch%s; %s took %s, %s%s%s", (unsigned long long)calls,
        calls == 1 ? "" : "es", worst->name,
        clp_unit_time(w.b, (double)worst->first_ns / (double)worst->first_calls), later,
        cache ? "; kernel cache " : "", cache ? cache : "");
}

static double build_ns(const clproc_profile *profile) {
    double sum = 0;
    for (size_t i = 0; i < profile->build_count; i++) {
        sum += (double)profile->builds[i].ns;
    }
    return sum;
}

static void find_builds(clp_findings *findings, const clp_analysis *analysis) {
    const clproc_profile *profile = analysis->profile;
    const char *cache = clp_profile_fact_value(profile, CLP_FACT_CACHE);
    bool warm = cache && strcmp(cache, clp_prof_cache_name(CLP_CACHE_WARM)) == 0;
    double sum = build_ns(profile);
    if (clp_analysis_of_wall(analysis, sum) < NOTABLE) {
        return;
    }
    words w;
    clp_finding *finding = clp_finding_add(findings, "build", fmin(sum, analysis->slack_ns));
    SAY(finding->text,
        "Building device programs took %s (%s of the run), partly hidden behind the first files. "
        "%s",
        clp_unit_time(w.a, sum), clp_unit_percent(w.b, clp_analysis_of_wall(analysis, sum)),
        warm ? "They came from the kernel cache; only a longer run hides more of it."
             : "With a warm kernel cache, as in the next run, it is a fraction of this.");
    SAY(finding->evidence, "%zu build%s; kernel cache %s", profile->build_count,
        profile->build_count == 1 ? "" : "s", cache ? cache : "unknown");
}

static void find_late_start(clp_findings *findings, const clp_analysis *analysis) {
    const clproc_profile *profile = analysis->profile;
    size_t first = 0;
    /* Launches made for compiling serve no picture. */
    while (first < profile->command_count && profile->commands[first].images == 0) {
        first++;
    }
    if (first == profile->command_count) {
        return;
    }
    double late = (double)profile->commands[first].started;
    if (clp_analysis_of_wall(analysis, late) < LARGE) {
        return;
    }
    words w;
    clp_finding *finding = clp_finding_add(findings, "late-start", fmin(late, analysis->slack_ns));
    SAY(finding->text,
        "The first picture reached the device %s into the run (%s of it): opening the device, "
        "building its programs and decoding come before. In a longer run it weighs less.",
        clp_unit_time(w.a, late), clp_unit_percent(w.b, clp_analysis_of_wall(analysis, late)));
    SAY(finding->evidence, "first command: %s; building programs took %s in all",
        profile->commands[first].name, clp_unit_time(w.c, build_ns(profile)));
}

static const char *wait_meaning(clp_prof_stage stage) {
    switch (stage) {
    case CLP_PROF_WAIT_OPEN:
        return "no device was ready";
    case CLP_PROF_WAIT_MEMORY:
        return "pictures under way hold all that --memory or --device-memory allow";
    case CLP_PROF_WAIT_DEVICE:
        return "the thread has nothing to do until the device is done with its picture";
    case CLP_PROF_WAIT_FILE:
        return "all files are taken";
    default:
        return "it waits for another part";
    }
}

static void find_waits(clp_findings *findings, const clp_analysis *analysis) {
    for (size_t i = 0; i < analysis->stage_count; i++) {
        const clp_stage_row *row = &analysis->stages[i];
        double share = clp_analysis_of_wall(analysis, (double)row->self_ns);
        if (!clp_prof_stage_waits(row->stage) || share < LARGE) {
            continue;
        }
        words w;
        clp_finding *finding = clp_finding_add(findings, "wait", 0);
        SAY(finding->text, "Threads spent %s in \"%s\": %s.",
            clp_unit_time(w.a, (double)row->self_ns), clp_prof_stage_name(row->stage),
            wait_meaning(row->stage));
        SAY(finding->evidence, "%llu waits, median %s, longest seen %s",
            (unsigned long long)row->calls, clp_unit_time(w.b, row->sampled.p50),
            clp_unit_time(w.c, row->sampled.max));
    }
}

static void find_uneven_threads(clp_findings *findings, const clp_analysis *analysis) {
    const clproc_profile *profile = analysis->profile;
    for (size_t i = 0; i < analysis->resource_count; i++) {
        const clp_resource *resource = &analysis->resources[i];
        /* Where no thread had two pictures, no order of them is better. */
        if (resource->device || resource->count < 2 ||
            profile->counters[CLP_COUNTER_IMAGES] <= resource->count) {
            continue;
        }
        size_t length = strlen(resource->name);
        uint64_t most = 0;
        for (size_t t = 0; t < profile->thread_count; t++) {
            if (strncmp(profile->threads[t].name, resource->name, length) == 0 &&
                analysis->threads[t].busy_ns > most) {
                most = analysis->threads[t].busy_ns;
            }
        }
        double mean = (double)resource->busy_ns / resource->count;
        /* Who had no file left was idle for it. Others only worked less, as when one compiles. */
        double idle = (double)resource->stage_ns[CLP_PROF_WAIT_FILE] / resource->count;
        double more = (double)most - mean, uneven = fmin(more, idle);
        if (clp_analysis_of_wall(analysis, uneven) < LARGE) {
            continue;
        }
        words w;
        clp_finding *finding =
            clp_finding_add(findings, "uneven-threads", fmin(uneven, analysis->slack_ns));
        SAY(finding->text,
            "One %s thread worked %s longer than the average of its kind, and others waited for "
            "files: large pictures at the end leave them idle. Put large files first.",
            resource->name, clp_unit_time(w.a, more));
        SAY(finding->evidence,
            "busiest %s, mean %s of %u threads; waiting for a file %s on average",
            clp_unit_time(w.b, (double)most), clp_unit_time(w.c, mean), resource->count,
            clp_unit_time(w.d, idle));
    }
}

/* -------------------------------------------------------- redundant work */

static void find_opens(clp_findings *findings, const clp_analysis *analysis) {
    const clproc_profile *profile = analysis->profile;
    uint64_t opens = profile->counters[CLP_COUNTER_OPENS];
    uint64_t images = profile->counters[CLP_COUNTER_IMAGES];
    if (images == 0 || (double)opens < SPARE_OPENS * (double)images) {
        return;
    }
    double each = (double)opens / (double)images;
    double reading = 0;
    for (size_t i = 0; i < analysis->stage_count; i++) {
        if (analysis->stages[i].stage == CLP_PROF_READ) {
            reading = (double)analysis->stages[i].self_ns;
        }
    }
    /* Readers work side by side. */
    double needless = reading * (1 - 1 / each) / fmax(1, profile->cores);
    words w;
    clp_finding *finding = clp_finding_add(findings, "opens", needless);
    SAY(finding->text,
        "Each picture's file was opened %s times; once is enough. Failed or skipped files count, "
        "too.",
        clp_unit_digits(w.a, each));
    SAY(finding->evidence, "%llu opens for %llu pictures, %s spent reading",
        (unsigned long long)opens, (unsigned long long)images, clp_unit_time(w.b, reading));
}

static void find_slow_kernels(clp_findings *findings, const clp_analysis *analysis) {
    const clp_part *device = clp_analysis_device_part(analysis);
    for (size_t i = 0; i < analysis->kernel_count; i++) {
        const clp_command_row *row = &analysis->commands[i];
        if (row->copy_share <= 0 || row->copy_share >= FAR_FROM_COPY ||
            (double)row->total_ns < WEIGHTY_KERNEL * (double)analysis->command_ns) {
            continue;
        }
        words w;
        double gain = fmin(row->steady.sum * (1 - row->copy_share), device->saving_ns);
        clp_finding *finding = clp_finding_add(findings, "slow-kernel", gain);
        double intensity = row->bytes ? (double)row->operations / (double)row->bytes : 0;
        SAY(finding->text,
            "%s moves its data at %s of the speed of a plain copy. At copy speed, which is the "
            "bound, it would save %s of device time, at most %s of the run.%s",
            row->name, clp_unit_percent(w.a, row->copy_share),
            clp_unit_time(w.b, row->steady.sum * (1 - row->copy_share)), clp_unit_time(w.c, gain),
            intensity >= 1 ? " It also computes, and that may be what takes the time." : "");
        SAY(finding->evidence, "%s/s against %s/s measured; %s multiply-adds per byte",
            clp_unit_bytes(w.d, row->bytes_per_second), clp_unit_bytes(w.e, row->copy_rate),
            clp_unit_digits(w.f, intensity));
    }
}

static void find_transfers(clp_findings *findings, const clp_analysis *analysis) {
    const clp_part *device = clp_analysis_device_part(analysis);
    const char *unified = clp_profile_fact_value(analysis->profile, CLP_FACT_UNIFIED);
    double transfers = (double)analysis->transfer_busy_ns;
    double overlap = transfers + (double)analysis->kernel_busy_ns - (double)analysis->busy_ns;
    double hidden = fmin(transfers, (double)analysis->kernel_busy_ns);
    words w;
    if (transfers < 0.05 * (double)analysis->busy_ns || !device) {
        return;
    }
    if (unified && strcmp(unified, "yes") == 0) {
        clp_finding *finding =
            clp_finding_add(findings, "needless-copies", fmin(transfers, device->saving_ns));
        SAY(finding->text,
            "The device shares the host's memory, and yet %s went into copying pixels to and from "
            "it. Mapped buffers avoid that.",
            clp_unit_time(w.a, transfers));
        SAY(finding->evidence, "%s of device time",
            clp_unit_percent(w.b, transfers / (double)analysis->busy_ns));
    } else if (overlap < 0.5 * hidden) {
        clp_finding *finding = clp_finding_add(findings, "serial-transfers",
                                               fmin(hidden - overlap, device->saving_ns));
        SAY(finding->text,
            "Transfers take %s, of which only %s run beside kernels. More batches in flight (a "
            "larger --memory, a smaller --batch) let them overlap.",
            clp_unit_time(w.a, transfers), clp_unit_time(w.b, overlap));
        SAY(finding->evidence, "kernels %s, device busy %s",
            clp_unit_time(w.c, (double)analysis->kernel_busy_ns),
            clp_unit_time(w.d, (double)analysis->busy_ns));
    }
}

/** By saving; what saves nothing keeps its order. */
static void sort_findings(clp_findings *findings) {
    for (size_t i = 1; i < findings->count; i++) {
        clp_finding moved = findings->items[i];
        size_t place = i;
        for (; place > 0 && findings->items[place - 1].saving_ns < moved.saving_ns; place--) {
            findings->items[place] = findings->items[place - 1];
        }
        findings->items[place] = moved;
    }
}

void clp_findings_make(clp_findings *findings, const clp_analysis *analysis) {
    findings->count = 0;
    findings->verdict[0] = '\0';
    find_limit(findings, analysis);
    if (analysis->resource_count) {
        find_idle_cores(findings, analysis);
    }
    find_held_up(findings, analysis);
    find_device_share(findings, analysis);
    find_first_launches(findings, analysis);
    find_builds(findings, analysis);
    find_late_start(findings, analysis);
    find_uneven_threads(findings, analysis);
    find_opens(findings, analysis);
    find_slow_kernels(findings, analysis);
    find_transfers(findings, analysis);
    find_waits(findings, analysis);
    clp_findings_on_memory(findings, analysis);
    clp_findings_on_strategy(findings, analysis);
    clp_findings_on_record(findings, analysis);
    sort_findings(findings);
}
