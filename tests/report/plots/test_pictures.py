"""Every figure beside the picture that somebody has looked at.

A picture that is meant to change is drawn anew, and looked at, with

    pytest tests/report/plots/test_pictures.py --mpl-generate-path=tests/report/baseline

Fonts and the renderer are matplotlib's own, so pictures differ by rounding alone: the root mean
square of all differences (0 to 255) stays far below TOLERANCE, and one bar that is a tenth longer
goes beyond it.
"""

from pathlib import Path

import pandas as pd
import pytest
from matplotlib.testing.compare import compare_images

from accelsim.report.plots.buffer import draw_buffer
from accelsim.report.plots.contexts import draw_mechanisms
from accelsim.report.plots.energy import draw_energy
from accelsim.report.plots.gantt import draw_gantt
from accelsim.report.plots.latency import draw_latency
from accelsim.report.plots.pareto import draw_pareto
from accelsim.report.plots.roofline import draw_roofline
from accelsim.report.plots.tornado import draw_tornado
from accelsim.report.sheet import house_style
from accelsim.report.style import RC_PARAMS

BASELINE = Path(__file__).resolve().parent.parent / "baseline"
DOTS_PER_INCH = 100
TOLERANCE = 2.0
picture = pytest.mark.mpl_image_compare(
    tolerance=TOLERANCE,
    style=["default", dict(RC_PARAMS)],
    backend="agg",
    savefig_kwargs={"dpi": DOTS_PER_INCH},
)


@picture
def test_roofline(roofline):
    return draw_roofline(roofline)


@picture
def test_roofline_of_two_machines(roofline):
    return draw_roofline(
        pd.concat([roofline, roofline.assign(machine="another")], ignore_index=True)
    )


@picture
def test_energy_by_part(energy):
    return draw_energy(energy)


@picture
def test_energy_by_einsum(energy):
    return draw_energy(energy, by="einsum")


@picture
def test_latency(latency):
    return draw_latency(latency)


@picture
def test_buffer(buffer):
    return draw_buffer(buffer)


@picture
def test_gantt(trace):
    return draw_gantt(trace)


@picture
def test_gantt_of_a_system(served):
    return draw_gantt(served)


@picture
def test_pareto(designs):
    return draw_pareto(designs, by="config")


@picture
def test_tornado(elasticities):
    return draw_tornado(elasticities)


@picture
def test_contexts(contexts):
    return draw_mechanisms(contexts)


def test_a_changed_picture_is_noticed(energy, tmp_path):
    """One of six numbers is a tenth larger."""
    energy.loc[0, "energy_pj"] *= 1.1
    drawn = tmp_path / "changed.png"
    with house_style():
        draw_energy(energy).savefig(drawn, dpi=DOTS_PER_INCH)
    found = compare_images(str(BASELINE / "test_energy_by_part.png"), str(drawn), TOLERANCE)
    assert found is not None and "Error: Image files did not match" in found


def test_baselines_are_small_and_each_has_a_test():
    tests = {name for name in globals() if name.startswith("test_")}
    for file in BASELINE.iterdir():
        assert file.stem in tests
        assert file.stat().st_size < 60_000
