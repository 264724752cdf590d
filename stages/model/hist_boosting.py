"""scikit-learn's histogram gradient boosting, and its ONNX graph, of two classes."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.utils import check_array

LEAF, BRANCH = "LEAF", "BRANCH_LEQ"


class HistBoosting(HistGradientBoostingClassifier):
    """The same, fitted also where a column is blank for everybody: scikit-learn 1.9 fails there."""

    def fit(self, X: Any, y: Any, **options: Any) -> HistBoosting:
        """Fit, with 0 in columns without any number: no tree splits a constant."""
        X = check_array(X, dtype=np.float64, ensure_all_finite="allow-nan")
        return super().fit(np.where(np.isnan(X).all(axis=0), 0.0, X), y, **options)


def convert(scope: Any, operator: Any, container: Any) -> None:
    """Write the trees as one `TreeEnsembleClassifier`; what skl2onnx calls for the estimator."""
    model = operator.raw_operator
    trees = [predictor.nodes for (predictor,) in model._predictors]
    label, probabilities = (output.full_name for output in operator.outputs)
    container.add_node(
        "TreeEnsembleClassifier",
        operator.inputs[0].full_name,
        [label, probabilities],
        op_domain="ai.onnx.ml",
        op_version=3,
        name=scope.get_unique_operator_name("TreeEnsembleClassifier"),
        post_transform="LOGISTIC",
        classlabels_int64s=[int(label) for label in model.classes_],
        base_values=[float(model._baseline_prediction.ravel()[0])],
        **_nodes(trees),
        **_leaves(trees),
    )


def _nodes(trees: list[Any]) -> dict[str, list[Any]]:
    nodes = np.concatenate(trees)
    is_leaf = nodes["is_leaf"].astype(bool)
    thresholds = np.where(is_leaf, 0.0, rounded_down(nodes["num_threshold"]))
    return {
        "nodes_treeids": _tree_numbers(trees),
        "nodes_nodeids": np.concatenate([np.arange(len(tree)) for tree in trees]).tolist(),
        "nodes_modes": np.where(is_leaf, LEAF, BRANCH).tolist(),
        "nodes_featureids": nodes["feature_idx"].tolist(),
        "nodes_values": thresholds.astype(float).tolist(),
        "nodes_truenodeids": nodes["left"].tolist(),
        "nodes_falsenodeids": nodes["right"].tolist(),
        "nodes_missing_value_tracks_true": nodes["missing_go_to_left"].astype(int).tolist(),
    }


def _leaves(trees: list[Any]) -> dict[str, list[Any]]:
    is_leaf = np.concatenate([tree["is_leaf"] for tree in trees]).astype(bool)
    places = np.concatenate([np.arange(len(tree)) for tree in trees])
    return {
        "class_treeids": np.array(_tree_numbers(trees))[is_leaf].tolist(),
        "class_nodeids": places[is_leaf].tolist(),
        "class_ids": [0] * int(is_leaf.sum()),
        "class_weights": np.concatenate([tree["value"] for tree in trees])[is_leaf].tolist(),
    }


def _tree_numbers(trees: list[Any]) -> list[int]:
    return np.repeat(np.arange(len(trees)), [len(tree) for tree in trees]).tolist()


def rounded_down(thresholds: Any) -> Any:
    """Thresholds as float32 from below.

    ONNX compares in float32. For a number that float32 holds, being at most t and being at most t
    rounded down is the same; for t rounded to the nearest it is not.
    """
    near = thresholds.astype(np.float32)
    return np.where(near > thresholds, np.nextafter(near, np.float32(-np.inf)), near)
