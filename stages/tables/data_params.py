"""Parameters of where the customers come from: section `data` of `params.yaml`."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field, model_validator

from stages.core.section import Section


def known_encoding(name: str) -> str:
    """The name of an encoding of text, as given; `ValueError` where Python knows none of it."""
    try:
        "a".encode(name)
    except (LookupError, ValueError):
        raise ValueError(
            f"{name}: unknown encoding; expected a name such as windows-1250, shift_jis or utf-8"
        ) from None
    return name


class Data(Section):
    """Where the customers come from.

    `encoding` is that of text files which are not UTF-8: of the adopted one, and of later months.
    """

    section: ClassVar[str] = "data"

    source: str
    schema_: str = Field(alias="schema")
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None
    encoding: Annotated[str, AfterValidator(known_encoding)] | None
    without: list[str]

    @property
    def is_generated(self) -> bool:
        """Whether the source is a described population rather than an adopted file."""
        return self.source.endswith((".yaml", ".yml"))

    @property
    def adopted_with(self) -> str:
        """What `make adopt` is given besides the file, to read it as it was read."""
        return f" ENCODING={self.encoding}" if self.encoding else ""

    @model_validator(mode="after")
    def _pinned(self) -> Data:
        if self.is_generated != (self.sha256 is None):
            raise ValueError("an adopted file needs its sha256, a population has none")
        return self
