"""Software pipelining: which phase of which round runs each Einsum, so that the rounds are short.

A round's phases run one after the other; in a phase the arrays work side by side, each on its tasks
one after the other. A task's `place` counts phases from the round its tile is begun in:

    place = lag * phases + phase
    period = Σ over phases of max over arrays of Σ cycles of its tasks

A tile is read `back` rounds after it is made (1 for a running value, else 0), and must still be
held then, in room for `held` tiles:

    made <= read + back * phases        < if it crosses from one array to another
    read <= made + held * phases        < if the arrays share one copy of it

Where places are equal, the order of an array's tasks decides. Tasks with `last` cycles take
those only at the last tile of some rank, a share `last_share` of all rounds; both kinds of round
are weighed.

The search is depth first over places, with a bound on the period of partial schedules: what other
arrays' phases leave free takes work for nothing, the rest prolongs the period. It is exhaustive up
to `most_phases` phases and `most_lag` rounds of lag unless it runs out of `most_nodes`; it stops at
the load of the busiest array, which no schedule beats.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import inf

MOST_PHASES = 5
MOST_LAG = 4
MOST_NODES = 400
ROUNDING = 1 + 1e-9
"""Sums of the same cycles in another order are not taken for a difference."""


@dataclass(frozen=True)
class Task:
    """`cycles` at every tile, and `last` more at the last tile of some rank."""

    name: str
    array: str
    cycles: float
    last: float = 0.0


@dataclass(frozen=True)
class Need:
    """`reader` reads what `maker` made `back` rounds before; `held` tiles of it have room.

    Of what is handed over (`copied`) each array has a tile of its own. What is `tied` is read in
    the phase in which it is made, element by element.
    """

    maker: str
    reader: str
    back: int = 0
    held: int = 1
    copied: bool = False
    tied: bool = False


@dataclass(frozen=True)
class Pipeline:
    """What is to be scheduled. The needs with `back` 0 have no cycle; a task comes after them.

    Below `enough` cycles a shorter period gains nothing.
    """

    tasks: tuple[Task, ...]
    needs: tuple[Need, ...]
    last_share: float = 0.0
    enough: float = 0.0

    @cached_property
    def by_name(self) -> Mapping[str, Task]:
        return {task.name: task for task in self.tasks}

    @cached_property
    def arrays(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(task.array for task in self.tasks))

    @cached_property
    def least_period(self) -> float:
        """The load of the busiest array, or what is enough."""
        usual = {array: 0.0 for array in self.arrays}
        last = dict(usual)
        for task in self.tasks:
            usual[task.array] += task.cycles
            last[task.array] += task.cycles + task.last
        busiest = _weighed(max(usual.values()), max(last.values()), self.last_share)
        return max(busiest, self.enough)

    def gap(self, need: Need) -> int:
        """How many phases what crosses from one array to another takes at least."""
        return int(self.by_name[need.maker].array != self.by_name[need.reader].array)


@dataclass(frozen=True)
class Rounds:
    """A schedule: places of tasks, in rounds of so many phases, each of `period` cycles."""

    phases: int
    places: Mapping[str, int]
    period: float

    def lag(self, name: str) -> int:
        return self.places[name] // self.phases

    def phase(self, name: str) -> int:
        return self.places[name] % self.phases


def shortest_rounds(
    pipeline: Pipeline,
    *,
    most_phases: int = MOST_PHASES,
    most_lag: int = MOST_LAG,
    most_nodes: int = MOST_NODES,
    beat: float = inf,
) -> Rounds | None:
    """The shortest schedule that is found, below the period to `beat`; of several alike, one with
    the fewest phases."""
    best: Rounds | None = None
    for phases in range(1, most_phases + 1):
        search = _Search(pipeline, phases, most_lag, most_nodes, best.period if best else beat)
        best = search.run() or best
        if best is not None and best.period <= pipeline.least_period * ROUNDING:
            break
    return best


def order_in_phase(pipeline: Pipeline, rounds: Rounds) -> tuple[str, ...] | None:
    """All tasks so that those of a phase and array take their turns rightly.

    What is made comes before what reads it, what reads the last tile held before what makes the
    next in its room; None if that is a circle.
    """
    before: dict[str, set[str]] = {task.name: set() for task in pipeline.tasks}
    for need in pipeline.needs:
        made, read = rounds.places[need.maker], rounds.places[need.reader]
        if read + need.back * rounds.phases == made and need.reader != need.maker:
            before[need.reader].add(need.maker)
        if read == made + need.held * rounds.phases and not pipeline.gap(need):
            before[need.maker].add(need.reader)
    ordered: list[str] = []
    while len(ordered) < len(before):
        ready = [n for n in before if n not in ordered and before[n] <= set(ordered)]
        if not ready:
            return None
        ordered.append(ready[0])
    return tuple(ordered)


class _Search:
    """Depth first over the places of tasks, for one number of phases."""

    def __init__(
        self, pipeline: Pipeline, phases: int, most_lag: int, most_nodes: int, beat: float
    ) -> None:
        self.pipeline, self.phases = pipeline, phases
        self.last_place = (most_lag + 1) * phases - 1
        self.nodes, self.beat = most_nodes, beat
        self.tasks = pipeline.tasks
        self.number = {task.name: i for i, task in enumerate(self.tasks)}
        self.array = [pipeline.arrays.index(task.array) for task in self.tasks]
        self.links = [self._links(task.name) for task in self.tasks]
        self.least = pipeline.least_period * ROUNDING
        self.left = self._work_left()
        self.places: list[int] = []
        self.best: Rounds | None = None

    def run(self) -> Rounds | None:
        loads = [[0.0] * self.phases for _ in self.pipeline.arrays]
        self._place(0, loads, [list(load) for load in loads])
        return self.best

    def _links(self, name: str) -> list[tuple[int, int, int]]:
        """(earlier task, least, most): by how much this task's place may exceed the other's."""
        found = []
        for need in self.pipeline.needs:
            gap = self.pipeline.gap(need)
            span = need.held * self.phases - (0 if need.copied else gap)
            maker, reader = self.number[need.maker], self.number[need.reader]
            own, back = self.number[name], need.back * self.phases
            if need.tied:
                gap = span = 0
            if reader == own and maker <= own:
                found.append((maker, gap - back, span))
            elif maker == own and reader < own:
                found.append((reader, -span, back - gap))
        return found

    def _work_left(self) -> list[tuple[list[float], list[float]]]:
        """By array, usual cycles and those of last tiles, of this task and all after it."""
        usual = [0.0 for _ in self.pipeline.arrays]
        last = list(usual)
        sums = [(list(usual), list(last))]
        for task, array in zip(reversed(self.tasks), reversed(self.array), strict=True):
            usual[array] += task.cycles
            last[array] += task.cycles + task.last
            sums.append((list(usual), list(last)))
        return sums[::-1]

    def _place(self, number: int, usual: list[list[float]], last: list[list[float]]) -> None:
        if self._bound(number, usual, last) * ROUNDING >= self.beat:
            return
        if number == len(self.tasks):
            self._note(usual, last)
            return
        task, array = self.tasks[number], self.array[number]
        for place in self._choices(number, usual):
            if self.nodes <= 0 or self.beat <= self.least:
                return
            self.nodes -= 1
            phase = place % self.phases
            self.places.append(place)
            before = usual[array][phase], last[array][phase]
            usual[array][phase] += task.cycles
            last[array][phase] += task.cycles + task.last
            self._place(number + 1, usual, last)
            usual[array][phase], last[array][phase] = before
            self.places.pop()

    def _choices(self, number: int, loads: list[list[float]]) -> Sequence[int]:
        """Places that all links allow, those first whose phase has most room left on this array."""
        lowest, highest = 0, self.last_place
        for other, least, most in self.links[number]:
            if other == number:
                if not least <= 0 <= most:
                    return ()
                continue
            lowest = max(lowest, self.places[other] + least)
            highest = min(highest, self.places[other] + most)
        own = loads[self.array[number]]

        def prolongs(place: int) -> tuple[float, int]:
            phase = place % self.phases
            busiest = max(load[phase] for load in loads)
            return max(0.0, own[phase] + self.tasks[number].cycles - busiest), place

        return sorted(range(lowest, highest + 1), key=prolongs)

    def _bound(self, number: int, usual: list[list[float]], last: list[list[float]]) -> float:
        share, left = self.pipeline.last_share, self.left[number]
        found = _least_of(usual, left[0])
        return found if not share else _weighed(found, _least_of(last, left[1]), share)

    def _note(self, usual: list[list[float]], last: list[list[float]]) -> None:
        period = self._bound(len(self.tasks), usual, last)
        names = (task.name for task in self.tasks)
        rounds = Rounds(self.phases, dict(zip(names, self.places, strict=True)), period)
        if order_in_phase(self.pipeline, rounds) is not None:
            self.best, self.beat = rounds, period


def _least_of(loads: list[list[float]], left: list[float]) -> float:
    """The longest array's phases, and what work is left that has no room beside them."""
    most = sum(map(max, *loads)) if len(loads) > 1 else sum(loads[0])
    for load, rest in zip(loads, left, strict=True):
        most = max(most, sum(load) + rest)
    return float(most)


def _weighed(usual: float, last: float, share: float) -> float:
    return (1 - share) * usual + share * last
