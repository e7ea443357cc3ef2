"""Elements that cross a boundary of a loop nest, in closed form, exactly.

A storage at depth d holds one tile per instance. It is filled when the loops outside d bring it
another tile, and keeps its tile while they move only other tensors (temporal reuse). An instance
is one setting of the spatial loops outside d; instances that want the same tile at the same time
share one read of their parent (multicast), and outputs travel the other way, added up on their
way (spatial reduction). Factors need not divide a rank: the last tile is smaller, places beyond
the rank stay empty, and an instance with nothing to do keeps what it has.

    moved = Π size[r] over the tensor's ranks · Π visits[q] over the other ranks
            − what steps that change only other ranks would have brought again

    visits[q] = Σ over instances of the tiles of q an instance visits

The instances of one rank fall into few classes that visit equally many tiles: those before, at
and after the place of the last tile on each spatial loop. `cost/walk.py` counts the same, element
by element; a test compares the two on random nests.
"""

from collections.abc import Mapping, Sequence, Set
from math import prod
from typing import NamedTuple

from accelsim.mapping.loops import Loop, Number, ceil_div, factor_product


class InstanceClass(NamedTuple):
    """`weight` instances that each visit `tiles` tiles; `holds_last`: among them the last tile.

    `behind` has, for each storage around, 1 if its instance visits a tile after these are done.
    """

    weight: Number
    tiles: Number
    holds_last: bool
    behind: tuple[Number, ...]


class RankWalk(NamedTuple):
    """How the loops outside a depth walk over one rank.

    `inner_steps[i]` is the product of the rank's temporal factors from loop i inwards, so that
    ceil(tiles / inner_steps[i]) counts the positions that an instance has seen above loop i;
    `last_step` is its innermost temporal loop, -1 if it has none.
    """

    size: Number
    tile: Number
    classes: tuple[InstanceClass, ...]
    inner_steps: tuple[Number, ...]
    last_step: int
    around: tuple[int, ...]

    def visits(self, depth: int) -> Number:
        """Positions above `depth`, summed over instances."""
        steps = self.inner_steps[depth]
        return sum(kind.weight * ceil_div(kind.tiles, steps) for kind in self.classes)

    def resting_elements(self, depth: int) -> Number:
        """Elements of the tiles that rest while the loops inside `depth` run."""
        if depth > self.last_step:
            return self.size
        steps = self.inner_steps[depth]
        alone = sum(self._lone_last_tile(kind, steps, depth) for kind in self.classes)
        return (steps == 1) * self.size + (steps != 1) * alone

    def _lone_last_tile(self, kind: InstanceClass, steps: Number, depth: int) -> Number:
        is_alone = (kind.tiles > 0) * ((kind.tiles - 1) % steps == 0)
        length = self._last_tile() if kind.holds_last else self.tile
        return kind.weight * is_alone * length * self._is_kept_around(kind, depth)

    def _is_kept_around(self, kind: InstanceClass, depth: int) -> Number:
        """Whether the storages around rest too: what lies in a tile leaves with it."""
        return prod(
            1 - behind * (self.inner_steps[depth] != self.inner_steps[outer])
            for outer, behind in zip(self.around, kind.behind, strict=True)
            if outer > depth
        )

    def _last_tile(self) -> Number:
        return self.size - (ceil_div(self.size, self.tile) - 1) * self.tile


def rank_walk(
    loops: Sequence[Loop],
    depth: int,
    rank: str,
    size: Number,
    shared_from: int,
    around: tuple[int, ...],
) -> RankWalk:
    """Walk of the loops outside `depth` over `rank`.

    Spatial loops from `shared_from` inwards count once: their instances share what they are sent.
    """
    tile = factor_product(loops[depth:], rank)
    own = [i for i, loop in enumerate(loops[:depth]) if loop.rank == rank]
    steps: list[Number] = [1] * (depth + 1)
    for i in reversed(own):
        if not loops[i].is_spatial:
            steps[: i + 1] = [steps[i + 1] * loops[i].factor] * (i + 1)
    return RankWalk(
        size=size,
        tile=tile,
        classes=_instance_classes(loops, own, shared_from, around, ceil_div(size, tile)),
        inner_steps=tuple(steps),
        last_step=max((i for i in own if not loops[i].is_spatial), default=-1),
        around=around,
    )


def _instance_classes(
    loops: Sequence[Loop],
    own: Sequence[int],
    shared_from: int,
    around: tuple[int, ...],
    tiles: Number,
) -> tuple[InstanceClass, ...]:
    """Classes of instances of one rank, whose loops are those at `own`."""
    classes = []
    rest, before, equal = tiles - 1, 0, 1
    behind = [1 for _ in around]
    for n, i in enumerate(own):
        loop, inner = loops[i], own[n + 1 :]
        span = prod(loops[k].factor for k in inner)
        digit, rest = rest // span, rest % span
        if not loop.is_spatial:
            before = before * loop.factor + digit
            behind = [
                b * (digit == 0) if outer <= i else b
                for b, outer in zip(behind, around, strict=True)
            ]
            continue
        steps = prod(loops[k].factor for k in inner if not loops[k].is_spatial)
        free = prod(loops[k].factor for k in inner if loops[k].is_spatial and k < shared_from)
        none = tuple(0 for _ in around)
        fuller = (digit > 0) * 1 if i >= shared_from else digit
        classes.append(InstanceClass(equal * fuller * free, (before + 1) * steps, False, none))
        if i >= shared_from:
            equal = equal * (digit == 0)
        else:
            emptier = equal * (loop.factor - digit - 1) * free
            late = tuple(b if outer <= i else 0 for b, outer in zip(behind, around, strict=True))
            classes.append(InstanceClass(emptier, before * steps, False, late))
    return (*classes, InstanceClass(equal, before + 1, True, tuple(0 for _ in around)))


class Walks:
    """How the loops of a nest walk over its ranks, of these `sizes`; each walk is found once."""

    def __init__(self, loops: Sequence[Loop], sizes: Mapping[str, Number]) -> None:
        self.loops, self.sizes = loops, sizes
        self._known: dict[tuple[str, int, int, tuple[int, ...]], RankWalk] = {}

    def at(
        self, depth: int, tensor_ranks: Set[str], shared_from: int, around: tuple[int, ...] = ()
    ) -> dict[str, RankWalk]:
        """Of every rank, the walk of the loops outside `depth`."""
        # Instances on a rank of the tensor hold different tiles and so share nothing.
        return {
            rank: self._over(rank, depth, depth if rank in tensor_ranks else shared_from, around)
            for rank in self.sizes
        }

    def _over(self, rank: str, depth: int, shared_from: int, around: tuple[int, ...]) -> RankWalk:
        shared_from = self._first_spatial(rank, shared_from, depth)
        key = (rank, depth, shared_from, around)
        found = self._known.get(key)
        if found is None:
            found = rank_walk(self.loops, depth, rank, self.sizes[rank], shared_from, around)
            self._known[key] = found
        return found

    def _first_spatial(self, rank: str, shared_from: int, depth: int) -> int:
        """Without a spatial loop of the rank further in there is nothing to share."""
        for place in range(shared_from, depth):
            if self.loops[place].rank == rank and self.loops[place].is_spatial:
                return place
        return depth


def moved_elements(
    walks: Walks,
    depth: int,
    tensor_ranks: Set[str],
    shared_from: int,
    around: tuple[int, ...] = (),
) -> Number:
    """Elements of a tensor that come into the tiles at `depth` (or leave them, for an output).

    With `shared_from = depth` every instance counts for itself: the fills of a storage there.
    With the depth of the parent storage, instances between the two share: the parent's reads.
    An output's tile leaves with the tiles it is part of, those of the storages `around` it.
    """
    at = walks.at(depth, tensor_ranks, shared_from, around)
    others = [rank for rank in at if rank not in tensor_ranks]
    carried = [walk for rank, walk in at.items() if rank in tensor_ranks]
    moved = prod(walk.size for walk in carried) * prod(at[q].visits(depth) for q in others)
    for i, loop in enumerate(walks.loops[:depth]):
        if loop.rank in tensor_ranks or loop.is_spatial:
            continue
        steps = at[loop.rank].visits(i + 1) - at[loop.rank].visits(i)
        repeats = prod(at[q].visits(i + 1) for q in others if q != loop.rank)
        moved = moved - steps * repeats * prod(walk.resting_elements(i + 1) for walk in carried)
    return moved


def operand_elements(walks: Walks, tensor_ranks: Set[str], shared_from: int) -> Number:
    """Elements of a tensor that the processing elements take, one a step: nothing is held there."""
    depth = len(walks.loops)
    return prod(
        walk.size if rank in tensor_ranks else walk.visits(depth)
        for rank, walk in walks.at(depth, tensor_ranks, shared_from).items()
    )


def array_steps(walks: Walks) -> Number:
    """Steps in which at least one processing element works."""
    return operand_elements(walks, frozenset(), shared_from=0)
