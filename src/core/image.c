#include "core/image.h"

#include "core/checked.h"

static const struct {
    const char *name;
    uint32_t channels;
    bool alpha;
} models[] = {
    [CLP_MODEL_GRAY] = {"gray", 1, false}, [CLP_MODEL_GRAYA] = {"gray+alpha", 2, true},
    [CLP_MODEL_RGB] = {"RGB", 3, false},   [CLP_MODEL_RGBA] = {"RGBA", 4, true},
    [CLP_MODEL_YCC] = {"YCbCr", 3, false}, [CLP_MODEL_CMYK] = {"CMYK", 4, false},
};

uint32_t clp_model_channels(clp_model model) {
    return models[model].channels;
}

const char *clp_model_name(clp_model model) {
    return models[model].name;
}

bool clp_model_has_alpha(clp_model model) {
    return models[model].alpha;
}

static uint32_t divide_up(uint32_t value, uint32_t step) {
    return value / step + (value % step != 0);
}

bool clp_pitch(size_t bytes, size_t *pitch) {
    size_t lines;
    if (!clp_checked_align(bytes, CLP_PITCH_ALIGN, &lines)) {
        return false;
    }
    lines /= CLP_PITCH_ALIGN;
    return clp_checked_mul(lines | 1, CLP_PITCH_ALIGN, pitch);
}

static bool place_plane(clp_plane *plane, uint32_t depth, size_t *end) {
    size_t pitch, rows, bytes;
    plane->offset = *end;
    if (!clp_checked_mul((size_t)plane->width * plane->channels, depth / 8, &pitch) ||
        !clp_pitch(pitch, &pitch) || !clp_checked_align(plane->height, CLP_ROW_ALIGN, &rows) ||
        !clp_checked_mul(pitch, rows, &bytes)) {
        return false;
    }
    plane->pitch = pitch;
    return clp_checked_add(*end, bytes, end);
}

bool clp_layout_place(clp_layout *layout) {
    bool planar = layout->model == CLP_MODEL_YCC;
    if (layout->width == 0 || layout->height == 0) {
        return false;
    }
    layout->plane_count = planar ? 3 : 1;
    layout->bytes = 0;
    for (uint32_t i = 0; i < layout->plane_count; i++) {
        clp_plane *plane = &layout->planes[i];
        if (!planar) {
            plane->h_step = plane->v_step = 1;
        }
        plane->channels = planar ? 1 : clp_model_channels(layout->model);
        plane->width = divide_up(layout->width, plane->h_step);
        plane->height = divide_up(layout->height, plane->v_step);
        if (!place_plane(plane, layout->depth, &layout->bytes)) {
            return false;
        }
    }
    return true;
}

bool clp_layout_begins_with(const clp_layout *layout, const clp_layout *part) {
    bool same = layout->depth == part->depth && layout->width == part->width &&
                layout->height == part->height && layout->plane_count >= part->plane_count &&
                (layout->plane_count > part->plane_count || layout->model == part->model);
    for (uint32_t i = 0; same && i < part->plane_count; i++) {
        const clp_plane *one = &layout->planes[i], *other = &part->planes[i];
        same = one->offset == other->offset && one->pitch == other->pitch &&
               one->width == other->width && one->height == other->height &&
               one->channels == other->channels && one->h_step == other->h_step &&
               one->v_step == other->v_step;
    }
    return same;
}
