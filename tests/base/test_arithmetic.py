import numpy as np
import pytest

from accelsim.base.errors import ExpressionError
from accelsim.base.expression import parse_expression


def value(text, **values):
    return parse_expression(text).evaluate(values)


@pytest.mark.parametrize(
    "text",
    [
        "ceil(M / N)",
        "floor(M / N)",
        "M * N - M // N + M % N",
        "min(M, N, 5) + max(M, 7)",
        "where(M < N and not M == 3, M * 2, N)",
        "M ** 2 + (M <= N) + (M >= 3 or N != 4)",
        "sqrt(M) + log2(N)",
        "largest_divisor(M, N)",
        "-M / 4",
    ],
)
def test_arrays_give_what_their_elements_give(text):
    M, N = np.arange(1, 40)[:, None], np.array([1, 4, 7, 16])
    whole = value(text, M=M, N=N)
    single = [[value(text, M=int(m), N=int(n)) for n in N] for m in M[:, 0]]
    assert np.broadcast_to(whole, (39, 4)).tolist() == pytest.approx(np.array(single), rel=1e-15)


def test_arrays_of_integers_stay_integers():
    assert value("ceil(M / 256)", M=np.array([1000, 3])).dtype == np.int64
    assert value("M * 4 / 2", M=np.array([3, 5])).dtype == np.int64


def test_products_beyond_62_bits_become_floats_and_do_not_wrap():
    product = value("M * M * M", M=np.array([2**10, 2**22]))
    assert product.tolist() == [2.0**30, 2.0**66]


def test_the_largest_divisor_no_larger_than_a_limit():
    assert value("largest_divisor(M, 100)", M=1000) == 100
    assert value("largest_divisor(M, 99)", M=1000) == 50
    assert value("largest_divisor(M, 100)", M=np.array([1000, 17, 101])).tolist() == [100, 17, 1]


def test_the_divisor_of_a_large_prime_is_found_in_no_time():
    assert value("largest_divisor(M, 5e6)", M=999_999_999_989) == 1


def test_numpy_scalars_count_as_numbers():
    assert value("M / 4", M=np.int64(8)) == 2
    assert value("M ** 64", M=np.int64(8)) == 8**64


def test_a_zero_anywhere_in_the_divisors_is_a_division_by_zero():
    with pytest.raises(ExpressionError, match="division by zero"):
        value("8 / M", M=np.array([1, 0]))
