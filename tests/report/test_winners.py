"""Maps of winners, by hand."""

import numpy as np
import pandas as pd
import pytest

from accelsim.report.selection import NoRowsError
from accelsim.report.spec import Look, Winners
from accelsim.report.style import COLOURS
from accelsim.report.winners import best_of, draw_winners

NAN = np.nan
# Two series over one row of five cells: the first wins, the second does, a tie, one alone, none.
VALUES = np.array([[[1.0, 3.0, 1.00, 2.0, NAN]], [[2.0, 2.0, 1.01, NAN, NAN]]])


def test_the_least_wins_by_what_the_next_one_takes_more():
    best = best_of(VALUES, tie=0.02)
    assert best.series.tolist() == [[0, 1, -1, 0, -2]]
    assert best.times[0, :3] == pytest.approx([2, 1.5, 1.01])
    assert np.isnan(best.times[0, 3:]).all()


def test_without_a_tie_the_first_of_equal_ones_wins():
    assert best_of(np.array([[[1.0]], [[1.0]]]), tie=0).series.tolist() == [[0]]


FRAME = pd.DataFrame(
    {
        "kernel": ["a"] * 5 + ["b"] * 5,
        "context": [1, 2, 4, 8, 16] * 2,
        "batch": [1] * 10,
        "latency_s": VALUES.reshape(-1).tolist(),
    }
)
SPEC = Winners(
    name="map",
    table="t",
    x="context",
    y="batch",
    x_axis="context",
    y_axis="batch",
    series="kernel",
    value="latency_s",
    tie=0.02,
    title="The fastest",
)
NAMES = {"kernel": {"a": Look(label="A", colour="blue"), "b": Look(label="B", colour="orange")}}


def test_cells_have_the_winners_colour_and_its_lead():
    axes = draw_winners(SPEC, FRAME, NAMES).axes[0]
    assert [text.get_text() for text in axes.texts[:3]] == ["2.00", "1.50", "1.01"]
    assert [text.get_color() for text in axes.texts[:1]] == ["white"]
    assert [len(each.get_paths()) for each in axes.collections] == [2, 1, 1]
    assert axes.get_xlim() == (0, 5)


def test_the_legend_names_who_wins_and_ties():
    figure = draw_winners(SPEC, FRAME, NAMES)
    assert {"A", "B", "none by more than 2 %"} <= {text.get_text() for text in figure.texts}
    alone = draw_winners(SPEC, FRAME[FRAME["context"] == 1], NAMES)
    assert "B" not in {text.get_text() for text in alone.texts}


def test_colours_that_are_light_carry_dark_text():
    names = {"kernel": {"a": Look(label="A", colour="yellow"), "b": Look(label="B")}}
    axes = draw_winners(SPEC, FRAME, names).axes[0]
    assert axes.texts[0].get_color() != "white"
    assert COLOURS["yellow"] == "#F0E442"


def test_without_a_number_nothing_is_drawn():
    with pytest.raises(NoRowsError):
        draw_winners(SPEC, FRAME.assign(latency_s=NAN), NAMES)
