/* The device's thread: opens the device, builds kernels, submits batches and awaits them. */
#include <stdio.h>
#include <string.h>

#include "batch/run.h"

/** So many batches in a row that fail in the device mean that it is lost. */
#define LOST_AFTER 3

typedef struct driver {
    clp_run *run;
    clp_prof_thread *thread;
    clp_order resident; /**< submitted and not yet awaited; NONE if there is none */
    uint32_t failures;  /**< batches in a row */
} driver;

/** The session's device, opened by its first run that needs one. */
static clproc_status find_device(clp_run *run, clproc_error *error) {
    clp_device **device = &run->session->device;
    if (!*device) {
        clproc_status status = clp_device_open(device, run->params->device, run->prof, error);
        if (status != CLPROC_OK) {
            return status;
        }
        if (clp_device_notice(*device)[0]) {
            clp_events_notice(&run->events, clp_device_notice(*device));
        }
    }
    run->device = *device;
    return CLPROC_OK;
}

static clproc_status open_device(driver *self, clproc_error *error) {
    clp_run *run = self->run;
    const clproc_run_params *params = run->params;
    uint32_t images;
    uint64_t bytes;
    clproc_status status = find_device(run, error);
    if (status == CLPROC_OK) {
        status = clp_run_make_output(run, error);
    }
    if (status != CLPROC_OK) {
        return status;
    }
    clp_device_batch_size(run->device, &images, &bytes);
    if (params->batch_images > 0) {
        images = (uint32_t)params->batch_images;
    }
    if (params->batch_bytes > 0) {
        bytes = params->batch_bytes;
    }
    if (!clp_strategy_has(params, CLPROC_STRATEGY_BATCH)) {
        images = 1;
    }
    clp_board_set_device(run->board, run->device, images, bytes);
    return CLPROC_OK;
}

/** Counts a batch that failed in the device; one after the other, and the run ends. */
static void count_failure(driver *self, const clproc_error *error) {
    self->failures += error->status == CLPROC_ERROR_DEVICE;
    if (self->failures >= LOST_AFTER) {
        clp_board_stop(self->run->board, error);
    }
}

/** Reports every picture of a batch as failed. */
static void give_up(driver *self, clp_batch *batch, const clproc_error *error) {
    clp_run *run = self->run;
    clproc_error kept = *error; /* may be the batch's own */
    clp_picture *picture;
    uint32_t cursor = 0;
    while ((picture = clp_batch_picture(batch, &cursor))) {
        clp_events_failed(&run->events, run->listing.items[picture->item].path,
                          (char *)picture->output.data, &kept);
    }
    clp_board_failed(run->board, batch);
}

static void end_batch(driver *self, clp_batch *batch, clproc_status status,
                      const clproc_error *error) {
    if (status == CLPROC_OK) {
        self->failures = 0;
        clp_board_finished(self->run->board, batch);
    } else {
        give_up(self, batch, error);
        count_failure(self, error);
    }
}

/** A picture of which a band has failed is reported by whom comes last to it: the worker, if it
 * still decodes, else this thread with the last band. */
static void end_band(driver *self, const clp_order *order, clproc_status status,
                     const clproc_error *error) {
    clp_board *board = self->run->board;
    bool last = clp_batch_ends_with(order->batch, order->band);
    if (status != CLPROC_OK && clp_board_band_failed(board, order->batch, error)) {
        count_failure(self, error);
    }
    if (!last) {
        if (status == CLPROC_OK) {
            clp_board_band_done(board, order->batch);
        }
        return;
    }
    const clproc_error *failure = clp_batch_error(order->batch);
    if (failure) {
        give_up(self, order->batch, failure);
    } else {
        self->failures = 0;
        clp_board_finished(board, order->batch);
    }
}

static void end_order(driver *self, const clp_order *order, clproc_status status,
                      const clproc_error *error) {
    if (order->kind == CLP_ORDER_BAND) {
        end_band(self, order, status, error);
    } else {
        end_batch(self, order->batch, status, error);
    }
}

static void await_resident(driver *self) {
    clproc_error error;
    clproc_status status;
    clp_device *device = self->run->device;
    clp_order order = self->resident;
    self->resident.kind = CLP_ORDER_NONE;
    if (order.kind == CLP_ORDER_NONE) {
        return;
    }
    clp_slot *slot = clp_batch_slot(order.batch);
    clp_prof_begin(self->thread, CLP_PROF_WAIT_DEVICE, CLP_PROF_NO_IMAGE);
    status = order.kind == CLP_ORDER_BAND ? clp_device_wait_band(device, slot, order.band, &error)
                                          : clp_device_wait(device, slot, &error);
    clp_prof_end(self->thread);
    end_order(self, &order, status, &error);
}

static clproc_status submit(driver *self, const clp_order *order, clproc_error *error) {
    clp_device *device = self->run->device;
    clp_slot *slot = clp_batch_slot(order->batch);
    uint64_t number = clp_batch_number(order->batch);
    if (order->kind == CLP_ORDER_RUN) {
        return clp_device_submit(device, slot, number, self->thread, error);
    }
    const clproc_error *failure = clp_batch_error(order->batch);
    if (failure) {
        *error = *failure;
        return error->status;
    }
    return clp_device_submit_band(device, slot, order->band, number, self->thread, error);
}

/** Submits a batch or a band, then awaits the one before it: the device always has the next one at
 * hand. */
static void run_order(driver *self, const clp_order *order) {
    clproc_error error;
    clp_device *device = self->run->device;
    if (self->run->params->device_memory &&
        clp_device_lacks_scratch(device, clp_batch_slot(order->batch))) {
        /* Old scratch must not live beside the new one, as it would while a batch uses it. */
        await_resident(self);
        clp_device_drop_scratch(device);
    }
    clproc_status status = submit(self, order, &error);
    await_resident(self);
    if (status == CLPROC_OK) {
        self->resident = *order;
    } else {
        end_order(self, order, status, &error);
    }
}

static void prepare(driver *self, clp_plan *plan) {
    clproc_error error;
    /* A failure shows again, with the pictures it concerns, when a batch is submitted. */
    clp_device_prepare(self->run->device, plan, self->thread, &error);
    clp_plan_release(&plan);
}

static void drive(driver *self) {
    clp_order order;
    do {
        clp_board_take(self->run->board, self->thread, self->resident.kind == CLP_ORDER_NONE,
                       &order);
        switch (order.kind) {
        case CLP_ORDER_PREPARE:
            prepare(self, order.plan);
            break;
        case CLP_ORDER_RUN:
        case CLP_ORDER_BAND:
            run_order(self, &order);
            break;
        case CLP_ORDER_TRIM:
            clp_device_drop_scratch(self->run->device);
            clp_board_trimmed(self->run->board);
            break;
        case CLP_ORDER_NONE:
        case CLP_ORDER_END:
            await_resident(self);
            break;
        }
    } while (order.kind != CLP_ORDER_END);
}

/** Pictures come out without times, too, but the profile's reader must know. */
static void tell_untimed(clp_run *run) {
    const char *cause = run->device ? clp_device_untimed(run->device) : NULL;
    char message[256];
    if (cause) {
        snprintf(message, sizeof message,
                 "%s tells no times of its commands (%s): they are missing from the profile",
                 clp_device_info(run->device)->name, cause);
        clp_events_notice(&run->events, message);
        clp_prof_fact(run->prof, CLP_FACT_UNTIMED, cause);
    }
}

void clp_driver_run(clp_run *run) {
    driver self = {.run = run};
    clproc_error error;
    if (!clp_board_await_need(run->board)) {
        return;
    }
    self.thread = clp_prof_thread_enter(run->prof, "device");
    if (open_device(&self, &error) == CLPROC_OK) {
        drive(&self);
    } else {
        clp_board_stop(run->board, &error);
    }
    tell_untimed(run);
    clp_prof_thread_leave(self.thread);
}
