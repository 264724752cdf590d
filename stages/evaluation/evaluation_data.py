"""What the final evaluation is computed from: the test customers, and what models predict of them.

Thresholds and choices come with the champion bundle; nothing here is fitted or chosen.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from scoring import money
from scoring.bundle import BASELINES, MANIFEST, MODEL, OUT_OF_FOLD, SCORES, SELECTED, Scorer
from scoring.decision import contacts, decision_rule
from scoring.schema import Schema
from stages.core.files import read_table, row_count
from stages.core.measures import Bootstrap, Floats, Measure
from stages.core.metrics import Input, Metric
from stages.core.paths import Paths
from stages.core.yamlfile import load_schema
from stages.evaluation.evaluate_params import Evaluate
from stages.features.table import ID, LABEL, model_inputs, monthly_value, repeated_rows
from stages.model.money_params import Money


@dataclass(frozen=True)
class EvaluationData:
    """Customers whose outcome is known, what was predicted, and what the bundle fixed before.

    `label`, `probability` (champion), `value` (of keeping each customer) are (n,); `baselines`
    holds the probabilities (n,) of simple models; `oracle` the true ones (n,), where known;
    `repeated` (n,) marks those that equal a train row in all but the id, None where not known;
    `assumptions` what the costs in the bundle were made of. `out_of_fold` has the probabilities of
    every candidate on the train customers (id, fold, label, a column each), `fold_scores` their
    metrics (candidate, repeat, fold, a column each), `selected_scores` those of what the rule of
    choice takes without the fold; all are empty where only predictions of some customers are
    compared.
    """

    features: pd.DataFrame
    schema: Schema
    label: Floats
    probability: Floats
    baselines: Mapping[str, Floats]
    oracle: Floats | None
    value: Floats
    manifest: Mapping[str, Any]
    assumptions: Money
    params: Evaluate
    repeated: NDArray[np.bool_] | None = None
    out_of_fold: pd.DataFrame = field(default_factory=pd.DataFrame)
    fold_scores: pd.DataFrame = field(default_factory=pd.DataFrame)
    selected_scores: pd.DataFrame = field(default_factory=pd.DataFrame)

    @property
    def out_of_fold_champion(self) -> tuple[Floats, Floats]:
        """Label and out-of-fold probability (train customers,) of the champion's candidate."""
        table = self.out_of_fold
        return table["label"].to_numpy(float), table[self.manifest["candidate"]].to_numpy(float)

    @property
    def bootstrap(self) -> Bootstrap:
        """The resamples behind every interval."""
        ids = self.features[ID].to_numpy()
        return Bootstrap(self.params.seed, self.params.resamples, self.params.level, ids)

    @property
    def costs(self) -> money.Costs:
        """What a contact costs and a kept customer brings, as the bundle has it."""
        return money.Costs(**self.manifest["costs"])

    @property
    def expected(self) -> Floats:
        """Expected profit (n,) of contacting each customer, by the champion's probability."""
        return money.expected_profit(self.probability, self.value, self.costs)

    @property
    def threshold(self) -> float:
        """The probability threshold fixed on out-of-fold predictions."""
        return float(self.manifest["threshold"])

    @property
    def decision(self) -> Floats:
        """1 for each customer (n,) who is to be contacted."""
        return self.decide(self.probability)

    def decide(self, probability: Floats) -> Floats:
        """1 (n,) where to contact: by expected profit with a monthly value, else by threshold."""
        threshold = self.threshold if decision_rule(self.schema) == "threshold" else None
        return contacts(probability, self.value, self.costs, threshold=threshold).astype(float)

    @property
    def affordable(self) -> Floats:
        """The decision (n,) as far as the budget goes, most profitable first."""
        budget = self.assumptions.budget
        return self.decision if budget is None else self.within(budget)

    @property
    def realised(self) -> Floats:
        """What contacting each customer (n,) brought or would have brought, given who left."""
        return money.realised_profit(self.label, self.value, self.costs)

    def input_of(self, metric: Metric, probability: Floats) -> Floats:
        """What a metric is computed from (n,), for a model with these probabilities."""
        if metric.input is Input.PROBABILITY:
            return probability
        chosen = self.decide(probability)
        return chosen if metric.input is Input.DECISION else chosen * self.realised

    def measure_of(self, metric: Metric) -> Measure:
        """The metric's measure under the costs and parameters of this evaluation."""
        return metric.bound(
            bins=self.params.calibration_bins, costs=self.costs, value=float(self.value.mean())
        )

    def within(self, budget: float) -> Floats:
        """The decision (n,) as far as that budget would go."""
        cost = money.expected_cost(self.probability, self.costs)
        return money.within_budget(self.decision, self.expected, cost, budget=budget)


def gather(params: Evaluate, assumptions: Money, paths: Paths) -> EvaluationData:
    """Read the test customers and score them with the champion and the simple models."""
    schema, features = load_schema(paths.customers_schema), read_table(paths.test)
    inputs = model_inputs(features, schema)
    manifest = json.loads((paths.champion / MANIFEST).read_text(encoding="utf-8"))
    fees, costs = monthly_value(features, schema), money.Costs(**manifest["costs"])
    return EvaluationData(
        features=features,
        schema=schema,
        label=features[LABEL].to_numpy(float),
        probability=_scorer(paths.champion / MODEL).probability(inputs),
        baselines={
            n: _scorer(paths.comparison / f"{n}.onnx").probability(inputs) for n in BASELINES
        },
        oracle=_oracle(features, paths.oracle),
        value=money.customer_value(fees, len(features), costs),
        out_of_fold=read_table(paths.comparison / OUT_OF_FOLD),
        fold_scores=pd.read_csv(paths.comparison / SCORES),
        selected_scores=pd.read_csv(paths.comparison / SELECTED),
        manifest=manifest,
        assumptions=assumptions,
        params=params,
        repeated=repeated_rows(features, read_table(paths.train)),
    )


def _scorer(path: Path) -> Scorer:
    return Scorer(path.read_bytes())


def _oracle(features: pd.DataFrame, file: Path) -> Floats | None:
    if not row_count(file):
        return None
    truth = read_table(file, where=("id", features[ID]))
    return truth.set_index("id")["churn_probability"].reindex(features[ID]).to_numpy(float)
