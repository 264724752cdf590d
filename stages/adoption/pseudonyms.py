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
from stages.adoption.fetch_source import FetchedSource, stem
from stages.tables.canonical import id_texts, trimmed
from stages.tables.intake import RawColumn, read_raw_table

KEY = "CHURN_PSEUDONYM_KEY"
SHORTEST_KEY = 16  # characters
HOW = "python -c 'import secrets; print(secrets.token_hex(32))'"


def pseudonymised(fetched: FetchedSource, schema: Schema, folder: Path) -> FetchedSource:
    """The table as Parquet in `folder`, ids replaced by HMAC-SHA256.

    The key comes from the environment. The same id and key give the same pseudonym, so months can
    still be joined. What the schema ignores (names, addresses, free text) is left out. `UserError`
    without a key or an id.
    """
    if schema.id_name is None:
        raise UserError(f"{fetched.origin}: no column has the role id; nothing to pseudonymise")
    key = os.environ.get(KEY, "")
    if len(key) < SHORTEST_KEY:
        raise UserError(
            f"{KEY}: {'too short' if key else 'not set'}; expected at least {SHORTEST_KEY} "
            f"characters, kept outside the repository. To make one: {HOW}"
        )
    raw_table = read_raw_table(fetched.path, origin=fetched.origin, encoding=fetched.encoding)
    columns = {name: raw_table.columns[name] for name in schema.without_ignored.in_table}
    columns[schema.id_name] = _hashed(columns[schema.id_name], key=key.encode())
    copy = folder / f"{stem(fetched.path)}.parquet"
    table = {name: cells.texts.take(pa.array(cells.codes)) for name, cells in columns.items()}
    pq.write_table(pa.table(table), copy, compression="zstd")
    return FetchedSource(copy, fetched.origin)


def _hashed(cells: RawColumn, *, key: bytes) -> RawColumn:
    texts: Sequence[str] = id_texts(trimmed(cells.texts)).to_pylist()
    hashes = [hmac.new(key, text.encode(), hashlib.sha256).hexdigest()[:32] for text in texts]
    return RawColumn(pa.array(hashes), np.asarray(cells.codes))
