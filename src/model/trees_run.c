/* Going down trees: numbers become ranks, ranks lead to leaves, leaves are added up. Sums are whole
 * numbers, so they are the same in whatever order. */
#include <string.h>

#include "model/trees.h"

/** Rows that are served side by side: while one waits for memory, others go on. */
enum { ABREAST = 8 };

/** What a block's rows need beside their columns. */
typedef struct tree_room {
    double *lacking; /**< by row: missing, if a value is that trees were not made for */
    uint64_t *sums;  /**< row by row */
    uint16_t *ranks; /**< row by row */
} tree_room;

/** Ranks in the place of a number. */
enum { RANKS = sizeof(double) / sizeof(uint16_t) };

size_t clp_trees_room(const clp_trees *trees) {
    return 1 + trees->tables.sum_count + (trees->tables.width + RANKS - 1) / RANKS;
}

static tree_room share_room(const clp_trees *trees, const clp_block *block, const clp_span *room) {
    return (tree_room){
        clp_block_column(block, room->place), (uint64_t *)clp_block_column(block, room->place + 1),
        (uint16_t *)clp_block_column(block, room->place + 1 + trees->tables.sum_count)};
}

/* ---------------------------------------------------------------------- ranks */

/** clp_tree_rank() of several numbers, without branches: these would be guessed wrong half of the
 * time. */
static void rank_abreast(const clp_tree_column *column, const double numbers[ABREAST],
                         uint32_t ranks[ABREAST]) {
    const double *thresholds = column->thresholds;
    uint32_t left = column->count;
    memset(ranks, 0, ABREAST * sizeof *ranks);
    for (; left > 1; left -= left / 2) {
        uint32_t half = left / 2;
        for (size_t i = 0; i < ABREAST; i++) {
            ranks[i] += half & -(uint32_t)(thresholds[ranks[i] + half - 1] < numbers[i]);
        }
    }
    for (size_t i = 0; i < ABREAST; i++) {
        ranks[i] += thresholds[ranks[i]] < numbers[i];
    }
}

static void rank_column(const clp_trees *trees, const clp_block *block, const clp_span *in,
                        size_t index, const tree_room *room) {
    const clp_tree_column *column = &trees->columns[index];
    const double *from = clp_block_column(block, in->place + column->feature);
    uint16_t *to = room->ranks + index;
    uint32_t missing = column->missing ? 0 : column->count;
    for (size_t row = 0; row < block->rows; row += ABREAST) {
        size_t count = block->rows - row < ABREAST ? block->rows - row : ABREAST;
        double numbers[ABREAST] = {0};
        uint32_t ranks[ABREAST];
        for (size_t i = 0; i < count; i++) {
            numbers[i] = trees->single ? (double)(float)from[row + i] : from[row + i];
        }
        rank_abreast(column, numbers, ranks);
        for (size_t i = 0; i < count; i++) {
            bool none = isnan(numbers[i]);
            to[(row + i) * trees->tables.width] = (uint16_t)(none ? missing : ranks[i]);
            room->lacking[row + i] += none && !trees->missing ? (double)NAN : 0.0;
        }
    }
}

/* ----------------------------------------------------------------------- sums */

/** Leads rows from a root to their leaves. */
static void descend(const tree_node *nodes, const uint16_t *const ranks[ABREAST],
                    uint32_t at[ABREAST]) {
    uint32_t stay;
    do {
        stay = TREE_STAY;
        for (size_t i = 0; i < ABREAST; i++) {
            const tree_node *node = &nodes[at[i]];
            stay &= node->rank;
            at[i] = node->next + (ranks[i][node->column] > node->rank);
        }
    } while (stay != TREE_STAY);
}

static void run_tree(const clp_trees *trees, uint32_t root, size_t rows, const tree_room *room) {
    for (size_t row = 0; row < rows; row += ABREAST) {
        const uint16_t *ranks[ABREAST];
        uint32_t at[ABREAST];
        size_t left = rows - row;
        for (size_t i = 0; i < ABREAST; i++) { /* beyond the last, that one again */
            ranks[i] = room->ranks + (row + (i < left ? i : left - 1)) * trees->tables.width;
            at[i] = root;
        }
        descend(trees->tables.nodes, ranks, at);
        for (size_t i = 0; i < ABREAST && i < left; i++) {
            uint64_t *sums = room->sums + (row + i) * trees->tables.sum_count;
            for (uint32_t s = trees->tables.shares_at[at[i]];
                 s < trees->tables.shares_at[at[i] + 1]; s++) {
                sums[trees->tables.shares[s].column] += trees->tables.shares[s].weight;
            }
        }
    }
}

static void add_leaves(const clp_trees *trees, const clp_block *block, const tree_room *room) {
    const clp_model_helper *helper = block->helper;
    if (helper) {
        helper->walk(helper->user, &trees->tables, room->ranks, block->rows, room->sums,
                     block->error);
        return;
    }
    memset(room->sums, 0, block->rows * trees->tables.sum_count * sizeof *room->sums);
    for (size_t t = 0; t < trees->tables.tree_count; t++) {
        run_tree(trees, trees->tables.roots[t], block->rows, room);
    }
}

void clp_trees_run(const clp_trees *trees, const clp_block *block, const clp_span *in,
                   const clp_span *room, const clp_span *sums) {
    const tree_room own = share_room(trees, block, room);
    memset(own.lacking, 0, block->rows * sizeof *own.lacking);
    for (size_t c = 0; c < trees->column_count; c++) {
        rank_column(trees, block, in, c, &own);
    }
    add_leaves(trees, block, &own);
    for (size_t c = 0; c < sums->columns; c++) {
        double *column = clp_block_column(block, sums->place + c);
        for (size_t r = 0; r < block->rows; r++) {
            column[r] =
                (double)(int64_t)own.sums[r * trees->tables.sum_count + c] * trees->units[c] +
                own.lacking[r];
        }
    }
}
