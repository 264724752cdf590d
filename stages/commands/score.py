"""Batch scoring: the customers of a month."""

from __future__ import annotations

import argparse
import re
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from scoring.errors import UserError
from stages.commands import Commands, arguments
from stages.core.paths import Paths

if TYPE_CHECKING:
    from stages.batch.assignment import Design
    from stages.batch.local_engine import Engine

VERSION = re.compile(r"v\d+\.\d+\.\d+")


def add(commands: Commands) -> None:
    """Teach the command line this command."""
    score = commands.add_parser(
        "score",
        help="score this month's customers: probabilities, decisions, whom to contact",
        description="Score a table without the target: probability, decision and expected profit "
        "of every customer, and a contact list, best first. Stopped at any moment, the same "
        "command goes on from what is finished. See docs/scoring.md.",
        epilog="examples: score july.csv out/july; score 's3://crm/july/*.parquet' out/july "
        "--budget 5000; score 'postgresql://me@host/crm#customers' out/july --model prod",
    )
    score.add_argument(
        "source",
        metavar="IN",
        help="a file that adopt reads, a folder or a pattern of those, a URL, or a database as "
        "SQLAlchemy writes its address, with # and a table or query",
    )
    score.add_argument(
        "out",
        metavar="OUT",
        type=arguments.place,
        help="a folder, or a file ending in .parquet or .csv",
    )
    score.add_argument(
        "--budget",
        type=arguments.amount,
        metavar="AMOUNT",
        help="for contacts and accepted offers, in expectation: the contact list keeps to it",
    )
    score.add_argument(
        "--snapshot",
        type=arguments.day,
        metavar="DATE",
        help="the day that the table describes, such as 2026-01-31: asked for by a model that "
        "learned from dates",
    )
    score.add_argument(
        "--model",
        metavar="BUNDLE",
        help="the folder of a bundle, or staging, prod or a version (v1.2.0) of the registry "
        "(default: the champion in service)",
    )
    score.add_argument(
        "--reasons",
        choices=["list", "all"],
        default="",
        help="three reasons for whoever is on the contact list, or for all (slow)",
    )
    score.add_argument(
        "--max-rejects",
        type=arguments.count_or_share,
        metavar="N",
        default=(None, False),
        help="fail where more rows than that are rejected: a count, or a share such as 1%%",
    )
    score.add_argument(
        "--customers",
        action="store_true",
        help="also keep what the model was asked about each customer, in customers.parquet: the "
        "page of make app explains customers and filters by segment with it",
    )
    arguments.add_encoding(score)
    arguments.add_no_report(score)
    _add_design(score)
    _add_engine(score)
    score.set_defaults(command=_score)


def _add_design(score: argparse.ArgumentParser) -> None:
    """Options of a draw at random."""
    score.add_argument(
        "--control",
        type=arguments.share,
        metavar="SHARE",
        default=0.0,
        help="of those whom to contact pays, left alone at random, such as 0.1 or 10%%: what the "
        "contact does can then be learned",
    )
    score.add_argument(
        "--explore",
        type=arguments.share,
        metavar="SHARE",
        default=0.0,
        help="of the others, contacted at random: whether it would have paid can then be learned",
    )
    score.add_argument(
        "--month",
        type=arguments.month,
        metavar="MONTH",
        help="of the draw, such as 2026-11: another month draws others (default: that of the "
        "snapshot, else this one)",
    )


def _add_engine(score: argparse.ArgumentParser) -> None:
    """Options of where it is computed."""
    score.add_argument(
        "--engine",
        choices=["local", "dask"],
        help="the cores of this machine, or a Dask cluster (extra cluster; docs/scaling.md); "
        "default: compute.engine in params.yaml",
    )
    score.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="of a Dask cluster, such as tcp://host:8786 (default: compute.scheduler in "
        "params.yaml, or one is started on this machine)",
    )


def _score(options: argparse.Namespace, paths: Paths) -> None:
    from stages.batch.asked import Asked
    from stages.batch.score import score
    from stages.batch.score_report import remember
    from stages.batch.score_summary import in_words
    from stages.operations.notebook_report import write_notebook_report

    limit, is_share = options.max_rejects
    asked = Asked(
        options.source,
        options.out,
        _model(options.model, paths),
        budget=options.budget,
        reasons=options.reasons,
        max_rejects=limit,
        is_share=is_share,
        snapshot=options.snapshot,
        customers=options.customers,
        design=_design(options),
        encoding=arguments.encoding_of(options, paths),
        engine=_engine(options.engine, options.scheduler, paths),
    )
    outcome = score(asked)
    print(in_words(outcome))
    if options.report:
        remember(outcome, paths)
        page = write_notebook_report("score", paths)
        arguments.print_report(page, paths)


def _design(options: argparse.Namespace) -> Design | None:
    """How customers are assigned at random; None where nobody is."""
    from stages.batch.assignment import Design

    if not options.control and not options.explore:
        return None
    month = options.month or (options.snapshot or date.today()).isoformat()[:7]
    return Design(options.control, options.explore, month)


def _engine(name: str | None, scheduler: str | None, paths: Paths) -> Engine:
    """What scores: as typed, else as `params.yaml` has it."""
    from stages.batch.dask_engine import on_cluster
    from stages.batch.local_engine import local
    from stages.core.compute import DASK, Compute
    from stages.core.section import read_params

    compute = Compute.of(read_params(paths.params)[Compute.section])
    if (name or compute.engine) == DASK:
        return on_cluster(scheduler or compute.scheduler)
    if scheduler:
        raise UserError("--scheduler: needs --engine dask")
    return local


def _model(name: str | None, paths: Paths) -> Path:
    """The folder of the bundle to score with; one of the registry is fetched into it."""
    from scoring.bundle import MANIFEST
    from scoring.deployment import bundle_in_service
    from stages.operations.registry.fetch import fetch_model, fetched

    if name is None:
        return bundle_in_service(paths.champion)
    if name in arguments.REGISTRY:
        fetch_model(environment=name, root=paths.root)
    elif VERSION.fullmatch(name):
        fetch_model(version=name, root=paths.root)
    elif (Path(name) / MANIFEST).is_file():
        return Path(name)
    else:
        raise UserError(
            f"--model {name}: no {MANIFEST} there; expected the folder of a bundle, staging, prod, "
            "or a version such as v1.2.0"
        )
    return fetched(paths.root) / name
