"""Work on all cores: Arrow, NumPy and ONNX Runtime compute outside Python's lock."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

AHEAD = 2  # items that wait, per core: what is made ahead is kept in memory
Item = TypeVar("Item")
Found = TypeVar("Found")


def in_order(work: Callable[[Item], Found], items: Iterable[Item]) -> Iterator[Found]:
    """What `work` makes of each item, in order, by a thread a core; few items are taken ahead."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    waiting: deque[Future[Found]] = deque()
    with ThreadPoolExecutor(cores or 1) as pool:
        try:
            for item in items:
                waiting.append(pool.submit(work, item))
                while len(waiting) > AHEAD * (cores or 1):
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
