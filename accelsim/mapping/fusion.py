"""What one GPU kernel may compute of a cascade: Einsums whose intermediates stay on chip.

grid     ranks that blocks divide among themselves. Blocks do not talk to one another, so all
         Einsums of the kernel have these ranks, and read each other's tensors in their own block.
main     ranks whose tiles a block takes one after the other: the steps of running values, or the
         largest rank that is not divided; all of them where one Einsum alone has any
held     tensors that are visited in more than one pass over the main rank (`workload.passes`), or
         at another place than where they were made: all of the rank must be there at once. All
         others pass by, a tile at a time.
whole    every other rank: a tile has all of it

Einsums that take turns over the steps of a running value stay together; if no SM has room for that,
each is a kernel of its own that is launched for every step (`stepwise`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache, wraps
from math import prod
from typing import Any, TypeVar

from accelsim.mapping.recurring import Group, groups, shared_ranks
from accelsim.workload.einsum import Access, Cascade, Einsum
from accelsim.workload.fibres import reads
from accelsim.workload.passes import einsums_by_pass
from accelsim.workload.remembered import remembered


@dataclass(frozen=True)
class Fusion:
    """Einsums of one kernel. `cascade` is the part of the `whole` one that they are.

    Counts are those of the whole, which knows what is written of a tensor and what runs.
    """

    whole: Cascade
    cascade: Cascade
    grid: tuple[str, ...]
    main: tuple[str, ...]
    steps: tuple[str, ...]
    held: frozenset[str]
    written: tuple[str, ...]
    launches: int = 1

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        # Cheap; with the sizes in it, as caches compare those of equal hashes Einsum by Einsum.
        return hash((self.whole, self.einsums, self.launches))

    @cached_property
    def einsums(self) -> tuple[str, ...]:
        return tuple(einsum.name for einsum in self.cascade.einsums)

    @property
    def name(self) -> str:
        return " ".join(self.einsums)

    @cached_property
    def reads(self) -> tuple[Access, ...]:
        """Distinct accesses to what other kernels have made, or to inputs."""
        # One step does not keep its own value for the next one.
        own = set(self.einsums) if self.launches == 1 else set()
        every = (access for einsum in self.cascade.einsums for access in einsum.reads)
        return tuple(dict.fromkeys(access for access in every if access.tensor not in own))

    @cached_property
    def ranks(self) -> tuple[str, ...]:
        return _ranks(self.cascade.einsums)

    @cached_property
    def form(self) -> tuple[Any, ...]:
        """All that there is to it but sizes, and the cascade."""
        of_ranks = (self.grid, self.main, self.steps)
        return (self.einsums, *of_ranks, self.held, self.written, self.launches == 1)


Found = TypeVar("Found")


def of_form(function: Callable[[Fusion], Found]) -> Callable[[Fusion], Found]:
    """The function, asked once of all fusions that differ in sizes alone. It must not look at
    them."""
    name = f"{function.__module__}.{function.__qualname__}"

    @wraps(function)
    def known(fusion: Fusion) -> Found:
        facts: dict[Any, Any] = _form(fusion.whole).facts
        asked = (name, *fusion.form)
        if asked not in facts:
            facts[asked] = function(fusion)
        found: Found = facts[asked]
        return found

    return known


@remembered
def fusion(cascade: Cascade, groups: tuple[Group, ...]) -> Fusion | None:
    """The kernel of these groups; None if ranks are traversed whole by some and in parts by others.

    Each group is one Einsum, or those that take turns over the steps of a running value.
    """
    names = tuple(name for group in groups for name in group.einsums)
    steps = tuple(dict.fromkeys(rank for group in groups for rank in group.stepped))
    form = _form(cascade)
    divided = _divided(form, names, steps)
    if divided is None:
        return None
    grid, written = divided
    part = part_of(cascade, names)
    main = _main(part, grid, steps)
    return Fusion(cascade, part, grid, main, steps, _held(form, names, main), written)


@remembered
def _form(cascade: Cascade) -> Cascade:
    """The cascade with all ranks 1: what passes and groups depend on is the same at all sizes."""
    tensors = {name: tensor._replace(word_bytes=0) for name, tensor in cascade.tensors.items()}
    ranks = dict.fromkeys(cascade.ranks, 1)
    return _one_of(
        replace(cascade, ranks=ranks, tensors=tensors, declared={}, densities={}, values={})
    )


@lru_cache(maxsize=64)
def _one_of(form: Cascade) -> Cascade:
    """The same object for equal ones, so that facts are found once."""
    return form


@remembered
def _divided(
    form: Cascade, names: tuple[str, ...], steps: tuple[str, ...]
) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """Ranks of the grid, and what is written."""
    part = part_of(form, names)
    ranks = _ranks(part.einsums)
    if any(whole in ranks and set(parts) & set(ranks) for whole, parts in part.partitions.items()):
        return None
    return _grid(part, names, steps), _written(form, names)


def stepwise(cascade: Cascade, group: Group) -> tuple[Fusion, ...]:
    """Every Einsum of a loop by itself, for one step, launched as often as there are steps."""
    found = []
    for name in group.einsums:
        part = _one_step(part_of(cascade, (name,)), group.stepped)
        grid = tuple(rank for rank in part.einsums[0].output.ranks if rank not in group.stepped)
        main = tuple(rank for rank in _ranks(part.einsums) if rank not in grid)
        launches = prod(cascade.ranks[rank] for rank in group.stepped)
        found.append(Fusion(cascade, part, grid, main, (), frozenset(), (name,), launches))
    return tuple(found)


def _one_step(part: Cascade, stepped: tuple[str, ...]) -> Cascade:
    ranks = {**part.ranks, **dict.fromkeys(stepped, 1)}
    for whole, parts in part.partitions.items():
        if not set(parts).isdisjoint(stepped):
            ranks[whole] = prod(ranks[rank] for rank in parts)
    return replace(part, ranks=ranks, declared={})


def units(cascade: Cascade) -> tuple[Group, ...]:
    """The groups that a kernel cannot cut, in the order of the text as far as that is possible."""
    return _units(_form(cascade))


@remembered
def _units(cascade: Cascade) -> tuple[Group, ...]:
    place = {einsum.name: number for number, einsum in enumerate(cascade.einsums)}
    waiting = sorted(groups(cascade), key=lambda group: min(place[name] for name in group.einsums))
    found: list[Group] = []
    while waiting:
        made = {name for group in waiting for name in group.einsums}
        ready = next(group for group in waiting if not _needs(cascade, group) & made)
        waiting.remove(ready)
        found.append(ready)
    return tuple(found)


def _needs(cascade: Cascade, group: Group) -> set[str]:
    """Tensors of other groups."""
    read = {
        access.tensor for name in group.einsums for access in reads(cascade, cascade.einsum(name))
    }
    return read - set(group.einsums)


def part_of(cascade: Cascade, names: tuple[str, ...]) -> Cascade:
    """These Einsums as a cascade, in their order there; what others make is its input."""
    einsums = tuple(einsum for einsum in cascade.einsums if einsum.name in names)
    initial = tuple(each for each in cascade.initial if each.tensor in names)
    return replace(cascade, einsums=einsums, initial=initial)


def _ranks(einsums: tuple[Einsum, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(rank for einsum in einsums for rank in einsum.ranks))


def _grid(part: Cascade, names: tuple[str, ...], steps: tuple[str, ...]) -> tuple[str, ...]:
    if len(names) == 1 and not steps:
        return part.einsums[0].output.ranks
    return tuple(rank for rank in shared_ranks(names, part) if rank not in steps)


def _main(part: Cascade, grid: tuple[str, ...], steps: tuple[str, ...]) -> tuple[str, ...]:
    left = [rank for rank in _ranks(part.einsums) if rank not in grid]
    if steps:
        return steps[:1]
    if sum(not set(left).isdisjoint(einsum.ranks) for einsum in part.einsums) == 1:
        return tuple(left)
    outer = {parts[0]: whole for whole, parts in part.partitions.items()}
    inner = {rank for parts in part.partitions.values() for rank in parts[1:]}
    streamed = [rank for rank in left if rank not in inner]
    longest = sorted(streamed, key=lambda rank: -part.ranks[outer.get(rank) or rank])
    return tuple(longest[:1])


def _written(cascade: Cascade, names: tuple[str, ...]) -> tuple[str, ...]:
    """What leaves the kernel: results of the cascade, and what other kernels read."""
    others = (einsum for einsum in cascade.einsums if einsum.name not in names)
    read = {access.tensor for einsum in others for access in einsum.reads}
    return tuple(name for name in names if name in read or name in cascade.outputs)


# --- what must be there as a whole ---------------------------------------------------------------


@remembered
def _held(form: Cascade, names: tuple[str, ...], main: tuple[str, ...]) -> frozenset[str]:
    part = part_of(form, names)
    if len(part.einsums) == 1:
        return frozenset()
    passes = [_pass_of(part, rank) for rank in main]
    found = {tensor for of in passes for tensor in _in_several(part, of)}
    own = {einsum.name for einsum in part.einsums}
    return frozenset(found | {name for name in own if _is_read_elsewhere(part, name, main)})


def _pass_of(part: Cascade, rank: str) -> Mapping[str, int]:
    """In which pass over the rank, or over the one that it is a part of, each Einsum is."""
    whole = [of for of, parts in part.partitions.items() if rank in parts]
    found: dict[str, int] = {}
    for each in (rank, *whole):
        for number, names in enumerate(einsums_by_pass(part, each)):
            found |= {name: max(number, found.get(name, 0)) for name in names}
    return found


def _in_several(part: Cascade, passes: Mapping[str, int]) -> set[str]:
    """Tensors that are made or read in more than one pass."""
    seen: dict[str, set[int]] = {}
    for einsum in part.einsums:
        if einsum.name in passes:
            for tensor in (einsum.name, *(access.tensor for access in einsum.reads)):
                seen.setdefault(tensor, set()).add(passes[einsum.name])
    return {tensor for tensor, numbers in seen.items() if len(numbers) > 1}


def _is_read_elsewhere(part: Cascade, tensor: str, main: tuple[str, ...]) -> bool:
    """Along a main rank that is no running value's, at other places than it is made."""
    made = part.einsum(tensor).output
    if part.iterative_ranks(tensor):
        return False
    along = [number for number, index in enumerate(made.indices) if set(index.ranks) & set(main)]
    reads = [access for e in part.einsums for access in e.reads if access.tensor == tensor]
    return any(
        len(access.indices) != len(made.indices) or access.indices[at] != made.indices[at]
        for access in reads
        for at in along
    )
