"""Objects of the Prometheus Operator, as far as we use them: any other field is refused.

Derived from reading its CustomResourceDefinitions (0.82 and 0.84), which are not copied here.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0}
Duration = Annotated[str, Field(pattern=r"^(\d+h)?(\d+m)?(\d+s)?$", min_length=2)]
Labels = dict[str, str]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Rule(Strict):
    expr: str
    alert: str | None = None
    record: str | None = Field(None, pattern=r"^[a-zA-Z_:][a-zA-Z0-9_:]*$")
    for_: Duration | None = Field(None, alias="for")
    labels: Labels = {}
    annotations: Labels = {}

    @model_validator(mode="after")
    def _one_of_both(self) -> Rule:
        assert (self.alert is None) != (self.record is None), "alert or record, not both"
        assert self.alert or not (self.annotations or self.for_), "a record has neither"
        return self


class Group(Strict):
    name: str = Field(min_length=1)
    interval: Duration | None = None
    rules: list[Rule] = []


class Rules(Strict):
    groups: list[Group]

    @model_validator(mode="after")
    def _names(self) -> Rules:
        names = [group.name for group in self.groups]
        assert len(names) == len(set(names)), "the name of a group is its key"
        return self


class Endpoint(Strict):
    port: str  # the name of a port of the Service
    path: str = "/metrics"
    interval: Duration | None = None
    scrapeTimeout: Duration | None = None

    @model_validator(mode="after")
    def _in_time(self) -> Endpoint:
        if self.interval and self.scrapeTimeout:
            assert seconds(self.scrapeTimeout) <= seconds(self.interval), "longer than the interval"
        return self


class Selector(Strict):
    matchLabels: Labels


class Monitor(Strict):
    selector: Selector
    endpoints: list[Endpoint]
    jobLabel: str = ""


class Metadata(Strict):
    name: str
    namespace: str | None = None
    labels: Labels = {}


class PrometheusRule(Strict):
    apiVersion: Literal["monitoring.coreos.com/v1"]
    kind: Literal["PrometheusRule"]
    metadata: Metadata
    spec: Rules


class ServiceMonitor(Strict):
    apiVersion: Literal["monitoring.coreos.com/v1"]
    kind: Literal["ServiceMonitor"]
    metadata: Metadata
    spec: Monitor


KINDS: dict[str, type[Strict]] = {each.__name__: each for each in (PrometheusRule, ServiceMonitor)}


def seconds(duration: str) -> float:
    return sum(int(n) * UNITS[unit] for n, unit in re.findall(r"(\d+)([hms])", duration))


def problem(found: dict[str, Any]) -> str | None:
    """What is wrong with an object of the operator; None where nothing is."""
    try:
        KINDS[found["kind"]].model_validate(found)
    except ValidationError as error:
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    return None
