/** Pipelines: operations in order, with their parsed values. */
#include <string.h>

#include "core/memory.h"
#include "ops/ops_private.h"

typedef struct step {
    const clp_op *op;
    char *text; /**< the value as given, for printing */
    char *file; /**< that it needs read, or NULL */
    clp_value values[CLP_MAX_PARAMS];
} step;

struct clproc_pipeline {
    step *steps;
    size_t count, capacity;
};

clproc_status clproc_pipeline_create(clproc_pipeline **pipeline, clproc_error *error) {
    if (!pipeline) {
        return clp_error_set(error, CLPROC_ERROR_ARGUMENT,
                             "clproc_pipeline_create() needs a place for the pipeline");
    }
    *pipeline = clp_memory_zero(CLP_MEMORY_PLAN, 1, sizeof **pipeline);
    return *pipeline ? CLPROC_OK : clp_error_memory(error, "a pipeline", sizeof **pipeline);
}

/** Takes back all steps but the first `count`. */
static void shorten(clproc_pipeline *pipeline, size_t count) {
    while (pipeline->count > count) {
        step *last = &pipeline->steps[--pipeline->count];
        clp_memory_free(last->text);
        clp_memory_free(last->file);
    }
}

void clproc_pipeline_destroy(clproc_pipeline **pipeline) {
    if (pipeline && *pipeline) {
        shorten(*pipeline, 0);
        clp_memory_free((*pipeline)->steps);
        clp_memory_free(*pipeline);
        *pipeline = NULL;
    }
}

size_t clproc_pipeline_length(const clproc_pipeline *pipeline) {
    return pipeline ? pipeline->count : 0;
}

static clproc_status unknown_operation(const char *name, clproc_error *error) {
    char known[512];
    size_t used = 0;
    for (size_t i = 0; i < clp_ops_count() && used < sizeof known; i++) {
        used += (size_t)snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "",
                                 clp_ops_at(i)->name);
    }
    return clp_error_set(error, CLPROC_ERROR_ARGUMENT,
                         "there is no operation \"%.64s\"; there are %s", name, known);
}

/** Gives a step texts of its own; false without memory for them. */
static bool keep_text(step *made, const char *value) {
    clp_value *first = &made->values[0];
    made->text = clp_memory_string(CLP_MEMORY_PLAN, value);
    if (made->text && first->text) {
        made->file = clp_memory_zero(CLP_MEMORY_PLAN, first->count + 1, 1);
        if (made->file) {
            memcpy(made->file, first->text, first->count);
        } else {
            clp_memory_free(made->text);
            made->text = NULL;
        }
        first->text = made->file;
    }
    return made->text != NULL;
}

clproc_status clproc_pipeline_add(clproc_pipeline *pipeline, const char *name, const char *value,
                                  clproc_error *error) {
    const clp_op *op = name ? clp_ops_find(name) : NULL;
    step made = {.op = op};
    if (!pipeline || !name) {
        return clp_error_set(error, CLPROC_ERROR_ARGUMENT,
                             "clproc_pipeline_add() needs a pipeline and an operation");
    }
    if (!op) {
        return unknown_operation(name, error);
    }
    clproc_status status = clp_ops_parse(op, value ? value : "", made.values, error);
    if (status == CLPROC_OK && op->check) {
        status = op->check(made.values, error);
    }
    if (status != CLPROC_OK) {
        return status;
    }
    step *steps = clp_memory_grow(CLP_MEMORY_PLAN, pipeline->steps, &pipeline->capacity,
                                  pipeline->count + 1, sizeof *steps);
    pipeline->steps = steps ? steps : pipeline->steps;
    if (!steps || !keep_text(&made, value ? value : "")) {
        return clp_error_memory(error, "a pipeline", sizeof *steps);
    }
    steps[pipeline->count++] = made;
    return CLPROC_OK;
}

/** Cuts blanks off both ends. */
static char *trim(char *text) {
    text += strspn(text, " \t\r\n");
    size_t length = strlen(text);
    while (length > 0 && strchr(" \t\r\n", text[length - 1])) {
        text[--length] = '\0';
    }
    return text;
}

clproc_status clproc_pipeline_parse(clproc_pipeline *pipeline, const char *text,
                                    clproc_error *error) {
    if (!pipeline || !text) {
        return clp_error_set(error, CLPROC_ERROR_ARGUMENT,
                             "clproc_pipeline_parse() needs a pipeline and a text");
    }
    char *copy = clp_memory_string(CLP_MEMORY_PLAN, text), *rest = copy;
    size_t before = pipeline->count;
    clproc_status status = CLPROC_OK;
    if (!copy) {
        return clp_error_memory(error, "a pipeline", strlen(text));
    }
    while (rest && status == CLPROC_OK) {
        char *part = trim(strsep(&rest, "|"));
        char *value = part + strcspn(part, " \t");
        if (*value) {
            *value++ = '\0';
        }
        if (*part == '\0') {
            status = clp_error_set(
                error, CLPROC_ERROR_ARGUMENT,
                "\"%s\": an operation is missing; write as in \"resize 1920x | blur 2\"", text);
        } else {
            status = clproc_pipeline_add(pipeline, part, trim(value), error);
        }
    }
    if (status != CLPROC_OK) {
        shorten(pipeline, before);
    }
    clp_memory_free(copy);
    return status;
}

size_t clproc_pipeline_print(const clproc_pipeline *pipeline, char *text, size_t size) {
    size_t length = 0;
    if (size > 0) {
        text[0] = '\0';
    }
    for (size_t i = 0; i < clproc_pipeline_length(pipeline); i++) {
        const step *s = &pipeline->steps[i];
        size_t room = length < size ? size - length : 0;
        int count = snprintf(room ? text + length : NULL, room, "%s%s%s%s", i ? " | " : "",
                             s->op->name, s->text[0] ? " " : "", s->text);
        length += count > 0 ? (size_t)count : 0;
    }
    return length;
}

const clp_op *clp_pipeline_op(const clproc_pipeline *pipeline, size_t index) {
    return pipeline->steps[index].op;
}

const char *clp_pipeline_file(const clproc_pipeline *pipeline, size_t index) {
    return pipeline->steps[index].file;
}

clproc_status clp_pipeline_terms(const clproc_pipeline *pipeline, clp_terms *terms,
                                 clproc_error *error) {
    clproc_status status = CLPROC_OK;
    for (size_t i = 0; status == CLPROC_OK && i < clproc_pipeline_length(pipeline); i++) {
        const step *s = &pipeline->steps[i];
        status = s->op->terms(s->values, terms, error);
    }
    return status == CLPROC_OK ? clp_terms_linearise(terms, error) : status;
}
