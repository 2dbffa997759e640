/** Ensembles of decision trees. */
#ifndef CLP_MODEL_TREES_H
#define CLP_MODEL_TREES_H

#include "model/build.h"

/** A node. The two that follow a branch lie side by side; what follows a leaf is itself. */
typedef struct clp_tree_node {
    double threshold; /**< numbers up to it go to `next`, others to the node behind that */
    uint32_t next;
    uint32_t feature; /**< with the two flags below */
} clp_tree_node;

/** Flags of a node's feature. */
#define CLP_TREE_MISSING 0x80000000u /**< missing values go to `next`, too */
#define CLP_TREE_BRANCH 0x40000000u  /**< no leaf */
#define CLP_TREE_FEATURE 0x3fffffffu

/** What a leaf adds to the sum of a class or target. */
typedef struct clp_tree_share {
    uint32_t column;
    double weight;
} clp_tree_share;

typedef struct clp_trees {
    clp_tree_node *nodes; /**< tree after tree, level by level */
    uint32_t *roots;
    size_t tree_count;
    uint32_t *shares_at;    /**< where a node's shares begin, and behind the last where they end */
    clp_tree_share *shares; /**< of all leaves, without zeros */
    size_t classes;         /**< classes or targets are numbered below this */
    bool one_sided;         /**< all shares are of one class or target */
    bool negative;          /**< some shares are */
    bool *used;             /**< features that are looked at */
    bool missing;           /**< made for missing values */
    bool single;            /**< numbers become floats before they are compared */
} clp_trees;

/** Reads the trees of a node. `part` is how its attributes for leaves begin: "class" or "target".
 */
clproc_status clp_trees_read(clp_builder *builder, const clp_onnx_node *node, const char *part,
                             const clp_value *rows, clp_trees *trees);

/** Reads numbers in an attribute that is a list of floats or, in later versions, a tensor. */
clproc_status clp_trees_values(clp_builder *builder, const clp_onnx_node *node, const char *name,
                               const double **values, size_t *count);

/** Adds up the leaves of each row, tree after tree. `sums` are columns of the block; `copy` is room
 * there, a column more than `in` has. A row with missing values for trees that were not made for
 * them has missing sums. */
void clp_trees_run(const clp_trees *trees, const clp_block *block, const clp_span *in,
                   const clp_span *copy, const clp_span *sums);

#endif
