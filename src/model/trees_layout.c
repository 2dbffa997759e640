/* Puts trees in the order in which they are gone down, proves that they are trees, and makes whole
 * numbers of thresholds and weights. */
#include <stdlib.h>
#include <string.h>

#include "model/trees.h"

/** Thresholds of a column: ranks are 0 to this. */
enum { MOST_THRESHOLDS = TREE_STAY - 1 };
/** Columns that a node can name. */
enum { MOST_COLUMNS = UINT16_MAX + 1 };
/** Where no leaf has more shares than this, and these are not more than twice as many, all have as
 * many as the one with most, by shares of nothing: to add them up needs no guess how many there
 * are.
 */
enum { MOST_EVENED = 8 };
/** The sum of the magnitudes of all of a column's shares is below 2 to this. */
enum { SUM_BITS = 62 };
/** In place of a node's ways: they have no place yet. */
#define NOWHERE UINT32_MAX

/** What is found out about lists. */
typedef struct tree_layout {
    clp_builder *builder;
    clp_builder *passing; /**< whose memory goes when trees are laid out */
    const clp_onnx_node *node;
    const clp_tree_lists *lists;
    clp_trees *trees;
    uint32_t *order; /**< nodes as they will lie, each its place in the list */
    bool *put;       /**< by node: has a place */
    uint32_t *next;  /**< of a branch: where its two ways lie, or NOWHERE */
    size_t placed;
} tree_layout;

static clproc_status refuse(const tree_layout *layout, const char *what) {
    return clp_build_refuse(layout->builder, layout->node, "%s", what);
}

static bool is_branch(const clp_tree_branch *branch) {
    return branch->feature < CLP_TREE_SAME;
}

/** The node that says what is done at a place. */
static uint32_t node_at(const tree_layout *layout, size_t place) {
    uint32_t node = layout->order[place];
    const clp_tree_branch *branch = &layout->lists->nodes[node];
    return branch->feature == CLP_TREE_SAME ? branch->yes : node;
}

/* ---------------------------------------------------------------------- order */

static clproc_status put(tree_layout *layout, uint32_t node) {
    if (layout->put[node]) {
        return refuse(layout, "has a node that two branches lead to");
    }
    layout->put[node] = true;
    layout->order[layout->placed++] = node;
    return CLPROC_OK;
}

/** Puts a tree's nodes level by level, from its root. Two that do the same share their ways. */
static clproc_status put_tree(tree_layout *layout, uint32_t root) {
    clproc_status status = CLPROC_OK;
    size_t first = layout->placed;
    CLP_TRY(status, out, put(layout, root));
    for (size_t i = first; i < layout->placed; i++) {
        uint32_t own = node_at(layout, i);
        const clp_tree_branch *branch = &layout->lists->nodes[own];
        tree_node *node = &layout->trees->tables.nodes[i];
        *node = (tree_node){.next = (uint32_t)i, .rank = TREE_STAY};
        if (!is_branch(branch)) {
            continue;
        }
        if (layout->next[own] == NOWHERE) {
            layout->next[own] = (uint32_t)layout->placed;
            CLP_TRY(status, out, put(layout, branch->yes));
            CLP_TRY(status, out, put(layout, branch->no));
        }
        node->next = layout->next[own];
    }
out:
    return status;
}

static clproc_status put_trees(tree_layout *layout) {
    const clp_tree_lists *lists = layout->lists;
    clp_trees *trees = layout->trees;
    clproc_status status = CLPROC_OK;
    for (size_t i = 0; i < lists->count; i++) {
        layout->next[i] = NOWHERE;
    }
    for (size_t t = 0; t < lists->root_count; t++) {
        trees->tables.roots[trees->tables.tree_count++] = (uint32_t)layout->placed;
        CLP_TRY(status, out, put_tree(layout, lists->roots[t]));
    }
    if (layout->placed != lists->count) {
        status = refuse(layout, "has nodes that a tree's root does not lead to");
    }
out:
    return status;
}

/* ---------------------------------------------------------------------- ranks */

uint32_t clp_tree_rank(const double *thresholds, uint32_t count, double number) {
    uint32_t rank = 0;
    while (count > 0) {
        uint32_t half = count / 2;
        if (thresholds[rank + half] < number) {
            rank += half + 1;
            count -= half + 1;
        } else {
            count = half;
        }
    }
    return rank;
}

/** Branches of one group look at one feature, and do the same with missing values. */
static size_t group_of(const clp_tree_branch *branch) {
    return 2 * (size_t)branch->feature + branch->missing;
}

/** Where a group's thresholds lie, and which columns are made of them. */
typedef struct group {
    uint32_t first, count;
    uint32_t column;
} group;

static int compare_numbers(const void *first, const void *second) {
    double a = *(const double *)first, b = *(const double *)second;
    return (a > b) - (a < b);
}

/** Sorts numbers, and drops what is there twice; returns how many are left. */
static uint32_t sort_numbers(double *numbers, uint32_t count) {
    uint32_t kept = 0;
    qsort(numbers, count, sizeof *numbers, compare_numbers);
    for (uint32_t i = 0; i < count; i++) {
        if (kept == 0 || numbers[kept - 1] != numbers[i]) {
            numbers[kept++] = numbers[i];
        }
    }
    return kept;
}

/** Collects each group's thresholds. */
static void collect(const clp_tree_lists *lists, group *groups, double *thresholds) {
    uint32_t first = 0;
    for (size_t i = 0; i < lists->count; i++) {
        if (is_branch(&lists->nodes[i])) {
            groups[group_of(&lists->nodes[i])].count++;
        }
    }
    for (size_t g = 0; g < 2 * lists->features; g++) {
        groups[g].first = first;
        first += groups[g].count;
        groups[g].count = 0;
    }
    for (size_t i = 0; i < lists->count; i++) {
        if (is_branch(&lists->nodes[i])) {
            group *own = &groups[group_of(&lists->nodes[i])];
            thresholds[own->first + own->count++] = lists->nodes[i].threshold;
        }
    }
}

/** Makes columns of the groups: several of one with more thresholds than a column may have. */
static clproc_status make_columns(tree_layout *layout, group *groups, double *thresholds) {
    clp_trees *trees = layout->trees;
    size_t count = 0, groups_count = 2 * layout->lists->features;
    for (size_t g = 0; g < groups_count; g++) {
        groups[g].count = sort_numbers(thresholds + groups[g].first, groups[g].count);
        groups[g].column = (uint32_t)count;
        count += (groups[g].count + (size_t)MOST_THRESHOLDS - 1) / MOST_THRESHOLDS;
    }
    if (count > MOST_COLUMNS) {
        return clp_build_refuse(layout->builder, layout->node,
                                "looks at more than %d columns, which is the limit", MOST_COLUMNS);
    }
    trees->columns = clp_build_take(layout->builder, count, sizeof *trees->columns);
    if (!trees->columns) {
        return CLPROC_ERROR_MEMORY;
    }
    for (size_t g = 0; g < groups_count; g++) {
        for (uint32_t i = 0; i < groups[g].count; i += MOST_THRESHOLDS) {
            uint32_t left = groups[g].count - i;
            trees->columns[trees->column_count++] =
                (clp_tree_column){.thresholds = thresholds + groups[g].first + i,
                                  .count = left < MOST_THRESHOLDS ? left : MOST_THRESHOLDS,
                                  .feature = (uint32_t)(g / 2),
                                  .missing = g % 2 != 0};
        }
    }
    trees->tables.width = count > 0 ? count : 1;
    return CLPROC_OK;
}

/** Makes whole numbers of thresholds. */
static clproc_status rank_thresholds(tree_layout *layout) {
    const clp_tree_lists *lists = layout->lists;
    group *groups = clp_build_take(layout->passing, 2 * lists->features, sizeof *groups);
    double *thresholds = clp_build_take(layout->builder, lists->count, sizeof *thresholds);
    if (!groups || !thresholds) {
        return CLPROC_ERROR_MEMORY;
    }
    collect(lists, groups, thresholds);
    clproc_status status = make_columns(layout, groups, thresholds);
    for (size_t i = 0; status == CLPROC_OK && i < lists->count; i++) {
        const clp_tree_branch *branch = &lists->nodes[node_at(layout, i)];
        tree_node *node = &layout->trees->tables.nodes[i];
        if (is_branch(branch)) {
            const group *own = &groups[group_of(branch)];
            uint32_t rank = clp_tree_rank(thresholds + own->first, own->count, branch->threshold);
            node->rank = (uint16_t)(rank % MOST_THRESHOLDS);
            node->column = (uint16_t)(own->column + rank / MOST_THRESHOLDS);
        }
    }
    return status;
}

/* --------------------------------------------------------------------- shares */

/** Notes what the weights are of. */
static void look_at_weights(const clp_tree_lists *lists, clp_trees *trees) {
    trees->missing = lists->missing;
    bool one_sided = lists->weight_count > 0;
    for (size_t i = 0; i < lists->weight_count; i++) {
        one_sided = one_sided && lists->weights[i].column == lists->weights[0].column;
        trees->negative |= lists->weights[i].weight < 0;
    }
    trees->folded = lists->fold && lists->columns == 2 && one_sided;
    trees->tables.sum_count = trees->folded ? 1 : lists->columns;
}

/** The sum that a weight counts for. */
static size_t sum_of(const clp_trees *trees, const clp_tree_weight *weight) {
    return trees->folded ? 0 : weight->column;
}

/** Chooses units that are fine, and of which no sum is too many: whatever is added up is less than
 * all of a column's weights together. */
static clproc_status choose_units(tree_layout *layout) {
    const clp_tree_lists *lists = layout->lists;
    clp_trees *trees = layout->trees;
    trees->units = clp_build_take(layout->builder, trees->tables.sum_count, sizeof *trees->units);
    if (!trees->units) {
        return CLPROC_ERROR_MEMORY;
    }
    for (size_t i = 0; i < lists->weight_count; i++) {
        trees->units[sum_of(trees, &lists->weights[i])] += fabs(lists->weights[i].weight);
    }
    for (size_t c = 0; c < trees->tables.sum_count; c++) {
        int exponent;
        if (!isfinite(trees->units[c])) {
            return refuse(layout, "has weights that are infinite or no numbers");
        }
        frexp(trees->units[c], &exponent);
        /* Far below that, units would be zero. */
        trees->units[c] = ldexp(1.0, (exponent < -900 ? -900 : exponent) - SUM_BITS);
    }
    return CLPROC_OK;
}

/** True for what counts: no zeros, and as elsewhere no weights of branches. */
static bool counts(const clp_tree_lists *lists, const clp_tree_weight *weight) {
    return lists->nodes[weight->node].feature == CLP_TREE_LEAF && weight->weight != 0;
}

/** Sorts the weights that count by their nodes, in the order of the list: those of node i lie from
 * first[i] to first[i + 1]. */
static clproc_status sort_weights(const tree_layout *layout, uint32_t **first,
                                  const clp_tree_weight ***sorted) {
    const clp_tree_lists *lists = layout->lists;
    uint32_t *at = clp_build_take(layout->passing, lists->count + 2, sizeof *at);
    *sorted = clp_build_take(layout->passing, lists->weight_count, sizeof **sorted);
    if (!at || !*sorted) {
        return CLPROC_ERROR_MEMORY;
    }
    for (size_t i = 0; i < lists->weight_count; i++) {
        at[lists->weights[i].node + 2] += counts(lists, &lists->weights[i]);
    }
    for (size_t i = 2; i < lists->count + 2; i++) {
        at[i] += at[i - 1];
    }
    for (size_t i = 0; i < lists->weight_count; i++) {
        if (counts(lists, &lists->weights[i])) {
            (*sorted)[at[lists->weights[i].node + 1]++] = &lists->weights[i];
        }
    }
    *first = at;
    return CLPROC_OK;
}

/** Says where the shares of each place begin; leaves may get more than they have weights. */
static clproc_status count_shares(const tree_layout *layout, const uint32_t *first) {
    clp_tree_tables *tables = &layout->trees->tables;
    uint64_t total = 0, leaves = 0, most = 0;
    for (size_t i = 0; i < tables->node_count; i++) {
        uint32_t node = node_at(layout, i), own = first[node + 1] - first[node];
        total += own;
        leaves += tables->nodes[i].rank == TREE_STAY;
        most = own > most ? own : most;
    }
    bool even = most <= MOST_EVENED && most * leaves <= 2 * total;
    if ((even ? most * leaves : total) > UINT32_MAX) {
        return refuse(layout, "has too many weights");
    }
    for (size_t i = 0; i < tables->node_count; i++) {
        uint32_t node = node_at(layout, i), own = first[node + 1] - first[node];
        bool evened = even && tables->nodes[i].rank == TREE_STAY;
        tables->shares_at[i + 1] = tables->shares_at[i] + (evened ? (uint32_t)most : own);
    }
    return CLPROC_OK;
}

static clproc_status put_shares(const tree_layout *layout) {
    clp_trees *trees = layout->trees;
    clp_tree_tables *tables = &trees->tables;
    const clp_tree_weight **sorted;
    uint32_t *first;
    clproc_status status;
    CLP_TRY(status, out, sort_weights(layout, &first, &sorted));
    CLP_TRY(status, out, count_shares(layout, first));
    tables->shares = clp_build_take(layout->builder, tables->shares_at[tables->node_count],
                                    sizeof *tables->shares);
    if (!tables->shares) {
        return CLPROC_ERROR_MEMORY;
    }
    for (size_t i = 0; i < tables->node_count; i++) {
        uint32_t node = node_at(layout, i), at = tables->shares_at[i];
        for (uint32_t w = first[node]; w < first[node + 1]; w++) {
            size_t sum = sum_of(trees, sorted[w]);
            tables->shares[at++] =
                (tree_share){.column = (uint32_t)sum,
                             .weight = (uint64_t)llrint(sorted[w]->weight / trees->units[sum])};
        }
    }
out:
    return status;
}

static clproc_status take_room(tree_layout *layout) {
    const clp_tree_lists *lists = layout->lists;
    clp_trees *trees = layout->trees;
    layout->order = clp_build_take(layout->passing, lists->count, sizeof *layout->order);
    layout->put = clp_build_take(layout->passing, lists->count, sizeof *layout->put);
    layout->next = clp_build_take(layout->passing, lists->count, sizeof *layout->next);
    trees->tables.node_count = lists->count;
    trees->tables.nodes =
        clp_build_take(layout->builder, lists->count, sizeof *trees->tables.nodes);
    trees->tables.roots =
        clp_build_take(layout->builder, lists->root_count, sizeof *trees->tables.roots);
    trees->tables.shares_at =
        clp_build_take(layout->builder, lists->count + 1, sizeof *trees->tables.shares_at);
    return layout->order && layout->put && layout->next && trees->tables.nodes &&
                   trees->tables.roots && trees->tables.shares_at
               ? CLPROC_OK
               : CLPROC_ERROR_MEMORY;
}

clproc_status clp_trees_lay_out(clp_builder *builder, const clp_onnx_node *node,
                                const clp_tree_lists *lists, clp_trees *trees) {
    clp_onnx_model passing = {0};
    clp_builder reader = {.model = &passing, .error = builder->error};
    tree_layout layout = {
        .builder = builder, .passing = &reader, .node = node, .lists = lists, .trees = trees};
    clproc_status status;
    CLP_TRY(status, out, take_room(&layout));
    CLP_TRY(status, out, put_trees(&layout));
    CLP_TRY(status, out, rank_thresholds(&layout));
    look_at_weights(lists, trees);
    CLP_TRY(status, out, choose_units(&layout));
    status = put_shares(&layout);
out:
    clp_build_release(&passing);
    return status;
}
