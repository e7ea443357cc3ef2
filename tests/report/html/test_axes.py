import pandas as pd
import pytest

from accelsim.report.html.axes import columns_of, is_of_problem


def test_the_shortest_beginning_that_tells_rows_apart_names_them(designs):
    found = columns_of(designs)
    assert found.axes == ["config", "pes", "capacity"]
    assert found.numeric_axes == ["pes", "capacity"]
    assert found.measures == ["latency_s", "area_um2"]


def test_of_a_sample_every_column_before_the_first_measure_names_a_row():
    frame = pd.DataFrame({"a": [0.1, 0.2], "b": [3, 4], "latency_s": [1.0, 2.0]})
    assert columns_of(frame).axes == ["a", "b"]


def test_tables_without_a_known_measure_have_axes_too():
    frame = pd.DataFrame({"of": ["x", "y"], "mean": [0.1, 0.2], "most": [1, 2]})
    found = columns_of(frame)
    assert (found.axes, found.measures) == (["of"], ["mean", "most"])


def test_what_never_differs_is_neither():
    frame = pd.DataFrame({"model": ["BERT"] * 2, "pes": [1, 2], "latency_s": [3.0, 3.0]})
    found = columns_of(frame)
    assert (found.axes, found.measures) == (["pes"], [])


@pytest.mark.parametrize(
    ("column", "is_problem"),
    [("seq_len", True), ("workload.ranks.M", True), ("arch.clock", False), ("config", False)],
)
def test_problems_are_told_from_designs(column, is_problem):
    assert is_of_problem(column) is is_problem
