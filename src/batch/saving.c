/* From a picture's results in the lane to its file, or to its features. */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "batch/worker.h"

/** Gives an output the times and permissions of its input. That they cannot be given, on a file
 * system without them, makes no picture worse. */
static void preserve(clp_worker *self, const char *name, size_t size) {
    clp_run *run = self->run;
    const clp_branch *branch = self->branch;
    uint32_t kept = run->params->preserve, item = self->picture.task.item;
    struct stat info;
    if (!kept || run->listing.items[item].piped ||
        stat(run->listing.items[item].path, &info) != 0) {
        return;
    }
    struct timespec times[2] = {info.st_atim, info.st_mtim};
    bool done = !(kept & CLPROC_PRESERVE_MODE) || chmod(name, info.st_mode & 0777) == 0;
    done &= !(kept & CLPROC_PRESERVE_TIMES) || utimensat(AT_FDCWD, name, times, 0) == 0;
    if (!done) {
        clp_events_warning(&run->events, name, "its times or permissions could not be set");
    }
    clp_names_note(branch->output->names, branch->source, name, size); /* with its time of now */
}

clproc_status clp_worker_write(clp_worker *self, const void *data, size_t size,
                               clproc_error *error) {
    clp_run *run = self->run;
    const clp_branch *branch = self->branch;
    const char *name = (char *)branch->name.data;
    uint32_t item = self->picture.task.item;
    clp_names *names = branch->output->names;
    clproc_status status;
    clp_prof_begin(self->thread, CLP_PROF_WRITE, clp_worker_image(self, item));
    if (clp_names_is_stream(names)) {
        CLP_TRY(status, out,
                clp_file_write_stream(STDOUT_FILENO, data, size, run->params->cancel, error));
    } else {
        CLP_TRY(status, out, clp_names_write(names, item, branch->source, name, data, size, error));
        preserve(self, name, size);
    }
    clp_prof_count(run->prof, CLP_COUNTER_BYTES_WRITTEN, size);
    if (run->prof) {
        clp_digest digest = clp_digest_bytes(data, size);
        clp_digest_add(&run->written, &digest);
    }
out:
    clp_prof_end(self->thread);
    return status;
}

/** The file's bytes, from the results' samples, or where `results` is NULL around the scan that the
 * lane has encoded them to. */
static clproc_status encode(clp_worker *self, uint8_t *results, const uint8_t **data, size_t *size,
                            clproc_error *error) {
    const clp_branch *branch = self->branch;
    const clproc_run_params *params = &branch->output->params;
    const clp_plan *plan = clp_worker_recipe(self)->plan;
    bool written = false;
    clp_encode_params encoding = {
        .format = plan->target.format,
        .quality = params->quality,
        .progressive = params->progressive,
        .png_level = params->png_level,
        .lossless = params->webp_lossless,
        .subsampling = params->subsampling,
        .blocks = branch->metadata.blocks,
        .colour = branch->metadata.colour,
    };
    clp_prof_begin(self->thread, CLP_PROF_ENCODE, clp_worker_image(self, self->picture.task.item));
    clproc_status status = CLPROC_OK;
    if (!results) {
        CLP_TRY(status, out, clp_worker_write_scan(self, &encoding, data, size, &written, error));
    }
    if (!results && !written) {
        CLP_TRY(status, out, clp_lane_results(self->lane, &results, error));
    }
    if (!written) {
        status =
            clp_encoder_write(self->encoder, &plan->output, results, &encoding, data, size, error);
    }
out:
    clp_prof_end(self->thread);
    return status;
}

/** Compares a finished picture with the reference's. Whatever comes of it, the picture is written.
 */
static void verify(clp_worker *self, const uint8_t *results) {
    clp_run *run = self->run;
    const clp_picture *picture = &self->picture;
    const char *path = clp_worker_input(self, picture->task.item);
    clproc_verification found;
    clproc_error error;
    char message[sizeof error.message + 32];
    clp_prof_begin(self->thread, CLP_PROF_VERIFY, clp_worker_image(self, picture->task.item));
    clproc_status status = clp_verify_picture(&run->verify, clp_worker_recipe(self)->plan,
                                              picture->original, results, &found, &error);
    clp_prof_end(self->thread);
    if (status == CLPROC_OK) {
        clp_events_verified(&run->events, path, &found);
    } else {
        snprintf(message, sizeof message, "could not be verified: %s", error.message);
        clp_events_warning(&run->events, path, message);
    }
}

static void save_features(clp_worker *self, const uint8_t *results) {
    const clp_plan *plan = clp_worker_recipe(self)->plan;
    clp_features_make(&self->features, &plan->picture, &plan->output, results);
    self->picture.summed = true;
}

/** Encodes and writes what the lane holds. */
static clproc_status save_file(clp_worker *self, uint8_t *results, clproc_error *error) {
    clp_run *run = self->run;
    const clp_picture *picture = &self->picture;
    const clp_layout *output = &clp_worker_recipe(self)->plan->output;
    const char *path = clp_worker_input(self, picture->task.item);
    const uint8_t *data = NULL;
    size_t size = 0;
    bool writes = !run->params->null_output;
    clp_digest digest = {.text = ""};
    clproc_status status = CLPROC_OK;
    if (picture->original) {
        verify(self, results);
    }
    if (writes) {
        CLP_TRY(status, out, encode(self, results, &data, &size, error));
    }
    if (run->params->digest) {
        digest = writes ? clp_digest_bytes(data, size) : clp_digest_picture(output, results);
    }
    if (writes) {
        CLP_TRY(status, out, clp_worker_write(self, data, size, error));
    }
    clp_prof_count(run->prof, CLP_COUNTER_PIXELS_OUT, (uint64_t)output->width * output->height);
    clp_worker_count_picture(self);
    clp_events_done(&run->events, path, (char *)self->branch->name.data, false, NULL, digest.text);
out:
    return status;
}

clproc_status clp_worker_save(clp_worker *self, clproc_error *error) {
    uint8_t *results = NULL;
    clproc_status status = CLPROC_OK;
    clp_prof_begin(self->thread, CLP_PROF_SAVE, clp_worker_image(self, self->picture.task.item));
    if (!clp_worker_encodes_on_device(self)) {
        status = clp_lane_results(self->lane, &results, error);
    }
    if (status == CLPROC_OK && self->branch->output->features) {
        save_features(self, results);
    } else if (status == CLPROC_OK) {
        status = save_file(self, results, error);
    }
    clp_prof_end(self->thread);
    return status;
}
