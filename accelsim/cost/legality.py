"""Where in a sweep a mapping breaks its workload or machine: `mapping.check` of all points at once.

The check branches on numbers. It runs on arrays over the points as long as all of them take the
same way; where they part, they are parted in two, and each half is checked from the start. So a
few runs, one for each way that there is, say of every point what the check says of it alone.

A number that the check writes into a sentence is noted, and filled in for each point.
"""

from collections.abc import Iterator
from threading import local
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accelsim.cost.leaves import numbers, with_numbers
from accelsim.mapping.binding import BoundMapping
from accelsim.mapping.check import misfits

Places = NDArray[np.intp]


def misfits_at(bound: BoundMapping, points: int) -> list[tuple[str, ...]]:
    """What `mapping.check.misfits` says of each point, as text; () where the mapping is legal."""
    found: list[tuple[str, ...]] = [()] * points
    for places, sentences in _ways(bound, points):
        for number, place in enumerate(places.tolist() if sentences else ()):
            found[place] = tuple(sentence.of(number) for sentence in sentences)
    return found


def _ways(bound: BoundMapping, points: int) -> Iterator[tuple[Places, "list[_Sentence]"]]:
    """Groups of points that take the same way through the check, and what it says of them."""
    every = [_at_all(number, points) for number in numbers(bound, {})]
    todo = [np.arange(points)]
    while todo:
        places = todo.pop()
        _noted.numbers = []
        some = [_some(number, places) for number in every]
        try:
            found = misfits(with_numbers(bound, {}, some)[0])
        except _PartedError as parted:
            todo += [places[~parted.holds], places[parted.holds]]
            continue
        yield places, [_Sentence(str(violation), _noted.numbers) for violation in found]


class _PartedError(Exception):
    """A condition that holds at some of the points."""

    def __init__(self, holds: NDArray[np.bool_]) -> None:
        super().__init__("the points part")
        self.holds = holds


# --- numbers of several points -------------------------------------------------------------------

_noted = local()
_MARK = "\0"


class _Numbers(np.ndarray[Any, Any]):
    """A number for each point, which is true or false if that goes for all of them."""

    def __bool__(self) -> bool:
        holds = np.asarray(self, dtype=bool)
        first = bool(holds.flat[0])
        if (holds != first).any():
            raise _PartedError(holds)
        return first

    def __hash__(self) -> int:  # type: ignore[override]
        return id(self)

    def __format__(self, spec: str) -> str:
        _noted.numbers.append((np.asarray(self), spec))
        return f"{_MARK}{len(_noted.numbers) - 1}{_MARK}"


class _Sentence:
    """A text with marks where numbers of points were written."""

    def __init__(self, text: str, noted: list[tuple[NDArray[Any], str]]) -> None:
        self._words = text.split(_MARK)
        self._numbers = [noted[int(place)] for place in self._words[1::2]]

    def of(self, point: int) -> str:
        """The sentence about one of the points."""
        written = [_written(column[point].item(), spec) for column, spec in self._numbers]
        texts = self._words[::2]
        return "".join(a + b for a, b in zip(texts, [*written, ""], strict=True))


def _written(number: Any, spec: str) -> str:
    """Whole numbers of a sweep are floats; alone they would be ints."""
    return format(int(number) if not spec and number == int(number) else number, spec)


def _at_all(number: Any, points: int) -> Any:
    if not isinstance(number, np.ndarray):
        return number
    return number.item() if number.size == 1 else np.broadcast_to(number, points)


def _some(number: Any, places: Places) -> Any:
    return number[places].view(_Numbers) if isinstance(number, np.ndarray) else number
