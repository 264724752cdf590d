"""A pod gets the bundle that is meant, or does not start."""

import hashlib
import io
import tarfile

import pytest

from scoring.bundle import MANIFEST
from scoring.errors import UserError
from scoring.loading import load_bundle
from serving import receive_bundle
from serving.receive_bundle import SHA256, URL, main, receive

ADDRESS = "https://models.example.com/churn/prod.tar"


def packed(folder, *more: tarfile.TarInfo) -> bytes:
    """An archive of a folder, as `tar -C FOLDER -cf prod.tar .` makes it."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
        archive.add(folder, ".")
        for member in more:
            archive.addfile(member)
    return target.getvalue()


def digest(folder) -> str:
    return hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest()


@pytest.fixture
def at_the_address(monkeypatch):
    """A function that puts an archive at the address."""

    def put(content: bytes) -> None:
        monkeypatch.setattr(
            receive_bundle.urllib.request, "urlopen", lambda url, timeout: io.BytesIO(content)
        )

    return put


def test_the_bundle_that_is_meant_can_be_served(club, at_the_address, tmp_path, monkeypatch):
    at_the_address(packed(club))
    monkeypatch.setenv(URL, ADDRESS)
    monkeypatch.setenv(SHA256, digest(club))
    assert main([str(tmp_path / "bundle" / "champion")]) == 0
    assert load_bundle(tmp_path / "bundle" / "champion").best_tier == "champion"


def test_another_bundle_is_refused_and_nothing_is_left(club, at_the_address, tmp_path):
    at_the_address(packed(club))
    with pytest.raises(UserError, match=r"sha256 of bundle.json is \w+; expected 00"):
        receive(ADDRESS, "0" * 64, tmp_path / "champion")
    assert list(tmp_path.iterdir()) == []


def test_a_changed_file_is_refused_though_the_manifest_is_right(own_club, at_the_address, tmp_path):
    (own_club / "model.onnx").write_bytes(b"another model")
    at_the_address(packed(own_club))
    with pytest.raises(UserError, match=r"model\.onnx: content differs"):
        receive(ADDRESS, digest(own_club), tmp_path / "new" / "champion")
    assert list((tmp_path / "new").iterdir()) == []


def member(name: str, **changes) -> tarfile.TarInfo:
    found = tarfile.TarInfo(name)
    for field, value in changes.items():
        setattr(found, field, value)
    return found


@pytest.mark.parametrize(
    "extra",
    [
        member("link", type=tarfile.SYMTYPE, linkname="/etc/passwd"),
        member("../outside"),
        member("/tmp/outside"),
        member(".."),
        member("device", type=tarfile.CHRTYPE),
    ],
    ids=["a link", "a file outside", "an absolute name", "the folder above", "a device"],
)
def test_an_archive_can_write_nothing_but_the_bundle(club, at_the_address, tmp_path, extra):
    at_the_address(packed(club, extra))
    with pytest.raises(UserError, match=ADDRESS):
        receive(ADDRESS, digest(club), tmp_path / "new" / "champion")
    assert list((tmp_path / "new").iterdir()) == []
    assert not (tmp_path / "outside").exists()


@pytest.mark.parametrize("url", ["http://models.example.com/a.tar", "file:///etc/passwd"])
def test_the_address_is_one_of_https(url, tmp_path):
    with pytest.raises(UserError, match=r"CHURN_BUNDLE_URL.*https"):
        receive(url, "0" * 64, tmp_path / "champion")


def test_what_is_no_archive_and_wrong_usage_are_one_line_each(at_the_address, monkeypatch, capsys):
    at_the_address(b"<html>not found</html>")
    assert main([]) == 2
    monkeypatch.setenv(URL, ADDRESS)
    monkeypatch.setenv(SHA256, "0" * 64)
    assert main(["/tmp/never"]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert "no archive" in lines[1]
