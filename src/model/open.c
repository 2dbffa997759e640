/* A model's file, and what the model is called. */
#include <string.h>
#include <unistd.h>

#include "core/file.h"
#include "core/memory.h"
#include "model/build.h"

/** Of a model's file. */
#define MOST_BYTES ((size_t)1 << 30)

/** Where in "FILE:NAME" the file ends; at the end where that is the name of a file itself. */
static size_t file_length(const char *text) {
    const char *colon = strrchr(text, ':');
    bool named =
        colon && colon > text && colon[1] && !strchr(colon, '/') && access(text, F_OK) != 0;
    return named ? (size_t)(colon - text) : strlen(text);
}

/** A file's name without its folder and ending. */
static clp_slice base_name(const char *path) {
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    const char *dot = strrchr(name, '.');
    return (clp_slice){(const uint8_t *)name,
                       dot && dot > name ? (size_t)(dot - name) : strlen(name)};
}

static clproc_status call(clp_onnx_model *model, const char *path, const char *name,
                          clproc_error *error) {
    clp_builder builder = {.model = model, .error = error};
    const clp_slice whole = {(const uint8_t *)path, strlen(path)};
    const clp_slice own = name ? (clp_slice){(const uint8_t *)name, strlen(name)} : base_name(path);
    model->path = clp_build_text(&builder, &whole);
    model->name = model->path ? clp_build_text(&builder, &own) : NULL;
    return model->name ? CLPROC_OK : CLPROC_ERROR_MEMORY;
}

/** Where it cannot be read, what was asked for is wrong, and no row of a table. */
static clproc_status read_model(const char *path, clp_bytes *bytes, clproc_error *error) {
    clproc_status status = clp_file_read(path, MOST_BYTES, bytes, error);
    if (status != CLPROC_ERROR_INPUT) {
        return status;
    }
    if (error) {
        error->status = CLPROC_ERROR_ARGUMENT;
    }
    return CLPROC_ERROR_ARGUMENT;
}

clproc_status clp_model_open(clp_onnx_model **model, const char *file, clproc_error *error) {
    clp_bytes bytes = {0};
    size_t length = file_length(file);
    clproc_status status = CLPROC_OK;
    char *path = clp_memory_string(CLP_MEMORY_OTHER, file);
    *model = NULL;
    if (!path) {
        return clp_error_memory(error, "a model", strlen(file));
    }
    const char *name = path[length] ? path + length + 1 : NULL;
    path[length] = '\0';
    CLP_TRY(status, out, read_model(path, &bytes, error));
    CLP_TRY(status, out, clp_model_read(model, bytes.data, bytes.size, error));
    status = call(*model, path, name, error);
out:
    status = status == CLPROC_OK ? status : clp_error_in_file(error, status, path);
    if (status != CLPROC_OK) {
        clp_model_destroy(model);
    }
    clp_bytes_free(&bytes);
    clp_memory_free(path);
    return status;
}

const char *clp_model_path(const clp_onnx_model *model) {
    return model->path;
}

const char *clp_model_title(const clp_onnx_model *model) {
    return model->name;
}
