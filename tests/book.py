"""The commands in `docs/operations.md`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.places import ROOT

BOOK = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
PROGRAMS = (
    *("make", "curl", "kubectl", "tar", "docker", "du", "openssl", "git"),
    *("prometheus", "prometheus-alertmanager", "promtool", "grafana"),
)


def commands() -> Iterator[str]:
    """The commands of the book, without comments, settings in front and continued lines."""
    parts = BOOK.replace("\\\n", " ").split("```")
    lines = [line for block in parts[1::2] for line in block.splitlines()]
    pieces = [*lines, *re.findall(r"`([^`\n]+)`", "".join(parts[::2]))]
    programs = "|".join(map(re.escape, PROGRAMS))
    for piece in pieces:
        for part in re.sub(r"\s+# .*", "", piece).split(" && "):
            command = re.sub(r"^([A-Z_]+=\S*\s+)+", "", part.strip()).removeprefix(".venv/bin/")
            if re.match(rf"({programs}|python -m stages) \S", command):
                yield " ".join(command.split())
