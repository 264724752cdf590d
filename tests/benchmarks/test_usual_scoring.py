"""The baseline of batch scoring, as public projects do it."""

from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.baselines import usual_scoring
from tests import builders


def test_a_table_is_scored_alike_from_csv_and_parquet(tmp_path: Path) -> None:
    # given customers with a category whose values are digits, and blanks
    schema, customers = builders.schema(), builders.customers(rows=200)
    model = usual_scoring.fit(customers, schema, n_estimators=5, n_jobs=1)
    customers.to_csv(tmp_path / "in.csv", index=False)
    customers.to_parquet(tmp_path / "in.parquet")
    # when they are scored from either kind of file
    for kind in ("csv", "parquet"):
        usual_scoring.score(tmp_path / f"in.{kind}", tmp_path / f"out.{kind}", model, schema)
    # then every customer has the same probability
    csv, parquet = pd.read_csv(tmp_path / "out.csv"), pd.read_parquet(tmp_path / "out.parquet")
    assert list(csv["id"]) == list(parquet["id"]) == list(customers[schema.id_name])
    np.testing.assert_allclose(csv["probability"], parquet["probability"], rtol=0, atol=1e-6)
