import numpy as np
import pytest

from accelsim.base.errors import InputError
from accelsim.base.rate import Rate, read_rate


def test_a_rate_per_second_moves_fewer_bytes_a_cycle_on_a_faster_clock():
    rate = read_rate("400 GB/s")
    assert (rate.per_cycle(1e9), rate.per_cycle(2e9)) == (400, 200)
    assert rate.per_second(2e9) == 400e9


def test_a_rate_per_cycle_moves_more_bytes_a_second_on_a_faster_clock():
    rate = read_rate("128 B/cycle")
    assert (rate.per_second(1e9), rate.per_second(2e9)) == (128e9, 256e9)
    assert rate.per_cycle(2e9) == 128


def test_a_rate_may_be_an_array():
    assert Rate(bytes_per_s=np.array([1e9, 2e9])).per_cycle(1e9).tolist() == [1, 2]


def test_a_rate_has_one_unit():
    with pytest.raises(ValueError, match="one of them"):
        Rate()
    with pytest.raises(ValueError, match="one of them"):
        Rate(bytes_per_s=1, bytes_per_cycle=1)


@pytest.mark.parametrize("text", ["128", "128 B", "128 Hz"])
def test_what_is_no_rate_is_refused(text):
    with pytest.raises(InputError) as refusal:
        read_rate(text)
    assert str(refusal.value) == (
        f"{text!r} is not a quantity in B/s or B/cycle; write it like '400 GB/s' or '128 B/cycle'"
    )


def test_a_rate_of_nothing_is_refused():
    with pytest.raises(InputError, match="'0 B/s' must be above 0"):
        read_rate("0 B/s")


def test_a_rate_that_no_float_holds_is_refused():
    with pytest.raises(InputError, match="'1e400 GB/s' is not a quantity"):
        read_rate("1e400 GB/s")
