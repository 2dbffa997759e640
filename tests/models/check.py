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
                              RandomForestClassifier, RandomForestRegressor)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer, StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from export import export

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
    yield "forest", RandomForestClassifier(12, max_depth=5, random_state=0), two, {}
    yield "forest3", RandomForestClassifier(10, random_state=0), three, {"listed": False}
    yield ("imputed", make_pipeline(SimpleImputer(), ExtraTreesClassifier(8, max_depth=4, random_state=0)),
           gaps, {"single_inputs": True})
    yield "boosted", GradientBoostingClassifier(n_estimators=20, random_state=0), two, {}
    yield "boosted3", GradientBoostingClassifier(n_estimators=8, random_state=0), words, {}
    yield ("hist", HistGradientBoostingClassifier(max_iter=15, random_state=0), data(2, missing=True),
           {})
    yield "hist3", HistGradientBoostingClassifier(max_iter=6, random_state=0), gaps, {}
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


def fit():
    """(name, ONNX, names of columns, rows, scores that are right)"""
    names = [f"feature{i}" for i in range(FEATURES)]
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
