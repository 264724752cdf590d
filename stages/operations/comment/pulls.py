"""Which pull request a run of the report belongs to: asked of GitHub, never of the report."""

from __future__ import annotations

import json
import os
import re
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from scoring.errors import UserError

SECONDS = 30


VARIABLES = (  # of the environment, in the order of the fields of `Run`
    "GITHUB_SERVER_URL",
    "GITHUB_API_URL",
    "GITHUB_REPOSITORY",
    "HEAD_REPOSITORY",
    "HEAD_BRANCH",
    "HEAD_SHA",
    "RUN_URL",
    "GITHUB_TOKEN",
)


@dataclass(frozen=True)
class Run:
    """A finished run of the report, in the words of the event that tells of it."""

    server: str
    """Such as https://github.com."""
    api: str
    repository: str
    """Where the pull request is: owner/name."""
    head_repository: str
    """Where its commits are: owner/name, of a fork or of the repository itself."""
    head_branch: str
    head_sha: str
    url: str
    token: str = field(repr=False)

    @classmethod
    def from_environment(cls) -> Run:
        """Read the run from the variables of GitHub Actions and of `comment.yml`."""
        missing = [name for name in VARIABLES if not os.environ.get(name)]
        if missing:
            raise UserError(f"{', '.join(missing)}: not set; see docs/workflows.md")
        run = cls(*(os.environ[name] for name in VARIABLES))
        run._check()
        return run

    def _check(self) -> None:
        shapes = {
            "GITHUB_API_URL": (self.api, r"https://\S+", "an https address"),
            "GITHUB_REPOSITORY": (self.repository, r"[\w.-]+/[\w.-]+", "owner/name"),
            "HEAD_REPOSITORY": (self.head_repository, r"[\w.-]+/[\w.-]+", "owner/name"),
            "HEAD_SHA": (self.head_sha, r"[0-9a-f]{40}", "a commit, 40 hexadecimal digits"),
            "RUN_URL": (self.url, re.escape(self.home) + r"/[\w./-]+", f"a run of {self.home}"),
        }
        for name, (value, shape, expected) in shapes.items():
            if not re.fullmatch(shape, value):
                raise UserError(f"{name}: {value!r}; expected {expected}")

    @property
    def home(self) -> str:
        """The address of the repository."""
        return f"{self.server}/{self.repository}"


def open_pull_requests(run: Run) -> list[int]:
    """The open pull requests whose newest commit is the run's.

    None where there is a newer commit, whose own report is on its way, and where the pull request
    was closed. Several where a branch is proposed to several others.
    """
    owner, _, _ = run.head_repository.partition("/")
    asked = {"state": "open", "head": f"{owner}:{run.head_branch}", "per_page": "100"}
    listed = _get(f"{run.api}/repos/{run.repository}/pulls?{urllib.parse.urlencode(asked)}", run)
    return sorted(pull["number"] for pull in listed if _is_head(pull["head"], run))


def _is_head(head: Mapping[str, Any], run: Run) -> bool:
    repository = head["repo"] or {"full_name": None}  # the fork may be gone
    return head["sha"] == run.head_sha and repository["full_name"] == run.head_repository


def _get(address: str, run: Run) -> Any:
    request = urllib.request.Request(address, headers={"Accept": "application/vnd.github+json"})
    request.add_unredirected_header("Authorization", f"Bearer {run.token}")
    try:
        # 2026-11-21: an https address, which `_check` has seen to
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # nosec B310
            return json.load(answer)
    except (OSError, ValueError) as error:  # refused, unreachable, or not JSON
        raise UserError(f"{run.api}: {error}; expected the open pull requests") from error
