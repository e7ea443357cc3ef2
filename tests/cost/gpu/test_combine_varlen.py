"""Adding up parts of sequences of any lengths, by hand: heads of 128 on an H100 SXM at 1.98 GHz.

A cycle is 0.505 ns; L2 answers after 145 ns, L1 after 20 ns; a shuffle takes 24 cycles.
"""

import pytest

from accelsim.arch.load_gpu import load_gpu
from accelsim.cost.gpu.call import works_of
from accelsim.cost.gpu.combine_varlen import VarlenCombineWork
from accelsim.workload.calls import Sdpa

GPU = load_gpu("h100_sxm")
CYCLE_NS = 1 / 1.98


def work(b=1, h=8, m=128):
    call = Sdpa(backend="flash3", b=b, h=h, g=1, p=1, m=m, e=128, causal=False, page=64)
    (found,) = (each for each in works_of(call, GPU) if isinstance(each, VarlenCombineWork))
    return found


def nanoseconds(**sizes):
    return work(**sizes).working_s(float(GPU.clock_hz)) * 1e9


TURN = 6 * 24 + 234
START = 8 * 14 + 235


def test_one_sequence_is_found_in_one_turn():
    """It is in one piece: a trip tells so."""
    assert nanoseconds() == pytest.approx((START + TURN) * CYCLE_NS + 145 + 145)


def test_512_sequences_are_looked_through_in_16_turns():
    """512 blocks with rows and as many without are 1.55 rounds of five on each of 132 SMs. The mean
    block turns 12.25 times (half of them 8.5 times, half 16), with lengths in L1 by then."""
    longest = START * CYCLE_NS + 16 * (145 + TURN * CYCLE_NS) + 145
    mean = START * CYCLE_NS + 12.25 * (20 + TURN * CYCLE_NS) + 145 / 2
    rounds = 1024 / (132 * 5)
    assert nanoseconds(b=512) == pytest.approx(longest + (rounds - 1) * mean)


def test_parts_are_added_one_after_the_other():
    """8 parts rather than 2: 6 times 67 cycles and a trip to L1."""
    more = nanoseconds(m=1024) - nanoseconds(m=256)
    assert more == pytest.approx(6 * (67 * CYCLE_NS + 20))


def test_missing_rows_go_through_all_parts_there_may_be():
    """Of 8 rows a block has 6: 32 parts rather than 2."""
    more = nanoseconds(h=6, m=256) - nanoseconds(h=8, m=256)
    assert more == pytest.approx(30 * (67 * CYCLE_NS + 20))
