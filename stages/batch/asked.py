"""What is to be scored, and whether it can be: checked before anything is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from scoring.errors import UserError, shown
from scoring.schema import Column, Schema
from scoring.score_files import CAMPAIGN, CONTACTS, CUSTOMERS, REJECTS, SCORES, SUMMARY
from stages.batch.assignment import Design
from stages.batch.inputs import CHUNK, InputFile, column_names, sheet_read
from stages.batch.local_engine import Engine, local
from stages.batch.rows import wanted

NAMED = 3  # columns that a message names
WRITTEN = (".parquet", ".csv")  # formats of the output
FORMATS = (*WRITTEN, ".xlsx", ".xls", ".ods", ".tsv", ".txt", ".json", ".gz", ".zip")


@dataclass(frozen=True)
class Asked:
    """What is to be scored, with what, into what.

    `reasons` are given for nobody (""), whoever is on the contact list ("list") or all ("all").
    `max_rejects` is a count, or with `is_share` a share of the rows; None for no limit. `snapshot`
    is the day that the table describes, where the model has learned from dates. `customers` keeps
    what the model is asked about them, next to the scores. With a `design`, a control group is left
    alone and others are explored. `encoding` is that of text files that are not UTF-8.
    """

    source: str
    out: Path
    model: Path
    budget: float | None = None
    reasons: str = ""
    max_rejects: float | None = None
    is_share: bool = False
    snapshot: date | None = None
    customers: bool = False
    design: Design | None = None
    encoding: str | None = None
    engine: Engine = field(default=local)
    chunk: int = CHUNK

    @property
    def scores(self) -> Path:
        """Where the scores go."""
        return self.out if self.out.suffix in WRITTEN else self.out / SCORES

    @property
    def outputs(self) -> tuple[Path, ...]:
        """All that is written, the scores last."""
        kept = [CUSTOMERS] if self.customers else []
        drawn = [CAMPAIGN] if self.design else []
        names = [REJECTS, CONTACTS, *kept, *drawn, SUMMARY, self.scores.name]
        return tuple(self.scores.with_name(name) for name in names)


def check_target(asked: Asked) -> None:
    """`UserError` where the output cannot go where it is to go."""
    scores, source = asked.scores, Path(asked.source)
    if asked.out.suffix not in WRITTEN and asked.out.suffix.lower() in FORMATS:
        raise UserError(
            f"{shown(asked.out)}: expected OUT to be a folder, or a file ending in .parquet or .csv"
        )
    if scores in asked.outputs[:-1]:
        raise UserError(f"{shown(scores)}: the name of another result; expected a name of its own")
    if scores.is_dir():
        raise UserError(f"{shown(scores)}: a folder; expected a file, or a folder without a suffix")
    if source.is_dir() and scores.resolve().is_relative_to(source.resolve()):
        raise UserError(f"{shown(scores)}: lies in the input folder; expected another folder")
    try:
        scores.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{shown(scores.parent)}: cannot be made ({error.strerror})") from None


def check_overwrites(asked: Asked, files: Sequence[InputFile]) -> None:
    """`UserError` where a file that is read would be written over."""
    outputs = {path.resolve() for path in asked.outputs}
    for path in (Path(asked.source), *(file.path for file in files)):
        if path.resolve() in outputs:
            raise UserError(
                f"{shown(path)}: would be written over, by a result of that name; expected OUT in "
                "another folder"
            )


def check_snapshot(source: str, snapshot: date | None, schema: Schema) -> None:
    """`UserError` where it is not known which day the dates of a table are to be counted from."""
    if schema.counts_days and snapshot is None:
        dates = ", ".join(dict.fromkeys(str(c.from_date) for c in schema.date_parts))
        raise UserError(
            f"{source}: the model counts days from {dates} to the day that the table "
            "describes; expected that day, such as SNAPSHOT=2026-01-31 (--snapshot)"
        )


def check_columns(files: Sequence[InputFile], schema: Schema) -> list[str]:
    """Words on the sheets that are read and on columns that are not.

    `UserError` where a column is missing in a file.
    """
    names = wanted(schema)
    sheets: list[str] = []
    extra: dict[str, None] = {}
    seen: set[str] = set()
    for file in files:
        there = column_names(file)
        unexpected = [name for name in there if name not in schema.names]
        if missing := [name for name in names if name not in there]:
            raise UserError(_missing(file.origin, missing, unexpected, names))
        extra |= dict.fromkeys(unexpected)
        sheets.append(sheet_read(file))
        seen |= set(there)
    dropped = [f"column {name}: no input of the model, dropped" for name in extra]
    tells_others = schema.target.left_out and schema.target.name in seen
    others = [_not_learned(schema.target)] if tells_others else []
    return [*filter(None, sheets), *dropped, *others]


def _not_learned(target: Column) -> str:
    """That a table tells who is no customer today, in the target, which is not read."""
    values = ", ".join(map(repr, target.left_out))
    return (
        f"column {target.name}: not read; the model learned from no row with {values}, and scores "
        "them all the same: leave out whoever is no customer today"
    )


def _missing(
    origin: str, missing: Sequence[str], unexpected: Sequence[str], names: Sequence[str]
) -> str:
    """That columns are missing, with what is to be renamed where only the case differs."""
    also = f"; it has {', '.join(map(repr, unexpected[:NAMED]))}" if unexpected else ""
    more = f" (and {', '.join(missing[1:NAMED])}{_others(missing)})" if len(missing) > 1 else ""
    alike = {name.strip().casefold(): name for name in unexpected}
    renamed = [
        f"{alike[name.casefold()]!r} to {name!r}" for name in missing if name.casefold() in alike
    ]
    rename = f"; rename {', '.join(renamed)}" if renamed else ""
    return (
        f"{origin}: column {missing[0]}: missing{more}; expected the columns that the model was "
        f"trained on: {', '.join(names)}{also}{rename}"
    )


def _others(names: Sequence[str]) -> str:
    return f", {len(names) - NAMED} more" if len(names) > NAMED else ""


def check_id(asked: Asked, schema: Schema) -> None:
    """`UserError` where customers are to be assigned at random, but have no id."""
    if asked.design is not None and schema.id_name is None:
        raise UserError(
            "CONTROL, EXPLORE: the model's schema has no id; expected one, by which a customer's "
            "assignment is drawn and what became of them is joined"
        )
