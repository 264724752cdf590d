"""What a change of the registry takes to reach others: outputs on DVC's remote, tags on git's."""

from __future__ import annotations

import shlex
import tempfile
from collections.abc import Sequence
from pathlib import Path

from scoring.errors import UserError
from stages.operations.registry.revision import has_remote, revision


def to_share(*tags: str, outputs: Sequence[str] = ()) -> list[str]:
    """The commands that share these tags, after those for the outputs, in lines."""
    # each by its name: a push of more than three tags starts no workflow on GitHub
    lines = [*outputs, shlex.join(["git", "push", "--atomic", "origin", *tags])]
    return ["On this machine only, until you share it:", *(f"  {line}" for line in lines)]


def outputs_to_share(rev: str, root: Path) -> list[str]:
    """The commands that bring the outputs of a commit to others; none where they have them.

    Asks the remote, so call it before a tag is written: whoever interrupts then has changed
    nothing.
    """
    if not has_remote(root):
        return ["dvc remote add -d NAME PLACE, commit .dvc/config, dvc push --all-tags"]
    return [] if _on_remote(rev, root) else ["dvc push --all-tags"]


def _on_remote(rev: str, root: Path) -> bool:
    """Whether bundle, metrics and report are available to somebody whose cache is empty."""
    with tempfile.TemporaryDirectory() as scratch:
        try:
            with revision(rev, root, cache=Path(scratch) / "cache") as commit:
                commit.check()
        except UserError:
            return False
    return True
