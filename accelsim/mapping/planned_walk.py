"""Blocks that stay and work off a plan: as stream-K, but whole output tiles where that pays.

    line     the steps of one output tile after the other, as in `stream_k.py`; a tile that a block
             takes up, or goes on with, counts as so many steps more (`overhead`)
    load     max( ⌈Σ (steps + overhead) / blocks⌉ + overhead,  least + overhead )
    block    takes tiles as long as they fit its load whole; the next one is cut where the load ends
             if more is left than the overhead, and else begins with the next block

Source: deepseek-ai/FlashMLA, csrc/sm90/kernels/get_mla_metadata.cu.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from accelsim.mapping.stream_k import StreamK, Walk


@dataclass(frozen=True)
class PlannedWalk(Walk):
    """`blocks` are those that the plan has something for; `cuts` where each begins on the line, and
    where the last one ends."""

    cuts: tuple[int, ...]

    @property
    def most(self) -> int:
        """Steps of a block."""
        return int(self.steps.max())

    @cached_property
    def starts(self) -> np.ndarray:
        return np.array(self.cuts)


def planned_walk(tiles: np.ndarray, periods: int, rule: StreamK, sms: int) -> PlannedWalk:
    """The walk of `rule.blocks` an SM for output tiles of so many steps, `periods` times."""
    assert rule.overhead is not None
    line = np.tile(tiles, periods)
    ends, charged = np.cumsum(line), np.cumsum(line + rule.overhead)
    blocks = rule.blocks * sms
    load = max(-(-int(charged[-1]) // blocks) + rule.overhead, rule.least + rule.overhead)
    cuts = [0]
    while cuts[-1] < ends[-1]:
        cuts.append(_cut(ends, charged, cuts[-1], load, rule.overhead))
    return PlannedWalk(tiles, periods, len(cuts) - 1, tuple(cuts))


def _cut(ends: np.ndarray, charged: np.ndarray, start: int, load: int, overhead: int) -> int:
    """Where the block that begins there ends."""
    first = int(np.searchsorted(ends, start, side="right"))
    # As the tiles before count with their overheads, so does what is gone of this one.
    begun = start + first * overhead
    whole = int(np.searchsorted(charged, begun + load, side="right"))
    end = int(ends[whole - 1]) if whole else 0
    if whole == len(ends):
        return end
    left = load - (int(charged[whole - 1]) - begun if whole > first else 0)
    return max(end, start) + max(0, left - overhead)
