"""Lengths of ragged batches: what was asked for, whatever the seed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelsim.base.errors import StudyError
from accelsim.study.lengths import drawn_lengths


@given(
    longest=st.integers(1000, 500_000),
    number=st.integers(8, 64),
    mean=st.sampled_from([0.25, 0.5, 0.75, 1.0]),
    seed=st.integers(0, 1000),
)
def test_the_longest_is_there_and_the_mean_is_near(
    longest: int, number: int, mean: float, seed: int
) -> None:
    lengths = drawn_lengths(longest, number, mean, seed)
    assert len(lengths) == number and max(lengths) == longest and min(lengths) >= 1
    # One draw in each of b - 1 equal parts: the mean of a growing u^k is off by a part at most.
    assert sum(lengths) / number == pytest.approx(mean * longest, abs=longest / (number - 1) + 1)


def test_the_same_seed_has_the_same_shares_at_twice_the_length() -> None:
    once, twice = (drawn_lengths(longest, 16, 0.25, seed=3) for longest in (10_000, 20_000))
    assert twice == pytest.approx([2 * keys for keys in once], abs=2)
    assert drawn_lengths(10_000, 16, 0.25, seed=3) == once
    assert drawn_lengths(10_000, 16, 0.25, seed=4) != once


def test_a_mean_of_one_is_a_batch_of_equal_lengths() -> None:
    assert drawn_lengths(4096, 5, 1.0, seed=0) == (4096,) * 5
    assert drawn_lengths(4096, 1, 1.0, seed=0) == (4096,)


@pytest.mark.parametrize(("number", "mean"), [(4, 0.25), (1, 0.5), (8, 1.1)])
def test_a_mean_that_the_longest_forbids_is_refused(number: int, mean: float) -> None:
    with pytest.raises(StudyError, match=f"{number} sequences cannot have {mean:g} of the longest"):
        drawn_lengths(1024, number, mean, seed=0)
