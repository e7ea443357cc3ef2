"""A point after another: a number of the machine changed, or a size; and masks counted at first."""

from itertools import count

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from accelsim.arch.load import load_arch
from accelsim.arch.load_gpu import load_gpu
from accelsim.cost.default import default_mapping
from accelsim.cost.evaluate import evaluate
from accelsim.workload.load import load_workload

ON_GPU = ("attention/one_pass", "recurrent/rwkv_6", "retrieval/sea")
ON_ARRAYS = ("fusemax_cloud",)
CHANGES = {"memories.HBM.bandwidth": "{} GB/s", "clock": "{} MHz"}


@pytest.mark.parametrize("path", CHANGES)
@pytest.mark.parametrize("name", ON_GPU)
def test_kernels_by_rules_after_a_number_of_the_gpu_changed(
    benchmark: BenchmarkFixture, name: str, path: str
) -> None:
    cascade, values = load_workload(name), count(1500, 10)
    evaluate(cascade, load_gpu("h100_sxm"))

    def again() -> None:
        evaluate(cascade, load_gpu("h100_sxm", {path: CHANGES[path].format(next(values))}))

    benchmark.pedantic(again, rounds=10)


@pytest.mark.parametrize("name", ON_GPU)
def test_kernels_by_rules_after_a_size_changed(benchmark: BenchmarkFixture, name: str) -> None:
    gpu, sizes = load_gpu("h100_sxm"), count(1024, 256)
    evaluate(load_workload(name), gpu)

    def again() -> None:
        evaluate(load_workload(name, {"ranks.P": str(next(sizes))}), gpu)

    benchmark.pedantic(again, rounds=4)


@pytest.mark.parametrize("name", ["dynamic/sale", "sparse/duo_attention", "sparse/s2_attention"])
def test_masks_of_blocks_counted_for_the_first_time(benchmark: BenchmarkFixture, name: str) -> None:
    cascade, arch = load_workload(name), load_arch("fusemax_cloud")
    benchmark.pedantic(lambda: default_mapping(cascade, arch, "fusemax_cloud"), rounds=1)


SLOWEST = {
    "fusemax_cloud": ("sparse/power_attention:qwen2_7b_128k:prefill", "dynamic/flex_prefill:both"),
    "h100_sxm": ("retrieval/sea:prefill", "recurrent/rwkv_6:chunked"),
}


@pytest.mark.parametrize(("machine", "name"), [(m, n) for m, own in SLOWEST.items() for n in own])
def test_a_mechanism_asked_for_the_first_time(
    benchmark: BenchmarkFixture, machine: str, name: str
) -> None:
    def first() -> None:
        if machine in ON_ARRAYS:
            cascade, arch = load_workload(name), load_arch(machine)
            evaluate(cascade, arch, default_mapping(cascade, arch, machine).mapping)
        else:
            evaluate(load_workload(name), load_gpu(machine))

    benchmark.pedantic(first, rounds=1)
