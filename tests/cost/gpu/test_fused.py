"""Fused kernels by hand: bytes, cycles, blocks under conditions, what L2 keeps between kernels."""

import numpy as np
import pytest

from accelsim.cost.gpu.fused import FusedBlocks, FusedWork
from accelsim.cost.gpu.fused_bytes import Hbm, Moved, hbm_bytes
from accelsim.cost.gpu.fused_share import block_weights, visited_share
from accelsim.mapping.fused_kernel import fused_kernels
from accelsim.mapping.fusion import fusion, units
from accelsim.workload.counts import counts
from accelsim.workload.load import load_workload


@pytest.fixture
def blocks(h100):
    def of(name, tile, **ranks):
        cascade = load_workload(name, {f"ranks.{rank}": str(size) for rank, size in ranks.items()})
        own = fusion(cascade, units(cascade))
        return FusedBlocks(next(fused_kernels(own, tile, h100)), h100)

    return of


def test_a_product_reads_its_operands_once_a_block(blocks):
    found = blocks("kernels/gemm", {"M": 128, "N": 256, "K1": 1, "K0": 64})
    assert found.on_sms.l2_read == 512 * (128 + 256) * 4096 * 2
    assert found.actions["wgmma_bf16"] == 2 * 4096**3
    # 4096 FLOP a cycle for 128 x 256 results over 4096
    assert found.on_sms.block.by_pipe["tensor"] == pytest.approx(2 * 128 * 256 * 4096 / 4096)


def test_sides_are_padded_to_the_instruction(blocks):
    small = blocks("kernels/gemm", {"M": 5, "N": 128, "K1": 1, "K0": 64}, M=5)
    # five rows are the eight columns of an instruction, turned around
    assert small.actions["wgmma_bf16"] == pytest.approx(2 * 8 * 4096 * 4096)


def test_flop_are_those_of_the_workload(blocks):
    found = blocks("attention/one_pass", {"B": 1, "H": 1, "P": 64, "M1": 1}, M0=64)
    operations = counts(load_workload("attention/one_pass", {"ranks.M0": "64"})).operations
    assert found.actions["wgmma_bf16"] == 2 * operations["mac"]
    # exp, and the quotients of the last Einsum
    assert found.actions["exp"] == operations["exp"] + operations["div"]


def test_a_causal_mask_leaves_tiles_on_and_below_the_diagonal(blocks):
    tile = {"B": 1, "H": 1, "P": 64, "M1": 1}
    found = blocks("attention/one_pass_causal", tile, M0=64, P=1024, M=1024, H=2)
    scores = found.kernel.fusion.cascade.einsum("BQK")
    assert visited_share(found.kernel, scores, rough=False) == (16 * 17 / 2) / 16**2
    weights = block_weights(found.kernel)
    assert np.allclose(weights, np.repeat(np.arange(16, 0, -1), 2) / 8.5)


def test_without_conditions_all_blocks_are_equal(blocks):
    found = blocks("attention/one_pass", {"B": 1, "H": 1, "P": 64, "M1": 1}, M0=64)
    assert block_weights(found.kernel) is None


def test_a_kernel_is_no_faster_than_any_of_its_resources(blocks):
    found = FusedWork(
        blocks("attention/one_pass", {"B": 1, "H": 1, "P": 64, "M1": 1}, M0=64),
        Hbm((3e7, 1e7), (3e7, 1e7)),
    )
    for clock_hz in (1e9, 1.98e9):
        times = found.times(clock_hz, cold=True)
        assert times.seconds > max(times.by_resource.values())


def test_what_a_kernel_wrote_is_found_in_l2_if_it_fits(h100):
    def moved(size):
        kernels = [Moved({"X": 1e6}, {"Y": size}), Moved({"Y": size}, {"Z": 1e6})]
        return hbm_bytes(kernels, [0.0, 0.0], h100)

    small, large = moved(1e6), moved(1e9)
    assert small[1].cold[0] < 1 and large[1].cold[0] == pytest.approx(1e9)
    # back to back the input is there too, and nothing is written but what does not fit
    assert sum(small[0].warm) < 1 and large[0].warm[1] == pytest.approx(1e9)
    # cold, 30 MB of L2 were dirty; half of what comes are writes, so that 25 MB are at the end
    assert large[0].cold[1] + large[1].cold[1] == pytest.approx(1e9 + 1e6 + 30e6 - 25e6, rel=1e-4)


def test_a_loop_s_weights_are_fetched_once(h100):
    (found,) = hbm_bytes([Moved({"W": 8e6}, {}, launches=100)], [0.0], h100)
    assert found.cold[0] * 100 == pytest.approx(8e6, rel=0.01)
