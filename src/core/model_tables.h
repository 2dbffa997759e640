/** What src/model and src/device tell each other: of ensembles of trees tables of whole numbers, in
 * the kernel's own words, as C, and of linear models their matrices. */
#ifndef CLP_CORE_MODEL_TABLES_H
#define CLP_CORE_MODEL_TABLES_H

#include <stddef.h>
#include <stdint.h>

#include "core/error.h"

#define ulong uint64_t
#define uint uint32_t
#define ushort uint16_t
#include "../../kernels/trees.clh"
#undef ulong
#undef uint
#undef ushort

typedef struct clp_tree_tables {
    tree_node *nodes; /**< tree after tree, level by level */
    size_t node_count;
    uint32_t *roots;
    size_t tree_count;
    uint32_t *shares_at; /**< where a node's shares begin, and behind the last where they end */
    tree_share *shares;  /**< of all leaves */
    size_t width;        /**< ranks of a row, at least one */
    size_t sum_count;    /**< of a row */
} clp_tree_tables;

/** out = in * weights + bias: each result begins with its bias, and products are added in the order
 * of columns, in double precision without contraction. */
typedef struct clp_matrix {
    const double *weights; /**< result after result */
    const double *bias;    /**< of each result */
    size_t columns, results;
} clp_matrix;

/** Who does some of the work, if the host's threads do not do all of it. Any thread may call;
 * tables may be kept by their address. */
typedef struct clp_model_helper {
    void *user;
    /** Multiplies rows that lie column by column, as the results do. NULL: the host does. */
    clproc_status (*multiply)(void *user, const clp_matrix *matrix, const double *in, size_t rows,
                              double *out, clproc_error *error);
    /** Adds up the leaves of rows, whose ranks and sums lie row by row. */
    clproc_status (*walk)(void *user, const clp_tree_tables *tables, const uint16_t *ranks,
                          size_t rows, uint64_t *sums, clproc_error *error);
} clp_model_helper;

#endif
