"""Ids replaced by keyed hashes on the way in, so that nobody downstream knows who is who."""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from scoring.errors import UserError
from scoring.schema import Schema
from stages.adoption.bring import Brought, stem
from stages.tables.canonical import id_texts, trimmed
from stages.tables.intake import Cells, read_arrival

KEY = "CHURN_PSEUDONYM_KEY"
SHORTEST_KEY = 16  # characters
HOW = "python -c 'import secrets; print(secrets.token_hex(32))'"


def pseudonymised(brought: Brought, schema: Schema, folder: Path) -> Brought:
    """The table as Parquet in `folder`, ids replaced by HMAC-SHA256.

    The key comes from the environment. The same id and key give the same pseudonym, so months can
    still be joined. What the schema ignores (names, addresses, free text) is left out. `UserError`
    without a key or an id.
    """
    if schema.id_name is None:
        raise UserError(f"{brought.origin}: no column has the role id; nothing to pseudonymise")
    key = os.environ.get(KEY, "")
    if len(key) < SHORTEST_KEY:
        raise UserError(
            f"{KEY}: {'too short' if key else 'not set'}; expected at least {SHORTEST_KEY} "
            f"characters, kept outside the repository. To make one: {HOW}"
        )
    arrival = read_arrival(brought.path, origin=brought.origin)
    columns = {name: arrival.columns[name] for name in schema.without_ignored.names}
    columns[schema.id_name] = _hashed(columns[schema.id_name], key=key.encode())
    copy = folder / f"{stem(brought.path)}.parquet"
    table = {name: cells.texts.take(pa.array(cells.codes)) for name, cells in columns.items()}
    pq.write_table(pa.table(table), copy, compression="zstd")
    return Brought(copy, brought.origin)


def _hashed(cells: Cells, *, key: bytes) -> Cells:
    texts: Sequence[str] = id_texts(trimmed(cells.texts)).to_pylist()
    hashes = [hmac.new(key, text.encode(), hashlib.sha256).hexdigest()[:32] for text in texts]
    return Cells(pa.array(hashes), np.asarray(cells.codes))
