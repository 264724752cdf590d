"""The schema: what each column of a customer table means.

Everything that depends on columns (checks, features, encoder, request model, drift columns,
reports) is derived from a `Schema`. This module needs pydantic alone, so that the service can
read the schema of a champion bundle.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import cached_property
from typing import Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    ValidationError,
    model_validator,
)

from scoring.dates import COUNTED, Part
from scoring.errors import UserError

Kind = Literal["text", "integer", "number", "category", "date"]
Role = Literal[
    "id", "period", "target", "tenure", "monthly_value", "total_value", "sensitive", "ordered",
    "monotone_increasing", "monotone_decreasing", "changeable", "ignored",
]  # fmt: skip
UNIQUE_ROLES = ("id", "period", "target", "tenure", "monthly_value", "total_value")
UNCHANGEABLE = ("id", "period", "target", "sensitive")
NUMERIC_KINDS = ("integer", "number")
NUMERIC_ROLES = ("tenure", "monthly_value", "total_value")
OTHER = "(other)"
LARGEST_NUMBER = 3.4028234663852886e38  # of float32, in which models and their export count
SHOWN_VALUES = 12  # of a category, in an error message
AVERAGE, CHANGE = DERIVED_NAMES = ("average_monthly_value", "monthly_value_change")
KEY_NAMES = ("#id", "#label")  # of customers and outcomes in the feature tables
TAKEN_NAMES = dict.fromkeys(DERIVED_NAMES, "a derived feature") | dict.fromkeys(
    KEY_NAMES, "the feature tables"
)

Value = StrictBool | StrictStr | StrictInt | StrictFloat


class Column(BaseModel):
    """One column: its kind, what it may hold, and what it means.

    `other` makes a category open: whatever is not among its values counts as one more, `OTHER`.
    `absent` are texts that stand for no value in a file, besides those that do everywhere.
    `left_out` are values of the target whose rows are not learned from. `repeated` lets an id stand
    in several rows: of one customer, who is then on one side of every split. A column with
    `from_date` is no column of the table: it is a `part` of the date in that one. Of a date,
    `dayfirst` says how 03/04/2026 is read.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    kind: Kind
    description: str = ""
    unit: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    values: tuple[Value, ...] = ()
    other: bool = False
    missing: bool = False
    absent: tuple[StrictStr, ...] = ()
    positive: Value | tuple[Value, ...] | None = None
    left_out: tuple[Value, ...] = ()
    repeated: bool = False
    dayfirst: bool = True
    from_date: str | None = None
    part: Part | None = None
    roles: tuple[Role, ...] = ()

    @property
    def is_numeric(self) -> bool:
        """Whether the column holds numbers."""
        return self.kind in NUMERIC_KINDS

    @cached_property
    def bounds(self) -> tuple[float, float]:
        """The smallest and the largest number that the column may hold."""
        low = -LARGEST_NUMBER if self.minimum is None else max(self.minimum, -LARGEST_NUMBER)
        return low, LARGEST_NUMBER if self.maximum is None else min(self.maximum, LARGEST_NUMBER)

    @property
    def labels(self) -> tuple[str, ...]:
        """The values as text, the way tables hold them; all others are one where it is open."""
        return (*(str(value) for value in self.values), *([OTHER] if self.other else []))

    @cached_property
    def positives(self) -> tuple[str, ...]:
        """Of the target, the labels that mean churn."""
        found = self.positive if isinstance(self.positive, tuple) else (self.positive,)
        return tuple(map(str, found))

    @cached_property
    def known_labels(self) -> frozenset[str]:
        """The labels, to look one up."""
        return frozenset(self.labels)

    @property
    def expected(self) -> str:
        """What a value must be, in words for an error message."""
        if self.kind == "category":
            more = f", … ({len(self.labels)} values)" if len(self.labels) > SHOWN_VALUES else ""
            return "one of " + ", ".join(self.labels[:SHOWN_VALUES]) + more
        if not self.is_numeric:
            return f"a {self.kind}"
        bounds = f"{_bound(self.minimum)} to {_bound(self.maximum)}"
        if self.part in COUNTED:
            side = "before" if self.part == COUNTED[0] else "after"
            return f"a date {bounds} days {side} the snapshot"
        noun = "a whole number" if self.kind == "integer" else "a number"
        return f"{noun} from {bounds} {self.unit or ''}".rstrip()

    @model_validator(mode="after")
    def _agrees(self) -> Column:
        if self.kind == "category" and not self.values:
            raise ValueError("a category needs its allowed `values`")
        if self.kind != "category" and self.values:
            raise ValueError("`values` belong to a category")
        if self.other and (self.kind != "category" or "ordered" in self.roles):
            raise ValueError("`other` belongs to a category without order")
        if (self.minimum is not None or self.maximum is not None) and not self.is_numeric:
            raise ValueError("`minimum` and `maximum` belong to a number")
        if len(set(self.labels)) < len(self.labels):
            raise ValueError("`values` are named twice")
        if None not in (low := self.minimum, high := self.maximum) and low > high:  # type: ignore[operator]
            raise ValueError("`minimum` is above `maximum`")
        if self.absent and not self.missing:
            raise ValueError("`absent` belongs to a column that may be blank: `missing: true`")
        if "changeable" in self.roles and set(UNCHANGEABLE) & set(self.roles):
            raise ValueError(f"no business changes what has the role {', '.join(UNCHANGEABLE)}")
        if "target" in self.roles:
            self._agrees_as_target()
        elif self.positive is not None or self.left_out:
            raise ValueError("`positive` and `left_out` belong to the target")
        if self.repeated and "id" not in self.roles:
            raise ValueError("`repeated` belongs to the id")
        if (self.from_date is None) != (self.part is None):
            raise ValueError("`from_date` and `part` belong together")
        if self.part is not None and self.kind != "integer":
            raise ValueError("a `part` of a date is of kind integer")
        if set(self.roles) & set(NUMERIC_ROLES) and not self.is_numeric:
            raise ValueError(f"the roles {', '.join(NUMERIC_ROLES)} belong to a number")
        if "monthly_value" in self.roles and self.missing:
            raise ValueError("the monthly value of a customer may not be missing")
        return self

    def _agrees_as_target(self) -> None:
        if not set() < set(self.positives) < self.known_labels:
            raise ValueError("the target needs two `values` or more, and some of them `positive`")
        if set(self.labels) & set(map(str, self.left_out)):
            raise ValueError("a value is among `values` and among those `left_out`")
        if self.missing:
            raise ValueError("the target may not be missing")
        if self.other:
            raise ValueError("the target has no `other` values")
        if {"id", "ignored"} & set(self.roles):
            raise ValueError("the target can be neither the id nor ignored")


class Schema(BaseModel):
    """The columns of a table, in order; `snapshot` is the day that it describes.

    Days are counted from it where dates are learned from; where a `period` of dates is given, from
    that of each row.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    snapshot: date | None = None
    columns: tuple[Column, ...]

    @model_validator(mode="after")
    def _agrees(self) -> Schema:
        names = [column.name for column in self.columns]
        if repeated := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"columns named twice: {', '.join(repeated)}")
        for role in UNIQUE_ROLES:
            holders = [column.name for column in self.columns if role in column.roles]
            if len(holders) > 1:
                raise ValueError(f"role {role} is given to several columns: {', '.join(holders)}")
        if self.role("target") is None:
            raise ValueError("no column has the role target")
        if not self.inputs:
            raise ValueError("no column is left for a model to learn from")
        if taken := sorted(set(names) & set(TAKEN_NAMES)):
            raise ValueError(f"the name {taken[0]} is taken by {TAKEN_NAMES[taken[0]]}")
        for column in self.columns:
            self._agrees_with_its_date(column)
        if self.counts_days and self.snapshot is None and self.date_period is None:
            raise ValueError("days are counted from `snapshot`: expected a date, as in 2026-01-31")
        return self

    def _agrees_with_its_date(self, column: Column) -> None:
        if column.from_date is None or "ignored" in column.roles:
            return
        source = next((c for c in self.columns if c.name == column.from_date), None)
        if source is None or source.kind != "date" or "ignored" in source.roles:
            raise ValueError(
                f"column {column.name}: `from_date` is {column.from_date}; expected a column of "
                "kind date that is not ignored"
            )
        if source.missing and not column.missing:
            raise ValueError(
                f"column {column.name}: may be blank as {source.name}: `missing: true`"
            )

    def __getitem__(self, name: str) -> Column:
        """The column of that name; `KeyError` where there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    @property
    def without_ignored(self) -> Schema:
        """The columns that are read: those that do not have the role `ignored`."""
        kept = [column for column in self.columns if "ignored" not in column.roles]
        return self if len(kept) == len(self.columns) else self.of_columns(kept)

    def of_columns(self, columns: Iterable[Column]) -> Schema:
        """The same with these columns."""
        return Schema(snapshot=self.snapshot, columns=tuple(columns))

    @property
    def names(self) -> list[str]:
        """All column names, in order."""
        return [column.name for column in self.columns]

    @property
    def in_table(self) -> list[str]:
        """The names of those columns that a table holds: all but the parts of dates."""
        return [column.name for column in self.columns if column.from_date is None]

    @cached_property
    def asked(self) -> list[Column]:
        """The columns that are needed to predict: the inputs, dates in place of their parts."""
        names = dict.fromkeys(column.from_date or column.name for column in self.inputs)
        return [self[name] for name in names]

    @cached_property
    def date_parts(self) -> list[Column]:
        """The inputs that are parts of dates."""
        return [column for column in self.inputs if column.from_date is not None]

    @cached_property
    def counts_days(self) -> bool:
        """Whether an input is a number of days to or from the snapshot."""
        return any(column.part in COUNTED for column in self.date_parts)

    @property
    def date_period(self) -> Column | None:
        """The period of a row where it is a date: then it is the row's snapshot, too."""
        period = self.role("period")
        return period if period is not None and period.kind == "date" else None

    @property
    def changeable(self) -> list[Column]:
        """The inputs that the business can change for a customer."""
        return [column for column in self.inputs if "changeable" in column.roles]

    def role(self, role: Role) -> Column | None:
        """The first column with that role, or None."""
        return self.by_role.get(role)

    @cached_property
    def by_role(self) -> dict[Role, Column]:
        """The first column with each role that is given."""
        return {role: column for column in reversed(self.columns) for role in column.roles}

    @property
    def target(self) -> Column:
        """The column to predict."""
        column = self.role("target")
        assert column is not None, "checked when the schema was made"
        return column

    def churned(self, table: Any) -> Any:
        """1 where a customer of the table (a frame with the target) left, else 0: (n,) int8."""
        return table[self.target.name].isin(self.target.positives).to_numpy().astype("int8")

    @property
    def id_name(self) -> str | None:
        """The name of the id column, or None where rows carry no id."""
        column = self.role("id")
        return column.name if column else None

    @cached_property
    def inputs(self) -> list[Column]:
        """The columns a model may use: of a kind it understands, and with no role against it."""
        return [
            column
            for column in self.columns
            if not {"id", "period", "target", "ignored"} & set(column.roles)
            and (column.is_numeric or column.kind == "category")
        ]

    @cached_property
    def numeric_inputs(self) -> list[Column]:
        """The numeric inputs, in order."""
        return [column for column in self.inputs if column.is_numeric]

    @cached_property
    def category_inputs(self) -> list[Column]:
        """The categorical inputs, in order."""
        return [column for column in self.inputs if column.kind == "category"]

    @property
    def currency(self) -> str:
        """The unit of the monthly value without its "per month", or words where there is none."""
        column = self.role("monthly_value")
        unit = (column.unit or "") if column else ""
        return unit.split(" per ")[0].split("/")[0] or "currency units"


def _bound(value: float | None) -> str:
    return "any" if value is None else f"{value:g}"


def parse_schema(content: Any, *, origin: str) -> Schema:
    """A schema from parsed YAML or JSON; `UserError` naming column and field where it is wrong."""
    try:
        return Schema.model_validate(content)
    except ValidationError as error:
        raise UserError(f"{origin}: {_first_fault(error, content)}") from None


def _first_fault(error: ValidationError, content: Any) -> str:
    fault = error.errors(include_url=False)[0]
    place = list(fault["loc"])
    if len(place) >= 2 and place[0] == "columns" and isinstance(place[1], int):
        entry = content["columns"][place[1]]
        name = entry.get("name", f"number {place[1] + 1}") if isinstance(entry, dict) else entry
        field = f", field {'.'.join(map(str, place[2:]))}" if place[2:] else ""
        return f"column {name}{field}: {fault['msg'].removeprefix('Value error, ')}"
    return f"{'.'.join(map(str, place)) or 'schema'}: {fault['msg'].removeprefix('Value error, ')}"
