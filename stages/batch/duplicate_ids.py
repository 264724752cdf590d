"""Customers who are in several rows of a month's table."""

from __future__ import annotations

from collections.abc import Sequence

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


def repeated_customers(
    names: Sequence[str], keys: Sequence[Keys], work: Work, id_column: Column
) -> dict[str, dict[int, str]]:
    """Customers that an earlier row has, too: by part, their places in it and the reason.

    `names` are those of the parts, `keys` of each its `id_keys`; where keys are equal, the ids
    themselves are compared.
    """
    order = np.sort(np.concatenate([np.empty(0, np.uint64), *keys]))
    doubtful = np.unique(order[1:][order[1:] == order[:-1]])
    found: dict[str, dict[int, str]] = {}
    if not len(doubtful):
        return found
    seen: dict[str, str] = {}
    words = "a further row of the customer" if id_column.repeated else "repeats the customer"
    for name, own in zip(names, keys, strict=True):
        places = np.flatnonzero(np.isin(own, doubtful))
        if len(places):
            table, about = work.read(name)
            rows = table[PLACE].to_numpy()
            for place, text in zip(
                places, table[ID].take(pa.array(places)).to_pylist(), strict=True
            ):
                if text in seen:
                    found.setdefault(name, {})[int(place)] = f"{words} of {seen[text]}"
                else:
                    seen[text] = f"{about.file}, row {rows[place]}"
    return found


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
