#include "batch/lossless.h"

#include <stdio.h>
#include <string.h>

#include "batch/kinds.h"
#include "batch/recipe.h"
#include "core/format.h"

/* ---------------------------------------------------------------- what may */

static bool has_operations(const clproc_run_params *params) {
    return params->pipeline && clproc_pipeline_length(params->pipeline) > 0;
}

/** True if pixels are to be encoded anew whatever they are. */
static bool encodes(const clproc_run_params *params) {
    bool converts = params->icc && strcmp(params->icc, "keep") != 0;
    return converts || params->reencode || params->depth != 0;
}

bool clp_lossless_possible(const clproc_run_params *params) {
    return !encodes(params) && (params->lossless || !has_operations(params));
}

bool clp_lossless_copies(const clproc_run_params *params) {
    return clp_lossless_possible(params) && !has_operations(params) && clp_kinds_are_all(params);
}

clproc_status clp_lossless_check(const clproc_run_params *params, clproc_error *error) {
    if (!params->lossless) {
        return CLPROC_OK;
    }
    for (size_t i = 0; params->pipeline && i < clproc_pipeline_length(params->pipeline); i++) {
        const clp_op *op = clp_pipeline_op(params->pipeline, i);
        if (!op->moves) {
            return clp_error_set(error, CLPROC_ERROR_ARGUMENT,
                                 "--lossless can rotate, flip and crop, but %s makes new pixels; "
                                 "leave out one of them",
                                 op->name);
        }
    }
    if (encodes(params)) {
        return clp_error_set(
            error, CLPROC_ERROR_ARGUMENT,
            "--lossless keeps pixels as they are stored, but --quality, "
            "--subsampling, --progressive, --png-level, --webp-lossless, --depth or --icc asks for "
            "new ones; leave out one of them");
    }
    return CLPROC_OK;
}

/* ------------------------------------------------------------------- moves */

/** Samples along one side, counted from the first, forwards or backwards. */
typedef struct walk {
    uint32_t first, count;
    bool back;
} walk;

/** The samples that an index map takes of those of a walk. */
static walk follow(const walk *from, const clp_axis *axis) {
    uint32_t start = (uint32_t)axis->start[0];
    bool back = axis->out > 1 && axis->start[1] < axis->start[0];
    return (walk){from->back ? from->first - start : from->first + start, axis->out,
                  from->back != back};
}

static void set_side(const walk *side, uint32_t *from, uint32_t *to, bool *flip) {
    *flip = side->back;
    *from = side->back ? side->first + 1 - side->count : side->first;
    *to = *from + side->count;
}

/** Where the pipeline takes its pixels from: what it does is stated once, by its terms. */
static clproc_status find_move(const clproc_run_params *params, const clp_header *header,
                               uint32_t orientation, clp_move *move, clproc_error *error) {
    const clp_layout any = {
        .model = CLP_MODEL_GRAY, .depth = 8, .width = header->width, .height = header->height};
    walk x = {0, header->width, false}, y = {0, header->height, false};
    clp_terms terms;
    clproc_status status;
    *move = (clp_move){0};
    clp_terms_init(&terms, &any, header->width, header->height);
    CLP_TRY(status, out, clp_terms_orient(&terms, orientation, error));
    if (params->pipeline) {
        CLP_TRY(status, out, clp_pipeline_terms(params->pipeline, &terms, error));
    }
    for (size_t i = 0; i < terms.count; i++) {
        const clp_term *term = &terms.items[i];
        if (term->kind != CLP_TERM_SPATIAL || term->gaussian_sigma != 0 ||
            !clp_axis_is_index(&term->x) || !clp_axis_is_index(&term->y) ||
            !clp_axis_is_normalised(&term->x) || !clp_axis_is_normalised(&term->y)) {
            status = clp_error_set(error, CLPROC_ERROR_INTERNAL, "%s moves no pixels", term->op);
            goto out;
        }
        /* x and y are sides of the picture as the terms so far have it. */
        walk along_x = follow(&x, &term->x), along_y = follow(&y, &term->y);
        x = term->transpose ? along_y : along_x;
        y = term->transpose ? along_x : along_y;
        move->transpose ^= term->transpose;
    }
    set_side(move->transpose ? &y : &x, &move->x0, &move->x1, &move->flip_x);
    set_side(move->transpose ? &x : &y, &move->y0, &move->y1, &move->flip_y);
out:
    clp_terms_free(&terms);
    return status;
}

static bool moves_nothing(const clp_move *move, const clp_header *header) {
    return !move->flip_x && !move->flip_y && !move->transpose && move->x0 == 0 && move->y0 == 0 &&
           move->x1 == header->width && move->y1 == header->height;
}

/* ------------------------------------------------------------------ choice */

static clproc_status refuse_format(const clp_header *header, clproc_error *error) {
    const clp_format *row = clp_format_of(header->format);
    return clp_error_set(
        error, CLPROC_ERROR_UNSUPPORTED,
        "is %s %s, and --lossless leaves it one; leave out --lossless, or give the "
        "output no other format",
        clp_format_article(row), row->name);
}

/** Inks are told by their profile alone: without it they become RGB first, unless that is asked
 * for. */
static bool loses_inks(const clproc_run_params *params, const clp_header *header) {
    return header->model == CLP_MODEL_CMYK && !(clp_kinds_of(params).blocks & CLPROC_METADATA_ICC);
}

static clproc_status choose_lossless(const clproc_run_params *params, const clp_header *header,
                                     uint32_t orientation, clp_kept *kept, clp_move *move,
                                     clproc_error *error) {
    const clp_format *row = clp_format_of(header->format);
    clproc_status status;
    CLP_TRY(status, out, find_move(params, header, orientation, move, error));
    if (moves_nothing(move, header)) {
        *kept = clp_lossless_copies(params) ? CLP_KEPT_FILE : CLP_KEPT_PIXELS;
    } else if (header->format == CLPROC_FORMAT_JPEG) {
        *kept = CLP_KEPT_BLOCKS;
        status = clp_move_fit(move, header, params->lossless == CLPROC_LOSSLESS_TRIM, error);
    } else if (!row->exact) {
        status = clp_error_set(error, CLPROC_ERROR_UNSUPPORTED,
                               "is %s %s, and --lossless can only move the blocks of JPEGs; leave "
                               "it out",
                               clp_format_article(row), row->name);
    }
out:
    return status;
}

clproc_status clp_lossless_choose(const clp_output *output, const clp_header *header,
                                  clp_kept *kept, clp_move *move, clproc_error *error) {
    const clproc_run_params *params = &output->params;
    clproc_format format = clp_output_format(output, header->format);
    *kept = CLP_KEPT_NOTHING;
    if (!clp_lossless_possible(params)) {
        return CLPROC_OK;
    }
    if (format != header->format) {
        return params->lossless ? refuse_format(header, error) : CLPROC_OK;
    }
    uint32_t orientation = clp_recipe_orientation(params, header);
    if (params->lossless) {
        return choose_lossless(params, header, orientation, kept, move, error);
    }
    bool turns = orientation != 1 && !(clp_kinds_of(params).parts & CLPROC_METADATA_ORIENTATION);
    if (clp_kinds_are_all(params)) {
        *kept = CLP_KEPT_FILE; /* with the tag that turns it */
    } else if (!turns && !loses_inks(params, header)) {
        *kept = CLP_KEPT_PIXELS;
    }
    return CLPROC_OK;
}

void clp_lossless_explain(const clp_header *header, clp_kept kept, const clp_move *move,
                          FILE *out) {
    if (kept == CLP_KEPT_FILE) {
        fprintf(out, "nothing is decoded: the file is copied whole\n");
    } else if (kept == CLP_KEPT_PIXELS) {
        fprintf(out, "nothing is decoded: metadata is written anew, pixels stay as stored\n");
    } else if (kept == CLP_KEPT_BLOCKS) {
        fprintf(out,
                "no sample is decoded: blocks of %u x %u, columns %u to %u, rows %u to %u,%s%s%s "
                "become %u x %u\n",
                header->width, header->height, move->x0, move->x1 - 1, move->y0, move->y1 - 1,
                move->flip_x ? " mirrored left to right," : "",
                move->flip_y ? " mirrored top to bottom," : "",
                move->transpose ? " transposed," : "", clp_move_width(move), clp_move_height(move));
    }
}
