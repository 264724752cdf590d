"""What each variant does, paired with its reference on the same folds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tqdm import tqdm

from scoring import money
from scoring.decision import contacts, decision_rule
from scoring.errors import UserError
from scoring.money import Costs
from scoring.schema import Schema
from stages.ablation.ablation_params import Ablation
from stages.ablation.variants import Variant
from stages.core import measures
from stages.core.metrics import METRICS, Input, Metric, Shown, shown_in
from stages.features.table import ID, LABEL, monthly_value
from stages.model.blend import OutOfFold
from stages.model.calibrate import calibrate
from stages.model.costs import costs_of
from stages.model.export import checked_onnx
from stages.model.folds import Fold, draw_folds, paired_interval
from stages.model.money_params import Money
from stages.model.threshold import profit_threshold
from stages.model.train import held_out, refit
from stages.model.train_params import Train

Floats = NDArray[np.float64]
EXPORT_ROWS = 2_000  # customers that the exported model is fitted on; it is compared on all


@dataclass(frozen=True)
class Customers:
    """The train customers: label and value of keeping each (n,), and how it is decided.

    With a monthly value whoever's expected profit is positive is contacted; without, whoever is
    above a threshold.
    """

    label: Floats
    value: Floats
    costs: Costs
    by_threshold: bool


@dataclass(frozen=True)
class Measured:
    """One variant: each metric by fold (J,), the mean probability, whether it can be exported."""

    variant: Variant
    by_fold: Mapping[str, Floats]
    mean_probability: float
    export: str


def measure(
    variants: Sequence[Variant],
    features: pd.DataFrame,
    schema: Schema,
    *,
    ablation: Ablation,
    assumptions: Money,
) -> list[Measured]:
    """Every variant on the same folds of the train customers, with progress on stderr."""
    label = features[LABEL].to_numpy()
    costs = costs_of(assumptions, base_rate=float(label.mean()))
    splits = draw_folds(
        label,
        count=ablation.folds,
        repeats=ablation.repeats,
        seed=ablation.seed,
        groups=features[ID].to_numpy(),
        field="ablation.folds",
    )
    value = money.customer_value(monthly_value(features, schema), len(label), costs)
    customers = Customers(label.astype(float), value, costs, decision_rule(schema) == "threshold")
    measured = []
    for variant in tqdm(variants, desc="variants", leave=False):
        out_of_fold = _out_of_fold(variant, features, schema, splits, ablation)
        scores = {
            m.name: _by_fold(m, out_of_fold, splits, customers) for m in shown_in(Shown.ABLATION)
        }
        mean = float(np.mean(np.concatenate(list(out_of_fold.values()))))
        measured.append(Measured(variant, scores, mean, _export(variant, features, schema)))
    return measured


def _out_of_fold(
    variant: Variant,
    features: pd.DataFrame,
    schema: Schema,
    splits: list[Fold],
    ablation: Ablation,
) -> OutOfFold:
    """Out-of-fold probabilities of a variant, calibrated where that is the variant."""
    members = variant.params.vote.members if variant.candidate == "vote" else []
    wanted = {"candidates": [*members, variant.candidate], "folds": ablation.folds}
    params: Train = variant.params.model_copy(update=wanted)
    found = held_out(features, schema, params, splits, bar=variant.name)
    out_of_fold = found[variant.candidate]
    return calibrate(out_of_fold, splits, features[LABEL].to_numpy(), params)[1]


def _by_fold(
    metric: Metric, out_of_fold: OutOfFold, splits: Sequence[Fold], customers: Customers
) -> Floats:
    """A metric on each fold."""
    measure = metric.bound(costs=customers.costs, value=float(customers.value.mean()))
    return np.array(
        [
            measures.value(
                measure,
                customers.label[fold.held_out],
                _input(metric, out_of_fold, splits, fold, customers),
            )
            for fold in splits
        ]
    )


def _input(
    metric: Metric, out_of_fold: OutOfFold, splits: Sequence[Fold], fold: Fold, customers: Customers
) -> Floats:
    """What a metric is computed from, of the customers of a fold."""
    probability, value = out_of_fold[fold.repeat, fold.number], customers.value[fold.held_out]
    if metric.input is Input.PROBABILITY:
        return probability
    threshold = _threshold(out_of_fold, splits, fold, customers) if customers.by_threshold else None
    chosen = contacts(probability, value, customers.costs, threshold=threshold).astype(float)
    if metric.input is Input.DECISION:
        return chosen
    return chosen * money.realised_profit(customers.label[fold.held_out], value, customers.costs)


def _threshold(
    out_of_fold: OutOfFold, splits: Sequence[Fold], fold: Fold, customers: Customers
) -> float:
    """The threshold that was best on the other folds of the repeat."""
    others = [f for f in splits if f.repeat == fold.repeat and f.number != fold.number]
    label = np.concatenate([customers.label[f.held_out] for f in others])
    score = np.concatenate([out_of_fold[f.repeat, f.number] for f in others])
    value = float(customers.value.mean())
    return profit_threshold(label, score, value=value, costs=customers.costs)


def _export(variant: Variant, features: pd.DataFrame, schema: Schema) -> str:
    """Whether the ONNX export agrees, or why it is refused."""
    some = features.head(EXPORT_ROWS)
    try:
        model = refit(variant.candidate, some, schema, variant.params)
        checked_onnx(model, features, schema, name=variant.candidate)
    except UserError as error:
        return str(error)
    return "agrees"


def effects(measured: Sequence[Measured], ablation: Ablation) -> pd.DataFrame:
    """A row per variant and measure: `value`, the difference `effect` and `low`..`high`.

    The interval is corrected for folds that share customers (Nadeau & Bengio 2003). `better` is 1
    where it lies on the good side of 0, -1 on the bad one, 0 where it holds 0.
    """
    by_name = {one.variant.name: one for one in measured}
    rows = []
    for one in measured:
        if one.variant.against is None:
            continue
        for name, by_fold in one.by_fold.items():
            reference = by_name[one.variant.against].by_fold[name]
            effect, low, high = paired_interval(
                by_fold - reference, ablation.folds, level=ablation.level
            )
            sign = METRICS[name].sign
            rows.append(
                {
                    "variant": one.variant.name,
                    "against": one.variant.against,
                    "measure": name,
                    "value": by_fold.mean(),
                    "effect": effect,
                    "low": low,
                    "high": high,
                    "better": sign * (int(low > 0) - int(high < 0)),
                }
            )
    return pd.DataFrame(rows)
