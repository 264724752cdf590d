"""What a caller may send, made from the bundle's schema, and the error for what does not fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from scoring.schema import Column, Schema
from serving.date_parts import Row, with_date_parts
from serving.exchange import Detail, RequestError
from serving.request_types import (
    ID_ALLOWED,
    CustomerId,
    allowed,
    date_type,
    id_type,
    json_object,
    value_type,
)

SHOWN_DETAILS = 20
NAMED_ALONE = 3  # missing fields of a customer; more are one problem with a list
MISFIT = "the request does not fit the model"
MISSING = "missing_fields"  # of an error that stands for several of pydantic's
SNAPSHOT = "snapshot_date"
ONE, BATCH = "PredictRequest", "PredictBatchRequest"
FIELDS = {ONE: ["features", "customer_id"], BATCH: ["features", "customer_ids"]}
DAY_ALLOWED = "a date, as in 2026-01-31: the day that the features describe"
SHOWN_NAME = 100  # characters of a field's name, which a caller may have made up

PROBLEMS = {
    "customer_id": "not the id of a customer",
    "missing": "missing",
    "extra_forbidden": "unknown field",
    "literal_error": "not an allowed value",
    "float_type": "not a number",
    "finite_number": "not a finite number",
    "multiple_of": "not a whole number",
    "greater_than_equal": "below the minimum",
    "less_than_equal": "above the maximum",
    "string_type": "not text",
    "string_too_long": "too long",
    "string_unicode": "not valid text",
    "int_type": "not a whole number",
    "date_type": "not a date",
    "date_parsing": "not a date",
    "dict_type": "not an object",
    "list_type": "not a list",
    "too_short": "empty",
    "too_long": "too many customers",
    "json_invalid": "not valid JSON",
}

MISSHAPEN = ("missing", "dict_type", "list_type")


class Requests:
    """The request models of one schema."""

    def __init__(self, schema: Schema, *, max_batch: int) -> None:
        self.schema, self.max_batch = schema, max_batch
        features: Any = json_object("Features", {c.name: value_type(c) for c in schema.asked})
        customer: Any = id_type()
        rows = Annotated[list[features], Field(min_length=1, max_length=max_batch)]
        ids = Annotated[
            Annotated[list[customer], Field(max_length=max_batch)] | None,
            Field(description="as many as there are customers"),
        ]
        day = {SNAPSHOT: date_type("the day that the features describe")}
        day = day if schema.counts_days else {}
        self.one_type = json_object(ONE, {"features": features, **day}, {"customer_id": customer})
        self.many_type = json_object(BATCH, {"features": rows, **day}, {"customer_ids": ids})
        self.one: TypeAdapter[Any] = TypeAdapter(self.one_type)
        self.many: TypeAdapter[Any] = TypeAdapter(self.many_type)

    def parse_one(self, body: bytes) -> tuple[list[Row], list[CustomerId]]:
        """Inputs and id of one customer, as lists of one; `RequestError` where they do not fit."""
        request = self._parsed(self.one, body)
        rows = self._as_inputs(request, [request["features"]], is_batch=False)
        return rows, [request.get("customer_id")]

    def parse_many(self, body: bytes) -> tuple[list[Row], list[CustomerId]]:
        """Inputs and ids of many customers; `RequestError` where they do not fit."""
        request = self._parsed(self.many, body)
        rows, ids = request["features"], request.get("customer_ids")
        rows = self._as_inputs(request, rows, is_batch=True)
        if ids is None:
            return rows, [None] * len(rows)
        if len(ids) != len(rows):
            detail = _detail(None, "customer_ids", "not as many as customers", allowed=len(rows))
            raise RequestError(400, MISFIT, [detail])
        return rows, ids

    def _parsed(self, adapter: TypeAdapter[Any], body: bytes) -> Any:
        try:
            return adapter.validate_json(body)
        except ValidationError as error:
            raise self._request_error(error) from None

    def _as_inputs(self, request: Row, rows: list[Row], *, is_batch: bool) -> list[Row]:
        """The rows with parts of dates in place of the dates."""
        if not self.schema.date_parts:
            return rows
        rows, misfits = with_date_parts(rows, request.get(SNAPSHOT), self.schema)
        if misfits:
            details = [
                _detail(row if is_batch else None, str(column.from_date), "out of range",
                        allowed=column.expected)
                for row, column in misfits[:SHOWN_DETAILS]
            ]  # fmt: skip
            raise RequestError(400, _counted(len(misfits)), details)
        return rows

    def _request_error(self, error: ValidationError) -> RequestError:
        errors = error.errors(include_url=False, include_context=False, include_input=True)
        misshapen = next((e for e in errors if _is_misshapen(e)), None)
        if misshapen is not None:
            return self._misshapen(misshapen, error.title)
        errors = _gathered(errors)
        details = [self._described(e, error.title) for e in errors[:SHOWN_DETAILS]]
        if errors[0]["type"] == "json_invalid":
            return RequestError(400, "the body is not valid JSON", details)
        if any(e["type"] == "too_long" for e in errors):
            most = "1 customer" if self.max_batch == 1 else f"{self.max_batch} customers"
            return RequestError(400, f"at most {most} in one request", details)
        if len(errors) == 1 and MISSING in errors[0]:
            return RequestError(400, f"{MISFIT}: {details[0]['problem']}", details)
        return RequestError(400, _counted(len(errors)), details)

    def _misshapen(self, fault: Any, model: str) -> RequestError:
        """One error for `features` missing or misplaced: all others would follow from that."""
        form = "[{column: value, …}, …]" if model == BATCH else "{column: value, …}"
        error = f'{MISFIT}: expected {{"features": {form}}}'
        detail = self._described(fault, model)
        if fault["type"] == "extra_forbidden":
            detail["problem"] = "inside another features"
        return RequestError(400, error, [{**detail, "allowed": self._names}])

    def _described(self, error: Any, model: str) -> Detail:
        place = list(error["loc"])
        row = next((step for step in place if isinstance(step, int)), None)
        if MISSING in error:
            lacking = error[MISSING]
            return _detail(row, "features", f"{len(lacking)} fields missing", allowed=lacking)
        names = [str(step) for step in place if not isinstance(step, int)]
        inside = len(names) > 1 and names[0] == "features"
        name = (names[1] if inside else names[0] if names else "")[:SHOWN_NAME]
        column = self.columns.get(name) if inside else None
        problem = "null" if error["input"] is None else PROBLEMS.get(error["type"], "not allowed")
        return _detail(row, name, problem, allowed=self._allowed(error, name, column, model))

    def _allowed(self, error: Any, name: str, column: Column | None, model: str) -> Any:
        if column is not None:
            return allowed(column)
        if error["type"] == "extra_forbidden" and len(error["loc"]) == 1:
            return [*FIELDS[model], *([SNAPSHOT] if self.schema.counts_days else [])]
        if error["type"] == "extra_forbidden" or name == "features":
            return self._names
        return DAY_ALLOWED if name == SNAPSHOT else ID_ALLOWED if "customer" in name else None

    @cached_property
    def columns(self) -> Mapping[str, Column]:
        """The columns that a request names."""
        return {column.name: column for column in self.schema.asked}

    @property
    def _names(self) -> list[str]:
        return list(self.columns)


def _is_misshapen(error: Any) -> bool:
    """Whether the body, its `features` or a row of them is something else than it should be."""
    names = [step for step in error["loc"] if not isinstance(step, int)]
    if error["type"] == "extra_forbidden":
        return names == ["features", "features"]
    return error["type"] in MISSHAPEN and names in ([], ["features"])


def _gathered(errors: Sequence[Any]) -> list[Any]:
    """The errors, those of a customer who lacks more than `NAMED_ALONE` fields as one of them."""
    lacking: dict[tuple[Any, ...], list[str]] = {}
    for error in errors:
        if error["type"] == "missing":
            lacking.setdefault(error["loc"][:-1], []).append(error["loc"][-1])
    found: dict[tuple[Any, ...], Any] = {}
    for error in errors:
        place = error["loc"][:-1]
        if error["type"] == "missing" and len(lacking[place]) > NAMED_ALONE:
            found[place] = {"type": "missing", "loc": place, MISSING: lacking[place]}
        else:
            found[*error["loc"], error["type"]] = error
    return list(found.values())


def _counted(problems: int) -> str:
    more = f"; the first {SHOWN_DETAILS}" if problems > SHOWN_DETAILS else ""
    count = "1 problem" if problems == 1 else f"{problems} problems{more}"
    return f"{MISFIT}: {count}"


def _detail(row: int | None, field: str, problem: str, *, allowed: Any) -> Detail:
    return {"row": row, "field": field, "problem": problem, "allowed": allowed}
