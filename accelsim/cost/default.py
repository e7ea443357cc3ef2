"""The mapping of a workload on a machine where none is named: the fastest of those at hand.

    at hand   the shipped mapping that names both workload and machine, if it is legal,
              or else every legal shipped one for the workload;
              and in any case the one made by rules (`mapping.automatic`)
    fastest   least latency; of equals (to a billionth) the one that is listed first

The automatic mapping, which takes a while to make, is left out where it cannot win. It runs one
Einsum after the other and keeps what they make in the outermost memory, where inputs lie, and so
takes no less than

    Σ over Einsums  max(points · cycles of a point / processing elements,   on the array best for it
                        (bytes made + inputs read whole) / bandwidth)       if nothing masks them

Over a sweep, what is legal depends on sizes, not on clock and bandwidths: points that differ in
these alone are judged together.
"""

from collections.abc import Iterator
from itertools import chain
from math import prod
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from accelsim.arch.spatial import Spatial, missing_operations, point_cost
from accelsim.base.errors import AccelsimError, MappingError
from accelsim.cost.evaluate import evaluate
from accelsim.cost.judged import automatic, reasons
from accelsim.mapping.at_point import arch_at, cascade_at
from accelsim.mapping.automatic import AUTOMATIC
from accelsim.mapping.binding import known_values
from accelsim.mapping.load import Shipped, select_each, shipped_for
from accelsim.mapping.loops import Number, larger
from accelsim.mapping.mapping import Choice, Mapping
from accelsim.mapping.recurring import groups
from accelsim.workload.budget import budgeted
from accelsim.workload.einsum import Access, Cascade, Einsum, Tensor
from accelsim.workload.extent import iteration_points

AS_FAST = 1e-9
"""Latencies that differ by less than this share are equal."""

Places = NDArray[np.intp]
Seconds = NDArray[np.float64]


class Default(NamedTuple):
    """What is taken where no mapping is named, and what it is called."""

    name: str
    mapping: Mapping


def default_mapping(cascade: Cascade, arch: Spatial, machine: str) -> Default:
    """The mapping of a workload on a machine of this name (or file).

    Raises
    ------
    MappingError
        if the machine cannot do some Einsum: which, and what each array lacks; or if nothing fits:
        what each mapping needs and the machine has; or if a number is an array.
    """
    if any(np.size(value) > 1 for value in known_values(cascade, arch).values()):
        remedy = "load a mapping by name, or ask at each point"
        raise MappingError("the points of a sweep may have different defaults", remedy=remedy)
    ((found, _),) = default_of_each(cascade, arch, machine, 1)
    return found


def default_of_each(
    cascade: Cascade, arch: Spatial, machine: str, points: int
) -> list[tuple[Default, Places]]:
    """The same for workloads and machines of `points` sizes at once: each with its points."""
    cascade = budgeted(cascade)
    found: list[tuple[Default, list[Places]]] = []
    for alike in _alike(cascade, arch, points):
        # One number stands for equal ones: what is counted of a mask is counted once.
        at_all = cascade_at(cascade, int(alike[0]))
        machines = arch_at(arch, alike)
        is_plain = at_all is cascade and machines is arch
        case = _Case(at_all, machines, machine, len(alike), is_plain)
        for default, chosen in _fastest(case):
            places = next((places for other, places in found if other == default), None)
            if places is None:
                places = []
                found.append((default, places))
            places.append(alike[chosen])
    return [(default, np.sort(np.concatenate(places))) for default, places in found]


# --- points that are judged together --------------------------------------------------------------


def _alike(cascade: Cascade, arch: Spatial, points: int) -> list[Places]:
    """Points by groups of the same sizes."""
    varied = [v for v in _sizes(cascade, arch) if isinstance(v, np.ndarray) and v.size > 1]
    if not varied:
        return [np.arange(points)]
    rows = np.stack([np.broadcast_to(values.reshape(-1), points) for values in varied], axis=1)
    _, kinds = np.unique(rows, axis=0, return_inverse=True)
    order = np.argsort(kinds.reshape(-1), kind="stable")
    ends = np.cumsum(np.bincount(kinds.reshape(-1)))[:-1]
    return np.split(order, ends)


def _sizes(cascade: Cascade, arch: Spatial) -> Iterator[Number]:
    """All numbers that decide what is legal and what the automatic mapping is."""
    for name, value in known_values(cascade, arch).items():
        if name != "clock" and not name.endswith(".bandwidth"):
            yield value
    for array in arch.compute:
        for operation in array.operations.values():
            yield from (operation.cycles, *(operation.as_ or {}).values())


class _Case(NamedTuple):
    """A workload on a machine at `points` points of the same sizes; `is_plain` without arrays."""

    cascade: Cascade
    arch: Spatial
    machine: str
    points: int
    is_plain: bool = False

    def at(self, places: int | Places) -> tuple[Cascade, Spatial]:
        if self.is_plain:
            return self.cascade, self.arch
        return cascade_at(self.cascade, places), arch_at(self.arch, places)


# --- what is at hand, and how fast it is ----------------------------------------------------------


class _Offer(NamedTuple):
    """A legal mapping and what it takes at each point; infinitely long where it is none to take."""

    default: Default
    seconds: Seconds


def _fastest(case: _Case) -> Iterator[tuple[Default, Places]]:
    offers = _shipped_offers(case)
    least = _least(offers, case.points)
    if np.isinf(least).any() or (_automatic_bound(case) < least).any():
        offers = [*offers, *_offers(AUTOMATIC, automatic(*case.at(0)), case)]
    without = np.flatnonzero(np.isinf(_least(offers, case.points)))
    if without.size:
        raise _nothing_fits(case, int(without[0]))
    yield from _taken(offers)


def _taken(offers: list[_Offer]) -> Iterator[tuple[Default, Places]]:
    seconds = np.stack([offer.seconds for offer in offers])
    as_fast = seconds <= seconds.min(axis=0) * (1 + AS_FAST)
    first = np.argmax(as_fast, axis=0)
    for place in np.unique(first):
        yield offers[place].default, np.flatnonzero(first == place)


def _least(offers: list[_Offer], points: int) -> Seconds:
    least = np.full(points, np.inf)
    for offer in offers:
        least = np.minimum(least, offer.seconds)
    return least


def _shipped_offers(case: _Case) -> list[_Offer]:
    """Those that name the machine, and where these are not legal the others."""
    own, others = _shipped(case)
    offers = [offer for each in own for offer in _offers(*each, case)]
    is_missing = np.isinf(_least(offers, case.points))
    if is_missing.any():
        instead = chain.from_iterable(_offers(*each, case) for each in others)
        offers += [
            offer._replace(seconds=np.where(is_missing, offer.seconds, np.inf)) for offer in instead
        ]
    return offers


def _shipped(case: _Case) -> tuple[list[Shipped], list[Shipped]]:
    """Those for the workload: the ones that name the machine, and the others."""
    name = Path(case.machine).stem
    found = shipped_for(case.cascade)
    own = [each for each in found if name in each.mapping.machines]
    return own, [each for each in found if each not in own]


def _offers(name: str, found: Mapping | Choice, case: _Case) -> Iterator[_Offer]:
    """A mapping, or each alternative of a choice, at the points where it is legal."""
    try:
        alternatives = select_each(found, case.cascade, case.arch, case.points)
    except AccelsimError:
        # It names a part that this machine lacks, or none of its conditions holds.
        return
    for mapping, places in alternatives:
        if not reasons(mapping, *case.at(int(places[0]))):
            seconds = np.full(case.points, np.inf)
            seconds[places] = evaluate(*case.at(places), mapping).latency_s
            yield _Offer(Default(name, mapping), seconds)


def _automatic_bound(case: _Case) -> Number:
    """Seconds that the automatic mapping takes at least; every Einsum has its array."""
    cascade, arch = case.at(0)
    turning = {name for group in groups(cascade) if group.stepped for name in group.einsums}
    memory = case.arch.memories[0]
    total: Number = 0
    for einsum in cascade.einsums:
        seconds = _least_cycles(einsum, cascade, arch) / case.arch.clock_hz
        if memory.bandwidth is not None and not einsum.conditions and einsum.name not in turning:
            rate = memory.bandwidth.per_second(case.arch.clock_hz)
            moved_bytes = _made_bytes(einsum, cascade) + _read_bytes(einsum, cascade)
            seconds = larger(seconds, moved_bytes / rate)
        total = total + seconds
    return total


def _least_cycles(einsum: Einsum, cascade: Cascade, arch: Spatial) -> float:
    cycles = (
        point_cost(arch, array.name, einsum.operations).cycles / array.pes
        for array in arch.compute
        if not missing_operations(arch, array.name, einsum.operations)
    )
    return float(iteration_points(cascade, einsum.name) * min(cycles))


def _made_bytes(einsum: Einsum, cascade: Cascade) -> float:
    """Of what its ranks reach of the tensor: `AV[c*T + t]` may end before P does."""
    tensor = cascade.tensors[einsum.name]
    reached = prod(cascade.ranks[rank] for rank in einsum.output.ranks)
    return min(_tensor_bytes(tensor, cascade), float(reached * tensor.word_bytes))


def _read_bytes(einsum: Einsum, cascade: Cascade) -> float:
    """Of inputs that its points cover, each once."""
    whole = (each.tensor for each in einsum.reads if _covers(each, cascade))
    inputs = {name for name in whole if name in cascade.inputs and name != einsum.name}
    return sum(_tensor_bytes(cascade.tensors[name], cascade) for name in inputs)


def _covers(access: Access, cascade: Cascade) -> bool:
    """Whether every rank of the tensor is gone through from end to end, by itself or its parts."""
    tensor = cascade.tensors[access.tensor]
    groups = cascade.indices_by_rank(access)
    if groups is None or tensor.of is not None:
        return False
    return all(
        tuple(index.plain_rank for index in group) in ((rank,), cascade.partitions.get(rank))
        for rank, group in zip(tensor.ranks, groups, strict=True)
    )


def _tensor_bytes(tensor: Tensor, cascade: Cascade) -> float:
    """Of a ragged partition only the rank's own size is there."""
    elements = float(prod(cascade.ranks[rank] for rank in tensor.ranks))
    for whole, parts in cascade.partitions.items():
        if set(parts) <= set(tensor.ranks):
            elements *= cascade.ranks[whole] / prod(cascade.ranks[part] for part in parts)
    return tensor.word_bytes * elements


def _nothing_fits(case: _Case, point: int) -> MappingError:
    """What is in the way of the machine's own mapping, or of all others, and of the automatic."""
    cascade, arch = case.at(point)
    own, others = _shipped(case)
    by_rules = Shipped(AUTOMATIC, automatic(cascade, arch))
    listed = "".join(
        f"\n  {name}: {reason}"
        for name, found in (*(own or others), by_rules)
        for reason in reasons(found, cascade, arch)
    )
    return MappingError(
        f"no mapping of {cascade.name} fits {case.machine}; give it more of what it lacks, "
        f"or take smaller ranks:{listed}"
    )
