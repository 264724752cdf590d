"""The archives that a lock names, for an image with Python 3.11 on Linux."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import NamedTemporaryFile

from stages.operations.programs import run
from stages.operations.supply.locks import Pin, read_lock

PLATFORMS = ("manylinux2014_x86_64", "manylinux_2_28_x86_64")
# Locks fork by patch release, and a base may have any.
PYTHONS = ("3.11.0", "3.11.99")
NO_WHEEL = "antlr4-python3-runtime"  # of DVC's, pure Python: published as source alone


def download(lock: Path, folder: Path) -> None:
    """Put each archive that the lock demands, checked by hash, into a folder.

    pip alone would take markers for those of the Python that runs it, which may be a newer one.
    `UserError` where one cannot be downloaded, after pip's own words.
    """
    for python in PYTHONS:
        with NamedTemporaryFile("w", suffix=".txt") as requirements:
            requirements.write("\n".join(_line(pin) for pin in pins_for(lock, python)))
            requirements.flush()
            _pip_download(requirements.name, folder, python)


def pins_for(lock: Path, python: str) -> Iterator[Pin]:
    """The entries of a lock that a version of Python on Linux installs."""
    from packaging.markers import Marker  # here, so that an image is pushed without any package

    where = {
        "python_version": ".".join(python.split(".")[:2]),
        "python_full_version": python,
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "os_name": "posix",
        "sys_platform": "linux",
        "platform_system": "Linux",
        "platform_machine": "x86_64",
    }
    return (p for p in read_lock(lock) if not p.marker or Marker(p.marker).evaluate(where))


def _line(pin: Pin) -> str:
    hashes = " ".join(f"--hash=sha256:{digest}" for digest in pin.hashes)
    return f"{pin.name}=={pin.version} {hashes}"


def _pip_download(requirements: str, folder: Path, python: str) -> None:
    run(
        sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes",
        "--only-binary=:all:", f"--no-binary={NO_WHEEL}", "--no-build-isolation",
        f"--python-version={python}", *(f"--platform={name}" for name in PLATFORMS),
        "--dest", str(folder), "--requirement", requirements,
    )  # fmt: skip
