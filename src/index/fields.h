/** The fields of an index: what its columns are called and hold. */
#ifndef CLP_INDEX_FIELDS_H
#define CLP_INDEX_FIELDS_H

#include "core/error.h"

typedef enum clp_field {
#define FIELD(identifier, name, kind, group) CLP_FIELD_##identifier,
#include "index/fields.def"
#undef FIELD
    CLP_FIELD_COUNT
} clp_field;

/** The most scores of a row. */
enum { CLP_FIELD_SCORES = CLP_FIELD_COUNT - CLP_FIELD_SCORE };

/** What whole rows of this program hold: changes with fields.def, and with what is read into
 * fields, so that --update reads rows of another make anew. */
enum { CLP_INDEX_VERSION = 4 };

/** The fields of a row that are wanted, in the order of columns. */
typedef struct clp_selection {
    clp_field fields[CLP_FIELD_COUNT];
    size_t count;
    bool whole; /**< every field there is of metadata, at least */
} clp_selection;

/** By its place; name NULL beyond the last. */
clproc_index_field clp_field_info(size_t index);

/** Finds a field by its name in whatever case, or by a short one such as "lens". False if there is
 * none. */
bool clp_field_find(const char *name, size_t length, clp_field *field);
/** As clp_field_find(); otherwise an error that lists likely names. */
clproc_status clp_field_named(const char *name, size_t length, clp_field *field,
                              clproc_error *error);

/** True for what a small decode of a picture tells, or a model, not its metadata. */
bool clp_field_is_feature(clp_field field);
bool clp_field_is_digest(clp_field field);
bool clp_field_is_score(clp_field field);

/** Reads "SourceFile,ISO,lens"; NULL selects every field of metadata. */
clproc_status clp_selection_parse(clp_selection *selection, const char *list, clproc_error *error);
/** Adds a column of an index by its name, unless it is there; false if it is no field's. */
bool clp_selection_add(clp_selection *selection, const char *name);
/** True if both have the same fields in the same order. */
bool clp_selection_same(const clp_selection *a, const clp_selection *b);
/** True if all fields of metadata are selected in their order, then the digest or not, features or
 * not, and behind features any number of scores. */
bool clp_selection_is_whole(const clp_selection *selection);
/** Adds the digest of pixels, unless it is there. */
void clp_selection_add_digest(clp_selection *selection);
/** Adds all features that are not selected yet. */
void clp_selection_add_features(clp_selection *selection);
/** The same of the first scores, so many of them. */
void clp_selection_add_scores(clp_selection *selection, size_t count);
bool clp_selection_has(const clp_selection *selection, clp_field field);

#endif
