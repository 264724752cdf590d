"""Parameters of the simulated customers: section `generate` of `params.yaml`."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from stages.core.section import Group, Proportion, Section, Seed
from stages.simulator.scenarios import NONE, Scenarios

Month = Annotated[int, Field(ge=0, le=48)]
WorldName = Literal[
    "by_risk",
    "independent",
    "unpublished",
    "sleeping_dogs",
    "no_effect",
    "two_offers",
    "not_by_lot",
]


class ScenarioChoice(Group):
    """What happens to the simulated customers, how strongly, and from when on."""

    name: str
    strength: Proportion
    start_month: Month

    @field_validator("name")
    @classmethod
    def _is_known(cls, name: str) -> str:
        known = (NONE, *Scenarios.model_fields)
        if name not in known:
            raise ValueError(f"{name!r} is unknown; expected one of {', '.join(known)}")
        return name


class Campaign(Group):
    """A retention campaign at the first snapshot: what calls do, and whom it calls."""

    world: WorldName
    share: Proportion
    effect: Annotated[float, Field(ge=0, le=5)]


class Generate(Section):
    """The simulated population."""

    section: ClassVar[str] = "generate"

    rows: Annotated[int, Field(ge=200, le=100_000_000)]
    seed: Seed
    snapshot_month: Month
    months: Annotated[int, Field(ge=1, le=49)]
    scenario: ScenarioChoice
    campaign: Campaign

    @property
    def later_months(self) -> range:
        """The months of the snapshots after the first."""
        return range(self.snapshot_month + 1, self.snapshot_month + self.months)

    @model_validator(mode="after")
    def _ends_in_time(self) -> Generate:
        last = self.snapshot_month + self.months - 1
        if last > 48:
            raise ValueError(f"snapshot_month and months: the last month is {last}; at most 48")
        return self
