/** Tables of colour conversions on a device: brought there once for all plans that convert, as they
 * take megabytes, and a folder of pictures of all sizes has a plan for each. */
#include "core/conversion.h"
#include "core/memory.h"
#include "device/lane.h"

/** Fills a table and brings it to the device. */
static clproc_status load(clp_device *device, clp_cube *cube, clproc_error *error) {
    size_t bytes = clp_conversion_cube_bytes(cube->conversion);
    float *values = clp_memory_alloc(CLP_MEMORY_PLAN, bytes);
    if (!values) {
        return clp_error_memory(error, "a colour table", bytes);
    }
    clp_conversion_fill_cube(cube->conversion, cube->white, values);
    clproc_status status =
        clp_tables_create(&cube->tables, device, values, bytes, "a colour table", error);
    clp_memory_free(values);
    return status;
}

static void destroy(clp_device *device, clp_cube *cube) {
    clp_tables_destroy(&cube->tables, device);
    clp_conversion_release(&cube->conversion);
    clp_memory_free(cube);
}

static clproc_status make(clp_device *device, clp_conversion *conversion, float white,
                          clp_cube **cube, clproc_error *error) {
    clp_cube *made = clp_memory_zero(CLP_MEMORY_PLAN, 1, sizeof *made);
    if (!made) {
        return clp_error_memory(error, "a colour table", sizeof *made);
    }
    made->conversion = clp_conversion_retain(conversion);
    made->white = white;
    clproc_status status = load(device, made, error);
    if (status != CLPROC_OK) {
        destroy(device, made);
        return status;
    }
    made->next = device->cubes;
    device->cubes = made;
    *cube = made;
    return CLPROC_OK;
}

clproc_status clp_cube_get(clp_device *device, clp_conversion *conversion, float white,
                           clp_cube **cube, clproc_error *error) {
    clproc_status status = CLPROC_OK;
    /* Who needs the same one waits for it, rather than making it as well. */
    pthread_mutex_lock(&device->cube_lock);
    clp_cube *known = device->cubes;
    while (known && (known->conversion != conversion || known->white != white ||
                     clp_tables_have_failed(&known->tables))) {
        known = known->next;
    }
    if (!known) {
        status = make(device, conversion, white, &known, error);
    }
    if (status == CLPROC_OK) {
        known->users++;
        *cube = known;
    }
    pthread_mutex_unlock(&device->cube_lock);
    return status;
}

void clp_cube_release(clp_device *device, clp_cube **cube) {
    clp_cube *old = *cube;
    if (!old) {
        return;
    }
    pthread_mutex_lock(&device->cube_lock);
    bool last = --old->users == 0;
    if (last) {
        clp_cube **place = &device->cubes;
        while (*place != old) {
            place = &(*place)->next;
        }
        *place = old->next;
    }
    pthread_mutex_unlock(&device->cube_lock);
    if (last) {
        destroy(device, old);
    }
    *cube = NULL;
}
