"""What is counted of a running service: the answers of the deployment's own bundles alone."""

from __future__ import annotations

import pytest

from scoring.deployment import Deployed, Deployment
from stages.operations.canary import live
from stages.operations.canary.step import Counts

CHAMPION, FORMER, CHALLENGER, OTHER = "a1", "b2", "c3", "d4"
DEPLOYMENT = Deployment(
    champion=Deployed(folder=CHAMPION, version=CHAMPION),
    challenger=Deployed(folder=CHALLENGER, version=CHALLENGER),
    share=0.5,
)
SHADOW = DEPLOYMENT.model_copy(update={"share": 1.0, "shadow": True})


def exposed(*loaded: tuple[str, str], champion: int = 0, challenger: int = 0, shadow: int = 0):
    """Series as /metrics has them: which bundles are loaded, and whom each variant answered."""
    counts = {"champion": champion, "challenger": challenger}
    lines = [
        *(
            f'churn_model_info{{variant="{variant}",name="churn",version="{version}"}} 1.0'
            for variant, version in loaded
        ),
        *(
            f'churn_predictions_total{{variant="{variant}",tier="champion",decision="{decision}"}} '
            f"{count if decision == 'contact' else 0}"
            for variant, count in counts.items()
            for decision in ("contact", "no_contact")
        ),
        'churn_fallbacks_total{variant="champion",tier="champion",reason="error"} 0.0',
        *(f"{name} {shadow}" for name in live.SHADOW),
    ]
    return live._parsed("\n".join(lines) + "\n")


@pytest.fixture
def watched(monkeypatch):
    """A function that begins to watch a service; it gives the counts at each look."""

    def run(deployment, *looks):
        seen = iter(looks)
        service = live.Live("http://nowhere")
        monkeypatch.setattr(service, "_read", lambda: next(seen))
        service.begin()
        return [service.figures(deployment) for _ in looks]

    return run


BOTH = [("champion", CHAMPION), ("challenger", CHALLENGER)]


@pytest.mark.parametrize(
    "before",
    [
        [("champion", FORMER)],
        [("champion", FORMER), ("champion", CHAMPION), ("challenger", CHALLENGER)],
        [("champion", CHAMPION), ("challenger", OTHER)],
        [("champion", CHAMPION), ("challenger", OTHER), ("challenger", CHALLENGER)],
        [("champion", CHAMPION)],
    ],
    ids=["former champion", "in one worker", "former challenger", "in one of them", "none yet"],
)
def test_nothing_is_counted_until_every_worker_has_both_bundles(watched, before) -> None:
    # given a service whose workers have not read the deployment yet
    found = watched(
        DEPLOYMENT,
        exposed(*before, champion=100),
        exposed(*before, champion=900, challenger=50),
        exposed(*BOTH, champion=950, challenger=70),
        exposed(*BOTH, champion=960, challenger=73),
    )
    # then what was answered until then is nobody's
    assert found[:2] == [None, None]
    assert found[2:] == [(Counts(), Counts()), (Counts(10, 10), Counts(3, 3))]


def test_a_shadow_of_before_is_not_counted(watched) -> None:
    found = watched(
        SHADOW,
        exposed(("champion", CHAMPION), ("challenger", OTHER), shadow=40),
        exposed(*BOTH, shadow=60),
        exposed(*BOTH, shadow=67),
    )
    assert [figures and figures.challenger.answered for figures in found] == [None, 0, 7]


def test_a_service_that_was_started_again_is_counted_from_its_start(watched) -> None:
    found = watched(
        DEPLOYMENT,
        exposed(*BOTH, champion=500),
        None,
        exposed(*BOTH, champion=20),
        exposed(*BOTH, champion=25),
    )
    assert [figures and figures.champion.answered for figures in found] == [0, None, 20, 25]
