"""Files of other businesses and languages: what a newcomer expects of schema, list and message."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from stages.adoption.account import SCREEN, counted, to_confirm
from stages.adoption.draft import Draft, draft
from stages.adoption.fetch_source import fetch_file, one_sheet
from stages.adoption.schema_file import write_schema
from stages.adoption.target import Outcome
from stages.tables.canonical_table import Checked
from stages.tables.checks import check_table
from stages.tables.intake import read_raw_table
from tests.foreign_columns import ROWS, Foreign
from tests.foreign_tables import MADE, make

TODAY = date(2026, 11, 27)


@pytest.fixture(params=MADE)
def foreign(request: pytest.FixtureRequest) -> Foreign:
    return make(request.param)


@pytest.fixture
def adopted(foreign: Foreign, tmp_path: Path) -> tuple[Draft, Checked, str]:
    """The draft of a file, its customers, and the text of its schema."""
    file = tmp_path / foreign.name
    file.write_bytes(foreign.content)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    fetched = one_sheet(fetch_file(str(file), scratch), scratch, None)
    raw_table = read_raw_table(fetched.path, origin=foreign.name)
    found = draft(raw_table, Outcome(**foreign.given), origin=foreign.name, today=TODAY)
    write_schema(tmp_path / "t.schema.yaml", found)
    checked = check_table(raw_table, found.schema, origin=foreign.name)
    return found, checked, (tmp_path / "t.schema.yaml").read_text(encoding="utf-8")


def test_each_column_is_taken_for_what_it_is(
    foreign: Foreign, adopted: tuple[Draft, Checked, str]
) -> None:
    found, checked, _ = adopted
    schema = found.schema
    assert (schema.target.name, str(schema.target.positive)) == (foreign.target, foreign.positive)
    assert (schema.id_name or "") == foreign.ids
    period = schema.role("period")
    assert (period.name if period else "") == foreign.period
    with_role = {
        role: {c.name for c in schema.columns if role in c.roles}
        for role in ("ignored", "sensitive")
    }
    assert with_role == {"ignored": foreign.ignored, "sensitive": foreign.sensitive}
    dates = {c.name for c in schema.columns if c.kind == "date"} - {foreign.period}
    assert dates == foreign.dates
    assert ("rows of" in counted(checked)) == bool(foreign.period)
    # and every row is a customer, but those whose status is neither
    left_out = 0 if not schema.target.left_out else ROWS - len(checked.customers)
    assert len(checked.customers) + left_out == ROWS


def test_nothing_personal_is_in_the_schema_or_the_list(
    foreign: Foreign, adopted: tuple[Draft, Checked, str]
) -> None:
    found, checked, schema = adopted
    shown = "\n".join([schema, *to_confirm(found), *map(str, checked.warnings)])
    assert [secret for secret in foreign.secrets if secret in shown] == []


def test_the_most_doubtful_is_shown_first_on_a_screen(
    foreign: Foreign, adopted: tuple[Draft, Checked, str]
) -> None:
    found = adopted[0]
    order = [question.doubt for question in found.questions]
    assert order == sorted(order, reverse=True)
    assert len(to_confirm(found)) <= SCREEN + 2
    assert foreign.doubted <= {q.about for q in found.questions if q.doubt > 1}
    # whatever identifies, leads to a person or was left out is asked about
    asked = {question.about for question in found.questions}
    assert {foreign.target, *foreign.ignored, *foreign.sensitive} <= asked
