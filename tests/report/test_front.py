import numpy as np
import pytest

from accelsim.report.front import MOST_POINTS, Group, Mark, Objective, draw_front


def group(rows, name=""):
    x, y, on_front = (np.array(column) for column in zip(*rows, strict=True))
    return Group(name, x, y, on_front.astype(bool))


def drawn(groups, x="latency_s", y="area_um2", **maximised):
    objectives = [Objective(each, maximised.get(each, False)) for each in (x, y)]
    return draw_front(*objectives, groups, "A front").axes[0]


def test_the_front_is_joined_and_the_rest_stands_beside():
    axes = drawn([group([(3.0, 1, 1), (1.0, 4, 1), (3.0, 4, 0)])])
    beside, points, line = axes.lines
    assert beside.get_xdata().tolist() == [3.0]
    assert sorted(points.get_xdata()) == line.get_xdata().tolist() == [1.0, 3.0]
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    assert axes.get_xlabel() == "latency (s), less is better"


def test_a_row_that_a_third_objective_keeps_is_a_point_off_the_line():
    _, points, line = drawn([group([(1.0, 1, 1), (2.0, 2, 1)])]).lines
    assert len(points.get_xdata()) == 2
    assert line.get_ydata().tolist() == [1e-6, 1e-6]


def test_a_front_goes_on_to_the_end_of_the_others_as_the_best_within_each_budget():
    axes = drawn([group([(1.0, 4, 1)], "a"), group([(2.0, 2, 1), (9.0, 1, 1)], "b")])
    assert axes.lines[2].get_xdata().tolist() == [1.0, 9.0]
    assert axes.lines[5].get_xdata().tolist() == [2.0, 9.0]
    assert {axes.lines[place].get_drawstyle() for place in (2, 5)} == {"steps-post"}


def test_designs_of_others_are_marked_and_named():
    objectives = Objective("latency_s"), Objective("area_um2")
    figure = draw_front(*objectives, [group([(1.0, 4, 1)])], "A front", [Mark("FuseMax", 2, 5e6)])
    axes = figure.axes[0]
    assert [line.get_label() for line in axes.lines][-1] == "FuseMax"
    assert axes.lines[-1].get_ydata().tolist() == [5]
    assert axes.get_ylabel() == "area (mm²), less is better"


def test_more_may_be_better():
    axes = drawn([group([(1.0, 1, 1), (2.0, 2, 1)])], y="throughput", throughput=True)
    assert axes.lines[2].get_ydata().tolist() == [1, 2]
    assert axes.get_ylabel() == "throughput, more is better"


@pytest.mark.parametrize(("low", "scale"), [(0.0, "linear"), (0.1, "log")])
def test_logarithmic_where_all_is_above_0(low, scale):
    assert drawn([group([(low, 1, 1), (2.0, 0.5, 1)])]).get_xscale() == scale


def test_of_very_many_rows_an_even_share_is_drawn():
    rows = [(1.0 + n, 1.0 + n, n == 0) for n in range(2 * MOST_POINTS + 1)]
    assert 0.5 * MOST_POINTS < len(drawn([group(rows)]).lines[0].get_xdata()) <= MOST_POINTS
