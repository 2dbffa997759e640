#include "samples/props.h"

#include "samples/noise.h"

static const clp_colour black = {{6000, 6000, 7000}};
static const clp_colour white = {{62000, 61000, 58000}};

static void fill(clp_row *row, int32_t left, int32_t right, clp_colour colour) {
    left = left > 0 ? left : 0;
    right = right < row->width ? right : row->width;
    for (int k = 0; k < 3; k++) {
        for (int32_t x = left; x < right; x++) {
            row->channel[k][x] = colour.c[k];
        }
    }
}

/** Lightens or darkens; `light` is Q14 and 16384 leaves the colour. */
static clp_colour lit(clp_colour colour, int32_t light) {
    for (int k = 0; k < 3; k++) {
        colour.c[k] = clp_clamp((int32_t)((int64_t)colour.c[k] * light >> 14), 0, 65535);
    }
    return colour;
}

int clp_letter_dot(uint32_t letter, int32_t x, int32_t y) {
    uint32_t strokes = clp_noise_mix(letter) | 1u << (letter % 3);
    return (x == 0 && (strokes & 1)) || (x == 4 && (strokes & 2)) || (y == 3 && (strokes & 4)) ||
           (y == 0 && (strokes & 8)) || (y == 6 && (strokes & 16)) ||
           (x == 2 && (strokes & 96) == 96) || (x == y * 2 / 3 && (strokes & 384) == 384);
}

int32_t clp_disc_cover(int32_t x, int32_t y, int32_t centre_x, int32_t centre_y, int32_t radius) {
    int64_t dx = x - centre_x, dy = y - centre_y, r = radius > 0 ? radius : 1;
    int64_t inside = r * r - dx * dx - dy * dy;
    if (inside >= r) {
        return CLP_COVER_ONE;
    }
    return inside <= -r ? 0 : (int32_t)((inside + r) * CLP_COVER_ONE / (2 * r));
}

/* ---------------------------------------------------------------- house */

static void draw_wall(const clp_prop *prop, clp_row *row, int32_t wall_top) {
    int32_t brick = (prop->bottom - wall_top) / 40 + 2;
    int32_t course = (row->y - wall_top) / brick;
    clp_colour mortar = lit(prop->colour, 20000);
    for (int32_t x = clp_clamp(prop->left, 0, row->width);
         x < clp_clamp(prop->right, 0, row->width); x++) {
        int32_t along = x - prop->left + (course & 1) * brick;
        uint32_t tone =
            clp_noise_hash(prop->seed, (uint32_t)(along / (2 * brick)), (uint32_t)course);
        int seam = (row->y - wall_top) % brick == 0 || along % (2 * brick) == 0;
        clp_colour colour =
            brick > 2 && seam ? mortar : lit(prop->colour, 14500 + (int32_t)(tone >> 20));
        clp_row_blend(row, x, colour, CLP_COVER_ONE);
    }
}

static void draw_windows(const clp_prop *prop, clp_row *row, int32_t wall_top) {
    int32_t storey = (prop->bottom - wall_top) / 3 + 1, bay = (prop->right - prop->left) / 4 + 1;
    int32_t frame = bay / 16 + 1;
    int32_t down = (row->y - wall_top) % storey - storey / 5;
    int32_t high = storey * 3 / 5, wide = bay * 3 / 5;
    if (down < 0 || down >= high) {
        return;
    }
    int cross =
        down < frame || down >= high - frame || (down >= high / 2 && down < high / 2 + frame);
    for (int32_t k = 0; k < 4; k++) {
        int32_t left = prop->left + k * bay + bay / 5;
        uint32_t glass =
            clp_noise_hash(prop->seed, (uint32_t)k, (uint32_t)((row->y - wall_top) / storey));
        clp_colour pane =
            glass % 4 == 0 ? (clp_colour){{60000, 50000, 26000}}
                           : lit((clp_colour){{9000, 12000, 16000}}, 12000 + down * 16384 / high);
        fill(row, left, left + wide, white);
        if (!cross) {
            fill(row, left + frame, left + wide / 2, pane);
            fill(row, left + wide / 2 + frame, left + wide - frame, pane);
        }
    }
}

static void draw_house(const clp_prop *prop, clp_row *row) {
    int32_t wall_top = prop->top + (prop->bottom - prop->top) / 3;
    if (row->y >= wall_top) {
        draw_wall(prop, row, wall_top);
        draw_windows(prop, row, wall_top);
        return;
    }
    int32_t rise = wall_top - prop->top, wide = prop->right - prop->left;
    int32_t middle = (prop->left + prop->right) / 2, tile = rise / 14 + 2;
    /* Half the width at this height, in 1/256 pixel, with eaves. */
    int64_t half = (int64_t)(row->y - prop->top) * (wide * 9 / 16) * 256 / rise;
    int32_t shade = (row->y - prop->top) % tile == 0 ? 9000 : 16384;
    int32_t reach = (int32_t)(half >> 8) + 1;
    for (int32_t x = clp_clamp(middle - reach, 0, row->width);
         x < clp_clamp(middle + reach + 1, 0, row->width); x++) {
        int64_t inside = half - (int64_t)(x > middle ? x - middle : middle - x) * 256;
        int32_t tone = (int32_t)(clp_noise_hash(prop->seed, (uint32_t)((x - middle) / tile),
                                                (uint32_t)((row->y - prop->top) / tile)) >>
                                 20);
        clp_row_blend(row, x, lit(prop->accent, shade - 2000 + tone),
                      clp_clamp((int32_t)(inside * 64), 0, CLP_COVER_ONE));
    }
}

/* ----------------------------------------------------------------- sign */

static void draw_sign(const clp_prop *prop, clp_row *row) {
    int32_t high = prop->bottom - prop->top, frame = high / 24 + 1;
    int32_t y = row->y - prop->top;
    if (y < frame || y >= high - frame) {
        fill(row, prop->left, prop->right, prop->accent);
        return;
    }
    fill(row, prop->left, prop->right, prop->accent);
    fill(row, prop->left + frame, prop->right - frame, prop->colour);
    /* Each line of letters is smaller than the one above, down to single dots. */
    int32_t line_top = 2 * frame;
    for (int32_t line = 0, dot = high / 34 + 1; line_top < y + 1; line++) {
        int32_t dot_y = (y - line_top) / dot;
        if (dot_y < 7) {
            int32_t left = prop->left + 2 * frame, right = prop->right - 2 * frame;
            for (int32_t x = left > 0 ? left : 0; x < right && x < row->width; x++) {
                int32_t place = (x - left) / (6 * dot), dot_x = (x - left) / dot % 6;
                uint32_t letter = clp_noise_hash(prop->seed, (uint32_t)place, (uint32_t)line);
                if (letter % 6 > 0 && dot_x < 5 && clp_letter_dot(letter, dot_x, dot_y)) {
                    clp_row_blend(row, x, black, CLP_COVER_ONE);
                }
            }
            return;
        }
        line_top += 9 * dot;
        dot = dot > 1 ? dot * 2 / 3 : 1;
        dot = dot > 0 ? dot : 1;
    }
}

/* ---------------------------------------------------------- tree and ball */

static void draw_tree(const clp_prop *prop, clp_row *row) {
    int32_t wide = prop->right - prop->left, middle = (prop->left + prop->right) / 2;
    int32_t trunk = wide / 18 + 1, radius = wide / 2 + 1;
    int32_t centre_y = prop->top + radius;
    if (row->y > centre_y) {
        fill(row, middle - trunk, middle, lit(prop->accent, 20000));
        fill(row, middle, middle + trunk, prop->accent);
    }
    int64_t dy = row->y - centre_y, area = (int64_t)radius * radius;
    for (int32_t x = clp_clamp(prop->left, 0, row->width);
         x < clp_clamp(prop->right, 0, row->width); x++) {
        int64_t dx = x - middle;
        /* Noise decides where the leaves end, more so near the outline. */
        int64_t depth = (area - dx * dx - dy * dy) * CLP_COVER_ONE / area;
        int32_t cover = clp_clamp((int32_t)(depth * 4) - 4000 + row->leaf[x] * 2, 0, CLP_COVER_ONE);
        int32_t side = (int32_t)((-dx - dy) * 5000 / radius);
        clp_row_blend(row, x, lit(prop->colour, 13000 + side + row->leaf[x]), cover);
    }
}

static void draw_ball(const clp_prop *prop, clp_row *row) {
    int32_t radius = (prop->right - prop->left) / 2;
    int32_t centre_x = prop->left + radius, centre_y = prop->top + radius;
    int64_t area = (int64_t)radius * radius + 1;
    for (int32_t x = clp_clamp(prop->left, 0, row->width);
         x < clp_clamp(prop->right, 0, row->width); x++) {
        int64_t dx = x - centre_x + radius / 3, dy = row->y - centre_y + radius / 3;
        int32_t far = (int32_t)((dx * dx + dy * dy) * 6000 / area);
        clp_colour colour = lit(prop->colour, clp_clamp(19000 - far, 3000, 19000));
        int32_t gloss = clp_clamp(CLP_COVER_ONE - far * 16, 0, 14000);
        clp_row_blend(row, x, clp_colour_mix(colour, white, gloss),
                      clp_disc_cover(x, row->y, centre_x, centre_y, radius));
    }
}

/* -------------------------------------------------------- fence and wire */

static void draw_fence(const clp_prop *prop, clp_row *row) {
    int32_t high = prop->bottom - prop->top, y = row->y - prop->top;
    int32_t period = high / 6 + 2, rail = high / 16 + 1;
    if ((y > high / 5 && y < high / 5 + rail) || (y > high * 3 / 4 && y < high * 3 / 4 + rail)) {
        fill(row, prop->left, prop->right, prop->accent);
    }
    for (int32_t x = prop->left; x < prop->right; x += period) {
        /* Pointed tops: the first rows of a picket widen. */
        int32_t half = period / 4 < y ? period / 4 : y;
        int32_t middle = x + period / 2;
        fill(row, middle - half, middle + half + 1, prop->colour);
    }
}

/** Height of the wire at a distance from its left end, in 1/256 pixel from the top. */
static int64_t wire_at(const clp_prop *prop, int64_t at) {
    int64_t wide = prop->right - prop->left, high = prop->bottom - prop->top, sag = high / 3;
    return prop->top * 256 + (high - sag) * at * 256 / wide +
           4 * sag * at * (wide - at) / wide * 256 / wide;
}

static void draw_wire(const clp_prop *prop, clp_row *row) {
    enum { STRIDE = 16 };
    int64_t wide = prop->right - prop->left, thick = wide / 400 * 256 + 256;
    /* What the wire rises or falls at most within a stride. */
    int64_t swing = (int64_t)(prop->bottom - prop->top) * 2 * 256 * STRIDE / wide + 256;
    int32_t right = clp_clamp(prop->right, 0, row->width);
    for (int32_t x = clp_clamp(prop->left, 0, row->width); x < right; x++) {
        int64_t away = wire_at(prop, x - prop->left) - row->y * 256;
        away = away < 0 ? -away : away;
        if (away > thick + swing) {
            x += STRIDE - 1;
        } else {
            clp_row_blend(row, x, prop->colour,
                          clp_clamp((int32_t)((thick - away) * 64), 0, CLP_COVER_ONE));
        }
    }
}

void clp_prop_draw(const clp_prop *prop, clp_row *row) {
    static void (*const draw[])(const clp_prop *, clp_row *) = {
        [CLP_PROP_HOUSE] = draw_house, [CLP_PROP_SIGN] = draw_sign,   [CLP_PROP_TREE] = draw_tree,
        [CLP_PROP_BALL] = draw_ball,   [CLP_PROP_FENCE] = draw_fence, [CLP_PROP_WIRE] = draw_wire,
    };
    if (row->y >= prop->top && row->y < prop->bottom) {
        draw[prop->kind](prop, row);
    }
}
