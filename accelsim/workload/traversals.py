"""In which traversal of a fibre each Einsum runs: the rule of `passes.py`, for one fibre.

Each tensor is *known* from some traversal on. Each of its elements needs one or more boxes of the
fibre in that traversal; a box is the set of parts over which it needs all elements. With the parts
{M1, M0}, a maximum over one tile has the box {M0}, and {M1, M0} is a complete one.

Running values settle by sweeps over the cascade, each of which starts from what the one before
knew, as step s starts from step s - 1. A fibre that is another one at each step (its root has the
step's rank) owes nothing to earlier steps.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from accelsim.workload.einsum import Access, Cascade
from accelsim.workload.fibres import Fibre, Seen, Sight, dependents, family, leaves, sights


class Wait(NamedTuple):
    """What forces pass `number`: `einsum` reads `result`, which is complete only after the pass
    before, and visits `revisits`. `via` leads from the reduction's tensor to the one read."""

    number: int
    reduction: str
    result: str
    einsum: str
    revisits: str
    fibre_of: str
    via: tuple[str, ...]

    def to_plain(self) -> dict[str, Any]:
        return {
            "pass": self.number,
            "reduction": self.reduction,
            "result": self.result,
            "einsum": self.einsum,
            "revisits": self.revisits,
            "fibre_of": self.fibre_of,
            "via": list(self.via),
        }


class Traversals(NamedTuple):
    """`visit`: the traversal in which each Einsum visits the fibre; `earliest`: the first one in
    which an Einsum may run, if its inputs depend on the fibre at all. Where each step over the
    ranks `steps` visits the same fibre anew, these hold for one step, and `history` has the
    traversals after step 1, 2, …"""

    visit: Mapping[str, int]
    earliest: Mapping[str, int]
    waits: tuple[Wait, ...]
    steps: tuple[str, ...] = ()
    history: tuple[int, ...] = ()

    @property
    def in_one_step(self) -> int:
        return max(self.visit.values(), default=1)

    @property
    def again(self) -> bool:
        """Whether the fibre is visited more than once."""
        return self.in_one_step > 1 or bool(self.steps)

    def total(self, ranks: Mapping[str, int]) -> int:
        """All traversals; those of the last step known are those of every later one."""
        if not self.steps:
            return self.in_one_step
        steps = 1
        for rank in self.steps:
            steps *= ranks[rank]
        known = self.history[: max(steps, 2)]
        return known[-1] + (known[-1] - known[-2]) * (steps - len(known))


def traversals(cascade: Cascade, fibre: Fibre) -> Traversals:
    """The traversals that the Einsums of a cascade make of one fibre."""
    members = family(cascade, fibre)
    depend = dependents(cascade, fibre.root)
    own = [_turn(cascade, fibre, members, each) for each in sights(cascade) if each.name in depend]
    if _is_in_order(fibre, own):
        only = _first_sweep(fibre, own)
        return Traversals(only.visit, only.earliest, only.waits)
    turns = [_turn(cascade, fibre, members, each) for each in sights(cascade)]
    sweeps = _sweeps(fibre, turns)
    if _settled(sweeps):
        return Traversals(sweeps[-1].visit, sweeps[-1].earliest, sweeps[-1].waits)
    alone = _sweeps(fibre, [turn.without_earlier_steps() for turn in turns])[-1]
    steps = dict.fromkeys(rank for turn in turns for read in turn.reads for rank in read.carries)
    history = tuple(max(sweep.visit.values(), default=1) for sweep in sweeps)
    return Traversals(alone.visit, alone.earliest, alone.waits, tuple(steps), history)


@dataclass(frozen=True)
class _Known:
    """From which traversal on a tensor is known, the boxes its elements need in it, and the tensors
    from the one that completed a traversal to this one."""

    traversal: int
    boxes: frozenset[frozenset[str]]
    via: tuple[str, ...] = field(default=(), compare=False)


class _Read(NamedTuple):
    """An access, from the fibre's side: does it visit the fibre; the parts over which it needs all,
    as the end of a running value does; the ranks whose earlier steps it reads although the fibre is
    the same."""

    access: Access
    visits: bool
    ends: frozenset[str]
    carries: tuple[str, ...]


class _Turn(NamedTuple):
    """One Einsum, from the fibre's side."""

    name: str
    reads: tuple[_Read, ...]
    reduced: frozenset[str]

    def without_earlier_steps(self) -> "_Turn":
        return self._replace(reads=tuple(read for read in self.reads if not read.carries))


class _Sweep(NamedTuple):
    known: Mapping[str, _Known]
    before: Mapping[str, _Known]
    visit: Mapping[str, int]
    earliest: Mapping[str, int]
    waits: tuple[Wait, ...]


def _turn(cascade: Cascade, fibre: Fibre, members: frozenset[str], sight: Sight) -> _Turn:
    found = []
    for seen in sight.every:
        earlier = _earlier_steps(cascade, fibre, seen)
        if not any(_root_has(cascade, fibre, rank) for rank in earlier):
            visits = seen.access.tensor in members and fibre.parts <= seen.moves
            at_end = (
                fibre.parts
                if _may_be_any(cascade, fibre, members, seen)
                else seen.ends & fibre.parts
            )
            found.append(_Read(seen.access, visits, at_end, earlier))
    return _Turn(sight.name, tuple(found), fibre.parts & (sight.over - sight.output))


def _may_be_any(cascade: Cascade, fibre: Fibre, members: frozenset[str], seen: Seen) -> bool:
    """Whether the access reads an element of the fibre that does not move along with it, such as
    `SN[p,I[p]]`, or `KB[a]` of a KB that was made as `KB[m // T]`: it needs every element."""
    tensor = seen.access.tensor
    if tensor not in members or tensor == fibre.root or fibre.parts & seen.moves:
        return False
    made = cascade.einsum(tensor).output
    return bool(seen.access.looked_up) or any(not index.is_linear for index in made.indices)


def _earlier_steps(cascade: Cascade, fibre: Fibre, seen: Seen) -> tuple[str, ...]:
    """Ranks, other than the fibre's own, of which the access reads an earlier step."""
    if not seen.earlier or seen.access.tensor == fibre.root:
        return ()
    return tuple(r for r in seen.earlier if fibre.parts.isdisjoint(leaves(cascade, r)))


def _root_has(cascade: Cascade, fibre: Fibre, rank: str) -> bool:
    """Whether the fibre is another one at each step over the rank."""
    steps = frozenset(leaves(cascade, rank))
    return all(
        steps <= seen.moves
        for each in sights(cascade)
        for seen in each.reads
        if seen.access.tensor == fibre.root and fibre.parts <= seen.moves
    )


def _is_in_order(fibre: Fibre, turns: Sequence[_Turn]) -> bool:
    """Whether every Einsum reads only what stands above it: one sweep then knows all."""
    waiting = {turn.name for turn in turns} - {fibre.root}
    for turn in turns:
        if any(read.access.tensor in waiting for read in turn.reads):
            return False
        waiting.discard(turn.name)
    return True


def _first_sweep(fibre: Fibre, turns: Sequence[_Turn]) -> _Sweep:
    return _sweep(fibre, turns, {fibre.root: _Known(1, frozenset([frozenset()]))})


def _sweeps(fibre: Fibre, turns: Sequence[_Turn]) -> list[_Sweep]:
    """Sweeps until nothing new is known, but no more than a chain through all Einsums can need."""
    sweeps = [_first_sweep(fibre, turns)]
    while not _settled(sweeps) and len(sweeps) < len(turns) + 3:
        sweeps.append(_sweep(fibre, turns, sweeps[-1].known))
    return sweeps


def _settled(sweeps: Sequence[_Sweep]) -> bool:
    return sweeps[-1].known == sweeps[-1].before


def _sweep(fibre: Fibre, turns: Sequence[_Turn], before: Mapping[str, _Known]) -> _Sweep:
    known = dict(before)
    visit: dict[str, int] = {}
    earliest: dict[str, int] = {}
    waits: dict[int, Wait] = {}
    for turn in turns:
        inputs = _inputs(fibre, turn, known, before)
        if not inputs:
            continue
        earliest[turn.name] = _first_traversal(fibre, inputs)
        visits = any(read.visits for read, _ in inputs)
        if visits:
            visit[turn.name] = earliest[turn.name]
            for wait in _waits(fibre, turn, inputs):
                waits.setdefault(wait.number, wait)
        if turn.name != fibre.root:
            known[turn.name] = _output(fibre, turn, inputs, visits)
    in_order = tuple(waits[number] for number in sorted(waits))
    return _Sweep(known, before, visit, earliest, in_order)


_Inputs = list[tuple[_Read, _Known]]


def _inputs(
    fibre: Fibre, turn: _Turn, known: Mapping[str, _Known], before: Mapping[str, _Known]
) -> _Inputs:
    """What is known of each input of an Einsum; inputs that never saw the fibre are left out."""
    found = []
    for read in turn.reads:
        seen = (before if read.carries else known).get(read.access.tensor)
        if seen:
            found.append((read, _at_end(fibre, read, seen)))
    return found


def _at_end(fibre: Fibre, read: _Read, seen: _Known) -> _Known:
    """A running value after its last step needs every step."""
    if not read.ends:
        return seen
    boxes = _largest(fibre, [read.ends, *(box | read.ends for box in seen.boxes)])
    via = seen.via if fibre.parts in seen.boxes else (read.access.tensor,)
    return _Known(seen.traversal, boxes, via)


def _first_traversal(fibre: Fibre, inputs: _Inputs) -> int:
    """The first traversal in which all inputs are known, and those complete are complete."""
    return max(seen.traversal + (fibre.parts in seen.boxes) for _, seen in inputs)


def _output(fibre: Fibre, turn: _Turn, inputs: _Inputs, visits: bool) -> _Known:
    """What is known of an Einsum's output. Needs of earlier traversals are met in any case."""
    last = max(seen.traversal for _, seen in inputs)
    traversal = _first_traversal(fibre, inputs) if visits else last
    boxes = [turn.reduced] if visits else []
    boxes += [
        box | turn.reduced
        for _, seen in inputs
        if seen.traversal == traversal
        for box in seen.boxes
    ]
    return _Known(traversal, _largest(fibre, boxes), _via(fibre, turn, inputs, traversal))


def _via(fibre: Fibre, turn: _Turn, inputs: _Inputs, traversal: int) -> tuple[str, ...]:
    for _, seen in inputs:
        complete = seen.traversal == traversal and fibre.parts in seen.boxes
        if complete and turn.name not in seen.via:
            return (*seen.via, turn.name)
    return (turn.name,)


def _largest(fibre: Fibre, boxes: Iterable[frozenset[str]]) -> frozenset[frozenset[str]]:
    """The boxes that no other one contains."""
    distinct = {box & fibre.parts for box in boxes}
    if len(distinct) == 1:
        return frozenset(distinct)
    return frozenset(box for box in distinct if not any(box < other for other in distinct))


def _waits(fibre: Fibre, turn: _Turn, inputs: _Inputs) -> list[Wait]:
    """What an Einsum waits for, if its first traversal comes right after a complete one."""
    first = _first_traversal(fibre, inputs)
    visited = min((each for each in inputs if each[0].visits), key=lambda each: each[1].traversal)
    return [
        Wait(
            number=first,
            reduction=seen.via[0],
            result=str(read.access),
            einsum=turn.name,
            revisits=visited[0].access.tensor,
            fibre_of=fibre.root,
            via=seen.via,
        )
        for read, seen in inputs
        if first > 1 and seen.traversal == first - 1 and fibre.parts in seen.boxes
    ][:1]
