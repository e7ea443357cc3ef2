"""How candidates are drawn, crossed and mutated. Many are changed as columns, shape by shape:

candidates of one shape  →  columns of numbers  →  crossed, moved, made to fit  →  candidates
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from accelsim.mapper.fused.group import Group
from accelsim.mapper.question import Question
from accelsim.mapper.tilewise.candidate import Candidate, candidates_of
from accelsim.mapper.tilewise.choices import Choices
from accelsim.mapper.tilewise.numbers import Columns, Numbers, numbers_of
from accelsim.mapper.tilewise.scoring import Scorer
from accelsim.mapper.tilewise.shape import Shape

Places = NDArray[np.int64]
Change = Callable[[Sequence[Candidate], Places], list[Candidate]]


class Variation:
    """Of candidates of a group on a machine; what is known of a shape is made once."""

    def __init__(self, group: Group, question: Question, rng: Generator) -> None:
        self.group, self.question, self.rng = group, question, rng
        self.choices = Choices(group, question, rng)
        self._numbers: dict[Shape, Numbers] = {}
        self._scorers: dict[Shape, Scorer] = {}

    def numbers(self, shape: Shape) -> Numbers:
        if shape not in self._numbers:
            self._numbers[shape] = numbers_of(shape, self.group, self.question)
        return self._numbers[shape]

    def scorer(self, shape: Shape) -> Scorer:
        if shape not in self._scorers:
            self._scorers[shape] = Scorer(shape, self.group, self.question)
        return self._scorers[shape]

    def columns(self, candidates: Sequence[Candidate]) -> Columns:
        """Of candidates of one shape."""
        rows = np.array([candidate.numbers for candidate in candidates], dtype=np.int64)
        return dict(zip(self.numbers(candidates[0].shape).most, rows.T, strict=True))

    def drawn(self, shape: Shape, size: int) -> list[Candidate]:
        return candidates_of(shape, self.numbers(shape).drawn(size, self.rng))

    def mutated(self, candidates: Sequence[Candidate], share: float) -> list[Candidate]:
        """A number or two of each are moved; a `share` of them gets a neighbouring shape."""
        is_new = self.rng.random(len(candidates)) < share
        moved = by_shape(candidates, self._moved)
        return [self._reshaped(g) if new else g for g, new in zip(moved, is_new, strict=True)]

    def crossed(self, one: Sequence[Candidate], other: Sequence[Candidate]) -> list[Candidate]:
        """Children with the shapes of `one`; of numbers that both have, half are the other's."""

        def cross(candidates: Sequence[Candidate], places: Places) -> list[Candidate]:
            shape = candidates[0].shape
            columns = dict(self.columns(candidates))
            mates = [self._named(other[place]) for place in places]
            for name, column in columns.items():
                theirs = np.array([m.get(name, own) for m, own in zip(mates, column, strict=True)])
                columns[name] = np.where(self.rng.random(column.size) < 0.5, theirs, column)
            return candidates_of(shape, self.numbers(shape).fitted(columns))

        return by_shape(one, cross)

    def _moved(self, candidates: Sequence[Candidate], _: Places) -> list[Candidate]:
        shape = candidates[0].shape
        return candidates_of(shape, self.numbers(shape).moved(self.columns(candidates), self.rng))

    def _reshaped(self, candidate: Candidate) -> Candidate:
        shape = self.choices.neighbour(candidate.shape, ())
        if shape is None:
            return candidate
        one = {name: np.array([number]) for name, number in self._named(candidate).items()}
        (found,) = candidates_of(shape, self.numbers(shape).carried(one, self.rng))
        return found

    def _named(self, candidate: Candidate) -> dict[str, int]:
        return dict(zip(self.numbers(candidate.shape).most, candidate.numbers, strict=True))


def by_shape(candidates: Sequence[Candidate], change: Change) -> list[Candidate]:
    """All changed, those of one shape together with their places, and put back in order."""
    found = list(candidates)
    for places in places_by_shape(candidates):
        changed = change([candidates[place] for place in places], places)
        for place, candidate in zip(places, changed, strict=True):
            found[place] = candidate
    return found


def places_by_shape(candidates: Sequence[Candidate]) -> Iterator[Places]:
    places: dict[Shape, list[int]] = {}
    for place, candidate in enumerate(candidates):
        places.setdefault(candidate.shape, []).append(place)
    return (np.array(each) for each in places.values())
