/* Prints the kernel variants that plans ask for, one a line: of every operation, alone and with
 * others, for every kind of picture. So a test that runs kernels knows whether it has run them all.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device/device_private.h"
#include "ops/ops.h"

enum { MOST = 256 };

static char seen[MOST][48];
static int count;

static void need(bool works, const char *what) {
    if (!works) {
        fprintf(stderr, "%s does not work\n", what);
        exit(1);
    }
}

static void note(const clp_plan *plan) {
    for (size_t i = 0; i < plan->pass_count; i++) {
        const clp_variant variant = clp_pass_variant(plan, &plan->passes[i]);
        char name[sizeof seen[0]];
        int at = 0;
        clp_variant_name(&variant, name, sizeof name);
        while (at < count && strcmp(seen[at], name) != 0) {
            at++;
        }
        if (at == count) {
            need(count < MOST, "so many variants");
            strcpy(seen[count++], name);
            puts(name);
        }
    }
}

/** Terms as a run makes them; false for what cannot be. */
static bool make_terms(clp_terms *terms, const clproc_pipeline *pipeline, const clp_layout *layout,
                       const clp_target *target, bool linear, bool apart) {
    static const double white[4] = {255, 255, 255, 255};
    clp_terms_init(terms, layout, layout->width, layout->height);
    terms->linear = linear;
    terms->apart = apart;
    bool made = clp_pipeline_terms(pipeline, terms, NULL) == CLPROC_OK &&
                clp_terms_settle(terms, NULL) == CLPROC_OK;
    if (made && target->format == CLPROC_FORMAT_JPEG && terms->alpha) {
        made = clp_terms_custom(terms, "flatten", CLP_CUSTOM_FLATTEN, white, NULL) == CLPROC_OK;
    }
    if (!made) {
        clp_terms_free(terms);
    }
    return made;
}

/** Plans one pipeline for one kind of stored picture. */
static void plan(const clproc_pipeline *pipeline, const clp_layout *whole, const clp_target *target,
                 bool linear, bool apart) {
    clp_layout layout = *whole;
    clp_terms terms;
    clp_plan *made = NULL;
    uint32_t eighths;
    if (!make_terms(&terms, pipeline, &layout, target, linear, apart)) {
        return;
    }
    clp_plan_choose_decoding(&terms, target, whole->model, true, false, &layout.model, &eighths);
    if (layout.model != whole->model) {
        clp_terms_free(&terms);
        need(clp_layout_place(&layout), "clp_layout_place()");
        if (!make_terms(&terms, pipeline, &layout, target, linear, apart)) {
            return;
        }
    }
    if (clp_plan_create(&made, &layout, &terms, target, NULL) == CLPROC_OK) {
        note(made);
    }
    clp_plan_release(&made);
}

static void plan_all(const clproc_pipeline *pipeline) {
    static const clproc_format formats[] = {CLPROC_FORMAT_PNG, CLPROC_FORMAT_JPEG};
    for (unsigned i = 0; i < 5 * 2 * 2 * 3 * 2 * 2; i++) {
        unsigned rest = i;
        clp_layout layout = {.model = (clp_model)(rest % 5), .width = 70, .height = 33};
        rest /= 5;
        layout.depth = rest % 2 ? 16 : 8;
        rest /= 2;
        clp_target target = {.format = formats[rest % 2]};
        rest /= 2;
        target.depth = rest % 3 * 8;
        rest /= 3;
        for (int p = 0; p < CLP_MAX_PLANES; p++) {
            uint32_t step = layout.model == CLP_MODEL_YCC && p ? 2 : 1;
            layout.planes[p].h_step = layout.planes[p].v_step = step;
            target.source_h_step[p] = target.source_v_step[p] = step;
        }
        if (layout.model == CLP_MODEL_YCC && layout.depth == 16) {
            continue; /* no such JPEG is decoded */
        }
        need(clp_layout_place(&layout), "clp_layout_place()");
        plan(pipeline, &layout, &target, rest % 2, rest / 2);
    }
}

int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        clproc_pipeline *pipeline = NULL;
        clproc_error error;
        need(clproc_pipeline_create(&pipeline, &error) == CLPROC_OK, "clproc_pipeline_create()");
        if (argv[i][0] && clproc_pipeline_parse(pipeline, argv[i], &error) != CLPROC_OK) {
            fprintf(stderr, "%s: %s\n", argv[i], error.message);
            return 1;
        }
        plan_all(pipeline);
        clproc_pipeline_destroy(&pipeline);
    }
    return 0;
}
