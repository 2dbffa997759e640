/* Models: what ONNX files mean, and those that mean nothing. */
#include "model_fixture.h"

#include <stdio.h>

#include "core/file.h"
#include "model/proto.h"

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

static void expect_classifies(const message *file, bool expected) {
    clp_onnx_model *model = open_model(file);
    assert_int_equal(clp_model_outputs(model), 2);
    assert_int_equal(clp_model_classifies(model), expected);
    clp_model_destroy(&model);
}

/** Two scores are of two classes only if something tells of classes. */
static void test_classifies(void **state) {
    (void)state;
    enum { INT64 = 7 };
    static const float weights[] = {1, 0, 0, 1};
    static const int64_t classes[] = {0, 1};
    message nodes[2], graph = {.size = 0}, file;
    nodes[0] = begin_node("LinearRegressor", "ai.onnx.ml", "X", "Y");
    put_floats(&nodes[0], "coefficients", weights, 4);
    put_whole(&nodes[0], "targets", 2);
    file = make_model(nodes, 1, 2);
    expect_classifies(&file, false);

    put_message(&graph, 1, &nodes[0]); /* the class is an output beside the scores */
    put_port(&graph, 11, "X", 2);
    put_port_of(&graph, 12, "C", -1, INT64);
    put_port(&graph, 12, "Y", 2);
    file = (message){.size = 0};
    put_message(&file, 7, &graph);
    expect_classifies(&file, true);

    nodes[0] = begin_node("LinearClassifier", "ai.onnx.ml", "X", "C");
    put_text(&nodes[0], 2, "S");
    put_floats(&nodes[0], "coefficients", weights, 4);
    put_ints(&nodes[0], "classlabels_ints", classes, 2);
    nodes[1] = begin_node("Sigmoid", "", "S", "Y"); /* which knows of no labels */
    file = make_model(nodes, 2, 2);
    expect_classifies(&file, true);
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
        cmocka_unit_test(test_lists),      cmocka_unit_test(test_cuts),
        cmocka_unit_test(test_bytes),      cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_slices),     cmocka_unit_test(test_batches),
        cmocka_unit_test(test_classifies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
