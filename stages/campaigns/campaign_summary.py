"""What a campaign brought, in sentences for whoever pays for the next one."""

from __future__ import annotations

from typing import Any

from stages.campaigns.policies import SIMPLE

POLICIES = {
    "assumed_share": "today's rule, with the assumed share that accepts",
    "learned_share": "today's rule, with the share learned from the campaign",
    "relative_effect": "ranked by risk, with one learned effect",
    "dr_learner": "by the effect on each customer (DR-learner)",
    "x_learner": "by the effect on each customer (X-learner)",
    "mean_learner": "by the effect on each customer (mean of both learners)",
}


def chosen_policy(result: dict[str, Any]) -> dict[str, Any]:
    """What a result says of the policy that is chosen."""
    return next(one for one in result["policies"] if one["policy"] == result["chosen"])


def headlines(result: dict[str, Any]) -> list[str]:
    """The first lines: what to do, what it did, what it brought, and whether that differs."""
    return [
        _advice(result),
        *(_effect(one, result) for one in result["effects"]),
        *(_profit(one) for one in result["effects"]),
        _difference(result),
    ]


def _effect(effect: dict[str, Any], result: dict[str, Any]) -> str:
    found, level = effect["reduction"], result["level"]
    value, low, high = (100 * found[name] for name in ("value", "low", "high"))
    assumed, what = f"{100 * effect['expected_reduction']:.1f}", "percentage points fewer left"
    if high < 0:
        value, low, high = -value, -high, -low
        assumed, what = f"{assumed} fewer", "percentage points MORE left"
    words = f"{value:.1f} {what}"
    if low <= 0:
        words = f"no effect on churn can be seen, {value:+.1f} points"
    between = f"{level:.0%} interval {low:+.1f} to {high:+.1f}"
    return f"{effect['arm']}: {words} ({between}); {assumed} had been assumed."


def _profit(effect: dict[str, Any]) -> str:
    found = effect["profit_per_contact"]
    return (
        f"{effect['arm']}: each of the {effect['contacts']:,} contacts brought "
        f"{found['value']:+,.2f} ({found['low']:+,.2f} to {found['high']:+,.2f}) on average; "
        f"{effect['expected_profit_per_contact']:+,.2f} had been expected."
    )


def _difference(result: dict[str, Any]) -> str:
    if result["difference"]["found"]:
        return "The effect differs between customers: whom to contact can be learned from it."
    return (
        "That the effect differs between customers cannot be shown: a ranking by effect would be "
        "a ranking by noise, and none is shown."
    )


def _advice(result: dict[str, Any]) -> str:
    chosen = chosen_policy(result)
    worth, gain = chosen["profit_per_customer"], chosen["against_today"]
    share = sum(chosen["contacted"])
    if share == 0:
        return "Do next: contact nobody with these offers; they cost more than they bring."
    many = f"{share:.0%}" if share >= 0.01 else f"{100 * share:.1g}%"
    start = f"contact {many} of such customers ({POLICIES[result['chosen']]}), worth "
    start += f"{worth['value']:+,.2f} a customer ({worth['low']:+,.2f} to {worth['high']:+,.2f})"
    if worth["value"] < 0:
        return f"Do next: contact nobody with these offers: every rule lost. The best: {start}."
    start = f"Do next: {start}"
    if result["chosen"] == SIMPLE[0]:
        return start + "; nothing learned from this campaign is clearly better."
    against = f"{gain['value']:+,.2f} ({gain['low']:+,.2f} to {gain['high']:+,.2f})"
    return f"{start}, {against} against today's rule."


def adopted(content: dict[str, Any]) -> str:
    """What the next champion decides by, and how that comes about."""
    start = f"Adopted in data/effect: {POLICIES[content['policy']]}. make repro"
    if content["policy"] == SIMPLE[0]:
        return f"{start} takes the effect out of the champion; one without it stays as it is."
    return (
        f"{start} packs it into the champion; until then nothing changes. ADOPT=none goes back to "
        "the assumed share."
    )
