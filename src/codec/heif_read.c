/* HEIF and AVIF through libheif: the primary picture, turned as the file says, with its alpha; 8
 * bits, and what has more as 16. */
#include <string.h>

#include "codec/heif_private.h"
#include "core/cancel.h"
#include "core/clock.h"
#include "core/leave.h"
#include "core/memory.h"

typedef struct reader {
    struct heif_context *context; /**< of the open file, NULL: none */
    struct heif_image_handle *picture;
    bool narrow;        /**< gray, and black and white are not the least and largest numbers */
    bool alpha_differs; /**< is not turned or cropped as the colours are */
    heif_item_id alpha; /**< that one */
    clp_bytes exif, xmp, icc;
} reader;

static bool probe_as(const uint8_t *bytes, size_t size, const char *wanted) {
    const char *kind = clp_codec_kind(bytes, size);
    return kind && strcmp(kind, wanted) == 0;
}

static bool probe_heif(const uint8_t *bytes, size_t size) {
    return probe_as(bytes, size, "heic");
}

static bool probe_avif(const uint8_t *bytes, size_t size) {
    return probe_as(bytes, size, "avif");
}

static void close_file(void *state) {
    reader *heif = state;
    if (heif->picture) {
        clp_libheif.image_handle_release(heif->picture);
    }
    if (heif->context) {
        clp_libheif.context_free(heif->context);
    }
    heif->picture = NULL;
    heif->context = NULL;
}

static void release(void *state) {
    reader *heif = state;
    clp_bytes_free(&heif->exif);
    clp_bytes_free(&heif->xmp);
    clp_bytes_free(&heif->icc);
}

/** What a message says behind libheif's own names for a kind of error that has none, and before
 * the line feed at its end, if there is one; `*length` counts the bytes. */
static const char *cause_of(const char *message, int *length) {
    static const char nameless[] = "Unspecified: ";
    const char *found = strstr(message, nameless);
    const char *cause = found ? found + sizeof nameless - 1 : message;
    *length = (int)strcspn(cause, "\n");
    return cause;
}

static clproc_status failure(const clp_decoder *decoder, struct heif_error failed,
                             clproc_error *error) {
    const char *name = decoder->header.format == CLPROC_FORMAT_AVIF ? "an AVIF" : "a HEIF";
    int length;
    const char *cause = cause_of(failed.message, &length);
    if (failed.subcode == heif_suberror_Security_limit_exceeded) {
        return clp_error_set(error, CLPROC_ERROR_LIMIT, "exceeds a limit of libheif: %.*s", length,
                             cause);
    }
    if (failed.code == heif_error_Memory_allocation_error) {
        return clp_error_memory(error, "decoding a HEIF", 0);
    }
    if (failed.subcode == heif_suberror_Unsupported_codec) {
        return clp_error_set(error, CLPROC_ERROR_UNSUPPORTED,
                             "is %s that libheif has no decoder for; for HEVC and AV1 install "
                             "libheif-plugin-libde265 and libheif-plugin-aomdec",
                             name);
    }
    return clp_error_set(error,
                         failed.code == heif_error_Unsupported_feature ? CLPROC_ERROR_UNSUPPORTED
                                                                       : CLPROC_ERROR_INPUT,
                         "is not %s that can be decoded: %.*s", name, length, cause);
}

/* --------------------------------------------------------------- header */

/** What libheif itself may take, before it looks at the file. */
static clproc_status set_limits(const clp_source *source, struct heif_context *context,
                                clproc_error *error) {
    uint32_t side = source->limits.side;
    /* Pictures are worked on side by side already. */
    clp_libheif.context_set_max_decoding_threads(context, 0);
    if (side && side < INT32_MAX) {
        clp_libheif.context_set_maximum_image_size_limit(context, (int)side);
    }
#if LIBHEIF_HAVE_VERSION(1, 19, 0)
    struct heif_security_limits limits = *clp_libheif.context_get_security_limits(context);
    if (source->limits.pixels) {
        limits.max_image_size_pixels = source->limits.pixels;
    }
    if (clp_libheif.context_set_security_limits(context, &limits).code != heif_error_Ok) {
        return clp_error_set(error, CLPROC_ERROR_INTERNAL, "libheif takes no limits");
    }
#endif
    (void)error;
    return CLPROC_OK;
}

/** Opens the file, whose bytes stand at `bytes`. What is there after a failure is to be released.
 */
static clproc_status find_primary(const clp_decoder *decoder, const uint8_t *bytes,
                                  struct heif_context **context, struct heif_image_handle **picture,
                                  clproc_error *error) {
    const clp_source *source = &decoder->source;
    clproc_status status;
    *context = clp_libheif.context_alloc();
    if (!*context) {
        return clp_error_memory(error, "a HEIF decoder", 0);
    }
    CLP_TRY(status, out, set_limits(source, *context, error));
    struct heif_error failed =
        clp_libheif.context_read_from_memory_without_copy(*context, bytes, source->size, NULL);
    if (failed.code == heif_error_Ok) {
        failed = clp_libheif.context_get_primary_image_handle(*context, picture);
    }
    status = failed.code == heif_error_Ok ? CLPROC_OK : failure(decoder, failed, error);
out:
    return status;
}

static clproc_status take_item(clp_decoder *decoder, heif_item_id id, clp_bytes *bytes,
                               clproc_error *error) {
    const reader *heif = decoder->state;
    size_t size = clp_libheif.image_handle_get_metadata_size(heif->picture, id);
    clproc_status status = CLPROC_OK;
    bytes->size = 0;
    if (size == 0) {
        goto out;
    }
    if (!clp_source_has_room(&decoder->source, size)) {
        status = clp_decoder_note_large(decoder, error);
        goto out;
    }
    CLP_TRY(status, out, clp_bytes_reserve(bytes, size, error));
    if (clp_libheif.image_handle_get_metadata(heif->picture, id, bytes->data).code !=
        heif_error_Ok) {
        status = clp_decoder_note(decoder, CLP_FLAW_WARNING, "its metadata cannot be read: dropped",
                                  error);
        goto out;
    }
    bytes->size = size;
out:
    return status;
}

/** EXIF begins behind as many bytes as its first four say. */
static clp_block exif_of(const clp_bytes *item) {
    uint64_t start = item->size >= 4 ? 4 + (uint64_t)clp_read_u32(item->data) : UINT64_MAX;
    return start < item->size ? (clp_block){item->data + start, item->size - (size_t)start}
                              : (clp_block){0};
}

static clproc_status find_metadata(clp_decoder *decoder, clproc_error *error) {
    enum { MOST_ITEMS = 64 };
    reader *heif = decoder->state;
    clp_blocks *blocks = &decoder->header.blocks;
    heif_item_id ids[MOST_ITEMS];
    clproc_status status = CLPROC_OK;
    int count = clp_libheif.image_handle_get_list_of_metadata_block_IDs(heif->picture, NULL, ids,
                                                                        MOST_ITEMS);
    for (int i = 0; i < count; i++) {
        const char *type = clp_libheif.image_handle_get_metadata_type(heif->picture, ids[i]);
        const char *content =
            clp_libheif.image_handle_get_metadata_content_type(heif->picture, ids[i]);
        if (type && strcmp(type, "Exif") == 0 && !blocks->exif.data) {
            CLP_TRY(status, out, take_item(decoder, ids[i], &heif->exif, error));
            blocks->exif = exif_of(&heif->exif);
        } else if (content && strcmp(content, "application/rdf+xml") == 0 && !blocks->xmp.data) {
            CLP_TRY(status, out, take_item(decoder, ids[i], &heif->xmp, error));
            blocks->xmp =
                heif->xmp.size ? (clp_block){heif->xmp.data, heif->xmp.size} : (clp_block){0};
        }
    }
out:
    return status;
}

/** A profile, else code points. */
static clproc_status find_colours(clp_decoder *decoder, clproc_error *error) {
    reader *heif = decoder->state;
    clp_colour_facts *colour = &decoder->header.colour;
    struct heif_color_profile_nclx *nclx = NULL;
    size_t size = clp_libheif.image_handle_get_raw_color_profile_size(heif->picture);
    clproc_status status = CLPROC_OK;
    heif->icc.size = 0;
    if (size > 0 && !clp_source_has_room(&decoder->source, size)) {
        status = clp_decoder_note_large(decoder, error);
    } else if (size > 0) {
        CLP_TRY(status, out, clp_bytes_reserve(&heif->icc, size, error));
        if (clp_libheif.image_handle_get_raw_color_profile(heif->picture, heif->icc.data).code ==
            heif_error_Ok) {
            heif->icc.size = size;
            decoder->header.blocks.icc = (clp_block){heif->icc.data, size};
        }
    } else if (clp_libheif.image_handle_get_nclx_color_profile(heif->picture, &nclx).code ==
               heif_error_Ok) {
        uint8_t primaries = (uint8_t)nclx->color_primaries;
        uint8_t transfer = (uint8_t)nclx->transfer_characteristics;
        colour->has_cicp = primaries != CLP_H273_UNSPECIFIED && transfer != CLP_H273_UNSPECIFIED;
        colour->cicp[0] = primaries;
        colour->cicp[1] = transfer;
        colour->cicp[2] = CLP_H273_IDENTITY; /* libheif makes RGB of it */
        colour->cicp[3] = 1;
        status = clp_decoder_note_hdr(decoder, error);
    }
out:
    clp_libheif.nclx_color_profile_free(nclx);
    return status;
}

/** True of gray whose black is 16 and white 235, of 8 bits: libheif 1.15 makes RGB of it without a
 * look at that. */
static bool is_narrow_gray(const clp_source *source, const struct heif_image_handle *picture) {
    struct heif_color_profile_nclx *nclx = NULL;
    bool told =
        clp_libheif.image_handle_get_nclx_color_profile(picture, &nclx).code == heif_error_Ok;
    bool narrow = told && !nclx->full_range_flag && clp_heif_is_gray(source);
    clp_libheif.nclx_color_profile_free(nclx);
    return narrow;
}

/** What else the file holds. A gain map is an auxiliary picture (Apple's), or one that a
 * tone-mapped item is made with (ISO 21496-1), which libheif may not know. Alpha of another size
 * once both are turned is to libheif a picture like others: what is wrong with it is told by
 * itself. */
static uint32_t find_beside(const clp_source *source, const reader *heif) {
    enum { MOST_IDS = 16 };
    const int others = LIBHEIF_AUX_IMAGE_FILTER_OMIT_ALPHA | LIBHEIF_AUX_IMAGE_FILTER_OMIT_DEPTH;
    heif_item_id ids[MOST_IDS];
    uint32_t beside = 0;
    if (memcmp(source->bytes + 8, "avis", 4) == 0 || memcmp(source->bytes + 8, "msf1", 4) == 0 ||
        memcmp(source->bytes + 8, "hev", 3) == 0) {
        beside |= CLP_BESIDE_ANIMATION;
    }
    if (clp_heif_has_item(source, "tmap")) {
        beside |= CLP_BESIDE_GAIN_MAP;
    }
    if (clp_libheif.context_get_number_of_top_level_images(heif->context) > 1 ||
        clp_libheif.image_handle_has_depth_image(heif->picture)) {
        beside |= CLP_BESIDE_PICTURES;
    }
    int count = clp_libheif.image_handle_get_list_of_auxiliary_image_IDs(heif->picture, others, ids,
                                                                         MOST_IDS);
    for (int i = 0; i < count; i++) {
        struct heif_image_handle *aux = NULL;
        const char *type = NULL;
        if ((heif->alpha_differs && ids[i] == heif->alpha) ||
            clp_libheif.image_handle_get_auxiliary_image_handle(heif->picture, ids[i], &aux).code !=
                heif_error_Ok) {
            continue;
        }
        if (clp_libheif.image_handle_get_auxiliary_type(aux, &type).code == heif_error_Ok && type) {
            beside |= strstr(type, "gainmap") ? CLP_BESIDE_GAIN_MAP : CLP_BESIDE_PICTURES;
            clp_libheif.image_handle_free_auxiliary_types(aux, &type);
        }
        clp_libheif.image_handle_release(aux);
    }
    return beside;
}

static clproc_status open_file(clp_decoder *decoder, clproc_error *error) {
    reader *heif = decoder->state;
    const clp_source *source = &decoder->source;
    clp_header *header = &decoder->header;
    clproc_status status;
    clp_heif_offer_hevc();
    CLP_TRY(status, out,
            find_primary(decoder, source->bytes, &heif->context, &heif->picture, error));
    int width = clp_libheif.image_handle_get_width(heif->picture);
    int height = clp_libheif.image_handle_get_height(heif->picture);
    int bits = clp_libheif.image_handle_get_luma_bits_per_pixel(heif->picture);
    if (width <= 0 || height <= 0 || bits <= 0 || bits > 16) {
        status = clp_error_set(error, CLPROC_ERROR_INPUT,
                               "is not a picture that can be decoded: its header is damaged");
        goto out;
    }
    CLP_TRY(status, out, clp_source_check_size(source, (uint32_t)width, (uint32_t)height, error));
    CLP_TRY(status, out, clp_heif_check_sizes(source, (uint32_t)width, (uint32_t)height, error));
    header->width = (uint32_t)width;
    header->height = (uint32_t)height;
    header->model =
        clp_libheif.image_handle_has_alpha_channel(heif->picture) ? CLP_MODEL_RGBA : CLP_MODEL_RGB;
    header->depth = bits > 8 ? 16 : 8;
    header->progressive = true; /* libheif decodes the picture whole */
    header->upright = true;
    heif->narrow = is_narrow_gray(source, heif->picture);
    heif->alpha_differs = clp_heif_alpha_differs(source, &heif->alpha);
    CLP_TRY(status, out, find_metadata(decoder, error));
    CLP_TRY(status, out, find_colours(decoder, error));
    header->beside = find_beside(source, heif);
out:
    return status;
}

/* --------------------------------------------------------------- pixels */

static clproc_status place(clp_decoder *decoder, const struct heif_image *image,
                           const clp_layout *layout, uint8_t *base, clproc_error *error) {
    const reader *heif = decoder->state;
    clproc_status status = clp_heif_place(image, layout, heif->narrow, base, error);
    if (status == CLPROC_OK && clp_model_has_alpha(layout->model) &&
        clp_libheif.image_handle_is_premultiplied_alpha(heif->picture)) {
        clp_codec_unpremultiply(&layout->planes[0], layout->depth, base);
    }
    return status;
}

/** One picture on its way from its file to pixels: all that the work takes, since a thread may be
 * left with it. */
typedef struct decoding {
    clp_bytes file; /**< a copy, where it is to be done in a thread; else empty */
    struct heif_context *context;
    struct heif_image_handle *picture;
    struct heif_decoding_options *options;
    bool gray;               /**< as a plane of gray, if libheif can */
    enum heif_chroma chroma; /**< of RGB */
    struct heif_image *image;
    struct heif_error failed;
    const volatile int *left; /**< its result is not waited for any more */
    uint64_t deadline;        /**< as clp_source has it */
} decoding;

#if LIBHEIF_HAVE_VERSION(1, 19, 0)
/** Asked between the tiles of a picture. */
static int is_left(void *user) {
    const decoding *job = user;
    return clp_cancel_asked(job->left) || (job->deadline && clp_clock_ns() > job->deadline);
}
#endif

static void decode_as(decoding *job, enum heif_colorspace space, enum heif_chroma chroma) {
    job->failed = clp_libheif.decode_image(job->picture, &job->image, space, chroma, job->options);
}

static void work(void *user, const volatile int *left) {
    decoding *job = user;
    job->left = left;
    if (job->gray) {
        decode_as(job, heif_colorspace_monochrome, heif_chroma_monochrome);
    }
    if (!job->gray || job->failed.code == heif_error_Unsupported_feature) { /* of tiles */
        decode_as(job, heif_colorspace_RGB, job->chroma);
    }
}

static void drop(void *user) {
    decoding *job = user;
    if (job->image) {
        clp_libheif.image_release(job->image);
    }
    if (job->picture) {
        clp_libheif.image_handle_release(job->picture);
    }
    if (job->context) {
        clp_libheif.context_free(job->context);
    }
    if (job->options) {
        clp_libheif.decoding_options_free(job->options);
    }
    clp_bytes_free(&job->file);
    clp_memory_free(job);
}

/** Opens the file once more, as a copy that a thread may keep. */
static clproc_status copy_file(const clp_decoder *decoder, decoding *job, clproc_error *error) {
    const clp_source *source = &decoder->source;
    clproc_status status;
    CLP_TRY(status, out, clp_bytes_append(&job->file, source->bytes, source->size, error));
    status = find_primary(decoder, job->file.data, &job->context, &job->picture, error);
out:
    return status;
}

/** Everything that decoding takes. A large picture's may be left. */
static clproc_status prepare(const clp_decoder *decoder, const clp_layout *layout, bool leaves,
                             decoding *job, clproc_error *error) {
    const reader *heif = decoder->state;
    bool alpha = clp_model_has_alpha(layout->model);
    job->chroma =
        layout->depth == 8
            ? (alpha ? heif_chroma_interleaved_RGBA : heif_chroma_interleaved_RGB)
            : (alpha ? heif_chroma_interleaved_RRGGBBAA_LE : heif_chroma_interleaved_RRGGBB_LE);
    job->gray = heif->narrow;
    job->deadline = decoder->source.deadline;
    job->options = clp_libheif.decoding_options_alloc();
    if (!job->options) {
        return clp_error_memory(error, "decoding a HEIF", 0);
    }
    job->options->strict_decoding = decoder->flaws.fail_on != CLPROC_FAIL_ON_NONE;
#if LIBHEIF_HAVE_VERSION(1, 19, 0)
    job->options->cancel_decoding = is_left;
    job->options->progress_user_data = job;
#endif
    return leaves ? copy_file(decoder, job, error) : CLPROC_OK;
}

static clproc_status decode(clp_decoder *decoder, const clp_layout *layout,
                            struct heif_image **image, clproc_error *error) {
    static const clp_leave leave = {work, drop};
    const reader *heif = decoder->state;
    bool leaves = decoder->cancel && (uint64_t)layout->width * layout->height > CLP_HEIF_FEW_PIXELS;
    decoding *job = clp_memory_zero(CLP_MEMORY_CODEC, 1, sizeof *job);
    clproc_status status;
    if (!job) {
        return clp_error_memory(error, "decoding a HEIF", sizeof *job);
    }
    CLP_TRY(status, out, prepare(decoder, layout, leaves, job, error));
    if (leaves && !clp_leave_run(&leave, job, decoder->cancel)) {
        return clp_decoder_check(decoder, error);
    }
    if (!leaves) {
        job->picture = heif->picture;
        work(job, decoder->cancel);
        job->picture = NULL;
    }
    /* Where it was left for that, the cause is told as it is elsewhere. */
    CLP_TRY(status, out, clp_decoder_check(decoder, error));
    if (job->failed.code == heif_error_Ok) {
        *image = job->image;
        job->image = NULL;
    } else {
        status = failure(decoder, job->failed, error);
    }
out:
    drop(job);
    return status;
}

static clproc_status read_file(clp_decoder *decoder, const clp_layout *layout,
                               const clp_row_sink *sink, clproc_error *error) {
    const reader *heif = decoder->state;
    struct heif_image *image = NULL;
    /* A picture without rows in order goes to memory as a whole. */
    uint8_t *base = sink->place(sink->user, 0, 0);
    clproc_status status;
    CLP_TRY(status, out, clp_decoder_check(decoder, error));
    if (heif->alpha_differs) { /* as of avifenc before 1.0 */
        CLP_TRY(status, out,
                clp_decoder_note(decoder, CLP_FLAW_CORRUPT,
                                 "its alpha is not turned or cropped as its colours are", error));
    }
    CLP_TRY(status, out, decode(decoder, layout, &image, error));
    CLP_TRY(status, out, clp_decoder_check(decoder, error));
    /* What it says of the damage is not for readers: libheif 1.15 leaves out the cause. */
    if (clp_libheif.image_get_decoding_warnings(image, 0, NULL, 0) > 0) {
        CLP_TRY(status, out,
                clp_decoder_note(decoder, CLP_FLAW_CORRUPT, "its data are damaged", error));
    }
    CLP_TRY(status, out, place(decoder, image, layout, base, error));
    status = clp_decoder_advance(decoder, sink,
                                 (uint32_t[CLP_MAX_PLANES]){layout->planes[0].height}, error);
out:
    if (image) {
        clp_libheif.image_release(image);
    }
    return status;
}

/** The planes as they are coded, those that the decoder keeps of them, and libheif's RGB; the coded
 * bytes, and the file's copy. */
static uint64_t decode_bytes(const clp_header *header, uint64_t file_bytes) {
    return 2 * file_bytes + (uint64_t)header->width * header->height * 16 * (header->depth / 8);
}

#define HEIF_CODEC                                                                                 \
    .library = &clp_heif_library, .state_bytes = sizeof(reader), .release = release,               \
    .open = open_file, .read = read_file, .close = close_file, .decode_bytes = decode_bytes

const clp_codec clp_codec_heif = {.format = CLPROC_FORMAT_HEIF, .probe = probe_heif, HEIF_CODEC};
const clp_codec clp_codec_avif = {.format = CLPROC_FORMAT_AVIF,
                                  .room = {.exif = INT32_MAX, .icc = INT32_MAX, .xmp = INT32_MAX},
                                  .probe = probe_avif,
                                  HEIF_CODEC,
                                  .write = clp_heif_write,
                                  .rewrite = clp_heif_rewrite,
                                  .encode_bytes = clp_heif_encode_bytes};
