"""What callers may send: what is refused, how it is named, and what is let in."""

import json

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st
from pydantic import TypeAdapter

from scoring.schema import parse_schema
from serving.document import example
from serving.exchange import RequestError
from serving.request_types import id_text, value_type
from serving.requests import SHOWN_DETAILS, Requests
from tests import builders
from tests.builders import BRANCH, DAYS, FEE, MONTHS, PAID, PAYS, SIZE

CLUB = builders.schema()
REQUESTS = Requests(CLUB, max_batch=5)
MEMBER = example("/predict", CLUB)["features"]


def rejection(body: object, *, many: bool = False) -> RequestError:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    with pytest.raises(RequestError) as caught:
        (REQUESTS.parse_many if many else REQUESTS.parse_one)(content)
    return caught.value


def without(name: str) -> dict:
    return {key: value for key, value in MEMBER.items() if key != name}


@pytest.mark.parametrize("variant", builders.VARIANTS)
def test_the_example_of_every_schema_is_accepted(variant):
    schema = builders.schema(variant)
    requests = Requests(schema, max_batch=2)
    rows, ids = requests.parse_one(json.dumps(example("/predict", schema)).encode())
    assert list(rows[0]) == [column.name for column in schema.inputs]
    assert len(ids) == 1
    requests.parse_many(json.dumps(example("/predict_batch", schema)).encode())


@pytest.mark.parametrize(
    ("change", "field", "problem"),
    [
        ({SIZE: "riesig"}, SIZE, "not an allowed value"),
        ({SIZE: 3}, SIZE, "not an allowed value"),
        ({BRANCH: True}, BRANCH, "not an allowed value"),
        ({MONTHS: "5"}, MONTHS, "not a number"),
        ({MONTHS: True}, MONTHS, "not a number"),
        ({MONTHS: 5.5}, MONTHS, "not a whole number"),
        ({MONTHS: -1}, MONTHS, "below the minimum"),
        ({MONTHS: 100}, MONTHS, "above the maximum"),
        ({FEE: float("nan")}, FEE, "not a finite number"),
        ({FEE: float("inf")}, FEE, "not a finite number"),
        ({FEE: None}, FEE, "null"),
        ({FEE: [1]}, FEE, "not a number"),
        ({"Schuhgröße": 44}, "Schuhgröße", "unknown field"),
    ],
)
def test_a_value_that_does_not_fit_is_named_with_what_is_allowed(change, field, problem):
    refused = rejection({"features": {**MEMBER, **change}})
    assert refused.status == 400
    named = [(f["row"], f["field"], f["problem"]) for f in refused.details]
    assert named == [(None, field, problem)]
    assert refused.details[0]["allowed"]


def test_what_is_allowed_is_what_the_schema_says():
    by_value = rejection({"features": {**MEMBER, SIZE: "x"}}).details[0]["allowed"]
    assert by_value == ["klein", "mittel", "groß"]
    by_range = rejection({"features": {**MEMBER, MONTHS: -1}}).details[0]["allowed"]
    bounds = {"type": "integer", "minimum": 0, "maximum": 99, "unit": "Monate", "null": False}
    assert by_range == bounds


def test_a_missing_field_is_named_also_where_it_may_be_null():
    for name in (FEE, DAYS):
        assert rejection({"features": without(name)}).details[0]["field"] == name


@pytest.mark.parametrize("sent", [0, 1])
def test_a_customer_of_whom_most_is_missing_gets_one_error_with_the_missing_fields(sent):
    some = dict(list(MEMBER.items())[:sent])
    lacking = list(MEMBER)[sent:]
    error = rejection({"features": some})
    (detail,) = error.details
    assert (detail["row"], detail["field"]) == (None, "features")
    assert detail["problem"] == f"{len(lacking)} fields missing"
    assert detail["allowed"] == lacking
    assert detail["problem"] in error.error


def test_of_a_batch_each_customer_with_many_missing_fields_is_one_error():
    rows = [MEMBER, {}, {**MEMBER, SIZE: "x"}, {}, without(FEE)]
    found = rejection({"features": rows}, many=True).details
    assert [(f["row"], f["field"]) for f in found] == [
        (1, "features"), (2, SIZE), (3, "features"), (4, FEE),
    ]  # fmt: skip


def test_what_else_is_wrong_is_named_next_to_the_missing_fields():
    found = rejection({"features": {FEE: -1, "x": 1}}).details
    assert [f["field"] for f in found] == ["features", FEE, "x"]
    assert MONTHS in found[0]["allowed"]


@pytest.mark.parametrize("name", [PAID, DAYS, PAYS])
def test_null_is_let_in_where_the_schema_allows_it(name):
    rows, _ = REQUESTS.parse_one(json.dumps({"features": {**MEMBER, name: None}}).encode())
    assert rows[0][name] is None


def test_numbers_of_a_category_may_come_as_text_and_whole_numbers_with_a_point():
    for change in ({BRANCH: 2}, {BRANCH: "2"}, {MONTHS: 5.0}):
        REQUESTS.parse_one(json.dumps({"features": {**MEMBER, **change}}).encode())


@pytest.mark.parametrize("sent", ["yes", "Ja", 2, 0.5, None, "true", [True]])
def test_of_a_yes_or_a_no_what_is_neither_is_one_problem(sent):
    requests = Requests(builders.schema(**{SIZE: {"values": ["No", "Yes"]}}), max_batch=2)
    with pytest.raises(RequestError) as caught:
        requests.parse_one(json.dumps({"features": {**MEMBER, SIZE: sent}}).encode())
    (detail,) = caught.value.details
    problem = "null" if sent is None else "not an allowed value"
    assert (detail["field"], detail["problem"]) == (SIZE, problem)
    assert detail["allowed"] == ["No", "Yes"]


@pytest.mark.parametrize("many", [False, True])
@pytest.mark.parametrize(
    "body", [b"", b"{", b"null", b"[]", b"\xff\xfe", b"[" * 100_000, b'{"features":', b"1"]
)
def test_what_is_no_request_is_refused(body, many):
    assert rejection(body, many=many).status == 400


@pytest.mark.parametrize("many", [False, True])
@pytest.mark.parametrize("body", [MEMBER, {}, {"feature": MEMBER}, {"customer_id": "a"}])
def test_a_body_without_its_wrapper_gets_one_error(body, many):
    error = rejection(body, many=many)
    (detail,) = error.details
    assert (detail["field"], detail["problem"]) == ("features", "missing")
    assert '{"features": ' in error.error


@pytest.mark.parametrize(
    ("body", "many", "row", "problem"),
    [
        ({"features": {"features": MEMBER}}, False, None, "inside another features"),
        ({"features": [{"features": MEMBER}] * 3}, True, 0, "inside another features"),
        (
            {"features": [MEMBER, {"features": MEMBER, "customer_id": "a"}]},
            True,
            1,
            "inside another features",
        ),
        ({"features": [MEMBER] * 2}, False, None, "not an object"),
        ({"features": MEMBER}, True, None, "not a list"),
        ({"features": [[1], MEMBER]}, True, 0, "not an object"),
        ({"features": None}, True, None, "null"),
    ],
)
def test_features_of_another_shape_get_one_error_that_shows_the_right_one(body, many, row, problem):
    error = rejection(body, many=many)
    (detail,) = error.details
    assert (detail["row"], detail["field"], detail["problem"]) == (row, "features", problem)
    assert detail["allowed"] == list(MEMBER)
    form = "[{column: value, …}, …]" if many else "{column: value, …}"
    assert f'expected {{"features": {form}}}' in error.error


@pytest.mark.parametrize("many", [False, True])
def test_a_body_that_is_no_object_gets_the_same_error(many):
    error = rejection([MEMBER], many=many)
    assert [detail["problem"] for detail in error.details] == ["not an object"]
    assert '{"features": ' in error.error


@pytest.mark.parametrize(
    ("many", "sent", "taken"),
    [(False, "customer_ids", "customer_id"), (True, "customer_id", "customer_ids")],
)
def test_the_id_of_the_other_route_is_answered_with_that_of_this_one(many, sent, taken):
    body = {"features": [MEMBER] if many else MEMBER, sent: "a"}
    (detail,) = rejection(body, many=many).details
    assert (detail["field"], detail["allowed"]) == (sent, ["features", taken])


def test_a_column_called_features_is_a_column():
    content = builders.content()
    content["columns"].append({"name": "features", "kind": "integer", "minimum": 0, "maximum": 9})
    requests = Requests(parse_schema(content, origin="club.yaml"), max_batch=2)
    member = {**MEMBER, "features": 3}
    assert requests.parse_many(json.dumps({"features": [member]}).encode())[0] == [member]


def test_an_unknown_field_next_to_the_features_is_named_with_those_that_exist():
    (detail,) = rejection({"features": MEMBER, "id": "a"}).details
    assert (detail["field"], detail["problem"]) == ("id", "unknown field")
    assert "features" in detail["allowed"]


def test_rows_of_a_batch_are_named_by_their_place():
    rows = [MEMBER, {**MEMBER, FEE: -1}, MEMBER, {**MEMBER, SIZE: "x"}]
    found = rejection({"features": rows}, many=True).details
    assert [(f["row"], f["field"]) for f in found] == [(1, FEE), (3, SIZE)]


def test_an_empty_batch_and_one_too_large_are_refused():
    assert rejection({"features": []}, many=True).status == 400
    too_large = rejection({"features": [MEMBER] * 6}, many=True)
    assert too_large.status == 400
    assert "5" in too_large.error


def test_ids_are_as_many_as_customers():
    refused = rejection({"features": [MEMBER] * 2, "customer_ids": ["a"]}, many=True)
    assert refused.details[0]["field"] == "customer_ids"
    body = json.dumps({"features": [MEMBER] * 2, "customer_ids": ["a", None]}).encode()
    assert REQUESTS.parse_many(body)[1] == ["a", None]


@pytest.mark.parametrize(
    "given", ["7015040", 7015040, 7015040.0, -1, 2**63 - 1, 1 - 2**63, "", None]
)
def test_an_id_is_text_or_a_whole_number_and_comes_back_as_it_was_sent(given):
    body = {"features": MEMBER, "customer_id": given}
    found = REQUESTS.parse_one(json.dumps(body).encode())[1]
    assert (found, type(found[0])) == ([given], type(given))
    body = {"features": [MEMBER] * 2, "customer_ids": [given, "b"]}
    assert REQUESTS.parse_many(json.dumps(body).encode())[1] == [given, "b"]


def test_a_number_and_its_text_are_one_customer():
    assert {id_text(given) for given in (7015040, 7015040.0, "7015040")} == {"7015040"}
    assert id_text(None) is None


@pytest.mark.parametrize("given", [True, 7.5, -2.1e-140, 2**63, -(2**63) - 1, "x" * 201, ["a"], {}])
def test_what_is_no_id_is_one_problem_with_what_is_allowed(given):
    (alone,) = rejection({"features": MEMBER, "customer_id": given}).details
    body = {"features": [MEMBER] * 2, "customer_ids": ["a", given]}
    (in_batch,) = rejection(body, many=True).details
    assert (alone["row"], alone["field"]) == (None, "customer_id")
    assert (in_batch["row"], in_batch["field"]) == (1, "customer_ids")
    assert {d["problem"] for d in (alone, in_batch)} == {"not the id of a customer"}
    assert "whole number" in alone["allowed"]


def test_the_list_of_faults_is_bounded():
    refused = rejection({"features": {**MEMBER, **{f"x{i}": i for i in range(200)}}})
    assert len(refused.details) == SHOWN_DETAILS
    assert "200 problems" in refused.error


def test_no_value_of_a_caller_comes_back():
    secret = "4111-1111-1111-1111"
    for change in ({SIZE: secret}, {FEE: secret}, {"x": secret}):
        refused = rejection({"features": {**MEMBER, **change}})
        assert secret not in refused.reply.body.decode()
    assert secret not in json.dumps(
        rejection({"features": MEMBER, "customer_id": [secret]}).reply.body.decode()
    )


def test_an_open_category_takes_any_text():
    schema = builders.schema(**{PAYS: {"other": True}})
    body = json.dumps({"features": {**MEMBER, PAYS: "Muscheln"}}).encode()
    rows, _ = Requests(schema, max_batch=1).parse_one(body)
    assert rows[0][PAYS] == "Muscheln"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@hypothesis(max_examples=60, deadline=None)
@given(change=st.dictionaries(st.sampled_from(list(MEMBER)), JSON, max_size=3), extra=JSON)
def test_anything_is_either_let_in_or_refused_in_our_shape(change, extra):
    body = json.dumps({"features": {**MEMBER, **change}, "customer_id": extra}).encode()
    refused = None
    try:
        rows, _ = REQUESTS.parse_one(body)
    except RequestError as caught:
        refused = caught
    if refused is None:
        assert set(rows[0]) == set(MEMBER)
    else:
        assert refused.status == 400
        assert all(set(f) == {"row", "field", "problem", "allowed"} for f in refused.details)


@pytest.mark.parametrize("value", [True, False, "True"])
def test_a_boolean_column_takes_booleans(value):
    content = builders.content()
    content["columns"].append({"name": "aktiv", "kind": "category", "values": [False, True]})
    adapter = TypeAdapter(value_type(parse_schema(content, origin="club.yaml")["aktiv"]))
    assert str(adapter.validate_json(json.dumps(value))) == str(value)


def test_a_batch_of_one_customer_at_most_is_refused_in_the_singular():
    body = json.dumps({"features": [MEMBER, MEMBER]}).encode()
    with pytest.raises(RequestError, match="at most 1 customer in one request"):
        Requests(CLUB, max_batch=1).parse_many(body)
