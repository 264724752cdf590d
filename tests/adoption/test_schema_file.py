"""A drafted schema in its file: whatever names and values hold, it is read as it was written."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from stages.adoption.draft import draft
from stages.adoption.schema_file import scalar, write_schema
from stages.adoption.target import Outcome
from stages.core.yamlfile import load_schema, read_yaml
from stages.tables.intake import from_arrow
from tests.raw_tables import PLAIN, ROWS, printable

HOSTILE = [
    "a: b", "# x", "- y", "{z}", "[w]", "Yes", "null", "~", "1.5", "0x1", "'", '"', "\\", "a\\nb",
    "é", "日本", "☃ 🎉", "&a", "*a", "!t", "%d", "@x", "`", "|", ">", "?", ":", "a #b", "a: ", "-",
    "<b>", "{{x}}", "${x}", "x" * 300, "=1+1", "NaN", ".inf", "on", "1e3", "2026-01-31", "\u2028",
    "\ufeff", "a\tb",
]  # fmt: skip


@pytest.mark.parametrize("text", [*HOSTILE, "two\nlines", "\x7f", "\x00"])
def test_any_text_is_itself_in_the_file(tmp_path: Path, text: str) -> None:
    path = tmp_path / "t.yaml"
    path.write_text(f"- {{a: {scalar(text)}, b: [{scalar(text)}, 1]}}\n", encoding="utf-8")
    assert read_yaml(path) == [{"a": text, "b": [text, 1]}]


hostile = st.one_of(st.sampled_from(HOSTILE), printable)


def tidy(name: str) -> str:
    return " ".join(name.split())


@settings(max_examples=60, deadline=None, derandomize=True)
@given(names=st.lists(hostile, min_size=2, max_size=4, unique_by=tidy), values=st.lists(hostile))
def test_a_drafted_schema_is_the_same_in_its_file(
    tmp_path_factory: pytest.TempPathFactory, names: list[str], values: list[str]
) -> None:
    assume(all(name.strip() for name in names))
    cells = (values or ["x"]) * (2 * ROWS)
    table = {name: cells[place : place + ROWS] for place, name in enumerate(names)}
    table |= {f"{names[0]} churn": list(PLAIN["churned"]), "visits": list(PLAIN["visits"])}
    came = from_arrow(pa.table({n: list(map(str, v)) for n, v in table.items()}), origin="t\n.csv")
    target = list(came.columns)[len(names)]
    found = draft(came, Outcome(target), origin="t\n.csv")
    file = tmp_path_factory.mktemp("schema") / "t.schema.yaml"
    write_schema(file, found)
    assert load_schema(file) == found.schema
    assert len(file.read_text(encoding="utf-8").split("columns:\n")[1].split("\n  - ")) >= 2
