/* What files are that are not read, by their first bytes. */
#include <string.h>

#include "codec/codec.h"

/** An ISO base media file: its brand tells pictures from videos. */
static const char *brand_kind(const uint8_t *brand) {
    static const struct {
        char brand[5];
        const char *kind;
    } known[] = {{"heic", "heic"}, {"heix", "heic"}, {"heim", "heic"}, {"heis", "heic"},
                 {"hevc", "heic"}, {"hevx", "heic"}, {"mif1", "heic"}, {"msf1", "heic"},
                 {"avif", "avif"}, {"avis", "avif"}, {"crx ", "cr3"},  {"qt  ", "mov"}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (memcmp(brand, known[i].brand, 4) == 0) {
            return known[i].kind;
        }
    }
    return "mp4";
}

const char *clp_codec_kind(const uint8_t *bytes, size_t size) {
    static const struct {
        const char *kind;
        size_t at, length;
        const char *bytes;
    } known[] = {
        {"tif", 0, 4, "II*\0"},          {"tif", 0, 4, "MM\0*"},
        {"tif", 0, 4, "II+\0"},          {"tif", 0, 4, "MM\0+"},
        {"gif", 0, 4, "GIF8"},           {"webp", 8, 4, "WEBP"},
        {"jxl", 0, 2, "\xFF\x0A"},       {"jxl", 4, 8, "JXL \r\n\x87\n"},
        {"jp2", 4, 8, "jP  \r\n\x87\n"}, {"jp2", 0, 4, "\xFF\x4F\xFF\x51"},
        {"psd", 0, 4, "8BPS"},           {"ico", 0, 4, "\0\0\1\0"},
        {"pdf", 0, 5, "%PDF-"},          {"raf", 0, 8, "FUJIFILM"},
        {"orf", 0, 4, "IIRO"},           {"orf", 0, 4, "IIRS"},
        {"orf", 0, 4, "MMOR"},           {"rw2", 0, 4, "IIU\0"},
        {"mrw", 0, 4, "\0MRM"},          {"crw", 6, 8, "HEAPCCDR"},
        {"x3f", 0, 4, "FOVb"},           {"exr", 0, 4, "v/1\1"},
        {"qoi", 0, 4, "qoif"},           {"mng", 0, 4, "\x8AMNG"},
        {"jng", 0, 4, "\x8BJNG"},        {"hdr", 0, 6, "#?RADI"},
        {"flif", 0, 4, "FLIF"},          {"bpg", 0, 4, "BPG\xFB"},
        {"svg", 0, 4, "<svg"},           {"html", 0, 5, "<!DOC"},
        {"html", 0, 5, "<html"},         {"zip", 0, 4, "PK\3\4"},
    };
    if (size >= 12 && memcmp(bytes + 4, "ftyp", 4) == 0) {
        return brand_kind(bytes + 8);
    }
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (size >= known[i].at + known[i].length &&
            memcmp(bytes + known[i].at, known[i].bytes, known[i].length) == 0) {
            return known[i].kind;
        }
    }
    /* Two letters are little: the reserved fields of a bitmap must be empty, and a PNM's number be
     * followed by a blank. */
    if (size >= 10 && memcmp(bytes, "BM", 2) == 0 && memcmp(bytes + 6, "\0\0\0\0", 4) == 0) {
        return "bmp";
    }
    if (size >= 3 && bytes[0] == 'P' && bytes[1] >= '1' && bytes[1] <= '7' &&
        (bytes[2] == '\n' || bytes[2] == ' ' || bytes[2] == '\r')) {
        return "pnm";
    }
    return NULL;
}

bool clp_codec_kind_is_picture(const char *kind) {
    static const char *const others[] = {"mp4", "mov",   "pdf",     "html", "zip",
                                         "svg", "empty", "unknown", "other"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        if (strcmp(kind, others[i]) == 0) {
            return false;
        }
    }
    return true;
}
