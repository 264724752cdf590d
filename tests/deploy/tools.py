"""Programs of Debian that check or run what is in `deploy/`."""

from __future__ import annotations

import shutil

import pytest

PACKAGES = {
    "nginx": "nginx",
    "promtool": "prometheus",
    "prometheus": "prometheus",
    "amtool": "prometheus-alertmanager",
    "prometheus-alertmanager": "prometheus-alertmanager",
}


def program(name: str) -> str:
    """Its path; the test is skipped where it is not installed."""
    found = shutil.which(name)
    if found is None:
        # A program of the system, which most who change the model do without.
        pytest.skip(f"{name} is not installed; apt-get install {PACKAGES[name]}")
    return found
