"""Fits models, exports them, and has clproc score a table with each.

check.py CLPROC FOLDER: compares the scores with predict_proba or predict.
check.py --write FOLDER: only writes models, and tables with what scikit-learn says of them, as they
stand beside this file."""
import csv
import subprocess
import sys
from pathlib import Path

import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import make_classification, make_regression
from sklearn.ensemble import (ExtraTreesClassifier, GradientBoostingClassifier, GradientBoostingRegressor,
                              HistGradientBoostingClassifier, HistGradientBoostingRegressor,
                              RandomForestClassifier, RandomForestRegressor, VotingClassifier)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer, StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from onnx import TensorProto

from export import ML, Graph, export, finish, isotonic_nearest

BOUND = 1e-6
FEATURES = 6


def data(classes, texts=False, missing=False, seed=0):
    x, y = make_classification(400, FEATURES, n_informative=4, n_classes=classes, class_sep=0.7,
                               random_state=seed)
    x = np.round(x * 50 + 100, 3).astype(np.float32).astype(float)
    if missing:
        x[np.random.default_rng(seed).random(x.shape) < 0.15] = np.nan
    return x, np.array(["no", "maybe, or not", "yes"])[y] if texts else y


def numbers(seed=0):
    x, y = make_regression(300, FEATURES, noise=5, random_state=seed)
    return np.round(x, 3).astype(np.float32).astype(float), y / 100


def cases():
    """(name, model, data, how to export)"""
    scaled = {"max_iter": 500}
    two, three, words, gaps = data(2), data(3), data(3, texts=True), data(3, missing=True)
    yield "logistic", LogisticRegression(max_iter=5000), two, {}
    yield "softmax", make_pipeline(StandardScaler(), LogisticRegression(**scaled)), words, {}
    yield ("ovr", make_pipeline(StandardScaler(), LogisticRegression(multi_class="ovr", **scaled)),
           three, {"single_inputs": True})
    yield ("double", make_pipeline(StandardScaler(), LogisticRegression(**scaled)), two,
           {"double": True, "zipmap": False})
    yield ("double3", make_pipeline(StandardScaler(), LogisticRegression(**scaled)), three,
           {"double": True, "zipmap": False, "listed": False})
    yield "unit", make_pipeline(Normalizer(), LogisticRegression(**scaled)), two, {}
    yield "tree", DecisionTreeClassifier(max_depth=4, random_state=0), words, {}
    yield ("forest", RandomForestClassifier(12, max_depth=5, random_state=0), two,
           {"one_sided": False})
    yield "tree2", DecisionTreeClassifier(max_depth=4, random_state=0), two, {}
    yield ("unit-double", make_pipeline(Normalizer(), LogisticRegression(**scaled)), two,
           {"double": True, "zipmap": False})
    yield ("rest", OneVsRestClassifier(LogisticRegression(max_iter=5000)), three, {})
    yield ("rest2", OneVsRestClassifier(DecisionTreeClassifier(max_depth=4, random_state=0)), two, {})
    yield ("vote", VotingClassifier([("a", RandomForestClassifier(5, max_depth=4, random_state=0)),
                                     ("b", LogisticRegression(max_iter=5000))], voting="soft",
                                    weights=[2, 1]), two, {})
    yield ("sigmoid-svc2", CalibratedClassifierCV(LinearSVC(max_iter=20000, random_state=0, dual=False),
                                                  cv=2), two, {})
    yield "forest3", RandomForestClassifier(10, random_state=0), three, {"listed": False}
    yield ("imputed", make_pipeline(SimpleImputer(), ExtraTreesClassifier(8, max_depth=4, random_state=0)),
           gaps, {"single_inputs": True})
    yield "boosted", GradientBoostingClassifier(n_estimators=20, random_state=0), two, {}
    yield "boosted3", GradientBoostingClassifier(n_estimators=8, random_state=0), words, {}
    yield ("hist", HistGradientBoostingClassifier(max_iter=15, random_state=0), data(2, missing=True),
           {})
    yield "hist3", HistGradientBoostingClassifier(max_iter=6, random_state=0), gaps, {}
    yield ("indexed3", RandomForestClassifier(6, max_depth=4, random_state=0), words,
           {"one_sided": False, "indexed": True})
    yield ("indexed", HistGradientBoostingClassifier(max_iter=8, max_depth=4, random_state=0),
           data(2, missing=True), {"indexed": True, "double": True, "zipmap": False})
    yield ("indexed-boosted3", GradientBoostingClassifier(n_estimators=4, max_depth=2, random_state=0), three,
           {"indexed": True})
    yield ("indexed-value", GradientBoostingRegressor(n_estimators=6, random_state=0), numbers(),
           {"indexed": True, "double": True})
    yield "line", LinearRegression(), numbers(), {}
    yield "forest-value", RandomForestRegressor(6, max_depth=5, random_state=0), numbers(), {}
    yield "boosted-value", GradientBoostingRegressor(n_estimators=15, random_state=0), numbers(), {}
    yield "hist-value", HistGradientBoostingRegressor(max_iter=10, random_state=0), numbers(), {}
    yield ("sigmoid", CalibratedClassifierCV(make_base(), cv=3), two, {})
    yield ("sigmoid3", CalibratedClassifierCV(RandomForestClassifier(5, max_depth=4, random_state=0),
                                              cv=2), three, {})
    yield ("sigmoid-svc", CalibratedClassifierCV(LinearSVC(max_iter=20000, random_state=0, dual=False),
                                                 cv=2), three, {"zipmap": False})
    yield ("isotonic", CalibratedClassifierCV(LogisticRegression(max_iter=5000), method="isotonic", cv=2),
           two, {})
    yield ("isotonic3", CalibratedClassifierCV(RandomForestClassifier(5, max_depth=4, random_state=0),
                                               method="isotonic", cv=2), words, {})


def make_base():
    return LogisticRegression(max_iter=5000)


def operators(names):
    """A graph of operators that the models above do without, against their definitions in numpy."""
    rows = numbers(seed=1)[0][:60]
    graph = Graph()
    t, a = np.float64(np.float32(0.5)) * rows, np.abs(0.5 * rows)
    x = graph.add("Mul", ["X", graph.constant(0.5)])
    size = graph.add("Abs", [x])
    weights = np.arange(18).reshape(3, 6) / 8
    parts = []

    def part(op, inputs, right, **attributes):
        parts.append((graph.add(op, inputs, **attributes), right.reshape(len(rows), -1)))

    part("Neg", [x], -t)
    part("Exp", [graph.add("Neg", [size])], np.exp(-a))
    part("Log", [graph.add("Add", [graph.constant([1.0]), size])], np.log(1 + a))
    part("Sqrt", [size], np.sqrt(a))
    part("Reciprocal", [graph.add("Add", [size, graph.constant([[2.0]])])], 1 / (a + 2))
    part("Tanh", [x], np.tanh(t))
    part("Relu", [x], np.maximum(t, 0))
    part("Clip", [x, graph.constant(-0.25), graph.constant(0.5)], np.clip(t, -0.25, 0.5))
    part("Clip", [x, "", graph.constant(0.5)], np.minimum(t, 0.5))
    part("Clip", [x], np.maximum(t, 0.125), min=0.125)
    part("Pow", [size, graph.constant(1.5)], a ** 1.5)
    part("Min", [x, size, graph.constant([0.5])], np.minimum(t, 0.5))
    part("Max", [x, graph.constant([[0.5, 0, 1, 2, -1, -2]])], np.maximum(t, [0.5, 0, 1, 2, -1, -2]))
    part("Gemm", [x, graph.constant(weights), graph.constant([1, 2, 3])], t @ weights.T + [1, 2, 3],
         transB=1)
    part("Gemm", [x, graph.constant(weights.T)], t @ weights.T)
    part("Gather", [x, graph.constant([5, -6], np.int64)], t[:, [5, 0]], axis=1)
    part("Slice", [x, graph.constant([-3], np.int64), graph.constant([99], np.int64),
                   graph.constant([-1], np.int64)], t[:, -3:])
    part("LpNormalization", [x], t / np.sqrt((t * t).sum(axis=1, keepdims=True)))
    part("Flatten", [x], t)
    part("FeatureVectorizer", [x, size], np.concatenate([t, a], 1), domain=ML, inputdimensions=[6, 6])
    part("ReduceMean", [x], t.mean(axis=1), axes=[1])
    part("ReduceMax", [x], t.max(axis=1), axes=[-1])
    part("ReduceMin", [x], t.min(axis=1), axes=[1])
    part("Softmax", [x], np.exp(t) / np.exp(t).sum(axis=1, keepdims=True))
    part("Normalizer", [x], t / np.sqrt((t * t).sum(axis=1, keepdims=True)), domain=ML, norm="L2")
    total = graph.add("ReduceSum", [size, graph.constant([1], np.int64)], keepdims=0)
    total = graph.add("Sqrt", [graph.add("Sum", [total, graph.constant([1.0])])])
    part("Reshape", [total, graph.constant([-1, 1], np.int64)], np.sqrt(1 + a.sum(axis=1)))
    part("Div", [x, parts[-1][0]], t / parts[-1][1])
    for op, places in ("ArgMax", t.argmax(axis=1)), ("ArgMin", t.argmin(axis=1)):
        part("Cast", [graph.add(op, [x], axis=1)], places, to=TensorProto.FLOAT)
    part("Cast", [graph.add("Cast", [x], to=TensorProto.INT64)], np.trunc(t), to=TensorProto.FLOAT)

    class Known:  # what was learned of one column
        X_thresholds_, y_thresholds_ = np.array([-0.5, 0, 0.25, 1]), np.array([0, 0.125, 0.5, 1])
        X_min_, X_max_ = -0.5, 1
    column = graph.add("ArrayFeatureExtractor", [x, graph.constant([2], np.int64)], domain=ML)
    away = np.abs(np.clip(t[:, [2]], -0.5, 1) - Known.X_thresholds_)
    parts.append((isotonic_nearest(graph, column, Known), Known.y_thresholds_[away.argmin(axis=1)][:, None]))
    joined = graph.add("Concat", [name for name, _ in parts], axis=-1)
    return finish(graph, "X", joined, names), rows, np.concatenate([right for _, right in parts], 1)


def fit():
    """(name, ONNX, names of columns, rows, scores that are right)"""
    names = [f"feature{i}" for i in range(FEATURES)]
    onnx, rows, right = operators(names)
    yield "operators", onnx, names, rows, right
    for name, model, (x, y), how in cases():
        model.fit(x[:250], y[:250])
        rows = x[250:]
        right = model.predict_proba(rows) if hasattr(model, "predict_proba") else model.predict(rows)
        yield name, export(model, names, **how), names, rows, right.reshape(len(rows), -1)


def write_table(path, names, rows, more=(), values=None):
    with open(path, "w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["id", *names, *more])
        for i, row in enumerate(rows):
            cells = ["" if np.isnan(v) else repr(float(v)) for v in row]
            table.writerow([i, *cells, *([] if values is None else map("{:.9g}".format, values[i]))])


def write(folder):
    for name, onnx, names, rows, right in fit():
        (folder / f"{name}.onnx").write_bytes(onnx.SerializeToString())
        more = [f"right{i}" for i in range(right.shape[1])]
        write_table(folder / f"{name}.csv", names, rows[:25], more, right[:25])


def check(clproc, folder):
    worst, rows_count = 0.0, 0
    for name, onnx, names, rows, right in fit():
        model, table, scored = (folder / f"{name}{end}" for end in (".onnx", ".csv", "-scored.csv"))
        model.write_bytes(onnx.SerializeToString())
        write_table(table, names, rows)
        subprocess.run([clproc, "score", model, table, "-o", scored, "--quiet", "--columns",
                        ",".join(names)], check=True)
        with open(scored, newline="", encoding="utf-8") as file:
            got = [[float(v) for v in row[1 + FEATURES:]] for row in list(csv.reader(file))[1:]]
        away = float(np.abs(np.array(got) - right).max())
        if not (np.shape(got) == right.shape and away <= BOUND):
            sys.exit(f"{name}: {np.shape(got)} scores, {away:.3g} away from {right.shape}")
        print(f"{name}: {away:.2g}")
        worst, rows_count = max(worst, away), rows_count + len(rows)
    print(f"{rows_count} rows, at most {worst:.2g} away")


if __name__ == "__main__":
    if sys.argv[1] == "--write":
        write(Path(sys.argv[2]))
    else:
        check(sys.argv[1], Path(sys.argv[2]))
