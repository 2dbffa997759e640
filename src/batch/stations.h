/** The devices of a run: opening them while files are read, and making their kernels ready. */
#ifndef CLP_BATCH_STATIONS_H
#define CLP_BATCH_STATIONS_H

#include "batch/board.h"
#include "batch/events.h"
#include "device/device.h"

typedef struct clp_stations clp_stations;

typedef struct clp_stations_params {
    const clproc_run_params *run;
    clp_device_params device; /**< but for the selection */
    clp_board *board;         /**< is told of every station that opens */
    clp_events *events;
    bool is_small; /**< a GPU would not be there before a CPU is through */
    bool eager;    /**< opens the devices at once, not only for the first wish */
    /** Called once the devices are there, before the first picture is computed. */
    clproc_status (*on_open)(void *user, clproc_error *error);
    void *user;
} clp_stations_params;

/** Devices that a session has opened, for its next run. Zero-initialise. */
typedef struct clp_opened {
    clp_device *devices[CLP_MAX_STATIONS];
    uint32_t ranks[CLP_MAX_STATIONS];
    size_t count;
} clp_opened;

/** Begins to open devices, or takes those that are open, in a thread of its own. */
clproc_status clp_stations_create(clp_stations **stations, const clp_stations_params *params,
                                  clp_opened *opened, clproc_error *error);
/** Workers have ended: ends the thread. The devices stay with the session. True if the thread is in
 * a driver that opens, and was left there, as params->run->leave_drivers allows: it touches nothing
 * of the run any more. */
bool clp_stations_destroy(clp_stations **stations);

/** A plan's kernels and tables will be needed: makes them ready on every device. `scans`: a
 * device's JPEG codec might decode or encode its pictures, so one that opens from now on gets none
 * before its codec is ready, too. Any thread. */
void clp_stations_want(clp_stations *stations, clp_plan *plan, bool scans);
/** The device of a station that is there. */
clp_device *clp_stations_device(const clp_stations *stations, uint32_t station);
/** The station of `held`, which might hold `seen` bytes, had none left for a picture, for which
 * `least` might do: tells so, once. True if there is a smaller bound now, with which the picture
 * may be tried again. */
bool clp_stations_shrink(clp_stations *stations, const clp_holding *held, uint64_t least,
                         uint64_t seen);
/** A station fails again and again: tells so, and takes it out of the run. */
void clp_stations_lose(clp_stations *stations, uint32_t station, const clproc_error *error);

/** Stations a selection may come to, at most. */
uint32_t clp_stations_expected(const char *selection);
/** True if a selection is of a GPU. */
bool clp_stations_expect_gpu(const char *selection);

#endif
