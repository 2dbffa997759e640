#include "batch/template.h"

#include <string.h>

#include "core/format.h"

/* -------------------------------------------------------------- endings */

/** The format of a name's ending, NULL if that is none. */
static const clp_format *find_ending(const char *name, size_t *stem) {
    const char *base = strrchr(name, '/');
    base = base ? base + 1 : name;
    const char *dot = strrchr(base, '.');
    /* Before the dot stands more than dots: a stem of "." or ".." would be no file's name. */
    if (!dot || strspn(base, ".") >= (size_t)(dot - base)) {
        return NULL;
    }
    *stem = (size_t)(dot - name);
    return clp_format_by_ending(dot + 1);
}

clproc_format clp_ending_format(const char *name) {
    size_t stem;
    const clp_format *found = find_ending(name, &stem);
    return found ? found->format : CLPROC_FORMAT_KEEP;
}

bool clp_ending_is_foreign(const char *name) {
    size_t stem;
    const clp_format *found = find_ending(name, &stem);
    return found && !found->written;
}

size_t clp_stem_length(const char *base) {
    size_t stem;
    return find_ending(base, &stem) ? stem : strlen(base);
}

const char *clp_format_ending(clproc_format format) {
    const clp_format *found = clp_format_of(format);
    return found ? found->endings[0] : NULL;
}

/* ------------------------------------------------------------ templates */

typedef enum key_kind {
    KEY_DIR,
    KEY_NAME,
    KEY_EXT,
    KEY_INDEX,
    KEY_WIDTH,
    KEY_HEIGHT,
    KEY_NONE
} key_kind;

static const char *const key_names[] = {"dir", "name", "ext", "index", "width", "height"};

/** The key at `text`, which begins with '{'; `*size` is its length with both braces, or all of the
 * text where it has no end. */
static key_kind read_key(const char *text, size_t *size) {
    const char *end = strchr(text, '}');
    if (!end) {
        *size = strlen(text);
        return KEY_NONE;
    }
    *size = (size_t)(end - text) + 1;
    for (int i = 0; i < KEY_NONE; i++) {
        if (strlen(key_names[i]) == *size - 2 && strncmp(text + 1, key_names[i], *size - 2) == 0) {
            return (key_kind)i;
        }
    }
    return KEY_NONE;
}

clproc_status clp_template_check(const char *text, clproc_error *error) {
    size_t length = strlen(text), size;
    for (const char *at = strchr(text, '{'); at; at = strchr(at + size, '{')) {
        if (read_key(at, &size) == KEY_NONE) {
            return clp_error_set(error, CLPROC_ERROR_ARGUMENT,
                                 "output template '%s': '%.*s' is no key; use {dir} {name} {ext} "
                                 "{index} {width} {height}, and no other braces",
                                 text, size < 32 ? (int)size : 32, at);
        }
    }
    if (length == 0 || text[length - 1] == '/' ||
        (length >= 5 && strcmp(text + length - 5, "{dir}") == 0)) {
        return clp_error_set(error, CLPROC_ERROR_ARGUMENT,
                             "output template '%s' names a folder; end it with a file name, as in "
                             "'{dir}/{name}.{ext}'",
                             text);
    }
    return CLPROC_OK;
}

/** Appends the components of a folder that lead downwards: below another folder, "/" and ".." would
 * lead elsewhere. */
static clproc_status append_downward(const char *dir, size_t size, clp_bytes *out,
                                     clproc_error *error) {
    clproc_status status = CLPROC_OK;
    bool first = true;
    for (const char *at = dir, *end = dir + size; status == CLPROC_OK && at < end;) {
        const char *slash = memchr(at, '/', (size_t)(end - at));
        size_t length = (size_t)((slash ? slash : end) - at);
        bool dots = (length == 1 && at[0] == '.') || (length == 2 && at[0] == '.' && at[1] == '.');
        if (length > 0 && !dots) {
            status = first ? CLPROC_OK : clp_bytes_append(out, "/", 1, error);
            if (status == CLPROC_OK) {
                status = clp_bytes_append(out, at, length, error);
            }
            first = false;
        }
        at += length + 1;
    }
    if (status == CLPROC_OK && first) {
        status = clp_bytes_append(out, ".", 1, error);
    }
    return status;
}

static unsigned digits(uint64_t number) {
    unsigned count = 1;
    while (number >= 10) {
        number /= 10;
        count++;
    }
    return count;
}

static clproc_status append_key(key_kind key, const clp_template_values *values, clp_bytes *out,
                                bool *known, clproc_error *error) {
    char number[32] = "";
    switch (key) {
    case KEY_DIR:
        /* Standing first, it is the input's own folder, wherever that is. */
        return out->size == 0 ? clp_bytes_append(out, values->dir, values->dir_size, error)
                              : append_downward(values->dir, values->dir_size, out, error);
    case KEY_NAME:
        return clp_bytes_append(out, values->name, values->name_size, error);
    case KEY_EXT:
        *known = *known && values->ext;
        return values->ext ? clp_bytes_append(out, values->ext, strlen(values->ext), error)
                           : CLPROC_OK;
    case KEY_INDEX:
        snprintf(number, sizeof number, "%0*llu", (int)digits(values->count),
                 (unsigned long long)values->index);
        break;
    case KEY_WIDTH:
    case KEY_HEIGHT:
        *known = *known && values->width;
        snprintf(number, sizeof number, "%u", key == KEY_WIDTH ? values->width : values->height);
        break;
    case KEY_NONE:
        break;
    }
    return clp_bytes_append(out, number, strlen(number), error);
}

clproc_status clp_template_expand(const char *text, const clp_template_values *values,
                                  clp_bytes *out, bool *known, clproc_error *error) {
    clproc_status status = CLPROC_OK;
    *known = true;
    while (status == CLPROC_OK && *text) {
        size_t size = strcspn(text, "{");
        if (size > 0) {
            status = clp_bytes_append(out, text, size, error);
        } else {
            status = append_key(read_key(text, &size), values, out, known, error);
        }
        text += size;
    }
    return status;
}
