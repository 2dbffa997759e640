/** Models that scikit-learn has fitted, read from ONNX files and run over batches of rows: linear
 * models, tree ensembles, and what prepares their inputs and calibrates their scores. */
#ifndef CLP_MODEL_MODEL_H
#define CLP_MODEL_MODEL_H

#include <math.h>

#include "core/error.h"
#include "core/model_tables.h"

/** May be run by several threads at once. */
typedef struct clp_onnx_model clp_onnx_model;

/** Reads a model. What is not one, or uses an operator or a form of one that is not supported, is
 * an error that names file and operator. `file`: its path, or that with a name, as "a.onnx:keep".
 */
clproc_status clp_model_open(clp_onnx_model **model, const char *file, clproc_error *error);
/** What an opened model is called: the name that was given, else its file's without folder and
 * ending. */
const char *clp_model_title(const clp_onnx_model *model);
const char *clp_model_path(const clp_onnx_model *model);
/** The same of a file's bytes, which are not needed afterwards. */
clproc_status clp_model_read(clp_onnx_model **model, const uint8_t *data, size_t size,
                             clproc_error *error);
/** Sets it to NULL, which it may be before. */
void clp_model_destroy(clp_onnx_model **model);

/** Says who does a part of the work from now on; NULL: the threads that run it do all. Scores are
 * the same. */
void clp_model_help_with(clp_onnx_model *model, const clp_model_helper *helper);

/** How many columns a row of its input has. */
size_t clp_model_inputs(const clp_onnx_model *model);
/** What the model calls a column of its input; NULL where it has one matrix as input whose columns
 * have no names: then they come in the order of training. */
const char *clp_model_input(const clp_onnx_model *model, size_t index);
/** Says which column of a table that is, for messages. The text must live as long as the model. */
void clp_model_call_input(clp_onnx_model *model, size_t index, const char *name);

/** How many scores a row has: one for each class of a classifier, one for each target of a
 * regressor. */
size_t clp_model_outputs(const clp_onnx_model *model);
/** The class that a score belongs to, or its number from 0 where the model does not tell; "" for
 * the one target of a regressor. */
const char *clp_model_output(const clp_onnx_model *model, size_t index);

/** True if its scores are those of classes: it names some, or tells a row's class as well. Else
 * they are a regressor's. */
bool clp_model_classifies(const clp_onnx_model *model);

/** A value that is missing, in `values` of clp_model_run(). */
#define CLP_MODEL_MISSING ((double)NAN)

/** Computes the scores of `rows` rows, thousands at best. `values` holds clp_model_inputs() numbers
 * a row, row after row, `scores` takes clp_model_outputs() numbers a row. `threads` is how many to
 * work with, this one among them; the scores are the same for any number. A row with a missing
 * value that the model does not fill in, or that is not made for, is an error that names it,
 * counted from `first`; what `scores` holds is void then. */
clproc_status clp_model_run(const clp_onnx_model *model, size_t rows, const double *values,
                            uint64_t first, int threads, double *scores, clproc_error *error);

/** The same, but a row that has no scores is no error: it has NANs. */
clproc_status clp_model_run_each(const clp_onnx_model *model, size_t rows, const double *values,
                                 int threads, double *scores, clproc_error *error);
/** Says why a row of values has no scores, as "column ISO is missing, …". */
void clp_model_explain(const clp_onnx_model *model, const double *values, char *text, size_t size);

/** The operators that are supported, by their place from 0; NULL beyond the last. */
const char *clp_model_operator(size_t index);

#endif
