#include "batch/claims.h"

#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "batch/hashset.h"
#include "core/memory.h"

struct clp_claims {
    uint32_t outputs;
    const clp_listing *listing;
    pthread_mutex_t lock;       /**< guards what follows */
    clp_hashset claimed;        /**< names, each with its owner: input × outputs + output */
    clp_hashset inputs;         /**< the files that are read themselves */
    clp_bytes folder, resolved; /**< of the name before, as it was given, and where that leads */
    clp_bytes name;             /**< scratch */
    bool inputs_known;          /**< the listing's are among them: filled when the first output is
                                   found to exist */
};

clproc_status clp_claims_create(clp_claims **claims, uint32_t outputs, clproc_error *error) {
    clp_claims *made = clp_memory_zero(CLP_MEMORY_LISTING, 1, sizeof *made);
    *claims = made;
    if (!made) {
        return clp_error_memory(error, "output names", sizeof *made);
    }
    made->outputs = outputs;
    pthread_mutex_init(&made->lock, NULL);
    return CLPROC_OK;
}

void clp_claims_destroy(clp_claims **claims) {
    if (*claims) {
        clp_hashset_free(&(*claims)->claimed);
        clp_hashset_free(&(*claims)->inputs);
        clp_bytes_free(&(*claims)->folder);
        clp_bytes_free(&(*claims)->resolved);
        clp_bytes_free(&(*claims)->name);
        pthread_mutex_destroy(&(*claims)->lock);
        clp_memory_free(*claims);
        *claims = NULL;
    }
}

void clp_claims_begin(clp_claims *claims, const clp_listing *listing) {
    claims->listing = listing;
}

/** The folder that the first `size` bytes of a name lead to, "" being the present one; links and
 * ".." are resolved as far as it is there, so that one folder has one name. */
static clproc_status resolve(const char *name, size_t size, clp_bytes *resolved,
                             clproc_error *error) {
    char folder[PATH_MAX], found[PATH_MAX] = "";
    size_t there = size < sizeof folder ? size : 0;
    clproc_status status;
    for (;;) {
        snprintf(folder, sizeof folder, "%.*s", there > 0 ? (int)there : 1, there > 0 ? name : ".");
        if (realpath(folder, found) || there == 0) {
            break;
        }
        while (there > 0 && name[there - 1] == '/') {
            there--;
        }
        while (there > 0 && name[there - 1] != '/') {
            there--;
        }
    }
    resolved->size = 0;
    CLP_TRY(status, out, clp_bytes_append(resolved, found, strlen(found), error));
    CLP_TRY(status, out, clp_bytes_append(resolved, "/", 1, error));
    if (size > there) {
        status = clp_bytes_append(resolved, name + there, size - there, error);
    }
out:
    return status;
}

/** Where a name is that of a link to a file, puts that file's in its place: there it is written. */
static clproc_status follow_link(clp_bytes *name, clproc_error *error) {
    struct stat info;
    char found[PATH_MAX];
    if (lstat((char *)name->data, &info) != 0 || !S_ISLNK(info.st_mode) ||
        !realpath((char *)name->data, found)) {
        return CLPROC_OK;
    }
    name->size = 0;
    return clp_bytes_append(name, found, strlen(found) + 1, error);
}

/** Puts the whole name, its folder resolved, into `claims->name`. Most names lie in the folder of
 * the name before. The lock is held. */
static clproc_status find_name(clp_claims *claims, const char *name, clproc_error *error) {
    const char *slash = strrchr(name, '/');
    size_t size = slash ? (size_t)(slash - name) + 1 : 0;
    bool known = claims->resolved.size > 0 && claims->folder.size == size &&
                 (size == 0 || memcmp(claims->folder.data, name, size) == 0);
    clproc_status status = CLPROC_OK;
    if (!known) {
        CLP_TRY(status, out, resolve(name, size, &claims->resolved, error));
        claims->folder.size = 0;
        CLP_TRY(status, out, clp_bytes_append(&claims->folder, name, size, error));
    }
    claims->name.size = 0;
    CLP_TRY(status, out,
            clp_bytes_append(&claims->name, claims->resolved.data, claims->resolved.size, error));
    CLP_TRY(status, out, clp_bytes_append(&claims->name, "/", 1, error));
    CLP_TRY(status, out,
            clp_bytes_append(&claims->name, name + size, strlen(name + size) + 1, error));
    status = follow_link(&claims->name, error);
out:
    if (status != CLPROC_OK) {
        claims->resolved.size = 0;
    }
    return status;
}

/** Hash of a path without "//" and "/./", so that one file has one key. */
static clproc_status path_key(const char *path, clp_bytes *scratch, clp_key *key,
                              clproc_error *error) {
    clproc_status status = clp_bytes_reserve(scratch, strlen(path) + 1, error);
    if (status != CLPROC_OK) {
        return status;
    }
    char *to = (char *)scratch->data;
    while (*path) {
        if (to == (char *)scratch->data || to[-1] == '/') {
            bool absolute = to == (char *)scratch->data && *path == '/';
            while (!absolute && (*path == '/' || (path[0] == '.' && path[1] == '/'))) {
                path += *path == '/' ? 1 : 2;
            }
        }
        if (*path) {
            *to++ = *path++;
        }
    }
    *key = clp_key_of_bytes(scratch->data, (size_t)(to - (char *)scratch->data));
    return CLPROC_OK;
}

static clproc_status refuse(const clp_claims *claims, uint32_t item, uint32_t other,
                            const char *name, clproc_error *error) {
    const clp_item *items = claims->listing->items;
    if (other == item) {
        return clp_error_set_file(error, CLPROC_ERROR_ARGUMENT, items[item].path,
                                  "would be written to '%.300s' by two of its outputs; tell them "
                                  "apart, as by --to '{dir}/{name}-{width}.{ext}'",
                                  name);
    }
    if (strcmp(items[item].path, items[other].path) == 0) {
        return clp_error_set_file(error, CLPROC_ERROR_ARGUMENT, items[item].path,
                                  "is named twice; name each input once");
    }
    return clp_error_set_file(error, CLPROC_ERROR_ARGUMENT, items[item].path,
                              "would be written to '%.300s', as would '%.300s'; tell them "
                              "apart, as by -o '{dir}/{name}-{index}.{ext}'",
                              name, items[other].path);
}

clproc_status clp_claims_take(clp_claims *claims, uint32_t item, uint32_t output, const char *name,
                              clproc_error *error) {
    clp_bytes scratch = {0};
    clp_key key;
    bool added = false;
    uint32_t owner = 0, own;
    clproc_status status;
    if (__builtin_mul_overflow(item, claims->outputs, &own) ||
        __builtin_add_overflow(own, output, &own)) {
        return clp_error_set(error, CLPROC_ERROR_LIMIT,
                             "there are too many pictures; run them in parts");
    }
    pthread_mutex_lock(&claims->lock);
    status = find_name(claims, name, error);
    if (status == CLPROC_OK) {
        status = path_key((char *)claims->name.data, &scratch, &key, error);
    }
    if (status == CLPROC_OK) {
        status = clp_hashset_add(&claims->claimed, key, own, &added, &owner, error);
    }
    pthread_mutex_unlock(&claims->lock);
    if (status == CLPROC_OK && !added && owner != own) {
        status = refuse(claims, item, owner / claims->outputs, name, error);
    }
    clp_bytes_free(&scratch);
    return status;
}

clproc_status clp_claims_read(clp_claims *claims, const char *path, clproc_error *error) {
    struct stat info;
    clproc_status status = CLPROC_OK;
    pthread_mutex_lock(&claims->lock);
    if (stat(path, &info) == 0) {
        bool added;
        status = clp_hashset_add(&claims->inputs, clp_key_of_file(&info), UINT32_MAX, &added, NULL,
                                 error);
    }
    pthread_mutex_unlock(&claims->lock);
    return status;
}

clproc_status clp_claims_find_input(clp_claims *claims, const struct stat *info, bool *found,
                                    clproc_error *error) {
    const clp_listing *listing = claims->listing;
    struct stat input;
    bool added;
    clproc_status status = CLPROC_OK;
    pthread_mutex_lock(&claims->lock);
    for (size_t i = 0; status == CLPROC_OK && !claims->inputs_known && i < listing->count; i++) {
        if (stat(listing->items[i].path, &input) == 0) {
            status = clp_hashset_add(&claims->inputs, clp_key_of_file(&input), (uint32_t)i, &added,
                                     NULL, error);
        }
    }
    claims->inputs_known = status == CLPROC_OK;
    *found = status == CLPROC_OK && clp_hashset_has(&claims->inputs, clp_key_of_file(info));
    pthread_mutex_unlock(&claims->lock);
    return status;
}
