"""Stream-K: blocks that stay share out the steps of all output tiles, whatever tile they are of.

    line     the steps of one output tile after the other: T in all
    blocks   G = min(blocks · SMs, ⌈T / least⌉, parts · output tiles)
    block    walks ⌈T / G⌉ steps of the line, or one fewer: those with more come first
    part     what a block found of a tile that another has begun: it leaves that in memory
    host     the block that begins a tile; it waits for the parts of those after it and adds them up

A block leaves a part of its first tile at most, and waits for parts of its last tile at most: it
has left its own before, so that blocks which are all there at once never wait in a circle.

Source: Osama et al. 2023 (arXiv 2301.03598); Sanovar et al. 2024 (LeanAttention, arXiv 2405.10480).
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from accelsim.base.record import Count, Record


class StreamK(Record):
    """`blocks` an SM and `parts` a tile at most, `least` steps a block.

    Leaving a part takes so many trips to L2 one after the other (`leave`); adding parts up takes
    `collect` trips, and one more for each part. Without `collect` nobody waits: another kernel adds
    them up. With `overhead` a plan was made before (`planned_walk.py`).
    """

    blocks: Count
    least: Count
    parts: Count
    leave: Count
    collect: Count | None = None
    overhead: Count | None = None


@dataclass(frozen=True)
class Walk:
    """`blocks` along a line of output tiles: those of `tiles`, by their steps, `periods` times.

    The arrays have an entry for each block, in order.
    """

    tiles: np.ndarray
    periods: int
    blocks: int

    @property
    def total(self) -> int:
        """Steps."""
        return int(self._ends[-1]) * self.periods

    @property
    def most(self) -> int:
        """Steps of a block."""
        return -(-self.total // self.blocks)

    @property
    def longer(self) -> int:
        """Blocks that walk `most` steps; the others walk one fewer."""
        return self.total - (self.most - 1) * self.blocks

    @property
    def outputs(self) -> int:
        return len(self.tiles) * self.periods

    @cached_property
    def starts(self) -> np.ndarray:
        """Where on the line each begins; and where the last one ends."""
        block = np.arange(self.blocks + 1)
        found: np.ndarray = block * (self.most - 1) + np.minimum(block, self.longer)
        return found

    @property
    def steps(self) -> np.ndarray:
        return np.diff(self.starts)

    @cached_property
    def first(self) -> np.ndarray:
        """The output tile in which it begins."""
        return self._tile_at(self.starts[:-1])

    @cached_property
    def last(self) -> np.ndarray:
        """The output tile in which it ends."""
        return self._tile_at(self.starts[1:] - 1)

    @property
    def touched(self) -> np.ndarray:
        """Output tiles of which it computes something."""
        found: np.ndarray = self.last - self.first + 1
        return found

    @cached_property
    def part(self) -> np.ndarray:
        """Steps of the part that it leaves to a host; 0 if it begins with a tile of its own."""
        start = self.starts[:-1]
        end = np.minimum(self.starts[1:], self._end_of(self.first))
        return np.where(start > self._start_of(self.first), end - start, 0)

    @cached_property
    def helpers(self) -> np.ndarray:
        """So many blocks after it leave it a part of its last tile."""
        block, end = np.arange(self.blocks), self._end_of(self.last)
        is_host = self._start_of(self.last) >= self.starts[:-1]
        ender = np.searchsorted(self.starts, end - 1, side="right") - 1
        return np.where(is_host, ender - block, 0)

    def of_touched(self, each: np.ndarray) -> np.ndarray:
        """Sum over the touched tiles of a number that every tile of a period has."""
        until = np.concatenate([[0], np.cumsum(each)])
        count = len(self.tiles)

        def before(tile: np.ndarray) -> np.ndarray:
            found: np.ndarray = tile // count * until[-1] + until[tile % count]
            return found

        found: np.ndarray = before(self.last + 1) - before(self.first)
        return found

    @cached_property
    def _ends(self) -> np.ndarray:
        """Of the tiles of a period, with 0 before."""
        return np.concatenate([[0], np.cumsum(self.tiles)])

    def _tile_at(self, step: np.ndarray) -> np.ndarray:
        period, within = np.divmod(step, self._ends[-1])
        found: np.ndarray = period * len(self.tiles)
        return found + np.searchsorted(self._ends, within, side="right") - 1

    def _start_of(self, tile: np.ndarray) -> np.ndarray:
        period, within = np.divmod(tile, len(self.tiles))
        found: np.ndarray = period * self._ends[-1] + self._ends[within]
        return found

    def _end_of(self, tile: np.ndarray) -> np.ndarray:
        return self._start_of(tile + 1)


def walk_of(tiles: np.ndarray, periods: int, rule: StreamK, sms: int) -> Walk:
    """The blocks that a rule launches for output tiles of so many steps (none has 0)."""
    total, outputs = int(tiles.sum()) * periods, len(tiles) * periods
    blocks = min(rule.blocks * sms, -(-total // rule.least), rule.parts * outputs)
    return Walk(tiles, periods, blocks)
