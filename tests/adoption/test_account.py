"""What adoption shows of a draft: the questions that a person is to answer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from stages.adoption.account import SCREEN, to_confirm
from stages.adoption.guess import SERIOUS, Question
from tests.raw_tables import PLAIN, ROWS, drafted, numbered


def test_questions_that_differ_in_the_column_alone_are_one_line() -> None:
    sparse = {f"e{n}": np.where(np.arange(ROWS) % (n + 3) == 0, np.arange(ROWS) % 17 / 2, np.nan)
              for n in range(9)}  # fmt: skip
    shown = to_confirm(drafted(customer_id=numbered("c{}"), **PLAIN, **sparse))
    (line,) = (line for line in shown if "rows are blank" in line)
    assert "e0 and 8 more" in line


def test_the_target_is_always_among_what_is_to_be_confirmed() -> None:
    many = [Question(f"q{n}", "x", "because " * n, SERIOUS) for n in range(SCREEN + 6)]
    shown = to_confirm(replace(drafted(**PLAIN), open_questions=tuple(many)))
    assert len(shown) <= SCREEN + 2
    assert any("churned" in line and "target" in line for line in shown)
