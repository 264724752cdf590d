"""The only place that runs git: what it prints, by arguments."""

from __future__ import annotations

import subprocess
from pathlib import Path

from scoring.errors import UserError


def git(root: Path, *arguments: str) -> str:
    """What git prints in a folder, without white space at its end.

    `subprocess.CalledProcessError` where git fails, with its words as `stderr`.
    """
    return git_bytes(root, *arguments).decode("utf-8", errors="surrogateescape").rstrip()


def git_bytes(root: Path, *arguments: str) -> bytes:
    """What git prints, as it is: the content of a file of a commit; errors as of `git`."""
    command = ["git", *arguments]
    return subprocess.run(command, cwd=root, capture_output=True, check=True).stdout


def check_git(root: Path) -> None:
    """`UserError` in git's words where it does not work in a folder.

    No clone, one that belongs to another user, or no git at all.
    """
    try:
        git(root, "rev-parse", "--git-dir")
    except subprocess.CalledProcessError as error:
        words = " ".join(error.stderr.decode(errors="replace").split())
        raise UserError(f"git: {words.removeprefix('fatal: ')}; expected a clone") from None
    except FileNotFoundError:
        raise UserError("git: not installed; expected it on the PATH") from None
