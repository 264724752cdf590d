"""The cache of a team, in the DVC remote of the repository."""

from __future__ import annotations

import argparse

from stages.commands import Commands
from stages.core.paths import Paths


def add(commands: Commands) -> None:
    """Teach the command line these commands."""
    commands.add_parser(
        "pull",
        help="bring outputs from the DVC remote",
        description="Bring the outputs that dvc.lock names from the default DVC remote, checked "
        "against their hashes. Exit code 1 where it does not hold all; `repro` rebuilds the rest.",
    ).set_defaults(command=_pull)
    commands.add_parser(
        "push",
        help="send outputs to the DVC remote",
        description="Send the outputs that dvc.lock names to the default DVC remote. Runs of other "
        "parameters stay here; `dvc push --run-cache` sends them too.",
    ).set_defaults(command=_push)


def _pull(_: argparse.Namespace, paths: Paths) -> None:
    from stages.operations.sharing import pull

    print(pull(paths))


def _push(_: argparse.Namespace, paths: Paths) -> None:
    from stages.operations.sharing import push

    print(push(paths))
