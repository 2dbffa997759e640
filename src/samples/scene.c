#include "samples/scene.h"

#include "core/memory.h"
#include "samples/noise.h"
#include "samples/props.h"

#define RIDGES 4
#define MAX_PROPS 32
#define LANES (5 + RIDGES) /* arrays of one row: R, G, B, two noises; then the ridges */

typedef struct palette {
    clp_colour zenith, horizon, cloud, haze, rock, cap, meadow, soil;
} palette;

#define RGB(hex)                                                                                   \
    {                                                                                              \
        { ((hex) >> 16 & 255) * 257, ((hex) >> 8 & 255) * 257, ((hex)&255) * 257 }                 \
    }

static const palette palettes[] = {
    {RGB(0x2f6fc0), RGB(0xbcd6ec), RGB(0xf6f4f0), RGB(0xa9bfd4), RGB(0x6d655c), RGB(0xf0f3f7),
     RGB(0x5f8a36), RGB(0x6e5a3c)}, /* noon */
    {RGB(0x27304f), RGB(0xf0a060), RGB(0xe8a08c), RGB(0x9c7f86), RGB(0x4a3f46), RGB(0xd9a98e),
     RGB(0x3d4a30), RGB(0x43372f)}, /* dusk */
    {RGB(0x6f93b5), RGB(0xdfe3de), RGB(0xeeece6), RGB(0xb9bdb8), RGB(0x77685a), RGB(0xd8d4cc),
     RGB(0xa8702a), RGB(0x7c3f1f)}, /* autumn */
    {RGB(0x86a6c8), RGB(0xe4ebf2), RGB(0xf7f8fa), RGB(0xc6d2de), RGB(0x6f7884), RGB(0xfafbfd),
     RGB(0xdfe6ee), RGB(0x9fabb8)}, /* winter */
    {RGB(0x3f80b8), RGB(0xecd9b4), RGB(0xf5ead8), RGB(0xd8b48a), RGB(0xa5643a), RGB(0xc98a55),
     RGB(0xc9a063), RGB(0x9c6b3d)}, /* desert */
};

struct clp_scene {
    int32_t width, height, unit; /**< pixels; `unit` is the shorter side */
    uint32_t seed;
    clp_scene_alpha alpha;
    const palette *colours;
    clp_noise clouds, rocks, leaves;
    int32_t cloudiness; /**< Q15 offset of the clouds' noise */
    int32_t leaf_top;   /**< the first row that needs the leaves' noise */
    int32_t sun_x, sun_y, sun_radius;
    int32_t *lane[LANES];
    int32_t *edge[RIDGES]; /**< per column where a ridge begins, 1/256 pixel from the top */
    int32_t first_row[RIDGES], full_row[RIDGES]; /**< where it begins, where it covers all */
    clp_prop props[MAX_PROPS];
    uint32_t prop_count;
};

uint32_t clp_scene_seed(uint64_t set_seed, uint32_t index) {
    return clp_noise_hash((uint32_t)set_seed, index, (uint32_t)(set_seed >> 32));
}

/* ---------------------------------------------------------- composition */

/** `n` thousandths of the shorter side, at least 1. */
static int32_t part(const clp_scene *scene, int32_t n) {
    int32_t pixels = (int32_t)((int64_t)scene->unit * n / 1000);
    return pixels > 0 ? pixels : 1;
}

static void add_prop(clp_scene *scene, clp_prop_kind kind, int32_t x, int32_t base, int32_t width,
                     int32_t height, clp_dice *dice) {
    static const clp_colour bright[] = {RGB(0xb5402f), RGB(0xe0b23c), RGB(0x3e72a8),
                                        RGB(0xd8cdb8), RGB(0x4e9a6b), RGB(0x9a4d86)};
    static const clp_colour green[] = {RGB(0x3f6b2c), RGB(0x5d7f35), RGB(0x2c5136), RGB(0x8a7a2e)};
    static const clp_colour wood[] = {RGB(0x4a3423), RGB(0x5c4a3a), RGB(0x6b2f27)};
    if (scene->prop_count == MAX_PROPS) {
        return;
    }
    clp_prop *prop = &scene->props[scene->prop_count++];
    *prop = (clp_prop){.kind = kind,
                       .left = x,
                       .right = x + width,
                       .top = base - height,
                       .bottom = base,
                       .seed = (uint32_t)clp_dice_roll(dice, 0, 1 << 30)};
    prop->accent = wood[clp_dice_roll(dice, 0, 2)];
    prop->colour = bright[clp_dice_roll(dice, 0, 5)];
    if (kind == CLP_PROP_TREE) {
        prop->colour = green[clp_dice_roll(dice, 0, 3)];
    } else if (kind == CLP_PROP_SIGN || kind == CLP_PROP_FENCE) {
        prop->colour = (clp_colour)RGB(0xece6d6);
    } else if (kind == CLP_PROP_WIRE) {
        prop->colour = (clp_colour)RGB(0x1c1c20);
    }
}

/** Where the ground begins at column `x`, or at the nearest column of the picture. */
static int32_t ground_at(const clp_scene *scene, int32_t x) {
    return scene->edge[RIDGES - 1][clp_clamp(x, 0, scene->width - 1)] >> 8;
}

static void place_props(clp_scene *scene, clp_dice *dice) {
    int32_t w = scene->width, h = scene->height;
    for (int32_t i = clp_dice_roll(dice, 4, 9); i > 0; i--) {
        int32_t size = part(scene, clp_dice_roll(dice, 60, 190));
        int32_t x = clp_dice_roll(dice, -size, w);
        add_prop(scene, CLP_PROP_TREE, x, ground_at(scene, x + size / 2) + size / 8, size,
                 size * 5 / 4, dice);
    }
    for (int32_t i = clp_dice_roll(dice, 1, 3); i > 0; i--) {
        int32_t size = part(scene, clp_dice_roll(dice, 110, 260));
        int32_t x = clp_dice_roll(dice, -size / 3, w - size / 2);
        add_prop(scene, CLP_PROP_HOUSE, x, ground_at(scene, x + size / 2) + size / 3, size,
                 size * clp_dice_roll(dice, 8, 12) / 10, dice);
    }
    if (clp_dice_roll(dice, 0, 2) > 0) {
        int32_t y = h * clp_dice_roll(dice, 20, 40) / 100;
        for (int32_t i = clp_dice_roll(dice, 1, 4); i > 0; i--) {
            add_prop(scene, CLP_PROP_WIRE, 0, y + part(scene, 240), w, part(scene, 240), dice);
            y += part(scene, 22);
        }
    }
    int32_t fence = part(scene, clp_dice_roll(dice, 70, 120));
    int32_t start = clp_dice_roll(dice, -w / 2, w / 2);
    add_prop(scene, CLP_PROP_FENCE, start, h - part(scene, 110), w * 3 / 4, fence, dice);
    int32_t board = part(scene, clp_dice_roll(dice, 240, 380));
    add_prop(scene, CLP_PROP_SIGN, clp_dice_roll(dice, 0, w - board > 0 ? w - board : 0),
             h - part(scene, clp_dice_roll(dice, 20, 90)), board, board * 2 / 3, dice);
    for (int32_t i = clp_dice_roll(dice, 1, 5); i > 0; i--) {
        int32_t size = part(scene, clp_dice_roll(dice, 30, 120));
        add_prop(scene, CLP_PROP_BALL, clp_dice_roll(dice, -size / 2, w),
                 h - part(scene, clp_dice_roll(dice, 5, 120)), size, size, dice);
    }
}

/** Far ridges lie high and are jagged, the last one is the rolling edge of the ground. */
static clproc_status place_ridges(clp_scene *scene, clp_dice *dice, clproc_error *error) {
    for (int32_t k = 0; k < RIDGES; k++) {
        int32_t level =
            scene->height * (34 + 11 * k) / 100 + part(scene, clp_dice_roll(dice, -30, 30));
        int32_t swing = part(scene, k < RIDGES - 1 ? 330 - 70 * k : 60);
        uint32_t cell = (uint32_t)(k < RIDGES - 1 ? part(scene, 420 - 60 * k) : scene->width);
        clp_noise line;
        clproc_status status =
            clp_noise_init(&line, scene->seed + 77u * (uint32_t)(k + 1), cell, 1, error);
        if (status != CLPROC_OK) {
            return status;
        }
        clp_noise_row(&line, 0, scene->edge[k], (uint32_t)scene->width);
        clp_noise_free(&line);
        int32_t highest = INT32_MAX, lowest = INT32_MIN;
        for (int32_t x = 0; x < scene->width; x++) {
            int32_t edge = level * 256 + (int32_t)((int64_t)scene->edge[k][x] * swing >> 7);
            scene->edge[k][x] = edge;
            highest = edge < highest ? edge : highest;
            lowest = edge > lowest ? edge : lowest;
        }
        scene->first_row[k] = (highest >> 8) - 1;
        scene->full_row[k] = (lowest >> 8) + 1;
    }
    return CLPROC_OK;
}

static clproc_status compose(clp_scene *scene, clproc_error *error) {
    clp_dice dice = {scene->seed};
    uint32_t unit = (uint32_t)scene->unit;
    scene->colours = &palettes[clp_dice_roll(&dice, 0, sizeof palettes / sizeof palettes[0] - 1)];
    scene->cloudiness = clp_dice_roll(&dice, -5000, 7000);
    scene->sun_x = clp_dice_roll(&dice, scene->width / 8, scene->width * 7 / 8);
    scene->sun_y = scene->height * clp_dice_roll(&dice, 8, 30) / 100;
    scene->sun_radius = part(scene, clp_dice_roll(&dice, 18, 32));
    clproc_status status;
    CLP_TRY(status, done, clp_noise_init(&scene->clouds, scene->seed + 1, unit, unit / 3, error));
    CLP_TRY(status, done,
            clp_noise_init(&scene->rocks, scene->seed + 2, unit / 4, unit / 5, error));
    CLP_TRY(status, done,
            clp_noise_init(&scene->leaves, scene->seed + 3, unit / 40, unit / 40, error));
    CLP_TRY(status, done, place_ridges(scene, &dice, error));
    place_props(scene, &dice);
    scene->leaf_top = scene->first_row[RIDGES - 1];
    for (uint32_t i = 0; i < scene->prop_count; i++) {
        if (scene->props[i].kind == CLP_PROP_TREE && scene->props[i].top < scene->leaf_top) {
            scene->leaf_top = scene->props[i].top;
        }
    }
done:
    return status;
}

clproc_status clp_scene_create(clp_scene **scene, uint32_t width, uint32_t height, uint32_t seed,
                               clp_scene_alpha alpha, clproc_error *error) {
    clp_scene *made = clp_memory_zero(CLP_MEMORY_OTHER, 1, sizeof *made);
    clproc_status status = CLPROC_OK;
    if (!made) {
        return clp_error_memory(error, "a scene", sizeof *made);
    }
    made->width = (int32_t)width;
    made->height = (int32_t)height;
    made->unit = made->width < made->height ? made->width : made->height;
    made->seed = seed;
    made->alpha = alpha;
    made->lane[0] = clp_memory_zero(CLP_MEMORY_OTHER, (size_t)LANES * width, sizeof(int32_t));
    if (!made->lane[0]) {
        status = clp_error_memory(error, "a scene", (size_t)LANES * width * sizeof(int32_t));
        goto done;
    }
    for (int k = 0; k < LANES; k++) {
        made->lane[k] = made->lane[0] + (size_t)k * width;
    }
    for (int k = 0; k < RIDGES; k++) {
        made->edge[k] = made->lane[LANES - RIDGES + k];
    }
    CLP_TRY(status, done, compose(made, error));
    *scene = made;
    made = NULL;
done:
    clp_scene_destroy(&made);
    return status;
}

void clp_scene_destroy(clp_scene **scene) {
    if (*scene) {
        clp_noise_free(&(*scene)->clouds);
        clp_noise_free(&(*scene)->rocks);
        clp_noise_free(&(*scene)->leaves);
        clp_memory_free((*scene)->lane[0]);
        clp_memory_free(*scene);
        *scene = NULL;
    }
}

/* ------------------------------------------------------------ rendering */

/** Sky: a vertical gradient, clouds, the sun and its glow. */
static void draw_sky(const clp_scene *scene, clp_row *row, const int32_t *cloud) {
    const palette *p = scene->colours;
    int32_t down =
        clp_clamp((int32_t)((int64_t)row->y * CLP_COVER_ONE * 2 / scene->height), 0, CLP_COVER_ONE);
    clp_colour base = clp_colour_mix(p->zenith, p->horizon, down);
    clp_colour under = clp_colour_mix(p->cloud, p->haze, 9000);
    static const clp_colour sun = RGB(0xfff6dc);
    /* Distances from the sun in Q14 of the reach of its glow. */
    int32_t reach = scene->sun_radius * 9;
    int32_t dy =
        clp_clamp((int32_t)((int64_t)(row->y - scene->sun_y) * 16384 / reach), -16384, 16384);
    int32_t step = (1 << 28) / reach;
    for (int32_t x = 0; x < row->width; x++) {
        int32_t thick = clp_clamp(cloud[x] + scene->cloudiness, 0, 12000);
        int32_t cover = clp_clamp(thick * 3, 0, 15000);
        clp_colour veil = clp_colour_mix(p->cloud, under, thick);
        int32_t dx = (int32_t)(((int64_t)(x - scene->sun_x) * step) >> 14);
        dx = clp_clamp(dx, -16384, 16384);
        int32_t glow = clp_clamp(16384 - ((dx * dx + dy * dy) >> 14), 0, 16384);
        glow = (glow * glow >> 14) * (glow * 3 >> 2) >> 14;
        for (int k = 0; k < 3; k++) {
            int32_t value = clp_mix(clp_mix(base.c[k], veil.c[k], cover), sun.c[k], glow);
            row->channel[k][x] = value;
        }
    }
    if (row->y > scene->sun_y - scene->sun_radius && row->y < scene->sun_y + scene->sun_radius) {
        for (int32_t x = clp_clamp(scene->sun_x - scene->sun_radius, 0, row->width);
             x < clp_clamp(scene->sun_x + scene->sun_radius, 0, row->width); x++) {
            int32_t cover =
                clp_disc_cover(x, row->y, scene->sun_x, scene->sun_y, scene->sun_radius);
            int32_t behind = clp_clamp(cloud[x] + scene->cloudiness, 0, 12000);
            clp_row_blend(row, x, sun, cover - (cover * (behind >> 4) >> 10));
        }
    }
}

/** One layer of mountains, lit from the left: the slope of the rocks' noise is their shading. */
static void draw_ridge(const clp_scene *scene, clp_row *row, int32_t k, const int32_t *rocks) {
    const palette *p = scene->colours;
    static const int32_t haze[RIDGES - 1] = {11500, 7500, 3500};
    clp_colour stone = clp_colour_mix(p->rock, p->haze, haze[k]);
    clp_colour cap = clp_colour_mix(p->cap, p->haze, haze[k] / 2);
    clp_colour wood = clp_colour_mix(p->meadow, p->haze, haze[k] * 3 / 4);
    int32_t snow_line = scene->height * (24 + 4 * k) / 100;
    int32_t spread = part(scene, 60), contrast = 3 - k / 2;
    for (int32_t x = 0; x < row->width; x++) {
        int32_t cover = clp_clamp((row->y * 256 + 256 - scene->edge[k][x]) * 64, 0, CLP_COVER_ONE);
        int32_t slope = rocks[x] - rocks[x >= 3 ? x - 3 : 0];
        int32_t light = (slope * contrast * 2 + rocks[x] / 3) >> 1;
        int32_t altitude = (snow_line - row->y) * 1024 / spread;
        int32_t snow = clp_clamp(altitude * 16 + rocks[x], 0, CLP_COVER_ONE);
        int32_t green = clp_clamp(-altitude * 3 + rocks[x] - 9000, 0, 12000);
        for (int c = 0; c < 3; c++) {
            int32_t value = clp_mix(clp_mix(stone.c[c], wood.c[c], green), cap.c[c], snow) + light;
            row->channel[c][x] = clp_mix(row->channel[c][x], clp_clamp(value, 2000, 65000), cover);
        }
    }
}

static void draw_ground(const clp_scene *scene, clp_row *row, const int32_t *rocks) {
    const palette *p = scene->colours;
    int32_t near = clp_clamp(
        (int32_t)((int64_t)(row->y - scene->height * 2 / 3) * 24576 / (scene->height + 2)), 0,
        8192);
    for (int32_t x = 0; x < row->width; x++) {
        int32_t cover =
            clp_clamp((row->y * 256 + 256 - scene->edge[RIDGES - 1][x]) * 64, 0, CLP_COVER_ONE);
        int32_t bare = clp_clamp(6000 + rocks[x] * 2, 0, 15000);
        int32_t blade = row->leaf[x] - row->leaf[x >= 2 ? x - 2 : 0];
        int32_t light = (blade >> 1) + (row->leaf[x] >> 2) - near;
        for (int c = 0; c < 3; c++) {
            int32_t value = clp_mix(p->meadow.c[c], p->soil.c[c], bare) + light;
            row->channel[c][x] = clp_mix(row->channel[c][x], clp_clamp(value, 1500, 65000), cover);
        }
    }
}

static uint32_t alpha_at(const clp_scene *scene, int32_t x, int32_t y) {
    int32_t w = scene->width, h = scene->height;
    int32_t across = (int32_t)((int64_t)(2 * x + 1 - w) * 1024 / w);
    int32_t along = (int32_t)((int64_t)(2 * y + 1 - h) * 1024 / h);
    int32_t far = (across * across + along * along) >> 10; /* Q10, 1024 at the edges' middles */
    switch (scene->alpha) {
    case CLP_SCENE_SOFT:
        return (uint32_t)clp_clamp((1100 - far) * 120, 0, 65535);
    case CLP_SCENE_HARD: {
        int32_t dot = part(scene, 24);
        int inked = y > h / 2 && clp_letter_dot((uint32_t)(x / (6 * dot)) + scene->seed % 97,
                                                x / dot % 6, y / dot % 9);
        int32_t cover = clp_disc_cover(x, y, w / 2, h * 2 / 5, part(scene, 360));
        return inked ? 65535 : (uint32_t)((int64_t)cover * 65535 / CLP_COVER_ONE);
    }
    case CLP_SCENE_FAINT:
        return (uint32_t)(clp_clamp(1024 - far, 0, 1024) * 13 / 1024) * 257;
    default:
        return 65535;
    }
}

/** Vignette, sensor noise and the rounding to 16 bits. */
static void finish(const clp_scene *scene, const clp_row *row, uint16_t *rgba) {
    int32_t dy = (int32_t)((int64_t)(2 * row->y - scene->height) * 512 / scene->height);
    int32_t step = (1 << 20) / scene->width;
    uint32_t salt = clp_noise_hash(scene->seed, 0x5e4507u, (uint32_t)row->y);
    for (int32_t x = 0; x < row->width; x++) {
        int32_t dx = (2 * x - row->width) * step >> 11;
        int32_t light = 16384 - ((dx * dx + dy * dy) >> 7);
        uint32_t grain = clp_noise_mix(salt + (uint32_t)x);
        int32_t shared = (int32_t)(grain & 255) + (int32_t)(grain >> 8 & 255) - 255;
        for (int c = 0; c < 3; c++) {
            int32_t value = (row->channel[c][x] >> 1) * light >> 13;
            int32_t own = (int32_t)(grain >> (16 + 5 * c) & 31) - 16;
            /* Shot noise: brighter is noisier, though not relative to the brightness. */
            int32_t strength = 640 + (value >> 6);
            value += ((shared + own * 7) * strength) >> 8;
            rgba[4 * x + c] = (uint16_t)clp_clamp(value, 0, 65535);
        }
        rgba[4 * x + 3] = 65535;
    }
    if (scene->alpha != CLP_SCENE_OPAQUE) {
        for (int32_t x = 0; x < row->width; x++) {
            rgba[4 * x + 3] = (uint16_t)alpha_at(scene, x, row->y);
        }
    }
}

void clp_scene_row(clp_scene *scene, uint32_t y, uint16_t *rgba) {
    uint32_t width = (uint32_t)scene->width;
    int32_t *leaf = scene->lane[3], *rough = scene->lane[4];
    clp_row row = {.channel = {scene->lane[0], scene->lane[1], scene->lane[2]},
                   .leaf = leaf,
                   .width = scene->width,
                   .y = (int32_t)y};
    /* The nearest layer that fills the whole row hides those behind it. */
    int32_t k = RIDGES - 1;
    while (k >= 0 && row.y < scene->full_row[k]) {
        k--;
    }
    if (k < 0) {
        clp_noise_row(&scene->clouds, y, rough, width);
        draw_sky(scene, &row, rough);
        k = 0;
    }
    if (row.y >= scene->leaf_top) {
        clp_noise_row(&scene->leaves, y, leaf, width);
    }
    clp_noise_row(&scene->rocks, y, rough, width);
    for (; k < RIDGES; k++) {
        if (row.y >= scene->first_row[k] && k < RIDGES - 1) {
            draw_ridge(scene, &row, k, rough);
        } else if (row.y >= scene->first_row[k]) {
            draw_ground(scene, &row, rough);
        }
    }
    for (uint32_t i = 0; i < scene->prop_count; i++) {
        clp_prop_draw(&scene->props[i], &row);
    }
    finish(scene, &row, rgba);
}
