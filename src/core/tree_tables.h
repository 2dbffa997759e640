/** What src/model and src/device tell each other of ensembles of trees: tables of whole numbers, in
 * the kernel's own words, as C. */
#ifndef CLP_CORE_TREE_TABLES_H
#define CLP_CORE_TREE_TABLES_H

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

/** Who goes down trees, if the host's threads do not. */
typedef struct clp_tree_walker {
    void *user;
    /** Adds up the leaves of rows, whose ranks and sums lie row by row. Any thread; tables may be
     * kept by their address. */
    clproc_status (*walk)(void *user, const clp_tree_tables *tables, const uint16_t *ranks,
                          size_t rows, uint64_t *sums, clproc_error *error);
} clp_tree_walker;

#endif
