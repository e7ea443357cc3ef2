import numpy as np
import pandas as pd
import pytest

from accelsim.report.pareto import draw_pareto, spread
from accelsim.report.selection import NoRowsError
from accelsim.report.sheet import house_style


@pytest.fixture
def drawn(figures, pareto, spec_of):
    def draw(rows=pareto, **keys):
        with house_style():
            return draw_pareto(spec_of("fig12").model_copy(update=keys), rows, figures.names)

    return draw


@pytest.mark.parametrize(
    ("places", "moved"),
    [([0, 1, 10], [-1.5, 2.5, 10]), ([10, 0], [10, 0]), ([0, 0, 0], [-4, 0, 4]), ([], [])],
)
def test_labels_are_pushed_apart_around_their_middle(places, moved):
    assert spread(places, 4) == moved


def test_spread_labels_are_never_nearer_than_the_gap():
    moved = spread([0, 3, 4, 9, 9.5, 30], 4)
    assert min(np.diff(moved)) >= 4 - 1e-9


def test_a_line_for_each_model_through_its_points_in_mm2_and_seconds(drawn):
    lines = [line for line in drawn().axes[0].lines if len(line.get_xdata())]
    assert len(lines) == 4
    assert lines[0].get_xdata().tolist() == pytest.approx([5, 20, 80, 320, 1280, 5120])
    assert lines[0].get_ydata().tolist()[:3] == pytest.approx([1000, 250, 62.5])


def test_axes_are_logarithmic_with_their_units(drawn):
    axes = drawn().axes[0]
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    assert axes.get_xlabel() == "area (mm²)"
    assert axes.get_ylabel() == "attention latency (s)"


def test_models_and_the_arrays_of_the_slowest_one_are_named(drawn):
    written = [text.get_text() for text in drawn().axes[0].texts]
    assert written[1:5] == ["BERT", "TrXL", "T5", "XLM"]
    assert written[5:] == [f"{n} × {n}" for n in (16, 32, 64, 128, 256, 512)]


def test_a_point_that_another_beats_is_hollow_and_off_the_line(drawn):
    columns = ["model", "pe_dim", "latency_s", "area_um2"]
    rows = [("XLM", 16, 4000.0, 5e6), ("XLM", 32, 1000.0, 2e7), ("XLM", 48, 5000.0, 3e7)]
    line, hollow = drawn(pd.DataFrame(rows, columns=columns)).axes[0].lines
    assert line.get_xdata().tolist() == pytest.approx([5, 20])
    assert hollow.get_xdata().tolist() == pytest.approx([30])
    assert hollow.get_fillstyle() == "none"


def test_points_need_no_names(drawn):
    written = [text.get_text() for text in drawn(points=None).axes[0].texts]
    assert [text for text in written[1:] if text] == ["BERT", "TrXL", "T5", "XLM"]


def test_a_front_may_be_drawn_in_steps(drawn):
    assert drawn(join="steps").axes[0].lines[0].get_drawstyle() == "steps-post"


def test_a_model_keeps_its_marker_and_colour_when_others_are_missing(drawn, pareto):
    def look(line):
        return line.get_marker(), line.get_color()

    everyone = [line for line in drawn().axes[0].lines if len(line.get_xdata())]
    alone = drawn(pareto[pareto.model == "XLM"]).axes[0].lines[0]
    assert look(alone) == look(everyone[3])


def test_points_without_a_positive_number_are_left_out(drawn, pareto):
    with pytest.raises(NoRowsError):
        drawn(pareto.assign(latency_s=0.0))
