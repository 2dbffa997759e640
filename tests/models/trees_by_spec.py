"""Compares clproc's scores of random ensembles with what the specification of ONNX-ML says of them: branches of
every mode, of versions 3 and 5 of ai.onnx.ml, one row and one node at a time."""
import csv
import math
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper

MODES = ["BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ", "BRANCH_MEMBER"]
VALUES = [-3.0, -1.5, -0.0, 0.0, 0.25, 1.0, 1.5, 2.0, 7.0, 1e30]
FEATURES = ["a", "b", "c"]


def holds(branch, number):
    """What a branch says of a number."""
    if math.isnan(number) and branch["tracks"]:
        return True
    threshold = branch["value"]
    return {"BRANCH_LEQ": number <= threshold, "BRANCH_LT": number < threshold, "BRANCH_GTE": number >= threshold,
            "BRANCH_GT": number > threshold, "BRANCH_EQ": number == threshold, "BRANCH_NEQ": number != threshold,
            "BRANCH_MEMBER": number in branch["members"]}[branch["mode"]]


def evaluate(trees, row, targets):
    sums = [0.0] * targets
    for tree in trees:
        while "mode" in tree:
            tree = tree["yes" if holds(tree, row[tree["feature"]]) else "no"]
        for target, weight in tree["weights"]:
            sums[target] += weight
    return sums


def grow(dice, depth, modes, targets, single):
    """A tree: dictionaries in each other. Weights are eighths, so that sums are exact."""
    if depth == 0 or dice.random() < 0.15:
        count = 1 if single else dice.randint(0, targets)
        chosen = dice.sample(range(targets), count)
        return {"weights": [(t, dice.randint(-40, 40) / 8) for t in chosen]}
    mode = dice.choice(modes)
    return {"mode": mode, "feature": dice.randrange(len(FEATURES)), "value": dice.choice(VALUES),
            "members": dice.sample(VALUES, dice.randint(1, 6)) if mode == "BRANCH_MEMBER" else [],
            "tracks": dice.random() < 0.5, "yes": grow(dice, depth - 1, modes, targets, single),
            "no": grow(dice, depth - 1, modes, targets, single)}


def number(tree, nodes):
    """Lists a tree's nodes, each behind what leads to it."""
    tree["id"] = len(nodes)
    nodes.append(tree)
    if "mode" in tree:
        number(tree["yes"], nodes)
        number(tree["no"], nodes)


def by_name(trees, targets):
    """TreeEnsembleRegressor."""
    columns, shares = [], []
    for index, tree in enumerate(trees):
        nodes = []
        number(tree, nodes)
        for node in nodes:
            branch = "mode" in node
            columns.append((index, node["id"], node.get("feature", 0), node.get("mode", "LEAF"), node.get("value", 0.0),
                            node["yes"]["id"] if branch else 0, node["no"]["id"] if branch else 0,
                            int(node.get("tracks", 0))))
            shares += [(index, node["id"], t, w) for t, w in node.get("weights", [])]
    names = ("treeids", "nodeids", "featureids", "modes", "values", "truenodeids", "falsenodeids",
             "missing_value_tracks_true")
    attributes = {f"nodes_{n}": list(c) for n, c in zip(names, zip(*columns))}
    attributes.update({f"target_{n}": list(c) for n, c in zip(("treeids", "nodeids", "ids", "weights"), zip(*shares))})
    return helper.make_node("TreeEnsembleRegressor", ["X"], ["Y"], domain="ai.onnx.ml", n_targets=targets, **attributes)


def by_place(trees, targets):
    """TreeEnsemble. Sets stand in the order of their branches, each ended by NaN."""
    branches, leaves, roots, sets = [], [], [], []

    def place(tree):
        if "mode" not in tree:
            leaves.append(tree["weights"][0])
            return len(leaves) - 1, 1
        own = len(branches)
        branches.append(None)
        if tree["mode"] == "BRANCH_MEMBER":
            sets.extend([*tree["members"], math.nan])
        ways = place(tree["yes"]), place(tree["no"])
        branches[own] = (tree["feature"], MODES.index(tree["mode"]), tree["value"], *ways[0], *ways[1],
                         int(tree["tracks"]))
        return own, 0

    for tree in trees:
        roots.append(place(tree)[0])
    names = ("featureids", "modes", "splits", "truenodeids", "trueleafs", "falsenodeids", "falseleafs",
             "missing_value_tracks_true")
    attributes = {f"nodes_{n}": list(c) for n, c in zip(names, zip(*branches))}
    for name, dtype in ("splits", np.float32), ("modes", np.uint8):
        attributes[f"nodes_{name}"] = numpy_helper.from_array(np.array(attributes[f"nodes_{name}"], dtype))
    if sets:
        attributes["membership_values"] = numpy_helper.from_array(np.array(sets, np.float32))
    weights = numpy_helper.from_array(np.array([w for _, w in leaves], np.float32))
    return helper.make_node("TreeEnsemble", ["X"], ["Y"], domain="ai.onnx.ml", n_targets=targets, tree_roots=roots,
                            leaf_targetids=[t for t, _ in leaves], leaf_weights=weights, **attributes)


def save(node, path):
    ports = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, None]) for name in ("X", "Y")]
    ports[0] = helper.make_tensor_value_info("X", TensorProto.FLOAT, [None, len(FEATURES)])
    version = 5 if node.op_type == "TreeEnsemble" else 3
    model = helper.make_model(helper.make_graph([node], "trees", ports[:1], ports[1:]),
                              opset_imports=[helper.make_opsetid("ai.onnx.ml", version)])
    path.write_bytes(model.SerializeToString())


def check(clproc, options, seed):
    dice = random.Random(seed)
    places, targets = seed % 2 == 1, dice.randint(1, 3)
    modes = MODES if places else MODES[:-1]
    trees = []
    while len(trees) < 6:
        tree = grow(dice, dice.randint(1, 6), modes, targets, places)
        trees += [tree] if "mode" in tree else []
    trees[0]["tracks"] = True  # so that missing values are taken
    near = [np.nextafter(np.float32(v), np.float32(w)) for v in VALUES for w in (-np.inf, np.inf)]
    pool = [float(v) for v in [*VALUES, *near, math.nan, 3e38, -3e38]]
    rows = [[dice.choice(pool) for _ in FEATURES] for _ in range(80)]
    save((by_place if places else by_name)(trees, targets), Path("trees.onnx"))
    with open("rows.csv", "w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(FEATURES)
        table.writerows([["" if math.isnan(v) else repr(v) for v in row] for row in rows])
    subprocess.run([clproc, "score", "trees.onnx", "rows.csv", "-o", "scored.csv", "-q", "--columns", ",".join(FEATURES),
                    *options], check=True)
    with open("scored.csv", newline="", encoding="utf-8") as file:
        scored = [[float(v) for v in row[len(FEATURES):]] for row in list(csv.reader(file))[1:]]
    for row, got in zip(rows, scored):
        right = evaluate(trees, row, targets)
        if got != right:
            sys.exit(f"seed {seed}: of {row} {right} was expected, not {got}")
    if len(scored) != len(rows):
        sys.exit(f"seed {seed}: {len(scored)} rows")


if __name__ == "__main__":
    for one in range(int(sys.argv[2]), int(sys.argv[3])):
        check(sys.argv[1], sys.argv[4:], one)
    print(f"{int(sys.argv[3]) - int(sys.argv[2])} ensembles agree")
