"""What stands in the figures, read off their artists; how they look: test_pictures.py."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import PolyCollection

from accelsim.base.errors import StudyError
from accelsim.report.plots.buffer import draw_buffer
from accelsim.report.plots.contexts import draw_mechanisms
from accelsim.report.plots.energy import draw_energy
from accelsim.report.plots.gantt import draw_gantt
from accelsim.report.plots.latency import draw_latency
from accelsim.report.plots.pareto import draw_pareto
from accelsim.report.plots.roofline import draw_roofline
from accelsim.report.plots.tornado import draw_tornado


def boxes(axes, label):
    """Left and right of every box of that label, downwards."""
    found = [
        c for c in axes.collections if isinstance(c, PolyCollection) and c.get_label() == label
    ]
    corners = [path.vertices for each in found for path in each.get_paths()]
    return [(float(v[:, 0].min()), float(v[:, 0].max())) for v in corners]


def texts(figure):
    own = [text.get_text() for text in figure.texts]
    return [*own, *(text.get_text() for axes in figure.axes for text in axes.texts)]


def test_energies_stack_in_joules_and_as_shares(energy):
    joules, shares = draw_energy(energy).axes
    assert boxes(joules, "DRAM") == [(0, 3), (0, 6)]
    assert boxes(joules, "Array") == [(3, 4), (6, 7)]
    assert boxes(shares, "DRAM") == [pytest.approx((0, 75)), pytest.approx((0, 600 / 7))]
    assert [label.get_text() for label in joules.get_yticklabels()] == ["small", "large"]
    assert joules.get_xlabel() == "energy (J)"


def test_what_the_units_of_a_part_leak_is_the_parts():
    rows = [("Array", 3.0), ("Array.mac", 1.0), ("DRAM", 2.0)]
    frame = pd.DataFrame(rows, columns=["part", "energy_pj"]).assign(workload="w")
    joules, _ = draw_energy(frame).axes
    assert (boxes(joules, "Array"), boxes(joules, "Array.mac")) == ([(0.0, 4.0)], [])


def test_energies_by_a_column_that_is_not_there(energy):
    with pytest.raises(StudyError, match="no column 'einsums'. Did you mean 'einsum'"):
        draw_energy(energy, by="einsums")


def test_phases_follow_one_another_and_the_end_is_that_of_the_run(latency):
    (axes,) = draw_latency(latency).axes
    assert boxes(axes, "compute") == [(0, pytest.approx(9))]
    assert boxes(axes, "Array")[:2] == [pytest.approx((0, 6)), pytest.approx((6, 9))]
    assert axes.lines[0].get_xdata()[0] == pytest.approx(10)
    assert axes.get_xlabel() == "time (ms)"


def test_latency_by_what_no_row_is_by(latency):
    with pytest.raises(StudyError, match="no row is by 'kernel'. There are resource, phase"):
        draw_latency(latency, by="kernel")


def test_the_bound_is_drawn_below_the_traffic(buffer):
    (axes,) = draw_buffer(buffer).axes
    one, bound_of_one, three, bound_of_three = (line.get_ydata() for line in axes.lines)
    assert list(one) == [2**33, 2**32, 2**30, 2**30]
    assert list(bound_of_three) == [1.5 * 2**30, 1.25 * 2**30, 2**30, 2**30]
    assert np.isnan(three[0])
    assert "three (3 passes)" in texts(axes.figure) and "one (1 pass)" in texts(axes.figure)
    assert max(bound_of_one) == 2**30


def test_a_schedule_without_a_bound_needs_no_passes(buffer):
    (axes,) = draw_buffer(buffer[["capacity_bytes", "traffic_bytes", "workload"]]).axes
    assert len(axes.lines) == 2


def test_rows_of_a_schedule_say_how_busy_they_are(trace):
    """Of 240 cycles the array works 200 and the port 80."""
    (axes,) = draw_gantt(trace).axes
    assert [label.get_text() for label in axes.get_yticklabels()] == [
        "1 Array: QK",
        "DRAM load: QK",
    ]
    assert [text for text in texts(axes.figure) if text.endswith("%")] == ["83%", "33%"]


def test_a_schedule_ends_where_it_is_asked_to(trace):
    assert draw_gantt(trace, until=100).axes[0].get_xlim() == (0, 100)
    seconds = trace.rename(columns={"start_cycles": "start_s", "end_cycles": "end_s"})
    seconds[["start_s", "end_s"]] *= 1e-9
    assert draw_gantt(seconds).axes[0].get_xlabel() == "time (ns)"


def test_a_system_that_serves_has_a_row_a_device_and_a_link(served):
    """Of 0.4 s from 10.0 s on: the holder works 0.1 and 0.2 s, the link sends 0.1 s in two parts
    that overlap, and what came first of all is a link."""
    (axes,) = draw_gantt(served).axes
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == ["H100.0", "H20.0", "rdma"]
    said = texts(axes.figure)
    assert [text for text in said if text.endswith("%")] == ["75%", "50%", "25%"]
    assert {"64", "128", "model", "attention", "send"} <= set(said) and "32" not in said
    assert axes.get_xlim() == pytest.approx((0, 400))
    assert axes.get_xlabel() == "time since 10 s (ms)"
    with pytest.raises(StudyError, match="nothing begins before 5; the first at 10"):
        draw_gantt(served, until=5)


def test_the_front_of_each_group_is_found(designs):
    figure = draw_pareto(designs, by="config")
    assert "3 of 5 rows are on a front." in figure.get_supxlabel()
    with pytest.raises(StudyError, match="--y: the table has no column 'energy'"):
        draw_pareto(designs, y="energy")
    with pytest.raises(StudyError, match="needs two columns"):
        draw_pareto(designs[["config", "latency_s"]])
    same = designs.assign(area_um2=1e6, energy_pj=[1.0, 2.0, 3.0, 4.0, 5.0])
    axes = draw_pareto(same).axes[0]
    assert axes.get_xlabel().startswith("latency") and axes.get_ylabel().startswith("energy (J)")
    with pytest.raises(StudyError, match="differ among the rows; all rows have one area_um2"):
        draw_pareto(designs.assign(area_um2=1e6))


def test_ticks_of_a_narrow_front_are_numbers(designs):
    """matplotlib would write mathematics, which the style does not read."""
    figure = draw_pareto(designs)
    figure.draw_without_rendering()
    (axes,) = figure.axes
    every = [axis.get_ticklabels(which=which) for axis in (axes.xaxis, axes.yaxis)
             for which in ("major", "minor")]  # fmt: skip
    labels = [label.get_text() for one in every for label in one]
    assert sum(bool(label) for label in labels) >= 4 and not any("$" in label for label in labels)


def test_elasticities_are_ordered_and_negligible_ones_left_out(elasticities):
    latency, energy = draw_tornado(elasticities).axes
    names = [label.get_text() for label in latency.get_yticklabels()]
    assert names == ["clock, 1 GHz", "P, 4,096", "DRAM.bandwidth, 400 GB/s"]
    assert boxes(latency, "a smaller value") == [(-1, 0), (0, 1), (-0.5, 0)]
    assert [label.get_text() for label in energy.get_yticklabels()] == ["DRAM.read, 31.2 pJ/B"]
    few = draw_tornado(elasticities, most=1).axes[0]
    assert len(few.get_yticklabels()) == 1


def test_elasticities_that_are_all_nothing(elasticities):
    elasticities[["left", "right"]] = 0.0
    with pytest.raises(StudyError, match="no parameter changes"):
        draw_tornado(elasticities)


def test_energy_of_no_einsum_is_that_of_its_part():
    rows = [("QK", "tensor", 3.0), ("", "board", 1.0)]
    frame = pd.DataFrame(rows, columns=["einsum", "part", "energy_pj"]).assign(workload="w")
    figure = draw_energy(frame, by="einsum")
    assert boxes(figure.axes[1], "board") == [(75.0, 100.0)]


def test_ceilings_end_at_the_ridge_and_points_lie_below_them(roofline):
    (axes,) = draw_roofline(roofline).axes
    slopes = [
        line for line in axes.lines if len(line.get_xdata()) == 2 and line.get_color() != "#666666"
    ]
    ends = [(float(line.get_xdata()[1]), float(line.get_ydata()[1])) for line in slopes[:2]]
    assert ends == [(100, 1e14), (10, 1e14)]
    assert "HBM 1 TB/s" in texts(axes.figure) and "tensor 100 TFLOP/s" in texts(axes.figure)


def test_every_machine_has_a_strip(roofline):
    both = pd.concat([roofline, roofline.assign(machine="another")])
    assert [axes.get_title(loc="left") for axes in draw_roofline(both).axes] == [
        "made_up",
        "another",
    ]


def test_the_name_of_a_steep_slope_stays_off_the_name_of_its_machine(roofline):
    # An A100's shared memory: its ridge is at the left of all work.
    steep = roofline[roofline["name"] != "softmax"].replace(
        {1e13: 19.5e12, 1e14: 312e12, 1e12: 2e12, 200.0: 827.0, 20.0: 28.0, "L2": "shared memory"}
    )
    figure = draw_roofline(pd.concat([steep, steep.assign(machine="another")], ignore_index=True))
    figure.canvas.draw()
    for axes in figure.axes:
        top = axes.get_window_extent().y1
        assert all(text.get_window_extent().y1 <= top + 8 for text in axes.texts)


def test_of_much_work_only_the_outermost_memory_is_drawn(roofline):
    work = roofline[roofline["row"] == "work"]
    many = [work.assign(flop_rate=work["flop_rate"] * (1 - n / 100)) for n in range(20)]
    (axes,) = draw_roofline(pd.concat([roofline, *many])).axes
    drawn = {
        float(line.get_xdata()[0]) for line in axes.lines if line.get_marker() not in ("None", "")
    }
    assert drawn == {200.0, 1.5}


def test_mechanisms_of_several_machines_are_lines_of_their_own(contexts):
    both = pd.concat([contexts, contexts.assign(machine="another")])
    labels = draw_mechanisms(both).axes[0].get_legend_handles_labels()[1]
    assert labels[0] == "full on made_up" and len(labels) == 4
