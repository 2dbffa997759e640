/* EXIF's tags as fields. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/utf8.h"
#include "index/gps.h"
#include "index/meta.h"
#include "meta/read.h"

typedef enum meaning {
    A_NUMBER,
    A_TEXT,
    TWO_TEXTS, /**< one behind the other, each ended by a NUL */
    NUMBERS,   /**< all of them, with spaces between */
    VERSION,   /**< four digits of no type */
    TIME,      /**< stored as -log2 of seconds */
    APERTURE,  /**< stored as 2 log2 of the f-number */
    COMMENT,   /**< text with its encoding before it */
    UTF16,     /**< as Windows writes */
    CODE,      /**< one byte of no type */
    A_PLACE,   /**< for GPS, put together at the end */
    A_SIZE,    /**< of TIFF's pictures, chosen at the end */
    AN_XMP,
    AN_IPTC,
    PHOTOSHOP,
    A_PROFILE
} meaning;

typedef struct known {
    uint32_t ifd, tag;
    clp_field field;
    meaning how;
} known;

#define MAIN CLP_IFD_MAIN
#define EXIF CLP_IFD_EXIF
#define GPS CLP_IFD_GPS
#define F(name) CLP_FIELD_##name

/** No field: something is made of them at the end. */
#define NO_FIELD CLP_FIELD_COUNT

/** Sorted by directory and tag. */
static const known tags[] = {
    {MAIN, 0x0004, NO_FIELD, A_SIZE}, /* this and five more: of Panasonic's raw files */
    {MAIN, 0x0005, NO_FIELD, A_SIZE},
    {MAIN, 0x0006, NO_FIELD, A_SIZE},
    {MAIN, 0x0007, NO_FIELD, A_SIZE},
    {MAIN, 0x000A, NO_FIELD, A_SIZE},
    {MAIN, 0x0017, F(ISO), A_NUMBER},
    {MAIN, 0x00FE, NO_FIELD, A_SIZE},
    {MAIN, 0x0100, NO_FIELD, A_SIZE},
    {MAIN, 0x0101, NO_FIELD, A_SIZE},
    {MAIN, 0x0102, NO_FIELD, A_SIZE},
    {MAIN, 0x010D, F(DOCUMENT_NAME), A_TEXT},
    {MAIN, 0x010E, F(IMAGE_DESCRIPTION), A_TEXT},
    {MAIN, 0x010F, F(MAKE), A_TEXT},
    {MAIN, 0x0110, F(MODEL), A_TEXT},
    {MAIN, 0x0112, F(ORIENTATION), A_NUMBER},
    {MAIN, 0x0115, NO_FIELD, A_SIZE},
    {MAIN, 0x011A, F(X_RESOLUTION), A_NUMBER},
    {MAIN, 0x011B, F(Y_RESOLUTION), A_NUMBER},
    {MAIN, 0x0128, F(RESOLUTION_UNIT), A_NUMBER},
    {MAIN, 0x0131, F(SOFTWARE), A_TEXT},
    {MAIN, 0x0132, F(MODIFY_DATE), A_TEXT},
    {MAIN, 0x013B, F(ARTIST), A_TEXT},
    {MAIN, 0x013C, F(HOST_COMPUTER), A_TEXT},
    {MAIN, 0x0212, F(YCBCR_SUBSAMPLING), NUMBERS},
    {MAIN, 0x0213, F(YCBCR_POSITIONING), A_NUMBER},
    {MAIN, 0x02BC, NO_FIELD, AN_XMP},
    {MAIN, 0x4746, F(RATING), A_NUMBER},
    {MAIN, 0x8298, F(COPYRIGHT), TWO_TEXTS},
    {MAIN, 0x83BB, NO_FIELD, AN_IPTC},
    {MAIN, 0x8649, NO_FIELD, PHOTOSHOP},
    {MAIN, 0x8773, NO_FIELD, A_PROFILE},
    {MAIN, 0x9C9B, F(XP_TITLE), UTF16},
    {MAIN, 0x9C9C, F(XP_COMMENT), UTF16},
    {MAIN, 0x9C9D, F(XP_AUTHOR), UTF16},
    {MAIN, 0x9C9E, F(XP_KEYWORDS), UTF16},
    {MAIN, 0x9C9F, F(XP_SUBJECT), UTF16},
    {MAIN, 0xC612, F(DNG_VERSION), NUMBERS},
    {MAIN, 0xC614, F(UNIQUE_CAMERA_MODEL), A_TEXT},
    {EXIF, 0x4746, F(RATING), A_NUMBER}, /* of Phase One */
    {EXIF, 0x829A, F(EXPOSURE_TIME), A_NUMBER},
    {EXIF, 0x829D, F(F_NUMBER), A_NUMBER},
    {EXIF, 0x8822, F(EXPOSURE_PROGRAM), A_NUMBER},
    {EXIF, 0x8827, F(ISO), A_NUMBER},
    {EXIF, 0x8830, F(SENSITIVITY_TYPE), A_NUMBER},
    {EXIF, 0x8832, F(RECOMMENDED_EXPOSURE_INDEX), A_NUMBER},
    {EXIF, 0x9000, F(EXIF_VERSION), VERSION},
    {EXIF, 0x9003, F(DATE_TIME_ORIGINAL), A_TEXT},
    {EXIF, 0x9004, F(CREATE_DATE), A_TEXT},
    {EXIF, 0x9010, F(OFFSET_TIME), A_TEXT},
    {EXIF, 0x9011, F(OFFSET_TIME_ORIGINAL), A_TEXT},
    {EXIF, 0x9012, F(OFFSET_TIME_DIGITIZED), A_TEXT},
    {EXIF, 0x9201, F(SHUTTER_SPEED_VALUE), TIME},
    {EXIF, 0x9202, F(APERTURE_VALUE), APERTURE},
    {EXIF, 0x9203, F(BRIGHTNESS_VALUE), A_NUMBER},
    {EXIF, 0x9204, F(EXPOSURE_COMPENSATION), A_NUMBER},
    {EXIF, 0x9205, F(MAX_APERTURE_VALUE), APERTURE},
    {EXIF, 0x9206, F(SUBJECT_DISTANCE), A_NUMBER},
    {EXIF, 0x9207, F(METERING_MODE), A_NUMBER},
    {EXIF, 0x9208, F(LIGHT_SOURCE), A_NUMBER},
    {EXIF, 0x9209, F(FLASH), A_NUMBER},
    {EXIF, 0x920A, F(FOCAL_LENGTH), A_NUMBER},
    {EXIF, 0x9286, F(USER_COMMENT), COMMENT},
    {EXIF, 0x9290, F(SUBSEC_TIME), A_TEXT},
    {EXIF, 0x9291, F(SUBSEC_TIME_ORIGINAL), A_TEXT},
    {EXIF, 0x9292, F(SUBSEC_TIME_DIGITIZED), A_TEXT},
    {EXIF, 0xA001, F(COLOR_SPACE), A_NUMBER},
    {EXIF, 0xA002, F(EXIF_IMAGE_WIDTH), A_NUMBER},
    {EXIF, 0xA003, F(EXIF_IMAGE_HEIGHT), A_NUMBER},
    {EXIF, 0xA217, F(SENSING_METHOD), A_NUMBER},
    {EXIF, 0xA300, F(FILE_SOURCE), CODE},
    {EXIF, 0xA301, F(SCENE_TYPE), CODE},
    {EXIF, 0xA401, F(CUSTOM_RENDERED), A_NUMBER},
    {EXIF, 0xA402, F(EXPOSURE_MODE), A_NUMBER},
    {EXIF, 0xA403, F(WHITE_BALANCE), A_NUMBER},
    {EXIF, 0xA404, F(DIGITAL_ZOOM_RATIO), A_NUMBER},
    {EXIF, 0xA405, F(FOCAL_LENGTH_35), A_NUMBER},
    {EXIF, 0xA406, F(SCENE_CAPTURE_TYPE), A_NUMBER},
    {EXIF, 0xA407, F(GAIN_CONTROL), A_NUMBER},
    {EXIF, 0xA408, F(CONTRAST), A_NUMBER},
    {EXIF, 0xA409, F(SATURATION), A_NUMBER},
    {EXIF, 0xA40A, F(SHARPNESS), A_NUMBER},
    {EXIF, 0xA40C, F(SUBJECT_DISTANCE_RANGE), A_NUMBER},
    {EXIF, 0xA420, F(IMAGE_UNIQUE_ID), A_TEXT},
    {EXIF, 0xA430, F(OWNER_NAME), A_TEXT},
    {EXIF, 0xA431, F(SERIAL_NUMBER), A_TEXT},
    {EXIF, 0xA432, F(LENS_INFO), NUMBERS},
    {EXIF, 0xA433, F(LENS_MAKE), A_TEXT},
    {EXIF, 0xA434, F(LENS_MODEL), A_TEXT},
    {EXIF, 0xA435, F(LENS_SERIAL_NUMBER), A_TEXT},
    {GPS, 0x0001, NO_FIELD, A_PLACE},
    {GPS, 0x0002, NO_FIELD, A_PLACE},
    {GPS, 0x0003, NO_FIELD, A_PLACE},
    {GPS, 0x0004, NO_FIELD, A_PLACE},
    {GPS, 0x0005, NO_FIELD, A_PLACE},
    {GPS, 0x0006, NO_FIELD, A_PLACE},
    {GPS, 0x0007, NO_FIELD, A_PLACE},
    {GPS, 0x000B, F(GPS_DOP), A_NUMBER},
    {GPS, 0x000D, F(GPS_SPEED), A_NUMBER},
    {GPS, 0x000F, F(GPS_TRACK), A_NUMBER},
    {GPS, 0x0011, F(GPS_IMG_DIRECTION), A_NUMBER},
    {GPS, 0x0012, F(GPS_MAP_DATUM), A_TEXT},
    {GPS, 0x001D, NO_FIELD, A_PLACE},
    {GPS, 0x001F, F(GPS_H_POSITIONING_ERROR), A_NUMBER},
    {CLP_IFD_INTEROP, 0x0001, F(INTEROP_INDEX), A_TEXT},
    {CLP_IFD_SUB, 0x00FE, NO_FIELD, A_SIZE},
    {CLP_IFD_SUB, 0x0100, NO_FIELD, A_SIZE},
    {CLP_IFD_SUB, 0x0101, NO_FIELD, A_SIZE},
    {CLP_IFD_SUB, 0x0102, NO_FIELD, A_SIZE},
    {CLP_IFD_SUB, 0x0115, NO_FIELD, A_SIZE},
};

static int by_place(const void *a, const void *b) {
    const known *left = a, *right = b;
    uint32_t first = left->ifd << 16 | left->tag, second = right->ifd << 16 | right->tag;
    return first < second ? -1 : first > second;
}

static const known *find_in(clp_ifd ifd, uint32_t tag) {
    const known wanted = {.ifd = ifd, .tag = tag};
    return bsearch(&wanted, tags, sizeof tags / sizeof *tags, sizeof *tags, by_place);
}

/** Tags of EXIF's directory may stand in the first one, as TIFF/EP has them. */
static const known *find(clp_ifd ifd, uint32_t tag) {
    const known *found = find_in(ifd, tag);
    return found || ifd != CLP_IFD_MAIN ? found : find_in(CLP_IFD_EXIF, tag);
}

static bool wants(clp_ifd ifd, uint32_t tag) {
    return find(ifd, tag) != NULL;
}

/* ------------------------------------------------------- what is collected */

enum { PICTURES = 9 };

/** A picture of a TIFF file: the first one, then those below it. */
typedef struct picture {
    bool there, reduced;
    double width, height, bits, samples;
} picture;

typedef struct collected {
    clp_row *row;
    clp_gps gps;
    bool has_iptc; /**< by a tag of its own: Photoshop's, which comes later, repeats it */
    picture pictures[PICTURES];
    double borders[4]; /**< of Panasonic's sensors: top, left, bottom, right */
} collected;

static void take_size(collected *all, const clp_tiff_tag *tag) {
    size_t place = tag->ifd == CLP_IFD_SUB ? 1 + (size_t)tag->picture : 0;
    double number;
    if (place >= PICTURES || !clp_tiff_number(tag, 0, &number)) {
        return;
    }
    if (tag->tag <= 0x0007) {
        all->borders[tag->tag - 0x0004] = number;
        return;
    }
    picture *of = &all->pictures[place];
    of->there = true;
    switch (tag->tag) {
    case 0x00FE:
        of->reduced = ((uint32_t)number & 1) != 0;
        break;
    case 0x0100:
        of->width = number;
        break;
    case 0x0101:
        of->height = number;
        break;
    case 0x0102:
    case 0x000A:
        of->bits = number;
        break;
    default:
        of->samples = number;
        break;
    }
}

/* ------------------------------------------------------------------- texts */

static size_t trimmed(const uint8_t *text, size_t size) {
    size = strnlen((const char *)text, size);
    while (size > 0 && strchr(" \t\r\n", text[size - 1])) {
        size--;
    }
    return size;
}

static void take_utf16(clp_row *row, clp_field field, const uint8_t *data, size_t size,
                       bool little) {
    char text[4096];
    bool marked = size >= 2 && (data[0] << 8 | data[1]) == 0xFEFF;
    bool other = size >= 2 && (data[1] << 8 | data[0]) == 0xFEFF;
    size_t mark = marked || other ? 2 : 0;
    size_t used =
        clp_utf16_to_utf8(data + mark, size - mark, mark ? other : little, text, sizeof text);
    clp_row_text(row, field, CLP_RANK_EXIF, text, trimmed((const uint8_t *)text, used));
}

/** Windows writes its own order of bytes, whatever the structure's: western texts tell by their
 * zeros. */
static bool looks_little(const uint8_t *data, size_t size, bool little) {
    size_t first = 0, second = 0;
    for (size_t i = 0; i + 1 < size; i += 2) {
        first += data[i] == 0;
        second += data[i + 1] == 0;
    }
    return first == second ? little : second > first;
}

static void take_comment(clp_row *row, clp_field field, const clp_tiff_tag *tag) {
    enum { NAME = 8 };
    const uint8_t *text = tag->data + NAME;
    if (tag->size <= NAME) {
        return;
    }
    if (memcmp(tag->data, "UNICODE", 7) == 0) {
        size_t size = tag->size - NAME;
        take_utf16(row, field, text, size, looks_little(text, size, tag->little));
        return;
    }
    if (memcmp(tag->data, "JIS\0", 4) == 0) {
        clp_row_warn(row, "EXIF: UserComment is in JIS, which is not read: left out");
        return;
    }
    bool named = memcmp(tag->data, "ASCII", 5) == 0 || tag->data[0] == 0 ||
                 memcmp(tag->data, "        ", NAME) == 0;
    text = named ? text : tag->data;
    clp_row_text(row, field, CLP_RANK_EXIF, text,
                 trimmed(text, tag->size - (size_t)(text - tag->data)));
}

static bool is_text(const clp_tiff_tag *tag) {
    return tag->type == CLP_TIFF_ASCII || tag->type == CLP_TIFF_BYTE ||
           tag->type == CLP_TIFF_UNDEFINED || tag->type == CLP_TIFF_UTF8;
}

/** A photographer's and an editor's right, in lines of their own as exiftool has them. */
static void take_texts(clp_row *row, clp_field field, const clp_tiff_tag *tag) {
    char text[4096];
    size_t first = strnlen((const char *)tag->data, tag->size);
    const uint8_t *second = tag->data + first + (first < tag->size);
    int lengths[2] = {(int)trimmed(tag->data, first),
                      (int)trimmed(second, (size_t)(tag->data + tag->size - second))};
    if (lengths[1] == 0) {
        clp_row_text(row, field, CLP_RANK_EXIF, tag->data, (size_t)lengths[0]);
        return;
    }
    size_t size = (size_t)snprintf(text, sizeof text, "%.*s\n%.*s", lengths[0],
                                   (const char *)tag->data, lengths[1], (const char *)second);
    if (size >= sizeof text) {
        size = clp_utf8_whole((const unsigned char *)text, sizeof text - 1);
    }
    clp_row_text(row, field, CLP_RANK_EXIF, text, size);
}

static void take_numbers(clp_row *row, clp_field field, const clp_tiff_tag *tag) {
    char text[256];
    size_t used = 0;
    double number;
    for (uint32_t i = 0; i < tag->count && used + 32 < sizeof text; i++) {
        if (clp_tiff_number(tag, i, &number)) {
            clp_cell value = {.kind = CLP_CELL_REAL, .real = number};
            used += (size_t)snprintf(text + used, sizeof text - used, "%s", i ? " " : "");
            clp_number_print(&value, text + used, sizeof text - used);
            used += strlen(text + used);
        } else {
            used += (size_t)snprintf(text + used, sizeof text - used, "%sundef", i ? " " : "");
        }
    }
    clp_row_text(row, field, CLP_RANK_EXIF, text, used);
}

static void take_number(clp_row *row, const known *what, const clp_tiff_tag *tag) {
    double number;
    if (!clp_tiff_number(tag, 0, &number)) {
        return;
    }
    if (what->how == TIME) {
        number = fabs(number) < 100 ? exp2(-number) : 0;
    } else if (what->how == APERTURE) {
        number = exp2(number / 2);
    }
    clp_row_number(row, what->field, CLP_RANK_EXIF, number);
}

static void take(void *user, const clp_tiff_tag *tag) {
    collected *all = user;
    const known *what = find(tag->ifd, tag->tag);
    clp_row *row = all->row;
    char name[256];
    switch (what->how) {
    case A_TEXT:
    case VERSION:
        if (is_text(tag)) {
            clp_row_text(row, what->field, CLP_RANK_EXIF, tag->data, trimmed(tag->data, tag->size));
        }
        break;
    case TWO_TEXTS:
        if (is_text(tag)) {
            take_texts(row, what->field, tag);
        }
        break;
    case NUMBERS:
        take_numbers(row, what->field, tag);
        break;
    case COMMENT:
        take_comment(row, what->field, tag);
        break;
    case UTF16:
        take_utf16(row, what->field, tag->data, tag->size, true);
        break;
    case A_PLACE:
        clp_gps_take(&all->gps, tag);
        break;
    case A_SIZE:
        take_size(all, tag);
        break;
    case AN_XMP:
        clp_index_xmp(row, tag->data, tag->size, NULL);
        break;
    case AN_IPTC:
        clp_index_iptc(row, tag->data, tag->size, true);
        all->has_iptc = true;
        break;
    case PHOTOSHOP:
        if (!all->has_iptc) {
            clp_index_iptc(row, tag->data, tag->size, false);
        }
        break;
    case A_PROFILE:
        clp_icc_name(tag->data, tag->size, name, sizeof name);
        clp_row_string(row, CLP_FIELD_PROFILE_DESCRIPTION, CLP_RANK_EXIF, name);
        break;
    default:
        take_number(row, what, tag);
        break;
    }
}

/* ---------------------------------------------------- what is put together */

/** The size of the first picture that is no preview. */
static void put_size(clp_row *row, const collected *all) {
    const picture *chosen = NULL;
    for (size_t i = 0; i < PICTURES && !chosen; i++) {
        const picture *each = &all->pictures[i];
        chosen = each->there && !each->reduced && each->width > 0 ? each : NULL;
    }
    chosen = chosen ? chosen : &all->pictures[0];
    double width = chosen->width, height = chosen->height;
    if (width == 0) {
        width = all->borders[3] - all->borders[1];
        height = all->borders[2] - all->borders[0];
    }
    if (width > 0 && height > 0) {
        clp_row_number(row, CLP_FIELD_IMAGE_WIDTH, CLP_RANK_EXIF, width);
        clp_row_number(row, CLP_FIELD_IMAGE_HEIGHT, CLP_RANK_EXIF, height);
    }
    if (chosen->bits > 0) {
        clp_row_number(row, CLP_FIELD_BITS_PER_SAMPLE, CLP_RANK_EXIF, chosen->bits);
    }
    if (chosen->samples > 0) {
        clp_row_number(row, CLP_FIELD_COLOR_COMPONENTS, CLP_RANK_EXIF, chosen->samples);
    }
}

static void finish(clp_row *row, const collected *all, bool sizes, uint32_t flaws) {
    const char *flaw;
    clp_gps_put(&all->gps, row);
    if (sizes) {
        put_size(row, all);
    }
    for (size_t i = 0; (flaw = clp_tiff_flaw(flaws, i)); i++) {
        clp_row_warn(row, flaw);
    }
    clp_index_dates(row);
}

void clp_index_exif(clp_row *row, const uint8_t *data, size_t size) {
    collected all = {.row = row};
    clp_tiff_visitor visitor = {wants, take, &all};
    uint32_t flaws = clp_tiff_read_block(data, size, &visitor);
    finish(row, &all, false, flaws);
}

bool clp_index_tiff(clp_row *row, const clp_reach *from) {
    collected all = {.row = row};
    clp_tiff_visitor visitor = {wants, take, &all};
    uint32_t flaws = clp_tiff_read(from, CLP_IFD_MAIN, true, &visitor);
    finish(row, &all, true, flaws);
    return (flaws & (CLP_TIFF_NO_HEADER | CLP_TIFF_OUTSIDE)) == 0;
}

void clp_index_directories(clp_row *row, const clp_reach parts[CLP_INDEX_PARTS]) {
    static const clp_ifd kinds[] = {CLP_IFD_MAIN, CLP_IFD_EXIF, CLP_IFD_GPS};
    collected all = {.row = row};
    clp_tiff_visitor visitor = {wants, take, &all};
    uint32_t flaws = 0;
    for (size_t i = 0; i < CLP_INDEX_PARTS; i++) {
        flaws |= parts[i].size > 0 ? clp_tiff_read(&parts[i], kinds[i], false, &visitor) : 0;
    }
    finish(row, &all, true, flaws);
}
