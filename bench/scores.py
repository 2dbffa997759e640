"""How long scores of 100,000 rows take: by the clock and of the processor, the whole command with reading
and writing of CSV, beside scikit-learn's predict_proba alone.
    python3 bench/scores.py [CLPROC [TURNS]]      defaults: build/clproc, 5"""
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from sklearn.datasets import make_classification
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "models"))
from export import export

ROWS, COLUMNS = 100_000, 20


def models():
    yield "logistic regression", LogisticRegression(max_iter=2000)
    yield "boosting, 300 trees of depth 3", GradientBoostingClassifier(n_estimators=100, random_state=0)
    yield "forest, 100 trees of depth 10", RandomForestClassifier(100, max_depth=10, random_state=0)
    yield "forest, 100 trees", RandomForestClassifier(100, random_state=0)
    yield "histograms, 300 trees of 31 leaves", HistGradientBoostingClassifier(max_iter=100, random_state=0)


def run(command):
    """(seconds, seconds of the processor)"""
    begun, before = time.monotonic(), os.times()
    subprocess.run(command, check=True)
    after = os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return time.monotonic() - begun, used


def main():
    clproc = sys.argv[1] if len(sys.argv) > 1 else "build/clproc"
    turns = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    names = [f"f{i}" for i in range(COLUMNS)]
    rows, classes = make_classification(ROWS, COLUMNS, n_informative=10, n_classes=3, random_state=0)
    rows = rows.astype(np.float32).astype(float)
    with tempfile.TemporaryDirectory() as folder:
        table, model, scored = (os.path.join(folder, n) for n in ("t.csv", "m.onnx", "s.csv"))
        np.savetxt(table, rows, "%.6g", ",", header=",".join(names), comments="")
        print(f"{'':36}{'clock':>8}{'processor':>11}{'scikit-learn':>14}")
        for name, fitted in models():
            fitted.fit(rows[:5000], classes[:5000])
            Path(model).write_bytes(export(fitted, names).SerializeToString())
            begun = time.monotonic()
            fitted.predict_proba(rows)
            other = time.monotonic() - begun
            taken = [run([clproc, "score", model, table, "-o", scored, "-q"]) for _ in range(turns)]
            clock, used = (statistics.median(t[i] for t in taken) for i in range(2))
            print(f"{name:36}{clock:7.2f}s{used:10.2f}s{other:13.2f}s", flush=True)


if __name__ == "__main__":
    main()
