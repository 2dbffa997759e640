#include "stress/cases.h"

#include <string.h>

#include "core/memory.h"

void clp_cases_free(clp_cases *cases) {
    for (size_t i = 0; i < cases->count; i++) {
        clproc_pipeline_destroy(&cases->items[i].pipeline);
    }
    clp_memory_free(cases->items);
    *cases = (clp_cases){0};
}

/** Adds a case; `pipeline` NULL: none. */
static clproc_status add(clp_cases *cases, const char *name, const char *pipeline,
                         clproc_format format, clproc_error *error) {
    clproc_status status = CLPROC_OK;
    clp_case *items = clp_memory_grow(CLP_MEMORY_OTHER, cases->items, &cases->capacity,
                                      cases->count + 1, sizeof *items);
    if (!items) {
        return clp_error_memory(error, "the operations", sizeof *items);
    }
    cases->items = items;
    clp_case *made = &items[cases->count++];
    *made = (clp_case){.format = format};
    snprintf(made->name, sizeof made->name, "%s", name);
    if (pipeline) {
        CLP_TRY(status, out, clproc_pipeline_create(&made->pipeline, error));
        CLP_TRY(status, out, clproc_pipeline_parse(made->pipeline, pipeline, error));
    }
out:
    return status;
}

static clproc_status add_pipeline(clp_cases *cases, const char *pipeline, clproc_error *error) {
    return add(cases, pipeline, pipeline, CLPROC_FORMAT_KEEP, error);
}

static clproc_status add_blurs(clp_cases *cases, double radius, clproc_error *error) {
    clproc_status status = CLPROC_OK;
    for (double part = 4; status == CLPROC_OK && part >= 1; part /= 2) {
        char text[40];
        snprintf(text, sizeof text, "blur %.6g", radius / part);
        status = add_pipeline(cases, text, error);
    }
    return status;
}

static clproc_status add_resizes(clp_cases *cases, clproc_error *error) {
    static const char *const ratios[] = {"resize 25%", "resize 50%", "resize 75%", "resize 150%"};
    clproc_status status = CLPROC_OK;
    for (size_t i = 0; status == CLPROC_OK && i < sizeof ratios / sizeof *ratios; i++) {
        status = add_pipeline(cases, ratios[i], error);
    }
    return status;
}

static clproc_status add_conversions(clp_cases *cases, clproc_error *error) {
    clproc_status status;
    CLP_TRY(status, out, add_pipeline(cases, "gray", error));
    CLP_TRY(status, out, add(cases, "to JPEG", NULL, CLPROC_FORMAT_JPEG, error));
    CLP_TRY(status, out, add(cases, "to PNG", NULL, CLPROC_FORMAT_PNG, error));
out:
    return status;
}

/** The example of an operation named without a value; NULL for anything else. */
static const clproc_op_info *find_op(const char *text) {
    for (size_t i = 0; i < clproc_op_count(); i++) {
        if (strcmp(clproc_op_at(i)->name, text) == 0) {
            return clproc_op_at(i);
        }
    }
    return NULL;
}

static clproc_status add_asked(clp_cases *cases, const char *text, double radius,
                               clproc_error *error) {
    const clproc_op_info *op = find_op(text);
    char example[160];
    if (strcmp(text, "blur") == 0) {
        return add_blurs(cases, radius, error);
    }
    if (strcmp(text, "resize") == 0) {
        return add_resizes(cases, error);
    }
    if (strcmp(text, "convert") == 0) {
        return add_conversions(cases, error);
    }
    if (op) {
        snprintf(example, sizeof example, op->example[0] ? "%s %s" : "%s", op->name, op->example);
    }
    return add_pipeline(cases, op ? example : text, error);
}

clproc_status clp_cases_make(clp_cases *cases, const clproc_stress_params *params,
                             clproc_error *error) {
    static const char *const sweeps[] = {"blur", "resize", "convert"};
    const char *const *asked = params->operation_count ? params->operations : sweeps;
    size_t count = params->operation_count ? params->operation_count : 3;
    clproc_status status = CLPROC_OK;
    for (size_t i = 0; status == CLPROC_OK && i < count; i++) {
        status = asked && asked[i]
                     ? add_asked(cases, asked[i], params->blur_radius, error)
                     : clp_error_set(error, CLPROC_ERROR_ARGUMENT, "operation %zu is NULL", i + 1);
    }
    return status;
}
