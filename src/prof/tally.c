#include "prof/tally.h"

#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------ time covered */

/** How many held intervals begin at or before `time`. */
static size_t begun(const clp_cover *cover, uint64_t time) {
    size_t low = 0, high = cover->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (cover->held[middle].start <= time) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static uint64_t held_ns(const clp_cover *cover, size_t count) {
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += cover->held[i].end - cover->held[i].start;
    }
    return sum;
}

static void close_half(clp_cover *cover) {
    size_t gone = CLP_COVER_OPEN / 2;
    cover->closed += held_ns(cover, gone);
    cover->floor = cover->held[gone - 1].end;
    cover->count -= gone;
    memmove(cover->held, cover->held + gone, cover->count * sizeof *cover->held);
}

void clp_cover_add(clp_cover *cover, uint64_t start, uint64_t end) {
    if (cover->count == CLP_COVER_OPEN) {
        close_half(cover);
    }
    start = start > cover->floor ? start : cover->floor;
    if (start > end) {
        return;
    }
    /* Those from `first` up to `last` touch it, and become one with it. */
    size_t first = begun(cover, start), last = begun(cover, end);
    if (first > 0 && cover->held[first - 1].end >= start) {
        first--;
        start = cover->held[first].start;
    }
    if (last > first && cover->held[last - 1].end > end) {
        end = cover->held[last - 1].end;
    }
    memmove(cover->held + first + 1, cover->held + last,
            (cover->count - last) * sizeof *cover->held);
    cover->count = cover->count + 1 - (last - first);
    cover->held[first] = (clp_interval){start, end};
}

uint64_t clp_cover_ns(const clp_cover *cover) {
    return cover->closed + held_ns(cover, cover->count);
}

uint64_t clp_cover_reached(const clp_cover *cover, uint64_t time) {
    size_t count = begun(cover, time);
    uint64_t end = count ? cover->held[count - 1].end : cover->floor;
    return end < time ? end : time;
}

/* -------------------------------------------------------- how durations lie */

/* Octave 0 holds 0 to 63 ns, octave n the 64 << (n - 1) to (128 << (n - 1)) - 1. */

bool clp_spread_add(clp_spread *spread, uint64_t ns, uint64_t calls) {
    size_t octave = 0;
    uint64_t step = ns;
    for (; step >= 2 * CLP_SPREAD_STEPS; step >>= 1) {
        octave++;
    }
    if (step >= CLP_SPREAD_STEPS) {
        octave++;
        step -= CLP_SPREAD_STEPS;
    }
    if (!spread->octaves[octave]) {
        spread->octaves[octave] =
            clp_memory_zero(CLP_MEMORY_PROFILE, CLP_SPREAD_STEPS, sizeof **spread->octaves);
    }
    if (!spread->octaves[octave]) {
        return false;
    }
    spread->octaves[octave][step] += calls;
    return true;
}

void clp_spread_free(clp_spread *spread) {
    for (size_t octave = 0; octave < CLP_SPREAD_OCTAVES; octave++) {
        clp_memory_free(spread->octaves[octave]);
    }
    *spread = (clp_spread){0};
}

bool clp_spread_next(const clp_spread *spread, size_t *place, clp_interval *ns, uint64_t *calls) {
    for (; *place < CLP_SPREAD_OCTAVES * CLP_SPREAD_STEPS; (*place)++) {
        size_t octave = *place / CLP_SPREAD_STEPS;
        uint64_t step = *place % CLP_SPREAD_STEPS;
        if (!spread->octaves[octave]) {
            *place += CLP_SPREAD_STEPS - 1;
        } else if (spread->octaves[octave][step]) {
            uint64_t width = octave ? (uint64_t)1 << (octave - 1) : 1;
            ns->start = octave ? (CLP_SPREAD_STEPS + step) * width : step;
            ns->end = ns->start + (width - 1);
            *calls = spread->octaves[octave][step];
            (*place)++;
            return true;
        }
    }
    return false;
}

double clp_spread_quantile(const clp_spread *spread, double quantile) {
    clp_interval class;
    uint64_t calls, all = 0, before = 0;
    size_t place = 0;
    while (clp_spread_next(spread, &place, &class, &calls)) {
        all += calls;
    }
    double rank = all ? quantile * (double)(all - 1) : 0, below = 0, value = 0;
    for (place = 0; clp_spread_next(spread, &place, &class, &calls); before += calls) {
        value = ((double)class.start + (double)class.end) / 2;
        if ((double)(before + calls - 1) >= rank) {
            /* Up to 1 between the last of the class below and the first of this one. */
            double part = rank + 1 - (double)before;
            return part < 1 ? below + part * (value - below) : value;
        }
        below = value;
    }
    return value;
}

/* ------------------------------------------------------------ one name's sums */

uint64_t clp_tally_steady_calls(const clp_tally *tally) {
    return tally->calls - tally->first_calls;
}

/** A number that looks random (SplitMix64), the same for the same `place`. */
static uint64_t draw(uint64_t place) {
    uint64_t z = (place + 1) * 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

clp_tally_sample clp_tally_sample_of(const clp_prof_command *command) {
    return (clp_tally_sample){.start = command->started,
                              .duration = command->ended - command->started,
                              .bytes = command->bytes_read + command->bytes_written,
                              .images = command->images};
}

/** Picks the command if it is its turn; there is room for it. */
static void sample(clp_tally_samples *samples, const clp_prof_command *command) {
    if (samples->seen++ != samples->next) {
        return;
    }
    if (samples->count == CLP_TALLY_SAMPLES) {
        samples->count /= 2;
        samples->stride *= 2;
        for (size_t i = 0; i < samples->count; i++) {
            samples->items[i] = samples->items[2 * i + draw(samples->seen + i) % 2];
        }
    }
    samples->items[samples->count++] = clp_tally_sample_of(command);
    uint64_t block = samples->next / samples->stride + 1;
    samples->next = block * samples->stride + draw(block) % samples->stride;
}

static void add_steady(clp_tally *tally, const clp_prof_command *command) {
    uint64_t duration = command->ended - command->started, count = clp_tally_steady_calls(tally);
    double away = (double)duration - tally->mean_ns;
    tally->least_ns = count == 1 || duration < tally->least_ns ? duration : tally->least_ns;
    tally->most_ns = duration > tally->most_ns ? duration : tally->most_ns;
    tally->steady_ns += duration;
    tally->mean_ns += away / (double)count;
    tally->squares += away * ((double)duration - tally->mean_ns);
    tally->bytes += command->bytes_read + command->bytes_written;
    tally->operations += command->operations;
    tally->delay_ns += command->started - command->queued;
    sample(&tally->samples, command);
}

/** The bytes of a tally that a device moved; NULL when memory is short. */
static uint64_t *bytes_of_device(clp_tally *tally, uint32_t number) {
    size_t count = (size_t)number + 1;
    if (count > tally->device_count) {
        uint64_t *bytes = clp_memory_grow(CLP_MEMORY_PROFILE, tally->device_bytes,
                                          &tally->device_capacity, count, sizeof *bytes);
        if (!bytes) {
            return NULL;
        }
        memset(bytes + tally->device_count, 0, (count - tally->device_count) * sizeof *bytes);
        tally->device_bytes = bytes;
        tally->device_count = count;
    }
    return &tally->device_bytes[number];
}

/** Room for `more` samples, up to `most` in all. */
static bool sample_room(clp_tally_samples *samples, size_t more, size_t most) {
    size_t wanted = samples->count + more < most ? samples->count + more : most;
    clp_tally_sample *items = clp_memory_grow(CLP_MEMORY_PROFILE, samples->items,
                                              &samples->capacity, wanted, sizeof *items);
    samples->items = items ? items : samples->items;
    return items != NULL;
}

/* ---------------------------------------------------------------- all names */

clproc_status clp_tallies_create(clp_tallies **tallies, clproc_error *error) {
    *tallies = clp_memory_zero(CLP_MEMORY_PROFILE, 1, sizeof **tallies);
    return *tallies ? CLPROC_OK
                    : clp_error_memory(error, "the sums of a profile", sizeof **tallies);
}

void clp_tallies_destroy(clp_tallies **tallies) {
    clp_tallies *old = *tallies;
    if (!old) {
        return;
    }
    *tallies = NULL;
    for (size_t i = 0; i < old->count; i++) {
        clp_spread_free(&old->items[i].spread);
        clp_memory_free(old->items[i].samples.items);
        clp_memory_free(old->items[i].device_bytes);
    }
    for (size_t i = 0; i < old->device_count; i++) {
        clp_memory_free(old->devices[i].covers);
    }
    clp_memory_free(old->items);
    clp_memory_free(old->devices);
    clp_memory_free(old->covers);
    clp_memory_free(old);
}

clp_tally *clp_tallies_find(const clp_tallies *tallies, clp_command_kind kind, const char *name) {
    for (size_t i = 0; i < tallies->count; i++) {
        if (tallies->items[i].kind == kind && strcmp(tallies->items[i].name, name) == 0) {
            return &tallies->items[i];
        }
    }
    return NULL;
}

clp_tally *clp_tallies_place(clp_tallies *tallies, clp_command_kind kind, const char *name) {
    clp_tally *tally = clp_tallies_find(tallies, kind, name);
    if (tally) {
        return tally;
    }
    clp_tally *items = clp_memory_grow(CLP_MEMORY_PROFILE, tallies->items, &tallies->capacity,
                                       tallies->count + 1, sizeof *items);
    if (!items) {
        return NULL;
    }
    tallies->items = items;
    tally = &items[tallies->count++];
    *tally = (clp_tally){.kind = kind, .samples = {.stride = 1}};
    snprintf(tally->name, sizeof tally->name, "%s", name);
    return tally;
}

/** The device with this number, with room for what its commands cover; NULL when memory is short.
 */
static clp_tally_device *find_device(clp_tallies *tallies, uint32_t number) {
    size_t count = (size_t)number + 1;
    if (count > tallies->device_count) {
        clp_tally_device *devices =
            clp_memory_grow(CLP_MEMORY_PROFILE, tallies->devices, &tallies->device_capacity, count,
                            sizeof *devices);
        if (!devices) {
            return NULL;
        }
        tallies->devices = devices;
        memset(devices + tallies->device_count, 0,
               (count - tallies->device_count) * sizeof *devices);
        tallies->device_count = count;
    }
    clp_tally_device *device = &tallies->devices[number];
    if (!device->covers) {
        device->covers =
            clp_memory_zero(CLP_MEMORY_PROFILE, CLP_COVER_COUNT, sizeof *device->covers);
    }
    return device->covers ? device : NULL;
}

/** What all devices cover together is what the first one does, until there is another. */
static bool begin_together(clp_tallies *tallies, const clp_tally_device *device) {
    for (size_t i = 0; !tallies->covers && i < tallies->device_count; i++) {
        const clp_tally_device *first = &tallies->devices[i];
        if (first != device && first->calls) {
            tallies->covers =
                clp_memory_alloc(CLP_MEMORY_PROFILE, CLP_COVER_COUNT * sizeof *tallies->covers);
            if (!tallies->covers) {
                return false;
            }
            memcpy(tallies->covers, first->covers, CLP_COVER_COUNT * sizeof *tallies->covers);
        }
    }
    return true;
}

static void cover(clp_cover *covers, const clp_prof_command *command) {
    bool kernel = command->kind == CLP_COMMAND_KERNEL;
    clp_cover_add(&covers[CLP_COVER_ALL], command->started, command->ended);
    clp_cover_add(&covers[kernel ? CLP_COVER_KERNELS : CLP_COVER_TRANSFERS], command->started,
                  command->ended);
}

bool clp_tallies_add(clp_tallies *tallies, const clp_prof_command *command) {
    clp_tally_device *device = find_device(tallies, command->device);
    clp_tally *tally = clp_tallies_place(tallies, command->kind, command->name);
    uint64_t duration = command->ended - command->started;
    uint64_t *bytes = tally ? bytes_of_device(tally, command->device) : NULL;
    if (!device || !begin_together(tallies, device) || !bytes ||
        !sample_room(&tally->samples, 1, CLP_TALLY_SAMPLES) ||
        (!command->first && !clp_spread_add(&tally->spread, duration, 1))) {
        return false;
    }
    tallies->calls++;
    device->calls++;
    device->total_ns += duration;
    tally->calls++;
    tally->total_ns += duration;
    tally->most_images =
        command->images > tally->most_images ? command->images : tally->most_images;
    if (command->first) {
        uint64_t free = clp_cover_reached(&device->covers[CLP_COVER_ALL], command->started);
        tally->first_calls++;
        tally->first_ns += command->ended - (free > command->queued ? free : command->queued);
    } else {
        add_steady(tally, command);
        *bytes += command->bytes_read + command->bytes_written;
    }
    cover(device->covers, command);
    if (tallies->covers) {
        cover(tallies->covers, command);
    }
    return true;
}

void clp_tallies_end(clp_tallies *tallies) {
    for (int kind = 0; kind < CLP_COVER_COUNT; kind++) {
        for (size_t i = 0; i < tallies->device_count; i++) {
            clp_tally_device *device = &tallies->devices[i];
            device->busy_ns[kind] = device->covers ? clp_cover_ns(&device->covers[kind]) : 0;
            tallies->busy_ns[kind] += device->busy_ns[kind]; /* of the only one that worked */
        }
        if (tallies->covers) {
            tallies->busy_ns[kind] = clp_cover_ns(&tallies->covers[kind]);
        }
    }
    for (size_t i = 0; i < tallies->device_count; i++) {
        clp_memory_free(tallies->devices[i].covers);
        tallies->devices[i].covers = NULL;
    }
    clp_memory_free(tallies->covers);
    tallies->covers = NULL;
}

/* ------------------------------------------------------------------ merging */

static int by_start(const void *a, const void *b) {
    const clp_tally_sample *x = a, *y = b;
    return (x->start > y->start) - (x->start < y->start);
}

/** Leaves every `step`-th sample. */
static void thin(clp_tally_samples *samples, uint64_t step) {
    size_t count = 0;
    for (uint64_t i = 0; i < samples->count; i += step) {
        samples->items[count++] = samples->items[i];
    }
    samples->count = count;
    samples->stride *= step;
}

/** Brings both to the wider stride, so that each sample stands for as many commands. */
static bool merge_samples(clp_tally_samples *to, const clp_tally_samples *from) {
    if (to->stride < from->stride) {
        thin(to, from->stride / to->stride);
    }
    if (from->count && !sample_room(to, from->count, SIZE_MAX)) {
        return false;
    }
    for (uint64_t i = 0; i < from->count; i += to->stride / from->stride) {
        to->items[to->count++] = from->items[i];
    }
    if (to->count > 1) {
        qsort(to->items, to->count, sizeof *to->items, by_start);
    }
    return true;
}

static bool merge_tally(clp_tally *to, const clp_tally *from) {
    double n = (double)clp_tally_steady_calls(to), m = (double)clp_tally_steady_calls(from);
    size_t place = 0;
    uint64_t calls;
    clp_interval class;
    while (clp_spread_next(&from->spread, &place, &class, &calls)) {
        if (!clp_spread_add(&to->spread, class.start, calls)) {
            return false;
        }
    }
    if (m > 0) {
        double away = from->mean_ns - to->mean_ns;
        to->mean_ns += away * m / (n + m);
        to->squares += from->squares + away * away * n * m / (n + m);
        to->least_ns = n == 0 || from->least_ns < to->least_ns ? from->least_ns : to->least_ns;
    }
    to->most_ns = from->most_ns > to->most_ns ? from->most_ns : to->most_ns;
    to->calls += from->calls;
    to->total_ns += from->total_ns;
    to->first_calls += from->first_calls;
    to->first_ns += from->first_ns;
    to->steady_ns += from->steady_ns;
    to->bytes += from->bytes;
    to->operations += from->operations;
    to->delay_ns += from->delay_ns;
    to->most_images = from->most_images > to->most_images ? from->most_images : to->most_images;
    return merge_samples(&to->samples, &from->samples);
}

bool clp_tallies_merge(clp_tallies *tallies, const clp_tallies *others) {
    for (size_t i = 0; i < others->count; i++) {
        const clp_tally *from = &others->items[i];
        clp_tally *to = clp_tallies_place(tallies, from->kind, from->name);
        if (!to || !merge_tally(to, from)) {
            return false;
        }
    }
    tallies->calls += others->calls;
    for (int i = 0; i < CLP_COVER_COUNT; i++) {
        uint64_t busy = others->busy_ns[i];
        tallies->busy_ns[i] = busy > tallies->busy_ns[i] ? busy : tallies->busy_ns[i];
    }
    return true;
}
