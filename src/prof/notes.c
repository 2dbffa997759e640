/* What any thread notes besides its own spans: counts, memory, builds of programs, facts. */
#include <stdio.h>
#include <string.h>

#include "core/clock.h"
#include "prof/recorder.h"

/** The lock is held. */
static void set_gauge(clp_prof *prof, clp_prof_gauge gauge, uint64_t value) {
    if (value > prof->gauge_peaks[gauge]) {
        prof->gauge_peaks[gauge] = value;
    }
    if (prof->level != CLPROC_PROFILE_TRACE) {
        return;
    }
    clp_reading_list *list = &prof->gauges[gauge];
    if (!clp_prof_keeps(prof, list->count < CLP_PROF_KEPT_READINGS)) {
        return;
    }
    clp_profile_reading *items = clp_memory_grow(CLP_MEMORY_PROFILE, list->items, &list->capacity,
                                                 list->count + 1, sizeof *items);
    if (!items) {
        prof->lost++;
        return;
    }
    list->items = items;
    /* The clock is read under the lock, so that readings are in order. */
    items[list->count++] = (clp_profile_reading){clp_clock_ns() - prof->start, value};
}

void clp_prof_add_memory_point(clp_prof *prof, uint64_t now) {
    if (prof->memory_line_count == CLP_PROF_MEMORY_POINTS) {
        prof->memory_line_count /= 2;
        for (size_t i = 0; i < prof->memory_line_count; i++) {
            prof->memory_line[i] = prof->memory_line[2 * i];
        }
        prof->memory_interval *= 2;
    }
    clp_profile_memory *point = &prof->memory_line[prof->memory_line_count++];
    point->time = now - prof->start;
    uint64_t all = 0;
    for (int site = 0; site < CLP_MEMORY_SITE_COUNT; site++) {
        point->bytes[site] = clp_memory_usage((clp_memory_site)site).current;
        all += point->bytes[site];
    }
    set_gauge(prof, CLP_GAUGE_HOST_BYTES, all);
    point->device = 0;
    for (size_t i = 0; i < prof->role_count; i++) {
        point->device += prof->roles[i].current;
    }
    atomic_store_explicit(&prof->next_memory_point, now + prof->memory_interval,
                          memory_order_relaxed);
}

void clp_prof_count(clp_prof *prof, clp_prof_counter counter, uint64_t amount) {
    if (prof) {
        atomic_fetch_add_explicit(&prof->counters[counter], amount, memory_order_relaxed);
    }
}

void clp_prof_gauge_set(clp_prof *prof, clp_prof_gauge gauge, uint64_t value) {
    if (prof) {
        pthread_mutex_lock(&prof->lock);
        set_gauge(prof, gauge, value);
        pthread_mutex_unlock(&prof->lock);
    }
}

void clp_prof_batch(clp_prof *prof, uint64_t image, uint64_t batch) {
    if (clp_prof_level(prof) != CLPROC_PROFILE_TRACE) {
        return;
    }
    pthread_mutex_lock(&prof->lock);
    if (clp_prof_keeps(prof, prof->link_count < CLP_PROF_KEPT_LINKS)) {
        clp_profile_link *links =
            clp_memory_grow(CLP_MEMORY_PROFILE, prof->links, &prof->link_capacity,
                            prof->link_count + 1, sizeof *links);
        prof->links = links ? links : prof->links;
        if (links) {
            links[prof->link_count++] = (clp_profile_link){image, batch};
        } else {
            prof->lost++;
        }
    }
    pthread_mutex_unlock(&prof->lock);
}

const char *clp_prof_cache_name(clp_prof_cache cache) {
    static const char *const names[] = {
        [CLP_CACHE_UNKNOWN] = "unknown", [CLP_CACHE_COLD] = "cold", [CLP_CACHE_WARM] = "warm"};
    return names[cache];
}

void clp_prof_build(clp_prof *prof, const char *name, uint64_t ns, clp_prof_cache cache) {
    clp_prof_cache all = cache;
    if (!prof) {
        return;
    }
    pthread_mutex_lock(&prof->lock);
    clp_profile_build *builds =
        clp_memory_grow(CLP_MEMORY_PROFILE, prof->builds, &prof->build_capacity,
                        prof->build_count + 1, sizeof *builds);
    if (builds) {
        prof->builds = builds;
        clp_profile_build *build = &builds[prof->build_count++];
        snprintf(build->name, sizeof build->name, "%s", name);
        build->ns = ns;
        build->cache = cache;
    } else {
        prof->lost++;
    }
    for (size_t i = 0; i < prof->build_count; i++) {
        all = prof->builds[i].cache == CLP_CACHE_COLD ? CLP_CACHE_COLD : all;
    }
    pthread_mutex_unlock(&prof->lock);
    clp_prof_fact(prof, CLP_FACT_CACHE, clp_prof_cache_name(all));
}

void clp_prof_device_memory(clp_prof *prof, uint32_t device, const char *role, uint64_t bytes) {
    if (!prof) {
        return;
    }
    pthread_mutex_lock(&prof->lock);
    size_t i = 0;
    while (i < prof->role_count && strcmp(prof->roles[i].name, role) != 0) {
        i++;
    }
    if (i < CLP_PROF_MAX_ROLES && device < prof->device_count) {
        clp_profile_role *entry = &prof->roles[i];
        uint64_t *held = &prof->devices[device].held[i];
        if (i == prof->role_count) {
            prof->role_count++;
            snprintf(entry->name, sizeof entry->name, "%s", role);
        }
        entry->current += bytes - *held;
        *held = bytes;
        entry->peak = entry->current > entry->peak ? entry->current : entry->peak;
    } else {
        prof->lost++;
    }
    uint64_t sum = 0;
    for (i = 0; i < prof->role_count; i++) {
        sum += prof->roles[i].current;
    }
    set_gauge(prof, CLP_GAUGE_DEVICE_BYTES, sum);
    pthread_mutex_unlock(&prof->lock);
}

/** Replaces or appends; the lock is held. */
static bool set_fact(clp_fact_list *facts, const char *key, char *value) {
    for (size_t i = 0; i < facts->count; i++) {
        if (strcmp(facts->items[i].key, key) == 0) {
            clp_memory_free(facts->items[i].value);
            facts->items[i].value = value;
            return true;
        }
    }
    clp_profile_fact *items = clp_memory_grow(CLP_MEMORY_PROFILE, facts->items, &facts->capacity,
                                              facts->count + 1, sizeof *items);
    char *copy = items ? clp_memory_string(CLP_MEMORY_PROFILE, key) : NULL;
    facts->items = items ? items : facts->items;
    if (!copy) {
        return false;
    }
    items[facts->count++] = (clp_profile_fact){copy, value};
    return true;
}

void clp_prof_fact(clp_prof *prof, const char *key, const char *value) {
    if (!prof) {
        return;
    }
    char *copy = clp_memory_string(CLP_MEMORY_PROFILE, value);
    pthread_mutex_lock(&prof->lock);
    if (!copy || !set_fact(&prof->facts, key, copy)) {
        clp_memory_free(copy);
        prof->lost++;
    }
    pthread_mutex_unlock(&prof->lock);
}
