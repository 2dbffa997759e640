/** Ensembles of decision trees: as files have them, and as they are gone down. */
#ifndef CLP_MODEL_TREES_H
#define CLP_MODEL_TREES_H

#include "core/model_tables.h"
#include "model/build.h"

/* ---------------------------------------------------------------- as files have them */

/** In place of a branch's feature: this is a leaf. */
#define CLP_TREE_LEAF UINT32_MAX
/** The same: this does what another node of the tree does, which is `yes`. */
#define CLP_TREE_SAME (UINT32_MAX - 1)

typedef struct clp_tree_branch {
    double threshold; /**< numbers up to it go to `yes`, others to `no` */
    uint32_t yes, no; /**< places in the list */
    uint32_t feature; /**< or CLP_TREE_LEAF or CLP_TREE_SAME */
    bool missing;     /**< missing values go to `yes`, too */
} clp_tree_branch;

/** What a node adds to the sum of a class or target, if it is a leaf. */
typedef struct clp_tree_weight {
    uint32_t node; /**< its place in the list */
    uint32_t column;
    double weight;
} clp_tree_weight;

/** Lists of what may be trees. */
typedef struct clp_tree_lists {
    clp_tree_branch *nodes;
    uint32_t *roots;
    clp_tree_weight *weights;
    size_t count, root_count, weight_count;
    size_t features; /**< of a row */
    size_t columns;  /**< classes or targets, all weights' columns are below */
    bool missing;    /**< made for missing values */
    bool fold;       /**< of two classes, weights of one alone make one sum */
} clp_tree_lists;

/** How a branch compares, in the order in which version 5 numbers modes. */
typedef enum clp_tree_mode {
    CLP_TREE_LEQ,
    CLP_TREE_LT,
    CLP_TREE_GTE,
    CLP_TREE_GT,
    CLP_TREE_EQ,
    CLP_TREE_NEQ,
    CLP_TREE_MEMBER
} clp_tree_mode;

/** Nodes that a branch by equality, or by membership of a set, adds to the list, for each number
 * that it compares with. */
enum { CLP_TREE_ADDED = 4 };

/** Fills in a branch whose numbers and ways are the file's, so that it compares as all do. Of
 * CLP_TREE_MEMBER the set has `count` members, at least one. */
clproc_status clp_tree_branch_set(clp_builder *builder, const clp_onnx_node *node,
                                  clp_tree_mode mode, clp_tree_lists *lists, uint32_t at,
                                  const double *members, size_t count);

/** Reads the lists of TreeEnsembleClassifier and TreeEnsembleRegressor. `part` is how their
 * attributes for leaves begin: "class" or "target". `reader` has the memory of what is read. */
clproc_status clp_trees_read(clp_builder *reader, const clp_onnx_node *node, const char *part,
                             clp_tree_lists *lists);

/** Reads the lists of TreeEnsemble. */
clproc_status clp_trees_read_indexed(clp_builder *reader, const clp_onnx_node *node,
                                     clp_tree_lists *lists);

/** Reads numbers in an attribute that is a list of floats or, in later versions, a tensor. */
clproc_status clp_trees_values(clp_builder *builder, const clp_onnx_node *node, const char *name,
                               const double **values, size_t *count);

/* --------------------------------------------------------------- as they are gone down */

/* Numbers are compared by their ranks among a column's thresholds, so that a node is small, and
 * what goes down is whole numbers alone: core/model_tables.h. */

/** What numbers of a feature become ranks by: how many thresholds are below a number. */
typedef struct clp_tree_column {
    const double *thresholds; /**< rising */
    uint32_t count;
    uint32_t feature;
    bool missing; /**< missing values rank lowest, else highest */
} clp_tree_column;

typedef struct clp_trees {
    clp_tree_tables tables;
    clp_tree_column *columns; /**< of ranks */
    size_t column_count;
    double *units; /**< of each sum; no sum of shares is outside of int64_t */
    bool folded;   /**< of two classes there is one sum */
    bool negative; /**< some weights are */
    bool missing;  /**< made for missing values */
    bool single;   /**< numbers become floats before they are compared */
} clp_trees;

/** Lays out what is read, and proves that it is trees. */
clproc_status clp_trees_lay_out(clp_builder *builder, const clp_onnx_node *node,
                                const clp_tree_lists *lists, clp_trees *trees);

/** How many of a column's thresholds are below a number. */
uint32_t clp_tree_rank(const double *thresholds, uint32_t count, double number);

/** How many columns of a block it takes to go down trees. */
size_t clp_trees_room(const clp_trees *trees);
/** Adds up the leaves of each row. `sums` are columns of the block, `room` is as large as
 * clp_trees_room() says. A row with missing values for trees that were not made for them has
 * missing sums. */
void clp_trees_run(const clp_trees *trees, const clp_block *block, const clp_span *in,
                   const clp_span *room, const clp_span *sums);

#endif
