"""What public churn projects do: FastAPI, and the scikit-learn pipeline on a one-row DataFrame."""

import json
from typing import Any

import pandas as pd
from fastapi import FastAPI
from pydantic import BaseModel

from scoring.bundle import MANIFEST, SCHEMA_FILE
from scoring.derive import category_names, derive, numeric_names
from scoring.schema import parse_schema
from stages.core.files import read_table
from stages.core.paths import Paths
from stages.model.blend import from_record
from stages.model.encoding import frame
from stages.model.train import refit
from stages.parameters import read_parameters

HERE = Paths.here()

SCHEMA = parse_schema(json.loads((HERE.champion / SCHEMA_FILE).read_text()), origin=SCHEMA_FILE)
PARAMS = read_parameters(HERE).train
CHOSEN = json.loads((HERE.champion / MANIFEST).read_text())
MODEL = refit(
    CHOSEN["candidate"],
    read_table(HERE.train),
    SCHEMA,
    PARAMS,
    blend=from_record(CHOSEN.get("blend", {})),
)

app = FastAPI()


class Request(BaseModel):
    """One customer."""

    features: dict[str, Any]
    customer_id: str | None = None


@app.post("/predict")
def predict(request: Request) -> dict[str, float]:
    """The probability of churn."""
    inputs = derive({name: [value] for name, value in request.features.items()}, SCHEMA)
    table = pd.concat(
        [
            pd.DataFrame(inputs.numeric, columns=numeric_names(SCHEMA)),
            pd.DataFrame(inputs.category, columns=category_names(SCHEMA)),
        ],
        axis=1,
    )
    return {"churn_probability": float(MODEL.predict_proba(frame(table, SCHEMA))[0, 1])}
