"""Tensors that a memory has no full room for: a share of their accesses goes to the memory above.

    at the memory      accesses · (1 - fraction)
    at its parent      what moved between the two · (1 - fraction)
                       + accesses from inside the memory · fraction

Capacity then no longer limits the spilled tensors, and traffic pays for it.
"""

from collections.abc import Iterable, Iterator

from accelsim.cost.flows import Flow
from accelsim.mapping.binding import BoundMapping, BoundSpill


def spilled_flows(flows: Iterable[Flow], mapping: BoundMapping) -> list[Flow]:
    result = list(flows)
    for spill in mapping.spills:
        result = [part for flow in result for part in _split(flow, spill, mapping)]
    return result


def _split(flow: Flow, spill: BoundSpill, mapping: BoundMapping) -> Iterator[Flow]:
    is_between = flow.inner and flow.memory == spill.above and _kept_inside(flow, spill, mapping)
    if flow.tensor not in spill.tensors or not (flow.memory == spill.memory or is_between):
        yield flow
        return
    yield flow._replace(elements=flow.elements * (1 - spill.fraction))
    if flow.memory == spill.memory and flow.inner:
        yield flow._replace(memory=spill.above, elements=flow.elements * spill.fraction)


def _kept_inside(flow: Flow, spill: BoundSpill, mapping: BoundMapping) -> bool:
    """Whether the flow at the parent is one between it and the memory that spills."""
    storages = mapping.nests[flow.einsum].storages_of(flow.tensor)
    return any(storage.memory == spill.memory for storage in storages)
