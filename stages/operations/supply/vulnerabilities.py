"""What is known against the locked packages: pip-audit, less what is accepted for a while."""

from __future__ import annotations

import datetime
import json
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from scoring.errors import UserError, first_problem
from stages.core.paths import Paths
from stages.core.quantity import quantity
from stages.operations.programs import reason
from stages.operations.supply.locks import locks, read_lock

SECTION = "tool.churn.accepted-vulnerabilities"


class Acceptance(BaseModel):
    """A known vulnerability that is lived with: which, since and until when, and why."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    package: str
    since: datetime.date
    until: datetime.date
    reason: str


@dataclass(frozen=True)
class Vulnerability:
    """What a vulnerability service knows against a version of a package."""

    package: str
    version: str
    ids: tuple[str, ...]
    fixed: tuple[str, ...]
    summary: str

    def __str__(self) -> str:
        fixed = f"fixed in {', '.join(self.fixed)}" if self.fixed else "not fixed yet"
        return f"{self.package} {self.version}: {', '.join(self.ids)}: {fixed}: {self.summary}"


def audit(paths: Paths, *, osv: str | None = None, today: datetime.date | None = None) -> str:
    """Ask about every package of every lock, on whatever platform; what was found, in words.

    osv    address of a service that speaks OSV's protocol; otherwise the package index is asked
    today  that acceptances are compared with

    `UserError` for a vulnerability that is not accepted, for an acceptance that is over or no
    longer needed, and where not every package could be asked about.
    """
    accepted = acceptances(paths.root / "pyproject.toml", today=today or datetime.date.today())
    pins = {(pin.name, pin.version) for lock in locks(paths) for pin in read_lock(lock)}
    print(f"Asking about {len(pins)} packages, which takes a minute or two", file=sys.stderr)
    found = [each for asked in rounds(pins) for each in _ask(asked, osv)]
    _judge(found, accepted)
    summary = f"{_known(found)}, accepted for now" if found else "no known vulnerability"
    return f"{len(pins)} locked packages: {summary}"


def acceptances(path: Path, *, today: datetime.date) -> list[Acceptance]:
    """What the project's configuration accepts; `UserError` where it is over or badly written."""
    tools = tomllib.loads(path.read_text(encoding="utf-8"))["tool"]
    entries = tools.get("churn", {}).get("accepted-vulnerabilities", [])
    try:
        accepted = [Acceptance.model_validate(entry) for entry in entries]
    except ValidationError as error:
        raise UserError(f"pyproject.toml: {SECTION}: {first_problem(error)}") from error
    for entry in accepted:
        if entry.until < today:
            raise UserError(
                f"pyproject.toml: {SECTION}: {entry.id} of {entry.package} was accepted until "
                f"{entry.until}; upgrade with `make lock`, or accept it again with a reason"
            )
    return accepted


def rounds(pins: Iterable[tuple[str, str]]) -> Iterator[list[str]]:
    """Requirements in which no package occurs twice: a lock may hold two versions of one."""
    left = sorted(pins)
    while left:
        first = dict(reversed(left))
        yield [f"{name}=={version}" for name, version in sorted(first.items())]
        left = [pin for pin in left if pin not in first.items()]


def _ask(requirements: Sequence[str], osv: str | None) -> Iterator[Vulnerability]:
    with tempfile.TemporaryDirectory() as scratch:
        asked, answer = Path(scratch) / "requirements.txt", Path(scratch) / "answer.json"
        asked.write_text("\n".join(requirements), encoding="utf-8")
        command = [sys.executable, "-m", "pip_audit", "--requirement", str(asked)]
        command += ["--no-deps", "--disable-pip", "--progress-spinner=off"]
        command += ["--format=json", "--output", str(answer)]
        command += ["--vulnerability-service=osv", "--osv-url", osv] if osv else []
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if not answer.is_file():
            raise UserError(f"vulnerability service not reachable: {reason(done)}")
        yield from _answered(json.loads(answer.read_text(encoding="utf-8"))["dependencies"])


def _answered(packages: Sequence[dict[str, Any]]) -> Iterator[Vulnerability]:
    """`UserError` where a package was skipped: what is not looked up passes for sound otherwise."""
    skipped = [package["name"] for package in packages if "skip_reason" in package]
    if skipped:
        raise UserError(
            f"vulnerability service: knows nothing of {len(skipped)} packages, such as "
            f"{skipped[0]}; expected an answer for each; a mirror may not have one: ask another "
            "service with `make audit OSV=<address>`"
        )
    for package in packages:
        for known in package["vulns"]:
            yield Vulnerability(
                package["name"],
                package["version"],
                ids=(known["id"], *known["aliases"]),
                fixed=tuple(known["fix_versions"]),
                summary=" ".join(known["description"].split()[:20]),
            )


def _judge(found: Sequence[Vulnerability], accepted: Sequence[Acceptance]) -> None:
    def covers(entry: Acceptance, known: Vulnerability) -> bool:
        return entry.package == known.package and entry.id in known.ids

    open_ones = [known for known in found if not any(covers(entry, known) for entry in accepted)]
    if open_ones:
        raise UserError(
            f"locks: {_known(open_ones)}; expected none: upgrade with `make lock`, or accept each "
            f"for a while in pyproject.toml, {SECTION}",
            details=tuple(map(str, open_ones)),
        )
    for entry in accepted:
        if not any(covers(entry, known) for known in found):
            raise UserError(
                f"pyproject.toml: {SECTION}: {entry.id} of {entry.package} is not found any more; "
                "remove it"
            )


def _known(found: Sequence[Vulnerability]) -> str:
    return quantity(len(found), "known vulnerability", "known vulnerabilities")
