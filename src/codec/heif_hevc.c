/* HEVC through libde265, in the place of libheif's own decoder for it.
 *
 * That one, as of libheif 1.21, does not ask libde265 whether the data were damaged, and hands on
 * what libde265 had of the picture then, in memory that was never written: damage went unnoticed,
 * and old contents of memory came out as pixels. This one asks, and begins with gray. */
#include "codec/heif_private.h"

#ifndef CLPROC_HAS_DE265

void clp_heif_offer_hevc(void) {
}

#else

#include <libde265/de265.h>
#include <libheif/heif_plugin.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "core/checked.h"
#include "core/library.h"
#include "core/memory.h"

#define CLP_LIBDE265(X)                                                                            \
    X(decode)                                                                                      \
    X(flush_data)                                                                                  \
    X(free_decoder)                                                                                \
    X(get_bits_per_pixel)                                                                          \
    X(get_chroma_format)                                                                           \
    X(get_image_colour_primaries)                                                                  \
    X(get_image_full_range_flag)                                                                   \
    X(get_image_height)                                                                            \
    X(get_image_matrix_coefficients)                                                               \
    X(get_image_plane)                                                                             \
    X(get_image_plane_user_data)                                                                   \
    X(get_image_transfer_characteristics)                                                          \
    X(get_image_width)                                                                             \
    X(get_next_picture)                                                                            \
    X(get_warning)                                                                                 \
    X(new_decoder)                                                                                 \
    X(push_NAL)                                                                                    \
    X(release_next_picture)                                                                        \
    X(set_image_allocation_functions)                                                              \
    X(set_image_plane)                                                                             \
    X(set_parameter_bool)                                                                          \
    X(start_worker_threads)

#define POINTER(name) __typeof__(de265_##name) *(name);
#define SLOT(name) {"de265_" #name, &libde265.name},

static struct { CLP_LIBDE265(POINTER) } libde265;

static const clp_library_slot slots[] = {CLP_LIBDE265(SLOT)};

static clp_library library = {.file = CLPROC_DE265_SONAME,
                              .package = CLPROC_DE265_PACKAGE,
                              .slots = slots,
                              .count = sizeof slots / sizeof *slots};

static const struct heif_error fine = {heif_error_Ok, heif_suberror_Unspecified, "success"};
static const struct heif_error no_memory = {heif_error_Memory_allocation_error,
                                            heif_suberror_Unspecified, "no memory for HEVC"};

static const struct heif_error damaged = {heif_error_Decoder_plugin_error,
                                          heif_suberror_Unspecified, "its data are damaged"};

typedef struct hevc {
    de265_decoder_context *context;
    bool strict; /**< damage is an error, otherwise a warning */
} hevc;

/* --------------------------------------------------------------- memory */

/** Planes begin here, and are so much longer than their rows: libde265 reads whole vectors. */
enum { PLANE_ALIGN = 64, PLANE_PADDING = 64 };

/** A plane of the gray in the middle; NULL if there is no memory. */
static void *make_plane(size_t samples, int bits) {
    size_t bytes;
    void *plane = NULL;
    if (bits < 8 || bits > 16 || !clp_checked_mul(samples, bits > 8 ? 2 : 1, &bytes) ||
        posix_memalign(&plane, PLANE_ALIGN, bytes + PLANE_PADDING) != 0) {
        return NULL;
    }
    if (bits == 8) {
        memset(plane, 0x80, bytes + PLANE_PADDING);
    } else {
        uint16_t *wide = plane;
        for (size_t i = 0; i < samples + PLANE_PADDING / 2; i++) {
            wide[i] = (uint16_t)(1u << (bits - 1));
        }
    }
    return plane;
}

static void free_planes(de265_decoder_context *context, struct de265_image *image, void *user) {
    (void)context, (void)user;
    for (int i = 0; i < 3; i++) {
        free(libde265.get_image_plane_user_data(image, i));
        libde265.set_image_plane(image, i, NULL, 0, NULL);
    }
}

/** Has the last filter (SAO) run or not. Where it is to run, libde265 decodes into planes of its
 * own, and only its result has those that are made here: so it is said to be off until they are
 * made. */
static void have_last_filter(hevc *self, bool runs) {
    libde265.set_parameter_bool(self->context, DE265_DECODER_PARAM_DISABLE_SAO, !runs);
}

/** 0 if there is no memory. */
static int make_planes(de265_decoder_context *context, struct de265_image_spec *spec,
                       struct de265_image *image, void *user) {
    enum de265_chroma chroma = libde265.get_chroma_format(image);
    const size_t align = spec->alignment > 0 ? (size_t)spec->alignment : 1;
    const int planes = chroma == de265_chroma_mono ? 1 : 3;
    if (spec->width <= 0 || spec->height <= 0) {
        return 0;
    }
    for (int i = 0; i < 3; i++) {
        libde265.set_image_plane(image, i, NULL, 0, NULL);
    }
    for (int i = 0; i < planes; i++) {
        size_t width = (size_t)spec->width, height = (size_t)spec->height;
        width = i && chroma != de265_chroma_444 ? (width + 1) / 2 : width;
        height = i && chroma == de265_chroma_420 ? (height + 1) / 2 : height;
        const int bits = libde265.get_bits_per_pixel(image, i);
        size_t stride = (width + align - 1) / align * align;
        void *plane = make_plane(stride * height, bits);
        if (!plane) {
            free_planes(context, image, user);
            return 0;
        }
        /* In bytes, though what libde265 allocates itself is set in samples. */
        libde265.set_image_plane(image, i, plane, (int)stride * (bits > 8 ? 2 : 1), plane);
    }
    have_last_filter(user, true);
    return 1;
}

/* --------------------------------------------------------------- decoding */

static const char *name_plugin(void) {
    return "libde265, as clproc asks it";
}

/** Before libheif's own, which has 100. To be chosen by its name would leave others in this process
 * alone, but libheif 1.15 forgets the name for the tiles of a grid. */
static int rank(enum heif_compression_format format) {
    return format == heif_compression_HEVC ? 200 : 0;
}

static void end(void *decoder) {
    hevc *made = decoder;
    if (made->context) {
        (void)libde265.free_decoder(made->context);
    }
    clp_memory_free(made);
}

static struct heif_error begin(void **decoder) {
    static struct de265_image_allocation allocation = {make_planes, free_planes};
    hevc *made = clp_memory_zero(CLP_MEMORY_CODEC, 1, sizeof *made);
    *decoder = NULL;
    if (!made) {
        return no_memory;
    }
    made->context = libde265.new_decoder();
    if (!made->context) {
        end(made);
        return no_memory;
    }
    libde265.set_image_allocation_functions(made->context, &allocation, made);
    have_last_filter(made, false);
    /* One thread, as libheif has it: without any, the last filter of libde265 1.0.11 reads beyond
     * its copy of a picture of more than 8 bits. */
    if (libde265.start_worker_threads(made->context, 1) != DE265_OK) {
        end(made);
        return no_memory;
    }
    *decoder = made;
    return fine;
}

static void be_strict(void *decoder, int strict) {
    ((hevc *)decoder)->strict = strict != 0;
}

/** Takes units, each behind its length in four bytes, as libheif hands them over. */
static struct heif_error push(void *decoder, const void *data, size_t size) {
    clp_heif_cursor from = {data, size, 0};
    while (from.at < from.size) {
        uint64_t length = clp_heif_take(&from, 4);
        if (from.at > from.size || length > from.size - from.at || length > INT32_MAX) {
            return damaged;
        }
        de265_error failed = libde265.push_NAL(((hevc *)decoder)->context, from.data + from.at,
                                               (int)length, 0, NULL);
        if (failed != DE265_OK) {
            return damaged;
        }
        from.at += length;
    }
    return fine;
}

/** Copies a plane of libde265's picture into one that libheif has made. */
static struct heif_error copy_plane(const struct de265_image *from, int plane, int bits,
                                    struct heif_image *to) {
    static const enum heif_channel channels[] = {heif_channel_Y, heif_channel_Cb, heif_channel_Cr};
    int width = libde265.get_image_width(from, plane),
        height = libde265.get_image_height(from, plane);
    int stride = 0, to_stride = 0;
    const uint8_t *row = libde265.get_image_plane(from, plane, &stride);
    if (!row || width <= 0 || height <= 0 || libde265.get_bits_per_pixel(from, plane) != bits) {
        return damaged;
    }
    struct heif_error failed =
        clp_libheif.image_add_plane(to, channels[plane], width, height, bits);
    uint8_t *to_row = clp_libheif.image_get_plane(to, channels[plane], &to_stride);
    if (failed.code != heif_error_Ok || !to_row) {
        return no_memory;
    }
    for (int y = 0; y < height; y++) {
        memcpy(to_row, row, (size_t)width * (bits > 8 ? 2 : 1));
        row += stride;
        to_row += to_stride;
    }
    return fine;
}

/** What the data say of their colours, which counts where the file says nothing. */
static struct heif_error tell_colours(const struct de265_image *from, struct heif_image *to) {
    struct heif_color_profile_nclx *nclx = clp_libheif.nclx_color_profile_alloc();
    if (!nclx) {
        return no_memory;
    }
    /* A number that libheif does not know counts as none. */
    (void)clp_libheif.nclx_color_profile_set_color_primaries(
        nclx, (uint16_t)libde265.get_image_colour_primaries(from));
    (void)clp_libheif.nclx_color_profile_set_transfer_characteristics(
        nclx, (uint16_t)libde265.get_image_transfer_characteristics(from));
    (void)clp_libheif.nclx_color_profile_set_matrix_coefficients(
        nclx, (uint16_t)libde265.get_image_matrix_coefficients(from));
    nclx->full_range_flag = libde265.get_image_full_range_flag(from) != 0;
    struct heif_error failed = clp_libheif.image_set_nclx_color_profile(to, nclx);
    clp_libheif.nclx_color_profile_free(nclx);
    return failed;
}

static struct heif_error copy_picture(const struct de265_image *from, struct heif_image **to) {
    enum de265_chroma chroma = libde265.get_chroma_format(from);
    const bool gray = chroma == de265_chroma_mono;
    struct heif_error failed = clp_libheif.image_create(
        libde265.get_image_width(from, 0), libde265.get_image_height(from, 0),
        gray ? heif_colorspace_monochrome : heif_colorspace_YCbCr, (enum heif_chroma)chroma, to);
    if (failed.code != heif_error_Ok) {
        *to = NULL;
        return failed;
    }
    for (int i = 0; failed.code == heif_error_Ok && i < (gray ? 1 : 3); i++) {
        failed = copy_plane(from, i, libde265.get_bits_per_pixel(from, 0), *to);
    }
    if (failed.code == heif_error_Ok) {
        failed = tell_colours(from, *to);
    }
    if (failed.code != heif_error_Ok) {
        clp_libheif.image_release(*to);
        *to = NULL;
    }
    return failed;
}

/** True if libde265 found damage. Some of its warnings tell of nothing that is missing from the
 * picture. */
static bool is_damaged(de265_decoder_context *context) {
    bool found = false;
    for (;;) {
        switch (libde265.get_warning(context)) {
        case DE265_OK:
            return found;
        case DE265_WARNING_NO_WPP_CANNOT_USE_MULTITHREADING:
        case DE265_WARNING_NUMBER_OF_THREADS_LIMITED_TO_MAXIMUM:
        case DE265_WARNING_WARNING_BUFFER_FULL:
        case DE265_WARNING_SPS_MISSING_CANNOT_DECODE_SEI:
            break;
        default:
            found = true;
        }
    }
}

/** Has libde265 know that there is nothing to come. */
static struct heif_error flush(void *decoder) {
    return libde265.flush_data(((hevc *)decoder)->context) == DE265_OK ? fine : no_memory;
}

/** Decodes the next picture; `*image` is NULL if there is none, or an error is returned. */
static struct heif_error take_picture(hevc *self, struct heif_image **image) {
    const struct de265_image *picture = NULL;
    de265_error failed = DE265_OK;
    int more = 1;
    *image = NULL;
    while (failed == DE265_OK && more && !picture) {
        more = 0;
        failed = libde265.decode(self->context, &more);
        picture = failed == DE265_OK ? libde265.get_next_picture(self->context) : NULL;
    }
    if (failed == DE265_ERROR_OUT_OF_MEMORY) {
        return no_memory;
    }
    const bool damage = is_damaged(self->context) ||
                        (failed != DE265_OK && failed != DE265_ERROR_WAITING_FOR_INPUT_DATA);
    if (!picture) {
        return damage ? damaged : fine;
    }
    /* Pictures behind the first are in libde265's own planes, of which not all may be written. */
    const bool ours = libde265.get_image_plane_user_data(picture, 0) != NULL;
    struct heif_error taken =
        damage && (self->strict || !ours) ? damaged : copy_picture(picture, image);
    if (taken.code == heif_error_Ok && damage) {
        clp_libheif.image_add_decoding_warning(*image, damaged);
    }
    libde265.release_next_picture(self->context);
    return taken;
}

/** The only picture. */
static struct heif_error decode(void *decoder, struct heif_image **image) {
    struct heif_error failed = flush(decoder);
    if (failed.code == heif_error_Ok) {
        failed = take_picture(decoder, image);
    }
    return failed.code == heif_error_Ok && !*image ? damaged : failed;
}

/* --------------------------------------------------------------- offering it */

#if LIBHEIF_HAVE_VERSION(1, 21, 0)

/** Fifth version of the interface, for several pictures; the only one that libheif 1.23 takes. */
static int rank_described(const struct heif_decoder_plugin_compressed_format_description *format) {
    return rank(format->format);
}

static struct heif_error begin_with(void **decoder,
                                    const struct heif_decoder_plugin_options *options) {
    struct heif_error failed = begin(decoder);
    if (failed.code == heif_error_Ok) {
        be_strict(*decoder, options->strict_decoding);
    }
    return failed;
}

static struct heif_error push_more(void *decoder, const void *data, size_t size, uintptr_t user) {
    (void)user;
    return push(decoder, data, size);
}

static struct heif_error decode_next(void *decoder, struct heif_image **image,
                                     const struct heif_security_limits *limits) {
    (void)limits; /* checked before: clp_heif_check_sizes() */
    return take_picture(decoder, image);
}

static struct heif_error decode_next_of(void *decoder, struct heif_image **image, uintptr_t *user,
                                        const struct heif_security_limits *limits) {
    if (user) {
        *user = 0;
    }
    return decode_next(decoder, image, limits);
}

#define NEWER_INTERFACE                                                                            \
    .plugin_api_version = 5, .does_support_format2 = rank_described, .new_decoder2 = begin_with,   \
    .push_data2 = push_more, .flush_data = flush, .decode_next_image = decode_next,                \
    .decode_next_image2 = decode_next_of
#else
#define NEWER_INTERFACE .plugin_api_version = 3
#endif

static void offer(void) {
    static const struct heif_decoder_plugin plugin = {NEWER_INTERFACE,
                                                      .get_plugin_name = name_plugin,
                                                      .does_support_format = rank,
                                                      .new_decoder = begin,
                                                      .free_decoder = end,
                                                      .push_data = push,
                                                      .decode_image = decode,
                                                      .set_strict_decoding = be_strict,
                                                      .id_name = "clproc-libde265"};
    if (!clp_library_load(&library)) {
        /* If it fails, libheif's own decoder serves. */
        (void)clp_libheif.register_decoder_plugin(&plugin);
    }
}

void clp_heif_offer_hevc(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, offer);
}

#endif
