"""The command line: `python -m stages COMMAND`. Exit codes: 0 done, 1 failed, 2 wrong usage."""

from __future__ import annotations

import argparse
import getpass
import os
import sys
from collections.abc import Sequence

from scoring.errors import UserError
from stages.commands import (
    campaign,
    customers,
    delivery,
    experiments,
    loop,
    model,
    monitor,
    pipeline,
    pull_request,
    registry,
    score,
    service,
    sharing,
    stack,
    supply,
)
from stages.core.paths import Paths


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; 0 done, 1 the work failed (last line on stderr says why), 2 wrong usage.

    `monitor` has codes of its own for what it found.
    """
    options = command_line().parse_args(arguments)
    _name_user()
    try:
        code: int | None = options.command(options, Paths.here())
    except UserError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 1
    return code or 0


def _name_user() -> None:
    """Give a user id without a name one, as in a container: DVC asks for it."""
    try:
        getpass.getuser()
    except (KeyError, OSError):
        os.environ["USER"] = f"uid-{os.getuid()}"


def command_line() -> argparse.ArgumentParser:
    """The parser of all commands."""
    parser = argparse.ArgumentParser(prog="python -m stages", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for topic in (
        pipeline,
        customers,
        model,
        experiments,
        pull_request,
        registry,
        score,
        campaign,
        loop,
        monitor,
        service,
        stack,
        sharing,
        supply,
        delivery,
    ):
        topic.add(commands)
    return parser
