/** The operations: their parameters, and the terms they stand for. ops.def is the one list of them.
 */
#ifndef CLP_OPS_OPS_H
#define CLP_OPS_OPS_H

#include "plan/terms.h"

typedef enum clp_param_kind {
    CLP_PARAM_NUMBER,
    CLP_PARAM_WHOLE,   /**< a whole number */
    CLP_PARAM_NUMBERS, /**< a list separated by commas */
    CLP_PARAM_SIZE,    /**< WxH, Wx, xH, W or N%; with ! > < ^ behind WxH in a resize */
    CLP_PARAM_AREA,    /**< WxH+X+Y, or WxH or W:H to place by gravity */
    CLP_PARAM_CHOICE,
    CLP_PARAM_COLOUR,
    CLP_PARAM_LENGTH, /**< pixels, N% of something, or "auto" */
    CLP_PARAM_FILE    /**< only as the first; it may hold colons */
} clp_param_kind;

typedef struct clp_param {
    const char *name;
    clp_param_kind kind;
    const char *fallback;       /**< NULL: must be given */
    double least, most;         /**< NUMBER and NUMBERS */
    const char *const *choices; /**< CHOICE: ends with NULL */
    const char *help;
} clp_param;

/** What stands behind a size, as ImageMagick has it: bits of a SIZE's number[3]. */
enum {
    CLP_SIZE_EXACT = 1,   /**< 800x600!: whatever the proportions */
    CLP_SIZE_SHRINK = 2,  /**< 800x600>: larger pictures only */
    CLP_SIZE_ENLARGE = 4, /**< 800x600<: smaller pictures only */
    CLP_SIZE_COVER = 8    /**< 800x600^: at least so large */
};

/** A parsed parameter. SIZE: number[0], number[1] are width and height, 0 where free; number[2] the
 * factor of N%, else 0; number[3] CLP_SIZE_…. AREA: width, height, x, y; a ratio has number[4] set
 * and count 2. COLOUR: R, G, B, alpha in levels. CHOICE:
 * number[0] is the choice's index. LENGTH: number[0] pixels, or percent with number[1] set; 0 of
 * either: auto. FILE: `text`. */
typedef struct clp_value {
    double number[12];
    uint32_t count;
    /** Of clp_ops_parse() within what was parsed, `count` bytes; as operations get it, a string. */
    const char *text;
} clp_value;

#define CLP_MAX_PARAMS 6

typedef struct clp_op {
    const char *name;
    const char *help;
    const char *details; /**< what is computed, exactly; NULL where `help` says it all */
    const char *example; /**< a value to show and to test with; "" where it takes none */
    clp_param params[CLP_MAX_PARAMS];
    uint32_t param_count;
    bool moves; /**< only moves or leaves out whole pixels of the picture, in straight rows */
    /** What no parameter can tell by itself; NULL where there is nothing. */
    clproc_status (*check)(const clp_value *values, clproc_error *error);
    clproc_status (*terms)(const clp_value *values, clp_terms *terms, clproc_error *error);
} clp_op;

size_t clp_ops_count(void);
const clp_op *clp_ops_at(size_t index);
/** NULL if there is no operation of that name. */
const clp_op *clp_ops_find(const char *name);

/** What a parameter accepts, in words. */
void clp_param_range(const clp_param *param, char *text, size_t size);

/** Parses "first:name=value:…" against an operation's parameters. */
clproc_status clp_ops_parse(const clp_op *op, const char *text, clp_value values[CLP_MAX_PARAMS],
                            clproc_error *error);

/** The operation of one step. */
const clp_op *clp_pipeline_op(const clproc_pipeline *pipeline, size_t index);
/** The file that a step needs read before its terms can be made; NULL if it needs none. */
const char *clp_pipeline_file(const clproc_pipeline *pipeline, size_t index);
/** Appends the terms of every operation of a pipeline. */
clproc_status clp_pipeline_terms(const clproc_pipeline *pipeline, clp_terms *terms,
                                 clproc_error *error);

#endif
