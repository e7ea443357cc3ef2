"""Libraries by name: what they compute, and what is refused with place, fact and remedy."""

import pytest

from accelsim.arch.load_gpu import load_gpu
from accelsim.base.errors import AccelsimError, CatalogueError
from accelsim.mapping.library import library_mapping
from accelsim.workload.load import load_workload

H100 = load_gpu("h100_sxm")


def named(kernel, workload, gpu=H100, **ranks):
    cascade = load_workload(workload, {f"ranks.{rank}": str(size) for rank, size in ranks.items()})
    return library_mapping(kernel, cascade, gpu)


@pytest.mark.parametrize(
    "kernel", ["flash_attention_2", "cudnn_attention", "math_attention", "flash3"]
)
def test_a_kernel_of_attention_computes_every_form_of_it(kernel):
    (call,) = named(kernel, "attention/two_pass").kernels
    assert (call.call.h, call.call.p, len(call.einsums)) == (12, 4096, 10)


def test_a_library_chooses_its_kernel_and_one_that_it_does_not_take_is_refused():
    assert named("flash", "attention/one_pass", P=1).kernels
    with pytest.raises(AccelsimError) as refused:
        named("flash_attention_2", "attention/one_pass", P=1, M=8192)
    assert "one_pass.yaml:2: flash does not take flash_attention_2" in str(refused.value)
    assert "Name flash_attention_2_split, or flash, which chooses" in str(refused.value)


def test_each_product_of_a_cascade_is_a_call():
    calls = named("gemm_wgmma", "transformer/linear_layers").kernels
    assert [call.einsums for call in calls] == [(n,) for n in ("Q", "K", "V", "O", "FF1", "FF2")]


def test_words_are_those_that_the_gpu_knows():
    (call,) = named("gemm", "kernels/gemm", load_gpu("v100_sxm")).kernels
    assert call.call.dtype == "fp16"


@pytest.mark.parametrize(
    ("kernel", "workload", "fact"),
    [
        ("flash_attention_2", "kernels/gemm", "does not compute kernels/gemm"),
        ("cudnn", "attention/sliding_window_sinks", "cudnn does not compute attention/sliding"),
        ("gemm_wgmma", "attention/three_pass", "yaml:11: gemm_wgmma does not compute GM"),
        ("gemm_mma", "kernels/gemm", "Name gemm_wgmma, or gemm, which chooses"),
        ("softmax_warp", "kernels/softmax", "cannot be named for a workload"),
    ],
)
def test_what_a_kernel_does_not_compute_is_refused(kernel, workload, fact):
    with pytest.raises(AccelsimError) as refused:
        named(kernel, workload)
    assert fact in str(refused.value)


def test_an_unknown_kernel_is_refused_with_the_nearest():
    with pytest.raises(CatalogueError, match="flash_attention_2"):
        named("flash_atention_2", "attention/one_pass")
