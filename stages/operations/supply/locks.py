"""The locks, as `uv pip compile` writes them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from stages.core.paths import Paths


def locks(paths: Paths) -> list[Path]:
    """The locks of the repository."""
    return sorted((paths.root / "requirements").glob("*.lock"))


_ENTRY = re.compile(
    r"^(?P<name>[a-z0-9._-]+)(?:\[[^]]*\])?==(?P<version>\S+)"
    r"(?: ; (?P<marker>.*?))?(?: \\)?\n(?P<rest>(?:[ ]+.*\n?)*)",
    flags=re.MULTILINE,
)


@dataclass(frozen=True)
class Pin:
    """A locked package: which version, where, with which archives, and who asked for it.

    name       as the package index writes it
    version    exactly
    marker     the platforms and Pythons it is for; empty for all
    hashes     SHA-256 of each of its archives
    asked_by   names of the packages that need it
    """

    name: str
    version: str
    marker: str
    hashes: tuple[str, ...]
    asked_by: tuple[str, ...]


def read_lock(path: Path) -> Iterator[Pin]:
    """Every entry of a lock; a package occurs twice where the lock forks by platform or Python."""
    for entry in _ENTRY.finditer(path.read_text(encoding="utf-8")):
        rest = entry["rest"]
        asked_by = re.findall(r"^ +#(?: via)? +([a-z0-9._-]+)$", rest, flags=re.MULTILINE)
        yield Pin(
            entry["name"],
            entry["version"],
            entry["marker"] or "",
            tuple(re.findall(r"--hash=sha256:([0-9a-f]{64})", rest)),
            tuple(name for name in asked_by if name != "via"),
        )
