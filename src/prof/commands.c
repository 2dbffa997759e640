/** Recording what devices do, and how their clocks lie to the host's. */
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

/** Adds to the sums, which begin with the commands that were kept. */
static bool sum_up(clp_prof *prof, const clp_prof_command *command) {
    if (!prof->tallies) {
        if (clp_tallies_create(&prof->tallies, NULL) != CLPROC_OK) {
            return false;
        }
        for (size_t i = 0; i < prof->command_count; i++) {
            prof->lost += !clp_tallies_add(prof->tallies, &prof->commands[i]);
        }
    }
    return clp_tallies_add(prof->tallies, command);
}

void clp_prof_commands(clp_prof *prof, const clp_prof_command *commands, size_t count) {
    if (!prof) {
        return;
    }
    pthread_mutex_lock(&prof->lock);
    for (size_t i = 0; i < count; i++) {
        clp_prof_command command = commands[i];
        command.name[sizeof command.name - 1] = '\0';
        prof->repaired += repair(&command);
        bool kept =
            !prof->tallies && clp_prof_keeps(prof, prof->command_count < CLP_PROF_KEPT_COMMANDS);
        prof->lost += !(kept ? keep_command(prof, &command) : sum_up(prof, &command));
    }
    pthread_mutex_unlock(&prof->lock);
}

void clp_prof_align(clp_prof *prof, int64_t offset_ns, bool estimated) {
    if (!prof) {
        return;
    }
    pthread_mutex_lock(&prof->lock);
    if (estimated && prof->anchor_count && prof->anchors[0].offset <= offset_ns) {
        pthread_mutex_unlock(&prof->lock);
        return;
    }
    /* A guess is given up for a better one, and for what is known. */
    prof->anchor_count = estimated || prof->estimated ? 0 : prof->anchor_count;
    /* When all places are taken the last one moves on: the ends are what matters for the drift. */
    size_t place =
        prof->anchor_count < CLP_PROF_MAX_ANCHORS ? prof->anchor_count++ : CLP_PROF_MAX_ANCHORS - 1;
    prof->anchors[place] = (clp_anchor){clp_clock_ns(), offset_ns};
    prof->estimated = estimated;
    pthread_mutex_unlock(&prof->lock);
}
