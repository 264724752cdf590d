"""Time limits: on the main thread and beside it, for work that hangs, raises or is done in time."""

import threading
import time

import pytest

from serving import guard
from serving.guard import Guard, Overdue


def hang(seconds):
    time.sleep(seconds)
    return seconds


def spin(seconds):
    due = time.monotonic() + seconds
    while time.monotonic() < due:
        pass


def fail(_):
    raise KeyError


def here(work):
    return work()


def beside(work):
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


@pytest.mark.parametrize("where", [here, beside])
@pytest.mark.parametrize("work", [hang, spin])
def test_what_hangs_is_given_up_and_not_tried_again_at_once(where, work):
    limited = Guard()
    for allowed in (0.8, 0.09):
        began = time.monotonic()
        with pytest.raises(Overdue):
            where(lambda: limited(work, 2.0, seconds=0.1))
        assert time.monotonic() - began < allowed


@pytest.mark.parametrize("where", [here, beside])
def test_what_is_done_in_time_is_given_back_and_errors_are_passed_on(where):
    limited = Guard()
    assert where(lambda: limited(hang, 0.01, seconds=1.0)) == 0.01
    with pytest.raises(KeyError):
        where(lambda: limited(fail, 1, seconds=1.0))
    assert where(lambda: limited(hang, 0.0, seconds=1.0)) == 0.0


@pytest.mark.parametrize("where", [here, beside])
def test_after_a_pause_it_is_tried_again(where, monkeypatch):
    monkeypatch.setattr(guard, "PAUSE", 0.1)
    limited = Guard()
    with pytest.raises(Overdue):
        where(lambda: limited(hang, 0.5, seconds=0.05))
    time.sleep(0.15)
    assert where(lambda: limited(hang, 0.0, seconds=1.0)) == 0.0


def test_a_limit_that_has_passed_disturbs_nobody_afterwards():
    limited = Guard()
    limited(hang, 0.0, seconds=0.01)
    began = time.monotonic()
    time.sleep(0.2)
    assert time.monotonic() - began >= 0.2


def test_threads_end_with_the_bundle_they_belong_to():
    before = set(threading.enumerate())
    limited = Guard(threads=3)
    mine = set(threading.enumerate()) - before
    assert len(mine) == 3
    del limited
    for thread in mine:
        thread.join(5)
    assert not any(thread.is_alive() for thread in mine)
