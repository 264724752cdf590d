"""The sections of `params.yaml`: the base of their models, and the types that several use.

The model of a section belongs to the room that reads it; ranges are in the model, the meaning of
each parameter is a comment in `params.yaml`.
"""

from __future__ import annotations

from pathlib import Path
from pprint import pformat
from typing import Annotated, Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from scoring.errors import UserError, shown
from stages.core.paths import Paths
from stages.core.yamlfile import read_yaml

Share = Annotated[float, Field(gt=0, le=1)]
Proportion = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Level = Annotated[float, Field(ge=0.5, le=0.999)]
Folds = Annotated[int, Field(ge=2, le=20)]
Repeats = Annotated[int, Field(ge=1, le=50)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]


class Group(BaseModel):
    """Parameters that belong together: no key unknown or missing, no text in place of a number."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Section(Group):
    """A section of `params.yaml`, which knows its name there."""

    section: ClassVar[str]

    @classmethod
    def of(cls, values: Any) -> Self:
        """The section of these values; `UserError` naming the field and what was expected."""
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            field, problem = _place_and_problem(values, first)
            raise UserError(f"params.yaml: field {cls.section}{field}: {problem}") from None

    @classmethod
    def given(cls, values: dict[str, Any], paths: Paths) -> Self:
        """The section that the runner injected, or that of `params.yaml` where `values` is empty.

        Notebooks call it on their parameter cell, whose values are empty in an interactive session:
        then those of `params.yaml` are shown.
        """
        if not values:
            values = read_params(paths.params).get(cls.section, {})
            print(f"{cls.section} = {pformat(values, width=96, compact=True, sort_dicts=False)}")
        return cls.of(values)


def _place_and_problem(values: Any, error: Any) -> tuple[str, str]:
    """Where an error is, as the file has it, and what it is.

    pydantic puts the tag of a union between the keys: what is no key of the values is left out.
    """
    if error["type"].startswith("union_tag"):
        tag = error["ctx"]["discriminator"].strip("'")
        missing = error["type"] == "union_tag_not_found"
        problem = "Field required" if missing else error["msg"]
        return "".join(f".{part}" for part in (*error["loc"], tag)), problem
    *parents, last = error["loc"] or ("",)
    field, place = "", values
    for part in parents:
        if isinstance(place, dict) and part not in place:
            continue
        field, place = f"{field}.{part}", place[part]
    return f"{field}.{last}" if error["loc"] else "", error["msg"].removeprefix("Value error, ")


def read_params(path: Path) -> dict[str, Any]:
    """The sections of a parameter file as plain dicts, not validated."""
    content = read_yaml(path)
    if not isinstance(content, dict):
        raise UserError(f"{shown(path)}: expected sections, found {type(content).__name__}")
    return content
