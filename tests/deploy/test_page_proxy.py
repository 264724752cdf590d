"""The retention page behind the proxy's login: Debian's nginx in front of Streamlit."""

from __future__ import annotations

import ssl
import sys
from collections.abc import Iterator

import httpx
import pytest

from stages.core.yamlfile import read_yaml
from stages.operations.stack import CERTIFICATE, USER, make_secrets
from tests.deploy.processes import DEPLOY, start_proxy, started
from tests.deploy.tools import program
from tests.network import free_port
from tests.waiting import until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]
UPGRADE = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[httpx.Client, str]]:
    """A client of the proxy, and the password. The page has no scored month, which it says."""
    program("nginx")
    folder, port, behind = tmp_path_factory.mktemp("page"), free_port(), free_port()
    secrets = folder / "secrets"
    make_secrets(secrets)
    options = read_yaml(DEPLOY / "compose.yaml")["services"]["app"]["command"]
    given = [each for each in options[: options.index("--")] if "server.port" not in each]
    given = [each.replace("${CHURN_HOST:-localhost}", "localhost") for each in given]
    given = [each.replace("0.0.0.0", "127.0.0.1") for each in given]
    streamlit = started(
        [sys.executable, "-m", "app", *given, f"--server.port={behind}"],
        ready=f"http://127.0.0.1:{behind}/page/_stcore/health",
        log=folder / "page.log",
    )
    nginx = start_proxy(
        folder, to="127.0.0.1:9", port=port, secrets=secrets, page=f"127.0.0.1:{behind}"
    )
    context = ssl.create_default_context(cafile=str(secrets / CERTIFICATE))
    try:
        with httpx.Client(
            base_url=f"https://localhost:{port}", verify=context, trust_env=False, timeout=30
        ) as client:
            until(lambda: _answers(client), what=(folder / "proxy.log").read_text())
            yield client, (secrets / "page_password").read_text()
    finally:
        for process in (nginx, streamlit):
            process.terminate()
            process.wait(30)


def _answers(client: httpx.Client) -> bool:
    try:
        return client.get("/").status_code == 404
    except httpx.TransportError:
        return False


@pytest.mark.parametrize("password", [None, "wrong"])
def test_nobody_sees_the_page_without_the_login(
    page: tuple[httpx.Client, str], password: str | None
) -> None:
    client, _ = page
    answer = client.get("/page/", auth=(USER, password) if password else None)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Basic ")  # which makes a browser ask


def test_with_the_login_the_page_and_its_web_socket_come_through(
    page: tuple[httpx.Client, str],
) -> None:
    client, password = page
    answer = client.get("/page/", auth=(USER, password))
    assert answer.status_code == 200
    assert "<title>" in answer.text
    socket = {**UPGRADE, "Origin": str(client.base_url).rstrip("/")}
    with client.stream("GET", "/page/_stcore/stream", auth=(USER, password), headers=socket) as it:
        assert it.status_code == 101
    elsewhere = {**UPGRADE, "Origin": "https://example.com"}
    with client.stream(
        "GET", "/page/_stcore/stream", auth=(USER, password), headers=elsewhere
    ) as refused:
        assert refused.status_code == 403
