"""What runs around the service: the stack on one machine."""

from __future__ import annotations

import argparse
from pathlib import Path

from stages.commands import Commands
from stages.commands.arguments import ENVIRONMENTS
from stages.core.paths import Paths


def add(commands: Commands) -> None:
    """Teach the command line these commands."""
    up = commands.add_parser(
        "up",
        help="start the service with proxy, Prometheus, Alertmanager and Grafana",
        description="Start deploy/compose.yaml with the settings of an environment, with Docker "
        "Compose or podman-compose, whichever answers first. Secrets that are missing in "
        "deploy/secrets are made.",
    )
    up.add_argument(
        "environment",
        nargs="?",
        choices=ENVIRONMENTS,
        default="dev",
        help="whose settings: dev (default), staging or prod",
    )
    up.add_argument("--mlflow", action="store_true", help="also an MLflow server")
    up.add_argument(
        "--scores", type=Path, help="also the retention page, on this folder that score wrote"
    )
    up.set_defaults(command=_up)
    commands.add_parser(
        "down",
        help="stop what up started",
        description="Stop what up started; the volumes are kept.",
    ).set_defaults(command=_down)
    commands.add_parser(
        "status",
        help="which parts of the stack run, and how they are",
        description="Which parts of the stack run, and how they are.",
    ).set_defaults(command=_status)


def _up(options: argparse.Namespace, paths: Paths) -> None:
    from stages.operations.stack import up

    print(up(options.environment, mlflow=options.mlflow, scores=options.scores, paths=paths))


def _down(_: argparse.Namespace, paths: Paths) -> None:
    from stages.operations.stack import down

    print(down(paths))


def _status(_: argparse.Namespace, paths: Paths) -> None:
    from stages.operations.stack import status

    status(paths)
