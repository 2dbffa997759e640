/** What help and documentation say of the operations, from their tables. */
#include <pthread.h>
#include <string.h>

#include "ops/ops_private.h"

void clp_param_range(const clp_param *param, char *text, size_t size) {
    size_t length;
    switch (param->kind) {
    case CLP_PARAM_NUMBER:
        snprintf(text, size, "a number from %g to %g", param->least, param->most);
        break;
    case CLP_PARAM_WHOLE:
        snprintf(text, size, "a whole number from %g to %g", param->least, param->most);
        break;
    case CLP_PARAM_NUMBERS:
        snprintf(text, size, "numbers from %g to %g, separated by commas", param->least,
                 param->most);
        break;
    case CLP_PARAM_SIZE:
        snprintf(text, size, "WxH, Wx, xH, W or N%%");
        break;
    case CLP_PARAM_AREA:
        snprintf(text, size, "WxH+X+Y, WxH or a ratio W:H");
        break;
    case CLP_PARAM_COLOUR:
        snprintf(text, size,
                 "#rgb, #rrggbb, #rrggbbaa or a name (black, white, gray, red, green, blue, "
                 "yellow, transparent)");
        break;
    case CLP_PARAM_LENGTH:
        snprintf(text, size, "N pixels, N%% or auto");
        break;
    case CLP_PARAM_FILE:
        snprintf(text, size, "a file's name without |");
        break;
    case CLP_PARAM_CHOICE:
        snprintf(text, size, "one of");
        for (int i = 0; param->choices[i]; i++) {
            length = strlen(text);
            snprintf(text + length, size - length, "%s %s", i ? "," : "", param->choices[i]);
        }
        break;
    }
}

static const char *kind_name(clp_param_kind kind) {
    static const char *const names[] = {
        [CLP_PARAM_NUMBER] = "number",   [CLP_PARAM_WHOLE] = "whole number",
        [CLP_PARAM_NUMBERS] = "numbers", [CLP_PARAM_SIZE] = "size",
        [CLP_PARAM_AREA] = "area",       [CLP_PARAM_CHOICE] = "choice",
        [CLP_PARAM_COLOUR] = "colour",   [CLP_PARAM_LENGTH] = "length",
        [CLP_PARAM_FILE] = "file"};
    return names[kind];
}

enum {
#define OP(name) INDEX_##name,
#include "ops/ops.def"
#undef OP
    OP_COUNT
};

/** The public view, derived from the operations' tables at the first question and constant from
 * then on. */
static struct {
    pthread_once_t once;
    clproc_op_info infos[OP_COUNT];
    clproc_param_info params[OP_COUNT][CLP_MAX_PARAMS];
    char ranges[OP_COUNT][CLP_MAX_PARAMS][160];
    char usages[OP_COUNT][160];
} view = {.once = PTHREAD_ONCE_INIT};

static void derive_op(size_t index) {
    const clp_op *op = clp_ops_at(index);
    char *usage = view.usages[index];
    size_t room = sizeof view.usages[index];
    for (uint32_t i = 0; i < op->param_count; i++) {
        const clp_param *param = &op->params[i];
        size_t length = strlen(usage);
        clp_param_range(param, view.ranges[index][i], sizeof view.ranges[index][i]);
        view.params[index][i] =
            (clproc_param_info){param->name, kind_name(param->kind), view.ranges[index][i],
                                param->fallback, param->help};
        snprintf(usage + length, room - length, i ? "[:%s=...]" : "%s", param->name);
    }
    view.infos[index] = (clproc_op_info){.name = op->name,
                                         .usage = usage,
                                         .example = op->example,
                                         .help = op->help,
                                         .details = op->details ? op->details : "",
                                         .params = view.params[index],
                                         .param_count = op->param_count};
}

static void derive(void) {
    for (size_t i = 0; i < OP_COUNT; i++) {
        derive_op(i);
    }
}

size_t clproc_op_count(void) {
    return OP_COUNT;
}

const clproc_op_info *clproc_op_at(size_t index) {
    pthread_once(&view.once, derive);
    return index < OP_COUNT ? &view.infos[index] : NULL;
}
