"""The column to predict: found, given, or asked for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from scoring.errors import UserError
from scoring.schema import KEY_NAMES, parse_schema
from stages.adoption.draft import draft
from stages.adoption.guess import SERIOUS
from stages.tables.checks import check_table
from stages.tables.intake import from_arrow
from tests.raw_tables import LEFT, PLAIN, cycle, drafted, numbered, raw_table, rejection

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
    ("churn", "Churner", "Non-Churner"),
    ("status", "Leaver", "Stayer"),
    ("churn", "ex-client", "client"),
    ("inactive", "1", "0"),
    ("not_churned", "no", "yes"),
    ("non_renewal", "true", "false"),
    ("churn (yes/no)", "1", "0"),
    ("Active Status", "Churned", "Stayed"),
    ("abandono", "sí", "no"),
    ("baja", "S", "N"),
    ("odszedł", "T", "N"),
    ("Status", "storniert", "aktiv"),
    ("terk", "Evet", "Hayır"),
    ("Statut", "Résilié", "Actif"),
    ("estado", "inactivo", "activo"),
    ("отток", "да", "нет"),
    ("status", "流失", "未流失"),
    ("解約", "はい", "いいえ"),
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
    assert str(target.positive).casefold() == positive.casefold()
    assert [label.casefold() for label in target.labels] == [
        negative.casefold(),
        positive.casefold(),
    ]
    assert found.guesses[-1].confirm


@pytest.mark.parametrize(
    ("one", "other"),
    [("A", "B"), ("1", "2"), ("Joined", "Moved"), ("churned", "left"), ("Ja dochdoch", "Nope nie")],
)
def test_where_no_word_is_known_the_user_is_asked_and_the_rarer_is_not_taken(
    one: str, other: str
) -> None:
    found = rejection(visits=PLAIN["visits"], churn=np.where(LEFT, one, other))
    assert f"'{one}' (40 rows)" in found
    assert f"'{other}' (80 rows)" in found
    assert "POSITIVE=" in found
    given = drafted(visits=PLAIN["visits"], churn=np.where(LEFT, one, other), positive=other)
    assert str(given.schema.target.positive) == other


def test_a_word_that_is_known_for_one_value_alone_is_doubtful_for_the_other() -> None:
    found = drafted(visits=PLAIN["visits"], churn=np.where(LEFT, "stayed", "zzz"))
    assert found.schema.target.positive == "zzz"
    assert found.guesses[-1].doubt == SERIOUS


def test_a_yes_in_a_column_whose_name_says_nothing_is_doubtful() -> None:
    found = drafted(visits=PLAIN["visits"], flag_7=np.where(LEFT, 1, 0), target="flag 7")
    assert found.schema.target.positive == 1
    assert found.guesses[-1].doubt == SERIOUS


def test_a_name_that_says_both_leaves_yes_and_no_open() -> None:
    found = rejection(
        **{"visits": PLAIN["visits"], "Active/Inactive": np.where(LEFT, 1, 0)},
        target="Active/Inactive",
    )
    assert "POSITIVE=" in found


# --- several statuses ----------------------------------------------------------------------------

STATUS = np.array(cycle("Stayed", "Stayed", "Churned", "Joined"))


def test_a_column_of_three_statuses_is_offered_with_what_to_say() -> None:
    found = rejection(**{"visits": PLAIN["visits"], "Customer Status": STATUS})
    assert "column Customer Status: values 'Stayed' (60 rows), 'Churned' (30 rows)" in found
    assert "POSITIVE=Churned" in found
    assert "NEGATIVE=" in found


def test_one_status_against_all_others() -> None:
    columns = {"visits": PLAIN["visits"], "Customer Status": STATUS}
    found = drafted(**columns, positive="churned")
    target = found.schema.target
    assert set(target.labels) == {"Stayed", "Joined", "Churned"}
    checked = check_table(raw_table(**columns), found.schema, origin="t")
    assert (found.schema.churned(checked.customers) == (STATUS == "Churned")).all()


@pytest.mark.parametrize("negative", ["stayed", "Stayed"])
def test_one_status_against_another_leaves_the_rest_out(negative: str) -> None:
    columns = {"visits": PLAIN["visits"], "Customer Status": STATUS}
    found = drafted(**columns, positive="Churned", negative=negative)
    assert found.schema.target.labels == ("Stayed", "Churned")
    assert found.schema.target.left_out == ("Joined",)
    checked = check_table(raw_table(**columns), found.schema, origin="t")
    kept = STATUS[STATUS != "Joined"]
    assert (found.schema.churned(checked.customers) == (kept == "Churned")).all()
    (warning,) = (r for r in checked.warnings if r.action == "left out")
    assert warning.count == 30
    assert "Joined" in str(warning)


def test_several_statuses_may_mean_staying() -> None:
    columns = {"visits": PLAIN["visits"], "Customer Status": STATUS}
    found = drafted(**columns, positive="Churned", negative="Joined,Stayed")
    assert found.schema.target.left_out == ()


FOUR = np.array(cycle("Active", "Cancelled", "Trial", "Active", "Expired"))


def test_several_statuses_may_mean_churn() -> None:
    columns = {"visits": PLAIN["visits"], "status": FOUR}
    found = drafted(**columns, positive="cancelled, Expired")
    checked = check_table(raw_table(**columns), found.schema, origin="t")
    gone = np.isin(FOUR, ["Cancelled", "Expired"])
    assert (found.schema.churned(checked.customers) == gone).all()
    again = parse_schema(found.content, origin="t")
    assert again.target.positives == ("Cancelled", "Expired")


def test_a_status_that_left_by_its_word_does_not_stay_in_silence() -> None:
    gone = np.array(cycle("Active", "Churned", "Cancelled", "Trial"))
    asked = rejection(visits=PLAIN["visits"], status=gone)
    assert "POSITIVE=Cancelled,Churned" in asked
    one = drafted(visits=PLAIN["visits"], status=gone, positive="Churned")
    (question,) = (q for q in one.questions if q.about == "status")
    assert question.doubt == SERIOUS
    assert "'Cancelled' counted as staying" in question.because
    both = drafted(visits=PLAIN["visits"], status=gone, positive="Churned,Cancelled")
    (question,) = (q for q in both.questions if q.about == "status")
    assert question.doubt < SERIOUS


def test_all_statuses_cannot_mean_churn() -> None:
    given = {"visits": PLAIN["visits"], "status": STATUS, "positive": "Stayed,Churned,Joined"}
    assert "expected one that means staying" in rejection(**given)


def test_a_table_of_several_statuses_of_whom_nobody_left_is_refused() -> None:
    columns = {"visits": PLAIN["visits"], "status": STATUS}
    schema = drafted(**columns, positive="Churned").schema
    columns["status"] = np.where(STATUS == "Churned", "Joined", STATUS)
    with pytest.raises(UserError, match="only 'Joined', 'Stayed'"):
        check_table(raw_table(**columns), schema, origin="t")


@pytest.mark.parametrize("grade", [("A", "B"), ("A", "B", "C")])
def test_a_class_of_customers_is_no_outcome_where_a_status_is(grade: tuple[str, ...]) -> None:
    status = np.where(LEFT, "Churned", "Active")
    found = drafted(**{"class": cycle(*grade), "visits": PLAIN["visits"], "status": status})
    assert found.schema.target.name == "status"
    message = rejection(**{"class": cycle(*grade), "visits": PLAIN["visits"], "status": FOUR})
    assert "column status: values" in message


def test_a_value_is_not_both_positive_and_negative() -> None:
    columns = {"visits": PLAIN["visits"], "status": STATUS}
    assert "given as positive and as negative" in rejection(
        **columns, positive="Churned", negative="Churned"
    )


@pytest.mark.parametrize("given", ["gone", "GONE", " Gone "])
def test_what_is_given_counts(given: str) -> None:
    status = np.where(LEFT, "here", "gone")
    found = drafted(visits=PLAIN["visits"], status=status, target="status", positive=given)
    assert found.schema.target.positive == "gone"


def test_spellings_of_the_target_are_one() -> None:
    churn = np.where(LEFT, cycle("Yes", "yes", " YES"), cycle("No", "no"))
    found = drafted(visits=PLAIN["visits"], churn=churn)
    assert {str(label).casefold() for label in found.schema.target.labels} == {"yes", "no"}
    checked = check_table(raw_table(visits=PLAIN["visits"], churn=churn), found.schema, origin="t")
    assert (found.schema.churned(checked.customers) == LEFT).all()


def test_the_plainest_name_wins() -> None:
    found = drafted(visits=PLAIN["visits"], left_handed=cycle("y", "n"), churn=PLAIN["churned"])
    assert found.schema.target.name == "churn"


UNTOLD = [
    ({"a": cycle("x", "y"), "b": cycle(1, 2, 3)}, "no column is called churn or the like; name it "
     "with TARGET=<column> (of two values each: a)"),
    ({"churn_label": cycle("Yes", "No"), "churn_value": cycle(1, 0)}, "several columns may be the "
     "one to predict; name it with TARGET=<column> (of two values each: churn label, churn value)"),
    ({"churn": cycle("a", "b", "c"), "b": cycle(1, 2, 3)}, "column churn: values 'a' (40 "
     "rows), 'b' (40 rows), 'c' (40 rows); name the one that means churn with POSITIVE=<value>"),
    ({"churn": cycle("yes", "no", ""), "b": cycle(1, 2, 3)}, "column churn: 40 rows without a "
     "value; expected no or yes for every customer"),
    ({"churn": cycle("yes"), "b": cycle(1, 2, 3)}, "column churn: one value in all rows ('yes')"),
    ({"churn": cycle("yes", "no"), "target": "status"}, "column status: not there; expected the "
     "column to predict, one of churn"),
    ({"churn": cycle("yes", "no"), "positive": "gone"}, "column churn: value gone: not there; "
     "expected one of "),
    ({"churn": cycle("yes", "no"), "id": numbered("c{}")}, "no column is left to learn from"),
]  # fmt: skip


@pytest.mark.parametrize(("columns", "words"), UNTOLD)
def test_what_cannot_be_inferred_is_asked_for(columns: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError) as caught:
        _ = drafted(**columns).schema
    assert caught.value.message.startswith("t.csv: ")
    assert words in caught.value.message


def test_a_name_that_the_pipeline_uses_is_refused() -> None:
    for name in ("average_monthly_value", *KEY_NAMES):
        table = pd.DataFrame({name: cycle(1, 2, 3), "churn": PLAIN["churned"]}).astype(str)
        came = from_arrow(pa.Table.from_pandas(table, preserve_index=False), origin="t.csv")
        with pytest.raises(UserError, match=f"t.csv: column {name}: the name is taken by"):
            draft(came, origin="t.csv")


def test_values_of_a_column_wrongly_named_as_target_are_not_shown() -> None:
    message = rejection(visits=PLAIN["visits"], mail=numbered("u{}@example.org"), target="mail")
    assert "column mail: 120 different values; expected two" in message
    assert "example.org" not in message


def test_what_was_left_out_is_reported_where_nothing_is_left() -> None:
    with pytest.raises(UserError) as caught:
        _ = drafted(churn=PLAIN["churned"], constant=cycle(3)).schema
    assert "column constant: the same value in every row" in str(caught.value)
