/** Output names with {keys}, and the endings of picture files. */
#ifndef CLP_BATCH_TEMPLATE_H
#define CLP_BATCH_TEMPLATE_H

#include "core/file.h"

/** What the keys stand for; texts are not NUL-terminated. */
typedef struct clp_template_values {
    const char *dir; /**< folder of the input */
    size_t dir_size;
    const char *name; /**< of the input, without folder and ending */
    size_t name_size;
    const char *ext;        /**< of the output's format, without the dot; NULL if unknown */
    uint64_t index, count;  /**< number of the input from 1, and how many there are */
    uint32_t width, height; /**< 0 if unknown */
} clp_template_values;

/** Refuses unknown keys, unmatched braces, and templates that name a folder. */
clproc_status clp_template_check(const char *text, clproc_error *error);
/** Appends the text with its keys replaced. `*known` is false if a value it needs is unknown. A
 * value cannot lead out of the folders that the template itself names. */
clproc_status clp_template_expand(const char *text, const clp_template_values *values,
                                  clp_bytes *out, bool *known, clproc_error *error);

/** The format that the ending of a file name stands for; KEEP if it is no picture's that clproc
 * writes. */
clproc_format clp_ending_format(const char *name);
/** True if the ending is that of a picture in another format than clproc writes. */
bool clp_ending_is_foreign(const char *name);
/** Length of a base name without its ending, where that is one of a picture's; else its length. */
size_t clp_stem_length(const char *base);
/** "jpg", "png", NULL for KEEP. */
const char *clp_format_ending(clproc_format format);

#endif
