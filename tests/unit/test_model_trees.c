/* Models of trees: what their lists of nodes mean, in both forms, and those that mean nothing. */
#include "model_fixture.h"

/** One branch, two leaves with 10 and 20; changed by tests. */
typedef struct small_tree {
    int64_t yes[3], no[3], feature[3], tracks[3], id[3];
    float value[3];
    const char *mode;
} small_tree;

static const small_tree plain = {
    .yes = {1}, .no = {2}, .id = {0, 1, 2}, .value = {1.5f}, .mode = "BRANCH_LEQ"};

static message make_tree(const small_tree *tree) {
    const int64_t zeros[3] = {0}, leaves[2] = {tree->id[1], tree->id[2]};
    const float weights[2] = {10, 20};
    message node = begin_node("TreeEnsembleRegressor", "ai.onnx.ml", "X", "Y");
    message modes = {.size = 0};
    put_text(&modes, 1, "nodes_modes");
    put_text(&modes, 9, tree->mode);
    put_text(&modes, 9, "LEAF");
    put_text(&modes, 9, "LEAF");
    put_message(&node, 5, &modes);
    put_ints(&node, "nodes_treeids", zeros, 3);
    put_ints(&node, "nodes_nodeids", tree->id, 3);
    put_ints(&node, "nodes_featureids", tree->feature, 3);
    put_ints(&node, "nodes_truenodeids", tree->yes, 3);
    put_ints(&node, "nodes_falsenodeids", tree->no, 3);
    put_ints(&node, "nodes_missing_value_tracks_true", tree->tracks, 3);
    put_floats(&node, "nodes_values", tree->value, 3);
    put_ints(&node, "target_treeids", zeros, 2);
    put_ints(&node, "target_nodeids", leaves, 2);
    put_ints(&node, "target_ids", zeros, 2);
    put_floats(&node, "target_weights", weights, 2);
    put_whole(&node, "n_targets", 1);
    return make_model(&node, 1, 2);
}

/** The score of (x, 0); 0 where there is none. */
static double run_tree(const small_tree *tree, double x) {
    message file = make_tree(tree);
    clp_onnx_model *model = open_model(&file);
    const double row[2] = {x, 0};
    double score = 0;
    clproc_error error = {0};
    if (clp_model_run(model, 1, row, 1, 1, &score, &error) != CLPROC_OK) {
        assert_non_null(strstr(error.message, "row 1: column 1 is missing"));
        score = 0;
    }
    clp_model_destroy(&model);
    return score;
}

/** On which side of 1.5 each mode's two ways begin, and where missing values go. */
static void test_modes(void **state) {
    (void)state;
    const struct {
        const char *mode;
        double below, at, above, missing, tracked;
    } modes[] = {{"BRANCH_LEQ", 10, 10, 20, 0, 10}, {"BRANCH_LT", 10, 20, 20, 0, 10},
                 {"BRANCH_GTE", 20, 10, 10, 0, 10}, {"BRANCH_GT", 20, 20, 10, 0, 10},
                 {"BRANCH_EQ", 20, 10, 20, 0, 10},  {"BRANCH_NEQ", 10, 20, 10, 0, 10}};
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        small_tree made = plain;
        made.mode = modes[i].mode;
        assert_true(run_tree(&made, 1.4999999) == modes[i].below);
        assert_true(run_tree(&made, 1.5) == modes[i].at);
        assert_true(run_tree(&made, 1.50000012) == modes[i].above);
        assert_true(run_tree(&made, CLP_MODEL_MISSING) == modes[i].missing);
        made.tracks[0] = 1;
        assert_true(run_tree(&made, CLP_MODEL_MISSING) == modes[i].tracked);
        assert_true(run_tree(&made, 1.4999999) == modes[i].below);
    }
    /* A float holds no number between 1.5 and this one. */
    assert_true(run_tree(&plain, 1.50000001) == 10);
}

/** Nodes in any order and with any names. */
static void test_order(void **state) {
    (void)state;
    small_tree made = plain;
    made.id[0] = 1000000, made.id[1] = -5, made.id[2] = 7;
    made.yes[0] = -5, made.no[0] = 7;
    assert_true(run_tree(&made, 1) == 10);
    assert_true(run_tree(&made, 2) == 20);
}

static void test_no_trees(void **state) {
    (void)state;
    struct {
        small_tree tree;
        const char *why;
    } cases[] = {{plain, "leads nowhere"},
                 {plain, "without a root, or with several"},
                 {plain, "root does not lead to"},
                 {plain, "without a root, or with several"},
                 {plain, "two nodes of one name"},
                 {plain, "column that its input has not"},
                 {plain, "threshold"},
                 {plain, "modes"}};
    cases[0].tree.no[0] = 3;
    cases[1].tree.no[0] = 1;
    cases[2].tree.no[0] = 0;
    cases[3].tree.yes[0] = cases[3].tree.no[0] = 0;
    cases[4].tree.id[2] = 1;
    cases[5].tree.feature[0] = 2;
    cases[6].tree.value[0] = NAN;
    cases[7].tree.mode = "BRANCH_MEMBER";
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        message file = make_tree(&cases[i].tree);
        expect_refused(&file, cases[i].why);
    }
}

/** Three leaves alone. */
static void test_roots(void **state) {
    (void)state;
    small_tree made = plain;
    made.mode = "LEAF";
    message file = make_tree(&made);
    expect_refused(&file, "without a root, or with several");
}

/** A tree of version 5: one branch between two leaves; changed by tests. */
typedef struct indexed_tree {
    int64_t feature, yes, no, yes_leaf, no_leaf, root, target, transform, aggregate;
    uint8_t mode;
} indexed_tree;

static void put_tensor(message *node, const char *name, int64_t type, const void *data,
                       size_t count, size_t size) {
    message attribute = {.size = 0}, tensor = {.size = 0};
    put_int(&tensor, 1, (int64_t)count);
    put_int(&tensor, 2, type);
    put_bytes(&tensor, 9, data, count * size);
    put_text(&attribute, 1, name);
    put_message(&attribute, 5, &tensor);
    put_message(node, 5, &attribute);
}

static message make_indexed(const indexed_tree *tree) {
    enum { FLOAT = 1, UINT8 = 2 };
    const float split = 1.5f, weights[2] = {10, 20};
    const int64_t targets[2] = {0, tree->target};
    message node = begin_node("TreeEnsemble", "ai.onnx.ml", "X", "Y");
    put_ints(&node, "nodes_featureids", &tree->feature, 1);
    put_ints(&node, "nodes_truenodeids", &tree->yes, 1);
    put_ints(&node, "nodes_falsenodeids", &tree->no, 1);
    put_ints(&node, "nodes_trueleafs", &tree->yes_leaf, 1);
    put_ints(&node, "nodes_falseleafs", &tree->no_leaf, 1);
    put_ints(&node, "tree_roots", &tree->root, 1);
    put_ints(&node, "leaf_targetids", targets, 2);
    put_tensor(&node, "nodes_splits", FLOAT, &split, 1, sizeof split);
    put_tensor(&node, "nodes_modes", UINT8, &tree->mode, 1, 1);
    put_tensor(&node, "leaf_weights", FLOAT, weights, 2, sizeof weights[0]);
    put_whole(&node, "post_transform", tree->transform);
    put_whole(&node, "aggregate_function", tree->aggregate);
    return make_model(&node, 1, 2);
}

static const indexed_tree indexed = {.no = 1, .yes_leaf = 1, .no_leaf = 1, .aggregate = 1};

/** The score of (x, 0). */
static double run_indexed(const indexed_tree *tree, double x) {
    message file = make_indexed(tree);
    clp_onnx_model *model = open_model(&file);
    const double row[2] = {x, 0};
    double score = 0;
    clproc_error error = {0};
    assert_int_equal(clp_model_run(model, 1, row, 1, 1, &score, &error), CLPROC_OK);
    clp_model_destroy(&model);
    return score;
}

static void test_indexed(void **state) {
    (void)state;
    enum { GT = 3, LOGISTIC = 2, AVERAGE = 0 };
    indexed_tree made = indexed;
    assert_true(run_indexed(&made, 1.5) == 10 && run_indexed(&made, 1.75) == 20);
    made.mode = GT;
    made.aggregate = AVERAGE;
    assert_true(run_indexed(&made, 1.5) == 20 && run_indexed(&made, 1.75) == 10);
    made.transform = LOGISTIC;
    assert_true(fabs(run_indexed(&made, 1.75) - 1 / (1 + exp(-10.0))) < 1e-12);
    made = indexed;
    made.yes = 1; /* a leaf alone */
    assert_true(run_indexed(&made, 1.5) == 20 && run_indexed(&made, 1.75) == 20);

    struct {
        indexed_tree tree;
        const char *why;
    } cases[] = {{indexed, "leads nowhere"},
                 {indexed, "leads nowhere"},
                 {indexed, "two branches lead to"},
                 {indexed, "without a root"},
                 {indexed, "target that is not there"},
                 {indexed, "column that its input has not"},
                 {indexed, "post_transform"},
                 {indexed, "aggregate_function"},
                 {indexed, "without a set"},
                 {indexed, "modes"}};
    cases[0].tree.no = 2;
    cases[1].tree.yes = -1;
    cases[2].tree.yes_leaf = 0; /* to itself */
    cases[3].tree.root = 1;
    cases[4].tree.target = 1;
    cases[5].tree.feature = 2;
    cases[6].tree.transform = 4;
    cases[7].tree.aggregate = 3;
    cases[8].tree.mode = 6; /* BRANCH_MEMBER */
    cases[9].tree.mode = 7;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        message file = make_indexed(&cases[i].tree);
        expect_refused(&file, cases[i].why);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_modes),    cmocka_unit_test(test_order),
        cmocka_unit_test(test_no_trees), cmocka_unit_test(test_roots),
        cmocka_unit_test(test_indexed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
