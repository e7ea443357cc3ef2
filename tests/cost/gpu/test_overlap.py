"""How times that overlap add up, and what a cache keeps."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelsim.arch.load_gpu import load_gpu
from accelsim.cost.gpu.overlap import in_turns, kept, queued, served, swept

H100 = load_gpu("h100_sxm")
TIMES = st.lists(st.floats(0, 1e3), min_size=2, max_size=5)


def test_servers_of_3_and_4_take_4_3(h100):
    assert served(h100, 3, 4) == pytest.approx((3**4 + 4**4) ** 0.25)
    assert served(h100, 3, 4) == pytest.approx(4.2845, abs=1e-4)


def test_few_customers_pay_more_than_servers_with_work_enough(h100):
    assert queued(h100, 3, 4) == pytest.approx((3**2.16 + 4**2.16) ** (1 / 2.16))
    assert queued(h100, 3, 4) > served(h100, 3, 4)


def test_of_two_that_take_turns_the_shorter_adds_two_fifths(h100):
    assert in_turns(h100, 3, 5) == pytest.approx(5 + 0.4 * 3)


def test_half_of_what_fills_the_usable_part_of_a_cache_is_kept(h100):
    assert kept(h100, 40e6, 50e6) == pytest.approx(0.5)
    assert swept(h100, 47.3e6, 50e6) == pytest.approx(0.5)


def test_a_call_after_itself_finds_35_mb_and_nothing_of_70_mb(h100):
    assert swept(h100, 35e6, 50e6) > 0.99
    assert swept(h100, 70e6, 50e6) < 0.01


def test_a_cache_of_nothing_keeps_nothing(h100):
    assert kept(h100, 1, 0) == swept(h100, 1, 0) == 0


@given(times=TIMES)
def test_overlapped_is_never_less_than_the_longest_nor_more_than_the_sum(times):
    for combined in (served(H100, *times), queued(H100, *times), in_turns(H100, *times)):
        assert max(times) * (1 - 1e-9) <= combined <= sum(times) * (1 + 1e-9)
