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

void clp_jpeg_small_lay_out(clp_jpeg_small *small, const struct jpeg_decompress_struct *info,
                            const clp_layout *layout, uint8_t *base) {
    *small = (clp_jpeg_small){.plane_count = layout->plane_count};
    for (uint32_t i = 0; i < layout->plane_count; i++) {
        const clp_plane *plane = &layout->planes[i];
        size_t groups = (plane->height + CLP_ROW_ALIGN - 1) / CLP_ROW_ALIGN;
        small->planes[i] =
            (clp_jpeg_small_plane){.base = base + plane->offset,
                                   .pitch = plane->pitch,
                                   .height = groups * CLP_ROW_ALIGN,
                                   .size = (size_t)CLP_JPEG_DCT_V(&info->comp_info[i])};
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
    const clp_jpeg_small_plane *plane = &small->planes[component->component_index];
    JSAMPROW to[DCTSIZE];
    plane->own(info, component, block, rows, column);
    size_t line = (size_t)(rows - plane->rows), x = column >> plane->shift;
    size_t y = info->output_iMCU_row * plane->group + (line >> plane->shift);
    if (line >= MAX_SAMP_FACTOR * DCTSIZE || y + plane->size > plane->height ||
        x + plane->size > plane->pitch) {
        small->odd = true;
        return;
    }
    for (size_t k = 0; k < plane->size; k++) {
        to[k] = plane->base + (y + k) * plane->pitch;
    }
    plane->shrinking(info, component, block, to, (JDIMENSION)x);
    small->blocks++;
}

/** True if all planes are being decoded, and none of them smaller than here: for blocks of a single
 * sample libjpeg leaves out all coefficients but the first. */
static bool fits(const clp_jpeg_small *small, const struct jpeg_decompress_struct *info) {
    bool fit = (uint32_t)info->num_components == small->plane_count;
    for (int i = 0; fit && i < info->num_components; i++) {
        const jpeg_component_info *component = &info->comp_info[i];
        fit = component->component_needed &&
              small->planes[i].size <= (size_t)CLP_JPEG_DCT_V(component) &&
              CLP_JPEG_DCT_V(component) == CLP_JPEG_DCT_H(component);
    }
    return fit;
}

void clp_jpeg_small_begin(clp_jpeg_small *small, j_decompress_ptr info, JSAMPARRAY *planes) {
    struct jpeg_inverse_dct *dct = info->idct;
    int sizes[CLP_MAX_PLANES];
    small->odd = !fits(small, info);
    if (small->odd) {
        return;
    }
    /* libjpeg chooses the functions; their tables, which are the same, it does not make again. */
    for (int i = 0; i < info->num_components; i++) {
        sizes[i] = CLP_JPEG_DCT_V(&info->comp_info[i]);
        set_size(&info->comp_info[i], (int)small->planes[i].size);
    }
    dct->start_pass(info);
    for (int i = 0; i < info->num_components; i++) {
        small->planes[i].shrinking = dct->inverse_DCT[i];
        set_size(&info->comp_info[i], sizes[i]);
    }
    dct->start_pass(info);
    for (int i = 0; i < info->num_components; i++) {
        const jpeg_component_info *component = &info->comp_info[i];
        clp_jpeg_small_plane *plane = &small->planes[i];
        plane->own = dct->inverse_DCT[i];
        plane->rows = planes[i];
        plane->group = (size_t)component->v_samp_factor * plane->size;
        plane->shift = __builtin_ctz((unsigned)sizes[i] / (unsigned)plane->size);
        small->awaited += (uint64_t)component->width_in_blocks * component->height_in_blocks;
        dct->inverse_DCT[i] = inverse_both;
    }
}

#else

void clp_jpeg_small_begin(clp_jpeg_small *small, j_decompress_ptr info, JSAMPARRAY *planes) {
    (void)info;
    (void)planes;
    small->odd = true; /* the header that names the functions is not there */
}

#endif

bool clp_jpeg_small_is_whole(const clp_jpeg_small *small) {
    return !small->odd && small->awaited > 0 && small->blocks == small->awaited;
}
