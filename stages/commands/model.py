"""A better model: search, and the effect of every modelling choice."""

from __future__ import annotations

import argparse

from stages.commands import Commands, arguments
from stages.core.paths import Paths


def add(commands: Commands) -> None:
    """Teach the command line these commands."""
    commands.add_parser(
        "tune",
        help="search hyperparameters and write what helps to params.yaml",
        description="Search the hyperparameters of section tune in params.yaml on the train "
        "customers, nested: what tuning is worth is measured on outer folds that no trial saw. "
        "What helps beyond noise is written to params.yaml. Stopped by Ctrl-C or killed, it goes "
        "on from its finished trials (in models/tuning/) when it is run again.",
    ).set_defaults(command=_tune)
    commands.add_parser(
        "ablation",
        help="measure the effect of every modelling choice",
        description="Change each option of section train in params.yaml alone, compare it with "
        "the same candidate on the same folds, and write reports/ablation.html.",
    ).set_defaults(command=_ablation)


def _tune(_: argparse.Namespace, paths: Paths) -> None:
    from stages.operations.repro import repro

    repro(paths, ["features"])  # what it reads, where that is not there or not current
    from stages.tuning.tune import tune

    print(tune(paths))


def _ablation(_: argparse.Namespace, paths: Paths) -> None:
    from stages.operations.notebook_report import write_notebook_report
    from stages.operations.repro import repro

    repro(paths, ["features"])  # what it reads, where that is not there or not current
    page = write_notebook_report("ablation", paths)
    arguments.print_report(page, paths)
