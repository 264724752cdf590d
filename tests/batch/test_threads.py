"""Work in threads: in order, little ahead, and nothing more after an error."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from stages.batch.threads import AHEAD, in_order


@pytest.fixture(autouse=True)
def two_cores(monkeypatch):
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1}, raising=False)


def test_results_come_in_order_although_the_first_ends_last():
    later = threading.Event()

    def work(item):
        if item == 0:
            assert later.wait(10)
        if item == 1:
            later.set()
        return -item

    assert list(in_order(work, range(20))) == [-item for item in range(20)]


def test_few_items_are_taken_ahead_of_what_was_asked_for():
    taken = []

    def items():
        for item in range(1_000):
            taken.append(item)
            yield item

    results = in_order(abs, items())

    assert taken == []
    for asked in range(1, 50):
        assert next(results) == asked - 1
        assert len(taken) <= asked + AHEAD * 2
    results.close()
    assert len(taken) < 60


@pytest.mark.parametrize("fails", ["the work", "the items", "whoever asks"])
def test_an_error_ends_the_work_that_has_not_begun(fails, monkeypatch):
    # given two threads that are kept busy until the pool is to end
    begun, free, end = [], threading.Event(), ThreadPoolExecutor.shutdown

    def shutdown(pool, **options):
        end(pool, **options | {"wait": False})
        free.set()
        end(pool)

    def work(item):
        begun.append(item)
        if item == 0 and fails == "the work":
            raise ValueError("broken")
        return item == 0 or free.wait(10)

    def items():
        yield from range(4)
        if fails == "the items":
            raise ValueError("broken")
        yield from range(4, 100)

    def ask():
        for _ in in_order(work, items()):
            raise ValueError("broken")

    monkeypatch.setattr(ThreadPoolExecutor, "shutdown", shutdown)
    # when one of those that take part fails
    with pytest.raises(ValueError, match="broken"):
        ask()
    # then only what a thread had taken was done
    assert len(begun) <= 3


def test_nothing_of_nothing():
    assert list(in_order(abs, [])) == []
