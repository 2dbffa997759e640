#include "index/reader.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "core/format.h"
#include "core/memory.h"
#include "meta/read.h"

struct clp_reader {
    clp_head head;
    clp_decoder *decoder;
    clp_extract extract;
    clp_quality_scale scale;
    const clp_pixels_bounds *digest; /**< NULL: no digests */
    clp_bytes whole;                 /**< a file, for its digest */
    uint64_t bytes;
};

clproc_status clp_reader_create(clp_reader **reader, clproc_error *error) {
    clp_reader *made = clp_memory_zero(CLP_MEMORY_OTHER, 1, sizeof *made);
    if (!made) {
        return clp_error_memory(error, "a reader of headers", sizeof *made);
    }
    made->head.file = -1;
    clp_quality_scale_make(&made->scale);
    clproc_status status = clp_decoder_create(&made->decoder, error);
    if (status != CLPROC_OK) {
        clp_reader_destroy(&made);
    }
    *reader = made;
    return status;
}

void clp_reader_destroy(clp_reader **reader) {
    if (reader && *reader) {
        clp_decoder_destroy(&(*reader)->decoder);
        clp_head_free(&(*reader)->head);
        clp_bytes_free(&(*reader)->extract.bytes);
        clp_bytes_free(&(*reader)->extract.extension);
        clp_bytes_free(&(*reader)->whole);
        clp_memory_free(*reader);
        *reader = NULL;
    }
}

void clp_reader_digest(clp_reader *reader, const clp_pixels_bounds *bounds) {
    reader->digest = bounds;
}

uint64_t clp_reader_bytes(const clp_reader *reader) {
    return reader->bytes;
}

/* ----------------------------------------------------------------- the file */

static void put_name(clp_row *row, const char *path) {
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    clp_row_name(row, CLP_FIELD_SOURCE_FILE, path, strlen(path));
    clp_row_name(row, CLP_FIELD_FILE_NAME, name, strlen(name));
    if (slash) {
        size_t length = (size_t)(slash - path);
        clp_row_name(row, CLP_FIELD_DIRECTORY, path, length ? length : 1);
    } else {
        clp_row_string(row, CLP_FIELD_DIRECTORY, CLP_RANK_EXIF, ".");
    }
}

/** As exiftool writes it, with the fraction of a second where there is one: --update compares it.
 */
static void print_date(const clp_head *head, char *text, size_t size) {
    struct tm local;
    time_t seconds = (time_t)head->seconds;
    char fraction[16] = "";
    if (!localtime_r(&seconds, &local)) {
        text[0] = '\0';
        return;
    }
    if (head->nanoseconds > 0) {
        snprintf(fraction, sizeof fraction, ".%09d", (int)head->nanoseconds);
    }
    long zone = local.tm_gmtoff, minutes = (zone < 0 ? -zone : zone) / 60;
    snprintf(text, size, "%04d:%02d:%02d %02d:%02d:%02d%s%c%02ld:%02ld", local.tm_year + 1900,
             local.tm_mon + 1, local.tm_mday, local.tm_hour, local.tm_min, local.tm_sec, fraction,
             zone < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

static void fail(clp_row *row, const char *message) {
    clp_row_string(row, CLP_FIELD_ERROR, CLP_RANK_EXIF, message);
}

/* -------------------------------------------------------- JPEGs and PNGs */

static void put_density(clp_row *row, const clp_colour_facts *colour) {
    /* EXIF's numbers of units: 1 none, 2 inches, 3 centimetres. */
    if (colour->density_x > 0 && colour->density_y > 0) {
        clp_row_number(row, CLP_FIELD_X_RESOLUTION, CLP_RANK_FORMAT, colour->density_x);
        clp_row_number(row, CLP_FIELD_Y_RESOLUTION, CLP_RANK_FORMAT, colour->density_y);
        clp_row_integer(row, CLP_FIELD_RESOLUTION_UNIT, CLP_RANK_FORMAT,
                        colour->density_unit == CLP_DENSITY_PER_INCH ? 2
                        : colour->density_unit == CLP_DENSITY_PER_CM ? 3
                                                                     : 1);
    }
}

/** `extension`: see clp_index_xmp(). */
static void put_blocks(clp_row *row, const clp_blocks *blocks, const clp_bytes *extension) {
    char name[256];
    if (blocks->exif.data) {
        clp_index_exif(row, blocks->exif.data, blocks->exif.size);
    }
    if (blocks->xmp.data) {
        clp_index_xmp(row, blocks->xmp.data, blocks->xmp.size, extension);
    }
    if (blocks->iptc.data) {
        clp_index_iptc(row, blocks->iptc.data, blocks->iptc.size, false);
    }
    if (blocks->icc.data) {
        clp_icc_name(blocks->icc.data, blocks->icc.size, name, sizeof name);
        clp_row_string(row, CLP_FIELD_PROFILE_DESCRIPTION, CLP_RANK_EXIF, name);
    }
    clp_index_notes(row, &blocks->notes);
}

/** Lets the decoder take the extract apart. */
static void open_extract(clp_reader *reader, bool preview, clp_row *row) {
    /* Of pixels there are none; chunks are bounded where they are gathered, and once unpacked. */
    const clp_limits limits = {.chunk_bytes = (uint64_t)8 << 20};
    clp_extract *extract = &reader->extract;
    clp_header header;
    clproc_error error = {0};
    clp_decode_result flaws = {0};
    clproc_status status =
        clp_decoder_open(reader->decoder, extract->bytes.data, extract->bytes.size, &limits,
                         CLPROC_FAIL_ON_NONE, &header, &error);
    if (status == CLPROC_OK) {
        bool jpeg = header.format == CLPROC_FORMAT_JPEG;
        put_blocks(row, &header.blocks, jpeg ? &extract->extension : NULL);
        if (!preview) {
            put_density(row, &header.colour);
        }
        clp_decoder_flaws(reader->decoder, &flaws);
        if (flaws.message[0]) {
            clp_row_warn(row, flaws.message);
        }
    } else if (extract->exif) {
        clp_index_exif(row, extract->bytes.data + extract->exif, extract->exif_size);
    }
    if (extract->problem) {
        fail(row, extract->problem);
    } else if (status != CLPROC_OK) {
        fail(row, error.message);
    }
}

static void clear_extract(clp_extract *extract) {
    clp_bytes bytes = extract->bytes, extension = extract->extension;
    bytes.size = extension.size = 0;
    *extract = (clp_extract){.bytes = bytes, .extension = extension};
}

static void read_jpeg(clp_reader *reader, uint64_t start, bool preview, clp_row *row) {
    clp_extract *extract = &reader->extract;
    clproc_error error = {0};
    clear_extract(extract);
    if (clp_extract_jpeg(&reader->head, start, preview, row, extract, &error) != CLPROC_OK) {
        fail(row, error.message);
        return;
    }
    open_extract(reader, preview, row);
    int quality = clp_index_quality(&reader->scale, (const uint16_t(*)[64])extract->tables,
                                    extract->table_count);
    if (quality && !preview) {
        clp_row_integer(row, CLP_FIELD_QUALITY_ESTIMATE, CLP_RANK_EXIF, quality);
    }
}

static void read_png(clp_reader *reader, clp_row *row) {
    clproc_error error = {0};
    clear_extract(&reader->extract);
    if (clp_extract_png(&reader->head, row, &reader->extract, &error) != CLPROC_OK) {
        fail(row, error.message);
        return;
    }
    open_extract(reader, false, row);
}

/* ---------------------------------------------------------- HEIF and Netpbm */

/** Bytes of a Netpbm file's beginning: its header, comments among it. */
#define PNM_HEAD ((size_t)4 << 10)

static void print_kind(const char *kind, char *text, size_t size) {
    snprintf(text, size, "%s", kind);
    for (char *c = text; *c; c++) {
        *c = (char)toupper((unsigned char)*c);
    }
}

/** A file whose header only its decoder knows. A HEIF's metadata may lie anywhere in it. */
static void read_by_decoder(clp_reader *reader, clproc_format format, const char *kind,
                            clp_row *row) {
    clp_head *head = &reader->head;
    bool heif = format == CLPROC_FORMAT_HEIF || format == CLPROC_FORMAT_AVIF;
    size_t size = heif || head->size < PNM_HEAD ? (size_t)head->size : PNM_HEAD;
    const clp_limits limits = {.chunk_bytes = (uint64_t)8 << 20};
    const uint8_t *bytes = clp_head_exactly(head, 0, size);
    char type[16];
    clp_header header;
    clproc_error error = {0};
    clp_decode_result flaws = {0};
    print_kind(heif && kind ? kind : clp_format_of(format)->name, type, sizeof type);
    clp_row_string(row, CLP_FIELD_FILE_TYPE, CLP_RANK_EXIF, type);
    if (!bytes) {
        fail(row, "is too large for its metadata to be found");
        return;
    }
    if (clp_decoder_open(reader->decoder, bytes, size, &limits, CLPROC_FAIL_ON_NONE, &header,
                         &error) != CLPROC_OK) {
        fail(row, error.message);
        return;
    }
    clp_heif_stored stored = {header.width, header.height, 1, 0};
    if (heif && clp_heif_find_stored(head, &stored) && stored.orientation != 1) {
        clp_row_integer(row, CLP_FIELD_ORIENTATION, CLP_RANK_FORMAT, stored.orientation);
    }
    clp_row_integer(row, CLP_FIELD_IMAGE_WIDTH, CLP_RANK_FORMAT, stored.width);
    clp_row_integer(row, CLP_FIELD_IMAGE_HEIGHT, CLP_RANK_FORMAT, stored.height);
    clp_row_integer(row, CLP_FIELD_BITS_PER_SAMPLE, CLP_RANK_FORMAT,
                    stored.depth ? stored.depth : header.depth);
    put_blocks(row, &header.blocks, NULL);
    clp_decoder_flaws(reader->decoder, &flaws);
    if (flaws.message[0]) {
        clp_row_warn(row, flaws.message);
    }
}

/* ------------------------------------------------------- TIFF and raw files */

/** Endings of raw files that are TIFF structures, as exiftool's FileType. */
static const char raw_types[][4] = {"NEF", "NRW", "ARW", "SR2", "PEF", "SRW", "3FR", "ERF", "IIQ",
                                    "DCR", "KDC", "MEF", "MOS", "RWL", "FFF", "GPR", "SRF", "K25"};

static const char *ending_of(const char *path) {
    const char *slash = strrchr(path, '/'), *dot = strrchr(slash ? slash : path, '.');
    return dot ? dot + 1 : "";
}

static bool is_raw_ending(const char *ending, const char **type) {
    for (size_t i = 0; i < sizeof raw_types / sizeof *raw_types; i++) {
        if (strcasecmp(ending, raw_types[i]) == 0) {
            *type = raw_types[i];
            return true;
        }
    }
    return false;
}

static const uint8_t *reach(void *user, uint64_t offset, size_t bytes) {
    return clp_head_at(user, offset, bytes);
}

/** Reads what a raw file's JPEG tells of how the picture was taken; false if there is none. */
static bool read_inner_jpeg(clp_reader *reader, uint64_t at, clp_row *row) {
    const uint8_t *p = at ? clp_head_at(&reader->head, at, 3) : NULL;
    bool there = p && memcmp(p, "\xFF\xD8\xFF", 3) == 0;
    if (there) {
        read_jpeg(reader, at, true, row);
    }
    return there;
}

/** Adds what a Panasonic file's JPEG tells, which is all of EXIF in some. The raw file is no worse
 * for a broken one. */
static void add_inner_jpeg(clp_reader *reader, clp_row *row) {
    char flaw[320];
    bool failed = clp_row_has(row, CLP_FIELD_ERROR);
    read_inner_jpeg(reader, clp_raw_panasonic_jpeg(&reader->head), row);
    if (!failed && clp_row_has(row, CLP_FIELD_ERROR)) {
        snprintf(flaw, sizeof flaw, "preview: %.300s", clp_row_get(row, CLP_FIELD_ERROR));
        row->values[CLP_FIELD_ERROR].kind = CLP_CELL_NONE;
        clp_row_warn(row, flaw);
    }
}

static void read_tiff(clp_reader *reader, const char *path, const char *kind,
                      const uint8_t magic[16], clp_row *row) {
    const char *type = "TIFF";
    clp_reach from = {.at = reach, .user = &reader->head, .size = reader->head.size};
    if (!clp_index_tiff(row, &from)) {
        fail(row, "is a TIFF or raw file of which the directory cannot be read");
    }
    if (strcmp(kind, "orf") == 0) {
        type = "ORF";
    } else if (strcmp(kind, "rw2") == 0) {
        type = strcasecmp(ending_of(path), "rwl") == 0 ? "RWL" : "RW2"; /* of Leica's */
        /* There these tags are about the lens. */
        row->values[CLP_FIELD_X_RESOLUTION].kind = CLP_CELL_NONE;
        row->values[CLP_FIELD_Y_RESOLUTION].kind = CLP_CELL_NONE;
        add_inner_jpeg(reader, row);
    } else if (memcmp(magic + 2, "+\0", 2) == 0 || memcmp(magic + 2, "\0+", 2) == 0) {
        type = "BTF"; /* BigTIFF */
    } else if (memcmp(magic + 8, "CR", 2) == 0) {
        type = "CR2";
    } else if (clp_row_has(row, CLP_FIELD_DNG_VERSION)) {
        type = "DNG";
    } else {
        is_raw_ending(ending_of(path), &type);
    }
    clp_row_string(row, CLP_FIELD_FILE_TYPE, CLP_RANK_EXIF, type);
}

/** Fujifilm's raw files hold a JPEG with the EXIF, and a directory of their own. */
static void read_raf(clp_reader *reader, clp_row *row) {
    clp_row_string(row, CLP_FIELD_FILE_TYPE, CLP_RANK_EXIF, "RAF");
    if (!read_inner_jpeg(reader, clp_raw_fuji_jpeg(&reader->head), row)) {
        fail(row, "is a raw file of which the preview cannot be found");
    }
    clp_raw_fuji_size(&reader->head, row);
}

/* -------------------------------------------------------------- any format */

/** True if the name is a picture's. */
static bool named_like_picture(const char *path) {
    static const char others[][4] = {"DNG", "CR2", "CR3", "RAF", "ORF", "RW2", "MRW", "CRW", "X3F"};
    const char *ending = ending_of(path), *type;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        if (strcasecmp(ending, others[i]) == 0) {
            return true;
        }
    }
    return clp_format_by_ending(ending) || is_raw_ending(ending, &type);
}

static clp_read_end read_foreign(const char *path, bool named, const char *kind, bool empty,
                                 clp_row *row) {
    char message[160], type[16];
    if (!named && !named_like_picture(path) && !(kind && clp_codec_kind_is_picture(kind))) {
        return CLP_READ_NO_PICTURE;
    }
    const char *package = kind ? clp_codec_missing(kind) : NULL;
    if (kind && (strcmp(kind, "crw") == 0 || strcmp(kind, "x3f") == 0)) {
        snprintf(message, sizeof message,
                 "is a raw file of which no metadata is read; convert it to DNG");
    } else {
        snprintf(message, sizeof message, "is no picture that is read here%s%s%s%s",
                 empty  ? ": it is empty"
                 : kind ? ", but "
                        : "",
                 kind && !empty ? kind : "", package ? "; build clproc with " : "",
                 package ? package : "");
    }
    fail(row, message);
    if (kind) {
        print_kind(kind, type, sizeof type);
        clp_row_string(row, CLP_FIELD_FILE_TYPE, CLP_RANK_EXIF, type);
    }
    return CLP_READ_BROKEN;
}

static clp_read_end read_open(clp_reader *reader, const char *path, bool named, clp_row *row) {
    clp_head *head = &reader->head;
    size_t size = head->size < 16 ? (size_t)head->size : 16;
    const uint8_t *start = clp_head_at(head, 0, size);
    uint8_t magic[16] = {0};
    clproc_format format = CLPROC_FORMAT_KEEP;
    if (start && size) {
        memcpy(magic, start, size);
    }
    bool known = start && clp_codec_recognise(magic, size, &format);
    if (known && (format == CLPROC_FORMAT_JPEG || format == CLPROC_FORMAT_PNG)) {
        bool jpeg = format == CLPROC_FORMAT_JPEG;
        clp_row_string(row, CLP_FIELD_FILE_TYPE, CLP_RANK_EXIF, jpeg ? "JPEG" : "PNG");
        jpeg ? read_jpeg(reader, 0, false, row) : read_png(reader, row);
    } else {
        const char *kind = start ? clp_codec_kind(magic, size) : NULL;
        bool tiff = kind && (strcmp(kind, "tif") == 0 || strcmp(kind, "orf") == 0 ||
                             strcmp(kind, "rw2") == 0);
        if (!start && head->code) {
            fail(row, "cannot be read");
        } else if (tiff) {
            read_tiff(reader, path, kind, magic, row);
        } else if (kind && strcmp(kind, "webp") == 0) {
            clp_extract_webp(head, row);
        } else if (kind && strcmp(kind, "cr3") == 0) {
            clp_extract_cr3(head, row);
        } else if (kind && strcmp(kind, "mrw") == 0) {
            clp_extract_mrw(head, row);
        } else if (kind && strcmp(kind, "raf") == 0) {
            read_raf(reader, row);
        } else if (known) {
            read_by_decoder(reader, format, kind, row);
        } else {
            return read_foreign(path, named, kind, head->size == 0, row);
        }
    }
    if (head->code) {
        char message[160];
        snprintf(message, sizeof message, "cannot be read: %s%s", strerror(head->code),
                 clp_file_remedy(head->code));
        row->values[CLP_FIELD_ERROR].kind = CLP_CELL_NONE;
        fail(row, message);
    }
    return clp_row_has(row, CLP_FIELD_ERROR) ? CLP_READ_BROKEN : CLP_READ_DONE;
}

/* -------------------------------------------------------------- its pixels */

/** True if the file is of a format whose pictures are decoded, and not a raw file that looks like
 * one.
 */
static bool is_decoded(const uint8_t *file, size_t size, const clp_row *row) {
    clproc_format format;
    return clp_codec_recognise(file, size, &format) &&
           (format != CLPROC_FORMAT_TIFF ||
            strcmp(clp_row_get(row, CLP_FIELD_FILE_TYPE), "TIFF") == 0);
}

/** False if it was stopped. */
static bool put_digest(clp_reader *reader, clp_row *row) {
    clp_head *head = &reader->head;
    char flaw[320];
    clp_digest digest;
    clproc_error error = {0};
    const uint8_t *file = NULL;
    clproc_status status;
    if (head->size > reader->digest->file_bytes || head->size > reader->digest->memory) {
        status = clp_error_set(&error, CLPROC_ERROR_LIMIT,
                               "the file is larger than --limit-file or --memory allows");
    } else if (!(file = clp_head_whole(head, &reader->whole))) {
        status = clp_error_set(&error, CLPROC_ERROR_INPUT, "the file cannot be read whole");
    } else if (!is_decoded(file, (size_t)head->size, row)) {
        status = clp_error_set(&error, CLPROC_ERROR_UNSUPPORTED,
                               "pictures of this kind are not decoded");
    } else {
        status = clp_pixels_digest(reader->decoder, file, (size_t)head->size, reader->digest,
                                   &digest, &error);
    }
    head->code = 0; /* a file that cannot be read whole has its row all the same */
    if (status == CLPROC_ERROR_CANCELLED) {
        return false;
    }
    if (status == CLPROC_OK) {
        clp_row_string(row, CLP_FIELD_PIXEL_DIGEST, CLP_RANK_EXIF, digest.text);
    } else {
        snprintf(flaw, sizeof flaw, "no digest: %.300s", error.message);
        clp_row_warn(row, flaw);
    }
    return true;
}

/** True if the file is as it was when its row was made. */
static bool is_unchanged(const clp_old_row *known, const clp_head *head, const clp_row *row) {
    char date[64];
    print_date(head, date, sizeof date);
    return known && clp_old_is_unchanged(known, clp_row_get(row, CLP_FIELD_SOURCE_FILE),
                                         head->file_size, date);
}

static void begin_row(clp_row *row, const char *path) {
    clp_row_clear(row);
    put_name(row, path);
    clp_row_integer(row, CLP_FIELD_INDEX_VERSION, CLP_RANK_EXIF, CLP_INDEX_VERSION);
}

/** Reads what the head has of the file, and closes it. */
static clp_read_end finish_row(clp_reader *reader, const char *path, bool named,
                               const clp_old_row *known, clp_row *row) {
    clp_head *head = &reader->head;
    char date[64];
    print_date(head, date, sizeof date);
    clp_row_integer(row, CLP_FIELD_FILE_SIZE, CLP_RANK_EXIF, (int64_t)head->file_size);
    clp_row_string(row, CLP_FIELD_FILE_MODIFY_DATE, CLP_RANK_EXIF, date);
    clp_read_end end =
        is_unchanged(known, head, row) ? CLP_READ_UNCHANGED : read_open(reader, path, named, row);
    if (reader->digest && end == CLP_READ_DONE && !put_digest(reader, row)) {
        end = CLP_READ_STOPPED;
    }
    reader->bytes += head->read;
    clp_head_close(head);
    if (row->exhausted) {
        fail(row, "no memory for its metadata");
        end = CLP_READ_BROKEN;
    }
    return end;
}

clp_read_end clp_reader_read(clp_reader *reader, const char *path, bool named, const clp_old *old,
                             clp_old_row **known, clp_row *row) {
    clproc_error error = {0};
    begin_row(row, path);
    *known = old ? clp_old_find(old, clp_row_get(row, CLP_FIELD_SOURCE_FILE)) : NULL;
    if (clp_head_open(&reader->head, path, &error) != CLPROC_OK) {
        fail(row, error.message);
        return CLP_READ_BROKEN;
    }
    return finish_row(reader, path, named, *known, row);
}

clp_read_end clp_reader_read_lent(clp_reader *reader, const char *path, bool named,
                                  const uint8_t *data, size_t size, clp_row *row) {
    clproc_error error = {0};
    begin_row(row, path);
    if (clp_head_lend(&reader->head, path, data, size, &error) != CLPROC_OK) {
        fail(row, error.message);
        return CLP_READ_BROKEN;
    }
    return finish_row(reader, path, named, NULL, row);
}

bool clp_reader_is_unchanged(clp_reader *reader, const char *path, const clp_old *old,
                             clp_old_row **known, clp_row *row) {
    clproc_error error;
    begin_row(row, path);
    *known = clp_old_find(old, clp_row_get(row, CLP_FIELD_SOURCE_FILE));
    return *known && clp_head_look(&reader->head, path, &error) == CLPROC_OK &&
           is_unchanged(*known, &reader->head, row);
}
