#include "index/old.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "batch/hashset.h"
#include "core/memory.h"

enum { FIRST_SLOTS = 64 };

static clp_key key_of(const char *text) {
    return clp_key_of_bytes(text, strlen(text));
}

/** The moment of a date with its zone, which another run may have printed in another, in ns; the
 * hash of what is no such date. */
static uint64_t moment_of(const char *date) {
    struct tm time = {0};
    char sign;
    int hours, minutes, used = 0;
    uint64_t ns = 0;
    if (sscanf(date, "%4d:%2d:%2d %2d:%2d:%2d%n", &time.tm_year, &time.tm_mon, &time.tm_mday,
               &time.tm_hour, &time.tm_min, &time.tm_sec, &used) != 6) {
        return key_of(date).low;
    }
    const char *rest = date + used;
    if (*rest == '.') {
        rest++;
        for (uint64_t unit = 100000000; *rest >= '0' && *rest <= '9'; rest++, unit /= 10) {
            ns += unit * (uint64_t)(*rest - '0');
        }
    }
    if (sscanf(rest, "%c%2d:%2d", &sign, &hours, &minutes) != 3) {
        return key_of(date).low;
    }
    time.tm_year -= 1900;
    time.tm_mon -= 1;
    int64_t offset = 3600 * hours + 60 * minutes;
    int64_t seconds = timegm(&time) - (sign == '-' ? -offset : offset);
    return (uint64_t)seconds * 1000000000 + ns;
}

/** The hash of a file's name, size and date; 0: nothing is known of it. Names are in it, too, so
 * that two of one hash are not taken for each other. */
static uint64_t state_of(const char *path, uint64_t size, const char *date) {
    struct {
        clp_key path;
        uint64_t moment, size;
    } facts = {key_of(path), moment_of(date), size};
    return clp_key_of_bytes(&facts, sizeof facts).low;
}

/** The slot of a name, or the free one where it belongs; there is a free one. */
static uint32_t *find_slot(const clp_old *old, uint64_t name) {
    size_t at = name & (old->slot_count - 1);
    while (old->slots[at] > 0 && old->rows[old->slots[at] - 1].name != name) {
        at = (at + 1) & (old->slot_count - 1);
    }
    return &old->slots[at];
}

/** Sees to it that a quarter of the slots is free. */
static clproc_status make_slots(clp_old *old, clproc_error *error) {
    if (old->count < old->slot_count / 4 * 3) {
        return CLPROC_OK;
    }
    size_t count = old->slot_count > 0 ? 2 * old->slot_count : FIRST_SLOTS;
    uint32_t *slots = clp_memory_zero(CLP_MEMORY_LISTING, count, sizeof *slots);
    if (!slots) {
        return clp_error_memory(error, "the index as it was", count * sizeof *slots);
    }
    clp_memory_free(old->slots);
    old->slots = slots;
    old->slot_count = count;
    for (size_t i = 0; i < old->count; i++) {
        *find_slot(old, old->rows[i].name) = (uint32_t)i + 1;
    }
    return CLPROC_OK;
}

clproc_status clp_old_add(clp_old *old, const clp_row *row, uint64_t place, bool same,
                          clproc_error *error) {
    const clp_cell *size = &row->values[CLP_FIELD_FILE_SIZE];
    const char *path = clp_row_get(row, CLP_FIELD_SOURCE_FILE);
    /* What could not be read may be readable by now. */
    bool known = size->kind == CLP_CELL_INTEGER && !clp_row_has(row, CLP_FIELD_ERROR);
    clp_old_row made = {.name = key_of(path).low, .place = place, .same = same};
    if (known) {
        made.state =
            state_of(path, (uint64_t)size->integer, clp_row_get(row, CLP_FIELD_FILE_MODIFY_DATE));
    }
    clp_old_row *rows = clp_memory_grow(CLP_MEMORY_LISTING, old->rows, &old->capacity,
                                        old->count + 1, sizeof *rows);
    if (!rows || old->count >= UINT32_MAX) {
        return clp_error_memory(error, "the index as it was", old->count * sizeof *rows);
    }
    old->rows = rows;
    clproc_status status = make_slots(old, error);
    if (status == CLPROC_OK) {
        uint32_t *slot = find_slot(old, made.name);
        *slot = *slot > 0 ? *slot : (uint32_t)++old->count;
        rows[*slot - 1] = made;
    }
    return status;
}

clp_old_row *clp_old_find(const clp_old *old, const char *path) {
    uint32_t number = old->slot_count > 0 ? *find_slot(old, key_of(path).low) : 0;
    return number > 0 ? &old->rows[number - 1] : NULL;
}

bool clp_old_is_unchanged(const clp_old_row *row, const char *path, uint64_t size,
                          const char *date) {
    return row->state != 0 && row->state == state_of(path, size, date);
}

void clp_old_free(clp_old *old) {
    clp_memory_free(old->rows);
    clp_memory_free(old->slots);
    *old = (clp_old){0};
}
