"""The best rows of a table, chosen by hand."""

import pytest

from accelsim.base.errors import AccelsimError
from accelsim.study.best import best_table
from accelsim.study.study import Best
from accelsim.study.table import Table

TABLE = Table.of(
    {
        "model": ["a", "a", "a", "b", "b"],
        "count": [1, 2, 4, 1, 2],
        "speed": [3.0, 5.0, None, None, 2.0],
        "price": [1.0, 2.0, 0.5, 1.0, 2.0],
    }
)


def chosen(**changes: object) -> list[tuple[str, int]]:
    best = Best.model_validate({"name": "best", "of": "t", "by": ("model",), **changes})
    found = best_table(best, {"t": TABLE})
    return list(zip(found["model"].tolist(), found["count"].tolist(), strict=True))


def test_the_most_of_each_group_and_rows_without_a_number_do_not_count() -> None:
    assert chosen(most="speed") == [("a", 2), ("b", 2)]


def test_the_least_may_require_another_number() -> None:
    assert chosen(least="price") == [("a", 4), ("b", 1)]
    assert chosen(least="price", required="speed") == [("a", 1), ("b", 2)]


def test_slips_are_told() -> None:
    with pytest.raises(AccelsimError, match="no table 'u'"):
        chosen(most="speed", of="u")
    with pytest.raises(AccelsimError, match="no column 'sped'"):
        chosen(most="sped")
    with pytest.raises(ValueError, match="either 'most' or 'least'"):
        chosen()
