"""What a change does: the report of a pull request."""

from __future__ import annotations

import argparse

from stages.commands import Commands
from stages.core.paths import Paths


def add(commands: Commands) -> None:
    """Teach the command line these commands."""
    report = commands.add_parser(
        "report",
        help="what this tree changes, compared with another revision",
        description="Run what changed of the pipeline, compare quality, money, data and speed with "
        "BASE, and write reports/pull_request.md with its pictures. Exit code 1 where the pipeline "
        "fails or more is lost than section report of params.yaml tolerates; the report is there "
        "all the same. Nothing is trained for BASE: what git and DVC's cache have of it counts.",
    )
    report.add_argument("base", metavar="BASE", help="a branch, a tag or a commit")
    report.set_defaults(command=_report)


def _report(options: argparse.Namespace, paths: Paths) -> None:
    from stages.operations.pull_request.report import report

    print(report(options.base, paths))
