"""How fast the cost model is. Run with `make benchmark`; docs/results.md keeps the figures."""

from typing import Any

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from accelsim.arch.load import load_arch
from accelsim.arch.spatial import with_values
from accelsim.cost import spatial
from accelsim.cost.evaluate import evaluate
from accelsim.mapping.binding import bind
from accelsim.mapping.load import load_mapping
from accelsim.mapping.mapping import Mapping
from accelsim.workload.load import load_workload


@pytest.fixture(scope="module")
def case() -> tuple[Any, Any, Mapping]:
    mapping = load_mapping("fusemax_binding")
    assert isinstance(mapping, Mapping)
    sizes = {"ranks.P": "16384", "ranks.M": "16384"}
    return load_workload("attention/one_pass", sizes, "bert"), load_arch("fusemax_cloud"), mapping


def test_one_evaluation_of_the_one_pass_cascade(benchmark: BenchmarkFixture, case: Any) -> None:
    """12 Einsums, all totals; the target is 1 ms."""
    for _ in range(3):
        evaluate(*case)
    cost = benchmark(lambda: (c := evaluate(*case), c.latency_s, c.energy_pj)[0])
    assert cost.latency_s > 0


def test_one_evaluation_by_the_formulas(benchmark: BenchmarkFixture, case: Any) -> None:
    """The same without a tape: what the first evaluation of a structure costs."""
    cascade, arch, mapping = case

    def by_formulas() -> float:
        bound = bind(mapping, cascade, arch)
        cost = spatial.cost(bound)
        return float(cost.latency_s + cost.energy_pj)

    assert benchmark(by_formulas) > 0


def test_100_000_design_points(benchmark: BenchmarkFixture, case: Any) -> None:
    """Bandwidth x clock x buffer energy; the target is 1 s on one core."""
    cascade, arch, mapping = case
    bandwidth = np.geomspace(1e10, 4e12, 50)[:, None, None]
    clock = np.geomspace(2e8, 2e9, 40)[None, :, None]
    energy = np.geomspace(5, 50, 50)[None, None, :]

    def sweep() -> tuple[Any, Any]:
        swept = with_values(
            arch,
            {
                "memories.DRAM.bandwidth": bandwidth,
                "clock": clock,
                "memories.GlobalBuffer.read": energy,
                "memories.GlobalBuffer.write": energy,
            },
        )
        cost = evaluate(cascade, swept, mapping)
        return np.broadcast_arrays(cost.latency_s, cost.energy_pj, cost.bound)

    latency, *_ = benchmark(sweep)
    assert latency.size == 100_000
