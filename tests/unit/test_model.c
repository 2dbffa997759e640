/* Models: what ONNX files mean, and those that mean nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "model/model.h"
#include "model/proto.h"

/* ----------------------------------------------------------- files in the making */

typedef struct message {
    uint8_t data[4096];
    size_t size;
} message;

static void put_varint(message *to, uint64_t value) {
    assert_true(to->size + 10 <= sizeof to->data);
    for (; value >= 0x80; value >>= 7) {
        to->data[to->size++] = (uint8_t)(value | 0x80);
    }
    to->data[to->size++] = (uint8_t)value;
}

static void put_int(message *to, uint32_t field, int64_t value) {
    put_varint(to, field << 3);
    put_varint(to, (uint64_t)value);
}

static void put_float(message *to, uint32_t field, float value) {
    put_varint(to, field << 3 | 5);
    memcpy(to->data + to->size, &value, sizeof value);
    to->size += sizeof value;
}

static void put_bytes(message *to, uint32_t field, const void *data, size_t size) {
    put_varint(to, field << 3 | 2);
    put_varint(to, size);
    assert_true(to->size + size <= sizeof to->data);
    memcpy(to->data + to->size, data, size);
    to->size += size;
}

static void put_text(message *to, uint32_t field, const char *text) {
    put_bytes(to, field, text, strlen(text));
}

static void put_message(message *to, uint32_t field, const message *inner) {
    put_bytes(to, field, inner->data, inner->size);
}

static void put_ints(message *node, const char *name, const int64_t *values, size_t count) {
    message attribute = {.size = 0};
    put_text(&attribute, 1, name);
    for (size_t i = 0; i < count; i++) {
        put_int(&attribute, 8, values[i]);
    }
    put_message(node, 5, &attribute);
}

static void put_floats(message *node, const char *name, const float *values, size_t count) {
    message attribute = {.size = 0};
    put_text(&attribute, 1, name);
    for (size_t i = 0; i < count; i++) {
        put_float(&attribute, 7, values[i]);
    }
    put_message(node, 5, &attribute);
}

static void put_whole(message *node, const char *name, int64_t value) {
    message attribute = {.size = 0};
    put_text(&attribute, 1, name);
    put_int(&attribute, 3, value);
    put_message(node, 5, &attribute);
}

static message begin_node(const char *op, const char *domain, const char *in, const char *out) {
    message node = {.size = 0};
    put_text(&node, 1, in);
    put_text(&node, 2, out);
    put_text(&node, 4, op);
    put_text(&node, 7, domain);
    return node;
}

/** An input of floats, or an output; of -1 columns: of one dimension. */
static void put_port(message *graph, uint32_t field, const char *name, int64_t columns) {
    message port = {.size = 0}, type = {.size = 0}, tensor = {.size = 0}, shape = {.size = 0},
            any = {.size = 0}, dim = {.size = 0};
    put_text(&any, 2, "N");
    put_int(&dim, 1, columns);
    put_message(&shape, 1, &any);
    if (columns >= 0) {
        put_message(&shape, 1, &dim);
    }
    put_int(&tensor, 1, 1);
    put_message(&tensor, 2, &shape);
    put_message(&type, 1, &tensor);
    put_text(&port, 1, name);
    put_message(&port, 2, &type);
    put_message(graph, field, &port);
}

/** A model of nodes from X, of so many columns, to Y. */
static message make_model(const message *nodes, size_t count, int64_t columns) {
    message model = {.size = 0}, graph = {.size = 0};
    for (size_t i = 0; i < count; i++) {
        put_message(&graph, 1, &nodes[i]);
    }
    put_port(&graph, 11, "X", columns);
    put_port(&graph, 12, "Y", 0);
    put_int(&model, 1, 8);
    put_message(&model, 7, &graph);
    return model;
}

static clp_onnx_model *open_model(const message *file) {
    clproc_error error = {0};
    clp_onnx_model *model = NULL;
    if (clp_model_read(&model, file->data, file->size, &error) != CLPROC_OK) {
        fail_msg("refused: %s", error.message);
    }
    return model;
}

static void expect_refused(const message *file, const char *why) {
    clproc_error error = {0};
    clp_onnx_model *model = NULL;
    assert_int_equal(clp_model_read(&model, file->data, file->size, &error), CLPROC_ERROR_ARGUMENT);
    assert_null(model);
    if (!strstr(error.message, why)) {
        fail_msg("\"%s\" was expected in: %s", why, error.message);
    }
}

/* --------------------------------------------------------------------- numbers */

/** Lists may be packed or not, and end where they are broken. */
static void test_lists(void **state) {
    (void)state;
    message file = {.size = 0}, packed = {.size = 0};
    int64_t numbers[8] = {0};
    put_varint(&packed, 7);
    put_varint(&packed, (uint64_t)-3);
    put_int(&file, 8, 5);
    put_message(&file, 8, &packed);
    put_int(&file, 9, 6);
    const clp_slice all = {file.data, file.size};
    assert_int_equal(clp_proto_numbers(&all, 8, CLP_PROTO_VARINT, numbers, 8), 3);
    assert_int_equal(numbers[0], 5);
    assert_int_equal(numbers[1], 7);
    assert_int_equal(numbers[2], -3);
    assert_int_equal(clp_proto_numbers(&all, 8, CLP_PROTO_VARINT, numbers, 1), 3);
    const clp_slice cut = {file.data, 9};
    assert_int_equal(clp_proto_numbers(&cut, 8, CLP_PROTO_VARINT, numbers, 8), 1);
}

/** Reads one of the models beside the tests. */
static void read_file(const char *name, clp_bytes *bytes) {
    clproc_error error = {0};
    char path[1024];
    snprintf(path, sizeof path, "%s/tests/models/%s.onnx", getenv("CLPROC_SOURCE"), name);
    assert_int_equal(clp_file_read(path, 0, bytes, &error), CLPROC_OK);
}

/** A file that is cut off anywhere is refused. */
static void test_cuts(void **state) {
    (void)state;
    clp_bytes bytes = {0};
    clproc_error error = {0};
    clp_onnx_model *model;
    read_file("sigmoid", &bytes);
    for (size_t size = 0; size < bytes.size; size++) {
        uint8_t *part = malloc(size + 1); /* so that a sanitizer sees a read beyond it */
        assert_non_null(part);
        memcpy(part, bytes.data, size);
        clproc_status status = clp_model_read(&model, part, size, &error);
        /* What stands behind the graph is of no interest. */
        assert_true(status == CLPROC_ERROR_ARGUMENT || size + 160 > bytes.size);
        clp_model_destroy(&model);
        free(part);
    }
    clp_bytes_free(&bytes);
}

/** Scores a row, if this is still a model. True if it is. */
static bool try_model(const clp_bytes *bytes) {
    static const double kinds[] = {1, -1e300, 0x1p-149, 77, 0, NAN};
    clproc_error error = {0};
    clp_onnx_model *model;
    if (clp_model_read(&model, bytes->data, bytes->size, &error) != CLPROC_OK) {
        assert_int_equal(error.status, CLPROC_ERROR_ARGUMENT);
        assert_true(error.message[0]);
        return false;
    }
    size_t inputs = clp_model_inputs(model), outputs = clp_model_outputs(model);
    double *values = calloc(inputs, sizeof *values), *scores = calloc(outputs, sizeof *scores);
    assert_true(values && scores);
    for (size_t i = 0; i < inputs; i++) {
        values[i] = kinds[i % 6];
    }
    if (clp_model_run(model, 1, values, 1, 1, scores, &error) == CLPROC_OK) {
        for (size_t i = 0; i < outputs; i++) {
            assert_true(isfinite(scores[i]));
        }
    }
    free(values);
    free(scores);
    clp_model_destroy(&model);
    return true;
}

/** A file of which one byte is another is refused or means something. */
static void test_bytes(void **state) {
    (void)state;
    static const char *const names[] = {"sigmoid", "tree",      "isotonic",        "softmax",
                                        "double",  "operators", "indexed-boosted3"};
    static const uint8_t flips[] = {0x01, 0x80};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        clp_bytes bytes = {0};
        size_t models = 0;
        read_file(names[i], &bytes);
        for (size_t at = 0; at < bytes.size; at++) {
            for (size_t k = 0; k < sizeof flips; k++) {
                bytes.data[at] ^= flips[k];
                models += try_model(&bytes);
                bytes.data[at] ^= flips[k];
            }
        }
        assert_true(models > bytes.size / 8 && models < 2 * bytes.size);
        clp_bytes_free(&bytes);
    }
}

/* ----------------------------------------------------------------------- trees */

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
    } modes[] = {{"BRANCH_LEQ", 10, 10, 20, 0, 10},
                 {"BRANCH_LT", 10, 20, 20, 0, 10},
                 {"BRANCH_GTE", 20, 10, 10, 0, 10},
                 {"BRANCH_GT", 20, 20, 10, 0, 10},
                 {"BRANCH_EQ", 20, 10, 20, 0, 10},
                 {"BRANCH_NEQ", 10, 20, 10, 0, 10}};
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

/* ----------------------------------------------------------------------- graphs */

/** What would mix rows, or is not known, is refused by name. */
static void test_refusals(void **state) {
    (void)state;
    message nodes[2];
    nodes[0] = begin_node("SVMRegressor", "ai.onnx.ml", "X", "Y");
    message file = make_model(nodes, 1, 3);
    expect_refused(&file, "operator SVMRegressor: is not supported");
    nodes[0] = begin_node("Relu", "com.example", "X", "Y");
    file = make_model(nodes, 1, 3);
    expect_refused(&file, "operator Relu: is not supported");
    nodes[0] = begin_node("Concat", "", "X", "Y");
    put_whole(&nodes[0], "axis", 0);
    file = make_model(nodes, 1, 3);
    expect_refused(&file, "joins rows");
    nodes[0] = begin_node("ArgMax", "", "X", "Y");
    put_whole(&nodes[0], "axis", 0);
    file = make_model(nodes, 1, 3);
    expect_refused(&file, "first place in each row");
    nodes[0] = begin_node("Relu", "", "Z", "Y");
    file = make_model(nodes, 1, 3);
    expect_refused(&file, "computes scores without any input");
    nodes[0] = begin_node("Add", "", "X", "Y");
    file = make_model(nodes, 1, 3);
    expect_refused(&file, "must have two inputs");
    nodes[0] = begin_node("Relu", "", "X", "Y");
    file = make_model(nodes, 1, 1LL << 40);
    expect_refused(&file, "which is the limit");
    nodes[1] = nodes[0];
    file = make_model(nodes, 2, 3);
    expect_refused(&file, "makes what is made before it");
}

/** Columns side by side are a slice; classes that are outputs of their own have no one score. */
static void test_slices(void **state) {
    (void)state;
    const int64_t from = -2, to = 99, rows = 0, columns = 1;
    message node = begin_node("Slice", "", "X", "Y");
    put_ints(&node, "starts", &from, 1);
    put_ints(&node, "ends", &to, 1);
    message other = node;
    put_ints(&node, "axes", &columns, 1);
    message file = make_model(&node, 1, 3);
    clp_onnx_model *model = open_model(&file);
    clproc_error error = {0};
    double values[] = {1, 2, 3}, scores[2] = {0};
    assert_int_equal(clp_model_outputs(model), 2);
    assert_int_equal(clp_model_run(model, 1, values, 1, 1, scores, &error), 0);
    assert_true(scores[0] == 2 && scores[1] == 3);
    clp_model_destroy(&model);
    file = make_model(&other, 1, 3);
    expect_refused(&file, "operator Slice: only columns");
    put_ints(&other, "axes", &rows, 1);
    file = make_model(&other, 1, 3);
    expect_refused(&file, "operator Slice: only columns");

    message graph = {.size = 0};
    file = (message){.size = 0};
    put_message(&graph, 1, &node);
    put_port(&graph, 11, "X", 3);
    put_port(&graph, 12, "Y", -1);
    put_port(&graph, 12, "Z", -1);
    put_message(&file, 7, &graph);
    expect_refused(&file, "an output for each class");
}

/** Every row's score is its own, wherever it stands and however many threads there are. */
static void test_batches(void **state) {
    (void)state;
    enum { ROWS = 1000 };
    static double values[ROWS][2], scores[3][ROWS];
    clproc_error error = {0};
    message node = begin_node("LinearRegressor", "ai.onnx.ml", "X", "Y");
    const float weights[] = {0.1f, -3}, bias = 0.5f;
    put_floats(&node, "coefficients", weights, 2);
    put_floats(&node, "intercepts", &bias, 1);
    message file = make_model(&node, 1, 2);
    clp_onnx_model *model = open_model(&file);
    assert_int_equal(clp_model_inputs(model), 2);
    assert_int_equal(clp_model_outputs(model), 1);
    assert_string_equal(clp_model_output(model, 0), "");
    assert_null(clp_model_input(model, 0));
    for (size_t r = 0; r < ROWS; r++) {
        values[r][0] = (double)r, values[r][1] = 1.0 / (double)(r + 1);
    }
    for (int threads = 1; threads <= 3; threads += 2) {
        assert_int_equal(
            clp_model_run(model, ROWS, values[0], 1, threads, scores[threads - 1], &error), 0);
    }
    for (size_t r = 0; r < ROWS; r++) {
        assert_int_equal(clp_model_run(model, 1, values[r], 1, 1, &scores[1][r], &error), 0);
        assert_true(scores[0][r] == scores[1][r] && scores[0][r] == scores[2][r]);
        double right = (double)0.1f * (double)r - 3 * (double)(float)values[r][1] + 0.5;
        assert_true(fabs(scores[0][r] - right) < 1e-12);
    }
    values[700][1] = values[300][1] = CLP_MODEL_MISSING;
    assert_int_equal(clp_model_run(model, ROWS, values[0], 11, 2, scores[0], &error),
                     CLPROC_ERROR_INPUT);
    assert_non_null(strstr(error.message, "row 311: column 2 is missing"));
    assert_int_equal(clp_model_run_each(model, ROWS, values[0], 2, scores[0], &error), 0);
    for (size_t r = 0; r < ROWS; r++) {
        assert_true(r == 300 || r == 700 ? isnan(scores[0][r]) : scores[0][r] == scores[1][r]);
    }
    char text[100];
    clp_model_explain(model, values[700], text, sizeof text);
    assert_string_equal(text, "column 2 is missing, and the model does not fill it in");
    clp_model_destroy(&model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lists),  cmocka_unit_test(test_cuts),
        cmocka_unit_test(test_bytes),  cmocka_unit_test(test_modes),
        cmocka_unit_test(test_order),  cmocka_unit_test(test_no_trees),
        cmocka_unit_test(test_roots),  cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_slices), cmocka_unit_test(test_batches),
        cmocka_unit_test(test_indexed)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
