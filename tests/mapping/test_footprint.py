"""What tiles touch, by hand."""

import pytest

from accelsim.base.yamlfile import parse_yaml
from accelsim.mapping.footprint import families, spread, touched_elements
from accelsim.workload.einsum import Cascade
from accelsim.workload.load import read_workload


def reading(expression: str) -> Cascade:
    """Y[m,k] is made from X, a square of side 100."""
    text = f"""
word: 2 B
ranks: {{M: 100, K: 100, W: 3}}
inputs: {{X: [M, K], F: [W]}}
outputs: {{Y: [M, K]}}
cascade: |
  Y[m,k] += {expression} * F[w]
"""
    return read_workload(parse_yaml(text), "reading")


@pytest.mark.parametrize(
    ("expression", "touched"),
    [
        ("X[m,k] * X[m+1,k]", [5 * 4]),
        ("X[m,k] * X[m+9,k]", [8 * 4]),
        ("X[m,k] * X[m+1,k] * X[m+3,k]", [7 * 4]),
        ("X[m,k] * X[m+1,k] * X[m,k+2] * X[m+1,k+2]", [5 * 6]),
        ("X[m,k] * X[m+1,k+1]", [4 * 4, 4 * 4]),  # no grid: each on its own
        ("X[m,k] * X[2*m,k]", [4 * 4, 4 * 4]),
        ("X[m+w,k]", [(4 + 2) * 4]),
    ],
)
def test_shifts_of_a_tile_of_4_by_4_touch_their_union(expression: str, touched: list[int]) -> None:
    cascade = reading(expression)
    reads = [access for access in cascade.einsum("Y").reads if access.tensor == "X"]
    tile = {"M": 4, "K": 4, "W": 3}
    found = [
        touched_elements(family, cascade, tile.__getitem__) for family in families(reads, cascade)
    ]
    assert found == touched


def test_25_tiles_of_4_with_a_neighbour_each_lack_that_of_the_last() -> None:
    cascade = reading("X[m,k] * X[m+1,k]")
    (family, _) = families(cascade.einsum("Y").reads, cascade)
    assert spread(family, cascade, lambda rank: 4) * 100 == pytest.approx(25 * 5 - 1)
