/* XMP, IPTC and plain texts as fields. */
#include <math.h>
#include <string.h>
#include <strings.h>

#include "index/meta.h"
#include "meta/read.h"

#define F(name) CLP_FIELD_##name

typedef enum meaning {
    A_TEXT,
    NEXT_BEST, /**< a text, unless another property tells it */
    A_LIST,
    A_NUMBER,
    NUMBERS,     /**< four fractions, with spaces between */
    EACH_NUMBER, /**< the same as a list */
    SPEED,       /**< stored as -log2 of seconds */
    APERTURE,    /**< stored as 2 log2 of the f-number */
    DEGREES,     /**< and minutes, and seconds, and a letter of the compass */
    AN_ALTITUDE,
    BELOW_SEA, /**< 1: the altitude is */
    A_DATE,
    A_TIME
} meaning;

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
                  {"aux", "Lens", F(LENS_MODEL), NEXT_BEST},
                  {"aux", "LensInfo", F(LENS_INFO), NUMBERS},
                  {"aux", "LensSerialNumber", F(LENS_SERIAL_NUMBER), A_TEXT},
                  {"aux", "OwnerName", F(OWNER_NAME), A_TEXT},
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
                  {"tiff", "Artist", F(ARTIST), A_TEXT},
                  {"tiff", "Copyright", F(COPYRIGHT), A_TEXT},
                  {"tiff", "ImageDescription", F(IMAGE_DESCRIPTION), A_TEXT},
                  {"tiff", "Software", F(SOFTWARE), A_TEXT},
                  {"tiff", "YCbCrPositioning", F(YCBCR_POSITIONING), A_NUMBER},
                  {"exif", "DateTimeOriginal", F(DATE_TIME_ORIGINAL), A_DATE},
                  {"exif", "ISOSpeedRatings", F(ISO), A_NUMBER},
                  {"exif", "ExposureTime", F(EXPOSURE_TIME), A_NUMBER},
                  {"exif", "FNumber", F(F_NUMBER), A_NUMBER},
                  {"exif", "PixelXDimension", F(EXIF_IMAGE_WIDTH), A_NUMBER},
                  {"exif", "PixelYDimension", F(EXIF_IMAGE_HEIGHT), A_NUMBER},
                  {"exif", "ColorSpace", F(COLOR_SPACE), A_NUMBER},
                  {"exif", "FocalLength", F(FOCAL_LENGTH), A_NUMBER},
                  {"exif", "FocalLengthIn35mmFilm", F(FOCAL_LENGTH_35), A_NUMBER},
                  {"exif", "ExifVersion", F(EXIF_VERSION), A_TEXT},
                  {"exif", "UserComment", F(USER_COMMENT), A_TEXT},
                  {"exif", "ImageUniqueID", F(IMAGE_UNIQUE_ID), A_TEXT},
                  {"exif", "ExposureProgram", F(EXPOSURE_PROGRAM), A_NUMBER},
                  {"exif", "ShutterSpeedValue", F(SHUTTER_SPEED_VALUE), SPEED},
                  {"exif", "ApertureValue", F(APERTURE_VALUE), APERTURE},
                  {"exif", "MaxApertureValue", F(MAX_APERTURE_VALUE), APERTURE},
                  {"exif", "BrightnessValue", F(BRIGHTNESS_VALUE), A_NUMBER},
                  {"exif", "ExposureBiasValue", F(EXPOSURE_COMPENSATION), A_NUMBER},
                  {"exif", "SubjectDistance", F(SUBJECT_DISTANCE), A_NUMBER},
                  {"exif", "SubjectDistanceRange", F(SUBJECT_DISTANCE_RANGE), A_NUMBER},
                  {"exif", "MeteringMode", F(METERING_MODE), A_NUMBER},
                  {"exif", "LightSource", F(LIGHT_SOURCE), A_NUMBER},
                  {"exif", "SensingMethod", F(SENSING_METHOD), A_NUMBER},
                  {"exif", "FileSource", F(FILE_SOURCE), A_NUMBER},
                  {"exif", "SceneType", F(SCENE_TYPE), A_NUMBER},
                  {"exif", "SceneCaptureType", F(SCENE_CAPTURE_TYPE), A_NUMBER},
                  {"exif", "CustomRendered", F(CUSTOM_RENDERED), A_NUMBER},
                  {"exif", "ExposureMode", F(EXPOSURE_MODE), A_NUMBER},
                  {"exif", "WhiteBalance", F(WHITE_BALANCE), A_NUMBER},
                  {"exif", "DigitalZoomRatio", F(DIGITAL_ZOOM_RATIO), A_NUMBER},
                  {"exif", "GainControl", F(GAIN_CONTROL), A_NUMBER},
                  {"exif", "Contrast", F(CONTRAST), A_NUMBER},
                  {"exif", "Saturation", F(SATURATION), A_NUMBER},
                  {"exif", "Sharpness", F(SHARPNESS), A_NUMBER},
                  {"exif", "GPSLatitude", F(GPS_LATITUDE), DEGREES},
                  {"exif", "GPSLongitude", F(GPS_LONGITUDE), DEGREES},
                  {"exif", "GPSAltitude", F(GPS_ALTITUDE), AN_ALTITUDE},
                  {"exif", "GPSAltitudeRef", F(GPS_ALTITUDE), BELOW_SEA},
                  {"exif", "GPSSpeed", F(GPS_SPEED), A_NUMBER},
                  {"exif", "GPSTrack", F(GPS_TRACK), A_NUMBER},
                  {"exif", "GPSImgDirection", F(GPS_IMG_DIRECTION), A_NUMBER},
                  {"exif", "GPSDOP", F(GPS_DOP), A_NUMBER},
                  {"exif", "GPSHPositioningError", F(GPS_H_POSITIONING_ERROR), A_NUMBER},
                  {"exif", "GPSMapDatum", F(GPS_MAP_DATUM), A_TEXT},
                  {"exifEX", "LensSpecification", F(LENS_INFO), EACH_NUMBER},
                  {"exifEX", "LensMake", F(LENS_MAKE), A_TEXT},
                  {"exifEX", "LensModel", F(LENS_MODEL), A_TEXT},
                  {"exifEX", "LensSerialNumber", F(LENS_SERIAL_NUMBER), A_TEXT},
                  {"exifEX", "CameraOwnerName", F(OWNER_NAME), A_TEXT},
                  {"exifEX", "BodySerialNumber", F(SERIAL_NUMBER), A_TEXT},
                  {"exifEX", "SensitivityType", F(SENSITIVITY_TYPE), A_NUMBER},
                  {"exifEX", "RecommendedExposureIndex", F(RECOMMENDED_EXPOSURE_INDEX), A_NUMBER},
                  {"exifEX", "InteroperabilityIndex", F(INTEROP_INDEX), A_TEXT}};

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

/** A number, or a fraction as "1/250"; of a fraction by 0 NAN or an infinity. */
static bool get_number(const char *text, double *number) {
    double below = 1;
    const char *rest = strchr(text, '/');
    if (!clproc_number_read(text + (*text == '+'), number) ||
        (rest && !clproc_number_read(rest + 1, &below))) {
        return false;
    }
    *number /= below;
    return true;
}

/** A lens's four fractions as EXIF's are printed; what is something else stays as it is. */
static void put_numbers(clp_row *row, clp_field field, const char *text, size_t size) {
    enum { COUNT = 4 };
    char copy[128], printed[COUNT * 40], *save = NULL;
    size_t used = 0, count = 0;
    double number;
    bool sound = size < sizeof copy;
    snprintf(copy, sizeof copy, "%s", text);
    for (char *word = strtok_r(copy, " ", &save); word && sound;
         word = strtok_r(NULL, " ", &save)) {
        sound = count++ < COUNT && get_number(word, &number);
        if (sound) {
            clp_cell value = {.kind = CLP_CELL_REAL, .real = number};
            char one[40];
            clp_number_print(&value, one, sizeof one);
            used += (size_t)snprintf(printed + used, sizeof printed - used, "%s%s", used ? " " : "",
                                     isnan(number)   ? "undef"
                                     : isinf(number) ? "inf"
                                                     : one);
        }
    }
    if (sound && count == COUNT) {
        clp_row_string(row, field, CLP_RANK_XMP, printed);
    } else {
        clp_row_text(row, field, CLP_RANK_XMP, text, size);
    }
}

/** "54,59.38N", "54,59,22.8N", or a number alone. */
static void put_degrees(clp_row *row, clp_field field, const char *text, size_t size) {
    double degrees = 0, part, most = field == CLP_FIELD_GPS_LATITUDE ? 90 : 180;
    const char *at = text;
    for (int unit = 1; at && unit <= 3600; unit *= 60) {
        if (!clproc_number_read(at, &part)) {
            return;
        }
        degrees += part / unit;
        at = strchr(at, ',');
        at = at ? at + 1 : NULL;
    }
    char side = size > 0 ? text[size - 1] : '\0';
    if (fabs(degrees) > most) {
        clp_row_warn(row, "XMP: the position is not on earth: left out");
        return;
    }
    clp_row_number(row, field, CLP_RANK_XMP, side == 'S' || side == 'W' ? -degrees : degrees);
}

static double converted(double number, meaning how) {
    return how == SPEED      ? fabs(number) < 100 ? exp2(-number) : 0
           : how == APERTURE ? exp2(number / 2)
                             : number;
}

/** Where properties go. */
typedef struct taking {
    clp_row *row;
    double altitude; /**< NAN: none is told */
    bool below_sea;
    bool has_flash;
    uint32_t flash; /**< as EXIF's number, so far */
    char lens[128]; /**< its four fractions, so far, each with a space before it */
    char extension[CLP_XMP_GUID + 1]; /**< its name; "": there is none */
} taking;

/** A text; of those in several languages the one that is marked as its own, else the first. */
static void put_text(clp_row *row, clp_field field, const clp_xmp_value *value) {
    bool own = !value->language[0] || strcasecmp(value->language, "x-default") == 0;
    clp_row_text(row, field, own ? CLP_RANK_XMP : CLP_RANK_XMP_LANGUAGE, value->text, value->size);
}

static void take_number(taking *to, clp_field field, meaning how, const char *text) {
    double number;
    if (!get_number(text, &number)) {
        return;
    }
    if (how == AN_ALTITUDE) {
        to->altitude = number;
    } else if (how == BELOW_SEA) {
        to->below_sea = number == 1;
    } else {
        clp_row_number(to->row, field, CLP_RANK_XMP, converted(number, how));
    }
}

/** EXIF's number from the parts that XMP has of it. */
static void take_flash(taking *to, const clp_xmp_value *value) {
    static const struct {
        const char *part;
        uint32_t place;
        bool number; /**< of two bits; else "True" or "False" */
    } bits[] = {{"Fired", 0, false},
                {"Return", 1, true},
                {"Mode", 3, true},
                {"Function", 5, false},
                {"RedEyeMode", 6, false}};
    const char *part = strchr(value->name, '/') + 1;
    for (size_t i = 0; i < sizeof bits / sizeof *bits; i++) {
        if (strcmp(part, bits[i].part) == 0) {
            bool digit = bits[i].number && value->size == 1 && value->text[0] >= '0' &&
                         value->text[0] <= '3';
            uint32_t bit = digit ? (uint32_t)(value->text[0] - '0')
                                 : !bits[i].number && strcasecmp(value->text, "true") == 0;
            to->flash |= bit << bits[i].place;
            to->has_flash = true;
        }
    }
}

static void take_property(void *user, const clp_xmp_value *value) {
    taking *to = user;
    if (strcmp(value->schema, "xmpNote") == 0 && strcmp(value->name, "HasExtendedXMP") == 0 &&
        value->size == CLP_XMP_GUID) {
        snprintf(to->extension, sizeof to->extension, "%s", value->text);
    }
    if (strcmp(value->schema, "exif") == 0 && strncmp(value->name, "Flash/", 6) == 0) {
        take_flash(to, value);
        return;
    }
    for (size_t i = 0; i < sizeof properties / sizeof *properties; i++) {
        if (strcmp(properties[i].name, value->name) != 0 ||
            strcmp(properties[i].schema, value->schema) != 0) {
            continue;
        }
        clp_field field = properties[i].field;
        size_t used;
        switch (properties[i].how) {
        case A_LIST:
            clp_row_item(to->row, field, CLP_RANK_XMP, value->text, value->size);
            break;
        case A_TEXT:
            put_text(to->row, field, value);
            break;
        case NEXT_BEST:
            clp_row_text(to->row, field, CLP_RANK_XMP_LANGUAGE, value->text, value->size);
            break;
        case A_DATE:
            put_date(to->row, field, value->text, value->size);
            break;
        case NUMBERS:
            put_numbers(to->row, field, value->text, value->size);
            break;
        case EACH_NUMBER:
            used = strlen(to->lens);
            snprintf(to->lens + used, sizeof to->lens - used, " %s", value->text);
            break;
        case DEGREES:
            put_degrees(to->row, field, value->text, value->size);
            break;
        default:
            take_number(to, field, properties[i].how, value->text);
            break;
        }
        return;
    }
}

/** Reads what did not fit into the packet; returns a flaw or NULL. */
static const char *read_extension(taking *to, const clp_bytes *segments) {
    clp_bytes packet = {0};
    const char *flaw = "XMP: its extension is not whole, or too large: left out";
    if (clp_xmp_extension(segments, to->extension, &packet, NULL) != CLPROC_OK) {
        flaw = "XMP: there is no memory for its extension";
    } else if (packet.size > 0) {
        flaw = clp_xmp_read(packet.data, packet.size, take_property, to);
    }
    clp_bytes_free(&packet);
    return flaw;
}

void clp_index_xmp(clp_row *row, const uint8_t *data, size_t size, const clp_bytes *segments) {
    taking to = {.row = row, .altitude = NAN};
    const char *flaw = clp_xmp_read(data, size, take_property, &to);
    if (!flaw && to.extension[0] && segments) {
        flaw = read_extension(&to, segments);
    }
    clp_row_number(row, CLP_FIELD_GPS_ALTITUDE, CLP_RANK_XMP,
                   to.below_sea ? -fabs(to.altitude) : to.altitude);
    if (to.has_flash) {
        clp_row_integer(row, CLP_FIELD_FLASH, CLP_RANK_XMP, to.flash);
    }
    if (to.lens[0]) {
        put_numbers(row, CLP_FIELD_LENS_INFO, to.lens + 1, strlen(to.lens + 1));
    }
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

/** "20200102" becomes "2020:01:02". */
static void put_day(clp_row *row, clp_field field, const char *text, size_t size) {
    char spread[16];
    if (size == 8 && all_digits(text, 8)) {
        snprintf(spread, sizeof spread, "%.4s:%.2s:%.2s", text, text + 4, text + 6);
        text = spread;
        size = strlen(spread);
    }
    clp_row_text(row, field, CLP_RANK_IPTC, text, size);
}

/** "030405+0200" becomes "03:04:05+02:00"; the zone, and a fraction before it, may be missing. */
static void put_time(clp_row *row, clp_field field, const char *text, size_t size) {
    char spread[48];
    if (size < 6 || size > 32 || !all_digits(text, 6)) {
        clp_row_text(row, field, CLP_RANK_IPTC, text, size);
        return;
    }
    const char *zone = text + size - 5;
    bool zoned = size >= 11 && (*zone == '+' || *zone == '-') && all_digits(zone + 1, 4);
    size_t rest = size - 6 - (zoned ? 2 : 0); /* fraction, and the zone's hours */
    snprintf(spread, sizeof spread, "%.2s:%.2s:%.2s%.*s%s%.2s", text, text + 2, text + 4, (int)rest,
             text + 6, zoned ? ":" : "", zoned ? text + size - 2 : "");
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
        } else if (sets[i].how == A_DATE) {
            put_day(row, sets[i].field, text, set->size);
        } else {
            put_time(row, sets[i].field, text, set->size);
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
