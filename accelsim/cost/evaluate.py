"""evaluate(cascade, arch, mapping) → Cost: the one door to the cost model."""

from accelsim.arch.spatial import Spatial
from accelsim.cost import spatial
from accelsim.cost.result import Cost
from accelsim.mapping.binding import bind
from accelsim.mapping.mapping import Mapping
from accelsim.workload.einsum import Cascade


def evaluate(cascade: Cascade, arch: Spatial, mapping: Mapping) -> Cost:
    """Cost of running `cascade` on `arch` under `mapping`.

    Rank sizes, tile sizes and the machine's numbers may be arrays that broadcast; every total then
    is an array. The mapping is taken to be legal: `mapping.check` tells, and how far it is off.

    Raises
    ------
    MappingError
        if the mapping names an Einsum, rank, tensor or part that is not there.
    """
    return spatial.cost(bind(mapping, cascade, arch))
