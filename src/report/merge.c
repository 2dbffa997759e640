/* Profiles of shards made one: what was counted and summed adds up, times lie side by side as if
 * all had begun together. */
#include <stdlib.h>
#include <string.h>

#include "report/analysis.h"
#include "report/text.h"

/** No run has more pictures: a higher number in a file is damage. */
#define MOST_IMAGES ((uint64_t)1 << 40)

typedef struct merger {
    const clproc_profile *const *parts;
    size_t count;
    uint64_t *first_image; /**< of each part: pictures of all are numbered through */
    clproc_profile *to;
    clproc_error *error;
} merger;

/* ---------------------------------------------------------------- pictures */

static uint64_t beyond(uint64_t image, uint64_t so_far) {
    return image < MOST_IMAGES && image >= so_far ? image + 1 : so_far;
}

/** How many pictures a part has, by the highest number. Batches are numbered like pictures. */
static uint64_t count_images(const clproc_profile *part) {
    uint64_t count = 0;
    for (size_t stage = 0; stage < CLP_PROF_STAGE_COUNT; stage++) {
        for (size_t i = 0; i < part->samples[stage].count; i++) {
            count = beyond(part->samples[stage].items[i].image, count);
        }
    }
    for (size_t t = 0; t < part->thread_count; t++) {
        for (size_t i = 0; i < part->threads[t].span_count; i++) {
            count = beyond(part->threads[t].spans[i].image, count);
        }
    }
    for (size_t i = 0; i < part->command_count; i++) {
        count = beyond(part->commands[i].batch, count);
    }
    for (size_t i = 0; i < part->link_count; i++) {
        count = beyond(part->links[i].image, beyond(part->links[i].batch, count));
    }
    return count;
}

/** A picture's number in the whole. */
static uint64_t renumber(const merger *merge, size_t part, uint64_t image) {
    return image < MOST_IMAGES ? image + merge->first_image[part] : image;
}

/* ----------------------------------------------------------------- threads */

/** Names a thread by its kind, with a number of its own among all parts' threads. */
static void name_thread(const clproc_profile *to, clp_profile_thread *thread, const char *name) {
    size_t length = clp_thread_kind_length(name), number = 1;
    for (const clp_profile_thread *other = to->threads; other < thread; other++) {
        number +=
            clp_thread_kind_length(other->name) == length && memcmp(other->name, name, length) == 0;
    }
    snprintf(thread->name, sizeof thread->name, "%.*s %zu", (int)length, name, number);
}

static clproc_status copy_thread(const merger *merge, size_t part, const clp_profile_thread *from) {
    clp_profile_thread *to = &merge->to->threads[merge->to->thread_count++];
    clproc_status status;
    *to = (clp_profile_thread){.start = from->start, .end = from->end, .cpu_ns = from->cpu_ns};
    name_thread(merge->to, to, from->name);
    CLP_TRY(status, out,
            clp_profile_room(&to->nodes, from->node_count, sizeof *to->nodes, merge->error));
    to->node_count = from->node_count;
    memcpy(to->nodes, from->nodes, from->node_count * sizeof *to->nodes);
    if (merge->to->level == CLPROC_PROFILE_TRACE) {
        CLP_TRY(status, out,
                clp_profile_room(&to->spans, from->span_count, sizeof *to->spans, merge->error));
        to->span_count = from->span_count;
        for (size_t i = 0; i < from->span_count; i++) {
            to->spans[i] = from->spans[i];
            to->spans[i].image = renumber(merge, part, from->spans[i].image);
        }
    }
out:
    return status;
}

static int by_start(const void *a, const void *b) {
    const clp_profile_thread *x = a, *y = b;
    int order = (x->start > y->start) - (x->start < y->start);
    return order ? order : strcmp(x->name, y->name);
}

static clproc_status merge_threads(const merger *merge) {
    clproc_profile *to = merge->to;
    size_t count = 0;
    clproc_status status;
    for (size_t part = 0; part < merge->count; part++) {
        count += merge->parts[part]->thread_count;
    }
    CLP_TRY(status, out, clp_profile_room(&to->threads, count, sizeof *to->threads, merge->error));
    for (size_t part = 0; part < merge->count; part++) {
        for (size_t i = 0; i < merge->parts[part]->thread_count; i++) {
            CLP_TRY(status, out, copy_thread(merge, part, &merge->parts[part]->threads[i]));
        }
    }
    if (count > 1) {
        qsort(to->threads, count, sizeof *to->threads, by_start);
    }
out:
    return status;
}

static int by_end(const void *a, const void *b) {
    const clp_profile_sample *x = a, *y = b;
    int order = (x->end > y->end) - (x->end < y->end);
    return order ? order : (x->image > y->image) - (x->image < y->image);
}

/** Brings all parts' samples to the widest stride, as those of a run's threads are. */
static clproc_status merge_samples(const merger *merge, size_t stage) {
    clp_profile_samples *to = &merge->to->samples[stage];
    size_t count = 0;
    to->stride = 1;
    for (size_t part = 0; part < merge->count; part++) {
        const clp_profile_samples *from = &merge->parts[part]->samples[stage];
        count += from->count;
        to->stride = from->count && from->stride > to->stride ? from->stride : to->stride;
    }
    clproc_status status = clp_profile_room(&to->items, count, sizeof *to->items, merge->error);
    for (size_t part = 0; status == CLPROC_OK && part < merge->count; part++) {
        const clp_profile_samples *from = &merge->parts[part]->samples[stage];
        for (uint64_t i = 0; i < from->count; i += to->stride / from->stride) {
            clp_profile_sample *sample = &to->items[to->count++];
            *sample = from->items[i];
            sample->image = renumber(merge, part, sample->image);
        }
    }
    if (status == CLPROC_OK && to->count > 1) {
        qsort(to->items, to->count, sizeof *to->items, by_end);
    }
    return status;
}

/* ---------------------------------------------------------------- commands */

static int by_begin(const void *a, const void *b) {
    const clp_prof_command *x = a, *y = b;
    int order = (x->started > y->started) - (x->started < y->started);
    return order ? order : (x->batch > y->batch) - (x->batch < y->batch);
}

static clproc_status merge_commands(const merger *merge) {
    clproc_profile *to = merge->to;
    size_t commands = 0, links = 0, builds = 0;
    clproc_status status;
    for (size_t part = 0; part < merge->count; part++) {
        commands += merge->parts[part]->command_count;
        links += merge->parts[part]->link_count;
        builds += merge->parts[part]->build_count;
    }
    CLP_TRY(status, out,
            clp_profile_room(&to->commands, commands, sizeof *to->commands, merge->error));
    CLP_TRY(status, out, clp_profile_room(&to->links, links, sizeof *to->links, merge->error));
    CLP_TRY(status, out, clp_profile_room(&to->builds, builds, sizeof *to->builds, merge->error));
    for (size_t part = 0; part < merge->count; part++) {
        const clproc_profile *from = merge->parts[part];
        for (size_t i = 0; i < from->command_count; i++) {
            clp_prof_command *command = &to->commands[to->command_count++];
            *command = from->commands[i];
            command->batch = renumber(merge, part, command->batch);
            command->device = 0; /* devices of all parts side by side are not told apart */
        }
        for (size_t i = 0; i < from->link_count; i++) {
            to->links[to->link_count++] =
                (clp_profile_link){renumber(merge, part, from->links[i].image),
                                   renumber(merge, part, from->links[i].batch)};
        }
        for (size_t i = 0; i < from->build_count; i++) {
            to->builds[to->build_count++] = from->builds[i];
        }
    }
    if (commands > 1) {
        qsort(to->commands, commands, sizeof *to->commands, by_begin);
    }
out:
    return status;
}

/** Sums of all parts' commands, if a part does not keep all of them. */
static clproc_status merge_tallies(const merger *merge) {
    clproc_profile *to = merge->to;
    bool summed = false;
    clproc_status status = CLPROC_OK;
    for (size_t part = 0; part < merge->count; part++) {
        summed |= merge->parts[part]->tallies != NULL;
    }
    if (!summed) {
        return CLPROC_OK;
    }
    CLP_TRY(status, out, clp_tallies_create(&to->tallies, merge->error));
    clp_tallies_end(to->tallies);
    for (size_t part = 0; part < merge->count; part++) {
        clp_tallies *made;
        const clp_tallies *from = clp_profile_tallies(merge->parts[part], &made, merge->error);
        bool added = from && clp_tallies_merge(to->tallies, from);
        clp_tallies_destroy(&made);
        if (!added) {
            return clp_error_memory(merge->error, "the profile", sizeof *from);
        }
    }
out:
    return status;
}

/* ------------------------------------------------------- sums and peaks */

static uint64_t larger(uint64_t a, uint64_t b) {
    return a > b ? a : b;
}

static void add_figures(clproc_profile *to, const clproc_profile *from) {
    to->level = from->level < to->level ? from->level : to->level;
    to->wall_ns = larger(to->wall_ns, from->wall_ns);
    to->user_ns += from->user_ns;
    to->system_ns += from->system_ns;
    to->peak_resident = larger(to->peak_resident, from->peak_resident);
    to->cores += from->cores;
    to->clock_estimated |= from->clock_estimated;
    to->repaired += from->repaired;
    to->lost += from->lost;
    if (from->kept_until && (to->kept_until == 0 || from->kept_until < to->kept_until)) {
        to->kept_until = from->kept_until;
    }
    for (int i = 0; i < CLP_COUNTER_COUNT; i++) {
        to->counters[i] += from->counters[i];
    }
    for (int i = 0; i < CLP_GAUGE_COUNT; i++) {
        to->gauges[i].peak = larger(to->gauges[i].peak, from->gauges[i].peak);
    }
    for (int i = 0; i < CLP_MEMORY_SITE_COUNT; i++) {
        to->memory[i].current += from->memory[i].current;
        to->memory[i].peak = larger(to->memory[i].peak, from->memory[i].peak);
        to->memory[i].count += from->memory[i].count;
    }
}

static clproc_status merge_roles(const merger *merge) {
    clproc_profile *to = merge->to;
    size_t count = 0;
    for (size_t part = 0; part < merge->count; part++) {
        count += merge->parts[part]->role_count;
    }
    clproc_status status = clp_profile_room(&to->roles, count, sizeof *to->roles, merge->error);
    for (size_t part = 0; status == CLPROC_OK && part < merge->count; part++) {
        for (size_t i = 0; i < merge->parts[part]->role_count; i++) {
            const clp_profile_role *from = &merge->parts[part]->roles[i];
            size_t at = 0;
            while (at < to->role_count && strcmp(to->roles[at].name, from->name) != 0) {
                at++;
            }
            if (at == to->role_count) {
                to->roles[to->role_count++] = *from;
            } else {
                to->roles[at].current += from->current;
                to->roles[at].peak = larger(to->roles[at].peak, from->peak);
            }
        }
    }
    return status;
}

/* ------------------------------------------------------------------- facts */

/** Digests are sums over the outputs, and so is their sum; "" unless every part has one. */
static void add_digests(const merger *merge, char sum[33]) {
    uint64_t high = 0, low = 0;
    sum[0] = '\0';
    for (size_t part = 0; part < merge->count; part++) {
        const char *text = clp_profile_fact_value(merge->parts[part], CLP_FACT_DIGEST);
        unsigned long long own_high, own_low;
        if (!text || strlen(text) != 32 || strspn(text, "0123456789abcdef") != 32 ||
            sscanf(text, "%16llx%16llx", &own_high, &own_low) != 2) {
            return;
        }
        high += own_high;
        low += own_low;
    }
    snprintf(sum, 33, "%016llx%016llx", (unsigned long long)high, (unsigned long long)low);
}

/** All that parts say of a key, each value once. */
static void join_values(const merger *merge, const char *key, clp_text *text) {
    for (size_t part = 0; part < merge->count; part++) {
        const char *value = clp_profile_fact_value(merge->parts[part], key);
        bool told = !value;
        for (size_t before = 0; !told && before < part; before++) {
            const char *other = clp_profile_fact_value(merge->parts[before], key);
            told = other && strcmp(other, value) == 0;
        }
        if (!told) {
            clp_text_add(text, text->size ? ", " : "");
            clp_text_add(text, value);
        }
    }
}

static clproc_status add_fact(const merger *merge, const char *key, const char *value) {
    clp_profile_fact *fact = &merge->to->facts[merge->to->fact_count++];
    fact->key = clp_memory_string(CLP_MEMORY_PROFILE, key);
    fact->value = clp_memory_string(CLP_MEMORY_PROFILE, value);
    return fact->key && fact->value ? CLPROC_OK
                                    : clp_error_memory(merge->error, "the profile", strlen(value));
}

static clproc_status merge_fact(const merger *merge, const char *key) {
    char digest[33];
    clp_text text = {0};
    clproc_status status = CLPROC_OK;
    if (strcmp(key, CLP_FACT_DIGEST) == 0) {
        add_digests(merge, digest);
        return digest[0] ? add_fact(merge, key, digest) : CLPROC_OK;
    }
    join_values(merge, key, &text);
    status = text.failed ? clp_error_memory(merge->error, "the profile", text.size)
                         : add_fact(merge, key, text.data ? text.data : "");
    clp_text_free(&text);
    return status;
}

/** The rate that plain copies of all parts' bytes would reach where these were moved; 0 unless it
 * is known of each part. */
static clproc_status find_copy_rate(const merger *merge, double *rate) {
    double bytes = 0, seconds = 0;
    clproc_status status = CLPROC_OK;
    for (size_t i = 0; i < merge->count; i++) {
        clp_analysis part;
        CLP_TRY(status, out, clp_analysis_make(&part, merge->parts[i], merge->error));
        for (size_t row = 0; row < part.command_count; row++) {
            double moved = (double)part.commands[row].bytes;
            bytes += moved;
            /* One that is unknown makes the time endless. */
            seconds += moved > 0 ? moved / part.commands[row].copy_rate : 0;
        }
        clp_analysis_free(&part);
    }
    *rate = seconds > 0 ? bytes / seconds : 0;
out:
    return status;
}

static clproc_status add_copy_rate(const merger *merge) {
    double rate;
    char number[32];
    clproc_status status = find_copy_rate(merge, &rate);
    if (status == CLPROC_OK && rate > 0) {
        snprintf(number, sizeof number, "%.0f", rate);
        status = add_fact(merge, CLP_FACT_COPY_RATE, number);
    }
    return status;
}

/** How many runs all parts were made of. */
static clproc_status add_run_count(const merger *merge) {
    unsigned long long runs = 0;
    char number[32];
    for (size_t part = 0; part < merge->count; part++) {
        const char *merged = clp_profile_fact_value(merge->parts[part], CLP_FACT_MERGED);
        runs += merged ? strtoull(merged, NULL, 10) : 1;
    }
    snprintf(number, sizeof number, "%llu", runs);
    return add_fact(merge, CLP_FACT_MERGED, number);
}

static clproc_status merge_facts(const merger *merge) {
    clproc_profile *to = merge->to;
    size_t count = 2;
    clproc_status status;
    for (size_t part = 0; part < merge->count; part++) {
        count += merge->parts[part]->fact_count;
    }
    CLP_TRY(status, out, clp_profile_room(&to->facts, count, sizeof *to->facts, merge->error));
    for (size_t part = 0; part < merge->count; part++) {
        for (size_t i = 0; i < merge->parts[part]->fact_count; i++) {
            const char *key = merge->parts[part]->facts[i].key;
            bool told = strcmp(key, CLP_FACT_MERGED) == 0 || strcmp(key, CLP_FACT_COPY_RATE) == 0;
            for (size_t before = 0; !told && before < part; before++) {
                told = clp_profile_fact_value(merge->parts[before], key) != NULL;
            }
            if (!told) {
                CLP_TRY(status, out, merge_fact(merge, key));
            }
        }
    }
    CLP_TRY(status, out, add_copy_rate(merge));
    status = add_run_count(merge);
out:
    return status;
}

/* ------------------------------------------------------------------- whole */

static clproc_status fill(merger *merge) {
    uint64_t images = 0;
    clproc_status status = CLPROC_OK;
    merge->to->level = CLPROC_PROFILE_TRACE;
    for (size_t part = 0; part < merge->count; part++) {
        merge->first_image[part] = images;
        images += count_images(merge->parts[part]);
        add_figures(merge->to, merge->parts[part]);
    }
    CLP_TRY(status, out, merge_threads(merge));
    for (size_t stage = 0; stage < CLP_PROF_STAGE_COUNT; stage++) {
        CLP_TRY(status, out, merge_samples(merge, stage));
    }
    CLP_TRY(status, out, merge_commands(merge));
    CLP_TRY(status, out, merge_tallies(merge));
    CLP_TRY(status, out, merge_roles(merge));
    CLP_TRY(status, out, merge_facts(merge));
out:
    return status;
}

clproc_status clproc_profile_merge(clproc_profile **merged, const clproc_profile *const *parts,
                                   size_t count, clproc_error *error) {
    merger merge = {.parts = parts, .count = count, .error = error};
    clproc_status status;
    if (!merged || !parts || count == 0) {
        return clp_error_set(error, CLPROC_ERROR_ARGUMENT,
                             "clproc_profile_merge() needs a place and profiles");
    }
    *merged = NULL;
    CLP_TRY(status, out, clp_profiles_check(parts, count, error));
    CLP_TRY(status, out, clp_profile_room(&merge.to, 1, sizeof *merge.to, error));
    CLP_TRY(status, out,
            clp_profile_room(&merge.first_image, count, sizeof *merge.first_image, error));
    CLP_TRY(status, out, fill(&merge));
    *merged = merge.to;
    merge.to = NULL;
out:
    clp_memory_free(merge.first_image);
    clp_profile_free(&merge.to);
    return status;
}
