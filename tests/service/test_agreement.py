"""Every test customer of the pipeline, asked over HTTP, gets the probability of the evaluation."""

import json

import numpy as np
import pytest

from scoring.schema import parse_schema
from stages.core.files import read_table
from tests.service.conftest import serve

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]  # the pipeline runs first
TOLERANCE = 1e-5


def test_training_and_serving_agree_on_every_test_customer(finished, tmp_path):
    bundle = finished / "models" / "champion"
    schema = parse_schema(json.loads((bundle / "schema.json").read_text()), origin="schema.json")
    predictions = read_table(finished / "reports" / "predictions.parquet")
    expected = predictions[predictions["split"] == "test"].set_index("id")["champion"]
    customers = read_table(finished / "data" / "raw" / "customers.parquet")
    customers = customers[customers[schema.id_name].isin(expected.index)]
    assert len(customers) == len(expected) > 300
    inputs = customers[[column.name for column in schema.inputs]].astype(object)
    rows = json.loads(inputs.to_json(orient="records"))
    with serve(tmp_path, bundle) as server, server.client() as client:
        batch = client.post("/predict_batch", json={"features": rows}).json()["predictions"]
        single = [client.post("/predict", json={"features": row}).json() for row in rows[:50]]
    wanted = expected.loc[customers[schema.id_name]].to_numpy()
    found = np.array([answer["churn_probability"] for answer in batch])
    np.testing.assert_allclose(found, wanted, atol=TOLERANCE)
    np.testing.assert_allclose(
        [a["churn_probability"] for a in single], wanted[:50], atol=TOLERANCE
    )
