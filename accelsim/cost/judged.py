"""What sizes alone decide of a workload on a machine, remembered: why a mapping is not legal, and
the automatic mapping.

Neither depends on the clock or a bandwidth: machines that differ in these alone are judged as one,
one after the other as in a sweep (`default`). A question is the same if all else is equal, not
merely what has the same name.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, NamedTuple

from accelsim.arch.spatial import Spatial
from accelsim.base.errors import AccelsimError
from accelsim.base.rate import Rate
from accelsim.mapping.automatic import automatic_mapping
from accelsim.mapping.binding import bind
from accelsim.mapping.check import check
from accelsim.mapping.load import select
from accelsim.mapping.mapping import Choice, Mapping
from accelsim.workload.einsum import Cascade

MOST = 256
_AT_ONE_SPEED = Rate(bytes_per_s=1)


def reasons(found: Mapping | Choice, cascade: Cascade, arch: Spatial) -> tuple[str, ...]:
    """Why a mapping is not legal; () if it is. An alternative is chosen anew each time."""
    try:
        mapping = select(found, cascade, arch)
    except AccelsimError as error:
        return (str(error),)
    judged: tuple[str, ...] = _remembered(_reasons, mapping, cascade, arch)
    return judged


def automatic(cascade: Cascade, arch: Spatial) -> Mapping:
    """As `automatic_mapping` makes it, and raises what that raises: of equal questions one
    object, by which the cost model knows what it has recorded."""
    made: Mapping = _remembered(_automatic, None, cascade, arch)
    return made


def _reasons(mapping: Mapping, cascade: Cascade, arch: Spatial) -> tuple[str, ...]:
    try:
        return tuple(str(violation) for violation in check(bind(mapping, cascade, arch)))
    except AccelsimError as error:
        return (str(error),)


def _automatic(_: None, cascade: Cascade, arch: Spatial) -> Mapping:
    return automatic_mapping(cascade, arch)


class _Known(NamedTuple):
    """It holds on to the mapping whose identity is part of its key."""

    mapping: Mapping | None
    cascade: Cascade
    arch: Spatial
    answer: Any


_known: OrderedDict[Hashable, _Known] = OrderedDict()


def _remembered(ask: Callable[..., Any], mapping: Any, cascade: Cascade, arch: Spatial) -> Any:
    still = _at_one_speed(arch)
    sizes = tuple(cascade.ranks.values())
    numbers = (*(m.capacity_bytes for m in arch.memories), *(a.rows for a in arch.compute))
    # Which sizes a mapping leaves alone, and where errors lie, are no part of a workload's value.
    beside = (cascade.chosen, cascade.place)
    key = (ask, id(mapping), id(cascade.einsums), beside, sizes, numbers)
    known = _known.get(key)
    if known is None or known.cascade != cascade or known.arch != still:
        known = _known[key] = _Known(mapping, cascade, still, ask(mapping, cascade, arch))
        if len(_known) > MOST:
            _known.popitem(last=False)
    return known.answer


def _at_one_speed(arch: Spatial) -> Spatial:
    memories = tuple(
        each if each.bandwidth is None else each.model_copy(update={"bandwidth": _AT_ONE_SPEED})
        for each in arch.memories
    )
    return arch.model_copy(update={"clock_hz": 1, "memories": memories})
