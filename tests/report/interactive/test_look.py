"""What a column is as an axis; expected numbers are written out by hand."""

import numpy as np
import pandas as pd
import pytest

from accelsim.base.errors import StudyError
from accelsim.report.interactive.look import (
    axis_of,
    axis_or_none,
    escaped,
    labels_of,
    title_of,
    written,
)


@pytest.mark.parametrize(
    ("column", "number", "shown", "unit", "title"),
    [
        ("latency_s", 0.02, 0.02, "s", "latency"),
        ("energy_pj", 3e12, 3.0, "J", "energy"),
        ("energy_pj.DRAM", 5e11, 0.5, "J", "energy, DRAM"),
        ("area_um2", 2.5e6, 2.5, "mm^2", "area"),
        ("traffic_bytes.DRAM", 4e9, 4e9, "B", "traffic, DRAM"),
        ("cycles.DRAM", 7.0, 7.0, "", "cycles, DRAM (cycles)"),
        ("seq_len", 4096, 4096, "", "seq len"),
    ],
)
def test_a_column_is_shown_in_its_unit_without_a_prefix(column, number, shown, unit, title):
    axis = axis_of(pd.DataFrame({column: [number]}), column)
    assert axis.values.tolist() == pytest.approx([shown])
    assert (axis.unit, axis.title) == (unit, title)


def test_texts_that_are_quantities_are_numbers():
    frame = pd.DataFrame({"arch.memories.Buffer.capacity": ["512 KiB", "1 MiB"]})
    axis = axis_of(frame, "arch.memories.Buffer.capacity")
    assert axis.values.tolist() == [524288, 1048576]
    assert (axis.unit, axis.title) == ("B", "Buffer.capacity")


@pytest.mark.parametrize(
    "cells", [["flat", "binding"], [True, False], ["1 MiB", "2 s"], ["1 MiB", "flat"]]
)
def test_what_is_no_number_is_no_axis(cells):
    frame = pd.DataFrame({"what": cells})
    assert axis_or_none(frame, "what") is None
    with pytest.raises(StudyError, match="'what' does not hold numbers"):
        axis_of(frame, "what")


def test_a_misspelt_column_is_named():
    with pytest.raises(StudyError, match="no column 'latency'. Did you mean 'latency_s'?"):
        axis_of(pd.DataFrame({"latency_s": [1.0]}), "latency")


def test_the_unit_stands_in_the_title_and_in_what_is_hovered_over():
    axis = axis_of(pd.DataFrame({"t_s": [0.02]}), "t_s")
    assert axis.layout(is_log=True)["title"] == {"text": "t (s)"}
    assert (axis.hover, axis.suffix) == (".4~s", "s")
    area = axis_of(pd.DataFrame({"a_um2": [2e6]}), "a_um2")
    assert area.layout(is_log=False)["title"] == {"text": "a (mm²)"}
    assert (area.hover, area.suffix) == (",.4~g", " mm²")


@pytest.mark.parametrize(
    ("numbers", "is_wide"), [([35, 38], False), ([1, 4], True), ([0, 9], False)]
)
def test_numbers_that_are_far_apart_are_seen_by_ratios(numbers, is_wide):
    assert axis_of(pd.DataFrame({"t_s": numbers}), "t_s").is_wide is is_wide


def test_an_axis_with_a_zero_cannot_be_logarithmic():
    assert not axis_of(pd.DataFrame({"t_s": [0.0, 1.0]}), "t_s").is_positive
    assert axis_of(pd.DataFrame({"t_s": [np.nan, 1.0]}), "t_s").is_positive


def test_a_few_values_are_ticks_of_their_own():
    axis = axis_of(pd.DataFrame({"seq_len": [4096, 1024, 4096]}), "seq_len")
    assert axis.listed(is_log=True)["ticktext"] == ["1K", "4K"]
    assert "ticktext" not in axis.listed(is_log=False)


def test_rows_are_called_by_several_columns():
    frame = pd.DataFrame({"config": ["flat", "a<b"], "seq_len": [4096, 1024], "x_bytes": [1024, 5]})
    assert labels_of(frame, ["config", "seq_len"]) == ["flat, 4K", "a&lt;b, 1K"]
    assert labels_of(frame, ["x_bytes"]) == ["1 KiB", "5 B"]
    assert labels_of(frame, []) == ["", ""]


def test_names_and_numbers_are_written_for_people():
    assert [written(0.02, "s"), written(12.0, "mm^2"), written(0.25, "")] == [
        "20 ms",
        "12 mm²",
        "0.25",
    ]
    # 50 GB/s are a whole number of 1024s, which nobody counts; 17.5 MiB as `evaluate` prints them.
    assert [written(each, "") for each in (50e9, 2.0**20, 131072.0, 92_470_000_000.5)] == [
        "50G",
        "1M",
        "128K",
        "92.5G",
    ]
    assert [written(66_060.288, ""), written(18_350_080.0, "B")] == ["66,060", "17.5 MiB"]
    assert title_of("workload.ranks.M") == "ranks.M"
    assert escaped("<b>&") == "&lt;b&gt;&amp;"
