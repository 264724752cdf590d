"""Where chunks are scored: on the cores of this machine."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Container, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol

from stages.batch.inputs import Block, Chunk, Finished, read_block
from stages.batch.score_part import PartScorer

AHEAD = 2  # chunks that wait, per core: what is read ahead is kept in memory


class Engine(Protocol):
    """Scores blocks into parts."""

    def __call__(
        self,
        blocks: Sequence[Block],
        wanted: Sequence[str],
        score: PartScorer,
        finished: Container[str],
    ) -> Iterator[str]:
        """Names of the parts, in the order of the input, each once it is there."""
        ...


def local(
    blocks: Sequence[Block], wanted: Sequence[str], score: PartScorer, finished: Container[str]
) -> Iterator[str]:
    """Threads, one a core: Arrow, NumPy and ONNX Runtime compute outside Python's lock."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    waiting: deque[tuple[str, Future[str] | None]] = deque()
    _ = score.scorer, score.edges  # loaded once, before the threads ask for them
    with ThreadPoolExecutor(cores or 1) as pool:
        try:
            for chunk in _chunks(blocks, wanted, finished):
                done = None if isinstance(chunk, Finished) else pool.submit(score, chunk)
                waiting.append((chunk.name, done))
                while len(waiting) > AHEAD * (cores or 1):
                    yield _finish(*waiting.popleft())
            while waiting:
                yield _finish(*waiting.popleft())
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _finish(name: str, future: Future[str] | None) -> str:
    if future is not None:
        future.result()
    return name


def _chunks(
    blocks: Sequence[Block], wanted: Sequence[str], finished: Container[str]
) -> Iterator[Chunk | Finished]:
    for block in blocks:
        yield from read_block(block, wanted, finished=finished)
