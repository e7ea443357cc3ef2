"""A legal, sensible mapping of any cascade on any spatial array, by rules, without a search.

order      The Einsums one after the other, each a step of its own; those that take turns over the
           steps of a running value (`recurring`) share a step, with tiles of one along its rank.
array      The one on which the Einsum finishes soonest, spread over columns and rows (`spread`).
memories   The outermost one keeps all tensors, so that nothing is fused; data passes through every
           memory on its way. Buffers keep tiles as large as saves traffic (`tiling`), register
           files the operands of one step; what there is no room for passes by (`levels`).
loops      Sums stay in the array: loops over reduced ranks are innermost. The next Einsum waits
           for sums that are spread over the array.

Einsums that take turns have the same loops around them, outermost: over tiles of the ranks they
share, as large as the widest spread among them, then over the steps. What they make stays in the
outermost buffer above all their arrays if it takes no more than half of it.
"""

from collections.abc import Mapping as MappingOf
from collections.abc import Sequence
from math import prod
from typing import NamedTuple

from accelsim.arch.spatial import Spatial, parents
from accelsim.mapping.levels import Held, Job, levels, room_in
from accelsim.mapping.loops import ceil_div
from accelsim.mapping.mapping import Mapping, Nest, Phase, Step
from accelsim.mapping.recurring import Group, groups
from accelsim.mapping.spread import Spread, fastest_spread, refuse_impossible
from accelsim.mapping.tiling import Counts, Operand, Work
from accelsim.workload.budget import budgeted
from accelsim.workload.einsum import Cascade, Einsum

AUTOMATIC = "automatic"
"""What a mapping made here is called where others have the name of a file."""


class Turns(NamedTuple):
    """A group with numbers: the tile its Einsums work on in turn, their spreads and home."""

    group: Group
    tile: Counts
    spreads: MappingOf[str, Spread]
    home: str | None


def automatic_mapping(cascade: Cascade, arch: Spatial) -> Mapping:
    """All ranks and numbers of the machine are plain numbers, not arrays.

    Raises
    ------
    MappingError
        if no array of the machine can do some Einsum: which, and what each array lacks.
    """
    cascade = budgeted(cascade)
    refuse_impossible(cascade, arch)
    found = [_turns(group, cascade, arch) for group in groups(cascade)]
    return Mapping(
        about="Made by rules for this workload and machine: one Einsum after the other.",
        source="accelsim.mapping.automatic",
        workload=(cascade.name,),
        machine="spatial",
        nests=tuple(nest for turns in found for nest in _nests(turns, cascade, arch)),
        schedule=tuple(_step(turns, cascade) for turns in found),
    )


def _step(turns: Turns, cascade: Cascade) -> Step:
    names = turns.group.einsums
    cut = {rank: size for rank, size in turns.tile.items() if size < cascade.ranks[rank]}
    phases = tuple(_phase(cascade.einsum(name), turns.spreads[name]) for name in names)
    return Step(name=" and ".join(names), tile=dict(cut), phases=phases)


def _phase(einsum: Einsum, spread: Spread) -> Phase:
    """The next one waits until sums over the array have come out."""
    is_spread = any(spread.factor(rank) > 1 for rank in einsum.reduced_ranks)
    drain = (einsum.name,) if is_spread else ()
    return Phase(run={spread.array: (einsum.name,)}, drain=drain)


# --- Einsums that take turns ---------------------------------------------------------------------


def _turns(group: Group, cascade: Cascade, arch: Spatial) -> Turns:
    one_step = dict.fromkeys(group.stepped, 1)
    alone = (_spread(name, one_step, cascade, arch) for name in group.einsums)
    shared = [{rank: spread.factor(rank) for rank in group.shared} for spread in alone]
    tile = {**_widest(shared), **one_step}
    spreads = {name: _spread(name, tile, cascade, arch) for name in group.einsums}
    return Turns(group, tile, spreads, _home(group, tile, spreads, cascade, arch))


def _widest(tiles: Sequence[Counts]) -> Counts:
    return max(tiles, key=lambda tile: prod(tile.values()))


def _spread(name: str, tile: Counts, cascade: Cascade, arch: Spatial) -> Spread:
    einsum = cascade.einsum(name)
    sizes = {rank: tile.get(rank, cascade.ranks[rank]) for rank in einsum.ranks}
    return fastest_spread(einsum, arch, sizes, frozenset(tile))


def _home(
    group: Group, tile: Counts, spreads: MappingOf[str, Spread], cascade: Cascade, arch: Spatial
) -> str | None:
    """The outermost buffer above all the group's arrays, if there is room for what they make."""
    # A value that runs over two ranks is read a step back along each: a row would have to stay.
    if len(group.stepped) != 1:
        return None
    needed = sum(_resident_bytes(name, tile, cascade) for name in group.einsums)
    paths = [_path(spread.array, arch)[1:] for spread in spreads.values()]
    for memory in paths[0]:
        is_above_all = arch.memory(memory).per is None and all(memory in path for path in paths)
        if is_above_all and 2 * needed <= room_in(memory, {}, arch).capacity_bytes:
            return memory
    return None


def _resident_bytes(tensor: str, tile: Counts, cascade: Cascade) -> float:
    """Of a tensor that the group makes: a tile of the shared ranks, one step, other ranks whole."""
    ranks = cascade.einsum(tensor).output.ranks
    reach = prod(tile.get(rank, cascade.ranks[rank]) for rank in ranks)
    return cascade.tensors[tensor].word_bytes * reach


def _path(array: str, arch: Spatial) -> tuple[str, ...]:
    return tuple(reversed(parents(arch, array)))


# --- one Einsum ----------------------------------------------------------------------------------


def _nests(turns: Turns, cascade: Cascade, arch: Spatial) -> list[Nest]:
    """The nests of a group; of the room that others have left, each may take its share."""
    names = turns.group.einsums
    made = {name: _resident_bytes(name, turns.tile, cascade) for name in names}
    held: Held = {turns.home: made} if turns.home is not None else {}
    nests = []
    for done, name in enumerate(names):
        job = _job(cascade.einsum(name), turns, cascade, arch)
        found, held = levels(job, held, len(names) - done, arch)
        nests.append(Nest(einsums=(name,), array=job.spread.array, levels=found))
    return nests


def _job(einsum: Einsum, turns: Turns, cascade: Cascade, arch: Spatial) -> Job:
    spread = turns.spreads[einsum.name]
    staying = frozenset(turns.group.einsums) if turns.home is not None else frozenset[str]()
    return Job(
        work=_work(einsum, spread, turns.tile, cascade),
        spread=spread,
        path=_path(spread.array, arch),
        home=turns.home,
        staying=staying,
        leaving=staying.intersection({einsum.name}, cascade.outputs),
    )


def _work(einsum: Einsum, spread: Spread, tile: Counts, cascade: Cascade) -> Work:
    sizes = {rank: cascade.ranks[rank] for rank in einsum.ranks}
    around = {rank: ceil_div(sizes[rank], size) for rank, size in tile.items() if rank in sizes}
    return Work(
        operands=tuple(_operand(tensor, einsum, cascade) for tensor in _tensors(einsum)),
        reduced=frozenset(einsum.reduced_ranks),
        sizes={rank: tile.get(rank, size) for rank, size in sizes.items()},
        factors={rank: spread.factor(rank) for rank in sizes},
        around=tuple((rank, factor) for rank, factor in around.items() if factor > 1),
        shared=frozenset(tile),
    )


def _tensors(einsum: Einsum) -> tuple[str, ...]:
    return tuple(dict.fromkeys(access.tensor for access in (*einsum.reads, einsum.output)))


def _operand(tensor: str, einsum: Einsum, cascade: Cascade) -> Operand:
    accesses = [each for each in (*einsum.reads, einsum.output) if each.tensor == tensor]
    ranks = frozenset(frozenset(access.ranks) for access in accesses)
    word = cascade.tensors[tensor].word_bytes
    whole = word * sum(prod(cascade.ranks[rank] for rank in each) for each in ranks)
    return Operand(tensor, ranks, whole, word, is_output=tensor == einsum.name)
