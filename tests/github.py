"""A GitHub of one repository on this machine, over HTTPS: pull requests and their comments."""

from __future__ import annotations

import datetime as dt
import ipaddress
import json
import re
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

TOKEN = "token-of-the-job"
REPOSITORY = "owner/churn"
COMMENTS = re.compile(rf"/api/v3/repos/{REPOSITORY}/issues/(\d+)/comments")
COMMENT = re.compile(rf"/api/v3/repos/{REPOSITORY}/issues/comments/(\d+)")


@dataclass
class GitHub:
    """What stands there, and what was asked."""

    port: int
    certificate: Path
    pulls: list[dict[str, Any]] = field(default_factory=list)
    comments: dict[int, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    published: list[bytes] = field(default_factory=list)

    @property
    def server(self) -> str:
        return f"https://localhost:{self.port}"

    @property
    def assets(self) -> str:
        """Where pictures may be published: a place that takes them from anybody, as CML's does."""
        return f"{self.server}/assets"

    def environment(self, sha: str, *, branch: str = "idea") -> dict[str, str]:
        """What the workflow tells `stages comment` of a run on a commit of a fork."""
        return {
            "GITHUB_SERVER_URL": self.server,
            "GITHUB_API_URL": f"{self.server}/api/v3",
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_TOKEN": TOKEN,
            "HEAD_REPOSITORY": "outsider/fork",
            "HEAD_BRANCH": branch,
            "HEAD_SHA": sha,
            "RUN_URL": f"{self.server}/{REPOSITORY}/actions/runs/7",
            "SSL_CERT_FILE": str(self.certificate),
            "NODE_EXTRA_CA_CERTS": str(self.certificate),
        }

    def propose(
        self, sha: str, *, number: int = 1, repository: str | None = "outsider/fork"
    ) -> None:
        """Open a pull request, or move it to another commit."""
        self.pulls = [pull for pull in self.pulls if pull["number"] != number]
        repo = {"full_name": repository} if repository else None
        head = {"ref": "idea", "sha": sha, "repo": repo, "owner": "outsider"}
        self.pulls.append({"number": number, "head": head})

    def answer(self, method: str, address: str, body: dict[str, Any]) -> tuple[int, Any]:
        """The three routes of comments, and that of pull requests."""
        parts = urlsplit(address)
        self.asked.append(f"{method} {parts.path}")
        if method == "GET" and parts.path == f"/api/v3/repos/{REPOSITORY}/pulls":
            wanted = parse_qs(parts.query)["head"][0]
            heads = [(pull, pull["head"]) for pull in self.pulls]
            return 200, [p for p, head in heads if f"{head['owner']}:{head['ref']}" == wanted]
        if method == "GET" and COMMENTS.fullmatch(parts.path):
            return 200, [self._shown(number) for number in self.comments]
        if method == "POST" and COMMENTS.fullmatch(parts.path):
            number = len(self.comments) + 1
            self.comments[number] = body["body"]
            return 201, self._shown(number)
        found = COMMENT.fullmatch(parts.path)
        if method == "PATCH" and found:
            self.comments[int(found[1])] = body["body"]
            return 200, self._shown(int(found[1]))
        return 404, {"message": "Not Found"}

    def _shown(self, number: int) -> dict[str, Any]:
        url = f"{self.server}/{REPOSITORY}/pull/1#issuecomment-{number}"
        return {"id": number, "body": self.comments[number], "html_url": url}


@contextmanager
def github(folder: Path) -> Iterator[GitHub]:
    """The server, on a free port of the loopback address, with a certificate of its own."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    _certify(certificate, key)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.github = GitHub(server.server_port, certificate)  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.github  # type: ignore[attr-defined]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    def _answer(self) -> None:
        here: GitHub = self.server.github  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/assets":
            here.published.append(body)
            self._send(200, f"{here.assets}/{len(here.published)}".encode())
        elif self.headers.get("Authorization", "").split(" ")[-1] != TOKEN:
            self._send(401, b"{}")
        else:
            status, content = here.answer(self.command, self.path, json.loads(body or b"{}"))
            self._send(status, json.dumps(content).encode())

    def _send(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PATCH = _answer

    def log_message(self, *_: object) -> None:
        pass


def _certify(certificate: Path, key: Path) -> None:
    """A certificate for localhost, signed by itself, valid for an hour."""
    secret = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    hosts = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    now = dt.datetime.now(dt.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(secret.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(minutes=5))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName(hosts), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(secret, hashes.SHA256())
    )
    certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    key.write_bytes(
        secret.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
