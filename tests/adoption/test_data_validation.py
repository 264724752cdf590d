"""What validation rejects, with one readable message and nothing touched; what it accepts."""

from __future__ import annotations

import gzip
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from stages.core.files import read_table
from tests.conftest import clean_environment, in_process

DRIVER = Path(__file__).parents[1] / "trace" / "adopt_files.py"
Table = pd.DataFrame


def csv(table: Table, **options: object) -> bytes:
    return table.to_csv(index=False, **options).encode()


def changed(column: str, *cells: str) -> Callable[[Table], bytes]:
    """The first cells of a column replaced."""

    def change(table: Table) -> bytes:
        table.loc[: len(cells) - 1, column] = cells
        return csv(table)

    return change


def everywhere(column: str, cell: str) -> Callable[[Table], bytes]:
    return lambda table: csv(table.assign(**{column: cell}))


def cut_off(table: Table) -> bytes:
    text = csv(table)
    return text[: text.rindex(b"Month-to-month")]


def broken_quote(table: Table) -> bytes:
    lines = csv(table).splitlines()
    lines[5] = b'"' + lines[5]
    return b"\n".join(lines)


def zipped(**files: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def twice_named(table: Table) -> bytes:
    text = csv(table)
    return text.replace(b"Partner", b"gender", 1)


def same_id(table: Table) -> bytes:
    table.loc[3, "customerID"] = table.loc[2, "customerID"]
    return csv(table)


REFUSED: dict[str, tuple[Callable[[Table], bytes], str]] = {
    "empty": (lambda _: b"", "empty; expected a header and rows of customers"),
    "blank lines only": (lambda _: b"\n \n\n", "empty; expected a header and rows of customers"),
    "header only": (lambda t: csv(t.head(0)), "no rows below the header; expected customers"),
    "binary": (lambda _: bytes(range(256)) * 40, "a NUL byte: binary, or broken"),
    "picture": (lambda _: b"\x89PNG\r\n\x1a\n" + bytes(99), "this is a picture"),
    "workbook": (
        lambda _: zipped(**{"[Content_Types].xml": b"", "xl/workbook.xml": b""}),
        "a workbook that cannot be read",
    ),
    "old workbook": (lambda _: b"\xd0\xcf\x11\xe0" + bytes(99), "a workbook that cannot be read"),
    "two files in a zip": (lambda t: zipped(a=csv(t), b=csv(t)), "holds 2 files; expected one CSV"),
    "half a gzip": (lambda t: gzip.compress(csv(t))[:-900], "cannot be unpacked"),
    "half a Parquet file": (lambda _: b"PAR1" + bytes(50), "not a whole Parquet file"),
    "cut off in a row": (cut_off, "row 41: 16 cells; expected 21 as in the header"),
    "NUL bytes": (lambda t: csv(t).replace(b"Male", b"Ma\0e", 1), "a NUL byte"),
    "endless field": (changed("gender", "x" * 10_000_000), "row 2: longer than 4,194,304 bytes"),
    "long field": (changed("gender", "x" * 40_000), "column gender: row 2: a cell of 40,000"),
    "open quotation mark": (
        broken_quote,
        "row 6: 1 cell; expected 21 as in the header",
    ),
    "broken UTF-16": (lambda t: b"\xff\xfe" + b"a\xd8b,", "broken UTF-16 text"),
    "missing column": (
        lambda t: csv(t.drop(columns="Contract")),
        "column Contract: column missing",
    ),
    "renamed column": (
        lambda t: csv(t.rename(columns={"tenure": "months"})),
        "column tenure: column missing: whole column; expected a column of this name; the file "
        "also has 'months'",
    ),
    "column named twice": (twice_named, "column gender: twice in the header; expected once"),
    "same id, other row": (same_id, "column customerID: not unique: row 4: '(hidden)', row 5"),
    "no target": (lambda t: csv(t.drop(columns="Churn")), "column Churn: column missing"),
    "target blank": (changed("Churn", "", ""), "column Churn: blank: row 2: '', row 3: ''"),
    "one class": (
        everywhere("Churn", "No"),
        "column Churn: only 'No': whole column; expected both",
    ),
    "three classes": (changed("Churn", "Perhaps"), "column Churn: unknown value: row 2: 'Perhaps'"),
    "negative tenure": (changed("tenure", "-5"), "column tenure: out of range: row 2: '-5'"),
    "half a month": (changed("tenure", "5.5"), "column tenure: not a whole number: row 2: '5.5'"),
    "text in a number": (
        changed("MonthlyCharges", "a lot"),
        "column MonthlyCharges: not a number: row 2: 'a lot'; expected a number from 0 to 250",
    ),
    "infinity": (changed("MonthlyCharges", "inf"), "MonthlyCharges: out of range: row 2: 'inf'"),
    "out of range": (
        changed("MonthlyCharges", "251"),
        "MonthlyCharges: out of range: row 2: '251'",
    ),
    "unknown category": (
        changed("Contract", "Weekly", "Weekly"),
        "column Contract: unknown value: row 2: 'Weekly', row 3: 'Weekly'; expected one of "
        "Month-to-month, One year, Two year",
    ),
    "nothing in a column": (everywhere("Contract", ""), "column Contract: blank in every row"),
    "nothing where blanks may be": (
        everywhere("TotalCharges", " "),
        "column TotalCharges: blank in every row",
    ),
    "too few customers": (lambda t: csv(t[8:20]), "one per fold (params.yaml: train.folds)"),
    "one column": (lambda t: csv(t[["customerID"]]), "no column is called churn or the like"),
}


@pytest.fixture(scope="module")
def customers(finished: Path) -> Table:
    """Forty simulated customers as text, one in four of whom left."""
    table = read_table(finished / "data" / "raw" / "customers.parquet")
    left = table["Churn"] == "Yes"
    few = pd.concat([table[left].head(10), table[~left].head(30)], ignore_index=True)
    few.loc[39, "Contract"] = "Month-to-month"  # where `cut_off` cuts
    return few.astype(object).where(few.notna(), "").astype(str)


@pytest.fixture(scope="module")
def outcomes(
    shared: Path, customers: Table, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, object]]:
    """Every refused file given to `adopt`, all in one process: code, messages, what changed."""
    folder = tmp_path_factory.mktemp("refused")
    for number, (make, _) in enumerate(REFUSED.values()):
        (folder / f"{number}.csv").write_bytes(make(customers.copy()))
    done = subprocess.run(
        [sys.executable, str(DRIVER), str(folder)],
        cwd=shared,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return dict(zip(REFUSED, json.loads(done.stdout), strict=True))


@pytest.mark.parametrize("case", REFUSED)
def test_refused_with_one_message_and_nothing_touched(
    outcomes: dict[str, dict[str, object]], case: str
) -> None:
    outcome = outcomes[case]
    last = str(outcome["stderr"]).rstrip().splitlines()[-1]
    assert outcome["code"] == 1
    assert REFUSED[case][1] in last
    assert ".csv: " in last
    assert "Traceback" not in str(outcome["stderr"])
    assert outcome["changed"] == []
    written = outcome["validation"]
    assert isinstance(written, dict)
    assert (written["result"], written["message"]) == ("refused", last)


def test_no_identity_is_shown(outcomes: dict[str, dict[str, object]], customers: Table) -> None:
    printed = json.dumps([outcome["stderr"] for outcome in outcomes.values()])
    assert not [identity for identity in customers["customerID"] if identity in printed]


def test_faults_are_there_for_programs(outcomes: dict[str, dict[str, object]]) -> None:
    written = outcomes["unknown category"]["validation"]
    assert isinstance(written, dict)
    assert written["faults"] == [
        {
            "column": "Contract",
            "check": "unknown value",
            "expected": "one of Month-to-month, One year, Two year",
            "count": 2,
            "rows": [2, 3],
            "values": ["Weekly", "Weekly"],
        }
    ]


def test_a_strange_file_is_accepted_with_a_warning_for_everything(
    fresh: Path, customers: Table, tmp_path: Path
) -> None:
    # given a file with everything that may be accepted with warnings
    table = customers.assign(
        Mood="sunny", MonthlyCharges=lambda t: t.MonthlyCharges.str.replace(".", ",")
    )
    table.loc[:1, "Contract"] = ["month-to-month", "  Month-to-month "]
    table.loc[0, "customerID"] = "=1+1"
    table = pd.concat([table, table.tail(2)])
    path = tmp_path / "strange.csv"
    path.write_bytes(table.to_csv(index=False, sep=";", lineterminator="\r\n").encode("utf-16"))
    # when it is adopted
    done = in_process(fresh, "adopt", str(path))
    assert done.returncode == 0, done.stderr
    # then the terminal, the JSON and the report say so
    expected = [
        "encoded in UTF-16: read accordingly",
        "Windows line ends: read accordingly",
        "separated by semicolons: read accordingly",
        "column MonthlyCharges: decimal commas",
        "column Mood: not in the schema: dropped",
        "repeats an earlier row, 2 rows (first: 42, 43): dropped",
        "column Contract: another spelling of a known value, 2 rows (first: 2, 3)",
        "column customerID: looks like a formula, 1 row (first: 2): kept as text",
    ]
    assert [words for words in expected if words not in done.stdout] == []
    written = json.loads((fresh / "reports" / "validation.json").read_text())
    assert (written["result"], written["rows"], written["kept"]) == ("accepted", 42, 40)
    assert {warning["column"] for warning in written["warnings"]} >= {"Mood", "Contract", None}
    # and the next validation is quick: the same file under the same schema
    again = in_process(fresh, "check")
    assert "40 customers that fit data/external/strange.schema.yaml" in again.stdout
