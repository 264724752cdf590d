"""The command line: `python -m stages COMMAND`. Each command imports what it needs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from stages.core.errors import UserError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; 0 done, 1 the work failed (last line on stderr says why), 2 wrong usage."""
    options = _parser().parse_args(arguments)
    try:
        options.command(options)
    except UserError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; what stood there before stands there again", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m stages", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    repro = commands.add_parser(
        "repro",
        help="run what changed of the pipeline",
        description="Check what enters, then `dvc repro`; on failure bring back what stood there.",
    )
    repro.add_argument("dvc", nargs="*", help="handed on to dvc repro, after --", metavar="ARG")
    repro.set_defaults(command=_repro)
    adopt = commands.add_parser(
        "adopt",
        help="take a table in as the data source",
        description="Describe a table's columns where nobody has yet, check it, copy it to "
        "data/external/, track it with DVC and pin its content.",
        epilog="examples: adopt customers.csv; adopt crm.csv.gz --target status --positive gone; "
        "adopt 'postgresql://me@host/crm#select * from customers'; adopt generated",
    )
    adopt.add_argument(
        "csv",
        metavar="SOURCE",
        help="path or URL of a CSV (plain, gzip, zip) or Parquet file; a database, as SQLAlchemy "
        "writes its address, with # and a table or query; or `generated` for the simulator",
    )
    adopt.add_argument("--target", metavar="COLUMN", help="the column to predict")
    adopt.add_argument("--positive", metavar="VALUE", help="its value that means churn")
    adopt.add_argument(
        "--redraft", action="store_true", help="describe the columns anew, whatever schema there is"
    )
    adopt.add_argument(
        "--pseudonymise",
        action="store_true",
        help="replace ids by hashes under the key in CHURN_PSEUDONYM_KEY",
    )
    adopt.set_defaults(command=_adopt)
    check = commands.add_parser("check", help="the checks at the door, without a run")
    check.set_defaults(command=_check)
    same = commands.add_parser(
        "check-reproducible",
        help="run the pipeline in two clones and compare every byte",
        description="Two clones, elsewhere, with other threads, time zone and locale: same bytes?",
    )
    same.add_argument("--rows", type=int, default=None, help="simulated customers (default: all)")
    same.set_defaults(command=_check_reproducible)
    simulate = commands.add_parser(
        "simulate",
        help="write simulated months as CSV files, to play with",
        description="Months of simulated customers as CSV files; what is left out stands in "
        "params.yaml, section generate.",
    )
    simulate.add_argument("--out", type=Path, required=True, help="a new or an empty folder")
    simulate.add_argument("--months", type=int)
    simulate.add_argument("--rows", type=int, help="customers living in each month")
    simulate.add_argument("--seed", type=int)
    simulate.add_argument("--scenario", help="price_rise, … (see params.yaml)", metavar="NAME")
    simulate.add_argument("--strength", type=float, help="of the scenario, 0 to 1")
    simulate.add_argument("--start-month", type=int, help="of the scenario")
    simulate.add_argument("--campaign", type=float, help="share called at random", metavar="SHARE")
    simulate.set_defaults(command=_simulate)
    tune = commands.add_parser(
        "tune",
        help="search hyperparameters and write what helps to params.yaml",
        description="Search the hyperparameters of section tune in params.yaml on the train "
        "customers, nested: what tuning is worth is measured on outer folds that no trial saw. "
        "What helps beyond noise is written to params.yaml. Stopped by Ctrl-C or killed, it goes "
        "on from its finished trials (in models/tuning/) when it is run again.",
    )
    tune.set_defaults(command=_tune)
    ablation = commands.add_parser(
        "ablation",
        help="measure the effect of every modelling switch",
        description="Turn on each switch of section train in params.yaml alone, compare it with "
        "the same candidate on the same folds, and write reports/ablation.html.",
    )
    ablation.set_defaults(command=_ablation)
    smoke = commands.add_parser("smoke", help="a few requests to a running prediction service")
    smoke.add_argument("url", help="such as http://localhost:3000; a key in CHURN_API_KEY")
    smoke.set_defaults(command=_smoke)
    run = commands.add_parser("run", help="run one stage's notebook (called by dvc.yaml)")
    run.add_argument("stage", help="generate, explore, features, train or evaluate")
    run.set_defaults(command=_run)
    return parser


def _repro(options: argparse.Namespace) -> None:
    from stages.core.paths import INDEX, relative
    from stages.repro import repro

    repro(options.dvc)
    if INDEX.is_file():
        print(f"Reports: {relative(INDEX)} (open it in a browser)")


def _adopt(options: argparse.Namespace) -> None:
    from stages.adoption.adopt import Wishes, adopt

    wishes = Wishes(options.target, options.positive, options.redraft, options.pseudonymise)
    print(adopt(options.csv, wishes))


def _check(_: argparse.Namespace) -> None:
    from stages.repro import check_at_the_door

    print(check_at_the_door())


def _check_reproducible(options: argparse.Namespace) -> None:
    from stages.reproducible import check_reproducible

    print(check_reproducible(rows=options.rows))


def _simulate(options: argparse.Namespace) -> None:
    from stages.core.params import Generate, read_params, validate
    from stages.core.paths import POPULATION
    from stages.customers.population import load_population
    from stages.customers.snapshots import export_csv

    values = read_params()["generate"]
    asked = {"name": options.scenario, "strength": options.strength}
    asked["start_month"] = options.start_month
    values["scenario"] |= {name: value for name, value in asked.items() if value is not None}
    if options.campaign is not None:
        values["campaign"]["share"] = options.campaign
    for name in ("months", "rows", "seed"):
        if getattr(options, name) is not None:
            values[name] = getattr(options, name)
    generate = validate("generate", values)
    assert isinstance(generate, Generate)
    print(export_csv(options.out, load_population(POPULATION), generate))


def _tune(_: argparse.Namespace) -> None:
    from stages.repro import repro

    repro(["features"])  # what it reads, where that is not there or not current
    from stages.tuning.tune import tune

    print(tune())


def _ablation(_: argparse.Namespace) -> None:
    from stages.core.paths import relative
    from stages.core.runner import run_beside
    from stages.repro import repro

    repro(["features"])  # what it reads, where that is not there or not current
    print(f"Report: {relative(run_beside('ablation'))} (open it in a browser)")


def _smoke(options: argparse.Namespace) -> None:
    from serving.smoke import smoke

    print(smoke(options.url))


def _run(options: argparse.Namespace) -> None:
    # The notebook format brings in jsonschema, which compiles a grammar of web addresses as it is
    # imported: 0.8 s a stage, for nothing. It does without where that package is not there.
    sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]
    from stages.core.runner import run

    run(options.stage)
