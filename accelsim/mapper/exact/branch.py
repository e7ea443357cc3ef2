"""The best mapping of one Einsum, by branch and bound over boxes of factors.

A box gives every factor of a root a range. Its bound takes for every term what is best for it:

    bytes     a tensor comes into a memory's tiles as often as the loops over other ranks turn,

                  Π over other ranks q  ceil(size / (tile · what of q runs while the tensor stays))

              at the largest factors; neighbours on the array share what their parent sends
    cycles    Π ceil(size / side by side) · cycles of a point, at the largest factors; or bytes over
              a memory's bandwidth, if that is more
    room      tiles at the smallest factors must fit

The box with the least bound is split in two at the geometric mean of its widest range, until no box
is below the best mapping known. A box of one mapping is evaluated by the cost model itself
(`batch`), so that what the bound leaves out (ragged last tiles) is only ever in its favour.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from math import inf
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from accelsim.mapper.batch import Evaluator
from accelsim.mapper.exact.boxes import Boxes
from accelsim.mapper.exact.nests import factor_names, mapping_of
from accelsim.mapper.exact.search import Bounded, Search
from accelsim.mapper.exact.space import Root, Space
from accelsim.mapper.exact.tabled import tables_of, widest
from accelsim.mapper.exact.tables import Tables, Weights

AS_GOOD = 1e-12
"""A bound within this share of the best is not followed: sums of floats are no more exact."""

DIVES = 32
"""So many boxes are followed down to single mappings, to have something to beat."""

A_DIVE = 16
"""They are at first and every so many steps: where many boxes have the same bound, none is split
to its end otherwise, and a search that is cut off has little to show."""

IN_VAIN = 20_000
"""Boxes after which a space is given up where no bound tells what breaks a constraint."""

Told = Callable[[float, int], None]
"""Hears of the best value so far and of how many candidates were just seen."""


@dataclass(frozen=True)
class Choice:
    """A mapping of one Einsum and what it costs: pJ with leakage while it runs, and s."""

    space: Space
    root: Root
    factors: Mapping[str, int]
    energy_pj: float
    latency_s: float
    value: float


class Answer(NamedTuple):
    """`choice` is None if nothing of the spaces fits. Nothing there is below `bound`, which is the
    choice's own value where the spaces were searched to the end."""

    choice: Choice | None
    bound: float
    seen: int
    pruned: int


class Branch:
    """The spaces of one Einsum, an array each. It remembers what it has recorded and tabled."""

    def __init__(self, spaces: Sequence[Space]) -> None:
        self.spaces = spaces
        self._evaluators: dict[tuple[int, int], Evaluator] = {}
        self._tabled: dict[int, tuple[Tables, Boxes]] = {}

    def floor(self, weights: Weights) -> float:
        """What the widest boxes are bounded by; infinite if nothing fits."""
        entries = (self._search(place, weights, inf) for place in range(len(self.spaces)))
        return min((entry.bound for entry in entries), default=inf)

    def best(
        self,
        weights: Weights,
        most: Callable[[], int],
        told: Told,
        known: Choice | None = None,
        below: float = inf,
    ) -> Answer:
        """The mapping of least weighted sum; `known`, or none, if none is less than that and
        `below`.

        It gives up where `most()` boxes have been bounded in a space and there is something to
        beat or constraints may leave nothing, or `IN_VAIN` and there is nothing, if tensors have
        limits.
        """
        choice, bound, seen, pruned = None, inf, 0, 0
        below = min(below, self._value(known, weights)) if known else below
        for place in range(len(self.spaces)):
            answer = self._in_space(place, weights, below, most, told)
            seen, pruned = seen + answer.seen, pruned + answer.pruned
            bound = min(bound, answer.bound)
            if answer.choice is not None:
                choice, below = answer.choice, answer.choice.value
        return Answer(choice or known, min(bound, below), seen, pruned)

    def _value(self, choice: Choice, weights: Weights) -> float:
        cycles = choice.latency_s * choice.space.arch.clock_hz
        return weights.pj * choice.energy_pj + weights.cycle * cycles

    def _in_space(
        self, place: int, weights: Weights, below: float, most: Callable[[], int], told: Told
    ) -> Answer:
        space, choice, seen = self.spaces[place], None, 0
        search = self._search(place, weights, below * (1 - AS_GOOD))
        leaves = search.dive(DIVES)
        for step in count(1):
            found, better = self._evaluated(place, leaves, weights, below)
            seen += found
            if better:
                choice, below = better, better.value
            told(below, found)
            search.below = below * (1 - AS_GOOD)
            limit = most() if below < inf else _most_in_vain(space, most())
            if not search.is_open or search.bounded > limit:
                break
            leaves = search.step() if step % A_DIVE else search.dive(DIVES)
        return Answer(choice, search.bound, seen, search.bounded - seen)

    def _search(self, place: int, weights: Weights, below: float) -> Search:
        """Of all of a space."""
        if place not in self._tabled:
            self._tabled[place] = tables_of(self.spaces[place]), widest(self.spaces[place])
        tables, boxes = self._tabled[place]
        return Search(tables, weights, boxes, below)

    def _evaluated(
        self, place: int, leaves: Bounded, weights: Weights, below: float
    ) -> tuple[int, Choice | None]:
        """How many had to be looked at, and the best of the leaves, if it is below."""
        space, best, seen = self.spaces[place], None, 0
        roots, firsts = np.unique(leaves.boxes.root, return_inverse=True)
        least = np.full(roots.size, inf)
        np.minimum.at(least, firsts, leaves.bound)
        for number in np.argsort(least, kind="stable"):
            own = leaves.at((firsts == number) & (leaves.bound < below * (1 - AS_GOOD)))
            if not own.bound.size:
                continue
            seen += own.bound.size
            root = space.roots[roots[number]]
            tiles = _columns(space, own.boxes.low)
            if not next(iter(tiles.values())).size:
                continue
            batch = self._evaluator(place, int(roots[number]))(tiles)
            cycles = batch.latency_s * space.arch.clock_hz
            values = weights.pj * batch.energy_pj + weights.cycle * cycles
            for memory, price in zip(space.arch.memories, weights.per_byte, strict=False):
                values = values + price * batch.traffic_bytes[memory.name]
            values = np.where(batch.legal & (cycles <= weights.most_cycles), values, inf)
            first = int(np.argmin(values))
            if values[first] < below:
                below = float(values[first])
                factors = {name: int(column[first]) for name, column in tiles.items()}
                energy, latency = batch.energy_pj[first], batch.latency_s[first]
                best = Choice(space, root, factors, float(energy), float(latency), below)
        return seen, best

    def _evaluator(self, place: int, root: int) -> Evaluator:
        if (place, root) not in self._evaluators:
            space = self.spaces[place]
            mapping = mapping_of(space, space.roots[root])
            evaluator = Evaluator(space.alone, space.arch, mapping, space.constraints)
            self._evaluators[place, root] = evaluator
        return self._evaluators[place, root]


def _most_in_vain(space: Space, most: int) -> float:
    """Without constraints there is something to be found, however long it takes."""
    if space.constraints.tensor_traffic_bytes:
        return IN_VAIN
    return max(most, IN_VAIN) if space.constraints.said else inf


def _columns(space: Space, boxes: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """The factors of boxes of one mapping (n x R x S) by name, as rows and columns of the array."""
    array = space.arch.array(space.array)
    fixed = {
        place: space.fixed.on_array[rank][0]
        for place, rank in enumerate(space.ranks)
        if rank in space.fixed.on_array
    }
    width = int(array.rows), int(array.columns)
    beside = [tuple(box[:, space.shared].astype(int).tolist()) for box in boxes]
    ways = [rows_of(each, *width, fixed) for each in beside]
    kept = [place for place, rows in enumerate(ways) if rows is not None]
    factors = boxes[kept]
    rows = np.array([ways[place] for place in kept], dtype=float).reshape(-1, len(space.ranks))
    named: dict[str, NDArray[np.float64]] = {}
    for (rank, slot), names in factor_names(space).items():
        own = factors[:, rank, slot]
        sides = (rows[:, rank], own / rows[:, rank])
        named |= dict(zip(names, sides if slot == space.shared else (own,), strict=True))
    return named


def rows_of(
    beside: tuple[int, ...], rows: int, columns: int, fixed: Mapping[int, int], rank: int = 0
) -> tuple[int, ...] | None:
    """On how many rows each rank lies, the rest on columns; None if they cannot. `fixed` stay."""
    if not beside:
        return ()
    first, *others = beside
    for own in range(min(rows, first), 0, -1):
        across = first // own
        if first % own == 0 and across <= columns and fixed.get(rank, own) == own:
            rest = rows_of(tuple(others), rows // own, columns // across, fixed, rank + 1)
            if rest is not None:
                return (own, *rest)
    return None
