/* Trees as they are gone down, of lists that are made here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>

#include "model/trees.h"

/** A tree in the making. */
typedef struct fixture {
    clp_onnx_model model;
    clproc_error error;
    clp_builder builder;
    clp_onnx_node node;
    clp_tree_lists lists;
    clp_trees trees;
} fixture;

static void begin(fixture *made, size_t count, size_t weights, size_t columns) {
    *made = (fixture){.lists = {.features = 1, .columns = columns, .root_count = 1}};
    made->builder = (clp_builder){.model = &made->model, .error = &made->error};
    made->lists.nodes = clp_build_take(&made->builder, count, sizeof *made->lists.nodes);
    made->lists.weights = clp_build_take(&made->builder, weights, sizeof *made->lists.weights);
    made->lists.roots = clp_build_take(&made->builder, 1, sizeof *made->lists.roots);
    assert_true(made->lists.nodes && made->lists.weights && made->lists.roots);
    made->lists.weight_count = weights;
}

static clproc_status lay_out(fixture *made) {
    return clp_trees_lay_out(&made->builder, &made->node, &made->lists, &made->trees);
}

/** The sums of rows of one number. */
static void run(const fixture *made, const double *numbers, size_t rows, double *sums) {
    const clp_trees *trees = &made->trees;
    const clp_span in = {0, 1}, room = {1, clp_trees_room(trees)};
    const clp_span out = {room.place + room.columns, trees->tables.sum_count};
    clp_block block = {.rows = rows, .pitch = rows};
    block.numbers = calloc((out.place + out.columns) * rows, sizeof *block.numbers);
    assert_non_null(block.numbers);
    for (size_t r = 0; r < rows; r++) {
        block.numbers[r] = numbers[r];
    }
    clp_trees_run(trees, &block, &in, &room, &out);
    for (size_t r = 0; r < rows; r++) {
        for (size_t c = 0; c < out.columns; c++) {
            sums[r * out.columns + c] = clp_block_column(&block, out.place + c)[r];
        }
    }
    free(block.numbers);
}

/** A tree that counts how many of the thresholds 0 to `last` - 1 are below a number: its branches
 * halve first to last. Returns the place of its root. */
static uint32_t count_below(clp_tree_lists *lists, uint32_t first, uint32_t last) {
    uint32_t own = (uint32_t)lists->count++;
    if (first == last) {
        lists->nodes[own].feature = CLP_TREE_LEAF;
        lists->weights[lists->weight_count++] = (clp_tree_weight){own, 0, (double)first};
        return own;
    }
    uint32_t middle = first + (last - first) / 2;
    clp_tree_branch branch = {.threshold = (double)middle, .missing = middle % 2 != 0};
    branch.yes = count_below(lists, first, middle);
    branch.no = count_below(lists, middle + 1, last);
    lists->nodes[own] = branch;
    return own;
}

/** More thresholds than one column of ranks can tell apart, and each of them right on both sides,
 * whatever it does with missing values. */
static void test_many_thresholds(void **state) {
    (void)state;
    enum { MANY = 140000 };
    static double numbers[2 * MANY], sums[2 * MANY];
    fixture made;
    begin(&made, 2 * MANY + 1, MANY + 1, 1);
    made.lists.weight_count = 0;
    made.lists.missing = true;
    count_below(&made.lists, 0, MANY);
    assert_int_equal(lay_out(&made), CLPROC_OK);
    assert_int_equal(made.trees.column_count, 4);
    for (size_t i = 0; i < MANY; i++) {
        numbers[2 * i] = (double)i;
        numbers[2 * i + 1] = (double)i + 0.25;
    }
    run(&made, numbers, sizeof numbers / sizeof numbers[0], sums);
    for (size_t i = 0; i < MANY; i++) {
        assert_true(sums[2 * i] == (double)i && sums[2 * i + 1] == (double)i + 1);
    }
    clp_build_release(&made.model);
}

/** Weights of very different sizes beside each other: each sum is as exact as its own allow. */
static void test_units(void **state) {
    (void)state;
    const double weights[] = {1e30, 1e-30, 0.1};
    const double number = 0;
    double sums[3];
    fixture made;
    begin(&made, 1, 4, 3);
    made.lists.count = 1;
    made.lists.nodes[0].feature = CLP_TREE_LEAF;
    for (uint32_t i = 0; i < 4; i++) { /* the last has its share in two parts */
        made.lists.weights[i] = (clp_tree_weight){0, i < 3 ? i : 2, weights[i < 3 ? i : 2]};
    }
    assert_int_equal(lay_out(&made), CLPROC_OK);
    run(&made, &number, 1, sums);
    assert_true(fabs(sums[0] / 1e30 - 1) < 1e-15);
    assert_true(fabs(sums[1] / 1e-30 - 1) < 1e-15);
    assert_true(fabs(sums[2] - 0.2) < 1e-15);
    clp_build_release(&made.model);
}

/** A chain of so many branches to leaves of one weight, and behind it a leaf of `last`: how many
 * shares are laid out for that. */
static size_t shares_of(uint32_t branches, uint32_t last) {
    fixture made;
    begin(&made, 2 * (size_t)branches + 1, branches + last, 8);
    made.lists.count = 2 * (size_t)branches + 1;
    for (uint32_t i = 0; i < branches; i++) {
        made.lists.nodes[2 * i] =
            (clp_tree_branch){.threshold = i, .yes = 2 * i + 1, .no = 2 * i + 2};
        made.lists.nodes[2 * i + 1].feature = CLP_TREE_LEAF;
        made.lists.weights[i] = (clp_tree_weight){2 * i + 1, 0, 1};
    }
    made.lists.nodes[2 * branches].feature = CLP_TREE_LEAF;
    for (uint32_t i = 0; i < last; i++) {
        made.lists.weights[branches + i] = (clp_tree_weight){2 * branches, i, 1};
    }
    assert_int_equal(lay_out(&made), CLPROC_OK);
    size_t count = made.trees.tables.shares_at[made.trees.tables.node_count];
    clp_build_release(&made.model);
    return count;
}

/** One leaf of many weights does not make all leaves as large. */
static void test_uneven_leaves(void **state) {
    (void)state;
    assert_int_equal(shares_of(100, 8), 108);
    assert_int_equal(shares_of(100, 3), 103);
    assert_int_equal(shares_of(2, 2), 6); /* where it costs little, leaves are alike */
}

/** Lists that are no trees. */
static void test_no_trees(void **state) {
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        fixture made;
        begin(&made, 3, 2, 1);
        made.lists.count = 3;
        made.lists.nodes[0] = (clp_tree_branch){.yes = 1, .no = i == 0 ? 1 : 2};
        made.lists.nodes[1].feature = made.lists.nodes[2].feature = CLP_TREE_LEAF;
        if (i == 1) { /* leads back */
            made.lists.nodes[1] = (clp_tree_branch){.yes = 0, .no = 2};
        }
        if (i == 2) {
            made.lists.weights[0].weight = INFINITY;
        }
        assert_int_equal(lay_out(&made), CLPROC_ERROR_ARGUMENT);
        clp_build_release(&made.model);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_many_thresholds), cmocka_unit_test(test_units),
        cmocka_unit_test(test_uneven_leaves), cmocka_unit_test(test_no_trees)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
