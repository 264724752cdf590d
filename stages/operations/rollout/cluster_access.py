"""How a workflow gets into a cluster without a secret: by a token that GitHub signs for its job."""

from __future__ import annotations

import json
import os
import urllib.request
from pathlib import Path

from scoring.errors import UserError

SERVER, AUTHORITY = "CLUSTER_SERVER", "CLUSTER_CA"  # an address; a certificate, base64 of PEM
REQUEST_URL, REQUEST_TOKEN = "ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"
AUDIENCE = "churn-cluster"  # deploy/kubernetes/examples/github-login.yaml expects it
SECONDS = 30.0


def write_kubeconfig(folder: Path) -> Path | None:
    """A configuration for kubectl in a folder; `None` where the one of this machine is meant.

    `UserError` where a cluster is named and GitHub gives this job no token.
    """
    server = os.environ.get(SERVER)
    if not server:
        return None
    cluster = {"server": server}
    if authority := os.environ.get(AUTHORITY):
        cluster["certificate-authority-data"] = authority
    path = folder / "kubeconfig"
    path.touch(mode=0o600)
    path.write_text(json.dumps({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "release",
        "clusters": [{"name": "release", "cluster": cluster}],
        "users": [{"name": "release", "user": {"token": _token()}}],
        "contexts": [{"name": "release", "context": {"cluster": "release", "user": "release"}}],
    }), encoding="utf-8")  # fmt: skip
    return path


def _token() -> str:
    url, secret = (os.environ.get(name) for name in (REQUEST_URL, REQUEST_TOKEN))
    if not url or not secret:
        raise UserError(f"{REQUEST_URL}: not set; expected a job with id-token: write")
    request = urllib.request.Request(
        f"{url}&audience={AUDIENCE}", headers={"Authorization": f"bearer {secret}"}
    )
    try:
        # 2026-11-27: GitHub itself names the address, in the environment of the job
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # nosec B310
            return str(json.load(answer)["value"])
    except (OSError, ValueError, KeyError) as error:
        raise UserError(f"{REQUEST_URL}: no token of GitHub ({error})") from None
