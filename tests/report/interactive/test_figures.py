"""What is in the figures: numbers by hand, fronts by comparing each row with each."""

import numpy as np
import pandas as pd
import pytest

from accelsim.base.errors import StudyError
from accelsim.report.interactive.bars import bars, stacked
from accelsim.report.interactive.cloud import CELLS, MOST_POINTS, scatter, split, thinned
from accelsim.report.interactive.lines import lines
from accelsim.report.interactive.maps import contour, heat_map
from accelsim.report.interactive.roofline import roofline

FRAME = pd.DataFrame(
    {
        "config": ["flat", "flat", "fuse", "fuse"],
        "capacity_bytes": [2048, 1024, 1024, 2048],
        "latency_s": [2.0, 4.0, 1.0, 0.5],
        "energy_pj": [2e12, 1e12, 3e12, 4e12],
        "bound": ["compute", "DRAM", "compute", "compute"],
    }
)


def test_a_line_goes_through_its_rows_by_x():
    figure = lines(FRAME, "capacity_bytes", "latency_s", ["config"], "Latency")
    flat, fuse = figure.data
    assert (flat.name, list(flat.x), list(flat.y)) == ("flat", [1024, 2048], [4.0, 2.0])
    assert (fuse.name, list(fuse.y)) == ("fuse", [1.0, 0.5])
    assert figure.layout.meta["log"] == ["x", "y"]
    assert figure.layout.title.text == "Latency"
    assert flat.marker.symbol != fuse.marker.symbol


def test_two_rows_of_a_line_at_one_place_are_refused():
    with pytest.raises(StudyError, match="two rows at one capacity_bytes"):
        lines(FRAME, "capacity_bytes", "latency_s")


def test_bars_have_a_group_for_each_name():
    figure = bars(FRAME, ["config"], "energy_pj", ["capacity_bytes"])
    assert {trace.name: list(trace.y) for trace in figure.data} == {
        "2 KiB": [2.0, 4.0],
        "1 KiB": [1.0, 3.0],
    }
    assert figure.layout.barmode == "group"


def test_parts_of_a_bar_add_up():
    frame = pd.DataFrame(
        {"part": ["DRAM", "MAC", "DRAM"], "energy_pj": [1e12, 2e12, 4e12], "of": ["a", "a", "a"]}
    )
    figure = stacked(frame, ["of"], "part", "energy_pj")
    assert {trace.name: list(trace.y) for trace in figure.data} == {"DRAM": [5.0], "MAC": [2.0]}
    assert figure.layout.barmode == "stack"
    assert figure.layout.meta["log"] == []


def test_a_name_that_looks_like_html_is_a_name():
    figure = bars(pd.DataFrame({"of": ["<i>x</i>"], "latency_s": [1.0]}), ["of"], "latency_s")
    assert list(figure.data[0].x) == ["&lt;i&gt;x&lt;/i&gt;"]


def _beaten(x, y, signs):
    points = np.stack([x, y], axis=1) * signs
    return [any((other <= own).all() and (other < own).any() for other in points) for own in points]


@pytest.mark.parametrize("maximise", [(), ("y",)])
def test_the_front_is_what_no_row_beats(maximise):
    drawn = np.random.default_rng(3)
    frame = pd.DataFrame({"x": drawn.uniform(1, 9, 200), "y": drawn.uniform(1, 9, 200)})
    signs = np.array([1.0, -1.0 if maximise else 1.0])
    beside, front = scatter(frame, "x", "y", maximise=maximise).data
    beaten = np.array(_beaten(frame.x.to_numpy(), frame.y.to_numpy(), signs))
    assert sorted(front.x) == sorted(frame.x[~beaten])
    assert sorted(beside.x) == sorted(frame.x[beaten])


def test_of_many_rows_each_occupied_cell_keeps_one():
    drawn = np.random.default_rng(5)
    x, y = drawn.uniform(1, 2, (2, 50_000))
    x[7], y[7] = 100.0, 100.0
    kept = thinned(x, y)
    assert len(kept) <= CELLS * CELLS
    assert len(kept) < 50_000
    assert 7 in kept
    assert len(thinned(x[:MOST_POINTS], y[:MOST_POINTS])) == MOST_POINTS


def test_equal_rows_of_the_front_are_drawn_once_and_gaps_not_at_all():
    x, y = np.array([1.0, 1.0, 2.0, np.nan]), np.array([1.0, 1.0, 2.0, 0.0])
    found = split(x, y, np.arange(4), np.ones(2))
    assert (found.front.tolist(), found.beside.tolist(), found.left_out) == ([0], [2], 0)


def test_a_heat_map_has_its_numbers_in_cells_by_size():
    figure = heat_map(FRAME, "capacity_bytes", "config", "latency_s")
    (cells,) = figure.data
    assert (list(cells.x), list(cells.y)) == (["1 KiB", "2 KiB"], ["flat", "fuse"])
    assert [list(row) for row in cells.text] == [["4 s", "2 s"], ["1 s", "500 ms"]]


def test_two_rows_of_a_cell_are_refused():
    with pytest.raises(StudyError, match="two rows are at one config and config"):
        heat_map(FRAME, "config", "config", "latency_s")


def test_a_contour_map_has_the_bounds_as_its_ground():
    frame = pd.DataFrame(
        [
            {"a_bytes": a, "b_s": b, "z_s": a * b, "bound": "DRAM" if a * b > 30 else "compute"}
            for a in (1, 10, 100)
            for b in (1.0, 10.0)
        ]
    )
    figure = contour(frame, "a_bytes", "b_s", "z_s", "bound")
    ground, *named, levels = figure.data
    assert list(ground.x) == [0, 1, 2]
    assert np.asarray(ground.z).tolist() == [[0, 0, 1], [0, 1, 1]]
    assert [each.name for each in named] == ["bound: compute", "bound: DRAM"]
    assert np.asarray(levels.z) == pytest.approx(np.log10([[1, 10, 100], [10, 100, 1000]]))


def test_a_roofline_bends_where_the_ceiling_meets_the_bandwidth():
    frame = pd.DataFrame({"name": ["k"], "intensity": [4.0], "predicted": [8e12]})
    figure = roofline(frame, {"tensor": 1e15}, {"HBM": 2e12})
    slope = figure.data[0]
    assert (slope.x[-1], slope.y[-1]) == pytest.approx((500, 1e15))
    assert [trace.name for trace in figure.data if trace.mode == "markers"] == ["predicted"]
