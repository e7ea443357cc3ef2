"""Random cascades that are interpreted, against a loop over every point and numpy.einsum."""

from collections.abc import Callable, Mapping
from functools import cache
from math import inf
from typing import Any

import numpy as np
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from accelsim.base.errors import WorkloadError
from accelsim.workload import blocks, scan
from accelsim.workload.einsum import Access, Cascade, Constant, Expression, RankSize
from accelsim.workload.interpret import interpret
from tests.workload.positions import by_position, position_of
from tests.workload.random_cascades import cascades, random_inputs

MEANING: dict[str, Callable[..., Any]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "neg": lambda a: -a,
    "max": np.maximum,
    "min": np.minimum,
    "exp": np.exp,
    "tanh": np.tanh,
}
REDUCTION: dict[str | None, tuple[float, Callable[..., Any]]] = {
    "+": (0.0, MEANING["add"]),
    "*": (1.0, MEANING["mul"]),
    "max": (-inf, np.maximum),
    "min": (inf, np.minimum),
    None: (0.0, lambda _, value: value),
}


def slow_interpret(
    cascade: Cascade,
    inputs: Mapping[str, Any],
    points_of: Callable[..., list[dict[str, int]]],
    tensor: str,
) -> dict[tuple[int, ...], float]:
    """All elements of a tensor by position, each computed when it is asked for, point by point."""
    at_position = {
        einsum.name: by_position(cascade, einsum.output, points_of(cascade, einsum))
        for einsum in cascade.einsums
    }

    @cache
    def element(name: str, position: tuple[int, ...]) -> Any:
        if name in inputs:
            return inputs[name][position]
        points = at_position[name].get(position, [])
        running = cascade.iterative_ranks(name)
        if not points and running:
            return initial(name, position, running[0])
        einsum = cascade.einsum(name)
        total, combine = REDUCTION[einsum.reduction]
        for point in points:
            total = combine(total, evaluate(einsum.expression, point))
        return total

    def initial(name: str, position: tuple[int, ...], rank: str) -> Any:
        axis = cascade.tensors[name].ranks.index(rank)
        for each in cascade.initial:
            if each.tensor == name and each.access.indices[axis].offset == position[axis]:
                free = zip(each.access.indices, position, strict=True)
                return evaluate(each.expression, {i.ranks[0]: at for i, at in free if i.ranks})
        before = (*position[:axis], position[axis] - 1, *position[axis + 1 :])
        return element(name, before)

    def evaluate(expression: Expression, point: Mapping[str, int]) -> Any:
        if isinstance(expression, Access):
            return element(expression.tensor, position_of(cascade, expression, point))
        if isinstance(expression, Constant):
            return np.float64(expression.value)
        if isinstance(expression, RankSize):
            return np.float64(cascade.ranks[expression.rank])
        return MEANING[expression.name](*(evaluate(each, point) for each in expression.args))

    return {position: element(tensor, position) for position in at_position[tensor]}


def assert_as_point_by_point(
    cascade: Cascade, points_by_enumeration: Callable[..., list[dict[str, int]]]
) -> None:
    inputs = random_inputs(cascade)
    found = interpret(cascade, inputs, keep="all")
    with np.errstate(all="ignore"):
        for einsum in cascade.einsums:
            slow = slow_interpret(cascade, inputs, points_by_enumeration, einsum.name)
            for position, expected in slow.items():
                np.testing.assert_allclose(
                    found[einsum.name][position], expected, rtol=1e-11, atol=1e-11
                )


@settings(max_examples=150, deadline=None)
@given(made=cascades())
def test_random_cascades_are_what_their_points_say(
    made: tuple[str, str, str],
    cascade_of: Callable[..., Cascade],
    points_by_enumeration: Callable[..., list[dict[str, int]]],
) -> None:
    assert_as_point_by_point(_loaded(cascade_of, made), points_by_enumeration)


@settings(max_examples=60, deadline=None)
@given(made=cascades(), block=st.integers(1, 12))
def test_the_size_of_blocks_does_not_matter(
    made: tuple[str, str, str], block: int, cascade_of: Callable[..., Cascade]
) -> None:
    cascade = _loaded(cascade_of, made)
    inputs = random_inputs(cascade)
    whole = interpret(cascade, inputs, keep="all")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "BLOCK_POINTS", block)
        cut = interpret(cascade, inputs, keep="all")
    for name, array in whole.items():
        np.testing.assert_allclose(cut[name], array, rtol=1e-12, atol=1e-12)


@settings(max_examples=60, deadline=None)
@given(made=cascades(steps=("scan", "coupled", "map", "tile")))
def test_scans_are_what_the_loop_over_their_steps_gives(
    made: tuple[str, str, str], cascade_of: Callable[..., Cascade]
) -> None:
    cascade = _loaded(cascade_of, made)
    inputs = random_inputs(cascade)
    stepped = interpret(cascade, inputs, keep="all")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scan, "FEWEST_STEPS", 1)
        scanned = interpret(cascade, inputs, keep="all")
    for name, array in stepped.items():
        np.testing.assert_allclose(scanned[name], array, rtol=1e-11, atol=1e-11)


def _loaded(cascade_of: Callable[..., Cascade], made: tuple[str, str, str]) -> Cascade:
    try:
        return cascade_of(*made)
    except WorkloadError:
        reject()


# --- numpy.einsum as truth -----------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(
    operands=st.lists(st.text("abcd", min_size=1, max_size=3), min_size=1, max_size=4),
    data=st.data(),
)
def test_sums_of_products_are_numpy_einsums(
    operands: list[str], data: st.DataObject, cascade_of: Callable[..., Cascade]
) -> None:
    operands = ["".join(dict.fromkeys(each)) for each in operands]
    read = sorted(set("".join(operands)))
    summed = data.draw(st.sets(st.sampled_from(read), min_size=1))
    output = "".join(each for each in read if each not in summed)
    inputs = {f"X{at}": each for at, each in enumerate(operands)}
    product = " * ".join(f"{name}[{','.join(each)}]" for name, each in inputs.items())
    cascade = cascade_of(
        f"Z[{','.join(output)}] += {product}",
        ranks="{A: 2, B: 3, C: 4, D: 1}",
        inputs="{" + ", ".join(f"{n}: [{','.join(i.upper())}]" for n, i in inputs.items()) + "}",
    )
    arrays = random_inputs(cascade)
    expected = np.einsum(f"{','.join(operands)}->{output}", *arrays.values())
    np.testing.assert_allclose(interpret(cascade, arrays)["Z"], expected, rtol=1e-10, atol=1e-12)
