"""Operations and least bytes, independent of any machine; exact, by closed forms at every size.

    points       = combinations of an Einsum's indices that exist (see einsum.py)
    operations   = points · operations per point, by name (mac, exp, div, …) or cost class
    flop         = operations, a mac counting as 2 (a complex product 6, a butterfly 10)
    compulsory bytes of an Einsum   = what it reads, once, + what it writes, once
    compulsory bytes of a cascade   = what is read of its inputs, once, + its outputs, once;
                                      intermediates move nothing
    arithmetic intensity            = flop / compulsory bytes

A causal score matrix, `QK[p,m] += Q[p,e] * K[m,e] where m <= p`, has P(P+1)/2 · E points. Initial
values, and an Einsum's reads of its own running value, are not traffic.

Counts are whole Python numbers. Where ranks are arrays the counts are float64 arrays of the same
shape.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from accelsim.workload.budget import budgeted
from accelsim.workload.einsum import Cascade
from accelsim.workload.extent import iteration_points, tensor_bytes, tensor_read_bytes
from accelsim.workload.operations import cost_class

FLOP = {"mac": 2, "cmul": 6, "fft": 10, "ifft": 10}
"""Of operations that are several; a butterfly is a complex product, a sum and a difference."""


class EinsumCounts(NamedTuple):
    """One Einsum by itself."""

    einsum: str
    points: int
    operations: Mapping[str, int]
    read_bytes: float
    written_bytes: float

    @property
    def by_class(self) -> dict[str, int]:
        return sum_by_class(self.operations)

    @property
    def flop(self) -> int:
        return flop(self.operations)

    @property
    def compulsory_bytes(self) -> float:
        return self.read_bytes + self.written_bytes

    @property
    def intensity(self) -> Any:
        """flop per compulsory byte."""
        return _ratio(self.flop, self.compulsory_bytes)


class CascadeCounts(NamedTuple):
    """A cascade as a whole: operations add up over its Einsums, bytes are those of its ends."""

    cascade: str
    einsums: tuple[EinsumCounts, ...]
    read_bytes: float
    written_bytes: float

    @property
    def operations(self) -> dict[str, int]:
        names = dict.fromkeys(name for each in self.einsums for name in each.operations)
        return {name: sum(each.operations.get(name, 0) for each in self.einsums) for name in names}

    @property
    def by_class(self) -> dict[str, int]:
        return sum_by_class(self.operations)

    @property
    def flop(self) -> int:
        return flop(self.operations)

    @property
    def compulsory_bytes(self) -> float:
        return self.read_bytes + self.written_bytes

    @property
    def intensity(self) -> Any:
        """flop per compulsory byte."""
        return _ratio(self.flop, self.compulsory_bytes)


def counts(cascade: Cascade) -> CascadeCounts:
    """Everything this module knows about a cascade; where it depends on data, at its budget
    (`budget.py`), whose Einsums these then are."""
    cascade = budgeted(cascade)
    return CascadeCounts(
        cascade=cascade.name,
        einsums=tuple(einsum_counts(cascade, einsum.name) for einsum in cascade.einsums),
        read_bytes=sum(tensor_read_bytes(cascade, tensor) for tensor in cascade.inputs),
        written_bytes=sum(tensor_bytes(cascade, tensor) for tensor in cascade.outputs),
    )


def einsum_counts(cascade: Cascade, einsum: str) -> EinsumCounts:
    points = iteration_points(cascade, einsum)
    per_point = cascade.einsum(einsum).operations
    others = dict.fromkeys(
        access.tensor for access in cascade.einsum(einsum).reads if access.tensor != einsum
    )
    return EinsumCounts(
        einsum=einsum,
        points=points,
        operations={name: number * points for name, number in per_point.items()},
        read_bytes=sum(tensor_read_bytes(cascade, tensor, (einsum,)) for tensor in others),
        written_bytes=tensor_bytes(cascade, einsum),
    )


def sum_by_class(operations: Mapping[str, int]) -> dict[str, int]:
    """Operations by cost class; see operations.py."""
    classes: dict[str, int] = {}
    for name, number in operations.items():
        classes[cost_class(name)] = classes.get(cost_class(name), 0) + number
    return classes


def flop(operations: Mapping[str, int]) -> int:
    """Floating-point operations; a mac is two, a complex product six, a butterfly ten, everything
    else one."""
    return sum(number * FLOP.get(name, 1) for name, number in operations.items())


def _ratio(flops: Any, moved_bytes: Any) -> Any:
    """flop per byte; 0 where nothing moves because no point exists."""
    nothing_moves = moved_bytes == 0
    return flops / (moved_bytes + nothing_moves)
