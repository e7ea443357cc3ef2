"""Columns for Arrow."""

import numpy as np
import pytest

from accelsim.study.columns import arrow_table, gap, unit_of_measure
from accelsim.study.table import Table


@pytest.mark.parametrize(
    ("measure", "unit"),
    [
        ("latency_s", "s"),
        ("cycles", "cycle"),
        ("cycles.DRAM", "cycle"),
        ("traffic_bytes.DRAM", "B"),
        ("energy.without_leakage", "pJ"),
        ("busy.Array2D", ""),
        ("bound", ""),
    ],
)
def test_a_measure_has_the_unit_of_its_first_word(measure: str, unit: str) -> None:
    assert unit_of_measure(measure) == unit


def test_numbers_texts_truths_and_gaps_come_back_as_they_were() -> None:
    columns = {
        "number": [1.5, float("inf")] * 10,
        "whole": [1, 2**62] * 10,
        "text": ["µ", None] * 10,
        "truth": [True, None] * 10,
        "fact": [False, True] * 10,
        "mixed": [1, "16 MiB"] * 10,
        "nothing": [None] * 20,
    }
    found = arrow_table(Table.of(columns), {"number": "s"})
    assert found.select(list(columns)[:5]).to_pydict() == {n: columns[n] for n in list(columns)[:5]}
    assert found["mixed"].to_pylist() == ["1", "16 MiB"] * 10
    assert found["nothing"].to_pylist() == [None] * 20
    assert found.schema.field("number").metadata == {b"unit": b"s"}


def test_what_was_not_measured_is_a_gap_of_its_kind() -> None:
    assert np.isnan(gap("latency_s", 2)).all()
    assert gap("bound", 2).tolist() == [None, None]
