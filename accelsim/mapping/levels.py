"""One Einsum's levels: which memory keeps which tensors, and the loops inside it, by rule.

Data passes through every memory between the outermost one and the array. The outermost keeps all
tensors, a buffer the tiles that `tiling` grows, a register file the operands of one step; tensors
for which there is no room pass by. What stays in a buffer between the steps of a running value is
whole there, as far as the loops around those steps leave it, and is not kept further out unless it
is a result: then the Einsum that makes it hands it out as well.
"""

from collections.abc import Mapping, Sequence
from math import inf
from typing import NamedTuple

from accelsim.arch.spatial import Spatial
from accelsim.mapping.mapping import Level
from accelsim.mapping.occupancy import buffers
from accelsim.mapping.spread import Spread
from accelsim.mapping.tiling import (
    Buffer,
    Counts,
    Room,
    Task,
    Trips,
    Work,
    first_counts,
    grown,
    kept_in,
    ordered,
    tiles,
    trips,
)

Held = Mapping[str, Mapping[str, float]]
"""Bytes by memory and tensor."""


class Job(NamedTuple):
    """An Einsum on its array, below the memories of `path`, outermost first.

    `staying` tensors stay at `home`, a memory of the path; of these, `leaving` ones are results
    that are made here.
    """

    work: Work
    spread: Spread
    path: tuple[str, ...]
    home: str | None = None
    staying: frozenset[str] = frozenset()
    leaving: frozenset[str] = frozenset()


class Buffering(NamedTuple):
    """Levels of buffers, the array steps inside the innermost one, and what memories then hold."""

    levels: tuple[Level, ...]
    inside: Counts
    held: Held


def levels(job: Job, held: Held, sharers: int, arch: Spatial) -> tuple[tuple[Level, ...], Held]:
    """The levels, and what the memories then hold.

    What others of the step have `held` is no room; of the rest, tiles may fill a part of `sharers`.
    """
    buffered = _buffering(job, held, sharers, arch)
    files, held = _register_files(job, buffered.held, arch)
    found = (
        Level(memory=job.path[0], keep=_names(job, job.staying - job.leaving)),
        Level(loops=dict(job.work.around)),
        Level(memory=job.home, keep=tuple(t for t in _names(job) if t in job.staying)),
        *buffered.levels,
        Level(loops=dict(ordered(job.work, buffered.inside))),
        Level(array=job.spread.array, spatial=job.spread.axes),
        *files,
    )
    return _joined(found), held


def _names(job: Job, but: frozenset[str] = frozenset()) -> tuple[str, ...]:
    return tuple(each.tensor for each in job.work.operands if each.tensor not in but)


def _buffering(job: Job, held: Held, sharers: int, arch: Spatial) -> Buffering:
    found: tuple[Level, ...] = ()
    limit, outer = job.work.steps, job.work.around
    placed: dict[str, Buffer] = {}
    for memory in _inside_home(job, arch):
        outside = next(reversed(placed.values()), None)
        task, start = _task(job, memory, limit, outer, room_in(memory, held, arch), outside)
        if task.kept:
            counts = grown(task._replace(room=_part(task.room, sharers)), start)
            loops = trips(job.work, counts, limit)
            names = tuple(operand.tensor for operand in task.kept)
            found += (Level(loops=dict(loops)), Level(memory=memory, keep=names))
            placed[memory] = Buffer(job.work, task.kept, task.room, counts, outside)
            limit, outer = counts, (*outer, *loops)
    return Buffering(found, limit, {**held, **_held(placed, limit)})


def _inside_home(job: Job, arch: Spatial) -> list[str]:
    """The buffers of the path, from the one on where tensors stay: what is outside is passed by."""
    first = 1 if job.home is None else job.path.index(job.home)
    return [name for name in job.path[first:] if arch.memory(name).per is None]


def _held(placed: Mapping[str, Buffer], innermost: Counts) -> Held:
    """What buffers hold in the end: a whole number of the tiles of those inside."""
    held: dict[str, Mapping[str, float]] = {}
    inside = reach = innermost
    for memory, buffer in reversed(list(placed.items())):
        reach, inside = buffer.reach(inside, reach), buffer.counts
        held[memory] = buffer.room.with_tiles(tiles(buffer.work, buffer.kept, reach))
    return held


def _task(
    job: Job, memory: str, limit: Counts, outer: Trips, room: Room, outside: Buffer | None
) -> tuple[Task, Counts]:
    """What a buffer has to do, and the tile that it begins with."""
    at_home = job.staying if memory == job.home else frozenset[str]()
    operands = tuple(each for each in job.work.operands if each.tensor not in at_home)
    counts = first_counts(job.work, limit)
    everything = Task(job.work, operands, (), limit, outer, room, outside)
    while max(counts.values(), default=1) > 1 and not everything.fits(counts):
        counts = {rank: -(-count // 2) for rank, count in counts.items()}
    kept = kept_in(job.work, operands, tiles(job.work, operands, counts), room)
    passing = tuple(operand for operand in operands if operand not in kept)
    return everything._replace(kept=kept, passing=passing), counts


def _register_files(job: Job, held: Held, arch: Spatial) -> tuple[tuple[Level, ...], Held]:
    """Each keeps single elements."""
    found: tuple[Level, ...] = ()
    element = {operand.tensor: operand.element_bytes for operand in job.work.operands}
    for memory in (name for name in job.path[1:] if arch.memory(name).per is not None):
        room = room_in(memory, held, arch)
        kept = kept_in(job.work, job.work.operands, element, room)
        names = tuple(operand.tensor for operand in kept)
        found += (Level(memory=memory, keep=names),)
        held = {**held, memory: room.with_tiles({name: element[name] for name in names})}
    return found, held


def room_in(memory: str, held: Held, arch: Spatial) -> Room:
    capacity = arch.memory(memory).capacity_bytes
    usable = inf if capacity is None else capacity / buffers(arch, memory)
    return Room(usable, held.get(memory, {}))


def _part(room: Room, sharers: int) -> Room:
    used = sum(room.held.values())
    return Room(used + (room.capacity_bytes - used) / sharers, room.held)


def _joined(found: Sequence[Level]) -> tuple[Level, ...]:
    """Without empty levels; what can stand in the level before stands there."""
    joined: list[Level] = []
    for level in found:
        if joined and _continues(level, joined[-1]):
            keep = (*joined[-1].keep, *level.keep)
            joined[-1] = joined[-1].model_copy(update={"keep": keep, "loops": level.loops})
        elif level.keep or level.loops or level.array:
            joined.append(level)
    return tuple(joined)


def _continues(level: Level, before: Level) -> bool:
    """Whether the level's loops, or more tensors of the same memory, can join the one before."""
    if before.loops or before.array or level.array:
        return False
    return not level.keep or level.memory == before.memory
