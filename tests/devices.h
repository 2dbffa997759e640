/* Finding devices by what they are. Names differ between versions of a driver: PoCL's device was
 * called pthread-…, and is cpu-… since PoCL 4. */
#ifndef CLP_TESTS_DEVICES_H
#define CLP_TESTS_DEVICES_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "clproc/clproc.h"
#include "skip.h"

#define POCL "Portable Computing Language"
#define RUSTICL "rusticl"

/** Software that a driver may call a GPU. */
static inline bool is_emulated(const clproc_device_info *info) {
    return strstr(info->name, "llvmpipe") != NULL;
}

/** What selects the first usable device of a platform and a type, either of which may be NULL for
 * any: its index, as text. NULL if there is none. An emulated device counts as a CPU. */
static inline const char *find_device(const char *platform, const char *type) {
    static char texts[8][16];
    static int next;
    clproc_device_info *list = NULL;
    const char *selection = NULL;
    size_t count = 0;
    assert_int_equal(clproc_devices(&list, &count, NULL), CLPROC_OK);
    for (size_t i = 0; i < count && !selection; i++) {
        const char *is = is_emulated(&list[i]) ? "cpu" : list[i].type;
        if (list[i].usable && (!platform || strcmp(list[i].platform, platform) == 0) &&
            (!type || strcmp(is, type) == 0)) {
            char *text = texts[next++ % 8];
            snprintf(text, sizeof texts[0], "%d", list[i].index);
            selection = text;
        }
    }
    clproc_devices_free(&list);
    return selection;
}

/** PoCL on the processor; skips where it is not installed. */
static inline const char *need_pocl(void) {
    const char *selection = find_device(POCL, "cpu");
    if (!selection) {
        SKIP_BECAUSE("PoCL is not installed");
    }
    return selection;
}

#endif
