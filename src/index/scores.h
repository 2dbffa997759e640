/** The scores that a model gives the rows of an index. */
#ifndef CLP_INDEX_SCORES_H
#define CLP_INDEX_SCORES_H

#include "index/row.h"

/** The most rows that are scored with one call. */
enum { CLP_SCORES_BATCH = 256 };

typedef struct clp_scores clp_scores;

/** Opens a model and finds the fields that go into it. What does not fit an index is an error. */
clproc_status clp_scores_create(clp_scores **scores, const char *path, clproc_error *error);
void clp_scores_destroy(clp_scores **scores);

/** How many fields from CLP_FIELD_SCORE on it fills in. */
size_t clp_scores_count(const clp_scores *scores);
/** The class or number of such a score. */
const char *clp_scores_class(const clp_scores *scores, size_t index);
/** The fields that it needs, by their place from 0; false beyond the last. */
bool clp_scores_field(const clp_scores *scores, size_t index, clp_field *field);

/** Scores up to CLP_SCORES_BATCH rows, for one thread at a time. A row that the model has no score
 * for gets a warning; one with an error gets neither. */
clproc_status clp_scores_run(clp_scores *scores, clp_row *const *rows, size_t count,
                             clproc_error *error);

#endif
