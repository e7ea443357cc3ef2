"""What takes away launching and latencies, held against the launches that a GPU's file has."""

import pytest

from accelsim.arch.load_gpu import load_gpu
from accelsim.cost.gpu.call import call_cost, works_of
from accelsim.cost.gpu.composed import composed
from accelsim.cost.gpu.explained import explained_call
from accelsim.cost.gpu.unscaled import larger_call, nothing_larger, remedy
from accelsim.workload.calls import Copy, Gemm, RmsNorm, Sdpa

GPU = load_gpu("h100_sxm")


def whole(call):
    return composed(works_of(call, GPU), GPU)


def test_a_bound_that_nothing_scales_says_what_would_take_it_away():
    call = Gemm(m=16, n=64, k=64)
    found = explained_call(call, GPU, "tiny")
    assert found.bound == "launch"
    twice = call_cost(Gemm(m=32, n=64, k=64), GPU).seconds / call_cost(call, GPU).seconds
    # `launch.back_to_back` and `launch.floor` of the file.
    assert found.remedy == (
        "back to back a kernel starts after 450 ns instead of 3.65 us, "
        f"twice m takes {twice:.3g}x as long"
    )
    assert found.sentence.startswith(f"{found.bound_text}; {found.remedy}; ")


def test_fewer_kernels_save_their_gaps_and_starts():
    several = whole(Sdpa(b=1, h=8, g=8, p=256, m=256, e=64, backend="math"))
    number = len(several.each)
    own = several.by_resource["launch"] - GPU.launch.floor_s - (number - 1) * GPU.launch.gap_s
    saved_us = (number - 1) * (GPU.launch.gap_s + own / number) * 1e6
    told = remedy("launch", several, GPU, nothing_larger)
    assert told.startswith(f"one kernel instead of {number} would save {saved_us:.4g} us, ")


def test_slots_are_filled_by_a_larger_batch():
    # 16 blocks of a row each, and 16 fit on each of 132 SMs.
    call = RmsNorm(rows=16, cols=4096)
    told = remedy("latency", whole(call), GPU, nothing_larger)
    assert told == f"blocks fill {1 / 132:.1%} of the slots, more of them (a larger batch) the rest"


def test_a_runner_up_that_nothing_scales_says_so_too():
    found = explained_call(RmsNorm(rows=16, cols=4096), GPU, "few rows").runner_up
    assert (found.name, found.at) == ("launch", None)
    assert "as long (back to back a kernel starts after" in found.text


def test_what_takes_twice_as_long_is_no_remedy():
    call = Copy(bytes=10**9)
    larger = larger_call(call, lambda each: call_cost(each, GPU).seconds)
    name, times = larger()
    assert (name, times) == ("bytes", pytest.approx(2, rel=0.02))
    assert "twice" not in remedy("launch", whole(call), GPU, larger)
    assert remedy("hbm", whole(call), GPU, larger) == ""
