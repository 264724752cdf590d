"""What `make chaos` injects, against the club's bundle; the cheap ones, to hold their promise."""

import re

import pytest

from benchmarks.chaos.injections import FAILURES
from tests.places import ROOT
from tests.service.conftest import club

__all__ = ["club"]  # a fixture

BOOK = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
QUICK = ("full_disk", "swapped_bundle", "no_prometheus")


@pytest.mark.slow
@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", QUICK)
def test_the_service_keeps_what_is_promised(club, tmp_path, name):
    (failure,) = [one for one in FAILURES if one.inject.__name__ == name]
    kept, row = failure.row(club, tmp_path)
    assert kept, row
    assert list(tmp_path.iterdir()) == []


def test_the_book_has_every_failure_with_its_promise_and_a_measurement():
    """The table is what `make chaos` printed."""
    table = BOOK.partition("## Failures")[2].partition("\n## ")[0]
    rows = [line.split(" | ") for line in table.splitlines() if line.startswith("| ")][1:]
    assert [row[0].removeprefix("| ") for row in rows] == [one.name for one in FAILURES]
    for row, failure in zip(rows, FAILURES, strict=True):
        assert row[1] == failure.promised
        assert row[2].startswith("kept: ")
        assert row[4].removesuffix(" |") == failure.alert


def test_alerts_that_are_named_exist():
    named = set(re.findall(r"`(Churn\w+)`", " ".join(one.alert for one in FAILURES)))
    assert named <= set(re.findall(r"^### (Churn\w+)$", BOOK, flags=re.MULTILINE))
