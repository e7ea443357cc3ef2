"""Kernels as YAML: they read back as they are, and what cannot be is refused at its place."""

import pytest

from accelsim.arch.load_gpu import load_gpu
from accelsim.base.errors import InputError
from accelsim.base.yamlfile import parse_yaml
from accelsim.cost.evaluate import evaluate
from accelsim.cost.gpu.mapping import gpu_mapping
from accelsim.mapper.gpu.find import find_kernels
from accelsim.mapping.gpu_file import read_gpu_mapping
from accelsim.mapping.gpu_save import gpu_mapping_text
from accelsim.workload.load import load_workload

GPU = load_gpu("h100_sxm")


def back(mapping, workload, sizes=None):
    node = parse_yaml(gpu_mapping_text(mapping), "found.yaml")
    return read_gpu_mapping(node, load_workload(workload, sizes or {}), GPU)


@pytest.mark.parametrize(
    "workload",
    [
        "linear/elu",
        "attention/one_pass",
        "attention/sliding_window_sinks",
        "attention/two_pass_causal",
    ],
)
def test_kernels_made_by_rules_read_back(workload):
    found = gpu_mapping(load_workload(workload), GPU)
    read = back(found, workload)
    assert [each.tile for each in read.kernels] == [each.tile for each in found.kernels]
    assert read.cascade.ranks == found.cascade.ranks
    assert (
        evaluate(read.cascade, GPU, read).latency_s == evaluate(found.cascade, GPU, found).latency_s
    )


@pytest.mark.parametrize(
    ("workload", "sizes"),
    [
        ("attention/one_pass", {"ranks.P": "1"}),
        ("attention/one_pass_causal", {"ranks.P": "256", "ranks.M": "256"}),
        ("kernels/attention", {"ranks.P": "1", "ranks.G": "4", "ranks.M": "16384"}),
        ("kernels/bmm", {}),
        ("transformer/linear_layers", {"ranks.P": "64"}),
    ],
)
def test_found_kernels_read_back_and_take_as_long(workload, sizes):
    answer = find_kernels(load_workload(workload, sizes), GPU).answer
    read = back(answer.mapping, workload, sizes)
    assert read.kernels == answer.mapping.kernels
    assert evaluate(read.cascade, GPU, read).latency_s == answer.cost.latency_s


HEAD = "workload: kernels/gemm\nmachine: gpu\nkernels:\n"
TILE = "tile: {M: 64, N: 64, K1: 1, K0: 64}, stages: 4"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (HEAD + "- {einsums: [C]}", "one of 'attention', 'product' and 'tile'"),
        (HEAD + "- {einsums: [D], " + TILE + "}", "no Einsum 'D'"),
        (HEAD + "- {einsums: [C], tile: {M: 64}, stages: 4}", "Mend K0, K1, N"),
        (
            HEAD + "- {einsums: [C], tile: {M: 999, N: 999, K1: 1, K0: 64}, stages: 4}",
            "no SM has room",
        ),
        (HEAD + f"- {{einsums: [C], {TILE}}}\n- {{einsums: [C], {TILE}}}", "each Einsum in one"),
        (HEAD.replace("gemm", "bmm") + "- {einsums: [C], " + TILE + "}", "those of kernels/bmm"),
    ],
)
def test_what_cannot_be_is_refused(text, why):
    with pytest.raises(InputError) as caught:
        read_gpu_mapping(parse_yaml(text, "mine.yaml"), load_workload("kernels/gemm"), GPU)
    assert why in str(caught.value) and str(caught.value).startswith("mine.yaml:")
    assert len(str(caught.value).splitlines()) == 1


def test_a_kernel_is_refused_where_it_cannot_run():
    cascade, a100 = load_workload("kernels/gemm"), load_gpu("a100_sxm_80gb")
    text = gpu_mapping_text(find_kernels(cascade, GPU).answer.mapping)
    with pytest.raises(InputError, match="does not multiply bf16"):
        read_gpu_mapping(parse_yaml(text, "found.yaml"), cascade, a100)
    attention = load_workload("attention/one_pass", {"ranks.P": "512", "ranks.M": "512"})
    text = gpu_mapping_text(find_kernels(attention, GPU).answer.mapping)
    with pytest.raises(InputError, match="this GPU has no wgmma"):
        read_gpu_mapping(parse_yaml(text, "found.yaml"), attention, a100)
