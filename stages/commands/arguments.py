"""Arguments that several commands take, their values as people type them; what they print alike."""

from __future__ import annotations

import argparse
import math
from datetime import date
from pathlib import Path

from stages.core.paths import Paths

REGISTRY = ("staging", "prod")  # environments that versions are promoted to
ENVIRONMENTS = ("dev", *REGISTRY)  # those that a stack or a cluster is set up for


def add_no_report(command: argparse.ArgumentParser) -> None:
    """`--no-report`, after which `report` is false."""
    command.add_argument("--no-report", dest="report", action="store_false", help="write no page")


def add_encoding(command: argparse.ArgumentParser) -> None:
    """`--encoding`, for `encoding_of`."""
    command.add_argument(
        "--encoding",
        type=encoding,
        metavar="NAME",
        help="of text files that are not UTF-8, such as windows-1250 (default: that of the adopted "
        "table, data.encoding in params.yaml)",
    )


def encoding_of(options: argparse.Namespace, paths: Paths) -> str | None:
    """How text files that are not UTF-8 are encoded: as typed, else as the adopted table was."""
    from stages.core.section import read_params
    from stages.tables.data_params import Data

    known: str | None = Data.of(read_params(paths.params)[Data.section]).encoding
    return options.encoding or known


def encoding(text: str) -> str:
    """The name of an encoding of text."""
    from stages.tables.data_params import known_encoding

    try:
        return known_encoding(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def print_report(page: Path, paths: Paths) -> None:
    """Say where a page is."""
    print(f"Report: {paths.relative(page)} (open it in a browser)")


def place(text: str) -> Path:
    """A file or a folder to write; no text would be the current folder."""
    if not text.strip():
        raise argparse.ArgumentTypeError("empty; expected a file or a folder (. for this one)")
    return Path(text)


def day(text: str) -> date:
    """A day, as in 2026-01-31."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text}: expected a date, as in 2026-01-31") from None


def days(text: str) -> tuple[date, ...]:
    """A day or several, with commas between them."""
    return tuple(day(each) for each in text.split(","))


def columns(text: str) -> tuple[str, ...]:
    """Names of columns, with commas between them."""
    return tuple(name for each in text.split(",") if (name := each.strip()))


def month(text: str) -> str:
    """A month, as in 2026-11."""
    try:
        return date.fromisoformat(f"{text}-01").isoformat()[:7]
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text}: expected a month, as in 2026-11") from None


def amount(text: str) -> float:
    """A number, 0 or more."""
    value = number(text)
    if not 0 <= value < math.inf:
        raise argparse.ArgumentTypeError(f"{text}: expected an amount, 0 or more")
    return value


def share(text: str) -> float:
    """A share, as 0.1 or 10%."""
    value = number(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    if not 0 <= value < 1:
        raise argparse.ArgumentTypeError(f"{text}: expected a share, 0 to below 1")
    return value


def count_or_share(text: str) -> tuple[float, bool]:
    """A count, or a share such as 1%, and whether it is a share."""
    is_share = text.endswith("%")
    value = number(text.removesuffix("%"))
    if not (0 <= value <= 100 if is_share else value >= 0 and value.is_integer()):
        raise argparse.ArgumentTypeError(f"{text}: expected a count, or a share such as 1%")
    return (value / 100 if is_share else value), is_share


def number(text: str) -> float:
    """The number; NaN, which no comparison lets through, where the text is none."""
    try:
        return float(text)
    except ValueError:
        return math.nan
