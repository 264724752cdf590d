"""Load of your own, with Locust: `make load PORT=3000`.

A key, where one is needed, comes from CHURN_API_KEY; CHURN_CA names the certificate of a service
that signed its own.
"""

import os

from locust import HttpUser, between, task  # requirements/load.lock, apart from ours

HEADERS = {"X-API-Key": os.environ.get("CHURN_API_KEY", "")}


class Caller(HttpUser):
    """Mostly asks for one customer, sometimes for a batch or an explanation."""

    wait_time = between(0.0, 0.1)

    def on_start(self) -> None:
        """Learn what a request looks like from the service's own document."""
        self.client.verify = os.environ.get("CHURN_CA", True)
        paths = self.client.get("/docs.json", headers=HEADERS).json()["paths"]
        self.bodies = {
            path: paths[path]["post"]["requestBody"]["content"]["application/json"]["example"]
            for path in ("/predict", "/predict_batch", "/explain")
        }

    @task(20)
    def predict(self) -> None:
        """One customer."""
        self.client.post("/predict", json=self.bodies["/predict"], headers=HEADERS)

    @task(2)
    def predict_batch(self) -> None:
        """Two hundred customers."""
        features = self.bodies["/predict_batch"]["features"] * 100
        self.client.post("/predict_batch", json={"features": features}, headers=HEADERS)

    @task(1)
    def explain(self) -> None:
        """One customer, and why."""
        self.client.post("/explain", json=self.bodies["/explain"], headers=HEADERS)
