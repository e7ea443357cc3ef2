"""An axis → its values."""

from pathlib import Path

import pytest

from accelsim.base.errors import InputError
from accelsim.study.axes import Axis
from accelsim.study.spread import number_of, values_of


def values(**given: object) -> list[object]:
    return values_of("x", Axis.model_validate(given)).as_written.tolist()


def test_a_range_in_even_steps_has_both_ends() -> None:
    found = values(**{"from": "25 GB/s", "to": "100 GB/s", "steps": 4})
    assert found == [f"{n}000000000.0 B/s" for n in (25, 50, 75, 100)]


def test_a_range_in_equal_ratios_doubles() -> None:
    found = values(**{"from": "1 MiB", "to": "8 MiB", "steps": 4, "log": True})
    assert found == [f"{n * 2**20} B" for n in (1, 2, 4, 8)]


def test_a_step_goes_as_far_as_it_can() -> None:
    assert values(**{"from": 64, "to": 300, "step": 64}) == [64, 128, 192, 256]
    assert values(**{"from": 256, "to": 64, "step": -64}) == [256, 192, 128, 64]
    assert values(**{"from": 0.1, "to": 0.3, "step": 0.1}) == [0.1, 0.2, 0.3]
    assert values(**{"from": 1, "to": 2, "step": 0.5}) == [1, 1.5, 2]


def test_a_step_of_a_log_range_is_a_ratio() -> None:
    assert values(**{"from": 1024, "to": 16384, "step": 4, "log": True}) == [1024, 4096, 16384]


def test_whole_ends_make_whole_numbers_each_once() -> None:
    assert values(**{"from": 1, "to": 3, "steps": 5}) == [1, 2, 3]
    assert values(**{"from": 1.0, "to": 3.0, "steps": 5}) == [1.0, 1.5, 2.0, 2.5, 3.0]


def test_multiples_are_of_the_nearest_and_never_zero() -> None:
    given = {"from": 1, "to": 1000, "steps": 4, "log": True, "multiple_of": 64}
    assert values(**given) == [64, 128, 1024]


def test_values_of_a_file_are_those_of_a_column(tmp_path: Path) -> None:
    file = tmp_path / "parts.csv"
    file.write_text("name,capacity\na,16 KiB\nb,8\n", encoding="utf-8")
    assert values(file=str(file), column="capacity") == ["16 KiB", 8]


@pytest.mark.parametrize(
    ("value", "number"), [("1 KiB", 1024), ("2 GHz", 2e9), (3, 3), ("4 pJ/bit", 32), ("a", None)]
)
def test_a_quantity_is_a_number_in_its_house_unit(value: object, number: object) -> None:
    assert number_of(value) == number  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"from": 1, "to": 2}, "two ends and nothing that says .* Add 'steps: 9'"),
        ({"from": 0, "to": 2, "steps": 3, "log": True}, "equal ratios ends above 0"),
        ({"from": "1 KiB", "to": "2 GHz", "steps": 3}, "are not in the same unit. They are in B"),
        ({"from": "a", "to": 2, "steps": 3}, "'a' is no quantity"),
        ({"from": 1, "to": 2, "step": -1}, "leads away from the end"),
        ({"from": 1, "to": 2, "step": 1, "log": True}, "a ratio of 1 leads nowhere"),
        ({"from": 1, "to": 10**9, "step": 1}, "more than 1,000,000 values"),
        ({"to": []}, "the axis x has no values"),
        ({"file": "nowhere.csv"}, "nowhere.csv: cannot be read as a table"),
    ],
)
def test_what_has_no_values(given: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        values(**given)


def test_a_column_that_is_not_there_is_named(tmp_path: Path) -> None:
    file = tmp_path / "parts.csv"
    file.write_text("name,capacity\na\n", encoding="utf-8")
    with pytest.raises(InputError, match="no column 'capasity'. Did you mean 'capacity'"):
        values(file=str(file), column="capasity")
    with pytest.raises(InputError, match="has several columns, and none is named"):
        values(file=str(file))
    with pytest.raises(InputError, match=r"parts.csv:2: has no capacity here"):
        values(file=str(file), column="capacity")
