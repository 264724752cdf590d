"""Editing YAML files that people write: comments, order and everything else stay as they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def edited_yaml(path: Path) -> Iterator[Any]:
    """The content of a YAML file, to be changed in place and written at the end."""
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 4096  # long lines stay lines
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.representer.add_representer(
        type(None), lambda dumper, _: dumper.represent_scalar("tag:yaml.org,2002:null", "null")
    )
    content = yaml.load(path.read_text(encoding="utf-8"))
    yield content
    with path.open("w", encoding="utf-8") as file:
        yaml.dump(content, file)


def update_yaml(path: Path, changes: Mapping[str, Mapping[str, Any]]) -> None:
    """Set some keys of some sections.

    A mapping within a section is merged likewise: its other keys stay.
    """
    with edited_yaml(path) as content:
        for section, values in changes.items():
            _merge(content[section], values)


def _merge(content: Any, changes: Mapping[str, Any]) -> None:
    for key, value in changes.items():
        if isinstance(value, Mapping) and isinstance(content.get(key), Mapping):
            _merge(content[key], value)
        else:
            content[key] = value
