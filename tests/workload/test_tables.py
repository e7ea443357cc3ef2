"""Tables that a workload's file gives: what they mean, and that they are counted exactly."""

import numpy as np
import pytest

from accelsim.base.errors import WorkloadError
from accelsim.workload.counts import counts
from accelsim.workload.interpret import interpret
from tests.workload.test_selections import cascade_of

WINDOWS = {
    "ranks": "{H: 6, P: 20, M: 20}",
    "inputs": "{X: [M], W: [H]}",
    "values": "{W: [2, 2, 7]}",
}


def test_a_table_is_repeated_along_its_rank_and_need_not_be_given():
    made = cascade_of("Y[h,p] += X[m] where m <= p and p - m < W[h]", **WINDOWS)
    found = interpret(made, {"X": np.ones(20)})["Y"]
    windows = [2, 2, 7, 2, 2, 7]
    assert (found == [[min(p + 1, w) for p in range(20)] for w in windows]).all()


@pytest.mark.parametrize(
    "where",
    [
        "p - m < W[h]",
        "p - m < 2*W[h] or m < 9 - W[h]",
        "not p - m < W[h]",
        "p - m < W[h] and h < 3",
        "p - m < W[h] and (h % 2 == 0 or m > 9)",
    ],
)
def test_conditions_over_tables_are_counted_exactly(where: str):
    made = cascade_of(f"Y[h,p] += X[m] where m <= p and ({where})", **WINDOWS)
    exist = interpret(made, {"X": np.ones(20)})["Y"].sum()
    assert counts(made).einsums[0].points == exist


def test_what_is_given_goes_before_the_table():
    made = cascade_of("Y[h] = W[h] * 2", ranks="{H: 2}", inputs="{W: [H]}", values="{W: [3]}")
    assert interpret(made, {})["Y"].tolist() == [6, 6]
    assert interpret(made, {"W": np.array([1.0, 5.0])})["Y"].tolist() == [2, 10]


def test_only_inputs_have_values():
    with pytest.raises(WorkloadError, match="values: Y: it is no input"):
        cascade_of("Y[h] = W[h] * 2", ranks="{H: 2}", inputs="{W: [H]}", values="{Y: [3]}")
