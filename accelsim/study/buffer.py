"""Traffic against the size of a buffer: at each size the mapping that moves least, and the bound.

    capacity_bytes   traffic_bytes              least_bytes
    1 MiB            found, or of one mapping   what no mapping can beat (`least_traffic`)

The traffic is that of the outermost memory. The bound lets all memories on the chip hold data, so
it is of their capacities together, and of what the arrays work on in one step. Where no mapping
fits, a row has the reason instead of traffic.
"""

from collections.abc import Iterator, Sequence
from math import inf
from typing import Any

from accelsim.arch.spatial import Spatial, instances, with_values
from accelsim.base.errors import (
    ExpressionError,
    MapperError,
    MappingError,
    StudyError,
    did_you_mean,
)
from accelsim.cost.evaluate import evaluate
from accelsim.cost.result import Cost
from accelsim.mapper.find import find_mapping
from accelsim.mapper.stated.space import Space
from accelsim.mapping.binding import bind
from accelsim.mapping.check import check
from accelsim.mapping.load import select
from accelsim.mapping.mapping import Choice, Mapping
from accelsim.study.least_traffic import least_traffic_bytes, most_passes
from accelsim.workload.einsum import Cascade

MOST_SIZES = 64


def doublings(low_bytes: float, high_bytes: float) -> list[int]:
    """From the lower to the upper size by factors of two: 1, 2, 4 MiB."""
    if not 1 <= low_bytes <= high_bytes:
        raise StudyError(f"there are no sizes from {low_bytes:g} to {high_bytes:g} B")
    sizes = [int(low_bytes)]
    while 2 * sizes[-1] <= high_bytes and len(sizes) < MOST_SIZES:
        sizes.append(2 * sizes[-1])
    return sizes


def buffer_rows(
    cascade: Cascade,
    arch: Spatial,
    memory: str,
    capacities_bytes: Sequence[int],
    of: Space | Mapping | Choice | None,
) -> Iterator[dict[str, Any]]:
    """A row a capacity: the best `of` a space, or of what the mapper's usual strategies find, or
    a mapping with what it makes of that size.

    Raises StudyError for a memory that is not between the outermost one and the arrays.
    """
    outermost, *inner = (each.name for each in arch.memories)
    if memory not in inner:
        remedy = did_you_mean(memory, inner) or f"It has {', '.join(inner)}"
        raise StudyError(f"the machine has no buffer {memory!r} on the chip", remedy=remedy)
    passes = most_passes(cascade)
    for capacity in capacities_bytes:
        sized = with_values(arch, {f"memories.{memory}.capacity": capacity})
        fixed = {"memory": outermost, "buffer": memory, "capacity_bytes": capacity}
        least = least_traffic_bytes(cascade, on_chip_bytes(sized), in_step(sized))
        # What is found comes after what is asked.
        bound = {"least_bytes": least, "passes": passes}
        yield fixed | _moved(cascade, sized, outermost, of) | bound


def on_chip_bytes(arch: Spatial) -> float:
    """Capacities of all memories but the outermost one, each times how many there are; infinite if
    one of them is unbounded."""
    return sum(
        (inf if memory.capacity_bytes is None else float(memory.capacity_bytes))
        * float(instances(arch, memory.name))
        for memory in arch.memories[1:]
    )


def in_step(arch: Spatial) -> int:
    """Points that all arrays work on at once: their processing elements together."""
    return int(sum(array.pes for array in arch.compute))


def _moved(
    cascade: Cascade, arch: Spatial, outermost: str, of: Space | Mapping | Choice | None
) -> dict[str, Any]:
    try:
        if isinstance(of, Mapping | Choice):
            cost, is_best = _under(cascade, arch, of), False
        else:
            found = find_mapping(cascade, arch, f"traffic.{outermost}", space=of)
            if found.is_cut_short:
                # The best so far is not what a row says it is.
                raise KeyboardInterrupt
            cost, is_best = found.cost, found.optimal
    except (MapperError, MappingError, ExpressionError) as error:
        return {"traffic_bytes": None, "optimal": False, "reason": error.fact}
    return {
        "traffic_bytes": float(cost.traffic_bytes[outermost]),
        "optimal": is_best,
        "reason": None,
    }


def _under(cascade: Cascade, arch: Spatial, named: Mapping | Choice) -> Cost:
    """A MappingError with the first thing that does not fit."""
    mapping = select(named, cascade, arch)
    for violation in check(bind(mapping, cascade, arch)):
        raise MappingError(str(violation))
    return evaluate(cascade, arch, mapping)
