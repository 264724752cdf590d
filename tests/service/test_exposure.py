"""Who can reach the service, tried on real sockets; and the message where it cannot start."""

import subprocess
import sys

import httpx
import psutil
import pytest

from tests.places import ROOT
from tests.service.conftest import one, serve

pytestmark = pytest.mark.slow
KEY = "a-key-of-16-characters"


def outside() -> str:
    """An address of this machine that is not a loopback one."""
    found = [a.address for each in psutil.net_if_addrs().values() for a in each if a.family == 2]
    return next(address for address in found if not address.startswith("127."))


def test_by_default_it_listens_to_this_machine_alone(club, tmp_path):
    with serve(tmp_path, club, host=None) as server:
        port = server.url.rsplit(":", 1)[1]
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"http://{outside()}:{port}/livez", trust_env=False)


def test_from_elsewhere_a_key_is_needed_whatever_its_settings(club, tmp_path):
    with serve(tmp_path, club, host="0.0.0.0", api_keys=KEY) as server:
        port = server.url.rsplit(":", 1)[1]
        with httpx.Client(base_url=f"http://{outside()}:{port}", trust_env=False) as away:
            assert away.get("/readyz").status_code == 200
            for path in ("/health", "/model-info", "/fallback-stats", "/metrics", "/docs.json"):
                assert away.get(path).status_code == 401
            assert away.post("/predict", json=one()).status_code == 401
            spoofed = {"X-Forwarded-For": "127.0.0.1", "Host": "localhost"}
            assert away.post("/predict", json=one(), headers=spoofed).status_code == 401
            assert away.post("/predict", json=one(), headers={"X-API-Key": KEY}).status_code == 200
        with server.client() as here:
            assert here.post("/predict", json=one()).status_code == 200
            proxied = {"X-Forwarded-For": "198.51.100.7"}
            assert here.post("/predict", json=one(), headers=proxied).status_code == 401
        denied = [line for line in server.lines() if line.get("reason") == "key"]
        assert len(denied) == 8
        assert KEY not in "".join(map(str, server.lines()))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"CHURN_MAX_BATCH": "0"}, "CHURN_MAX_BATCH: '0'"),
        ({"CHURN_BUNDLE": "/nowhere"}, "/nowhere/bundle.json: no such file; run make repro"),
    ],
)
def test_a_service_that_cannot_start_says_why(club, tmp_path, settings, words):
    done = subprocess.run(
        [sys.executable, "-m", "bentoml", "serve", "-p", "0"],
        cwd=ROOT,
        env={"PATH": "", "PYTHONPATH": ":".join(sys.path), "BENTOML_HOME": str(tmp_path),
             "CHURN_BUNDLE": str(club), "BENTOML_DO_NOT_TRACK": "True", **settings},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode != 0
    assert words in done.stderr + done.stdout
    assert "Traceback" not in done.stderr + done.stdout
