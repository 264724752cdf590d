"""The bundle of a pod: fetched over HTTPS before the service starts, the one that is meant or none.

`python -m serving.receive_bundle FOLDER`, with CHURN_BUNDLE_URL, a tar archive of a bundle's files,
and CHURN_BUNDLE_SHA256, the hash of its `bundle.json`, which has those of all other files.
"""

from __future__ import annotations

import io
import os
import sys
import tarfile
import tempfile
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from scoring.bundle import MANIFEST
from scoring.digest import sha256
from scoring.errors import UserError
from scoring.loading import check_bundle

URL, SHA256 = "CHURN_BUNDLE_URL", "CHURN_BUNDLE_SHA256"
SECONDS, MOST = 60.0, 200_000_000  # of silence; bytes, packed and unpacked


def receive(url: str, expected: str, folder: Path) -> str:
    """Put the bundle at an address into a new folder; its version.

    `UserError` where there is none, or it is not the one with the hash; no folder is made then.
    """
    content = _download(url)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        new = Path(scratch) / "bundle"
        _unpack(content, new, url)
        found = sha256(new / MANIFEST) if (new / MANIFEST).is_file() else None
        if found != expected:
            raise UserError(f"{url}: sha256 of {MANIFEST} is {found}; expected {expected}")
        manifest = check_bundle(new)
        new.rename(folder)
    return str(manifest["version"])


def _download(url: str) -> bytes:
    if not url.startswith("https://"):
        raise UserError(f"{URL}: {url!r}: expected an address that begins with https://")
    try:
        # 2026-11-27: of HTTPS alone, and of whoever sets up the pod
        with urllib.request.urlopen(url, timeout=SECONDS) as answer:  # nosec B310
            content: bytes = answer.read(MOST + 1)
    except OSError as error:
        raise UserError(f"{url}: cannot be fetched ({error})") from None
    if len(content) > MOST:
        raise UserError(f"{url}: larger than {MOST / 1e6:.0f} MB")
    return content


def _unpack(content: bytes, folder: Path, url: str) -> None:
    """Plain files alone, of no folder: no links, nothing outside of `folder`, nothing that grows.

    Each is written by its name: Debian 12's Python does not have the filters of `tarfile` yet.
    """
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as archive:
            members = [member for member in archive if not member.isdir()]
            names = [member.name.removeprefix("./") for member in members]
            plain = all(member.isfile() for member in members)
            if not plain or any("/" in name or name in ("", ".", "..") for name in names):
                raise UserError(f"{url}: holds more than plain files")
            if sum(member.size for member in members) > MOST:
                raise UserError(f"{url}: unpacks to more than {MOST / 1e6:.0f} MB")
            folder.mkdir()
            for name, member in zip(names, members, strict=True):
                (folder / name).write_bytes(archive.extractfile(member).read())  # type: ignore[union-attr]
    except tarfile.TarError as error:
        raise UserError(f"{url}: no archive of a bundle ({error})") from None


def main(arguments: Sequence[str]) -> int:
    """Exit code 0 where the bundle is in its folder, 1 where not, 2 for wrong usage."""
    url, expected = (os.environ.get(name, "") for name in (URL, SHA256))
    if len(arguments) != 1 or not url or not expected:
        print(f"usage: {URL}=… {SHA256}=… receive_bundle FOLDER", file=sys.stderr)
        return 2
    try:
        version = receive(url, expected, Path(arguments[0]))
    except UserError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{arguments[0]}: bundle {version}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
