"""Experiments: the results logged to a server."""

from __future__ import annotations

import argparse

from stages.commands import Commands


def add(commands: Commands) -> None:
    """Teach the command line these commands."""
    track = commands.add_parser(
        "track",
        help="log the results to the MLflow server in MLFLOW_TRACKING_URI",
        description="Log the results that stand in the work tree to the MLflow server whose "
        "address is in MLFLOW_TRACKING_URI, and register the model; once, however often it is "
        "called. Every run of the pipeline does so by itself where that variable is set.",
    )
    track.set_defaults(command=_track)


def _track(_: argparse.Namespace) -> None:
    from stages.tracking.track import track

    print(track())
