"""Customers who are in several rows of a month's table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from scoring.schema import Column
from scoring.score_files import ID
from stages.batch.parts import Work
from stages.batch.score_part import PLACE

HASHED = 64  # bytes of an id
ODD = np.uint64(0x9E3779B97F4A7C15)
Keys = NDArray[np.uint64]


@dataclass(frozen=True)
class FurtherRows:
    """The m rows of a part whose customer an earlier row has, too: 16 bytes each.

    `places` (m,) are those in the part. The earlier row of each is number `rows` (m,) of the file
    at place `parts` (m,) in `files`; `words` say what that makes of a row.
    """

    words: str = ""
    places: NDArray[np.int32] = field(default_factory=lambda: np.empty(0, np.int32))
    parts: NDArray[np.int32] = field(default_factory=lambda: np.empty(0, np.int32))
    rows: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    files: Sequence[str] = ()

    def reasons(self) -> list[str]:
        """Why each is not scored."""
        return [
            f"{self.words} of {self.files[part]}, row {row}"
            for part, row in zip(self.parts.tolist(), self.rows.tolist(), strict=True)
        ]


class _Doubtful(NamedTuple):
    """Rows (m,) of a part whose keys others have, too: places in it, numbers in its file, ids."""

    name: str
    file: str
    places: NDArray[np.int32]
    rows: NDArray[np.int64]
    ids: pa.ChunkedArray


def repeated_customers(
    names: Sequence[str], keys: Sequence[Keys], work: Work, id_column: Column
) -> dict[str, FurtherRows]:
    """Customers that an earlier row has, too, by part.

    `names` are those of the parts, `keys` of each its `id_keys`; where keys are equal, the ids
    themselves are compared.
    """
    order = np.sort(np.concatenate([np.empty(0, np.uint64), *keys]))
    doubtful = np.unique(order[1:][order[1:] == order[:-1]])
    if not len(doubtful):
        return {}
    parts = [
        _doubtful(name, places, work)
        for name, own in zip(names, keys, strict=True)
        if len(places := _places_of(own, doubtful))
    ]
    words = "a further row of the customer" if id_column.repeated else "repeats the customer"
    return dict(_further_rows(parts, words))


def _further_rows(parts: Sequence[_Doubtful], words: str) -> Iterator[tuple[str, FurtherRows]]:
    """Of the parts that have any, their names and the rows whose id an earlier one has."""
    first, sizes = _first_of_each([part.ids for part in parts]), [len(p.places) for p in parts]
    part_of = np.repeat(np.arange(len(parts), dtype=np.int32), sizes)
    row_of, files = np.concatenate([part.rows for part in parts]), [part.file for part in parts]
    start = 0
    for part, size in zip(parts, sizes, strict=True):
        earlier = first[start : start + size]
        again = earlier < np.arange(start, start + size)
        start += size
        if again.any():
            at = earlier[again]
            yield part.name, FurtherRows(words, part.places[again], part_of[at], row_of[at], files)


def _places_of(keys: Keys, wanted: Keys) -> NDArray[np.int64]:
    """Where the keys (n,) are among the wanted ones, which are sorted: `np.isin` sorts again."""
    nearest = np.minimum(np.searchsorted(wanted, keys), len(wanted) - 1)
    return np.flatnonzero(wanted[nearest] == keys)


def _doubtful(name: str, places: NDArray[np.int64], work: Work) -> _Doubtful:
    table, about = work.read(name)
    rows, ids = table[PLACE].to_numpy()[places], table[ID].take(pa.array(places))
    ids = ids.cast(pa.large_string())  # of all parts they may be more than a string array holds
    return _Doubtful(name, about.file, places.astype(np.int32), rows, ids)


def _first_of_each(ids: Sequence[pa.ChunkedArray]) -> NDArray[np.int64]:
    """The place (n,) of the first text that is equal to each of all n."""
    chunks = [chunk for part in ids for chunk in part.chunks]
    coded = pa.chunked_array(chunks).dictionary_encode().unify_dictionaries()
    codes = np.concatenate([chunk.indices.to_numpy() for chunk in coded.chunks])
    return np.unique(codes, return_index=True)[1][codes]


def id_keys(ids: pa.ChunkedArray) -> Keys:
    """Hashes (n,) of texts, eight bytes at a time; of long ones the first `HASHED` bytes count.

    In NumPy: a Python object for each text would keep the threads waiting for the interpreter.
    """
    keys = np.zeros(len(ids), np.uint64)
    longest = pc.max(pc.binary_length(ids)).as_py() or 0
    width = min(longest + -longest % 8, HASHED)
    if not width:
        return keys
    texts = pa.concat_arrays(ids.chunks).view(pa.binary())
    padded = pc.ascii_rpad(pc.binary_slice(texts, 0, width).view(pa.string()), width, "\0")
    words = np.frombuffer(padded.buffers()[2], np.uint64, len(ids) * width // 8).reshape(
        len(ids), -1
    )
    for word in words.T[::-1]:  # from the end, where padding changes nothing
        keys = (keys ^ word) * ODD
        keys ^= keys >> np.uint64(32)
    return keys
