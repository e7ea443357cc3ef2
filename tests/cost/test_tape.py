"""A tape replays arithmetic that was recorded on other numbers."""

import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from accelsim.cost.tape import Tape
from accelsim.mapping.loops import ceil_div, larger, smallest


def recorded(function: Callable[..., Any], leaves: int) -> Callable[[Sequence[Any]], list[Any]]:
    tape = Tape(leaves)
    return tape.player([function(*[tape.leaf(i) for i in range(leaves)])])


def test_ceil_of_1000_over_256_is_replayed_on_other_numbers() -> None:
    play = recorded(ceil_div, 2)
    assert play([1000, 256]) == [4]
    assert play([1025, 256]) == [5]


def test_a_replay_broadcasts_arrays() -> None:
    play = recorded(lambda a, b: a * b + 1, 2)
    (result,) = play([np.array([[1], [2]]), np.array([10, 20])])
    assert result.tolist() == [[11, 21], [21, 41]]


def test_the_larger_of_two_is_recorded_for_numbers_and_arrays() -> None:
    play = recorded(lambda a, b: larger(a, b) - smallest([a, b]), 2)
    assert play([3, 7]) == [4]
    assert play([np.array([3, 9]), 7])[0].tolist() == [4, 2]


def test_equal_steps_are_recorded_once() -> None:
    calls = []

    def times(left: int, right: int) -> int:
        calls.append((left, right))
        return left * right

    tape = Tape(2)
    a, b = tape.leaf(0), tape.leaf(1)
    play = tape.player([tape.apply(times, a, b), tape.apply(times, a, b)])
    assert play([6, 7]) == [42, 42]
    assert calls == [(6, 7)]


def test_what_no_result_needs_is_not_replayed() -> None:
    tape = Tape(1)
    a = tape.leaf(0)
    tape.apply(operator.truediv, 1, a)
    assert tape.player([a + 1])([0]) == [1]


@pytest.mark.parametrize("trivial", [lambda a: a * 1, lambda a: 0 + a, lambda a: a // 1])
def test_neutral_operations_need_no_step(trivial: Callable[[Any], Any]) -> None:
    leaf = Tape(1).leaf(0)
    assert trivial(leaf) is leaf


def test_branching_on_a_recorded_number_is_an_error() -> None:
    with pytest.raises(TypeError, match="must not branch on a number"):
        bool(Tape(1).leaf(0) > 0)
