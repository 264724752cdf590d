"""The column to predict: found, told, or asked for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from scoring.errors import UserError
from scoring.schema import KEY_NAMES
from stages.adoption.draft import draft
from stages.tables.checks import check_table
from stages.tables.intake import from_arrow
from tests.arrivals import LEFT, PLAIN, arrival, cycle, drafted, numbered, refusal

TARGETS = [
    ("churn", "yes", "no"),
    ("Churn", "Yes", "No"),
    ("churned", "1", "0"),
    ("Exited", "1.0", "0.0"),
    ("is_churned", "True", "False"),
    ("left", "TRUE", "FALSE"),
    ("Attrition_Flag", "Attrited Customer", "Existing Customer"),
    ("churn_status", "Cancelled", "Current"),
    ("status_churn", "not active", "active"),
    ("churn", "no longer", "loyal"),
    ("Active", "0", "1"),
    ("is_active", "no", "yes"),
    ("retained", "False", "True"),
    ("Gekündigt", "ja", "nein"),
    ("Kündigung", "wahr", "falsch"),
    ("Target", "1", "0"),
    ("Customer_churn", "t", "f"),
]


@pytest.mark.parametrize(("name", "positive", "negative"), TARGETS)
@pytest.mark.parametrize("churners", ["few", "most"])
def test_the_target_is_found_with_the_value_that_means_churn(
    name: str, positive: str, negative: str, churners: str
) -> None:
    values = np.where(LEFT if churners == "few" else ~LEFT, positive, negative)
    found = drafted(visits=PLAIN["visits"], **{name: values})
    target = found.schema.target
    assert target.name == name.replace("_", " ")
    assert str(target.positive) == positive
    assert target.labels == (negative, positive)
    assert found.guesses[-1].confirm


def test_two_words_that_say_nothing_are_told_by_the_rarer() -> None:
    found = drafted(visits=PLAIN["visits"], churn=np.where(LEFT, "A", "B"))
    assert found.schema.target.positive == "A"
    assert "as the rarer of the two" in found.guesses[-1].because


@pytest.mark.parametrize("told", ["gone", "GONE", " Gone "])
def test_what_is_told_counts(told: str) -> None:
    status = np.where(LEFT, "here", "gone")
    found = drafted(visits=PLAIN["visits"], status=status, target="status", positive=told)
    assert found.schema.target.positive == "gone"


def test_spellings_of_the_target_are_one() -> None:
    churn = np.where(LEFT, cycle("Yes", "yes", " YES"), cycle("No", "no"))
    found = drafted(visits=PLAIN["visits"], churn=churn)
    assert {str(label).casefold() for label in found.schema.target.labels} == {"yes", "no"}
    checked = check_table(arrival(visits=PLAIN["visits"], churn=churn), found.schema, origin="t")
    assert (found.schema.churned(checked.customers) == LEFT).all()


def test_the_plainest_name_wins() -> None:
    found = drafted(visits=PLAIN["visits"], left_handed=cycle("y", "n"), churn=PLAIN["churned"])
    assert found.schema.target.name == "churn"


UNTOLD = [
    ({"a": cycle("x", "y"), "b": cycle(1, 2, 3)}, "no column is called churn or the like; name it "
     "with TARGET=<column> (of two values each: a)"),
    ({"churn_label": cycle("Yes", "No"), "churn_value": cycle(1, 0)}, "several columns may be the "
     "one to predict; name it with TARGET=<column> (of two values each: churn label, churn value)"),
    ({"churn": cycle("a", "b", "c"), "b": cycle(1, 2, 3)}, "column churn: 3 different values "
     "('a', 'b', 'c'); expected two, one of which means churn"),
    ({"churn": cycle("yes", "no", ""), "b": cycle(1, 2, 3)}, "column churn: 40 rows without a "
     "value; expected no or yes for every customer"),
    ({"churn": cycle("yes"), "b": cycle(1, 2, 3)}, "column churn: 1 different values ('yes')"),
    ({"churn": cycle("yes", "no"), "target": "status"}, "column status: not there; expected the "
     "column to predict, one of churn"),
    ({"churn": cycle("yes", "no"), "positive": "gone"}, "column churn: value gone: not there; "
     "expected one of "),
    ({"churn": cycle("yes", "no"), "id": numbered("c{}")}, "no column is left to learn from"),
]  # fmt: skip


@pytest.mark.parametrize(("columns", "words"), UNTOLD)
def test_what_cannot_be_told_is_asked_for(columns: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError) as caught:
        _ = drafted(**columns).schema
    assert caught.value.message.startswith("t.csv: ")
    assert words in caught.value.message


def test_a_name_that_the_pipeline_uses_is_refused() -> None:
    for name in ("average_monthly_value", *KEY_NAMES):
        table = pd.DataFrame({name: cycle(1, 2, 3), "churn": PLAIN["churned"]}).astype(str)
        came = from_arrow(pa.Table.from_pandas(table, preserve_index=False), origin="t.csv")
        with pytest.raises(UserError, match=f"t.csv: column {name}: the name is taken by"):
            draft(came, origin="t.csv", target=None, positive=None)


def test_values_of_a_column_wrongly_named_as_target_are_not_shown() -> None:
    said = refusal(visits=PLAIN["visits"], mail=numbered("u{}@example.org"), target="mail")
    assert "column mail: 120 different values; expected two" in said
    assert "example.org" not in said


def test_what_was_left_out_is_told_where_nothing_is_left() -> None:
    with pytest.raises(UserError) as caught:
        _ = drafted(churn=PLAIN["churned"], constant=cycle(3)).schema
    assert "column constant: the same value in every row" in str(caught.value)
