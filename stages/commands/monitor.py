"""The monitor of a month: faults, other customers, other behaviour, performance."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from scoring.errors import UserError
from stages.commands import Commands, arguments
from stages.core.paths import Paths

if TYPE_CHECKING:
    from stages.monitoring.month_table import MonthTable


def add(commands: Commands) -> None:
    """Teach the command line this command."""
    command = commands.add_parser(
        "monitor",
        help="judge a month: broken data, changed customers or behaviour, performance",
        description="Judge the customers of a month against those of the months before. Exit "
        "codes: 0 nothing, 3 a change, 4 a fault, 1 failed. See docs/monitoring.md.",
        epilog="examples: monitor data/snapshots/month_001/customers.parquet; monitor july.csv "
        "--month 2026-07; monitor monitoring --month 2026-07 (the service's prediction log)",
    )
    command.add_argument(
        "source",
        metavar="IN",
        help="the customers of the month, as for score, or the folder of the prediction log",
    )
    command.add_argument(
        "--outcomes",
        metavar="FILE",
        help="who left: id and target, of the month in the file's path or in its column month, "
        "else of --month; a file, a folder or a pattern. Who is absent from a later month has "
        "left, too",
    )
    command.add_argument(
        "--month", help="such as 2026-11, or 007 (default: the one in the path of IN)"
    )
    command.add_argument(
        "--as-of", metavar="MONTH", help="the month of the decision (default: that of IN)"
    )
    command.add_argument(
        "--snapshot",
        type=arguments.day,
        metavar="DAY",
        help="the day that the table describes, where the model counts days to it",
    )
    command.add_argument(
        "--model",
        metavar="BUNDLE",
        help="the folder of a bundle (default: the champion in service)",
    )
    command.add_argument(
        "--accept",
        metavar="COLUMNS",
        type=arguments.columns,
        default=(),
        help="columns with a fault, by commas, that are right as they are: a price list or a move "
        "of customers that was wanted. The month is kept, and the next one is compared with it",
    )
    arguments.add_encoding(command)
    arguments.add_no_report(command)
    command.set_defaults(command=_monitor)


def _monitor(options: argparse.Namespace, paths: Paths) -> int:
    from scoring.deployment import bundle_in_service
    from scoring.loading import read_manifest
    from stages.core.quantity import quantity
    from stages.monitoring.monitor import monitor
    from stages.monitoring.outcomes import Outcomes, read_outcomes
    from stages.monitoring.verdict_files import folder_of
    from stages.operations.monitor_report import write_monitor_report
    from stages.parameters import read_parameters

    parameters = read_parameters(paths)
    bundle = Path(options.model or bundle_in_service(paths.champion))
    window = round(parameters.money.window_months)
    encoding = arguments.encoding_of(options, paths)
    now = _read(options, bundle, encoding, most=parameters.monitor.max_customers)
    as_of = _as_of(options.as_of, now.month)
    outcomes: dict[str, Outcomes] = {}
    if options.outcomes:
        schema = read_manifest(bundle)[1]
        outcomes, still_open = read_outcomes(
            options.outcomes, schema, window=window, as_of=as_of,
            month=options.month and now.month, encoding=encoding,
        )  # fmt: skip
        if still_open:
            names, months = ", ".join(still_open), quantity(window, "month")
            print(f"Outcomes of {names} not read: the window of {months} is open in {as_of}")
    verdict = monitor(
        now,
        bundle=bundle,
        params=parameters.monitor,
        window=window,
        paths=paths,
        outcomes=outcomes,
        as_of=as_of,
        accept=options.accept,
    )
    print(verdict.summary)
    if options.outcomes and verdict.calibration.reason and not verdict.faults:
        print(f"Outcomes not used: {verdict.calibration.reason}")
    print(f"Verdict: {paths.relative(folder_of(paths) / f'{verdict.month}.json')}")
    if options.report:
        page = write_monitor_report(verdict.month, paths)
        arguments.print_report(page, paths)
    return verdict.exit_code


def _read(
    options: argparse.Namespace, bundle: Path, encoding: str | None, *, most: int
) -> MonthTable:
    from stages.core.months import EXPECTED, month_name, month_of
    from stages.monitoring.logged_month import is_log, read_log
    from stages.monitoring.month_table import read_month

    month = options.month or month_of(options.source)
    if month is None:
        raise UserError(f"{options.source}: of no month; give --month: {EXPECTED}")
    month = month_name(month, origin="--month")
    if is_log(options.source):
        return read_log(Path(options.source), bundle, month=month, most=most)
    return read_month(
        options.source, bundle, month=month, most=most, snapshot=options.snapshot, encoding=encoding
    )


def _as_of(asked: str | None, month: str) -> str:
    """The month of the decision: not before that of the customers."""
    from stages.core.months import alike, month_name, number

    if asked is None:
        return month
    name = month_name(asked, origin="--as-of")
    if not alike(name, month) or number(name) < number(month):
        raise UserError(f"--as-of: {asked}: expected {month} or a later month, named alike")
    return name
