/* JPEGs whose scans go to the device instead of their samples, and come from it. */
#include "batch/worker.h"
#include "codec/jpeg_scan_write.h"

static bool may_use_codec(const clp_worker *self) {
    return clp_strategy_has(self->run->params, CLPROC_STRATEGY_DEVICE_CODEC);
}

static bool has_codec(const clp_worker *self) {
    const clp_run *run = self->run;
    bool plain = self->picture.task.plain & UINT32_C(1) << self->station;
    return !plain && may_use_codec(self) &&
           clp_device_has_codec(clp_stations_device(run->stations, self->station));
}

static bool is_planar(const clp_layout *layout) {
    return layout->depth == 8 &&
           (layout->model == CLP_MODEL_YCC || layout->model == CLP_MODEL_GRAY);
}

/** True of pictures that a codec can decode into a plan's input. */
static bool can_decode(const clp_header *header, const clp_plan *plan) {
    return header->format == CLPROC_FORMAT_JPEG && !header->progressive &&
           (header->model == CLP_MODEL_YCC || header->model == CLP_MODEL_GRAY) &&
           is_planar(&plan->input);
}

/** True of results that a codec can encode. */
static bool can_encode(const clp_output *output, const clp_plan *plan) {
    const clproc_run_params *params = &output->params;
    return plan->target.format == CLPROC_FORMAT_JPEG && !params->progressive &&
           !params->null_output && is_planar(&plan->output) && output->has_tables;
}

bool clp_worker_could_decode(const clp_worker *self, const clp_plan *plan) {
    return may_use_codec(self) && can_decode(&self->header, plan);
}

bool clp_worker_could_use_codec(const clp_worker *self, const clp_output *output,
                                const clp_plan *plan) {
    return may_use_codec(self) && (can_decode(&self->header, plan) || can_encode(output, plan));
}

bool clp_worker_decodes_on_device(const clp_worker *self) {
    const clp_plan *plan = clp_worker_recipe(self)->plan;
    /* What is decoded already need not be decoded again; and a scan comes as a whole, rows may come
     * in bands. */
    return !self->early && self->file.size > 0 && can_decode(&self->header, plan) &&
           has_codec(self) &&
           clp_device_takes_whole(clp_stations_device(self->run->stations, self->station), plan);
}

bool clp_worker_encodes_on_device(const clp_worker *self) {
    /* Whoever looks at the samples must have them. */
    return can_encode(self->branch->output, clp_worker_recipe(self)->plan) &&
           !clp_worker_verifies(self) && has_codec(self);
}

/** Packs into memory of the worker's own: the lane's staging is too small. */
static const char *pack_aside(clp_worker *self, clp_scan *scan, clproc_status *status,
                              clproc_error *error) {
    *status = clp_bytes_reserve(&self->packed, self->scan.bound + JPEG_ALIGN, error);
    if (*status != CLPROC_OK) {
        return NULL;
    }
    uint8_t *room = self->packed.data;
    room += (JPEG_ALIGN - (uintptr_t)room % JPEG_ALIGN) % JPEG_ALIGN;
    scan->packed = room;
    return clp_jpeg_scan_pack(&self->scan, room, &scan->bytes);
}

/** Packs for the lane; returns NULL, or why the file is not for the device. */
static const char *pack(clp_worker *self, clp_scan *scan, clproc_status *status,
                        clproc_error *error) {
    uint8_t *staging;
    size_t room;
    clp_prof_begin(self->thread, CLP_PROF_PACK, clp_worker_image(self, self->picture.task.item));
    const char *odd = clp_jpeg_scan_parse(&self->scan, self->file.data, self->file.size);
    if (!odd) {
        *status = clp_lane_staging(self->lane, &staging, &room, error);
    }
    if (!odd && *status == CLPROC_OK) {
        if (self->scan.bound <= room) {
            scan->packed = staging;
            odd = clp_jpeg_scan_pack(&self->scan, staging, &scan->bytes);
        } else {
            odd = pack_aside(self, scan, status, error);
        }
    }
    clp_prof_end(self->thread);
    return odd;
}

clproc_status clp_worker_pack(clp_worker *self, clp_scan *scan, bool *packed, clproc_error *error) {
    const clp_recipe *recipe = clp_worker_recipe(self);
    const char *odd = NULL;
    clproc_status status = CLPROC_OK;
    *packed = false;
    *scan = (clp_scan){.resident = self->picture.scanned};
    if (clp_worker_verifies(self)) {
        CLP_TRY(status, out, clp_worker_decode_original(self, error));
    }
    if (!scan->resident) {
        odd = pack(self, scan, &status, error);
    }
    if (!odd && recipe->plan->input.model == CLP_MODEL_GRAY &&
        !clp_jpeg_scan_has_whole_luma(&self->scan.package)) {
        odd = "luma that libjpeg interpolates";
    }
    if (!odd && status == CLPROC_OK) {
        scan->package = &self->scan.package;
        clp_jpeg_scan_sizes(scan->package, recipe->request.eighths, scan->sizes);
        *packed = true;
    }
    /* What cannot be packed is libjpeg's to judge. */
out:
    return status;
}

clproc_status clp_worker_write_scan(clp_worker *self, const clp_encode_params *encoding,
                                    const uint8_t **data, size_t *size, bool *written,
                                    clproc_error *error) {
    const uint8_t *scan;
    uint32_t bits;
    *written = false;
    clproc_status status = clp_lane_scan(self->lane, &scan, &bits, error);
    if (status == CLPROC_OK && scan) {
        status = clp_encoder_write_scan(self->encoder, &clp_worker_recipe(self)->plan->output,
                                        encoding, scan, bits, data, size, error);
        *written = status == CLPROC_OK;
        clp_prof_count(self->run->prof, CLP_COUNTER_DEVICE_ENCODED, *written);
    }
    return status;
}
