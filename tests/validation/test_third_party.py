"""Others' latencies beside ours, on rows made for the purpose."""

import pytest

from accelsim.arch.load_gpu import load_gpu
from accelsim.validation.aiconfigurator import Row
from accelsim.validation.third_party import errors_of, verdicts_of
from accelsim.workload.calls import Sdpa

GPU = load_gpu("h100_sxm")


def row(ms, phase="prefill", p=1024, backend="flash3"):
    m = p if phase == "prefill" else 8192
    call = Sdpa(backend=backend, b=4, h=32, g=8, p=p, m=m, e=128, causal=phase == "prefill")
    return Row("h100_sxm", phase, "sdpa", call, ms, "vllm", "1", "fa3")


def test_an_error_is_relative_to_what_was_measured():
    (first,) = errors_of([row(1.0)], GPU)
    (twice,) = errors_of([row(2 * first.predicted_ms)], GPU)
    assert twice.relative == pytest.approx(-0.5)


def test_rows_are_judged_by_kind():
    rows = [row(1.0), row(1.0, p=64), row(1.0, "decode", p=1)]
    kinds = {verdict.kind: verdict.rows for verdict in verdicts_of(errors_of(rows, GPU))}
    assert kinds == {"prefill of 512 tokens and more": 1, "prefill, all": 2, "decode": 1}


def test_a_row_without_a_kernel_is_not_predicted():
    (error,) = errors_of([row(1.0, backend="efficient")], GPU)
    assert error.predicted_ms is None and verdicts_of([error]) == []


def test_writing_the_cache_takes_time():
    from accelsim.cost.gpu.call import call_cost

    (error,) = errors_of([row(1.0)], GPU)
    assert error.predicted_ms > call_cost(error.row.call, GPU).sustained_s * 1e3


def test_a_replayed_graph_starts_in_two_microseconds():
    """Kernels follow after 0.45 us: the cache's update, attention, adding up its parts."""
    from accelsim.cost.gpu.cache_update import CacheUpdateWork
    from accelsim.cost.gpu.call import works_of

    call = Sdpa(backend="flash3", b=1, h=8, g=8, p=1, m=2, e=128, causal=False, page=64)
    (error,) = errors_of([Row("h100_sxm", "decode", "sdpa", call, 0.0118, "vllm", "1", "fa3")], GPU)
    works = (CacheUpdateWork(call, GPU), *works_of(call, GPU))
    kernels = sum(work.times(float(GPU.clock_hz), cold=False).seconds for work in works)
    assert error.predicted_ms * 1e-3 == pytest.approx(2e-6 + 2 * 0.45e-6 + kernels)
