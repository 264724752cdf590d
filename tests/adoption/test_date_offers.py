"""Dates: checked, offered to learn from, then the same in training, batch and service."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from scoring.derive import raw_inputs
from scoring.schema import Schema
from serving.document import example
from serving.exchange import RequestError
from serving.requests import Requests
from stages.adoption.draft import Draft, draft
from stages.adoption.guess import SERIOUS
from stages.adoption.leaks import leaking_columns
from stages.adoption.schema_file import write_schema
from stages.batch.inputs import find_inputs, plan, read_block
from stages.batch.rows import Rows, check_rows, wanted
from stages.core.paths import Paths
from stages.core.yamlfile import load_schema
from stages.parameters import read_parameters
from stages.tables.checks import check_table
from stages.tables.intake import RawTable
from stages.tables.validation import RejectedTable
from tests.businesses import SNAPSHOT
from tests.businesses import subscribers as table
from tests.raw_tables import raw_table

CUSTOMERS, TODAY, FAR = 400, date(2026, 11, 27), date(2029, 1, 1)
LEARNED = ["days since signup", "month of signup", "days until contract end", "days since visit"]


@pytest.fixture(scope="module")
def came() -> RawTable:
    return raw_table(**table())


@pytest.fixture(scope="module")
def found(came: RawTable) -> Draft:
    drafted = draft(came, origin="t.csv", today=TODAY)
    explore = read_parameters(Paths.here()).explore
    return drafted.ignoring(leaking_columns(came, drafted.offered, explore, origin="t.csv"))


@pytest.fixture
def learned(found: Draft, tmp_path: Path) -> Schema:
    """The schema file once somebody took the # from some of its lines."""
    file = tmp_path / "t.schema.yaml"
    write_schema(file, found)
    text = file.read_text(encoding="utf-8")
    for name in LEARNED:
        text = text.replace(f"  # - {{name: {name},", f"  - {{name: {name},")
    file.write_text(text, encoding="utf-8")
    return load_schema(file)


def test_dates_are_no_inputs_until_somebody_says_so(found: Draft) -> None:
    assert [column.name for column in found.schema.inputs] == ["visits"]
    offers = [offer for guess in found.guesses for offer in guess.offers]
    assert offers
    assert not [offer for offer in offers if str(offer["minimum"]) == "-0.0"]
    asked = {question.about: question for question in found.questions}
    assert asked["(snapshot)"].taken_as == str(SNAPSHOT)
    assert asked["(snapshot)"].doubt == 2
    assert "not learned from; the schema offers days since" in asked["signup"].because
    # what lies after the snapshot, and what is filled for leavers only, is doubted
    assert "lie after the snapshot: known before it, or filled in later?" in (
        asked["contract end"].because
    )
    assert asked["contract end"].doubt == 2
    assert asked["cancelled"].taken_as == "ignored"
    assert asked["cancelled"].because.startswith("suspected leak")


def test_dates_that_begin_where_all_others_have_ended_are_no_snapshot() -> None:
    # given customers whose contracts all end after the snapshot, in a table of years ago
    given = dict(table().drop(columns="cancelled"))
    ends = SNAPSHOT + 9 + np.arange(CUSTOMERS) % 300
    drafted = draft(raw_table(**given | {"contract end": ends}), origin="t.csv", today=FAR)
    # then the snapshot is the last of the other days, and the column that it is from is named
    asked = {question.about: question for question in drafted.questions}
    assert drafted.snapshot == SNAPSHOT.astype(object)
    assert "the latest day of visit" in asked["(snapshot)"].because
    assert "lie after the snapshot" in asked["contract end"].because


def test_the_last_bills_of_everybody_are_a_snapshot_although_nobody_has_joined_since() -> None:
    joined = SNAPSHOT - 90 - np.arange(CUSTOMERS) % 300
    billed = SNAPSHOT - np.arange(CUSTOMERS) % 31
    given = dict(table().drop(columns=["cancelled", "contract end", "visit"]))
    given |= {"signup": joined, "last bill": billed}
    assert draft(raw_table(**given), origin="t.csv", today=FAR).snapshot == SNAPSHOT.astype(object)


def test_a_table_of_dates_alone_is_learned_from_and_in_doubt(tmp_path: Path) -> None:
    # given nothing but an id, days and the outcome
    given = {name: cells for name, cells in table().items() if name != "visits"}
    came = raw_table(**given)
    drafted = draft(came, origin="t.csv", today=TODAY)
    explore = read_parameters(Paths.here()).explore
    found = drafted.ignoring(leaking_columns(came, drafted.offered, explore, origin="t.csv"))
    # then what the schema would offer as comments are its columns
    write_schema(tmp_path / "t.schema.yaml", found)
    schema = load_schema(tmp_path / "t.schema.yaml")
    assert {column.name for column in schema.inputs} >= set(LEARNED)
    assert schema == found.schema
    assert check_table(came, schema, origin="t.csv").customers["days since signup"].notna().all()
    # and a person is asked first, but for the date that gives the outcome away
    asked = {question.about: question for question in found.questions}
    assert asked["signup"].doubt == SERIOUS
    assert "since nothing else is left" in asked["signup"].because
    assert asked["cancelled"].taken_as == "ignored"


def test_dates_are_learned_from_where_all_others_leak() -> None:
    given = table()
    given["visits"] = np.where(given["churn"] == "yes", 20, 1) + np.arange(CUSTOMERS) % 3
    came = raw_table(**given)
    drafted = draft(came, origin="t.csv", today=TODAY)
    explore = read_parameters(Paths.here()).explore
    found = drafted.ignoring(leaking_columns(came, drafted.offered, explore, origin="t.csv"))
    assert "visits" not in {column.name for column in found.schema.inputs}
    assert "days since signup" in {column.name for column in found.schema.inputs}


@pytest.mark.parametrize("never", ["9999-12-31", "31.12.9999", "12/31/9999", "0000-00-00"])
def test_the_end_of_all_days_is_no_date(never: str) -> None:
    # given a day of leaving that databases fill for everybody
    given = table()
    given["cancelled"] = given["cancelled"].replace("", never)
    came = raw_table(**given)
    drafted = draft(came, origin="t.csv", today=TODAY)
    explore = read_parameters(Paths.here()).explore
    found = leaking_columns(came, drafted.offered, explore, origin="t.csv")
    assert drafted.snapshot == SNAPSHOT.astype(object)
    assert found["cancelled"].startswith("suspected leak")


def test_what_is_offered_is_learned_from_once_its_line_counts(
    came: RawTable, learned: Schema
) -> None:
    customers = check_table(came, learned, origin="t.csv").customers
    given = table()
    signup, ends = (
        pd.to_datetime(given["signup"]),
        pd.to_datetime(given["contract end"], dayfirst=True),
    )
    assert {c.name for c in learned.inputs} == {"visits", *LEARNED}
    assert (customers["days since signup"] == (pd.Timestamp(SNAPSHOT) - signup).dt.days).all()
    assert (customers["month of signup"] == signup.dt.month).all()
    assert (customers["days until contract end"] == (ends - pd.Timestamp(SNAPSHOT)).dt.days).all()
    assert (customers["days since visit"].isna() == (given["visit"] == "")).all()


def batch(given: pd.DataFrame, schema: Schema, folder: Path, snapshot: date) -> Rows:
    given.drop(columns="churn").to_csv(folder / "month.csv", index=False)
    files = find_inputs(str(folder / "month.csv"), folder)
    (chunk,) = [c for block in plan(files) for c in read_block(block, wanted(schema))]
    return check_rows(chunk, schema, snapshot=snapshot)


def request(given: pd.DataFrame, schema: Schema, snapshot: date) -> bytes:
    rows = given[[column.name for column in schema.asked]].copy()
    for name, form in (("contract end", "%d.%m.%Y"), ("visit", "%m/%d/%Y")):
        days = pd.to_datetime(rows[name], format=form)
        rows[name] = days.dt.strftime("%Y-%m-%d").astype(object).where(days.notna(), None)
    body = {"features": rows.to_dict(orient="records"), "snapshot_date": snapshot.isoformat()}
    return json.dumps(body).encode()


@pytest.mark.parametrize("rows", [CUSTOMERS, 1])  # one row does not tell months from days
def test_training_batch_and_service_make_the_same_of_a_date(
    came: RawTable, learned: Schema, tmp_path: Path, rows: int
) -> None:
    customers = check_table(came, learned, origin="t.csv").customers[:rows]
    expected = raw_inputs({c.name: customers[c.name].to_numpy() for c in learned.inputs}, learned)
    given, day = table()[:rows], SNAPSHOT.astype(object)

    scored = batch(given, learned, tmp_path, day)
    sent, _ = Requests(learned, max_batch=CUSTOMERS).parse_many(request(given, learned, day))

    assert not scored.rejects
    np.testing.assert_array_equal(scored.numbers, expected.numbers)
    columns = {c.name: [row[c.name] for row in sent] for c in learned.inputs}
    np.testing.assert_array_equal(raw_inputs(columns, learned).numbers, expected.numbers)


def test_next_month_is_counted_from_its_own_day(learned: Schema, tmp_path: Path) -> None:
    # given the customers of October a month later, one of whom signed up meanwhile
    given, later = table(), date(2026, 11, 30)
    given.loc[0, "signup"] = "2026-11-20"
    now = batch(given, learned, tmp_path, later)
    assert not now.rejects
    place = [c.name for c in learned.numeric_inputs].index("days since signup")
    assert now.numbers[0, place] == 10
    # when they are taken for those of October, then the date that lies ahead is named
    before = batch(given, learned, tmp_path, SNAPSHOT.astype(object))
    ((row, why),) = before.rejects
    assert row == 2
    assert "days since signup: out of range '2026-11-20'; expected a date 0 to" in why
    assert "days before the snapshot" in why
    with pytest.raises(RequestError) as refused:
        Requests(learned, max_batch=CUSTOMERS).parse_many(
            request(given, learned, SNAPSHOT.astype(object))
        )
    (detail,) = refused.value.details
    assert (detail["row"], detail["field"]) == (0, "signup")
    assert (detail["problem"], "before the snapshot" in detail["allowed"]) == ("out of range", True)


def test_a_table_of_a_later_day_does_not_fit_the_schema(learned: Schema) -> None:
    given = table()
    given.loc[0, "signup"] = "2026-11-20"
    with pytest.raises(RejectedTable) as caught:
        check_table(raw_table(**given), learned, origin="t.csv")
    assert "column days since signup: out of range" in str(caught.value)
    assert "2026-11-20" in str(caught.value)


def test_the_service_asks_for_the_day_where_days_are_counted(learned: Schema) -> None:
    requests = Requests(learned, max_batch=2)
    body = example("/predict", learned)
    rows, _ = requests.parse_one(json.dumps(body).encode())
    assert list(rows[0]) == [column.name for column in learned.inputs]
    for broken in ({}, {"snapshot_date": "31.10.2026"}, {"snapshot_date": None}):
        sent = {"features": body["features"], **broken}
        with pytest.raises(RequestError) as refused:
            requests.parse_one(json.dumps(sent).encode())
        (detail,) = refused.value.details
        assert detail["field"] == "snapshot_date"
        assert "as in 2026-01-31" in detail["allowed"]
    sent = body | {"features": body["features"] | {"signup": "soon"}}
    with pytest.raises(RequestError) as refused:
        requests.parse_one(json.dumps(sent).encode())
    (detail,) = refused.value.details
    assert (detail["field"], detail["problem"]) == ("signup", "not a date")
    assert detail["allowed"] == {"type": "date", "null": False}


def test_a_period_is_the_snapshot_of_its_row() -> None:
    # given six months of the same customers, and the day of their first order
    rng = np.random.default_rng(0)
    months = np.repeat(np.datetime64("2026-01") + np.arange(6), 50)
    first = np.tile(np.datetime64("2025-01-01") + rng.integers(0, 360, 50), 6)
    came = raw_table(
        customer_id=np.tile([f"c{number}" for number in range(50)], 6),
        month=months.astype(str),
        first_order=first.astype(str),
        visits=rng.integers(0, 20, 300),
        churn=rng.choice(["yes", "no"], 300),
    )
    found = draft(came, origin="t.csv", today=TODAY)
    assert found.snapshot is None
    assert "(snapshot)" not in {question.about for question in found.questions}
    # then days are counted from each row's month
    customers = check_table(came, found.offered, origin="t.csv").customers
    expected = (months.astype("datetime64[D]") - first).astype(int)
    assert customers["days since first order"].tolist() == expected.tolist()


@pytest.mark.parametrize(
    "form", ["%Y-%m", "%b-%y", "%d-%b-%Y", "%m/%d/%y %I:%M %p", "%d.%m.%Y", "%Y%m%d", "%B %Y"]
)
def test_dates_and_periods_that_nobody_has_seen_fit_the_schema(form: str) -> None:
    # given a schema drafted from one year
    rng = np.random.default_rng(4)

    def came(year: int) -> RawTable:
        days = pd.DatetimeIndex(np.datetime64(f"{year}-01-01") + rng.integers(0, 365, 200))
        return raw_table(
            customer_id=[f"c{number}" for number in range(200)],
            joined=days.strftime(form),
            visits=rng.integers(0, 20, 200),
            churn=rng.choice(["yes", "no"], 200),
        )

    schema = draft(came(2021), origin="t.csv", today=TODAY).schema
    assert schema["joined"].kind == "date"
    # then the table of another year is accepted under it
    assert len(check_table(came(2022), schema, origin="t.csv").customers) == 200
