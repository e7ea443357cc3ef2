"""Running values without a loop over their steps. (That they are what the loop gives: in
test_interpret_random.py, on random cascades.)"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from accelsim.workload import interpret as interpreter
from accelsim.workload.blocks import evaluate
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


def test_of_a_hundred_thousand_steps_only_the_initial_value_is_evaluated_by_itself(
    cascade_of: Callable[..., Cascade], monkeypatch: pytest.MonkeyPatch
) -> None:
    evaluated: list[Any] = []

    def noted(equation: Any, *rest: Any) -> None:
        evaluated.append(equation)
        evaluate(equation, *rest)

    monkeypatch.setattr(interpreter, "evaluate", noted)
    cascade = cascade_of("C[0] = 0\nC[m+1] = C[m] + X[m]", "{M: 100000}", "{X: [M]}")
    found = interpret(cascade, {"X": np.ones(100_000)})
    assert found["C"][-1] == 100_000
    assert len(evaluated) == 1


def test_what_is_not_linear_is_looped_over(cascade_of: Callable[..., Cascade]) -> None:
    cascade = cascade_of("C[0] = 1\nC[m+1] = sqrt(C[m]) * X[m]", "{M: 4096}", "{X: [M]}")
    assert interpret(cascade, {"X": np.full(4096, 2.0)})["C"][-1] == pytest.approx(4)
