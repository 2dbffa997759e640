#include "batch/names.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "batch/journal.h"
#include "batch/template.h"
#include "codec/codec.h"
#include "core/cancel.h"
#include "core/format.h"
#include "core/memory.h"

typedef enum naming {
    NAMING_MIRROR,   /**< below the output folder, as below the input folder */
    NAMING_TEMPLATE, /**< by replacing keys */
    NAMING_FILE,     /**< one file for one input */
    NAMING_STREAM    /**< standard output for one input */
} naming;

struct clp_names {
    const char *output; /**< the caller's */
    naming naming;
    char *folder; /**< of all outputs; NULL where there is none */
    size_t folder_size;
    bool follow_links, durable;
    clproc_format format;
    clproc_existing existing;
    const clp_listing *listing;
    clp_journal *journal; /**< NULL without --resume */

    clp_claims *claims; /**< of all outputs */
    uint32_t number;    /**< of this output there */

    pthread_mutex_t lock; /**< guards what follows */
    clp_hashset folders;  /**< names of folders that were made */
};

/* --------------------------------------------------------------- setting up */

static naming choose_naming(const char *output) {
    struct stat info;
    if (strcmp(output, "-") == 0) {
        return NAMING_STREAM;
    }
    bool there = stat(output, &info) == 0;
    if (there && S_ISDIR(info.st_mode)) {
        return NAMING_MIRROR;
    }
    if (strchr(output, '{')) {
        return NAMING_TEMPLATE;
    }
    bool picture = clp_ending_format(output) != CLPROC_FORMAT_KEEP;
    return there || picture ? NAMING_FILE : NAMING_MIRROR;
}

/** Length of the part of the output that names the folder of all outputs; 0 if there is none. */
static size_t folder_length(const char *output, naming how) {
    size_t length = how == NAMING_STREAM ? 0 : strlen(output);
    if (how == NAMING_MIRROR) {
        return length;
    }
    length = how == NAMING_TEMPLATE ? strcspn(output, "{") : length;
    while (length > 0 && output[length - 1] != '/') {
        length--;
    }
    return length;
}

/** An ending written out in the output decides the format. */
static clproc_status choose_format(clp_names *names, clproc_format asked, clproc_error *error) {
    struct stat info;
    if (clp_ending_is_foreign(names->output) &&
        (names->naming == NAMING_TEMPLATE || stat(names->output, &info) != 0)) {
        return clp_error_set_file(error, CLPROC_ERROR_ARGUMENT, names->output,
                                  "has the ending of a format that is not written; end it with "
                                  ".jpg, .png or .webp, or name a folder");
    }
    clproc_format ending =
        names->naming == NAMING_MIRROR ? CLPROC_FORMAT_KEEP : clp_ending_format(names->output);
    clproc_status status = clp_codec_need(ending, error);
    if (status != CLPROC_OK) {
        return clp_error_in_file(error, status, names->output);
    }
    if (asked != CLPROC_FORMAT_KEEP && ending != CLPROC_FORMAT_KEEP && asked != ending) {
        return clp_error_set_file(error, CLPROC_ERROR_ARGUMENT, names->output,
                                  "has the ending of another format than the one asked for; change "
                                  "the ending or --format");
    }
    names->format = asked != CLPROC_FORMAT_KEEP ? asked : ending;
    return CLPROC_OK;
}

static clproc_status open_journal(clp_names *names, const clproc_run_params *params,
                                  clproc_error *error) {
    if (names->naming == NAMING_STREAM || strncmp(names->output, "{dir}", 5) == 0) {
        return clp_error_set_file(error, CLPROC_ERROR_ARGUMENT, names->output,
                                  "has no folder of all outputs for --resume to keep its journal "
                                  "in; name one, or use --existing skip");
    }
    return clp_journal_create(&names->journal, names->folder ? names->folder : ".", params, error);
}

clproc_status clp_names_create(clp_names **names, const clproc_run_params *params,
                               clp_claims *claims, uint32_t number, clproc_error *error) {
    clproc_status status = CLPROC_OK;
    *names = NULL;
    if (!params->output || !params->output[0]) {
        return params->null_output || params->dry_run
                   ? CLPROC_OK
                   : clp_error_set(error, CLPROC_ERROR_ARGUMENT,
                                   "no output given; name a folder, or a template such as "
                                   "'{dir}/{name}-small.{ext}'");
    }
    clp_names *made = clp_memory_zero(CLP_MEMORY_LISTING, 1, sizeof *made);
    if (!made) {
        return clp_error_memory(error, "output names", sizeof *made);
    }
    pthread_mutex_init(&made->lock, NULL);
    made->claims = claims;
    made->number = number;
    made->output = params->output;
    made->existing = params->existing;
    made->follow_links = params->follow_links;
    made->durable = params->durable;
    made->naming = choose_naming(params->output);
    size_t length = folder_length(params->output, made->naming);
    if (length > 0) {
        made->folder = clp_memory_string(CLP_MEMORY_LISTING, params->output);
        if (!made->folder) {
            status = clp_error_memory(error, "output names", length);
            goto out;
        }
        made->folder[length] = '\0';
        made->folder_size = length;
    }
    CLP_TRY(status, out, choose_format(made, params->format, error));
    if (made->naming == NAMING_TEMPLATE) {
        CLP_TRY(status, out, clp_template_check(params->output, error));
    }
    if (params->resume && !params->null_output) {
        CLP_TRY(status, out, open_journal(made, params, error));
    }
out:
    if (status != CLPROC_OK) {
        clp_names_destroy(&made);
    }
    *names = made;
    return status;
}

void clp_names_destroy(clp_names **names) {
    if (*names) {
        clp_hashset_free(&(*names)->folders);
        pthread_mutex_destroy(&(*names)->lock);
        clp_journal_destroy(&(*names)->journal);
        clp_memory_free((*names)->folder);
        clp_memory_free(*names);
        *names = NULL;
    }
}

bool clp_names_is_stream(const clp_names *names) {
    return names && names->naming == NAMING_STREAM;
}

const char *clp_names_folder(const clp_names *names, bool *mirrored) {
    *mirrored = names && names->naming == NAMING_MIRROR;
    return names ? names->folder : NULL;
}

clproc_status clp_names_spread(const clp_names *names, clp_spread *spread, clproc_error *error) {
    const char *output = names->output;
    if (names->naming != NAMING_TEMPLATE || strstr(output, "{index}")) {
        return CLPROC_OK;
    }
    if (strstr(output, "{name}")) {
        *spread = strstr(output, "{dir}") ? *spread : CLP_SPREAD_NAME;
    } else if (strstr(output, "{width}") || strstr(output, "{height}")) {
        return clp_error_set_file(error, CLPROC_ERROR_ARGUMENT, output,
                                  "does not tell files of one shard from those of another; add "
                                  "{name} or {index} to the template");
    }
    return CLPROC_OK;
}

clproc_format clp_names_format(const clp_names *names, clproc_format stored) {
    return names && names->format != CLPROC_FORMAT_KEEP ? names->format : stored;
}

/* ------------------------------------------------------------ building names */

static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/** The input's path below the output folder, with an ending that fits the format. */
static clproc_status build_mirrored(const clp_names *names, const char *relative,
                                    clproc_format format, clp_bytes *name, clproc_error *error) {
    const char *ending = clp_format_ending(format);
    size_t length = strlen(relative), root = strlen(names->output);
    size_t folders = (size_t)(base_name(relative) - relative);
    bool slash = names->output[root - 1] != '/', fits = clp_ending_format(relative) == format;
    size_t kept = fits ? length : folders + clp_stem_length(relative + folders);
    clproc_status status;
    CLP_TRY(status, out, clp_bytes_append(name, names->output, root, error));
    CLP_TRY(status, out, clp_bytes_append(name, "/", slash, error));
    CLP_TRY(status, out, clp_bytes_append(name, relative, kept, error));
    if (!fits) {
        CLP_TRY(status, out, clp_bytes_append(name, ".", 1, error));
        CLP_TRY(status, out, clp_bytes_append(name, ending, strlen(ending), error));
    }
out:
    return status;
}

static clproc_status build_template(const clp_names *names, uint32_t item,
                                    const clp_name_facts *facts, clp_bytes *name, bool *known,
                                    clproc_error *error) {
    const char *path = names->listing->items[item].path, *base = base_name(path);
    size_t before = (size_t)(base - path);
    clp_template_values values = {
        .dir = before ? path : ".",
        .dir_size = before > 1 ? before - 1 : 1, /* "/" stays */
        .name = base,
        .name_size = clp_stem_length(base),
        .ext = clp_format_ending(facts->format),
        .index = (uint64_t)names->listing->items[item].number + 1,
        .count = names->listing->count,
        .width = facts->width,
        .height = facts->height,
    };
    return clp_template_expand(names->output, &values, name, known, error);
}

/** Writes the name of an input's output, NUL-terminated; `*known` is false if the facts do not
 * suffice. Any thread. */
static clproc_status build_name(const clp_names *names, uint32_t item, const clp_name_facts *facts,
                                clp_bytes *name, bool *known, clproc_error *error) {
    const clp_item *input = &names->listing->items[item];
    clproc_status status = CLPROC_OK;
    name->size = 0;
    *known = true;
    switch (names->naming) {
    case NAMING_MIRROR:
        *known = facts->format != CLPROC_FORMAT_KEEP;
        if (*known) {
            CLP_TRY(
                status, out,
                build_mirrored(names, input->path + input->relative, facts->format, name, error));
        }
        break;
    case NAMING_TEMPLATE:
        CLP_TRY(status, out, build_template(names, item, facts, name, known, error));
        break;
    case NAMING_FILE:
    case NAMING_STREAM:
        CLP_TRY(status, out, clp_bytes_append(name, names->output, strlen(names->output), error));
        break;
    }
    CLP_TRY(status, out, clp_bytes_append(name, "", 1, error));
out:
    return status;
}

/** The facts as the input's own name lets one expect them. */
static clp_name_facts expected_facts(const clp_names *names, uint32_t item) {
    const char *path = names->listing->items[item].path;
    return (clp_name_facts){.format = clp_names_format(names, clp_ending_format(path))};
}

/* --------------------------------------------------------------- claiming */

/** Refuses to begin with a file that would be written over itself. */
static clproc_status refuse_itself(const clp_item *input, const char *name, clproc_error *error) {
    if (input->named && clp_file_is_same(name, input->path)) {
        return clp_error_set_file(error, CLPROC_ERROR_ARGUMENT, input->path,
                                  "would be overwritten by its own output; name another folder, or "
                                  "a template such as -o '{dir}/{name}-new.{ext}'");
    }
    return CLPROC_OK;
}

clproc_status clp_names_claim_all(clp_names *names, const clp_listing *listing,
                                  const volatile int *cancel, clproc_error *error) {
    clp_bytes name = {0};
    clproc_status status = CLPROC_OK;
    names->listing = listing;
    clp_claims_begin(names->claims, listing);
    if (names->naming == NAMING_STREAM && listing->count > 1) {
        return clp_error_set(error, CLPROC_ERROR_ARGUMENT,
                             "-o - is for one picture, but there are %zu inputs; name a folder",
                             listing->count);
    }
    if (names->naming == NAMING_FILE && listing->count > 1) {
        return clp_error_set_file(error, CLPROC_ERROR_ARGUMENT, names->output,
                                  "is one file, but there are %zu inputs; name a folder, or a "
                                  "template such as '{dir}/{name}-new.{ext}'",
                                  listing->count);
    }
    for (size_t i = 0; names->naming != NAMING_STREAM && i < listing->count; i++) {
        bool known;
        const char *path = listing->items[i].path;
        CLP_TRY(status, out, clp_cancel_check(cancel, error));
        /* A file of no format that is read is passed over. Should it be a picture after all, it
         * takes its name when it has been read. */
        if (clp_ending_is_foreign(path) && clp_ending_format(path) == CLPROC_FORMAT_KEEP) {
            continue;
        }
        clp_name_facts facts = expected_facts(names, (uint32_t)i);
        CLP_TRY(status, out, build_name(names, (uint32_t)i, &facts, &name, &known, error));
        if (known) {
            CLP_TRY(status, out,
                    clp_claims_take(names->claims, (uint32_t)i, names->number, (char *)name.data,
                                    error));
            CLP_TRY(status, out, refuse_itself(&listing->items[i], (char *)name.data, error));
        }
    }
out:
    clp_bytes_free(&name);
    return status;
}

/* ---------------------------------------------------------------- placing */

clp_key clp_names_source(const clp_names *names, uint32_t item) {
    return names->journal ? clp_journal_source(names->journal, names->listing->items[item].path)
                          : (clp_key){0, 0};
}

/** Whether what is at `name` is to stay. */
static clp_placing find_kept(const clp_names *names, clp_key source, const char *name) {
    struct stat info;
    if (names->naming == NAMING_STREAM) {
        return CLP_PLACE_WRITE;
    }
    if (names->journal && clp_journal_has(names->journal, source, name)) {
        return CLP_PLACE_MADE;
    }
    bool skip = names->existing == CLPROC_EXISTING_SKIP && lstat(name, &info) == 0;
    return skip ? CLP_PLACE_EXISTS : CLP_PLACE_WRITE;
}

clp_placing clp_names_foresee(const clp_names *names, uint32_t item, clp_key source,
                              clp_bytes *name) {
    bool known;
    clp_name_facts facts = expected_facts(names, item);
    if ((!names->journal && names->existing != CLPROC_EXISTING_SKIP) ||
        build_name(names, item, &facts, name, &known, NULL) != CLPROC_OK || !known) {
        return CLP_PLACE_WRITE;
    }
    return find_kept(names, source, (char *)name->data);
}

/** Whether an output that exists may be replaced. */
static clproc_status judge_existing(const clp_names *names, const char *name, clproc_error *error) {
    struct stat info;
    bool is_input = false;
    clproc_status status = CLPROC_OK;
    if (names->existing == CLPROC_EXISTING_FAIL) {
        return clp_error_set_file(error, CLPROC_ERROR_IO, name,
                                  "exists already; remove it or use --existing replace");
    }
    if (stat(name, &info) == 0) {
        status = clp_claims_find_input(names->claims, &info, &is_input, error);
    }
    if (is_input) {
        status = clp_error_set_file(error, CLPROC_ERROR_ARGUMENT, name,
                                    "is one of the inputs, which are never overwritten; use "
                                    "another folder, or -o '{dir}/{name}-new.{ext}'");
    }
    return status;
}

/** Takes the name of an output whose input has been read. A file with the ending of another format
 * finds that name expected for another one, which may itself become something else. */
static clproc_status take_name(const clp_names *names, uint32_t item, clproc_format format,
                               const char *name, clproc_error *error) {
    const clp_format *row = clp_format_of(format);
    const clproc_format expected = expected_facts(names, item).format;
    clproc_status status = clp_claims_take(names->claims, item, names->number, name, error);
    if (status == CLPROC_ERROR_ARGUMENT && row && expected != CLPROC_FORMAT_KEEP &&
        expected != format) {
        status =
            clp_error_set_file(error, status, names->listing->items[item].path,
                               "is %s %s by another ending, so that '%.300s' would be its "
                               "output, a name that another input has; give it its own ending, "
                               "or tell them apart, as by -o '{dir}/{name}-{index}.{ext}'",
                               clp_format_article(row), row->name, name);
    }
    return status;
}

clproc_status clp_names_place(const clp_names *names, uint32_t item, const clp_name_facts *facts,
                              clp_key source, clp_bytes *name, clp_placing *placing,
                              clproc_error *error) {
    bool known;
    struct stat info;
    *placing = CLP_PLACE_WRITE;
    clproc_status status = build_name(names, item, facts, name, &known, error);
    if (status != CLPROC_OK) {
        return status;
    }
    const char *path = (char *)name->data;
    CLP_TRY(status, out, take_name(names, item, facts->format, path, error));
    *placing = find_kept(names, source, path);
    if (names->naming != NAMING_STREAM && *placing == CLP_PLACE_WRITE && lstat(path, &info) == 0) {
        CLP_TRY(status, out, judge_existing(names, path, error));
    }
out:
    return status;
}

/* ---------------------------------------------------------------- folders */

clproc_status clp_names_prepare(clp_names *names, clproc_error *error) {
    clproc_status status = CLPROC_OK;
    if (names->folder) {
        clp_file_tree all = {.root = names->folder_size, .durable = names->durable};
        CLP_TRY(status, out, clp_file_make_folder_in(&all, names->folder, error));
        if (access(names->folder, W_OK | X_OK) != 0) {
            int code = errno;
            status = clp_error_set_file(error, CLPROC_ERROR_IO, names->folder,
                                        "cannot be written to: %s%s, or name another folder",
                                        strerror(code), clp_file_remedy(code));
            goto out;
        }
        /* What a killed run has left goes also where nothing is left to write. */
        clp_file_sweep(&all, names->folder);
    }
    if (names->journal) {
        CLP_TRY(status, out, clp_journal_begin(names->journal, error));
    }
out:
    return status;
}

/** The tree that an input's output is written to. */
static clp_file_tree tree_of(const clp_names *names, uint32_t item) {
    const char *path = names->listing->items[item].path;
    bool beside = names->naming == NAMING_TEMPLATE && strncmp(names->output, "{dir}", 5) == 0;
    return (clp_file_tree){
        /* A template that begins with {dir} leads to where the input was found. */
        .root = beside                         ? (size_t)(base_name(path) - path)
                : names->naming == NAMING_FILE ? strlen(names->output)
                : names->folder                ? names->folder_size
                                               : 0,
        .no_links = !names->follow_links,
        .durable = names->durable,
    };
}

/** Makes the folder a name lies in, and tidies it up after runs that were killed. */
static clproc_status make_folder(clp_names *names, const clp_file_tree *tree, const char *name,
                                 clproc_error *error) {
    size_t length = (size_t)(base_name(name) - name);
    bool added = true;
    clproc_status status = CLPROC_OK;
    clp_key key = clp_key_of_bytes(name, length);
    pthread_mutex_lock(&names->lock);
    if (!clp_hashset_has(&names->folders, key)) {
        char *folder = clp_memory_string(CLP_MEMORY_LISTING, length ? name : "./");
        if (!folder) {
            status = clp_error_memory(error, "output names", length);
            goto out;
        }
        folder[length ? length : 2] = '\0';
        status = clp_file_make_folder_in(tree, folder, error);
        if (status == CLPROC_OK) {
            clp_file_sweep(tree, folder);
        }
        clp_memory_free(folder);
        CLP_TRY(status, out, status);
        CLP_TRY(status, out, clp_hashset_add(&names->folders, key, 0, &added, NULL, error));
    }
out:
    pthread_mutex_unlock(&names->lock);
    return status;
}

clproc_status clp_names_write(clp_names *names, uint32_t item, clp_key source, const char *name,
                              const void *data, size_t size, clproc_error *error) {
    clp_file_tree tree = tree_of(names, item);
    clproc_status status;
    CLP_TRY(status, out, make_folder(names, &tree, name, error));
    CLP_TRY(status, out, clp_file_write_in(&tree, name, data, size, error));
    clp_names_note(names, source, name, size);
out:
    return status;
}

void clp_names_note(const clp_names *names, clp_key source, const char *name, size_t size) {
    if (names->journal) {
        clp_journal_note(names->journal, source, name, size);
    }
}
