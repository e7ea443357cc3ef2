"""Which tiles of keys every block of an attention kernel visits, and in how many of them it masks.

block of queries     visits tiles of keys: under a causal mask those that its last query sees, in
                     a window from the oldest key that its first query sees; with `fold` heads side
                     by side, so many of its rows are one query
block of keys        visits tiles of queries (the backward pass): under a causal mask from the
                     first that sees its first key, in a window to the last that sees its last
masked               where a mask's edge or the end of the keys lies in a tile; in a window all,
                     since the kernels do not tell inner tiles from those at its edges
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from accelsim.workload.calls import Sdpa


class TileShape(Protocol):
    """Rows and columns of the scores that a block computes in a step."""

    @property
    def queries(self) -> int: ...

    @property
    def keys(self) -> int: ...


@dataclass(frozen=True)
class Visits:
    """Of the blocks of a head, in order: tiles `first` to before `end`, `masked` ones of them."""

    first: np.ndarray
    end: np.ndarray
    masked: np.ndarray

    def shares(self, tiles: int, parts: int) -> list["Visits"]:
        """What is left to each part of a split head, which has so many tiles after the last."""
        starts = tiles * np.arange(parts)[:, None]
        first = np.minimum(np.maximum(self.first, starts), starts + tiles)
        end = np.minimum(np.maximum(self.end, first), starts + tiles)
        masked = np.minimum(self.masked, end - first)
        return [Visits(*each) for each in zip(first, end, masked, strict=True)]

    def masking(self, more: int) -> "Visits":
        """With so many tiles more masked in every block, as far as it has them."""
        return Visits(self.first, self.end, np.minimum(self.masked + more, self.steps))

    @property
    def steps(self) -> np.ndarray:
        found: np.ndarray = self.end - self.first
        return found


def joined(parts: Sequence[Visits]) -> Visits:
    """Of the blocks of several heads, one head after the other."""
    return Visits(
        np.concatenate([part.first for part in parts]),
        np.concatenate([part.end for part in parts]),
        np.concatenate([part.masked for part in parts]),
    )


def by_queries(call: Sdpa, tile: TileShape, queries: int, keys: int, fold: int = 1) -> Visits:
    """Blocks of `tile.queries` rows, `fold` of which are a query, against `keys` keys."""
    rows = fold * queries
    starts = np.arange(0, rows, tile.queries)
    tiles = -(-keys // tile.keys)
    last = -(-np.minimum(starts + tile.queries, rows) // fold)
    ends = last if call.causal else np.full_like(starts, keys)
    end = np.minimum(tiles, -(-ends // tile.keys))
    first = np.zeros_like(starts)
    if call.window:
        newest = starts // fold if call.causal else np.full_like(starts, keys - 1)
        first = np.maximum(newest - call.window + 1, 0) // tile.keys
        return Visits(first, end, end - first)
    edges = -(-tile.queries // (fold * tile.keys)) if call.causal else int(keys % tile.keys > 0)
    return Visits(first, end, np.minimum(end, edges))


def by_keys(call: Sdpa, tile: TileShape, rows: int, keys: int) -> Visits:
    """Blocks of `tile.keys` keys against `rows` queries."""
    starts = np.arange(0, keys, tile.keys)
    tiles = -(-rows // tile.queries)
    first = starts // tile.queries if call.causal else np.zeros_like(starts)
    end = np.full_like(starts, tiles)
    if call.window:
        last = np.minimum(starts + tile.keys, keys) - 1 + call.window - 1
        end = np.minimum(tiles, last // tile.queries + 1)
        return Visits(first, end, end - first)
    first = np.minimum(first, end)
    edges = -(-tile.keys // tile.queries) if call.causal else int(rows % tile.queries > 0)
    return Visits(first, end, np.minimum(end - first, edges))
