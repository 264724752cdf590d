"""Metrics of our own, next to BentoML's. Labels take listed values only, whatever callers send."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.mmap_dict import MmapedDict, mmap_key
from prometheus_client.multiprocess import MultiProcessCollector

from scoring.bundle import TIERS
from scoring.decision import CONTACT, DECISIONS, NO_CONTACT
from scoring.loading import Bundle
from serving.engine import EFFECT, REASONS, VARIANTS, Answers

PROBABILITY_BUCKETS = tuple(step / 20 for step in range(1, 21))
BATCH_BUCKETS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000)
REFUSALS = (
    "not_found",
    "method",
    "key",
    "rate",
    "concurrency",
    "content_type",
    "body_size",
    "body_time",
    "invalid",
    "failed",
)
ELSEWHERE = "(other)"  # a field that is none of the model's


class Metrics:
    """All of them; one per worker process, added up over the workers when they are read."""

    def __init__(self, fields: Iterable[str], registry: CollectorRegistry = REGISTRY) -> None:
        counter = partial(Counter, registry=registry)
        self.predictions = counter(
            "churn_predictions",
            "Customers answered",
            ["variant", "tier", "decision"],
        )
        self.fallbacks = counter(
            "churn_fallbacks",
            "Customers that a tier, or the effect, could not answer, by reason",
            ["variant", "tier", "reason"],
        )
        self.probability = Histogram(
            "churn_probability",
            "Probability of churn",
            ["variant"],
            buckets=PROBABILITY_BUCKETS,
            registry=registry,
        )
        self.batch = Histogram(
            "churn_batch_size",
            "Customers of a request",
            buckets=BATCH_BUCKETS,
            registry=registry,
        )
        self.invalid = counter(
            "churn_validation_failures",
            "Problems found in requests, by field",
            ["field"],
        )
        self.refused = counter("churn_refused_requests", "Requests refused, by reason", ["reason"])
        self.shadow = counter("churn_shadow_predictions", "Customers scored by a shadow")
        self.shadow_contacts = counter(
            "churn_shadow_contacts", "Customers whom a shadow would contact"
        )
        self.shadow_differences = counter(
            "churn_shadow_differences",
            "Customers on whom a shadow decides otherwise than was answered",
        )
        self.shadow_failures = counter(
            "churn_shadow_failures", "Customers whom a shadow could not score"
        )
        self.log_written = counter("churn_log_written", "Predictions written to the log")
        self.log_dropped = counter("churn_log_dropped", "Predictions that the log had no room for")
        self.log_lost = counter("churn_log_lost", "Predictions in the queue of a worker that died")
        self.reloads = counter(
            "churn_bundle_reloads",
            "Bundles loaded again, or refused",
            ["outcome"],
        )
        self.info = Gauge(
            "churn_model_info",
            "1 for the bundle that is loaded",
            ["variant", "name", "version"],
            multiprocess_mode="livemax",
            registry=registry,
        )
        self.age = Gauge(
            "churn_model_age_seconds",
            "Time since the bundle was written",
            ["variant"],
            multiprocess_mode="livemax",
            registry=registry,
        )
        self.loaded = Gauge(
            "churn_model_loaded",
            "1 where the model of a tier is whole, in every worker",
            ["variant", "tier"],
            multiprocess_mode="livemin",
            registry=registry,
        )
        self.registry = registry
        self._fields = {*fields, ELSEWHERE}
        self._children()

    def _children(self) -> None:
        """Every series from the start, at 0: so that a rate is right from the first event on."""
        self._predicted: dict[tuple[str, str, str], Counter] = {
            (v, t, d): self.predictions.labels(v, t, d)
            for v in VARIANTS
            for t in TIERS
            for d in DECISIONS
        }
        self._probability = {v: self.probability.labels(v) for v in VARIANTS}
        self._refused = {reason: self.refused.labels(reason) for reason in REFUSALS}
        self._invalid = {field: self.invalid.labels(field) for field in sorted(self._fields)}
        for outcome in ("accepted", "refused"):
            self.reloads.labels(outcome)
        for tier in TIERS[:-1]:
            for reason in REASONS:
                self.fallbacks.labels(VARIANTS[0], tier, reason)
        for reason in REASONS[:-1]:  # a challenger is not asked where the confidence is low
            self.fallbacks.labels(VARIANTS[1], TIERS[0], reason)
        for variant in VARIANTS:
            self.fallbacks.labels(variant, EFFECT, "error")

    def answered(self, answers: Answers) -> None:
        """Count the answers of one request."""
        n = len(answers.tiers)
        self.batch.observe(n)
        if n == 1:
            decision = CONTACT if answers.contact[0] else NO_CONTACT
            self._predicted[answers.variants[0], answers.tiers[0], decision].inc()
            self._probability[answers.variants[0]].observe(answers.probability[0])
        else:
            self._answered_many(answers)
        for event in answers.fallbacks:
            self.fallbacks.labels(event.variant, event.tier, event.reason).inc(event.customers)

    def _answered_many(self, answers: Answers) -> None:
        counts: dict[tuple[str, str, str], int] = {}
        for variant, tier, contact, probability in zip(
            answers.variants, answers.tiers, answers.contact.tolist(),
            answers.probability.tolist(), strict=True,
        ):  # fmt: skip
            decision: str = CONTACT if contact else NO_CONTACT
            key = (variant, tier, decision)
            counts[key] = counts.get(key, 0) + 1
            self._probability[variant].observe(probability)
        for key, count in counts.items():
            self._predicted[key].inc(count)

    def shadowed(self, answers: Answers, *, differing: int) -> None:
        """Count what a shadow challenger predicts, and how often it decides otherwise."""
        self.shadow_differences.inc(differing)
        self.shadow.inc(len(answers.tiers))
        self.shadow_contacts.inc(int(answers.contact.sum()))
        for probability in answers.probability.tolist():
            self._probability[VARIANTS[1]].observe(probability)

    def refuse(self, reason: str) -> None:
        """Count a refused request."""
        self._refused[reason].inc()

    def invalid_fields(self, fields: Sequence[str]) -> None:
        """Count problems found in a request by field, unknown fields together."""
        for field in fields:
            self._invalid[field if field in self._fields else ELSEWHERE].inc()

    def bundle(self, variant: str, bundle: Bundle, *, now: float) -> None:
        """Show which bundle is loaded, how old it is, and which of its models are whole."""
        self.info.labels(variant, bundle.name, bundle.version).set(1)
        self.age.labels(variant).set(max(0.0, now - bundle.created))
        for tier in TIERS:
            self.loaded.labels(variant, tier).set(float(tier in bundle.models))

    def replaced(self, variant: str, bundle: Bundle) -> None:
        """Show that a bundle is no longer loaded."""
        self.info.labels(variant, bundle.name, bundle.version).set(0)

    def removed(self, variant: str, bundle: Bundle) -> None:
        """Show that nobody answers as this variant any more."""
        self.replaced(variant, bundle)
        for tier in TIERS:
            self.loaded.labels(variant, tier).set(0.0)


class DeathCount:
    """Workers that died, counted by their parent: into a file of its own next to theirs.

    The parent imports the client before the folder is known, so its metrics would not be written.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / f"counter_{os.getpid()}.db"
        name = "churn_worker_deaths"
        self._key = mmap_key(name, f"{name}_total", [], [], "Workers that ended unasked")
        self._deaths = -1
        self.add()

    def add(self) -> None:
        """Count one."""
        self._deaths += 1
        content = MmapedDict(str(self._file))
        content.write_value(self._key, float(self._deaths), time.time())
        content.close()


def totals(registry: CollectorRegistry) -> dict[str, list[dict[str, Any]]]:
    """Predictions and fallbacks of all workers: `[{label: value, …, "customers": n}, …]`."""
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)
    found: dict[str, list[dict[str, Any]]] = {"predictions": [], "fallbacks": []}
    for family in registry.collect():
        name = family.name.removeprefix("churn_")
        if name not in found or not family.name.startswith("churn_"):
            continue
        for sample in family.samples:
            if sample.name.endswith("_total") and sample.value:
                found[name].append({**sample.labels, "customers": int(sample.value)})
    return {key: sorted(rows, key=str) for key, rows in found.items()}
