"""What one worker process holds: the bundles that answer, metrics, the prediction log."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from prometheus_client import REGISTRY, CollectorRegistry
from pydantic_core import to_json

from scoring.bundle import TIERS
from scoring.explanation import Explainer
from serving import logs
from serving.date_parts import Row
from serving.engine import CHAMPION, EFFECT, Answers, Engine, ModelVariant
from serving.exchange import FAILED, Call, Reply, RequestError
from serving.loaded_bundles import LoadedBundles
from serving.log_lines import Entry
from serving.monitor_metrics import MonitorMetrics
from serving.prediction_log import NoLog, PredictionLog, Shadow, open_log
from serving.replies import explanation, predictions
from serving.request_types import CustomerId, id_text
from serving.requests import Requests
from serving.settings import Settings, unknown_variables
from serving.sources import sources
from serving.telemetry import Metrics, totals

BATCH_THREADS = 2
TIMEOUT = 1.0  # seconds that a batch waits for room in the prediction log
SWITCH_SECONDS = 0.0002


class Worker:
    """Answers requests from the bundles that the settings name."""

    def __init__(
        self,
        settings: Settings,
        *,
        number: int = 0,
        registry: CollectorRegistry = REGISTRY,
    ) -> None:
        found = sources(settings)
        bundle = found.load(CHAMPION)
        self.settings = settings
        self.requests = Requests(bundle.schema, max_batch=settings.max_batch)
        self.metrics = Metrics(self.requests.columns, registry)
        self._bundles = LoadedBundles(settings, found, bundle, self.metrics)
        self._verdict = MonitorMetrics(settings.verdict, registry)
        self._warned: set[str] = set()  # versions whose effect fails
        if unknown := unknown_variables():
            logs.service.warning("unknown settings, ignored", extra={"variables": unknown})
        self._number = number
        self._log = self._open_log() if settings.log else None
        self._batches = ThreadPoolExecutor(BATCH_THREADS, thread_name_prefix="batch")
        self._stop = threading.Event()
        self.reload()
        threading.Thread(target=self._watch, daemon=True, name="watch").start()
        # A request waits for its turn behind the log's thread this long at most, not 25 times.
        sys.setswitchinterval(SWITCH_SECONDS)
        # Full collections over a heap that never changes made the slowest percent 30 times slower.
        gc.collect()
        gc.freeze()

    def close(self) -> None:
        """Write what is left of the log."""
        self._stop.set()
        if self._log is not None:
            self._log.close()

    # Requests

    def predict(self, call: Call) -> Reply:
        """Answer `POST /predict`."""
        return self._answered(self._predict, call)

    async def predict_batch(self, call: Call) -> Reply:
        """Answer `POST /predict_batch`, on a thread: requests for one go on meanwhile."""
        return await self._on_thread(self._predict_batch, call)

    async def explain(self, call: Call) -> Reply:
        """Answer `POST /explain`, on a thread."""
        return await self._on_thread(self._explain, call)

    async def _on_thread(self, work: Callable[[Call], bytes], call: Call) -> Reply:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._batches, self._answered, work, call)

    def _answered(self, work: Callable[[Call], bytes], call: Call) -> Reply:
        try:
            return Reply(200, work(call))
        except RequestError as caught:
            error, reason = caught, "invalid"
        except Exception:
            logs.service.exception("a request failed", extra={"request_id": call.request_id})
            error, reason = RequestError(500, FAILED), "failed"
        self.metrics.refuse(reason)
        self.metrics.invalid_fields([detail["field"] for detail in error.details])
        return error.reply

    def _predict(self, call: Call) -> bytes:
        rows, ids = self.requests.parse_one(call.body)
        return to_json(predictions(ids, self._score(rows, ids, call))[0])

    def _predict_batch(self, call: Call) -> bytes:
        rows, ids = self.requests.parse_many(call.body)
        answers = self._score(rows, ids, call, timeout=TIMEOUT)
        return to_json({"predictions": predictions(ids, answers)})

    def _explain(self, call: Call) -> bytes:
        rows, ids = self.requests.parse_one(call.body)
        answers = self._score(rows, ids, call)
        prediction = predictions(ids, answers)[0]
        return to_json({**prediction, **explanation(rows[0], self._explainer(answers))})

    def _score(
        self, rows: list[Row], ids: list[CustomerId], call: Call, *, timeout: float = 0.0
    ) -> Answers:
        texts = list(map(id_text, ids))
        answers = self.engine.answer(rows, texts)
        self.metrics.answered(answers)
        self._warn_of_effect(answers)
        if self._log is not None:
            entry = Entry(time.time(), call.request_id, rows, texts, answers)
            self._log.put(entry, timeout=timeout)
        return answers

    def _warn_of_effect(self, answers: Answers) -> None:
        """Log, once for each bundle, that its effect fails while it answers."""
        for event in answers.fallbacks:
            variant = self.variants.get(event.variant)
            if event.tier == EFFECT and variant and variant.bundle.version not in self._warned:
                self._warned.add(variant.bundle.version)
                logs.service.warning(
                    "the effect fails, the assumed share decides",
                    extra={"variant": event.variant, "version": variant.bundle.version},
                )

    def _explainer(self, answers: Answers) -> Explainer | None:
        """What explains the tier that answered; None where its bundle is gone, or cannot."""
        variant = self.variants.get(answers.variants[0])
        return variant.bundle.explainer(answers.tiers[0]) if variant else None

    # What is loaded

    @property
    def engine(self) -> Engine:
        """What answers now."""
        return self._bundles.engine

    @property
    def variants(self) -> Mapping[str, ModelVariant]:
        """The bundles that are loaded, by name of the variant."""
        return self._bundles.variants

    def is_ready(self) -> bool:
        """Whether the champion's best tier is at least the one that the settings ask for."""
        best = self.engine.champion.bundle.best_tier
        return TIERS.index(best) <= TIERS.index(self.settings.ready_tier)

    def health(self) -> dict[str, Any]:
        """Answer `GET /health`."""
        tier = self.engine.champion.bundle.best_tier
        return {"status": "ok" if tier == TIERS[0] else "degraded", "tier": tier}

    def model_info(self) -> dict[str, Any]:
        """Answer `GET /model-info`."""
        shown = ("name", "version", "candidate", "base_rate", "rows", "costs",
                 "metrics", "features", "hashes")  # fmt: skip
        info = {}
        for name, variant in self.variants.items():
            bundle = variant.bundle
            info[name] = {key: bundle.manifest[key] for key in shown if key in bundle.manifest}
            info[name]["decision"] = _decision(variant)
            info[name]["age_seconds"] = round(max(0.0, time.time() - bundle.created))
        return {**info, "share_of_challenger": self.engine.share, "shadow": self.engine.shadow}

    def fallback_stats(self) -> dict[str, Any]:
        """Answer `GET /fallback-stats`: over all workers; tiers as this one has them."""
        tiers = {
            name: {t: variant.bundle.faults.get(t, "ok") for t in TIERS}
            for name, variant in self.variants.items()
        }
        return {
            **self.health(),
            "tiers": tiers,
            "refused_bundles": self._bundles.refused,
            **totals(self.metrics.registry),
        }

    # The watch

    def _watch(self) -> None:
        pause = self.settings.reload_seconds
        while not self._stop.wait(pause or None):
            try:
                self.reload()
            except Exception:
                logs.service.exception("the watch over bundles and verdict failed")

    def reload(self) -> None:
        """Look at bundles and verdict again; a log that could not be opened is tried again."""
        self._verdict.refresh(now=time.time())
        if isinstance(self._log, NoLog):
            self._log = self._open_log()
        self._bundles.reload()

    def _open_log(self) -> PredictionLog | NoLog:
        return open_log(
            self.settings,
            self.engine.schema,
            self.metrics,
            worker=self._number,
            shadow=self._shadowing,
        )

    def _shadowing(self) -> Shadow | None:
        """What predicts for the challenger; None while none shadows."""
        engine = self.engine
        return self._shadow if engine.shadow and engine.challenger is not None else None

    def _shadow(self, entry: Entry) -> Entry | None:
        """The challenger's predictions for its share of the customers, on the log's thread."""
        engine = self.engine
        if engine.challenger is None:
            return None
        mine = [i for i, is_mine in enumerate(engine.assigned(entry.ids)) if is_mine]
        rows = [entry.rows[i] for i in mine]
        answers = engine.shadowed(rows)
        if answers is None:
            self.metrics.shadow_failures.inc(len(rows))
            return None
        differing = int((answers.contact != entry.answers.contact[mine]).sum())
        self.metrics.shadowed(answers, differing=differing)
        ids = [entry.ids[i] for i in mine]
        return Entry(entry.at, entry.request_id, rows, ids, answers, shadow=True)


def _decision(variant: ModelVariant) -> dict[str, Any]:
    """Which rule decides whom to contact, and from where on; of an effect, which campaign's."""
    bundle = variant.bundle
    rule = variant.terms.rule(bundle.schema)
    fault = {"fault": bundle.faults["effect"]} if "effect" in bundle.faults else {}
    if rule == "threshold":
        return {"rule": rule, "contact_if": "churn_probability > threshold",
                "threshold": bundle.manifest["threshold"], **fault}  # fmt: skip
    if rule == "incremental_profit":
        effect = bundle.manifest["effect"]
        return {"rule": rule, "contact_if": "expected incremental profit > 0",
                "policy": effect["policy"], "campaign": effect["campaign"]}  # fmt: skip
    return {"rule": rule, "contact_if": "expected_profit > 0", **fault}
