"""FastAPI with the same ONNX code and nothing around it: the floor of Python HTTP."""

import json
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import Response

from scoring.bundle import MODEL, SCHEMA_FILE, Scorer
from scoring.derive import derive
from scoring.schema import parse_schema
from stages.core.paths import Paths

HERE = Paths.here()

SCHEMA = parse_schema(json.loads((HERE.champion / SCHEMA_FILE).read_text()), origin=SCHEMA_FILE)
SCORER = Scorer((HERE.champion / MODEL).read_bytes())

app = FastAPI()


@app.post("/predict")
async def predict(request: Request) -> Any:
    """The probability of churn."""
    sent = json.loads(await request.body())
    inputs = derive({name: [value] for name, value in sent["features"].items()}, SCHEMA)
    answer = {"churn_probability": float(SCORER.probability(inputs)[0])}
    return Response(json.dumps(answer), media_type="application/json")
