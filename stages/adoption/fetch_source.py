"""Getting a table from where it is (a path, a URL, a database) to a file at hand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit

import pyarrow as pa
import pyarrow.parquet as pq

from scoring.errors import UserError
from stages.tables.workbook import is_workbook, sheet_as_csv

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine
    from sqlalchemy.sql.expression import Executable

DATABASES = (
    "sqlite",
    "postgresql",
    "postgres",
    "mysql",
    "mariadb",
    "mssql",
    "oracle",
    "duckdb",
    "snowflake",
)
BATCH = 50_000  # rows of a query in memory at a time


@dataclass(frozen=True)
class FetchedSource:
    """A table at hand: its file, where it came from (without a password), and what was done.

    `encoding` is that of its text, where somebody named one for what is not UTF-8.
    """

    path: Path
    origin: str
    notes: tuple[str, ...] = ()
    encoding: str | None = None


def one_sheet(fetched: FetchedSource, folder: Path, sheet: str | None) -> FetchedSource:
    """Of a workbook, one sheet as CSV in `folder`; any other file as it is.

    It is the named one, else the one with most cells. `UserError` where the workbook cannot be
    read, or has no such sheet.
    """
    if is_workbook(fetched.path):
        return _sheet_of(fetched, folder, sheet)
    if sheet is not None:
        raise UserError(f"{fetched.origin}: sheet {sheet}: this is no workbook; expected no SHEET")
    return fetched


def _sheet_of(fetched: FetchedSource, folder: Path, sheet: str | None) -> FetchedSource:
    """One sheet of a workbook as a CSV, and which: what is pinned does not change with a reader."""
    copy = folder / "sheet" / f"{stem(fetched.path)}.csv"
    copy.parent.mkdir()
    found = sheet_as_csv(fetched.path, copy, origin=fetched.origin, sheet=sheet)
    more = (
        f"; it also has {', '.join(found.others)}: SHEET=<name> reads another"
        if found.others
        else ""
    )
    return FetchedSource(
        copy, fetched.origin, (f"sheet {found.name}, {found.cells}, saved as CSV{more}",)
    )


def fetch_file(address: str, folder: Path) -> FetchedSource:
    """The file at an address as it is, in `folder` where it had to be fetched.

    An address is a path, a URL (http, s3 and whatever else fsspec knows), or a database as
    SQLAlchemy writes it with a table or a query behind a `#`. `UserError` where it cannot be read.
    """
    scheme = address.split(":", 1)[0].split("+")[0] if "://" in address else ""
    if scheme in DATABASES:
        return _query(address, folder)
    if scheme:
        _check_url(address)
        copy = folder / (Path(unquote(urlsplit(address).path)).name or "customers.csv")
        _download(address, copy)
        return FetchedSource(copy, _without_secrets(address))
    path = Path(address).expanduser()
    if not path.is_file():
        raise UserError(
            f"{address}: no such file; expected the path or URL of a CSV, Parquet or Excel file, "
            "or a database and a table: sqlite:///crm.db#customers"
        )
    return FetchedSource(path, address)


def _check_url(url: str) -> None:
    try:
        urlsplit(url)
    except ValueError:
        raise UserError(
            f"{url.split(':', 1)[0]}://…: not a URL; expected https://host/path/customers.csv"
        ) from None


def stem(path: Path) -> str:
    """The name of a file without what says how it is packed and written."""
    return Path(path.name.removesuffix(".gz").removesuffix(".zip")).stem


def _without_secrets(url: str) -> str:
    """The URL without user, password and query, which may hold a token."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}"


def _secrets(url: str) -> list[str]:
    """The parts of a URL that nobody may see."""
    parts = urlsplit(url)
    return [part for part in (parts.query, parts.netloc.rpartition("@")[0], parts.password) if part]


def _download(url: str, copy: Path) -> None:
    """Fetch a URL of any kind that fsspec knows (http, s3, …), with progress."""
    import fsspec
    from fsspec.callbacks import TqdmCallback

    progress = TqdmCallback(tqdm_kwargs={"desc": "download", "unit": "B", "unit_scale": True})
    try:
        files, path = fsspec.core.url_to_fs(url)
        files.get_file(path, str(copy), callback=progress)
    except (OSError, ValueError, ImportError) as error:
        reason = " ".join(str(error).split()).replace(url, "") or type(error).__name__
        if any(secret in reason for secret in _secrets(url)):
            reason = type(error).__name__
        raise UserError(
            f"{_without_secrets(url)}: cannot be fetched: {reason}; expected a table"
        ) from None


def _query(address: str, folder: Path) -> FetchedSource:
    """The rows of a table or query as a Parquet file of text, a batch at a time in memory."""
    from sqlalchemy.exc import SQLAlchemyError

    url, _, wanted = address.partition("#")
    if not wanted.strip():
        raise UserError(
            f"{_database(url)}: no table named; expected a table or a query behind a #, as in "
            "sqlite:///crm.db#customers"
        )
    origin = f"{_database(url)}#{wanted}"
    copy = folder / f"{_name(wanted)}.parquet"
    try:
        with _disposed(_engine(url)) as engine, engine.connect() as connection:
            _save(connection, _statement(wanted.strip()), copy, origin)
    except (SQLAlchemyError, ImportError) as error:
        reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        raise UserError(f"{origin}: {reason}; expected a table or a query of customers") from None
    return FetchedSource(copy, origin)


@contextmanager
def _disposed(engine: Engine) -> Iterator[Engine]:
    try:
        yield engine
    finally:
        engine.dispose()


def _engine(url: str) -> Engine:
    """A connection pool that reads only: a query that would change a customer fails."""
    from sqlalchemy import create_engine, make_url

    parsed = make_url(url)
    if parsed.drivername in ("postgresql", "postgres"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() == "sqlite" and not Path(parsed.database or "").is_file():
        raise UserError(f"{_database(url)}: no such file; expected a SQLite database")
    if parsed.get_backend_name() == "sqlite":
        name = f"file:{quote(str(Path(str(parsed.database)).resolve()))}"
        parsed = parsed.set(database=name).update_query_dict({"mode": "ro", "uri": "true"})
    options = {"postgresql_readonly": True} if parsed.get_backend_name() == "postgresql" else {}
    return create_engine(parsed, execution_options=options)


def _database(url: str) -> str:
    """The address for people to see."""
    from sqlalchemy import make_url
    from sqlalchemy.exc import SQLAlchemyError

    try:
        return make_url(url).set(password=None, query={}).render_as_string(hide_password=True)
    except (SQLAlchemyError, ValueError):
        raise UserError(
            f"{url.split(':', 1)[0]}://…: not the address of a database; expected "
            "dialect://user@host:port/database#table"
        ) from None


def _name(wanted: str) -> str:
    """A file name for what was asked: the table's, or `query`."""
    return re.sub(r"\W+", "_", wanted.strip()) if _is_table(wanted) else "query"


def _is_table(wanted: str) -> bool:
    return re.fullmatch(r"[\w.$]+", wanted.strip()) is not None


def _statement(wanted: str) -> Executable:
    from sqlalchemy import column, select, table, text

    if not _is_table(wanted):
        return text(wanted)
    schema, _, name = wanted.rpartition(".")
    return select(column("*", is_literal=True)).select_from(table(name, schema=schema or None))


def _save(connection: Connection, statement: Executable, copy: Path, origin: str) -> None:
    from tqdm import tqdm

    result = connection.execution_options(stream_results=True, yield_per=BATCH).execute(statement)
    names = list(result.keys())
    if not names or len(set(names)) < len(names):
        raise UserError(f"{origin}: columns {', '.join(names)}; expected each name once")
    schema = pa.schema([(name, pa.string()) for name in names])
    with (
        pq.ParquetWriter(copy, schema, compression="zstd") as writer,
        tqdm(desc="rows", unit="", leave=False) as bar,
    ):
        for rows in result.partitions(BATCH):
            columns = zip(*rows, strict=True)
            writer.write_table(pa.table([list(_texts(c)) for c in columns], schema=schema))
            bar.update(len(rows))


def _texts(values: tuple[object, ...]) -> Iterator[str | None]:
    for value in values:
        yield None if value is None else str(value)
