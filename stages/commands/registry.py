"""The model registry: versions, the environments they are in, and their bundles."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from stages.commands import Commands, arguments
from stages.commands.arguments import REGISTRY
from stages.core.paths import Paths

BUMPS = ("patch", "minor", "major")
KEY = "CHURN_BUNDLE_KEY"


def add(commands: Commands) -> None:
    """Teach the command line these commands."""
    _add_register(commands)
    _add_promote(commands)
    demote = commands.add_parser(
        "demote",
        help="take the version out of an environment",
        description="Leave an environment empty, by a git tag churn#prod#… that says so.",
    )
    _add_environment(demote)
    demote.add_argument("--reason", help="why, for the message of the tag")
    demote.set_defaults(command=_demote)
    models = commands.add_parser(
        "models",
        help="which version is in which environment, with its metrics",
        description="The registered versions, the environments they are in, since when and by "
        "whom, and their test metrics with intervals.",
    )
    models.add_argument("--json", action="store_true", help="as JSON")
    models.set_defaults(command=_models)
    _add_fetch(commands)
    rebuild = commands.add_parser(
        "rebuild-release",
        help="rebuild the bundle of a version from its tag and compare the bytes",
        description="Run the pipeline of a registered version in a temporary clone of its commit, "
        "with an empty cache, and compare the bundle with the one that was registered.",
    )
    rebuild.add_argument("version", metavar="v1.2.0", help="the version")
    rebuild.set_defaults(command=_rebuild)


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
        help="part of the version to increase: patch (default), minor, or major for other columns",
    )
    register.add_argument(
        "--sign-with", type=Path, metavar="KEY", help="a private key (PEM): the bundle is signed"
    )
    register.set_defaults(command=_register)


def _add_promote(commands: Commands) -> None:
    promote = commands.add_parser(
        "promote",
        help="put a version into an environment: staging or prod",
        description="A git tag churn#prod#…; an older version than the one there is a rollback. "
        "Refused unless evaluation, behaviour tests, report and bundle of the version are there "
        "and those that it was registered with.",
    )
    _add_environment(promote)
    promote.add_argument("--version", metavar="v1.2.0", help="the version (default: the highest)")
    promote.add_argument("--reason", help="why, for the message of the tag")
    promote.set_defaults(command=_promote)


def _add_fetch(commands: Commands) -> None:
    fetch = commands.add_parser(
        "fetch-model",
        help="put the bundle of an environment or version into a folder, checked by hash",
        description="Write the bundle that was registered into a folder, ready for make serve or "
        "make score; refused where a file has another hash than in the registry.",
        epilog="examples: fetch-model STAGE=prod; fetch-model --version v1.2.0 --out /srv/model",
    )
    which = fetch.add_mutually_exclusive_group(required=True)
    which.add_argument(
        "asked",
        nargs="?",
        type=_environment,
        choices=REGISTRY,
        metavar="ENVIRONMENT",
        help="staging or prod",
    )
    which.add_argument("--stage", choices=REGISTRY, help="the same as ENVIRONMENT")
    which.add_argument(
        "--version", metavar="v1.2.0", help="a version, whether it is in an environment or not"
    )
    fetch.add_argument(
        "--out",
        type=arguments.place,
        metavar="FOLDER",
        help="where to (default: a folder in models/fetched/)",
    )
    fetch.add_argument(
        "--key",
        type=Path,
        default=os.environ.get(KEY),
        help=f"a public key (PEM) by whose owner it has to be signed (default: {KEY}, if set)",
    )
    fetch.set_defaults(command=_fetch)


def _add_environment(command: argparse.ArgumentParser) -> None:
    command.add_argument("environment", type=_environment, choices=REGISTRY, help="the environment")


def _environment(text: str) -> str:
    """The environment, as make has it, too: `STAGE=prod`."""
    return text.removeprefix("STAGE=")


def _register(options: argparse.Namespace, paths: Paths) -> None:
    from stages.operations.registry.register import register

    print(register(bump=options.bump, key=options.sign_with, root=paths.root))


def _promote(options: argparse.Namespace, paths: Paths) -> None:
    from stages.operations.registry.environments import promote

    print(
        promote(
            options.environment, version=options.version, reason=options.reason, root=paths.root
        )
    )


def _demote(options: argparse.Namespace, paths: Paths) -> None:
    from stages.operations.registry.environments import demote

    print(demote(options.environment, reason=options.reason, root=paths.root))


def _models(options: argparse.Namespace, paths: Paths) -> None:
    from stages.operations.registry.assignments import models, models_json

    print(models_json(root=paths.root) if options.json else models(root=paths.root))


def _fetch(options: argparse.Namespace, paths: Paths) -> None:
    from stages.operations.registry.fetch import fetch_model

    environment = options.asked or options.stage
    print(
        fetch_model(
            environment=environment,
            version=options.version,
            out=options.out,
            key=options.key,
            root=paths.root,
        )
    )


def _rebuild(options: argparse.Namespace, paths: Paths) -> None:
    from stages.operations.registry.rebuild import rebuild

    print(rebuild(options.version, root=paths.root))
