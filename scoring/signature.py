"""Who made a bundle: a signature over `bundle.json`, which has the hashes of all other files.

ECDSA or RSA over SHA-256, by `openssl`, which is wherever there are certificates: the service needs
no library for it. `cosign sign-blob --key` and `openssl dgst -sha256 -sign` make the same kind.
"""

from __future__ import annotations

import base64
import binascii
import json
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scoring.bundle import MANIFEST
from scoring.errors import UserError, shown

SIGNATURE = "bundle.sig"  # next to the manifest, as base64


def sign(folder: Path, key: Path) -> str:
    """The signature of a bundle by a private key (PEM), as base64."""
    done = _openssl("-sign", str(key), content=(folder / MANIFEST).read_bytes())
    if done.returncode:
        raise UserError(f"{shown(key)}: no private key; expected PEM without a password")
    return base64.b64encode(done.stdout).decode()


def check_signature(folder: Path, manifest: Mapping[str, Any], key: Path) -> None:
    """`UserError` unless the manifest, as read, is signed by the owner of a public key (PEM)."""
    path = folder / SIGNATURE
    try:
        signature = base64.b64decode(path.read_bytes(), validate=True)
        content = (folder / MANIFEST).read_bytes()
    except FileNotFoundError as error:
        missing = shown(Path(error.filename))
        raise UserError(f"{missing}: no such file; expected a signature by {shown(key)}") from None
    except (OSError, binascii.Error):
        raise UserError(f"{shown(path)}: cannot be read; expected base64") from None
    with tempfile.NamedTemporaryFile() as file:
        file.write(signature)
        file.flush()
        done = _openssl("-verify", str(key), "-signature", file.name, content=content)
    if done.returncode or json.loads(content) != manifest:
        raise UserError(f"{shown(path)}: no valid signature of {MANIFEST} by {shown(key)}")


def _openssl(*arguments: str, content: bytes) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            ["openssl", "dgst", "-sha256", *arguments],
            input=content, capture_output=True, check=False, timeout=10,
        )  # fmt: skip
    except FileNotFoundError:
        raise UserError("openssl: not on the PATH; expected it to sign or check bundles") from None
