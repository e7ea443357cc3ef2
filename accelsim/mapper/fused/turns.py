"""In which order a processing element takes the elements of a tile that it has no room to hold.

A register file holds one element of an operand. It is fetched anew at every turn of a rank that the
operand has, and of every other rank whose turns run around one of these:

    fetched per tile = Π turns of all loops down to the innermost one that the operand has

The ranks of the result come first, so that each sum is complete before the next begins, unless the
register file has room for all sums of a tile: the order is then the one that costs least. What is
read or made on the spot, element by element, keeps its maker and reader in one order.
"""

from collections.abc import Mapping, Sequence
from math import prod

from accelsim.arch.spatial import Spatial
from accelsim.mapper.fused.assignment import Assignment
from accelsim.mapper.fused.filing import elements_in_turn, in_turn, machine_of, streams
from accelsim.mapper.fused.keeping import Keeping
from accelsim.mapper.fused.modulo import Rounds
from accelsim.mapper.fused.orders import orders
from accelsim.mapper.fused.tiling import Tiling
from accelsim.workload.einsum import Einsum


def turns(
    tiling: Tiling,
    assignment: Assignment,
    rounds: Rounds,
    keeping: Keeping,
    einsum: Einsum,
    arch: Spatial,
) -> dict[str, int]:
    """Loops over what a processing element takes in turn in a tile, outermost first."""
    found = _in_turn(tiling, assignment, einsum)
    if len(found) < 2 or _is_streamed(einsum, tiling, assignment, rounds, keeping.filed):
        return found
    prices = _fetch_pj(tiling, assignment, keeping, einsum, arch)

    def cost(order: Sequence[str]) -> float:
        return sum(pj * _fetches(order, found, ranks) for ranks, pj in prices.items())

    every = orders(einsum, tuple(found), is_held=einsum.name in keeping.filed)
    return {rank: found[rank] for rank in min(every, key=cost)}


def _in_turn(tiling: Tiling, assignment: Assignment, einsum: Einsum) -> dict[str, int]:
    output = [rank for rank in einsum.ranks if rank not in einsum.reduced_ranks]
    every = {
        rank: in_turn(tiling, assignment, einsum.name, rank)
        for rank in (*output, *einsum.reduced_ranks)
    }
    return {rank: factor for rank, factor in every.items() if factor > 1}


def _is_streamed(
    einsum: Einsum, tiling: Tiling, assignment: Assignment, rounds: Rounds, filed: frozenset[str]
) -> bool:
    """Whether somebody takes what it makes, or it what others make, in the order of making."""
    return any(
        einsum.name in pair and pair[0] not in filed
        for pair in streams(tiling, assignment, rounds)
        if elements_in_turn(tiling, assignment, pair[0]) > 1
    )


def _fetches(order: Sequence[str], found: Mapping[str, int], ranks: frozenset[str]) -> int:
    innermost = max((n for n, rank in enumerate(order) if rank in ranks), default=-1)
    return prod(found[rank] for rank in order[: innermost + 1])


def _fetch_pj(
    tiling: Tiling, assignment: Assignment, keeping: Keeping, einsum: Einsum, arch: Spatial
) -> dict[frozenset[str], float]:
    """Of what comes from the buffer, pJ of one element for each processing element."""
    array = assignment.arrays[einsum.name]
    machine, spread = machine_of(arch, array), tiling.spreads[einsum.name, array]
    if machine.file is None or not machine.buffers:
        return {}
    read_pj = float(arch.memory(machine.buffers[-1]).read_pj_per_byte or 0)
    write_pj = float(arch.memory(machine.file).write_pj_per_byte or 0)
    found: dict[frozenset[str], float] = {}
    for access in einsum.reads:
        if access.tensor in keeping.filed:
            continue
        word = tiling.group.cascade.tensors[access.tensor].word_bytes
        ranks = frozenset(access.ranks)
        apart = prod(spread.factor(rank) for rank in ranks)
        alike = prod(spread.factor(rank) for rank in einsum.ranks if rank not in ranks)
        pj = word * apart * (read_pj + alike * write_pj)
        found[ranks] = found.get(ranks, 0.0) + pj
    return found
