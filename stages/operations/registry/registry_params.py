"""Parameters of the model registry: section `registry` of `params.yaml`."""

from __future__ import annotations

from typing import ClassVar

from stages.core.section import Group, Proportion, Section


class Floors(Group):
    """What a model has to reach on the test customers to be registered."""

    roc_auc: Proportion
    brier_skill: Proportion
    profit_per_customer: float


class Registry(Section):
    """Which models may be registered."""

    section: ClassVar[str] = "registry"

    floors: Floors
