"""Several values: against their definitions, by brute force."""

from math import ceil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelsim.base.errors import ExpressionError, MapperError
from accelsim.mapper.stated.values import is_several, names_in, values_of


@given(st.integers(1, 3000))
def test_divisors(number):
    expected = [n for n in range(1, number + 1) if number % n == 0]
    assert values_of("divisors of N", {"N": number}).tolist() == expected


@given(st.integers(1, 3000))
def test_parts_are_all_tiles_that_differ_in_how_many_they_are(number):
    expected = sorted({ceil(number / n) for n in range(1, number + 1)})
    assert values_of("parts of N", {"N": number}).tolist() == expected


@given(st.integers(1, 50), st.integers(0, 500))
def test_multiples_and_powers(step, limit):
    known = {"S": step, "L": limit}
    expected = [n for n in range(1, limit + 1) if n % step == 0]
    assert values_of("multiples of S up to L", known).tolist() == expected
    expected = [n for n in (3**k for k in range(8)) if n <= limit]
    assert values_of("powers of 3 up to L", known).tolist() == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (("64", "16", "N / 2", "64"), [16, 48, 64]),
        ("1 to 4", [1, 2, 3, 4]),
        ("4 to 1", []),
        ("N - 2 to N", [94, 95, 96]),
        ("divisors of N up to 4", [1, 2, 3, 4]),
        ("divisors of N / 64", []),
        ("parts of N up to N / 8", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]),
        (("1", "multiples of 40 up to N"), [1, 40, 80]),
        (7, [7]),
    ],
)
def test_forms(said, expected):
    assert values_of(said, {"N": 96}).tolist() == expected


def test_one_formula_is_not_several():
    assert not is_several("ceil(P / P1)")
    assert not is_several(3)
    assert is_several("parts of P")
    assert is_several((1, 2))
    assert names_in(("1", "divisors of P up to Array2D.rows")) == {"P", "Array2D.rows"}


def test_what_cannot_be_read():
    with pytest.raises(ExpressionError, match="is not an expression"):
        values_of("divisors off P", {"P": 3})
    with pytest.raises(MapperError, match="has 1,000,000,000 values"):
        values_of("multiples of 1 up to 10 ** 9", {})
    assert np.isinf(values_of("10 ** 9", {})).sum() == 0
