"""What a caller may send, made from the bundle's schema, and the error for what does not fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cached_property
from typing import Annotated, Any, Literal, NotRequired

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    GetPydanticSchema,
    TypeAdapter,
    ValidationError,
    WithJsonSchema,
)
from pydantic_core import core_schema
from typing_extensions import TypedDict

from scoring.schema import Column, Schema
from serving.date_parts import Row, with_date_parts
from serving.exchange import Detail, RequestError

LONGEST_TEXT = 200  # characters of an id or of a label that is not listed
LARGEST = 1e18  # a number that nobody bounded: models compute in 32 bits
SHOWN_DETAILS = 20
NAMED_ALONE = 3  # missing fields of a customer; more are one problem with a list
MISFIT = "the request does not fit the model"
MISSING = "missing_fields"  # of an error that stands for several of pydantic's
SNAPSHOT = "snapshot_date"
ONE, BATCH = "PredictRequest", "PredictBatchRequest"
FIELDS = {ONE: ["features", "customer_id"], BATCH: ["features", "customer_ids"]}
DAY_ALLOWED = "a date, as in 2026-01-31: the day that the features describe"
ID_ALLOWED = f"text of at most {LONGEST_TEXT} characters, a whole number, or null"
SHOWN_NAME = 100  # characters of a field's name, which a caller may have made up
WHOLE = 2**63  # whole numbers below it fit into the 64 bits that programs have for them

ID_DOCUMENT = {  # 7.0 is an integer in JSON Schema
    "anyOf": [
        {"type": "string", "maxLength": LONGEST_TEXT},
        {"type": "integer", "minimum": -WHOLE, "exclusiveMaximum": WHOLE},
        {"type": "null"},
    ]
}

CustomerId = str | int | float | None  # 7.0 is a whole number in JSON
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
        features: Any = _object("Features", {c.name: value_type(c) for c in schema.asked})
        customer: Any = Annotated[
            CustomerId, GetPydanticSchema(_id_schema), WithJsonSchema(ID_DOCUMENT)
        ]
        rows = Annotated[list[features], Field(min_length=1, max_length=max_batch)]
        ids = Annotated[
            Annotated[list[customer], Field(max_length=max_batch)] | None,
            Field(description="as many as there are customers"),
        ]
        day = {SNAPSHOT: _date_type("the day that the features describe")}
        day = day if schema.counts_days else {}
        self.one_type = _object(ONE, {"features": features, **day}, {"customer_id": customer})
        self.many_type = _object(BATCH, {"features": rows, **day}, {"customer_ids": ids})
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
            return RequestError(400, f"at most {self.max_batch} customers in one request", details)
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


def _whole(number: float) -> float:
    """The number; `ValueError` where it is not whole: multiples have a margin in pydantic."""
    if not number.is_integer():
        raise ValueError("not a whole number")
    return number


def _id_schema(*_: Any) -> core_schema.CoreSchema:
    """An id is text or a whole number, as the caller's own tables have it, or not given."""
    return core_schema.union_schema(
        [
            core_schema.str_schema(strict=True, max_length=LONGEST_TEXT),
            core_schema.int_schema(strict=True, ge=-WHOLE, lt=WHOLE),
            core_schema.no_info_after_validator_function(
                _whole, core_schema.float_schema(strict=True, ge=-WHOLE, lt=WHOLE)
            ),
            core_schema.none_schema(),
        ],
        custom_error_type="customer_id",
        custom_error_message=f"expected {ID_ALLOWED}",
    )


def id_text(customer_id: CustomerId) -> str | None:
    """The customer's id as text: 7, 7.0 and "7" are one customer."""
    if customer_id is None or isinstance(customer_id, str):
        return customer_id
    return f"{customer_id:.0f}" if isinstance(customer_id, float) else str(customer_id)


def value_type(column: Column) -> Any:
    """The type of a column's value in a request."""
    if column.kind == "date":
        kind = _date_type(column.description)
    else:
        kind = _number_type(column) if column.is_numeric else _label_type(column)
    return kind | None if column.missing else kind


def _date_type(description: str) -> Any:
    return Annotated[date, Field(strict=True, description=description or None)]


def _number_type(column: Column) -> Any:
    """Numbers strictly: no text, NaN or infinity, nothing out of range; 5.0 is a whole number."""
    low, high = bounds(column)
    whole = column.kind == "integer"
    unit = {"unit": column.unit} if column.unit else {}
    return Annotated[
        float,
        Field(
            strict=True,
            allow_inf_nan=False,
            ge=low,
            le=high,
            multiple_of=1 if whole else None,
            description=column.description or None,
            json_schema_extra={**unit, **({"type": "integer"} if whole else {})},
        ),
    ]


def _label_type(column: Column) -> Any:
    note = Field(description=column.description or None)
    if not column.other:
        listed: Any = Annotated[Literal[accepted(column)], note]
        is_text = all(isinstance(value, str) for value in column.values)
        return listed if is_text else Annotated[listed, BeforeValidator(_not_bool)]
    text = Annotated[str, Field(strict=True, max_length=LONGEST_TEXT)]
    if all(isinstance(value, str) for value in column.values):
        return Annotated[text, note]
    number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
    return Annotated[Annotated[int, Field(strict=True)] | number | text, note]


def _not_bool(value: Any) -> Any:
    """The value; `true` would pass for the number 1."""
    return str(value) if isinstance(value, bool) else value


def accepted(column: Column) -> tuple[Any, ...]:
    """The values of a category as the schema has them; numbers may come as text, too."""
    texts = [str(value) for value in column.values if not isinstance(value, str)]
    return (*column.values, *texts)


def bounds(column: Column) -> tuple[float, float]:
    """The smallest and the largest value of a number."""
    low = -LARGEST if column.minimum is None else max(column.minimum, -LARGEST)
    return low, LARGEST if column.maximum is None else min(column.maximum, LARGEST)


def allowed(column: Column) -> Any:
    """What a column may hold, for an error message."""
    if column.is_numeric:
        low, high = bounds(column)
        unit = {"unit": column.unit} if column.unit else {}
        nullable = {"null": column.missing}
        return {"type": column.kind, "minimum": low, "maximum": high, **unit, **nullable}
    listed = [None] if column.missing else []
    if column.kind == "date":
        return {"type": "date", "null": column.missing}
    return {"type": "text", "null": column.missing} if column.other else [*column.values, *listed]


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


def _object(name: str, required: Mapping[str, Any], optional: Mapping[str, Any] = {}) -> Any:
    """A JSON object with these fields and no others; any text may be a field's name."""
    fields = {**required, **{field: NotRequired[kind] for field, kind in optional.items()}}
    make: Any = TypedDict  # its names are known at run time alone
    made = make(name, fields)
    made.__pydantic_config__ = ConfigDict(extra="forbid")
    return made
