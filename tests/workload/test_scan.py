"""Running values without a loop over their steps. (That they are what the loop gives: in
test_interpret.py, on random cascades.)"""

from collections.abc import Callable
from time import perf_counter

import numpy as np
import pytest

from accelsim.workload.einsum import Cascade
from accelsim.workload.interpret import interpret
from accelsim.workload.recurrence import Loop, ordered
from accelsim.workload.scan import plain_scan


@pytest.mark.parametrize(
    ("step", "plain"),
    [
        ("C[m+1] = C[m] + X[m]", True),
        ("C[m+1] = max(X[m], C[m])", True),
        ("D[m] = C[m] * X[m]\nC[m+1] = D[m] + 1", True),
        ("D[m] = C[m] * X[m] where m != 3\nC[m+1] = D[m] + 1 where m != 3", True),
        ("C[1] = 0\nC[m+2] = C[m+1] + C[m] * X[m]", False),
    ],
)
def test_a_running_value_that_needs_one_step_back_is_plain(
    step: str, plain: bool, cascade_of: Callable[..., Cascade]
) -> None:
    cascade = cascade_of(f"C[0] = 0\n{step}", "{M: 10000}", "{X: [M]}")
    (loop,) = ordered(cascade)
    assert isinstance(loop, Loop)
    assert (plain_scan(cascade, loop) is not None) == plain


def test_few_steps_are_looped_over(cascade_of: Callable[..., Cascade]) -> None:
    cascade = cascade_of("C[0] = 0\nC[m+1] = C[m] + X[m]", "{M: 100}", "{X: [M]}")
    (loop,) = ordered(cascade)
    assert isinstance(loop, Loop)
    assert plain_scan(cascade, loop) is None


def test_a_hundred_thousand_steps_take_less_than_a_second(
    cascade_of: Callable[..., Cascade],
) -> None:
    """One by one they take about ten."""
    cascade = cascade_of("C[0] = 0\nC[m+1] = C[m] + X[m]", "{M: 100000}", "{X: [M]}")
    start = perf_counter()
    found = interpret(cascade, {"X": np.ones(100_000)})
    assert found["C"][-1] == 100_000
    assert perf_counter() - start < 1


def test_what_is_not_linear_is_looped_over(cascade_of: Callable[..., Cascade]) -> None:
    cascade = cascade_of("C[0] = 1\nC[m+1] = sqrt(C[m]) * X[m]", "{M: 4096}", "{X: [M]}")
    assert interpret(cascade, {"X": np.full(4096, 2.0)})["C"][-1] == pytest.approx(4)
