"""The points of Einsums and the elements of tensors, as regions that `regions.py` counts exactly.

A point exists under the law of `einsum.py`: conditions hold, positions lie inside their tensors,
and the last tile of a partitioned rank may be ragged. Each clause is a linear function of the
indices that must be >= 0; a quotient `a // n` is a variable q of its own with n·q <= a <= n·q + n -
1. `or` and `!=` make several regions, so that everything here is a list of regions that may overlap
(`unions.py` counts them).

The elements that an access touches are the projection of the points on its positions, whose
variables are called "#0", "#1", … in the order of the tensor's ranks.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from math import prod

from accelsim.base.errors import WorkloadError
from accelsim.workload.affine import Index, size_value
from accelsim.workload.conditions import Comparison, alternatives
from accelsim.workload.einsum import Access, Cascade, Einsum
from accelsim.workload.polynomials import Linear
from accelsim.workload.projections import projected
from accelsim.workload.regions import (
    UncountableError,
    combine,
    negated,
    replaced,
)
from accelsim.workload.tightening import Region
from accelsim.workload.unions import shadow_size, union_size


@lru_cache(maxsize=4096)
def points_of(cascade: Cascade, name: str) -> int:
    """How many points the Einsum has."""
    einsum = cascade.einsum(name)
    try:
        return union_size(einsum_regions(cascade, einsum))
    except UncountableError as error:
        raise uncountable(einsum) from error


@lru_cache(maxsize=4096)
def elements_of(cascade: Cascade, tensor: str) -> int:
    """How many elements the tensor has: an input's ranks multiplied, or what its Einsum writes."""
    if tensor in cascade.inputs:
        return prod(cascade.ranks[rank] for rank in cascade.tensors[tensor].ranks)
    einsum = cascade.einsum(tensor)
    try:
        touched = touched_regions(cascade, einsum, einsum.output)
        return shadow_size(touched, _elements(cascade, tensor))
    except UncountableError as error:
        raise uncountable(einsum) from error


@lru_cache(maxsize=4096)
def elements_read(cascade: Cascade, tensor: str, readers: tuple[str, ...]) -> int:
    """How many elements of the tensor at least one of these Einsums reads; initial values aside."""
    try:
        return shadow_size(
            list(_read_regions(cascade, tensor, readers)), _elements(cascade, tensor)
        )
    except UncountableError as error:
        raise uncountable(cascade.einsum(readers[0])) from error


def _read_regions(cascade: Cascade, tensor: str, readers: tuple[str, ...]) -> Iterator[Region]:
    for einsum in (cascade.einsum(name) for name in readers):
        for access in (each for each in einsum.reads if each.tensor == tensor):
            yield from _written_part(cascade, tensor, touched_regions(cascade, einsum, access))


def uncountable(einsum: Einsum) -> WorkloadError:
    return WorkloadError(
        f"Einsum {einsum.name}: its conditions have no closed count",
        at=einsum.place,
        remedy="Use factors that divide one another, or fewer conditions",
    )


def unwritten_reads(cascade: Cascade, einsum: Einsum, access: Access) -> int:
    """How many points of the Einsum read an element that the tensor's own Einsum never writes."""
    producer = cascade.einsum(access.tensor)
    touched = touched_regions(cascade, producer, producer.output)
    names = _elements(cascade, producer.name)
    written = [shadow for each in touched if (shadow := projected(each, names)) is not None]
    regions = einsum_regions(cascade, einsum)
    position = [linear_of(index, cascade) for index in cascade.positions(access)]
    inside = [[*region, *_at_position(each, position)] for region in regions for each in written]
    return union_size(regions) - union_size(inside)


# --- regions -------------------------------------------------------------------------------------


def einsum_regions(cascade: Cascade, einsum: Einsum) -> list[Region]:
    """The Einsum's points, over variables named after its ranks. Regions may overlap."""
    always = [
        *_ranges(cascade, einsum),
        *_ragged_tiles(cascade, einsum),
        *_inside_tensors(cascade, einsum),
    ]
    own = [
        [each for c in choice for each in _comparison(c, cascade)]
        for choice in alternatives(einsum.conditions)
    ]
    return [[*always, *functions] for functions in own]


def touched_regions(cascade: Cascade, einsum: Einsum, access: Access) -> list[Region]:
    """The Einsum's points together with what they touch through this access: "#0", "#1", …"""
    positions = [linear_of(index, cascade) for index in cascade.positions(access)]
    equal = [
        each
        for number, position in enumerate(positions)
        for each in equality({f"#{number}": 1}, position)
    ]
    return [[*region, *equal] for region in einsum_regions(cascade, einsum)]


def _elements(cascade: Cascade, tensor: str) -> list[str]:
    """The variables of `touched_regions` that say which element is touched."""
    return [f"#{number}" for number in range(len(cascade.tensors[tensor].ranks))]


def linear_of(index: Index, cascade: Cascade) -> Linear:
    """The position as a linear function of rank indices and quotients."""
    ends = cascade.ranks[index.final] if index.final else 0
    total: dict[str, int] = {"": size_value(index.offset, cascade.ranks) + ends}
    for rank, coefficient in index.terms:
        total[rank] = total.get(rank, 0) + size_value(coefficient, cascade.ranks)
    for quotient in index.quotients:
        name = f"({quotient.numerator}) // ({quotient.divisor})"
        total[name] = total.get(name, 0) + size_value(quotient.coefficient, cascade.ranks)
    return total


def equality(left: Linear, right: Linear) -> list[Linear]:
    return [combine(left, right, 1, -1), combine(left, right, -1, 1)]


def _quotient_bounds(index: Index, cascade: Cascade) -> Iterator[Linear]:
    """n·q <= a <= n·q + n - 1 for each quotient q = a // n in the index."""
    for quotient in index.quotients:
        name = f"({quotient.numerator}) // ({quotient.divisor})"
        divisor = size_value(quotient.divisor, cascade.ranks)
        numerator = linear_of(quotient.numerator, cascade)
        yield combine(numerator, {name: divisor}, 1, -1)
        yield combine({name: divisor, "": divisor - 1}, numerator, 1, -1)
        yield from _quotient_bounds(quotient.numerator, cascade)


def between(low: int, position: Linear, high: int) -> list[Linear]:
    """low <= position <= high."""
    return [combine(position, {"": low}, 1, -1), combine({"": high}, position, 1, -1)]


def _ranges(cascade: Cascade, einsum: Einsum) -> Iterator[Linear]:
    for rank in einsum.ranks:
        yield from between(0, {rank: 1}, cascade.ranks[rank] - 1)


def _ragged_tiles(cascade: Cascade, einsum: Einsum) -> Iterator[Linear]:
    for whole in cascade.partitions:
        position = linear_of(cascade.partitioned_index(whole), cascade)
        own = {rank: factor for rank, factor in position.items() if rank in einsum.ranks}
        yield from between(0, {"": 0, **own}, cascade.ranks[whole] - 1)[1:]


def _inside_tensors(cascade: Cascade, einsum: Einsum) -> Iterator[Linear]:
    for access in (einsum.output, *einsum.reads):
        ranges = position_ranges(cascade, access.tensor)
        for index, (low, high) in zip(cascade.positions(access), ranges, strict=True):
            yield from between(low, linear_of(index, cascade), high)
            yield from _quotient_bounds(index, cascade)


def position_ranges(cascade: Cascade, tensor: str) -> list[tuple[int, int]]:
    """First and last position over each rank of the tensor; running values begin at the initial."""
    ranks = cascade.tensors[tensor].ranks
    ranges = [(0, cascade.ranks[rank] - 1) for rank in ranks]
    own = [initial for initial in cascade.initial if initial.tensor == tensor]
    for rank in cascade.iterative_ranks(tensor):
        number = ranks.index(rank)
        starts = [each.access.indices[number] for each in own]
        written = cascade.positions(cascade.einsum(tensor).output)[number]
        first = min(size_value(index.offset, cascade.ranks) for index in starts if not index.ranks)
        ranges[number] = (first, size_value(written.offset, cascade.ranks) + ranges[number][1])
    return ranges


def _comparison(condition: Comparison, cascade: Cascade) -> Iterator[Linear]:
    """The comparison as functions >= 0."""
    left, right = linear_of(condition.left, cascade), linear_of(condition.right, cascade)
    yield from _quotient_bounds(condition.left, cascade)
    yield from _quotient_bounds(condition.right, cascade)
    more, less = combine(left, right, 1, -1), combine(left, right, -1, 1)
    functions: dict[str, list[Linear]] = {
        "<": [negated(more)],
        "<=": [less],
        ">": [negated(less)],
        ">=": [more],
        "==": [more, less],
    }
    yield from functions[condition.comparison]


def _at_position(region: Region, position: Sequence[Linear]) -> Region:
    for number, linear in enumerate(position):
        region = replaced(region, f"#{number}", linear)
    return region


def _written_part(cascade: Cascade, tensor: str, regions: list[Region]) -> list[Region]:
    """The regions without the initial values of a running tensor."""
    if tensor in cascade.inputs:
        return regions
    written = cascade.positions(cascade.einsum(tensor).output)
    bounds = [
        each
        for number, (rank, index) in enumerate(
            zip(cascade.tensors[tensor].ranks, written, strict=True)
        )
        if rank in cascade.iterative_ranks(tensor)
        for offset in [size_value(index.offset, cascade.ranks)]
        for each in between(offset, {f"#{number}": 1}, offset + cascade.ranks[rank] - 1)
    ]
    return [[*region, *bounds] for region in regions]
