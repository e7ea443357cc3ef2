"""Round numbers, by hand."""

import pytest

from accelsim.report.interactive.ticks import round_numbers


@pytest.mark.parametrize(
    ("low", "high", "base", "is_log", "expected"),
    [
        (40, 4000, 10, True, [50, 100, 200, 500, 1000, 2000]),
        (1, 1e6, 10, True, [1, 10, 100, 1e3, 1e4, 1e5, 1e6]),
        (2**20, 2**26, 1024, True, [2.0**n for n in range(20, 27)]),
        (2**10, 2**30, 1024, True, [2.0**n for n in range(10, 31, 3)]),
        (0, 100, 10, False, [0, 20, 40, 60, 80, 100]),
        (3, 9, 10, False, [3, 4, 5, 6, 7, 8, 9]),
        (2**20, 2**23, 1024, False, [n * 2.0**20 for n in range(1, 9)]),
    ],
)
def test_between_two_numbers_stand_round_ones(low, high, base, is_log, expected):
    assert round_numbers(low, high, base, is_log) == pytest.approx(expected)
