"""An explanation as data: what bounds a run, what comes next, and what would help.

rows        what each part, Einsum or kernel needs by itself, with formula, numbers and sources
runner_up   what would bind next, and where: `DRAM would bind at 0.13x its bandwidth`
helps       speedups of a number of the machine by a factor, each from the model run again
sentence    the bound, what changes nothing, what would help

gain = seconds now / seconds with the number changed
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

WORTH_NAMING = 1.02
"""Gains below this are said to change nothing."""
MOST_NAMED = 2


class Number(NamedTuple):
    """A number of a formula, and who says so."""

    name: str
    value: float
    unit: str
    source: str


class Row(NamedTuple):
    """`seconds` is what it needs by itself, `share` that of the latency.

    `kind` is memory, array, Einsum, kernel, resource, part, device or link.
    """

    kind: str
    name: str
    seconds: float
    share: float
    formula: str
    numbers: tuple[Number, ...] = ()
    note: str = ""


class RunnerUp(NamedTuple):
    """`share` is of the seconds that the bound needs; `at` the factor of `of` at which it binds,
    None where no factor within reach makes it bind."""

    name: str
    share: float
    of: str
    at: float | None
    text: str


class Help(NamedTuple):
    """`factor` times the number at a path (or of that name) makes the run `gain` times as fast.

    `moves` are the paths of the numbers, or what these begin with, where the path is only a name.
    """

    path: str
    factor: float
    gain: float
    moves: tuple[str, ...] = ()

    def is_of(self, path: str) -> bool:
        """Whether it moves the number at a path."""
        return path == self.path or path.startswith(self.moves)


@dataclass(frozen=True)
class Explanation:
    """`remedy` is what takes the bound away where no number of the machine scales it."""

    of: str
    latency_s: float
    bound: str
    bound_on: str
    bound_text: str
    runner_up: RunnerUp | None
    rows: tuple[Row, ...]
    helps: tuple[Help, ...]
    sentence: str
    remedy: str = ""

    @property
    def sources(self) -> dict[str, str]:
        """Of every number of the formulas, by its name."""
        return {each.name: each.source for row in self.rows for each in row.numbers if each.source}

    def as_plain(self) -> dict[str, Any]:
        """For JSON: rows, numbers and helps as mappings."""
        rows = [
            row._asdict() | {"numbers": [number._asdict() for number in row.numbers]}
            for row in self.rows
        ]
        runner_up = self.runner_up._asdict() if self.runner_up else None
        helps = [each._asdict() for each in self.helps]
        return asdict(self) | {"rows": rows, "runner_up": runner_up, "helps": helps}


def ranked(helps: Iterable[Help]) -> tuple[Help, ...]:
    """The largest gain first."""
    return tuple(sorted(helps, key=lambda each: (-each.gain, each.path)))


def sentence(
    bound: str,
    helps: Sequence[Help],
    runner_up: RunnerUp | None,
    idle: str,
    remedy: str = "",
) -> str:
    """`compute-bound on Array1D (100 % busy); more DRAM bandwidth changes nothing; ...`.

    `bound` is its first part, `remedy` what no number does, `idle` names what changes nothing
    (empty if all helps).
    """
    named = [each for each in helps if each.gain >= WORTH_NAMING][:MOST_NAMED]
    parts = [bound, *([remedy] if remedy else [])]
    if runner_up is not None:
        parts.append(runner_up.text)
    if idle:
        parts.append(f"more {idle} changes nothing")
    if named:
        listed = [f"{times(each.factor)} {each.path} would give {each.gain:.2f}x" for each in named]
        parts.append(", ".join(listed))
    elif helps:
        parts.append("twice of no single number gives 2 % or more")
    return "; ".join(parts)


def times(factor: float) -> str:
    """`2x`, `0.5x`."""
    return f"{factor:.3g}x"
