"""The proxy of `deploy/proxy` in front of the image, with Prometheus: what a caller sees of them.

The image where it can be built, else the service as it is started without; nginx and Prometheus of
Debian. The addresses are of this test, all else is the committed configuration.
"""

from __future__ import annotations

import contextlib
import ssl
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from stages.operations.stack import CERTIFICATE, make_secrets
from tests.deploy.containers import container
from tests.deploy.processes import query, start_prometheus, start_proxy
from tests.deploy.tools import program
from tests.network import free_port
from tests.service.conftest import Server, one, serve, write_club
from tests.waiting import until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@dataclass(frozen=True)
class Front:
    """What a caller knows of the stack: an address, a certificate and a key; and Prometheus."""

    url: str
    certificate: Path
    key: str
    prometheus: str

    def context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.certificate))

    def client(self, **headers: str) -> httpx.Client:
        return httpx.Client(
            base_url=self.url, verify=self.context(), headers=headers, timeout=30, trust_env=False
        )

    def caller(self) -> httpx.Client:
        """A client with the key."""
        return self.client(**{"X-API-Key": self.key})


@contextlib.contextmanager
def service(request: pytest.FixtureRequest, folder: Path, secrets: Path) -> Iterator[Server]:
    """The image, run as in `compose.yaml` with its secrets from files; or the same without."""
    try:
        engine, image = (request.getfixturevalue(name) for name in ("engine", "image"))
    except pytest.skip.Exception:
        club = write_club(folder / "club")
        with serve(folder, club, secrets=str(secrets)) as running:
            yield running
        return
    mounts = [
        f"--volume={secrets / name}:/run/secrets/{name}:ro"
        for name in ("churn_api_keys", "churn_log_key")
    ]
    settings = "--env=CHURN_SECRETS=/run/secrets"
    with container(engine, image, folder, *mounts, settings) as (_, running):
        yield running


@pytest.fixture(scope="module")
def front(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Front]:
    for name in ("nginx", "prometheus"):
        program(name)
    folder, port = tmp_path_factory.mktemp("front"), free_port()
    secrets = folder / "secrets"
    make_secrets(secrets)
    with service(request, folder, secrets) as behind:
        target = behind.url.removeprefix("http://")
        nginx = start_proxy(folder, to=target, port=port, secrets=secrets)
        prometheus, url = start_prometheus(folder, service=target, alertmanager="127.0.0.1:9")
        key = (secrets / "churn_api_keys").read_text()
        found = Front(f"https://localhost:{port}", secrets / CERTIFICATE, key, url)
        try:
            yield found
        finally:
            for process in (nginx, prometheus):
                process.terminate()
                process.wait(30)


def test_a_prediction_comes_through_and_appears_in_prometheus(front: Front) -> None:
    with front.caller() as client:
        answer = client.post("/predict", json=one(), headers={"X-Request-ID": "order-66"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["tier"] == "champion"
    assert answer.headers["x-request-id"] == "order-66"
    assert answer.headers["strict-transport-security"]
    assert answer.headers.get_list("x-content-type-options") == ["nosniff"]
    assert answer.headers["content-security-policy"]
    counted = 'churn_predictions_total{job="churn", tier="champion"} == 1'
    until(lambda: query(front.prometheus, counted), what="not in Prometheus")


@pytest.mark.parametrize("headers", [{}, {"X-API-Key": "k" * 20}], ids=["no key", "a wrong key"])
@pytest.mark.parametrize("path", ["/predict", "/health", "/model-info", "/docs.json"])
def test_nobody_gets_in_without_a_valid_key(
    front: Front, headers: dict[str, str], path: str
) -> None:
    """Neither by saying that the request comes from this machine."""
    with front.client(**headers) as client:
        answer = client.get(path, headers={"X-Forwarded-For": "127.0.0.1", "Host": "localhost"})
    assert answer.status_code == 401
    assert set(answer.json()) == {"error", "details"}


def test_metrics_stay_inside_and_readiness_is_for_everybody(front: Front) -> None:
    with front.caller() as client:
        assert client.get("/metrics").status_code == 404
        assert client.get("/").status_code == 404
    with front.client() as client:
        assert client.get("/readyz").status_code == 200


def test_tls_before_1_2_is_refused_by_the_proxy(front: Front) -> None:
    old, least = front.context(), front.context()
    old.set_ciphers("ALL:@SECLEVEL=0")  # else this side would not even offer it
    old.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    least.maximum_version = ssl.TLSVersion.TLSv1_2
    for context, refused in ((old, True), (least, False)):
        with httpx.Client(base_url=front.url, verify=context, trust_env=False) as client:
            if refused:
                with pytest.raises(httpx.ConnectError, match="ALERT_PROTOCOL_VERSION"):
                    client.get("/readyz")
            else:
                assert client.get("/readyz").status_code == 200


def test_without_tls_there_is_an_explanation_and_nothing_else(front: Front) -> None:
    url = front.url.replace("https", "http")
    answer = httpx.get(f"{url}/readyz", trust_env=False)
    assert (answer.status_code, answer.json()["error"]) == (400, "no valid request; expected HTTPS")


def test_too_large_a_body_does_not_reach_the_service(front: Front) -> None:
    with front.caller() as client:
        answer = client.post("/predict", content=b" " * 17_000_000)
    assert answer.status_code == 413
    assert "16 MB" in answer.json()["error"]


def test_whoever_asks_too_often_learns_when_to_come_again(front: Front) -> None:
    """Last: the caller has used up what it may ask."""
    with front.caller() as client:
        answers = [client.get("/readyz") for _ in range(400)]
    counts = Counter(answer.status_code for answer in answers)
    assert counts.keys() == {200, 429}
    assert counts[200] >= 100  # a burst is let through
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert refused.headers["retry-after"] == "1"
