"""A cascade's cost on a GPU: sums, rows, occupancy, and the door it comes through."""

import numpy as np
import pytest

from accelsim.arch.load import load_arch
from accelsim.arch.load_gpu import load_gpu
from accelsim.base.errors import MappingError
from accelsim.cost.evaluate import evaluate
from accelsim.cost.gpu.call import call_cost
from accelsim.cost.gpu.cascade import refuse_too_large
from accelsim.cost.gpu.mapping import gpu_mapping
from accelsim.mapping.load import load_mapping
from accelsim.workload.calls import Gemm, Sdpa
from accelsim.workload.load import load_workload
from tests.workload.test_selections import cascade_of

H100 = load_gpu("h100_sxm")
LAYER, ONE_PASS = load_workload("transformer/encoder_layer"), load_workload("attention/one_pass")


@pytest.fixture(scope="module")
def layer():
    return evaluate(LAYER, H100)


def test_latency_is_kernels_launch_and_gaps(layer):
    kernels = sum(kernel.times.seconds for kernel in layer.kernels)
    gaps = (len(layer.kernels) - 1) * H100.launch.gap_s
    assert layer.latency_s == pytest.approx(kernels + gaps + H100.launch.floor_s, rel=1e-12)
    assert sum(layer.cycles_by_bound.values()) == pytest.approx(layer.cycles, rel=1e-12)


def test_rows_add_up_to_the_energy_and_to_the_traffic(layer):
    assert sum(row.energy_pj for row in layer.rows) == pytest.approx(layer.energy_pj)
    moved = {"HBM": ("HBM",), "L2": ("l2", "bulk"), "shared": ("shared",)}
    for memory, actions in moved.items():
        counted = sum(row.count for row in layer.rows if row.action in actions)
        assert counted == pytest.approx(layer.traffic_bytes[memory])
    board = [row.energy_pj for row in layer.rows if row.part == "board"]
    kernels = sum(kernel.energy_j for kernel in layer.kernels) * 1e12
    between = layer.latency_s - sum(kernel.times.seconds for kernel in layer.kernels)
    waiting = sum(board) * between / layer.latency_s
    assert layer.energy_pj == pytest.approx(kernels + waiting)


def test_busy_is_work_of_the_workload_and_no_more_than_in_use(layer):
    for use in layer.utilization.values():
        assert 0 < use.busy <= use.in_use < 1
    product = layer.einsum_utilization["FF1"]
    flop = 2 * 4096 * 768 * 3072
    peak = 132 * 4096 * layer.clock_hz
    assert product == pytest.approx(flop / peak / layer.latency_s)
    assert (
        layer.einsums["FF1"].array == "tensor" and layer.einsums["SN"].array == "special-function"
    )


def test_device_memory_holds_tensors_once_however_often_they_are_looked_up():
    ranks = "{T: 4096, X: 8, D: 4096, N: 14336}"
    inputs = "{A: [T, D], G: [T, X], W: [X, D, N]}"
    experts = cascade_of(
        "I[t] argmax= G[t,x]\nY[t,n] += A[t,d] * W[I[t],d,n]", ranks=ranks, inputs=inputs
    )
    elements = 4096 * 4096 + 4096 * 8 + 8 * 4096 * 14336 + 4096 * 14336
    found = evaluate(experts, H100)
    assert found.fits
    assert elements <= found.occupancy_bytes["HBM"] / 2 <= elements + 2 * 4096


def test_device_memory_holds_what_crosses_kernels(layer):
    scores = 12 * 4096 * 4096 * 2
    assert 1 < layer.occupancy_bytes["HBM"] / scores < 1.4
    assert layer.fits and evaluate(ONE_PASS, H100).occupancy_bytes["HBM"] == 4 * 12 * 4096 * 64 * 2


def test_what_is_larger_than_device_memory_is_refused():
    long = load_workload("attention/three_pass", {"ranks.P": "1000000", "ranks.M": "1000000"})
    mapping = gpu_mapping(long, H100)
    assert not evaluate(long, H100, mapping).fits
    with pytest.raises(MappingError, match=r"needs 48.01 TB of device memory of 80 GB"):
        refuse_too_large(mapping, H100)


def test_a_library_s_kernel_takes_what_its_call_takes():
    sizes = {"b": 1, "h": 12, "g": 12, "p": 4096, "m": 4096, "e": 64}
    for name, backend in (("flash_attention_2", "flash"), ("math", "math")):
        cost = evaluate(ONE_PASS, H100, gpu_mapping(ONE_PASS, H100, name))
        call = call_cost(Sdpa(backend=backend, **sizes), H100)
        assert cost.latency_s == pytest.approx(call.seconds)
        assert cost.composed.sustained_energy_j == pytest.approx(call.energy_j)
        assert cost.bound == call.bound


def test_products_one_after_the_other_are_calls_one_after_the_other():
    layers = load_workload("transformer/linear_layers")
    cost = evaluate(layers, H100, gpu_mapping(layers, H100, "gemm"))
    assert [kernel.einsums for kernel in cost.kernels] == [(e.name,) for e in layers.einsums]
    alone = call_cost(Gemm(m=4096, n=3072, k=768), H100).seconds - H100.launch.floor_s
    assert cost.kernels[4].times.seconds == pytest.approx(alone, rel=0.05)


def test_mappings_of_other_machines_and_workloads_are_refused():
    with pytest.raises(MappingError, match="a GPU runs kernels, not a mapping of loops"):
        evaluate(ONE_PASS, H100, load_mapping("fusemax_binding"))
    with pytest.raises(MappingError, match="those of transformer/encoder_layer, not of attention"):
        evaluate(ONE_PASS, H100, gpu_mapping(LAYER, H100))
    with pytest.raises(MappingError, match="a spatial array needs a mapping of loops"):
        evaluate(ONE_PASS, load_arch("fusemax_cloud"), gpu_mapping(ONE_PASS, H100))


def test_a_rank_of_several_sizes_is_refused():
    several = ONE_PASS.with_ranks(P=np.array([1024, 2048]))
    with pytest.raises(MappingError, match="kernels are made for one size, and P has several"):
        evaluate(several, H100)


def test_where_device_memory_is_slow_three_passes_stay_on_chip():
    slow = load_gpu("h100_sxm", {"memories.HBM.bandwidth": "335 GB/s"})
    three_pass = load_workload("attention/three_pass")
    slow_cost, cost = evaluate(three_pass, slow), evaluate(three_pass, H100)
    assert len(slow_cost.kernels) == 1 < len(cost.kernels)
    assert slow_cost.traffic_bytes["HBM"] < cost.traffic_bytes["HBM"] / 10
    assert cost.latency_s < slow_cost.latency_s
