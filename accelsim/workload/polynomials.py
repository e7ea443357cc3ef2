"""Polynomials in loop indices with exact coefficients, and their sums over ranges.

    Σ y^k for y = lower … upper  =  S_k(upper) - S_k(lower - 1)
    S_0(n) = n + 1,    S_1(n) = n(n+1)/2,    S_2(n) = n(n+1)(2n+1)/6,    …

S_k is Faulhaber's polynomial; the identity holds for all whole numbers with lower <= upper + 1.
A polynomial maps monomials ((("m", 1), ("p", 2)) is m·p²) to fractions; a linear function maps
variables to whole numbers, its constant standing under "".
"""

from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache
from math import comb

Monomial = tuple[tuple[str, int], ...]
Polynomial = Mapping[Monomial, Fraction]
Linear = Mapping[str, int]

ONE: Polynomial = {(): Fraction(1)}


def from_linear(linear: Linear) -> Polynomial:
    return {((name, 1),) if name else (): Fraction(factor) for name, factor in linear.items()}


def add(left: Polynomial, right: Polynomial, factor: Fraction = Fraction(1)) -> Polynomial:
    """left + factor · right."""
    total = dict(left)
    for monomial, value in right.items():
        total[monomial] = total.get(monomial, Fraction(0)) + factor * value
    return {monomial: value for monomial, value in total.items() if value}


def multiply(left: Polynomial, right: Polynomial) -> Polynomial:
    total: dict[Monomial, Fraction] = {}
    for left_monomial, left_value in left.items():
        for right_monomial, right_value in right.items():
            monomial = _product(left_monomial, right_monomial)
            total[monomial] = total.get(monomial, Fraction(0)) + left_value * right_value
    return {monomial: value for monomial, value in total.items() if value}


def _product(left: Monomial, right: Monomial) -> Monomial:
    powers = dict(left)
    for name, power in right:
        powers[name] = powers.get(name, 0) + power
    return tuple(sorted(powers.items()))


def substitute(polynomial: Polynomial, variable: str, value: Linear) -> Polynomial:
    """The polynomial with a linear function in place of the variable."""
    total: Polynomial = {}
    for power, rest in _by_power(polynomial, variable).items():
        total = add(total, multiply(rest, _power(from_linear(value), power)))
    return total


def sum_over(polynomial: Polynomial, variable: str, lower: Linear, upper: Linear) -> Polynomial:
    """Σ polynomial for variable = lower … upper, as a polynomial in the other variables."""
    below = from_linear({**lower, "": lower.get("", 0) - 1})
    total: Polynomial = {}
    for power, rest in _by_power(polynomial, variable).items():
        whole = add(
            _power_sum_at(power, from_linear(upper)), _power_sum_at(power, below), Fraction(-1)
        )
        total = add(total, multiply(rest, whole))
    return total


def _by_power(polynomial: Polynomial, variable: str) -> dict[int, Polynomial]:
    """The polynomial's factors of 1, variable, variable², …"""
    found: dict[int, dict[Monomial, Fraction]] = {}
    for monomial, value in polynomial.items():
        power = dict(monomial).get(variable, 0)
        rest = tuple(each for each in monomial if each[0] != variable)
        found.setdefault(power, {})[rest] = value
    return dict(found)


def _power(base: Polynomial, exponent: int) -> Polynomial:
    result = ONE
    for _ in range(exponent):
        result = multiply(result, base)
    return result


def _power_sum_at(power: int, n: Polynomial) -> Polynomial:
    total: Polynomial = {}
    for exponent, factor in enumerate(power_sum(power)):
        total = add(total, _power(n, exponent), factor)
    return total


@lru_cache(maxsize=64)
def power_sum(power: int) -> tuple[Fraction, ...]:
    """Coefficients, lowest first, of S_k(n) = 0^k + 1^k + … + n^k, from

    (n+1)^(k+1) = Σ_{j<=k} C(k+1, j) · S_j(n).
    """
    total = [Fraction(comb(power + 1, exponent)) for exponent in range(power + 2)]
    for lower in range(power):
        for exponent, factor in enumerate(power_sum(lower)):
            total[exponent] -= comb(power + 1, lower) * factor
    return tuple(factor / (power + 1) for factor in total)
