"""Generations: beside a sum over every step, and which parts there are."""

from collections.abc import Iterable

import pytest

from accelsim.arch.gpu import Gpu
from accelsim.arch.load_gpu import load_gpu
from accelsim.cost.gpu.call import works_of
from accelsim.cost.system.buckets import Bucketed
from accelsim.cost.system.effort import effort, idle_w, in_stream
from accelsim.cost.system.generation import Asked, generations
from accelsim.workload.calls import Call
from accelsim.workload.layer import head_calls, layer_calls
from accelsim.workload.model_load import load_model
from accelsim.workload.phase import Decode
from accelsim.workload.trials import (
    BlockTopK,
    Dense,
    Paged,
    Selection,
    TopK,
    Trials,
    attention_calls,
    selecting_calls,
)

MODEL = load_model("qwen3_0_6b")
KERNEL = Paged("trtllm", 16)
BLOCKS = BlockTopK(block=16, blocks=8, local=16)


@pytest.fixture(scope="module")
def asked() -> Asked:
    gpu = in_stream(load_gpu("b200_sxm"))
    assert isinstance(gpu, Gpu)
    return Asked(gpu)


@pytest.mark.parametrize("selection", [Dense(), TopK(144), BLOCKS])
def test_seconds_and_joules_are_those_of_every_step_one_after_the_other(
    asked: Asked, selection: Selection
) -> None:
    trials, length, gpu = Trials(2, 4, 100), 96, asked.gpu
    (found,) = generations(MODEL, asked, selection, trials, KERNEL, [length])
    layer = layer_calls(MODEL, 0, Decode(8, 1))
    seconds = joules = 0.0
    for own in range(1, length + 1):
        ways = attention_calls(selection, MODEL, trials, own, KERNEL)
        parts = [
            effort((*layer.before, *layer.after), gpu),
            effort(ways.get(found.reading, ways["each"]), gpu),
            effort(selecting_calls(selection, MODEL, trials, own), gpu),
        ]
        head = effort(head_calls(MODEL, 8), gpu)
        seconds += 28 * sum(part.seconds for part in parts) + head.seconds
        joules += 28 * sum(part.joules for part in parts) + head.joules
    assert found.seconds == pytest.approx(seconds, rel=0.01)
    assert found.joules == pytest.approx(joules + idle_w(gpu) * seconds, rel=0.01)


@pytest.mark.parametrize("selection", [Dense(), BlockTopK(16, 64, 16)])
@pytest.mark.parametrize("trials", [Trials(1, 1, 256), Trials(1, 8, 8192)])
def test_two_nodes_an_octave_are_within_two_percent_of_sixteen(
    asked: Asked, selection: Selection, trials: Trials
) -> None:
    (few,), (many,) = (
        generations(MODEL, asked, selection, trials, KERNEL, [8192], Bucketed(nodes))
        for nodes in (2, 16)
    )
    assert few.seconds == pytest.approx(many.seconds, rel=0.02)
    assert few.joules == pytest.approx(many.joules, rel=0.02)


def test_a_longer_generation_begins_as_a_shorter_one(asked: Asked) -> None:
    short, long = generations(MODEL, asked, Dense(), Trials(1, 2, 64), KERNEL, [64, 128])
    (alone,) = generations(MODEL, asked, Dense(), Trials(1, 2, 64), KERNEL, [64])
    assert short.seconds == pytest.approx(alone.seconds, rel=0.01)
    assert long.layers.seconds == pytest.approx(2 * short.layers.seconds)


def test_a_prompt_is_read_for_all_where_it_is_long_and_by_each_where_it_is_short(
    asked: Asked,
) -> None:
    long, short = (
        generations(MODEL, asked, Dense(), Trials(1, 32, prompt), KERNEL, [256])[0]
        for prompt in (16384, 16)
    )
    assert (long.reading, short.reading) == ("shared", "each")


def test_selecting_takes_nothing_until_the_budget_is_passed(asked: Asked) -> None:
    within, beyond = generations(MODEL, asked, BLOCKS, Trials(1, 1, 44), KERNEL, [100, 101])
    assert within.selecting.seconds == 0 < beyond.selecting.seconds


def test_kernels_are_those_of_all_layers_and_of_the_head(asked: Asked) -> None:
    (found,) = generations(MODEL, asked, Dense(), Trials(1, 1, 64), KERNEL, [8])
    layer = layer_calls(MODEL, 0, Decode(1, 1))
    attention = attention_calls(Dense(), MODEL, Trials(1, 1, 64), 8, KERNEL)["each"]

    def kernels(some: Iterable[Call]) -> int:
        return sum(len(works_of(call, asked.gpu)) for call in some)

    assert found.kernels == 28 * kernels([*layer.before, *attention, *layer.after]) + kernels(
        head_calls(MODEL, 1)
    )


def test_no_lengths_are_no_generations(asked: Asked) -> None:
    assert generations(MODEL, asked, Dense(), Trials(1, 1, 64), KERNEL, []) == ()
