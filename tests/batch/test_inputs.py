"""Where customers come from: addresses over HTTP, buckets, folders and queries."""

import datetime
import functools
import http.server
import ipaddress
import sqlite3
import ssl
import threading
from contextlib import contextmanager

import fsspec
import openpyxl
import pandas as pd
import pytest

from scoring.errors import UserError
from stages.batch.asked import check_columns
from stages.batch.inputs import find_inputs
from tests import builders

ID = "customer_id"


@contextmanager
def _served(folder, context=None):
    """The address of a folder over HTTP, or HTTPS with a context."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    handler = functools.partial(Quiet, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        if context is not None:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http{'s' if context else ''}://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def _nobodys_certificate(folder):
    """A TLS context whose certificate no authority signed."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now, address = datetime.datetime.now(datetime.UTC), ipaddress.ip_address("127.0.0.1")
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(address)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    form = serialization.PrivateFormat.PKCS8
    file = folder / "server.pem"
    file.write_bytes(certificate.public_bytes(pem) + key.private_bytes(pem, form, plain))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


def _scores(outcome):
    return pd.read_parquet(outcome.scores).sort_values(ID).reset_index(drop=True)


@pytest.fixture
def expected(members, scored):
    """The scores of the members in a file at hand."""
    return _scores(scored(members, "expected"))


def test_a_table_over_http_is_scored_and_called_by_its_address(members, scored, expected, tmp_path):
    (tmp_path / "crm").mkdir()
    members.to_csv(tmp_path / "crm" / "july 2026.csv.gz", index=False)

    with _served(tmp_path / "crm") as address:
        outcome = scored(f"{address}/july%202026.csv.gz?token=geheim")

    pd.testing.assert_frame_equal(_scores(outcome), expected)
    assert outcome.summary["input"]["first"].endswith("july%202026.csv.gz")


def test_a_certificate_that_nobody_signed_is_refused_as_that(scored, tmp_path):
    with (
        _served(tmp_path, _nobodys_certificate(tmp_path)) as address,
        pytest.raises(UserError, match=r"members.csv: cannot be fetched: .*certificate.*verif"),
    ):
        scored(f"{address}/members.csv")


def test_what_is_not_there_over_http_is_named(scored, tmp_path):
    with (
        _served(tmp_path) as address,
        pytest.raises(UserError, match=r"/nowhere.csv: cannot be fetched"),
    ):
        scored(f"{address}/nowhere.csv")


@pytest.mark.parametrize("pattern", ["july/", "july/*/*.parquet"])
def test_partitioned_parquet_in_a_bucket_is_scored(pattern, members, scored, expected):
    bucket = fsspec.filesystem("memory")
    for branch, part in members.groupby(builders.BRANCH):
        with bucket.open(f"/crm/july/{builders.BRANCH}={branch}/part.parquet", "wb") as file:
            part.drop(columns=builders.BRANCH).to_parquet(file)

    outcome = scored(f"memory://crm/{pattern}")

    assert outcome.summary["input"]["files"] == 3
    pd.testing.assert_frame_equal(_scores(outcome), expected)


def test_the_rows_of_a_query_are_scored(members, scored, expected, tmp_path):
    base = sqlite3.connect(tmp_path / "crm.db")
    members.assign(gone=["yes"] * 50 + ["no"] * 100).to_sql("members", base, index=False)
    base.close()

    outcome = scored(f"sqlite:///{tmp_path}/crm.db#select * from members where gone = 'no'")

    wanted = expected[expected[ID].isin(members[builders.NUMBER][50:])].reset_index(drop=True)
    pd.testing.assert_frame_equal(_scores(outcome), wanted)


@pytest.mark.parametrize("place", ["july.xlsx", "july"])
def test_the_sheet_that_is_read_is_named(place, members, scored, expected, tmp_path):
    # given a workbook of two sheets, on its own or in a folder
    folder = tmp_path / "july"
    folder.mkdir()
    book = openpyxl.Workbook()
    book.active.title = "Kosten"
    book.active.append(["Miete", 300])
    sheet = book.create_sheet("Mitglieder")
    for row in [list(members), *members.to_numpy().tolist()]:
        sheet.append(row)
    file = tmp_path / place if "." in place else folder / "july.xlsx"
    book.save(file)

    outcome = scored(str(tmp_path / place))

    pd.testing.assert_frame_equal(_scores(outcome), expected)
    words = f"{file}: a workbook: sheet Mitglieder, rows 1 to 151, 11 columns: read accordingly"
    assert outcome.summary["warnings"][0] == f"{words}, not its sheet Kosten"


def test_text_in_another_encoding_is_scored_where_that_is_named(
    members, scored, expected, tmp_path
):
    folder = tmp_path / "july"
    folder.mkdir()
    for name, part in (("1.csv", members.head(70)), ("2.csv", members.tail(80))):
        (folder / name).write_bytes(part.to_csv(index=False).encode("mac_roman"))
    with pytest.raises(UserError, match="missing"):
        scored(str(folder))

    outcome = scored(str(folder), encoding="mac_roman")

    pd.testing.assert_frame_equal(_scores(outcome), expected)


def test_files_that_begin_with_a_dot_or_a_line_are_left_out(members, tmp_path):
    folder = tmp_path / "july"
    for name in ("north/part.csv", "_temporary/part.csv", ".part.csv.crc", "_SUCCESS"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        members.to_csv(folder / name, index=False)

    found = find_inputs(str(folder), tmp_path)

    assert [file.path.relative_to(folder).as_posix() for file in found] == ["north/part.csv"]


@pytest.mark.parametrize("pattern", ["july/*.csv", "memory://nowhere/*.csv", "memory://nowhere/"])
def test_a_pattern_that_matches_nothing_is_an_error(pattern, scored, tmp_path):
    source = pattern if "://" in pattern else str(tmp_path / pattern)

    with pytest.raises(UserError, match="no such file"):
        scored(source)


def test_a_target_that_tells_who_is_no_customer_is_warned_of_as_not_read(members, tmp_path):
    club = builders.schema(**{builders.LEFT: {"left_out": ["nie da"]}})
    members.assign(**{builders.LEFT: "nie da"}).to_parquet(tmp_path / "all.parquet")
    members.to_parquet(tmp_path / "without.parquet")
    labelled, bare = find_inputs(str(tmp_path), tmp_path)

    (words,) = check_columns([bare, labelled, labelled], club)
    assert words.startswith(f"column {builders.LEFT}: not read")
    assert "'nie da'" in words
    assert check_columns([bare], club) == []
    assert check_columns([labelled], builders.schema()) == []
