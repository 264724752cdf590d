"""Parameters of the ablation: section `ablation` of `params.yaml`."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from stages.core.section import Folds, Level, Repeats, Section, Seed
from stages.model.train_params import CandidateName


class Ablation(Section):
    """The effect of each variant."""

    section: ClassVar[str] = "ablation"

    seed: Seed
    folds: Folds
    repeats: Repeats
    level: Level
    candidate: CandidateName
    crosses: Annotated[int, Field(ge=1, le=1000)]
    width: Annotated[int, Field(ge=1, le=256)]
