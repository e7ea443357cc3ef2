"""What an operation costs on a PE: cycles, energy, and the units that do it.

    a unit            its cycles                its energy
    as: {op: n}       sum of n * cycles(op)     sum of n * energy(op), and its own if it has one
    fuses: [op, op]   its own cycles            sum of energy(op), and its own if it has one

A point (one element of an Einsum) needs several operations: {mul: 1, sub: 1, exp: 1}. Fused pipes
take what they can of them, in the order in which the array lists them; the rest is done one after
the other. On an array with `exp_sub: {fuses: [sub, exp]}` and one-cycle units, exp(a - b) takes
1 cycle; without it 2; with `exp: {as: {mac: 6}}` instead of an exp unit 7.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from accelsim.arch.parts import ComputeArray, Operation
from accelsim.base.errors import ArchError, did_you_mean


class UnitUse(NamedTuple):
    """How often a unit of the PE works, and the energy of each time."""

    operation: str
    count: Any
    energy_pj: Any


class PointCost(NamedTuple):
    """Of one point on one PE."""

    cycles: Any
    units: tuple[UnitUse, ...]

    @property
    def energy_pj(self) -> Any:
        return sum(unit.count * unit.energy_pj for unit in self.units)


def cost_on(array: ComputeArray, operations: Mapping[str, Any]) -> PointCost:
    """Of a point that needs these operations, as often as said."""
    left = dict(operations)
    cycles: Any = 0
    counts: Counter[str] = Counter()
    for name, fused in _fused(array):
        times = _take(left, fused.fuses)
        if times:
            cycles = cycles + times * fused.cycles
            _count(array, name, times, counts)
    for name, times in left.items():
        if times:
            cycles = cycles + times * _cycles(array, name)
            _count(array, name, times, counts)
    return PointCost(cycles, tuple(_use(array, *used) for used in counts.items()))


def missing_on(array: ComputeArray, operations: Iterable[str]) -> tuple[str, ...]:
    """Those of the operations that the array cannot do."""
    return tuple(dict.fromkeys(name for name in operations if name not in array.operations))


def _use(array: ComputeArray, operation: str, count: Any) -> UnitUse:
    return UnitUse(operation, count, array.operations[operation].energy_pj)


def _fused(array: ComputeArray) -> list[tuple[str, Operation]]:
    return [(name, operation) for name, operation in array.operations.items() if operation.fuses]


def _take(left: dict[str, Any], fuses: tuple[str, ...]) -> Any:
    """How often a fused pipe finds all its operations among those left; these are then done."""
    each = Counter(fuses)
    times = min(left.get(name, 0) // count for name, count in each.items())
    for name, count in each.items():
        if times:
            left[name] -= times * count
    return times


def _cycles(array: ComputeArray, name: str) -> Any:
    operation = _operation(array, name)
    if operation.as_ is None:
        return operation.cycles
    return sum(times * _cycles(array, made_of) for made_of, times in operation.as_.items())


def _count(array: ComputeArray, name: str, times: Any, units: Counter[str]) -> None:
    """Adds the units that work: those it is made of, and itself if it is one or costs energy."""
    operation = _operation(array, name)
    made_of = operation.as_ or Counter(operation.fuses)
    for other, count in made_of.items():
        _count(array, other, times * count, units)
    if not made_of or "energy_pj" in operation.model_fields_set:
        units[name] += times


def _operation(array: ComputeArray, name: str) -> Operation:
    if name not in array.operations:
        remedy = did_you_mean(name, array.operations)
        known = f"Its operations are {', '.join(array.operations)}"
        raise ArchError(f"{array.name} cannot do {name!r}", remedy=remedy or known)
    return array.operations[name]
