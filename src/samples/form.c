#include "samples/form.h"

#include <string.h>

#define MIXED (1u << CLPROC_SAMPLES_MIXED)
#define PHOTO (1u << CLPROC_SAMPLES_PHOTO)
#define PNG (1u << CLPROC_SAMPLES_PNG)
#define TURNED (1u << CLPROC_SAMPLES_ORIENTATION)

#define JPEG_FORM(text, h, v, ...)                                                                 \
    {                                                                                              \
        .name = "jpeg-" text, .model = CLP_MODEL_YCC, .jpeg = true, .depth = 8, .h_step = (h),     \
        .v_step = (v), __VA_ARGS__                                                                 \
    }
#define PNG_FORM(text, channels, bits, ...)                                                        \
    { .name = "png-" text, .model = CLP_MODEL_##channels, .depth = (bits), __VA_ARGS__ }
#define TURN(n, h, v, sampling)                                                                    \
    JPEG_FORM(sampling "-orientation" #n, h, v, .orientation = (n), .kinds = MIXED | TURNED)
#define TURN_PNG(n)                                                                                \
    PNG_FORM("rgb-orientation" #n, RGB, 8, .orientation = (n), .kinds = MIXED | PNG | TURNED)

/* A set takes them in this order and begins anew after the last, so that a small one is varied. */
static const clp_form forms[] = {
    JPEG_FORM("420", 2, 2, .kinds = MIXED | PHOTO),
    PNG_FORM("rgb", RGB, 8, .kinds = MIXED | PNG),
    JPEG_FORM("422", 2, 1, .kinds = MIXED),
    PNG_FORM("rgba-soft", RGBA, 8, .alpha = CLP_SCENE_SOFT, .kinds = MIXED | PNG),
    TURN(6, 2, 2, "420"),
    PNG_FORM("rgb16", RGB, 16, .kinds = MIXED | PNG),
    {.name = "jpeg-gray", .model = CLP_MODEL_GRAY, .jpeg = true, .depth = 8, .kinds = MIXED},
    PNG_FORM("gray-alpha", GRAYA, 8, .alpha = CLP_SCENE_SOFT, .kinds = MIXED | PNG),
    JPEG_FORM("444-p3", 1, 1, .profile = CLP_FORM_P3, .kinds = MIXED),
    PNG_FORM("rgba-hard", RGBA, 8, .alpha = CLP_SCENE_HARD, .kinds = MIXED | PNG),
    JPEG_FORM("444", 1, 1, .kinds = MIXED),
    PNG_FORM("gray", GRAY, 8, .kinds = MIXED | PNG),
    JPEG_FORM("420-progressive", 2, 2, .progressive = true, .kinds = MIXED),
    PNG_FORM("rgba-faint", RGBA, 8, .alpha = CLP_SCENE_FAINT, .kinds = MIXED | PNG),
    JPEG_FORM("440", 1, 2, .kinds = MIXED),
    PNG_FORM("gray16", GRAY, 16, .kinds = MIXED | PNG),
    JPEG_FORM("411", 4, 1, .kinds = MIXED),
    PNG_FORM("rgb-p3", RGB, 8, .profile = CLP_FORM_P3, .kinds = MIXED | PNG),
    JPEG_FORM("420-srgb", 2, 2, .profile = CLP_FORM_SRGB, .kinds = MIXED),
    PNG_FORM("rgba16", RGBA, 16, .alpha = CLP_SCENE_SOFT, .kinds = MIXED | PNG),
    PNG_FORM("gray-alpha16", GRAYA, 16, .alpha = CLP_SCENE_HARD, .kinds = MIXED | PNG),
    TURN(1, 2, 2, "420"),
    TURN(2, 2, 1, "422"),
    TURN(3, 2, 2, "420"),
    TURN(4, 1, 2, "440"),
    TURN(5, 2, 2, "420"),
    TURN(7, 1, 1, "444"),
    TURN(8, 2, 2, "420"),
    TURN_PNG(1),
    TURN_PNG(2),
    TURN_PNG(3),
    TURN_PNG(4),
    TURN_PNG(5),
    TURN_PNG(6),
    TURN_PNG(7),
    TURN_PNG(8),
};

const clp_form *clp_form_at(clproc_samples_kind kind, uint32_t index) {
    const uint32_t count = sizeof forms / sizeof forms[0];
    uint32_t fitting = 0;
    for (uint32_t i = 0; i < count; i++) {
        fitting += forms[i].kinds >> kind & 1;
    }
    uint32_t left = fitting ? index % fitting + 1 : 0;
    for (uint32_t i = 0; i < count && left > 0; i++) {
        left -= forms[i].kinds >> kind & 1;
        if (left == 0) {
            return &forms[i];
        }
    }
    return NULL;
}

/* ----------------------------------------------------------------- EXIF */

static clproc_status put(clp_bytes *out, uint32_t value, size_t size, bool big_endian,
                         clproc_error *error) {
    uint8_t bytes[4];
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (uint8_t)(value >> 8 * (big_endian ? size - 1 - i : i));
    }
    return clp_bytes_append(out, bytes, size, error);
}

static clproc_status put_tag(clp_bytes *out, uint32_t tag, uint32_t type, uint32_t value,
                             clproc_error *error) {
    clproc_status status;
    CLP_TRY(status, done, put(out, tag, 2, false, error));
    CLP_TRY(status, done, put(out, type, 2, false, error));
    CLP_TRY(status, done, put(out, 1, 4, false, error));
    CLP_TRY(status, done, put(out, value, 4, false, error));
done:
    return status;
}

clproc_status clp_form_exif(uint32_t orientation, uint32_t width, uint32_t height, clp_bytes *out,
                            clproc_error *error) {
    enum { SHORT = 3, LONG = 4, DIRECTORY_BYTES = 2 + 2 * 12 + 4, FIRST = 8 };
    clproc_status status;
    out->size = 0;
    CLP_TRY(status, done, clp_bytes_append(out, "II*\0", 4, error));
    CLP_TRY(status, done, put(out, FIRST, 4, false, error));
    CLP_TRY(status, done, put(out, 2, 2, false, error));
    CLP_TRY(status, done, put_tag(out, 0x0112, SHORT, orientation, error));
    CLP_TRY(status, done, put_tag(out, 0x8769, LONG, FIRST + DIRECTORY_BYTES, error));
    CLP_TRY(status, done, put(out, 0, 4, false, error));
    CLP_TRY(status, done, put(out, 2, 2, false, error));
    CLP_TRY(status, done, put_tag(out, 0xa002, LONG, width, error));
    CLP_TRY(status, done, put_tag(out, 0xa003, LONG, height, error));
    CLP_TRY(status, done, put(out, 0, 4, false, error));
done:
    return status;
}

/* ------------------------------------------------------------------ ICC */

/* Numbers of the profile are s15Fixed16: value × 65536. */
typedef struct primaries {
    const char *name;   /**< 16 characters */
    int32_t columns[9]; /**< X, Y, Z of red, green, blue, adapted to D50 */
} primaries;

static const primaries srgb = {"clproc sRGB-like",
                               {28578, 14581, 912, 25241, 46981, 6361, 9376, 3972, 46798}};
static const primaries p3 = {"clproc P3-like  ",
                             {33759, 15807, -69, 19135, 45368, 2745, 10296, 4361, 51385}};

static const int32_t d50[3] = {63190, 65536, 54061};
/* From D65 to D50 after Bradford. */
static const int32_t adaptation[9] = {68674, 1502, -3290, 1939, 64912, -1119, -605, 988, 49262};
/* sRGB: exponent 2.4, 1/1.055, 0.055/1.055, 1/12.92, 0.04045. */
static const int32_t curve[5] = {157286, 62119, 3417, 5072, 2651};

static clproc_status put_numbers(clp_bytes *out, const char *type, const int32_t *numbers,
                                 size_t count, clproc_error *error) {
    clproc_status status;
    CLP_TRY(status, done, clp_bytes_append(out, type, 4, error));
    CLP_TRY(status, done, put(out, 0, 4, true, error));
    for (size_t i = 0; i < count; i++) {
        CLP_TRY(status, done, put(out, (uint32_t)numbers[i], 4, true, error));
    }
done:
    return status;
}

static clproc_status put_text(clp_bytes *out, const char *text, clproc_error *error) {
    static const int32_t one_record[2] = {1, 12};
    clproc_status status;
    CLP_TRY(status, done, put_numbers(out, "mluc", one_record, 2, error));
    CLP_TRY(status, done, clp_bytes_append(out, "enUS", 4, error));
    CLP_TRY(status, done, put(out, (uint32_t)strlen(text) * 2, 4, true, error));
    CLP_TRY(status, done, put(out, 28, 4, true, error));
    for (const char *at = text; *at; at++) {
        CLP_TRY(status, done, put(out, (uint8_t)*at, 2, true, error));
    }
done:
    return status;
}

static clproc_status put_icc_header(clp_bytes *out, uint32_t size, clproc_error *error) {
    uint8_t header[128] = {0};
    for (int i = 0; i < 4; i++) {
        header[i] = (uint8_t)(size >> 8 * (3 - i));
    }
    header[8] = 4; /* version 4.3 */
    header[9] = 0x30;
    memcpy(header + 12, "mntrRGB XYZ ", 12);
    memcpy(header + 24, "\x07\xe8\0\1\0\1\0\0\0\0\0\0acsp", 16); /* a fixed day */
    for (int i = 0; i < 12; i++) {
        header[68 + i] = (uint8_t)((uint32_t)d50[i / 4] >> 8 * (3 - i % 4));
    }
    return clp_bytes_append(out, header, sizeof header, error);
}

clproc_status clp_form_icc(clp_form_profile profile, clp_bytes *out, clproc_error *error) {
    enum { TAGS = 10, TABLE = 128, DATA = TABLE + 4 + 12 * TAGS };
    enum { TEXT = 28 + 32, XYZ = 20, CURVE = 12 + 20, MATRIX = 8 + 36 };
    /* The three curves share their bytes. */
    static const struct {
        const char *name;
        uint32_t offset, size;
    } tags[TAGS] = {
        {"desc", DATA, TEXT},
        {"cprt", DATA + TEXT, TEXT},
        {"wtpt", DATA + 2 * TEXT, XYZ},
        {"rXYZ", DATA + 2 * TEXT + XYZ, XYZ},
        {"gXYZ", DATA + 2 * TEXT + 2 * XYZ, XYZ},
        {"bXYZ", DATA + 2 * TEXT + 3 * XYZ, XYZ},
        {"chad", DATA + 2 * TEXT + 4 * XYZ, MATRIX},
        {"rTRC", DATA + 2 * TEXT + 4 * XYZ + MATRIX, CURVE},
        {"gTRC", DATA + 2 * TEXT + 4 * XYZ + MATRIX, CURVE},
        {"bTRC", DATA + 2 * TEXT + 4 * XYZ + MATRIX, CURVE},
    };
    const primaries *colours = profile == CLP_FORM_P3 ? &p3 : &srgb;
    int32_t para[6] = {3 << 16, curve[0], curve[1], curve[2], curve[3], curve[4]};
    clproc_status status;
    out->size = 0;
    CLP_TRY(status, done, put_icc_header(out, tags[TAGS - 1].offset + CURVE, error));
    CLP_TRY(status, done, put(out, TAGS, 4, true, error));
    for (int i = 0; i < TAGS; i++) {
        CLP_TRY(status, done, clp_bytes_append(out, tags[i].name, 4, error));
        CLP_TRY(status, done, put(out, tags[i].offset, 4, true, error));
        CLP_TRY(status, done, put(out, tags[i].size, 4, true, error));
    }
    CLP_TRY(status, done, put_text(out, colours->name, error));
    CLP_TRY(status, done, put_text(out, "no rights stated", error));
    CLP_TRY(status, done, put_numbers(out, "XYZ ", d50, 3, error));
    for (int i = 0; i < 9; i += 3) {
        CLP_TRY(status, done, put_numbers(out, "XYZ ", colours->columns + i, 3, error));
    }
    CLP_TRY(status, done, put_numbers(out, "sf32", adaptation, 9, error));
    CLP_TRY(status, done, put_numbers(out, "para", para, 6, error));
done:
    return status;
}
