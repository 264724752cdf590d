"""Experiments: compared on a page, logged to a server."""

from __future__ import annotations

import argparse

from stages.commands import Commands, arguments
from stages.core.paths import Paths


def add(commands: Commands) -> None:
    """Teach the command line these commands."""
    compare = commands.add_parser(
        "experiments",
        help="draw the experiments on this commit side by side",
        description="Write reports/experiments.html: a line per experiment through an axis for "
        "every parameter that differs and for every metric asked for.",
    )
    compare.add_argument(
        "--metrics", metavar="REGEX", help="names of metrics (default: a few), such as 'test\\..*'"
    )
    compare.set_defaults(command=_experiments)
    commands.add_parser(
        "track",
        help="log the results to the MLflow server in MLFLOW_TRACKING_URI",
        description="Log the results in the work tree to the MLflow server whose "
        "address is in MLFLOW_TRACKING_URI, and register the model; once, however often it is "
        "called. Every run of the pipeline does so by itself where that variable is set.",
    ).set_defaults(command=_track)


def _experiments(options: argparse.Namespace, paths: Paths) -> None:
    from stages.operations.experiments import write_experiments

    page = write_experiments(paths, metrics=options.metrics)
    arguments.print_report(page, paths)


def _track(_: argparse.Namespace, paths: Paths) -> None:
    from stages.operations.tracking.track import track

    print(track(paths))
