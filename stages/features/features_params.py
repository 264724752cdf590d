"""Parameters of the split: section `features` of `params.yaml`."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from stages.core.section import Section, Seed


class Features(Section):
    """The split."""

    section: ClassVar[str] = "features"

    test_share: Annotated[float, Field(ge=0.05, le=0.5)]
    seed: Seed
    max_customers: Annotated[int, Field(ge=200)]
    max_cells: Annotated[int, Field(ge=200)]
