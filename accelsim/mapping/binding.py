"""A mapping bound to one workload and one machine: numbers for expressions, ranks for axes.

    ranks of the workload, sizes of the machine (`Array2D.rows`, `GlobalBuffer.capacity`), bytes of
    a tensor's element (`K.word`), and `tiles` in order, each over all before it
    →  loop nests with factors, steps with tile sizes, spilled shares

Every number may be an array that broadcasts with the others: a sweep binds once.
"""

from collections.abc import Iterable, Sequence
from collections.abc import Mapping as MappingOf
from dataclasses import dataclass
from functools import cached_property, lru_cache
from types import MappingProxyType
from typing import ClassVar, NamedTuple

import numpy as np

from accelsim.arch.spatial import Spatial, names, parent
from accelsim.base.errors import ExpressionError, MappingError, did_you_mean
from accelsim.base.expression import parse_expression
from accelsim.base.notebook import InNotebook
from accelsim.mapping.loops import Loop, LoopNest, Number, Storage
from accelsim.mapping.mapping import Formula, Level, Mapping, Nest, Phase, Spill, Step
from accelsim.workload.budget import budgeted
from accelsim.workload.einsum import Cascade, Einsum

_NONE: MappingOf[str, Number] = MappingProxyType({})


@dataclass(frozen=True)
class BoundStep:
    """A step with numbers. `tile` gives tile sizes by rank, in the order the tiles are visited."""

    name: str
    tile: MappingOf[str, Number]
    phases: tuple[Phase, ...]
    lag: MappingOf[str, int]

    @cached_property
    def einsums(self) -> tuple[str, ...]:
        return tuple(
            einsum for phase in self.phases for names in phase.run.values() for einsum in names
        )


class BoundSpill(NamedTuple):
    """`fraction` of the accesses to `tensors` in `memory` go to the memory `above` it."""

    memory: str
    above: str
    tensors: frozenset[str]
    fraction: Number


@dataclass(frozen=True)
class BoundMapping(InNotebook):
    """`sizes` are those of the ranks; those the mapping decides are in `cascade` too.

    Arrays of whole numbers are floats in `sizes`, `tiles` and factors: products of many would not
    fit 64-bit integers. `tiles` are the values of the mapping's names.
    """

    html_by: ClassVar[str] = "accelsim.mapping.html"

    cascade: Cascade
    arch: Spatial
    sizes: MappingOf[str, Number]
    tiles: MappingOf[str, Number]
    nests: MappingOf[str, LoopNest]
    steps: tuple[BoundStep, ...]
    share: tuple[tuple[str, ...], ...]
    spills: tuple[BoundSpill, ...]

    @cached_property
    def step_of(self) -> MappingOf[str, int]:
        """The place of the first step that runs an Einsum, by Einsum."""
        both = [(name, place) for place, step in enumerate(self.steps) for name in step.einsums]
        return dict(reversed(both))


def bind(
    mapping: Mapping, cascade: Cascade, arch: Spatial, given: MappingOf[str, Number] = _NONE
) -> BoundMapping:
    """The mapping with numbers: those of its formulas, or those `given` for some of its ranks and
    tiles, such as arrays over the candidates of a search.

    Raises MappingError if the mapping names an Einsum, rank or tensor that is not there.
    """
    cascade = budgeted(cascade)
    refuse_other_workload(mapping.workload, mapping.nests, cascade)
    for nest in mapping.nests:
        _refuse_unknown("Einsum", nest.einsums, _names_of(cascade), cascade.name)
    _refuse_stray_arrays(mapping, arch)
    values = known_values(cascade, arch)
    _refuse_unknown("rank", mapping.ranks, cascade.ranks, cascade.name)
    decided = {rank: text for rank, text in mapping.ranks.items() if rank not in cascade.chosen}
    sizes = {
        rank: given[rank] if rank in given else value_of(text, values)
        for rank, text in decided.items()
    }
    cascade = cascade.with_ranks(**sizes) if sizes else cascade
    values |= cascade.ranks
    tiles = named_values(mapping.tiles, values, given)
    values |= tiles
    return BoundMapping(
        cascade=cascade,
        arch=arch,
        sizes={rank: _unbounded(size) for rank, size in cascade.ranks.items()},
        tiles=tiles,
        nests=_nests(mapping, cascade, values),
        steps=tuple(_step(step, cascade, values) for step in mapping.schedule),
        share=mapping.share,
        spills=tuple(_bound_spill(spill, arch, values) for spill in mapping.spill),
    )


def refuse_other_workload(
    workloads: Sequence[str], nests: Sequence[Nest], cascade: Cascade
) -> None:
    """An Einsum that the workload lacks is a slip only in a mapping that is for this workload.

    A mapping for another serves one that has all its Einsums: a variant of that other.
    """
    known = _names_of(cascade)
    strange = [name for nest in nests for name in nest.einsums if name not in known]
    if strange and workloads and cascade.name not in workloads:
        fact = f"the mapping is for {' and '.join(workloads)}; {cascade.name} has no Einsum"
        remedy = "Name another mapping, or none for the default"
        raise MappingError(f"{fact} {strange[0]!r}", remedy=remedy)


def known_values(cascade: Cascade, arch: Spatial) -> dict[str, Number]:
    """What expressions may name: ranks, sizes of the machine, bytes of a tensor's element."""
    words = {f"{tensor.name}.word": tensor.word_bytes for tensor in cascade.tensors.values()}
    return names(arch) | words | dict(cascade.ranks)


def named_values(
    formulas: MappingOf[str, Formula],
    values: MappingOf[str, Number],
    given: MappingOf[str, Number] = _NONE,
) -> dict[str, Number]:
    """The formulas' values in order, each over those before it; or the values given for them."""
    found: dict[str, Number] = {}
    for name, text in formulas.items():
        if name in given:
            found[name] = _unbounded(given[name])
            continue
        try:
            found[name] = value_of(text, {**values, **found})
        except ExpressionError as error:
            raise MappingError(
                f"the mapping's {name} has no value: {error.fact}",
                remedy=error.remedy or "A tile may not fit; try a larger memory or smaller ranks",
            ) from error
    return found


def _nests(
    mapping: Mapping, cascade: Cascade, values: MappingOf[str, Number]
) -> dict[str, LoopNest]:
    einsums = {einsum.name: einsum for einsum in cascade.einsums}
    nests: dict[str, LoopNest] = {}
    for nest in mapping.nests:
        for name in nest.einsums:
            if name in nests:
                raise MappingError(f"Einsum {name} has two nests", remedy="remove one of them")
            nests[name] = _bound_nest(nest, einsums[name], cascade, values)
    return nests


def _bound_nest(
    nest: Nest, einsum: Einsum, cascade: Cascade, values: MappingOf[str, Number]
) -> LoopNest:
    own = {access.tensor for access in (*einsum.reads, einsum.output)}
    loops: list[Loop] = []
    storages: list[Storage] = []
    for level in nest.levels:
        _refuse_unknown("tensor", level.keep, cascade.tensors, cascade.name)
        loops += _spatial_loops(level, einsum, cascade, values)
        kept = own.intersection(level.keep)
        if level.memory is not None and kept:
            storages.append(Storage(level.memory, frozenset(kept), len(loops)))
        loops += _loops(level.loops, None, einsum, cascade, values)
    return LoopNest(einsum.name, nest.array, tuple(loops), tuple(storages))


def _spatial_loops(
    level: Level, einsum: Einsum, cascade: Cascade, values: MappingOf[str, Number]
) -> list[Loop]:
    return [
        loop
        for axis, factors in level.spatial.items()
        for loop in _loops(factors, axis, einsum, cascade, values)
    ]


def _loops(
    factors: MappingOf[str, Formula],
    axis: str | None,
    einsum: Einsum,
    cascade: Cascade,
    values: MappingOf[str, Number],
) -> list[Loop]:
    """Loops over the ranks that this Einsum has; a factor of 1 is no loop."""
    _refuse_unknown("rank", factors, cascade.ranks, cascade.name)
    ranks = einsum.ranks
    loops = [
        _loop(rank, value_of(text, values), axis) for rank, text in factors.items() if rank in ranks
    ]
    return [loop for loop in loops if not (isinstance(loop.factor, int) and loop.factor == 1)]


def _loop(rank: str, factor: Number, axis: str | None) -> Loop:
    return Loop(rank, factor, axis, may_be_one=bool(np.any(np.equal(factor, 1))))


def _refuse_stray_arrays(mapping: Mapping, arch: Spatial) -> None:
    """A nest spreads over its own array only; an array that is not there is `check`'s to report."""
    known = [array.name for array in arch.compute]
    for nest in mapping.nests:
        for level in nest.levels:
            if nest.array in known and level.array not in (None, nest.array):
                fact = f"a nest of {nest.array} has a level on {level.array}"
                raise MappingError(fact, remedy=f"write 'array: {nest.array}' there")


def _names_of(cascade: Cascade) -> list[str]:
    return [einsum.name for einsum in cascade.einsums]


def _step(step: Step, cascade: Cascade, values: MappingOf[str, Number]) -> BoundStep:
    _refuse_unknown("rank", step.tile, cascade.ranks, cascade.name)
    run = [name for phase in step.phases for names in phase.run.values() for name in names]
    _refuse_unknown("Einsum", [*run, *step.lag], _names_of(cascade), cascade.name)
    tile = {rank: value_of(text, values) for rank, text in step.tile.items()}
    return BoundStep(step.name, tile, step.phases, step.lag)


def _bound_spill(spill: Spill, arch: Spatial, values: MappingOf[str, Number]) -> BoundSpill:
    above = parent(arch, spill.memory)
    if above is None:
        fact = f"{spill.memory} is the outermost memory and has nothing to spill to"
        raise MappingError(fact, remedy="spill from a memory below it")
    tensors = frozenset(spill.tensors)
    return BoundSpill(spill.memory, above, tensors, value_of(spill.fraction, values))


def value_of(text: Formula, values: MappingOf[str, Number]) -> Number:
    if isinstance(text, int):
        return text
    return _unbounded(values[text] if text in values else _parsed(text).evaluate(values))


_parsed = lru_cache(maxsize=4096)(parse_expression)


def _unbounded(value: Number) -> Number:
    return value.astype(float, copy=False) if isinstance(value, np.ndarray) else value


def _refuse_unknown(kind: str, found: Iterable[str], known: Iterable[str], owner: str) -> None:
    names_known = list(known)
    for name in found:
        if name not in names_known:
            remedy = did_you_mean(name, names_known) or f"It has {', '.join(names_known)}"
            raise MappingError(f"{owner} has no {kind} {name!r}", remedy=remedy)
