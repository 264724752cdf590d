"""Parameters of the monitor: section `monitor` of `params.yaml`."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from stages.core.section import Proportion, Section, Seed


class Monitor(Section):
    """How often a quiet year may alarm, and what is compared with what."""

    section: ClassVar[str] = "monitor"

    false_alarms_per_year: Annotated[float, Field(gt=0, lt=1)]
    reference_months: Annotated[int, Field(ge=1, le=24)]
    least_customers: Annotated[int, Field(ge=30)]
    least_auc: Annotated[float, Field(ge=0.5, le=0.9)]
    fault_share: Proportion
    max_customers: Annotated[int, Field(ge=1_000)]
    seed: Seed

    @property
    def level(self) -> float:
        """Chance of a false alarm that one check has in one month.

        A year has twelve months of three checks: population, departures, calibration. Their chances
        add up to no more than the budget, however they depend on each other (Bonferroni).
        """
        return self.false_alarms_per_year / (12 * 3)
