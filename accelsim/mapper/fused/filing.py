"""What register files hold of the tiles that pass from one Einsum of a fused step to another.

A register file holds one element of every operand of a step. Of what one Einsum of the group makes
for another it holds

- one element, if the two run in one phase of one array and take it in the same order, which then
  streams it, or if a tile has no more for each processing element;
- one element of a sum that was taken over an axis: a tile's sums lie one by one on the processing
  elements that they were summed up over, if these are as many, until another array takes them, or
  a reader that spreads them so;
- all of a tile's elements, if they have room and lie where they are read;

and else the buffer holds the tile.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf, prod

from accelsim.arch.spatial import Spatial, parents
from accelsim.mapper.fused.assignment import Assignment
from accelsim.mapper.fused.modulo import Pipeline, Rounds, order_in_phase
from accelsim.mapper.fused.tiling import Tiling
from accelsim.mapping.loops import ceil_div
from accelsim.mapping.occupancy import buffers
from accelsim.mapping.partial_sums import handing_in_pace, sums_before
from accelsim.workload.einsum import Einsum


@dataclass(frozen=True)
class Machine:
    """The memories around an array: the outermost, the buffers in it, and its register file."""

    outermost: str
    buffers: tuple[str, ...]
    file: str | None


def machine_of(arch: Spatial, array: str) -> Machine:
    path = tuple(reversed(parents(arch, array)))
    files = [name for name in path[1:] if arch.memory(name).per is not None]
    shared = tuple(name for name in path[1:] if arch.memory(name).per is None)
    return Machine(path[0], shared, files[-1] if files else None)


def in_turn(tiling: Tiling, assignment: Assignment, einsum: str, rank: str) -> int:
    """How many elements along a rank a processing element takes in turn in a tile."""
    spread = tiling.spreads[einsum, assignment.arrays[einsum]]
    return int(ceil_div(tiling.size(rank), spread.factor(rank)))


def homes(
    tiling: Tiling,
    assignment: Assignment,
    pipeline: Pipeline,
    rounds: Rounds,
    twice: frozenset[str],
    arch: Spatial,
) -> tuple[frozenset[str], frozenset[str]]:
    """Tensors of which register files hold a tile, and those of which the buffer does.

    Of those held `twice` it is the buffer.
    """
    group = tiling.group
    words = {name: elements_in_turn(tiling, assignment, name) for name in group.names}
    passed = streams(tiling, assignment, rounds)
    waiting = {
        name
        for name in group.names
        if words[name] > 1
        and (name in group.running or any((name, r) not in passed for r in group.readers[name]))
    }
    waiting -= {n for n in waiting - twice if lies_along_sums(n, tiling, assignment, arch)}
    filed = {n for n in waiting - twice if lies_right(n, tiling, assignment)}
    order = order_in_phase(pipeline, rounds) or ()
    order = tuple(sorted(order, key=rounds.phase))
    for array in pipeline.arrays:
        while filed and _overfull(array, filed, words, order, tiling, assignment, arch):
            own = {name for name in filed if array in _arrays(name, tiling, assignment)}
            if not own:
                break
            filed.remove(max(own, key=lambda name: (words[name], name)))
    return frozenset(filed), frozenset(waiting - filed)


def elements_in_turn(tiling: Tiling, assignment: Assignment, name: str) -> int:
    """Of a tile of what an Einsum makes, how many a processing element makes."""
    ranks = tiling.group.cascade.einsum(name).output.ranks
    return prod(in_turn(tiling, assignment, name, rank) for rank in ranks)


def streams(tiling: Tiling, assignment: Assignment, rounds: Rounds) -> frozenset[tuple[str, str]]:
    """Makers and readers of which the one reads each element as soon as the other has made it.

    Not if the reader needs a sum of these elements, or of others made along with them, that is
    complete only when all have passed: S - max(S).
    """
    pairs = [
        (name, reader)
        for name, readers in tiling.group.readers.items()
        for reader in readers
        if rounds.places[reader] == rounds.places[name]
        and in_step(name, reader, tiling, assignment)
    ]
    return frozenset(pair for pair in pairs if not _waits(*pair, pairs, tiling, assignment))


def _waits(
    name: str,
    reader: str,
    pairs: Sequence[tuple[str, str]],
    tiling: Tiling,
    assignment: Assignment,
) -> bool:
    """Whether a reader of elements in turn needs a sum over them, or over others in their pace."""
    group = tiling.group
    for rank in group.cascade.einsum(reader).ranks:
        if _turns(name, rank, tiling, assignment):
            in_pace = [frozenset(p) for p in pairs if _turns(p[0], rank, tiling, assignment)]
            for made in sums_before(reader, rank, group.names, group.cascade):
                if handing_in_pace(reader, made, in_pace) is not None:
                    return True
    return False


def _turns(name: str, rank: str, tiling: Tiling, assignment: Assignment) -> bool:
    """Whether processing elements make what lies along a rank in turn."""
    is_there = rank in tiling.group.cascade.einsum(name).output.ranks
    return is_there and in_turn(tiling, assignment, name, rank) > 1


def in_step(name: str, reader: str, tiling: Tiling, assignment: Assignment) -> bool:
    """Whether a reader on the same array can take elements in the order in which they are made."""
    cascade = tiling.group.cascade
    if name in tiling.group.running or assignment.arrays[name] != assignment.arrays[reader]:
        return False
    if not _lies_right(name, reader, tiling, assignment):
        return False
    made = _turned(cascade.einsum(name), tiling, assignment)
    made = [rank for rank in made if rank in cascade.einsum(name).output.ranks]
    return _turned(cascade.einsum(reader), tiling, assignment)[: len(made)] == made


def _turned(einsum: Einsum, tiling: Tiling, assignment: Assignment) -> list[str]:
    """Ranks that a processing element takes in turn; those that are summed over are innermost."""
    output = [rank for rank in einsum.ranks if rank not in einsum.reduced_ranks]
    every = (*output, *einsum.reduced_ranks)
    return [rank for rank in every if in_turn(tiling, assignment, einsum.name, rank) > 1]


def lies_along_sums(name: str, tiling: Tiling, assignment: Assignment, arch: Spatial) -> bool:
    """Whether a tile's sums lie on the processing elements that they were added up over."""
    array = assignment.arrays[name]
    reduced = tiling.group.cascade.einsum(name).reduced_ranks
    places = prod(tiling.spreads[name, array].factor(rank) for rank in reduced)
    return (
        elements_in_turn(tiling, assignment, name) <= places
        and machine_of(arch, array).file is not None
        and all(
            assignment.arrays[reader] != array or _takes_along(name, reader, tiling, assignment)
            for reader in tiling.group.readers[name]
        )
    )


def _takes_along(name: str, reader: str, tiling: Tiling, assignment: Assignment) -> bool:
    """Whether a reader spreads what its maker has in turn along the axis of its maker's sums."""
    einsum = tiling.group.cascade.einsum(name)
    made = tiling.spreads[name, assignment.arrays[name]]
    read = tiling.spreads[reader, assignment.arrays[reader]]
    axis = "rows" if set(einsum.reduced_ranks) & set(made.rows) else "columns"
    beside, along = ("columns", "rows") if axis == "rows" else ("rows", "columns")
    return all(
        getattr(made, beside).get(rank, 1) == getattr(read, beside).get(rank, 1)
        and getattr(read, along).get(rank, 1) == tiling.size(rank) // made.factor(rank)
        for rank in einsum.output.ranks
    )


def lies_right(name: str, tiling: Tiling, assignment: Assignment) -> bool:
    """Whether its readers spread it as its maker does."""
    readers = tiling.group.readers[name]
    return all(_lies_right(name, reader, tiling, assignment) for reader in readers)


def _lies_right(name: str, reader: str, tiling: Tiling, assignment: Assignment) -> bool:
    ranks = tiling.group.cascade.einsum(name).output.ranks
    own = tiling.spreads[name, assignment.arrays[name]]
    other = tiling.spreads[reader, assignment.arrays[reader]]
    return all(
        own.columns.get(rank, 1) == other.columns.get(rank, 1)
        and own.rows.get(rank, 1) == other.rows.get(rank, 1)
        for rank in ranks
    )


def _arrays(name: str, tiling: Tiling, assignment: Assignment) -> set[str]:
    return {assignment.arrays[each] for each in (name, *tiling.group.readers[name])}


def _overfull(
    array: str,
    filed: set[str],
    words: Mapping[str, int],
    order: tuple[str, ...],
    tiling: Tiling,
    assignment: Assignment,
    arch: Spatial,
) -> bool:
    """As `mapping.occupancy` counts: at each Einsum's turn, what it has and what is left."""
    file = machine_of(arch, array).file
    if file is None:
        return True
    lives: dict[str, list[int]] = {}
    for turn, name in enumerate(order):
        if assignment.arrays[name] == array:
            einsum = tiling.group.cascade.einsum(name)
            for access in (*einsum.reads, einsum.output):
                lives.setdefault(access.tensor, []).append(turn)
    tensors = tiling.group.cascade.tensors

    def held(turn: int) -> float:
        return sum(
            tensors[name].word_bytes * (words[name] if name in filed else 1)
            for name, turns in lives.items()
            if turns[0] <= turn <= turns[-1]
        )

    room = (arch.memory(file).capacity_bytes or inf) / buffers(arch, file)
    return max(map(held, range(len(order)))) > room
