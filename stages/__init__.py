"""The stages of the churn pipeline, one module each, and the few modules that they share."""
