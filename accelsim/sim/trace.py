"""What happened, in time: intervals in which an actor did one thing, in cycles.

    Array2D   work  BQK of tile 3    138 – 202
    DRAM      load  BQK of tile 4    141 – 177

    work     an array computes an Einsum          load    a memory's port reads for an Einsum
    drain    an array waits for its last sum      write   a memory's port takes an Einsum's results
    wait     an array waits for data, or for room for its result

An actor does one thing at a time. It is busy while it works, loads or writes.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil
from typing import NamedTuple

IDLE = frozenset({"drain", "wait"})
_SYMBOLS = {"drain": "~", "wait": "."}


class Subject(NamedTuple):
    """What an activity is for: an Einsum at a tile, in a phase (from 1) of a step."""

    step: str
    phase: int
    einsum: str
    tile: int


class Interval(NamedTuple):
    """`actor` did `activity` from `start` to `end`, in cycles."""

    actor: str
    activity: str
    start: float
    end: float
    subject: Subject

    @property
    def cycles(self) -> float:
        return self.end - self.start


@dataclass(frozen=True)
class StepSpan:
    """A step from `start` to `end`, in which `tiles_played` of its `tiles` were played."""

    step: str
    start: float
    end: float
    tiles_played: int
    tiles: int

    @property
    def cycles(self) -> float:
        return self.end - self.start

    @property
    def estimated_cycles(self) -> float:
        """Of all its tiles, if the others take as long as those played."""
        return self.cycles * self.tiles / self.tiles_played


@dataclass(frozen=True)
class Trace:
    """Intervals by their start, and the steps they lie in."""

    intervals: tuple[Interval, ...]
    steps: tuple[StepSpan, ...]

    @property
    def cycles(self) -> float:
        """Of what was played."""
        return sum(step.cycles for step in self.steps)

    @property
    def estimated_cycles(self) -> float:
        """Of the whole run; the same as `cycles` if every tile was played."""
        return sum(step.estimated_cycles for step in self.steps)

    @property
    def tiles_played(self) -> int:
        return sum(step.tiles_played for step in self.steps)

    @property
    def tiles(self) -> int:
        return sum(step.tiles for step in self.steps)

    @property
    def busy_cycles(self) -> dict[str, float]:
        """By actor."""
        busy: dict[str, float] = {}
        for interval in self.intervals:
            own = 0 if interval.activity in IDLE else interval.cycles
            busy[interval.actor] = busy.get(interval.actor, 0) + own
        return busy

    @property
    def utilization(self) -> dict[str, float]:
        """Share of the time played in which an actor is busy."""
        return {actor: cycles / self.cycles for actor, cycles in self.busy_cycles.items()}

    def cycles_of(self, actor: str, activity: str) -> float:
        """How long an actor did one kind of thing."""
        own = (i for i in self.intervals if (i.actor, i.activity) == (actor, activity))
        return sum(interval.cycles for interval in own)

    def rows(self) -> list[dict[str, str | int | float]]:
        """One plain row per interval, for a table or a file."""
        return [_row(interval) for interval in self.intervals]


def _row(interval: Interval) -> dict[str, str | int | float]:
    return {
        "actor": interval.actor,
        "activity": interval.activity,
        "start_cycles": interval.start,
        "end_cycles": interval.end,
        **interval.subject._asdict(),
    }


# --- as text --------------------------------------------------------------------------------------


def waterfall(
    trace: Trace, start: float = 0, end: float | None = None, columns: int = 100, tiles: int = 4
) -> str:
    """The cycles from `start` to `end` as text: a row for each phase and array, and each port.

    A column holds the last digit of the tile that is worked on. Without `end`, the first `tiles`
    tiles of the first step are shown.
    """
    end = end_of_tiles(trace, tiles) if end is None else end
    width = (end - start) / columns
    rows = by_row(trace, [i for i in trace.intervals if i.end > start and i.start < end])
    names = [f"{name} {einsums_of(intervals)}" for name, intervals in rows.items()]
    margin = max(map(len, names), default=0)
    lines = [
        f"{name:<{margin}} |{_cells(intervals, start, width, columns)}|"
        for name, intervals in zip(names, rows.values(), strict=True)
    ]
    return "\n".join([*_heading(trace, start, end, columns, margin), *lines, _LEGEND]) + "\n"


_LEGEND = "digits: tile number mod 10   ~ waits for its last sum   . waits for data or room"


def end_of_tiles(trace: Trace, tiles: int) -> float:
    """When the last of the first `tiles` tiles has been worked on."""
    step = trace.steps[0].step
    works = (i for i in trace.intervals if i.activity == "work" and i.subject.step == step)
    return max((i.end for i in works if i.subject.tile < tiles), default=trace.cycles)


def _heading(trace: Trace, start: float, end: float, columns: int, margin: int) -> list[str]:
    shown = [step for step in trace.steps if step.start < end and step.end > start]
    played = [f"{step.step}: {step.tiles_played} of {step.tiles} tiles" for step in shown]
    scale = f"one column is {(end - start) / columns:.3g} cycles"
    left, right = f"{start:.6g}", f"{end:.6g} cycles"
    ruler = left + right.rjust(max(columns - len(left), len(right) + 1))
    return [f"{', '.join(played)}; {scale}", " " * (margin + 2) + ruler]


def by_row(trace: Trace, shown: list[Interval]) -> dict[str, list[Interval]]:
    """Intervals by the name of their row: step by step, phase by phase, ports last."""
    steps = [step.step for step in trace.steps]
    actors = list(dict.fromkeys(interval.actor for interval in trace.intervals))

    def order(interval: Interval) -> tuple[int, bool, int, str, int]:
        is_port = _is_of_port(interval)
        turn = (0, interval.activity) if is_port else (interval.subject.phase, "")
        return steps.index(interval.subject.step), is_port, *turn, actors.index(interval.actor)

    rows: dict[str, list[Interval]] = {}
    for interval in sorted(shown, key=order):
        own = f"{interval.subject.step} " if len(steps) > 1 else ""
        rows.setdefault(own + _row_name(interval), []).append(interval)
    return rows


def _is_of_port(interval: Interval) -> bool:
    return interval.activity in ("load", "write")


def _row_name(interval: Interval) -> str:
    if _is_of_port(interval):
        return f"{interval.actor} {interval.activity}"
    return f"phase {interval.subject.phase} {interval.actor}"


def einsums_of(intervals: Iterable[Interval]) -> str:
    ordered = sorted(intervals, key=lambda interval: interval.start)
    return " ".join(dict.fromkeys(interval.subject.einsum for interval in ordered))


def _cells(intervals: Iterable[Interval], start: float, width: float, columns: int) -> str:
    """One character a column; what is shorter than a column still gets one."""
    cells = [" "] * columns
    for interval in sorted(intervals, key=lambda interval: interval.start):
        symbol = _SYMBOLS.get(interval.activity, str(interval.subject.tile % 10))
        first = max(0, int((interval.start - start) / width))
        last = max(first + 1, ceil((interval.end - start) / width))
        for column in range(first, min(last, columns)):
            cells[column] = symbol
    return "".join(cells)
