"""Efforts that are remembered are those of kernels made anew, to the last bit."""

import pytest

from accelsim.arch.load_gpu import load_gpu
from accelsim.cost.gpu.call import works_of
from accelsim.cost.gpu.composed import actions_of
from accelsim.cost.gpu.levers import LEVERS
from accelsim.cost.gpu.power import energy_j, sustained_clock_hz
from accelsim.cost.system.effort import Effort, OnGpu, idle_w, in_stream, on_gpu, runner
from accelsim.mapping import attention_binding
from accelsim.workload.calls import Gemm, RmsNorm, Sdpa


def attention(**changed):
    sizes = {"backend": "flash", "b": 1, "h": 32, "g": 8, "p": 512, "m": 4096, "e": 128}
    return Sdpa(**{**sizes, **changed})


GROUPS = [
    *((attention(m=512 * part, causal=False),) for part in (1, 2, 3, 17, 64)),
    *((attention(p=1, b=b, m=m),) for b, m in ((1, 700), (8, 4096), (64, 9000))),
    (attention(p=2048, m=2048, causal=True),),
    (attention(window=1000, causal=True, p=4096),),
    (attention(backend="flash3", m=8192),),
    (attention(dtype="fp16", e=64),),
    (RmsNorm(rows=512, cols=4096), Gemm(m=512, n=6144, k=4096), attention()),
    (),
]


def anew(calls, gpu):
    """With no kernel, step or effort known from before."""
    attention_binding._known.clear()
    works = [work for call in calls for work in works_of(call, gpu)]
    actions = actions_of(works, cold=True)

    def seconds_at(clock_hz):
        kernels = sum(work.times(clock_hz, True).seconds for work in works)
        return len(works) * gpu.launch.back_to_back_s + kernels

    clock_hz = sustained_clock_hz(gpu, actions, seconds_at)
    seconds = seconds_at(clock_hz)
    return Effort(seconds, energy_j(gpu, actions, seconds, clock_hz) - idle_w(gpu) * seconds)


@pytest.mark.parametrize("lever", [None, *LEVERS])
def test_what_is_remembered_is_what_kernels_made_anew_take(lever):
    machine = load_gpu("h100_sxm")
    gpu = in_stream(machine if lever is None else LEVERS[lever](machine, 2))
    run, expected = OnGpu(gpu), {}
    for calls in GROUPS:
        expected[calls] = anew(calls, gpu) if calls else Effort(0.0, 0.0)
    for _ in range(2):
        assert {calls: run(calls) for calls in GROUPS} == expected
    assert len(set(expected.values())) == len(GROUPS)


def test_an_equal_gpu_is_the_same_one_and_another_is_not():
    one, again = (in_stream(load_gpu("h100_sxm", {"sms": "120"})) for _ in range(2))
    assert one is not again
    assert runner(one) is runner(again)
    other = in_stream(load_gpu("h100_sxm", {"sms": "121"}))
    assert runner(other) is not runner(one)
    assert on_gpu(other).gpu == other
