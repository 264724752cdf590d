"""The variants of the ablation, each changing one choice of the baseline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from stages.ablation.ablation_params import Ablation
from stages.model.candidates import missing_package
from stages.model.train_params import Train

METHODS = {
    "smote": "SMOTE",
    "adasyn": "ADASYN",
    "undersample": "under-sampling",
    "class_weight": "class weights",
}


@dataclass(frozen=True)
class Variant:
    """One way to model: a candidate under some parameters, and what it is compared with.

    `against` is the name of another variant; the baseline's is None.
    """

    name: str
    candidate: str
    params: Train
    against: str | None


def variants(train: Train, ablation: Ablation) -> tuple[list[Variant], list[str]]:
    """The baseline and every variant, references before what refers to them; what is left out, why.

    The baseline makes every choice the plain way.
    """
    off = _changed(
        train,
        calibration="none",
        encoding=train.encoding.model_copy(update={"categories": "one_hot", "crosses": 0}),
        rebalance=train.rebalance.model_copy(update={"method": "none"}),
    )
    base = Variant(f"{ablation.candidate}, as it is", ablation.candidate, off, None)
    found = [base, *_alone(off, base), *_encodings(base, ablation), *_rebalancing(base)]
    found.append(_with(base, "sigmoid calibration", calibration="sigmoid"))
    others = {
        "stack": ("stacking instead", base.candidate),
        "bag": (f"bagging of {off.bag.member}", off.bag.member),
        "lightgbm": ("LightGBM for XGBoost", "xgboost"),
    }
    for candidate, (name, reference) in others.items():
        if candidate != base.candidate:
            found.append(Variant(name, candidate, off, _name_of(reference, base)))
    return _possible(found)


def _name_of(candidate: str, base: Variant) -> str:
    """The name of a candidate as the baseline would fit it."""
    return base.name if candidate == base.candidate else f"{candidate} alone"


def _with(base: Variant, name: str, **changes: Any) -> Variant:
    return Variant(name, base.candidate, _changed(base.params, **changes), base.name)


def _changed(train: Train, **changes: Any) -> Train:
    return train.model_copy(update=changes)


def _alone(off: Train, base: Variant) -> list[Variant]:
    """The single learners: what an ensemble is worth, and what others are compared with."""
    names = dict.fromkeys([*off.vote.members, off.bag.member, "xgboost"])
    return [
        Variant(_name_of(name, base), name, off, base.name)
        for name in names
        if name != base.candidate
    ]


def _encodings(base: Variant, ablation: Ablation) -> list[Variant]:
    kinds: dict[str, dict[str, Any]] = {
        "hashed categories": {"categories": "hashed", "width": ablation.width},
        "learned embeddings": {"categories": "embedded", "width": ablation.width},
        "feature crosses": {"crosses": ablation.crosses},
    }
    plain = base.params.encoding
    return [
        _with(base, name, encoding=plain.model_copy(update=values))
        for name, values in kinds.items()
    ]


def _rebalancing(base: Variant) -> list[Variant]:
    found = []
    for method, words in METHODS.items():
        for correct in (False, True):
            update = {"method": method, "correct": correct}
            name = f"{words}, corrected to the base rate" if correct else words
            changed = base.params.rebalance.model_copy(update=update)
            found.append(_with(base, name, rebalance=changed))
    return found


def _possible(found: list[Variant]) -> tuple[list[Variant], list[str]]:
    """Without what this environment cannot do; what that is."""
    kept, left_out = [], []
    for variant in found:
        if package := missing_package(variant.candidate):
            left_out.append(f"{variant.name}: the package {package} is not installed")
        else:
            kept.append(variant)
    return kept, left_out
