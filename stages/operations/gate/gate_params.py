"""Parameters of the gate: section `gate` of `params.yaml`."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from stages.core.section import NonNegative, Proportion, Section, Share

JudgedBy = Literal["roc_auc", "average_precision", "brier", "log_loss", "profit_per_customer"]


class Gate(Section):
    """When a challenger replaces the champion."""

    section: ClassVar[str] = "gate"

    metric: JudgedBy
    customers: Annotated[int, Field(ge=50)]
    churners: Annotated[int, Field(ge=10)]
    oldest: Annotated[int, Field(ge=0, le=60)]
    decay: Proportion
    calibration: NonNegative
    latency: Annotated[float, Field(ge=1, allow_inf_nan=False)]
    leak: Share
