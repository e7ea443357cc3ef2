"""Choosing tiles: many candidates at once are as each by itself, and no bound is too high."""

import pytest

from accelsim.arch.load_gpu import load_gpu
from accelsim.cost.gpu.fused import FusedBlocks
from accelsim.cost.gpu.fused_choice import choice
from accelsim.mapping.fused_kernel import fused_kernels, room_of
from accelsim.mapping.fused_tiles import candidates, tiles
from accelsim.mapping.fusion import fusion, units
from accelsim.workload.load import load_workload

H100 = load_gpu("h100_sxm")
MEMORY = (float(H100.clock_hz), 1e6, 1e6)


def fused(name):
    cascade = load_workload(name, {"ranks.P": "1024", "ranks.M": "1024", "ranks.H": "4"})
    return fusion(cascade, units(cascade))


@pytest.mark.parametrize("name", ["attention/one_pass", "attention/one_pass_causal"])
def test_candidates_side_by_side_are_those_one_by_one_with_the_same_seconds(name):
    own = fused(name)
    together = candidates(own, room_of(H100.sm)).kernels
    rough = FusedBlocks(together, H100, rough=True)
    apart = [kernel for tile in tiles(own) for kernel in fused_kernels(own, tile, H100)]
    assert [together.at(number) for number in range(len(together.stages))] == apart
    one_by_one = [FusedBlocks(each, H100, rough=True) for each in apart]
    assert rough.seconds(*MEMORY).tolist() == [each.seconds(*MEMORY) for each in one_by_one]
    least = [each.least_seconds(*MEMORY) for each in one_by_one]
    assert rough.least_seconds(*MEMORY).tolist() == least


@pytest.mark.parametrize("name", ["attention/one_pass", "attention/one_pass_causal"])
def test_no_candidate_takes_less_than_it_counts_as(name):
    together = candidates(fused(name), room_of(H100.sm)).kernels
    by_points = FusedBlocks(together, H100, rough=True).least_seconds(*MEMORY)
    for number, least in enumerate(by_points):
        blocks = FusedBlocks(together.at(number), H100)
        by_tiles, seconds = blocks.least_seconds(*MEMORY), blocks.seconds(*MEMORY)
        assert least <= by_tiles <= seconds


def test_the_fastest_takes_no_less_than_the_whole_choice_does():
    own = choice(candidates(fused("attention/one_pass_causal"), room_of(H100.sm)), H100)
    kernel, seconds = own.fastest()
    assert own.at_least <= seconds
    assert kernel.fusion is own.kernels.fusion


CHANGED = {
    "memories.HBM.bandwidth": "1 TB/s",
    "memories.HBM.latency": "2 us",
    "memories.L2.capacity": "2 MB",
    "memories.L2.bandwidth": "1000 B/cycle",
    "clock": "900 MHz",
    "sms": "40",
    "sm.shared_bandwidth": "32 B/cycle",
    "pipes.sfu.lanes": "1",
    "launch.drain": "50 us",
    "power.limit": "200 W",
}


@pytest.mark.parametrize("name", ["attention/three_pass", "attention/one_pass_causal"])
def test_what_kernels_keep_of_one_gpu_is_not_taken_for_another_one_s(name):
    """Kernels asked for every GPU in turn, twice, against new ones that know of no other GPU."""
    gpus = [H100, *(load_gpu("h100_sxm", {path: value}) for path, value in CHANGED.items())]
    own = fused(name)
    alone = [choice(candidates(own, room_of(gpu.sm)), gpu).fastest() for gpu in gpus]
    kernels = candidates(own, room_of(H100.sm))
    assert [choice(kernels, gpu).fastest() for gpu in gpus + gpus] == alone + alone
    assert len({seconds for _, seconds in alone}) > 8, "most of these numbers are felt"
