"""Figures of the page."""

import pytest

from accelsim.report.page.answer import answer
from accelsim.report.page.ceilings import bandwidths, ceilings
from accelsim.report.page.figures import roofline_of
from accelsim.report.page.served_figures import roofline_of as roofline_of_devices
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


@pytest.mark.parametrize(
    "query",
    [
        "a=eight_h100",
        "a=eight_h100_pipeline&form=prefill",
        "a=lamina_2h100_4h20&model=llama3_70b",
        "a=h100_fusemax&batch=16",
        "a=vllm_4h100&model=mixtral_8x7b",
    ],
)
def test_no_part_of_a_model_is_faster_than_its_device(query, state_of):
    (side,) = answer(state_of(f"workload=whole_model&{query}")).sides
    plan = side.served.plan
    (points,) = (each for each in roofline_of_devices(side).data if each.name == "predicted")
    assert len(points.text) == 2
    for name, intensity, speed in zip(points.text, points.x, points.y, strict=True):
        machine = plan.machines[name.partition(" on ")[2]]
        slope = next(iter(bandwidths(machine).values()))
        assert 0.1 < speed / min(intensity * slope, max(ceilings(machine).values())) <= 1
