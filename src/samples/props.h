/** Things that stand in a scene. Coordinates are pixels, colours and coverage are integers. */
#ifndef CLP_SAMPLES_PROPS_H
#define CLP_SAMPLES_PROPS_H

#include <stdint.h>

/** Coverage and mixing weights are Q14. */
#define CLP_COVER_ONE 16384

typedef struct clp_colour {
    int32_t c[3]; /**< R, G, B, 0 to 65535 */
} clp_colour;

/** One row of the picture in the making, one array per colour. */
typedef struct clp_row {
    int32_t *channel[3];
    const int32_t *leaf; /**< fine noise of this row, within ±32768 */
    int32_t width, y;
} clp_row;

typedef enum clp_prop_kind {
    CLP_PROP_HOUSE, /**< brick wall, windows, tiled roof */
    CLP_PROP_SIGN,  /**< framed board with lines that look like text */
    CLP_PROP_TREE,  /**< ragged crown over a trunk */
    CLP_PROP_BALL,  /**< shaded sphere */
    CLP_PROP_FENCE, /**< pickets: a fine regular pattern */
    CLP_PROP_WIRE   /**< hanging line from corner to corner of its box */
} clp_prop_kind;

typedef struct clp_prop {
    clp_prop_kind kind;
    int32_t left, top, right, bottom; /**< its box; right and bottom lie outside */
    clp_colour colour, accent;
    uint32_t seed;
} clp_prop;

static inline int32_t clp_clamp(int32_t value, int32_t low, int32_t high) {
    return value < low ? low : value > high ? high : value;
}

/** `from` to `to` by a Q14 weight; both within ±65535. */
static inline int32_t clp_mix(int32_t from, int32_t to, int32_t weight) {
    return from + (((to - from) * weight) >> 14);
}

static inline clp_colour clp_colour_mix(clp_colour from, clp_colour to, int32_t weight) {
    return (clp_colour){{clp_mix(from.c[0], to.c[0], weight), clp_mix(from.c[1], to.c[1], weight),
                         clp_mix(from.c[2], to.c[2], weight)}};
}

/** Lays a colour over one pixel. */
static inline void clp_row_blend(clp_row *row, int32_t x, clp_colour colour, int32_t cover) {
    for (int k = 0; k < 3; k++) {
        row->channel[k][x] = clp_mix(row->channel[k][x], colour.c[k], cover);
    }
}

/** True if the dot (x, y) of the 5 × 7 letter number `letter` is inked. */
int clp_letter_dot(uint32_t letter, int32_t x, int32_t y);

/** How much of pixel (x, y) a disc covers, Q14. */
int32_t clp_disc_cover(int32_t x, int32_t y, int32_t centre_x, int32_t centre_y, int32_t radius);

/** Draws what the row cuts of the prop. */
void clp_prop_draw(const clp_prop *prop, clp_row *row);

#endif
