"""Derivatives that are known on paper."""

import numpy as np
import pytest

from accelsim.cost.dual import Dual
from accelsim.mapping.loops import ceil_div, larger, largest, smallest


def variables(*values):
    """Each with a derivative of 1 by itself."""
    rows = np.eye(len(values))
    return [Dual(value, row, row) for value, row in zip(values, rows, strict=True)]


def sides(dual):
    return dual.value, dual.left.tolist(), dual.right.tolist()


X, Y = 3.0, 5.0


@pytest.mark.parametrize(
    ("function", "by_x", "by_y"),
    [
        (lambda x, y: x + y + 1, 1, 1),
        (lambda x, y: 2 - x + (y - 1), -1, 1),
        (lambda x, y: x * y * 2, 2 * Y, 2 * X),
        (lambda x, y: x / y, 1 / Y, -X / Y**2),
        (lambda x, y: 1 / (x * y), -1 / (X**2 * Y), -1 / (X * Y**2)),
        (lambda x, y: abs(x - y), -1, 1),
        (lambda x, y: y % x, -1, 1),
        (lambda x, y: 7 % y + 0 * x, 0, -1),
        (lambda x, y: (y // 2) * x, Y // 2, 0),
        (lambda x, y: x * (11 // y), 11 // Y, 0),
        (lambda x, y: ceil_div(y, 2) * x, 3, 0),
        (lambda x, y: x * (y > x) + y * (y <= x), 1, 0),
        (lambda x, y: larger(x * x, y), 2 * X, 0),
        (lambda x, y: larger(4.0, larger(y, 1)) + 0 * x, 0, 1),
        (lambda x, y: smallest([x, y]), 1, 0),
    ],
)
def test_rules_of_differentiation(function, by_x, by_y):
    found = function(*variables(X, Y))
    assert found.value == function(X, Y)
    assert found.left == pytest.approx([by_x, by_y])
    assert found.right == pytest.approx([by_x, by_y])


def test_sides_part_at_a_maximum_of_equals():
    x, y = variables(4.0, 2.0)
    assert sides(largest([x, 2 * y])) == (4.0, [0, 0], [1, 2])
    assert sides(smallest([x, 2 * y])) == (4.0, [1, 2], [0, 0])
    assert sides(largest([x, 4])) == (4.0, [0, 0], [1, 0])
    assert sides(10 - largest([x, 4])) == (6.0, [0, 0], [-1, 0])
    assert sides(abs(x - 4)) == (0.0, [-1, 0], [1, 0])


def test_nothing_may_branch_on_it():
    (x,) = variables(1.0)
    with pytest.raises(TypeError, match="must not branch"):
        bool(x)
    with pytest.raises(TypeError, match="sqrt has no derivative"):
        np.sqrt(x)
