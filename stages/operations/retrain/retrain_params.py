"""Parameters of the retraining: section `retrain` of `params.yaml`."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from stages.core.section import Section


class Retrain(Section):
    """When a challenger is trained, and on what."""

    section: ClassVar[str] = "retrain"

    months: Annotated[int, Field(ge=1, le=60)]
    cool_down: Annotated[int, Field(ge=0, le=60)]
    every: Annotated[int, Field(ge=1, le=60)]
    labels: Annotated[int, Field(ge=1)]
