"""The door: what is found costs what it says, is no worse than what there is, nor below a bound."""

import pytest

from accelsim.arch.load_gpu import load_gpu
from accelsim.base.errors import MapperError, MappingError
from accelsim.cost.evaluate import evaluate
from accelsim.mapper.gpu.bound import least_gpu_figures
from accelsim.mapper.gpu.find import find_kernels
from accelsim.mapper.gpu.shipped import shipped
from accelsim.mapping.fused_kernel import FusedKernel
from accelsim.mapping.gpu_mapping import ProductCall
from accelsim.workload.budget import budgeted
from accelsim.workload.load import load_workload

SHAPES = [
    ("attention/one_pass", {"ranks.P": "2048", "ranks.M": "2048"}, "h100_sxm"),
    ("attention/one_pass_causal", {"ranks.P": "1024", "ranks.M": "1024"}, "a100_sxm_80gb"),
    ("attention/three_pass", {"ranks.P": "1"}, "h200_sxm"),
]


@pytest.mark.parametrize(("workload", "sizes", "machine"), SHAPES)
def test_attention_is_no_slower_than_flash_attention_nor_below_its_roofline(
    workload, sizes, machine
):
    cascade, gpu = load_workload(workload, sizes), load_gpu(machine)
    found = find_kernels(cascade, gpu)
    answer = found.answer
    assert answer.optimal
    assert answer.cost.latency_s >= found.bound.latency_s
    assert answer.cost.energy_pj >= found.bound.energy_pj
    again = evaluate(answer.mapping.cascade, gpu, answer.mapping)
    assert again.latency_s == answer.cost.latency_s == found.value
    others = {each.name: each for each in shipped(cascade, gpu)}
    assert {"flash", "cudnn", "automatic"} & set(others)
    for name in ("flash", "flash3"):
        if name in others:
            assert answer.cost.latency_s <= others[name].cost.latency_s


def test_the_least_energy_is_no_more_than_that_of_the_fastest():
    cascade, gpu = load_workload(*SHAPES[0][:2]), load_gpu("h100_sxm")
    fastest, least = find_kernels(cascade, gpu), find_kernels(cascade, gpu, "energy")
    assert least.value <= fastest.answer.cost.energy_pj
    assert least.answer.cost.energy_pj == pytest.approx(least.value, rel=1e-12)


@pytest.mark.parametrize("machine", ["h100_sxm", "a100_sxm_80gb"])
@pytest.mark.parametrize(
    ("workload", "sizes"),
    [("kernels/gemm", {}), ("kernels/bmm", {}), ("transformer/linear_layers", {"ranks.P": "64"})],
)
def test_products_are_no_slower_than_libraries(workload, sizes, machine):
    cascade, gpu = load_workload(workload, sizes), load_gpu(machine)
    found = find_kernels(cascade, gpu)
    answer = found.answer
    assert answer.optimal == (len(cascade.einsums) == 1)
    assert answer.cost.latency_s >= found.bound.latency_s
    again = evaluate(answer.mapping.cascade, gpu, answer.mapping)
    assert again.latency_s == answer.cost.latency_s == found.value
    gemm = next(each for each in shipped(cascade, gpu) if each.name == "gemm")
    assert answer.cost.latency_s <= gemm.cost.latency_s


def test_products_share_a_cascade_with_kernels_made_by_rules():
    cascade, gpu = load_workload("transformer/linear_layers"), load_gpu("h100_sxm")
    kernels = find_kernels(cascade, gpu).answer.mapping.kernels
    assert {type(each) for each in kernels} == {FusedKernel, ProductCall}


@pytest.mark.parametrize(
    "workload", ["linear/elu", "transformer/linear_layers", "attention/sliding_window_sinks"]
)
def test_others_are_no_slower_than_the_rules(workload):
    cascade, gpu = load_workload(workload), load_gpu("h100_sxm")
    found = find_kernels(cascade, gpu)
    rules = evaluate(cascade, gpu)
    assert found.bound.latency_s <= found.answer.cost.latency_s <= rules.latency_s
    assert not found.answer.optimal
    assert found.answer.candidates > 1000


def test_a_roofline_on_paper():
    # 12 heads of 4096 x 4096 pairs: 4 * 64 FLOP each at 4096 a cycle, an exponent each at 16.
    cascade, gpu = load_workload("attention/one_pass"), load_gpu("h100_sxm")
    pairs, a_second = 12 * 4096 * 4096, 132 * 1.98e9
    tensor, special = pairs * 256 / 4096 / a_second, pairs / 16 / a_second
    assert tensor == special
    found = least_gpu_figures(budgeted(cascade), gpu)
    assert found.latency_s == pytest.approx(3.65e-6 + tensor, rel=1e-9)


def test_what_it_cannot_do():
    gpu = load_gpu("h100_sxm")
    with pytest.raises(MapperError, match="a GPU's area is not given"):
        find_kernels(load_workload("attention/one_pass"), gpu, "area_delay")
    huge = load_workload("attention/one_pass", {"ranks.B": "100000"})
    with pytest.raises(MappingError, match="of device memory"):
        find_kernels(huge, gpu)
