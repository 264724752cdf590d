"""The files of a work tree that git knows, or would know after `git add`."""

from __future__ import annotations

import shutil
from pathlib import Path

from stages.operations.git import git


def copy_files(place: Path, root: Path) -> None:
    """Copy them from `root` to the new folder `place`, with their times."""
    place.mkdir(parents=True)
    listed = git(root, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for name in filter(None, listed.split("\0")):
        if (root / name).is_file():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, place / name)
