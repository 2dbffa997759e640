/* Texts on their way to another format: a JPEG has comments, a PNG texts with keywords. */
#include <string.h>
#include <strings.h>

#include "batch/kinds.h"
#include "batch/metadata.h"

static const char comment[] = "Comment";

static bool is_comment(const clp_block *keyword) {
    return keyword->size == 0 ||
           (keyword->size == strlen(comment) &&
            strncasecmp((const char *)keyword->data, comment, keyword->size) == 0);
}

/** What a text is about: its keyword, or of a comment what stands before a colon, where
 * make_comment() writes keywords. */
static clp_block subject_of(const clp_note *note) {
    enum { MOST_KEYWORD = 79 };
    size_t room = note->text.size < MOST_KEYWORD + 2 ? note->text.size : MOST_KEYWORD + 2;
    const uint8_t *end = is_comment(&note->keyword) ? memmem(note->text.data, room, ": ", 2) : NULL;
    return end ? (clp_block){note->text.data, (size_t)(end - note->text.data)} : note->keyword;
}

/** True if the keyword contains the word, in whatever case. */
static bool mentions(const clp_block *keyword, const char *word) {
    size_t size = strlen(word);
    for (size_t at = 0; at + size <= keyword->size; at++) {
        if (strncasecmp((const char *)keyword->data + at, word, size) == 0) {
            return true;
        }
    }
    return false;
}

/** ImageMagick writes EXIF's fields as texts: "exif:GPSLatitude". */
static bool tells_place(const clp_block *keyword) {
    static const char *const words[] = {"GPS", "latitude", "longitude", "location", "geotag"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (mentions(keyword, words[i])) {
            return true;
        }
    }
    return false;
}

/** Of profiles as text, those that are no metadata of a known kind may hold anything. */
static bool may_tell_place(const clp_block *keyword) {
    return tells_place(keyword) || mentions(keyword, "Raw profile type ");
}

/** True if the keyword is one of the words, in whatever case. */
static bool is_one_of(const clp_block *keyword, const char *const *words) {
    for (; *words; words++) {
        if (keyword->size == strlen(*words) &&
            strncasecmp((const char *)keyword->data, *words, keyword->size) == 0) {
            return true;
        }
    }
    return false;
}

/** True if the text is of kinds that are kept though the other texts are not. */
static bool is_picked(const clp_block *keyword, uint32_t parts) {
    static const char *const rights[] = {"Copyright", "Author", "exif:Copyright", "exif:Artist",
                                         NULL};
    static const char *const dates[] = {"Creation Time",
                                        "exif:DateTime",
                                        "exif:DateTimeOriginal",
                                        "exif:DateTimeDigitized",
                                        "exif:OffsetTime",
                                        "exif:OffsetTimeOriginal",
                                        "exif:OffsetTimeDigitized",
                                        NULL};
    return ((parts & CLPROC_METADATA_COPYRIGHT) && is_one_of(keyword, rights)) ||
           ((parts & CLPROC_METADATA_DATE) && is_one_of(keyword, dates)) ||
           ((parts & CLPROC_METADATA_GPS) && tells_place(keyword));
}

/** Thumbnails by freedesktop.org, and what the turned or resized picture is no longer. */
static bool is_stale(const clp_block *keyword) {
    return mentions(keyword, "Thumb::") || mentions(keyword, "thumbnail:") ||
           mentions(keyword, ":Orientation") || mentions(keyword, "exif:ExifImage") ||
           mentions(keyword, "exif:PixelXDimension") || mentions(keyword, "exif:PixelYDimension");
}

static clproc_status append_utf8(clp_bytes *text, const clp_block *latin1, clproc_error *error) {
    clproc_status status = CLPROC_OK;
    for (size_t i = 0; status == CLPROC_OK && i < latin1->size; i++) {
        uint8_t c = latin1->data[i];
        uint8_t pair[2] = {(uint8_t)(0xC0 | c >> 6), (uint8_t)(0x80 | (c & 0x3F))};
        status = c < 0x80 ? clp_bytes_append(text, &c, 1, error)
                          : clp_bytes_append(text, pair, sizeof pair, error);
    }
    return status;
}

/** "Copyright: Jo", or the text alone of what is a comment anyway. */
static clproc_status make_comment(const clp_note *from, clp_bytes *text, clproc_error *error) {
    clproc_status status = CLPROC_OK;
    text->size = 0;
    if (!is_comment(&from->keyword)) {
        CLP_TRY(status, out, append_utf8(text, &from->keyword, error));
        CLP_TRY(status, out, clp_bytes_append(text, ": ", 2, error));
    }
    if (!from->utf8) {
        status = append_utf8(text, &from->text, error);
    } else if (from->text.size > 0) {
        status = clp_bytes_append(text, from->text.data, from->text.size, error);
    }
out:
    return status;
}

/** A JPEG's comment has no encoding: it is UTF-8 if it can be. */
static bool make_text(const clp_note *from, clp_note *to) {
    *to = *from;
    if (from->keyword.size > 0) {
        return true;
    }
    to->keyword = (clp_block){(const uint8_t *)comment, strlen(comment)};
    to->utf8 = clp_notes_is_utf8(&from->text);
    bool plain = true;
    for (size_t i = 0; i < from->text.size; i++) {
        plain &= from->text.data[i] < 0x80;
    }
    to->utf8 &= !plain; /* tEXt is what every reader knows */
    return memchr(from->text.data, 0, from->text.size) == NULL;
}

clproc_status clp_notes_convert(const clp_header *header, const clproc_run_params *params,
                                clproc_format format, clp_notes_result *result,
                                clproc_error *error) {
    clproc_status status = CLPROC_OK;
    size_t at = 0, room = clp_codec_room(format).note;
    clp_kinds kinds = clp_kinds_of(params);
    clp_note from, to;
    result->list.size = 0;
    result->dropped[0] = '\0';
    while (clp_notes_next(&header->blocks.notes, &at, &from)) {
        bool fits = true;
        clp_block subject = subject_of(&from);
        bool kept = kinds.blocks & CLPROC_METADATA_COMMENTS
                        ? kinds.place || !may_tell_place(&subject)
                        : is_picked(&subject, kinds.parts);
        if (!kept || is_stale(&subject)) {
            continue;
        }
        to = from;
        if (format == CLPROC_FORMAT_JPEG && header->format != format) {
            CLP_TRY(status, out, make_comment(&from, &result->text, error));
            to.text = (clp_block){result->text.data, result->text.size};
        } else if (format == CLPROC_FORMAT_PNG) {
            fits = make_text(&from, &to);
        }
        fits &= to.text.size <= room;
        if (fits) {
            CLP_TRY(status, out, clp_notes_add(&result->list, &to, error));
        } else if (!result->dropped[0]) {
            snprintf(result->dropped, sizeof result->dropped, "the text \"%.*s\" of %zu bytes",
                     from.keyword.size ? (int)from.keyword.size : 7,
                     from.keyword.size ? (const char *)from.keyword.data : comment, from.text.size);
        }
    }
out:
    return status;
}

void clp_notes_free(clp_notes_result *result) {
    clp_bytes_free(&result->list);
    clp_bytes_free(&result->text);
}
