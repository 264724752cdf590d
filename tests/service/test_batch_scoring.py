"""`make score` and the service, asked over HTTP, answer the same for the same customers."""

import json

import numpy as np
import pandas as pd

from stages.batch.asked import Asked
from stages.batch.score import score
from tests import builders

SERVED = ("churn_probability", "decision", "expected_profit", "tier")


def test_probability_decision_and_profit_are_equal_to_the_last_bit(club, client, tmp_path):
    # given members with blanks, as a file and as a request
    members = builders.members(2_000, seed=6).drop(columns=builders.LEFT)
    members.to_parquet(tmp_path / "members.parquet")
    names = [column.name for column in builders.schema().inputs]
    rows = json.loads(members[names].to_json(orient="records", double_precision=15))
    ids = members[builders.NUMBER].tolist()
    # when both score them
    outcome = score(Asked(str(tmp_path / "members.parquet"), tmp_path / "out", club))
    parts = [slice(start, start + 500) for start in range(0, len(rows), 500)]
    requests = [{"features": rows[part], "customer_ids": ids[part]} for part in parts]
    answers = [client.post("/predict_batch", json=request).json() for request in requests]
    # then they agree in every digit
    served = pd.DataFrame([one for answer in answers for one in answer["predictions"]])
    scored = pd.read_parquet(outcome.scores)
    assert served["customer_id"].tolist() == scored["customer_id"].tolist() == ids
    for name in SERVED:
        np.testing.assert_array_equal(served[name].to_numpy(), scored[name].to_numpy())
    assert {one["version"] for one in served["model"]} == set(scored["model_version"])
