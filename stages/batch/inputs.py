"""Where this month's customers are: files, a folder, a pattern, a URL, a query; read in chunks.

Parquet is streamed, row group by row group; every other format is read as at adoption, a file at a
time.
"""

from __future__ import annotations

import glob
import tempfile
from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from scoring.digest import sha256
from scoring.errors import UserError
from stages.adoption.fetch_source import DATABASES, fetch_file
from stages.tables.delimited import FIRST_ROW
from stages.tables.intake import RawTable, read_raw_table
from stages.tables.workbook import is_workbook

CHUNK = 65_536  # customers scored at a time
HEAD = 1 << 20  # bytes of a text file that tell its columns
Numbers = NDArray[np.int64]
EXPECTED = (
    "expected a CSV or Parquet file, a folder or a pattern of those, a URL, or a database and a "
    "table: sqlite:///crm.db#customers"
)


@dataclass(frozen=True)
class InputFile:
    """A file of customers: what messages call it, and the values its folders' names give.

    `encoding` is that of text which is not UTF-8; None where its bytes are to tell.
    """

    path: Path
    origin: str
    constants: Mapping[str, str] = field(default_factory=dict)
    encoding: str | None = None

    @property
    def is_parquet(self) -> bool:
        """Whether it is Parquet, by its first bytes."""
        with self.path.open("rb") as file:
            return file.read(4) == b"PAR1"

    @property
    def stamp(self) -> tuple[int, int]:
        """When the file was last changed, in nanoseconds, and its size."""
        found = self.path.stat()
        return found.st_mtime_ns, found.st_size

    def digest(self) -> str:
        """SHA-256 of the content."""
        return sha256(self.path)

    def raw_table(self) -> RawTable:
        """Its cells as text."""
        return read_raw_table(self.path, origin=self.origin, encoding=self.encoding)


@dataclass(frozen=True)
class Block:
    """What is read in one go: some row groups of a Parquet file (from row `start` on), or a file.

    Its chunks are numbered from `first` on within their file, and have `size` rows, the last fewer.
    """

    place: int
    file: InputFile
    size: int = CHUNK
    groups: tuple[int, ...] | None = None
    start: int = 0
    rows: int = 0
    first: int = 0

    def name(self, chunk: int) -> str:
        """The name of a chunk: the same at every run over the same files, and in their order."""
        return f"{self.place:05d}-{self.first + chunk:06d}"

    @property
    def names(self) -> list[str] | None:
        """The names of its chunks; None where only reading can tell how many there are."""
        if self.groups is None:
            return None
        return [self.name(chunk) for chunk in range(-(-self.rows // self.size))]


@dataclass(frozen=True)
class Chunk:
    """Rows of one file; `numbers` (n,) are their row numbers in it."""

    name: str
    file: InputFile
    table: pa.Table
    numbers: NDArray[np.int64]


@dataclass(frozen=True)
class Finished:
    """A chunk that is not read: its part is there."""

    name: str


def find_inputs(address: str, folder: Path, *, encoding: str | None = None) -> list[InputFile]:
    """The files behind an address, in order; what has to be fetched goes to `folder`.

    `encoding` is that of text files that are not UTF-8. `UserError` where there is no file.
    """
    return [replace(file, encoding=encoding) for file in _found(address, folder)]


def _found(address: str, folder: Path) -> list[InputFile]:
    if not address.strip():
        raise UserError(f"an empty address of a table; {EXPECTED}")
    scheme = address.split(":", 1)[0].split("+")[0] if "://" in address else ""
    if scheme and scheme not in DATABASES and ("*" in address or address.endswith("/")):
        return _remote(address, folder)
    path = Path(address).expanduser()
    if scheme or path.is_file():
        fetched = fetch_file(address, folder)
        return [InputFile(fetched.path, fetched.origin)]
    if path.is_dir():
        return _in_folder(path)
    found = [Path(name) for name in sorted(glob.glob(str(path), recursive=True))]
    files = [InputFile(each, str(each), _constants(each)) for each in found if each.is_file()]
    if not files:
        raise UserError(f"{address}: no such file; {EXPECTED}")
    return files


def _in_folder(folder: Path) -> list[InputFile]:
    files = [
        InputFile(path, str(path), _constants(path.relative_to(folder)))
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not any(p[0] in "._" for p in path.relative_to(folder).parts)
    ]
    if not files:
        raise UserError(f"{folder}: an empty folder; {EXPECTED}")
    return files


def _constants(path: Path) -> dict[str, str]:
    """Values of columns that stand in the names of folders, as in month=2026-11/part.parquet."""
    pairs = [part.split("=", 1) for part in path.parts[:-1] if "=" in part]
    return {unquote(name): unquote(value) for name, value in pairs}


def _remote(address: str, folder: Path) -> list[InputFile]:
    import fsspec

    shown = f"{urlsplit(address).scheme}://…{urlsplit(address).path}"
    try:
        files, path = fsspec.core.url_to_fs(address)
        found = sorted(files.glob(path) if "*" in path else files.find(path))
        fetched = [_fetched(files, each, folder / f"{n:05d}") for n, each in enumerate(found)]
    except (OSError, ValueError, ImportError, NotImplementedError) as error:
        raise UserError(f"{shown}: cannot be read ({type(error).__name__}); {EXPECTED}") from None
    if not fetched:
        raise UserError(f"{shown}: no such file; {EXPECTED}")
    return fetched


def _fetched(files: object, path: str, folder: Path) -> InputFile:
    folder.mkdir(parents=True)
    copy = folder / Path(path).name
    files.get_file(path, str(copy))  # type: ignore[attr-defined]
    return InputFile(copy, path, _constants(Path(path)))


def column_names(file: InputFile) -> list[str]:
    """The columns of a file, without reading all of it where that is possible."""
    if file.is_parquet:
        return [*_parquet(file).schema_arrow.names, *file.constants]
    return [*_head(file).columns, *file.constants]


def sheet_read(file: InputFile) -> str:
    """Of a workbook, which sheet is read, in words; of any other file nothing."""
    if file.is_parquet or not is_workbook(file.path):
        return ""
    return f"{file.origin}: {_raw_table(file).warnings[0]}"


def plan(files: Sequence[InputFile], *, size: int = CHUNK) -> Iterator[Block]:
    """What is read together, in order; row groups of fewer rows than `size` are put together."""
    for place, file in enumerate(files):
        if not file.is_parquet:
            yield Block(place, file, size)
            continue
        first = 0
        for groups, start, rows in _ranges(file, size):
            yield Block(place, file, size, groups, start, rows, first)
            first += -(-rows // size)


def read_block(
    block: Block, wanted: Sequence[str], *, finished: Container[str] = frozenset()
) -> Iterator[Chunk | Finished]:
    """The chunks of a block, in order, with those of the wanted columns that there are.

    Of those whose names are `finished`, only that.
    """
    if block.names is not None and all(name in finished for name in block.names):
        yield from map(Finished, block.names)
        return
    tables = _from_raw_table(block, wanted) if block.groups is None else _from_groups(block, wanted)
    for chunk, (table, numbers) in enumerate(tables):
        name = block.name(chunk)
        if name in finished:
            yield Finished(name)
        else:
            yield Chunk(name, block.file, _with_constants(table, block.file, wanted), numbers)


def _with_constants(table: pa.Table, file: InputFile, wanted: Sequence[str]) -> pa.Table:
    for name, value in file.constants.items():
        if name in wanted and name not in table.column_names:
            table = table.append_column(name, pa.repeat(value, table.num_rows))
    return table


def _ranges(file: InputFile, most: int) -> Iterator[tuple[tuple[int, ...], int, int]]:
    """Row groups to read together, the row they start at, and how many rows they have."""
    metadata = _parquet(file).metadata
    groups: list[int] = []
    start = rows = 0
    for group in range(metadata.num_row_groups):
        size = metadata.row_group(group).num_rows
        if rows and rows + size > most:
            yield tuple(groups), start, rows
            groups, start, rows = [], start + rows, 0
        groups.append(group)
        rows += size
    if rows:
        yield tuple(groups), start, rows


def _from_groups(block: Block, wanted: Sequence[str]) -> Iterator[tuple[pa.Table, Numbers]]:
    known = _parquet(block.file).schema_arrow
    texts = [f.name for f in known if pa.types.is_string(f.type) and f.name in wanted]
    file = pq.ParquetFile(block.file.path, read_dictionary=texts)
    start = block.start + FIRST_ROW
    present = [name for name in wanted if name in known.names]
    for table in _even(file, block, present):
        yield table, np.arange(start, start + table.num_rows)
        start += table.num_rows


def _even(file: pq.ParquetFile, block: Block, names: Sequence[str]) -> Iterator[pa.Table]:
    """Tables of exactly `size` rows, the last one shorter, whatever batches the file gives."""
    waiting = pa.table({})
    groups = list(block.groups or ())
    for batch in file.iter_batches(
        block.size, row_groups=groups, columns=list(names), use_threads=False
    ):
        more = pa.Table.from_batches([batch])
        waiting = pa.concat_tables([waiting, more]) if waiting.num_rows else more
        if waiting.num_rows >= block.size:
            yield waiting.slice(0, block.size)
            waiting = waiting.slice(block.size)
    if waiting.num_rows:
        yield waiting


def _parquet(file: InputFile) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(file.path)
    except (pa.ArrowInvalid, OSError):
        raise UserError(f"{file.origin}: not a whole Parquet file; expected a table") from None


def _head(file: InputFile) -> RawTable:
    """The first rows of a text file, where they can be read alone; else all of it."""
    if file.path.stat().st_size > HEAD:
        with tempfile.TemporaryDirectory() as scratch, file.path.open("rb") as source:
            start = Path(scratch) / file.path.name
            start.write_bytes(source.read(HEAD).rpartition(b"\n")[0] + b"\n")
            with suppress(UserError):
                return replace(file, path=start).raw_table()
    return _raw_table(file)


def _raw_table(file: InputFile) -> RawTable:
    return _kept(file.path, file.origin, file.encoding, file.stamp)


@lru_cache(maxsize=1)
def _kept(path: Path, origin: str, encoding: str | None, _: tuple[int, int]) -> RawTable:
    """The table of a file, kept until another one, or the same one changed, is read."""
    return InputFile(path, origin, encoding=encoding).raw_table()


def _from_raw_table(block: Block, wanted: Sequence[str]) -> Iterator[tuple[pa.Table, Numbers]]:
    raw_table = _raw_table(block.file)
    cells = {name: raw_table.columns[name] for name in wanted if name in raw_table.columns}
    for start in range(0, raw_table.rows, block.size):
        stop = min(start + block.size, raw_table.rows)
        columns = {
            name: _dictionary(column.texts, column.codes[start:stop])
            for name, column in cells.items()
        }
        numbers = np.array([raw_table.number(row) for row in range(start, stop)])
        yield pa.table(columns), numbers


def _dictionary(texts: pa.StringArray, codes: NDArray[Any]) -> pa.DictionaryArray:
    """Some cells of a column with only the texts that they need."""
    if len(texts) > CHUNK:
        used, codes = np.unique(codes, return_inverse=True)
        texts = texts.take(pa.array(used))
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)), texts)
