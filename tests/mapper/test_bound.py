"""Bounds: by hand, and never above a mapping's cost."""

import pytest

from accelsim.arch.load import load_arch
from accelsim.cost.evaluate import evaluate
from accelsim.mapper.bound import array_cycles, least_figures
from accelsim.mapping.automatic import automatic_mapping
from accelsim.mapping.load import load_mapping
from accelsim.workload.load import load_workload


def test_einsums_are_shared_out_in_fractions():
    # One of 10 cycles on either array, one of 4 that only the first can do: (10 + 4) / 2.
    assert array_cycles({"X": {"a": 10, "b": 10}, "Y": {"a": 4}}) == pytest.approx(7)
    # Sharing X, of 30 cycles there and 10 here: x here, 10 x + 4 = 30 (1 - x), x = 0.65.
    assert array_cycles({"X": {"a": 10, "b": 30}, "Y": {"a": 4}}) == pytest.approx(10.5)
    assert array_cycles({"X": {"a": 3}, "Y": {"a": 4}}) == 7


def test_a_bound_is_worked_out_on_paper():
    # BERT at 4096: 64 * 12 heads of 4096^2 pairs, a product of 64 each way and one softmax on
    # 256 x 256 processing elements take 64 + 64 cycles, subtraction and six macs, sum and maximum.
    cascade = load_workload("attention/one_pass", {"ranks.P": "4096", "ranks.M": "4096"}, "bert")
    arch = load_arch("fusemax_cloud")
    pairs = 64 * 12 * 4096 * 4096
    alone = pairs * (64 + 64 + 1 + 1 + 7) / 65536
    found = least_figures(cascade, arch)
    assert 0.95 * alone / 940e6 < found.latency_s < alone / 940e6


@pytest.mark.parametrize("length", [1024, 16384])
def test_fusemax_own_mapping_is_not_below_it(length):
    sizes = {"ranks.P": str(length), "ranks.M": str(length)}
    cascade, arch = load_workload("attention/one_pass", sizes, "bert"), load_arch("fusemax_cloud")
    cost, bound = (
        evaluate(cascade, arch, load_mapping("fusemax_binding")),
        least_figures(cascade, arch),
    )
    assert cost.latency_s >= bound.latency_s
    assert cost.energy_pj >= bound.energy_pj


@pytest.mark.parametrize("machine", ["flat_cloud", "fusemax_cloud", "unfused_cloud", "tpu_v4i"])
@pytest.mark.parametrize("workload", ["transformer/linear_layers", "attention/three_pass"])
def test_the_automatic_mapping_is_not_below_it(workload, machine):
    cascade, arch = load_workload(workload), load_arch(machine)
    cost, bound = (
        evaluate(cascade, arch, automatic_mapping(cascade, arch)),
        least_figures(cascade, arch),
    )
    assert cost.latency_s >= bound.latency_s
    assert cost.energy_pj >= bound.energy_pj
