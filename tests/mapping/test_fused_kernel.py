"""Tiles and rooms of kernels made by rules."""

from math import prod

import pytest

from accelsim.arch.load_gpu import load_gpu
from accelsim.mapping.fused_kernel import (
    elements,
    extents,
    fused_kernels,
    is_product,
    resident,
    sides,
)
from accelsim.mapping.fused_tiles import tiles
from accelsim.mapping.fusion import fusion, units
from accelsim.workload.load import load_workload

H100 = load_gpu("h100_sxm")


@pytest.fixture(scope="module")
def product():
    cascade = load_workload("kernels/gemm")
    return fusion(cascade, units(cascade))


def kernels(own):
    return [kernel for tile in tiles(own) for kernel in fused_kernels(own, tile, H100)]


@pytest.mark.parametrize("name", ["kernels/gemm", "attention/one_pass", "kernels/softmax"])
def test_every_block_has_room_on_an_sm_and_blocks_cover_the_grid(name):
    cascade = load_workload(name)
    own = fusion(cascade, units(cascade))
    for kernel in kernels(own):
        assert resident(kernel, H100) * (kernel.shared_bytes + 1024) <= H100.sm.shared_bytes
        assert kernel.registers * kernel.threads * resident(kernel, H100) <= H100.sm.registers
        points = prod(kernel.tile[rank] for rank in own.grid) * kernel.blocks
        assert points >= prod(cascade.ranks[rank] for rank in own.grid)


def test_a_product_stages_both_operands_and_sums_in_registers(product):
    tile = {"M": 128, "N": 128, "K1": 1, "K0": 64}
    kernel = next(k for k in fused_kernels(product, tile, H100) if k.stages == 3)
    assert kernel.shared_bytes == 3 * 2 * (128 * 64 + 64 * 128)
    # 128 x 128 sums over 128 threads, and 40 registers of the kernel's own
    assert (kernel.threads, kernel.registers) == (128, 128 + 40)
    assert (kernel.blocks, kernel.trips) == (32 * 32, 64)


def test_scores_of_long_rows_have_no_room():
    cascade = load_workload("attention/three_pass", {"ranks.M": "1000000"})
    assert not kernels(fusion(cascade, units(cascade)))


def test_sides_of_a_product(product):
    einsum = product.cascade.einsums[0]
    assert is_product(einsum) and sides(einsum) == (("M",), ("N",))
    norm = load_workload("kernels/rms_norm")
    assert not is_product(norm.einsum("Q"))


def test_a_window_reaches_its_neighbours(cascade_of):
    cascade = cascade_of("Y[m] += X[m - w] * K[w]", "{M: 64, W: 3}", "{X: [M], K: [W]}")
    own = fusion(cascade, units(cascade))
    reach = elements(own, own.reads[0], extents(own, {"M": 16, "W": 3}))
    assert reach == 16 + 2
