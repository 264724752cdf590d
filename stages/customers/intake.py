"""Reading a customer file as text, cell by cell, with errors that a person understands."""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd

from stages.core.errors import UserError
from stages.core.paths import relative


def read_text(path: Path, *, origin: str = "") -> pd.DataFrame:
    """Every cell of a CSV as text, blanks as empty text.

    `origin` is how messages call the file. `UserError` where it is missing, empty, not text, or not
    a table.
    """
    origin = origin or relative(path)
    if not path.is_file():
        raise UserError(f"{origin}: no such file; expected a CSV")
    try:
        _check_header(path, origin)
        return pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except pd.errors.EmptyDataError:
        raise UserError(f"{origin}: empty; expected a header and rows of customers") from None
    except pd.errors.ParserError as error:
        fault = str(error).removeprefix("Error tokenizing data. C error: ").strip()
        raise UserError(f"{origin}: not a table: {fault}") from None
    except UnicodeDecodeError as error:
        raise UserError(
            f"{origin}: not UTF-8 text at byte {error.start}; expected a CSV in UTF-8"
        ) from None


def _check_header(path: Path, origin: str) -> None:
    with path.open(encoding="utf-8-sig", newline="") as file:
        try:
            header = next(csv.reader(file), [])
        except csv.Error as error:
            raise UserError(f"{origin}: row 1: {error}; expected a CSV header") from None
    for separator, name in ((";", "semicolons"), ("\t", "tabs")):
        if len(header) == 1 and separator in header[0]:
            raise UserError(f"{origin}: separated by {name}; expected commas")
    repeated = sorted({name for name in header if header.count(name) > 1})
    if repeated:
        raise UserError(f"{origin}: column {repeated[0]}: twice in the header; expected once")
