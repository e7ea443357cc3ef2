"""What is remembered of a workload on a machine is what would be found anew."""

import pytest

from accelsim.arch.load import load_arch
from accelsim.arch.spatial import with_values
from accelsim.base.errors import AccelsimError
from accelsim.base.rate import Rate
from accelsim.cost import judged
from accelsim.mapping.automatic import automatic_mapping
from accelsim.mapping.binding import bind
from accelsim.mapping.check import check
from accelsim.mapping.load import select, shipped_for
from accelsim.workload.load import load_workload

SPEEDS = [{}, {"clock": 3e8}, {"memories.DRAM.bandwidth": Rate(bytes_per_s=1e9)}]
SIZES = [
    {},
    {"memories.GlobalBuffer.capacity": 4096},
    {"compute.Array2D.columns": 8},
    {"compute.Array1D.operations.exp.cycles": 7},
]
RANKS = [{}, {"M": 1}, {"M": 100_000, "P": 7}]


def anew(found, cascade, arch):
    try:
        violations = check(bind(select(found, cascade, arch), cascade, arch))
    except AccelsimError as error:
        return (str(error),)
    return tuple(map(str, violations))


@pytest.mark.parametrize("machine", ["fusemax_cloud", "flat_edge"])
def test_machines_of_other_speeds_and_sizes_are_judged_as_if_nothing_were_known(machine):
    cascade, arch = load_workload("attention/one_pass"), load_arch(machine)
    told = set()
    for ranks in RANKS:
        for values in ({**size, **speed} for size in SIZES for speed in SPEEDS):
            try:
                other, at = with_values(arch, values), cascade.with_ranks(**ranks)
            except AccelsimError:
                continue
            for shipped in shipped_for(cascade):
                found = judged.reasons(shipped.mapping, at, other)
                assert found == anew(shipped.mapping, at, other)
                told.add(found)
            assert judged.automatic(at, other) == automatic_mapping(at, other)
    assert () in told
    assert len(told) > 2


def test_what_differs_in_speed_alone_has_one_automatic_mapping():
    cascade, arch = load_workload("attention/one_pass"), load_arch("fusemax_cloud")
    faster = with_values(arch, {"clock": 2 * arch.clock_hz})
    assert judged.automatic(cascade, faster) is judged.automatic(cascade, arch)
    smaller = with_values(arch, {"memories.GlobalBuffer.capacity": 2**20})
    assert judged.automatic(cascade, smaller) is not judged.automatic(cascade, arch)
