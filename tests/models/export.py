"""Writes models that scikit-learn has fitted as ONNX files, with the operators and shapes that
skl2onnx gives them."""
import numpy as np
from onnx import TensorProto, ValueInfoProto, helper, numpy_helper
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import (ExtraTreesClassifier, GradientBoostingClassifier, GradientBoostingRegressor,
                              HistGradientBoostingClassifier, HistGradientBoostingRegressor,
                              RandomForestClassifier, RandomForestRegressor, VotingClassifier)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import Normalizer, StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

ML = "ai.onnx.ml"


class Graph:
    """Nodes and constants in the making. one_sided: of two classes, leaves have the second one's
    share under the number of the first, as skl2onnx has it; else both. indexed: trees as version 5 of
    ai.onnx.ml has them, with numbers of this type."""

    def __init__(self, one_sided=True, indexed=None):
        self.one_sided, self.indexed = one_sided, indexed
        self.nodes, self.constants, self.count = [], [], 0

    def name(self, hint):
        self.count += 1
        return f"{hint}_{self.count}"

    def constant(self, value, dtype=np.float32):
        name = self.name("c")
        self.constants.append(numpy_helper.from_array(np.asarray(value, dtype), name))
        return name

    def add(self, op, inputs, outputs=1, domain="", **attributes):
        """Returns the names of the outputs, a single one as such."""
        names = [self.name(op.lower()) for _ in range(outputs)]
        self.nodes.append(helper.make_node(op, inputs, names, name=self.name(op), domain=domain,
                                           **attributes))
        return names[0] if outputs == 1 else names


def labels_of(classes, ints):
    if classes.dtype.kind in "iub":
        return {ints: [int(c) for c in classes]}
    return {"classlabels_strings": [str(c) for c in classes]}


def normal_doubles(graph, x, norm="l1"):
    """Rows divided by their norm: Normalizer would give floats."""
    axis = graph.constant([1], np.int64)
    if norm == "l1":
        total = graph.add("ReduceSum", [graph.add("Abs", [x]), axis], keepdims=1)
    else:
        total = graph.add("Sqrt", [graph.add("ReduceSumSquare", [x], axes=[1], keepdims=1)])
    return graph.add("Div", [x, total])


# ------------------------------------------------------------------------ linear

def linear_classifier(graph, model, x, raw=False, double=False):
    coefficients, intercepts = np.atleast_2d(model.coef_), np.atleast_1d(model.intercept_)
    binary = len(model.classes_) == 2
    if binary:
        coefficients = np.concatenate([-coefficients, coefficients])
        intercepts = np.concatenate([-intercepts, intercepts])
    multinomial = not binary and getattr(model, "multi_class", "ovr") != "ovr"
    if double:
        scores = graph.add("MatMul", [x, graph.constant(coefficients.T, np.float64)])
        scores = graph.add("Add", [scores, graph.constant([intercepts], np.float64)])
        if raw:
            return scores
        if multinomial:
            return graph.add("Softmax", [scores], axis=1)
        return normal_doubles(graph, graph.add("Sigmoid", [scores]))
    _, scores = graph.add(
        "LinearClassifier", [x], 2, ML, coefficients=coefficients.ravel().tolist(),
        intercepts=intercepts.tolist(), multi_class=int(multinomial),
        post_transform="NONE" if raw else "SOFTMAX" if multinomial else "LOGISTIC",
        **labels_of(model.classes_, "classlabels_ints"))
    return scores if raw else graph.add("Normalizer", [scores], domain=ML, norm="L1")


def linear_regressor(graph, model, x):
    return graph.add("LinearRegressor", [x], domain=ML, targets=1,
                     coefficients=model.coef_.ravel().tolist(),
                     intercepts=np.atleast_1d(model.intercept_).tolist())


# ------------------------------------------------------------------------- trees

class Trees:
    """The attributes of an ensemble."""

    def __init__(self, part):
        self.part = part
        self.nodes = {k: [] for k in ("treeids", "nodeids", "featureids", "modes", "values",
                                      "truenodeids", "falsenodeids", "hitrates",
                                      "missing_value_tracks_true")}
        self.shares = {k: [] for k in ("treeids", "nodeids", "ids", "weights")}
        self.tree_count = 0

    def node(self, node, mode, feature=0, value=0.0, yes=0, no=0, missing=0):
        row = (self.tree_count, node, feature, mode, value, yes, no, 1.0, missing)
        for items, item in zip(self.nodes.values(), row):
            items.append(item)

    def share(self, node, index, weight):
        for items, item in zip(self.shares.values(), (self.tree_count, node, index, weight)):
            items.append(item)

    def attributes(self):
        found = {f"nodes_{k}": v for k, v in self.nodes.items()}
        found.update({f"{self.part}_{k}": v for k, v in self.shares.items()})
        return found


class IndexedTrees:
    """The attributes of TreeEnsemble: branches and leaves are named by their places, and a leaf has one
    target, so a tree whose leaves have several is there once for each."""

    def __init__(self, trees):
        self.names = ("featureids", "modes", "splits", "truenodeids", "trueleafs", "falsenodeids", "falseleafs",
                      "missing_value_tracks_true")
        self.branches, self.targets, self.weights, self.roots = [], [], [], []
        columns = [trees.nodes[k] for k in ("featureids", "modes", "values", "truenodeids", "falsenodeids",
                                            "missing_value_tracks_true")]
        nodes, shares = {}, {}
        for tree, node, *row in zip(trees.nodes["treeids"], trees.nodes["nodeids"], *columns):
            nodes.setdefault(tree, {})[node] = row
        for tree, node, target, weight in zip(*trees.shares.values()):
            shares.setdefault((tree, target), {})[node] = weight
        for tree, target in sorted(shares):
            self.add(nodes[tree], shares[tree, target], target)

    def leaf(self, weight, target):
        self.targets.append(target)
        self.weights.append(weight)
        return len(self.weights) - 1, 1

    def add(self, nodes, shares, target):
        inner = [n for n, row in nodes.items() if row[1] != "LEAF"]
        first = len(self.branches)
        places = {n: first + i for i, n in enumerate(inner)}
        self.roots.append(first)
        if not inner:  # a leaf alone is what both ways lead to
            only = self.leaf(shares.get(0, 0.0), target)
            self.branches.append((0, 0, 0.0, *only, *only, 0))
        for node in inner:
            feature, _, value, yes, no, tracks = nodes[node]
            ways = [(places[n], 0) if n in places else self.leaf(shares.get(n, 0.0), target) for n in (yes, no)]
            self.branches.append((feature, 0, value, *ways[0], *ways[1], tracks))

    def attributes(self, dtype):
        found = {f"nodes_{k}": list(v) for k, v in zip(self.names, zip(*self.branches))}
        found["nodes_splits"] = numpy_helper.from_array(np.array(found["nodes_splits"], dtype))
        found["nodes_modes"] = numpy_helper.from_array(np.array(found["nodes_modes"], np.uint8))
        return {**found, "leaf_targetids": self.targets, "tree_roots": self.roots,
                "leaf_weights": numpy_helper.from_array(np.array(self.weights, dtype))}


def indexed(graph, x, trees, targets, transform="NONE", base=()):
    scores = graph.add("TreeEnsemble", [x], domain=ML, n_targets=targets,
                       **IndexedTrees(trees).attributes(graph.indexed))
    if len(base) > 0:
        scores = graph.add("Add", [scores, graph.constant(base, graph.indexed)])
    if transform == "LOGISTIC":
        scores = graph.add("Sigmoid", [scores])
        rest = graph.add("Sub", [graph.constant(1.0, graph.indexed), scores])
        return graph.add("Concat", [rest, scores], axis=1)
    return graph.add("Softmax", [scores], axis=1) if transform == "SOFTMAX" else scores


def round_down(threshold):
    """The largest float up to a threshold: floats go the same way at it."""
    single = np.float32(threshold)
    return float(single if single <= threshold else np.nextafter(single, np.float32(-np.inf)))


def add_tree(trees, tree, weights):
    """`weights` gives the shares of a leaf."""
    for i in range(tree.node_count):
        if tree.children_left[i] < 0:
            trees.node(i, "LEAF")
            for index, weight in weights(i):
                trees.share(i, index, weight)
        else:
            trees.node(i, "BRANCH_LEQ", int(tree.feature[i]), round_down(tree.threshold[i]),
                       int(tree.children_left[i]), int(tree.children_right[i]))
    trees.tree_count += 1


def add_hist_tree(trees, nodes, index):
    for i, node in enumerate(nodes):
        if node["is_leaf"]:
            trees.node(i, "LEAF")
            trees.share(i, index, float(node["value"]))
        else:
            trees.node(i, "BRANCH_LEQ", int(node["feature_idx"]), round_down(node["num_threshold"]),
                       int(node["left"]), int(node["right"]), int(node["missing_go_to_left"]))
    trees.tree_count += 1


def forest_classifier(graph, model, x):
    trees = Trees("class")
    members = getattr(model, "estimators_", [model])
    for member in members:
        values = member.tree_.value[:, 0, :]
        shares = values / values.sum(axis=1, keepdims=True) / len(members)
        if graph.one_sided and shares.shape[1] == 2:
            shares = shares[:, 1:]
        add_tree(trees, member.tree_, lambda i: enumerate(shares[i].tolist()))
    return classifier(graph, model, x, trees, "NONE")


def classifier(graph, model, x, trees, transform, **more):
    if graph.indexed:
        targets = 1 if transform == "LOGISTIC" else len(model.classes_)
        return indexed(graph, x, trees, targets, transform, more.get("base_values", ()))
    return graph.add("TreeEnsembleClassifier", [x], 2, ML, post_transform=transform,
                     **trees.attributes(), **labels_of(model.classes_, "classlabels_int64s"),
                     **more)[1]


def boosted_classifier(graph, model, x):
    trees = Trees("class")
    for members in model.estimators_:
        for index, member in enumerate(members):
            values = member.tree_.value[:, 0, 0] * model.learning_rate
            add_tree(trees, member.tree_, lambda i: [(index, float(values[i]))])
    base = model._raw_predict_init(np.zeros((1, model.n_features_in_))).ravel()
    return classifier(graph, model, x, trees, "LOGISTIC" if len(base) == 1 else "SOFTMAX",
                      base_values=base.tolist())


def hist_classifier(graph, model, x):
    trees = Trees("class")
    for members in model._predictors:
        for index, member in enumerate(members):
            add_hist_tree(trees, member.nodes, index)
    base = np.ravel(model._baseline_prediction)
    return classifier(graph, model, x, trees, "LOGISTIC" if len(base) == 1 else "SOFTMAX",
                      base_values=base.tolist())


def tree_regressor(graph, model, x):
    trees, base, scale = Trees("target"), [], 1.0
    if isinstance(model, HistGradientBoostingRegressor):
        for (member,) in model._predictors:
            add_hist_tree(trees, member.nodes, 0)
        base = np.ravel(model._baseline_prediction).tolist()
    else:
        members = np.ravel(getattr(model, "estimators_", [model]))
        if isinstance(model, GradientBoostingRegressor):
            scale, base = model.learning_rate, np.ravel(model.init_.constant_).tolist()
        else:
            scale = 1.0 / len(members)
        for member in members:
            values = member.tree_.value[:, 0, 0] * scale
            add_tree(trees, member.tree_, lambda i: [(0, float(values[i]))])
    if graph.indexed:
        return indexed(graph, x, trees, 1, base=base)
    more = {"base_values": base} if base else {}
    return graph.add("TreeEnsembleRegressor", [x], domain=ML, n_targets=1, **trees.attributes(),
                     **more)


# ------------------------------------------------------------- several in one

def one_against_rest(graph, model, x):
    parts = []
    for member in model.estimators_:
        limits = [graph.constant([n], np.int64) for n in (1, 2, 1)]
        parts.append(graph.add("Slice", [convert(graph, member, x)] + limits))
    scores = graph.add("Concat", parts, axis=1)
    if len(parts) == 1:
        rest = graph.add("Sub", [graph.constant(1.0), scores])
        scores = graph.add("Concat", [rest, scores], axis=1)
    return graph.add("LpNormalization", [scores], axis=1, p=1)


def voting(graph, model, x):
    weights = model._weights_not_none or [1] * len(model.estimators_)
    parts = [graph.add("Mul", [convert(graph, member, x), graph.constant(w / sum(weights))])
             for member, w in zip(model.estimators_, weights)]
    return graph.add("Sum", parts)


# ------------------------------------------------------------------- calibration

def sigmoid(graph, column, calibrator):
    one = graph.constant(1.0)
    part = graph.add("Mul", [graph.constant(calibrator.a_), column])
    part = graph.add("Exp", [graph.add("Add", [part, graph.constant(calibrator.b_)])])
    return graph.add("Div", [one, graph.add("Add", [one, part])])


def isotonic_nearest(graph, column, calibrator):
    """As skl2onnx has it: the nearest known point's value, not what is between two."""
    column = graph.add("Clip", [column, graph.constant(calibrator.X_min_),
                                graph.constant(calibrator.X_max_)])
    column = graph.add("Reshape", [column, graph.constant([-1, 1], np.int64)])
    away = graph.add("Abs", [graph.add("Sub", [column, graph.constant(calibrator.X_thresholds_)])])
    nearest = graph.add("ArgMin", [away], axis=1)
    value = graph.add("ArrayFeatureExtractor", [graph.constant(calibrator.y_thresholds_), nearest],
                      domain=ML)
    return graph.add("Reshape", [value, graph.constant([-1, 1], np.int64)])


def isotonic_between(graph, column, calibrator):
    """As scikit-learn has it: the way along each piece, times its slope."""
    x, y = calibrator.X_thresholds_.astype(float), calibrator.y_thresholds_.astype(float)
    double = np.float64
    column = graph.add("Cast", [column], to=TensorProto.DOUBLE)
    way = graph.add("Sub", [column, graph.constant(x[:-1], double)])
    way = graph.add("Min", [way, graph.constant(np.diff(x), double)])
    way = graph.add("Max", [way, graph.constant(0.0, double)])
    slopes = (np.diff(y) / np.diff(x)).reshape(-1, 1)
    value = graph.add("MatMul", [way, graph.constant(slopes, double)])
    value = graph.add("Add", [value, graph.constant(y[0], double)])
    return graph.add("Cast", [value], to=TensorProto.FLOAT)


def calibrated_member(graph, member, x, isotonic):
    if isinstance(member.estimator, (LogisticRegression, LinearSVC)):
        scores = linear_classifier(graph, member.estimator, x, raw=True)
        if isinstance(member.estimator, LinearSVC) and len(member.classes) == 2:
            scores = graph.add("ArrayFeatureExtractor", [scores, graph.constant(1, np.int64)],
                               domain=ML)
            scores = graph.add("Reshape", [scores, graph.constant([-1, 1], np.int64)])
            scores = graph.add("Concat", [scores, scores], axis=1)
    else:
        scores = convert(graph, member.estimator, x)
    parts = []
    for k, calibrator in enumerate(member.calibrators):
        place = k + (len(member.classes) == 2)
        column = graph.add("ArrayFeatureExtractor", [scores, graph.constant(place, np.int64)],
                           domain=ML)
        transform = sigmoid if hasattr(calibrator, "a_") else isotonic
        parts.append(transform(graph, column, calibrator))
    if len(parts) == 1:
        rest = graph.add("Sub", [graph.constant(1.0), parts[0]])
        return graph.add("Concat", [rest, parts[0]], axis=1)
    joined = graph.add("Concat", parts, axis=1)
    total = graph.add("ReduceSum", [joined, graph.constant([1], np.int64)])
    zero = graph.add("Not", [graph.add("Cast", [total], to=TensorProto.BOOL)])
    mask = graph.add("Cast", [zero], to=TensorProto.FLOAT)
    joined = graph.add("Add", [joined, mask])
    more = graph.add("Mul", [mask, graph.constant(float(len(parts)))])
    return graph.add("Div", [joined, graph.add("Add", [total, more])])


def calibrated(graph, model, x, isotonic):
    members = [calibrated_member(graph, m, x, isotonic) for m in model.calibrated_classifiers_]
    total = graph.add("Sum", members)
    scores = graph.add("Div", [total, graph.constant(float(len(members)))])
    # The class, as skl2onnx finds it; nobody needs it here.
    label = graph.add("ArrayFeatureExtractor",
                      [graph.constant(np.arange(len(model.classes_)), np.int64),
                       graph.add("ArgMax", [scores], axis=1)], domain=ML)
    graph.add("Reshape", [label, graph.constant([-1], np.int64)])
    return scores


# ------------------------------------------------------------------------- whole

def convert(graph, model, x, double=False, isotonic=isotonic_between):
    """Adds a model; returns its scores."""
    if isinstance(model, Pipeline):
        for _, step in model.steps:
            x = convert(graph, step, x, double, isotonic)
        return x
    if isinstance(model, StandardScaler):
        if double:
            x = graph.add("Sub", [x, graph.constant(model.mean_, np.float64)])
            return graph.add("Div", [x, graph.constant(model.scale_, np.float64)])
        return graph.add("Scaler", [x], domain=ML, offset=model.mean_.tolist(),
                         scale=(1.0 / model.scale_).tolist())
    if isinstance(model, SimpleImputer):
        return graph.add("Imputer", [x], domain=ML, replaced_value_float=float("nan"),
                         imputed_value_floats=model.statistics_.tolist())
    if isinstance(model, Normalizer):
        if double:
            return normal_doubles(graph, x, model.norm)
        return graph.add("Normalizer", [x], domain=ML, norm=model.norm.upper())
    if isinstance(model, CalibratedClassifierCV):
        return calibrated(graph, model, x, isotonic)
    if isinstance(model, OneVsRestClassifier):
        return one_against_rest(graph, model, x)
    if isinstance(model, VotingClassifier):
        return voting(graph, model, x)
    if isinstance(model, (LogisticRegression, LinearSVC)):
        return linear_classifier(graph, model, x, double=double)
    if isinstance(model, LinearRegression):
        return linear_regressor(graph, model, x)
    if isinstance(model, (RandomForestClassifier, ExtraTreesClassifier, DecisionTreeClassifier)):
        return forest_classifier(graph, model, x)
    if isinstance(model, GradientBoostingClassifier):
        return boosted_classifier(graph, model, x)
    if isinstance(model, HistGradientBoostingClassifier):
        return hist_classifier(graph, model, x)
    if isinstance(model, (RandomForestRegressor, GradientBoostingRegressor, DecisionTreeRegressor,
                          HistGradientBoostingRegressor)):
        return tree_regressor(graph, model, x)
    raise TypeError(type(model))


def export(model, names, single_inputs=False, listed=True, double=False, zipmap=True,
           isotonic=isotonic_between, one_sided=True, indexed=False):
    """An ONNX model. single_inputs: each column is an input, as of a data frame; listed: the names
    of the columns of one matrix stand in the metadata."""
    graph = Graph(one_sided, (np.float64 if double else np.float32) if indexed else None)
    kind = TensorProto.DOUBLE if double else TensorProto.FLOAT
    if single_inputs:
        inputs = [helper.make_tensor_value_info(n, kind, [None, 1]) for n in names]
        x = graph.add("Concat", list(names), axis=1)
    else:
        inputs = [helper.make_tensor_value_info("X", kind, [None, len(names)])]
        x = "X"
    scores = convert(graph, model, x, double, isotonic)
    classes = getattr(model, "classes_", None)
    if classes is not None and zipmap:
        scores = graph.add("ZipMap", [scores], domain=ML,
                           **labels_of(classes, "classlabels_int64s"))
        info = ValueInfoProto(name=scores)
        kinds = info.type.sequence_type.elem_type.map_type
        kinds.key_type = TensorProto.INT64
        kinds.value_type.tensor_type.elem_type = TensorProto.FLOAT
    else:
        info = helper.make_tensor_value_info(scores, kind, [None, None])
    outputs = [info]
    for node in graph.nodes:
        if node.op_type.endswith("Classifier") and not isinstance(model, CalibratedClassifierCV):
            outputs.insert(0, helper.make_tensor_value_info(node.output[0], TensorProto.INT64, [None]))
    return whole(graph, inputs, outputs, names if listed and not single_inputs else None)


def finish(graph, x, scores, names):
    """A graph of a matrix of floats, as a model."""
    inputs = [helper.make_tensor_value_info(x, TensorProto.FLOAT, [None, len(names)])]
    outputs = [helper.make_tensor_value_info(scores, TensorProto.FLOAT, [None, None])]
    return whole(graph, inputs, outputs, names)


def whole(graph, inputs, outputs, names):
    made = helper.make_graph(graph.nodes, "model", inputs, outputs, graph.constants)
    version = 5 if any(node.op_type == "TreeEnsemble" for node in graph.nodes) else 1
    onnx = helper.make_model(made, opset_imports=[helper.make_opsetid("", 15),
                                                  helper.make_opsetid(ML, version)])
    if names:
        helper.set_model_props(onnx, {"feature_names": ",".join(names)})
    return onnx
