"""Files of who left: which months of them are read, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from scoring.errors import UserError
from stages.core.months import number
from stages.monitoring.outcomes import read_outcomes
from tests import builders
from tests.monitoring.conftest import WINDOW


def test_a_label_whose_window_is_open_is_never_read(tmp_path: Path) -> None:
    members = builders.members(30)
    for month in range(1, 6):
        folder = tmp_path / f"month_{month:03d}"
        folder.mkdir()
        members[[builders.NUMBER, builders.LEFT]].to_csv(folder / "labels.csv", index=False)
    for decision in (1, 6, 7, 9, 11, 12):
        found, still_open = read_outcomes(
            str(tmp_path), builders.schema(), window=WINDOW, as_of=f"{decision:03d}"
        )
        assert all(number(month) + WINDOW <= decision for month in found)
        assert len(found) + len(still_open) == 5
        assert not set(found) & set(still_open)


def test_outcomes_of_several_months_are_read_from_a_folder_or_a_pattern(tmp_path: Path) -> None:
    members = builders.members(30)[[builders.NUMBER, builders.LEFT]]
    for month in ("2026-01", "2026-02"):
        members.to_csv(tmp_path / f"left-{month}.csv", index=False)
    for address in (str(tmp_path), str(tmp_path / "left-*.csv")):
        found, still_open = read_outcomes(
            address, builders.schema(), window=WINDOW, as_of="2026-07"
        )
        assert sorted(found) == ["2026-01"]
        assert still_open == ["2026-02"]


def test_a_single_file_of_no_month_is_of_the_month_that_is_asked_for(tmp_path: Path) -> None:
    members = builders.members(30)[[builders.NUMBER, builders.LEFT]]
    members.to_csv(tmp_path / "left.csv", index=False)

    def months(**of: str) -> list[str]:
        found, _ = read_outcomes(
            str(tmp_path), builders.schema(), window=WINDOW, as_of="2026-09", **of
        )
        return sorted(found)

    assert months(month="2026-01") == ["2026-01"]
    _, still_open = read_outcomes(
        str(tmp_path), builders.schema(), window=WINDOW, as_of="2026-06", month="2026-01"
    )
    assert still_open == [f"{tmp_path / 'left.csv'} (taken as of 2026-01)"]
    with pytest.raises(UserError, match=r"left\.csv: of no month.*MONTH="):
        months()
    members.to_csv(tmp_path / "left-2026-02.csv", index=False)
    with pytest.raises(UserError, match=r"left\.csv: of no month"):  # of two, which is meant?
        months(month="2026-01")
    (tmp_path / "left.csv").unlink()
    assert months(month="2026-01") == ["2026-02"]


def test_outcomes_may_be_in_another_encoding(tmp_path: Path) -> None:
    table = builders.members(30)[[builders.NUMBER, builders.LEFT]]
    file = tmp_path / "left-2026-02.csv"
    file.write_bytes(table.to_csv(index=False).encode("mac_roman"))
    found, _ = read_outcomes(
        str(file), builders.schema(), window=WINDOW, as_of="2026-09", encoding="mac_roman"
    )
    assert found["2026-02"].left.sum() == builders.left(table).sum()


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        (
            "1,ja\n2,vielleicht\n",
            "column Hat gekündigt.: row 3: 'vielleicht'; expected one of",
        ),
        ("1,ja\n2,nein\n1,nein\n", "month 001: 1 customer with two outcomes"),
        ("", "no rows below the header"),
    ],
    ids=["no label of the target", "both", "none"],
)
def test_outcomes_that_say_nothing_clear_are_refused(
    tmp_path: Path, outcomes: str, expected: str
) -> None:
    path = tmp_path / "month_001.csv"
    path.write_text(f"{builders.NUMBER},{builders.LEFT}\n{outcomes}", encoding="utf-8")
    with pytest.raises(UserError, match=rf"month_001\.csv: {expected}"):
        read_outcomes(str(path), builders.schema(), window=WINDOW, as_of="007")


def test_a_blank_outcome_is_not_known_and_one_that_comes_twice_is_one(tmp_path: Path) -> None:
    path = tmp_path / "month_001.csv"
    path.write_text(
        f"{builders.NUMBER},{builders.LEFT}\n1,ja\n2,\n3,nein\n1.0,ja\n", encoding="utf-8"
    )
    found, _ = read_outcomes(str(path), builders.schema(), window=WINDOW, as_of="007")
    assert sorted(found["001"].left) == [False, True]
