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
    *small = (clp_jpeg_small){.layout = *layout, .base = base};
    for (uint32_t i = 0; i < layout->plane_count; i++) {
        small->sizes[i] = CLP_JPEG_DCT_V(&info->comp_info[i]);
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

/** True if there is room for samples up to row `end`, column `right`. */
static bool has_room(const clp_plane *plane, size_t end, size_t right) {
    size_t rows = (plane->height + CLP_ROW_ALIGN - 1) / CLP_ROW_ALIGN * CLP_ROW_ALIGN;
    return end <= rows && right <= plane->pitch;
}

/** In the place of a component's inverse DCT: that one, and the one of the smaller size. */
static void inverse_both(j_decompress_ptr info, jpeg_component_info *component, JCOEFPTR block,
                         JSAMPARRAY rows, JDIMENSION column) {
    clp_jpeg_small *small = clp_jpeg_small_of(info);
    int i = component->component_index;
    const clp_plane *plane = &small->layout.planes[i];
    size_t size = (size_t)small->sizes[i];
    size_t group = (size_t)info->output_iMCU_row * (size_t)component->v_samp_factor;
    size_t line = (size_t)(rows - small->rows[i]) / (size_t)CLP_JPEG_DCT_V(component);
    size_t y = (group + line) * size, x = column / (size_t)CLP_JPEG_DCT_H(component) * size;
    JSAMPROW to[DCTSIZE];
    small->own[i](info, component, block, rows, column);
    if (line >= (size_t)component->v_samp_factor || !has_room(plane, y + size, x + size)) {
        small->odd = true;
        return;
    }
    for (size_t k = 0; k < size; k++) {
        to[k] = small->base + plane->offset + (y + k) * plane->pitch;
    }
    small->shrinking[i](info, component, block, to, (JDIMENSION)x);
    small->blocks++;
}

/** True if the size that is being decoded, in the same planes, is no smaller in any of them: of
 * what libjpeg needs for a single sample of a block, it decodes no more. */
static bool fits(const clp_jpeg_small *small, const struct jpeg_decompress_struct *info) {
    bool same = (uint32_t)info->num_components == small->layout.plane_count;
    for (int i = 0; same && i < info->num_components; i++) {
        const jpeg_component_info *component = &info->comp_info[i];
        same = component->component_needed && small->sizes[i] <= CLP_JPEG_DCT_V(component) &&
               CLP_JPEG_DCT_V(component) == CLP_JPEG_DCT_H(component);
    }
    return same;
}

void clp_jpeg_small_begin(clp_jpeg_small *small, j_decompress_ptr info, JSAMPARRAY *planes) {
    struct jpeg_inverse_dct *dct = info->idct;
    int sizes[CLP_MAX_PLANES];
    small->odd = !fits(small, info);
    if (small->odd) {
        return;
    }
    /* libjpeg chooses the functions; by their tables it sees that these are made already. */
    for (int i = 0; i < info->num_components; i++) {
        sizes[i] = CLP_JPEG_DCT_V(&info->comp_info[i]);
        set_size(&info->comp_info[i], small->sizes[i]);
    }
    dct->start_pass(info);
    for (int i = 0; i < info->num_components; i++) {
        small->shrinking[i] = dct->inverse_DCT[i];
        set_size(&info->comp_info[i], sizes[i]);
    }
    dct->start_pass(info);
    for (int i = 0; i < info->num_components; i++) {
        const jpeg_component_info *component = &info->comp_info[i];
        small->own[i] = dct->inverse_DCT[i];
        small->rows[i] = planes[i];
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
    return small->base && !small->odd && small->awaited > 0 && small->blocks == small->awaited;
}
