/** Pictures that are laid over others: watermarks, logos, frames. */
#ifndef CLP_PLAN_OVERLAY_H
#define CLP_PLAN_OVERLAY_H

#include <stdatomic.h>

#include "core/derived.h"
#include "core/error.h"
#include "core/image.h"

/** A decoded overlay, upright and in sRGB. Immutable once made, but for `scaled`, and shared by all
 * threads. */
typedef struct clp_overlay {
    atomic_uint references;
    uint32_t width, height;
    uint32_t colours; /**< 1 where all of it is gray, else 3 */
    /** Row after row the colours of each pixel, then its alpha, which they are not multiplied by:
     * 0 to 65535. */
    uint16_t *samples;
    clp_derived scaled; /**< to sizes that were wanted */
} clp_overlay;

/** Takes over samples that lie as `layout` says: gray or RGB, with or without alpha. The caller has
 * one reference. */
clproc_status clp_overlay_create(clp_overlay **overlay, const clp_layout *layout,
                                 const uint8_t *base, clproc_error *error);
clp_overlay *clp_overlay_retain(clp_overlay *overlay);
/** Gives back one reference and sets *overlay to NULL; NULL is allowed. */
void clp_overlay_release(clp_overlay **overlay);
uint64_t clp_overlay_bytes(const clp_overlay *overlay);

/** The overlays of a run by the names of their files. Zero-initialise; free with
 * clp_overlays_free(). */
typedef struct clp_overlays {
    struct clp_named_overlay *items;
    size_t count, capacity;
} clp_overlays;

/** Adds an overlay, and takes a reference to it. */
clproc_status clp_overlays_add(clp_overlays *overlays, const char *file, clp_overlay *overlay,
                               clproc_error *error);
/** NULL if none has this name; `overlays` may be NULL. */
clp_overlay *clp_overlays_find(const clp_overlays *overlays, const char *file);
/** The file's name of one of them. */
const char *clp_overlays_file(const clp_overlays *overlays, size_t index);
/** Bytes of all of them. */
uint64_t clp_overlays_bytes(const clp_overlays *overlays);
void clp_overlays_free(clp_overlays *overlays);

/** Where an overlay stands in a picture, and how large. */
typedef struct clp_overlay_place {
    uint32_t width, height; /**< that it is scaled to, pixels */
    int64_t x, y;           /**< of its upper left corner; parts of it may lie outside */
    double opacity;         /**< 0 to 1 */
} clp_overlay_place;

struct clp_terms;
struct clp_term;

/** Appends the term that lays an overlay over the picture; nothing where it would not be seen. The
 * picture is brought to RGB from any other space, and to three channels if the overlay has. The
 * overlay is scaled in sRGB, and brought to the picture's own colours then. */
clproc_status clp_terms_overlay(struct clp_terms *terms, const char *op, clp_overlay *overlay,
                                const clp_overlay_place *place, clproc_error *error);

/** True for filters and moves followed by overlays and nothing else: of a JPEG that becomes a JPEG
 * these are laid over its planes, each by itself. */
bool clp_terms_end_in_overlays(const struct clp_terms *terms);

#endif
