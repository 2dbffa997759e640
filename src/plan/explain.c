/** A plan in words: what was asked for, and the passes it became. */
#include <string.h>

#include "plan/lower.h"

static void describe_matrix(const clp_term *term, char *text, size_t size) {
    if (term->gaussian_sigma > 0) {
        snprintf(text, size, "Gaussian, sigma %g", term->gaussian_sigma);
    } else if (clp_axis_is_index(&term->y) && clp_axis_is_index(&term->x)) {
        snprintf(text, size, "index %u x %u -> %u x %u%s", term->x.in, term->y.in,
                 term->transpose ? term->y.out : term->x.out,
                 term->transpose ? term->x.out : term->y.out,
                 term->transpose ? ", transposed" : "");
    } else {
        snprintf(text, size, "matrix y %u -> %u (%u taps), x %u -> %u (%u taps)%s", term->y.in,
                 term->y.out, term->y.taps, term->x.in, term->x.out, term->x.taps,
                 term->transpose ? ", transposed" : "");
    }
}

static void print_terms(const clp_terms *terms, FILE *out) {
    static const char *const kinds[] = {"SPATIAL", "COLOUR", "CURVE", "TABLE", "KERNEL"};
    fprintf(out, "asked for:%s\n", terms->count ? "" : " nothing (the picture is copied)");
    for (size_t i = 0; i < terms->count; i++) {
        const clp_term *term = &terms->items[i];
        char text[160] = "";
        if (term->kind == CLP_TERM_SPATIAL) {
            describe_matrix(term, text, sizeof text);
        } else if (term->kind == CLP_TERM_COLOUR) {
            snprintf(text, sizeof text, "%u -> %u channels", term->colour.in, term->colour.out);
        } else if (term->kind == CLP_TERM_TABLE) {
            snprintf(text, sizeof text, "%u -> %u channels, %u points each", term->conversion->in,
                     term->conversion->out, term->conversion->grid);
        } else if (term->overlay) {
            snprintf(text, sizeof text, "%u x %u -> %u x %u at %lld, %lld, opacity %g%s",
                     term->overlay->width, term->overlay->height, term->x.out, term->y.out,
                     (long long)term->left, (long long)term->top,
                     term->parameter[CLP_OVERLAY_OPACITY],
                     term->conversion ? ", brought to the picture's profile" : "");
        }
        fprintf(out, "  %-8s %-12s %s\n", kinds[term->kind], term->op, text);
    }
}

static void print_surface(const clp_plan *plan, uint32_t index, FILE *out) {
    static const char *const roles[] = {"input", "scratch", "output"};
    const clp_surface *surface = &plan->surfaces[index];
    fprintf(out, "%s %ux%u", roles[surface->role], surface->width, surface->height);
    if (surface->channels > 1) {
        fprintf(out, "x%u", surface->channels);
    }
    fprintf(out, " %s", clp_sample_name(surface->sample));
}

static void print_pass(const clp_plan *plan, const clp_pass *pass, FILE *out) {
    static const char *const kinds[] = {"filter", "reindex", "colour", "features"};
    fprintf(out, "  %d  %-8s %-22s ", pass->level + 1, kinds[pass->kind], pass->label);
    print_surface(plan, pass->src[0], out);
    if (pass->src_count > 1) {
        fprintf(out, " (%u planes)", pass->src_count);
    }
    fprintf(out, " -> ");
    print_surface(plan, pass->dst[0], out);
    if (pass->dst_count > 1) {
        fprintf(out, " (%u planes)", pass->dst_count);
    }
    if (pass->kind == CLP_PASS_FILTER) {
        fprintf(out, ", %u taps%s", pass->taps, pass->transpose ? ", stored transposed" : "");
    } else if (pass->transpose) {
        fprintf(out, ", transposed");
    }
    fprintf(out, "; %.2f MB, %.2f Mop\n", (double)(pass->bytes_read + pass->bytes_written) / 1e6,
            (double)pass->operations / 1e6);
}

/** Bytes and multiply-adds of running each term by itself on all of a full-size float RGB picture:
 * what a program without a planner does. */
static void naive_cost(const clp_plan *plan, double *bytes, double *operations, uint32_t *passes) {
    const clp_terms *terms = &plan->terms;
    double width = plan->input.width, height = plan->input.height;
    double channels =
               plan->input.model == CLP_MODEL_GRAY ? 1 : clp_model_channels(plan->input.model),
           size = 4;
    *bytes = *operations = 0;
    *passes = 0;
    for (size_t i = 0; i < terms->count; i++) {
        const clp_term *term = &terms->items[i];
        double pixels = width * height;
        if (term->kind != CLP_TERM_SPATIAL) {
            *bytes += 2 * pixels * channels * size;
            *operations += pixels * channels * channels;
            *passes += 1;
            continue;
        }
        bool blur = term->gaussian_sigma > 0;
        double taps = clp_gaussian_taps(term);
        double ty = blur ? taps : term->y.taps, tx = blur ? taps : term->x.taps;
        double h = blur ? height : term->y.out, w = blur ? width : term->x.out;
        *bytes += (pixels + 2 * h * width + h * w) * channels * size;
        *operations += (h * width * ty + h * w * tx) * channels;
        *passes += 2;
        width = term->transpose ? h : w;
        height = term->transpose ? w : h;
    }
}

static void print_layout(const char *name, const clp_layout *layout, FILE *out) {
    fprintf(out, "%s: %u x %u %s, %u bits", name, layout->width, layout->height,
            clp_model_name(layout->model), layout->depth);
    if (layout->plane_count > 1) {
        fprintf(out, ", planes");
        for (uint32_t i = 0; i < layout->plane_count; i++) {
            fprintf(out, " %ux%u", layout->planes[i].width, layout->planes[i].height);
        }
    } else if (layout->model == CLP_MODEL_GRAY) {
        fprintf(out, ", one plane");
    }
    fprintf(out, "\n");
}

uint64_t clp_plan_traffic(const clp_plan *plan) {
    uint64_t bytes = 0;
    for (size_t i = 0; i < plan->pass_count; i++) {
        bytes += plan->passes[i].bytes_read + plan->passes[i].bytes_written;
    }
    return bytes;
}

static uint64_t operations_of(const clp_plan *plan) {
    uint64_t operations = 0;
    for (size_t i = 0; i < plan->pass_count; i++) {
        operations += plan->passes[i].operations;
    }
    return operations;
}

void clp_plan_summary(const clp_plan *plan, char *text, size_t size) {
    const char *last = "";
    size_t used = (size_t)snprintf(text, size, "%s %ux%u", clp_model_name(plan->input.model),
                                   plan->input.width, plan->input.height);
    for (size_t i = 0; i < plan->pass_count && used < size; i++) {
        /* The passes of a level do the same, each on a plane. */
        if (strcmp(plan->passes[i].label, last) != 0) {
            last = plan->passes[i].label;
            used += (size_t)snprintf(text + used, size - used, " > %s", last);
        }
    }
    if (used < size) {
        snprintf(text + used, size - used, " > %ux%u: %zu passes, %.1f MB, %.1f M multiply-adds",
                 plan->output.width, plan->output.height, plan->pass_count,
                 (double)clp_plan_traffic(plan) / 1e6, (double)operations_of(plan) / 1e6);
    }
}

void clp_plan_explain(const clp_plan *plan, FILE *out) {
    double naive_bytes, naive_operations;
    uint32_t naive_passes;
    print_terms(&plan->terms, out);
    naive_cost(plan, &naive_bytes, &naive_operations, &naive_passes);
    print_layout("decoded", &plan->input, out);
    fprintf(out, "passes:\n");
    for (size_t i = 0; i < plan->pass_count; i++) {
        print_pass(plan, &plan->passes[i], out);
    }
    if (plan->bands.count > 0) {
        size_t held = 0;
        for (uint32_t i = 0; i < plan->pass_count; i++) {
            held += clp_bands_hold(&plan->bands, i);
        }
        fprintf(out,
                "in bands: %u, on a device that shares memory; with a decoder that delivers rows, "
                "from %d windows of %.1f MB in turn\n",
                plan->bands.count, CLP_BAND_WINDOWS, (double)plan->bands.window.bytes / 1e6);
        if (held < plan->pass_count) {
            fprintf(out, "behind the last band: %zu passes, on the whole\n",
                    plan->pass_count - held);
        }
    }
    print_layout("encoded", &plan->output, out);
    fprintf(out,
            "before planning: %u passes, %.1f MB moved, %.1f Mop, on float pictures term by term\n",
            naive_passes, naive_bytes / 1e6, naive_operations / 1e6);
    fprintf(out,
            "after planning:  %zu passes in %d levels, %.1f MB moved, %.1f Mop, %.1f KB of tables, "
            "%.1f MB of scratch\n",
            plan->pass_count, plan->level_count, (double)clp_plan_traffic(plan) / 1e6,
            (double)operations_of(plan) / 1e6, (double)clp_plan_device_bytes(plan) / 1e3,
            (double)plan->scratch_bytes / 1e6);
}
