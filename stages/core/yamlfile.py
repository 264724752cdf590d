"""Reading YAML (version 1.2: `No` is text), with errors that name the file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from scoring.errors import UserError, one_line, shown
from scoring.schema import Schema, parse_schema


def read_yaml(path: Path) -> Any:
    """The content of a YAML or JSON file; `UserError` where it is missing or not YAML."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        return YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{shown(path)}: no such file; expected YAML") from None
    except (YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{shown(path)}: not YAML: {one_line(error)}") from None


def load_schema(path: Path) -> Schema:
    """The schema in a YAML or JSON file; `UserError` where it is missing or wrong."""
    return parse_schema(read_yaml(path), origin=shown(path))
