"""Never half a result: scored parts in a folder next to the output, until the output is whole.

    OUT.partial/
      manifest.json          what is scored: hashes of input and model, options
      00000-000003.arrow     a chunk: its scores, and in the metadata what was rejected
      lock                   taken by the run that writes here

A part is written under another name and renamed once it is whole, so a part that is there is
finished, whenever a run was stopped. The next run with the same manifest goes on from them.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
from filelock import FileLock, Timeout

from scoring.errors import UserError, shown
from stages.core.quantity import quantity

MANIFEST, SUFFIX, LOCK = "manifest.json", ".arrow", "lock"
PARTIAL = ".partial"
ABOUT = b"about"


@dataclass(frozen=True)
class About:
    """What is known of a part apart from its scores.

    `rejects` are row number and reason; `counts` how many of the customers have each code of a
    category, or fall between the edges of a number, by column; `contacts` likewise of those whom to
    contact.
    """

    file: str
    tier: str
    rejects: Sequence[Sequence[Any]] = ()
    problems: Mapping[str, int] = field(default_factory=dict)
    examples: Mapping[str, str] = field(default_factory=dict)
    warnings: Mapping[str, int] = field(default_factory=dict)
    faults: Mapping[str, str] = field(default_factory=dict)
    counts: Mapping[str, Sequence[int]] = field(default_factory=dict)
    contacts: Mapping[str, Sequence[int]] = field(default_factory=dict)


class Work:
    """The folder of a run that is not finished, for the output at `target`."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self.folder = target.with_name(target.name + PARTIAL)
        self._lock = FileLock(self.folder / LOCK)

    def take(self) -> None:
        """Take the folder for this run; `UserError` where another run holds it."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._lock.acquire(timeout=0)
        except Timeout:
            raise UserError(
                f"{shown(self.folder)}: another run is writing there; expected one at a time"
            ) from None
        except OSError as error:
            raise UserError(
                f"{shown(self.target.parent)}: cannot be written to ({error.strerror}); expected "
                "a folder for the results"
            ) from None

    def resume(self, manifest: Mapping[str, Any]) -> str:
        """Keep the finished parts of an earlier run if they are of the same; words on them."""
        path = self.folder / MANIFEST
        try:
            before = json.loads(path.read_bytes())
        except (FileNotFoundError, ValueError):
            before = None
        if before != manifest:
            self._clear()
            write_whole(path, json.dumps(manifest, indent=1).encode())
        for left in self.folder.glob("*.tmp"):
            left.unlink()
        if before is None:
            return ""
        if before == manifest:
            return f"Going on: {quantity(len(self.finished()), 'part')} scored before"
        changed = [key for key in manifest if before.get(key) != manifest[key]]
        return f"Starting over: {' and '.join(changed)} changed since the run that was stopped"

    def _clear(self) -> None:
        for path in self.folder.iterdir():
            if path.suffix == SUFFIX:
                path.unlink()

    def finished(self) -> list[str]:
        """The names of the parts that are there, in the order of the input."""
        found = sorted(self.folder.glob(f"*{SUFFIX}"))
        return [path.stem for path in found if path.stat().st_size]

    def scratch(self, name: str) -> Path:
        """A new folder for what has to be fetched."""
        folder = self.folder / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder

    def read(self, name: str) -> tuple[pa.Table, About]:
        """Scores of a part, and what is known of it."""
        with pa.memory_map(str(self.folder / f"{name}{SUFFIX}")) as file:
            table = pa.ipc.open_file(file).read_all()
        return table, About(**json.loads(table.schema.metadata[ABOUT]))

    def end(self) -> None:
        """Let go of the folder and remove it: the output is whole."""
        self._lock.release()
        shutil.rmtree(self.folder, ignore_errors=True)

    def leave(self) -> None:
        """Let go of the folder; what is finished stays for the next run."""
        self._lock.release()
        if not self.finished():
            shutil.rmtree(self.folder, ignore_errors=True)


def write_part(folder: Path, name: str, table: pa.Table, about: About) -> None:
    """Write a part; it appears under its name when it is whole."""
    table = table.replace_schema_metadata({ABOUT: json.dumps(asdict(about))})
    scratch = folder / f"{name}.{os.getpid()}.tmp"
    with (
        pa.OSFile(str(scratch), "wb") as file,
        pa.ipc.new_file(file, table.schema) as writer,
    ):
        writer.write_table(table)
    scratch.replace(folder / f"{name}{SUFFIX}")


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that appears under its name when it is whole."""
    scratch = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    scratch.write_bytes(content)
    scratch.replace(path)
