"""After deployment: retrain, deploy, undeploy, and two years of it as a story."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from stages.commands import Commands, arguments
from stages.core.paths import Paths

URL = "http://localhost:3000"


def add(commands: Commands) -> None:
    """Teach the command line these commands."""
    _add_retrain(commands)
    _add_deploy(commands)
    commands.add_parser(
        "undeploy",
        help="take the newest champion, or one that is being deployed, back",
        description="The running service answers from the bundle before, without a restart.",
    ).set_defaults(command=_undeploy)
    _add_story(commands)


def _add_retrain(commands: Commands) -> None:
    retrain = commands.add_parser(
        "retrain",
        help="take labelled months in, train a challenger, have the gate judge it",
        description="A labelled table becomes a month in data/months/. A challenger learns from "
        "the newest months but one; the newest judges it against the champion. The decision is "
        "filed under reports/decisions/. The same month and reason are retrained on once.",
    )
    retrain.add_argument("table", nargs="?", type=Path, help="a labelled month to take in")
    retrain.add_argument("--month", metavar="2026-11", help="which month it is, or 007")
    retrain.add_argument("--as-of", metavar="2027-05", help="the month of the decision")
    retrain.add_argument(
        "--snapshot",
        type=arguments.day,
        metavar="DAY",
        help="the day that the table describes, where the model counts days to it",
    )
    arguments.add_encoding(retrain)
    retrain.add_argument(
        "--reason",
        choices=("departures", "decay", "schedule", "hand"),
        default="hand",
        help="what asks for it; by hand there is no cool-down",
    )
    retrain.set_defaults(command=_retrain)


def _add_deploy(commands: Commands) -> None:
    deploy = commands.add_parser(
        "deploy",
        help="put a challenger in place of the champion, in steps, each checked on live figures",
        description="Shadow, a share of the customers, all; what shows harm goes back by itself. "
        "Cut off, it goes on when it is run again; undeploy goes back.",
    )
    deploy.add_argument("--model", type=Path, help="a bundle; default: the one promoted last")
    deploy.add_argument("--url", default=URL, help=f"of the running service, default {URL}")
    deploy.add_argument("--reason", help="why a bundle is deployed that no gate promoted")
    deploy.add_argument("--ask", action="store_true", help="ask before every next step")
    deploy.set_defaults(command=_deploy)


def _add_story(commands: Commands) -> None:
    story = commands.add_parser(
        "story",
        help="two years of monitor, retraining, gate and canary on simulated customers",
        description="Quiet months, a competitor's offer, a column that breaks, a bad challenger: "
        "month by month in the terminal, and in reports/story.html. Nothing of this repository's "
        "models is touched. See docs/deployment.md.",
    )
    story.add_argument("--seed", type=int, default=20, help="of the customers, default 20")
    story.set_defaults(command=_story)


def _retrain(options: argparse.Namespace, paths: Paths) -> None:
    from scoring.errors import UserError
    from stages.core.yamlfile import load_schema
    from stages.operations.retrain import labelled
    from stages.operations.retrain.retrain import nothing_new, retrain
    from stages.parameters import read_parameters

    if options.table is not None:
        if not options.month:
            raise UserError("MONTH: missing; expected the month of the table, 2026-11 or 007")
        data = read_parameters(paths).data
        schema = load_schema(paths.root / data.schema_).without_ignored
        taken = labelled.take_in(
            options.table, schema, paths, month=options.month, snapshot=options.snapshot,
            encoding=arguments.encoding_of(options, paths),
        )  # fmt: skip
        print(taken.words)
        if not taken.changed and (words := nothing_new(paths)):
            print(words)
            return
    print(retrain(options.reason, paths, as_of=options.as_of))


def _deploy(options: argparse.Namespace, paths: Paths) -> None:
    from stages.operations.canary.approval import nobody_is_asked, on_terminal
    from stages.operations.canary.deploy import CanaryDeployment, deploy
    from stages.operations.canary.live import Live
    from stages.operations.canary.places import Places
    from stages.operations.retrain.retrain import challenger_to_deploy
    from stages.parameters import read_parameters

    model = options.model or challenger_to_deploy(paths)
    canary = CanaryDeployment(
        Places.of(paths),
        read_parameters(paths).canary,
        Live(options.url),
        ask=on_terminal if options.ask else nobody_is_asked,
    )
    print(deploy(model, canary, reason=options.reason, paths=paths))


def _undeploy(_: argparse.Namespace, paths: Paths) -> None:
    from stages.operations.canary.deploy import undeploy
    from stages.operations.canary.places import Places

    print(undeploy(Places.of(paths)))


def _story(options: argparse.Namespace, paths: Paths) -> None:
    os.environ.setdefault("TQDM_DISABLE", "1")  # of forty trainings; read where tqdm is imported
    from stages.operations.story.script import Script
    from stages.operations.story.tell import tell

    page = tell(Script(seed=options.seed), paths)
    arguments.print_report(page, paths)
