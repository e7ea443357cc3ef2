"""Adding up the parts that a plan has made, by hand; and FlashMLA as a whole.

On an H100 SXM at 1.98 GHz L2 answers after 145 ns; 12 instructions that need one another follow.
"""

import pytest

from accelsim.arch.load_gpu import load_gpu
from accelsim.cost.gpu.call import call_cost, works_of
from accelsim.cost.gpu.combine_parts import PartsCombineWork
from accelsim.workload.calls import Sdpa

GPU = load_gpu("h100_sxm")
SMS, FLOP_A_CYCLE, HBM_BYTES_PER_S = 132, 4096, 3350e9


def call(b, h, m=4096):
    return Sdpa(backend="flash_mla", b=b, h=h, g=1, p=1, m=m, e=576, f=512, latent=True)


def combine(**sizes):
    (found,) = (each for each in works_of(call(**sizes), GPU) if isinstance(each, PartsCombineWork))
    return found


def latent_bytes(call):
    return call.b * call.m * call.e * 2


def flop(call):
    return 2 * call.h * call.b * call.m * (call.e + call.f)


def test_sequences_in_one_piece_take_a_trip_and_move_nothing():
    work = combine(b=128, h=16)
    assert (work.trips, work.parts) == (1, 0)
    assert work.actions(cold=True)["l2"] == 0


def test_thirteen_parts_are_read_in_pairs():
    work = combine(b=1, h=16)
    assert (work.parts, work.trips) == (13, 2 + 7)
    # Of 16 rows, 512 results and their sum each, in fp32: written and read.
    assert work.actions(cold=True)["l2"] == 2 * 13 * 16 * 513 * 4
    dependent = 12 * GPU.timing.dependent_cycles
    one_trip_s = 145e-9 + dependent / 1.98e9
    assert work.working_s(1.98e9) == pytest.approx(9 * one_trip_s, rel=1e-3)


# --- FlashMLA as a whole --------------------------------------------------------------------------


@pytest.mark.parametrize("m", [4096, 8192])
@pytest.mark.parametrize("h", [16, 32])
def test_few_heads_are_bound_by_the_bytes_of_the_latents(h, m):
    own = call(128, h, m)
    cost = call_cost(own, GPU)
    least_s = latent_bytes(own) / HBM_BYTES_PER_S
    assert cost.bound == "hbm"
    assert least_s < cost.sustained_s < 1.35 * least_s


def test_many_rows_are_bound_by_the_products_at_the_clock_that_is_held():
    own = call(132, 256, 16384)
    cost = call_cost(own, GPU)
    for seconds, clock_hz in (
        (cost.seconds, cost.burst_clock_hz),
        (cost.sustained_s, cost.sustained_clock_hz),
    ):
        least_s = flop(own) / (SMS * FLOP_A_CYCLE * clock_hz)
        assert least_s < seconds < 1.35 * least_s


def test_the_published_bandwidth_and_rate_are_nearly_predicted():
    """FlashMLA's README: up to 3000 GB/s and 660 TFLOPS on an H800 SXM5, which has the SMs and the
    memory of an H100. For the second its benchmark (recalled: 132 sequences, 128 heads) has two
    queries a sequence, here 256 heads, and runs in bursts."""
    few, many = call(128, 16, 8192), call(132, 256, 16384)
    assert latent_bytes(few) / call_cost(few, GPU).sustained_s == pytest.approx(3000e9, rel=0.03)
    assert flop(many) / call_cost(many, GPU).seconds == pytest.approx(660e12, rel=0.06)


def test_longer_batches_take_longer():
    seconds = [call_cost(call(b, 128), GPU).seconds for b in (1, 2, 8, 32, 64, 100, 128, 256)]
    assert seconds == sorted(seconds)
