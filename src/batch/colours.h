/** Which conversion of colours a picture needs: from what its file says of them to what the run
 * wants. */
#ifndef CLP_BATCH_COLOURS_H
#define CLP_BATCH_COLOURS_H

#include "codec/codec.h"
#include "core/conversion.h"

/** What becomes of a picture's colours. */
typedef struct clp_colour_choice {
    clp_conversion *conversion; /**< one reference; NULL: none */
    bool converted;    /**< the output is in the run's space, whether by conversion or not */
    char problem[256]; /**< why a profile was not used; "" if none was refused */
    /** What brings overlays to the output's space; one reference; NULL: it is sRGB, or gray, or
     * nothing is laid over pictures. */
    clp_conversion *from_srgb;
    char overlay_problem[256]; /**< why overlays stay as they are; "" if they need not */
} clp_colour_choice;

/** Identifies a conversion within a run: equal keys, equal conversions. */
typedef struct clp_colour_key {
    uint64_t low, high;
} clp_colour_key;

/** Conversions made lately, for all threads of a run. */
typedef struct clp_colours clp_colours;

/** Reads the run's profile. Params must live as long. */
clproc_status clp_colours_create(clp_colours **colours, const clproc_run_params *params,
                                 clproc_error *error);
/** True if they do for `params` what colours of its own would: outputs share conversions, which
 * take time and megabytes. */
bool clp_colours_serve(const clp_colours *colours, const clproc_run_params *params);
clp_colours *clp_colours_retain(clp_colours *colours);
/** Gives back one reference and sets *colours to NULL; NULL is allowed. */
void clp_colours_release(clp_colours **colours);

/** Of a picture that is to be converted, or to be laid something over; zeros if it is not. */
clp_colour_key clp_colours_key(const clp_colours *colours, const clp_header *header);
/** Settles what to do with a picture. Any thread. Release it with clp_colour_choice_release(). */
clproc_status clp_colours_find(clp_colours *colours, const clp_header *header,
                               clp_colour_choice *choice, clproc_error *error);
void clp_colour_choice_release(clp_colour_choice *choice);

/** The profile that describes converted pictures, valid as long as `colours`; `gray` for pictures
 * of one channel. Empty where a gray picture cannot have it. */
clp_block clp_colours_profile(const clp_colours *colours, bool gray);
/** The file of the profile that a run converts to; NULL: there is none. */
const char *clp_colours_file(const clproc_run_params *params);
/** True if what a run converts to is sRGB. */
bool clp_colours_srgb(const clp_colours *colours);
/** Writes what a PNG says of its colours in numbers as a profile, for formats without such numbers;
 * nothing if that is sRGB, or if it has a profile that ranks higher. */
clproc_status clp_colours_describe(const clp_header *header, bool gray, clp_bytes *profile,
                                   clproc_error *error);

#endif
