"""Time limits on ONNX graphs: for those that hang, raise or are done in time, on any thread."""

import threading
import time

import numpy as np
import pytest

from scoring.bundle import Scorer
from scoring.derive import Inputs
from serving import time_limit
from serving.time_limit import CLOCK, ModelTimeout, TimeLimit
from tests.service.graphs import Counted, looping

ONE = Inputs(np.zeros((1, 2), np.float32), np.empty((1, 0), object))


@pytest.fixture(scope="module")
def hanging():
    return Scorer(looping())


@pytest.fixture(scope="module")
def quick():
    return Scorer(looping(10))


class Switching:
    """A model that hangs until it is mended."""

    def __init__(self, hanging, quick):
        self.now, self._quick = hanging, quick

    def mend(self):
        self.now = self._quick

    def probability(self, inputs, options=None):
        return self.now.probability(inputs, options)


class Fails:
    def probability(self, inputs, options=None):
        raise KeyError


def here(work):
    return work()


def on_a_thread(work):
    """What the work gives, or the error it raises, on another thread."""
    found = []

    def run():
        try:
            found.append((work(), None))
        except Exception as error:
            found.append((None, error))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if found[0][1] is not None:
        raise found[0][1]
    return found[0][0]


@pytest.mark.parametrize("where", [here, on_a_thread])
def test_a_model_that_hangs_costs_its_limit_once(where, hanging):
    counted = Counted(hanging)
    limited = TimeLimit(counted)
    for _ in range(3):
        with pytest.raises(ModelTimeout):
            where(lambda: limited.probability(ONE, seconds=0.1))
    assert counted.calls == 1


@pytest.mark.parametrize("where", [here, on_a_thread])
def test_a_model_that_is_done_in_time_answers_and_errors_are_passed_on(where, quick):
    assert where(lambda: TimeLimit(quick).probability(ONE, seconds=5.0)) == 0.5
    with pytest.raises(KeyError):
        where(lambda: TimeLimit(Fails()).probability(ONE, seconds=5.0))


def test_runs_have_limits_of_their_own(hanging, quick):
    def wait():
        with pytest.raises(ModelTimeout):
            TimeLimit(hanging).probability(ONE, seconds=0.5)

    slow = threading.Thread(target=wait)
    slow.start()
    answers = [TimeLimit(quick).probability(ONE, seconds=5.0) for _ in range(20)]
    slow.join(10)
    assert not slow.is_alive()
    assert set(np.concatenate(answers)) == {0.5}
    assert CLOCK._runs == {}


def test_after_a_pause_it_is_tried_again(monkeypatch, hanging, quick):
    monkeypatch.setattr(time_limit, "PAUSE", 0.1)
    model = Switching(hanging, quick)
    limited = TimeLimit(model)
    with pytest.raises(ModelTimeout):
        limited.probability(ONE, seconds=0.05)
    model.mend()
    time.sleep(0.15)
    assert limited.probability(ONE, seconds=5.0) == 0.5
