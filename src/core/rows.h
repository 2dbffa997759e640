/** Pictures row by row, for who does not want them whole. */
#ifndef CLP_CORE_ROWS_H
#define CLP_CORE_ROWS_H

#include "core/error.h"
#include "core/image.h"

/** The most rows of a picture that a decoder hands out at a time. */
#define CLP_DECODED_ROWS 32

/** Where decoded rows go. Both functions are called by the thread that decodes. */
typedef struct clp_row_sink {
    /** The place of one row, as long as its plane's pitch in the layout; NULL if it is not wanted.
     * Rows come from the top down; places are used until the next advance(). */
    uint8_t *(*place)(void *user, uint32_t plane, uint32_t row);
    /** The first `rows[plane]` rows of each plane are there, and will not be written again. */
    clproc_status (*advance)(void *user, const uint32_t rows[CLP_MAX_PLANES], clproc_error *error);
    void *user;
} clp_row_sink;

#endif
