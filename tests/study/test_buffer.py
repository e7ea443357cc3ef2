from importlib import import_module

import pytest

from accelsim.arch.load import load_arch
from accelsim.base.errors import StudyError
from accelsim.mapper.stated.space import load_space
from accelsim.mapping.load import load_mapping
from accelsim.study.buffer import buffer_rows, doublings, on_chip_bytes
from accelsim.workload.load import load_workload

MIB = 2**20


def test_sizes_double_and_both_ends_belong():
    assert doublings(1024, 4096) == [1024, 2048, 4096]
    assert doublings(1000, 1999) == [1000]
    with pytest.raises(StudyError, match="no sizes from 8 to 4 B"):
        doublings(8, 4)


def test_all_memories_on_the_chip_hold_data():
    """FuseMax: 16 MiB, 256 x 256 register files of 24 B and 256 of 64 B."""
    whole = 16 * MIB + 256 * 256 * 24 + 256 * 64
    assert on_chip_bytes(load_arch("fusemax_cloud")) == whole


def test_traffic_falls_to_the_bound_and_never_below():
    cascade = load_workload("attention/one_pass", {"ranks.P": "16384", "ranks.M": "16384"})
    space, arch = load_space("one_pass_tiles"), load_arch("fusemax_cloud")
    rows = list(buffer_rows(cascade, arch, "GlobalBuffer", [2**18, 2**20, 2**23], space))
    traffic = [row["traffic_bytes"] for row in rows]
    assert traffic == sorted(traffic, reverse=True) and traffic[0] > 10 * traffic[-1]
    # Queries, keys, values and results of 12 heads, once.
    assert traffic[-1] == rows[-1]["least_bytes"] == 4 * 12 * 16384 * 64 * 2
    assert all(row["optimal"] for row in rows)


def test_a_mapping_that_does_not_fit_is_a_row_with_the_reason():
    cascade, arch = load_workload("attention/one_pass"), load_arch("fusemax_cloud")
    of = load_mapping("fusemax_binding")
    small, large = buffer_rows(cascade, arch, "GlobalBuffer", [2**10, 2**24], of)
    assert small["traffic_bytes"] is None and small["reason"]
    assert large["traffic_bytes"] > 0 and large["reason"] is None


@pytest.mark.parametrize("name", ["DRAM", "GlobalBufer"])
def test_a_buffer_is_a_memory_on_the_chip(name):
    cascade, arch = load_workload("attention/one_pass"), load_arch("fusemax_cloud")
    with pytest.raises(StudyError, match="no buffer"):
        next(buffer_rows(cascade, arch, name, [MIB], None))


def test_an_interrupt_ends_it(monkeypatch):
    """A search that is interrupted has a mapping all the same."""
    module = import_module("accelsim.study.buffer")
    whole = module.find_mapping

    def interrupted(*words, **more):
        return whole(*words, strategies=["rules"])._replace(is_cut_short=True)

    monkeypatch.setattr(module, "find_mapping", interrupted)
    cascade, arch = load_workload("attention/one_pass"), load_arch("fusemax_cloud")
    with pytest.raises(KeyboardInterrupt):
        list(buffer_rows(cascade, arch, "GlobalBuffer", [2**24], None))
