"""The headline of the evaluation: every metric, with its interval and that of simple models."""

from __future__ import annotations

import numpy as np
import pandas as pd

from stages.core import measures, metrics
from stages.core.measures import Bootstrap, Floats
from stages.core.metrics import METRICS, Metric
from stages.evaluation.evaluation_data import EvaluationData
from stages.evaluation.untuned import UNTUNED
from stages.model.threshold import profit_threshold

THRESHOLD = "threshold"  # in the headline, though it is no metric
THRESHOLD_RESAMPLES = 200  # behind the interval of the threshold


def headline(data: EvaluationData) -> pd.DataFrame:
    """Every test metric of the champion with its interval, and of the simple models.

    Columns: value, low, high, and one per baseline; a row per metric, and the threshold's.
    """
    rows = {name: _row(data, metric) for name, metric in METRICS.items()}
    rows[THRESHOLD] = _threshold_row(data)
    return pd.DataFrame.from_dict(rows, orient="index")


def headings() -> dict[str, str]:
    """What a report calls each row of the headline, and the columns of simple models."""
    return metrics.headings() | {THRESHOLD: "Profit threshold", UNTUNED: "untuned boosting"}


def _row(data: EvaluationData, metric: Metric) -> dict[str, float]:
    label, measure = data.label, data.measure_of(metric)
    chosen = data.input_of(metric, data.probability)
    simple = {
        name: measures.value(measure, label, data.input_of(metric, probability))
        for name, probability in data.baselines.items()
    }
    found = measures.value(measure, label, chosen)
    return _with_interval(found, data.bootstrap.interval(measure, label, chosen)) | simple


def _with_interval(found: float, interval: tuple[float, float]) -> dict[str, float]:
    """A row of the headline, its interval widened to contain the value.

    A bootstrapped calibration error is biased upwards, at times beyond the value itself, since
    resampling adds noise to every bin.
    """
    low, high = interval
    return {"value": found, "low": min(low, found), "high": max(high, found)}


def _threshold_row(data: EvaluationData) -> dict[str, float]:
    """The threshold, and how far it would have moved with other train customers."""
    worth = float(data.manifest["mean_value"])

    def measure(label: Floats, score: Floats, weight: Floats) -> Floats:
        drawn = [np.repeat(np.arange(len(label)), row.astype(int)) for row in weight]
        return np.array(
            [profit_threshold(label[r], score[r], value=worth, costs=data.costs) for r in drawn]
        )

    ids = data.out_of_fold["id"].to_numpy()
    few = Bootstrap(data.params.seed, THRESHOLD_RESAMPLES, data.params.level, ids)
    same = dict.fromkeys(data.baselines, data.threshold)
    interval = few.interval(measure, *data.out_of_fold_champion)
    return _with_interval(data.threshold, interval) | same


def confusion(data: EvaluationData) -> pd.DataFrame:
    """Customers by outcome (index) and decision (columns)."""
    left, contacted = data.label == 1, data.decision == 1
    counts = [[int((o & d).sum()) for d in (~contacted, contacted)] for o in (~left, left)]
    return pd.DataFrame(counts, index=["stayed", "left"], columns=["not contacted", "contacted"])
