"""Parameters of where the customers come from: section `data` of `params.yaml`."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field, model_validator

from stages.core.section import Section


class Data(Section):
    """Where the customers come from."""

    section: ClassVar[str] = "data"

    source: str
    schema_: str = Field(alias="schema")
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None
    without: list[str]

    @property
    def is_generated(self) -> bool:
        """Whether the source is a described population rather than an adopted file."""
        return self.source.endswith((".yaml", ".yml"))

    @model_validator(mode="after")
    def _pinned(self) -> Data:
        if self.is_generated != (self.sha256 is None):
            raise ValueError("an adopted file needs its sha256, a population has none")
        return self
