/* Recording: what runs of threads open, and the spans that these begin and end. */
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "core/clock.h"
#include "prof/recorder.h"

#define FIRST_MEMORY_INTERVAL 1000000u /* ns */

static const struct {
    const char *name;
    enum { WORK, WAIT, FRAME } kind;
} stages[] = {
#define X(id, text, kind) [CLP_PROF_##id] = {text, kind},
    CLP_PROF_STAGES(X)
#undef X
};

const char *clp_prof_stage_name(clp_prof_stage stage) {
    return stages[stage].name;
}

bool clp_prof_stage_waits(clp_prof_stage stage) {
    return stages[stage].kind == WAIT;
}

bool clp_prof_stage_frames(clp_prof_stage stage) {
    return stages[stage].kind == FRAME;
}

const char *clp_prof_counter_name(clp_prof_counter counter) {
    static const char *const names[] = {
        [CLP_COUNTER_OPENS] = "files opened",
        [CLP_COUNTER_BYTES_READ] = "bytes read",
        [CLP_COUNTER_BYTES_WRITTEN] = "bytes written",
        [CLP_COUNTER_PIXELS_IN] = "pixels in",
        [CLP_COUNTER_PIXELS_OUT] = "pixels out",
        [CLP_COUNTER_IMAGES] = "images",
        [CLP_COUNTER_DEVICE_DECODED] = "decoded on a device",
        [CLP_COUNTER_DEVICE_ENCODED] = "encoded on a device",
        [CLP_COUNTER_FALLBACKS] = "given back to libjpeg",
        [CLP_COUNTER_KEPT] = "not encoded anew",
    };
    return names[counter];
}

const char *clp_prof_gauge_name(clp_prof_gauge gauge) {
    static const char *const names[] = {
        [CLP_GAUGE_PICTURES] = "pictures under way",
        [CLP_GAUGE_DEVICE_BYTES] = "device bytes",
        [CLP_GAUGE_HOST_BYTES] = "host bytes",
    };
    return names[gauge];
}

static uint64_t timeval_ns(struct timeval time) {
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_usec * 1000u;
}

void clp_prof_processor_time(uint64_t *user_ns, uint64_t *system_ns) {
    struct rusage usage = {0};
    getrusage(RUSAGE_SELF, &usage);
    *user_ns = timeval_ns(usage.ru_utime);
    *system_ns = timeval_ns(usage.ru_stime);
}

static uint64_t thread_cpu_ns(void) {
    struct timespec now = {0};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* ----------------------------------------------------------- life cycle */

clproc_status clp_prof_create(clp_prof **prof, clproc_profile_level level, clproc_error *error) {
    *prof = NULL;
    if (level == CLPROC_PROFILE_OFF) {
        return CLPROC_OK;
    }
    clp_prof *made = clp_memory_zero(CLP_MEMORY_PROFILE, 1, sizeof *made);
    if (!made) {
        return clp_error_memory(error, "the profile", sizeof *made);
    }
    made->memory_line =
        clp_memory_zero(CLP_MEMORY_PROFILE, CLP_PROF_MEMORY_POINTS, sizeof *made->memory_line);
    if (!made->memory_line) {
        clp_memory_free(made);
        return clp_error_memory(error, "the profile", CLP_PROF_MEMORY_POINTS);
    }
    pthread_mutex_init(&made->lock, NULL);
    made->level = level;
    made->memory_interval = FIRST_MEMORY_INTERVAL;
    clp_prof_processor_time(&made->user_ns, &made->system_ns);
    clp_prof_fact(made, CLP_FACT_VERSION, CLPROC_VERSION);
    made->start = clp_clock_ns();
    *prof = made;
    return CLPROC_OK;
}

static void free_thread(clp_prof_thread *thread) {
    for (clp_span_chunk *chunk = thread->chunks; chunk;) {
        clp_span_chunk *next = chunk->next;
        clp_memory_free(chunk);
        chunk = next;
    }
    for (int stage = 0; stage < CLP_PROF_STAGE_COUNT; stage++) {
        clp_memory_free(thread->samplers[stage]);
    }
    clp_memory_free(thread->nodes);
    clp_memory_free(thread);
}

void clp_prof_destroy(clp_prof **prof) {
    clp_prof *old = *prof;
    if (!old) {
        return;
    }
    *prof = NULL;
    for (clp_prof_thread *thread = old->threads; thread;) {
        clp_prof_thread *next = thread->next;
        free_thread(thread);
        thread = next;
    }
    for (int gauge = 0; gauge < CLP_GAUGE_COUNT; gauge++) {
        clp_memory_free(old->gauges[gauge].items);
    }
    for (size_t i = 0; i < old->facts.count; i++) {
        clp_memory_free(old->facts.items[i].key);
        clp_memory_free(old->facts.items[i].value);
    }
    clp_memory_free(old->facts.items);
    clp_memory_free(old->commands);
    clp_memory_free(old->devices);
    clp_tallies_destroy(&old->tallies);
    clp_memory_free(old->links);
    clp_memory_free(old->builds);
    clp_memory_free(old->memory_line);
    pthread_mutex_destroy(&old->lock);
    clp_memory_free(old);
}

clproc_profile_level clp_prof_level(const clp_prof *prof) {
    return prof ? prof->level : CLPROC_PROFILE_OFF;
}

/* -------------------------------------------------------------- threads */

/** A thread that left, taken up again by the calling one; NULL if none had that name. */
static clp_prof_thread *resume(clp_prof *prof, const char *name) {
    pthread_mutex_lock(&prof->lock);
    clp_prof_thread *thread = prof->threads;
    while (thread && (thread->end == 0 || strcmp(thread->name, name) != 0)) {
        thread = thread->next;
    }
    if (thread) {
        thread->end = 0;
        thread->cpu_start = thread_cpu_ns() - thread->cpu_ns;
    }
    pthread_mutex_unlock(&prof->lock);
    return thread;
}

clp_prof_thread *clp_prof_thread_enter(clp_prof *prof, const char *name) {
    if (!prof) {
        return NULL;
    }
    clp_prof_thread *thread = resume(prof, name);
    if (thread) {
        return thread;
    }
    thread = clp_memory_zero(CLP_MEMORY_PROFILE, 1, sizeof *thread);
    clp_node *nodes = NULL;
    if (thread) {
        nodes = clp_memory_grow(CLP_MEMORY_PROFILE, NULL, &thread->node_capacity,
                                CLP_PROF_STAGE_COUNT + 1, sizeof *nodes);
    }
    if (!nodes) {
        clp_memory_free(thread);
        pthread_mutex_lock(&prof->lock);
        prof->lost++;
        pthread_mutex_unlock(&prof->lock);
        return NULL;
    }
    memset(&nodes[0], 0, sizeof nodes[0]);
    thread->nodes = nodes;
    thread->node_count = 1;
    thread->prof = prof;
    snprintf(thread->name, sizeof thread->name, "%s", name);
    thread->cpu_start = thread_cpu_ns();
    thread->start = clp_clock_ns();
    pthread_mutex_lock(&prof->lock);
    thread->next = prof->threads;
    prof->threads = thread;
    pthread_mutex_unlock(&prof->lock);
    return thread;
}

void clp_prof_thread_leave(clp_prof_thread *thread) {
    if (!thread) {
        return;
    }
    while (thread->depth > 0) {
        clp_prof_end(thread);
    }
    pthread_mutex_lock(&thread->prof->lock);
    thread->cpu_ns = thread_cpu_ns() - thread->cpu_start;
    thread->end = clp_clock_ns();
    pthread_mutex_unlock(&thread->prof->lock);
}

/* ---------------------------------------------------------------- spans */

/** The node of `stage` below `parent`, made if need be; 0 when memory is short. */
static uint32_t find_node(clp_prof_thread *thread, uint32_t parent, clp_prof_stage stage) {
    uint32_t child = thread->nodes[parent].first_child;
    while (child && thread->nodes[child].sums.stage != stage) {
        child = thread->nodes[child].next_sibling;
    }
    if (child) {
        return child;
    }
    clp_node *nodes = clp_memory_grow(CLP_MEMORY_PROFILE, thread->nodes, &thread->node_capacity,
                                      thread->node_count + 1, sizeof *nodes);
    if (!nodes) {
        return 0;
    }
    thread->nodes = nodes;
    child = (uint32_t)thread->node_count++;
    nodes[child] = (clp_node){.sums = {.stage = stage, .parent = parent},
                              .next_sibling = nodes[parent].first_child};
    nodes[parent].first_child = child;
    return child;
}

void clp_prof_begin(clp_prof_thread *thread, clp_prof_stage stage, uint64_t image) {
    if (!thread) {
        return;
    }
    if (thread->depth == CLP_PROF_MAX_DEPTH) {
        thread->beyond++;
        thread->lost++;
        return;
    }
    uint32_t parent = thread->depth ? thread->open[thread->depth - 1].node : 0;
    uint32_t node = find_node(thread, parent, stage);
    thread->lost += node == 0;
    thread->open[thread->depth].node = node;
    thread->open[thread->depth].image = image;
    thread->open[thread->depth].start = clp_clock_ns();
    thread->depth++;
}

static void add_sample(clp_prof_thread *thread, clp_prof_stage stage, clp_profile_sample sample) {
    clp_sampler *sampler = thread->samplers[stage];
    if (!sampler) {
        sampler = clp_memory_alloc(CLP_MEMORY_PROFILE, sizeof *sampler);
        if (!sampler) {
            thread->lost++;
            return;
        }
        sampler->seen = 0;
        sampler->stride = 1;
        sampler->count = 0;
        thread->samplers[stage] = sampler;
    }
    if (sampler->seen++ % sampler->stride != 0) {
        return;
    }
    if (sampler->count == CLP_PROF_SAMPLES) {
        sampler->count /= 2;
        for (size_t i = 0; i < sampler->count; i++) {
            sampler->items[i] = sampler->items[2 * i];
        }
        sampler->stride *= 2;
    }
    sampler->items[sampler->count++] = sample;
}

bool clp_prof_keeps(clp_prof *prof, bool room) {
    uint_fast64_t open = 0;
    if (!room) {
        atomic_compare_exchange_strong(&prof->kept_until, &open, clp_clock_ns() - prof->start);
    }
    return room && atomic_load_explicit(&prof->kept_until, memory_order_relaxed) == 0;
}

static void keep_span(clp_prof_thread *thread, clp_profile_span span) {
    clp_span_chunk *chunk = thread->chunks;
    bool full = !chunk || chunk->count == CLP_PROF_SPANS_IN_CHUNK;
    if (!clp_prof_keeps(thread->prof,
                        !full || atomic_load(&thread->prof->chunks) < CLP_PROF_KEPT_CHUNKS)) {
        return;
    }
    if (full) {
        atomic_fetch_add(&thread->prof->chunks, 1);
        chunk = clp_memory_alloc(CLP_MEMORY_PROFILE, sizeof *chunk);
        if (!chunk) {
            thread->lost++;
            return;
        }
        chunk->count = 0;
        chunk->next = thread->chunks;
        thread->chunks = chunk;
    }
    chunk->items[chunk->count++] = span;
}

void clp_prof_end(clp_prof_thread *thread) {
    if (!thread) {
        return;
    }
    if (thread->beyond > 0) {
        thread->beyond--;
        return;
    }
    if (thread->depth == 0) {
        return;
    }
    uint64_t now = clp_clock_ns();
    clp_prof *prof = thread->prof;
    uint32_t depth = --thread->depth;
    uint32_t node = thread->open[depth].node;
    uint64_t start = thread->open[depth].start;
    if (node) {
        clp_profile_node *sums = &thread->nodes[node].sums;
        sums->calls++;
        sums->total_ns += now - start;
        add_sample(thread, sums->stage,
                   (clp_profile_sample){now, now - start, thread->open[depth].image});
        if (prof->level == CLPROC_PROFILE_TRACE) {
            keep_span(thread, (clp_profile_span){start, now, thread->open[depth].image, sums->stage,
                                                 depth});
        }
    }
    /* Whichever thread finds the time come looks at the memory; the others pass by. */
    if (now >= atomic_load_explicit(&prof->next_memory_point, memory_order_relaxed) &&
        pthread_mutex_trylock(&prof->lock) == 0) {
        if (now >= atomic_load_explicit(&prof->next_memory_point, memory_order_relaxed)) {
            clp_prof_add_memory_point(prof, now);
        }
        pthread_mutex_unlock(&prof->lock);
    }
}
