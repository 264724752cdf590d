"""A release in a cluster: what is asked of kubectl, which a stand-in records."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from scoring.errors import UserError
from stages.cli import main
from stages.core.yamlfile import read_yaml
from stages.operations.rollout import cluster_access
from stages.operations.rollout import rollout as module
from stages.operations.rollout.rollout import rollout
from tests.places import ROOT

IMAGE, PIPELINE = (f"ghcr.io/o/{name}@sha256:{'0' * 64}" for name in ("churn", "churn-pipeline"))
KUBECTL = """#!/bin/sh
echo "$@" >> "{record}"
case "$*" in *"{failing}"*) echo "error: broken" >&2; exit 1 ;; esac
case "$*" in *port-forward*)
  for last; do :; done
  exec {python} -m http.server --bind 127.0.0.1 "${{last%:http}}" ;;
esac
"""


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with the commands that kubectl was given."""
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    for name in (cluster_access.SERVER, cluster_access.AUTHORITY, cluster_access.REQUEST_URL):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(module, "smoke", lambda url: f"{url}: ok")
    kubectl(tmp_path)
    return tmp_path / "record"


def kubectl(folder: Path, *, failing: str = "nothing") -> None:
    text = KUBECTL.format(record=folder / "record", failing=failing, python=sys.executable)
    (folder / "kubectl").write_text(text)
    (folder / "kubectl").chmod(0o755)


def asked(record: Path) -> list[str]:
    """The commands, without the namespace, which all have."""
    lines = record.read_text().splitlines()
    assert all(line.startswith("--namespace=churn-dev ") for line in lines)
    return [line.partition(" ")[2] for line in lines]


def test_an_image_is_moved_in_and_asked(record: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rollout", "dev", IMAGE, "--pipeline", PIPELINE]) == 0
    first, status, forward, monthly = asked(record)
    assert first == f"set image deployment/churn *={IMAGE}"
    assert status.startswith("rollout status deployment/churn")
    assert forward.startswith("port-forward service/churn ")
    assert monthly == f"set image cronjob/monthly bundle={IMAGE} monthly={PIPELINE}"
    assert ": ok" in capsys.readouterr().out


@pytest.mark.parametrize("failing", ["rollout status", "port-forward"])
def test_what_does_not_get_ready_is_taken_back(record: Path, failing: str) -> None:
    kubectl(record.parent, failing=failing)
    with pytest.raises(UserError, match=r"dev: kubectl .*broken"):
        rollout("dev", IMAGE, pipeline=PIPELINE)
    commands = asked(record)
    assert "rollout undo deployment/churn" in commands
    assert not any("cronjob" in command for command in commands)


def test_what_answers_wrongly_is_taken_back(record: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(url: str) -> str:
        raise UserError(f"{url}/predict: status 500; expected status 200")

    monkeypatch.setattr(module, "smoke", wrong)
    with pytest.raises(UserError, match=r"status 500.*; the one before is back$"):
        rollout("dev", IMAGE)
    *_, undo, status = asked(record)
    assert undo == "rollout undo deployment/churn"
    assert status.startswith("rollout status")


def test_that_nothing_came_back_is_in_the_message(record: Path) -> None:
    kubectl(record.parent, failing="rollout ")
    with pytest.raises(UserError, match="the one before did not come back: kubectl rollout undo"):
        rollout("dev", IMAGE)


@pytest.mark.parametrize("image", ["churn:latest", "ghcr.io/o/churn:v1.0.0", "@sha256:" + "0" * 64])
def test_an_image_without_a_digest_is_refused_before_anything_is_asked(
    record: Path, image: str
) -> None:
    for arguments in ((image, None), (IMAGE, image)):
        with pytest.raises(UserError, match="no digest"):
            rollout("dev", arguments[0], pipeline=arguments[1])
    assert not record.exists()


def test_without_kubectl_there_is_one_line(record: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(record.parent / "empty"))
    with pytest.raises(UserError, match="kubectl: not on the PATH"):
        rollout("dev", IMAGE)


@pytest.fixture
def github(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, str | None]]]:
    """Stands in for the address at which a job asks for its token; what it was asked."""
    seen: list[tuple[str, str | None]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append((self.path, self.headers["Authorization"]))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"value": "signed"}')

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/token?v=1"
        monkeypatch.setenv(cluster_access.REQUEST_URL, url)
        monkeypatch.setenv(cluster_access.REQUEST_TOKEN, "of the job")
        monkeypatch.setenv(cluster_access.SERVER, "https://cluster.example.com")
        yield seen
        server.shutdown()


def test_a_job_of_github_gets_in_by_its_own_token(
    github: list[tuple[str, str | None]], tmp_path: Path
) -> None:
    path = cluster_access.write_kubeconfig(tmp_path)
    assert path
    assert path.stat().st_mode & 0o077 == 0
    config = json.loads(path.read_text())
    assert config["users"][0]["user"] == {"token": "signed"}
    assert config["clusters"][0]["cluster"] == {"server": "https://cluster.example.com"}
    assert github == [("/token?v=1&audience=churn-cluster", "bearer of the job")]
    example = read_yaml(ROOT / "deploy/kubernetes/examples/github-login.yaml")
    assert example["jwt"][0]["issuer"]["audiences"] == [cluster_access.AUDIENCE]


def test_a_job_without_the_permission_learns_which(
    record: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(cluster_access.SERVER, "https://cluster.example.com")
    with pytest.raises(UserError, match="expected a job with id-token: write"):
        rollout("dev", IMAGE)
    assert not record.exists()


@pytest.mark.parametrize("command", ["rollout", "push-image", "smoke"])
def test_what_a_job_with_permissions_types_needs_no_package(command: str) -> None:
    """Its machine has Python alone: each fails for what it is asked, not for an import."""
    arguments = {
        "rollout": ["dev", "churn:latest"],
        "push-image": ["churn", "v1"],
        "smoke": ["http://127.0.0.1:9"],
    }
    done = subprocess.run(
        [sys.executable, "-S", "-m", "stages", command, *arguments[command]],
        cwd=ROOT, env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert re.search("expected (one such as|status 200)", done.stderr), done.stderr
