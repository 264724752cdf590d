"""Models and raw columns of the club, and the packages that answering must not import."""

from functools import cache

import numpy as np

from scoring.bundle import Scorer
from scoring.explanation import Explainer, make_explainer
from stages.model.champion import background
from stages.model.encoding import frame
from stages.model.export import to_onnx
from stages.model.train import refit
from tests import builders

HEAVY = ["pandas", "sklearn", "xgboost", "matplotlib", "papermill", "pandera", "evidently", "scipy"]


@cache
def model(candidate: str, variant: str = "full") -> tuple[bytes, dict]:
    """A candidate as ONNX, and the background that a bundle would hold."""
    schema, features = builders.schema(variant), builders.features(variant)
    fitted = refit(candidate, features, schema, builders.train_params())
    score = fitted.predict_proba(frame(features, schema))[:, 1]
    return to_onnx(fitted, schema, name=candidate), background(features, schema, score)


def explainer(candidate: str = "xgboost", variant: str = "full") -> Explainer:
    content, rows = model(candidate, variant)
    return make_explainer(builders.schema(variant), Scorer(content), rows)


def raw(variant: str = "full", rows: int = 20, *, seed: int = 7) -> dict[str, np.ndarray]:
    table = builders.customers(variant, rows, seed=seed)
    return {c.name: table[c.name].to_numpy() for c in builders.schema(variant).inputs}
