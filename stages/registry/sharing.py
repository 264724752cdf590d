"""What a change of the registry takes to reach others: outputs on DVC's remote, tags on git's."""

from __future__ import annotations

import shlex
import tempfile
from pathlib import Path

from stages.core.errors import UserError
from stages.registry.revision import has_remote, revision


def to_share(*tags: str, of: str, root: Path) -> list[str]:
    """The commands that share these tags, of a version by its own tag, in lines."""
    # each by its name: a push of more than three tags starts no workflow on GitHub
    lines = [shlex.join(["git", "push", "--atomic", "origin", *tags])]
    if not has_remote(root):
        lines.insert(0, "dvc remote add -d NAME PLACE, commit .dvc/config, dvc push --all-tags")
    elif not _on_remote(of, root):
        lines.insert(0, "dvc push --all-tags")
    return ["On this machine only, until you share it:", *(f"  {line}" for line in lines)]


def _on_remote(tag: str, root: Path) -> bool:
    """Whether bundle, metrics and report are to be had by somebody whose cache is empty."""
    with tempfile.TemporaryDirectory() as scratch:
        try:
            with revision(tag, root, cache=Path(scratch) / "cache") as commit:
                commit.check()
        except UserError:
            return False
    return True
