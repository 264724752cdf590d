"""The registry of models: versions, the stages they stand in, and their bundles."""

from __future__ import annotations

import argparse
from pathlib import Path

from stages.commands import Commands

STAGES = ("staging", "prod")
BUMPS = ("patch", "minor", "major")


def add(commands: Commands) -> None:
    """Teach the command line these commands."""
    _add_register(commands)
    _add_promote(commands)
    demote = commands.add_parser("demote", help="leave a stage of the registry empty")
    demote.add_argument("stage", type=_stage, choices=STAGES, help="or STAGE=prod")
    demote.add_argument("--reason", help="for the message of the tag")
    demote.set_defaults(command=_demote)
    models = commands.add_parser(
        "models",
        help="what stands where, since when, with which metrics",
        description="The registered versions, the stages they stand in, since when and by whom, "
        "and their test metrics with intervals.",
    )
    models.add_argument("--json", action="store_true", help="for programs")
    models.set_defaults(command=_models)
    _add_fetch(commands)


def _add_register(commands: Commands) -> None:
    register = commands.add_parser(
        "register",
        help="make the committed champion a version of the registry",
        description="A git tag churn@v… with the evidence in its message. Refused where the work "
        "tree is not what is committed, metrics are missing or below the floors in params.yaml, "
        "the champion has a version already, or fails a behaviour test.",
    )
    register.add_argument(
        "--bump",
        choices=BUMPS,
        default="patch",
        help="the number to count up: patch (the default), minor, or major for other columns",
    )
    register.set_defaults(command=_register)


def _add_promote(commands: Commands) -> None:
    promote = commands.add_parser(
        "promote",
        help="put a version into a stage of the registry",
        description="A git tag churn#STAGE#…; an older version than the one there is a rollback. "
        "Refused unless evaluation, behaviour tests, report and bundle of the version are there "
        "and those that it was registered with.",
    )
    promote.add_argument("stage", type=_stage, choices=STAGES, help="or STAGE=prod")
    promote.add_argument("--version", metavar="v1.2.0", help="the highest where it is left out")
    promote.add_argument("--reason", help="for the message of the tag")
    promote.set_defaults(command=_promote)


def _add_fetch(commands: Commands) -> None:
    fetch = commands.add_parser(
        "fetch-model",
        help="put the bundle of a stage or version into a folder, checked by hash",
        epilog="examples: fetch-model STAGE=prod; fetch-model --version v1.2.0 --out /srv/model",
    )
    which = fetch.add_mutually_exclusive_group(required=True)
    which.add_argument(
        "asked", nargs="?", type=_stage, choices=STAGES, metavar="STAGE", help="staging or prod"
    )
    which.add_argument("--stage", choices=STAGES, help="the same")
    which.add_argument("--version", metavar="v1.2.0", help="a version, in whatever stage it stands")
    fetch.add_argument(
        "--out", type=Path, metavar="FOLDER", help="default: models/fetched/STAGE or …/VERSION"
    )
    fetch.set_defaults(command=_fetch)


def _stage(text: str) -> str:
    """The stage, as make has it, too: `STAGE=prod`."""
    return text.removeprefix("STAGE=")


def _register(options: argparse.Namespace) -> None:
    from stages.operations.registry.register import register

    print(register(bump=options.bump))


def _promote(options: argparse.Namespace) -> None:
    from stages.operations.registry.approval import promote

    print(promote(options.stage, version=options.version, reason=options.reason))


def _demote(options: argparse.Namespace) -> None:
    from stages.operations.registry.approval import demote

    print(demote(options.stage, reason=options.reason))


def _models(options: argparse.Namespace) -> None:
    from stages.operations.registry.assignments import models, models_json

    print(models_json() if options.json else models())


def _fetch(options: argparse.Namespace) -> None:
    from stages.operations.registry.fetch import fetch_model

    stage = options.asked or options.stage
    print(fetch_model(stage=stage, version=options.version, out=options.out))
