/** Tables that kernels only read: of a plan, of a colour conversion. Where the device has memory of
 * its own they go there through the ring's last part, by the device's queue, which no lane uses;
 * launches come behind them, and no thread waits for them. */
#include <string.h>

#include "core/checked.h"
#include "device/device_private.h"

/** The ring's part for tables: behind those of the lanes. */
static uint8_t *part_of(const clp_device *device) {
    return device->ring_host + (size_t)device->ring_lanes * CLP_RING_PARTS * device->ring_part;
}

/** Makes room in that part, once what lies there has gone, where it is full. How the last command
 * ended matters to whose table it was. */
static clproc_status make_room(clp_device *device, clproc_error *error) {
    if (device->tables_staged < device->ring_part) {
        return CLPROC_OK;
    }
    if (device->tables_last) {
        clproc_status status = clp_event_wait(device, device->tables_last, error);
        if (status != CLPROC_OK && !clp_event_has_ended(device->tables_last)) {
            return status;
        }
    }
    device->tables_staged = 0;
    return CLPROC_OK;
}

/** Enqueues the way of a part of a table, from `offset` on: as much as there is room for. */
static clproc_status send_part(clp_device *device, clp_tables *tables, size_t offset,
                               const uint8_t *values, clproc_error *error) {
    cl_event event = NULL;
    clproc_status status = make_room(device, error);
    if (status != CLPROC_OK) {
        return status;
    }
    size_t left = tables->bytes - offset, room = device->ring_part - device->tables_staged;
    size_t bytes = left < room ? left : room, staged = 0;
    uint8_t *from = part_of(device) + device->tables_staged;
    memcpy(from, values + offset, bytes);
    cl_int code = clEnqueueWriteBuffer(device->queue, tables->buffer, CL_FALSE, offset, bytes, from,
                                       0, NULL, &event);
    CLP_TRY(status, out, clp_cl_check(code, "clEnqueueWriteBuffer", "tables", error));
    clp_event_release(&device->tables_last);
    device->tables_last = event;
    (void)clp_checked_align(bytes, CLP_PITCH_ALIGN, &staged); /* at most what room there is */
    device->tables_staged += staged;
    tables->last_bytes = bytes;
    CLP_TRY(status, out, clp_cl_check(clRetainEvent(event), "clRetainEvent", "tables", error));
    tables->sent = event;
    status = clp_cl_check(clFlush(device->queue), "clFlush", "tables", error);
out:
    return status;
}

/** Tells the profile of a part that has come; `event` stays the caller's. */
static void note(clp_device *device, cl_event event, size_t bytes) {
    cl_event unwanted;
    if (clp_event_wanted(device, &unwanted) && clRetainEvent(event) == CL_SUCCESS) {
        clp_command_collect(device, event, CLP_COMMAND_UPLOAD, "upload tables", bytes);
    }
}

/** Puts a table on its way. Of one that is larger than the ring's part, each part waits for the one
 * before it. With the lock of tables held. */
static clproc_status send(clp_device *device, clp_tables *tables, const uint8_t *values,
                          clproc_error *error) {
    clproc_status status = CLPROC_OK;
    for (size_t offset = 0; offset < tables->bytes; offset += tables->last_bytes) {
        if (tables->sent) {
            CLP_TRY(status, out, clp_event_wait(device, tables->sent, error));
            note(device, tables->sent, tables->last_bytes);
            clp_event_release(&tables->sent);
        }
        CLP_TRY(status, out, send_part(device, tables, offset, values, error));
    }
out:
    return status;
}

/** A buffer of the table where host and device share their memory. */
static clproc_status share(clp_device *device, clp_tables *tables, const void *values,
                           const char *what, clproc_error *error) {
    cl_int code;
    clproc_status status = clp_buffer_check_size(device, tables->bytes, what, error);
    if (status != CLPROC_OK) {
        return status;
    }
    tables->buffer = clCreateBuffer(device->context, CL_MEM_READ_ONLY | CL_MEM_COPY_HOST_PTR,
                                    tables->bytes, (void *)values, &code);
    if (code != CL_SUCCESS) {
        tables->buffer = NULL;
    }
    return clp_cl_check(code, "clCreateBuffer", what, error);
}

clproc_status clp_tables_create(clp_tables *tables, clp_device *device, const void *values,
                                size_t bytes, const char *what, clproc_error *error) {
    clproc_status status;
    clp_pages *none = NULL;
    *tables = (clp_tables){.bytes = bytes};
    if (device->unified) {
        status = share(device, tables, values, what, error);
    } else {
        status = clp_buffer_create(device, CLP_BUFFER_PIXELS, bytes, what, &none, &tables->buffer,
                                   error);
    }
    if (status != CLPROC_OK) {
        *tables = (clp_tables){0};
        return status;
    }
    clp_device_note_memory(device, CLP_HELD_TABLES, 0, bytes);
    if (!device->unified) {
        pthread_mutex_lock(&device->tables_lock);
        status = send(device, tables, values, error);
        pthread_mutex_unlock(&device->tables_lock);
    }
    if (status != CLPROC_OK) {
        clp_tables_destroy(tables, device);
    }
    return status;
}

void clp_tables_destroy(clp_tables *tables, clp_device *device) {
    if (tables->buffer) {
        clReleaseMemObject(tables->buffer);
        clp_device_note_memory(device, CLP_HELD_TABLES, tables->bytes, 0);
    }
    clp_event_release(&tables->sent);
    *tables = (clp_tables){0};
}

cl_uint clp_tables_to_come(const clp_tables *tables, cl_event *event) {
    bool wait = tables->sent && !atomic_load(&tables->arrived);
    if (wait) {
        *event = tables->sent;
    }
    return wait;
}

bool clp_tables_have_failed(const clp_tables *tables) {
    cl_event event;
    cl_int state = CL_COMPLETE;
    return clp_tables_to_come(tables, &event) &&
           clGetEventInfo(event, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof state, &state, NULL) ==
               CL_SUCCESS &&
           state < 0;
}

clproc_status clp_tables_check(clp_tables *tables, clp_device *device, clproc_error *error) {
    cl_event event;
    clproc_status status = CLPROC_OK;
    if (clp_tables_to_come(tables, &event)) {
        status = clp_event_wait(device, event, error);
    }
    if (tables->sent && status == CLPROC_OK && !atomic_exchange(&tables->arrived, true)) {
        note(device, tables->sent, tables->last_bytes);
    }
    return status;
}
