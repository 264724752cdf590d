"""The pipeline: run it, check what enters, prove that it rebuilds to the same bytes."""

from __future__ import annotations

import argparse
import os
import time

from stages.commands import Commands
from stages.core.paths import Paths


def add(commands: Commands) -> None:
    """Teach the command line these commands."""
    repro = commands.add_parser(
        "repro",
        help="run what changed of the pipeline",
        description="Validate the data, then `dvc repro`; on failure restore the previous results.",
    )
    repro.add_argument("dvc", nargs="*", help="passed to dvc repro, after --", metavar="ARG")
    repro.set_defaults(command=_repro)
    commands.add_parser(
        "check",
        help="validate the data only",
        description="Validate params.yaml, the schema and the customers; run no stage.",
    ).set_defaults(command=_check)
    same = commands.add_parser(
        "check-reproducible",
        help="run the pipeline in two clones and compare every byte",
        description="Run the pipeline in two clones, elsewhere, with other threads, time zone and "
        "locale, and compare every byte of their outputs.",
    )
    same.add_argument("--rows", type=int, default=None, help="simulated customers (default: all)")
    same.set_defaults(command=_check_reproducible)
    run = commands.add_parser("run", description="Run one stage's notebook, for dvc.yaml.")
    run.add_argument("stage", help="a stage of dvc.yaml that has a notebook")
    run.set_defaults(command=_run)
    commands.add_parser("pages", description="Render the reports, for dvc.yaml.").set_defaults(
        command=_pages
    )


def _repro(options: argparse.Namespace, paths: Paths) -> None:
    from stages.operations.repro import repro

    repro(paths, options.dvc)
    if paths.index.is_file():
        print(f"Reports: {paths.relative(paths.index)} (open it in a browser)")


def _check(_: argparse.Namespace, paths: Paths) -> None:
    from stages.operations.repro import validate_data

    print(validate_data(paths))


def _check_reproducible(options: argparse.Namespace, paths: Paths) -> None:
    from stages.operations.reproducible import check_reproducible

    print(check_reproducible(paths, rows=options.rows))


def _run(options: argparse.Namespace, paths: Paths) -> None:
    from stages.core.runner import run_stage
    from stages.operations import stage_times
    from stages.operations.failure import copied_for_repro
    from stages.operations.parent import end_with_parent

    end_with_parent()
    began = time.monotonic()
    with copied_for_repro():
        run_stage(options.stage, paths)
    stage_times.keep(options.stage, time.monotonic() - began, paths)


def _pages(_: argparse.Namespace, paths: Paths) -> None:
    from stages.look.site import write_pages
    from stages.operations.failure import copied_for_repro
    from stages.operations.parent import end_with_parent

    end_with_parent()
    with copied_for_repro():
        write_pages(paths)
    if os.environ.get("MLFLOW_TRACKING_URI"):
        from stages.operations.tracking.track import track_after_a_run

        track_after_a_run(paths)
