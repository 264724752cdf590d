"""Parameters of the canary: section `canary` of `params.yaml`."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from stages.core.section import Level, Positive, Proportion, Section

Step = Literal["shadow"] | Annotated[float, Field(gt=0, le=1)]


class Canary(Section):
    """The steps of a deployment, and what each is judged by."""

    section: ClassVar[str] = "canary"

    steps: list[Step]
    least: Annotated[int, Field(ge=50)]
    level: Level
    contacts: Proportion
    failures: Proportion
    differences: Proportion
    poll_seconds: Annotated[float, Field(gt=0, le=10)]
    patience_seconds: Positive

    @model_validator(mode="after")
    def _ends_in_all(self) -> Self:
        shares = [step for step in self.steps if step != "shadow"]
        if not shares or self.steps[-1] != 1.0 or shares != sorted(set(shares)):
            raise ValueError("steps: expected shadow or shares that rise, ending in 1.0")
        if "shadow" in self.steps[1:]:
            raise ValueError("steps: expected shadow first")
        return self
