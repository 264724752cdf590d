"""The types of a request's fields, made from the columns of a schema, and what they allow."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal, NotRequired

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetPydanticSchema,
    WithJsonSchema,
)
from pydantic_core import core_schema
from typing_extensions import TypedDict

from scoring.schema import Column
from scoring.yes_no import labels_of_booleans

LONGEST_TEXT = 200  # characters of an id or of a label that is not listed
WHOLE = (
    2**63
)  # whole numbers between its negative and it fit into 64 bits, and no other rounds to one
ID_ALLOWED = f"text of at most {LONGEST_TEXT} characters, a whole number, or null"
ID_DOCUMENT = {  # 7.0 is an integer in JSON Schema
    "anyOf": [
        {"type": "string", "maxLength": LONGEST_TEXT},
        {"type": "integer", "exclusiveMinimum": -WHOLE, "exclusiveMaximum": WHOLE},
        {"type": "null"},
    ]
}

CustomerId = str | int | float | None  # 7.0 is a whole number in JSON


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
            core_schema.int_schema(strict=True, gt=-WHOLE, lt=WHOLE),
            core_schema.no_info_after_validator_function(
                _whole, core_schema.float_schema(strict=True, gt=-WHOLE, lt=WHOLE)
            ),
            core_schema.none_schema(),
        ],
        custom_error_type="customer_id",
        custom_error_message=f"expected {ID_ALLOWED}",
    )


def id_type() -> Any:
    """The type of a customer's id in a request."""
    return Annotated[CustomerId, GetPydanticSchema(_id_schema), WithJsonSchema(ID_DOCUMENT)]


def id_text(customer_id: CustomerId) -> str | None:
    """The customer's id as text: 7, 7.0 and "7" are one customer."""
    if customer_id is None or isinstance(customer_id, str):
        return customer_id
    return f"{customer_id:.0f}" if isinstance(customer_id, float) else str(customer_id)


def value_type(column: Column) -> Any:
    """The type of a column's value in a request."""
    if column.kind == "date":
        kind = date_type(column.description)
    else:
        kind = _number_type(column) if column.is_numeric else _label_type(column)
    return kind | None if column.missing else kind


def date_type(description: str) -> Any:
    """A day, as in 2026-01-31."""
    return Annotated[date, Field(strict=True, description=description or None)]


def _number_type(column: Column) -> Any:
    """Numbers strictly: no text, NaN or infinity, nothing out of range; 5.0 is a whole number."""
    low, high = column.bounds
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
    if labels := labels_of_booleans(column):
        return Annotated[_yes_or_no(column, labels), note]
    if not column.other:
        listed: Any = Annotated[Literal[accepted(column)], note]
        is_text = all(isinstance(value, str) for value in column.values)
        return listed if is_text else Annotated[listed, BeforeValidator(_not_bool)]
    text = Annotated[str, Field(strict=True, max_length=LONGEST_TEXT)]
    if all(isinstance(value, str) for value in column.values):
        return Annotated[text, note]
    number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
    return Annotated[Annotated[int, Field(strict=True)] | number | text, note]


def _yes_or_no(column: Column, labels: Mapping[bool, str]) -> Any:
    """One of two labels, or the boolean that means it; for a label no Python is called."""

    def schema(source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        boolean = core_schema.no_info_after_validator_function(
            labels.__getitem__, core_schema.bool_schema(strict=True)
        )
        return core_schema.union_schema(
            [handler.generate_schema(Literal[accepted(column)]), boolean],
            mode="left_to_right",
            custom_error_type="literal_error",
            custom_error_context={"expected": column.expected},
        )

    return Annotated[Any, GetPydanticSchema(schema)]


def _not_bool(value: Any) -> Any:
    """The value; `true` would pass for the number 1."""
    return str(value) if isinstance(value, bool) else value


def accepted(column: Column) -> tuple[Any, ...]:
    """The values of a category as the schema has them; numbers may come as text, too."""
    texts = [str(value) for value in column.values if not isinstance(value, str)]
    return (*column.values, *texts)


def allowed(column: Column) -> Any:
    """What a column may hold, for an error message."""
    if column.is_numeric:
        low, high = column.bounds
        unit = {"unit": column.unit} if column.unit else {}
        nullable = {"null": column.missing}
        return {"type": column.kind, "minimum": low, "maximum": high, **unit, **nullable}
    listed = [None] if column.missing else []
    if column.kind == "date":
        return {"type": "date", "null": column.missing}
    return {"type": "text", "null": column.missing} if column.other else [*column.values, *listed]


def json_object(name: str, required: Mapping[str, Any], optional: Mapping[str, Any] = {}) -> Any:
    """A JSON object with these fields and no others; any text may be a field's name."""
    fields = {**required, **{field: NotRequired[kind] for field, kind in optional.items()}}
    make: Any = TypedDict  # its names are known at run time alone
    made = make(name, fields)
    made.__pydantic_config__ = ConfigDict(extra="forbid")
    return made
