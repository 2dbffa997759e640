#include "batch/kinds.h"

#include <string.h>
#include <strings.h>

enum {
    BLOCKS = CLPROC_METADATA_EXIF | CLPROC_METADATA_XMP | CLPROC_METADATA_IPTC |
             CLPROC_METADATA_ICC | CLPROC_METADATA_COMMENTS,
    PARTS = CLPROC_METADATA_COPYRIGHT | CLPROC_METADATA_DATE | CLPROC_METADATA_GPS |
            CLPROC_METADATA_ORIENTATION
};

static const clproc_metadata_info infos[] = {
    {"all", CLPROC_METADATA_ALL, true, false, "all of these"},
    {"exif", CLPROC_METADATA_EXIF, true, true, "EXIF"},
    {"xmp", CLPROC_METADATA_XMP, true, true, "XMP"},
    {"iptc", CLPROC_METADATA_IPTC, true, true, "IPTC, with Photoshop's other resources"},
    {"icc", CLPROC_METADATA_ICC, true, true, "the colour profile"},
    {"comments", CLPROC_METADATA_COMMENTS, true, true, "a JPEG's comments, a PNG's texts"},
    {"thumbnail", CLPROC_METADATA_THUMBNAIL, true, false,
     "EXIF's and Photoshop's small picture, which goes anyway where metadata is written"},
    {"gps", CLPROC_METADATA_GPS, true, true,
     "the place: EXIF's GPS, and positions and names of places in XMP, IPTC and texts; with it "
     "goes "
     "the maker's note, which may name it"},
    {"copyright", CLPROC_METADATA_COPYRIGHT, false, true,
     "who made it and whose it is: EXIF's Copyright and Artist, XMP's dc:rights, dc:creator, "
     "xmpRights and photoshop:Credit, IPTC's notice, by-line and credit, a PNG's Copyright and "
     "Author"},
    {"date", CLPROC_METADATA_DATE, false, true,
     "when it was taken and changed: EXIF's dates with their fractions and time zones, those of "
     "XMP and IPTC, a PNG's Creation Time"},
    {"orientation", CLPROC_METADATA_ORIENTATION, false, true,
     "the tag that turns it, so that pixels can stay as they are stored"},
};

#define COUNT (sizeof infos / sizeof *infos)

clproc_metadata_info clproc_metadata_at(size_t index) {
    return index < COUNT ? infos[index] : (clproc_metadata_info){0};
}

static const clproc_metadata_info *find(const char *word, size_t length, bool keep) {
    for (size_t i = 0; i < COUNT; i++) {
        if (strlen(infos[i].name) == length && strncasecmp(infos[i].name, word, length) == 0 &&
            (keep ? infos[i].kept : infos[i].stripped)) {
            return &infos[i];
        }
    }
    return NULL;
}

static clproc_status refuse(const char *text, bool keep, clproc_error *error) {
    char names[128] = "";
    for (size_t i = 0; i < COUNT; i++) {
        size_t used = strlen(names);
        if (keep ? infos[i].kept : infos[i].stripped) {
            snprintf(names + used, sizeof names - used, "%s%s", used ? "|" : "", infos[i].name);
        }
    }
    return clp_error_set(error, CLPROC_ERROR_ARGUMENT,
                         "--%s %.60s: must be one of %s, or several with commas",
                         keep ? "keep" : "strip", text, names);
}

clproc_status clproc_metadata_parse(const char *text, bool keep, uint32_t *kinds,
                                    clproc_error *error) {
    uint32_t bits = 0;
    if (!kinds) {
        return clp_error_set(error, CLPROC_ERROR_ARGUMENT,
                             "clproc_metadata_parse() needs a place for the kinds");
    }
    text = text ? text : "";
    for (const char *word = text;; word++) {
        size_t length = strcspn(word, ",");
        const clproc_metadata_info *found = find(word, length, keep);
        if (!found) {
            return refuse(text, keep, error);
        }
        bits |= found->bit;
        word += length;
        if (*word == '\0') {
            break;
        }
    }
    *kinds = bits;
    return CLPROC_OK;
}

clp_kinds clp_kinds_of(const clproc_run_params *params) {
    return params->keep ? (clp_kinds){.blocks = params->keep & BLOCKS,
                                      .parts = params->keep & PARTS,
                                      .place = params->keep & CLPROC_METADATA_GPS}
                        : (clp_kinds){.blocks = BLOCKS & ~params->strip,
                                      .place = !(params->strip & CLPROC_METADATA_GPS)};
}

bool clp_kinds_are_all(const clproc_run_params *params) {
    return params->strip == 0 && params->keep == 0;
}

/** The bits that `keep`, or else `strip`, may have. */
static uint32_t known(bool keep) {
    uint32_t bits = 0;
    for (size_t i = 0; i < COUNT; i++) {
        bits |= (keep ? infos[i].kept : infos[i].stripped) ? infos[i].bit : 0;
    }
    return bits;
}

clproc_status clp_kinds_check(const clproc_run_params *params, clproc_error *error) {
    if (params->strip && params->keep) {
        return clp_error_set(error, CLPROC_ERROR_ARGUMENT,
                             "--keep leaves out all that it does not name, so that --strip "
                             "beside it says nothing; leave out one of them");
    }
    if ((params->strip & ~known(false)) || (params->keep & ~known(true))) {
        return clp_error_set(error, CLPROC_ERROR_ARGUMENT,
                             "strip 0x%x or keep 0x%x has bits of no kind of metadata",
                             params->strip, params->keep);
    }
    return CLPROC_OK;
}
