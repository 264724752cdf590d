"""Parameters of the final evaluation: section `evaluate` of `params.yaml`."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from stages.core.section import Level, Section, Seed


class Evaluate(Section):
    """The final evaluation on the test set."""

    section: ClassVar[str] = "evaluate"

    seed: Seed
    resamples: Annotated[int, Field(ge=100, le=10_000)]
    level: Level
    calibration_bins: Annotated[int, Field(ge=2, le=50)]
    min_slice: Annotated[int, Field(ge=1)]
