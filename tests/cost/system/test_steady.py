"""The steady state by formula: by hand, and beside the simulation."""

import random
from collections import deque
from math import inf

import pytest

from accelsim.arch.load_system import load_system, machines_of
from accelsim.cost.system.costs import costs_of
from accelsim.cost.system.iteration import Iteration
from accelsim.cost.system.plan import plan_of
from accelsim.cost.system.steady import Lengths, _Flow, lengths_of, steady
from accelsim.sim.arrivals import Request, at_once, poisson, read_trace
from accelsim.sim.system.serve import serve
from accelsim.workload.model_load import load_model

ELSEWHERE = {"serving.prefill": "elsewhere"}


def plan(system, model, overrides=None):
    found = load_system(system, overrides or {})
    return plan_of(found, load_model(model), machines_of(found))


def lengths_of_trace(name, requests):
    of = read_trace(name, requests=requests)
    return lengths_of((each.prompt_tokens, each.output_tokens) for each in of)


def middle(curve, end_s):
    """The mean of a curve between 30 and 70 % of a run."""
    points = [each for each in curve if each.start_s > 0.3 * end_s and each.end_s < 0.7 * end_s]
    seconds = sum(each.end_s - each.start_s for each in points)
    return sum(each.value * (each.end_s - each.start_s) for each in points) / seconds


def test_lengths_are_means_as_a_batch_sees_them():
    # Requests of 10 + 2 and 20 + 6 tokens: held (2 * 11 + 6 * 23) / 8, whole (2 * 12 + 6 * 26) / 8,
    # seen (100 + 400) / 30; spreads 250 / 225 - 1 and 20 / 16 - 1.
    expected = (15, 4, 20, 22.5, 500 / 30, 1 / 9, 1 / 4)
    assert lengths_of([(10, 2), (20, 6)]) == pytest.approx(expected)


def test_memory_bounds_a_batch_as_it_is_worked_out_on_paper():
    costs = costs_of(plan("vllm_2h100", "llama3-8b", ELSEWHERE))
    lengths = Lengths(prompt=1000, output=200, held=1100, whole=1200, seen=1000)
    found = steady(costs, lengths)
    assert found.bound == "memory"
    assert found.sequences == pytest.approx((costs.plan.kv_tokens - 500) / 1108)
    assert found.tokens_per_s == pytest.approx(found.sequences / found.seconds)


def test_arrivals_keep_as_many_decoding_as_littles_law_says():
    costs = costs_of(plan("vllm_2h100", "llama3-8b", ELSEWHERE))
    lengths = Lengths(prompt=1000, output=200, held=1100, whole=1200, seen=1000)
    rate = 0.5 * steady(costs, lengths, inf).requests_per_s
    found = steady(costs, lengths, rate)
    assert found.bound == "arrivals"
    assert found.requests_per_s == pytest.approx(rate, rel=1e-2)
    assert found.sequences == pytest.approx(rate * 200 * found.seconds, rel=1e-2)


@pytest.mark.parametrize(
    ("system", "trace", "overrides"),
    [
        ("vllm_4h100", "azure_conv", ELSEWHERE),
        ("vllm_4h100", "azure_conv", {}),
        ("vllm_4h100", "kimi_conv", {}),
        ("lamina_2h100_4h20", "azure_conv", ELSEWHERE),
        ("lamina_2h100_4h20", "kimi_conv", {}),
        ("eight_h100_pipeline", "azure_code", {}),
        ("vllm_4h100", "azure_conv", {"serving.admit": "whole"}),
    ],
)
def test_throughput_is_that_of_the_simulation_within_5_percent(system, trace, overrides):
    requests = 2500 if trace == "kimi_conv" else 5000
    of = plan(system, "llama3-70b", overrides)
    served = serve(of, at_once(read_trace(trace, requests=requests)))
    simulated = middle(served.ledger.made.curve(), served.ledger.end_s)
    found = steady(costs_of(of), lengths_of_trace(trace, requests))
    assert found.tokens_per_s == pytest.approx(simulated, rel=0.05)


@pytest.mark.parametrize(
    ("system", "trace", "overrides", "within"),
    [
        ("vllm_4h100", "azure_conv", ELSEWHERE, 0.02),
        ("vllm_4h100", "azure_conv", {}, 0.03),
        ("eight_h100", "azure_conv", {}, 0.05),
        ("vllm_4h100", "kimi_conv", {}, 0.10),
        ("vllm_4h100", "azure_code", {}, 0.10),
    ],
)
def test_below_saturation_the_time_between_tokens_is_that_of_the_simulation(
    system, trace, overrides, within
):
    """Of three runs: prompts that queue make one unlike another, by 5 % with the long ones of Kimi.
    There the formula is 4 to 6 % low, and 4 to 8 % where outputs are short (28 tokens of code)."""
    requests = 2000 if trace == "kimi_conv" else 1000
    of, lengths = plan(system, "llama3-70b", overrides), lengths_of_trace(trace, requests)
    rate = 0.6 * steady(costs_of(of), lengths).requests_per_s
    runs = [
        serve(of, poisson(read_trace(trace, requests=requests), rate, seed)).ledger.tbt.mean
        for seed in (20, 21, 22)
    ]
    found = steady(costs_of(of), lengths, rate)
    assert found.seconds == pytest.approx(sum(runs) / 3, rel=within)


def test_who_decodes_while_prompts_queue_waits_longer_than_the_mean_iteration():
    """The closed form against a walk of one queue: iterations of 1 s, with a prompt of 10 s."""
    with_s, without_s, each, output, rate = 10.0, 1.0, 3.0, 40, 0.012
    busy = rate * each * with_s
    share = rate * each / (rate * each + (1 - busy) / without_s)
    iteration = Iteration(with_s, {}, {}, {}, {}, {}, "way")
    flow = _Flow(share, iteration, without_s, each)
    lengths = Lengths(prompt=1, output=output, held=1, whole=1, seen=1)
    walked = walk_of_a_queue(rate, int(each), output, with_s, without_s)
    assert flow.seconds < 0.9 * walked
    assert flow.between(lengths, 1) == pytest.approx(walked, rel=0.03)


def walk_of_a_queue(rate, each, output, with_s, without_s, requests=60_000):
    """Seconds between tokens: iterations one by one, a waiting prompt's or one without."""
    rng = random.Random(0)
    coming, now, waiting, left = rng.expovariate(rate), 0.0, 0, 0
    decoding, ended = deque(), 0.0
    number = done = 0
    while done < requests:
        while coming <= now:
            waiting += 1
            coming += rng.expovariate(rate)
        if not left and waiting:
            waiting, left = waiting - 1, each
        now += with_s if left else without_s
        number += 1
        while decoding and decoding[0][0] <= number:
            ended += now - decoding.popleft()[1]
            done += 1
        if left:
            left -= 1
            if not left:
                decoding.append((number + output, now))
    return ended / requests / output


def test_devices_for_prompts_bound_the_rate_where_prompts_are_long():
    """Two devices work on a prompt each; the two that decode would take more of them."""
    of = plan("h100_prefill_apart", "llama3-8b")
    requests = [Request(n, 0.0, 600 + n * 7919 % 1500, 60 + n % 80) for n in range(1500)]
    found = steady(costs_of(of), lengths_of([(r.prompt_tokens, r.output_tokens) for r in requests]))
    served = serve(of, iter(requests))
    assert found.bound == "prompts"
    assert found.tokens_per_s == pytest.approx(served.summary.tokens_per_s, rel=0.05)


def test_a_window_holds_no_more_than_itself():
    # A prompt of 10 and 6 tokens, 12 kept: 10, 11, then 12 for the other four; in the mean of time.
    found = lengths_of([(10, 6)], window=12)
    assert found.held == pytest.approx((2 * 11 + 4 * 12) / 6)
    assert (found.whole, found.seen) == (12, 10)
    assert lengths_of([(20, 6)], window=12)[2:5] == (12, 12, 12)


def test_a_model_with_a_window_serves_as_many_as_its_windows_have_room_for():
    of = plan("vllm_2h100", "mistral_7b", ELSEWHERE)
    requests = [Request(number, 0.0, 20_000, 400) for number in range(1500)]
    served = serve(of, requests)
    lengths = lengths_of([(20_000, 400)], window=of.model.window)
    found = steady(costs_of(of), lengths)
    assert found.sequences == pytest.approx(of.kv_tokens / (4096 + 8), rel=0.02)
    simulated = middle(served.ledger.made.curve(), served.ledger.end_s)
    assert found.tokens_per_s == pytest.approx(simulated, rel=0.05)
