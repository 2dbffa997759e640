/* Reading a profile's device commands, and the sums of them. */
#include "report/json_reader.h"

static const char *kind_name(int i) {
    return clp_command_kind_name((clp_command_kind)i);
}

static clproc_status get_command_name(const clp_json_reader *from, const json_t *entry,
                                      char name[48], clp_command_kind *kind) {
    char text[16];
    uint32_t place;
    clproc_status status;
    CLP_TRY(status, out, clp_json_string(from, entry, "kind", text, sizeof text));
    CLP_TRY(status, out, clp_json_string(from, entry, "name", name, 48));
    if (!clp_json_find_name(text, kind_name, 3, &place)) {
        return clp_json_damaged(from, "a command is of the unknown kind \"%s\"", text);
    }
    *kind = (clp_command_kind)place;
out:
    return status;
}

static clproc_status read_command(const clp_json_reader *from, const json_t *names,
                                  const uint64_t *values, clp_prof_command *command) {
    const json_t *entry = json_array_get(names, values[0]);
    clproc_status status;
    CLP_TRY(status, out, get_command_name(from, entry, command->name, &command->kind));
    const uint64_t *next = values + 1;
#define X(member) command->member = *next++;
    CLP_JSON_COMMAND(X)
#undef X
    if (command->queued > command->submitted || command->submitted > command->started ||
        command->started > command->ended) {
        return clp_json_damaged(from, "the times of a command \"%s\" are out of order",
                                command->name);
    }
out:
    return status;
}

/** Devices that a report may have: their sums take memory while they are made. */
#define MOST_DEVICES 256

clproc_status clp_json_read_devices(const clp_json_reader *from, const json_t *root,
                                    clproc_profile *profile) {
    const json_t *list;
    clproc_status status = CLPROC_OK;
    if (!json_object_get(root, "devices")) {
        return CLPROC_OK;
    }
    CLP_TRY(
        status, out,
        clp_json_array(from, root, "devices", &list, &profile->devices, sizeof *profile->devices));
    if (json_array_size(list) > MOST_DEVICES) {
        return clp_json_damaged(from, "\"devices\" has more than %d entries", MOST_DEVICES);
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        clp_profile_device *device = &profile->devices[profile->device_count++];
        const json_t *object = json_array_get(list, i);
        CLP_TRY(status, out,
                clp_json_string(from, object, "name", device->name, sizeof device->name));
        CLP_TRY(status, out,
                clp_json_number(from, object, "copy_bytes_per_second", &device->copy_rate));
    }
out:
    return status;
}

/** Which device ran which command; where a file does not say, one ran all. */
static clproc_status read_devices_of_commands(const clp_json_reader *from, const json_t *commands,
                                              clproc_profile *profile) {
    const json_t *list = json_object_get(commands, "devices");
    if (list && json_array_size(list) != profile->command_count) {
        return clp_json_damaged(from, "not every command has a device");
    }
    for (size_t i = 0; list && i < profile->command_count; i++) {
        const json_t *number = json_array_get(list, i);
        json_int_t device = json_is_integer(number) ? json_integer_value(number) : -1;
        if (device < 0 || device >= (json_int_t)profile->device_count) {
            return clp_json_damaged(from, "command %zu has no device", i);
        }
        profile->commands[i].device = (uint32_t)device;
    }
    return CLPROC_OK;
}

clproc_status clp_json_read_commands(const clp_json_reader *from, const json_t *root,
                                     clproc_profile *profile) {
    enum {
#define X(name) +1
        COLUMNS = 1 CLP_JSON_COMMAND(X)
#undef X
    };
    const json_t *commands = json_object_get(root, "commands"), *rows;
    const json_t *names = json_object_get(commands, "names");
    clproc_status status;
    CLP_TRY(status, out,
            clp_json_array(from, commands, "rows", &rows, &profile->commands,
                           sizeof *profile->commands));
    for (size_t i = 0; i < json_array_size(rows); i++) {
        uint64_t values[COLUMNS];
        clp_prof_command *command = &profile->commands[profile->command_count++];
        CLP_TRY(status, out, clp_json_row(from, rows, i, "commands", values, COLUMNS));
        CLP_TRY(status, out, read_command(from, names, values, command));
        if (i && command->started < command[-1].started) {
            return clp_json_damaged(from, "command %zu is out of order", i);
        }
    }
    status = read_devices_of_commands(from, commands, profile);
out:
    return status;
}

static clproc_status read_spread(const clp_json_reader *from, const json_t *object,
                                 clp_spread *spread) {
    const json_t *rows = json_object_get(object, "histogram");
    clproc_status status = CLPROC_OK;
    for (size_t i = 0; i < json_array_size(rows); i++) {
        uint64_t values[2];
        CLP_TRY(status, out, clp_json_row(from, rows, i, "histogram", values, 2));
        if (!clp_spread_add(spread, values[0], values[1])) {
            return clp_error_memory(from->error, "the profile", CLP_SPREAD_STEPS);
        }
    }
out:
    return status;
}

static clproc_status read_picked(const clp_json_reader *from, const json_t *object,
                                 clp_tally_samples *samples) {
    const json_t *rows;
    clproc_status status;
    CLP_TRY(status, out, clp_json_number(from, object, "stride", &samples->stride));
    if (samples->stride == 0 || (samples->stride & (samples->stride - 1)) != 0) {
        return clp_json_damaged(from, "a stride is no power of two");
    }
    CLP_TRY(
        status, out,
        clp_json_array(from, object, "samples", &rows, &samples->items, sizeof *samples->items));
    samples->capacity = json_array_size(rows);
    for (size_t i = 0; i < samples->capacity; i++) {
        uint64_t values[4];
        CLP_TRY(status, out, clp_json_row(from, rows, i, "samples", values, 4));
        samples->items[samples->count++] =
            (clp_tally_sample){values[0], values[1], values[2], (uint32_t)values[3]};
    }
out:
    return status;
}

/** Bytes by device, which only a file of several has. */
static clproc_status read_device_bytes(const clp_json_reader *from, const json_t *object,
                                       const clproc_profile *profile, clp_tally *tally) {
    const json_t *list = json_object_get(object, "device_bytes");
    size_t count = json_array_size(list);
    if (!list) {
        return CLPROC_OK;
    }
    if (count > profile->device_count) {
        return clp_json_damaged(from, "the sums of \"%s\" have more devices than there are",
                                tally->name);
    }
    clproc_status status =
        clp_profile_room(&tally->device_bytes, count, sizeof *tally->device_bytes, from->error);
    for (size_t i = 0; status == CLPROC_OK && i < count; i++) {
        json_int_t bytes = json_integer_value(json_array_get(list, i));
        tally->device_bytes[tally->device_count++] = bytes > 0 ? (uint64_t)bytes : 0;
    }
    return status;
}

static clproc_status read_tally(const clp_json_reader *from, const json_t *names,
                                const json_t *object, const clproc_profile *profile) {
    clp_tallies *tallies = profile->tallies;
    clp_tally read = {0};
    uint64_t name = 0;
    clproc_status status;
    CLP_TRY(status, out, clp_json_number(from, object, "name", &name));
    CLP_TRY(status, out,
            get_command_name(from, json_array_get(names, name), read.name, &read.kind));
    if (clp_tallies_find(tallies, read.kind, read.name)) {
        return clp_json_damaged(from, "the sums of \"%s\" stand twice", read.name);
    }
    clp_tally *tally = clp_tallies_place(tallies, read.kind, read.name);
    if (!tally) {
        return clp_error_memory(from->error, "the profile", sizeof *tally);
    }
#define X(member) CLP_TRY(status, out, clp_json_number(from, object, #member, &tally->member));
    CLP_JSON_TALLY(X)
#undef X
    if (tally->first_calls > tally->calls || tally->least_ns > tally->most_ns) {
        return clp_json_damaged(from, "the sums of \"%s\" contradict each other", tally->name);
    }
    uint64_t count = clp_tally_steady_calls(tally);
    double deviation = json_number_value(json_object_get(object, "deviation_ns"));
    tally->mean_ns = count ? (double)tally->steady_ns / (double)count : 0;
    tally->squares = count ? deviation * deviation * (double)(count - 1) : 0;
    tallies->calls += tally->calls;
    CLP_TRY(status, out, read_device_bytes(from, object, profile, tally));
    CLP_TRY(status, out, read_spread(from, object, &tally->spread));
    status = read_picked(from, object, &tally->samples);
out:
    return status;
}

/** Sums of devices, which only a file of several has. */
static clproc_status read_sums_of_devices(const clp_json_reader *from, const json_t *sums,
                                          const clproc_profile *profile) {
    clp_tallies *tallies = profile->tallies;
    const json_t *list;
    clproc_status status = CLPROC_OK;
    if (!json_object_get(sums, "devices")) {
        return CLPROC_OK;
    }
    CLP_TRY(
        status, out,
        clp_json_array(from, sums, "devices", &list, &tallies->devices, sizeof *tallies->devices));
    if (json_array_size(list) > profile->device_count) {
        return clp_json_damaged(from, "\"sums\" has more devices than there are");
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        clp_tally_device *device = &tallies->devices[tallies->device_count++];
        const json_t *object = json_array_get(list, i);
        CLP_TRY(status, out, clp_json_number(from, object, "calls", &device->calls));
        CLP_TRY(status, out, clp_json_number(from, object, "total_ns", &device->total_ns));
        for (int kind = 0; kind < CLP_COVER_COUNT; kind++) {
            CLP_TRY(status, out,
                    clp_json_number(from, object, clp_json_covers[kind], &device->busy_ns[kind]));
        }
    }
out:
    return status;
}

/** Names of commands that a report may have sums of: a run has some dozens. */
#define MOST_SUMS 1024

clproc_status clp_json_read_sums(const clp_json_reader *from, const json_t *root,
                                 clproc_profile *profile) {
    const json_t *sums = json_object_get(root, "sums");
    const json_t *names = json_object_get(json_object_get(root, "commands"), "names");
    const json_t *list = json_object_get(sums, "commands");
    clproc_status status;
    if (!json_is_array(list)) {
        return clp_json_damaged(from, "\"sums\" is missing");
    }
    if (json_array_size(list) > MOST_SUMS) {
        return clp_json_damaged(from, "\"sums\" has more than %d entries", MOST_SUMS);
    }
    CLP_TRY(status, out, clp_tallies_create(&profile->tallies, from->error));
    clp_tallies_end(profile->tallies);
    for (int i = 0; i < CLP_COVER_COUNT; i++) {
        CLP_TRY(status, out,
                clp_json_number(from, sums, clp_json_covers[i], &profile->tallies->busy_ns[i]));
    }
    CLP_TRY(status, out, read_sums_of_devices(from, sums, profile));
    for (size_t i = 0; i < json_array_size(list); i++) {
        CLP_TRY(status, out, read_tally(from, names, json_array_get(list, i), profile));
    }
    for (size_t i = 0; i < profile->command_count; i++) {
        const clp_prof_command *command = &profile->commands[i];
        if (!clp_tallies_find(profile->tallies, command->kind, command->name)) {
            return clp_json_damaged(from, "the sums of \"%s\" are missing", command->name);
        }
    }
out:
    return status;
}

clproc_status clp_json_read_links(const clp_json_reader *from, const json_t *root,
                                  clproc_profile *profile) {
    const json_t *rows;
    clproc_status status;
    CLP_TRY(status, out,
            clp_json_array(from, root, "batches", &rows, &profile->links, sizeof *profile->links));
    for (size_t i = 0; i < json_array_size(rows); i++) {
        uint64_t values[2];
        CLP_TRY(status, out, clp_json_row(from, rows, i, "batches", values, 2));
        profile->links[profile->link_count++] = (clp_profile_link){values[0], values[1]};
    }
out:
    return status;
}
