/** The forms in which sample pictures are stored: format, sampling, depth, metadata. */
#ifndef CLP_SAMPLES_FORM_H
#define CLP_SAMPLES_FORM_H

#include "core/file.h"
#include "core/image.h"
#include "samples/scene.h"

typedef enum clp_form_profile { CLP_FORM_NO_ICC, CLP_FORM_SRGB, CLP_FORM_P3 } clp_form_profile;

typedef struct clp_form {
    const char *name; /**< of the file, between its number and its ending */
    clp_model model;  /**< YCC, or GRAY with `jpeg`, becomes a JPEG, else a PNG */
    bool jpeg;
    uint32_t depth;
    uint32_t h_step, v_step; /**< pixels to a sample of chroma */
    uint32_t orientation;    /**< EXIF, 1 to 8; 0: no EXIF */
    bool progressive;
    clp_scene_alpha alpha;
    clp_form_profile profile;
    uint32_t kinds; /**< bits 1 << clproc_samples_kind */
} clp_form;

/** The form of picture `index` of a set; NULL if the kind is unknown. */
const clp_form *clp_form_at(clproc_samples_kind kind, uint32_t index);

/** Writes an EXIF structure with the orientation and the stored size. `out` is cleared first. */
clproc_status clp_form_exif(uint32_t orientation, uint32_t width, uint32_t height, clp_bytes *out,
                            clproc_error *error);

/** Writes a small ICC profile: three primaries and the sRGB curve. `out` is cleared first. */
clproc_status clp_form_icc(clp_form_profile profile, clp_bytes *out, clproc_error *error);

#endif
