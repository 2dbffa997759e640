/* libtiff on a file in memory, which it reads where it lies, with an ear for what it complains of.
 */
#include <string.h>

#include "codec/tiff_private.h"

static tmsize_t read_bytes(thandle_t handle, void *to, tmsize_t size) {
    clp_tiff *tiff = handle;
    uint64_t left = tiff->position < tiff->source->size ? tiff->source->size - tiff->position : 0;
    size_t count = (uint64_t)size < left ? (size_t)size : (size_t)left;
    memcpy(to, tiff->source->bytes + tiff->position, count);
    tiff->position += count;
    return (tmsize_t)count;
}

static tmsize_t write_nothing(thandle_t handle, void *from, tmsize_t size) {
    (void)handle;
    (void)from;
    (void)size;
    return -1;
}

static toff_t seek(thandle_t handle, toff_t offset, int whence) {
    clp_tiff *tiff = handle;
    uint64_t base = whence == SEEK_CUR   ? tiff->position
                    : whence == SEEK_END ? tiff->source->size
                                         : 0;
    tiff->position = base + offset;
    return tiff->position;
}

static int close_nothing(thandle_t handle) {
    (void)handle;
    return 0;
}

static toff_t file_size(thandle_t handle) {
    return ((clp_tiff *)handle)->source->size;
}

static int map_file(thandle_t handle, void **base, toff_t *size) {
    const clp_source *source = ((clp_tiff *)handle)->source;
    *base = (void *)(uintptr_t)source->bytes; /* libtiff only reads there */
    *size = source->size;
    return 1;
}

static void unmap_nothing(thandle_t handle, void *base, toff_t size) {
    (void)handle;
    (void)base;
    (void)size;
}

static int note_error(TIFF *file, void *user, const char *module, const char *format,
                      va_list list) {
    clp_tiff *tiff = user;
    (void)file;
    (void)module;
    if (!tiff->message[0]) {
        vsnprintf(tiff->message, sizeof tiff->message, format, list);
    }
    return 1;
}

static bool starts_with(const char *text, const char *start) {
    return strncmp(text, start, strlen(start)) == 0;
}

/** Of warnings, keeps those that tell of pixels: libjpeg's of damage, and lines of a fax that are
 * too short or too long. */
static int note_warning(TIFF *file, void *user, const char *module, const char *format,
                        va_list list) {
    clp_tiff *tiff = user;
    char text[sizeof tiff->message];
    if (module && strcmp(module, "JPEGLib") == 0) {
        vsnprintf(text, sizeof text, format, list);
        if (!tiff->message[0] &&
            (starts_with(text, "Corrupt JPEG data") || starts_with(text, "Premature end"))) {
            memcpy(tiff->message, text, sizeof text);
        }
    } else if (module && starts_with(module, "Fax") && !tiff->warning[0]) {
        vsnprintf(tiff->warning, sizeof tiff->warning, format, list);
    }
    (void)file;
    return 1;
}

clproc_status clp_tiff_failure(const clp_tiff *tiff, clproc_error *error) {
    /* libtiff puts the file's name in front, which it has not been told. */
    const char *message = tiff->message + (strncmp(tiff->message, ": ", 2) == 0 ? 2 : 0);
    return clp_error_set(error, CLPROC_ERROR_INPUT, "is not a TIFF that can be decoded: %s",
                         message[0] ? message : "it is damaged");
}

clproc_status clp_tiff_open(clp_tiff *tiff, TIFF **file, clproc_error *error) {
    /* A part of the file, as a table of strips, is hardly larger than all of it unpacked. */
    const tmsize_t most = (tmsize_t)1 << 31;
    TIFFOpenOptions *options = clp_libtiff.OpenOptionsAlloc();
    if (!options) {
        return clp_error_memory(error, "decoding a TIFF", 0);
    }
    clp_libtiff.OpenOptionsSetErrorHandlerExtR(options, note_error, tiff);
    clp_libtiff.OpenOptionsSetWarningHandlerExtR(options, note_warning, tiff);
    clp_libtiff.OpenOptionsSetMaxSingleMemAlloc(options, most);
    tiff->message[0] = tiff->warning[0] = '\0';
    tiff->position = 0;
    *file = clp_libtiff.ClientOpenExt("", "r", tiff, read_bytes, write_nothing, seek, close_nothing,
                                      file_size, map_file, unmap_nothing, options);
    clp_libtiff.OpenOptionsFree(options);
    return *file ? CLPROC_OK : clp_tiff_failure(tiff, error);
}

void clp_tiff_close(TIFF **file) {
    if (*file) {
        clp_libtiff.Close(*file);
    }
    *file = NULL;
}
