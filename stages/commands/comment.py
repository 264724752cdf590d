"""What workflows do with a report: the comment on the pull request."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from stages.commands import Commands


def add(commands: Commands) -> None:
    """Teach the command line these commands."""
    comment = commands.add_parser(
        "comment",
        help="post a report on its pull request, over the comment before",
        description="Make a report safe and post it with CML on the open pull request whose newest "
        "commit it is of. From the environment: GITHUB_SERVER_URL, GITHUB_API_URL, "
        "GITHUB_REPOSITORY and GITHUB_TOKEN (pull-requests: write); HEAD_REPOSITORY, HEAD_BRANCH "
        "and HEAD_SHA, what was reported on; RUN_URL, where its artifacts are; PUBLISH_URL, where "
        "CML may publish the pictures (default: nowhere).",
    )
    comment.add_argument(
        "folder", type=Path, help="with pull_request.md; where it is missing, the comment says so"
    )
    comment.set_defaults(command=_comment)


def _comment(options: argparse.Namespace) -> None:
    from stages.comment.post import post
    from stages.comment.pulls import Run

    run = Run.from_environment()
    print(post(options.folder, run, publish_url=os.environ.get("PUBLISH_URL", "")))
