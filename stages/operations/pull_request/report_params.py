"""Parameters of the report of a pull request: section `report` of `params.yaml`."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from stages.core.section import Group, NonNegative, Proportion, Section


class Tolerance(Group):
    """What a pull request may lose before its report blocks it, per metric in its own unit."""

    roc_auc: NonNegative
    average_precision: NonNegative
    brier: NonNegative
    profit_per_customer: NonNegative
    worse_slices: Annotated[int, Field(ge=0)]


class Report(Section):
    """The comparison of two revisions."""

    section: ClassVar[str] = "report"

    tolerance: Tolerance
    drift: Proportion
