#include "stress/outputs.h"

#include <stdlib.h>
#include <string.h>

#include "core/memory.h"

void clp_outputs_add(clp_outputs *outputs, const clproc_event *event) {
    clp_output *items = clp_memory_grow(CLP_MEMORY_OTHER, outputs->items, &outputs->capacity,
                                        outputs->count + 1, sizeof *items);
    char *name =
        clp_memory_string(CLP_MEMORY_OTHER, event->output[0] ? event->output : event->input);
    if (items) {
        outputs->items = items;
    }
    if (!items || !name) {
        clp_memory_free(name);
        outputs->failed = true;
        return;
    }
    clp_output *made = &items[outputs->count++];
    made->name = name;
    snprintf(made->digest, sizeof made->digest, "%s", event->digest);
}

static int by_name(const void *a, const void *b) {
    const clp_output *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    return order ? order : strcmp(x->digest, y->digest);
}

void clp_outputs_sort(clp_outputs *outputs) {
    if (outputs->count > 0) {
        qsort(outputs->items, outputs->count, sizeof *outputs->items, by_name);
    }
}

const char *clp_outputs_difference(const clp_outputs *a, const clp_outputs *b) {
    for (size_t i = 0; i < a->count && i < b->count; i++) {
        int order = by_name(&a->items[i], &b->items[i]);
        if (order != 0) {
            return order < 0 ? a->items[i].name : b->items[i].name; /* what the other lacks */
        }
    }
    const clp_outputs *longer = a->count > b->count ? a : b;
    size_t shared = a->count > b->count ? b->count : a->count;
    return a->count == b->count ? NULL : longer->items[shared].name;
}

void clp_outputs_free(clp_outputs *outputs) {
    for (size_t i = 0; i < outputs->count; i++) {
        clp_memory_free(outputs->items[i].name);
    }
    clp_memory_free(outputs->items);
    *outputs = (clp_outputs){0};
}
