"""The manifests: valid for two versions of Kubernetes, and what their pods may do.

No cluster was there to apply them to. Objects of the Prometheus Operator have no schema in that
package: their fields are checked by `operator_objects.py`, their content by what it is made of.
"""

from __future__ import annotations

import functools
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate.utils as schemas
import pytest

from serving.settings import Settings
from stages.core.yamlfile import read_yaml
from tests.deploy import operator_objects
from tests.places import ROOT

PLACE = ROOT / "deploy" / "kubernetes"
ENVIRONMENTS = ("dev", "staging", "prod")
VERSIONS = ("1.36", "1.37")
WRITES = {"create", "update", "patch", "delete"}
Object = dict[str, Any]


@functools.cache
def rendered(environment: str) -> list[Object]:
    """What `kubectl apply -k` would send."""
    if shutil.which("kubectl") is None:
        # It is no package of Debian or Python; GitHub's runners have it.
        pytest.skip("kubectl is not installed, which renders overlays; the base is checked without")
    folder = PLACE / "overlays" / environment
    done = subprocess.run(
        ["kubectl", "kustomize", str(folder)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return documents(done.stdout)


def documents(text: str) -> list[Object]:
    import yaml  # of Kubernetes' own dialect, YAML 1.1

    return [found for found in yaml.safe_load_all(text) if found]


@functools.cache
def base() -> list[Object]:
    names = read_yaml(PLACE / "base" / "kustomization.yaml")["resources"]
    assert sorted(names) == sorted(
        path.name for path in (PLACE / "base").glob("*.yaml") if path.name != "kustomization.yaml"
    )
    return [found for name in names for found in documents((PLACE / "base" / name).read_text())]


def problems(objects: list[Object], version: str) -> Iterator[str]:
    for each in objects:
        name = f"{each['kind']} {each['metadata']['name']}"
        if each["kind"] in operator_objects.KINDS:
            if found := operator_objects.problem(each):
                yield f"{name}: {found}"
            continue
        try:
            schemas.validate(each, version, strict=True)
        except schemas.ValidationError as error:
            yield f"{name}: {error.message}"


@pytest.fixture(autouse=True, scope="module")
def _schemas_read_once() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schemas, "schema_contents", functools.cache(schemas.schema_contents))
        yield


def pods(objects: list[Object]) -> dict[str, Object]:
    """The pods that objects make, by the name of the object."""
    found = {}
    for each in objects:
        if each["kind"] == "Deployment":
            found[each["metadata"]["name"]] = each["spec"]["template"]["spec"]
        if each["kind"] == "CronJob":
            job = each["spec"]["jobTemplate"]["spec"]
            found[each["metadata"]["name"]] = job["template"]["spec"]
    return found


def containers(pod: Object) -> list[Object]:
    return [*pod.get("initContainers", []), *pod["containers"]]


def named(objects: list[Object], kind: str) -> dict[str, Object]:
    return {each["metadata"]["name"]: each for each in objects if each["kind"] == kind}


@pytest.mark.parametrize("version", VERSIONS)
def test_every_object_is_valid(version: str) -> None:
    assert list(problems(base(), version)) == []


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_environment_is_valid_in_the_newest_version(environment: str) -> None:
    objects = rendered(environment)
    assert list(problems(objects, VERSIONS[-1])) == []
    own = {f"churn-{environment}"}
    assert {each["metadata"].get("namespace") for each in objects} - {None} == own
    labels = named(objects, "Namespace")[f"churn-{environment}"]["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


def test_a_misspelt_field_would_be_found() -> None:
    broken = json.loads(json.dumps(named(base(), "Deployment")["churn"]))
    broken["spec"]["replica"] = 3
    assert "replica" in next(problems([broken], VERSIONS[-1]))


@pytest.mark.parametrize(
    ("kind", "path", "value", "expected"),
    [
        ("ServiceMonitor", ("endpoints", 0, "intervall"), "15s", "Extra inputs"),
        ("ServiceMonitor", ("endpoints", 0, "port"), 3000, "valid string"),
        ("ServiceMonitor", ("endpoints", 0, "scrapeTimeout"), "1m", "longer than the interval"),
        ("ServiceMonitor", ("selector", "matchLabel"), {}, "Extra inputs"),
        ("PrometheusRule", ("groups", 2, "rules", 0, "for"), "two minutes", "match pattern"),
        ("PrometheusRule", ("groups", 2, "rules", 0, "record"), "a:b", "not both"),
        ("PrometheusRule", ("groups", 2, "rules", 0, "labels", "severity"), 1, "valid string"),
        ("PrometheusRule", ("groups", 1, "name"), "churn-requests", "its key"),
    ],
)
def test_a_wrong_field_of_the_operator_would_be_found(
    kind: str, path: tuple[str | int, ...], value: object, expected: str
) -> None:
    broken = json.loads(json.dumps(named(base(), kind)["churn"]))
    place = broken["spec"]
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    (found,) = problems([broken], VERSIONS[-1])
    assert expected in found


def test_pods_have_no_rights() -> None:
    assert set(pods(base())) == {"churn", "monthly"}
    for pod in pods(base()).values():
        assert pod["automountServiceAccountToken"] is False
        assert pod["enableServiceLinks"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["runAsUser"] > 0
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod)
        assert not [volume for volume in pod["volumes"] if "hostPath" in volume]
        for container in containers(pod):
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            for kind in ("requests", "limits"):
                assert {"cpu", "memory"} <= set(container["resources"][kind])
            assert {mount["name"] for mount in container["volumeMounts"]} <= {
                volume["name"] for volume in pod["volumes"]
            }


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_images_have_a_version(environment: str) -> None:
    for pod in pods(rendered(environment)).values():
        for container in containers(pod):
            assert re.search(r"(:v\d+\.\d+\.\d+|@sha256:[0-9a-f]{64})$", container["image"])


def test_the_service_is_asked_whether_it_is_ready_and_given_time_to_end() -> None:
    pod = pods(base())["churn"]
    container = pod["containers"][0]
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert container["startupProbe"]["httpGet"]["path"] == "/readyz"
    assert container["livenessProbe"]["httpGet"]["path"] == "/livez"  # a fallback is no reason
    assert pod["terminationGracePeriodSeconds"] > container["lifecycle"]["preStop"]["sleep"][
        "seconds"
    ]  # fmt: skip
    assert named(base(), "PodDisruptionBudget")["churn"]["spec"]["maxUnavailable"] == 1


def test_settings_are_those_of_the_service() -> None:
    known = {f"CHURN_{name.upper()}" for name in Settings.model_fields}
    container = pods(base())["churn"]["containers"][0]
    assert {e["name"] for e in container["env"]} - known == {"POD_NAME"}
    for environment in ENVIRONMENTS:
        found = read_yaml(PLACE / "overlays" / environment / "kustomization.yaml")
        made = {each["name"]: each["literals"] for each in found["configMapGenerator"]}
        assert {text.partition("=")[0] for text in made["settings"]} <= known
        assert made["bundle"][0].startswith("CHURN_BUNDLE_URL=https://")
        assert re.fullmatch(r"CHURN_BUNDLE_SHA256=[0-9a-f]{64}", made["bundle"][1])


def test_nothing_is_reached_unless_a_policy_says_so() -> None:
    policies = named(base(), "NetworkPolicy")
    assert policies["closed"]["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    for name, policy in policies.items():
        for rule in [*policy["spec"].get("ingress", []), *policy["spec"].get("egress", [])]:
            assert rule.get("ports"), name
            assert rule.get("from") or rule.get("to"), name
    (outwards,) = [
        peer["ipBlock"]
        for rule in policies["bundle"]["spec"]["egress"]
        for peer in rule["to"]
        if "ipBlock" in peer
    ]
    assert outwards["except"] == ["169.254.0.0/16"]  # where clouds hand out credentials


def test_metrics_are_not_among_the_paths_that_callers_reach() -> None:
    (rule,) = named(base(), "Ingress")["churn"]["spec"]["rules"]
    proxy = (ROOT / "deploy" / "proxy" / "nginx.conf").read_text(encoding="utf-8")
    (listed,) = re.findall(r"location ~ \^/\(([^)]+)\)\$", proxy)
    paths = {f"/{path}".replace("\\", "") for path in listed.split("|")} | {"/readyz"}
    assert {path["path"] for path in rule["http"]["paths"]} == paths
    assert {path["pathType"] for path in rule["http"]["paths"]} == {"Exact"}


def test_three_roles_and_each_may_only_what_it_is_for() -> None:
    roles = {name: role["rules"] for name, role in named(base(), "Role").items()}
    assert set(roles) == {"viewer", "deployer", "admin"}
    for rules in roles.values():
        assert "*" not in json.dumps(rules)
        assert "roles" not in json.dumps(rules)  # nobody gives themselves more
    assert not any(WRITES & set(rule["verbs"]) for rule in roles["viewer"])
    may_read_secrets = {n for n, rules in roles.items() if '"secrets"' in json.dumps(rules)}
    assert may_read_secrets == {"admin"}
    bound = {each["roleRef"]["name"]: each for each in named(base(), "RoleBinding").values()}
    assert set(bound) == set(roles)
    kinds = {subject["kind"] for each in bound.values() for subject in each["subjects"]}
    assert kinds == {"Group"}  # no account of a pod among them
    assert not named(base(), "ClusterRole")


def test_the_rules_of_the_operator_are_those_of_prometheus() -> None:
    """Changed in one place only? Copy `groups` of recording.yml and alerts.yml into the object."""
    groups = [
        group
        for name in ("recording", "alerts")
        for group in documents((ROOT / f"deploy/prometheus/{name}.yml").read_text())[0]["groups"]
    ]
    assert named(base(), "PrometheusRule")["churn"]["spec"]["groups"] == groups
    monitor = named(base(), "ServiceMonitor")["churn"]["spec"]
    service = named(base(), "Service")["churn"]
    label = service["metadata"]["labels"]["app.kubernetes.io/name"]
    assert label == "churn"  # becomes the label job, by which alerts go
    assert monitor["jobLabel"] == "app.kubernetes.io/name"
    assert monitor["selector"]["matchLabels"] == {"app.kubernetes.io/name": label}


def test_the_autoscaler_asks_for_a_metric_that_the_adapter_makes() -> None:
    (metric,) = named(base(), "HorizontalPodAutoscaler")["churn"]["spec"]["metrics"]
    adapter = documents((PLACE / "examples" / "prometheus-adapter.yaml").read_text())[0]
    (rule,) = adapter["rules"]["custom"]
    assert rule["name"]["as"] == metric["pods"]["metric"]["name"]
    assert rule["seriesQuery"].startswith("bentoml_service_request_in_progress{")


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_what_differs_between_environments_is_a_small_file(environment: str) -> None:
    files = sorted(path.name for path in Path(PLACE / "overlays" / environment).iterdir())
    assert files == ["kustomization.yaml", "namespace.yaml"]
    text = (PLACE / "overlays" / environment / "kustomization.yaml").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 36
