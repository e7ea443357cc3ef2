"""What a block needs, against shared memory and registers of kernels that exist."""

from dataclasses import replace

import pytest

from accelsim.arch.load_gpu import load_gpu
from accelsim.base.catalogue import find
from accelsim.base.record import read_record
from accelsim.base.yamlfile import read_yaml
from accelsim.mapper.gpu.design import Build
from accelsim.mapping.attention_kernel import AttentionKernel, AttentionTile

H100 = load_gpu("h100_sxm")


def shipped(name: str) -> AttentionKernel:
    return read_record(read_yaml(find(name, "kernels")), AttentionKernel)


def build_of(tile: AttentionTile, instruction: str, stages: int) -> Build:
    fetching = 0 if instruction == "mma" else 4
    warps = tile.threads // 32 - fetching
    return Build(instruction, tile.queries, tile.keys, tile.features, 2, warps, stages)


@pytest.mark.parametrize("name", ["flash_attention_2", "flash_attention_2_split", "lean_attention"])
def test_shared_memory_is_flash_attention_2s_own(name):
    # Queries, one tile of keys, one of values. Heads of 32 are listed with more than they need.
    for tile in shipped(name).tiles:
        found = build_of(tile, "mma", 1)
        if tile.features > 32:
            assert found.shared_bytes == tile.shared_bytes


@pytest.mark.parametrize("name", ["flash_attention_3", "cudnn_attention"])
def test_others_are_given_what_they_need(name):
    # Two stages each of keys and values; cuDNN's heads of 256 have room for one.
    for tile in shipped(name).tiles:
        stages = 1 if (name, tile.features) == ("cudnn_attention", 256) else 2
        assert build_of(tile, "wgmma", stages).shared_bytes <= tile.shared_bytes


@pytest.mark.parametrize(
    ("features", "keys"),
    [(128, 192), (192, 112), (256, 80)],
    ids=["128 x 192 hits the limit", "128 x 112 hits the limit", "128 x 80 hits the limit"],
)
def test_shared_memory_ends_where_flash_attention_3_says(features, keys):
    # hopper/tile_size.h: of weights in registers, two stages.
    assert Build("wgmma", 128, keys, features, 2, 8, 2).has_room(H100)
    assert not Build("wgmma", 128, keys + 16, features, 2, 8, 2).has_room(H100)


def test_weights_through_shared_memory_end_where_flash_attention_3_says():
    # The same file: 128 x 144 hits the limit.
    assert Build("wgmma", 128, 144, 128, 2, 8, 2, True).has_room(H100)
    assert not Build("wgmma", 128, 160, 128, 2, 8, 2, True).has_room(H100)


def test_registers_are_dealt_as_hopper_kernels_deal_them():
    # flash_fwd_kernel_sm90.h: launched with 168, or 128; 240 and 160 for those that multiply.
    two, three = (Build("wgmma", 64 * n, 128, 64, 2, 4 * n, 2) for n in (2, 3))
    assert (two.registers(H100), three.registers(H100)) == (168, 128)
    assert (two._most_registers(H100), three._most_registers(H100)) == (240, 160)


def test_a_tile_that_was_seen_to_spill_has_no_room():
    # flash_fwd_launch_template.h, heads of 64 by 4 warps: 256 x 64 spills, 128 x 128 does not.
    assert not Build("mma", 256, 64, 64, 2, 4, 1).has_room(H100)
    assert Build("mma", 128, 128, 64, 2, 4, 1).has_room(H100)


def test_registers_of_flash_attention_2_on_paper():
    # 32 rows a warp: 128 x 32 / 32 of the result, 64 x 32 / 32 scores, 8 of rows, 24 of operands.
    found = Build("mma", 128, 64, 128, 2, 4, 1)
    assert found.needed_registers == 128 + 64 + 8 + 24 + 28 == 252
    # Within 2 % of the 255 that it was launched with.
    assert found.needed_registers == pytest.approx(shipped("flash_attention_2").registers, rel=0.02)


def test_tiles_of_flash_attention_are_possible_where_it_takes_them():
    a100 = load_gpu("a100_sxm_80gb")
    for tile in shipped("flash_attention_2").tiles:
        assert build_of(tile, "mma", 1).has_room(a100)
    # Heads of 192 by 4 warps would need 320 registers: it has 8 warps there.
    assert not Build("mma", 128, 64, 192, 2, 4, 1).has_room(a100)
    for tile in shipped("flash_attention_3").tiles:
        found = replace(build_of(tile, "wgmma", 2), shared_weights=tile.held == ())
        assert found.has_room(H100)
    # 192 x 192 would not be, of weights in registers.
    assert not Build("wgmma", 192, 192, 64, 2, 12, 2).has_room(H100)
