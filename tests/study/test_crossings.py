"""Crossings of lines that one can draw."""

import pytest

from accelsim.base.errors import AccelsimError
from accelsim.study.crossings import crosses, crossing_table
from accelsim.study.study import Crossing, Layout
from accelsim.study.table import Table

PRICES = Table.of(
    {
        "link": [1, 1, 1, 9, 9, 9] * 2,
        "price": [4, 2, 8, 4, 2, 8] * 2,
        "kind": ["apart"] * 6 + ["together"] * 6,
        "speed": [2.0, 1.0, 4.0, 9.0, 9.0, 9.0] + [3.0] * 6,
    }
)


def found(**changes: object) -> Table:
    over = Layout(table="prices", series="kind", points=("link", "price"))
    facts = {"name": "x", "over": over, "of": "apart.speed / together.speed", "along": "price"}
    return crossing_table(Crossing.model_validate({**facts, **changes}), {"prices": PRICES})


def test_it_lies_on_the_line_between_two_points_of_the_axis() -> None:
    rows = found().rows()
    # 2/3 at a price of 4 and 4/3 at 8.
    assert rows[0] == {
        "link": 1,
        "crossing": pytest.approx(6),
        "first": pytest.approx(1 / 3),
        "last": pytest.approx(4 / 3),
    }
    assert rows[1]["crossing"] is None
    assert rows[1]["first"] == rows[1]["last"] == 3


@pytest.mark.parametrize(
    ("values", "where"),
    [([0, 2], 1.5), ([2, 0], 1.5), ([1, 5], 1), ([0, 1], 2), ([2, 3], None), ([0, 0.5], None)],
)
def test_a_value_is_crossed_upwards_downwards_or_touched(
    values: list[float], where: float | None
) -> None:
    assert crosses([1, 2], values, 1) == where


def test_slips_are_told() -> None:
    with pytest.raises(AccelsimError, match="no table 'price'. Did you mean 'prices'"):
        found(over=Layout(table="price", series="kind", points=("link", "price")))
    with pytest.raises(ValueError, match="along: speed is none of the points"):
        found(along="speed")
