/* What limits a run: how busy each resource is, and what each part of the work would save. */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/analysis.h"

/* From this share of the cores on, threads wait for a processor rather than for each other, and
 * time on the clock no longer says what a part costs. */
#define CORES_FULL 0.85

const clp_resource *clp_analysis_device(const clp_analysis *analysis) {
    for (size_t i = 0; i < analysis->resource_count; i++) {
        if (analysis->resources[i].device) {
            return &analysis->resources[i];
        }
    }
    return NULL;
}

const clp_part *clp_analysis_device_part(const clp_analysis *analysis) {
    for (size_t i = 0; i < analysis->part_count; i++) {
        if (analysis->parts[i].device) {
            return &analysis->parts[i];
        }
    }
    return NULL;
}

/* ------------------------------------------------------------ resources */

size_t clp_thread_kind_length(const char *name) {
    size_t length = strlen(name);
    while (length > 0 && isdigit((unsigned char)name[length - 1])) {
        length--;
    }
    while (length > 0 && name[length - 1] == ' ') {
        length--;
    }
    return length ? length : strlen(name);
}

static clp_resource *resource_of(clp_analysis *analysis, const char *name) {
    size_t length = clp_thread_kind_length(name);
    for (size_t i = 0; i < analysis->resource_count; i++) {
        clp_resource *resource = &analysis->resources[i];
        if (strlen(resource->name) == length && memcmp(resource->name, name, length) == 0) {
            return resource;
        }
    }
    clp_resource *resource = &analysis->resources[analysis->resource_count++];
    memcpy(resource->name, name, length);
    return resource;
}

static void add_thread(clp_analysis *analysis, size_t index) {
    const clp_profile_thread *thread = &analysis->profile->threads[index];
    clp_resource *resource = resource_of(analysis, thread->name);
    resource->count++;
    resource->busy_ns += analysis->threads[index].busy_ns;
    resource->waiting_ns += analysis->threads[index].waiting_ns;
    resource->cpu_ns += thread->cpu_ns;
    for (size_t i = 1; i < thread->node_count; i++) {
        resource->stage_ns[thread->nodes[i].stage] += clp_node_self_ns(thread, i);
    }
}

static int by_share(const void *a, const void *b) {
    const clp_resource *x = a, *y = b;
    int order = (x->share < y->share) - (x->share > y->share);
    return order ? order : strcmp(x->name, y->name);
}

static clproc_status list_resources(clp_analysis *analysis, clproc_error *error) {
    const clproc_profile *profile = analysis->profile;
    clproc_status status = clp_profile_room(&analysis->resources, profile->thread_count + 1,
                                            sizeof *analysis->resources, error);
    if (status != CLPROC_OK) {
        return status;
    }
    for (size_t i = 0; i < profile->thread_count; i++) {
        add_thread(analysis, i);
    }
    if (analysis->command_count) {
        analysis->resources[analysis->resource_count++] =
            (clp_resource){.name = "OpenCL device",
                           .device = true,
                           .count = 1,
                           .busy_ns = analysis->busy_ns,
                           .cpu_ns = analysis->driver_cpu_ns};
    }
    for (size_t i = 0; i < analysis->resource_count; i++) {
        clp_resource *resource = &analysis->resources[i];
        resource->share =
            clp_analysis_of_wall(analysis, (double)resource->busy_ns) / (double)resource->count;
    }
    qsort(analysis->resources, analysis->resource_count, sizeof *analysis->resources, by_share);
    return CLPROC_OK;
}

/* ---------------------------------------------------------------- what if */

/** How much of a resource's working time a part makes up. */
static double weight(const clp_resource *resource, const clp_part *part) {
    if (part->device || resource->device) {
        return part->device && resource->device ? 1 : 0;
    }
    return resource->busy_ns ? (double)resource->stage_ns[part->stage] / (double)resource->busy_ns
                             : 0;
}

/** How much of a resource's working time goes with a part: "compute" is the device's kernels in a
 * thread of the host, so that the two become shorter together. */
static double tied(const clp_analysis *analysis, const clp_resource *resource,
                   const clp_part *part) {
    if (part->device && !resource->device) {
        clp_part compute = {.stage = CLP_PROF_COMPUTE};
        return weight(resource, &compute);
    }
    if (resource->device && !part->device && part->stage == CLP_PROF_COMPUTE) {
        return fmin(1, (double)part->busy_ns / fmax(1, (double)analysis->command_ns));
    }
    return weight(resource, part);
}

/** The shortest the run could be if `part` took `factor` of its time: the longest of what every
 * resource needs for itself, and of what all need of the cores. */
static double shortest(const clp_analysis *analysis, const clp_part *part, double factor) {
    const clproc_profile *profile = analysis->profile;
    bool full = analysis->cores_share >= CORES_FULL;
    double cpu = (double)(profile->user_ns + profile->system_ns), longest = 0;
    for (size_t i = 0; i < analysis->resource_count; i++) {
        const clp_resource *resource = &analysis->resources[i];
        double gone = part ? tied(analysis, resource, part) * (1 - factor) : 0;
        /* A driver on the processor uses as many cores as it likes. */
        double width = resource->device && full ? profile->cores : resource->count;
        double need = (double)(full ? resource->cpu_ns : resource->busy_ns) * (1 - gone) / width;
        longest = fmax(longest, need);
        cpu -= gone * (double)resource->cpu_ns;
    }
    return profile->cores ? fmax(longest, cpu / profile->cores) : longest;
}

static double saving(const clp_analysis *analysis, const clp_part *part, double factor) {
    double gained = (double)analysis->profile->wall_ns - shortest(analysis, part, factor);
    double most = (double)part->busy_ns * (1 - factor);
    return fmax(0, fmin(gained, most));
}

static int by_saving(const void *a, const void *b) {
    const clp_part *x = a, *y = b;
    int order = (x->half_ns < y->half_ns) - (x->half_ns > y->half_ns);
    return order ? order : (x->busy_ns < y->busy_ns) - (x->busy_ns > y->busy_ns);
}

static void list_parts(clp_analysis *analysis) {
    for (size_t i = 0; i < analysis->stage_count; i++) {
        const clp_stage_row *row = &analysis->stages[i];
        if (!clp_prof_stage_waits(row->stage) && !clp_prof_stage_frames(row->stage)) {
            analysis->parts[analysis->part_count++] =
                (clp_part){.name = clp_prof_stage_name(row->stage),
                           .stage = row->stage,
                           .busy_ns = row->self_ns};
        }
    }
    if (clp_analysis_device(analysis)) {
        analysis->parts[analysis->part_count++] =
            (clp_part){.name = "OpenCL device", .device = true, .busy_ns = analysis->busy_ns};
    }
    for (size_t i = 0; i < analysis->part_count; i++) {
        clp_part *part = &analysis->parts[i];
        for (size_t r = 0; r < analysis->resource_count; r++) {
            const clp_resource *resource = &analysis->resources[r];
            part->cpu_ns += weight(resource, part) * (double)resource->cpu_ns;
        }
        part->saving_ns = saving(analysis, part, 0);
        part->half_ns = saving(analysis, part, 0.5);
    }
    if (analysis->part_count > 1) {
        qsort(analysis->parts, analysis->part_count, sizeof *analysis->parts, by_saving);
    }
}

clproc_status clp_analysis_find_limits(clp_analysis *analysis, clproc_error *error) {
    clproc_status status = list_resources(analysis, error);
    if (status == CLPROC_OK) {
        list_parts(analysis);
        analysis->slack_ns =
            fmax(0, (double)analysis->profile->wall_ns - shortest(analysis, NULL, 1));
    }
    return status;
}
