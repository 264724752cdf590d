"""`campaign`: what a campaign brought, whether its effect differs, and which policy to follow next.

The result is plain JSON, from which the page is drawn: `reports/campaign.json`. Everything that is
stated has an interval from doubly robust scores out of fold; the same input gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import norm

from scoring.errors import UserError
from scoring.money import Costs
from stages.campaigns.balance import Balance, balance
from stages.campaigns.campaign_file import Campaign
from stages.campaigns.campaign_params import CampaignAnalysis
from stages.campaigns.choice import Judged, choose, differs, judge
from stages.campaigns.difference import band, p_text, targeting_curve
from stages.campaigns.policies import CANDIDATES, MEAN, POLICIES, SIMPLE, Assumed, updated
from stages.campaigns.reach import by_group, findings
from stages.campaigns.repeated import by_customer, value
from stages.campaigns.trial import Floats, Integers, Trial, of_rows
from stages.core.sample_size import customers_per_arm, smallest_effect

NAMED = 3  # columns that a message names
QINI = "qini"
CURVES = ("autoc", QINI)
Result = dict[str, Any]


def analyse(campaign: Campaign, settings: CampaignAnalysis) -> Result:
    """All that the page says; `UserError` where the arms were not assigned at random."""
    trial = campaign.trial
    drawn = balance(trial, number=settings.folds, seed=settings.seed)
    _check_random(drawn, campaign)
    assumed = assumed_share_of(campaign.costs)
    judged = judge(trial, assumed, number=settings.folds, seed=settings.seed)
    difference = differs(judged, campaign.arms[1:])
    policies = POLICIES if difference.found else SIMPLE
    chosen = choose(judged, CANDIDATES if difference.found else SIMPLE)
    return {
        "origin": campaign.origin,
        "source": {"file": Path(campaign.origin).name, "sha256": campaign.sha256},
        "customers": len(trial),
        "scored": campaign.scored,
        "known": list(campaign.known),
        "warnings": list(campaign.warnings),
        "level": settings.level,
        "balance": {"roc_auc": drawn.roc_auc, "p_value": drawn.p_value},
        "arms": list(_arms(campaign, settings.level)),
        "effects": list(_effects(campaign, judged, assumed, settings.level)),
        "groups": list(_groups(campaign, judged, settings)),
        "difference": {
            "found": difference.found,
            "level": difference.level,
            "p_values": difference.p_values,
        },
        "curves": list(_curves(campaign, judged, settings)) if difference.found else [],
        "policies": list(_policies(campaign, judged, policies, settings.level)),
        "chosen": chosen,
        "fairness": _fairness(campaign, judged, chosen),
        "next": _next_campaign(campaign, judged, assumed),
    }


def assumed_share_of(costs: Costs) -> Assumed:
    """The share of leavers assumed to accept: mean and standard deviation of the Beta."""
    a, b = costs.accept_alpha, costs.accept_beta
    return Assumed(a / (a + b), float(np.sqrt(a * b / (a + b + 1)) / (a + b)))


def interval(scores: Floats, level: float, customer: Integers | None) -> Result:
    """Mean of scores (n,) with its interval; the rows of a customer (n,) count together."""
    return _around(*value(scores, customer), level)


def _around(mean: float, error: float, level: float) -> Result:
    width = float(norm.isf((1 - level) / 2)) * error
    return {"value": mean, "low": mean - width, "high": mean + width}


def _check_random(drawn: Balance, campaign: Campaign) -> None:
    if drawn.is_random:
        return
    found = f"ROC AUC {drawn.roc_auc:.3f}, {p_text(drawn.p_value)}"
    apart = ", ".join(f"{name} ({by:+.2f} standard deviations)" for name, by in drawn.apart[:NAMED])
    raise UserError(
        f"{campaign.origin}: who was contacted can be predicted from what was known before "
        f"({found}){': ' if apart else ''}{apart}; expected arms assigned at random. "
        "A column that was known only after the contact belongs into IGNORE=; otherwise the "
        "effect of the contact cannot be separated from the choice of whom to contact"
    )


def _arms(campaign: Campaign, level: float) -> Iterator[Result]:
    trial = campaign.trial
    for place, name in enumerate(campaign.arms):
        rows = trial.arm == place
        left, customer = trial.left[rows], of_rows(trial.customer, rows)
        yield {"arm": name, "customers": len(left), "leavers": int(left.sum())} | {
            "churn_rate": interval(left, level, customer)
        }


def _effects(
    campaign: Campaign, judged: Judged, assumed: Assumed, level: float
) -> Iterator[Result]:
    """Per offer: what it takes off the churn rate of the contacted, and what a contact brings.

    Customers are weighted by the probability with which they were contacted: what is stated is the
    effect on those whom such a campaign contacts, whoever it was.
    """
    trial, leaving = campaign.trial, judged.scores.leaving[:, 0]
    learned = updated(assumed, trial, judged.scores.reduction)
    profit = trial.terms.profit(trial.value, trial.risk, _times(trial, assumed.mean))
    for arm, name in enumerate(campaign.arms[1:]):
        weight = trial.shares[:, arm + 1] / trial.shares[:, arm + 1].mean()
        reduction = weight * judged.scores.reduction[:, arm]
        yield {
            "arm": name,
            "reduction": interval(reduction, level, trial.customer),
            "relative": float(reduction.mean() / (weight * leaving).mean()),
            "expected_reduction": float(assumed.mean * (weight * trial.risk).mean()),
            "profit_per_contact": interval(
                weight * judged.profit[:, arm + 1], level, trial.customer
            ),
            "expected_profit_per_contact": float((weight * profit[:, arm]).mean()),
            "contacts": int((trial.arm == arm + 1).sum()),
            "learned_share": _beta(learned[arm]),
        }


def _beta(share: Assumed) -> Result | None:
    """The share as a Beta distribution of the same moments; None where it is not positive."""
    if not 0 < share.mean < 1:
        return None
    weight = share.mean * (1 - share.mean) / share.deviation**2 - 1
    return {
        "mean": share.mean,
        "accept_alpha": share.mean * weight,
        "accept_beta": (1 - share.mean) * weight,
    }


def _times(trial: Trial, share: float) -> Floats:
    return np.tile(share * trial.risk[:, None], (1, trial.arms))


def _groups(campaign: Campaign, judged: Judged, settings: CampaignAnalysis) -> Iterator[Result]:
    """Effects by fifth of the risk and by value of the columns of few values, bands over all."""
    members = list(_members(campaign))
    for arm, name in enumerate(campaign.arms[1:]):
        scores = judged.scores.reduction[:, arm]
        contributions = np.column_stack(
            [who * (scores - scores[who].mean()) / who.mean() for _, _, who in members]
        )
        sums = by_customer(contributions, judged.customer)
        width = band(sums, level=settings.level, seed=settings.seed)
        errors = np.sqrt((sums**2).sum(axis=0)) / len(scores)
        for (column, label, who), error in zip(members, errors, strict=True):
            mean = float(scores[who].mean())
            low, high = mean - width * error, mean + width * error
            yield {
                "arm": name, "column": column, "group": label, "customers": int(who.sum()),
                "reduction": {"value": mean, "low": float(low), "high": float(high)},
            }  # fmt: skip


def _members(campaign: Campaign) -> Iterator[tuple[str, str, np.ndarray]]:
    risk = campaign.trial.risk
    edges = np.unique(np.quantile(risk, [0.2, 0.4, 0.6, 0.8]))
    fifth = np.searchsorted(edges, risk, side="left")
    for place in np.unique(fifth):
        who = fifth == place
        yield "risk", f"{risk[who].min():.1%} to {risk[who].max():.1%}", who
    for column in campaign.segments:
        values = campaign.segments[column].astype(str).to_numpy()
        for label in sorted(set(values)):
            who = values == label
            if who.sum() >= 2 * NAMED and _has_every_arm(campaign.trial, who):
                yield str(column), label, who


def _has_every_arm(trial: Trial, who: np.ndarray) -> bool:
    return len(np.unique(trial.arm[who])) == trial.arms + 1


def _curves(campaign: Campaign, judged: Judged, settings: CampaignAnalysis) -> Iterator[Result]:
    """Per offer: the targeting and the Qini curve of the ranking by effect."""
    for arm, name in enumerate(campaign.arms[1:]):
        scores, ranking = judged.scores.reduction[:, arm], judged.reduction[MEAN][:, arm]
        for kind in CURVES:
            curve = targeting_curve(
                scores, ranking, level=settings.level, seed=settings.seed,
                cumulated=kind == QINI, customer=judged.customer,
            )  # fmt: skip
            yield {
                "arm": name, "kind": kind, "share": curve.share.tolist(),
                "value": curve.value.tolist(), "low": curve.low.tolist(),
                "high": curve.high.tolist(),
                "area": _around(curve.area, curve.error, settings.level),
            }  # fmt: skip


def _policies(
    campaign: Campaign, judged: Judged, names: Sequence[str], level: float
) -> Iterator[Result]:
    """Value per customer of each policy, and against today's rule, paired."""
    today = judged.gained(SIMPLE[0])
    for name in names:
        offers = judged.offers[name]
        yield {
            "policy": name,
            "contacted": [
                float((offers == arm + 1).mean()) for arm in range(len(campaign.arms) - 1)
            ],
            "profit_per_customer": interval(judged.gained(name), level, judged.customer),
            "against_today": interval(judged.gained(name) - today, level, judged.customer),
            "reduction_of_contacted": _of_contacted(judged, offers),
        }


def _of_contacted(judged: Judged, offers: Integers) -> Result:
    """Mean reduction among those whom a policy contacts, by its offers, and its standard error."""
    rows = np.flatnonzero(offers)
    if len(rows) < 2:
        return {"value": 0.0, "error": 0.0}
    scores = judged.scores.reduction[rows, offers[rows] - 1]
    mean, error = value(scores, of_rows(judged.customer, rows))
    return {"value": mean, "error": error}


def _fairness(campaign: Campaign, judged: Judged, chosen: str) -> Result:
    """Groups of sensitive columns, by the policy that is chosen and by today's rule."""
    today = SIMPLE[0]
    contacted = {name: judged.offers[name] > 0 for name in dict.fromkeys((today, chosen))}
    offers = np.maximum(judged.offers[chosen], 1) - 1
    reduction = judged.scores.reduction[np.arange(len(offers)), offers]
    groups = by_group(campaign, contacted, reduction)
    return {"groups": groups, "findings": findings(groups, chosen=chosen, today=today)}


def _next_campaign(campaign: Campaign, judged: Judged, assumed: Assumed) -> Result:
    """How many customers the next campaign needs in each arm, and what this one could find."""
    rate = float(np.clip(judged.scores.leaving[:, 0].mean(), 0.001, 0.999))
    smallest = int(min(np.bincount(campaign.trial.arm)))
    expected = assumed.mean * rate
    return {
        "churn_rate": rate,
        "per_arm": smallest,
        "smallest_effect": smallest_effect(rate, smallest, smallest),
        "for_expected": customers_per_arm(rate, expected),
        "for_half": customers_per_arm(rate, expected / 2),
    }
