"""The verdict: the same content gives the same bytes, and the status follows from the answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from scoring.errors import UserError
from scoring.verdict import (
    EXIT_CODES,
    Calibration,
    Departures,
    Fault,
    Input,
    Model,
    Performance,
    Population,
    Profit,
    Status,
    Verdict,
)
from stages.monitoring.verdict_files import LATEST, read_verdict, write_verdict

FAULT = Fault(column="tenure", problem="blank", customers=3, share=0.3)
CASES: list[tuple[Status, dict[str, Any]]] = [
    ("quiet", {}),
    ("change", {"population": Population(changed=True, auc=0.7, threshold=0.55)}),
    ("change", {"departures": Departures(changed=True, observed=90, predicted=50.0)}),
    ("change", {"calibration": Calibration(changed=True, month="001")}),
    ("too_small", {"population": Population(changed=None, reason="few", needed=200)}),
    ("fault", {"faults": (FAULT,), "departures": Departures(changed=True)}),
]


def verdict(status: Status = "quiet", *, month: str = "2026-11", **answers: Any) -> Verdict:
    parts: dict[str, Any] = {
        "population": Population(changed=False, auc=0.5123456789, threshold=0.55),
        "departures": Departures(changed=False),
        "calibration": Calibration(changed=None, reason="no window has closed"),
        "performance": Performance(),
        "profit": Profit(),
    }
    return Verdict(
        month=month,
        as_of=month,
        status=status,
        summary="nothing seen",
        model=Model(name="churn", version="1"),
        customers=10,
        input=Input(name="customers.csv", sha256="0"),
        **(parts | answers),
    )


@pytest.mark.parametrize(("status", "answers"), CASES)
def test_the_status_and_the_exit_code_follow_from_the_answers(
    status: Status, answers: dict[str, Any]
) -> None:
    assert verdict(status, **answers).exit_code == EXIT_CODES[status]
    for other in set(EXIT_CODES) - {status}:
        with pytest.raises(ValidationError, match="does not follow"):
            verdict(other, **answers)


def test_a_verdict_comes_back_as_it_was_written_and_in_the_same_bytes(tmp_path: Path) -> None:
    path = write_verdict(verdict(), tmp_path)
    before = path.read_bytes()
    assert write_verdict(read_verdict(path), tmp_path).read_bytes() == before


def test_latest_is_the_newest_month_whatever_was_written_last(tmp_path: Path) -> None:
    for month in ("2026-02", "2026-10", "2025-12"):
        write_verdict(verdict(month=month), tmp_path)
    assert read_verdict(tmp_path / LATEST).month == "2026-10"


@pytest.mark.parametrize(
    ("field", "value"),
    [("month", "Nov"), ("status", "drift"), ("customers", -1), ("other", 1)],
)
def test_a_field_that_is_not_as_expected_is_named(tmp_path: Path, field: str, value: Any) -> None:
    path = write_verdict(verdict(), tmp_path)
    path.write_text(json.dumps(json.loads(path.read_text()) | {field: value}))
    with pytest.raises(UserError, match=f"field {field}"):
        read_verdict(path)


def test_a_missing_verdict_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="run make monitor"):
        read_verdict(tmp_path / "2026-11.json")
