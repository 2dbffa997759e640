/* A PNG without its pixels: the chunks that tell something, before and behind them. */
#include <libdeflate.h>
#include <string.h>

#include "index/reader.h"

enum { SIGNATURE = 8, HEAD = 8, TAIL = 4, MOST_CHUNKS = 4096 };
/** Bytes of one chunk that is read, and of the file's end that is searched. */
enum { MOST_CHUNK = 8 << 20, MOST_END = 32 << 10 };
/** Chunks of pixels of different lengths that are passed one by one: their heads take no more bytes
 * than a search of the file's end, and each costs a read. */
enum { MOST_STEPS = 256 };

static uint32_t get32(const uint8_t *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static bool is_one_of(const uint8_t *type, const char (*names)[5], size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (memcmp(type, names[i], 4) == 0) {
            return true;
        }
    }
    return false;
}

static const char texts[][5] = {"eXIf", "tEXt", "zTXt", "iTXt", "tIME"};
static const char found[][5] = {"eXIf", "tEXt", "zTXt", "iTXt", "tIME", "IDAT"};
static const char wanted[][5] = {"IHDR", "PLTE", "tRNS", "gAMA", "cHRM", "sRGB", "iCCP",
                                 "cICP", "pHYs", "eXIf", "tEXt", "zTXt", "iTXt", "tIME"};

#define COUNT(names) (sizeof(names) / sizeof *(names))

static void note_header(clp_row *row, const uint8_t *content) {
    static const uint8_t channels[] = {1, 0, 3, 1, 2, 0, 4};
    uint32_t width = get32(content), height = get32(content + 4);
    clp_row_integer(row, CLP_FIELD_IMAGE_WIDTH, CLP_RANK_EXIF, width);
    clp_row_integer(row, CLP_FIELD_IMAGE_HEIGHT, CLP_RANK_EXIF, height);
    clp_row_integer(row, CLP_FIELD_BITS_PER_SAMPLE, CLP_RANK_EXIF, content[8]);
    clp_row_integer(row, CLP_FIELD_COLOR_TYPE, CLP_RANK_EXIF, content[9]);
    if (content[9] < sizeof channels && channels[content[9]]) {
        clp_row_integer(row, CLP_FIELD_COLOR_COMPONENTS, CLP_RANK_EXIF, channels[content[9]]);
    }
    clp_row_integer(row, CLP_FIELD_INTERLACE, CLP_RANK_EXIF, content[12]);
}

static void note_time(clp_row *row, const uint8_t *content) {
    char text[32];
    snprintf(text, sizeof text, "%04u:%02u:%02u %02u:%02u:%02u", content[0] << 8 | content[1],
             content[2], content[3], content[4], content[5], content[6]);
    clp_row_string(row, CLP_FIELD_MODIFY_DATE, CLP_RANK_FORMAT, text);
}

/** Notes what the decoder does not tell, and keeps the rest for it. */
static clproc_status take(clp_row *row, const uint8_t *chunk, clp_extract *extract,
                          clproc_error *error) {
    size_t length = get32(chunk);
    if (memcmp(chunk + 4, "IHDR", 4) == 0 && length == 13) {
        note_header(row, chunk + HEAD);
    } else if (memcmp(chunk + 4, "tIME", 4) == 0) {
        if (length == 7) {
            note_time(row, chunk + HEAD);
        }
        return CLPROC_OK;
    }
    return clp_bytes_append(&extract->bytes, chunk, HEAD + length + TAIL, error);
}

/** Bytes of the chunk of pixels at a place; 0 if there is none. */
static uint64_t pixels_at(clp_head *head, uint64_t at) {
    const uint8_t *chunk = clp_head_exactly(head, at, HEAD);
    return chunk && memcmp(chunk + 4, "IDAT", 4) == 0 ? HEAD + (uint64_t)get32(chunk) + TAIL : 0;
}

/** Where the chunks behind the pixels begin; 0 if that is not easily found. Pixels mostly stand in
 * chunks of one length but for the last, so that a jump over all of them leads to it. */
static uint64_t jump_pixels(clp_head *head, uint64_t pixels) {
    enum { TRIES = 2, LAST_ONES = 4 };
    uint64_t whole = pixels_at(head, pixels), count = whole ? (head->size - pixels) / whole : 0;
    for (int i = 0; whole > 0 && i < TRIES; i++) {
        uint64_t at = pixels + (count > (uint64_t)i ? count - (uint64_t)i : 0) * whole;
        for (int k = 0; k < LAST_ONES; k++) {
            uint64_t bytes = pixels_at(head, at);
            if (bytes == 0 && k > 0) {
                return at;
            }
            if (bytes == 0 || bytes > whole) {
                break;
            }
            at += bytes;
        }
    }
    return 0;
}

/** The same, chunk by chunk; 0 if there are too many. */
static uint64_t pass_pixels(clp_head *head, uint64_t pixels) {
    uint64_t bytes = 1;
    for (int i = 0; i < MOST_STEPS && bytes > 0; i++, pixels += bytes) {
        bytes = pixels_at(head, pixels);
    }
    return bytes > 0 ? 0 : pixels;
}

/** Takes the chunks behind the pixels, from `at` on. */
static clproc_status gather_end(clp_head *head, uint64_t at, clp_row *row, clp_extract *extract,
                                clproc_error *error) {
    for (int i = 0; i < MOST_CHUNKS; i++) {
        const uint8_t *chunk = clp_head_at(head, at, HEAD);
        uint64_t whole = chunk ? HEAD + (uint64_t)get32(chunk) + TAIL : 0;
        if (!chunk || memcmp(chunk + 4, "IEND", 4) == 0) {
            break;
        }
        if (is_one_of(chunk + 4, texts, COUNT(texts)) && whole <= MOST_CHUNK &&
            (chunk = clp_head_at(head, at, (size_t)whole))) {
            clproc_status status = take(row, chunk, extract, error);
            if (status != CLPROC_OK) {
                return status;
            }
        }
        at += whole;
    }
    return CLPROC_OK;
}

/** Where it is unknown where chunks begin behind the pixels: a type with its length before it and
 * the right checksum behind it is one. */
static clproc_status search_end(clp_head *head, uint64_t pixels, clp_row *row, clp_extract *extract,
                                clproc_error *error) {
    uint64_t start = head->size > MOST_END ? head->size - MOST_END : 0;
    start = start > pixels ? start : pixels;
    size_t size = (size_t)(head->size - start);
    const uint8_t *bytes = clp_head_at(head, start, size);
    bool all = start == pixels; /* that is behind the pixels, or the last of them, is seen */
    for (size_t at = 4; bytes && at + 4 < size; at++) {
        /* The quick question first: a length within this window begins with zeros. */
        if (bytes[at - 4] || bytes[at - 3] || !is_one_of(bytes + at, found, COUNT(found))) {
            continue;
        }
        size_t length = get32(bytes + at - 4), left = size - at - 4;
        if (left < TAIL || length > left - TAIL ||
            libdeflate_crc32(0, bytes + at, length + 4) != get32(bytes + at + 4 + length)) {
            continue;
        }
        bool pixel = memcmp(bytes + at, "IDAT", 4) == 0;
        clproc_status status = pixel ? CLPROC_OK : take(row, bytes + at - 4, extract, error);
        if (status != CLPROC_OK) {
            return status;
        }
        all |= pixel;
        at += 4 + length + TAIL;
    }
    if (!all) {
        clp_row_warn(row, "PNG: metadata behind the pixels is only found in the last 32 KB");
    }
    return CLPROC_OK;
}

/** Gathers the chunks before the pixels. `*pixels`: where these begin. */
static clproc_status gather(clp_head *head, clp_row *row, clp_extract *extract, uint64_t *pixels,
                            clproc_error *error) {
    uint64_t at = SIGNATURE;
    for (int i = 0; i < MOST_CHUNKS; i++) {
        const uint8_t *chunk = clp_head_at(head, at, HEAD);
        if (!chunk) {
            extract->problem = "the file ends before its pixels";
            return CLPROC_OK;
        }
        uint64_t length = get32(chunk), whole = HEAD + length + TAIL;
        *pixels = at;
        if (memcmp(chunk + 4, "IDAT", 4) == 0) {
            extract->whole = true;
            return CLPROC_OK;
        }
        bool useful = is_one_of(chunk + 4, wanted, COUNT(wanted));
        if (useful && length > MOST_CHUNK) {
            clp_row_warn(row, "PNG: a chunk of metadata is too large: left out");
        } else if (useful) {
            chunk = clp_head_at(head, at, (size_t)whole);
            if (!chunk) {
                extract->problem = "the file ends within a chunk before its pixels";
                return CLPROC_OK;
            }
            clproc_status status = take(row, chunk, extract, error);
            if (status != CLPROC_OK) {
                return status;
            }
        }
        at += whole;
    }
    extract->problem = "its header has absurdly many chunks";
    return CLPROC_OK;
}

clproc_status clp_extract_png(clp_head *head, clp_row *row, clp_extract *extract,
                              clproc_error *error) {
    static const uint8_t signature[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
    static const uint8_t end[] = {0, 0, 0, 0, 'I', 'D', 'A', 'T', 0x35, 0xAF, 0x06, 0x1E,
                                  0, 0, 0, 0, 'I', 'E', 'N', 'D', 0xAE, 0x42, 0x60, 0x82};
    uint64_t pixels = 0;
    clproc_status status;
    CLP_TRY(status, out, clp_bytes_append(&extract->bytes, signature, sizeof signature, error));
    CLP_TRY(status, out, gather(head, row, extract, &pixels, error));
    if (extract->whole) {
        /* Metadata may also stand behind the pixels. */
        uint64_t behind = jump_pixels(head, pixels);
        behind = behind ? behind : pass_pixels(head, pixels);
        CLP_TRY(status, out,
                behind ? gather_end(head, behind, row, extract, error)
                       : search_end(head, pixels, row, extract, error));
    }
    CLP_TRY(status, out, clp_bytes_append(&extract->bytes, end, sizeof end, error));
out:
    return status;
}
