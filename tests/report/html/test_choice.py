"""Which figure for which table."""

import numpy as np
import pandas as pd

from accelsim.report.html.choice import MOST_FIGURES, choose


def kinds(frame):
    """Of each figure: the kinds of its traces, each once."""
    return [tuple(dict.fromkeys(t.type for t in each.figure.data)) for each in choose(frame)]


def test_designs_have_a_front_lines_and_a_map_of_bounds(designs):
    found = choose(designs)
    assert len(found) == MOST_FIGURES
    assert [each.caption.split(",")[0] for each in found] == [
        "Latency against area",
        "Latency over pes",
        "Area over pes",
        "Latency over pes and capacity",
    ]
    assert kinds(designs)[-1] == ("heatmap", "scatter", "contour")


def test_todays_bound_has_the_first_colour_of_a_what_ifs_map():
    sizes = 2.0 ** np.arange(6)
    frame = pd.DataFrame({"a": np.repeat(sizes, 6), "b": np.tile(sizes, 6)})
    seconds = 4 / frame["a"] + frame["b"] / 64
    frame = frame.assign(
        latency_s=seconds.clip(lower=1),
        speedup=1 / seconds.clip(lower=1),
        bound=np.where(seconds > 1, "DRAM", "compute"),
    )
    (drawn,) = (each.figure for each in choose(frame) if "coloured" in each.caption)
    named = [trace.name for trace in drawn.data if trace.type == "scatter"]
    assert named == ["bound: compute", "bound: DRAM"]


def test_no_front_goes_across_problems():
    """Of 2 lengths of 4 x 4 designs the longer one is beaten everywhere, and has a front too."""
    frame = pd.DataFrame(
        [
            {"seq_len": length, "pes": pes, "buffer": buffer, "latency_s": length / pes,
             "area_um2": pes + buffer}
            for length in (1024, 4096) for pes in (1, 2, 4, 8) for buffer in (1, 2, 3, 4)
        ]
    )  # fmt: skip
    first = choose(frame)[0]
    assert "a front for each seq len" in first.caption
    fronts = [trace for trace in first.figure.data if "lines" in trace.mode]
    assert [list(trace.y) for trace in fronts] == [
        [1024, 512, 256, 128],
        [4096, 2048, 1024, 512],
    ]


def test_designs_that_do_not_fit_are_on_no_front():
    frame = pd.DataFrame(
        {
            "pes": range(1, 21),
            "latency_s": [20.0 / n for n in range(1, 21)],
            "area_um2": [float(n) for n in range(1, 21)],
            "fits": [n > 2 for n in range(1, 21)],
        }
    )
    first = choose(frame)[0]
    assert "without 2 rows that do not fit" in first.caption
    assert max(max(trace.y) for trace in first.figure.data if len(trace.y)) == 20 / 3


def test_a_million_rows_become_a_front_and_a_cloud_that_says_so():
    drawn = np.random.default_rng(1)
    size = 1_000_000
    frame = pd.DataFrame(
        {
            "rows": drawn.integers(1, 512, size),
            "buffer": drawn.uniform(1, 64, size),
            "latency_s": drawn.uniform(1, 2, size),
            "energy_pj": drawn.uniform(1, 2, size),
        }
    )
    first = choose(frame)[0]
    assert "of 1,000,000 undrawn" in first.caption
    points = sum(len(trace.x) for trace in first.figure.data)
    assert 5_000 < points < 15_000


def test_parts_of_a_total_are_stacked():
    frame = pd.DataFrame(
        {"config": ["a", "b"], "energy_pj.DRAM": [1e12, 2e12], "energy_pj.MAC": [3e12, 1e12]}
    )
    figure = choose(frame)[0].figure
    assert figure.layout.barmode == "stack"
    assert {trace.name: list(trace.y) for trace in figure.data} == {"DRAM": [1, 2], "MAC": [3, 1]}


def test_rows_of_parts_are_stacked_too():
    frame = pd.DataFrame(
        {"config": ["a", "a", "b"], "einsum": ["QK", "AV", "QK"], "latency_s": [1.0, 2.0, 4.0]}
    )
    figure = choose(frame)[0].figure
    assert {trace.name: next(iter(trace.y)) for trace in figure.data} == {"QK": 1.0, "AV": 2.0}


def test_names_alone_are_bars():
    frame = pd.DataFrame(
        {"gpu": ["x", "y"] * 3, "family": list("aabbcc"), "mean_percent": [1, 2, 3, 4, 5, 6]}
    )
    found = choose(frame)
    assert [trace.name for trace in found[0].figure.data] == ["x", "y"]
    assert list(found[0].figure.data[0].x) == ["a", "b", "c"]


def test_what_would_be_too_many_lines_is_held_at_one_value():
    frame = pd.DataFrame(
        [
            {"machine": machine, "model": model, "batch": batch, "mean": batch * len(machine)}
            for machine in ("a", "bb") for model in "ABCDEFGHI" for batch in (1, 2, 4)
        ]
    )  # fmt: skip
    found = choose(frame)[0]
    assert found.caption == "Mean over batch, a line for each machine; for model A."
    assert len(found.figure.data) == 2


def test_of_nothing_known_nothing_is_drawn():
    assert choose(pd.DataFrame({"name": ["a", "a"], "said": ["x", "y"]})) == []
