"""Nested mappings as DVC shows them: one level, by dotted name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def flatten(content: Mapping[str, Any]) -> dict[str, Any]:
    """Every value that is no mapping by its dotted name, as `dvc params diff` has it."""
    return dict(_flat(content, ""))


def _flat(content: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for name, value in content.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
