"""A mapping of ours → Timeloop v4: for each Einsum a file of its `problem` and its `mapping`.

    for H in 12                            - {target: DRAM, type: temporal,
      for M1 in 16                            factors: [H=12, M1=16, P=1], permutation: [P, M1, H]}
        GlobalBuffer keeps K, Q            - {target: GlobalBuffer, type: dataspace,
          spatial P in 256 over columns       keep: [K, Q], bypass: [Z]}

A permutation is written from the innermost loop outwards. A level's loops are those inside its
memory and outside the next one. Spatial loops are of the memory above them: the ranks before
`split` in their permutation lie along X (columns), the others along Y (rows). A factor that does
not divide is followed by what the last tile is left with: `P=16,5`.

Timeloop maps one Einsum at a time. It knows products of tensors at affine positions, so what an
Einsum computes (`exp`, `max`) and how Einsums follow one another is not in the files.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from accelsim.arch.spatial import Spatial, parents
from accelsim.base.errors import MappingError
from accelsim.base.yamlfile import yaml_text
from accelsim.mapping.binding import BoundMapping
from accelsim.mapping.loops import Loop, LoopNest, ceil_div
from accelsim.workload.affine import Index, size_value
from accelsim.workload.einsum import Access, Einsum

Directive = dict[str, Any]


def timeloop_mapping(bound: BoundMapping, einsum: str) -> str:
    """The file of one Einsum, as YAML.

    Raises
    ------
    MappingError
        if Timeloop cannot say it: a position such as m1+1 or one that is looked up, a memory that
        holds two tensors at different depths, or loops inside an array without a register file.
    """
    nest = _joined(bound.nests[einsum])
    ranks = dict.fromkeys([*nest.ranks, *bound.cascade.einsum(einsum).ranks])
    sizes = {rank: int(bound.sizes[rank]) for rank in ranks}
    return yaml_text(
        {
            "problem": _problem(bound, einsum, sizes),
            "mapping": list(_directives(bound, nest, sizes)),
        }
    )


# --- the problem ----------------------------------------------------------------------------------


def _problem(bound: BoundMapping, name: str, sizes: Mapping[str, int]) -> Directive:
    einsum = bound.cascade.einsum(name)
    spaces: list[Directive] = [
        {"name": tensor, "projection": _projection(bound, einsum, access)}
        for tensor, access in _accesses(einsum).items()
    ]
    spaces[-1]["read_write"] = True
    shape = {"name": name, "dimensions": list(sizes), "data_spaces": spaces}
    return {"version": "0.4", "shape": shape, "instance": dict(sizes)}


def _accesses(einsum: Einsum) -> dict[str, Access]:
    """Each tensor once, the output last."""
    accesses = [*einsum.reads, einsum.output]
    found: dict[str, Access] = {}
    for access in accesses:
        if access.tensor in found and found[access.tensor].indices != access.indices:
            fact = f"{einsum.name} reads {access.tensor} at several positions"
            raise MappingError(fact, at=einsum.place, remedy="Timeloop has one for each tensor")
        found.pop(access.tensor, None)
        found[access.tensor] = access
    return found


def _projection(bound: BoundMapping, einsum: Einsum, access: Access) -> list[list[list[Any]]]:
    """For each rank of the tensor the sum of ranks of the Einsum, [rank] or [rank, factor]."""
    positions = [_position(bound, index) for index in bound.cascade.positions(access)]
    if None in positions:
        fact = f"{einsum.name}: Timeloop has no position like that of {access}"
        raise MappingError(fact, at=einsum.place)
    return [position for position in positions if position is not None]


def _position(bound: BoundMapping, index: Index) -> list[list[Any]] | None:
    if not index.is_linear or index.offset != 0 or index.final is not None:
        return None
    sizes = [(rank, int(size_value(size, bound.sizes))) for rank, size in index.terms]
    return [[rank] if factor == 1 else [rank, factor] for rank, factor in sizes]


# --- the mapping ----------------------------------------------------------------------------------


def _joined(nest: LoopNest) -> LoopNest:
    """The same nest with loops over one rank that follow each other directly as one loop."""
    loops: list[Loop] = []
    moved = [0]
    begun = {storage.depth for storage in nest.storages}
    for depth, loop in enumerate(nest.loops):
        last = loops[-1] if loops and depth not in begun else None
        if last is not None and (last.rank, last.axis) == (loop.rank, loop.axis):
            loops[-1] = last._replace(factor=last.factor * loop.factor)
        else:
            loops.append(loop)
        moved.append(len(loops))
    storages = tuple(each._replace(depth=moved[each.depth]) for each in nest.storages)
    return replace(nest, loops=tuple(loops), storages=storages)


def _directives(
    bound: BoundMapping, nest: LoopNest, sizes: Mapping[str, int]
) -> Iterator[Directive]:
    tensors = list(_accesses(bound.cascade.einsum(nest.einsum)))
    factors = _factors(nest, sizes)
    for memory, loops in _levels(bound.arch, nest):
        numbered = [(nest.loops[place], factors[place]) for place in loops]
        kept = sorted({t for each in nest.storages if each.memory == memory for t in each.tensors})
        keep = [tensor for tensor in tensors if tensor in kept]
        bypass = [tensor for tensor in tensors if tensor not in kept]
        yield {"target": memory, "type": "dataspace", "keep": keep, "bypass": bypass}
        temporal = [each for each in numbered if not each[0].is_spatial]
        yield {"target": memory, "type": "temporal"} | _loops(temporal, sizes)
        spatial = [each for each in numbered if each[0].is_spatial]
        if spatial:
            along = [each for each in spatial if each[0].axis == "columns"]
            across = [each for each in spatial if each[0].axis != "columns"]
            yield (
                {"target": memory, "type": "spatial"}
                | _loops([*across, *along], sizes)
                | {"split": len({loop.rank for loop, _ in along})}
            )


def _loops(numbered: Sequence[tuple[Loop, str]], sizes: Mapping[str, int]) -> Directive:
    """Factors of every rank, and the ranks from the innermost loop outwards; those of no loop come
    last, where they make no difference."""
    inside_out = [loop.rank for loop, _ in reversed(numbered)]
    said = {loop.rank: factor for loop, factor in numbered}
    if len(said) < len(numbered):
        listed = ", ".join(sorted(inside_out))
        fact = f"one level has the loops {listed}"
        raise MappingError(fact, remedy="Timeloop cuts a rank once at each level")
    factors = [f"{rank}={said.get(rank, '1')}" for rank in sizes]
    return {"factors": factors, "permutation": [*inside_out, *(r for r in sizes if r not in said)]}


def _factors(nest: LoopNest, sizes: Mapping[str, int]) -> list[str]:
    """Of each loop, with what the last one is left with if that is less."""
    left, written = dict(sizes), [""] * len(nest.loops)
    for place in reversed(range(len(nest.loops))):
        loop = nest.loops[place]
        factor, tiles = int(loop.factor), left[loop.rank]
        last = (tiles - 1) % factor + 1
        written[place] = str(factor) if last == factor else f"{factor},{last}"
        left[loop.rank] = int(ceil_div(tiles, factor))
    for rank, tiles in left.items():
        if tiles > 1:
            raise MappingError(f"{nest.einsum}: the loops over {rank} leave {tiles} tiles over")
    return written


def _levels(arch: Spatial, nest: LoopNest) -> Iterator[tuple[str, list[int]]]:
    """The memories above the array, outermost first, and the loops of each."""
    above = [*reversed(parents(arch, nest.array))]
    starts = [0]
    for memory in above[1:]:
        start = _start(nest, memory)
        starts.append(_default_start(arch, nest, memory, starts[-1]) if start is None else start)
    if starts != sorted(starts):
        fact = f"{nest.einsum}: memories hold tiles in another order than they lie in"
        raise MappingError(fact, remedy="Timeloop has one level after the other")
    for memory, start, end in zip(above, starts, [*starts[1:], len(nest.loops)], strict=True):
        _refuse_loops_inside(nest, memory, nest.loops[start:end])
        yield memory, list(range(start, end))


def _default_start(arch: Spatial, nest: LoopNest, memory: str, before: int) -> int:
    """Of a memory that holds nothing: in the PEs it lies inside the loops in space."""
    spatial = [place + 1 for place, loop in enumerate(nest.loops) if loop.is_spatial]
    return max([before, *spatial]) if arch.memory(memory).per is not None else before


def _refuse_loops_inside(nest: LoopNest, memory: str, loops: Sequence[Loop]) -> None:
    """Within a level, loops in time stand outside those in space."""
    kinds = [loop.is_spatial for loop in loops]
    if kinds != sorted(kinds):
        late = next(loop for loop in reversed(loops) if not loop.is_spatial)
        fact = f"{nest.einsum}: {memory} has a loop over {late.rank} inside the array"
        raise MappingError(fact, remedy="Timeloop needs a memory in the PEs for it")


def _start(nest: LoopNest, memory: str) -> int | None:
    depths = {storage.depth for storage in nest.storages if storage.memory == memory}
    if len(depths) > 1:
        fact = f"{nest.einsum}: {memory} holds tensors at {len(depths)} depths of the loops"
        raise MappingError(fact, remedy="Timeloop has one level for each memory")
    return next(iter(depths), None)
