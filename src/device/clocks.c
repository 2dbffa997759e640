/** The device's clock beside the host's: what brings commands and threads onto one time line. */
#include <stdio.h>

#include "core/clock.h"
#include "device/device_private.h"

#define TRIES 5
/** A picture is looked at sooner than this after its last command has ended. */
#define LONGEST_WAIT_NS 1000000000

/** Of OpenCL 2.1, and so beyond the headers' level; NULL where the loader is older. */
extern cl_int CL_API_CALL clGetDeviceAndHostTimer(cl_device_id device, cl_ulong *device_time,
                                                  cl_ulong *host_time) __attribute__((weak));

static bool has_timer(const clp_device *device) {
    unsigned major = 0, minor = 0;
    /* Below 2.1 the driver's table has no place for the call. */
    return clGetDeviceAndHostTimer != NULL &&
           sscanf(device->info.version, "OpenCL %u.%u", &major, &minor) == 2 &&
           (major > 2 || (major == 2 && minor >= 1));
}

/** The time on a clock that may be the device's. */
static bool read_clock(const clp_device *device, clp_device_clock clock, uint64_t *time) {
    if (clock == CLP_CLOCK_TIMER) {
        cl_ulong now = 0, host = 0;
        bool told = has_timer(device) &&
                    clGetDeviceAndHostTimer(device->id, &now, &host) == CL_SUCCESS && now > 0;
        *time = now;
        return told;
    }
    struct timespec now = {0};
    clock_gettime(clock == CLP_CLOCK_RAW ? CLOCK_MONOTONIC_RAW : CLOCK_MONOTONIC, &now);
    *time = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
    return true;
}

/** The clock that command times are taken from: the timer that the driver has for this, or else the
 * clock of the system that was last to pass the end of a command which ended just now. Drivers on
 * the processor have no timer and take one of those, PoCL the raw one. */
static clp_device_clock find_clock(const clp_device *device, uint64_t ended) {
    clp_device_clock found = CLP_CLOCK_UNKNOWN;
    int64_t shortest = LONGEST_WAIT_NS;
    for (clp_device_clock clock = CLP_CLOCK_TIMER; clock <= CLP_CLOCK_RAW; clock++) {
        uint64_t now;
        int64_t wait = read_clock(device, clock, &now) ? (int64_t)(now - ended) : -1;
        if (wait >= 0 && wait < shortest) {
            found = clock;
            shortest = wait;
            if (clock == CLP_CLOCK_TIMER) {
                break;
            }
        }
    }
    return found;
}

void clp_clocks_anchor(clp_device *device) {
    uint64_t tightest = UINT64_MAX;
    int64_t offset = 0;
    if (device->clock == CLP_CLOCK_UNKNOWN) {
        return;
    }
    for (int i = 0; i < TRIES; i++) {
        uint64_t time, before = clp_clock_ns();
        bool told = read_clock(device, device->clock, &time);
        uint64_t width = clp_clock_ns() - before;
        if (told && width < tightest) {
            tightest = width;
            offset = (int64_t)(before + width / 2 - time);
        }
    }
    if (tightest < UINT64_MAX) {
        clp_prof_align(device->prof, device->recorded, offset, false);
    }
}

void clp_clocks_see(clp_device *device, uint64_t ended) {
    pthread_mutex_lock(&device->clock_lock);
    if (device->clock == CLP_CLOCK_UNKNOWN) {
        device->clock = find_clock(device, ended);
        if (device->clock != CLP_CLOCK_UNKNOWN) {
            clp_clocks_anchor(device);
        } else {
            /* The end is taken for the present; the recorder keeps the closest guess. */
            clp_prof_align(device->prof, device->recorded, (int64_t)(clp_clock_ns() - ended), true);
        }
    }
    pthread_mutex_unlock(&device->clock_lock);
}
