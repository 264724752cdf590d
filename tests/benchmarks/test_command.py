"""`python -m benchmarks`: what is measured at which size."""

import sys

import pytest

from benchmarks import __main__ as command
from benchmarks.result import Result
from stages.core.paths import Paths


@pytest.fixture
def measured(monkeypatch, tmp_path):
    """The benchmarks that were run, each in no time; their arguments come from the test."""
    found = []

    def noting(kind):
        def benchmarks(*_, **__):
            found.append(kind)
            results = [Result(kind, 1.0, "<=", 1.0)]
            return (results, []) if kind == "learning" else results

        return benchmarks

    for kind in command.KINDS:
        monkeypatch.setattr(getattr(command, kind), "benchmarks", noting(kind))
    monkeypatch.setattr(command, "HERE", Paths(tmp_path))
    return found


@pytest.mark.parametrize("kind", command.KINDS)
def test_what_is_asked_for_by_name_is_measured_at_any_size(kind, measured, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["", "--only", kind, "--csv", "a.csv", "--tables", "tables"])
    assert command.main() == 0
    assert measured == [kind]


@pytest.mark.parametrize(("size", "left_out"), [("small", command.LONG), ("large", ())])
def test_long_ones_are_measured_at_the_large_size(size, left_out, measured, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["", "--size", size, "--csv", "a.csv", "--tables", "tables"])
    assert command.main() == 0
    assert measured == [kind for kind in command.KINDS if kind not in left_out]
