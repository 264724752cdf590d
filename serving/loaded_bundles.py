"""The bundles that answer: loaded at the start, and again whenever their files change."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from scoring.bundle import TIERS
from scoring.errors import UserError
from scoring.loading import Bundle
from serving import logs
from serving.engine import CHALLENGER, CHAMPION, Engine, ModelVariant
from serving.settings import Settings
from serving.sources import DEPLOYMENT, Sources, sources
from serving.telemetry import Metrics


class LoadedBundles:
    """The engine over them. `refused` says of a variant, or of the deployment, why it is not."""

    def __init__(
        self, settings: Settings, found: Sources, champion: Bundle, metrics: Metrics
    ) -> None:
        self._settings, self._sources, self._metrics = settings, found, metrics
        self.engine = Engine(
            self._variant(champion),
            share=found.share,
            shadow=found.shadow,
            max_unknown=settings.max_unknown,
        )
        self.refused: dict[str, str] = {}
        self._seen: dict[str, Any] = {CHAMPION: found.seen(CHAMPION)}
        self._announce(CHAMPION, champion)

    @property
    def variants(self) -> Mapping[str, ModelVariant]:
        """The bundles that are loaded, by name of the variant."""
        engine = self.engine
        return {CHAMPION: engine.champion} | (
            {CHALLENGER: engine.challenger} if engine.challenger else {}
        )

    def reload(self) -> None:
        """Load a bundle again whose files have changed, and keep it where it is no worse.

        Who answers whom changes in one step: a request sees all of it before, or all after.
        """
        self._sources = self._read_sources()
        for name in self._seen.keys() - self._sources.folders.keys():
            del self._seen[name]
            self.refused.pop(name, None)
        loaded = {name: self._current(name) for name in self._sources.folders}
        before = self.variants
        engine = replace(
            self.engine,
            champion=loaded[CHAMPION] or self.engine.champion,
            challenger=loaded.get(CHALLENGER),
            share=self._sources.share,
            shadow=self._sources.shadow,
        )
        if engine != self.engine:
            self.engine = engine
        for name, variant in before.items():
            self._retire(name, variant)
        for name, variant in self.variants.items():
            self._metrics.bundle(name, variant.bundle, now=time.time())

    def _variant(self, bundle: Bundle) -> ModelVariant:
        return ModelVariant(bundle, seconds=self._settings.model_seconds)

    def _read_sources(self) -> Sources:
        """Who is to answer; as before where the file that says so cannot be read."""
        try:
            found = sources(self._settings)
        except UserError as error:
            if self.refused.get(DEPLOYMENT) != str(error):
                self._refuse(DEPLOYMENT, error)
            return self._sources
        self.refused.pop(DEPLOYMENT, None)
        return found

    def _current(self, variant: str) -> ModelVariant | None:
        """The variant out of its files, or the one that is loaded where those are no better."""
        seen, before = self._sources.seen(variant), self.variants.get(variant)
        if self._seen.get(variant) == seen:
            return before
        self._seen[variant] = seen
        current = before.bundle if before else None
        try:
            bundle = self._sources.load(variant)
            _check_successor(bundle, current, self.engine.champion.bundle)
        except (UserError, OSError) as error:
            self._refuse(variant, error)
            is_other = before is not None and before.bundle.folder != seen[0]
            return None if variant == CHALLENGER and is_other else before
        self.refused.pop(variant, None)
        self._metrics.reloads.labels("accepted").inc()
        self._announce(variant, bundle)
        return self._variant(bundle)

    def _refuse(self, variant: str, error: Exception) -> None:
        self.refused[variant] = str(error)
        self._metrics.reloads.labels("refused").inc()
        logs.service.error("a bundle was refused", extra={"variant": variant, "why": str(error)})

    def _retire(self, name: str, variant: ModelVariant) -> None:
        """Show that a bundle is not loaded any more, where it is not."""
        now = self.variants.get(name)
        if now is None:
            self._metrics.removed(name, variant.bundle)
        elif now.bundle.version != variant.bundle.version:
            self._metrics.replaced(name, variant.bundle)

    def _announce(self, variant: str, bundle: Bundle) -> None:
        self._metrics.bundle(variant, bundle, now=time.time())
        logs.service.info(
            "bundle loaded",
            extra={
                "variant": variant,
                "version": bundle.version,
                "tier": bundle.best_tier,
                "faults": dict(bundle.faults),
            },
        )


def _check_successor(bundle: Bundle, current: Bundle | None, champion: Bundle) -> None:
    """`UserError` unless it is at least as whole as the one it replaces, and of the same schema."""
    if bundle.schema.inputs != champion.schema.inputs:
        raise UserError(f"{bundle.folder.name}: of another schema; restart the service to serve it")
    best = math.inf if current is None else TIERS.index(current.best_tier)
    if TIERS.index(bundle.best_tier) > best:
        raise UserError("; ".join(bundle.faults.values()))
