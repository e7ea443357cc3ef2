"""A plan of a fused step, written as loop nests and a step of a schedule.

outermost memory   keeps what comes from outside and what others read; loops over tiles
buffers            keep each tensor inside as many of those loops as the plan says
array              spatial loops; loops over what a processing element takes in turn stand
                   outside them, or inside if the register file holds more than one element
register file      keeps the operands
"""

from collections.abc import Iterator
from dataclasses import dataclass

from accelsim.arch.spatial import Spatial
from accelsim.mapper.fused.assignment import Assignment
from accelsim.mapper.fused.filing import Machine, machine_of, streams
from accelsim.mapper.fused.keeping import Keeping
from accelsim.mapper.fused.modulo import Pipeline, Rounds
from accelsim.mapper.fused.tiling import Tiling
from accelsim.mapper.fused.turns import turns
from accelsim.mapping.mapping import Formula, Level, Nest
from accelsim.workload.einsum import Einsum


@dataclass(frozen=True)
class Plan:
    """Everything that is chosen for a step."""

    tiling: Tiling
    assignment: Assignment
    pipeline: Pipeline
    rounds: Rounds
    keeping: Keeping


def nests(plan: Plan, arch: Spatial) -> tuple[Nest, ...]:
    """One for each Einsum of the group, in order."""
    return tuple(_nest(plan, einsum, arch) for einsum in plan.tiling.group.einsums)


def _nest(plan: Plan, einsum: Einsum, arch: Spatial) -> Nest:
    array = plan.assignment.arrays[einsum.name]
    machine = machine_of(arch, array)
    inner = _inner_levels(plan, einsum, array, machine, arch)
    levels = [*_outer_levels(plan, einsum, machine), *inner]
    return Nest(einsums=(einsum.name,), array=array, levels=tuple(levels))


def _tensors(einsum: Einsum) -> tuple[str, ...]:
    return tuple(dict.fromkeys(access.tensor for access in (*einsum.reads, einsum.output)))


def _outer_levels(plan: Plan, einsum: Einsum, machine: Machine) -> Iterator[Level]:
    group, keeping = plan.tiling.group, plan.keeping
    passed = streams(plan.tiling, plan.assignment, plan.rounds)
    own = tuple(name for name in _tensors(einsum) if (name, einsum.name) not in passed)
    outside = tuple(
        name
        for name in own
        if name in group.inputs or (name == einsum.name and name in group.outputs)
    )
    level = Level(memory=machine.outermost, keep=outside)
    for place in range(len(keeping.loops) + 1):
        kept = tuple(name for name in own if keeping.buffered.get(name) == place)
        if kept:
            yield level
            *around, innermost = machine.buffers
            yield from (Level(memory=name, keep=kept) for name in around)
            level = Level(memory=innermost, keep=kept)
        for rank, factor in keeping.loops[place : place + 1]:
            if rank not in einsum.ranks:
                continue
            if rank in level.loops:
                yield level
                level = Level()
            level = level.model_copy(update={"loops": {**level.loops, rank: factor}})
    yield level


def _inner_levels(
    plan: Plan, einsum: Einsum, array: str, machine: Machine, arch: Spatial
) -> Iterator[Level]:
    tiling, own = plan.tiling, _tensors(einsum)
    loops: dict[str, Formula] = {
        **turns(tiling, plan.assignment, plan.rounds, plan.keeping, einsum, arch)
    }
    spatial = Level(array=array, spatial=tiling.spreads[einsum.name, array].axes)
    filed = tuple(name for name in own if name in plan.keeping.filed)
    rest = tuple(name for name in own if name not in filed)
    if filed:
        yield from (spatial, Level(memory=machine.file, keep=filed, loops=loops))
    else:
        yield from ([Level(loops=loops)] if loops else [])
        yield spatial
    if machine.file is not None:
        yield Level(memory=machine.file, keep=rest)
