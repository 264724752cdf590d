"""`docs/operations.md`: every command in it is run, here or by the test that is named."""

from __future__ import annotations

import hashlib
import re
import subprocess
from pathlib import Path

import pytest

from scoring.bundle import MANIFEST
from stages.operations.stack import make_secrets
from tests.book import BOOK, commands
from tests.places import ROOT

HERE = ("tar -C", "openssl x509", "du -sh")
# The beginning of a command, and the test that runs it or what the target of make is.
IMAGE, PIPELINE = "tests/deploy/test_image.py", "tests/deploy/test_pipeline_image.py"
ONCE = "tests/deploy/test_compose.py::test_secrets_are_made_once_and_differ"
COMPOSE = "tests/deploy/test_compose.py::test_up_status_and_down_are_asked_of_what_is_there"
REGISTRY = "tests/operations/registry"
ALL_THE_WAY = (
    f"{REGISTRY}/test_command_line.py::test_two_versions_of_a_real_champion_go_all_the_way"
)
DEPLOYED = (
    "tests/operations/canary/test_deploy.py::test_a_challenger_takes_over_and_the_way_back_is_open"
)
CLIENTS = "tests/service/test_clients.py::test_what_the_book_asks_of_the_service_is_answered"
ELSEWHERE = {
    "curl -s localhost:3000": CLIENTS,
    "python -m stages smoke": CLIENTS,
    "make image": f"{IMAGE}::test_the_image_passes_the_tests_of_the_service",
    "make image IMAGE=pipeline": f"{PIPELINE}::pipeline",
    "docker run": f"{PIPELINE}::test_the_pipeline_runs_in_it_without_rights",
    "make up": COMPOSE,
    "make down": COMPOSE,
    "make status": COMPOSE,
    "make rollout": "tests/operations/test_rollout.py::test_an_image_is_moved_in_and_asked",
    "make serve": "tests/service/conftest.py::serve",
    "openssl passwd": ONCE,
    "kubectl kustomize": "tests/deploy/test_kubernetes.py::rendered",
    "prometheus --config.file": "tests/deploy/processes.py::start_prometheus",
    "prometheus-alertmanager": "tests/deploy/test_stack.py::start_alertmanager",
    "promtool test rules": (
        "tests/deploy/test_alerts.py::test_rules_and_configuration_pass_the_tools_of_prometheus"
    ),
    "curl --cacert": (
        "tests/deploy/test_proxy.py::test_a_prediction_comes_through_and_appears_in_prometheus"
    ),
    "make chaos": "tests/benchmarks/test_chaos.py::test_the_service_keeps_what_is_promised",
    "make promote": ALL_THE_WAY,
    "make deploy": DEPLOYED,
    "make undeploy": DEPLOYED,
    "make fetch-model": ALL_THE_WAY,
    "make monitor": "tests/deploy/test_stack.py::monitor",
    "make rebuild-release": f"{REGISTRY}/test_rebuild.py::test_a_version_comes_out_of_a_run_again",
    "make pull": "tests/operations/test_shared_runs.py::test_a_clone_pulls_and_has_nothing_to_run",
    "make repro": "tests/conftest.py::finished",
    "make retrain": "tests/operations/retrain/test_retrain.py::retrained",
    "git clone": "stages/operations/registry/rebuild.py::rebuild",
}
NO_CLUSTER = "no cluster is there to apply it to; what it sends is validated"
THEMSELVES = {"make test-slow", "make check", "make test-image"}
NOT_RUN = {
    "kubectl apply": NO_CLUSTER,
    "kubectl create secret": NO_CLUSTER,
    "make programs": "it installs packages of the system; ci.yml runs it before the tests",
    "grafana server": "no package of Debian; the dashboards' queries are run against Prometheus",
}


def kind(command: str) -> str:
    """The longest beginning that is listed; the command itself where none is."""
    known = [*HERE, *ELSEWHERE, *THEMSELVES, *NOT_RUN]
    return max((one for one in known if command.startswith(one)), key=len, default=command)


def test_every_command_is_run_or_has_a_reason_and_no_entry_is_left_over() -> None:
    found = {kind(command) for command in commands()}
    assert found - {*HERE, *ELSEWHERE, *THEMSELVES, *NOT_RUN} == set()
    assert {*HERE, *ELSEWHERE, *NOT_RUN} - found == set()


@pytest.mark.parametrize("command", ELSEWHERE)
def test_the_test_that_runs_a_command_is_there(command: str) -> None:
    path, _, name = ELSEWHERE[command].partition("::")
    text = (ROOT / path).read_text(encoding="utf-8")
    assert re.search(rf"^ *def {name}\(", text, flags=re.MULTILINE)


def run(command: str, place: Path) -> str:
    done = subprocess.run(
        ["bash", "-euc", command], cwd=place, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_an_archive_of_a_bundle_is_made_with_the_hash_that_the_overlay_wants(
    tmp_path: Path,
) -> None:
    bundle = tmp_path / "models" / "fetched" / "prod"
    bundle.mkdir(parents=True)
    (bundle / MANIFEST).write_text("{}")
    (line,) = [part for part in BOOK.splitlines() if part.startswith("tar -C ")]
    output = run(line.partition("  #")[0], tmp_path)
    assert output.split()[0] == hashlib.sha256(b"{}").hexdigest()
    assert MANIFEST in run("tar -tf prod.tar", tmp_path)


def test_the_weekly_round_finds_what_it_looks_at(tmp_path: Path) -> None:
    (tmp_path / "deploy").mkdir()
    make_secrets(tmp_path / "deploy" / "secrets")
    (tmp_path / "monitoring").mkdir()
    for command in commands():
        if command.startswith(HERE[1:]):
            assert run(command, tmp_path).strip()
