#include "index/name.h"

#include <stdio.h>
#include <string.h>

#include "core/utf8.h"

static int digit_of(char c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/** True for a backslash, x and two digits. */
static bool is_spelled(const char *text, size_t left) {
    return left >= 4 && text[0] == '\\' && text[1] == 'x' && digit_of(text[2]) >= 0 &&
           digit_of(text[3]) >= 0;
}

/** Bytes of the character at `name` that stand for themselves; 0 if they do not. */
static size_t plain_length(const char *name, size_t left) {
    return is_spelled(name, left) ? 0 : clp_utf8_length((const unsigned char *)name, left);
}

clproc_status clp_name_spell(clp_bytes *to, const char *name, size_t size, clproc_error *error) {
    clproc_status status = CLPROC_OK;
    for (size_t at = 0; status == CLPROC_OK && at < size;) {
        size_t start = at, length;
        while (at < size && (length = plain_length(name + at, size - at)) > 0) {
            at += length;
        }
        CLP_TRY(status, out, clp_bytes_append(to, name + start, at - start, error));
        if (at < size) {
            char spelled[8];
            snprintf(spelled, sizeof spelled, "\\x%02x", (unsigned char)name[at++]);
            status = clp_bytes_append(to, spelled, strlen(spelled), error);
        }
    }
out:
    return status;
}

unsigned char clp_name_next(const char **at) {
    const char *text = *at;
    if (text[0] == '\\' && is_spelled(text, strnlen(text, 4))) {
        *at += 4;
        return (unsigned char)(digit_of(text[2]) << 4 | digit_of(text[3]));
    }
    *at += text[0] != '\0';
    return (unsigned char)text[0];
}
