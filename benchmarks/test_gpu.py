"""GPU predictions: a case file, a call of each kind, the block scheduler, kernels by rules."""

import json
from pathlib import Path

import numpy as np
import pytest

from accelsim.arch.load_gpu import load_gpu
from accelsim.base.errors import Place
from accelsim.cost.gpu.call import call_cost
from accelsim.cost.gpu.mapping import gpu_mapping
from accelsim.cost.kernels import scheduled_cycles
from accelsim.workload.calls import case_of, read_cases
from accelsim.workload.load import load_workload

ROOT = Path(__file__).parents[1]
GPU = load_gpu("h100_sxm")
CASES = read_cases(ROOT / "studies/gpu_validation/cases.csv")


def scaled(case, factor):
    """The same call with one of its sizes a little larger: none of them is met twice."""
    params = json.loads(case.params)
    size = next(name for name in ("m", "rows", "bytes") if name in params)
    params[size] += factor
    return case_of(case.kernel, json.dumps(params), Place("benchmark")).call


def test_ten_thousand_cases(benchmark):
    """At most 10 s."""
    fixed = ('"lengths"', '"window"')
    known = [case for case in CASES if not any(name in case.params for name in fixed)]
    calls = [scaled(known[i % len(known)], i // len(known)) for i in range(10_000)]
    benchmark.pedantic(lambda: [call_cost(call, GPU) for call in calls], rounds=1)


@pytest.mark.parametrize("kernel", ["copy", "gemm", "bmm", "softmax", "rms_norm", "sdpa"])
def test_one_call(benchmark, kernel):
    call = next(case.call for case in CASES if case.kernel == kernel)
    benchmark(call_cost, call, GPU)


def test_scheduling_a_hundred_thousand_blocks(benchmark):
    """Well under a second."""
    busy = np.random.default_rng(0).uniform(1, 100, 100_000)
    benchmark(scheduled_cycles, busy, 1.5 * busy, 5.0, 2, 132)


@pytest.mark.parametrize(
    "name",
    [
        "attention/one_pass_causal",
        "linear/abc:causal",
        "dynamic/flex_prefill:both",
        "heads/mla:layer",
    ],
)
def test_cutting_a_cascade_into_kernels(benchmark, name):
    """At most 2 s. What was found of a cascade stays with it, so that every round has a new one."""

    def loaded():
        return (load_workload(name), GPU), {}

    benchmark.pedantic(gpu_mapping, setup=loaded, rounds=3, warmup_rounds=1)
