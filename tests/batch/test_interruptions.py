"""Batch scoring that is killed: every customer exactly once."""

import pandas as pd

from benchmarks.interruptions import survive
from tests import builders


def test_kills_at_random_moments_neither_lose_nor_repeat_a_customer(club, tmp_path, capsys):
    table = builders.members(3_000, seed=8).drop(columns=builders.LEFT)
    pd.DataFrame(table).to_parquet(tmp_path / "members.parquet")

    found = survive(tmp_path / "members.parquet", club, tmp_path, kills=2, chunk=25)

    assert "kills: 100%" in capsys.readouterr().err
    assert found.is_same
    assert sorted(found.scored.elements()) == sorted(table[builders.NUMBER])
