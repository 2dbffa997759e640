/* The device's thread: opens the device, builds kernels, submits batches and awaits them. */
#include <stdio.h>
#include <string.h>

#include "batch/run.h"

/** So many batches in a row that fail in the device mean that it is lost. */
#define LOST_AFTER 3

typedef struct driver {
    clp_run *run;
    clp_prof_thread *thread;
    clp_batch *resident; /**< submitted and not yet awaited */
    uint32_t failures;   /**< batches in a row */
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

/** Reports every picture of a batch as failed. */
static void give_up(driver *self, clp_batch *batch, const clproc_error *error) {
    clp_run *run = self->run;
    clp_picture *picture;
    uint32_t cursor = 0;
    while ((picture = clp_batch_picture(batch, &cursor))) {
        clp_events_failed(&run->events, run->listing.items[picture->item].path,
                          (char *)picture->output.data, error);
    }
    clp_board_failed(run->board, batch);
    self->failures += error->status == CLPROC_ERROR_DEVICE;
    if (self->failures >= LOST_AFTER) {
        clp_board_stop(run->board, error);
    }
}

static void await_resident(driver *self) {
    clproc_error error;
    clp_batch *batch = self->resident;
    self->resident = NULL;
    if (!batch) {
        return;
    }
    clp_prof_begin(self->thread, CLP_PROF_WAIT_DEVICE, CLP_PROF_NO_IMAGE);
    clproc_status status = clp_device_wait(self->run->device, clp_batch_slot(batch), &error);
    clp_prof_end(self->thread);
    if (status == CLPROC_OK) {
        self->failures = 0;
        clp_board_finished(self->run->board, batch);
    } else {
        give_up(self, batch, &error);
    }
}

/** Submits a batch, then awaits the one before it: the device always has the next one at hand. */
static void run_batch(driver *self, clp_batch *batch) {
    clproc_error error;
    clproc_status status = clp_device_submit(self->run->device, clp_batch_slot(batch),
                                             clp_batch_number(batch), self->thread, &error);
    await_resident(self);
    if (status == CLPROC_OK) {
        self->resident = batch;
    } else {
        give_up(self, batch, &error);
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
        clp_board_take(self->run->board, self->thread, !self->resident, &order);
        switch (order.kind) {
        case CLP_ORDER_PREPARE:
            prepare(self, order.plan);
            break;
        case CLP_ORDER_RUN:
            run_batch(self, order.batch);
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
