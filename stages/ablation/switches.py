"""The switches, each turned on alone."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from stages.core.params import Ablation, Train
from stages.core.schema import Schema
from stages.model.candidates import unavailable
from stages.model.encoding import layout

METHODS = {
    "smote": "SMOTE",
    "adasyn": "ADASYN",
    "undersample": "under-sampling",
    "class_weight": "class weights",
}


@dataclass(frozen=True)
class Switch:
    """One way to model: a candidate under some parameters, and what it is compared with.

    `against` is the name of another switch; the baseline's is None.
    """

    name: str
    candidate: str
    params: Train
    against: str | None


def switches(train: Train, ablation: Ablation, schema: Schema) -> tuple[list[Switch], list[str]]:
    """The baseline and every switch, references before what refers to them; what is left out, why.

    The baseline has every switch off.
    """
    off = _changed(
        train,
        calibration="none",
        encoding=train.encoding.model_copy(update={"categories": "one_hot", "crosses": 0}),
        rebalance=train.rebalance.model_copy(update={"method": "none"}),
    )
    base = f"{ablation.candidate}, as it is"
    found = [Switch(base, ablation.candidate, off, None)]
    found += _alone(off, base, ablation.candidate)
    found += _encodings(off, base, ablation)
    found += _rebalancing(off, base, ablation.candidate)
    found.append(Switch("stacking instead", "stack", off, base))
    found.append(
        Switch(
            "sigmoid calibration", ablation.candidate, _changed(off, calibration="sigmoid"), base
        )
    )
    found.append(Switch(f"bagging of {off.bag.member}", "bag", off, _only(off.bag.member)))
    found.append(
        Switch(
            f"time to churn ({off.hazard.member} hazard)", "hazard", off, _only(off.hazard.member)
        )
    )
    found.append(Switch("LightGBM for XGBoost", "lightgbm", off, _only("xgboost")))
    return _possible(found, schema)


def _changed(train: Train, **changes: Any) -> Train:
    return train.model_copy(update=changes)


def _only(member: str) -> str:
    return f"{member} alone"


def _alone(off: Train, base: str, candidate: str) -> list[Switch]:
    """The single learners: what an ensemble is worth, and what others are compared with."""
    names = dict.fromkeys([*off.vote.members, off.bag.member, off.hazard.member, "xgboost"])
    return [Switch(_only(name), name, off, base) for name in names if name != candidate]


def _encodings(off: Train, base: str, ablation: Ablation) -> list[Switch]:
    kinds: dict[str, dict[str, Any]] = {
        "hashed categories": {"categories": "hashed", "width": ablation.width},
        "learned embeddings": {"categories": "embedded", "width": ablation.width},
        "feature crosses": {"crosses": ablation.crosses},
    }
    return [
        Switch(
            name,
            ablation.candidate,
            _changed(off, encoding=off.encoding.model_copy(update=values)),
            base,
        )
        for name, values in kinds.items()
    ]


def _rebalancing(off: Train, base: str, candidate: str) -> list[Switch]:
    found = []
    for method, words in METHODS.items():
        for correct in (False, True):
            changed = off.rebalance.model_copy(update={"method": method, "correct": correct})
            name = f"{words}, corrected to the base rate" if correct else words
            found.append(Switch(name, candidate, _changed(off, rebalance=changed), base))
    return found


def _possible(found: list[Switch], schema: Schema) -> tuple[list[Switch], list[str]]:
    """Without what these columns or this environment cannot do, and what refers to it."""
    shape, kept, left_out = layout(schema), [], []
    for switch in found:
        why = unavailable(switch.candidate, shape)
        if switch.candidate == "lightgbm" and find_spec("lightgbm") is None:
            why = "the extra lightgbm is not installed"
        if why is None:
            kept.append(switch)
        else:
            left_out.append(f"{switch.name}: {why}")
    return kept, left_out
