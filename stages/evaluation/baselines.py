"""The decision against what else one might do, and the quality against the targets of others."""

from __future__ import annotations

import numpy as np
import pandas as pd

from scoring import money
from scoring.bundle import OUT_OF_FOLD
from stages.core import metrics
from stages.core.files import read_table
from stages.core.metrics import Floats
from stages.core.paths import COMPARISON
from stages.evaluation.evaluate import Evidence, decide, profit_measure


def strategies(evidence: Evidence) -> pd.DataFrame:
    """Profit per customer, with interval, of the decision and of what one might do instead.

    `expected` is by the champion's probabilities, `profit` by who left.
    """
    n = len(evidence.label)
    choices = {"the decision": evidence.decision}
    if evidence.assumptions.budget is not None:
        choices["the decision, within the budget"] = evidence.affordable
    choices |= {
        "contact nobody": np.zeros(n),
        "contact everybody": np.ones(n),
        "as many, at random": np.full(n, evidence.decision.mean()),
        "probability above 0.5": (evidence.probability > 0.5).astype(float),
        "one feature, decided alike": _decided(evidence, "one_feature"),
        "monthly value alone, base rate for all": _decided(evidence, "base_rate"),
    }
    rows = {name: _strategy(evidence, chosen) for name, chosen in choices.items()}
    return pd.DataFrame.from_dict(rows, orient="index")


def _decided(evidence: Evidence, baseline: str) -> Floats:
    return decide(evidence.baselines[baseline], evidence.value, evidence)


def _strategy(evidence: Evidence, chosen: Floats) -> dict[str, float]:
    """Share contacted, profits per customer, and the decision's lead on the same resamples."""
    measure, bootstrap = profit_measure(evidence), evidence.bootstrap
    low, high = bootstrap.interval(measure, evidence.label, chosen)
    lead = evidence.decision - chosen  # profit is linear in who is contacted
    lead_low, lead_high = bootstrap.interval(measure, evidence.label, lead)
    return {
        "contacted": float(chosen.mean()),
        "expected": float((chosen * evidence.expected).mean()),
        "profit": metrics.value(measure, evidence.label, chosen),
        "low": low,
        "high": high,
        "lead": metrics.value(measure, evidence.label, lead),
        "lead_low": lead_low,
        "lead_high": lead_high,
    }


def budgets(evidence: Evidence) -> pd.DataFrame:
    """What the decision brings where only part of its expected cost may be spent, best first.

    Columns: budget, contacted (customers), expected_profit of them all by the champion's
    probabilities; profit per customer with interval, averaged over everybody.
    """
    cost = money.expected_cost(evidence.probability, evidence.costs)
    whole = float((evidence.decision * cost).sum())
    rows = {
        f"{share:.0%}": _limited(evidence, evidence.within(share * whole), share * whole)
        for share in (0.25, 0.5, 0.75)
    }
    rows["100%"] = _limited(evidence, evidence.decision, whole)
    return pd.DataFrame.from_dict(rows, orient="index")


def _limited(evidence: Evidence, chosen: Floats, budget: float) -> dict[str, float]:
    figures = _strategy(evidence, chosen)
    return {
        "budget": budget,
        "customers": int(chosen.sum()),
        "expected_profit": float((chosen * evidence.expected).sum()),
        **{name: figures[name] for name in ("profit", "low", "high")},
    }


def in_words(evidence: Evidence, table: pd.DataFrame) -> str:
    """The headline as a person would say it."""
    auc, rivals = table.loc["roc_auc"], strategies(evidence)
    decided, simple = rivals.loc["the decision"], rivals.loc["one feature, decided alike"]
    money_unit = currency(evidence)
    return (
        f"Of two customers, one leaving and one staying, the {evidence.manifest['candidate']} "
        f"model names the right one in {auc['value']:.1%} of cases ({auc['low']:.1%} to "
        f"{auc['high']:.1%}); a model of one feature in {auc['one_feature']:.1%}. Contacting the "
        f"{decided['contacted']:.0%} of customers for whom it pays brings {decided['profit']:.2f} "
        f"{money_unit} per customer, averaged over everybody ({decided['low']:.2f} to "
        f"{decided['high']:.2f}): {simple['lead']:.2f} more than with one feature "
        f"({simple['lead_low']:.2f} to {simple['lead_high']:.2f}). This takes the chance that a "
        f"contacted churner accepts to be {evidence.costs.accept_rate:.0%}."
    )


def currency(evidence: Evidence) -> str:
    """The unit of the monthly value without its "per month", or words where there is none."""
    column = evidence.schema.role("monthly_value")
    unit = (column.unit or "") if column else ""
    return unit.split(" per ")[0].split("/")[0] or "currency units"


def targets(evidence: Evidence) -> pd.DataFrame:
    """The targets that churn projects set themselves, beside what is reached here.

    Each at the threshold that served it best out of fold on train. Columns: target, value, low,
    high, reached (whether the target lies within or below the interval).
    """
    table = read_table(COMPARISON / OUT_OF_FOLD)
    known, score = table["label"].to_numpy(float), table[evidence.manifest["candidate"]].to_numpy()
    wanted = [
        ("roc_auc", 0.85, metrics.roc_auc, None),
        ("accuracy", 0.82, metrics.accuracy, _best_threshold(metrics.accuracy, known, score)),
        ("f1", 0.75, metrics.f1, _best_threshold(metrics.f1, known, score)),
        ("precision_at_recall_80", 0.70, metrics.precision, recall_threshold(known, score, 0.8)),
    ]
    rows = {}
    for name, target, measure, cut in wanted:
        used = evidence.probability if cut is None else (evidence.probability >= cut).astype(float)
        low, high = evidence.bootstrap.interval(measure, evidence.label, used)
        value = metrics.value(measure, evidence.label, used)
        rows[name] = {"target": target, "value": value, "low": low, "high": high}
    return pd.DataFrame.from_dict(rows, orient="index").assign(
        reached=lambda t: np.where(
            t["high"] < t["target"], "no", np.where(t["low"] >= t["target"], "yes", "within noise")
        )
    )


def _best_threshold(measure: metrics.Measure, label: Floats, score: Floats) -> float:
    cuts = np.unique(np.quantile(score, np.linspace(0.01, 0.99, 99)))
    values = [metrics.value(measure, label, (score >= cut).astype(float)) for cut in cuts]
    return float(cuts[int(np.argmax(values))])


def recall_threshold(label: Floats, score: Floats, wanted: float) -> float:
    """The highest threshold at which the share of churners found is at least `wanted`."""
    of_churners = np.sort(score[label == 1])[::-1]
    return float(of_churners[int(np.ceil(wanted * len(of_churners) - 1e-9)) - 1])
