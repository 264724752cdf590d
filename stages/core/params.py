"""`params.yaml`: read, and every section held against its model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from scoring.errors import UserError
from stages.core.beside import Ablation, Registry, Report, Tune
from stages.core.paths import PARAMS, relative
from stages.core.sections import Data, Evaluate, Explore, Features, Generate, Money, Section, Train
from stages.core.yamlfile import read_yaml

SECTIONS: dict[str, type[Section]] = {
    "data": Data,
    "generate": Generate,
    "explore": Explore,
    "features": Features,
    "train": Train,
    "money": Money,
    "evaluate": Evaluate,
    "tune": Tune,
    "ablation": Ablation,
    "report": Report,
    "registry": Registry,
}


def read_params(path: Path = PARAMS) -> dict[str, Any]:
    """The sections of a parameter file as plain dicts, not yet validated."""
    content = read_yaml(path)
    if not isinstance(content, dict):
        raise UserError(f"{relative(path)}: expected sections, found {type(content).__name__}")
    return content


def validate(section: str, values: Any) -> Section:
    """The section as its model; `UserError` naming the field and what was expected."""
    if section not in SECTIONS:
        known = ", ".join(SECTIONS)
        raise UserError(f"params.yaml: section {section}: unknown; expected one of {known}")
    try:
        return SECTIONS[section].model_validate(values)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in (section, *fault["loc"]))
        raise UserError(
            f"params.yaml: field {field}: {fault['msg'].removeprefix('Value error, ')}"
        ) from None


def check_params(path: Path = PARAMS) -> dict[str, Section]:
    """Every section, validated; an unknown or missing section is an error."""
    content = read_params(path)
    missing = [section for section in SECTIONS if section not in content]
    if missing:
        raise UserError(f"{relative(path)}: section {missing[0]}: missing")
    return {section: validate(section, values) for section, values in content.items()}


def given(section: str, values: dict[str, Any]) -> Any:
    """The section that the runner injected, or that of `params.yaml` in an interactive session.

    Notebooks call it on their parameter cell, where each section is an empty dict until the
    runner fills it.
    """
    return validate(section, values if values else read_params().get(section))
