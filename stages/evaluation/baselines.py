"""The decision against baseline strategies, and the quality against common targets."""

from __future__ import annotations

import numpy as np
import pandas as pd

from scoring import money
from stages.core import measures
from stages.core.measures import Floats, Measure
from stages.evaluation import untuned
from stages.evaluation.evaluation_data import EvaluationData

CHANCE = 0.5  # ROC AUC of a guess
TARGETS = {  # what a report calls each
    "roc_auc": "ROC AUC",
    "accuracy": "Accuracy",
    "f1": "F1",
    "precision_at_recall_80": "Precision at a recall of 0.80",
}


def strategies(data: EvaluationData) -> pd.DataFrame:
    """Profit per customer, with interval, of the decision and of baseline strategies.

    `expected` is by the champion's probabilities, `profit` by who left.
    """
    n = len(data.label)
    choices = {"the decision": data.decision}
    if data.assumptions.budget is not None:
        choices["the decision, within the budget"] = data.affordable
    choices |= {
        "contact nobody": np.zeros(n),
        "contact everybody": np.ones(n),
        "the same number, at random": np.full(n, data.decision.mean()),
        "probability above 0.5": (data.probability > 0.5).astype(float),
        "one-feature model, same rule": data.decide(data.baselines["one_feature"]),
        "untuned boosting, same rule": data.decide(data.baselines[untuned.UNTUNED]),
        "base rate for everybody, same rule": data.decide(data.baselines["base_rate"]),
    }
    rows = {name: _strategy(data, chosen) for name, chosen in choices.items()}
    return pd.DataFrame.from_dict(rows, orient="index")


def _strategy(data: EvaluationData, chosen: Floats) -> dict[str, float]:
    """Share contacted, profits per customer, and the decision's lead on the same resamples."""
    label, bootstrap = data.label, data.bootstrap
    profit = chosen * data.realised
    lead = data.decision * data.realised - profit
    low, high = bootstrap.interval(measures.mean, label, profit)
    lead_low, lead_high = bootstrap.interval(measures.mean, label, lead)
    return {
        "contacted": float(chosen.mean()),
        "expected": float((chosen * data.expected).mean()),
        "profit": measures.value(measures.mean, label, profit),
        "low": low,
        "high": high,
        "lead": measures.value(measures.mean, label, lead),
        "lead_low": lead_low,
        "lead_high": lead_high,
    }


def budgets(data: EvaluationData) -> pd.DataFrame:
    """What the decision brings where only part of its expected cost may be spent, best first.

    Columns: budget, contacted (customers), expected_profit of them all by the champion's
    probabilities; profit per customer with interval, averaged over everybody.
    """
    cost = money.expected_cost(data.probability, data.costs)
    whole = float((data.decision * cost).sum())
    rows = {
        f"{share:.0%}": _limited(data, data.within(share * whole), share * whole)
        for share in (0.25, 0.5, 0.75)
    }
    rows["100%"] = _limited(data, data.decision, whole)
    return pd.DataFrame.from_dict(rows, orient="index")


def _limited(data: EvaluationData, chosen: Floats, budget: float) -> dict[str, float]:
    figures = _strategy(data, chosen)
    return {
        "budget": budget,
        "customers": int(chosen.sum()),
        "expected_profit": float((chosen * data.expected).sum()),
        **{name: figures[name] for name in ("profit", "low", "high")},
    }


def summary(data: EvaluationData, table: pd.DataFrame) -> str:
    """The headline in a few sentences."""
    auc, compared = table.loc["roc_auc"], strategies(data)
    decided, simple = compared.loc["the decision"], compared.loc["one-feature model, same rule"]
    lead = untuned.lead(data)
    return (
        f"{untuned.warning(lead)}Given a churner and a retained customer, "
        f"the {data.manifest['candidate']} model ranks the churner higher in "
        f"{auc['value']:.1%} of cases ({auc['low']:.1%} to {auc['high']:.1%}); a model "
        f"of one feature in {auc['one_feature']:.1%}. {_doubt(float(auc['low']))}"
        f"Contacting the {decided['contacted']:.0%} of customers for whom it pays brings "
        f"{decided['profit']:.2f} {data.schema.currency} per customer, averaged "
        f"over everybody ({decided['low']:.2f} to {decided['high']:.2f}): "
        f"{simple['lead']:+.2f} against one feature ({simple['lead_low']:+.2f} to "
        f"{simple['lead_high']:+.2f}). Assumes that {data.costs.accept_rate:.0%} of contacted "
        f"leavers accept. {untuned.summary(lead)}"
    )


def _doubt(low: float) -> str:
    """What to say of a ROC AUC whose interval begins at `low`: nothing where it is above chance."""
    if low > CHANCE:
        return ""
    return "That is not beyond chance: these columns are not known to say who leaves. "


def targets(data: EvaluationData) -> pd.DataFrame:
    """The targets that churn projects often set themselves, and what is reached here.

    Each at the threshold that served it best out of fold on train. Columns: target, value, low,
    high, reached (whether the target lies within or below the interval).
    """
    known, score = data.out_of_fold_champion
    wanted = [
        ("roc_auc", 0.85, measures.roc_auc, None),
        ("accuracy", 0.82, measures.accuracy, _best_threshold(measures.accuracy, known, score)),
        ("f1", 0.75, measures.f1, _best_threshold(measures.f1, known, score)),
        ("precision_at_recall_80", 0.70, measures.precision, recall_threshold(known, score, 0.8)),
    ]
    rows = {}
    for name, target, measure, cut in wanted:
        used = data.probability if cut is None else (data.probability >= cut).astype(float)
        low, high = data.bootstrap.interval(measure, data.label, used)
        value = measures.value(measure, data.label, used)
        rows[name] = {"target": target, "value": value, "low": low, "high": high}
    return pd.DataFrame.from_dict(rows, orient="index").assign(
        reached=lambda t: np.where(
            t["high"] < t["target"], "no", np.where(t["low"] >= t["target"], "yes", "within noise")
        )
    )


def _best_threshold(measure: Measure, label: Floats, score: Floats) -> float:
    cuts = np.unique(np.quantile(score, np.linspace(0.01, 0.99, 99)))
    values = [measures.value(measure, label, (score >= cut).astype(float)) for cut in cuts]
    return float(cuts[int(np.argmax(values))])


def recall_threshold(label: Floats, score: Floats, wanted: float) -> float:
    """The highest threshold at which the share of churners found is at least `wanted`."""
    of_churners = np.sort(score[label == 1])[::-1]
    return float(of_churners[int(np.ceil(wanted * len(of_churners) - 1e-9)) - 1])
