#include "stress/pictures.h"

#include <errno.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>

#include "core/cancel.h"
#include "core/memory.h"

/* --------------------------------------------------------- scratch folder */

clproc_status clp_scratch_check(const char *folder, clproc_error *error) {
    return strpbrk(folder, "{}")
               ? clp_error_set_file(error, CLPROC_ERROR_ARGUMENT, folder,
                                    "a folder with { or } in its name cannot be used here")
               : CLPROC_OK;
}

clproc_status clp_scratch_make(clp_scratch *scratch, clproc_error *error) {
    const char *base = getenv("TMPDIR");
    base = base && *base ? base : "/tmp";
    clproc_status status = clp_scratch_check(base, error);
    if (status != CLPROC_OK) {
        return status;
    }
    int length = snprintf(scratch->path, sizeof scratch->path, "%s/clproc-XXXXXX", base);
    if (length < 0 || (size_t)length >= sizeof scratch->path || !mkdtemp(scratch->path)) {
        scratch->path[0] = '\0';
        return clp_error_set_file(error, CLPROC_ERROR_IO, base,
                                  "no folder can be made there: %s; name another place in TMPDIR",
                                  strerror(errno));
    }
    return CLPROC_OK;
}

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *place) {
    (void)info;
    (void)kind;
    (void)place;
    remove(path); /* what cannot be removed stays */
    return 0;
}

void clp_scratch_remove(clp_scratch *scratch) {
    if (scratch->path[0]) {
        nftw(scratch->path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
        scratch->path[0] = '\0';
    }
}

/* ------------------------------------------------------------- collecting */

void clp_pictures_free(clp_pictures *pictures) {
    for (size_t i = 0; i < pictures->own_count; i++) {
        clp_memory_free(pictures->own[i]);
    }
    clp_memory_free(pictures->own);
    clp_memory_free(pictures->paths);
    *pictures = (clp_pictures){0};
}

static void add(clp_pictures *pictures, const char *path) {
    char **own = clp_memory_grow(CLP_MEMORY_LISTING, pictures->own, &pictures->own_capacity,
                                 pictures->own_count + 1, sizeof *own);
    char *name = clp_memory_string(CLP_MEMORY_LISTING, path);
    if (own) {
        pictures->own = own;
    }
    if (!own || !name) {
        clp_memory_free(name);
        pictures->failed = true;
        return;
    }
    own[pictures->own_count++] = name;
}

static void note_picture(const clproc_event *event, void *user) {
    clp_pictures *pictures = user;
    if (event->kind == CLPROC_EVENT_DONE && pictures->own_count < pictures->most) {
        add(pictures, event->input);
    }
    if (pictures->failed || pictures->own_count == pictures->most ||
        clp_cancel_asked(pictures->asked)) {
        clp_cancel_ask(&pictures->enough);
    }
}

clproc_status clp_pictures_find(clp_pictures *pictures, const clproc_run_params *run, size_t most,
                                clproc_error *error) {
    clproc_run_params look = *run;
    clproc_run_result result;
    clproc_error cause = {0};
    pictures->most = most;
    pictures->asked = run->cancel;
    look.pipeline = NULL;
    look.output = NULL;
    look.dry_run = true;
    look.jobs = 1; /* in the order of the listing */
    look.on_event = note_picture;
    look.user = pictures;
    look.cancel = &pictures->enough;
    look.profile = CLPROC_PROFILE_OFF;
    look.strategy = CLPROC_STRATEGY_DEFAULT;
    clproc_status status = clproc_run(&look, &result, NULL, &cause);
    if (pictures->failed) {
        return clp_error_memory(error, "the names of pictures", pictures->own_count);
    }
    bool through = status == CLPROC_OK || (status == CLPROC_ERROR_CANCELLED && pictures->enough &&
                                           pictures->own_count > 0);
    if (!through) {
        if (error) {
            *error = cause;
        }
        return status;
    }
    if (pictures->own_count == 0) {
        return clp_error_set(
            error, CLPROC_ERROR_ARGUMENT,
            "there is no %s; check the names, or leave them out to work on samples",
            result.found ? "picture in the inputs that can be opened" : "file in the inputs");
    }
    return clp_pictures_repeat(pictures, pictures->own_count, error);
}

clproc_status clp_pictures_make(clp_pictures *pictures, const clproc_run_params *run,
                                const clproc_samples_params *samples, clproc_error *error) {
    const char *inputs[] = {samples->output};
    clproc_run_params look = *run;
    clproc_status status = clproc_samples(samples, error);
    if (status != CLPROC_OK) {
        return status;
    }
    look.inputs = inputs;
    look.input_count = 1;
    return clp_pictures_find(pictures, &look, samples->count, error);
}

clproc_status clp_pictures_repeat(clp_pictures *pictures, size_t count, clproc_error *error) {
    const char **paths = clp_memory_zero(CLP_MEMORY_LISTING, count, sizeof *paths);
    if (!paths) {
        return clp_error_memory(error, "the names of pictures", count * sizeof *paths);
    }
    for (size_t i = 0; i < count; i++) {
        paths[i] = pictures->own[i % pictures->own_count];
    }
    clp_memory_free(pictures->paths);
    pictures->paths = paths;
    pictures->count = count;
    return CLPROC_OK;
}
