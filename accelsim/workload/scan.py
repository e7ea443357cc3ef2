"""Running values without a Python loop over their steps, where they are plain:

    R[i+1] = R[i] + b[i]              a sum                np.add.accumulate
    R[i+1] = max(R[i], b[i])          a maximum, minimum   np.maximum.accumulate
    R[i+1] = a[i] * R[i] + b[i]       linear               kernels.py

a and b do not depend on R and are computed for all steps at once. Einsums between the steps
(SPD[m1] = RD[m1] * PRM[m1]) are put in where they are read, and computed after the running value.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import prod

import numpy as np

from accelsim.workload.affine import add_sizes
from accelsim.workload.blocks import BLOCK_POINTS, Equation, equation, evaluate, masks, space_of
from accelsim.workload.einsum import Access, Cascade, Einsum, Expression, Operation, accesses
from accelsim.workload.gather import Array, Space, aligned, is_view
from accelsim.workload.meanings import NEUTRAL, REDUCERS, value
from accelsim.workload.recurrence import Loop, Whole, einsums_of

#: Fewer steps are faster one by one than numba is loaded.
FEWEST_STEPS = 4096


@dataclass(frozen=True)
class Scan:
    """A loop as one running value, of which `einsum` reads only `before`, the step before, and the
    Einsums between its steps."""

    rank: str
    einsum: Einsum
    before: Access
    between: tuple[Einsum, ...]


@dataclass(frozen=True)
class _Form:
    """combine(factor · R, term); no factor if the value does not depend on R."""

    factor: Array | None
    term: Array
    combine: str = "+"


def plain_scan(cascade: Cascade, loop: Loop) -> Scan | None:
    """The loop as a scan, if it is one and long enough to be worth it."""
    einsums = {name: cascade.einsum(name) for name in einsums_of(loop)}
    running = [name for name in einsums if cascade.iterative_ranks(name)]
    nested = any(not isinstance(part, Whole) for part in loop.body)
    reduces = any(einsum.reduction for einsum in einsums.values())
    if nested or reduces or len(running) != 1 or cascade.ranks[loop.rank] < FEWEST_STEPS:
        return None
    einsum = einsums.pop(running[0])
    inlined = replace(einsum, expression=_inlined(einsum.expression, einsums))
    before = _step_before(einsum.output, loop.rank)
    own = {each for each in accesses(inlined.expression) if each.tensor in {*einsums, einsum.name}}
    narrower = any(set(each.conditions) - set(einsum.conditions) for each in einsums.values())
    large = prod(cascade.ranks[rank] for rank in inlined.ranks) > BLOCK_POINTS
    if own != {before} or narrower or large:
        return None
    return Scan(loop.rank, inlined, before, tuple(einsums.values()))


def _inlined(expression: Expression, between: Mapping[str, Einsum]) -> Expression:
    """The expression with the Einsums between the steps in the place of their tensors."""
    if isinstance(expression, Operation):
        return replace(expression, args=tuple(_inlined(each, between) for each in expression.args))
    if isinstance(expression, Access) and expression.tensor in between:
        einsum = between[expression.tensor]
        if expression == einsum.output:
            return _inlined(einsum.expression, between)
    return expression


def _step_before(output: Access, rank: str) -> Access:
    return replace(
        output,
        indices=tuple(
            replace(index, offset=add_sizes(index.offset, -1)) if index.ranks == (rank,) else index
            for index in output.indices
        ),
    )


def scanned(cascade: Cascade, scan: Scan, arrays: Mapping[str, Array]) -> bool:
    """Write the values of all steps; False, and nothing written, if they are not that plain."""
    ready = equation(cascade, scan.einsum)
    space = space_of(ready, arrays, _whole(ready))
    target = arrays[scan.einsum.name]
    form = _root_form(scan, ready, arrays, space)
    if form is None or not is_view(target, ready.positions[scan.einsum.output], space):
        return False
    first = replace(space, ranges={**space.ranges, scan.rank: range(1)})
    start = aligned(target, ready.positions[scan.before], first)
    form = _existing(form, ready, arrays, space)
    # Infinite factors and terms do not distribute: 0 times infinity is no number.
    parts = [each for each in (form.factor, form.term, start) if each is not None]
    if _scales(form) and not all(np.isfinite(each).all() for each in parts):
        return False
    steps = _accumulated(form, start, space, scan.rank)
    aligned(target, ready.positions[scan.einsum.output], space)[...] = steps
    for einsum in scan.between:
        between = equation(cascade, einsum)
        evaluate(between, arrays, _whole(between))
    return True


def _whole(ready: Equation) -> dict[str, range]:
    return {rank: range(ready.sizes[rank]) for rank in ready.axes}


def _existing(form: _Form, ready: Equation, arrays: Mapping[str, Array], space: Space) -> _Form:
    """Steps that do not exist leave the running value as it was."""
    for clause in masks(ready, arrays, space):
        neutral = form.term.dtype.type(NEUTRAL[form.combine])
        one = form.term.dtype.type(1)
        scale = one if form.factor is None else form.factor
        factor = np.asarray(np.where(clause, scale, one)) if _scales(form) else form.factor
        form = _Form(factor, np.where(clause, form.term, neutral), form.combine)
    return form


def _scales(form: _Form) -> bool:
    return form.factor is not None and (form.factor.ndim > 0 or form.factor != 1)


def _accumulated(form: _Form, start: Array, space: Space, rank: str) -> Array:
    """The running value after each step, on the axes of the space."""
    axis = space.axes.index(rank)
    term = _lanes(form.term, space.shape, axis)
    running = np.concatenate([_lanes(start, _one_long(space.shape, axis), axis), term])
    if form.factor is not None and _scales(form):
        # Loading numba takes longer than most cascades run.
        from accelsim.workload.kernels import linear_recurrence

        linear_recurrence(_lanes(form.factor, space.shape, axis), term, running)
    else:
        REDUCERS[form.combine].accumulate(running, axis=0, out=running)
    steps_first = (space.shape[axis], *space.shape[:axis], *space.shape[axis + 1 :])
    return np.moveaxis(running[1:].reshape(steps_first), 0, axis)


def _lanes(array: Array, shape: tuple[int, ...], axis: int) -> Array:
    """The array of this shape as a matrix: steps, and all other axes as lanes."""
    whole = np.moveaxis(np.broadcast_to(array, shape), axis, 0)
    return whole.reshape(whole.shape[0], prod(whole.shape[1:]))


def _one_long(shape: tuple[int, ...], axis: int) -> tuple[int, ...]:
    return (*shape[:axis], 1, *shape[axis + 1 :])


# --- forms ---------------------------------------------------------------------------------------


def _root_form(
    scan: Scan, ready: Equation, arrays: Mapping[str, Array], space: Space
) -> _Form | None:
    """The expression as max(R, b), min(R, b) or a · R + b; None if it is none of them."""

    def form(expression: Expression) -> _Form | None:
        return _form(scan, ready, arrays, space, expression)

    expression = scan.einsum.expression
    if not isinstance(expression, Operation) or expression.name not in ("max", "min"):
        return form(expression)
    one, other = (form(each) for each in expression.args)
    if one is None or other is None or (one.factor is None) == (other.factor is None):
        return None
    running, term = (one, other) if other.factor is None else (other, one)
    plain = not _scales(running) and not running.term.any()
    return _Form(running.factor, term.term, expression.name) if plain else None


def _form(
    scan: Scan,
    ready: Equation,
    arrays: Mapping[str, Array],
    space: Space,
    expression: Expression,
) -> _Form | None:
    def read(access: Access) -> Array:
        return aligned(arrays[access.tensor], ready.positions[access], space)

    dtype = arrays[scan.einsum.name].dtype
    if scan.before not in accesses(expression):
        return _Form(None, np.asarray(value(expression, read, ready.sizes, dtype, space.indices)))
    if isinstance(expression, Access):
        return _Form(np.ones((), dtype), np.zeros((), dtype))
    if not isinstance(expression, Operation) or expression.name not in _LINEAR:
        return None
    parts = [_form(scan, ready, arrays, space, each) for each in expression.args]
    known = [part for part in parts if part is not None]
    return _LINEAR[expression.name](*known) if len(known) == len(parts) else None


def _sum(left: _Form, right: _Form) -> _Form:
    factors = [each.factor for each in (left, right) if each.factor is not None]
    return _Form(np.asarray(sum(factors[1:], start=factors[0])), np.asarray(left.term + right.term))


def _negative(form: _Form) -> _Form:
    return _Form(None if form.factor is None else -form.factor, -form.term)


def _difference(left: _Form, right: _Form) -> _Form:
    return _sum(left, _negative(right))


def _product(left: _Form, right: _Form) -> _Form | None:
    if left.factor is not None and right.factor is not None:
        return None
    running, scale = (left, right) if right.factor is None else (right, left)
    assert running.factor is not None
    return _Form(np.asarray(running.factor * scale.term), np.asarray(running.term * scale.term))


def _quotient(above: _Form, below: _Form) -> _Form | None:
    if above.factor is None or below.factor is not None:
        return None
    return _Form(np.asarray(above.factor / below.term), np.asarray(above.term / below.term))


_LINEAR: dict[str, Callable[..., _Form | None]] = {
    "add": _sum,
    "sub": _difference,
    "neg": _negative,
    "mul": _product,
    "div": _quotient,
}
