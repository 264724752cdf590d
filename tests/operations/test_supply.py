"""The supply chain: bills of materials, known vulnerabilities, insecure code, secrets."""

from __future__ import annotations

import datetime
import io
import json
import re
import shutil
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from scoring.errors import UserError
from stages.core.paths import Paths
from stages.operations.reproducible import copy_work_tree
from stages.operations.supply import image_sbom, sbom, vulnerabilities
from stages.operations.supply.locks import locks, read_lock
from stages.operations.supply.vulnerabilities import acceptances, audit, rounds
from tests.conftest import clean_environment
from tests.places import ROOT

TODAY = datetime.date(2026, 11, 21)
LOCK = """\
asked==1.0 \\
    --hash=sha256:{a} \\
    --hash=sha256:{b}
    # via asking
asking[extra]==2.0 ; sys_platform == 'plan9' \\
    --hash=sha256:{c}
forked==1.0 ; python_full_version < '3.12' \\
    --hash=sha256:{a}
    # via
    #   asked
    #   asking
forked==2.0 ; python_full_version >= '3.12' \\
    --hash=sha256:{b}
    # via
    #   asked
    #   asking
""".format(a="a" * 64, b="b" * 64, c="c" * 64)
KNOWN = {
    "id": "GHSA-1",
    "aliases": ["CVE-1"],
    "summary": "Lets everybody in",
    "affected": [
        {
            "package": {"name": "forked", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.1"}]}],
        }
    ],
}
ACCEPTED = """
[[tool.churn.accepted-vulnerabilities]]
id = "CVE-1"
package = "forked"
since = 2026-11-01
until = {until}
reason = "Not called here"
"""


class Osv(BaseHTTPRequestHandler):
    """A service that speaks OSV's protocol and knows of forked 2.0 alone."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        is_known = (asked["package"]["name"], asked["version"]) == ("forked", "2.0")
        answer = json.dumps({"vulns": [KNOWN]} if is_known else {}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture(scope="module")
def osv() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Osv)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/query"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    path = tmp_path / "requirements" / "dev.lock"
    path.parent.mkdir()
    path.write_text(LOCK)
    return path


def accepting(path: Path, text: str) -> Path:
    path.write_text(f"[tool.ruff]\n{text}")
    return path


def test_every_entry_of_a_lock_is_read(lock: Path) -> None:
    pins = list(read_lock(lock))
    assert [(pin.name, pin.version) for pin in pins] == [
        ("asked", "1.0"),
        ("asking", "2.0"),
        ("forked", "1.0"),
        ("forked", "2.0"),
    ]
    assert pins[0].hashes == ("a" * 64, "b" * 64)
    assert (pins[0].asked_by, pins[1].asked_by, pins[2].asked_by) == (
        ("asking",), (), ("asked", "asking"),
    )  # fmt: skip
    assert pins[1].marker == "sys_platform == 'plan9'"


@pytest.mark.parametrize("path", locks(Paths.here()), ids=lambda path: path.name)
def test_no_entry_of_our_locks_is_overlooked(path: Path) -> None:
    pins = list(read_lock(path))
    assert len(pins) == len(re.findall(r"^\S+==", path.read_text(), flags=re.MULTILINE))
    assert all(pin.hashes for pin in pins)
    names = {pin.name for pin in pins}
    assert {name for pin in pins for name in pin.asked_by} <= names


def test_a_bill_says_what_where_and_for_whom(lock: Path) -> None:
    # when a bill is made of a lock
    text = sbom.bill(list(read_lock(lock)), Paths.here())
    sbom.write_valid(text, lock.parent / "sbom" / "dev.cdx.json")
    document = json.loads(text)
    # then it has every package with its hashes, and what needs what
    parts = {part["purl"]: part for part in document["components"]}
    assert list(parts) == [
        "pkg:pypi/asked@1.0", "pkg:pypi/asking@2.0", "pkg:pypi/forked@1.0", "pkg:pypi/forked@2.0",
    ]  # fmt: skip
    archives = parts["pkg:pypi/asked@1.0"]["externalReferences"][0]["hashes"]
    assert {entry["content"] for entry in archives} == {"a" * 64, "b" * 64}
    needs = {entry["ref"]: entry.get("dependsOn", []) for entry in document["dependencies"]}
    assert needs["root"] == ["pkg:pypi/asking@2.0"]
    assert needs["pkg:pypi/asked@1.0"] == ["pkg:pypi/forked@1.0", "pkg:pypi/forked@2.0"]
    # and another one is the same to the byte
    assert sbom.bill(list(read_lock(lock)), Paths.here()) == text


def test_our_bill_has_licenses_and_no_address_of_an_index() -> None:
    text = sbom.bill(list(read_lock(ROOT / "requirements/service.lock")), Paths.here())
    parts = json.loads(text)["components"]
    unlicensed = {part["name"] for part in parts if "licenses" not in part}
    assert len(unlicensed) < 0.1 * len(parts)
    assert "py" + "pi.org" not in text
    assert "python" + "hosted.org" not in text


def test_what_is_not_a_bill_is_not_written(tmp_path: Path) -> None:
    target = tmp_path / "bill.cdx.json"
    with pytest.raises(UserError, match="not valid CycloneDX"):
        sbom.write_valid('{"bomFormat": "CycloneDX", "specVersion": "1.6", "parts": []}', target)
    assert not target.exists()


def test_every_version_is_asked_about_and_none_twice_at_a_time() -> None:
    pins = [("a", "1"), ("a", "2"), ("b", "1"), ("a", "3"), ("b", "2"), ("c", "1")]
    asked = list(rounds(pins))
    assert sorted(line for each in asked for line in each) == sorted("==".join(p) for p in pins)
    for each in asked:
        names = [line.split("==")[0] for line in each]
        assert len(set(names)) == len(names)


def test_a_vulnerability_of_any_platform_is_found(lock: Path, osv: str, tmp_path: Path) -> None:
    accepting(tmp_path / "pyproject.toml", "")
    with pytest.raises(UserError, match=r"^forked 2\.0: .*\nlocks: 1 known vulnerab") as caught:
        audit(Paths(tmp_path), osv=osv, today=TODAY)
    first = str(caught.value).splitlines()[0]
    assert first == "forked 2.0: CVE-1, GHSA-1: fixed in 2.1: Lets everybody in"


def test_what_is_accepted_passes_until_its_day(lock: Path, osv: str, tmp_path: Path) -> None:
    text = ACCEPTED.format(until=TODAY)
    path = accepting(tmp_path / "pyproject.toml", text)
    summary = audit(Paths(tmp_path), osv=osv, today=TODAY)
    assert summary == "4 locked packages: 1 known vulnerability, accepted for now"
    with pytest.raises(UserError, match=r"CVE-1 of forked was accepted until 2026-11-21"):
        acceptances(path, today=TODAY + datetime.timedelta(days=1))


def test_an_acceptance_that_nothing_needs_is_to_be_removed(
    lock: Path, osv: str, tmp_path: Path
) -> None:
    lock.write_text("asked==1.0 \\\n    --hash=sha256:abc\n")
    accepting(tmp_path / "pyproject.toml", ACCEPTED.format(until=TODAY))
    with pytest.raises(UserError, match="CVE-1 of forked is not found any more; remove it"):
        audit(Paths(tmp_path), osv=osv, today=TODAY)


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("reason = ", "because = ", "field reason: Field required"),
        ("2026-11-01", '"some day"', "field since: "),
    ],
)
def test_an_acceptance_says_since_when_until_when_and_why(
    tmp_path: Path, before: str, after: str, words: str
) -> None:
    text = ACCEPTED.format(until=TODAY).replace(before, after)
    path = accepting(tmp_path / "pyproject.toml", text)
    with pytest.raises(UserError, match=words):
        acceptances(path, today=TODAY)


def test_our_acceptances_are_valid_today() -> None:
    acceptances(ROOT / "pyproject.toml", today=datetime.date.today())


def test_a_service_that_cannot_be_reached_is_no_good_news(lock: Path, tmp_path: Path) -> None:
    accepting(tmp_path / "pyproject.toml", "")
    with pytest.raises(UserError, match=r"^vulnerability service not reachable: .*127\.0\.0\.1"):
        audit(Paths(tmp_path), osv="http://127.0.0.1:9/query", today=TODAY)


def test_a_package_that_the_service_does_not_know_is_no_good_news() -> None:
    # what pip-audit answers, with exit code 0, where a mirror has no vulnerabilities to tell
    skipped = "Dependency not found on the index and could not be audited: jinja2 (3.1.2)"
    answered = [{"name": "jinja2", "skip_reason": skipped}]
    with pytest.raises(UserError, match=r"knows nothing of 1 packages, such as jinja2"):
        list(vulnerabilities._answered(answered))


DPKG = """\
Package: zlib1g
Status: install ok installed
Architecture: amd64
Version: 1:1.2.13-1

Package: gone
Status: deinstall ok config-files
Architecture: amd64
Version: 1.0
"""
PACKAGE = (
    "Metadata-Version: 2.4\nName: Some_Package\nVersion: 2.0\nLicense-Expression: MIT\n\nText\n"
)


def file_system(path: Path, files: dict[str, str]) -> Path:
    with tarfile.open(path, "w") as archive:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    return path


def test_the_bill_of_an_image_is_of_what_is_in_its_file_system(tmp_path: Path) -> None:
    packages = "opt/churn/lib/python3.11/site-packages"
    archive = file_system(
        tmp_path / "image.tar",
        {
            "var/lib/dpkg/status": DPKG,
            f"{packages}/some_package-2.0.dist-info/METADATA": PACKAGE,
            f"usr/lib/python3/dist-packages/{'some_package-2.0.dist-info'}/METADATA": PACKAGE,
            f"{packages}/some_package/METADATA": PACKAGE.replace("2.0", "3.0"),
            "usr/local/include/python3.11/patchlevel.h": '#define PY_VERSION "3.11.14"\n',
        },
    )
    found = {each.bom_ref.value: each for each in image_sbom.read_components(archive)}
    assert set(found) == {
        "pkg:deb/debian/zlib1g@1:1.2.13-1?arch=amd64",
        "pkg:pypi/some-package@2.0",
        "pkg:generic/python@3.11.14",
    }
    bill = json.loads(image_sbom.image_bill("churn:latest", found.values()))
    (package,) = [each for each in bill["components"] if each["name"] == "some-package"]
    assert package["licenses"] == [{"license": {"acknowledgement": "declared", "id": "MIT"}}]
    sbom.write_valid(json.dumps(bill), tmp_path / "sbom" / "image.cdx.json")


def test_an_image_without_anything_that_is_known_gets_no_bill(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = file_system(tmp_path / "image.tar", {"etc/hostname": "x"})
    monkeypatch.setattr(image_sbom, "_exported", lambda *_: empty)
    with pytest.raises(UserError, match="churn-pipeline:latest: no package"):
        image_sbom.write_image_sbom("pipeline", Paths(tmp_path))
    assert not (tmp_path / "sbom").exists()


def test_insecure_code_is_found(tmp_path: Path) -> None:
    path = tmp_path / "insecure.py"
    path.write_text("import pickle\npickle.loads(b'')\n")
    command = [sys.executable, "-m", "bandit", "--quiet", "--configfile", "pyproject.toml"]
    done = subprocess.run([*command, str(path)], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 1
    assert b"B301" in done.stdout


@pytest.mark.slow
def test_a_commit_runs_the_checks_and_a_secret_stays_out(tmp_path: Path) -> None:
    # given a clone with our hooks
    place = tmp_path / "clone"
    copy_work_tree(place, ROOT)
    tools = Path(sys.executable).parent
    environment = clean_environment() | {"PRE_COMMIT_HOME": str(tmp_path / "pre-commit")}
    environment |= {"MAKEFLAGS": f"BIN={tools} ENV=", "MAKELEVEL": "1"}

    def run(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, cwd=place, env=environment, capture_output=True, text=True, check=False
        )

    assert run("make", "hooks").returncode == 0
    assert (place / ".git" / "hooks" / "pre-push").is_file()
    commit = ("git", "-c", "user.name=me", "-c", "user.email=me@localhost", "commit", "-m", "x")
    # when something harmless is committed
    (place / "note.md").write_text("A note.\n")
    run("git", "add", "note.md")
    done = run(*commit)
    # then the target has run, and let it in
    assert done.returncode == 0, done.stderr
    assert re.search(r"make lint\.+Passed", done.stderr)
    # but not a secret
    (place / "note.md").write_text("token: ghp_" + "a1B2" * 9 + "\n")
    run("git", "add", "note.md")
    done = run(*commit)
    assert done.returncode == 1
    assert "Secret Type: GitHub Token\nLocation:    note.md:1" in done.stderr + done.stdout


def test_the_tools_are_where_the_targets_look_for_them() -> None:
    text = (ROOT / "Makefile").read_text()
    for name in set(re.findall(r"\$\(BIN\)/([\w-]+)", text)):
        assert shutil.which(name, path=str(Path(sys.executable).parent)), name
