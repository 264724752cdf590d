"""Columns of tables that nobody here has seen, as the programs of businesses export them.

Made up; none is of a customer. `START` is where drawing begins, for each table again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

ROWS = 240
RNG = np.random.default_rng(11)
LEFT = RNG.random(ROWS) < 0.3  # who churned, in every table
START = RNG.bit_generator.state


@dataclass(frozen=True)
class Foreign:
    """A file and what its columns are.

    `ids` is the id, or "" where there is none; `ignored` are left out, `sensitive` compared by
    group; all else but the target, `period` and `dates` is an input.
    """

    content: bytes
    target: str
    positive: str
    ids: str
    ignored: frozenset[str] = frozenset()
    sensitive: frozenset[str] = frozenset()
    dates: frozenset[str] = frozenset()
    period: str = ""
    given: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()  # what nobody may read in a schema or a message
    doubted: frozenset[str] = frozenset()
    name: str = "t.csv"


FIRST = ("Anna", "Berta", "Carl", "Dora", "Emil")
LAST = [f"Smith{chr(97 + n % 26)}{chr(97 + n // 26)}" for n in range(ROWS // 2)] * 2


def whole(low: int, high: int) -> np.ndarray:
    return RNG.integers(low, high, ROWS)


def pick(*values: Any) -> np.ndarray:
    return RNG.choice(np.array(values, dtype=object), ROWS)


def numbered(pattern: str, start: int = 1) -> list[str]:
    return [pattern.format(start + place) for place in range(ROWS)]


def outcome(left: Any, stayed: Any) -> np.ndarray:
    return np.where(LEFT, left, stayed)


def comma(numbers: Any) -> list[str]:
    return [f"{number:.2f}".replace(".", ",") for number in numbers]


def days(form: str, start: str = "2018-01-01", spread: int = 2500) -> np.ndarray:
    found = pd.Timestamp(start) + pd.to_timedelta(whole(0, spread), unit="D")
    return found.strftime(form).to_numpy()


def twice(pattern: str) -> list[str]:
    """A value of its own for every two customers."""
    return [pattern.format(place % (ROWS // 2)) for place in range(ROWS)]


def long_ids(start: int = 88_600_000) -> np.ndarray:
    return start + 37 * RNG.permutation(ROWS)


def as_csv(table: Mapping[str, Any], encoding: str = "utf-8", **options: Any) -> bytes:
    return pd.DataFrame(table).to_csv(index=False, **options).encode(encoding)


def semicolons(table: Mapping[str, Any], encoding: str = "utf-8") -> bytes:
    return as_csv(table, encoding, sep=";")
