"""BentoML doing nothing: what the framework itself takes."""

import bentoml


@bentoml.service(name="noop")
class Noop:
    """An endpoint that returns a dict."""

    @bentoml.api
    def predict(self) -> dict:
        """Always the same."""
        return {"churn_probability": 0.5}
