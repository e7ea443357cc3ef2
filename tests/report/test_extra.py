"""The figure of what a second device costs a layer."""

import pytest

from accelsim.report.extra import Case, draw_extra


def test_measured_and_predicted_are_shares_of_the_time_on_one():
    axes = draw_extra([Case("8B", 2.0, 0.1, 0.05), Case("70B", 4.0, -0.2, 0.1)], "title").axes[0]
    points = {line.get_label(): line.get_xydata().tolist() for line in axes.lines[1:]}
    assert points["8B, measured"] == [[2.0, pytest.approx(5)]]
    assert points["70B, measured"] == [[4.0, pytest.approx(-5)]]
    assert [line.get_ydata()[0] for line in axes.lines if line.get_label() == "predicted"] == [
        pytest.approx(2.5),
        pytest.approx(2.5),
    ]
