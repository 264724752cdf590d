"""The comment: the report made safe, a line of our own above it, posted by CML."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from scoring.errors import UserError
from stages.core.paths import Paths
from stages.operations.comment.pulls import Run, open_pull_requests
from stages.operations.comment.safe import cut, safe

REPORT = "pull_request.md"
READ_BYTES = 1_000_000  # of the report: more than GitHub takes
PICTURE_BYTES = 5_000_000
# CML tells the kind of a picture with a library that takes a Node with `fetch` for a browser.
NO_FETCH = "--import=data:text/javascript,delete%20globalThis.fetch"
NAME = re.compile(r"[\w./-]{1,200}")
PNG = b"\x89PNG\r\n\x1a\n"


def post(folder: Path, run: Run, paths: Paths, *, publish_url: str = "") -> str:
    """Post the report in `folder` on the pull request of `run`; the address of the comment.

    Pictures are published at `publish_url`; without one, they are named and stay in the artifacts.
    """
    numbers = open_pull_requests(run)
    if not numbers:
        return f"nothing posted: {run.head_sha[:7]} is the head of no open pull request (any more)"
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        (place / REPORT).write_text(
            comment(folder, run, pictures=place if publish_url else None), encoding="utf-8"
        )
        return "\n".join(_cml(place, run, number, publish_url, paths.root) for number in numbers)


def comment(folder: Path, run: Run, *, pictures: Path | None = None) -> str:
    """The text of the comment; the pictures it shows are copied to `pictures`."""
    artifacts = f"[this run]({run.url}#artifacts)"
    commit = f"`{run.head_sha[:7]}`"
    report = folder / REPORT
    if report.is_symlink() or not report.is_file():
        return f"{commit} has no report: the workflow ended before it wrote one. See {artifacts}.\n"
    with report.open("rb") as file:
        text = file.read(READ_BYTES).decode("utf-8", errors="replace")
    text = text.replace(f"[this run]({run.url})", "this run")  # our line above has that link
    whole = safe(text, picture=_shown(folder, run, pictures))
    shown = cut(whole)
    line = f"Of {commit}, written by its own code; HTML reports and pictures are with {artifacts}."
    if shown != whole:
        line += f" Cut after {len(shown):,} characters; the whole of it is there, too."
    return f"{line}\n\n{shown}\n"


def _shown(folder: Path, run: Run, pictures: Path | None) -> Callable[[str, str], str]:
    """What replaces a picture: itself where it is published, else where to find it."""

    def shown(caption: str, address: str) -> str:
        file = folder / address
        if not NAME.fullmatch(address) or not _is_picture(file, folder):
            return f"(picture left out: {caption})"
        if pictures is None:
            return f"[{caption or 'picture'}]({run.url}#artifacts)"
        name = f"{len(list(pictures.iterdir()))}.png"
        shutil.copyfile(file, pictures / name)
        return f"![{caption}]({name})"

    return shown


def _is_picture(file: Path, folder: Path) -> bool:
    """Whether it is a PNG within the folder, and no link out of it."""
    # realpath, unlike resolve(), takes links that lead in a circle
    if not Path(os.path.realpath(file)).is_relative_to(os.path.realpath(folder)):
        return False
    if not file.is_file():
        return False
    with file.open("rb") as opened:
        return opened.read(len(PNG)) == PNG and file.stat().st_size <= PICTURE_BYTES


def _cml(place: Path, run: Run, number: int, publish_url: str, root: Path) -> str:
    """CML finds the comment it made before by its watermark, which carries the commit."""
    publish = f"--publish-url={publish_url}" if publish_url else "--publish=false"
    environment = os.environ | {
        "REPO_TOKEN": run.token,  # not an argument, which other processes could read
        "GITHUB_SHA": run.head_sha,  # what the watermark carries
        "GITHUB_EVENT_NAME": "workflow_run",
        "GIT_CONFIG_GLOBAL": str(place / "gitconfig"),  # CML writes safe.directory=* there
        "ITERATIVE_DO_NOT_TRACK": "1",
        "NODE_OPTIONS": f"{os.environ.get('NODE_OPTIONS', '')} {NO_FETCH}",
    }
    environment.pop("GITHUB_SERVER_URL", None)  # or it asks who the user is, for its telemetry
    try:
        done = subprocess.run(
            ["cml", "comment", "update", "--driver=github", f"--repo={run.home}",
             f"--target=pr/{number}", publish, str(place / REPORT)],
            cwd=root, env=environment, stdout=subprocess.PIPE, text=True, check=True,
        )  # fmt: skip
    except FileNotFoundError as error:
        raise UserError("cml: not on the PATH; expected CML, which `make cml` installs") from error
    except subprocess.CalledProcessError as error:
        raise UserError(f"cml: exit code {error.returncode} on pull request {number}") from error
    return done.stdout.strip()
