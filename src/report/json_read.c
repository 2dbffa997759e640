/* A profile from JSON, in which any value may be wrong. */
#include <stdarg.h>
#include <string.h>

#include "report/json_reader.h"

clproc_status clp_json_damaged(const clp_json_reader *from, const char *format, ...) {
    char what[200];
    va_list list;
    va_start(list, format);
    vsnprintf(what, sizeof what, format, list);
    va_end(list);
    return clp_error_set_file(from->error, CLPROC_ERROR_INPUT, from->path,
                              "is a damaged profile: %s; write it anew with --report", what);
}

clproc_status clp_json_number(const clp_json_reader *from, const json_t *object, const char *name,
                              uint64_t *value) {
    const json_t *number = json_object_get(object, name);
    if (!json_is_integer(number) || json_integer_value(number) < 0) {
        return clp_json_damaged(from, "\"%s\" is missing or no whole number", name);
    }
    *value = (uint64_t)json_integer_value(number);
    return CLPROC_OK;
}

clproc_status clp_json_string(const clp_json_reader *from, const json_t *object, const char *name,
                              char *text, size_t size) {
    const json_t *string = json_object_get(object, name);
    if (!json_is_string(string)) {
        return clp_json_damaged(from, "\"%s\" is missing or no text", name);
    }
    snprintf(text, size, "%s", json_string_value(string));
    return CLPROC_OK;
}

clproc_status clp_json_array(const clp_json_reader *from, const json_t *object, const char *name,
                             const json_t **array, void *items, size_t size) {
    *array = json_object_get(object, name);
    if (!json_is_array(*array)) {
        return clp_json_damaged(from, "the list \"%s\" is missing", name);
    }
    return clp_profile_room(items, json_array_size(*array), size, from->error);
}

clproc_status clp_json_row(const clp_json_reader *from, const json_t *array, size_t index,
                           const char *name, uint64_t *values, size_t count) {
    const json_t *row = json_array_get(array, index);
    if (!json_is_array(row) || json_array_size(row) != count) {
        return clp_json_damaged(from, "row %zu of \"%s\" has not %zu numbers", index, name, count);
    }
    for (size_t i = 0; i < count; i++) {
        const json_t *number = json_array_get(row, i);
        if (json_is_null(number)) {
            values[i] = UINT64_MAX;
        } else if (json_is_integer(number) && json_integer_value(number) >= 0) {
            values[i] = (uint64_t)json_integer_value(number);
        } else {
            return clp_json_damaged(from, "row %zu of \"%s\" holds no number", index, name);
        }
    }
    return CLPROC_OK;
}

bool clp_json_find_name(const char *name, const char *(*name_of)(int), int count, uint32_t *place) {
    for (int i = 0; name && i < count; i++) {
        if (strcmp(name_of(i), name) == 0) {
            *place = (uint32_t)i;
            return true;
        }
    }
    return false;
}

static const char *stage_name(int i) {
    return clp_prof_stage_name((clp_prof_stage)i);
}

static const char *cache_name(int i) {
    return clp_prof_cache_name((clp_prof_cache)i);
}

static const char *gauge_name(int i) {
    return clp_prof_gauge_name((clp_prof_gauge)i);
}

static const char *level_name(int i) {
    return clp_json_levels[i];
}

/* ------------------------------------------------------------------ head */

static clproc_status read_stages(clp_json_reader *from, const json_t *root) {
    const json_t *names = json_object_get(root, "stages");
    size_t count = json_array_size(names);
    if (count == 0 || count > sizeof from->stages / sizeof from->stages[0]) {
        return clp_json_damaged(from, "the list \"stages\" is missing or too long");
    }
    for (size_t i = 0; i < count; i++) {
        const char *name = json_string_value(json_array_get(names, i));
        if (!clp_json_find_name(name, stage_name, CLP_PROF_STAGE_COUNT, &from->stages[i])) {
            return clp_error_set_file(from->error, CLPROC_ERROR_INPUT, from->path,
                                      "has a stage \"%.80s\" that clproc " CLPROC_VERSION
                                      " does not know; use the clproc that wrote it",
                                      name ? name : "");
        }
    }
    from->stage_count = count;
    return CLPROC_OK;
}

static clproc_status read_facts(const clp_json_reader *from, json_t *root,
                                clproc_profile *profile) {
    json_t *facts = json_object_get(root, "environment");
    const char *name;
    json_t *value;
    if (!json_is_object(facts)) {
        return clp_json_damaged(from, "\"environment\" is missing");
    }
    clproc_status status = clp_profile_room(&profile->facts, json_object_size(facts),
                                            sizeof *profile->facts, from->error);
    if (status != CLPROC_OK) {
        return status;
    }
    json_object_foreach(facts, name, value) {
        if (!json_is_string(value)) {
            return clp_json_damaged(from, "\"environment\" holds what is no text");
        }
        clp_profile_fact *fact = &profile->facts[profile->fact_count++];
        fact->key = clp_memory_string(CLP_MEMORY_PROFILE, name);
        fact->value = clp_memory_string(CLP_MEMORY_PROFILE, json_string_value(value));
        if (!fact->key || !fact->value) {
            return clp_error_memory(from->error, "the profile", strlen(name));
        }
    }
    return CLPROC_OK;
}

static clproc_status read_head(clp_json_reader *from, json_t *root, clproc_profile *profile) {
    char text[32];
    uint32_t level;
    uint64_t cores = 0;
    clproc_status status;
    CLP_TRY(status, out, clp_json_string(from, root, "level", text, sizeof text));
    if (!clp_json_find_name(text, level_name, 3, &level)) {
        return clp_json_damaged(from, "\"level\" is neither summary nor trace");
    }
    profile->level = (clproc_profile_level)level;
    CLP_TRY(status, out, clp_json_string(from, root, "clock", text, sizeof text));
    profile->clock_estimated = strcmp(text, "estimated") == 0;
    CLP_TRY(status, out, clp_json_number(from, root, "cores", &cores));
    profile->cores = cores > UINT32_MAX ? UINT32_MAX : (uint32_t)cores;
#define X(name) CLP_TRY(status, out, clp_json_number(from, root, #name, &profile->name));
    CLP_JSON_NUMBERS(X)
#undef X
    if (json_object_get(root, "kept_until")) {
        CLP_TRY(status, out, clp_json_number(from, root, "kept_until", &profile->kept_until));
    }
    CLP_TRY(status, out, read_facts(from, root, profile));
    const json_t *counters = json_object_get(root, "counters");
    for (int i = 0; i < CLP_COUNTER_COUNT; i++) {
        const char *name = clp_prof_counter_name((clp_prof_counter)i);
        /* Reports of earlier versions lack what was not counted yet. */
        if (i <= CLP_COUNTER_IMAGES || json_object_get(counters, name)) {
            CLP_TRY(status, out, clp_json_number(from, counters, name, &profile->counters[i]));
        }
    }
    status = read_stages(from, root);
out:
    return status;
}

/* --------------------------------------------------------------- threads */

static clproc_status get_stage(const clp_json_reader *from, uint64_t number,
                               clp_prof_stage *stage) {
    if (number >= from->stage_count) {
        return clp_json_damaged(from, "there is no stage %llu", (unsigned long long)number);
    }
    *stage = (clp_prof_stage)from->stages[number];
    return CLPROC_OK;
}

/** Nestings of stages that a thread may have: a run has some dozens. Reports take a time that grows
 * with the square of them, and go down a tree by recursion. */
#define MOST_NODES 4096

static clproc_status read_tree(const clp_json_reader *from, const json_t *object,
                               clp_profile_thread *thread) {
    const json_t *rows;
    clproc_status status;
    CLP_TRY(status, out,
            clp_json_array(from, object, "tree", &rows, &thread->nodes, sizeof *thread->nodes));
    if (json_array_size(rows) > MOST_NODES) {
        return clp_json_damaged(from, "the tree of \"%s\" has more than %d rows", thread->name,
                                MOST_NODES);
    }
    for (size_t i = 0; i < json_array_size(rows); i++) {
        uint64_t values[4];
        clp_profile_node *node = &thread->nodes[i];
        CLP_TRY(status, out, clp_json_row(from, rows, i, "tree", values, 4));
        CLP_TRY(status, out, get_stage(from, values[0], &node->stage));
        if (i ? values[1] >= i : values[1] != 0) {
            return clp_json_damaged(from, "node %zu of a tree stands before what it is in", i);
        }
        node->parent = (uint32_t)values[1];
        node->calls = values[2];
        node->total_ns = values[3];
        thread->node_count++;
    }
out:
    return status;
}

static clproc_status read_spans(const clp_json_reader *from, const json_t *object,
                                clp_profile_thread *thread) {
    const json_t *rows;
    clproc_status status;
    CLP_TRY(status, out,
            clp_json_array(from, object, "spans", &rows, &thread->spans, sizeof *thread->spans));
    for (size_t i = 0; i < json_array_size(rows); i++) {
        uint64_t values[5];
        clp_profile_span *span = &thread->spans[i];
        CLP_TRY(status, out, clp_json_row(from, rows, i, "spans", values, 5));
        CLP_TRY(status, out, get_stage(from, values[0], &span->stage));
        if (values[1] > UINT16_MAX || values[2] > values[3] ||
            (i && values[2] < thread->spans[i - 1].start)) {
            return clp_json_damaged(from, "span %zu of \"%s\" is out of order", i, thread->name);
        }
        span->depth = (uint32_t)values[1];
        span->start = values[2];
        span->end = values[3];
        span->image = values[4];
        thread->span_count++;
    }
out:
    return status;
}

static clproc_status read_threads(const clp_json_reader *from, const json_t *root,
                                  clproc_profile *profile) {
    const json_t *list;
    clproc_status status;
    CLP_TRY(
        status, out,
        clp_json_array(from, root, "threads", &list, &profile->threads, sizeof *profile->threads));
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *object = json_array_get(list, i);
        clp_profile_thread *thread = &profile->threads[profile->thread_count++];
        CLP_TRY(status, out,
                clp_json_string(from, object, "name", thread->name, sizeof thread->name));
        CLP_TRY(status, out, clp_json_number(from, object, "start", &thread->start));
        CLP_TRY(status, out, clp_json_number(from, object, "end", &thread->end));
        CLP_TRY(status, out, clp_json_number(from, object, "cpu_ns", &thread->cpu_ns));
        if (thread->end < thread->start) {
            return clp_json_damaged(from, "the thread \"%s\" ends before it starts", thread->name);
        }
        CLP_TRY(status, out, read_tree(from, object, thread));
        CLP_TRY(status, out, read_spans(from, object, thread));
    }
out:
    return status;
}

static clproc_status read_samples(const clp_json_reader *from, const json_t *root,
                                  clproc_profile *profile) {
    const json_t *list = json_object_get(root, "samples");
    clproc_status status = CLPROC_OK;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *object = json_array_get(list, i), *rows;
        uint64_t number = 0;
        clp_prof_stage stage = CLP_PROF_LIST;
        CLP_TRY(status, out, clp_json_number(from, object, "stage", &number));
        CLP_TRY(status, out, get_stage(from, number, &stage));
        clp_profile_samples *samples = &profile->samples[stage];
        CLP_TRY(status, out, clp_json_number(from, object, "stride", &samples->stride));
        if (samples->items || samples->stride == 0) {
            return clp_json_damaged(from, "the samples of a stage stand twice or have no stride");
        }
        CLP_TRY(
            status, out,
            clp_json_array(from, object, "calls", &rows, &samples->items, sizeof *samples->items));
        for (size_t c = 0; c < json_array_size(rows); c++) {
            uint64_t values[3];
            CLP_TRY(status, out, clp_json_row(from, rows, c, "calls", values, 3));
            samples->items[samples->count++] =
                (clp_profile_sample){values[0], values[1], values[2]};
        }
    }
out:
    return status;
}

/* ---------------------------------------------------------------- memory */

static clproc_status read_gauges(const clp_json_reader *from, const json_t *root,
                                 clproc_profile *profile) {
    const json_t *list = json_object_get(root, "gauges");
    clproc_status status = CLPROC_OK;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *object = json_array_get(list, i), *rows;
        char name[64];
        uint32_t place;
        CLP_TRY(status, out, clp_json_string(from, object, "name", name, sizeof name));
        if (!clp_json_find_name(name, gauge_name, CLP_GAUGE_COUNT, &place)) {
            continue; /* a later clproc's, which nothing else depends on */
        }
        if (profile->gauges[place].readings) {
            return clp_json_damaged(from, "the gauge \"%s\" stands twice", name);
        }
        clp_profile_gauge *gauge = &profile->gauges[place];
        CLP_TRY(status, out, clp_json_number(from, object, "peak", &gauge->peak));
        CLP_TRY(status, out,
                clp_json_array(from, object, "readings", &rows, &gauge->readings,
                               sizeof *gauge->readings));
        for (size_t r = 0; r < json_array_size(rows); r++) {
            uint64_t values[2];
            CLP_TRY(status, out, clp_json_row(from, rows, r, "readings", values, 2));
            gauge->readings[gauge->count++] = (clp_profile_reading){values[0], values[1]};
        }
    }
out:
    return status;
}

static clproc_status read_builds(const clp_json_reader *from, const json_t *root,
                                 clproc_profile *profile) {
    const json_t *list;
    clproc_status status;
    CLP_TRY(status, out,
            clp_json_array(from, root, "builds", &list, &profile->builds, sizeof *profile->builds));
    for (size_t i = 0; i < json_array_size(list); i++) {
        clp_profile_build *build = &profile->builds[profile->build_count++];
        const json_t *object = json_array_get(list, i);
        char cache[16];
        uint32_t place;
        CLP_TRY(status, out,
                clp_json_string(from, object, "name", build->name, sizeof build->name));
        CLP_TRY(status, out, clp_json_number(from, object, "ns", &build->ns));
        if (json_object_get(object, "cache")) {
            CLP_TRY(status, out, clp_json_string(from, object, "cache", cache, sizeof cache));
            build->cache = clp_json_find_name(cache, cache_name, CLP_CACHE_COUNT, &place)
                               ? (clp_prof_cache)place
                               : CLP_CACHE_UNKNOWN;
        }
    }
out:
    return status;
}

static clproc_status read_sites(const clp_json_reader *from, const json_t *root,
                                clproc_profile *profile) {
    const json_t *sites = json_object_get(root, "memory"), *rows;
    clproc_status status = CLPROC_OK;
    for (size_t i = 0; i < CLP_MEMORY_SITE_COUNT; i++) {
        const json_t *object = json_array_get(sites, i);
        char name[64];
        CLP_TRY(status, out, clp_json_string(from, object, "site", name, sizeof name));
        if (strcmp(name, clp_memory_site_name((clp_memory_site)i)) != 0) {
            return clp_json_damaged(
                from, "the memory site \"%s\" is unknown to clproc " CLPROC_VERSION, name);
        }
        CLP_TRY(status, out, clp_json_number(from, object, "current", &profile->memory[i].current));
        CLP_TRY(status, out, clp_json_number(from, object, "peak", &profile->memory[i].peak));
        CLP_TRY(status, out, clp_json_number(from, object, "count", &profile->memory[i].count));
    }
    CLP_TRY(status, out,
            clp_json_array(from, root, "memory_line", &rows, &profile->memory_line,
                           sizeof *profile->memory_line));
    for (size_t i = 0; i < json_array_size(rows); i++) {
        uint64_t values[2 + CLP_MEMORY_SITE_COUNT];
        CLP_TRY(status, out,
                clp_json_row(from, rows, i, "memory_line", values, 2 + CLP_MEMORY_SITE_COUNT));
        clp_profile_memory *point = &profile->memory_line[profile->memory_line_count++];
        point->time = values[0];
        point->device = values[1];
        memcpy(point->bytes, values + 2, sizeof point->bytes);
    }
out:
    return status;
}

static clproc_status read_roles(const clp_json_reader *from, const json_t *root,
                                clproc_profile *profile) {
    const json_t *list;
    clproc_status status;
    CLP_TRY(status, out,
            clp_json_array(from, root, "device_memory", &list, &profile->roles,
                           sizeof *profile->roles));
    for (size_t i = 0; i < json_array_size(list); i++) {
        clp_profile_role *role = &profile->roles[profile->role_count++];
        const json_t *object = json_array_get(list, i);
        CLP_TRY(status, out, clp_json_string(from, object, "role", role->name, sizeof role->name));
        CLP_TRY(status, out, clp_json_number(from, object, "current", &role->current));
        CLP_TRY(status, out, clp_json_number(from, object, "peak", &role->peak));
    }
out:
    return status;
}

/* ------------------------------------------------------------------ whole */

/** `*sums`: the file holds sums of all commands, and not all of them one by one. */
static clproc_status check_format(const clp_json_reader *from, const json_t *root, bool *sums) {
    const char *format = json_string_value(json_object_get(root, "format"));
    if (!format || strncmp(format, CLP_JSON_FAMILY, strlen(CLP_JSON_FAMILY)) != 0) {
        return clp_error_set_file(from->error, CLPROC_ERROR_INPUT, from->path,
                                  "is JSON, but no profile of clproc; give a file written with "
                                  "--report FILE.json");
    }
    *sums = strcmp(format, CLP_JSON_FORMAT_SUMS) == 0;
    if (!*sums && strcmp(format, CLP_JSON_FORMAT) != 0) {
        return clp_error_set_file(from->error, CLPROC_ERROR_INPUT, from->path,
                                  "has the format %.40s, and clproc " CLPROC_VERSION
                                  " reads " CLP_JSON_FORMAT " and " CLP_JSON_FORMAT_SUMS
                                  "; use the clproc that wrote it",
                                  format);
    }
    return CLPROC_OK;
}

clproc_status clp_json_read(clproc_profile **profile, const void *data, size_t size,
                            const char *path, clproc_error *error) {
    clp_json_reader from = {.path = path, .error = error};
    json_error_t problem;
    clproc_profile *made = NULL;
    clproc_status status;
    bool sums = false;
    json_t *root = json_loadb(data, size, JSON_REJECT_DUPLICATES, &problem);
    if (!root) {
        status = clp_error_set_file(error, CLPROC_ERROR_INPUT, path,
                                    "is no complete JSON (line %d: %s); it was cut short or is "
                                    "something else",
                                    problem.line, problem.text);
        goto out;
    }
    CLP_TRY(status, out, check_format(&from, root, &sums));
    CLP_TRY(status, out, clp_profile_room(&made, 1, sizeof *made, error));
    CLP_TRY(status, out, read_head(&from, root, made));
    CLP_TRY(status, out, read_threads(&from, root, made));
    CLP_TRY(status, out, read_samples(&from, root, made));
    CLP_TRY(status, out, clp_json_read_devices(&from, root, made));
    CLP_TRY(status, out, clp_json_read_commands(&from, root, made));
    if (sums) {
        CLP_TRY(status, out, clp_json_read_sums(&from, root, made));
    }
    CLP_TRY(status, out, clp_json_read_links(&from, root, made));
    CLP_TRY(status, out, read_gauges(&from, root, made));
    CLP_TRY(status, out, read_builds(&from, root, made));
    CLP_TRY(status, out, read_sites(&from, root, made));
    CLP_TRY(status, out, read_roles(&from, root, made));
    *profile = made;
    made = NULL;
out:
    clp_profile_free(&made);
    json_decref(root);
    return status;
}
