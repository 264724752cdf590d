"""Where chunks are scored: on the cores of this machine."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from typing import Protocol

from stages.batch.inputs import Block, Chunk, Finished, read_block
from stages.batch.score_part import PartScorer
from stages.batch.threads import in_order


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
    """Threads, one a core."""
    _ = score.scorer, score.edges  # loaded once, before the threads ask for them

    def part(chunk: Chunk | Finished) -> str:
        return chunk.name if isinstance(chunk, Finished) else score(chunk)

    chunks = (c for block in blocks for c in read_block(block, wanted, finished=finished))
    return in_order(part, chunks)
