/* A PNG's texts: tEXt, zTXt and iTXt. Some of them carry metadata that other formats have blocks
 * for: XMP, and what ImageMagick and older cameras' tools call "Raw profile type …". */
#include <libdeflate.h>
#include <string.h>
#include <strings.h>

#include "codec/png_private.h"

#define RAW_PROFILE "Raw profile type "

enum { MOST_KEYWORD = 79, FIRST_ROOM = 4096 };

static clproc_status complain(clp_flaws *flaws, const char *text, clproc_error *error) {
    return clp_flaws_note(flaws, CLP_FLAW_WARNING, text, error) ? CLPROC_OK : CLPROC_ERROR_INPUT;
}

/* -------------------------------------------------------------- unpacking */

/** Unpacks a zlib stream into `out`. False if it is broken, or unpacks to more than `limit`. */
static clproc_status unpack(const clp_block *packed, size_t limit, clp_bytes *out, bool *done,
                            clproc_error *error) {
    enum libdeflate_result result = LIBDEFLATE_INSUFFICIENT_SPACE;
    struct libdeflate_decompressor *inflate = libdeflate_alloc_decompressor();
    clproc_status status = inflate ? CLPROC_OK : clp_error_memory(error, "a PNG's texts", 0);
    size_t room = packed->size < FIRST_ROOM / 4 ? FIRST_ROOM : packed->size * 4, size = 0;
    while (status == CLPROC_OK && result == LIBDEFLATE_INSUFFICIENT_SPACE && room / 2 < limit) {
        room = room < limit ? room : limit;
        status = clp_bytes_reserve(out, room, error);
        if (status == CLPROC_OK) {
            result = libdeflate_zlib_decompress(inflate, packed->data, packed->size, out->data,
                                                room, &size);
        }
        room = room < limit ? room * 2 : SIZE_MAX;
    }
    libdeflate_free_decompressor(inflate);
    *done = status == CLPROC_OK && result == LIBDEFLATE_SUCCESS;
    out->size = *done ? size : 0;
    return status;
}

/* ---------------------------------------------------------------- parsing */

/** Cuts what stands before the next NUL off `rest`. */
static bool cut_string(clp_block *rest, clp_block *string) {
    const uint8_t *end = rest->size ? memchr(rest->data, 0, rest->size) : NULL;
    if (!end) {
        return false;
    }
    *string = (clp_block){rest->data, (size_t)(end - rest->data)};
    *rest = (clp_block){end + 1, rest->size - string->size - 1};
    return true;
}

/** Splits a chunk; the text is still packed where the note says so. False for a chunk that makes no
 * sense. */
static bool split(const uint8_t *type, clp_block rest, clp_note *note) {
    *note = (clp_note){.utf8 = type[0] == 'i'};
    if (!cut_string(&rest, &note->keyword) || note->keyword.size == 0 ||
        note->keyword.size > MOST_KEYWORD) {
        return false;
    }
    if (type[0] != 't') {
        /* zTXt: a method; iTXt: whether it is packed, and the method. */
        size_t bytes = note->utf8 ? 2 : 1;
        if (rest.size < bytes || rest.data[bytes - 1] != 0) {
            return false;
        }
        note->packed = !note->utf8 || rest.data[0] == 1;
        rest = (clp_block){rest.data + bytes, rest.size - bytes};
    }
    if (note->utf8 &&
        (!cut_string(&rest, &note->language) || !cut_string(&rest, &note->translated))) {
        return false;
    }
    note->text = rest;
    return true;
}

static bool is_called(const clp_note *note, const char *name) {
    return note->keyword.size == strlen(name) &&
           strncasecmp((const char *)note->keyword.data, name, note->keyword.size) == 0;
}

/* ----------------------------------------------------------- raw profiles */

static int digit_of(uint8_t c) {
    return c >= '0' && c <= '9'                 ? c - '0'
           : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10
                                                : -1;
}

static bool is_blank(uint8_t c) {
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/** Reads "\nNAME\n LENGTH\nHEX…": blank lines, a name, how many bytes there are, the bytes. False
 * unless there are so many. */
static clproc_status read_hex(const clp_block *text, clp_bytes *out, bool *done,
                              clproc_error *error) {
    const uint8_t *s = text->data, *end = s + text->size;
    size_t length = 0;
    clproc_status status = CLPROC_OK;
    out->size = 0;
    *done = false;
    while (s < end && is_blank(*s)) {
        s++;
    }
    while (s < end && *s != '\n') {
        s++;
    }
    while (s < end && is_blank(*s)) {
        s++;
    }
    for (; s < end && *s >= '0' && *s <= '9' && length <= text->size; s++) {
        length = length * 10 + (size_t)(*s - '0');
    }
    if (length == 0 || length > text->size / 2) {
        return CLPROC_OK;
    }
    CLP_TRY(status, out, clp_bytes_reserve(out, length, error));
    int high = -1;
    for (; s < end && out->size < length; s++) {
        int digit = digit_of(*s);
        if (digit < 0 && !is_blank(*s)) {
            break;
        }
        if (digit >= 0 && high >= 0) {
            out->data[out->size++] = (uint8_t)(high << 4 | digit);
            high = -1;
        } else if (digit >= 0) {
            high = digit;
        }
    }
    *done = out->size == length;
out:
    return status;
}

static bool begins(const clp_block *block, const char *start, size_t size) {
    return block->size >= size && memcmp(block->data, start, size) == 0;
}

static clp_block behind(const clp_block *block, size_t size) {
    return (clp_block){block->data + size, block->size - size};
}

/** Keeps the first block of a kind. */
static clproc_status keep(clp_bytes *kept, const clp_block *block, clproc_error *error) {
    return kept->size ? CLPROC_OK : clp_bytes_append(kept, block->data, block->size, error);
}

/** IPTC's data sets as the resource of Photoshop that a JPEG has them in. */
static clproc_status keep_bare_iptc(clp_bytes *kept, const clp_block *block, clproc_error *error) {
    uint8_t head[12] = {'8', 'B', 'I', 'M', 4, 4};
    clproc_status status = CLPROC_OK;
    if (kept->size) {
        return CLPROC_OK;
    }
    clp_write_u32(head + 8, (uint32_t)block->size);
    CLP_TRY(status, out, clp_bytes_append(kept, head, sizeof head, error));
    CLP_TRY(status, out, clp_bytes_append(kept, block->data, block->size, error));
    if (block->size & 1) {
        CLP_TRY(status, out, clp_bytes_append(kept, "", 1, error));
    }
out:
    return status;
}

/** What the bytes are tells more than what they are called: APP1 is EXIF or XMP. */
static clproc_status sort_profile(clp_png_texts *texts, const clp_note *note, clproc_error *error) {
    static const char xmp_name[] = "http://ns.adobe.com/xap/1.0/";
    clp_block all = {texts->profile.data, texts->profile.size}, rest;
    bool colours = is_called(note, RAW_PROFILE "icc") || is_called(note, RAW_PROFILE "icm");
    if (colours) {
        return keep(&texts->icc, &all, error);
    }
    if (begins(&all, "Exif\0", 5) && all.size > 6) {
        rest = behind(&all, 6);
        return keep(&texts->exif, &rest, error);
    }
    if (begins(&all, "II*\0", 4) || begins(&all, "MM\0*", 4)) {
        return keep(&texts->exif, &all, error);
    }
    if (begins(&all, xmp_name, sizeof xmp_name)) {
        rest = behind(&all, sizeof xmp_name);
        return keep(&texts->xmp, &rest, error);
    }
    if (begins(&all, "Photoshop 3.0", 14)) {
        rest = behind(&all, 14);
        return keep(&texts->iptc, &rest, error);
    }
    if (begins(&all, "8BIM", 4)) {
        return keep(&texts->iptc, &all, error);
    }
    if (begins(&all, "\x1C", 1)) {
        return keep_bare_iptc(&texts->iptc, &all, error);
    }
    if (is_called(note, RAW_PROFILE "xmp")) {
        return keep(&texts->xmp, &all, error);
    }
    return clp_notes_add(&texts->notes, note, error); /* with a keyword of its own */
}

static clproc_status take_profile(clp_png_texts *texts, const clp_note *note, clp_flaws *flaws,
                                  clproc_error *error) {
    bool done = false;
    char text[128];
    clproc_status status = read_hex(&note->text, &texts->profile, &done, error);
    if (status != CLPROC_OK) {
        return status;
    }
    if (!done) {
        snprintf(text, sizeof text, "the text \"%.*s\" is broken: dropped", (int)note->keyword.size,
                 (const char *)note->keyword.data);
        return complain(flaws, text, error);
    }
    return sort_profile(texts, note, error);
}

/* ------------------------------------------------------------------ texts */

clproc_status clp_png_take_text(clp_png_texts *texts, const clp_source *source, const uint8_t *type,
                                size_t size, clp_flaws *flaws, clproc_error *error) {
    clp_note note;
    bool done = true;
    char text[96];
    clproc_status status = CLPROC_OK;
    uint64_t limit = source->limits.chunk_bytes ? source->limits.chunk_bytes : UINT32_MAX;
    if (!split(type, (clp_block){type + 4, size}, &note)) {
        snprintf(text, sizeof text, "a broken %.4s chunk: dropped", (const char *)type);
        return complain(flaws, text, error);
    }
    if (note.packed) {
        CLP_TRY(status, out, unpack(&note.text, limit, &texts->unpacked, &done, error));
        note.text = (clp_block){texts->unpacked.data, texts->unpacked.size};
    }
    if (!done || texts->total + note.text.size > 2 * limit) {
        snprintf(text, sizeof text, "a %.4s chunk is broken or exceeds --limit-chunk: dropped",
                 (const char *)type);
        return complain(flaws, text, error);
    }
    texts->total += note.text.size;
    if (is_called(&note, CLP_PNG_XMP)) {
        status = keep(&texts->xmp, &note.text, error);
    } else if (note.keyword.size > strlen(RAW_PROFILE) &&
               strncasecmp((const char *)note.keyword.data, RAW_PROFILE, strlen(RAW_PROFILE)) ==
                   0) {
        status = take_profile(texts, &note, flaws, error);
    } else {
        status = clp_notes_add(&texts->notes, &note, error);
    }
out:
    return status;
}

void clp_png_texts_clear(clp_png_texts *texts) {
    texts->notes.size = texts->exif.size = texts->xmp.size = texts->iptc.size = texts->icc.size = 0;
    texts->total = 0;
}

void clp_png_texts_free(clp_png_texts *texts) {
    clp_bytes *all[] = {&texts->notes, &texts->exif,    &texts->xmp,     &texts->iptc,
                        &texts->icc,   &texts->profile, &texts->unpacked};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        clp_bytes_free(all[i]);
    }
}

/* ---------------------------------------------------------------- writing */

static clproc_status add(clp_bytes *chunk, const clp_block *part, bool ends, clproc_error *error) {
    clproc_status status = CLPROC_OK;
    if (part->size) {
        CLP_TRY(status, out, clp_bytes_append(chunk, part->data, part->size, error));
    }
    if (ends) {
        CLP_TRY(status, out, clp_bytes_append(chunk, "", 1, error));
    }
out:
    return status;
}

static clproc_status add_packed(clp_bytes *chunk, const clp_block *text, clproc_error *error) {
    struct libdeflate_compressor *deflate = libdeflate_alloc_compressor(6);
    clproc_status status = deflate ? CLPROC_OK : clp_error_memory(error, "a PNG's texts", 0);
    size_t room = deflate ? libdeflate_zlib_compress_bound(deflate, text->size) : 0;
    if (status == CLPROC_OK) {
        status = clp_bytes_reserve(chunk, chunk->size + room, error);
    }
    if (status == CLPROC_OK) {
        chunk->size += libdeflate_zlib_compress(deflate, text->data, text->size,
                                                chunk->data + chunk->size, room);
    }
    libdeflate_free_compressor(deflate);
    return status;
}

static clproc_status write_note(clp_bytes *file, const clp_note *note, clproc_error *error) {
    uint8_t head[8] = {0}, tail[4];
    size_t start = file->size;
    clproc_status status;
    memcpy(head + 4, note->utf8 ? "iTXt" : note->packed ? "zTXt" : "tEXt", 4);
    CLP_TRY(status, out, clp_bytes_append(file, head, sizeof head, error));
    CLP_TRY(status, out, add(file, &note->keyword, true, error));
    if (note->utf8) {
        uint8_t flags[2] = {note->packed, 0};
        CLP_TRY(status, out, clp_bytes_append(file, flags, sizeof flags, error));
        CLP_TRY(status, out, add(file, &note->language, true, error));
        CLP_TRY(status, out, add(file, &note->translated, true, error));
    } else if (note->packed) {
        CLP_TRY(status, out, clp_bytes_append(file, "", 1, error));
    }
    CLP_TRY(status, out,
            note->packed ? add_packed(file, &note->text, error)
                         : add(file, &note->text, false, error));
    size_t size = file->size - start - CLP_PNG_HEAD;
    clp_write_u32(file->data + start, (uint32_t)size);
    clp_write_u32(tail, libdeflate_crc32(0, file->data + start + 4, size + 4));
    CLP_TRY(status, out, clp_bytes_append(file, tail, sizeof tail, error));
out:
    return status;
}

/** A block as text, as ImageMagick and ExifTool read it. */
static clproc_status write_profile(clp_bytes *file, const char *name, const clp_block *block,
                                   clp_bytes *scratch, clproc_error *error) {
    static const char digits[] = "0123456789abcdef";
    char head[64], keyword[32];
    clproc_status status;
    int used = snprintf(head, sizeof head, "\n%s\n%8zu", name, block->size);
    scratch->size = 0;
    CLP_TRY(status, out, clp_bytes_append(scratch, head, (size_t)used, error));
    CLP_TRY(
        status, out,
        clp_bytes_reserve(scratch, scratch->size + block->size * 2 + block->size / 36 + 2, error));
    for (size_t i = 0; i < block->size; i++) {
        if (i % 36 == 0) {
            scratch->data[scratch->size++] = '\n';
        }
        scratch->data[scratch->size++] = (uint8_t)digits[block->data[i] >> 4];
        scratch->data[scratch->size++] = (uint8_t)digits[block->data[i] & 15];
    }
    scratch->data[scratch->size++] = '\n';
    used = snprintf(keyword, sizeof keyword, RAW_PROFILE "%s", name);
    clp_note note = {.keyword = {(const uint8_t *)keyword, (size_t)used},
                     .text = {scratch->data, scratch->size},
                     .packed = true};
    status = write_note(file, &note, error);
out:
    return status;
}

clproc_status clp_png_write_texts(clp_bytes *file, const clp_blocks *blocks, clp_bytes *scratch,
                                  clproc_error *error) {
    clproc_status status = CLPROC_OK;
    clp_note note;
    size_t at = 0;
    while (clp_notes_next(&blocks->notes, &at, &note)) {
        CLP_TRY(status, out, write_note(file, &note, error));
    }
    if (blocks->iptc.size) {
        status = write_profile(file, "iptc", &blocks->iptc, scratch, error);
    }
out:
    return status;
}
