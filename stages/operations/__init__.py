"""What runs around the pipeline: registry, pull requests, tracking, sharing, supply chain."""
