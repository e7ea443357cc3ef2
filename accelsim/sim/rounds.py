"""A step of a schedule as rounds of jobs: what is to be played, before anybody plays it.

The tiles of a step are visited in the order of `step.tile`, outermost rank first. In round r the
phases run once: every Einsum works on tile r, one with a lag on tile r - lag, and one that lacks a
rank of the tile only at that rank's last tile.

    round    0         1                2            tiles: M1 = 2, AV has no M1 and a lag of 1
    phase 1  BQK 0     BQK 1            BQK 2        AV runs at tiles 1, 3, 5, ..., one round later
                                        AV 1

Cycles of a job are those of `cost`: an Einsum's cycles, and the bytes it reads and writes at each
memory, divided evenly over the tiles at which it runs. So the first use of a tensor costs a memory
no more than later ones.

A step without `tile` runs its Einsums at once over whole tensors. It is cut into slices, each
with the same share of every Einsum, and played as if they were tiles.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from math import prod
from typing import NamedTuple

from accelsim.cost.cycles import tile_counts, tiles_with_work
from accelsim.cost.result import Cost
from accelsim.mapping.binding import BoundMapping, BoundStep

SLICES = 256
"""Of a step without `tile`: so many that its first and last slice do not count (0.4 % each)."""


# Compared and hashed by identity: there is one for each Einsum of a step.
@dataclass(frozen=True, eq=False)
class Work:
    """What an Einsum takes at each tile at which it runs; loads and writes by memory, in cycles.

    It runs where each rank of `at_last` is at its last tile.
    """

    einsum: str
    array: str
    phase: int
    lag: int
    cycles: float
    drain_cycles: float
    load_cycles: Mapping[str, float]
    write_cycles: Mapping[str, float]
    at_last: frozenset[str]


class Job(NamedTuple):
    """An Einsum at a tile, and the tiles from there to its next one (1 for the last)."""

    work: Work
    tile: int
    until_next: int = 1

    @property
    def round(self) -> int:
        return self.tile + self.work.lag


Round = tuple[tuple[Job, ...], ...]
"""The jobs of each phase, those that an array begins earlier first."""


@dataclass(frozen=True)
class Rounds:
    """A step's first `tiles_played` tiles; `memories` are those whose bandwidth limits it."""

    step: str
    tiles: int
    tiles_played: int
    memories: tuple[str, ...]
    rounds: tuple[Round, ...]


def rounds(step: BoundStep, mapping: BoundMapping, found: Cost, most_tiles: int) -> Rounds:
    """`found` is the mapping's Cost, which the cycles of all jobs are a share of."""
    counts = _tile_counts(step, mapping)
    slices = 1 if counts else min(SLICES, most_tiles)
    tiles = prod(counts.values()) * slices
    works = list(_works(step, mapping, found, counts, slices))
    played = min(tiles, most_tiles)
    return Rounds(
        step=step.name,
        tiles=tiles,
        tiles_played=played,
        memories=tuple(m.name for m in mapping.arch.memories if m.bandwidth is not None),
        rounds=tuple(_rounds(works, len(step.phases), counts, played)),
    )


def tiles_of(step: BoundStep, mapping: BoundMapping) -> int:
    """How many there are to play: those of `step.tile`, or slices."""
    counts = _tile_counts(step, mapping)
    return prod(counts.values()) if counts else SLICES


def _tile_counts(step: BoundStep, mapping: BoundMapping) -> dict[str, int]:
    return {rank: int(count) for rank, count in tile_counts(step, mapping.cascade).items()}


def _works(
    step: BoundStep, mapping: BoundMapping, found: Cost, counts: Mapping[str, int], slices: int
) -> Iterator[Work]:
    for number, phase in enumerate(step.phases):
        for array, name in ((array, name) for array, names in phase.run.items() for name in names):
            times = int(tiles_with_work(name, counts, mapping.cascade)) * slices
            own = mapping.cascade.einsum(name).ranks
            drain = found.einsums[name].drain_cycles / slices if name in phase.drain else 0
            yield Work(
                einsum=name,
                array=array,
                phase=number,
                lag=step.lag.get(name, 0),
                cycles=float(found.einsums[name].cycles / times),
                drain_cycles=float(drain),
                load_cycles=_port_cycles(name, "read", times, mapping, found),
                write_cycles=_port_cycles(name, "write", times, mapping, found),
                at_last=frozenset(rank for rank in counts if rank not in own),
            )


def _port_cycles(
    einsum: str, action: str, times: int, mapping: BoundMapping, found: Cost
) -> dict[str, float]:
    """Cycles of each memory's port for an Einsum at one tile, where there are any."""
    moved: dict[str, float] = {}
    for row in found.rows:
        if (row.einsum, row.action) == (einsum, action):
            word = mapping.cascade.tensors[row.tensor].word_bytes
            moved[row.part] = moved.get(row.part, 0) + float(row.count * word / times)
    rates = {memory: mapping.arch.memory(memory).bandwidth for memory in moved}
    clock = mapping.arch.clock_hz
    return {
        memory: float(moved[memory] / rate.per_cycle(clock))
        for memory, rate in rates.items()
        if rate is not None and moved[memory] > 0
    }


def _rounds(
    works: list[Work], phases: int, counts: Mapping[str, int], played: int
) -> Iterator[Round]:
    """One for each tile, and as many more as the longest lag."""
    by_phase = [
        _by_start([work for work in works if work.phase == number]) for number in range(phases)
    ]
    jobs = {(job.work, job.tile): job for work in works for job in _jobs(work, counts, played)}
    for number in range(played + max(work.lag for work in works)):
        turns = [[(work, number - work.lag) for work in phase] for phase in by_phase]
        yield tuple(tuple(jobs[turn] for turn in phase if turn in jobs) for phase in turns)


def _by_start(phase: list[Work]) -> list[Work]:
    """In the order in which they begin if nothing makes them wait."""
    begins: dict[Work, float] = {}
    busy: dict[str, float] = {}
    for work in phase:
        begins[work] = busy.get(work.array, 0)
        busy[work.array] = begins[work] + work.cycles
    return sorted(phase, key=lambda work: begins[work])


def _jobs(work: Work, counts: Mapping[str, int], played: int) -> Iterator[Job]:
    tiles = [tile for tile in range(played) if _runs_at(work, tile, counts)]
    gaps = [after - tile for tile, after in pairwise(tiles)]
    for tile, until_next in zip(tiles, [*gaps, 1], strict=False):
        yield Job(work, tile, until_next)


def _runs_at(work: Work, tile: int, counts: Mapping[str, int]) -> bool:
    for rank, count in reversed(list(counts.items())):
        tile, position = divmod(tile, count)
        if rank in work.at_last and position < count - 1:
            return False
    return True
