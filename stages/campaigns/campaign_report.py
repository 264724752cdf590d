"""Tables and figures of the page on a campaign: `notebooks/campaign.ipynb`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pandas as pd

from scoring.errors import UserError, shown
from stages.campaigns.campaign_summary import POLICIES
from stages.campaigns.policies import SIMPLE
from stages.core.paths import Paths
from stages.look.figures import panels
from stages.look.palette import BLUE, GREY, ORANGE, SOFT

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_GROUPS = 30
AREAS = {"autoc": "AUTOC", "qini": "Qini"}
LABELS = {
    "autoc": "effect above the mean, points",
    "qini": "gain over chance, points per customer",
}


def latest(paths: Paths) -> dict[str, Any]:
    """The result that was written last; `UserError` where there is none."""
    try:
        return json.loads(paths.campaign.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{shown(paths.campaign)}: no campaign; run make campaign") from None


def arms(result: dict[str, Any]) -> pd.DataFrame:
    """Customers and churn by arm."""
    rows = [
        {"arm": one["arm"], "customers": one["customers"], "left": one["leavers"]}
        | {"churn rate": one["churn_rate"]["value"], "interval": _points(one["churn_rate"])}
        for one in result["arms"]
    ]
    return pd.DataFrame(rows)


def effects(result: dict[str, Any]) -> pd.DataFrame:
    """What each offer took off the churn rate and what a contact brought."""
    return pd.DataFrame(
        [
            {
                "offer": one["arm"],
                "churn reduced by": one["reduction"]["value"],
                "interval": _points(one["reduction"]),
                "assumed": one["expected_reduction"],
                "profit per contact": one["profit_per_contact"]["value"],
                "its interval": _amounts(one["profit_per_contact"]),
                "expected": one["expected_profit_per_contact"],
            }
            for one in result["effects"]
        ]
    )


def policies(result: dict[str, Any]) -> pd.DataFrame:
    """Policies by what they would bring per customer, out of fold."""
    return pd.DataFrame(
        [
            {
                "policy": POLICIES[one["policy"]],
                "contacted": sum(one["contacted"]),
                "profit per customer": one["profit_per_customer"]["value"],
                "interval": _amounts(one["profit_per_customer"]),
                "against today's rule": one["against_today"]["value"],
                "its interval": _amounts(one["against_today"]),
            }
            for one in result["policies"]
        ],
        index=[one["policy"] for one in result["policies"]],
    )


def groups_plot(result: dict[str, Any]) -> Figure:
    """Effect by group, with bands that hold for all groups together."""
    offers = [one["arm"] for one in result["effects"]]
    shown_groups = [[g for g in result["groups"] if g["arm"] == o][:MOST_GROUPS] for o in offers]
    height = 1 + 0.22 * max(len(groups) for groups in shown_groups)
    figure, drawn = panels(len(offers), columns=1, width=8, height=height)
    for axes, offer, groups in zip(drawn, offers, shown_groups, strict=True):
        names = [f"{g['column']}: {g['group']}" for g in groups]
        value = [100 * g["reduction"]["value"] for g in groups]
        low = [v - 100 * g["reduction"]["low"] for v, g in zip(value, groups, strict=True)]
        high = [100 * g["reduction"]["high"] - v for v, g in zip(value, groups, strict=True)]
        axes.errorbar(value, range(len(names)), xerr=[low, high], fmt="o", color=BLUE, ecolor=GREY)
        axes.axvline(0, color=SOFT, linewidth=1)
        axes.set_yticks(range(len(names)), names)
        axes.invert_yaxis()
        axes.set(xlabel="churn reduced by, percentage points", title=offer)
    return figure


def curves_plot(result: dict[str, Any]) -> Figure:
    """Per offer: effect among those ranked first, and what is gained, with uniform bands."""
    figure, drawn = panels(len(result["curves"]))
    for axes, curve in zip(drawn, result["curves"], strict=True):
        low, high = ([100 * v for v in curve[side]] for side in ("low", "high"))
        axes.fill_between(curve["share"], low, high, color=GREY, alpha=0.4, linewidth=0)
        axes.plot(curve["share"], [100 * v for v in curve["value"]], color=BLUE)
        axes.axhline(0, color=ORANGE, linewidth=1)
        axes.set(
            xlabel="share of customers ranked first",
            ylabel=LABELS[curve["kind"]],
            title=f"{curve['arm']}: {AREAS[curve['kind']]}",
        )
    return figure


def areas(result: dict[str, Any]) -> pd.DataFrame:
    """Area under each curve, in percentage points."""
    return pd.DataFrame(
        [
            {
                "offer": one["arm"],
                "area": AREAS[one["kind"]],
                "points": 100 * one["area"]["value"],
                "interval": f"{100 * one['area']['low']:.2f} to {100 * one['area']['high']:.2f}",
            }
            for one in result["curves"]
        ]
    )


def fairness(result: dict[str, Any]) -> pd.DataFrame:
    """Groups of sensitive columns: the share that is contacted, and the effect of a contact."""
    chosen = result["chosen"]
    return pd.DataFrame(
        [
            {
                "group": f"{one['column']} = {one['group']}",
                "customers": one["customers"],
                "contacted": one["contacted"][chosen]["group"],
                "others": one["contacted"][chosen]["others"],
                "by today's rule": one["contacted"][SIMPLE[0]]["group"],
                "churn reduced by": one["reduction"],
                "standard error": one["error"],
            }
            for one in result["fairness"]["groups"]
        ]
    )


def learned(result: dict[str, Any]) -> list[str]:
    """The share of leavers that accepts, learned, as `params.yaml` takes it."""
    lines = []
    for one in result["effects"]:
        share = one["learned_share"]
        if share is None:
            lines.append(f"{one['arm']}: no share of leavers is kept.")
        else:
            lines.append(
                f"{one['arm']}: {share['mean']:.1%} of contacted leavers stay. In params.yaml, "
                f"section money: accept_alpha: {share['accept_alpha']:.4g}, accept_beta: "
                f"{share['accept_beta']:.4g}"
            )
    return lines


def next_campaign(result: dict[str, Any]) -> str:
    """How large the next campaign has to be."""
    plan = result["next"]
    return (
        f"With {plan['per_arm']:,} customers in its smallest arm, this campaign finds an effect of "
        f"{100 * plan['smallest_effect']:.1f} percentage points in four of five cases. The assumed "
        f"effect needs {plan['for_expected']:,} customers in each arm, half of it "
        f"{plan['for_half']:,}."
    )


def _points(one: dict[str, float]) -> str:
    return f"{100 * one['low']:.1f} to {100 * one['high']:.1f}%"


def _amounts(one: dict[str, float]) -> str:
    return f"{one['low']:,.2f} to {one['high']:,.2f}"
