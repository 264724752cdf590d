"""Customers: taken in from a table, or simulated."""

from __future__ import annotations

import argparse
import math
from pathlib import Path

from stages.commands import Commands, arguments
from stages.core.paths import Paths


def add(commands: Commands) -> None:
    """Teach the command line these commands."""
    _add_adopt(commands)
    _add_simulate(commands)


def _add_adopt(commands: Commands) -> None:
    adopt = commands.add_parser(
        "adopt",
        help="use a table of your own as the data source",
        description="Describe a table's columns where nobody has yet, check it, copy it to "
        "data/external/, track it with DVC and pin its content.",
        epilog="examples: adopt customers.csv; adopt crm.csv.gz --target status --positive gone; "
        "adopt 'postgresql://me@host/crm#select * from customers'; adopt generated",
    )
    adopt.add_argument(
        "csv",
        metavar="SOURCE",
        help="path or URL of a CSV (plain, gzip, zip), Parquet or Excel file; a database, as "
        "SQLAlchemy writes its address, with # and a table or query; or `generated` for the "
        "simulator",
    )
    adopt.add_argument("--target", metavar="COLUMN", help="the column to predict")
    adopt.add_argument(
        "--positive",
        metavar="VALUE",
        help="its value that means churn (several: separated by commas)",
    )
    adopt.add_argument(
        "--negative",
        metavar="VALUE",
        help="its value that means staying (several: separated by commas); rows of others are left "
        "out",
    )
    adopt.add_argument(
        "--sheet", metavar="NAME", help="of a workbook; else the one with most cells"
    )
    adopt.add_argument(
        "--encoding",
        type=arguments.encoding,
        metavar="NAME",
        help="of a text file that is not UTF-8, such as windows-1250; else it is taken for "
        "Windows-1252",
    )
    adopt.add_argument(
        "--window",
        type=_months,
        metavar="MONTHS",
        help="that the target looks ahead; else money.window_months of params.yaml is kept",
    )
    adopt.add_argument(
        "--strict",
        action="store_true",
        help="refuse the table where the drafted schema is in doubt",
    )
    adopt.add_argument(
        "--redraft", action="store_true", help="draft a new schema, whatever schema there is"
    )
    adopt.add_argument(
        "--pseudonymise",
        action="store_true",
        help="replace ids by hashes under the key in CHURN_PSEUDONYM_KEY",
    )
    adopt.set_defaults(command=_adopt)


def _add_simulate(commands: Commands) -> None:
    simulate = commands.add_parser(
        "simulate",
        help="write simulated months as CSV files",
        description="Write months of simulated customers as CSV files. Options that are not given "
        "come from section generate of params.yaml.",
    )
    simulate.add_argument(
        "--out", type=arguments.place, required=True, help="a new or an empty folder"
    )
    simulate.add_argument("--months", type=int, help="how many snapshots, a month apart")
    simulate.add_argument("--rows", type=int, help="customers of each month")
    simulate.add_argument("--seed", type=int, help="the same seed gives the same files")
    simulate.add_argument("--scenario", help="price_rise, … (see params.yaml)", metavar="NAME")
    simulate.add_argument("--strength", type=float, help="strength of the scenario, 0 to 1")
    simulate.add_argument("--start-month", type=int, help="month in which the scenario begins")
    simulate.add_argument(
        "--campaign",
        type=float,
        help="share of customers contacted at random, 0 to 1",
        metavar="SHARE",
    )
    simulate.add_argument(
        "--listed",
        type=Path,
        metavar="LIST",
        help="the campaign.csv of a score of the first month: those customers are contacted as it "
        "says, and it comes back with what became of them",
    )
    simulate.add_argument(
        "--world", help="what a call does: by_risk, … (see params.yaml)", metavar="NAME"
    )
    simulate.set_defaults(command=_simulate)


def _months(text: str) -> float:
    months = arguments.number(text)
    if not 0 < months < math.inf:
        raise argparse.ArgumentTypeError(f"{text}: expected a number of months above 0")
    return months


def _adopt(options: argparse.Namespace, paths: Paths) -> None:
    from stages.adoption.adopt import AdoptionOptions, adopt
    from stages.adoption.target import Outcome

    outcome = Outcome(options.target, options.positive, options.negative)
    wanted = AdoptionOptions(
        outcome,
        options.redraft,
        options.pseudonymise,
        options.strict,
        options.sheet,
        options.window,
        options.encoding,
    )
    print(adopt(options.csv, paths, wanted))


def _simulate(options: argparse.Namespace, paths: Paths) -> None:
    from stages.core.section import read_params
    from stages.simulator.generate_params import Generate
    from stages.simulator.population import load_population
    from stages.simulator.snapshots import export_csv

    values = read_params(paths.params)["generate"]
    asked = {"name": options.scenario, "strength": options.strength}
    asked["start_month"] = options.start_month
    values["scenario"] |= {name: value for name, value in asked.items() if value is not None}
    if options.campaign is not None:
        values["campaign"]["share"] = options.campaign
    if options.world is not None:
        values["campaign"]["world"] = options.world
    for name in ("months", "rows", "seed"):
        if getattr(options, name) is not None:
            values[name] = getattr(options, name)
    generate = Generate.of(values)
    population = load_population(paths.population)
    print(export_csv(options.out, population, generate, listed=options.listed))
