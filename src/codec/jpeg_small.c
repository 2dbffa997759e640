/* A JPEG's second, smaller picture, from the coefficients that libjpeg decodes for the first.
 *
 *  libjpeg shrinks by its choice of the inverse DCT: one that makes 4 x 4, 2 x 2 or 1 sample of a
 * block. All of them take the same coefficients and the same table. So while libjpeg decodes at
 * one size, the functions of the other size are called with each block as well, and make what a
 * second decode at that size would have. */
#include "codec/jpeg_private.h"

#if defined(__has_include)
#if __has_include(<jpegint.h>)
#define HAS_METHODS 1
#include <jpegint.h>
#endif
#endif

/** True if libjpeg makes as many samples of each component as the picture has pixels. */
static bool is_even(const struct jpeg_decompress_struct *info) {
    bool even = true;
    for (int i = 0; i < info->num_components; i++) {
        const jpeg_component_info *component = &info->comp_info[i];
        even &= component->h_samp_factor * CLP_JPEG_DCT_H(component) ==
                    info->max_h_samp_factor * CLP_JPEG_MIN_DCT_H(info) &&
                component->v_samp_factor * CLP_JPEG_DCT_V(component) ==
                    info->max_v_samp_factor * CLP_JPEG_MIN_DCT_V(info);
    }
    return even;
}

bool clp_jpeg_small_lay_out(clp_jpeg_small *small, const struct jpeg_decompress_struct *info,
                            const clp_layout *layout, uint8_t *base) {
    bool planar = layout->plane_count > 1;
    if (!planar && !is_even(info)) {
        return false;
    }
    *small = (clp_jpeg_small){.count = info->num_components};
    for (int i = 0; i < small->count; i++) {
        const clp_plane *plane = &layout->planes[planar ? i : 0];
        small->parts[i] =
            (clp_jpeg_small_part){.base = base + plane->offset + (planar ? 0 : i),
                                  .pitch = plane->pitch,
                                  .step = plane->channels,
                                  .width = plane->width,
                                  .height = plane->height,
                                  .size = (size_t)CLP_JPEG_DCT_V(&info->comp_info[i])};
    }
    return true;
}

void clp_jpeg_invert(uint8_t *samples, size_t count) {
    for (size_t i = 0; i < count; i++) {
        samples[i] = (uint8_t)~samples[i];
    }
}

#ifdef HAS_METHODS

static void set_size(jpeg_component_info *component, int size) {
#if JPEG_LIB_VERSION >= 70
    component->DCT_h_scaled_size = component->DCT_v_scaled_size = size;
#else
    component->DCT_scaled_size = size;
#endif
}

/** In the place of a component's inverse DCT: that one, and the one of the smaller size. */
static void inverse_both(j_decompress_ptr info, jpeg_component_info *component, JCOEFPTR block,
                         JSAMPARRAY rows, JDIMENSION column) {
    clp_jpeg_small *small = info->client_data;
    clp_jpeg_small_part *part = &small->parts[component->component_index];
    JSAMPLE made[DCTSIZE][DCTSIZE];
    JSAMPROW to[DCTSIZE] = {made[0], made[1], made[2], made[3], made[4], made[5], made[6], made[7]};
    if (part->own) {
        part->own(info, component, block, rows, column);
    }
    if (part->groups <= info->output_iMCU_row) { /* its first block is that at the top */
        part->groups = (uint64_t)info->output_iMCU_row + 1;
        part->rows = rows;
    }
    part->shrinking(info, component, block, to, 0);
    size_t line = (size_t)(rows - part->rows), left = column >> part->shift;
    size_t top = info->output_iMCU_row * part->group + (line >> part->shift);
    for (size_t y = 0; y < part->size && top + y < part->height; y++) {
        uint8_t *row = part->base + (top + y) * part->pitch;
        for (size_t x = 0; x < part->size && left + x < part->width; x++) {
            row[(left + x) * part->step] = made[y][x];
        }
    }
    small->blocks++;
}

/** True if all components are being decoded, none of them smaller than here: for blocks of a single
 * sample libjpeg leaves out all coefficients but the first. Without a DCT all sizes are the same.
 */
static bool fits(const clp_jpeg_small *small, const struct jpeg_decompress_struct *info) {
    bool fit = info->num_components == small->count, smaller = false;
    for (int i = 0; fit && i < info->num_components; i++) {
        const jpeg_component_info *component = &info->comp_info[i];
        fit = component->component_needed &&
              small->parts[i].size <= (size_t)CLP_JPEG_DCT_V(component) &&
              CLP_JPEG_DCT_V(component) == CLP_JPEG_DCT_H(component);
        smaller |= small->parts[i].size < (size_t)CLP_JPEG_DCT_V(component);
    }
    return fit && smaller;
}

void clp_jpeg_small_begin(clp_jpeg_small *small, j_decompress_ptr info, int wanted) {
    struct jpeg_inverse_dct *dct = info->idct;
    int sizes[MAX_COMPS_IN_SCAN];
    small->odd = !fits(small, info);
    if (small->odd) {
        return;
    }
    /* libjpeg chooses the functions; their tables, which are the same, it does not make again. */
    for (int i = 0; i < info->num_components; i++) {
        sizes[i] = CLP_JPEG_DCT_V(&info->comp_info[i]);
        set_size(&info->comp_info[i], (int)small->parts[i].size);
    }
    dct->start_pass(info);
    for (int i = 0; i < info->num_components; i++) {
        small->parts[i].shrinking = dct->inverse_DCT[i];
        set_size(&info->comp_info[i], sizes[i]);
    }
    dct->start_pass(info);
    for (int i = 0; i < info->num_components; i++) {
        const jpeg_component_info *component = &info->comp_info[i];
        clp_jpeg_small_part *part = &small->parts[i];
        part->own = i < wanted ? dct->inverse_DCT[i] : NULL;
        part->group = (size_t)component->v_samp_factor * part->size;
        part->shift = __builtin_ctz((unsigned)sizes[i] / (unsigned)part->size);
        small->awaited += (uint64_t)component->width_in_blocks * component->height_in_blocks;
        dct->inverse_DCT[i] = inverse_both;
    }
}

/** Has libjpeg make CMYK of YCCK, as it is doing for the larger picture. */
static void convert(const clp_jpeg_small *small, j_decompress_ptr info, uint8_t *spare) {
    const clp_jpeg_small_part *first = &small->parts[0];
    const JDIMENSION width = info->output_width;
    JSAMPROW rows[MAX_COMPS_IN_SCAN];
    JSAMPARRAY planes[MAX_COMPS_IN_SCAN];
    info->output_width = (JDIMENSION)first->width;
    for (size_t y = 0; y < first->height; y++) {
        JSAMPROW pixels = first->base + y * first->pitch;
        for (int i = 0; i < small->count; i++) {
            planes[i] = &rows[i];
            rows[i] = spare + (size_t)i * first->width;
            for (size_t x = 0; x < first->width; x++) {
                rows[i][x] = pixels[x * first->step + (size_t)i];
            }
        }
        info->cconvert->color_convert(info, planes, 0, &pixels, 1);
    }
    info->output_width = width;
}

void clp_jpeg_small_end(const clp_jpeg_small *small, j_decompress_ptr info, uint8_t *spare) {
    const clp_jpeg_small_part *first = &small->parts[0];
    if (!clp_jpeg_small_is_whole(small)) {
        return;
    }
    if (info->jpeg_color_space == JCS_YCCK) {
        convert(small, info, spare);
    }
    for (size_t y = 0; clp_jpeg_is_inverted(info) && y < first->height; y++) {
        clp_jpeg_invert(first->base + y * first->pitch, first->width * first->step);
    }
}

#else

void clp_jpeg_small_begin(clp_jpeg_small *small, j_decompress_ptr info, int wanted) {
    (void)info;
    (void)wanted;
    small->odd = true; /* the header that names the functions is not there */
}

void clp_jpeg_small_end(const clp_jpeg_small *small, j_decompress_ptr info, uint8_t *spare) {
    (void)small;
    (void)info;
    (void)spare;
}

#endif

bool clp_jpeg_small_is_whole(const clp_jpeg_small *small) {
    return !small->odd && small->awaited > 0 && small->blocks == small->awaited;
}
