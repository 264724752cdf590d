"""Which columns of a campaign's file tell who was contacted and what became of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from scoring.errors import UserError
from scoring.yes_no import answers, folded
from stages.adoption.names import words
from stages.adoption.profile import Profile, profile
from stages.core.quantity import quantity
from stages.tables.canonical import absent_texts, trimmed
from stages.tables.intake import RawTable

TREATED = (
    ("treated", "treatment", "arm", "assigned", "assignment", "traitement", "tratamiento",
     "trattamento", "tratamento", "behandlung"),
    ("contacted", "called", "kontaktiert", "angerufen", "contactado", "contattato", "contatado"),
    ("campaign", "group", "segment", "offer", "variant", "gruppe", "groupe", "grupo", "gruppo",
     "grup", "grupa", "группа"),
)  # fmt: skip
CONTROL = (
    "control", "holdout", "hold out", "none", "no", "untreated", "not contacted", "kontrolle",
    "kontrollgruppe", "temoin", "controle", "controllo", "kontrol", "kontrolna", "kontrola",
    "kontroll", "kontrollgrupp", "controlegroep", "контроль",
)  # fmt: skip
MOST_ARMS = 8


def find_treated(raw_table: RawTable, name: str | None, *, origin: str) -> Profile:
    """The column of arms: the named one, or the only one that is called so.

    `UserError` where it is not there, or several may be meant.
    """
    profiles = [profile(n, cells, rows=raw_table.rows) for n, cells in raw_table.columns.items()]
    if name:
        found = [one for one in profiles if one.name == name]
    else:
        found = _called_so([one for one in profiles if 2 <= len(one.labels) <= MOST_ARMS])
    if len(found) == 1:
        _check_not_all_contacted(found, origin)
        if not 2 <= len(found[0].labels) <= MOST_ARMS:
            raise UserError(
                f"{origin}: column {found[0].name}: {quantity(len(found[0].labels), 'value')}; "
                f"expected who was contacted and who was left alone, 2 to {MOST_ARMS} values"
            )
        return found[0]
    if not found and not name:
        _check_not_all_contacted(_called_so(profiles), origin)
    problem = "not there" if name else "not known which column tells who was contacted"
    among = ", ".join(one.name for one in (found or profiles))
    raise UserError(f"{origin}: {name or 'TREATED'}: {problem}; expected TREATED=, one of {among}")


def _check_not_all_contacted(profiles: Sequence[Profile], origin: str) -> None:
    """`UserError` where a column of who was contacted has the same value in every row."""
    for one in profiles:
        if len(one.labels) == 1:
            raise UserError(
                f"{origin}: column {one.name}: {one.labels[0]!r} in every row; expected customers "
                "who were contacted and a control group who were left alone: from one of them "
                "alone, what a contact changes cannot be learned"
            )


def find_contacted(raw_table: RawTable, treated: str) -> str | None:
    """The column of who was really contacted, apart from that of the arms; None without one."""
    for name, cells in raw_table.columns.items():
        is_so = len({*map(folded, words(name))} & {*TREATED[1]}) > 0 and name != treated
        if is_so and 2 <= len(profile(name, cells, rows=raw_table.rows).labels) <= MOST_ARMS:
            return name
    return None


def _called_so(profiles: Sequence[Profile]) -> list[Profile]:
    """Those whose names have one of the words, of the plainest words that any has."""
    for known in TREATED:
        if found := [p for p in profiles if {*map(folded, words(p.name))} & {*known}]:
            return found
    return []


def arms_of(column: Profile, control: str | None, *, origin: str) -> list[str]:
    """The values of the column of arms, the one that was left alone first.

    `UserError` where no known word tells which that is, or the given one is none of them.
    """
    labels = column.labels
    if control is not None:
        alone = [label for label in labels if folded(label) == folded(control)]
    else:
        meant = answers(labels)
        alone = [label for label, yes in zip(labels, meant, strict=True) if yes is False]
        alone = alone or [label for label in labels if _names_control(label)]
    if len(alone) != 1:
        counts = ", ".join(f"{label!r} ({n:,})" for label, n in column.label_counts.items())
        raise UserError(
            f"{origin}: column {column.name}: not known who was left alone; expected CONTROL=, one "
            f"of {counts}"
        )
    return [*alone, *sorted(label for label in labels if label not in alone)]


def _names_control(label: str) -> bool:
    texts = [folded(word) for word in words(label)]
    return " ".join(texts) in CONTROL or bool({*texts} & {*CONTROL})


def text_of(raw_table: RawTable, name: str) -> list[str]:
    """The cells of a column as text, without the space around them."""
    column = raw_table.columns[name]
    texts = [text.strip() for text in column.texts.to_pylist()]
    return [texts[code] for code in column.codes]


def without_columns(raw_table: RawTable, names: Sequence[str]) -> RawTable:
    """The table less some columns."""
    kept = {name: cells for name, cells in raw_table.columns.items() if name not in names}
    return replace(raw_table, columns=kept)


def blank_rows(raw_table: RawTable, name: str) -> NDArray[np.bool_]:
    """Whether the column has no value, row by row (n,)."""
    column = raw_table.columns[name]
    return absent_texts(trimmed(column.texts))[column.codes]
