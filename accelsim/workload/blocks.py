"""An Einsum on numpy arrays, a block of points at a time.

    `+=`       the factors of the product are evaluated apart, each over its own ranks, and
               contracted (`contract.py`); a point that does not exist sets a factor to zero
    selections the expression at every candidate of the block's results, put through selections.py
    others     the expression at every point of the block, reduced along axes
    `=`        the expression at every point of the block

Which points exist is the law of `einsum.py`: conditions, positions inside tensors, ragged tiles.
Elements that no point writes keep what the array held before. Blocks bound the memory of everything
that is neither an input nor a result.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial, reduce
from itertools import product
from math import prod

import numpy as np

from accelsim.workload.affine import Index, add_sizes
from accelsim.workload.contract import contract, varying
from accelsim.workload.einsum import Access, Cascade, Einsum, Expression, Operation, accesses
from accelsim.workload.gather import (
    Array,
    Mask,
    Space,
    aligned,
    inside,
    is_view,
    positions_in_array,
)
from accelsim.workload.meanings import NEUTRAL, REDUCERS, value
from accelsim.workload.operations import SELECTIONS
from accelsim.workload.selections import selected

#: Points of a block: 32 MiB for each temporary of float64.
BLOCK_POINTS = 2**22


@dataclass(frozen=True)
class Equation:
    """An Einsum made ready: the positions of its accesses in their arrays, those in partitioned
    ranks, and, of a running value, the position of the step before the one written."""

    einsum: Einsum
    axes: tuple[str, ...]
    kept_axes: frozenset[int]
    positions: Mapping[Access, tuple[Index, ...]]
    tiles: tuple[tuple[str, Index], ...]
    sizes: Mapping[str, int]
    step_before: tuple[Index, ...] | None = None

    @property
    def summed_axes(self) -> tuple[int, ...]:
        return tuple(axis for axis in range(len(self.axes)) if axis not in self.kept_axes)


def equation(cascade: Cascade, einsum: Einsum) -> Equation:
    axes = einsum.ranks
    used = (einsum.output, *einsum.reads)
    return Equation(
        einsum=einsum,
        axes=axes,
        kept_axes=frozenset(axes.index(rank) for rank in einsum.output.ranks),
        positions={access: positions_in_array(cascade, access) for access in used},
        tiles=tuple(_tiles(cascade, einsum)),
        sizes=cascade.ranks,
        step_before=_step_before(cascade, einsum.output),
    )


def _tiles(cascade: Cascade, einsum: Einsum) -> Iterator[tuple[str, Index]]:
    """The position in each partitioned rank that the Einsum's parts give (others count as 0)."""
    for whole in cascade.partitions:
        terms = cascade.partitioned_index(whole).terms
        own = tuple(term for term in terms if term[0] in einsum.ranks)
        if own:
            yield whole, Index(own)


def _step_before(cascade: Cascade, output: Access) -> tuple[Index, ...] | None:
    running = cascade.iterative_ranks(output.tensor)[:1]
    if not running or not set(running) <= set(output.ranks):
        return None
    return tuple(
        replace(index, offset=add_sizes(index.offset, -1)) if index.ranks == running else index
        for index in positions_in_array(cascade, output)
    )


def evaluate(equation: Equation, arrays: Mapping[str, Array], ranges: Mapping[str, range]) -> None:
    """Write the Einsum's output for these ranges of its ranks."""
    whole = space_of(equation, arrays, ranges)
    _EVALUATED[equation.einsum.reduction](equation, arrays, whole)
    if equation.step_before is not None:
        _keep_step_before(equation, equation.step_before, arrays, whole)


def space_of(equation: Equation, arrays: Mapping[str, Array], ranges: Mapping[str, range]) -> Space:
    """The Einsum's points with indices in these ranges, with the arrays to look positions up in."""

    def look_up(access: Access, space: Space) -> Array:
        return aligned(arrays[access.tensor], equation.positions[access], space)

    return Space(equation.axes, ranges, equation.sizes, look_up)


def masks(equation: Equation, arrays: Mapping[str, Array], space: Space) -> list[Mask]:
    """Where the points exist, clause by clause; clauses that hold everywhere are left out."""
    indices = space.indices
    found = [
        np.asarray(condition.holds(indices, space.sizes, space.read))
        for condition in equation.einsum.conditions
    ]
    for access, positions in equation.positions.items():
        found += inside(arrays[access.tensor], positions, space)
    for whole, index in equation.tiles:
        found.append(np.asarray(index.value(indices, space.sizes) < space.sizes[whole]))
    return [mask for mask in found if not mask.all()]


# --- blocks --------------------------------------------------------------------------------------


def _blocks(
    whole: Space, weight: Callable[[Mapping[str, int]], int], fixed: str | None = None
) -> Iterator[Space]:
    """The space cut along its outer ranks, until a block's weight is at most BLOCK_POINTS; never
    along `fixed`."""
    lengths = {rank: len(whole.ranges[rank]) for rank in whole.axes}
    for rank in (each for each in whole.axes if each != fixed):
        heavy, light = weight(lengths), weight(lengths | {rank: 1})
        if heavy > BLOCK_POINTS and light < heavy:
            lengths[rank] = max(1, lengths[rank] * BLOCK_POINTS // heavy)
    pieces = (_cut(whole.ranges[rank], lengths[rank]) for rank in whole.axes)
    for ranges in product(*pieces):
        own = dict(zip(whole.axes, ranges, strict=True))
        yield replace(whole, ranges={**whole.ranges, **own})


def _cut(whole: range, length: int) -> list[range]:
    starts = range(whole.start, whole.stop, length)
    return [range(start, min(start + length, whole.stop)) for start in starts]


def _points(lengths: Mapping[str, int]) -> int:
    return prod(lengths.values())


def _largest_array(equation: Equation, lengths: Mapping[str, int]) -> int:
    """Elements of the largest array of a contraction: a factor, a mask, the result."""
    einsum = equation.einsum
    over = [
        {r for a in accesses(factor) for r in a.ranks} for factor in _factors(einsum.expression)
    ]
    over += [set(condition.ranks) for condition in einsum.conditions]
    over += [set(einsum.output.ranks)]
    return max(prod(lengths[rank] for rank in ranks) for ranks in over)


# --- evaluation ----------------------------------------------------------------------------------


def _assign(equation: Equation, arrays: Mapping[str, Array], whole: Space) -> None:
    for space in _blocks(whole, _points):
        values = _value(equation, equation.einsum.expression, arrays, space)
        _store(equation, arrays, space, values, _mask(equation, arrays, space))


def _combine(equation: Equation, arrays: Mapping[str, Array], whole: Space) -> None:
    """Reduce the points of each block, then the result with what is there."""
    for space in _blocks(whole, _points):
        values = _value(equation, equation.einsum.expression, arrays, space)
        mask = _mask(equation, arrays, space)
        if not _scatters(equation, arrays, space):
            values, mask = _reduced(equation, values, mask, space), None
        _store(equation, arrays, space, values, mask)


def _reduced(equation: Equation, values: Array, mask: Mask | None, space: Space) -> Array:
    if mask is not None:
        values = np.where(mask, values, values.dtype.type(NEUTRAL[equation.einsum.reduction]))
    every_point = np.broadcast_to(values, space.shape)
    found: Array = _reducer(equation).reduce(every_point, equation.summed_axes, keepdims=True)
    return found


def _contract(equation: Equation, arrays: Mapping[str, Array], whole: Space) -> None:
    """Sums of products by matrix products, block by block; point by point where that would err."""
    for space in _blocks(whole, partial(_largest_array, equation)):
        operands = _operands(equation, arrays, space)
        if operands is None or _scatters(equation, arrays, space):
            _combine(equation, arrays, space)
        else:
            _store(equation, arrays, space, contract(operands, equation.kept_axes))


def _select(equation: Equation, arrays: Mapping[str, Array], whole: Space) -> None:
    """Every candidate of a result at once; blocks are cut along the other ranks."""
    einsum = equation.einsum
    (reduced,) = einsum.reduced_ranks
    right = whole.with_axes([rank for rank in einsum.ranks if rank not in einsum.slots])
    axis = right.axes.index(reduced)
    for space in _blocks(right, _points, fixed=reduced):
        values = np.broadcast_to(_value(equation, einsum.expression, arrays, space), space.shape)
        mask = _mask(equation, arrays, space)
        exists = None if mask is None else np.moveaxis(np.broadcast_to(mask, space.shape), axis, -1)
        slots = len(whole.ranges[einsum.slots[0]]) if einsum.slots else 1
        found = selected(str(einsum.reduction), np.moveaxis(values, axis, -1), exists, slots)
        own = [rank for rank in right.axes if rank != reduced]
        target_space = replace(space, axes=(*own, *einsum.slots))
        output = aligned(arrays[einsum.name], equation.positions[einsum.output], target_space)
        output[...] = found if einsum.slots else found[..., 0]


_EVALUATED: dict[str | None, Callable[[Equation, Mapping[str, Array], Space], None]] = {
    None: _assign,
    "+": _contract,
    "*": _combine,
    "max": _combine,
    "min": _combine,
    **dict.fromkeys(SELECTIONS, _select),
}


def _operands(equation: Equation, arrays: Mapping[str, Array], space: Space) -> list[Array] | None:
    """The factors, zero where points do not exist; None if their product is not the sum's term."""
    factors = _factors(equation.einsum.expression)
    operands = [_value(equation, factor, arrays, space) for factor in factors]
    clauses = masks(equation, arrays, space)
    for clause in clauses:
        operands = _masked(operands, clause)
    long = {axis for axis, length in enumerate(space.shape) if length > 1}
    unread = long.difference(equation.kept_axes, *(varying(each) for each in operands))
    shared = set.intersection(*(varying(each) for each in operands))
    # Infinite factors do not distribute over sums, and zero times infinity is not zero.
    plain = not clauses and long <= equation.kept_axes | shared
    finite = plain or all(np.isfinite(each).all() for each in operands)
    return operands if finite and not unread else None


def _masked(operands: list[Array], clause: Mask) -> list[Array]:
    """The operands with one of them zero where the clause fails, if need be the clause itself."""
    for at, operand in enumerate(operands):
        if varying(clause) <= varying(operand):
            zeroed = np.where(clause, operand, operand.dtype.type(0))
            return [*operands[:at], zeroed, *operands[at + 1 :]]
    return [*operands, clause.astype(operands[0].dtype)]


def _factors(expression: Expression) -> list[Expression]:
    """a * b / c → a, b, 1/c."""
    if isinstance(expression, Operation) and expression.name == "mul":
        return [factor for argument in expression.args for factor in _factors(argument)]
    if isinstance(expression, Operation) and expression.name == "div":
        above, below = expression.args
        return [*_factors(above), Operation("reciprocal", (below,))]
    return [expression]


def _value(
    equation: Equation, expression: Expression, arrays: Mapping[str, Array], space: Space
) -> Array:
    def read(access: Access) -> Array:
        return aligned(arrays[access.tensor], equation.positions[access], space)

    dtype = arrays[equation.einsum.name].dtype
    found = np.asarray(value(expression, read, equation.sizes, dtype, space.indices))
    return found.reshape(found.shape or (1,) * len(space.axes))


def _mask(equation: Equation, arrays: Mapping[str, Array], space: Space) -> Mask | None:
    clauses = masks(equation, arrays, space)
    return reduce(np.logical_and, clauses) if clauses else None


# --- results -------------------------------------------------------------------------------------


def _reducer(equation: Equation) -> np.ufunc:
    assert equation.einsum.reduction is not None
    return REDUCERS[equation.einsum.reduction]


def _scatters(equation: Equation, arrays: Mapping[str, Array], space: Space) -> bool:
    """Whether the output's positions are no view, so that points must be stored one by one."""
    output = equation.einsum.output
    return not is_view(arrays[output.tensor], equation.positions[output], space)


def _store(
    equation: Equation,
    arrays: Mapping[str, Array],
    space: Space,
    values: Array,
    mask: Mask | None = None,
) -> None:
    if _scatters(equation, arrays, space):
        return _scatter(equation, arrays, space, values, mask)
    output = equation.einsum.output
    target = aligned(arrays[output.tensor], equation.positions[output], space)
    if equation.einsum.reduction is not None:
        values = _reducer(equation)(target, values)
    np.copyto(target, values, where=True if mask is None else mask)


def _scatter(
    equation: Equation,
    arrays: Mapping[str, Array],
    space: Space,
    values: Array,
    mask: Mask | None,
) -> None:
    """Store every point at its position; several points of a reduction may meet in one element."""
    output = equation.einsum.output
    exists = np.broadcast_to(True if mask is None else mask, space.shape)
    at = tuple(
        np.broadcast_to(space.value(position), space.shape)[exists]
        for position in equation.positions[output]
    )
    found = np.broadcast_to(values, space.shape)[exists]
    if equation.einsum.reduction is None:
        arrays[output.tensor][at] = found
    else:
        _reducer(equation).at(arrays[output.tensor], at, found)


def _keep_step_before(
    equation: Equation, before: tuple[Index, ...], arrays: Mapping[str, Array], space: Space
) -> None:
    """Steps that do not exist leave the running value as it was."""
    exists = _mask(equation, arrays, space)
    if exists is not None:
        array = arrays[equation.einsum.name]
        target = aligned(array, equation.positions[equation.einsum.output], space)
        written = exists.any(axis=equation.summed_axes, keepdims=True)
        np.copyto(target, aligned(array, before, space), where=~written)
