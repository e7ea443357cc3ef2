"""Columns of a run, alone and of parts one after the other."""

from collections.abc import Callable

import numpy as np
import pytest

from accelsim.base.errors import StudyError
from accelsim.study.measures import is_measure, joined
from accelsim.study.table import Table

Run = Callable[..., Table]
PART = "{workload: scale.yaml, arch: machine.yaml, mapping: mapping.yaml}"


def table_of(measures: str, *, accounting: str = "{}", parts: str = PART) -> str:
    return f"""\
question: Why?
accounting: {accounting}
tables:
- name: results
  measures: {measures}
  runs:
  - parts: [{parts}]
"""


def test_without_measures_there_is_every_one_of_the_machine(run: Run) -> None:
    (row,) = run().rows()
    assert row == {
        "latency_s": 12e-9,
        "cycles": 12,
        "energy_pj": 640 + 96 + 40 + 24,
        "average_power_w": pytest.approx(800e-12 / 12e-9),
        "area_um2": 2 * 3 + 2 * 7,
        "bound": "DRAM",
        "fits": True,
        "traffic_bytes.DRAM": 48,
        "traffic_bytes.Registers": 96,
        "occupancy_bytes.DRAM": 48,
        "occupancy_bytes.Registers": 6,
        "busy.Array": 4 / 12,
        "in_use.Array": 4 / 12,
    }


def test_energy_of_one_part_is_that_of_its_rows(run: Run) -> None:
    measures = "{dram: energy_pj.DRAM, array: energy_pj.Array, registers: energy_pj.Registers}"
    (row,) = run(table_of(measures)).rows()
    assert row == {"dram": 640, "array": 40, "registers": 96 + 24}


def test_an_accounting_leaves_out_and_counts_once(run: Run) -> None:
    """One register file stands for two: 640 + (96 + 24) / 2 + 40; without leakage and products."""
    accounting = "{once: {once: Registers}, less: {without: [leak, Array.mul]}}"
    (row,) = run(table_of("{a: energy.once, b: energy.less}", accounting=accounting)).rows()
    assert row == {"a": 640 + 60 + 40, "b": 640 + 96}


def test_a_part_may_leave_out_more(run: Run) -> None:
    part = PART.replace("}", ", without: {less: [Array.mul]}}")
    accounting = "{less: {without: [leak]}}"
    (row,) = run(table_of("{e: energy.less}", accounting=accounting, parts=part)).rows()
    assert row == {"e": 640 + 96}


def test_parts_one_after_the_other_add_up_or_are_averaged_over_time(run: Run) -> None:
    measures = "{t: latency_s, a: area_um2, busy: busy.Array, w: average_power_w, bound: bound}"
    (once,) = run(table_of(measures)).rows()
    (twice,) = run(table_of(measures, parts=f"{PART}, {PART}")).rows()
    assert twice == {
        **once,
        "t": 24e-9,
        "busy": pytest.approx(4 / 12),
        "w": pytest.approx(once["w"]),
    }


def test_a_mean_is_weighed_by_time() -> None:
    """One second at 1 and three at 0 are a quarter."""
    parts, seconds = [np.array([1.0]), np.array([0.0])], [np.array([1.0]), np.array([3.0])]
    assert joined("busy.Array", parts, seconds).tolist() == [0.25]
    assert joined("traffic_bytes.DRAM", parts, seconds).tolist() == [1]
    assert joined("occupancy_bytes.DRAM", parts, seconds).tolist() == [1]


def test_a_part_that_lacks_an_array_counts_nothing_there() -> None:
    parts, seconds = [None, np.array([1.0])], [np.array([1.0]), np.array([3.0])]
    assert joined("busy.Array", parts, seconds).tolist() == [0.75]


def test_the_bound_of_a_run_is_that_of_its_longest_part() -> None:
    parts = [np.array(["DRAM"], dtype=object), np.array(["compute"], dtype=object)]
    assert joined("bound", parts, [np.array([1.0]), np.array([3.0])]).tolist() == ["compute"]


@pytest.mark.parametrize(
    ("measure", "message"),
    [
        ("latency", "no measure 'latency'. Did you mean 'latency_s'?"),
        ("busy.Aray", "no measure 'busy.Aray'. No part of the run has it"),
        ("energy.artifact", "no measure 'energy.artifact'"),
    ],
)
def test_a_measure_that_there_is_not_is_an_error(run: Run, measure: str, message: str) -> None:
    with pytest.raises(StudyError, match=message.replace("?", r"\?")):
        run(table_of(f"{{x: {measure}}}"))


@pytest.mark.parametrize(
    ("accounting", "message"),
    [
        ("{a: {once: Registrs}}", "'once' names 'Registrs'.* Did you mean 'Registers'?"),
        ("{a: {once: Array}}", "'once' names 'Array'"),
        ("{a: {without: Array.mull}}", "'without' names 'Array.mull'.* mean 'Array.mul'?"),
    ],
)
def test_an_accounting_that_names_nothing_is_an_error(
    run: Run, accounting: str, message: str
) -> None:
    with pytest.raises(StudyError, match=message.replace("?", r"\?")):
        run(table_of("{e: energy.a}", accounting=accounting))


def test_a_column_may_be_called_like_a_measure() -> None:
    names = [
        "latency_s",
        "busy.Array2D",
        "traffic_bytes",
        "count",
        "energy.once",
        "model",
        "seq_len",
    ]
    assert [is_measure(name) for name in names] == [True] * 5 + [False] * 2
