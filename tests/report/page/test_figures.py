"""Figures of the page."""

import pytest

from accelsim.report.page.answer import answer
from accelsim.report.page.ceilings import bandwidths, ceilings
from accelsim.report.page.figures import roofline_of
from accelsim.report.page.state import MachineState, State


@pytest.mark.parametrize(
    ("machine", "levels"),
    [("fusemax_cloud", 1), ("tpu_v4i", 2), ("h100_sxm", 3), ("a100_sxm_80gb", 3)],
)
def test_no_point_of_a_roofline_lies_above_a_ceiling(machine, levels):
    (side,) = answer(State("attention/one_pass", (MachineState(machine),))).sides
    figure = roofline_of(side)
    (points,) = (each for each in figure.data if each.name == "predicted")
    slopes = bandwidths(side.arch)
    assert len(points.x) == len(slopes) == levels
    for intensity, speed, slope in zip(points.x, points.y, slopes.values(), strict=True):
        assert speed <= min(intensity * slope, max(ceilings(side.arch).values())) * (1 + 1e-9)
