"""Where the accesses of an Einsum lie in arrays.

A *space* is the part of an iteration space that is evaluated at once: a range of each rank, one
axis per rank. What depends on the indices is *aligned* to it: it has all axes, of size 1 where it
is constant.

An access whose positions are `m`, `m + 1`, `2*m` or fixed is a view of the tensor; any other
position (`m1*M0 + m0`, `p - w`, `I[p,k]`) is gathered by an index array. Positions outside the
tensor are moved to its edge; `inside` says where they are, for no such point exists.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accelsim.base.errors import WorkloadError
from accelsim.workload.affine import Index, add_sizes, size_value
from accelsim.workload.einsum import Access, Cascade
from accelsim.workload.points import position_ranges

Array = NDArray[Any]
Mask = NDArray[np.bool_]


def _nothing_to_look_up(access: Access, space: "Space") -> Array:
    raise AssertionError(f"{access} is looked up where nothing was given to look it up in")


@dataclass(frozen=True)
class Space:
    """The points with one index per axis out of its range; `sizes` are the ranks' sizes, `look_up`
    gives the elements of an access that a position depends on."""

    axes: tuple[str, ...]
    ranges: Mapping[str, range]
    sizes: Mapping[str, int]
    look_up: Callable[[Access, "Space"], Array] = _nothing_to_look_up

    def value(self, position: Index) -> Array:
        """The position at every point, aligned; whole numbers."""
        found = np.asarray(position.value(self.indices, self.sizes, self.read))
        return found if found.dtype.kind in "iu" else _whole(position, found)

    def read(self, access: Access) -> Array:
        return self.look_up(access, self)

    def with_axes(self, axes: Sequence[str]) -> "Space":
        return replace(self, axes=tuple(axes))

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(len(self.ranges[rank]) for rank in self.axes)

    @property
    def indices(self) -> dict[str, Array]:
        """Every rank's index values, aligned."""
        return {
            rank: np.arange(self.ranges[rank].start, self.ranges[rank].stop).reshape(
                [-1 if axis == rank else 1 for axis in self.axes]
            )
            for rank in self.axes
        }


def _whole(position: Index, found: Array) -> Array:
    whole = np.rint(found)
    if not np.array_equal(whole, found):
        example = found[whole != found].flat[0]
        raise WorkloadError(
            f"position {position} is {example:g} at some point, which is no whole number",
            remedy="Look up tensors of positions, as topk= and argmax= make them",
        )
    return whole.astype(np.int64)


def array_shape(cascade: Cascade, tensor: str) -> tuple[int, ...]:
    """Elements along each rank; a running value has its initial ones too."""
    return tuple(high - low + 1 for low, high in position_ranges(cascade, tensor))


def positions_in_array(cascade: Cascade, access: Access) -> tuple[Index, ...]:
    """The access's position on each axis of its array, counted from the array's first element."""
    firsts = (low for low, _ in position_ranges(cascade, access.tensor))
    return tuple(
        replace(index, offset=add_sizes(index.offset, -first))
        for index, first in zip(cascade.positions(access), firsts, strict=True)
    )


def aligned(array: Array, positions: Sequence[Index], space: Space) -> Array:
    """The accessed elements; a view (which may be written to) where all positions are plain."""
    slices = _slices(array, positions, space)
    gathered = [axis for axis, each in enumerate(slices) if each is None]
    key: tuple[Any, ...] = tuple(slice(None) if each is None else each for each in slices)
    view = array[(*key, ...)]
    if gathered:
        view = _gathered(view, gathered, positions, space)
    moved = [_rank_of(each) for axis, each in enumerate(positions) if axis not in gathered]
    leading = [rank for rank in space.axes if any(rank in positions[a].ranks for a in gathered)]
    return _spread(view, [*leading, *moved], space.axes)


def is_view(array: Array, positions: Sequence[Index], space: Space) -> bool:
    return None not in _slices(array, positions, space)


def inside(array: Array, positions: Sequence[Index], space: Space) -> Iterator[Mask]:
    """Masks of the points whose position lies inside the array; none where all do."""
    for position, length in zip(positions, array.shape, strict=True):
        low, high = _extremes(position, space)
        if low < 0 or high >= length:
            at = space.value(position)
            yield (at >= 0) & (at < length)


def _rank_of(index: Index) -> str | None:
    return index.terms[0][0] if index.terms else None


def _slices(array: Array, positions: Sequence[Index], space: Space) -> list[slice | None]:
    """A slice per axis of the array; None where the position must be gathered."""
    found = [_slice(each, n, space) for each, n in zip(positions, array.shape, strict=True)]
    uses = [rank for index in positions for rank in index.ranks]
    for axis, index in enumerate(positions):
        if any(uses.count(rank) > 1 for rank in index.ranks):
            found[axis] = None
    return found


def _slice(index: Index, length: int, space: Space) -> slice | None:
    if not index.is_linear or len(index.terms) > 1:
        return None
    low, high = _extremes(index, space)
    step = size_value(index.terms[0][1], space.sizes) if index.terms else 1
    if step < 1 or low < 0 or high >= length:
        return None
    return slice(int(low), int(high) + 1, step)


def _extremes(index: Index, space: Space) -> tuple[float, float]:
    """Lowest and highest position over the space; of lookups anything is possible."""
    if index.looked_up:
        return -np.inf, np.inf
    low = high = size_value(index.offset, space.sizes)
    if index.final:
        low = high = low + space.sizes[index.final]
    for rank, size in index.terms:
        factor = size_value(size, space.sizes)
        ends = factor * space.ranges[rank][0], factor * space.ranges[rank][-1]
        low, high = low + min(ends), high + max(ends)
    for quotient in index.quotients:
        factor = size_value(quotient.coefficient, space.sizes)
        divisor = size_value(quotient.divisor, space.sizes)
        ends = tuple(factor * (each // divisor) for each in _extremes(quotient.numerator, space))
        low, high = low + min(ends), high + max(ends)
    return low, high


def _gathered(view: Array, axes: list[int], positions: Sequence[Index], space: Space) -> Array:
    """The view with the gathered axes replaced, in front, by the ranks that move them."""
    leading = [rank for rank in space.axes if any(rank in positions[a].ranks for a in axes)]
    within = space.with_axes(leading)
    index_arrays = tuple(
        np.clip(within.value(positions[axis]), 0, view.shape[axis] - 1) for axis in axes
    )
    taken: Array = np.moveaxis(view, axes, range(len(axes)))[index_arrays]
    return taken


def _spread(view: Array, ranks: Sequence[str | None], axes: Sequence[str]) -> Array:
    """The view with its axes in the order of the space, those it lacks with size 1."""
    fixed = tuple(0 if rank is None else slice(None) for rank in ranks)
    kept = [rank for rank in ranks if rank is not None]
    ordered = view[(*fixed, ...)].transpose([kept.index(rank) for rank in axes if rank in kept])
    return ordered[(*(slice(None) if rank in kept else None for rank in axes), ...)]
