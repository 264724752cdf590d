"""The dashboards as files: well formed, provisioned, and of metrics that there are."""

from __future__ import annotations

import itertools
import re

import pytest

from stages.core.yamlfile import read_yaml
from tests.deploy.dashboards import DASHBOARDS, GRAFANA, Panel, panels
from tests.deploy.metrics import asked_for, shown
from tests.places import ROOT

RECORDED = {
    rule["record"]
    for group in read_yaml(ROOT / "deploy" / "prometheus" / "recording.yml")["groups"]
    for rule in group["rules"]
}
each_panel = pytest.mark.parametrize("panel", panels(), ids=str)


def overlap(one: dict[str, int], other: dict[str, int]) -> bool:
    return all(
        one[start] < other[start] + other[size] and other[start] < one[start] + one[size]
        for start, size in (("x", "w"), ("y", "h"))
    )


@pytest.mark.parametrize("name", DASHBOARDS)
def test_panels_have_a_place_and_a_number_of_their_own(name: str) -> None:
    found = [panel.content for panel in panels() if panel.dashboard == name]
    assert len({panel["id"] for panel in found}) == len(found) > 0
    for one, other in itertools.combinations(found, 2):
        assert not overlap(one["gridPos"], other["gridPos"]), (one["title"], other["title"])
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in found)


def test_dashboards_have_names_of_their_own() -> None:
    assert set(DASHBOARDS) == {"service", "model", "business"}
    assert len({content["uid"] for content in DASHBOARDS.values()}) == 3
    assert len({content["title"] for content in DASHBOARDS.values()}) == 3


@each_panel
def test_a_panel_asks_the_provisioned_source_for_what_there_is(panel: Panel) -> None:
    sources = read_yaml(GRAFANA / "provisioning" / "datasources" / "prometheus.yml")["datasources"]
    assert panel.content["datasource"]["uid"] in {source["uid"] for source in sources}
    for query in panel.queries:
        assert asked_for(query) <= shown()
        assert set(re.findall(r"\bjob\w*:[\w:]+", query)) <= RECORDED
