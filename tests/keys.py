"""Keys that bundles are signed with, as an operator makes them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest


def key_pair(folder: Path, name: str = "key") -> tuple[Path, Path]:
    """The private and the public one (PEM); the test is skipped where there is no openssl."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    private, public = folder / f"{name}.pem", folder / f"{name}.pub"
    for command in (
        ["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", str(private)],
        ["ec", "-in", str(private), "-pubout", "-out", str(public)],
    ):
        subprocess.run(["openssl", *command], check=True, capture_output=True)
    return private, public
