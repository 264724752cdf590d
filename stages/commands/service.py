"""The running prediction service."""

from __future__ import annotations

import argparse

from stages.commands import Commands
from stages.core.paths import Paths


def add(commands: Commands) -> None:
    """Teach the command line these commands."""
    smoke = commands.add_parser(
        "smoke",
        help="send a few requests to a running prediction service",
        description="Send a few requests to a running prediction service, right and wrong ones, "
        "and check each answer against the service's own document.",
    )
    smoke.add_argument("url", help="such as http://localhost:3000; a key in CHURN_API_KEY")
    smoke.set_defaults(command=_smoke)


def _smoke(options: argparse.Namespace, paths: Paths) -> None:
    from stages.operations.smoke_test import smoke

    print(smoke(options.url))
