"""Arithmetic recorded once and replayed on other numbers.

The cost model never branches on a number, so one run of its formulas on recorded numbers shows all
the arithmetic there is, whatever the numbers: a tape. Equal operations are recorded once, and what
no result needs is dropped. A replay is a loop over the tape, ten times faster than the formulas
and equal to the last bit, for scalars and for arrays that broadcast.
"""

import operator
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any, NamedTuple

import numpy as np

from accelsim.mapping.loops import Number, larger

Operator = Callable[..., Any]


class Program(NamedTuple):
    """Places are numbered leaves first, then constants, then one for the result of every step.

    A step is (function, place of its left argument, place of its right one).
    """

    leaves: int
    constants: list[Number]
    steps: list[tuple[Operator, int, int]]
    wanted: list[int]


class Tape:
    """Slots: the recorded numbers, constants, then one slot for the result of every operation."""

    def __init__(self, leaves: int) -> None:
        self.leaves = leaves
        self._constants: dict[tuple[type, Any], int] = {}
        self._steps: dict[tuple[Operator, int, int], int] = {}
        self._slots: list[tuple[Operator, int, int] | Number] = [0] * leaves

    def leaf(self, slot: int) -> "Recorded":
        return Recorded(self, slot)

    def constant(self, value: Number) -> "Recorded":
        """A result that is the same whatever the leaves are."""
        return Recorded(self, self._slot(value))

    def apply(self, function: Operator, left: Number, right: Number) -> "Recorded":
        first = left.slot if type(left) is Recorded else self._slot(left)
        second = right.slot if type(right) is Recorded else self._slot(right)
        step = (function, first, second)
        slot = self._steps.get(step)
        if slot is None:
            slot = self._steps[step] = self._new(step)
        return Recorded(self, slot)

    def _slot(self, value: Number) -> int:
        if isinstance(value, Recorded):
            return value.slot
        key = (type(value), id(value) if isinstance(value, np.ndarray) else value)
        if key not in self._constants:
            self._constants[key] = self._new(value)
        return self._constants[key]

    def _new(self, content: Any) -> int:
        self._slots.append(content)
        return len(self._slots) - 1

    def program(self, results: Sequence["Recorded"]) -> "Program":
        """What the results need, in order, places numbered anew: leaves, constants, steps."""
        kept = sorted(slot for slot in self._needed(results) if slot >= self.leaves)
        constants = [slot for slot in kept if not isinstance(self._slots[slot], tuple)]
        place = dict(zip([*range(self.leaves), *constants], count(), strict=False))
        steps: list[tuple[Operator, int, int]] = []
        for slot in kept:
            content = self._slots[slot]
            if isinstance(content, tuple):
                function, left, right = content
                steps.append((function, place[left], place[right]))
                place[slot] = len(place)
        start = [self._slots[slot] for slot in constants]
        return Program(self.leaves, start, steps, [place[result.slot] for result in results])

    def player(self, results: Sequence["Recorded"]) -> Callable[[Sequence[Number]], list[Number]]:
        """A function from the leaves' numbers to the results' numbers."""
        _, start, steps, wanted = self.program(results)

        def play(numbers: Sequence[Number]) -> list[Number]:
            values = [*numbers, *start]
            add = values.append
            for function, left, right in steps:
                add(function(values[left], values[right]))
            return [values[slot] for slot in wanted]

        return play

    def _needed(self, results: Sequence["Recorded"]) -> set[int]:
        needed: set[int] = set()
        todo = [result.slot for result in results]
        while todo:
            slot = todo.pop()
            if slot not in needed:
                needed.add(slot)
                content = self._slots[slot]
                todo += content[1:] if isinstance(content, tuple) else ()
        return needed


def minus(value: Number, _: Number) -> Number:
    return -value


def absolute(value: Number, _: Number) -> Number:
    return abs(value)


def _simple(function: Operator, left: Number, right: Number) -> Number | None:
    """What needs no step: x·1, x·0, x+0, x-0, x/1, x//1; None for all else."""
    if function is operator.mul:
        return 0 if _is(left, 0) or _is(right, 0) else _other_than(1, left, right)
    if function is operator.add:
        return _other_than(0, left, right)
    neutral = {operator.sub: 0, operator.truediv: 1, operator.floordiv: 1}.get(function)
    return left if neutral is not None and _is(right, neutral) else None


def _is(value: Number, constant: int) -> bool:
    return isinstance(value, int) and value == constant


def _other_than(neutral: int, left: Number, right: Number) -> Number | None:
    if _is(left, neutral):
        return right
    return left if _is(right, neutral) else None


def _records(function: Operator) -> Callable[["Recorded", Number], Number]:
    def method(self: "Recorded", other: Number) -> Number:
        if type(other) is Recorded:
            return self.tape.apply(function, self, other)
        simple = _simple(function, self, other)
        return self.tape.apply(function, self, other) if simple is None else simple

    return method


def _records_swapped(function: Operator) -> Callable[["Recorded", Number], Number]:
    def method(self: "Recorded", other: Number) -> Number:
        simple = _simple(function, other, self)
        return self.tape.apply(function, other, self) if simple is None else simple

    return method


class Recorded:
    """A number whose arithmetic goes on the tape. It has no truth: nothing may branch on it."""

    __slots__ = ("slot", "tape")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, tape: Tape, slot: int) -> None:
        self.tape = tape
        self.slot = slot

    __add__ = _records(operator.add)
    __radd__ = _records_swapped(operator.add)
    __sub__ = _records(operator.sub)
    __rsub__ = _records_swapped(operator.sub)
    __mul__ = _records(operator.mul)
    __rmul__ = _records_swapped(operator.mul)
    __truediv__ = _records(operator.truediv)
    __rtruediv__ = _records_swapped(operator.truediv)
    __floordiv__ = _records(operator.floordiv)
    __rfloordiv__ = _records_swapped(operator.floordiv)
    __mod__ = _records(operator.mod)
    __rmod__ = _records_swapped(operator.mod)
    __lt__ = _records(operator.lt)
    __le__ = _records(operator.le)
    __gt__ = _records(operator.gt)
    __ge__ = _records(operator.ge)
    __eq__ = _records(operator.eq)
    __ne__ = _records(operator.ne)

    def __neg__(self) -> "Recorded":
        return self.tape.apply(minus, self, self)

    def __abs__(self) -> "Recorded":
        return self.tape.apply(absolute, self, self)

    def __bool__(self) -> bool:
        raise TypeError("the cost model must not branch on a number")

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Number) -> "Recorded":
        if ufunc is np.maximum and method == "__call__":
            return self.tape.apply(larger, *inputs)
        raise TypeError(f"{ufunc.__name__} cannot be recorded")
