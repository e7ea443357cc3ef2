"""Counts without enumeration, scans, and layers of a model. Run with `make benchmark`.

What was counted of a cascade is remembered: every round has another one.
"""

from itertools import count
from typing import Any

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from accelsim.base.errors import WorkloadError
from accelsim.base.yamlfile import parse_yaml
from accelsim.workload.counts import counts
from accelsim.workload.einsum import Cascade
from accelsim.workload.interpret import interpret
from accelsim.workload.layer import layer_calls
from accelsim.workload.load import load_workload, read_workload
from accelsim.workload.model_load import load_model
from accelsim.workload.phase import Decode
from accelsim.workload.points import points_of

HUGE = 2**30
CONDITIONS = {
    "causal": "m <= p",
    "window": "m <= p and p - m < 4096",
    "window_with_sinks": "m <= p and (m < 4 or p - m < 4096)",
    "blocks": "p // 16 == m // 16",
    "stride": "m % 4 == 0",
    "diagonals": " or ".join(f"p - m == {2**power}" for power in range(20)),
}


def cascade_of(text: str, ranks: str, inputs: str) -> Cascade:
    head = f"word: 2 B\nranks: {ranks}\ninputs: {inputs}\ncascade: |\n"
    lines = "\n".join(f"  {line}" for line in text.splitlines())
    return read_workload(parse_yaml(f"{head}{lines}\n", "w.yaml"), "w")


def scores(where: str, side: int) -> Cascade:
    line = f"S[p,m] = Q[p] * K[m] where {where}"
    return cascade_of(line, f"{{P: {side}, M: {side}}}", "{Q: [P], K: [M]}")


@pytest.mark.parametrize("name", CONDITIONS)
def test_points_of_a_billion_queries_and_keys(benchmark: BenchmarkFixture, name: str) -> None:
    sides = count(HUGE, 16)

    def another() -> tuple[tuple[Cascade, str], dict[str, Any]]:
        return (scores(CONDITIONS[name], next(sides)), "S"), {}

    assert benchmark.pedantic(points_of, setup=another, rounds=20, warmup_rounds=1) > HUGE


def test_conditions_without_a_closed_count(benchmark: BenchmarkFixture) -> None:
    """Until they are refused; the target is 10 s."""
    where = "(10007*p - 10009*m) // 3 >= 5 and 9967*m - 9973*p >= 5 or 7919*m > 7907*p"
    sides = count(HUGE, 16)

    def refused() -> None:
        with pytest.raises(WorkloadError, match="no closed count"):
            points_of(scores(where, next(sides)), "S")

    benchmark.pedantic(refused, rounds=3)


@pytest.mark.parametrize("name", ["three_pass_causal", "two_pass_causal", "one_pass_causal"])
def test_counts_of_a_billion_queries_and_keys(benchmark: BenchmarkFixture, name: str) -> None:
    """All operations and bytes of causal attention; the target is 1 s."""
    cascade, sides = load_workload(name), count(HUGE, 256)

    def another() -> tuple[tuple[Cascade], dict[str, Any]]:
        side = next(sides)
        return (cascade.with_ranks(B=1, H=1, P=side, M=side),), {}

    benchmark.pedantic(counts, setup=another, rounds=5, warmup_rounds=1)


def test_a_running_value_of_100_000_steps(benchmark: BenchmarkFixture) -> None:
    """One by one they would take ten seconds; the target is 1 s."""
    cascade = cascade_of("C[0] = 0\nC[m+1] = C[m] + X[m]", "{M: 100000}", "{X: [M]}")
    found = benchmark(interpret, cascade, {"X": np.ones(100_000)})
    assert found["C"][-1] == 100_000


def test_a_layer_that_is_new(benchmark: BenchmarkFixture) -> None:
    """A simulator asks for one in every step; the target is 500 us."""
    model, tokens = load_model("llama3_70b"), count(1)

    def another() -> tuple[tuple[Any, ...], dict[str, Any]]:
        return (model, 3, Decode(next(tokens), 4097)), {}

    benchmark.pedantic(layer_calls, setup=another, rounds=300, warmup_rounds=10)


def test_a_layer_like_one_before(benchmark: BenchmarkFixture) -> None:
    """The target is 20 us."""
    model, phase = load_model("llama3_70b"), Decode(3, 4097)
    layer_calls(model, 3, phase)
    benchmark(layer_calls, model, 4, phase)
