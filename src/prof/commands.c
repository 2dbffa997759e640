/** Recording what devices do, and how their clocks lie to the host's. */
#include <stdio.h>

#include "core/clock.h"
#include "prof/recorder.h"

/** Puts queued ≤ submitted ≤ started ≤ ended right where a driver mixes clocks; trusts start and
 * end most. */
static bool repair(clp_prof_command *command) {
    bool wrong = command->queued > command->submitted || command->submitted > command->started ||
                 command->started > command->ended;
    if (command->ended < command->started) {
        command->ended = command->started;
    }
    if (command->submitted > command->started) {
        command->submitted = command->started;
    }
    if (command->queued > command->submitted) {
        command->queued = command->submitted;
    }
    return wrong;
}

clproc_status clp_prof_device(clp_prof *prof, const char *name, uint32_t *device,
                              clproc_error *error) {
    clproc_status status = CLPROC_OK;
    *device = 0;
    if (!prof) {
        return CLPROC_OK;
    }
    pthread_mutex_lock(&prof->lock);
    clp_prof_device_record *devices =
        clp_memory_grow(CLP_MEMORY_PROFILE, prof->devices, &prof->device_capacity,
                        prof->device_count + 1, sizeof *devices);
    if (devices) {
        prof->devices = devices;
        *device = (uint32_t)prof->device_count++;
        devices[*device] = (clp_prof_device_record){.anchor_count = 0};
        snprintf(devices[*device].known.name, sizeof devices->known.name, "%s", name);
    } else {
        status = clp_error_memory(error, "the profile", sizeof *devices);
    }
    pthread_mutex_unlock(&prof->lock);
    return status;
}

void clp_prof_copy_rate(clp_prof *prof, uint32_t device, uint64_t rate) {
    if (!prof) {
        return;
    }
    pthread_mutex_lock(&prof->lock);
    if (device < prof->device_count) {
        prof->devices[device].known.copy_rate = rate;
    }
    pthread_mutex_unlock(&prof->lock);
}

/* ------------------------------------------------------------------ clocks */

/** The offset at a moment of the host's clock: between two anchors it drifts evenly. */
static int64_t offset_at(const clp_prof_device_record *device, uint64_t host) {
    const clp_anchor *anchors = device->anchors;
    size_t last = device->anchor_count;
    if (last == 0) {
        return 0;
    }
    size_t next = 0;
    while (next < last && anchors[next].host <= host) {
        next++;
    }
    if (next == 0 || next == last) {
        return anchors[next ? last - 1 : 0].offset;
    }
    const clp_anchor *a = &anchors[next - 1], *b = &anchors[next];
    double part = (double)(host - a->host) / (double)(b->host - a->host);
    return a->offset + (int64_t)((double)(b->offset - a->offset) * part);
}

void clp_prof_place(const clp_prof *prof, clp_prof_command *command) {
    const clp_prof_device_record *device = &prof->devices[command->device];
    uint64_t host = command->started + (uint64_t)offset_at(device, 0);
    host = command->started + (uint64_t)offset_at(device, host);
    /* What lies before the run (the queue was made earlier) becomes 0. */
    uint64_t started = host > prof->start ? host - prof->start : 0;
    /* One offset for the whole command: its duration is the driver's, not the fit's. */
    command->ended += started - command->started;
    uint64_t delay = command->started - command->queued;
    uint64_t rest = command->started - command->submitted;
    command->started = started;
    command->queued = started > delay ? started - delay : 0;
    command->submitted = started > rest ? started - rest : 0;
}

/** The lock is held. */
static void add_anchor(clp_prof_device_record *device, int64_t offset, bool estimated) {
    if (estimated && device->anchor_count && device->anchors[0].offset <= offset) {
        return;
    }
    /* A guess is given up for a better one, and for what is known. */
    device->anchor_count = estimated || device->estimated ? 0 : device->anchor_count;
    /* When all places are taken the last one moves on: the ends are what matters for the drift. */
    size_t place = device->anchor_count < CLP_PROF_MAX_ANCHORS ? device->anchor_count++
                                                               : CLP_PROF_MAX_ANCHORS - 1;
    device->anchors[place] = (clp_anchor){clp_clock_ns(), offset};
    device->estimated = estimated;
}

void clp_prof_align(clp_prof *prof, uint32_t device, int64_t offset_ns, bool estimated) {
    if (!prof) {
        return;
    }
    pthread_mutex_lock(&prof->lock);
    if (device < prof->device_count) {
        add_anchor(&prof->devices[device], offset_ns, estimated);
    }
    pthread_mutex_unlock(&prof->lock);
}

/* ---------------------------------------------------------------- commands */

static bool keep_command(clp_prof *prof, const clp_prof_command *command) {
    clp_prof_command *all =
        clp_memory_grow(CLP_MEMORY_PROFILE, prof->commands, &prof->command_capacity,
                        prof->command_count + 1, sizeof *all);
    if (!all) {
        return false;
    }
    prof->commands = all;
    all[prof->command_count++] = *command;
    return true;
}

/** Adds a command to the sums, in time of the run: on the devices' own clocks, what is busy at the
 * same moment would lie apart. How far a clock drifts until the end is nothing beside that. */
static bool add_to_sums(clp_prof *prof, const clp_prof_command *command) {
    clp_prof_command placed = *command;
    clp_prof_place(prof, &placed);
    return clp_tallies_add(prof->tallies, &placed);
}

/** Adds to the sums, which begin with the commands that were kept. */
static bool sum_up(clp_prof *prof, const clp_prof_command *command) {
    if (!prof->tallies) {
        if (clp_tallies_create(&prof->tallies, NULL) != CLPROC_OK) {
            return false;
        }
        for (size_t i = 0; i < prof->command_count; i++) {
            prof->lost += !add_to_sums(prof, &prof->commands[i]);
        }
    }
    return add_to_sums(prof, command);
}

/** The lock is held. */
static bool add_command(clp_prof *prof, clp_prof_command command) {
    if (command.device >= prof->device_count) {
        return false;
    }
    command.name[sizeof command.name - 1] = '\0';
    prof->repaired += repair(&command);
    prof->devices[command.device].worked = true;
    bool kept =
        !prof->tallies && clp_prof_keeps(prof, prof->command_count < CLP_PROF_KEPT_COMMANDS);
    return kept ? keep_command(prof, &command) : sum_up(prof, &command);
}

void clp_prof_commands(clp_prof *prof, const clp_prof_command *commands, size_t count) {
    if (!prof) {
        return;
    }
    pthread_mutex_lock(&prof->lock);
    for (size_t i = 0; i < count; i++) {
        prof->lost += !add_command(prof, commands[i]);
    }
    pthread_mutex_unlock(&prof->lock);
}
