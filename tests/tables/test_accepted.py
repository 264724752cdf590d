"""What is accepted with warnings: the same customers as from the clean file, and the warnings."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from scoring.schema import OTHER
from stages.tables.canonical_table import Checked
from stages.tables.checks import check_table
from stages.tables.intake import read_raw_table
from tests import builders
from tests.builders import BRANCH, DAYS, FEE, GENDER, LEFT, MONTHS, NUMBER, PAID, PAYS, REMARK, SIZE

ROWS = 20
Table = pd.DataFrame


def clean() -> Table:
    """Members as text, none of them an edge case."""
    table = builders.as_text(builders.members(ROWS))
    table.loc[:1, [SIZE, BRANCH, LEFT]] = ["groß", "1", "nein"]
    return table


def csv(table: Table, **options: object) -> bytes:
    return table.to_csv(index=False, **options).encode()


def cells(changes: dict[tuple[int, str], str]) -> Callable[[Table], bytes]:
    """The clean file with cells (row in a spreadsheet, column) written otherwise."""

    def change(table: Table) -> bytes:
        for (row, name), text in changes.items():
            table.loc[row - 2, name] = text
        return csv(table)

    return change


def with_commas(table: Table) -> bytes:
    for name in (FEE, PAID, DAYS):
        table[name] = table[name].str.replace(".", ",")
    return csv(table, sep=";")


def with_thousands(table: Table) -> bytes:
    table[PAID] = [f"{float(text):,.2f}" if text else "" for text in table[PAID]]
    return csv(table)


def repeated(table: Table) -> bytes:
    return csv(pd.concat([table, table.iloc[[3, 3, 5]]]))


def between_blanks(table: Table) -> bytes:
    lines = csv(table).splitlines()
    return b"\n".join([*lines[:3], b"", *lines[3:5], b"," * (table.shape[1] - 1), *lines[5:], b""])


def packed(table: Table) -> bytes:
    return gzip.compress(csv(table))


BIG = f"column {PAID}: commas between thousands, "
ACCEPTED: dict[str, tuple[Callable[[Table], bytes], list[str]]] = {
    "clean": (csv, []),
    "further columns": (
        lambda t: csv(t.assign(Telefon="0123", Laune="gut")),
        ["column Telefon: not in the schema: dropped", "column Laune: not in the schema: dropped"],
    ),
    "columns in another order": (lambda t: csv(t[t.columns[::-1]]), []),
    "repeated rows": (repeated, ["repeats an earlier row, 3 rows (first: 22, 23, 24): dropped"]),
    "a repeated row with space around a cell": (
        lambda t: csv(t) + csv(t.iloc[[3]].assign(**{SIZE: t[SIZE] + " "}), header=False),
        [
            "repeats an earlier row, 1 row (first: 22): dropped",
            f"column {SIZE}: another spelling of a known value, 1 row (first: 22): taken as that "
            "value",
        ],
    ),
    "case and space": (
        cells({(2, SIZE): " GROSS ", (3, SIZE): "Groß", (3, LEFT): "NEIN"}),
        [
            f"column {SIZE}: another spelling of a known value, 2 rows (first: 2, 3): taken as "
            "that value",
            f"column {LEFT}: another spelling of a known value, 1 row (first: 3): taken as that "
            "value",
        ],
    ),
    "a whole number written as a float": (
        cells({(2, BRANCH): "1.0"}),
        [
            f"column {BRANCH}: another spelling of a known value, 1 row (first: 2): taken as that "
            "value"
        ],
    ),
    "another separator": (lambda t: csv(t, sep=";"), ["separated by semicolons: read accordingly"]),
    "tabs": (lambda t: csv(t, sep="\t"), ["separated by tabs: read accordingly"]),
    "another encoding": (
        lambda t: t.to_csv(index=False).encode("cp1252"),
        [
            "encoded in Windows-1252: read accordingly; if letters look wrong, say which it is: "
            "ENCODING=windows-1250 (--encoding)"
        ],
    ),
    "UTF-16": (
        lambda t: t.to_csv(index=False).encode("utf-16"),
        ["encoded in UTF-16: read accordingly"],
    ),
    "a mark before UTF-8": (lambda t: t.to_csv(index=False).encode("utf-8-sig"), []),
    "other line ends": (
        lambda t: csv(t, lineterminator="\r\n"),
        ["Windows line ends: read accordingly"],
    ),
    "mixed line ends": (
        lambda t: csv(t).replace(b"\n", b"\r\n", 5),
        ["mixed line ends: read accordingly"],
    ),
    "packed": (packed, []),
    "decimal commas": (with_commas, ["separated by semicolons: read accordingly"]),
    "thousands": (with_thousands, [BIG]),
    "blank lines": (between_blanks, ["blank, 2 rows (first: 4, 7): left out"]),
    "missing markers": (
        lambda t: csv(
            t.assign(**{DAYS: t[DAYS].replace("", "NA"), PAYS: t[PAYS].replace("", "?")})
        ),
        [],
    ),
    "formula": (
        cells({(4, REMARK): '=HYPERLINK("http://x")', (5, REMARK): "@sum", (6, REMARK): "-5"}),
        [
            f"column {REMARK}: looks like a formula, 2 rows (first: 4, 5): kept as text, escaped "
            "in every CSV"
        ],
    ),
}


def accepted(folder: Path, content: bytes, **changes: dict) -> Checked:
    path = folder / "club.csv"
    path.write_bytes(content)
    raw_table = read_raw_table(path, origin="club.csv")
    return check_table(raw_table, builders.schema(**changes), origin="club.csv")


@pytest.mark.parametrize("case", ACCEPTED)
def test_accepted_with_a_word_is_the_clean_table(tmp_path: Path, case: str) -> None:
    make, expected = ACCEPTED[case]
    table = clean()
    if case == "formula":
        table.loc[2:4, REMARK] = ['=HYPERLINK("http://x")', "@sum", "-5"]
    checked = accepted(tmp_path, make(clean()))
    pd.testing.assert_frame_equal(checked.customers, builders.check(table, builders.schema()))
    warnings = [str(warning) for warning in checked.warnings]
    if case in ("decimal commas", "thousands"):  # one warning a column; counted elsewhere
        numbers = [words for words in warnings if words.endswith("read as numbers")]
        assert numbers
        warnings = [words for words in warnings if words not in numbers]
        expected = [words for words in expected if words != BIG]
    assert warnings == expected


def test_rows_are_repeated_only_to_the_last_cell(tmp_path: Path) -> None:
    # twins without an id are two customers, and are kept
    table = clean()
    schema = builders.schema("no_id")
    path = tmp_path / "club.csv"
    path.write_bytes(csv(pd.concat([table, table.iloc[[3]]])))
    checked = check_table(read_raw_table(path), schema, origin="club.csv")
    assert len(checked.customers) == ROWS + 1


def test_values_not_listed_are_pooled_where_the_schema_lets_them(tmp_path: Path) -> None:
    content = cells({(2, PAYS): "Bitcoin", (4, PAYS): "KARTE", (5, PAYS): OTHER})(clean())
    checked = accepted(tmp_path, content, **{PAYS: {"other": True}})
    assert list(checked.customers[PAYS][[0, 2, 3]]) == [OTHER, "Karte", OTHER]
    assert [str(warning) for warning in checked.warnings] == [
        f"column {PAYS}: another spelling of a known value, 1 row (first: 4): taken as that value",
        f"column {PAYS}: a value not listed, 1 row (first: 2): counted as (other)",
    ]


def test_a_value_that_reads_like_a_missing_marker_is_one_where_the_schema_lists_it(
    tmp_path: Path,
) -> None:
    content = cells({(2, PAYS): "None", (3, PAYS): "none", (4, PAYS): "NA"})(clean())
    listed = [*builders.COLUMNS[PAYS]["values"], "None"]
    checked = accepted(tmp_path, content, **{PAYS: {"values": listed}})
    assert list(checked.customers[PAYS][:3]) == ["None", "None", None]


def test_spellings_that_two_values_share_are_taken_for_neither(tmp_path: Path) -> None:
    from stages.tables.validation import RejectedTable

    listed = ["Karte", "KARTE", "Rechnung", "Über Dritte"]
    content = cells({(2, PAYS): "karte"})(clean())
    with pytest.raises(RejectedTable, match="unknown value: row 2: 'karte'"):
        accepted(tmp_path, content, **{PAYS: {"values": listed}})


def test_neither_identity_nor_sensitive_values_are_in_a_warning(tmp_path: Path) -> None:
    content = cells({(2, NUMBER): "=geheim", (3, GENDER): " W ", (4, MONTHS): " 5 "})(clean())
    warnings = " ".join(str(warning) for warning in accepted(tmp_path, content).warnings)
    assert f"column {NUMBER}: looks like a formula, 1 row (first: 2)" in warnings
    assert f"column {GENDER}: another spelling" in warnings
    assert "geheim" not in warnings
    assert "'w'" not in warnings.casefold()
