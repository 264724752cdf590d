"""What the page reads: what is missing or broken is named, with what makes it."""

import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from app.places import places
from app.scored import read_scored
from scoring.errors import UserError
from tests.app import conftest


def scores(path, **changes):
    """Scores of one customer."""
    columns = {
        "customer_id": ["a"],
        "churn_probability": [0.5],
        "decision": ["contact"],
        "expected_profit": [1.0],
        "model_version": ["other"],
    }
    pq.write_table(pa.table(columns | changes), path / "scores.parquet")


BROKEN = {
    "no summary": (lambda at: (at / "summary.json").unlink(), "summary.json: no such file; run"),
    "half a summary": (lambda at: (at / "summary.json").write_text("{"), "summary.json: cannot"),
    "a list": (lambda at: (at / "summary.json").write_text("[]"), "expected an object"),
    "no scores": (lambda at: (at / "scores.parquet").unlink(), "scores.parquet: no such file; run"),
    "half the scores": (
        lambda at: (at / "scores.parquet").write_bytes(b"PAR1"),
        "scores.parquet: cannot be read; run make score",
    ),
    "another table": (
        lambda at: pq.write_table(pa.table({"a": [1]}), at / "scores.parquet"),
        "scores.parquet: column customer_id: missing",
    ),
    "another model": (scores, "scored by the model other, the bundle is"),
    "no probability": (
        lambda at: scores(at, churn_probability=[1.5]),
        "column churn_probability: expected numbers from 0 to 1",
    ),
    "nobody": (
        lambda at: scores(at, **{name: pa.array([], kind) for name, kind in (
            ("customer_id", pa.string()), ("churn_probability", pa.float64()),
            ("decision", pa.string()), ("expected_profit", pa.float64()),
            ("model_version", pa.string()),
        )}),
        "nobody was scored",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_or_missing_file_is_named_with_what_to_do(month, tmp_path, case):
    break_it, words = BROKEN[case]
    folder = tmp_path / "out"
    shutil.copytree(month, folder)
    break_it(folder)

    with pytest.raises(UserError) as caught:
        read_scored(conftest.places_of(folder))

    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_without_a_folder_the_last_scored_month_is_shown(month, tmp_path):
    with pytest.raises(UserError, match=r"score\.json: no such file; run make score"):
        places(["--reports", str(tmp_path)])
    (tmp_path / "score.json").write_text(f'{{"folder": "{month}"}}')
    assert places(["--reports", str(tmp_path)]).scores == month


def test_scores_in_a_csv_are_read_like_those_in_parquet(tmp_path, scored):
    folder = conftest.score_club(tmp_path, scored.places.bundle, out="out.csv")

    found = read_scored(conftest.places_of(folder))

    assert len(found) == len(scored)
    assert found.probability.tolist() == scored.probability.tolist()
    assert found.contact.tolist() == scored.contact.tolist()
