"""What is used of private parts, BentoML's and circus's: a version that changes one fails here."""

import importlib
import inspect
import warnings

import pytest

from tests.places import ROOT

with warnings.catch_warnings():  # BentoML's own, as its SDK is imported
    warnings.simplefilter("ignore")
    from serving import bento

INSTRUMENTS = "bentoml._internal.server.http.instruments"
USED = {
    "_bentoml_sdk.service.Service": ("to_asgi", "openapi_spec", "inject_config", "apis"),
    "_bentoml_sdk.method.APIMethod": ("func", "route"),
    "bentoml._internal.utils.analytics.usage_stats.do_not_track": ("cache_clear",),
    "bentoml._internal.context.server_context": ("worker_index",),
    "bentoml._internal.configuration.containers.BentoMLContainer": (
        "http",
        "prometheus_multiproc_dir",
    ),
    "bentoml._internal.utils.circus.create_standalone_arbiter": (),
    f"{INSTRUMENTS}.RunnerTrafficMetricsMiddleware": ("_setup",),
    "bentoml._internal.server.http.traffic.TimeoutMiddleware": (),
    "opentelemetry.instrumentation.asgi.OpenTelemetryMiddleware": (),
    "circus.watcher.Watcher": ("manage_processes", "reap_process", "is_stopping", "is_stopped"),
    "circus.process.DEAD_OR_ZOMBIE": (),
    "circus.process.UNEXISTING": (),
}
PRIVATE = ("bentoml._internal", "_bentoml_sdk", "_bentoml_impl")


def found(path):
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)


def user(path):
    return "serving/supervision.py" if path.startswith("circus.") else "serving/bento.py"


@pytest.mark.parametrize(("path", "attributes"), USED.items())
def test_what_is_used_of_private_parts_is_still_there(path, attributes):
    try:
        part = found(path)
    except (ImportError, AttributeError):
        pytest.fail(f"{path} is gone: {user(path)} needs another way")
    known = {*dir(part), *getattr(part, "__annotations__", ()), *_slots(part)}
    gone = [name for name in attributes if name not in known]
    assert gone == [], f"{path} no longer has {gone}: {user(path)} needs another way"


def _slots(part):
    return [field.name for field in getattr(part, "__attrs_attrs__", ())]


def test_bentoml_counts_requests_in_the_metrics_that_are_looked_up_once():
    source = inspect.getsource(found(f"{INSTRUMENTS}.{bento.TRAFFIC}")._setup)
    gone = [name for name in bento.TRAFFIC_METRICS if f"self.{name} = " not in source]
    assert gone == [], f"BentoML's middleware no longer has {gone}: serving/bento.py names them"


def test_the_page_of_bentoml_loads_the_files_that_are_let_through():
    assert "/static_content/swagger-ui-bundle.js" in bento.page_files()


def test_private_parts_are_used_in_one_module():
    for path in (ROOT / "serving").glob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert path.name == "bento.py" or not any(name in text for name in PRIVATE), path
