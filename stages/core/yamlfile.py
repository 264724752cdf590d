"""Reading YAML (version 1.2: `No` is text), with errors that name the file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scoring.errors import UserError
from scoring.schema import Schema, parse_schema
from stages.core.paths import shown


def read_yaml(path: Path) -> Any:
    """The content of a YAML or JSON file; `UserError` where it is missing or not YAML."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        return YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{shown(path)}: no such file; expected YAML") from None
    except (YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{shown(path)}: not YAML: {' '.join(str(error).split())}") from None


def update_yaml(path: Path, changes: Mapping[str, Mapping[str, Any]]) -> None:
    """Set some keys of some sections; comments, order and everything else stay as they are.

    A mapping within a section is merged likewise: its other keys stay.
    """
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 4096  # long lines stay lines
    yaml.representer.add_representer(
        type(None), lambda dumper, _: dumper.represent_scalar("tag:yaml.org,2002:null", "null")
    )
    content = yaml.load(path.read_text(encoding="utf-8"))
    for section, values in changes.items():
        _merge(content[section], values)
    with path.open("w", encoding="utf-8") as file:
        yaml.dump(content, file)


def _merge(content: Any, changes: Mapping[str, Any]) -> None:
    for key, value in changes.items():
        if isinstance(value, Mapping) and isinstance(content.get(key), Mapping):
            _merge(content[key], value)
        else:
            content[key] = value


def load_schema(path: Path) -> Schema:
    """The schema in a YAML or JSON file; `UserError` where it is missing or wrong."""
    return parse_schema(read_yaml(path), origin=shown(path))
