/** What reading HEIF and AVIF and writing AVIF share. Built only where libheif is there. */
#ifndef CLP_CODEC_HEIF_PRIVATE_H
#define CLP_CODEC_HEIF_PRIVATE_H

#include <libheif/heif.h>
#include <libheif/heif_plugin.h>

#include "codec/codec_private.h"

/** The functions of libheif that are called here, without the heif_ before their names. A call
 * reads clp_libheif.context_alloc(), and only what runs behind clp_codec's `library` may make one.
 */
#define CLP_LIBHEIF(X)                                                                             \
    X(context_add_XMP_metadata)                                                                    \
    X(context_add_exif_metadata)                                                                   \
    X(context_alloc)                                                                               \
    X(context_encode_image)                                                                        \
    X(context_free)                                                                                \
    X(context_get_encoder_for_format)                                                              \
    X(context_get_number_of_top_level_images)                                                      \
    X(context_get_primary_image_handle)                                                            \
    X(context_read_from_memory_without_copy)                                                       \
    X(context_set_max_decoding_threads)                                                            \
    X(context_set_maximum_image_size_limit)                                                        \
    X(context_write)                                                                               \
    X(decode_image)                                                                                \
    X(decoding_options_alloc)                                                                      \
    X(decoding_options_free)                                                                       \
    X(encoder_release)                                                                             \
    X(encoder_set_lossless)                                                                        \
    X(encoder_set_lossy_quality)                                                                   \
    X(encoder_set_parameter_integer)                                                               \
    X(encoder_set_parameter_string)                                                                \
    X(encoding_options_alloc)                                                                      \
    X(encoding_options_free)                                                                       \
    X(image_add_decoding_warning)                                                                  \
    X(image_add_plane)                                                                             \
    X(image_create)                                                                                \
    X(image_get_bits_per_pixel_range)                                                              \
    X(image_get_decoding_warnings)                                                                 \
    X(image_get_height)                                                                            \
    X(image_get_plane)                                                                             \
    X(image_get_plane_readonly)                                                                    \
    X(image_get_width)                                                                             \
    X(image_handle_free_auxiliary_types)                                                           \
    X(image_handle_get_auxiliary_image_handle)                                                     \
    X(image_handle_get_auxiliary_type)                                                             \
    X(image_handle_get_height)                                                                     \
    X(image_handle_get_list_of_auxiliary_image_IDs)                                                \
    X(image_handle_get_list_of_metadata_block_IDs)                                                 \
    X(image_handle_get_luma_bits_per_pixel)                                                        \
    X(image_handle_get_metadata)                                                                   \
    X(image_handle_get_metadata_content_type)                                                      \
    X(image_handle_get_metadata_size)                                                              \
    X(image_handle_get_metadata_type)                                                              \
    X(image_handle_get_nclx_color_profile)                                                         \
    X(image_handle_get_raw_color_profile)                                                          \
    X(image_handle_get_raw_color_profile_size)                                                     \
    X(image_handle_get_width)                                                                      \
    X(image_handle_has_alpha_channel)                                                              \
    X(image_handle_has_depth_image)                                                                \
    X(image_handle_is_premultiplied_alpha)                                                         \
    X(image_handle_release)                                                                        \
    X(image_has_channel)                                                                           \
    X(image_release)                                                                               \
    X(image_set_nclx_color_profile)                                                                \
    X(image_set_raw_color_profile)                                                                 \
    X(nclx_color_profile_alloc)                                                                    \
    X(nclx_color_profile_free)                                                                     \
    X(nclx_color_profile_set_color_primaries)                                                      \
    X(nclx_color_profile_set_matrix_coefficients)                                                  \
    X(nclx_color_profile_set_transfer_characteristics)                                             \
    X(register_decoder_plugin)                                                                     \
    CLP_LIBHEIF_SINCE_1_19(X)

#if LIBHEIF_HAVE_VERSION(1, 19, 0)
#define CLP_LIBHEIF_SINCE_1_19(X)                                                                  \
    X(context_get_security_limits)                                                                 \
    X(context_set_security_limits)
#else
#define CLP_LIBHEIF_SINCE_1_19(X)
#endif

#define CLP_LIBHEIF_POINTER(name) __typeof__(heif_##name) *(name);

extern struct clp_libheif { CLP_LIBHEIF(CLP_LIBHEIF_POINTER) } clp_libheif;

extern clp_library clp_heif_library;

/** Pictures of so few pixels are through soon. Others are decoded and encoded in threads that can
 * be left, since libheif looks at nothing meanwhile. */
#define CLP_HEIF_FEW_PIXELS ((uint64_t)1 << 18)

/** Part of a file, read from its beginning on. */
typedef struct clp_heif_cursor {
    const uint8_t *data;
    size_t size, at;
} clp_heif_cursor;

typedef struct clp_heif_box {
    const uint8_t *type; /**< four letters */
    clp_heif_cursor content;
} clp_heif_box;

/** Reads a big-endian number of so many bytes; what is not there counts as zeros. */
uint64_t clp_heif_take(clp_heif_cursor *from, size_t bytes);
bool clp_heif_is(const clp_heif_box *box, const char *type);
/** False where no whole head of a box is left; a box that is longer than what it stands in ends
 * with that. */
bool clp_heif_next_box(clp_heif_cursor *from, clp_heif_box *next);
/** True if a file has an item of this type. */
bool clp_heif_has_item(const clp_source *source, const char *type);
/** True if no picture of the file has chroma; alpha never has. */
bool clp_heif_is_gray(const clp_source *source);
/** True if the primary picture has alpha that is not turned, mirrored and cropped as its colours
 * are, which libheif does not make up for; `*alpha` is then its item. */
bool clp_heif_alpha_differs(const clp_source *source, heif_item_id *alpha);

/** Checks every picture that is coded in the file against the limits, and against the size of what
 * it shows, by which memory is accounted for. */
clproc_status clp_heif_check_sizes(const clp_source *source, uint32_t width, uint32_t height,
                                   clproc_error *error);

/** Has libheif decode HEVC by a decoder that finds damage, unless libde265 cannot be loaded. Any
 * thread, once libheif is loaded. */
void clp_heif_offer_hevc(void);

/** Puts the samples of a decoded picture where the layout has them; an error where they are not
 * what the header said. `narrow`: it is gray, with black of 16 and white of 235, of 8 bits. */
clproc_status clp_heif_place(const struct heif_image *image, const clp_layout *layout, bool narrow,
                             uint8_t *base, clproc_error *error);

clproc_status clp_heif_write(clp_encoder *encoder, const clp_layout *layout, uint8_t *base,
                             const clp_encode_params *params, clproc_error *error);
clproc_status clp_heif_rewrite(const clp_decoder *decoder, clp_encoder *encoder,
                               const clp_encode_params *params, bool *done, clproc_error *error);
uint64_t clp_heif_encode_bytes(const clp_layout *layout, bool progressive);

#endif
