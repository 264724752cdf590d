"""The stack as a file: who reaches whom, and what its parts may do."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from scoring.errors import UserError
from serving.settings import Settings
from stages.core.paths import Paths
from stages.core.yamlfile import read_yaml
from stages.operations import stack
from tests.places import ROOT

DEPLOY = ROOT / "deploy"
COMPOSE = read_yaml(DEPLOY / "compose.yaml")
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
each_service = pytest.mark.parametrize("name", SERVICES)
each_environment = pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
OURS = {"service", "app"}
BY_TAG = {"mlflow"}  # a server for people on this machine, of which no digest is known here


def neighbours(name: str) -> set[str]:
    """Who is in a network with it."""
    own = set(SERVICES[name]["networks"])
    return {other for other, body in SERVICES.items() if own & set(body["networks"])} - {name}


@each_service
def test_no_part_has_rights_that_it_does_not_need(name: str) -> None:
    body = SERVICES[name]
    assert body["read_only"] is True
    assert body["cap_drop"] == ["ALL"]
    assert body["security_opt"] == ["no-new-privileges:true"]
    assert body["restart"] == "unless-stopped"
    assert {"cpus", "memory"} <= set(body["deploy"]["resources"]["limits"])
    assert body["healthcheck"]["test"]
    assert (body["user"].split(":")[0] == "0") == (name == "mlflow")
    assert not {"privileged", "cap_add", "devices", "pid", "ipc", "network_mode"} & set(body)


@each_service
def test_what_is_mounted_is_read_only_or_a_volume_by_name(name: str) -> None:
    for mount in SERVICES[name].get("volumes", []):
        mount = re.sub(r"\$\{[A-Z_]+:-([^}]+)\}", r"\1", mount)  # else a folder that is named
        source, _, rest = mount.partition(":")
        assert source in COMPOSE["volumes"] or (source.startswith("./") and rest.endswith(":ro"))
        assert source in COMPOSE["volumes"] or (DEPLOY / source).exists()


def test_images_of_others_are_named_by_digest() -> None:
    images = {name: body["image"] for name, body in SERVICES.items() if name not in OURS}
    unpinned = {name for name, image in images.items() if not stack.BY_DIGEST.fullmatch(image)}
    assert unpinned == BY_TAG
    assert not any(re.search(r":latest\b", image) for image in images.values())


def test_callers_meet_the_proxy_alone() -> None:
    """What other machines can reach; pages for people are on this machine's own address."""
    ports = {name: body["ports"] for name, body in SERVICES.items() if "ports" in body}
    elsewhere = {name for name, given in ports.items() if "127.0.0.1:" not in given[0]}
    assert elsewhere == {"proxy"}
    assert neighbours("service") == {"proxy", "prometheus", "alertmanager", "grafana"}
    assert neighbours("proxy") == {"service", "app"}
    assert neighbours("app") == {"proxy"}
    assert COMPOSE["networks"]["page"]["internal"]
    assert COMPOSE["networks"]["answers"]["internal"]
    assert COMPOSE["networks"]["metrics"]["internal"]
    assert set(SERVICES["service"]["networks"]) == {"answers", "metrics"}


def test_secrets_are_files_and_no_variable_holds_one() -> None:
    assert all(set(secret) == {"file"} for secret in COMPOSE["secrets"].values())
    made = {*stack.GENERATED, stack.CERTIFICATE, stack.KEY, stack.USERS}
    assert set(COMPOSE["secrets"]) == made - {"page_password"}  # of which the proxy knows a hash
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert "/deploy/secrets/" in ignored
    for name, body in SERVICES.items():
        for variable, value in body.get("environment", {}).items():
            if re.search("KEY|PASSWORD|SECRET|TOKEN", variable):
                assert value.startswith("/run/secrets"), (name, variable)


@each_environment
def test_an_environment_is_a_small_file_that_sets_all_that_is_asked_for(environment: str) -> None:
    path = DEPLOY / "environments" / f"{environment}.env"
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 12
    text = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    asked = set(re.findall(r"\$\{([A-Z_]+):\?", text))
    found = stack.read_environment(environment, Paths(ROOT))
    assert asked - set(found) == (set() if environment == "dev" else {stack.IMAGE})
    passed = set(SERVICES["service"]["environment"])
    assert {name.removeprefix("CHURN_").lower() for name in passed} <= set(Settings.model_fields)


@pytest.mark.parametrize("image", [None, "churn:latest", "ghcr.io/o/churn:v1@sha256:12"])
def test_other_environments_than_dev_run_images_by_digest(
    monkeypatch: pytest.MonkeyPatch, image: str | None
) -> None:
    monkeypatch.delenv(stack.IMAGE, raising=False)
    if image:
        monkeypatch.setenv(stack.IMAGE, image)
    with pytest.raises(UserError, match=r"CHURN_IMAGE: .*no digest"):
        stack.up("prod", paths=Paths(ROOT))


def test_without_compose_there_is_one_clear_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="docker compose, podman-compose, podman compose: none"):
        stack.up("dev", mlflow=False, paths=Paths(ROOT))


def test_secrets_are_made_once_and_differ(tmp_path: Any) -> None:
    folder = tmp_path / "secrets"
    made = stack.make_secrets(folder)
    contents = {file.name: file.read_text() for file in folder.iterdir()}
    assert set(made) == set(contents) == {*COMPOSE["secrets"], "page_password"}
    assert contents["page_password"] not in contents[stack.USERS]
    assert len(set(contents.values())) == len(contents)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert len(contents["churn_api_keys"]) >= 32
    assert stack.make_secrets(folder) == []
    assert {file.name: file.read_text() for file in folder.iterdir()} == contents


@pytest.fixture
def record(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A file with what a stand-in for podman-compose was asked, and two of the settings it got."""
    found, fake = tmp_path / "record", tmp_path / "podman-compose"
    fake.write_text(f'#!/bin/sh\necho "$@ $CHURN_IMAGE $CHURN_SCORES" >> "{found}"\n')
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{Path(shutil.which('openssl') or '').parent}")
    monkeypatch.setattr(stack, "COMPOSERS", (("podman-compose",),))
    monkeypatch.delenv("CHURN_SCORES", raising=False)
    return found


@pytest.fixture
def clone(tmp_path: Path) -> Paths:
    """A place of its own with what is in `deploy/`."""
    place = tmp_path / "clone"
    shutil.copytree(DEPLOY, place / "deploy", ignore=shutil.ignore_patterns("secrets"))
    return Paths(place)


def test_up_status_and_down_are_asked_of_what_is_there(record: Path, clone: Paths) -> None:
    assert "https://localhost:8443" in stack.up("dev", paths=clone)
    stack.status(clone)
    stack.down(clone)
    image = stack.read_environment("dev", clone)[stack.IMAGE]
    file = f"--file {clone.root / 'deploy' / 'compose.yaml'}"
    _, up, _, status, _, down = record.read_text().splitlines()  # each asks for the version first
    assert up.strip() == f"{file} up --detach {image}"
    assert (status.split()[-2], down.split()[-2]) == ("ps", "down")
    assert all(f"--profile={name}" in down for name in stack.PROFILES)
    secrets = {each.name for each in (clone.root / "deploy" / "secrets").iterdir()}
    assert set(stack.GENERATED) <= secrets


def test_with_a_scored_month_the_page_is_started_on_it(
    record: Path, clone: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    scores, bundle = clone.root / "scores", clone.champion
    scores.mkdir()
    with pytest.raises(UserError, match=r"summary\.json: no such file"):
        stack.up("dev", scores=scores, paths=clone)
    (scores / "summary.json").write_text('{"bundle": "models/champion"}')
    with pytest.raises(UserError, match=r"bundle: .* is none"):
        stack.up("dev", scores=scores, paths=clone)
    bundle.mkdir(parents=True)
    (bundle / "bundle.json").touch()
    assert "https://localhost:8443/page/" in stack.up("dev", scores=scores, paths=clone)
    (asked,) = [line for line in record.read_text().splitlines() if " up " in line]
    monkeypatch.setenv(stack.IMAGE, f"ghcr.io/o/churn@sha256:{'0' * 64}")
    with pytest.raises(UserError, match=r"CHURN_PIPELINE_IMAGE: None: no digest"):
        stack.up("prod", scores=scores, paths=clone)
    assert "--profile=app up --detach" in asked
    assert asked.endswith(f" {scores}")
