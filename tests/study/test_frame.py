"""The rows of a sweep for pandas and xarray."""

from collections.abc import Callable

from accelsim import sweep, to_xarray
from accelsim.study.study import Study

Load = Callable[..., Study]

AXES = """\
vary:
  bandwidth: {set: arch.memories.DRAM.bandwidth, from: 1 B/cycle, to: 16 B/cycle, steps: 40}
  workload.ranks.M: {from: 1, to: 25, steps: 25}
"""


def test_a_frame_has_units_and_becomes_a_grid(load: Load) -> None:
    frame = sweep(load(AXES))
    units = frame.attrs["units"]
    assert (units["latency_s"], units["cycles"], units["bandwidth"]) == ("s", "cycle", "B/cycle")
    grid = to_xarray(frame)
    assert dict(grid.sizes) == {"bandwidth": 40, "workload.ranks.M": 25}
    assert grid["latency_s"].attrs["unit"] == "s"
    assert grid["bandwidth"].attrs["unit"] == "B/cycle"
    row = frame.iloc[321]
    at = {"bandwidth": row["bandwidth"], "workload.ranks.M": row["workload.ranks.M"]}
    assert grid["latency_s"].sel(at).item() == row["latency_s"]


def test_a_sample_is_a_row_of_points(load: Load) -> None:
    text = AXES + "sample: {method: latin_hypercube, number: 10}"
    points = to_xarray(sweep(load(text.replace(", steps: 40", ""))))
    assert dict(points.sizes) == {"row": 10}
    assert set(points.coords) >= {"bandwidth", "workload.ranks.M"}
