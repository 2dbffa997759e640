#include "prof/profile.h"

#include <string.h>

clproc_status clp_profile_room(void *items, size_t count, size_t size, clproc_error *error) {
    void *room = count ? clp_memory_zero(CLP_MEMORY_PROFILE, count, size) : NULL;
    if (count && !room) {
        return clp_error_memory(error, "the profile", count);
    }
    memcpy(items, &room, sizeof room);
    return CLPROC_OK;
}

clproc_status clp_profiles_check(const clproc_profile *const *profiles, size_t count,
                                 clproc_error *error) {
    for (size_t i = 0; i < count; i++) {
        if (!profiles[i]) {
            return clp_error_set(error, CLPROC_ERROR_ARGUMENT, "profile %zu is NULL", i + 1);
        }
    }
    return CLPROC_OK;
}

void clp_profile_free(clproc_profile **profile) {
    clproc_profile *old = *profile;
    if (!old) {
        return;
    }
    *profile = NULL;
    for (size_t i = 0; i < old->thread_count; i++) {
        clp_memory_free(old->threads[i].nodes);
        clp_memory_free(old->threads[i].spans);
    }
    for (int stage = 0; stage < CLP_PROF_STAGE_COUNT; stage++) {
        clp_memory_free(old->samples[stage].items);
    }
    for (int gauge = 0; gauge < CLP_GAUGE_COUNT; gauge++) {
        clp_memory_free(old->gauges[gauge].readings);
    }
    for (size_t i = 0; i < old->fact_count; i++) {
        clp_memory_free(old->facts[i].key);
        clp_memory_free(old->facts[i].value);
    }
    clp_memory_free(old->facts);
    clp_memory_free(old->threads);
    clp_memory_free(old->commands);
    clp_memory_free(old->devices);
    clp_tallies_destroy(&old->tallies);
    clp_memory_free(old->links);
    clp_memory_free(old->builds);
    clp_memory_free(old->memory_line);
    clp_memory_free(old->roles);
    clp_memory_free(old);
}

const clp_tallies *clp_profile_tallies(const clproc_profile *profile, clp_tallies **made,
                                       clproc_error *error) {
    *made = NULL;
    if (profile->tallies) {
        return profile->tallies;
    }
    if (clp_tallies_create(made, error) != CLPROC_OK) {
        return NULL;
    }
    for (size_t i = 0; i < profile->command_count; i++) {
        if (!clp_tallies_add(*made, &profile->commands[i])) {
            clp_tallies_destroy(made);
            clp_error_memory(error, "the sums of a profile", sizeof(clp_tally));
            return NULL;
        }
    }
    clp_tallies_end(*made);
    return *made;
}

const char *clp_profile_fact_value(const clproc_profile *profile, const char *key) {
    for (size_t i = 0; i < profile->fact_count; i++) {
        if (strcmp(profile->facts[i].key, key) == 0) {
            return profile->facts[i].value;
        }
    }
    return NULL;
}
