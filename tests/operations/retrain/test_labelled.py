"""Labelled months: appended, checked, each customer once, and none whose data was broken."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from scoring.errors import UserError
from scoring.schema import parse_schema
from stages.core.files import read_table
from stages.core.paths import Paths
from stages.monitoring.verdict_files import folder_of as verdicts_of
from stages.monitoring.verdict_files import write_verdict
from stages.operations.retrain import labelled
from tests import builders
from tests.operations.retrain.conftest import csv
from tests.verdicts import FAULT, verdict

DATED = {
    "snapshot": date(2026, 3, 31),
    "columns": [
        {"name": "id", "kind": "text", "roles": ["id"]},
        {"name": "signup", "kind": "date"},
        {"name": "days since signup", "kind": "integer", "minimum": 0, "maximum": 4000,
         "from_date": "signup", "part": "days_since"},
        {"name": "churn", "kind": "category", "values": ["no", "yes"], "positive": "yes",
         "roles": ["target"]},
    ],
}  # fmt: skip


def test_months_are_appended_and_each_customer_kept_once(tmp_path: Path) -> None:
    paths, schema = Paths(tmp_path), builders.schema()
    table = builders.customers(rows=60)
    first = labelled.take_in(csv(tmp_path, table.head(40)), schema, paths, month="2026-11")
    assert first == ("2026-11: 40 labelled customers added", True)
    turned = {"ja": "nein", "nein": "ja"}
    corrected = table.tail(40).assign(**{builders.LEFT: table.tail(40)[builders.LEFT].map(turned)})
    again = labelled.take_in(csv(tmp_path, corrected), schema, paths, month="2026-11")
    assert again == ("2026-11: 20 labelled customers added, 20 were there already", True)
    kept = read_table(labelled.folder_of(paths) / "2026-11.parquet").set_index(builders.NUMBER)
    assert len(kept) == 60
    later = corrected.set_index(builders.NUMBER)[builders.LEFT]
    assert (kept.loc[later.index, builders.LEFT] == later).all()
    before = (labelled.folder_of(paths) / "2026-11.parquet").read_bytes()
    third = labelled.take_in(csv(tmp_path, corrected), schema, paths, month="2026-11")
    assert third == ("2026-11: 0 labelled customers added, 40 were there already", False)
    assert (labelled.folder_of(paths) / "2026-11.parquet").read_bytes() == before
    # a correction adds nobody, and changes the month all the same
    turned_again = corrected.assign(**{builders.LEFT: corrected[builders.LEFT].map(turned)})
    fourth = labelled.take_in(csv(tmp_path, turned_again), schema, paths, month="2026-11")
    assert fourth.changed


def test_a_month_whose_data_was_broken_is_taken_in_once_it_is_judged_again(tmp_path: Path) -> None:
    paths, table = Paths(tmp_path), csv(tmp_path, builders.customers(rows=40))
    write_verdict(verdict("2026-11", "fault", faults=[FAULT]), verdicts_of(paths))
    write_verdict(verdict("2026-12"), verdicts_of(paths))
    with pytest.raises(UserError, match=r"mend the data and judge .* MONTH=2026-11"):
        labelled.take_in(table, builders.schema(), paths, month="2026-11")
    assert labelled.labelled_months(paths) == []

    write_verdict(verdict("2026-11"), verdicts_of(paths))
    labelled.take_in(table, builders.schema(), paths, month="2026-11")
    assert labelled.labelled_months(paths) == ["2026-11"]


def test_a_labelled_month_may_be_in_another_encoding(tmp_path: Path) -> None:
    paths, table = Paths(tmp_path), builders.customers(rows=40)
    file = csv(tmp_path, table)
    file.write_bytes(file.read_text(encoding="utf-8").encode("mac_roman"))
    labelled.take_in(file, builders.schema(), paths, month="007", encoding="mac_roman")
    pd.testing.assert_frame_equal(read_table(labelled.folder_of(paths) / "007.parquet"), table)


def test_a_table_that_does_not_fit_is_not_taken_in(tmp_path: Path) -> None:
    paths = Paths(tmp_path)
    wrong = builders.customers(rows=20).drop(columns=builders.FEE)
    with pytest.raises(UserError, match=builders.FEE.replace("/", ".")):
        labelled.take_in(csv(tmp_path, wrong), builders.schema(), paths, month="007")
    with pytest.raises(UserError, match="month 'July'"):
        labelled.take_in(csv(tmp_path, wrong), builders.schema(), paths, month="July")
    assert labelled.labelled_months(paths) == []


def test_days_are_counted_to_the_day_of_the_month_that_is_taken_in(tmp_path: Path) -> None:
    # given a model that counts days, from customers of another day
    paths, name = Paths(tmp_path), "days since signup"
    schema = parse_schema(DATED, origin="schema.yaml")
    table = csv(tmp_path, pd.DataFrame(
        {"id": ["a", "b"], "signup": ["2026-01-31", "2026-11-01"], "churn": ["yes", "no"]}
    ))  # fmt: skip
    # when nobody says which day the table describes, it is not taken in
    with pytest.raises(UserError, match="SNAPSHOT=2026-01-31"):
        labelled.take_in(table, schema, paths, month="2026-11")
    # then its days are counted to that day, and not to the one of the schema
    labelled.take_in(table, schema, paths, month="2026-11", snapshot=date(2026, 11, 30))
    kept = labelled.customers_of(["2026-11"], paths)
    assert kept.set_index("id")[name].to_dict() == {"a": 303, "b": 29}
