"""The gate: promoted is who meets every condition; whoever does not is refused for a reason."""

from __future__ import annotations

import math
from pathlib import Path

from stages.operations.gate.bundles import Side, check_bundles
from stages.operations.gate.gate_decision import Check, Decision, Evidence, Gain
from stages.operations.gate.gate_params import Gate
from stages.operations.gate.hold_out import HoldOut
from stages.operations.gate.hold_out_checks import check_hold_out
from stages.operations.gate.scored import (
    Scored,
    check_answers,
    check_gain,
    check_quality,
    decay_of,
    evaluation_data,
    scored,
)
from stages.parameters import Parameters


def judge(champion: Path, challenger: Path, data: HoldOut, params: Parameters) -> Decision:
    """Whether the challenger's bundle replaces the champion's, and all that speaks for or against.

    `UserError` where a bundle cannot be read at all.
    """
    sides = Side.read(champion), Side.read(challenger)
    checks = [
        *check_bundles(*sides, params.money),
        *check_hold_out(data, params.gate, leak_auc=params.explore.leak_auc),
    ]
    gain = None
    if all(check.passed for check in checks):
        more, gain = _on_customers(sides, data, params)
        checks += more
    return _decision(sides, data, checks, gain, params.gate)


def _on_customers(
    sides: tuple[Side, Side], data: HoldOut, params: Parameters
) -> tuple[list[Check], Gain | None]:
    champion, challenger = (
        evaluation_data(side, data, params.evaluate, params.money) for side in sides
    )
    checks = list(check_answers(challenger))
    if not all(check.passed for check in checks):
        return checks, None
    found = scored(sides, champion, challenger)
    decayed = decay_of(champion, sides[0], params.gate)
    checks += check_quality(found, *sides, params.gate, params.report.tolerance)
    checks.append(check_gain(found, decayed, params.gate))
    return checks, _gain(found, decayed, params.gate)


def _gain(found: Scored, decayed: list[str], gate: Gate) -> Gain:
    difference = found.comparison.of(gate.metric)
    figures = {
        "champion": difference.old,
        "challenger": difference.new,
        "difference": difference.value,
        "low": difference.low,
        "high": difference.high,
    }
    known = {name: value if math.isfinite(value) else None for name, value in figures.items()}
    return Gain(metric=gate.metric, decayed=decayed, **known)


def _decision(
    sides: tuple[Side, Side], data: HoldOut, checks: list[Check], gain: Gain | None, gate: Gate
) -> Decision:
    failed = [check for check in checks if not check.passed]
    champion, challenger = sides
    who = f"challenger {challenger.version} against champion {champion.version} on {data.month}"
    deciding = failed[0] if failed else checks[-1]
    verdict = f"refused, {deciding.name}" if failed else "promoted"
    return Decision(
        promoted=not failed,
        summary=f"{who}: {verdict}: {deciding.words}",
        reasons=list(dict.fromkeys(check.name for check in failed)),
        champion=champion.judged,
        challenger=challenger.judged,
        evidence=Evidence(
            month=data.month,
            as_of=data.as_of,
            customers=len(data.features),
            churners=data.churners,
            sha256=data.sha256,
        ),
        gain=gain,
        checks=checks,
        parameters=gate.model_dump(),
    )
