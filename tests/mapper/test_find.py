"""The door: what is found is legal, can be written and read, and says how good it is."""

from math import inf

import pytest

from accelsim.arch.load import load_arch
from accelsim.base.errors import MapperError
from accelsim.cost.evaluate import evaluate
from accelsim.mapper.find import find_mapping
from accelsim.mapper.objective import value_of
from accelsim.mapping.binding import bind
from accelsim.mapping.check import check
from accelsim.mapping.load import load_mapping
from accelsim.mapping.save import save_mapping
from accelsim.workload.load import load_workload


def test_what_is_found_is_legal_and_reads_back_the_same(tmp_path):
    cascade, arch = load_workload("attention/one_pass"), load_arch("fusemax_cloud")
    found = find_mapping(cascade, arch)
    assert not check(bind(found.mapping, cascade, arch))
    again = load_mapping(save_mapping(found.mapping, tmp_path / "found.yaml"))
    assert evaluate(cascade, arch, again).energy_pj == found.cost.energy_pj


def test_an_objective_that_is_none():
    with pytest.raises(MapperError, match=r"no objective 'latancy'\. Did you mean 'latency'"):
        find_mapping(load_workload("attention/one_pass"), load_arch("fusemax_cloud"), "latancy")


def test_a_bound_of_nothing_ends_no_search():
    cascade, arch = load_workload("attention/three_pass"), load_arch("flat_cloud")
    found = find_mapping(cascade, arch, "traffic.GlobalBuffer")
    assert value_of("traffic.GlobalBuffer", found.bound) == 0
    assert found.gap == inf
    assert not found.optimal
    by_rules = find_mapping(cascade, arch, "traffic.GlobalBuffer", strategies=["rules"])
    assert found.value < by_rules.value


NO_BUFFER = """
about: Register files right under the outermost memory.
source: made up
clock: 1 GHz
memories:
- {name: DRAM, bandwidth: 50 GB/s, read: 31 pJ/B, write: 31 pJ/B, source: made up}
- {name: Registers, per: Array, under: DRAM, capacity: 32 B, read: 0.1 pJ/B, write: 0.1 pJ/B, source: made up}
compute:
- name: Array
  rows: 4
  columns: 5
  under: Registers
  operations: {mac: {energy: 1 pJ}, max: {}, sub: {}, exp: {}, add: {}, div: {}}
  source: made up
"""  # noqa: E501


def test_a_machine_without_a_buffer_has_mappings_but_no_fused_ones(tmp_path):
    file = tmp_path / "bare.yaml"
    file.write_text(NO_BUFFER)
    sizes = {"ranks.P": "7", "ranks.M": "9", "ranks.H": "1"}
    cascade, arch = load_workload("attention/three_pass", sizes), load_arch(file)
    found = find_mapping(cascade, arch, strategies=["rules", "fused"])
    assert found.strategy == "rules"
    with pytest.raises(MapperError, match="no mapping of attention/three_pass was found"):
        find_mapping(cascade, arch, strategies=["fused"])
