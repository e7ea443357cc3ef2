"""Kernels of matrix products as data: which one a library takes, and the tiles that it has."""

import pytest

from accelsim.arch.load_gpu import load_gpu
from accelsim.base.errors import MappingError, RecordError
from accelsim.base.record import read_record
from accelsim.base.yamlfile import parse_yaml
from accelsim.mapping.product_kernel import (
    KERNELS,
    Family,
    alignment_bytes,
    kernel_of,
    load_product_kernel,
    shapes,
)
from accelsim.workload.calls import Bmm, Gemm

H100 = load_gpu("h100_sxm")
OLDER = H100.model_copy(update={"tensor": (H100.cores("mma"),)})


@pytest.mark.parametrize("name", KERNELS)
def test_every_kernel_says_what_it_is_and_where_that_comes_from(name):
    kernel = load_product_kernel(name)
    assert kernel.about and "shapes.csv" in kernel.source
    assert kernel.workloads == ("kernels/gemm", "kernels/bmm")


@pytest.mark.parametrize(
    ("n", "k", "dtype", "aligned"),
    [
        (4096, 4096, "bf16", 16),
        (4096, 4097, "bf16", 2),
        (300, 300, "bf16", 8),
        (2050, 64, "bf16", 4),
        (2051, 64, "fp32", 4),
        (2051, 64, "fp8", 16),
    ],
)
def test_a_call_is_aligned_as_its_rows_are(n, k, dtype, aligned):
    assert alignment_bytes(Gemm(m=7, n=n, k=k, dtype=dtype)) == aligned


@pytest.mark.parametrize(
    ("gpu", "call", "instruction", "alignments"),
    [
        (H100, Gemm(m=9, n=64, k=64), "wgmma", [16]),
        (H100, Bmm(b=3, m=9, n=64, k=64, dtype="fp16"), "wgmma", [16]),
        (H100, Gemm(m=9, n=64, k=65), "mma", [2]),
        (H100, Gemm(m=9, n=64, k=66), "mma", [4, 4, 4, 2]),
        (H100, Gemm(m=9, n=64, k=64, dtype="fp32"), "fma", [16, 4]),
        (OLDER, Gemm(m=9, n=64, k=64), "mma", [16, 4, 4, 4, 2]),
    ],
)
def test_the_kernel_follows_from_words_rows_and_the_gpu(gpu, call, instruction, alignments):
    kernel, families = kernel_of(call, gpu)
    assert kernel.instruction == instruction
    assert [family.alignment_bytes for family in families] == alignments


def test_words_that_nothing_multiplies_are_refused_with_a_remedy():
    with pytest.raises(MappingError, match="no kernel multiplies fp8") as caught:
        kernel_of(Gemm(m=64, n=64, k=64, dtype="fp8"), OLDER)
    assert "bf16" in caught.value.remedy


def test_the_rule_of_wgmma_makes_the_tiles_that_names_of_kernels_show():
    rule = load_product_kernel("gemm_wgmma").families[0].rule
    made = {(n, m) for n, m, _ in shapes(rule)}
    seen = {(256, 128), (128, 256), (192, 192), (64, 8), (64, 80), (64, 480), (96, 128), (512, 64)}
    assert seen <= made
    assert (256, 256) not in made
    assert not rule.is_alone(256, 128, "bf16")
    assert rule.is_alone(128, 128, "bf16")


def test_a_family_without_tiles_is_refused():
    text = "{alignment: 16 B, loads: bulk, step: 128 B, splits: {parts: [1], steps: 1, waves: 1}}"
    with pytest.raises(RecordError, match="lists its tiles or has a rule"):
        read_record(parse_yaml(text, "kernel.yaml"), Family)
