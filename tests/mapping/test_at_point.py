"""One point of a sweep has plain numbers."""

import numpy as np

from accelsim.arch.spatial import with_values
from accelsim.mapping.at_point import arch_at, cascade_at
from accelsim.workload.load import load_workload


def test_ranks_at_a_point_are_whole_numbers_and_what_follows_from_them_too():
    swept = load_workload("attention/one_pass").with_ranks(M=np.array([1024, 4096]), M0=256)
    assert [cascade_at(swept, point).ranks["M1"] for point in (0, 1)] == [4, 16]
    assert isinstance(cascade_at(swept, 1).ranks["M"], int)
    assert cascade_at(swept, 1).with_ranks(M0=512).ranks["M1"] == 8


def test_numbers_of_the_machine_at_a_point_are_those_of_its_place_in_the_arrays(toy):
    values = {
        "memories.Buffer.capacity": np.array([1024, 2048]),
        "memories.DRAM.bandwidth": np.array([1e9, 2e9]),
        "clock": np.array([5e8]),
        "compute.Lanes.operations.exp.cycles": np.array([1, 3]),
    }
    arch = arch_at(with_values(toy(), values), 1)
    assert arch.memory("Buffer").capacity_bytes == 2048
    assert arch.memory("DRAM").bandwidth.per_cycle(arch.clock_hz) == 4
    assert arch.array("Lanes").operations["exp"].cycles == 3
    assert arch.array("Array").rows == 4


def test_without_arrays_there_is_nothing_to_take_apart(toy):
    cascade, arch = load_workload("attention/one_pass"), toy()
    assert cascade_at(cascade, 0) is cascade
    assert arch_at(arch, np.array([0])) is arch
