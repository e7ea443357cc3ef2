"""Axes → points."""

import pickle

import numpy as np
import pytest

from accelsim.base.errors import StudyError
from accelsim.study.axes import Axis, Value, plain
from accelsim.study.points import Points, Space, inert_decide
from accelsim.study.points import crossed as space_of


def every(space: Space) -> Points:
    return space.points(0, len(space))


def crossed(*asked: object) -> Points:
    return every(space_of(*asked))


SIZES = Axis(set=("workload.ranks.M",), to=(8, 16))


def test_two_axes_of_two_and_three_values_make_six_points_the_last_axis_fastest() -> None:
    points = crossed(("BERT", "T5"), {"m": Axis(set=("workload.ranks.M",), to=(1, 2, 3))})
    assert len(points) == 6
    assert points.columns["model"].tolist() == ["BERT"] * 3 + ["T5"] * 3
    assert points.columns["m"].tolist() == [1, 2, 3, 1, 2, 3]


def test_without_axes_there_is_one_point() -> None:
    assert len(crossed((), {})) == 1


def test_an_axis_sets_all_its_paths_alike() -> None:
    both = Axis(set=("workload.ranks.P", "workload.ranks.M"), to=(8, 16))
    settings = crossed((), {"seq_len": both}).settings
    found = [settings[f"workload.ranks.{rank}"].as_written.tolist() for rank in "PM"]
    assert found == [[8, 16], [8, 16]]


def test_a_column_whose_name_has_a_unit_holds_numbers_in_it() -> None:
    axis = Axis(set=("arch.memories.Buffer.capacity",), to=("1 KiB", "2 KiB"))
    points = crossed((), {"buffer_bytes": axis, "buffer": axis.model_copy(update={"set": ()})})
    assert points.columns["buffer_bytes"].tolist() == [1024, 1024, 2048, 2048]
    assert points.columns["buffer"].tolist() == ["1 KiB", "2 KiB"] * 2
    assert points.settings["arch.memories.Buffer.capacity"].as_written[0] == "1 KiB"


def test_some_of_the_points_keep_their_values() -> None:
    points = crossed((), {"m": SIZES}).at(crossed((), {"i": Axis(to=(1,))}).columns["i"])
    assert (len(points), points.columns["m"].tolist()) == (1, [16])


@pytest.mark.parametrize(
    ("written", "value"), [("1024", 1024), ("0.5", 0.5), ("1 KiB", "1 KiB"), ("-3", -3), (7, 7)]
)
def test_a_number_typed_on_a_command_line_is_a_number(written: str, value: object) -> None:
    assert plain(written) == value


def test_an_axis_without_values_is_an_error() -> None:
    with pytest.raises(StudyError, match="the axis m has no values"):
        crossed((), {"m": Axis(to=())})


def test_a_path_that_two_axes_set_is_an_error() -> None:
    with pytest.raises(StudyError, match=r"workload.ranks.M is set by two axes, a and b"):
        crossed((), {"a": SIZES, "b": SIZES})


def test_a_path_without_its_input_is_an_error() -> None:
    with pytest.raises(StudyError, match="'ranks.M' is no path of an input. Paths begin with"):
        crossed((), {"m": Axis(set=("ranks.M",), to=(1,))})


def test_points_that_can_be_mapped_alike_come_together_and_are_the_same_points() -> None:
    rate = Axis(set=("arch.memories.DRAM.bandwidth",), to=("1 GB/s", "2 GB/s"))
    space = space_of((), {"rate": rate, "m": SIZES})
    together = every(space.alike_together)
    assert together.columns["m"].tolist() == [8, 8, 16, 16]
    assert sorted(together.addresses) == sorted(every(space).addresses)
    assert len(set(together.deciding.tolist())) == 2


def test_a_point_has_the_same_address_in_any_space() -> None:
    (alone,) = crossed((), {"m": Axis(set=SIZES.set, to=(16,))}).addresses
    assert crossed((), {"m": SIZES}).addresses.tolist()[1] == alone
    assert crossed((), {"n": SIZES}).addresses.tolist()[1] != alone


def test_points_travel_as_places_and_arrive_as_they_were() -> None:
    """12,000 of a million points: two bytes for each, and none of the other 499,600 values."""
    fine = Axis(set=("arch.clock",), from_="1 Hz", to=("500000 Hz",), steps=500_000)
    points = space_of((), {"m": SIZES, "clock": fine}).points(500_000 - 6000, 500_000 + 6000)
    sent = pickle.dumps(points)
    assert len(sent) < 12_000 * (2 + 5 * 8 + 1)
    few = points.at(np.array([5999, 6000]))
    assert len(pickle.dumps(few)) < 2000
    for each in (points, few):
        found = pickle.loads(pickle.dumps(each))
        assert found.addresses.tolist() == each.addresses.tolist()
        assert found.deciding.tolist() == each.deciding.tolist()
        for name, column in each.columns.items():
            assert found.columns[name].tolist() == column.tolist()
        for path, setting in each.settings.items():
            assert found.settings[path].as_written.tolist() == setting.as_written.tolist()


def test_a_combination_that_comes_again_is_one_point() -> None:
    assert crossed((), {"m": Axis(set=SIZES.set, to=(8, 16, 8))}).columns["m"].tolist() == [8, 16]


@pytest.mark.parametrize(
    ("derive", "decides"),
    [
        ({}, False),
        ({"workload.ranks.M": "rows * 2"}, False),
        ({"arch.memories.DRAM.read": "rate / clock"}, False),
        ({"arch.compute.Array2D.columns": "rate / clock"}, True),
        ({"workload.ranks.M": "DRAM.bandwidth / 2"}, True),
        ({"workload.ranks.M": 64}, False),
    ],
)
def test_rows_that_are_derived_from_a_bandwidth_make_it_decide(
    derive: dict[str, Value], decides: bool
) -> None:
    rate = Axis(set=("arch.memories.DRAM.bandwidth",), to=("1 GB/s",))
    rows = Axis(set=("arch.compute.Array2D.rows",), to=(1,))
    assert inert_decide({"rate": rate, "rows": rows}, derive) is decides
