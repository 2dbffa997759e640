/* XMP, IPTC and plain texts as fields. */
#include <string.h>
#include <strings.h>

#include "index/meta.h"
#include "meta/read.h"

#define F(name) CLP_FIELD_##name

typedef enum meaning { A_TEXT, A_LIST, A_NUMBER, A_DATE, A_TIME } meaning;

/* -------------------------------------------------------------------- XMP */

static const struct {
    const char *schema, *name;
    clp_field field;
    meaning how;
} properties[] = {{"xmp", "Rating", F(RATING), A_NUMBER},
                  {"xmp", "Label", F(LABEL), A_TEXT},
                  {"xmp", "CreatorTool", F(CREATOR_TOOL), A_TEXT},
                  {"xmp", "CreateDate", F(CREATE_DATE), A_DATE},
                  {"xmp", "ModifyDate", F(MODIFY_DATE), A_DATE},
                  {"xmp", "MetadataDate", F(METADATA_DATE), A_DATE},
                  {"dc", "title", F(TITLE), A_TEXT},
                  {"dc", "creator", F(CREATOR), A_LIST},
                  {"dc", "description", F(DESCRIPTION), A_TEXT},
                  {"dc", "subject", F(SUBJECT), A_LIST},
                  {"dc", "rights", F(RIGHTS), A_TEXT},
                  {"aux", "Lens", F(LENS_MODEL), A_TEXT},
                  {"aux", "SerialNumber", F(SERIAL_NUMBER), A_TEXT},
                  {"photoshop", "City", F(CITY), A_TEXT},
                  {"photoshop", "State", F(STATE), A_TEXT},
                  {"photoshop", "Country", F(COUNTRY), A_TEXT},
                  {"photoshop", "Headline", F(HEADLINE), A_TEXT},
                  {"photoshop", "Credit", F(CREDIT), A_TEXT},
                  {"photoshop", "Source", F(SOURCE), A_TEXT},
                  {"photoshop", "Instructions", F(INSTRUCTIONS), A_TEXT},
                  {"photoshop", "AuthorsPosition", F(AUTHORS_POSITION), A_TEXT},
                  {"photoshop", "DateCreated", F(DATE_CREATED), A_DATE},
                  {"Iptc4xmpCore", "Location", F(LOCATION), A_TEXT},
                  {"Iptc4xmpCore", "CountryCode", F(COUNTRY_CODE), A_TEXT},
                  {"tiff", "Make", F(MAKE), A_TEXT},
                  {"tiff", "Model", F(MODEL), A_TEXT},
                  {"tiff", "Orientation", F(ORIENTATION), A_NUMBER},
                  {"exif", "DateTimeOriginal", F(DATE_TIME_ORIGINAL), A_DATE},
                  {"exif", "ISOSpeedRatings", F(ISO), A_NUMBER},
                  {"exif", "ExposureTime", F(EXPOSURE_TIME), A_NUMBER},
                  {"exif", "FNumber", F(F_NUMBER), A_NUMBER},
                  {"exif", "PixelXDimension", F(EXIF_IMAGE_WIDTH), A_NUMBER},
                  {"exif", "PixelYDimension", F(EXIF_IMAGE_HEIGHT), A_NUMBER},
                  {"exif", "ColorSpace", F(COLOR_SPACE), A_NUMBER},
                  {"exif", "FocalLength", F(FOCAL_LENGTH), A_NUMBER}};

static bool all_digits(const char *text, size_t size) {
    for (size_t i = 0; i < size; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return false;
        }
    }
    return size > 0;
}

/** ISO 8601 as EXIF writes dates: "2020-01-02T03:04:05+02:00" becomes "2020:01:02 03:04:05+02:00".
 */
static void put_date(clp_row *row, clp_field field, const char *text, size_t size) {
    char date[64];
    if (size >= sizeof date || size < 4 || !all_digits(text, 4)) {
        clp_row_text(row, field, CLP_RANK_XMP, text, size);
        return;
    }
    memcpy(date, text, size);
    date[size] = '\0';
    for (size_t i = 4; i < 10 && i < size; i += 3) {
        date[i] = date[i] == '-' ? ':' : date[i];
    }
    if (size > 10 && date[10] == 'T') {
        date[10] = ' ';
    }
    clp_row_string(row, field, CLP_RANK_XMP, date);
}

/** A number, or a fraction as "1/250". */
static void put_number(clp_row *row, clp_field field, const char *text) {
    double number, below = 1;
    const char *rest = text;
    if (!clproc_number_read(text + (*text == '+'), &number)) {
        return;
    }
    rest = strchr(text, '/');
    if (rest && !clproc_number_read(rest + 1, &below)) {
        return;
    }
    clp_row_number(row, field, CLP_RANK_XMP, number / below);
}

static void take_property(void *user, const clp_xmp_value *value) {
    clp_row *row = user;
    for (size_t i = 0; i < sizeof properties / sizeof *properties; i++) {
        if (strcmp(properties[i].name, value->name) != 0 ||
            strcmp(properties[i].schema, value->schema) != 0) {
            continue;
        }
        clp_field field = properties[i].field;
        switch (properties[i].how) {
        case A_LIST:
            clp_row_item(row, field, CLP_RANK_XMP, value->text, value->size);
            break;
        case A_NUMBER:
            put_number(row, field, value->text);
            break;
        case A_DATE:
            put_date(row, field, value->text, value->size);
            break;
        default:
            clp_row_text(row, field, CLP_RANK_XMP, value->text, value->size);
            break;
        }
        return;
    }
}

void clp_index_xmp(clp_row *row, const uint8_t *data, size_t size) {
    while (size > 0 && data[size - 1] == 0) {
        size--;
    }
    const char *flaw = clp_xmp_read(data, size, take_property, row);
    if (flaw) {
        clp_row_warn(row, flaw);
    }
}

/* ------------------------------------------------------------------- IPTC */

enum { APPLICATION = 2 };

static const struct {
    uint8_t number;
    clp_field field;
    meaning how;
} sets[] = {{5, F(OBJECT_NAME), A_TEXT},
            {25, F(KEYWORDS), A_LIST},
            {40, F(SPECIAL_INSTRUCTIONS), A_TEXT},
            {55, F(DATE_CREATED), A_DATE},
            {60, F(TIME_CREATED), A_TIME},
            {80, F(BY_LINE), A_LIST},
            {85, F(BY_LINE_TITLE), A_LIST},
            {90, F(CITY), A_TEXT},
            {92, F(SUB_LOCATION), A_TEXT},
            {95, F(PROVINCE_STATE), A_TEXT},
            {100, F(COUNTRY_CODE_IPTC), A_TEXT},
            {101, F(COUNTRY_NAME), A_TEXT},
            {105, F(HEADLINE), A_TEXT},
            {110, F(CREDIT), A_TEXT},
            {115, F(SOURCE), A_TEXT},
            {116, F(COPYRIGHT_NOTICE), A_TEXT},
            {120, F(CAPTION_ABSTRACT), A_TEXT}};

/** "20200102" becomes "2020:01:02", "030405+0200" "03:04:05+02:00". */
static void put_digits(clp_row *row, clp_field field, const char *text, size_t size, bool date) {
    char spread[32];
    if (date && size == 8 && all_digits(text, 8)) {
        snprintf(spread, sizeof spread, "%.4s:%.2s:%.2s", text, text + 4, text + 6);
    } else if (!date && size == 11 && all_digits(text, 6) && all_digits(text + 7, 4)) {
        snprintf(spread, sizeof spread, "%.2s:%.2s:%.2s%.3s:%.2s", text, text + 2, text + 4,
                 text + 6, text + 9);
    } else {
        clp_row_text(row, field, CLP_RANK_IPTC, text, size);
        return;
    }
    clp_row_string(row, field, CLP_RANK_IPTC, spread);
}

static void take_set(void *user, const clp_iptc_set *set) {
    clp_row *row = user;
    const char *text = (const char *)set->data;
    for (size_t i = 0; set->record == APPLICATION && i < sizeof sets / sizeof *sets; i++) {
        if (sets[i].number != set->number) {
            continue;
        }
        if (sets[i].how == A_LIST) {
            clp_row_item(row, sets[i].field, CLP_RANK_IPTC, text, set->size);
        } else if (sets[i].how == A_TEXT) {
            clp_row_text(row, sets[i].field, CLP_RANK_IPTC, text, set->size);
        } else {
            put_digits(row, sets[i].field, text, set->size, sets[i].how == A_DATE);
        }
    }
}

void clp_index_iptc(clp_row *row, const uint8_t *data, size_t size, bool bare) {
    const char *flaw = bare ? clp_iptc_read_sets(data, size, take_set, row)
                            : clp_iptc_read(data, size, take_set, row);
    if (flaw) {
        clp_row_warn(row, flaw);
    }
}

/* ------------------------------------------------------------ plain texts */

static bool is_called(const clp_note *note, const char *name) {
    return note->keyword.size == strlen(name) &&
           strncasecmp((const char *)note->keyword.data, name, note->keyword.size) == 0;
}

void clp_index_notes(clp_row *row, const clp_block *notes) {
    static const struct {
        const char *keyword;
        clp_field field;
    } known[] = {
        {"", F(COMMENT)},          {"Comment", F(COMMENT)},     {"Title", F(TITLE)},
        {"Author", F(AUTHOR)},     {"Copyright", F(COPYRIGHT)}, {"Description", F(DESCRIPTION)},
        {"Software", F(SOFTWARE)}, {"Source", F(SOURCE)}};
    clp_note note;
    size_t at = 0;
    while (notes->data && clp_notes_next(notes, &at, &note)) {
        for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
            if (is_called(&note, known[i].keyword) && note.text.size > 0) {
                clp_row_text(row, known[i].field, CLP_RANK_FORMAT, note.text.data, note.text.size);
            }
        }
    }
}
