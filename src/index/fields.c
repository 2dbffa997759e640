#include "index/fields.h"

#include <string.h>
#include <strings.h>

#define TEXT CLPROC_INDEX_TEXT
#define NUMBER CLPROC_INDEX_NUMBER
#define LIST CLPROC_INDEX_LIST

static const clproc_index_field infos[] = {
#define FIELD(identifier, name, kind, group) {name, group, kind},
#include "index/fields.def"
#undef FIELD
};

/** What people call fields. */
static const struct {
    const char *said;
    clp_field meant;
} short_names[] = {{"path", CLP_FIELD_SOURCE_FILE},
                   {"name", CLP_FIELD_FILE_NAME},
                   {"folder", CLP_FIELD_DIRECTORY},
                   {"size", CLP_FIELD_FILE_SIZE},
                   {"mtime", CLP_FIELD_FILE_MODIFY_DATE},
                   {"format", CLP_FIELD_FILE_TYPE},
                   {"type", CLP_FIELD_FILE_TYPE},
                   {"width", CLP_FIELD_IMAGE_WIDTH},
                   {"height", CLP_FIELD_IMAGE_HEIGHT},
                   {"depth", CLP_FIELD_BITS_PER_SAMPLE},
                   {"BitDepth", CLP_FIELD_BITS_PER_SAMPLE},
                   {"sampling", CLP_FIELD_YCBCR_SUBSAMPLING},
                   {"quality", CLP_FIELD_QUALITY_ESTIMATE},
                   {"icc", CLP_FIELD_PROFILE_DESCRIPTION},
                   {"profile", CLP_FIELD_PROFILE_DESCRIPTION},
                   {"camera", CLP_FIELD_MODEL},
                   {"lens", CLP_FIELD_LENS_MODEL},
                   {"date", CLP_FIELD_DATE_TIME_ORIGINAL},
                   {"aperture", CLP_FIELD_F_NUMBER},
                   {"exposure", CLP_FIELD_EXPOSURE_TIME},
                   {"shutter", CLP_FIELD_EXPOSURE_TIME},
                   {"focal", CLP_FIELD_FOCAL_LENGTH},
                   {"latitude", CLP_FIELD_GPS_LATITUDE},
                   {"longitude", CLP_FIELD_GPS_LONGITUDE},
                   {"altitude", CLP_FIELD_GPS_ALTITUDE},
                   {"caption", CLP_FIELD_CAPTION_ABSTRACT},
                   {"colorfulness", CLP_FIELD_COLOURFULNESS},
                   {"DominantColors", CLP_FIELD_DOMINANT_COLOURS},
                   {"digest", CLP_FIELD_PIXEL_DIGEST},
                   {"phash", CLP_FIELD_PERCEPTUAL_HASH}};

enum { SHORT_NAMES = sizeof short_names / sizeof *short_names, MOST_LIKELY = 5 };

clproc_index_field clp_field_info(size_t index) {
    return index < CLP_FIELD_COUNT ? infos[index] : (clproc_index_field){0};
}

static bool same(const char *word, const char *name, size_t length) {
    return strlen(word) == length && strncasecmp(word, name, length) == 0;
}

bool clp_field_find(const char *name, size_t length, clp_field *field) {
    for (size_t i = 0; i < CLP_FIELD_COUNT; i++) {
        if (same(infos[i].name, name, length)) {
            *field = (clp_field)i;
            return true;
        }
    }
    for (size_t i = 0; i < SHORT_NAMES; i++) {
        if (same(short_names[i].said, name, length)) {
            *field = short_names[i].meant;
            return true;
        }
    }
    return false;
}

/** How far a wrong name is from a field's: letters to change, cheap where one holds the other. */
static size_t distance(const char *name, size_t length, const char *word) {
    size_t row[48], size = strlen(word);
    if (length >= 48 || length == 0) {
        return SIZE_MAX;
    }
    for (size_t at = 0; length >= 3 && at + length <= size; at++) {
        if (strncasecmp(word + at, name, length) == 0) {
            return 0;
        }
    }
    for (size_t i = 0; i <= length; i++) {
        row[i] = i;
    }
    for (size_t k = 1; k <= size; k++) {
        size_t corner = row[0];
        row[0] = k;
        for (size_t i = 1; i <= length; i++) {
            size_t change = corner + (strncasecmp(&name[i - 1], &word[k - 1], 1) != 0);
            corner = row[i];
            row[i] = row[i] + 1 < change ? row[i] + 1 : change;
            row[i] = row[i - 1] + 1 < row[i] ? row[i - 1] + 1 : row[i];
        }
    }
    return row[length];
}

clproc_status clp_field_named(const char *name, size_t length, clp_field *field,
                              clproc_error *error) {
    char likely[256] = "";
    size_t used = 0, listed = 0, bound = length / 3;
    if (clp_field_find(name, length, field)) {
        return CLPROC_OK;
    }
    for (size_t wanted = 0; wanted <= bound; wanted++) {
        for (size_t i = 0; i < CLP_FIELD_COUNT && listed < MOST_LIKELY; i++) {
            if (distance(name, length, infos[i].name) == wanted) {
                used += (size_t)snprintf(likely + used, sizeof likely - used, "%s%s",
                                         listed ? ", " : "", infos[i].name);
                listed++;
            }
        }
    }
    return clp_error_set(error, CLPROC_ERROR_ARGUMENT, "there is no field %.*s; %s%s",
                         (int)(length < 60 ? length : 60), name,
                         listed ? "likely ones: " : "`clproc help fields` lists them", likely);
}

bool clp_field_is_feature(clp_field field) {
    return field >= CLP_FIELD_FEATURES_VERSION;
}

bool clp_field_is_digest(clp_field field) {
    return field == CLP_FIELD_PIXEL_DIGEST;
}

bool clp_field_is_score(clp_field field) {
    return field >= CLP_FIELD_SCORE;
}

bool clp_selection_has(const clp_selection *selection, clp_field field) {
    for (size_t i = 0; i < selection->count; i++) {
        if (selection->fields[i] == field) {
            return true;
        }
    }
    return false;
}

bool clp_selection_same(const clp_selection *a, const clp_selection *b) {
    return a->count == b->count && memcmp(a->fields, b->fields, a->count * sizeof *a->fields) == 0;
}

bool clp_selection_add(clp_selection *selection, const char *name) {
    clp_field field;
    bool known = clp_field_find(name, strlen(name), &field) && strcmp(infos[field].name, name) == 0;
    if (known && !clp_selection_has(selection, field)) {
        selection->fields[selection->count++] = field;
    }
    return known;
}

clproc_status clp_selection_parse(clp_selection *selection, const char *list, clproc_error *error) {
    *selection = (clp_selection){.whole = !list};
    for (size_t i = 0; !list && i < CLP_FIELD_PIXEL_DIGEST; i++) {
        selection->fields[selection->count++] = (clp_field)i;
    }
    for (const char *word = list; word; word += *word == ',') {
        clp_field field;
        word += strspn(word, " ");
        size_t length = strcspn(word, ","), bare = length;
        while (bare > 0 && word[bare - 1] == ' ') {
            bare--;
        }
        clproc_status status = clp_field_named(word, bare, &field, error);
        if (status != CLPROC_OK) {
            return status;
        }
        if (!clp_selection_has(selection, field)) {
            selection->fields[selection->count++] = field;
        }
        word += length;
        if (!*word) {
            break;
        }
    }
    return CLPROC_OK;
}

bool clp_selection_is_whole(const clp_selection *selection) {
    size_t next = 0;
    for (size_t i = 0; i < selection->count; i++) {
        size_t field = selection->fields[i];
        bool skips = next == CLP_FIELD_PIXEL_DIGEST && field == CLP_FIELD_FEATURES_VERSION;
        if (field != next && !skips) {
            return false;
        }
        next = field + 1;
    }
    return next == CLP_FIELD_PIXEL_DIGEST || next == CLP_FIELD_FEATURES_VERSION ||
           next >= CLP_FIELD_SCORE;
}

static void add_range(clp_selection *selection, size_t first, size_t end) {
    for (size_t i = first; i < end; i++) {
        if (!clp_selection_has(selection, (clp_field)i)) {
            selection->fields[selection->count++] = (clp_field)i;
        }
    }
}

void clp_selection_add_digest(clp_selection *selection) {
    add_range(selection, CLP_FIELD_PIXEL_DIGEST, CLP_FIELD_FEATURES_VERSION);
}

void clp_selection_add_features(clp_selection *selection) {
    add_range(selection, CLP_FIELD_FEATURES_VERSION, CLP_FIELD_SCORE);
}

void clp_selection_add_scores(clp_selection *selection, size_t count) {
    add_range(selection, CLP_FIELD_SCORE, CLP_FIELD_SCORE + count);
}
