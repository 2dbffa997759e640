/** Working on a large picture band by band while it is decoded: its rows are then never in memory
 * all at once, and are still in the caches when kernels read them.
 *
 *  That is possible where every plane is filtered or moved first. A band is some rows of the
 * results; to make them, the pass reads the source rows that its windows cover, so neighbouring
 * bands share source rows. Where a second pass filters along the other axis, it belongs to the
 * band, and what lies between the two is needed for one band at a time. So does a pass on colours
 * that alone reads what these have made, and, of whole pixels, one that makes what the first filter
 * reads: each band makes its source rows anew, also those that it shares with others. An unsharp
 * mask finds what it compares with among a band's source rows. All other passes follow the last
 * band, on the whole: what they read has mostly been made smaller.
 */
#ifndef CLP_PLAN_BANDS_H
#define CLP_PLAN_BANDS_H

#include "core/error.h"
#include "core/image.h"

/** Windows of source rows that a picture is decoded into in turn: one being filled, one waiting,
 * one at the device. */
#define CLP_BAND_WINDOWS 3

/** Of one plane in one band. */
typedef struct clp_band {
    uint32_t result, result_end; /**< rows of the first pass's matrix */
    uint32_t source, source_end; /**< rows that these read */
} clp_band;

/** How one plane goes through. */
typedef struct clp_band_route {
    uint32_t lead;         /**< pass on colours before the first, or CLP_NO_PASS */
    size_t lead_offset;    /**< where in scratch memory the source rows that it makes of a band lie;
                              their pitch is their surface's */
    uint32_t first;        /**< pass that reads the input, or what `lead` makes of it */
    uint32_t second;       /**< pass that reads its result, or CLP_NO_PASS */
    size_t between_offset; /**< where in scratch memory what is between them lies, bytes */
    size_t between_pitch;  /**< bytes */
    uint32_t colour;       /**< pass on colours that reads what these have made, or CLP_NO_PASS; one
                              may read every plane's */
    size_t made_offset;    /**< where in scratch memory what it reads of a band lies; the pitch is
                              its surface's */
} clp_band_route;

#define CLP_NO_PASS UINT32_MAX

typedef struct clp_bands {
    uint32_t count;    /**< 0: such pictures are worked on as a whole */
    clp_layout window; /**< the planes of the plan's input, with as many rows as a band needs */
    size_t scratch_bytes;
    bool upward; /**< the first band in the order of decoding makes the last results */
    clp_band_route routes[CLP_MAX_PLANES];
    clp_band *parts; /**< count × planes */
} clp_bands;

struct clp_plan;

/** Finds the routes of a plan whose surfaces are not placed yet, and marks what lies between two
 * passes of a band; false where bands are impossible. */
bool clp_bands_route(struct clp_plan *plan);
/** Whether a pass belongs to the bands; the others follow them. */
bool clp_bands_hold(const clp_bands *bands, uint32_t pass);
/** Fills plan->bands after clp_bands_route(); count stays 0 where they would not save memory. */
clproc_status clp_bands_make(struct clp_plan *plan, clproc_error *error);
/** Finds plan->rows_read. */
void clp_bands_find_rows_read(struct clp_plan *plan);
/** Cuts a picture into parts that only bring it to a device: rows of every plane, each once. Their
 * window takes `bytes`, or more where that is not enough for the rows that a decoder hands out at a
 * time. No results, no routes. */
clproc_status clp_bands_slice(const clp_layout *input, size_t bytes, clp_bands *bands,
                              clproc_error *error);
/** Bytes of their window, at most. */
uint64_t clp_bands_slice_bytes(const clp_layout *input, size_t bytes);
void clp_bands_free(clp_bands *bands);
const clp_band *clp_bands_part(const clp_bands *bands, uint32_t band, uint32_t plane);

#endif
