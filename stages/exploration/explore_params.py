"""Parameters of the exploration: section `explore` of `params.yaml`."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from stages.core.section import Section


class Explore(Section):
    """The look at the data."""

    section: ClassVar[str] = "explore"

    max_levels: Annotated[int, Field(ge=2, le=100)]
    max_columns: Annotated[int, Field(ge=2, le=200)]
    max_customers: Annotated[int, Field(ge=1000)]
    leak_auc: Annotated[float, Field(ge=0.5, le=1)]
