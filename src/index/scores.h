/** The scores that models give the rows of an index. */
#ifndef CLP_INDEX_SCORES_H
#define CLP_INDEX_SCORES_H

#include "index/row.h"

/** The most rows that are scored with one call. */
enum { CLP_SCORES_BATCH = 256 };

typedef struct clp_scores clp_scores;

/** Opens models, as clp_model_open() takes their files, and finds the fields that go into them.
 * What does not fit an index is an error. */
clproc_status clp_scores_create(clp_scores **scores, const char *const *files, size_t count,
                                clproc_error *error);
void clp_scores_destroy(clp_scores **scores);

/** How many fields from CLP_FIELD_SCORE on they fill in. */
size_t clp_scores_count(const clp_scores *scores);
/** Says of which model and class such a field is, by its place among them. */
void clp_scores_describe(const clp_scores *scores, size_t index, char *text, size_t size);
/** The fields that they need, by their place from 0, perhaps repeated; false beyond the last. */
bool clp_scores_field(const clp_scores *scores, size_t index, clp_field *field);

/** Scores up to CLP_SCORES_BATCH rows, for one thread at a time. A row that a model has no score
 * for gets a warning; one with an error gets neither. */
clproc_status clp_scores_run(clp_scores *scores, clp_row *const *rows, size_t count,
                             clproc_error *error);

#endif
