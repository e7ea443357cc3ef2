"""Whether a candidate keeps to the constraints: of one in words, of many as arithmetic.

What is fixed or limited is measured on what a search has made, whichever strategy it was: on the
bound mapping (arrays, factors) and on its cost (bytes). Shares of capacity are in the machine's
memories already, so that `mapping.check` and `legal` say what is too large.

A memory's loops are those between its innermost storage and that of the next memory inwards:
what it sends, tile by tile, and what stays in it all along is no cut.

Of a part of a cascade only its own Einsums are measured. Its traffic is no more than that of the
whole, so that a part which breaks a limit is in no mapping that keeps to it.
"""

from collections.abc import Iterator
from collections.abc import Mapping as MappingOf
from math import prod
from typing import NamedTuple

from accelsim.arch.spatial import parents
from accelsim.cost.result import Cost
from accelsim.mapper.constraints import Constraints, FixedLoops
from accelsim.mapping.binding import BoundMapping
from accelsim.mapping.loops import Loop, LoopNest, Number
from accelsim.mapping.violation import Violation

ROUNDING = 1 + 1e-12
"""Bytes are sums of floats where conditions leave shares of tiles."""


class _Measure(NamedTuple):
    """`found` of something shall be `wanted`, or no more than that."""

    where: str
    fact: str
    found: Number
    wanted: Number
    is_most: bool

    @property
    def holds(self) -> Number:
        return self.found <= self.wanted * ROUNDING if self.is_most else self.found == self.wanted


def keeps(constraints: Constraints, mapping: BoundMapping, cost: Cost) -> Number:
    """1 where all is kept, else 0; numbers may be arrays, or recorded."""
    return keeps_loops(constraints, mapping) * keeps_limits(constraints, mapping, cost)


def keeps_loops(constraints: Constraints, mapping: BoundMapping) -> Number:
    return prod((each.holds for each in _loops(constraints, mapping)), start=1)


def keeps_limits(constraints: Constraints, mapping: BoundMapping, cost: Cost) -> Number:
    return prod((each.holds for each in _limits(constraints, mapping, cost)), start=1)


def broken(constraints: Constraints, mapping: BoundMapping, cost: Cost) -> tuple[Violation, ...]:
    """What one mapping breaks, with numbers."""
    every = (*_loops(constraints, mapping), *_limits(constraints, mapping, cost))
    return tuple(
        Violation(
            each.where,
            each.fact.format(found=each.found, wanted=each.wanted),
            needed=each.found,
            available=each.wanted,
        )
        for each in every
        if not each.holds
    )


# --- loops ----------------------------------------------------------------------------------------


def _loops(constraints: Constraints, mapping: BoundMapping) -> Iterator[_Measure]:
    for einsum, fixed in constraints.loops.items():
        if einsum in mapping.nests:
            nest = mapping.nests[einsum]
            yield from _on_array(fixed, nest)
            yield from _inside_memories(fixed, nest, mapping)


def _on_array(fixed: FixedLoops, nest: LoopNest) -> Iterator[_Measure]:
    if fixed.array is not None:
        fact = f"runs on {nest.array}, but is fixed on {fixed.array}"
        yield _Measure(nest.einsum, fact, int(nest.array == fixed.array), 1, is_most=False)
    for rank, wide in fixed.on_array.items():
        for axis, wanted in zip(("rows", "columns"), wide, strict=True):
            own = (loop.factor for loop in nest.loops if (loop.rank, loop.axis) == (rank, axis))
            fact = f"has {{found}} of {rank} on {axis}, but {{wanted}} is fixed"
            yield _Measure(nest.einsum, fact, prod(own), wanted, is_most=False)


def _inside_memories(
    fixed: FixedLoops, nest: LoopNest, mapping: BoundMapping
) -> Iterator[_Measure]:
    for memory, factors in fixed.memories.items():
        inside = loops_of(memory, nest, mapping)
        for rank, wanted in factors.items():
            own = prod(loop.factor for loop in inside if loop.rank == rank)
            fact = f"loops {{found}} times over {rank} right inside {memory}, "
            fact += "but {wanted} is fixed"
            yield _Measure(nest.einsum, fact, own, wanted, is_most=False)


def loops_of(memory: str, nest: LoopNest, mapping: BoundMapping) -> list[Loop]:
    """The temporal loops right inside a memory; none if the nest keeps nothing there."""
    path = tuple(reversed(parents(mapping.arch, nest.array)))
    depths: dict[str, int] = {}
    for storage in nest.storages:
        depths[storage.memory] = max(storage.depth, depths.get(storage.memory, 0))
    if memory not in depths or memory not in path:
        return []
    inner = (depths[name] for name in path[path.index(memory) + 1 :] if name in depths)
    end = next(inner, len(nest.loops))
    return [loop for loop in nest.loops[depths[memory] : end] if not loop.is_spatial]


# --- traffic --------------------------------------------------------------------------------------


def _limits(constraints: Constraints, mapping: BoundMapping, cost: Cost) -> Iterator[_Measure]:
    moves = "moves {found:,.0f} B, but may move {wanted:,.0f} B"
    for memory, most in constraints.traffic_bytes.items():
        yield _Measure(memory, moves, cost.traffic_bytes[memory], most, is_most=True)
    parts = ((0, constraints.einsum_traffic_bytes), (3, constraints.tensor_traffic_bytes))
    for place, limits in parts:
        for name, own in limits.items():
            for memory, most in own.items():
                found = _bytes({place: name, 1: memory}, mapping, cost)
                fact = f"{moves} over {memory}"
                yield _Measure(name, fact, found, most, is_most=True)


def _bytes(of: MappingOf[int, str], mapping: BoundMapping, cost: Cost) -> Number:
    """Of the rows with these keys, by place: 0 the Einsum, 1 the memory, 3 the tensor."""
    tensors = mapping.cascade.tensors
    return sum(
        count * tensors[key[3]].word_bytes
        for key, count in zip(cost.table.keys, cost.table.counts, strict=True)
        if all(key[place] == name for place, name in of.items())
    )
